/* workshop/workshop_propose.h - a mapping, guessed from a capture. */
#ifndef BRIDGE_WORKSHOP_PROPOSE_H
#define BRIDGE_WORKSHOP_PROPOSE_H

#include "base/base.h"

/*
 * The sender whose proof the request carries, in its headers or its body,
 * "generic" where there is none; never NULL. Others that fit as well are added
 * to ties, as "a, b".
 */
const char *propose_sender(const struct request *r, struct arena *arena,
    struct bytes *ties);

struct proposal {
	struct str fields;   /* mapping.cfg from `empty` to its end */
	struct str expected; /* what it makes of the request; a sample's JSON */
	size_t taken, left;  /* members of the body */
	bool lead_found;     /* an event says it */
	bool one_lead;       /* of several events, none says its own */
	bool lead_added;     /* one does not: a lead id is in the address */
};

/*
 * Finds the event, or the list of them, in the body and matches its members to
 * the lead's fields by their names, and tries the result: what a transform or
 * the contract refuses becomes a comment. Where nothing holds a lead id, one is
 * added to the request's address, for tests. Everything is in the arena. -1
 * with why: the body is unreadable, or has no member whose name says what it
 * is.
 */
int propose_mapping(struct request *r, struct arena *arena,
    struct proposal *out, struct fault *why) MUST_CHECK;

#endif
