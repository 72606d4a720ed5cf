/*
 * What a confined process may not do. Each attempt is made twice, by a child
 * each: free, where it has to end otherwise, so that a row cannot hold for
 * another reason; and confined.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "unit/cmocka_all.h"

#include "unit/confine/suite.h"

/* ------------------------------------------------------ what is refused */

static int
reads_elsewhere(void)
{
	return open_it(stage.secret, "file", O_RDONLY);
}

static int
lists_elsewhere(void)
{
	return open_it(stage.secret, "", O_RDONLY | O_DIRECTORY);
}

static int
writes_where_it_reads(void)
{
	return open_it(stage.open, "file", O_WRONLY);
}

static int
makes_where_it_reads(void)
{
	return open_it(stage.open, "new", O_WRONLY | O_CREAT);
}

static int
makes_a_folder(void)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/folder", stage.store);
	return said(mkdir(path, 0700));
}

static int
executes(void)
{
	char *const argv[] = { "true", NULL };

	return said(execv("/bin/true", argv));
}

static int
connects_elsewhere(void)
{
	return reach(stage.port[1]);
}

static int
binds(void)
{
	const struct sockaddr_in any = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	return said(bind(fd, (const struct sockaddr *)&any, sizeof(any)));
}

/* A socket that was not bound would be, to any port. */
static int
listens(void)
{
	return said(listen(socket(AF_INET, SOCK_STREAM, 0), 1));
}

static int
opens_raw(void)
{
	return said(socket(AF_PACKET, SOCK_DGRAM, 0));
}

static int
reaches_abstract(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	return said(
	    connect(fd, (const struct sockaddr *)&stage.name, stage.name_len));
}

static int
signals_another(void)
{
	return said(kill(getppid(), 0));
}

static int
traces(void)
{
	return said(ptrace(PTRACE_TRACEME, 0, NULL, NULL));
}

static int
reads_memory_of_another(void)
{
	char here[8];
	const struct iovec to = { here, sizeof(here) };
	const struct iovec from = { &stage, sizeof(here) };

	return said(process_vm_readv(getppid(), &to, 1, &from, 1, 0));
}

static int
opens_memory_of_another(void)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d", getppid());
	return open_it(path, "mem", O_RDONLY);
}

static int
leaves_its_namespaces(void)
{
	return said(unshare(CLONE_NEWUSER));
}

static int
starts_in_a_namespace(void)
{
	long pid = syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, NULL, NULL, NULL,
	    NULL);

	if (pid == 0)
		_exit(0);
	return said(pid);
}

static int
forks(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	return said(pid);
}

static int
mounts(void)
{
	return said(syscall(SYS_mount, "none", "/nowhere", "tmpfs", 0, NULL));
}

