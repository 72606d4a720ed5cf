/*
 * listener/listener_crowd.h - what all workers of a listener share: how many
 * are in, from where, how often, and how much memory they hold.
 *
 * Atomic numbers, no lock. What is counted by address stands in tables of a
 * fixed size, in two places each, found by a hash that nobody outside can
 * foresee, and the lower of the two counts: an address is taken for a crowd
 * when both its places are full. Nothing is ever evicted, and a place is
 * filled by connections that are open, or by requests that were let in, of
 * which there are only so many. So an attacker cannot choose whose places he
 * fills, and has to be at the limit from thousands of addresses at once to
 * meet many others by chance. IPv6 counts by /64, which is what one customer
 * has, and by /48, which some have and which is 65,536 of those: a /48 may take
 * what CROWD_SITE of them may. Any thread.
 */
#ifndef BRIDGE_LISTENER_CROWD_H
#define BRIDGE_LISTENER_CROWD_H

#include "listener/listener.h"

struct crowd;

#define CROWD_SITE 16

struct crowd *crowd_new(void); /* without limits */
void crowd_limit(struct crowd *c, const struct listener_limits *limits);
void crowd_free(struct crowd *c); /* NULL is fine */

/* A connection came or went. */
void crowd_count(struct crowd *c, int by);
/* More may come in. Each worker looks before it accepts: one a worker more. */
bool crowd_has_room(const struct crowd *c);
/*
 * A worker that can make no room itself asks the others to (1), until there
 * is some (-1).
 */
void crowd_ask(struct crowd *c, int by);
bool crowd_is_asked(const struct crowd *c);

/* A connection of that address; false, and not counted, when it has too many.
 */
bool crowd_enter(struct crowd *c, const struct net_address *a) MUST_CHECK;
void crowd_leave(struct crowd *c, const struct net_address *a);
/* Connections of that address, of IPv6 of its /48; at the most. */
unsigned crowd_entered(const struct crowd *c, const struct net_address *a);

/*
 * A request of that address. 0: it is counted; else it is one too many, and
 * the next may come in so many us.
 */
int64_t crowd_wait(struct crowd *c, const struct net_address *a,
    int64_t now_us) MUST_CHECK;

/* Bytes of requests under way, more or (below 0) less. */
void crowd_hold(struct crowd *c, int64_t bytes);
/*
 * No request may be begun to be served; and, of three quarters of it, no
 * body may be read on: bodies of nobody knows whom do not keep out others.
 */
bool crowd_is_full(const struct crowd *c);
bool crowd_is_nearly_full(const struct crowd *c);

#endif
