/*
 * journal/journal_sqlite.h - the sqlite backend's own parts. Private to it.
 *
 *	journal_sqlite.c	a group as one transaction; checkpoints
 *	journal_sqlite_wal.c	a group's sync, while the next is written
 *	journal_sqlite_reserve.c  room for what was promised, on a full disk
 *	journal_sqlite_open.c	the file: whose it is, where, whether whole
 *	journal_sqlite_sql.c	the schema, the statements, how they are run
 *	journal_sqlite_lanes.c	in memory: who is next, and who holds it
 *	journal_sqlite_keys.c	what was seen before
 *	journal_sqlite_send.c	accept, claim, settle
 *	journal_sqlite_rows.c	an item and its texts: entered, moved, deleted
 *	journal_sqlite_read.c	list, show, stats
 *	journal_sqlite_person.c	revive, drop, forget, prune
 *	journal_sqlite_copy.c	moved out and in, see journal_copy.h
 *
 * The file has what must outlive the process, and is written where it was
 * written last, as far as that can be: an accept appends to the right edge of
 * a few tables, and nothing else. What only the living need is in memory,
 * for the file has one user: the lanes with their items (order, attempts,
 * state: 48 bytes each), leases, and the latest dedupe keys.
 *
 * Both change as the ops of a group are done. When the group cannot be
 * committed, the file is rolled back and so is the memory: see the undo of
 * the lanes.
 */
#ifndef BRIDGE_JOURNAL_SQLITE_H
#define BRIDGE_JOURNAL_SQLITE_H

#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>

#include "journal/journal_backend.h"

/* -- lanes ------------------------------------------------------------- */

/* An item in a lane; the rest of it is in the file. */
struct lite_item {
	struct lite_item *prev, *next;
	uint64_t order;
	unsigned attempts;
	uint8_t state, strikes;
	uint16_t flags;
};

enum lite_heap_kind { LITE_FRESH, LITE_TRIED, LITE_HEAPS };

struct lite_lane {
	/* What undo puts back: */
	struct lite_lane_now {
		struct lite_item *first, *last;
		uint64_t fence; /* 0: nobody holds it */
		int64_t due_ms; /* while it is held: when the lease ends */
	} now;
	struct lite_target *target;
	struct lite_lane *chain;   /* of its bucket */
	struct lite_lane *touched; /* of those of this transaction */
	uint32_t heap_at;
	uint8_t heap; /* LITE_HEAPS: in none */
	bool is_touched, works;
	uint8_t lead_len;
	char lead[];
};

/* By due_ms, least first. */
struct lite_heap {
	struct lite_lane **lanes;
	size_t count, room;
};

/*
 * Lanes whose head was tried before are apart: a claim that may take no more
 * of them must not look through them. A lane that is blocked is in no heap.
 */
struct lite_target {
	struct lite_target *next;
	struct lite_heap heaps[LITE_HEAPS];
	int64_t live, begin_live; /* items, but for dead ones */
	size_t name_len;
	char name[];
};

struct lite_undo;
struct lite_lanes {
	struct lite_target *targets;
	struct lite_lane **buckets;
	size_t bucket_count, count;
	size_t working; /* lanes with more than what is dead */
	uint64_t seed;
	struct lite_lane *touched;
	struct lite_undo *undo;
	size_t undo_count, undo_room;
};

void lite_lanes_init(struct lite_lanes *l);
void lite_lanes_done(struct lite_lanes *l);
struct lite_target *lite_target_find(struct lite_lanes *l, struct str name);
struct lite_lane *lite_lane_find(struct lite_lanes *l, struct str target,
    struct str lead);
/* Made when it is not there; it goes at the end of a transaction that leaves
 * it empty. */
struct lite_lane *lite_lane_get(struct lite_lanes *l, struct str target,
    struct str lead);
struct str lite_lane_lead(const struct lite_lane *lane);
bool lite_lane_blocked(const struct lite_lane *lane);
struct lite_item *lite_lane_item(const struct lite_lane *lane, uint64_t order);

/* At the end, waiting. A lane that was empty is due at now_ms. */
struct lite_item *lite_item_add(struct lite_lanes *l, struct lite_lane *lane,
    uint64_t order, unsigned flags, int64_t now_ms);
/* Out of its lane; when it was the head, the next one is due at now_ms. */
void lite_item_leave(struct lite_lanes *l, struct lite_lane *lane,
    struct lite_item *item, int64_t now_ms);
