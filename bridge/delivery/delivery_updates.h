/* delivery/delivery_updates.h - all updates of an event, for the journal. */
#ifndef BRIDGE_DELIVERY_UPDATES_H
#define BRIDGE_DELIVERY_UPDATES_H

#include "delivery/delivery_route.h"

struct updates_of {
	const struct route *route;
	const char *target; /* name of its upstream */
	const char *id;     /* of the delivery: for notes */
	const struct mapping_input *input;
	const struct mapping_events *events;
	/*
	 * Where updates of a batch are put, so that what mapping takes can be
	 * given back each time; NULL: in the input's arena with all else.
	 */
	struct arena *kept;
};

/*
 * Makes them; `to` has room for one an event. Of a batch,
 * what cannot be mapped is among them, refused; alone, it is -1 with why, as
 * is trouble that may pass. *last: which event the last update is of, plus 1.
 */
int updates_make(const struct updates_of *of, struct journal_update *to,
    size_t *count, size_t *last, struct fault *why) MUST_CHECK;
/* Why there is no update, for journal_update.refused. */
struct str updates_reason(struct arena *arena, const struct fault *why);

#endif
