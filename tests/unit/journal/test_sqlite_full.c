/*
 * tests/unit/journal/test_sqlite_full.c - a disk that is full.
 *
 * What was accepted is delivered all the same: leases and settlements live on
 * the reserve, and nothing is accepted until there is one again.
 */
#include <sys/stat.h>

#include "journal/journal_sqlite.h"
#include "unit/journal/sqlite.h"
#include "unit/journal/suite_vfs.h"

#define RESERVE ((int64_t)4 << 20)

static int
setup(void **state)
{
	struct world *w;

	suite_setup(state, &sqlite_it);
	w = *state;
	w->settings.reserve = RESERVE;
	world_reopen(w);
	return 0;
}

static int
teardown(void **state)
{
	vfs_reset();
	return suite_teardown(state);
}

static struct lite_reserve *
reserve_of(const struct world *w)
{
	return &((struct lite_store *)w->store)->reserve;
}

static int64_t
reserve_bytes(const struct world *w)
{
	char *path = base_print("%s-reserve", path_of(w));
	struct stat st = { .st_blocks = -1 };

	(void)!stat(path, &st);
	base_free(path);
	return (int64_t)st.st_blocks * 512;
}

static void
test_it_is_held_while_the_journal_is_open(void **state)
{
	struct world *w = *state;

	assert_true(reserve_of(w)->whole);
	assert_true(reserve_bytes(w) >= RESERVE);
	assert_true(lite_reserve_spend(reserve_of(w)));
	assert_int_equal(reserve_bytes(w), 0);
	assert_false(lite_reserve_spend(reserve_of(w)));
	assert_true(lite_reserve_fill(reserve_of(w)));
	assert_true(reserve_bytes(w) >= RESERVE);
}

static void
find_no_room(struct world *w, enum vfs_trouble trouble)
{
	struct journal_claim c = { .op = { .verb = JOURNAL_CLAIM },
		.target = STR("api"),
		.most = 1,
		.again = 1,
		.lease_ms = HOUR,
		.arena = w->arena };
	struct put p = { .number = 2 };
	struct journal_op *ops[2] = { &w->accept.op, &c.op };
	struct journal_update u;
	struct fault why = { 0 };

	give(w, .number = 1);
	put_fill(&w->accept, &u, &p);
	vfs_arm(trouble, VFS_WRITE, 1);
	assert_int_equal(journal_sqlite.apply(w->store, ops, 2, &why), 0);
	assert_true(vfs_hit());
	assert_false(reserve_of(w)->whole);
	assert_int_equal(w->accept.op.result, JOURNAL_UNAVAILABLE);
	assert_int_equal(w->accept.op.fault.code, FAULT_BUSY);
	assert_non_null(strstr(w->accept.op.fault.text, "the disk is full"));
	assert_int_equal(c.op.result, JOURNAL_OK);
	assert_int_equal(c.count, 1);
	assert_id(c.items[0].id, 1);
	/* Its attempt is on the disk before it is handed out. */
	assert_int_equal(row_of(w, 1)->state, JOURNAL_SENDING);
	assert_int_equal(row_of(w, 1)->attempts, 1);
	assert_false(is_there(w, 2));
}

/* A group in which an accept and a claim find no room. */
static void
test_in_one_group_only_the_accept_is_refused(void **state)
{
	find_no_room(*state, VFS_FULL);
}

/* There is room on the disk, and none for this user. */
static void
test_a_quota_that_is_used_up_is_a_full_disk(void **state)
{
	find_no_room(*state, VFS_QUOTA);
}

/* While there is none: the fd of a reserve that is closed has no room. */
static void
test_without_it_all_but_accepts_goes_on(void **state)
{
	struct world *w = *state;
	struct lite_reserve *r = reserve_of(w);
	struct journal_prune prune = { .op = { .verb = JOURNAL_PRUNE },
		.most = 10 };
	char *path = r->path;

	give(w, .number = 1);
	assert_true(lite_reserve_spend(r));
	close(r->fd);
	r->fd = -1;
	r->path = base_copy("/nowhere/at-all");
	refuse_one(w);
	/* The front asks by a prune whether events are taken in. */
	assert_false(try_one(w, &prune.op));
	assert_int_equal(prune.op.fault.code, FAULT_BUSY);
	assert_int_equal(settle_to(w, claim_one(w), JOURNAL_DONE), JOURNAL_OK);
	base_free(r->path);
	r->path = path;
	assert_true(try_one(w, &prune.op));
	give(w, .number = 2);
}

/* One that was killed leaves it behind; it is no reason not to start. */
static void
test_what_is_left_of_one_is_taken_over(void **state)
{
	struct world *w = *state;
	char *path = base_print("%s-reserve", path_of(w));
	FILE *f;

	world_shut(w);
	f = fopen(path, "wb");
	assert_non_null(f);
	fputs("left", f);
	fclose(f);
	world_reopen(w);
	assert_true(reserve_of(w)->whole);
	give(w, .number = 1);
	base_free(path);
}

/* Not a disk that is full for ever. */
static void
test_what_cannot_be_one_is_told_at_the_start(void **state)
{
	struct world *w = *state;
	char *path = base_print("%s-reserve", path_of(w));
	struct fault why = { 0 };

	world_shut(w);
	assert_int_equal(symlink("/nowhere/at-all", path), 0);
	assert_null(journal_sqlite.open(w->url, &w->settings, &why));
	assert_int_equal(why.code, FAULT_SETTINGS);
	assert_non_null(strstr(why.where, "-reserve"));
	assert_non_null(strstr(why.text, "journal.reserve"));
	unlink(path);
	world_reopen(w);
	base_free(path);
}

static char *reserve_path;
static unsigned closed_with_it, closed;

static void
look_for_it(void)
{
	closed++;
	closed_with_it += access(reserve_path, F_OK) == 0;
}

/* Who waits for the journal has it at once, and makes one of his own. */
static void
test_it_is_gone_before_another_may_come(void **state)
{
	struct world *w = *state;

	reserve_path = base_print("%s-reserve", path_of(w));
	give(w, .number = 1);
	assert_int_equal(access(reserve_path, F_OK), 0);
	vfs_at_close = look_for_it;
	world_shut(w);
	vfs_at_close = NULL;
	assert_true(closed > 0);
	assert_int_equal(closed_with_it, 0);
	world_reopen(w);
	base_free(reserve_path);
}

/* Whoever finds the journal in use leaves the other's reserve alone. */
static void
test_a_second_one_does_not_touch_it(void **state)
{
	struct world *w = *state;
	struct fault why = { 0 };

	assert_null(journal_sqlite.open(w->url, &w->settings, &why));
	assert_true(reserve_bytes(w) >= RESERVE);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	static const struct CMUnitTest tests[] = {
		TEST(test_it_is_held_while_the_journal_is_open),
		TEST(test_in_one_group_only_the_accept_is_refused),
		TEST(test_a_quota_that_is_used_up_is_a_full_disk),
		TEST(test_without_it_all_but_accepts_goes_on),
		TEST(test_what_is_left_of_one_is_taken_over),
		TEST(test_what_cannot_be_one_is_told_at_the_start),
		TEST(test_it_is_gone_before_another_may_come),
		TEST(test_a_second_one_does_not_touch_it),
	};

	vfs_install();
	return cmocka_run_group_tests_name("journal.sqlite_full", tests, NULL,
	    NULL);
}
