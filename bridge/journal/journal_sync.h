/*
 * journal/journal_sync.h - the slow half of a commit, on a thread of its own.
 * Private to this room.
 *
 * One sync at a time, in the order they were asked for. Where a backend has
 * begin() and sync(), the next group is written meanwhile, and its sync asked
 * for before the one under way has ended: the disk does not wait for a thread
 * to wake.
 */
#ifndef BRIDGE_JOURNAL_SYNC_H
#define BRIDGE_JOURNAL_SYNC_H

#include "journal/journal_backend.h"

struct syncer;

/* Syncs that may be asked for and not be waited for yet. A power of two. */
#define SYNCER_ROOM 2u

/*
 * over: runs on the syncer's thread, when a sync that was asked for has ended;
 * NULL: nobody wants to know. NULL with why: there is no thread.
 */
struct syncer *syncer_new(const struct journal_backend *backend, void *store,
    void (*over)(void *arg), void *arg, struct fault *why) MUST_CHECK;
/* With none asked for that was not waited for. NULL is fine. */
void syncer_free(struct syncer *s);
void syncer_ask(struct syncer *s);
/* Whether one that was asked for has ended, and is not waited for yet. */
bool syncer_is_over(struct syncer *s) MUST_CHECK;
/* Until the first of them has ended; how long it took, in us; -1 with why. */
int64_t syncer_wait(struct syncer *s, struct fault *why) MUST_CHECK;

#endif
