/*
 * journal/journal_postgres.h - the PostgreSQL backend's parts. Private to it.
 *
 *	journal_postgres.c	a group: once, again, or what became of it
 *	journal_postgres_open.c	the url, the connection, the schema
 *	journal_postgres_wire.c	one transaction in one round trip
 *	journal_postgres_values.c  parameters, and columns of answers
 *	journal_postgres_ops.c	accept, claim, settle
 *	journal_postgres_marks.c  where a claim begins to look
 *	journal_postgres_person.c  what a person asks for, and prune and stats
 *	journal_postgres_copy.c	moved out and in, see journal_copy.h
 *	journal_postgres_lib.c	libpq, loaded when it is asked for
 *	journal_postgres_tables.sql  the tables of version 1
 *	journal_postgres_2.sql	... and what version 2 added to them
 *	journal_postgres.sql	what is done to them: the functions
 *
 * A group is one round trip: BEGIN, a statement for each run of accepts or
 * settles and for each other op, COMMIT, all sent before anything is read. No
 * statement needs the answer of another: what depends on what is there is
 * done by the functions of the schema. Only unnamed statements, and nothing
 * is set or locked for longer than the transaction, so PgBouncer may hand
 * every transaction to another server process.
 */
#ifndef BRIDGE_JOURNAL_POSTGRES_H
#define BRIDGE_JOURNAL_POSTGRES_H

#include "journal/journal_backend.h"
#include "journal/journal_postgres_lib.h"

/* The files of these names. */
extern const char journal_postgres_tables_sql[];
extern const char journal_postgres_2_sql[];
extern const char journal_postgres_sql[];
#define PG_SCHEMA_VERSION 6

/* Most texts that a claim or a page of a list brings at once. */
#define PG_PAGE_BYTES ((int64_t)32 << 20)

/* Most parameters of a statement. */
#define PG_PARAMS 17

/* So many numbers a function takes, and gives, to tell where it looks. */
#define PG_MARKS 3

struct pg_params {
	struct bytes buf[PG_PARAMS];
	bool absent[PG_PARAMS];
	int count;
};

struct pg_store {
	char *url;
	PGconn *conn; /* NULL: not connected */
	struct pg_params params;
	int64_t owner; /* of this process alone; see pg_new_owner() */
	int owner_groups;
	int64_t token; /* of the last group that was begun */
	/* Groups of which it is not known what they leased; 0: none. */
	int64_t lost_first, lost_last;
	/* Fences of leases that did not fit in a claim's arena. */
	uint64_t *unfit;
	size_t unfit_count, unfit_room;
	int64_t keep_done, keep_bodies, keep_keys, keep_dead, keep_refused;
	struct pg_marks *marks; /* of each target that was claimed from */
	size_t mark_count;
	int64_t pruned_to[PG_MARKS]; /* of this round of slices */

	/* How long a group may take, and finding out what became of one. */
	int64_t group_ms, resolve_ms;
	int64_t until_us;               /* the group's deadline */
	int64_t connect_us, backoff_ms; /* not before; the pause after that */
	struct fault connect_why;       /* why it did not connect last time */
};

/*
 * ------------------------------------------------------------ the wire
 * Parameters in binary form, in the order of the statement's. What does not
 * fit in memory shows in pg_send().
 */
#define PG_TEXT 25
#define PG_BYTEA 17
#define PG_INT2 21
#define PG_INT4 23
#define PG_INT8 20
#define PG_UUID 2950

void pg_params_done(struct pg_params *p);
void pg_clear(struct pg_params *p);
void pg_add_bool(struct pg_params *p, bool v);
void pg_add_int4(struct pg_params *p, int64_t v); /* clamped */
void pg_add_int8(struct pg_params *p, int64_t v);
void pg_add_text(struct pg_params *p, struct str s); /* see pg_each_text() */
void pg_add_uuid(struct pg_params *p, const unsigned char id[16]);
/* An array; then that many elements of that type. */
void pg_add_array(struct pg_params *p, int type, size_t count);
void pg_each_int2(struct pg_params *p, int v);
void pg_each_int4(struct pg_params *p, int64_t v);
void pg_each_int8(struct pg_params *p, int64_t v);
/* at == NULL is NULL. What is not UTF-8, and NUL, becomes '?'. */
void pg_each_text(struct pg_params *p, struct str s);
void pg_each_bytes(struct pg_params *p, struct str s);
void pg_each_uuid(struct pg_params *p, const void *id); /* 16 bytes, or NULL */

