/*
 * console/console_admin_act.h - deliveries acted on, one by one. Private.
 *
 * What becomes of each is told; one that cannot be acted on does not keep the
 * others from it.
 */
#ifndef BRIDGE_CONSOLE_ADMIN_ACT_H
#define BRIDGE_CONSOLE_ADMIN_ACT_H

#include "console/console_admin_ask.h"
#include "console/console_admin_choose.h"
#include "console/console_admin_job.h"

/* A job's `mine`. */
struct acts {
	struct ask asked;
	void (*each)(struct job *j);
	char (*ids)[JOURNAL_ID_SIZE]; /* JOB_MOST */
	size_t count, at;
	uint64_t last;          /* order of the row looked at last */
	uint64_t next;          /* where to go on, when it is too many; or 0 */
	struct arena_mark mark; /* what one delivery takes is given back */
	struct chosen chosen;
	size_t items, done; /* items it acted on; deliveries */
};

/* Reads the body, gathers the deliveries and calls each for every one. */
void act_begin(struct admin_worker *w, struct exchange *x, unsigned who,
    void (*each)(struct job *j));
/* Asks for the delivery in hand, with its event; then goes on in then. */
void act_show(struct job *j, void (*then)(struct job *j));

/* Begins what is told of the delivery in hand; reason: NULL or a text. */
void act_print(struct job *j, const char *result, const char *reason);
/* Ends it and goes on to the next delivery, or to the reply. */
void act_next(struct job *j);
/* Both. */
void act_finish(struct job *j, const char *result, const char *reason);
void act_finish_fault(struct job *j, const char *result,
    const struct fault *why);

#endif
