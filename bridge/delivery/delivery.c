/*
 * delivery/delivery.c - the steps of a delivery.
 *
 * A request is matched, proved, decoded, split into events; each event is
 * mapped and sent, one after the other, so that a batch keeps its order; the
 * end answers the sender. Callbacks translate and leave.
 */
#include <string.h>

#include "delivery/delivery_count.h"
#include "delivery/delivery_life.h"

static void delivery_next(struct delivery *d);

/* What a stranger wrote is no reason: by that the log tells what is alike. */
static const char *
astray(struct delivery *d, const char *reason)
{
	d->asked = delivery_asked_for(d);
	return reason;
}

static int
match(struct delivery *d, const char **reason, struct fault *why)
{
	*reason = NULL;
	switch (routes_match(d->era->routes, &d->exchange->request,
	    d->exchange->arena, &d->route, d->params, &d->input.param_count)) {
	case ROUTE_FOUND:
		return 0;
	case ROUTE_WRONG_METHOD:
		*reason = astray(d, "wrong method");
		return fault_set(why, FAULT_METHOD, NULL, "%s", "");
	case ROUTE_NOT_FOUND:
		break;
	}
	d->route = NULL;
	*reason = astray(d, "no such route");
	return fault_set(why, FAULT_ROUTE, NULL, "%s", "");
}

/* A GET that only its sender's handshake brought to the route. */
static bool
is_asking(const struct delivery *d)
{
	return !str_eq(d->exchange->request.method,
	    str_of(route_method(d->route)));
}

/* Senders are told the same whatever was wrong; the log knows. */
static enum verify_result
prove(struct delivery *d, const char **reason, struct fault *why)
{
	enum verify_result r = verifier_check(d->route->verifier,
	    &d->exchange->request, d->exchange->arena);

	if (r != VERIFY_OK) {
		*reason = verify_result_name(r);
		(void)fault_set(why, FAULT_UNSIGNED, NULL, "%s", "");
	} else {
		verifier_forget_token(d->route->verifier, &d->exchange->request,
		    d->exchange->arena);
	}
	return r;
}

/* 1 when the request was a handshake and is answered; 0 when it is none. */
static int
shake_hands(struct delivery *d, const char **reason, struct fault *why)
{
	struct answer a = { 0 };

	switch (handshake_try(d->route->handshake, &d->exchange->request,
	    d->exchange->arena, &a)) {
	case HANDSHAKE_DONE:
		delivery_answer(d, "handshake", &a);
		return 1;
	case HANDSHAKE_REFUSED:
		*reason = "handshake";
		return fault_set(why, FAULT_FORBIDDEN, NULL, "%s", "");
	case HANDSHAKE_NONE:
		break;
	}
	return 0;
}

/*
 * Whether the handshake is looked for. What proves itself is an event before
 * it is a handshake that anybody may send, or a header of ours could make an
 * event vanish; without a body it is none. What tries to prove itself and
 * fails is an event too: its sender has to hear of it.
 */
static bool
may_shake(const struct delivery *d, enum verify_result proof)
{
	const struct handshake *h = d->route->handshake;

	if (h == NULL)
		return false;
	if (handshake_proven(h))
		return proof == VERIFY_OK;
	return proof == VERIFY_MISSING ||
	    (proof == VERIFY_OK &&
	        (verifier_is_open(d->route->verifier) ||
	            d->exchange->request.body.len == 0));
}

/*
 * Proof, and what is answered here: handshake and ping. 1 answered, 0 it is
 * an event, -1 why.
 */
static int
greet(struct delivery *d, const char **reason, struct fault *why)
{
	bool asking = is_asking(d);
	enum verify_result proof = VERIFY_MISSING;
	int asked = 0;

	if (!asking)
		proof = prove(d, reason, why);
	if (may_shake(d, proof)) {
		struct fault other = { 0 };

		asked = shake_hands(d, reason, &other);
		if (asked == -1)
			*why = other;
	}
	if (asked != 0)
		return asked;
	if (asking) {
		*reason = astray(d, "wrong method");
		return fault_set(why, FAULT_METHOD, NULL, "%s", "");
	}
	if (proof == VERIFY_OK)
		return 0;
	delivery_count_unproven(d, proof);
	return -1;
}

