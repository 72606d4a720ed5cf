/*
 * delivery/delivery_refused.h - of an update out of the journal, the fields
 * that the API refused. Private to the room.
 *
 * The event is at hand no more, so the mapping is not run again: its places
 * are looked up, in the route as it is now. A route that is gone leaves the
 * field's name.
 */
#ifndef BRIDGE_DELIVERY_REFUSED_H
#define BRIDGE_DELIVERY_REFUSED_H

#include "delivery/delivery_route.h"

/*
 * The deliveries that lines were told of last, so that none gets more than
 * BLAME_LINES, however many updates it has. One that comes back after
 * REFUSALS others had lines begins again. Zeroed at first.
 */
#define REFUSALS 8
struct refusals {
	struct {
		char id[JOURNAL_ID_SIZE];
		unsigned lines;
	} last[REFUSALS];
	unsigned next;
};

struct refused_update {
	const struct routes *routes; /* NULL: none */
	const char *route;           /* the path, as the item has it */
	const char *id;              /* of the delivery */
	struct str answer;           /* the body */
	struct arena *scratch;
	struct refusals *log; /* NULL: nothing is logged */
};

/*
 * Logs each field with what is written for it and where, and puts the fields'
 * names behind `reason`, a text in so much room: ": email, address.city". Only
 * names of the contract and of the mapping: never what the answer says.
 * Nothing where it is no VALIDATION_ERROR.
 */
void refused_tell(const struct refused_update *u, char *reason, size_t room);

#endif
