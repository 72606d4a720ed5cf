/* delivery/delivery_answer.c - the ends of a delivery: what the sender gets. */
#include <stdio.h>

#include "delivery/delivery_envelope.h"
#include "delivery/delivery_life.h"
#include "metrics/metrics.h"

void
delivery_reply(struct delivery *d, const struct answer *a)
{
	struct era *era = d->era;

	delivery_trace_end(d, a->status);
	d->exchange->reply(d->exchange, a);
	era->deliveries--;
}

struct template_facts
delivery_facts(const struct delivery *d)
{
	return (struct template_facts){ .delivery = str_of(d->id),
		.lead = d->update.lead_id,
		.arena = d->exchange->arena };
}

void
delivery_refuse(struct delivery *d, const struct fault *why, const char *reason)
{
	struct template_facts facts = delivery_facts(d);
	struct answer a;

	delivery_move(d, DELIVERY_REFUSED);
	d->trace.refused = why->code;
	metrics_add(METRIC_REFUSED, why->code, 1);
	answer_fault(&a, why, d->exchange->arena);
	if (why->code == FAULT_RATE)
		a.retry_after = delivery_rate_wait(d);
	if (why->code == FAULT_METHOD)
		a.allow = str_of(route_method(d->route));
	else if (d->route != NULL)
		reply_apply(d->route->reply, reply_of_fault(why->code), &facts,
		    &a);
	delivery_log(d, LOG_LEVEL_WARNING, "refused", reason, a.status);
	delivery_reply(d, &a);
}

void
delivery_ignore(struct delivery *d)
{
	struct template_facts facts = delivery_facts(d);
	struct answer a = { .status = 200,
		.body = STR("{\"success\":true,\"data\":{\"ignored\":true}}") };

	reply_apply(d->route->reply, REPLY_IGNORED, &facts, &a);
	delivery_move(d, DELIVERY_IGNORED);
	delivery_log(d, LOG_LEVEL_INFO, "ignored", NULL, a.status);
	delivery_reply(d, &a);
}

void
delivery_answer(struct delivery *d, const char *what, const struct answer *a)
{
	delivery_move(d, DELIVERY_ANSWERED);
	delivery_log(d, LOG_LEVEL_INFO, "answered", what, a->status);
	delivery_reply(d, a);
}

static bool
is_json(struct str content_type)
{
	struct str rest = content_type, kind;

	if (!str_cut(&rest, ';', &kind))
		return false;
	kind = str_trim(kind);
	return str_eq_nocase(kind, STR("application/json")) ||
	    (kind.len > 5 &&
	        str_eq_nocase(str_skip(kind, kind.len - 5), STR("+json")));
}

/* True where there is no answer, and why. */
static bool
is_silent(const struct upstream_answer *got, struct fault *why)
{
	if (got->outcome != UPSTREAM_ANSWERED) {
		enum fault_code code = FAULT_UPSTREAM;

		if (got->outcome == UPSTREAM_LATE ||
		    got->outcome == UPSTREAM_LATE_UNSENT)
			code = FAULT_UPSTREAM_LATE;
		else if (got->outcome == UPSTREAM_BUSY ||
		    got->outcome == UPSTREAM_STOPPED)
			code = FAULT_BUSY;
		fault_set(why, code, NULL, "%s",
		    upstream_outcome_name(got->outcome));
		return true;
	}
	if (got->status >= 300 && got->status < 400)
		fault_set(why, FAULT_UPSTREAM, NULL,
		    "the API answered with a redirect, which is not followed");
	else if (got->status < 300 && !is_json(got->content_type) &&
	    (got->body.len > 0 || got->content_type.len > 0))
		/* A page of somebody in between: the lead was not updated. */
		fault_set(why, FAULT_UPSTREAM, NULL,
		    "the API answered %d without JSON", got->status);
	return why->code != FAULT_NONE;
}

enum answer_use
delivery_use(const struct upstream_answer *got, struct arena *arena,
    struct fault *why)
{
	if (is_silent(got, why))
		return ANSWER_UNUSABLE;
	/* None is wanted of these, and what calls itself JSON has some. */
	if (got->status >= 300 || got->status == 204 ||
	    (got->body.len == 0 && got->content_type.len == 0))
		return ANSWER_USABLE;
	switch (envelope_word(got->body, arena)) {
	case ENVELOPE_FINE:
		break;
	case ENVELOPE_DECLINES:
		fault_set(why, FAULT_UPSTREAM, NULL,
		    "the API answered %d, and that it did not succeed",
		    got->status);
		return ANSWER_DECLINES;
	case ENVELOPE_BROKEN:
		fault_set(why, FAULT_UPSTREAM, NULL,
		    "the API answered %d with JSON that is cut off, or none",
		    got->status);
		return ANSWER_UNUSABLE;
	}
	return ANSWER_USABLE;
}

const char *
delivery_oddity(const struct upstream_answer *got, const struct fault *why)
{
	bool known = why->code != FAULT_NONE;

	if (known && (got->outcome == UPSTREAM_ANSWERED || got->reason == NULL))
		return why->text;
	return got->reason;
}

/*
 * An answer that is not JSON (a proxy's error page, say) is not the API's:
 * its status is relayed, in an envelope of our own.
 */
static struct str
foreign_body(struct delivery *d, const struct upstream_answer *got)
{
	struct bytes body;
	struct fault why = { 0 };

	if (got->reason != NULL)
		fault_set(&why, FAULT_UPSTREAM, NULL,
		    "the API answered %d, and %s", got->status, got->reason);
	else
		fault_set(&why, FAULT_UPSTREAM, NULL,
		    "the API answered %d without JSON", got->status);
	bytes_init_in(&body, d->exchange->arena, 2048);
	envelope_print(&why, &body);
	return bytes_ok(&body) ? bytes_str(&body) : STR("");
}

/* The API's own; an envelope of ours where it is no JSON. */
static void
take_answer(struct delivery *d, const struct upstream_answer *got,
    struct answer *a)
{
	*a = (struct answer){ .status = got->status,
		.content_type = STR("application/json"),
		.body = got->body };
	if (got->status >= 200 && !is_json(got->content_type) &&
	    (got->body.len > 0 || got->reason != NULL))
		a->body = foreign_body(d, got);
	if (got->retry_after.at != NULL) {
		a->extra_name = STR("Retry-After");
		a->extra_value = got->retry_after;
	}
}

void
delivery_relay(struct delivery *d, const struct upstream_answer *got)
{
	struct template_facts facts = delivery_facts(d);
	struct fault why = { 0 };
	struct answer a;
	enum answer_use use = delivery_use(got, d->exchange->arena, &why);
	bool failed = use != ANSWER_USABLE;

	delivery_move(d, failed ? DELIVERY_FAILED : DELIVERY_RELAYED);
	if (failed)
		metrics_add(METRIC_REFUSED, why.code, 1);
	if (use == ANSWER_UNUSABLE) {
		answer_fault(&a, &why, d->exchange->arena);
		reply_apply(d->route->reply, reply_of_fault(why.code), &facts,
		    &a);
	} else {
		take_answer(d, got, &a);
		if (use == ANSWER_DECLINES)
			reply_apply(d->route->reply, REPLY_DECLINED, &facts,
			    &a);
		else
			reply_apply_status(d->route->reply, &facts, &a);
	}
	delivery_log(d, failed ? LOG_LEVEL_WARNING : LOG_LEVEL_INFO,
	    failed ? "failed" : "relayed", delivery_oddity(got, &why),
	    a.status);
	delivery_blame(d, got);
	delivery_reply(d, &a);
}
