/*
 * tests/unit/journal/test_sqlite_faults.c - whatever fails, a promise is kept.
 *
 * A story of a few groups is told again and again; each time something else
 * goes wrong, at the first call to the disk, at the second ... until a telling
 * meets no fault at all. After each the file is opened on a disk that is
 * well: what the story was promised has to be there, and what it was refused
 * must have left nothing behind.
 */
#include <sqlite3.h>
#include <stdio.h>
#include <unistd.h>

#include "unit/journal/suite.h"
#include "unit/journal/suite_vfs.h"

#define EVENTS 24
#define RUNS_MOST 20000

/* What one telling was promised. */
struct story {
	struct journal_settings settings;
	void *store;
	struct arena *arena;
	bool accepted[EVENTS]; /* ... that the event is kept */
	bool forgotten, fatal;
	unsigned refused; /* groups */
	enum journal_state settled[EVENTS];
	bool is_settled[EVENTS];
};

/* SQLite's memory: the n-th time it asks for some there is none. */
static sqlite3_mem_methods memory;
static unsigned memory_count, memory_fails;

static void *
memory_take(int size)
{
	return ++memory_count == memory_fails ? NULL : memory.xMalloc(size);
}

static void *
memory_grow(void *block, int size)
{
	return ++memory_count == memory_fails ? NULL
	                                      : memory.xRealloc(block, size);
}

static void
memory_install(void)
{
	sqlite3_mem_methods ours;

	sqlite3_config(SQLITE_CONFIG_GETMALLOC, &memory);
	ours = memory;
	ours.xMalloc = memory_take;
	ours.xRealloc = memory_grow;
	sqlite3_config(SQLITE_CONFIG_MALLOC, &ours);
}

static void
memory_arm(unsigned n)
{
	memory_count = 0;
	memory_fails = n;
}

static char folder[] = "/tmp/journal.XXXXXX", path[64], url[80];

static void
clean(void)
{
	char wal[80];

	snprintf(wal, sizeof(wal), "%s-wal", path);
	unlink(path);
	unlink(wal);
	snprintf(wal, sizeof(wal), "%s-journal", path);
	unlink(wal);
}

static bool
open_story(struct story *t, struct fault *why)
{
	t->settings = (struct journal_settings){ .url = url,
		.keep_done = HOUR,
		.keep_bodies = HOUR,
		.keep_keys = HOUR,
		.keep_refused = 100,
		.ceiling = 1000 };
	t->store = journal_sqlite.open(url, &t->settings, why);
	return t->store != NULL;
}

/* Whether the group was done; a refusal has to say what kind it is. */
static bool
told(struct story *t, struct journal_op *const *ops, size_t count)
{
	struct fault why = { 0 };

	if (t->fatal)
		return false;
	if (journal_sqlite.apply(t->store, ops, count, &why) == 0)
		return true;
	if (why.code == FAULT_INTERNAL)
		assert_non_null(strstr(why.text, "the disk failed to store"));
	else
		assert_int_equal(why.code, FAULT_BUSY);
	t->refused++;
	t->fatal = why.code == FAULT_INTERNAL;
	return false;
}

static void
accept_some(struct story *t, unsigned from, unsigned count)
{
	static const char *const leads[] = { "ann", "ben", "cid" };
	struct journal_accept a[EVENTS];
	struct journal_update u[EVENTS];
	struct journal_op *ops[EVENTS] = { NULL };
	char keys[EVENTS][JOURNAL_HASH + 1];

	for (unsigned i = 0; i < count; i++) {
		struct put p = { .number = from + i,
			.lead = leads[(from + i) % COUNT_OF(leads)] };

		snprintf(keys[i], sizeof(keys[i]), "key %010u.", from + i);
		p.key = keys[i];
		put_fill(&a[i], &u[i], &p);
		ops[i] = &a[i].op;
	}
	if (told(t, ops, count))
		for (unsigned i = 0; i < count; i++)
			t->accepted[from + i] = true;
}

static unsigned
number_of(const char *id)
{
	return (unsigned)strtoul(id + 24, NULL, 16);
}

