/*
 * upstream/upstream_names.h - the addresses of one host, for one loop.
 * Private to this room.
 *
 * A name is looked up by getaddrinfo() on a thread of its own, which lives
 * as long as the lookup; the loop never waits. What was found is good for a
 * minute, and longer while lookups fail. A numeric host needs none of this.
 */
#ifndef BRIDGE_UPSTREAM_NAMES_H
#define BRIDGE_UPSTREAM_NAMES_H

#include "upstream/upstream_wire.h"

struct event_base;
struct names;

/* More addresses than that are not tried for one connection anyway. */
#define NAMES_MAX 8

struct names_list {
	struct wire_address list[NAMES_MAX];
	size_t count;
};

/* A lookup ended: problem is NULL, or says why there is no address. */
typedef void names_ready(void *arg, const char *problem);

struct names *names_new(struct event_base *base, const struct url *url,
    names_ready *ready, void *arg) MUST_CHECK;
void names_free(struct names *n); /* NULL is fine; ready will not run */

/*
 * At least one address; or NULL, and ready runs later, from the loop. What
 * is returned changes with the next lookup.
 */
const struct names_list *names_get(struct names *n);
/*
 * Begins with what is known there of the same host: when nothing is found any
 * more, that goes on to be used.
 */
void names_follow(struct names *n, const struct names *before);
/* None of them answers: look again next time. They may be found again. */
void names_forget(struct names *n);

#endif
