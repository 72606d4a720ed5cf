/* tests/unit/base/test_thread.c - signals are the main thread's business. */
#include <signal.h>

#include "unit/cmocka_all.h"

#include "base/base.h"

static void *
read_mask(void *arg)
{
	pthread_sigmask(SIG_SETMASK, NULL, arg);
	return NULL;
}

static void
a_thread_gets_no_signal_and_ours_still_come(void **state)
{
	static const int some[] = { SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGCHLD };
	struct fault why = { 0 };
	sigset_t its, ours;
	pthread_t thread;

	(void)state;
	sigemptyset(&its);
	assert_int_equal(thread_begin(&thread, read_mask, &its, "a test", &why),
	    0);
	pthread_join(thread, NULL);
	pthread_sigmask(SIG_SETMASK, NULL, &ours);
	for (size_t i = 0; i < COUNT_OF(some); i++) {
		assert_int_equal(sigismember(&its, some[i]), 1);
		assert_int_equal(sigismember(&ours, some[i]), 0);
	}
}

static void *
read_name(void *arg)
{
	pthread_getname_np(pthread_self(), arg, THREAD_NAME_SIZE);
	return NULL;
}

static void
a_thread_has_its_name_from_its_first_line_on(void **state)
{
	static const char *const rows[][2] = { { "journal", "journal" },
		{ "fifteen letters", "fifteen letters" },
		{ "sixteen letters!", "sixteen letters" } };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char name[THREAD_NAME_SIZE] = "";
		struct fault why = { 0 };
		pthread_t thread;

		assert_int_equal(thread_begin(&thread, read_name, name,
		                     rows[i][0], &why),
		    0);
		pthread_join(thread, NULL);
		assert_string_equal(name, rows[i][1]);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_thread_gets_no_signal_and_ours_still_come),
		cmocka_unit_test(a_thread_has_its_name_from_its_first_line_on),
	};

	return cmocka_run_group_tests_name("base.thread", tests, NULL, NULL);
}