static void
send_some(struct story *t, enum journal_state to)
{
	struct journal_claim c = { .op = { .verb = JOURNAL_CLAIM },
		.target = STR("api"),
		.most = 3,
		.again = 3,
		.lease_ms = HOUR,
		.arena = t->arena };
	struct journal_settle s[3];
	struct journal_op *ops[3] = { &c.op };

	if (!told(t, ops, 1) || c.count == 0)
		return;
	for (size_t i = 0; i < c.count; i++) {
		s[i] = (struct journal_settle){
			.op = { .verb = JOURNAL_SETTLE },
			.target = STR("api"),
			.lease = c.items[i].lease,
			.to = to
		};
		ops[i] = &s[i].op;
	}
	if (!told(t, ops, c.count))
		return;
	for (size_t i = 0; i < c.count; i++) {
		unsigned n = number_of(c.items[i].id);

		assert_int_equal(s[i].op.result, JOURNAL_OK);
		t->settled[n] = to;
		t->is_settled[n] = true;
	}
}

static void
prune_and_forget(struct story *t)
{
	struct journal_prune p = { .op = { .verb = JOURNAL_PRUNE },
		.most = 10 };
	struct journal_forget f = { .op = { .verb = JOURNAL_FORGET },
		.lead = STR("cid") };
	struct journal_op *ops[1] = { &p.op };

	told(t, ops, 1);
	ops[0] = &f.op;
	t->forgotten = told(t, ops, 1) && f.held == 0;
}

static void
tell(struct story *t)
{
	struct fault why = { 0 };

	if (!open_story(t, &why)) {
		assert_true(why.code != FAULT_NONE);
		return;
	}
	accept_some(t, 0, 10);
	send_some(t, JOURNAL_DONE);
	accept_some(t, 10, 10);
	send_some(t, JOURNAL_DEAD);
	prune_and_forget(t);
	send_some(t, JOURNAL_WAITING);
	accept_some(t, 20, 4);
}

static enum journal_result
show(struct story *t, unsigned number, struct journal_show *s)
{
	struct journal_op *op = &s->op;
	struct fault why = { 0 };

	*s = (struct journal_show){ .op = { .verb = JOURNAL_SHOW },
		.arena = t->arena };
	memcpy(s->id, id_of(number), sizeof(s->id));
	arena_reset(t->arena);
	if (journal_sqlite.apply(t->store, &op, 1, &why) == -1)
		fail_msg("show: %s", why.text);
	return s->op.result;
}

/* Counts in memory are those of the rows. */
static void
check_counts(struct story *t)
{
	struct journal_stats stats = { .op = { .verb = JOURNAL_STATS } };
	struct journal_list l = { .op = { .verb = JOURNAL_LIST },
		.most = 100,
		.arena = t->arena };
	struct journal_op *ops[2] = { &stats.op, &l.op };
	int64_t count[JOURNAL_STATES] = { 0 };
	struct fault why = { 0 };

	arena_reset(t->arena);
	if (journal_sqlite.apply(t->store, ops, 2, &why) == -1)
		fail_msg("list: %s", why.text);
	for (size_t i = 0; i < l.count; i++)
		count[l.rows[i].state]++;
	for (size_t i = 0; i < JOURNAL_STATES; i++)
		assert_int_equal(stats.count[i], count[i]);
}

static void
check_promises(struct story *t, const char *what, unsigned n)
{
	struct journal_show s;

	check_counts(t);
	for (unsigned i = 0; i < EVENTS; i++) {
		bool there = show(t, i, &s) == JOURNAL_OK;

		if (i % 3 == 2) /* cid's: forgotten, at the end at least */
			continue;
		if (t->accepted[i] && !there)
			fail_msg("%s %u: event %u is lost", what, n, i);
		if (t->is_settled[i] && s.rows[0].state != t->settled[i])
			fail_msg("%s %u: event %u is %s", what, n, i,
			    name_text(journal_states, (int)s.rows[0].state));
	}
	for (unsigned i = 2; t->forgotten && i < 20; i += 3)
		if (show(t, i, &s) == JOURNAL_OK)
			fail_msg("%s %u: event %u is back", what, n, i);
}

/*
 * A disk that is well again is used again: all senders come again, and what was
 * refused before is taken now, as if it had never been there.
 */