/* Before an item or a lane is written to; after it, lite_lane_place(). */
void lite_item_save(struct lite_lanes *l, struct lite_item *item);
void lite_lane_save(struct lite_lanes *l, struct lite_lane *lane);
/* Where it belongs among those that are due, by its head. */
void lite_lane_place(struct lite_lanes *l, struct lite_lane *lane);
/* Out of its heap, until lite_lane_place(). */
void lite_lane_lift(struct lite_lane *lane);
/* The two ends of a transaction. */
void lite_lanes_begin(struct lite_lanes *l);
void lite_lanes_commit(struct lite_lanes *l);
void lite_lanes_rollback(struct lite_lanes *l);

/* -- statements -------------------------------------------------------- */

enum lite_sql {
	SQL_BEGIN,
	SQL_COMMIT,
	SQL_ROLLBACK,
	SQL_META_READ,
	SQL_META_WRITE,
	SQL_LOAD,
	SQL_ID_SEEN,
	SQL_ID_TOP,
	SQL_ITEM_ADD,
	SQL_ITEM_HELD,
	SQL_ITEM_STRUCK,
	SQL_ITEM_SETTLED,
	SQL_ITEM_SENT,
	SQL_ITEM_PLACE,
	SQL_ITEM_FIRST,
	SQL_ITEM_REVIVED,
	SQL_ITEM_REPLACED,
	SQL_ITEM_ANEW,
	SQL_ITEM_BARE,
	SQL_ITEM_DELETE,
	SQL_TEXT_ADD,
	SQL_TEXT_HOLDER,
	SQL_TEXT_NEXT,
	SQL_TEXT_NO_BODY,
	SQL_TEXT_NO_EVENT,
	SQL_TEXT_FORGET,
	SQL_TEXT_DELETE,
	SQL_NEEDS_EVENT,
	SQL_NOT_DONE,
	SQL_SENDING,
	SQL_OF_DELIVERY,
	SQL_OF_LEAD,
	SQL_OLD,
	SQL_OLD_DONE,
	SQL_OLD_BODIES,
	SQL_OLDEST,
	SQL_LIST,
	SQL_LIST_NEWEST,
	SQL_LIST_ODD,
	SQL_LIST_ODD_NEWEST,
	SQL_LIST_ID,
	SQL_LIST_ID_NEWEST,
	SQL_SHOW,
	SQL_BODY,
	SQL_EVENT,
	SQL_KEY_FIND,
	SQL_KEY_ADD,
	SQL_KEY_DELETE,
	SQL_KEY_SCAN,
	SQL_FRESH_ADD,
	SQL_FRESH_DELETE,
	SQL_FRESH_MERGED,
	SQL_FRESH_LOAD,
	SQL_COUNT
};

extern const char *const lite_schema;
#define LITE_SCHEMA_VERSION 1
#define LITE_APPLICATION_ID 0x4c424a31 /* "LBJ1" */

/* What is bound: an absent text is NULL. */
struct lite_value {
	enum { LITE_NUMBER, LITE_TEXT, LITE_BLOB, LITE_ID } kind;
	int64_t number;
	struct str text;
};
static inline struct lite_value
lite_number(int64_t n)
{
	return (struct lite_value){ LITE_NUMBER, n, STR_NONE };
}
static inline struct lite_value
lite_order(uint64_t n)
{
	return lite_number((int64_t)n);
}
static inline struct lite_value
lite_text(struct str s)
{
	return (struct lite_value){ LITE_TEXT, 0, s };
}
static inline struct lite_value
lite_blob(struct str s)
{
	return (struct lite_value){ LITE_BLOB, 0, s };
}
static inline struct lite_value
lite_id(const char *id)
{
	return (struct lite_value){ LITE_ID, 0, { id, JOURNAL_ID_SIZE - 1 } };
}
#define LITE_ID_BYTES 16 /* of an id that is a UUID */
/* An id that is bound more than once; `room` has to outlive the statements. */
struct lite_value lite_packed(const char *id,
    unsigned char room[LITE_ID_BYTES]);

struct lite_store;

int lite_prepare_all(struct lite_store *s) MUST_CHECK; /* -1: see s->rc */
void lite_finalize_all(struct lite_store *s);

/*
 * Failure sticks, as it does in struct bytes: once something went wrong,
 * s->rc tells what, nothing more is run, no more rows come, and the group is
 * rolled back. Who calls these may go on as if there had been no rows.
 */
