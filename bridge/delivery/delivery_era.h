/*
 * delivery/delivery_era.h - what one state of the settings is served by, on
 * one worker: its routes, pools and senders. Private to this room.
 *
 * A worker has one era that takes what comes. When the settings are renewed
 * it gets the next one, and the one before retires: it takes nothing new,
 * ends what it has as it began, and is freed when nothing is left; with it
 * goes its hold on the settings.
 */
#ifndef BRIDGE_DELIVERY_ERA_H
#define BRIDGE_DELIVERY_ERA_H

#include "delivery/delivery_route.h"
#include "delivery/delivery_sender.h"
#include "delivery/delivery_trace.h"

struct worker;

struct era {
	struct share *share; /* held; of all that follows */
	const struct routes *routes;
	struct tracer tracer;
	struct upstream_pool **pools; /* one a target */
	struct sender **senders;      /* one a target; NULL: no journal */
	size_t deliveries;            /* that are served by it */
	struct era *before;           /* retired, and not over yet */
};

struct era *era_new(struct worker *w,
    const struct delivery_setup *setup) MUST_CHECK;
/* Begins with what the one before found out of the same hosts. */
void era_follow(struct era *e, const struct era *before);
/* The journal says that something became due. */
void era_wake(struct era *e);
/* Begins nothing more of its own. */
void era_retire(struct era *e);
/* The same at the end of the worker: also what it was handed is put off. */
void era_stop(struct era *e);
/* Calls of the journal's are under way. */
bool era_busy(const struct era *e);
/* Nothing is under way. */
bool era_over(const struct era *e);
/* Ends its calls; what they were for hears of it before this returns. */
void era_end_calls(struct era *e);
/* Its calls have ended, or it is over. */
void era_free(struct era *e);

#endif