static void
check_recovery(struct story *t, const char *what, unsigned n)
{
	unsigned refused = t->refused;

	vfs_arm(VFS_NONE, 0, 0);
	memory_arm(0);
	t->forgotten = false;
	accept_some(t, 0, EVENTS);
	send_some(t, JOURNAL_WAITING);
	if (t->refused != refused)
		fail_msg("%s %u: it is not well again", what, n);
	check_promises(t, what, n);
}

/* What is armed happens in one telling; false: it met no fault. */
static bool
run_once(enum vfs_trouble trouble, const char *what, unsigned n)
{
	struct story t = { .arena = arena_new(1 << 20) };
	struct fault why = { 0 };
	bool hit;

	tell(&t);
	hit = vfs_hit() || (memory_fails > 0 && memory_count >= memory_fails);
	if (!hit)
		assert_int_equal(t.refused, 0);
	if (t.store != NULL && !t.fatal && trouble < VFS_CUT_BEFORE)
		check_recovery(&t, what, n);
	vfs_die();
	if (t.store != NULL)
		journal_sqlite.close(t.store);
	vfs_reset();
	memory_arm(0);
	if (!open_story(&t, &why))
		fail_msg("%s %u: open again: %s: %s", what, n, why.where,
		    why.text);
	check_promises(&t, what, n);
	journal_sqlite.close(t.store);
	clean();
	arena_free(t.arena);
	return hit;
}

static void
run_all(enum vfs_trouble trouble, unsigned kinds, const char *what)
{
	unsigned n = 1;

	do
		vfs_arm(trouble, kinds, n);
	while (run_once(trouble, what, n) && ++n < RUNS_MOST);
	assert_true(n > 3 && n < RUNS_MOST);
}

static void
test_a_call_fails(void **state)
{
	(void)state;
	run_all(VFS_EIO, VFS_WRITE | VFS_TRUNCATE | VFS_OPEN, "EIO");
}

static void
test_there_is_no_room_for_a_moment(void **state)
{
	(void)state;
	run_all(VFS_FULL, VFS_WRITE, "ENOSPC");
}

static void
test_there_is_no_room_any_more(void **state)
{
	(void)state;
	run_all(VFS_FULL_EVER, VFS_WRITE, "ENOSPC for good");
}

static void
test_everything_fails_from_then_on(void **state)
{
	(void)state;
	run_all(VFS_EIO_EVER, VFS_ALL, "EIO for good");
}

static void
test_a_sync_fails(void **state)
{
	(void)state;
	run_all(VFS_EIO, VFS_SYNC, "EIO of a sync");
}

static void
test_power_goes_before_a_call(void **state)
{
	(void)state;
	run_all(VFS_CUT_BEFORE, VFS_WRITE | VFS_SYNC, "cut before");
}

static void
test_power_goes_after_a_call(void **state)
{
	(void)state;
	run_all(VFS_CUT_AFTER, VFS_WRITE | VFS_SYNC, "cut after");
}

static void
test_power_goes_and_some_writes_are_there(void **state)
{
	(void)state;
	run_all(VFS_CUT_SOME, VFS_WRITE | VFS_SYNC, "cut, some kept");
}

/* All of the first, then fewer and fewer: they are thousands, and alike. */
static void
test_there_is_no_memory(void **state)
{
	unsigned n = 1;

	(void)state;
	do
		memory_arm(n);
	while (run_once(VFS_NONE, "out of memory", n) &&
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
	assert_true(open_story(&t, &why));
	vfs_arm(VFS_EIO, VFS_SYNC, 1);
	put_fill(&a, &u, &p);
	assert_int_equal(journal_sqlite.apply(t.store, &op, 1, &why), -1);
	assert_int_equal(why.code, FAULT_INTERNAL);
	assert_non_null(strstr(why.text, "the disk failed to store"));
	vfs_die();
	journal_sqlite.close(t.store);
	vfs_reset();
	clean();
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
	int failed;

	if (mkdtemp(folder) == NULL)
		return 1;
	snprintf(path, sizeof(path), "%s/journal.db", folder);
	snprintf(url, sizeof(url), "sqlite:%s", path);
	memory_install();
	vfs_install();
	failed = cmocka_run_group_tests_name("journal.sqlite_faults", tests,
	    NULL, NULL);
	clean();
	rmdir(folder);
	return failed;
}
