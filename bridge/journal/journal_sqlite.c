/*
 * journal/journal_sqlite.c - the sqlite backend: a group is a transaction.
 *
 * The file has one connection, which is also who checkpoints: SQLite before
 * 3.51.3 may damage a database whose WAL is reset by one connection while
 * another writes, and a second one has nothing to do here. The WAL is kept and
 * written over from its start after a checkpoint, so that a commit's sync has
 * no new length of the file to bring to the disk.
 */
#include <string.h>

#include "journal/journal_copy.h"
#include "journal/journal_sqlite.h"

/* Pages of the WAL: when there is little to do; when there is no choice; and
 * when nothing more is taken in, because it cannot be emptied. */
#define WAL_QUIET 1000
#define WAL_FULL 4000
#define WAL_CEILING 40000
#define QUIET_OPS 8

/* What may be tried again, by SQLite's primary code. */
static const struct {
	int code;
	const char *text;
} troubles[] = {
	{ SQLITE_FULL, "the disk is full" },
	{ SQLITE_IOERR, "the disk cannot be read or written" },
	{ SQLITE_NOMEM, "out of memory" },
	{ SQLITE_BUSY, "another process has it open: it may be used by one" },
	{ SQLITE_LOCKED, "it is locked" },
	{ SQLITE_READONLY, "it may not be written to" },
	{ SQLITE_CANTOPEN, "it, or a file beside it, cannot be opened" },
	{ SQLITE_PERM, "it may not be used" },
};

bool
lite_is_damage(int rc)
{
	return (rc & 0xff) == SQLITE_CORRUPT || rc == SQLITE_NOTADB ||
	    rc == SQLITE_IOERR_FSYNC || rc == SQLITE_IOERR_DIR_FSYNC ||
	    rc == SQLITE_IOERR_CORRUPTFS || rc == SQLITE_IOERR_DATA;
}

static const char *
damage_text(int rc)
{
	if (rc == SQLITE_NOTADB)
		return "it is no database";
	if ((rc & 0xff) == SQLITE_CORRUPT)
		return "it is damaged: go back to a copy, or move it away and "
		       "start anew";
	return "the disk failed to store what was written: see its log";
}

static int
fault_of(const struct lite_store *s, int rc, struct fault *why)
{
	if (lite_is_damage(rc))
		return fault_set(why, FAULT_INTERNAL, s->path, "%s (%s, %d)",
		    damage_text(rc), sqlite3_errstr(rc), rc);
	for (size_t i = 0; i < COUNT_OF(troubles); i++)
		if ((rc & 0xff) == troubles[i].code)
			return fault_set(why, FAULT_BUSY, s->path,
			    "%s (%s, %d)", troubles[i].text, sqlite3_errstr(rc),
			    rc);
	return fault_set(why, FAULT_REQUEST, s->path, "SQLite: %s (%d)",
	    sqlite3_errstr(rc), rc);
}

int
lite_fault(const struct lite_store *s, struct fault *why)
{
	return fault_of(s, s->rc, why);
}

void
lite_begin(struct lite_store *s)
{
	s->rc = SQLITE_OK;
	s->begin_changes = sqlite3_total_changes(s->db);
	memcpy(s->begin_count, s->count, sizeof(s->count));
	s->begin_erased = s->erased;
	memcpy(s->begin_top_id, s->top_id, sizeof(s->top_id));
	lite_lanes_begin(&s->lanes);
	lite_keys_begin(&s->keys);
	lite_finish(s, SQL_BEGIN);
}

static void
write_meta(struct lite_store *s)
{
	lite_run(s, SQL_META_WRITE, lite_number(journal_clock_now(&s->clock)),
	    lite_order(s->last_order), lite_number(s->boots),
	    lite_number(s->count[JOURNAL_DONE]),
	    lite_number(s->count[JOURNAL_DEAD]),
	    lite_number(s->count[JOURNAL_REFUSED]));
}

