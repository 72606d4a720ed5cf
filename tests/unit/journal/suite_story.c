/* tests/unit/journal/suite_story.c - a few groups for SQLite, told again. */
#include <stdio.h>
#include <unistd.h>

#include "unit/journal/suite_story.h"

#include "journal/journal_sqlite.h"

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

void
story_memory(unsigned n)
{
	memory_count = 0;
	memory_fails = n;
}

static char folder[32], path[64], url[80];

void
story_clean(void)
{
	char wal[80];

	snprintf(wal, sizeof(wal), "%s-wal", path);
	unlink(path);
	unlink(wal);
	snprintf(wal, sizeof(wal), "%s-journal", path);
	unlink(wal);
}

bool
story_open(struct story *t, struct fault *why)
{
	t->settings = (struct journal_settings){ .url = url,
		.keep_done = HOUR,
		.keep_bodies = HOUR,
		.keep_keys = HOUR,
		.keep_refused = 100,
		.reserve = 65536,
		.ceiling = 1000 };
	t->store = journal_sqlite.open(url, &t->settings, why);
	return t->store != NULL;
}

static bool
is_refused(struct journal_op *const *ops, size_t count, struct fault *why)
{
	for (size_t i = 0; i < count; i++) {
		if (ops[i]->result != JOURNAL_UNAVAILABLE)
			continue;
		*why = ops[i]->fault;
		return true;
	}
	return false;
}

static int
do_group(struct story *t, struct journal_op *const *ops, size_t count,
    struct fault *why)
{
	if (!t->late)
		return journal_sqlite.apply(t->store, ops, count, why);
	return journal_sqlite.begin(t->store, ops, count, why);
}

/* Whether the group was done; a refusal has to say what kind it is. */
static bool
told(struct story *t, struct journal_op *const *ops, size_t count)
{
	struct fault why = { 0 };

	if (t->fatal)
		return false;
	if (do_group(t, ops, count, &why) == 0 && !is_refused(ops, count, &why))
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
promise(struct story *t)
{
	for (unsigned i = 0; i < EVENTS; i++)
		t->accepted[i] = t->accepted[i] || t->begun[i];
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
			t->begun[from + i] = true;
	if (!t->late)
		promise(t);
}

/* Late: as another thread does it, a group or two behind. */
static void
sync_now(struct story *t)
{
	struct fault why = { 0 };

	if (!t->late || t->fatal)
		return;
	if (journal_sqlite.sync(t->store, &why) == 0) {
		promise(t);
		return;
	}
	assert_int_equal(why.code, FAULT_INTERNAL);
	assert_non_null(strstr(why.text, "the disk failed to store"));
	t->fatal = true;
	t->refused++;
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

/*
 * Each group is written before the one before is synced. What it settles, or
 * forgets, is promised by the sync that follows, and looked at by none.
 */
static void
tell_late(struct story *t)
{
	accept_some(t, 0, 6);
	accept_some(t, 6, 4);
	sync_now(t);
	send_some(t, JOURNAL_WAITING);
	for (unsigned from = 10; from < EVENTS; from += 2) {
		struct lite_store *store = t->store;

		accept_some(t, from, 2);
		sync_now(t);
		/* A checkpoint, and the WAL's next header, come in between. */
		if (from % 4 == 0)
			store->wal_pages = 1 << 20;
	}
	sync_now(t);
}

static void
tell(struct story *t)
{
	struct fault why = { 0 };

	if (!story_open(t, &why)) {
		assert_true(why.code != FAULT_NONE);
		return;
	}
	if (t->late) {
		tell_late(t);
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
	assert_int_equal(live_of(&stats, "api"),
	    count[JOURNAL_WAITING] + count[JOURNAL_SENDING]);
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
	story_memory(0);
	t->late = t->forgotten = false;
	accept_some(t, 0, EVENTS);
	send_some(t, JOURNAL_WAITING);
	if (t->refused != refused)
		fail_msg("%s %u: it is not well again", what, n);
	check_promises(t, what, n);
}

bool story_is_late;

bool
story_run_once(enum vfs_trouble trouble, const char *what, unsigned n)
{
	struct story t = { .arena = arena_new(1 << 20), .late = story_is_late };
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
	story_memory(0);
	if (!story_open(&t, &why))
		fail_msg("%s %u: open again: %s: %s", what, n, why.where,
		    why.text);
	check_promises(&t, what, n);
	journal_sqlite.close(t.store);
	story_clean();
	arena_free(t.arena);
	return hit;
}

void
story_run_all(enum vfs_trouble trouble, unsigned kinds, const char *what)
{
	unsigned n = 1;

	do
		vfs_arm(trouble, kinds, n);
	while (story_run_once(trouble, what, n) && ++n < RUNS_MOST);
	assert_true(n > 3 && n < RUNS_MOST);
}

int
story_suite(const char *name, const struct CMUnitTest *tests, size_t count)
{
	static const char *const places[] = { "/dev/shm", "/tmp" };
	bool made = false;
	int failed;

	/* In memory where there is such a place: the disk is made up anyway. */
	for (size_t i = 0; i < COUNT_OF(places) && !made; i++) {
		snprintf(folder, sizeof(folder), "%s/journal.XXXXXX",
		    places[i]);
		made = mkdtemp(folder) != NULL;
	}
	if (!made)
		return 1;
	snprintf(path, sizeof(path), "%s/journal.db", folder);
	snprintf(url, sizeof(url), "sqlite:%s", path);
	memory_install();
	vfs_install();
	failed = _cmocka_run_group_tests(name, tests, count, NULL, NULL);
	story_clean();
	rmdir(folder);
	return failed;
}