/* 1 when the event is only a test of its sender, and is answered. */
static int
pong(struct delivery *d)
{
	struct template_facts facts = delivery_facts(d);
	struct answer a = { .status = 200,
		.body = STR("{\"success\":true,\"data\":{\"ping\":true}}") };

	if (d->route->ping == NULL ||
	    !condition_holds(d->route->ping, &d->exchange->request,
	        d->exchange->arena))
		return 0;
	reply_apply(d->route->reply, REPLY_PING, &facts, &a);
	delivery_answer(d, "ping", &a);
	return 1;
}

static void
fill_input(struct delivery *d, const struct document *document)
{
	const struct request *request = &d->exchange->request;
	struct mapping_input *in = &d->input;

	in->document = document;
	in->request = request;
	in->params = d->params;
	in->sender = str_of(d->route->settings.sender);
	/* It may stand in the body: finding it costs as much as decoding. */
	if (mapping_names_delivery(d->route->mapping))
		in->delivery_id = route_delivery_id(d->route, request,
		    d->exchange->arena);
	if (in->delivery_id.at == NULL)
		in->delivery_id = str_of(d->id);
	in->received_ms = request->received_ms;
	in->arena = d->exchange->arena;
}

static int
split(struct delivery *d, struct fault *why)
{
	size_t size;

	if (mapping_split(d->route->mapping, &d->input, &d->events, why) == -1)
		return -1;
	if (d->events.count > DELIVERY_UPDATES)
		return fault_set(why, FAULT_TOO_LARGE, "events",
		    "more than %d updates in one webhook", DELIVERY_UPDATES);
	d->mark = arena_mark(d->exchange->arena);
	if (!d->events.batch)
		return 0;
	size = d->events.count * sizeof(d->items[0]);
	d->items = arena_take(d->exchange->arena, size);
	if (d->items == NULL)
		return fault_set(why, FAULT_BUSY, NULL, "%s", "");
	memset(d->items, 0, size);
	d->mark = arena_mark(d->exchange->arena);
	return 0;
}

/*
 * When the sender has to have its answer: a tenth of its patience, a second at
 * most, is left to the way back, so that it is told our 504 and does not call
 * it a time-out of its own.
 */
static int64_t
deadline_of(const struct delivery *d)
{
	int64_t ms = route_patience(d->route), margin = ms / 10;

	if (ms == 0)
		return INT64_MAX;
	if (margin > DELIVERY_MARGIN_MS)
		margin = DELIVERY_MARGIN_MS;
	return d->started_us + (ms - margin) * 1000;
}

/* Everything before the first update; 1 when it is answered, -1 with why. */
static int
read_event(struct delivery *d, const char **reason, struct fault *why)
{
	const struct document *document;
	int rc;

	if (match(d, reason, why) == -1)
		return -1;
	d->deadline_us = deadline_of(d);
	rc = greet(d, reason, why);
	if (rc == 0)
		rc = pong(d);
	if (rc != 0)
		return rc;
	d->proven = true;
	delivery_trace_proven(d);
	if (delivery_take_rate(d, why) == -1)
		return -1;
	document = route_decode(&d->exchange->request, d->exchange->arena, why);
	if (document == NULL)
		return -1;
	fill_input(d, document);
	return split(d, why);
}

static const struct upstream_target *
target_of(const struct delivery *d)
{
	return d->era->routes->targets[d->route->target];
}

static void
on_answer(void *arg, const struct upstream_answer *got)
{
	struct delivery *d = arg;

	delivery_heard(d, got);
	call_trace_end(&d->trace.call, &d->era->tracer,
	    &(struct call_traced){ .target = target_of(d),
	        .id = d->id,
	        .got = got });
	if (!d->events.batch) {
		delivery_relay(d, got);
		return;
	}
	delivery_note(d, got);
	delivery_next(d);
}

