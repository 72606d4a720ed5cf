/*
 * journal/journal_backend.h - what a store must do. Private to this room.
 *
 * Backends hold no policy and no thread: they are called by the journal's
 * thread only, one call at a time. The front (journal.c) has checked the
 * arguments, sealed what is to be sealed, and hashed the dedupe key; it
 * times, counts and logs. journal_memory.c is the reference: what it does
 * is what the others have to do, and one suite is run against all.
 */
#ifndef BRIDGE_JOURNAL_BACKEND_H
#define BRIDGE_JOURNAL_BACKEND_H

#include "journal/journal.h"

struct journal_copier; /* journal_copy.h */

struct journal_backend {
	const char *scheme; /* "sqlite:" */
	bool shared;        /* several processes may have it open */

	void *(*open)(const char *url, const struct journal_settings *settings,
	    struct fault *why);
	void (*close)(void *store);

	/*
	 * An accept's key is 16 bytes here, see below. Of claims, lists and
	 * shows, body and event lie in the op's arena (they are opened in
	 * place). A prune writes something even when nothing is old: the
	 * front asks by it whether a store that failed can be written again.
	 * Where only accepts cannot be stored, for want of room, they and
	 * prunes are JOURNAL_UNAVAILABLE with FAULT_BUSY, and the rest is done.
	 *
	 * Does the ops, in order, in one transaction on stable storage. 0: it
	 * is committed, and each op's result and outputs are set. -1: nothing
	 * of it happened, or it cannot be known and none of its accepts may
	 * be promised; why->code FAULT_INTERNAL says that the store can no
	 * longer be trusted at all (failed fsync, damage), FAULT_BUSY that it
	 * may work again, any other that the store is well and one of these
	 * ops cannot be done: the front then gives them one at a time. One op's
	 * trouble (an arena that is full, a row that is not there) is that op's
	 * result, never the group's.
	 */
	int (*apply)(void *store, struct journal_op *const *ops, size_t count,
	    struct fault *why);

	/*
	 * A store whose disk may write one group while it syncs another, else
	 * both NULL. begin() is apply() but for its last step: what it did is
	 * on stable storage once sync(), called after it, has returned 0, and
	 * nothing of it may be told before. sync() is called by another
	 * thread, one call at a time, beside anything else. -1: with
	 * FAULT_INTERNAL, always.
	 */
	int (*begin)(void *store, struct journal_op *const *ops, size_t count,
	    struct fault *why);
	int (*sync)(void *store, struct fault *why);

	const struct journal_copier *copy; /* NULL: it cannot be migrated */
};

extern const struct journal_backend journal_memory;
extern const struct journal_backend journal_sqlite;
extern const struct journal_backend journal_postgres;

/*
 * Now, in ms of Unix time, for backends without a clock: set at open from the
 * wall clock and `latest`, the latest time on record; then it follows
 * CLOCK_BOOTTIME, so that a wall clock that jumps moves nothing.
 */
struct journal_clock {
	int64_t offset_ns;
};
void journal_clock_set(struct journal_clock *c, int64_t latest_ms);
int64_t journal_clock_now(const struct journal_clock *c);

/* Longest a lane may wait; a later time on record is moved to this. */
#define JOURNAL_DELAY_MAX_MS (INT64_C(24) * 3600 * 1000)

/*
 * The dedupe key of an accept as backends see it: 16 bytes of SHA-256 over
 * route, NUL, key. And of its body: 16 bytes of the digest.
 */
#define JOURNAL_HASH 16

/* journal_backend.c: what all backends do alike. */

/* Moves an item may make. */
bool journal_may_move(enum journal_state from, enum journal_state to);
/* The flags with other notes, see JOURNAL_NOTES. */
unsigned journal_noted(unsigned flags, unsigned notes);
/* Whether an item of these flags has had its last strike; and why it ends. */
bool journal_struck_out(unsigned flags, unsigned strikes,
    char reason[JOURNAL_REASON_SIZE]);
/* The text of an id that is kept as 16 bytes. */
void journal_id_text(const unsigned char id[16], char out[JOURNAL_ID_SIZE]);
/* An absent text stays absent; false when it does not fit. */
bool journal_copy_text(struct arena *arena, struct str from,
    struct str *to) MUST_CHECK;
/* To the count of a target, unless it is served. */
void journal_live_add(struct journal_stats *stats, struct str target,
    int64_t count);
/* The result of a list or a show that does not fit in its arena. */
void journal_too_small(struct journal_op *op);

#endif
