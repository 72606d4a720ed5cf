/* delivery/delivery_trace.c - spans of a delivery and of its calls. */
#include <string.h>

#include "delivery/delivery_life.h"

/* error.type of calls without an answer: one word each. */
static const char *const unanswered[UPSTREAM_OUTCOMES] = {
	[UPSTREAM_BUSY] = "busy",
	[UPSTREAM_NO_ADDRESS] = "no_address",
	[UPSTREAM_NO_CONNECT] = "no_connection",
	[UPSTREAM_NO_TLS] = "no_tls",
	[UPSTREAM_LATE_UNSENT] = "late_unsent",
	[UPSTREAM_LATE] = "late",
	[UPSTREAM_BROKEN] = "broken",
	[UPSTREAM_STOPPED] = "stopped",
};

static bool
is_on(const struct tracer *tracer)
{
	return tracer->port != NULL && tracer->rules != NULL;
}

/* Of its own id: nobody else began it, and the share decides. */
static void
begin_own(struct call_trace *t, const struct tracer *tracer, const char *id)
{
	t->there = trace_of_delivery(id, &t->context);
	t->recorded = t->there &&
	    trace_is_sampled(tracer->rules, t->context.trace);
	t->context.flags = t->recorded ? TRACE_SAMPLED : 0;
	memcpy(t->above, t->context.span, TRACE_SPAN_SIZE);
}

/* The sender's, who says whether it is recorded. */
static bool
begin_given(struct delivery *d)
{
	struct call_trace *t = &d->trace.call;
	struct trace_context own;

	if (!trace_of_request(&d->exchange->request, d->exchange->arena,
	        &t->context, &t->state) ||
	    !trace_of_delivery(d->id, &own))
		return false;
	t->there = t->given = true;
	t->recorded = is_on(&d->era->tracer) &&
	    (t->context.flags & TRACE_SAMPLED) != 0;
	memcpy(t->above, own.span, TRACE_SPAN_SIZE);
	return true;
}

void
delivery_trace_proven(struct delivery *d)
{
	struct call_trace *t = &d->trace.call;

	if (!begin_given(d) && is_on(&d->era->tracer))
		begin_own(t, &d->era->tracer, d->id);
	if (t->recorded)
		d->trace.proven_us = clock_mono_us();
}

unsigned
delivery_trace_flags(const struct delivery *d)
{
	const struct call_trace *t = &d->trace.call;

	if (!t->given)
		return 0;
	return (t->context.flags & TRACE_SAMPLED) != 0
	    ? JOURNAL_TRACED
	    : JOURNAL_TRACED | JOURNAL_UNSAMPLED;
}

void
call_trace_of_item(struct call_trace *t, const struct tracer *tracer,
    const char *id, unsigned flags)
{
	*t = (struct call_trace){ .there = false };
	if (!is_on(tracer) || (flags & JOURNAL_UNSAMPLED) != 0)
		return;
	begin_own(t, tracer, id);
	if ((flags & JOURNAL_TRACED) == 0)
		return;
	/* The request's span is in its sender's trace, not in this one. */
	memset(t->above, 0, TRACE_SPAN_SIZE);
	t->there = t->recorded;
}

void
call_trace_begin(struct call_trace *t, const struct tracer *tracer,
    struct upstream_call *call)
{
	struct trace_context next = t->context;

	if (!t->there)
		return;
	if (t->recorded) {
		trace_make_id(tracer->port, t->attempt);
		memcpy(next.span, t->attempt, TRACE_SPAN_SIZE);
		next.flags = TRACE_SAMPLED;
	}
	trace_parent_print(&next, t->parent);
	upstream_context(call, str_of(t->parent), t->state);
}

/* What all spans of a delivery have. */
static void
begin_span(struct trace_span *s, enum trace_kind kind,
    const struct call_trace *t, const char *id)
{
	struct trace_context own;

	*s = (struct trace_span){ .kind = kind };
	memcpy(s->trace, t->context.trace, TRACE_ID_SIZE);
	memcpy(s->parent, t->above, TRACE_SPAN_SIZE);
	if (trace_of_delivery(id, &own))
		memcpy(s->delivery, own.trace, TRACE_ID_SIZE);
}