static void
send_update(struct delivery *d, struct upstream_call *call)
{
	delivery_move(d, DELIVERY_SENDING);
	delivery_count_mapped(d);
	if (d->events.batch) {
		struct delivery_item *item = &d->items[d->next - 1];

		memcpy(item->lead_id, d->update.lead_id.at,
		    d->update.lead_id.len);
		item->lead_id[d->update.lead_id.len] = '\0';
		d->update.lead_id = str_of(item->lead_id);
	}
	upstream_until(call, d->deadline_us);
	call_trace_begin(&d->trace.call, &d->era->tracer, call);
	upstream_send(call, d->update.lead_id, STR_NONE, on_answer, d);
}

/* Maps the next event. 1 it is on its way, 0 it makes no update, -1 why. */
static int
try_event(struct delivery *d, struct fault *why)
{
	size_t i = d->next++;
	doc_node event = d->events.at != NULL ? d->events.at[i] : DOC_NONE;
	struct upstream_call
	    *call = upstream_begin(d->era->pools[d->route->target],
	        MAPPING_BODY_MAX);
	int rc;

	d->update = (struct mapping_update){ 0 };
	arena_rewind(d->exchange->arena, d->mark);
	rc = mapping_print(d->route->mapping, &d->input, event,
	    upstream_body(call), &d->update, why);
	if (rc == 0 && !d->update.skipped) {
		send_update(d, call);
		return 1;
	}
	upstream_cancel(call);
	if (rc == -1)
		delivery_count_fault(why);
	return rc;
}

/*
 * Maps events until one makes an update, and sends it; with none left,
 * answers. d may be gone when this returns.
 */
static void
delivery_next(struct delivery *d)
{
	while (d->next < d->events.count && !delivery_batch_late(d)) {
		struct fault why = { 0 };
		int rc = try_event(d, &why);

		if (rc == 1)
			return;
		if (!d->events.batch) {
			if (rc == -1)
				delivery_refuse(d, &why, why.text);
			else
				delivery_ignore(d);
			return;
		}
		d->items[d->next - 1].fault = why;
		d->items[d->next - 1].skipped = rc == 0;
	}
	delivery_report(d);
}

/* Of a journalled route, what its sender has proven is kept for a person. */
static void
give_up(struct delivery *d, const struct fault *why, const char *reason)
{
	if (reason == NULL)
		reason = why->text;
	if (!delivery_keep(d, why, reason))
		delivery_refuse(d, why, reason);
}

/* Only a route reads one; all else is answered by the head alone. */
bool
delivery_wants_body(void *mine, const struct request *r, struct arena *arena)
{
	const struct worker *w = mine;
	struct header params[ROUTE_PARAMS];
	const struct route *found;
	size_t count;

	return routes_match(w->era->routes, r, arena, &found, params, &count) ==
	    ROUTE_FOUND;
}

void
delivery_serve(void *mine, struct exchange *x)
{
	struct worker *w = mine;
	struct delivery *d = arena_take(x->arena, sizeof(*d));
	struct fault why = { 0 };
	const char *reason = NULL;
	int rc;

	if (w->port != NULL && delivery_tell_state(w, x))
		return;
	if (d == NULL) {
		exchange_refuse(x, FAULT_BUSY);
		return;
	}
	memset(d, 0, sizeof(*d));
	d->worker = w;
	d->era = w->era;
	d->era->deliveries++;
	d->exchange = x;
	d->started_us = clock_mono_us();
	delivery_make_id(w, x->request.received_ms, d->id);
	metrics_observe(METRIC_RECEIVE, 0, x->request.receive_us);
	rc = read_event(d, &reason, &why);
	if (rc == 1)
		return;
	if (rc == 0 && d->events.count == 0)
		delivery_ignore(d);
	else if (rc == 0 && d->route->settings.mode == ROUTE_RELAY)
		delivery_next(d);
	else if (rc == -1 || delivery_store(d, &why) == -1)
		give_up(d, &why, reason);
}
