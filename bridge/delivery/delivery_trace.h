/*
 * delivery/delivery_trace.h - what of a delivery is told to a tracing system,
 * and the trace that its calls go on with.
 *
 * A traceparent counts once its sender has proven itself; whoever has not is
 * traced by the delivery's own id, and by the share that `sample` gives. What
 * no route has is not traced. Without tracing, the context a request came
 * with is still passed on, as it came, by the calls made while it is served.
 */
#ifndef BRIDGE_DELIVERY_TRACE_H
#define BRIDGE_DELIVERY_TRACE_H

#include "trace/trace.h"

struct delivery;

/* How an era traces; port NULL: it does not. */
struct tracer {
	struct trace_port *port;
	const struct trace_rules *rules;
};

/* What the calls of a delivery are told, and recorded under. */
struct call_trace {
	bool there;                   /* calls have a context */
	bool given;                   /* it is the sender's */
	bool recorded;                /* spans are */
	struct trace_context context; /* sent as it is, where none are */
	unsigned char above[TRACE_SPAN_SIZE]; /* parent of the calls' spans */
	struct str state;
	unsigned char attempt[TRACE_SPAN_SIZE]; /* span of the call under way */
	char parent[TRACE_PARENT_SIZE];         /* as it is sent */
};

struct delivery_trace {
	struct call_trace call;
	int64_t proven_us;       /* 0: not, or nothing is recorded */
	enum fault_code refused; /* why; FAULT_NONE: it was not */
};

/* A request whose sender has proven itself. */
void delivery_trace_proven(struct delivery *d);
/* It was answered: all spans but its calls'. */
void delivery_trace_end(struct delivery *d, int status);
/* For the flags of its items in the journal, so that those say it too. */
unsigned delivery_trace_flags(const struct delivery *d);

/* The trace of an item out of the journal. */
void call_trace_of_item(struct call_trace *t, const struct tracer *tracer,
    const char *id, unsigned flags);
/* Before each upstream_send; *t stays until its answer. */
void call_trace_begin(struct call_trace *t, const struct tracer *tracer,
    struct upstream_call *call);
/* Behind it. resent: times the same update was sent before. */
struct call_traced {
	const struct upstream_target *target;
	const char *id; /* of the delivery */
	unsigned resent;
	const struct upstream_answer *got;
};
void call_trace_end(const struct call_trace *t, const struct tracer *tracer,
    const struct call_traced *how);

#endif