void lite_note(struct lite_store *s, int rc);
void lite_bind(struct lite_store *s, enum lite_sql sql,
    const struct lite_value *values, size_t count);
/* The next row, until there is none: then it can be bound anew. */
bool lite_row(struct lite_store *s, enum lite_sql sql);
/* No more rows of it are wanted. */
void lite_end(struct lite_store *s, enum lite_sql sql);
/* All of a statement without rows. */
void lite_finish(struct lite_store *s, enum lite_sql sql);

#define LITE_VALUES(...)                                                       \
	(const struct lite_value[]){ __VA_ARGS__ },                            \
	    sizeof((const struct lite_value[]){ __VA_ARGS__ }) /               \
	    sizeof(struct lite_value)
#define lite_ask(s, sql, ...) lite_bind(s, sql, LITE_VALUES(__VA_ARGS__))
#define lite_run(s, sql, ...)                                                  \
	do {                                                                   \
		lite_ask(s, sql, __VA_ARGS__);                                 \
		lite_finish(s, sql);                                           \
	} while (0)

/* Columns of the row; texts last until the next step. */
int64_t lite_get(struct lite_store *s, enum lite_sql sql, int column);
struct str lite_get_text(struct lite_store *s, enum lite_sql sql, int column);
void lite_get_id(struct lite_store *s, enum lite_sql sql, int column,
    char out[JOURNAL_ID_SIZE]);

/* For statements beside these: an SQLite code. */
int lite_bind_one(sqlite3_stmt *st, int at,
    const struct lite_value *v) MUST_CHECK;

/* -- keys -------------------------------------------------------------- */

struct lite_key {
	uint8_t hash[JOURNAL_HASH], body[JOURNAL_HASH];
	char id[JOURNAL_ID_SIZE];
	bool gone; /* forgotten or pruned: not to be merged either */
	int64_t at_ms;
	uint64_t seq;
};

/* See journal_sqlite_keys.c. */
struct lite_keys {
	struct lite_key *list;
	size_t count, room;
	uint32_t *slots; /* index in list and 1; 0: free */
	size_t slot_count;
	uint32_t *merging; /* of the first so many, by hash; NULL: not now */
	size_t merge_count, merged;
	size_t *gone; /* of this transaction */
	size_t gone_count, gone_room;
	size_t begin_count, begin_merged;
	uint8_t pruned[JOURNAL_HASH]; /* up to here, of the table */
};

void lite_keys_load(struct lite_store *s);
void lite_keys_done(struct lite_keys *k);
/* Copies it. */
bool lite_key_find(struct lite_store *s, const char *hash,
    struct lite_key *out);
void lite_key_add(struct lite_store *s, const struct journal_accept *a,
    const struct lite_value *id, uint64_t seq);
/* Whether it was there. */
bool lite_key_delete(struct lite_store *s, const char *hash);
/* A part of what is to be merged, in the transaction of a group. */
void lite_keys_merge(struct lite_store *s);
size_t lite_keys_prune(struct lite_store *s, size_t most);
void lite_keys_begin(struct lite_keys *k);
void lite_keys_commit(struct lite_keys *k);
void lite_keys_rollback(struct lite_keys *k);

/* -- the WAL's syncs --------------------------------------------------- */

struct lite_wal {
	sqlite3_io_methods methods; /* first: it is what the file points to */
	const sqlite3_io_methods *real;
	sqlite3_file *file;
	bool defers;     /* a commit's sync is only noted */
	bool header;     /* written, and not synced: the next sync is done */
	atomic_bool due; /* a sync was noted and not done */
	pthread_mutex_t syncing; /* one sync at a time */
	bool failed;             /* under it: the last there is */
};

/* Once the WAL is open. An SQLite code. */
int lite_wal_take(struct lite_store *s) MUST_CHECK;
/* Once the database is closed. */
void lite_wal_done(struct lite_wal *w);
void lite_wal_defer(struct lite_store *s, bool defers);
/* Any thread, beside all else. An SQLite code; a failure is for good. */
int lite_wal_sync(struct lite_wal *w) MUST_CHECK;

/* -- room -------------------------------------------------------------- */

struct lite_reserve {
	char *path;
	int64_t bytes; /* 0: there is to be none */
	int fd;        /* -1: it could not be opened yet */
	bool whole;
};

/*
 * Empty, at first. -1 with why: what is there cannot be used; that there is no
 * room to make one is for lite_reserve_fill().
 */
int lite_reserve_open(struct lite_reserve *r, const char *journal,
    int64_t bytes, struct fault *why) MUST_CHECK;
