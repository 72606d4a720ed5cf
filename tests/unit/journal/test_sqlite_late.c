/*
 * tests/unit/journal/test_sqlite_late.c - groups that are written before the
 * one before is synced: whatever fails, a promise is kept.
 */
#include "unit/journal/suite_story.h"

#include "journal/journal_sqlite.h"

static void
test_all_of_it_with_late_syncs(void **state)
{
	(void)state;
	story_is_late = true;
	story_run_all(VFS_FULL, VFS_WRITE, "late, ENOSPC");
	story_run_all(VFS_EIO, VFS_SYNC, "late, EIO of a sync");
	story_run_all(VFS_CUT_BEFORE, VFS_WRITE | VFS_SYNC, "late, cut before");
	story_run_all(VFS_CUT_AFTER, VFS_WRITE | VFS_SYNC, "late, cut after");
	story_run_all(VFS_CUT_SOME, VFS_WRITE | VFS_SYNC, "late, some kept");
	story_is_late = false;
}

static int
checkpoint(const struct story *t)
{
	const struct lite_store *s = t->store;

	return sqlite3_wal_checkpoint_v2(s->db, NULL, SQLITE_CHECKPOINT_PASSIVE,
	    NULL, NULL);
}

static int
begin_one(struct story *t, unsigned number, struct fault *why)
{
	struct put p = { .number = number };
	struct journal_accept a;
	struct journal_update u;
	struct journal_op *op = &a.op;

	put_fill(&a, &u, &p);
	return journal_sqlite.begin(t->store, &op, 1, why);
}

/*
 * A commit's sync may wait; that of a WAL's new header may not, or frames under
 * it could be on the disk, and it not: the old ones would be read again.
 */
static void
test_only_the_sync_of_a_commit_waits(void **state)
{
	struct story t = { .arena = arena_new(1 << 20) };
	struct fault why = { 0 };

	(void)state;
	assert_true(story_open(&t, &why));
	assert_int_equal(begin_one(&t, 1, &why), 0);
	assert_int_equal(journal_sqlite.sync(t.store, &why), 0);
	vfs_arm(VFS_EIO, VFS_SYNC, 1);
	assert_int_equal(begin_one(&t, 2, &why), 0);
	assert_false(vfs_hit());
	vfs_arm(VFS_NONE, 0, 0);
	/* The WAL is emptied, and begun anew by the next. */
	assert_int_equal(checkpoint(&t), SQLITE_OK);
	vfs_arm(VFS_EIO, VFS_SYNC, 1);
	assert_int_equal(begin_one(&t, 3, &why), -1);
	assert_true(vfs_hit());
	assert_int_equal(why.code, FAULT_INTERNAL);
	vfs_die();
	journal_sqlite.close(t.store);
	vfs_reset();
	story_clean();
	arena_free(t.arena);
}

/* The disk says so once; what it lost must not get into the database. */
static void
test_a_sync_that_failed_has_failed_for_all(void **state)
{
	struct story t = { .arena = arena_new(1 << 20) };
	struct fault why = { 0 };

	(void)state;
	assert_true(story_open(&t, &why));
	assert_int_equal(begin_one(&t, 1, &why), 0);
	assert_int_equal(begin_one(&t, 2, &why), 0);
	vfs_arm(VFS_EIO, VFS_SYNC, 1);
	assert_int_equal(journal_sqlite.sync(t.store, &why), -1);
	assert_true(vfs_hit());
	vfs_arm(VFS_EIO, VFS_WRITE, 1);
	assert_int_equal(checkpoint(&t), SQLITE_IOERR_FSYNC);
	assert_false(vfs_hit());
	vfs_die();
	journal_sqlite.close(t.store);
	vfs_reset();
	story_clean();
	arena_free(t.arena);
}

/* As if there were no WAL: nothing but the database itself is read. */
static int
rows_in_the_database(const struct lite_store *s)
{
	char *uri = base_print("file:%s?immutable=1", s->path);
	sqlite3_stmt *st = NULL;
	sqlite3 *db = NULL;
	int count;

	assert_int_equal(sqlite3_open_v2(uri, &db,
	                     SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, NULL),
	    SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, "SELECT count(*) FROM item", -1,
	                     &st, NULL),
	    SQLITE_OK);
	assert_int_equal(sqlite3_step(st), SQLITE_ROW);
	count = sqlite3_column_int(st, 0);
	sqlite3_finalize(st);
	sqlite3_close(db);
	base_free(uri);
	return count;
}

/* What a failed sync has left in the WAL may be in the kernel's memory only. */
static void
test_what_is_found_in_the_wal_is_written_anew(void **state)
{
	struct story t = { .arena = arena_new(1 << 20) };
	struct fault why = { 0 };

	(void)state;
	assert_true(story_open(&t, &why));
	assert_int_equal(checkpoint(&t), SQLITE_OK);
	assert_int_equal(begin_one(&t, 1, &why), 0);
	assert_int_equal(rows_in_the_database(t.store), 0);
	vfs_die();
	journal_sqlite.close(t.store);
	vfs_reset();
	assert_true(story_open(&t, &why));
	assert_int_equal(rows_in_the_database(t.store), 1);
	assert_int_equal(begin_one(&t, 2, &why), 0);
	vfs_die();
	journal_sqlite.close(t.store);
	vfs_reset();
	/* Without room for it it stays where it is. */
	vfs_arm(VFS_FULL, VFS_WRITE, 1);
	assert_true(story_open(&t, &why));
	assert_true(vfs_hit());
	assert_int_equal(((struct lite_store *)t.store)->lanes.count, 1);
	assert_int_equal(rows_in_the_database(t.store), 1);
	assert_int_equal(checkpoint(&t), SQLITE_OK);
	assert_int_equal(rows_in_the_database(t.store), 2);
	journal_sqlite.close(t.store);
	story_clean();
	arena_free(t.arena);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_of_it_with_late_syncs),
		cmocka_unit_test(test_only_the_sync_of_a_commit_waits),
		cmocka_unit_test(test_a_sync_that_failed_has_failed_for_all),
		cmocka_unit_test(test_what_is_found_in_the_wal_is_written_anew),
	};

	return story_suite("journal.sqlite_late", tests, COUNT_OF(tests));
}