/* A UUID's text; false when it is none. */
bool pg_uuid(const char *text, unsigned char id[16]) MUST_CHECK;

bool pg_is_null(const PGresult *r, int row, int column);
int64_t pg_int(const PGresult *r, int row, int column);     /* int4, int8 */
struct str pg_text(const PGresult *r, int row, int column); /* of r */
void pg_id(const PGresult *r, int row, int column, char out[JOURNAL_ID_SIZE]);

enum pg_outcome {
	PG_DONE,    /* committed */
	PG_AGAIN,   /* rolled back in favour of another: the same once more */
	PG_REFUSED, /* rolled back; why tells */
	PG_LOST,    /* it cannot be known */
};

/* Sends params' statement; pg_commit() brings its result. */
int pg_send(struct pg_store *s, const char *sql) MUST_CHECK;
/* BEGIN and start(): the connection has to be there. */
int pg_begin(struct pg_store *s) MUST_CHECK;
/*
 * Commits, and brings the results of the `count` statements sent in between,
 * all or none; PQclear them.
 */
enum pg_outcome pg_commit(struct pg_store *s, PGresult **results, size_t count,
    struct fault *why);
void pg_disconnect(struct pg_store *s);
/* Waits with a deadline, in us; NULL: lost. In no pipeline. */
PGresult *pg_exec(PGconn *conn, const char *sql, int64_t until_us) MUST_CHECK;
/* An error's class and its fault. Never what a value was. */
enum pg_outcome pg_explain(const PGresult *r, struct fault *why);
/* One line of libpq's own words into a fault. */
void pg_fault(struct fault *why, enum fault_code code, const char *what,
    const char *message);

/*
 * journal_postgres_marks.c - where a claim begins to look.
 *
 * A stranger who stands still in a transaction keeps each version of a lane
 * that ever was due, and a scan from the beginning goes through them all. So
 * claims look from marks on, which the claim before brought: what was due
 * before was handed out, or locked. They stay a second behind, for what another
 * node commits late. What is older when it is committed, or comes unlocked, is
 * found by a claim that looks at everything: a target's first, the first on a
 * new connection, and from then on one each PG_LOOK_LEAST_US, or, where that
 * takes more than a millisecond, so seldom that it is a thousandth of the time,
 * but one each PG_LOOK_MOST_US. So long, at most, such a lane waits.
 */
#define PG_LOOK_LEAST_US ((int64_t)1000000)
#define PG_LOOK_MOST_US ((int64_t)30000000)

struct pg_marks;

/* How long until everything is looked at again; it took so long. */
int64_t pg_look_again_us(int64_t took_us);
/* A claim's parameters p_fresh, p_tried and p_next. */
void pg_add_marks(struct pg_store *s, struct str target);
/* ... and what a claim's last row has from that column on. */
void pg_read_marks(struct pg_store *s, struct str target, const PGresult *r,
    int row, int column);
/* A lane will be due so long from now, by what comes next in the group. */
void pg_note_due(struct pg_store *s, struct str target, int64_t in_ms);
/* The next claim of each target looks at everything. */
void pg_marks_doubt(struct pg_store *s);
void pg_marks_done(struct pg_store *s);

/* journal_postgres_open.c */
/*
 * Each group that wrote leaves a version of its owner's row, see sign(): of
 * one row there must not be too many. Not while groups are lost.
 */
void pg_new_owner(struct pg_store *s);
void *pg_open(const char *url, const struct journal_settings *settings,
    struct fault *why);
/* Connects where it is not; -1 also while it is too early to try again. */
int pg_connect(struct pg_store *s, struct fault *why) MUST_CHECK;

/* A statement for a run of ops of one verb. */
struct pg_verb {
	bool run; /* takes more than one op */
	/* Adds the parameters and sends. */
	int (*send)(struct pg_store *s, struct journal_op *const *ops,
	    size_t count);
	void (*read)(struct pg_store *s, struct journal_op *const *ops,
	    size_t count, const PGresult *r);
};
extern const struct pg_verb pg_accept, pg_claim, pg_settle;
extern const struct pg_verb pg_list, pg_show, pg_revive, pg_drop, pg_forget,
    pg_prune, pg_stats;

/* The updates of a revival, as the functions take them: four arrays. */
void pg_add_updates(struct pg_params *p, const struct journal_update *updates,
    size_t count);

#endif