static void
roll_back(struct lite_store *s)
{
	sqlite3_stmt *rollback = s->statements[SQL_ROLLBACK];

	/* After some failures SQLite has done so by itself. */
	if (sqlite3_get_autocommit(s->db) == 0) {
		sqlite3_step(rollback);
		sqlite3_reset(rollback);
	}
	lite_lanes_rollback(&s->lanes);
	lite_keys_rollback(&s->keys);
	memcpy(s->count, s->begin_count, sizeof(s->count));
	s->erased = s->begin_erased;
}

int
lite_commit(struct lite_store *s, bool always)
{
	if (always || sqlite3_total_changes(s->db) != s->begin_changes) {
		lite_keys_merge(s);
		write_meta(s);
	}
	lite_finish(s, SQL_COMMIT);
	if (s->rc != SQLITE_OK) {
		roll_back(s);
		return -1;
	}
	lite_lanes_commit(&s->lanes);
	lite_keys_commit(&s->keys);
	return 0;
}

static void (*const verbs[JOURNAL_VERBS])(struct lite_store *s,
    struct journal_op *op) = {
	[JOURNAL_ACCEPT] = lite_accept,
	[JOURNAL_CLAIM] = lite_claim,
	[JOURNAL_SETTLE] = lite_settle,
	[JOURNAL_LIST] = lite_list,
	[JOURNAL_SHOW] = lite_show,
	[JOURNAL_REVIVE] = lite_revive,
	[JOURNAL_DROP] = lite_drop,
	[JOURNAL_FORGET] = lite_forget,
	[JOURNAL_PRUNE] = lite_prune,
	[JOURNAL_STATS] = lite_stats,
};

static int
note_wal(void *arg, sqlite3 *db, const char *name, int pages)
{
	struct lite_store *s = arg;

	(void)db;
	(void)name;
	s->wal_pages = pages;
	return SQLITE_OK;
}

/* What was erased is erased in the WAL, too: that one is emptied at once. */
static int
try_checkpoint(struct lite_store *s)
{
	return sqlite3_wal_checkpoint_v2(s->db, NULL,
	    s->erased ? SQLITE_CHECKPOINT_TRUNCATE : SQLITE_CHECKPOINT_PASSIVE,
	    NULL, NULL);
}

void
lite_checkpoint(struct lite_store *s)
{
	s->rc = try_checkpoint(s);
	if ((s->rc & 0xff) == SQLITE_FULL && lite_reserve_spend(&s->reserve))
		s->rc = try_checkpoint(s);
	if (s->rc != SQLITE_OK)
		return;
	s->wal_pages = 0;
	s->erased = false;
}

/*
 * The group is stored whatever becomes of this; that a checkpoint finds no
 * room is trouble for a later group, if the WAL gets too long meanwhile.
 */
static int
keep_wal_short(struct lite_store *s, size_t ops, struct fault *why)
{
	if (!s->erased && s->wal_pages < WAL_FULL &&
	    (s->wal_pages < WAL_QUIET || ops >= QUIET_OPS))
		return 0;
	lite_checkpoint(s);
	return lite_is_damage(s->rc) ? lite_fault(s, why) : 0;
}

static int
check_wal(struct lite_store *s, struct fault *why)
{
	if (s->wal_pages < WAL_CEILING)
		return 0;
	lite_checkpoint(s);
	return s->rc == SQLITE_OK ? 0 : lite_fault(s, why);
}

/* Only accepts need a reserve; a prune tells who asks how it is. */
static void
refuse_for_room(const struct lite_store *s, struct journal_op *op)
{
	op->result = JOURNAL_UNAVAILABLE;
	op->fault = (struct fault){ 0 };
	fault_set(&op->fault, FAULT_BUSY, s->path,
	    "the disk is full: what was accepted is delivered, and nothing "
	    "more is taken in until there is room for journal.reserve and some "
	    "more");
}

