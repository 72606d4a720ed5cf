/* tests/unit/journal/test_sqlite_faults.c - whatever fails, a promise is kept.
 */
#include "unit/journal/suite_story.h"

static void
test_a_call_fails(void **state)
{
	(void)state;
	story_run_all(VFS_EIO, VFS_WRITE | VFS_TRUNCATE | VFS_OPEN, "EIO");
}

static void
test_there_is_no_room_for_a_moment(void **state)
{
	(void)state;
	story_run_all(VFS_FULL, VFS_WRITE, "ENOSPC");
}

static void
test_there_is_no_room_any_more(void **state)
{
	(void)state;
	story_run_all(VFS_FULL_EVER, VFS_WRITE, "ENOSPC for good");
}

static void
test_everything_fails_from_then_on(void **state)
{
	(void)state;
	story_run_all(VFS_EIO_EVER, VFS_ALL, "EIO for good");
}

static void
test_a_sync_fails(void **state)
{
	(void)state;
	story_run_all(VFS_EIO, VFS_SYNC, "EIO of a sync");
}

static void
test_power_goes_before_a_call(void **state)
{
	(void)state;
	story_run_all(VFS_CUT_BEFORE, VFS_WRITE | VFS_SYNC, "cut before");
}

static void
test_power_goes_after_a_call(void **state)
{
	(void)state;
	story_run_all(VFS_CUT_AFTER, VFS_WRITE | VFS_SYNC, "cut after");
}

static void
test_power_goes_and_some_writes_are_there(void **state)
{
	(void)state;
	story_run_all(VFS_CUT_SOME, VFS_WRITE | VFS_SYNC, "cut, some kept");
}

/* All of the first, then fewer and fewer: they are thousands, and alike. */
static void
test_there_is_no_memory(void **state)
{
	unsigned n = 1;

	(void)state;
	do
		story_memory(n);
	while (story_run_once(VFS_NONE, "out of memory", n) &&
	    (n += 1 + n / 100) < RUNS_MOST);
	assert_true(n > 1000 && n < RUNS_MOST);
}

/* A sync that failed is never tried again: the process has to end. */
static void
test_a_failed_sync_is_fatal(void **state)
{
	struct story t = { .arena = arena_new(1 << 20) };
	struct fault why = { 0 };
	struct put p = { .number = 1 };
	struct journal_accept a;
	struct journal_update u;
	struct journal_op *op = &a.op;

	(void)state;
	assert_true(story_open(&t, &why));
	vfs_arm(VFS_EIO, VFS_SYNC, 1);
	put_fill(&a, &u, &p);
	assert_int_equal(journal_sqlite.apply(t.store, &op, 1, &why), -1);
	assert_int_equal(why.code, FAULT_INTERNAL);
	assert_non_null(strstr(why.text, "the disk failed to store"));
	vfs_die();
	journal_sqlite.close(t.store);
	vfs_reset();
	story_clean();
	arena_free(t.arena);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_call_fails),
		cmocka_unit_test(test_there_is_no_room_for_a_moment),
		cmocka_unit_test(test_there_is_no_room_any_more),
		cmocka_unit_test(test_everything_fails_from_then_on),
		cmocka_unit_test(test_a_sync_fails),
		cmocka_unit_test(test_power_goes_before_a_call),
		cmocka_unit_test(test_power_goes_after_a_call),
		cmocka_unit_test(test_power_goes_and_some_writes_are_there),
		cmocka_unit_test(test_there_is_no_memory),
		cmocka_unit_test(test_a_failed_sync_is_fatal),
	};

	return story_suite("journal.sqlite_faults", tests, COUNT_OF(tests));
}