static int
maps_code_that_can_be_written(void)
{
	void *at = mmap(NULL, 4096, PROT_WRITE | PROT_EXEC,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return at != MAP_FAILED ? 0 : errno;
}

static int
makes_code_of_memory(void)
{
	void *at = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return said(mprotect(at, 4096, PROT_READ | PROT_EXEC));
}

static int
becomes_root(void)
{
	return said(setresuid(geteuid(), geteuid(), geteuid()));
}

static int
types_on_the_terminal(void)
{
	int fd = posix_openpt(O_RDWR | O_NOCTTY);

	/* Where there is none the call says so, free and confined. */
	return said(ioctl(fd, TIOCSTI, "x"));
}

static int
raises_a_limit(void)
{
	const struct {
		uint64_t now, most;
	} limit = { 64, 64 };

	return said(syscall(SYS_prlimit64, 0, 7, &limit, NULL));
}

static int
asks_for_io_uring(void)
{
	char params[256] = { 0 };

	return said(syscall(SYS_io_uring_setup, 1, params));
}

#define ROW(text, call, outcome)                                               \
	{                                                                      \
		.name = (text), .run = (call), .expected = (outcome),          \
	}

static const struct row {
	const char *name;
	attempt *run;
	int expected;
	bool allowed_loose; /* to AddressSanitizer: see confine_is_loose() */
} refused[] = {
	ROW("reads elsewhere", reads_elsewhere, EACCES),
	ROW("lists elsewhere", lists_elsewhere, EACCES),
	ROW("writes where it reads", writes_where_it_reads, EACCES),
	ROW("makes where it reads", makes_where_it_reads, EACCES),
	ROW("makes a folder", makes_a_folder, ENOSYS),
	ROW("executes", executes, DIED(SIGSYS)),
	ROW("connects elsewhere", connects_elsewhere, EACCES),
	ROW("binds", binds, EACCES),
	ROW("listens", listens, ENOSYS),
	ROW("opens a raw socket", opens_raw, ENOSYS),
	ROW("reaches an abstract socket", reaches_abstract, EPERM),
	ROW("signals another", signals_another, ENOSYS),
	{ "traces", traces, DIED(SIGSYS), .allowed_loose = true },
	ROW("reads memory", reads_memory_of_another, DIED(SIGSYS)),
	ROW("opens memory", opens_memory_of_another, EACCES),
	ROW("leaves its namespaces", leaves_its_namespaces, DIED(SIGSYS)),
	ROW("starts in a namespace", starts_in_a_namespace, ENOSYS),
	{ "forks", forks, ENOSYS, .allowed_loose = true },
	ROW("mounts", mounts, DIED(SIGSYS)),
	ROW("writable code", maps_code_that_can_be_written, ENOSYS),
	ROW("code of memory", makes_code_of_memory, ENOSYS),
	ROW("becomes a user", becomes_root, ENOSYS),
	ROW("types on the terminal", types_on_the_terminal, ENOSYS),
	ROW("changes a limit", raises_a_limit, ENOSYS),
	ROW("asks for io_uring", asks_for_io_uring, ENOSYS),
};

/* ----------------------------------------------------- what goes on well */

static int
reads(void)
{
	return open_it(stage.open, "file", O_RDONLY);
}

static int
lists(void)
{
	return open_it(stage.open, "", O_RDONLY | O_DIRECTORY);
}

static int
stores(void)
{
	char from[128], to[128];
	int rc = open_it(stage.store, "a", O_RDWR | O_CREAT | O_TRUNC);

	snprintf(from, sizeof(from), "%s/a", stage.store);
	snprintf(to, sizeof(to), "%s/b", stage.store);
	if (rc == 0)
		rc = said(rename(from, to));
	if (rc == 0)
		rc = said(unlink(to));
	return rc;
}

static int
connects(void)
{
	return reach(stage.port[0]);
}

static void *
on_thread(void *arg)
{
	*(int *)arg = reads_elsewhere();
	return NULL;
}

/* A thread starts, and is as confined as who started it. */
static int
starts_a_thread(void)
{
	pthread_t thread;
	int met = 0;
	int rc = pthread_create(&thread, NULL, on_thread, &met);

	if (rc == 0)
		rc = pthread_join(thread, NULL);
	return rc != 0 ? rc : met == EACCES ? 0 : ECANCELED;
}

static int
looks_up_a_name(void)
{
	struct addrinfo *found = NULL;
	int rc = getaddrinfo("localhost", "443", NULL, &found);

	if (rc == 0)
		freeaddrinfo(found);
	return rc == 0 ? 0 : ECANCELED;
}

static int
loads_a_library(void)
{
	void *library = dlopen("libcrypto.so.3", RTLD_NOW | RTLD_LOCAL);

	if (library != NULL)
		dlclose(library);
	return library != NULL ? 0 : ECANCELED;
}

static const struct row fine[] = {
	ROW("reads", reads, 0),
	ROW("lists", lists, 0),
	ROW("stores", stores, 0),
	ROW("connects", connects, 0),
	ROW("starts a thread", starts_a_thread, 0),
	ROW("looks up a name", looks_up_a_name, 0),
	ROW("loads a library", loads_a_library, 0),
};

static void
test_what_is_refused(void **unused)
{
	(void)unused;
	if (!kernel_has_all())
		skip();
	for (size_t i = 0; i < COUNT_OF(refused); i++) {
		const struct row *row = &refused[i];
		int met;

		if (outcome_of(row->run, false) == row->expected)
			fail_msg("%s: refused to the free, too", row->name);
		met = outcome_of(row->run, true);
		if (row->allowed_loose && confine_is_loose())
			continue;
		if (met != row->expected)
			fail_msg("%s: %d, not %d", row->name, met,
			    row->expected);
	}
}

static void
test_what_goes_on(void **unused)
{
	(void)unused;
	if (!kernel_has_all())
		skip();
	for (size_t i = 0; i < COUNT_OF(fine); i++) {
		int met = outcome_of(fine[i].run, true);

		if (met != 0)
			fail_msg("%s: %d", fine[i].name, met);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_refused),
		cmocka_unit_test(test_what_goes_on),
	};

	return cmocka_run_group_tests(tests, stage_set, stage_clear);
}