void
call_trace_end(const struct call_trace *t, const struct tracer *tracer,
    const struct call_traced *how)
{
	const struct upstream_answer *got = how->got;
	struct trace_span s;

	if (!t->recorded)
		return;
	begin_span(&s, TRACE_ATTEMPT, t, how->id);
	memcpy(s.span, t->attempt, TRACE_SPAN_SIZE);
	s.end_us = clock_mono_us();
	s.start_us = s.end_us - got->took_us;
	s.status = got->status;
	s.failed = got->outcome != UPSTREAM_ANSWERED || got->status >= 400;
	s.error = unanswered[got->outcome];
	s.method = "PATCH";
	s.port = upstream_target_port(how->target);
	s.resent = how->resent;
	trace_text(s.place, sizeof(s.place),
	    str_of(upstream_target_host(how->target)));
	trace_text(s.name, sizeof(s.name),
	    str_of(upstream_target_name(how->target)));
	trace_record(tracer->port, &s);
}

/* A part of the request's own work. */
static void
record_part(const struct delivery *d, enum trace_kind kind, int64_t start_us,
    int64_t end_us, bool failed)
{
	struct trace_port *port = d->era->tracer.port;
	struct trace_span s;

	begin_span(&s, kind, &d->trace.call, d->id);
	trace_make_id(port, s.span);
	s.start_us = start_us;
	s.end_us = end_us;
	s.failed = failed;
	if (failed)
		s.error = fault_kind(d->trace.refused)->name;
	trace_record(port, &s);
}

/* As a constant; what HTTP does not know is a stranger's word. */
static const char *
method_of(struct str method)
{
	static const char *const known[] = { "POST", "GET", "PUT", "PATCH",
		"DELETE", "HEAD", "OPTIONS" };

	for (size_t i = 0; i < COUNT_OF(known); i++)
		if (str_eq(method, str_of(known[i])))
			return known[i];
	return TRACE_METHOD_OTHER;
}

static void
record_request(const struct delivery *d, int64_t start_us, int64_t now,
    int status)
{
	const struct call_trace *t = &d->trace.call;
	const struct request *r = &d->exchange->request;
	struct trace_span s;

	begin_span(&s, TRACE_SERVER, t, d->id);
	memcpy(s.span, t->above, TRACE_SPAN_SIZE);
	memset(s.parent, 0, TRACE_SPAN_SIZE);
	if (t->given)
		memcpy(s.parent, t->context.span, TRACE_SPAN_SIZE);
	s.start_us = start_us;
	s.end_us = now;
	s.status = status;
	s.failed = status >= 500;
	s.outcome = delivery_state_name(d->state);
	s.method = method_of(r->method);
	s.tls = r->tls;
	trace_text(s.place, sizeof(s.place), str_of(route_path(d->route)));
	if (route_sender(d->route) != NULL)
		trace_text(s.name, sizeof(s.name),
		    str_of(route_sender(d->route)));
	trace_record(d->era->tracer.port, &s);
}

/* Proof has an end where it held; mapping, where an update was made. */
static void
record_parts(const struct delivery *d, int64_t now)
{
	enum fault_code refused = d->trace.refused;
	int64_t proven = d->trace.proven_us, mapped = d->mapped_us;

	if (proven == 0) {
		if (refused != FAULT_METHOD)
			record_part(d, TRACE_VERIFY, d->started_us, now,
			    refused != FAULT_NONE);
		return;
	}
	record_part(d, TRACE_VERIFY, d->started_us, proven, false);
	record_part(d, TRACE_MAP, proven, mapped != 0 ? mapped : now,
	    mapped == 0 && refused != FAULT_NONE);
}

void
delivery_trace_end(struct delivery *d, int status)
{
	struct call_trace *t = &d->trace.call;
	const struct tracer *tracer = &d->era->tracer;
	int64_t now, start_us;

	if (!is_on(tracer) || d->route == NULL)
		return;
	if (!t->there)
		begin_own(t, tracer, d->id);
	if (!t->recorded)
		return;
	now = clock_mono_us();
	start_us = d->started_us - d->exchange->request.receive_us;
	record_part(d, TRACE_RECEIVE, start_us, d->started_us, false);
	record_parts(d, now);
	record_request(d, start_us, now, status);
}