static void
run_op(struct lite_store *s, struct journal_op *op)
{
	bool refused = s->no_room &&
	    (op->verb == JOURNAL_ACCEPT || op->verb == JOURNAL_PRUNE);

	op->result = JOURNAL_OK;
	s->now_ms = journal_clock_now(&s->clock);
	if (!refused || op->verb == JOURNAL_PRUNE)
		verbs[op->verb](s, op);
	if (refused)
		refuse_for_room(s, op);
}

/* -1: rolled back; see s->rc. */
static int
run_group(struct lite_store *s, struct journal_op *const *ops, size_t count,
    bool defers)
{
	bool prunes = false;
	int rc;

	lite_begin(s);
	for (size_t i = 0; i < count && s->rc == SQLITE_OK; i++) {
		run_op(s, ops[i]);
		prunes = prunes || ops[i]->verb == JOURNAL_PRUNE;
	}
	lite_wal_defer(s, defers);
	rc = lite_commit(s, prunes);
	lite_wal_defer(s, false);
	return rc;
}

static int
do_group(struct lite_store *s, struct journal_op *const *ops, size_t count,
    bool defers, struct fault *why)
{
	int rc;

	if (check_wal(s, why) == -1)
		return -1;
	s->no_room = !lite_reserve_fill(&s->reserve);
	rc = run_group(s, ops, count, defers);
	if (rc == -1 && (s->rc & 0xff) == SQLITE_FULL &&
	    lite_reserve_spend(&s->reserve)) {
		s->no_room = true;
		rc = run_group(s, ops, count, defers);
	}
	if (rc == -1)
		return lite_fault(s, why);
	return keep_wal_short(s, count, why);
}

static int
apply(void *store, struct journal_op *const *ops, size_t count,
    struct fault *why)
{
	return do_group(store, ops, count, false, why);
}

static int
begin(void *store, struct journal_op *const *ops, size_t count,
    struct fault *why)
{
	return do_group(store, ops, count, true, why);
}

/* Whatever it is called: what was written may not be there. */
static int
sync_group(void *store, struct fault *why)
{
	struct lite_store *s = store;

	return lite_wal_sync(&s->wal) == SQLITE_OK
	    ? 0
	    : fault_of(s, SQLITE_IOERR_FSYNC, why);
}

static void
close_store(void *store)
{
	struct lite_store *s = store;

	lite_finalize_all(s);
	/* The last checkpoint may need its room. */
	lite_reserve_close(&s->reserve);
	sqlite3_close(s->db);
	lite_wal_done(&s->wal);
	lite_lanes_done(&s->lanes);
	lite_keys_done(&s->keys);
	base_free(s->orders);
	base_free(s->path);
	base_free(s);
}

static void *
open_store(const char *url, const struct journal_settings *settings,
    struct fault *why)
{
	struct lite_store *s;

	/* Its mutexes and its counting are for those with many threads; what
	 * is set already (the process has used SQLite) stays. */
	sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
	sqlite3_config(SQLITE_CONFIG_PAGECACHE, NULL, 0, -16384);
	if (sqlite3_initialize() != SQLITE_OK) {
		fault_set(why, FAULT_BUSY, "journal.url",
		    "SQLite cannot be started: out of memory");
		return NULL;
	}
	s = base_alloc(sizeof(*s));
	s->path = base_copy(url + strlen(journal_sqlite.scheme));
	s->settings = *settings;
	lite_lanes_init(&s->lanes);
	if (lite_open(s, why) == -1) {
		close_store(s);
		return NULL;
	}
	sqlite3_wal_hook(s->db, note_wal, s);
	return s;
}

const struct journal_backend journal_sqlite = {
	.scheme = "sqlite:",
	.shared = false,
	.open = open_store,
	.close = close_store,
	.apply = apply,
	.begin = begin,
	.sync = sync_group,
	.copy = &journal_sqlite_copier,
};
