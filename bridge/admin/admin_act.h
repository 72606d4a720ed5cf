/*
 * admin/admin_act.h - deliveries acted on, one by one. Private.
 *
 * What becomes of each is told; one that cannot be acted on does not keep the
 * others from it.
 */
#ifndef BRIDGE_ADMIN_ACT_H
#define BRIDGE_ADMIN_ACT_H

#include "admin/admin_ask.h"
#include "admin/admin_choose.h"
#include "admin/admin_job.h"

/* What is done to them. */
struct act {
	const char *name; /* as the log tells it */
	unsigned who;     /* ASK_RETRY, ... */
	unsigned states;  /* bits: what a filter may name */
	const char *only; /* the same, in words: "only ... can be ..." */
	void (*each)(struct job *j);
};

/* A job's `mine`. */
struct acts {
	const struct act *act;
	struct ask asked;
	char (*ids)[JOURNAL_ID_SIZE]; /* JOB_MOST */
	size_t count, at;
	uint64_t last;          /* order of the row looked at last */
	uint64_t next;          /* where to go on, when it is too many; or 0 */
	struct arena_mark mark; /* what one delivery takes is given back */
	struct chosen chosen;
	size_t stranded;    /* of the delivery in hand: see act_stranded() */
	size_t items, done; /* items it acted on; deliveries */
};

/* Dead or refused: what may be retried, and is meant where nothing is said. */
#define ACT_RETRIED (BIT(JOURNAL_DEAD) | BIT(JOURNAL_REFUSED))

/* Reads the body, gathers the deliveries and calls each for every one. */
void act_begin(struct admin_worker *w, struct exchange *x,
    const struct act *act);
/* Asks for the delivery in hand, with its event; then goes on in then. */
void act_show(struct job *j, void (*then)(struct job *j));

/*
 * Counts, in what was shown, what waits for the upstream that was asked for,
 * where there is none of that name; it counts as dead from here on.
 */
void act_stranded(struct job *j);
/* ... as the journal is told of it: at == NULL where there is none. */
struct str act_from(const struct job *j);

/* Begins what is told of the delivery in hand; reason: NULL or a text. */
void act_print(struct job *j, const char *result, const char *reason);
/* Ends it and goes on to the next delivery, or to the reply. */
void act_next(struct job *j);
/* Both. */
void act_finish(struct job *j, const char *result, const char *reason);
void act_finish_fault(struct job *j, const char *result,
    const struct fault *why);
/* Both, of a delivery of which so many updates were acted on. */
void act_finish_done(struct job *j, const char *result, size_t updates);
/* Whichever it is, of what the journal answered; nothing: why it found none. */
void act_finish_op(struct job *j, const struct journal_op *op,
    const char *result, size_t updates, const char *nothing);

#endif
