/* tests/unit/confine/suite_stage.c - the stage, and the children on it. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unit/cmocka_all.h"

#include "unit/confine/suite.h"

struct stage stage;

int
said(long rc)
{
	return rc != -1 ? 0 : errno;
}

int
open_it(const char *folder, const char *name, int flags)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	fd = open(path, flags | O_CLOEXEC, 0600);
	if (fd == -1)
		return errno;
	close(fd);
	return 0;
}

int
reach(uint16_t port)
{
	const struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	int rc = said(connect(fd, (const struct sockaddr *)&to, sizeof(to)));

	close(fd);
	return rc;
}

static const struct confine_path paths[] = {
	{ stage.open, false },
	{ stage.store, true },
	{ "/proc", false },
	{ "/etc", false },
	{ "/lib", false },
	{ "/usr/lib", false },
	{ "/dev/null", true },
	{ "/dev/ptmx", true },
	{ "/nowhere/at/all", false },
};

struct confine_rules
stage_rules(void)
{
	return (struct confine_rules){ .paths = paths,
		.path_count = COUNT_OF(paths),
		.ports = stage.port,
		.port_count = 1 };
}

void
confine_child(const struct confine_rules *r)
{
	struct confine_state state;
	struct fault why = { 0 };

	if (confine_apply(r, &state, &why) == -1 || state.missing[0] != '\0') {
		fprintf(stderr, "%s%s\n", why.text, state.missing);
		_exit(CHILD_FAILED);
	}
}

int
outcome_of(attempt *run, bool confined)
{
	const struct confine_rules r = stage_rules();
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		if (confined)
			confine_child(&r);
		_exit(run());
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFSIGNALED(status))
		return DIED(WTERMSIG(status));
	assert_int_not_equal(WEXITSTATUS(status), CHILD_FAILED);
	return WEXITSTATUS(status);
}

bool
kernel_has_all(void)
{
	struct confine_state state;

	confine_probe(&state);
	if (state.missing[0] != '\0')
		print_message("this kernel lacks %s\n", state.missing);
	return state.missing[0] == '\0';
}

static void
put_file(const char *folder)
{
	char path[128];
	int fd;

	assert_int_equal(mkdir(folder, 0700), 0);
	snprintf(path, sizeof(path), "%s/file", folder);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_int_not_equal(fd, -1);
	close(fd);
}

static void
listen_at(int i)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(fd, 64), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
	stage.listening[i] = fd;
	stage.port[i] = ntohs(at.sin_port);
}

static void
listen_abstract(void)
{
	stage.name.sun_family = AF_UNIX;
	snprintf(stage.name.sun_path + 1, sizeof(stage.name.sun_path) - 1,
	    "leadbridge-test-%d", getpid());
	stage.name_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) +
	    1 + strlen(stage.name.sun_path + 1));
	stage.abstract = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(stage.abstract,
	                     (const struct sockaddr *)&stage.name,
	                     stage.name_len),
	    0);
	assert_int_equal(listen(stage.abstract, 8), 0);
}

int
stage_set(void **unused)
{
	(void)unused;
	snprintf(stage.top, sizeof(stage.top), "/tmp/confine-XXXXXX");
	assert_non_null(mkdtemp(stage.top));
	snprintf(stage.open, sizeof(stage.open), "%s/open", stage.top);
	snprintf(stage.store, sizeof(stage.store), "%s/store", stage.top);
	snprintf(stage.secret, sizeof(stage.secret), "%s/secret", stage.top);
	put_file(stage.open);
	put_file(stage.store);
	put_file(stage.secret);
	listen_at(0);
	listen_at(1);
	listen_abstract();
	return 0;
}

int
stage_clear(void **unused)
{
	char command[96];

	(void)unused;
	close(stage.listening[0]);
	close(stage.listening[1]);
	close(stage.abstract);
	snprintf(command, sizeof(command), "rm -r '%s'", stage.top);
	return system(command);
}
