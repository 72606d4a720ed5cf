/*
 * upstream/upstream_gate.h - may calls go to the API now? Private to this
 * room; the door (upstream.h) has it by target.
 *
 *	closed		calls go, as many as the rate allows
 *	open		nothing goes until a time; why is told
 *	half-open	that time is over: one call goes, and decides
 */
#ifndef BRIDGE_UPSTREAM_GATE_H
#define BRIDGE_UPSTREAM_GATE_H

#include <pthread.h>

#include "upstream/upstream.h"

#define GATE_FAILURES 5 /* in a row open the breaker */
#define GATE_DOUBTS 2   /* in a row pause the key, or the target */

struct gate {
	pthread_mutex_t lock;
	enum gate_event why; /* it is open; GATE_WELL: it is closed */
	unsigned failures;   /* in a row */
	unsigned doubts;     /* ... calls said to be forbidden, or elsewhere */
	/* Counts openings and closings: a call from before says nothing new. */
	unsigned epoch;
	bool probing;
	int64_t until_ms;   /* it stays open */
	int64_t backoff_ms; /* of the last opening */
	int64_t rate;       /* calls a second; 0: any number */
	int64_t tokens;     /* thousandths of a call */
	int64_t filled_ms;
	unsigned metric; /* its target's number among the metrics' names */
};

void gate_init(struct gate *g, int64_t rate, unsigned metric);
void gate_done(struct gate *g);
/*
 * How many of `wanted` calls may start now; each has to be noted once. 0:
 * *wait_ms says when to ask again. now_ms: of a clock that never jumps.
 */
size_t gate_ask(struct gate *g, size_t wanted, int64_t now_ms,
    struct gate_pass *pass, int64_t *wait_ms);
/* A call that could not wait: it is taken of those that come. */
void gate_charge(struct gate *g);
/* What held it before a note, and does now; GATE_WELL: nothing. */
struct gate_change {
	enum gate_event before, now;
	int64_t until_ms; /* it stays open */
};
/* delay_ms: of GATE_THROTTLED, how long the API wants to be left alone. */
struct gate_change gate_note(struct gate *g, struct gate_pass pass,
    enum gate_event event, int64_t delay_ms, int64_t now_ms);

#endif
