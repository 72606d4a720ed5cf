/* delivery/delivery_flight.h - a sender and its flights, from inside. */
#ifndef BRIDGE_DELIVERY_FLIGHT_H
#define BRIDGE_DELIVERY_FLIGHT_H

#include "delivery/delivery_refused.h"
#include "delivery/delivery_sender.h"

/* Updates merged behind one at most. */
#define CLAIM_MERGE 32

/* One update, or several merged, on its way to the API. */
struct flight {
	struct sender *sender;
	struct flight *next, *before; /* of the sender's */
	char id[JOURNAL_ID_SIZE];
	unsigned n, attempts, flags;
	int64_t age_ms;   /* when it was handed out */
	int64_t begun_us; /* ... which was then */
	struct journal_settle settle;
	struct call_trace trace;
	struct gate_pass pass;
	char route[JOURNAL_NAME_MAX + 1];
	int64_t lease_until_us;
	struct event *again; /* of a settlement; NULL: the first is good */
	char *alone; /* the head's own body, where others were merged with it */
	sender_told *told;
	void *arg;
};

struct sender {
	struct event_base *base;
	struct journal *journal;
	struct journal_port *port;
	struct upstream_target *target;
	struct upstream_pool *pool;
	const struct routes *routes; /* NULL: none */
	struct refusals refused;
	struct event *timer;
	struct str name;
	size_t slots, busy, again; /* again: of the busy, tried before */
	size_t asked;              /* of the claim under way, granted */
	uint64_t seed;
	struct tracer tracer;
	bool claiming;
	bool retired; /* claims nothing more */
	bool stopped; /* ... and sends nothing more */
	bool woken;   /* ... while the claim was under way */
	struct journal_claim claim;
	int64_t claimed_us;    /* when it was handed in */
	struct gate_pass pass; /* of the claim under way */
	struct arena *arena;   /* the claim's: not ours while it is */
	struct arena *scratch; /* of one answer */
	struct flight *flights;
};

/*
 * Sends a head that was claimed and what follows it, count items: settled
 * when the API has answered, and put off where it cannot be sent now.
 */
void flight_send(struct sender *s, const struct journal_item *items,
    size_t count);
void flight_free(struct flight *f);

#endif
