/*
 * listener/listener_front.h - the proxies in front of an address, and whom
 * they speak for. Private to this room.
 */
#ifndef BRIDGE_LISTENER_FRONT_H
#define BRIDGE_LISTENER_FRONT_H

#include "listener/listener.h"

/* Never changed: a renew puts another in its place, and workers hold theirs. */
struct front {
	struct share share; /* first */
	struct arena *own;
	struct net_ranges proxies; /* empty: there are none */
	enum forward header;
	bool protocol; /* a connection begins with a PROXY header */
};

/* Reads what the settings say; held once. NULL with why. */
struct front *front_new(const struct listener_address *a,
    struct fault *why) MUST_CHECK;
void front_drop(struct front *f); /* by one of its holders; NULL is fine */

static inline bool
front_trusts(const struct front *f, const struct net_address *a)
{
	return f->proxies.count > 0 && net_ranges_hold(&f->proxies, a);
}

#endif