/* While the journal is this process's alone: the next makes one of its own. */
void lite_reserve_close(struct lite_reserve *r);
/* Makes it whole, where there is room for it and more; whether it is. */
bool lite_reserve_fill(struct lite_reserve *r);
/* Gives its room back to the disk. False: there was none to give. */
bool lite_reserve_spend(struct lite_reserve *r);

/* -- the store --------------------------------------------------------- */

struct lite_store {
	char *path;
	sqlite3 *db;
	sqlite3_stmt *statements[SQL_COUNT];
	struct journal_settings settings;
	struct journal_clock clock;
	int64_t now_ms; /* of this op */
	int rc;         /* of this transaction; the first that went wrong */
	/* Something was erased for a person, and is in the WAL yet: */
	bool erased, begin_erased;
	int begin_changes;
	int wal_pages;
	struct lite_wal wal;
	struct lite_reserve reserve;
	bool no_room; /* for accepts, in this group */
	struct lite_lanes lanes;
	struct lite_keys keys;
	int64_t count[JOURNAL_STATES], begin_count[JOURNAL_STATES];
	uint64_t last_order, last_fence;
	/* At least the greatest id there is; and as this transaction began. */
	unsigned char top_id[LITE_ID_BYTES], begin_top_id[LITE_ID_BYTES];
	int64_t boots;    /* how often the file was opened */
	uint64_t *orders; /* what lite_collect() found */
	size_t order_count, order_room;
};

/* journal_sqlite_open.c */
int lite_open(struct lite_store *s, struct fault *why) MUST_CHECK;
/* Why a file system of this type (see statfs(2)) cannot be used; or NULL. */
const char *lite_file_system_problem(long type);

/* journal_sqlite.c: of s->rc; -1. */
int lite_fault(const struct lite_store *s, struct fault *why);
/* What was written may not be there: nothing more can be promised. */
bool lite_is_damage(int rc);
/* Brings what is in the WAL into the database; see s->rc. */
void lite_checkpoint(struct lite_store *s);
void lite_begin(struct lite_store *s);
/* Always: writes even when nothing changed. -1: rolled back; see s->rc. */
int lite_commit(struct lite_store *s, bool always) MUST_CHECK;

/* journal_sqlite_rows.c: rows and their counterpart in memory. */
struct lite_place {
	char id[JOURNAL_ID_SIZE];
	char target[JOURNAL_NAME_MAX + 1], lead[JOURNAL_LEAD_MAX + 1];
	uint64_t order, text, seq;
	int64_t n;
	enum journal_state state;
	unsigned flags;
	struct lite_lane *lane; /* NULL: in none */
	struct lite_item *item;
};
bool lite_place_find(struct lite_store *s, uint64_t order,
    struct lite_place *p);
/* The order of each row of a statement, in s->orders. */
void lite_collect(struct lite_store *s, enum lite_sql sql);
uint64_t lite_next_order(struct lite_store *s);
/* Why it is refused, cut to JOURNAL_REASON_SIZE; "" where it is not. */
struct lite_value lite_reason(const struct journal_update *u);
void lite_count_move(struct lite_store *s, enum journal_state from,
    enum journal_state to);
void lite_item_drop_body(struct lite_store *s, uint64_t order);
/* And its delivery, when it was the last. */
void lite_item_delete(struct lite_store *s, const struct lite_place *p);
/* All items of a delivery, unless there is one that is not done. */
void lite_delete_done(struct lite_store *s, const char *id);
void lite_lease(struct lite_store *s, struct lite_lane *lane, int64_t lease_ms,
    struct journal_lease *out);
/* The holder of a lane let its lease run out, or is no more. */
void lite_strike(struct lite_store *s, struct lite_lane *lane);

/* journal_sqlite_send.c, _read.c, _person.c */
void lite_accept(struct lite_store *s, struct journal_op *op);
void lite_claim(struct lite_store *s, struct journal_op *op);
void lite_settle(struct lite_store *s, struct journal_op *op);
void lite_list(struct lite_store *s, struct journal_op *op);
void lite_show(struct lite_store *s, struct journal_op *op);
void lite_stats(struct lite_store *s, struct journal_op *op);
void lite_revive(struct lite_store *s, struct journal_op *op);
void lite_drop(struct lite_store *s, struct journal_op *op);
void lite_forget(struct lite_store *s, struct journal_op *op);
void lite_prune(struct lite_store *s, struct journal_op *op);

#endif
