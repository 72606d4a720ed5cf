/* What the rules say, and who the process becomes. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pthread.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "unit/cmocka_all.h"

#include "unit/confine/suite.h"

/* -------------------------------------------------------------- the rules */

static int
any_port(void)
{
	struct confine_rules r = stage_rules();

	r.any_port = true;
	confine_child(&r);
	return reach(stage.port[1]);
}

static int
abstract_allowed(void)
{
	struct confine_rules r = stage_rules();

	r.abstract_sockets = true;
	confine_child(&r);
	return said(connect(socket(AF_UNIX, SOCK_STREAM, 0),
	    (const struct sockaddr *)&stage.name, stage.name_len));
}

static int
makes_privately(void)
{
	struct confine_rules r = stage_rules();
	char path[128];
	struct stat st;

	umask(0);
	confine_child(&r);
	snprintf(path, sizeof(path), "%s/private", stage.store);
	close(open(path, O_WRONLY | O_CREAT, 0666));
	return stat(path, &st) == 0 && (st.st_mode & 0777) == 0600 ? 0 : 1;
}

static int
has_no_new_privileges(void)
{
	struct confine_rules r = stage_rules();
	char line[128];
	int found = 0;
	FILE *f;

	confine_child(&r);
	f = fopen("/proc/self/status", "r");
	while (f != NULL && fgets(line, sizeof(line), f) != NULL)
		found += strcmp(line, "NoNewPrivs:\t1\n") == 0 ||
		    strcmp(line, "Seccomp:\t2\n") == 0;
	return found == 2 ? 0 : 1;
}

/*
 * Whoever runs already stays outside: that is said. Two, as ThreadSanitizer
 * may have one of its own, which is let pass.
 */
static void *
wait_for_ever(void *unused)
{
	pause();
	return unused;
}

static int
tells_of_threads(void)
{
	const struct confine_rules r = stage_rules();
	struct confine_state state;
	struct fault why = { 0 };
	pthread_t one, two;

	if (pthread_create(&one, NULL, wait_for_ever, NULL) != 0 ||
	    pthread_create(&two, NULL, wait_for_ever, NULL) != 0 ||
	    confine_apply(&r, &state, &why) == -1)
		return CHILD_FAILED;
	return strstr(state.missing, "that ran before") != NULL ? 0 : 1;
}

static void
test_the_rules(void **unused)
{
	(void)unused;
	if (!kernel_has_all())
		skip();
	assert_int_equal(outcome_of(any_port, false), 0);
	assert_int_equal(outcome_of(abstract_allowed, false), 0);
	assert_int_equal(outcome_of(makes_privately, false), 0);
	assert_int_equal(outcome_of(has_no_new_privileges, false), 0);
	assert_int_equal(outcome_of(tells_of_threads, false), 0);
}

/* --------------------------------------------------------------- the user */

static int
is_nobody(void)
{
	const struct passwd *nobody = getpwnam("nobody");
	struct confine_rules r = stage_rules();
	uid_t uid[3];
	gid_t gid[3];
	gid_t groups[8];
	int count;

	r.user = "nobody";
	r.group = "daemon";
	/* Seccomp comes behind it: the calls of this check are reads. */
	confine_child(&r);
	count = getgroups(COUNT_OF(groups), groups);
	if (getresuid(&uid[0], &uid[1], &uid[2]) == -1 ||
	    getresgid(&gid[0], &gid[1], &gid[2]) == -1)
		return 1;
	for (size_t i = 0; i < 3; i++)
		if (uid[i] != nobody->pw_uid || gid[i] == 0)
			return 2;
	for (int i = 0; i < count; i++)
		if (groups[i] != gid[0])
			return 3;
	return count == 1 ? 0 : 4;
}

static void
test_root_becomes_the_user(void **unused)
{
	(void)unused;
	if (geteuid() != 0 || !kernel_has_all())
		skip();
	assert_int_equal(outcome_of(is_nobody, false), 0);
}

/* In place of the library's: as a kernel with fs.suid_dumpable = 1 has it. */
int
seteuid(uid_t user)
{
	const int rc = (int)syscall(SYS_setresuid, -1, user, -1);

	(void)prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
	return rc;
}

static int
stays_shut(void)
{
	struct confine_guise g;
	struct fault why = { 0 };

	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == -1 ||
	    confine_dress(&g, "nobody", "daemon", &why) == -1)
		return CHILD_FAILED;
	if (prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 0)
		return 1;
	confine_undress(&g);
	if (prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 0)
		return 2;
	return 0;
}

static void
test_what_was_shut_stays_shut(void **unused)
{
	(void)unused;
	if (geteuid() != 0)
		skip();
	assert_int_equal(outcome_of(stays_shut, false), 0);
}

static int
is_refused_another(void)
{
	struct confine_rules r = stage_rules();
	struct confine_state state;
	struct fault why = { 0 };

	if (geteuid() == 0 && setresuid(65534, 65534, 65534) == -1)
		return CHILD_FAILED;
	r.user = "daemon";
	return confine_apply(&r, &state, &why) == -1 &&
	        strstr(why.text, "only root can become 'daemon'") != NULL
	    ? 0
	    : 1;
}

static int
dress_fails(const char *user, const char *group, struct fault *why)
{
	struct confine_guise g;

	return confine_dress(&g, user, group, why);
}

static void
test_users_that_cannot_be_had(void **unused)
{
	struct fault unknown = { 0 }, group = { 0 }, alone = { 0 };

	(void)unused;
	assert_int_equal(dress_fails("no-such-user", NULL, &unknown), -1);
	assert_non_null(strstr(unknown.text, "useradd --system"));
	assert_int_equal(dress_fails("nobody", "no-such", &group), -1);
	assert_non_null(strstr(group.text, "no group 'no-such'"));
	assert_int_equal(dress_fails(NULL, "daemon", &alone), -1);
	assert_non_null(strstr(alone.text, "name both"));
	assert_int_equal(outcome_of(is_refused_another, false), 0);
}

/* As the user for a while; then root again, with the groups of before. */
static void
test_a_guise_is_taken_off(void **unused)
{
	gid_t before[64], after[64];
	int count = getgroups(COUNT_OF(before), before);
	struct confine_guise g;
	struct fault why = { 0 };

	(void)unused;
	assert_int_equal(confine_dress(&g, NULL, NULL, &why), 0);
	assert_false(g.worn);
	confine_undress(&g);
	if (geteuid() != 0)
		skip();
	assert_int_equal(confine_dress(&g, "nobody", "daemon", &why), 0);
	assert_int_equal(geteuid(), getpwnam("nobody")->pw_uid);
	assert_int_equal(getegid(), getgrnam("daemon")->gr_gid);
	assert_int_equal(open_it(stage.secret, "file", O_RDONLY), EACCES);
	confine_undress(&g);
	assert_int_equal(geteuid(), 0);
	assert_int_equal(getegid(), getgid());
	assert_int_equal(getgroups(COUNT_OF(after), after), count);
	assert_memory_equal(before, after, (size_t)count * sizeof(gid_t));
	assert_int_equal(open_it(stage.secret, "file", O_RDONLY), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_rules),
		cmocka_unit_test(test_root_becomes_the_user),
		cmocka_unit_test(test_what_was_shut_stays_shut),
		cmocka_unit_test(test_users_that_cannot_be_had),
		cmocka_unit_test(test_a_guise_is_taken_off),
	};

	return cmocka_run_group_tests(tests, stage_set, stage_clear);
}
