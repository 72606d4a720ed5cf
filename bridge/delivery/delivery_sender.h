/*
 * delivery/delivery_sender.h - takes what is due from the journal to the API.
 *
 * One a worker and target, on the worker's loop. It claims as many lanes as
 * it has free slots and the target's gate lets through, sends their heads,
 * and settles what became of them by delivery_retry.h. An update that was
 * leased while it was accepted is sent without a claim.
 */
#ifndef BRIDGE_DELIVERY_SENDER_H
#define BRIDGE_DELIVERY_SENDER_H

#include "delivery/delivery_retry.h"
#include "delivery/delivery_trace.h"

struct event_base;
struct routes;
struct sender;

struct sender_setup {
	struct event_base *base;
	struct journal *journal;
	struct journal_port *port;
	struct upstream_target *target;
	struct upstream_pool *pool;
	const struct routes *routes; /* what items are told by; NULL: none */
	uint64_t seed;               /* of the jitter */
	struct tracer tracer;
};

struct sender *sender_new(const struct sender_setup *setup) MUST_CHECK;
/*
 * Claims nothing more; what is claimed, or leased by an accept, still goes
 * out. Once it is not busy, and nothing is accepted by it, it can be freed.
 */
void sender_retire(struct sender *s);
/*
 * Takes nothing more; fine to be called again. The pool's calls are to be ended
 * next, then the port freed; after that sender_free.
 */
void sender_stop(struct sender *s);
void sender_free(struct sender *s); /* NULL is fine */
/* Something was sent, and what became of it is not on the disk yet. */
bool sender_busy(const struct sender *s);
/* Something may be due, or a slot is free. */
void sender_look(struct sender *s);
/*
 * The journal says that something became due. A claim under way may have been
 * made before it did, so there is another look behind it.
 */
void sender_wake(struct sender *s);

/* How long a lease has to last: longer than any attempt. */
int64_t sender_lease_ms(const struct sender *s);
/*
 * True when one more update may be sent at once; it counts as under way
 * until sender_send or sender_leave is called for it.
 */
bool sender_take(struct sender *s, struct gate_pass *pass);
/* Only claims count against a rate that other nodes have a part of. */
bool sender_shares_rate(const struct sender *s);
/* What was taken is not sent: its lane was not idle, or it was not stored. */
void sender_leave(struct sender *s, struct gate_pass pass);

/* Who wants to know how an update ended; called once, before it settles. */
typedef void sender_told(void *arg, unsigned n,
    const struct upstream_answer *answer, const struct retry_verdict *verdict);

struct sender_update {
	const char *id; /* of the delivery */
	struct str route;
	unsigned n;
	const struct journal_lease *lease;
	int64_t leased_us;     /* when its accept was handed in, or before */
	struct gate_pass pass; /* of sender_take */
	struct str body;
	unsigned flags;
	const struct call_trace *trace; /* it came in; NULL: none */
	sender_told *told;              /* NULL: nobody */
	void *arg;
};
struct flight;
/*
 * Sends what was taken; all it is given is copied. NULL when the sender was
 * stopped meanwhile, or the lease has nearly run out: it stays in the journal,
 * and nobody is told.
 */
struct flight *sender_send(struct sender *s, const struct sender_update *u);
/* Nobody wants to know any more. Only until told has run. */
void flight_forget(struct flight *f);

#endif
