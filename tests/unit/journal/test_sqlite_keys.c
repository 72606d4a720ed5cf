/*
 * tests/unit/journal/test_sqlite_keys.c - many dedupe keys: those that came of
 * late are in memory, the others in their table, and some are on their way.
 */
#include <sys/stat.h>

#include "journal/journal_sqlite.h"
#include "unit/journal/sqlite.h"
#include "unit/journal/suite_vfs.h"

#define MANY 102400    /* more than is merged, or looked at, in one go */
#define MERGE_AT 65536 /* keys, see journal_sqlite_keys.c */

static int
setup(void **state)
{
	return suite_setup(state, &sqlite_it);
}

static int
teardown(void **state)
{
	vfs_reset();
	return suite_teardown(state);
}

static size_t
prune(struct world *w)
{
	struct journal_prune p = { .op = { .verb = JOURNAL_PRUNE },
		.most = 2000 };

	assert_int_equal(apply_one(w, &p.op), JOURNAL_OK);
	return p.pruned;
}

/* A group of accepts, each with a key; whether it was stored. */
static bool
try_group(struct world *w, unsigned from)
{
	struct journal_accept a[JOURNAL_GROUP];
	struct journal_update u[JOURNAL_GROUP];
	struct journal_op *ops[JOURNAL_GROUP];
	char keys[JOURNAL_GROUP][JOURNAL_HASH + 1];
	struct fault why = { 0 };

	for (unsigned i = 0; i < JOURNAL_GROUP; i++) {
		struct put p = { .number = from + i, .key = keys[i] };

		/* Spread like hashes: the number, times an odd one. */
		snprintf(keys[i], sizeof(keys[i]), "%08x%08x",
		    (from + i) * 2654435761u, from + i);
		put_fill(&a[i], &u[i], &p);
		ops[i] = &a[i].op;
	}
	return try_all(w, ops, JOURNAL_GROUP, &why);
}

static void
give_many(struct world *w, unsigned from, unsigned count)
{
	for (unsigned n = from; n < from + count; n += JOURNAL_GROUP)
		assert_true(try_group(w, n));
}

static enum journal_result
put_again(struct world *w, unsigned number)
{
	char key[JOURNAL_HASH + 1];

	snprintf(key, sizeof(key), "%08x%08x", number * 2654435761u, number);
	return put(w, (struct put){ .number = 9999999, .key = key });
}

static void
all_are_known(struct world *w)
{
	for (unsigned n = 0; n < MANY; n += 61) {
		assert_int_equal(put_again(w, n), JOURNAL_DUPLICATE);
		assert_id(w->accept.first.id, n);
		assert_int_equal(w->accept.first.state, JOURNAL_WAITING);
	}
}

static void
test_a_hundred_thousand(void **state)
{
	struct world *w = *state;
	struct journal_list l = { .filter = { .lead = STR("nobody") } };
	const struct lite_store *store = w->store;
	char *wal = base_print("%s-wal", path_of(w));
	struct stat st;

	give_many(w, 0, MANY);
	all_are_known(w);
	/* Those that were merged are held in memory no more. */
	assert_in_range(store->keys.count, 1, MANY / 2);
	assert_null(store->keys.merging);
	/* It is written over and over, not longer and longer. */
	assert_int_equal(stat(wal, &st), 0);
	assert_in_range(st.st_size, 1, 48 << 20);
	base_free(wal);
	world_reopen(w);
	all_are_known(w);
	/* A page may be empty and not the last: a list has its limits. */
	assert_int_equal(list_with(w, l), 0);
	assert_true(w->list.next > 0);
	l.after = w->list.next;
	assert_int_equal(list_with(w, l), 0);
	assert_int_equal(w->list.next, 0);
}

/* What is merged in a group that fails is not merged. */
static void
test_a_merge_may_fail(void **state)
{
	struct world *w = *state;
	const struct lite_store *store = w->store;
	unsigned n = 0;

	do
		give_many(w, n, JOURNAL_GROUP);
	while ((n += JOURNAL_GROUP) < MANY && store->keys.merging == NULL);
	assert_true(n < MANY);
	for (unsigned i = 1; i < 20; i += 6) {
		vfs_arm(VFS_FULL, VFS_WRITE, i);
		refuse_one(w);
		give_many(w, n, JOURNAL_GROUP);
		n += JOURNAL_GROUP;
	}
	assert_non_null(store->keys.merging);
	give_many(w, n, MANY - n);
	assert_null(store->keys.merging);
	all_are_known(w);
	world_reopen(w);
	all_are_known(w);
}

/*
 * The group whose keys would be the last ones that a merge waits for is
 * refused: its events are not known, however long is merged behind it.
 */
static void
test_what_is_refused_is_not_merged(void **state)
{
	struct world *w = *state;
	const struct lite_store *store = w->store;
	unsigned last = MERGE_AT - JOURNAL_GROUP;

	give_many(w, 0, last);
	vfs_arm(VFS_FULL, VFS_WRITE, 1);
	assert_false(try_group(w, last));
	for (unsigned i = 0; i < 32; i++)
		prune(w);
	for (unsigned i = 0; i < JOURNAL_GROUP; i++)
		assert_int_equal(put_again(w, last + i), JOURNAL_OK);
	/* It was that group: a few keys more, and they are merged. */
	assert_null(store->keys.merging);
	give_many(w, last + JOURNAL_GROUP, 2 * JOURNAL_GROUP);
	assert_non_null(store->keys.merging);
}

/* A key that is forgotten while it waits for its turn to be merged; once the
 * disk takes that. */
static void
test_a_forgotten_key_is_not_merged(void **state)
{
	struct world *w = *state;
	const struct lite_store *store = w->store;
	struct journal_forget f = { .op = { .verb = JOURNAL_FORGET },
		.lead = STR("ann") };
	struct put again = { .number = 9999999, .key = "zzzzzzzzzzzzzzzz" };

	give(w, .number = 8888888, .lead = "ann", .key = again.key);
	give_many(w, 0, MERGE_AT + JOURNAL_GROUP);
	assert_non_null(store->keys.merging);
	vfs_arm(VFS_FULL, VFS_WRITE, 1);
	assert_false(try_one(w, &f.op));
	assert_int_equal(put(w, again), JOURNAL_DUPLICATE);
	assert_int_equal(apply_one(w, &f.op), JOURNAL_OK);
	assert_int_equal(f.keys, 1);
	while (store->keys.merging != NULL)
		prune(w);
	assert_int_equal(put(w, again), JOURNAL_OK);
}

static void
test_old_keys_go_from_both_places(void **state)
{
	struct world *w = *state;
	size_t pruned = 0, idle = 0, now;

	give_many(w, 0, MANY);
	w->settings.keep_keys = 1;
	world_reopen(w);
	next_tick();
	/* The table is looked through in slices; some find nothing. */
	while (idle < 100 && pruned < MANY) {
		now = prune(w);
		pruned += now;
		idle = now > 0 ? 0 : idle + 1;
	}
	assert_int_equal(pruned, MANY);
	assert_int_equal(put_again(w, 5), JOURNAL_OK);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	static const struct CMUnitTest tests[] = {
		TEST(test_a_hundred_thousand),
		TEST(test_a_merge_may_fail),
		TEST(test_what_is_refused_is_not_merged),
		TEST(test_a_forgotten_key_is_not_merged),
		TEST(test_old_keys_go_from_both_places),
	};

	vfs_install();
	return cmocka_run_group_tests_name("journal.sqlite_keys", tests, NULL,
	    NULL);
}
