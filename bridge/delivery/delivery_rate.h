/*
 * delivery/delivery_rate.h - a route's `rate`: events a second, over all
 * workers. Private to the room.
 *
 * Only what was proven counts, so nobody can use up a sender's rate for it.
 */
#ifndef BRIDGE_DELIVERY_RATE_H
#define BRIDGE_DELIVERY_RATE_H

#include "base/base.h"

struct delivery;

/* NULL for a_second 0: any number. */
struct route_rate;
struct route_rate *route_rate_new(int64_t a_second);
void route_rate_free(struct route_rate *r); /* NULL is fine */

/* Takes one event's place; -1 with FAULT_RATE when there is none. */
int delivery_take_rate(const struct delivery *d, struct fault *why) MUST_CHECK;
/* Of one that was refused so: when to come again, in seconds. */
int delivery_rate_wait(const struct delivery *d);

#endif
