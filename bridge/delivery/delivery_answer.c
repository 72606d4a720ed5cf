/* delivery/delivery_answer.c - the ends of a delivery: what the sender gets. */
#include <stdio.h>

#include "delivery/delivery_life.h"
#include "metrics/metrics.h"

#define ANSWER_CEILING ((size_t)1 << 20)

static void
reply(struct delivery *d, const struct answer *a)
{
	d->exchange->reply(d->exchange, a);
}

void
delivery_refuse(struct delivery *d, const struct fault *why, const char *reason)
{
	struct answer a;

	delivery_move(d, DELIVERY_REFUSED);
	metrics_add(METRIC_REFUSED, why->code, 1);
	answer_fault(&a, why, d->exchange->arena);
	if (why->code == FAULT_METHOD)
		a.allow = str_of(route_method(d->route));
	else if (d->route != NULL)
		reply_apply(d->route->reply, reply_of_fault(why->code), &a);
	delivery_log(d, LOG_LEVEL_WARNING, "refused", reason, a.status);
	reply(d, &a);
}

void
delivery_ignore(struct delivery *d)
{
	struct answer a = { .status = 200,
		.body = STR("{\"success\":true,\"data\":{\"ignored\":true}}") };

	reply_apply(d->route->reply, REPLY_IGNORED, &a);
	delivery_move(d, DELIVERY_IGNORED);
	delivery_log(d, LOG_LEVEL_INFO, "ignored", NULL, a.status);
	reply(d, &a);
}

void
delivery_answer(struct delivery *d, const char *what, const struct answer *a)
{
	delivery_move(d, DELIVERY_ANSWERED);
	delivery_log(d, LOG_LEVEL_INFO, "answered", what, a->status);
	reply(d, a);
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

bool
delivery_no_answer(const struct upstream_answer *got, struct fault *why)
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

/*
 * An answer that is not JSON (a proxy's error page, say) is not the API's:
 * its status is relayed, in an envelope of our own.
 */
static struct str
foreign_body(struct delivery *d, int status)
{
	struct bytes body;
	struct fault why = { 0 };

	fault_set(&why, FAULT_UPSTREAM, NULL,
	    "the API answered %d without JSON", status);
	bytes_init_in(&body, d->exchange->arena, 2048);
	envelope_print(&why, &body);
	return bytes_ok(&body) ? bytes_str(&body) : STR("");
}

void
delivery_relay(struct delivery *d, const struct upstream_answer *got)
{
	struct fault why = { 0 };
	struct answer a = { .status = got->status, .body = got->body };
	bool failed = delivery_no_answer(got, &why);

	delivery_move(d, failed ? DELIVERY_FAILED : DELIVERY_RELAYED);
	if (failed) {
		metrics_add(METRIC_REFUSED, why.code, 1);
		answer_fault(&a, &why, d->exchange->arena);
		reply_apply(d->route->reply, reply_of_fault(why.code), &a);
	} else {
		if (got->status >= 200 && !is_json(got->content_type) &&
		    got->body.len > 0)
			a.body = foreign_body(d, got->status);
		a.content_type = STR("application/json");
		if (got->retry_after.at != NULL) {
			a.extra_name = STR("Retry-After");
			a.extra_value = got->retry_after;
		}
		reply_apply_status(d->route->reply, &a);
	}
	delivery_log(d, failed ? LOG_LEVEL_ERROR : LOG_LEVEL_INFO,
	    failed ? "failed" : "relayed",
	    failed && got->reason != NULL ? got->reason
	        : failed                  ? why.text
	                                  : NULL,
	    a.status);
	reply(d, &a);
}

/* "events[3]: text", as one detail of the envelope. */
static void
print_detail(struct bytes *out, size_t i, const struct delivery_item *item)
{
	char text[512];
	struct bytes b = { .data = text,
		.room = sizeof(text),
		.ceiling = sizeof(text) - 1 };

	bytes_addf(&b, "events[%zu]: ", i);
	if (item->fault.code != FAULT_NONE)
		fault_print(&item->fault, &b);
	else
		bytes_addf(&b, "the API answered %d", item->status);
	bytes_add_json(out, bytes_str(&b));
}

static bool
item_ok(const struct delivery_item *item)
{
	return item->skipped ||
	    (item->fault.code == FAULT_NONE && item->status >= 200 &&
	        item->status < 300);
}

/*
 * True when sending the same webhook again may mend this item, or the reply
 * map says that the sender should.
 */
static bool
item_again(const struct reply_map *map, const struct delivery_item *item)
{
	struct answer told = { .status = item->status };

	if (item->fault.code != FAULT_NONE)
		return fault_kind(item->fault.code)->again;
	reply_apply_status(map, &told);
	return told.status == 429 || told.status >= 500 ||
	    item->status == 401 || item->status == 403 || item->status == 408 ||
	    item->status == 429 || item->status >= 500;
}

static void
print_item(struct bytes *out, const struct delivery_item *item)
{
	bytes_add_text(out, "{\"leadId\":");
	if (item->lead_id[0] != '\0')
		bytes_add_json(out, str_of(item->lead_id));
	else
		bytes_add_text(out, "null");
	bytes_addf(out, ",\"success\":%s", item_ok(item) ? "true" : "false");
	if (item->skipped)
		bytes_add_text(out, ",\"ignored\":true");
	if (item->status > 0)
		bytes_addf(out, ",\"status\":%d", item->status);
	if (item->fault.code != FAULT_NONE) {
		bytes_add_text(out, ",\"code\":");
		bytes_add_json(out, str_of(fault_kind(item->fault.code)->name));
	}
	bytes_add_char(out, '}');
}

static void
print_report(const struct delivery *d, size_t failed, struct bytes *out)
{
	const char *comma = "";

	if (failed == 0) {
		bytes_add_text(out, "{\"success\":true,\"data\":{");
	} else {
		bytes_addf(out,
		    "{\"success\":false,\"error\":{\"code\":\"PARTIAL_FAILURE\""
		    ",\"message\":\"%zu of %zu updates failed\",\"details\":[",
		    failed, d->events.count);
		for (size_t i = 0; i < d->events.count; i++) {
			if (item_ok(&d->items[i]))
				continue;
			bytes_add_text(out, comma);
			print_detail(out, i, &d->items[i]);
			comma = ",";
		}
		bytes_add_text(out, "]},\"data\":{");
	}
	bytes_add_text(out, "\"updates\":[");
	for (size_t i = 0; i < d->events.count; i++) {
		if (i > 0)
			bytes_add_char(out, ',');
		print_item(out, &d->items[i]);
	}
	bytes_add_text(out, "]}}");
}

/*
 * All well: 200. Something failed that a retry may mend: 502, so that the
 * sender sends the batch again. Only failures that will fail again: 422.
 */
void
delivery_report(struct delivery *d)
{
	size_t failed = 0, again = 0;
	struct answer a = { .status = 200 };
	struct bytes body;

	for (size_t i = 0; i < d->events.count; i++) {
		if (item_ok(&d->items[i]))
			continue;
		failed++;
		again += item_again(d->route->reply, &d->items[i]);
	}
	if (failed > 0)
		a.status = again > 0 ? 502 : 422;
	if (again > 0)
		a.retry_after = 5;
	if (d->state == DELIVERY_SENDING)
		delivery_move(d,
		    again > 0 ? DELIVERY_FAILED : DELIVERY_RELAYED);
	else
		delivery_move(d,
		    failed > 0 ? DELIVERY_REFUSED : DELIVERY_IGNORED);
	arena_rewind(d->exchange->arena, d->mark);
	bytes_init_in(&body, d->exchange->arena, ANSWER_CEILING);
	print_report(d, failed, &body);
	a.body = bytes_str(&body);
	if (!bytes_ok(&body)) /* too long to tell one by one */
		a.body = failed == 0
		    ? STR("{\"success\":true,\"data\":null}")
		    : STR("{\"success\":false,\"error\":{\"code\":"
		          "\"PARTIAL_FAILURE\",\"message\":\"Some updates "
		          "failed\",\"details\":[]}}");
	reply_apply(d->route->reply,
	    failed == 0      ? REPLY_DELIVERED
	        : again == 0 ? REPLY_PARTIAL
	                     : REPLY_UNAVAILABLE,
	    &a);
	d->update.lead_id = STR_NONE;
	delivery_log(d, failed > 0 ? LOG_LEVEL_WARNING : LOG_LEVEL_INFO,
	    "batch", NULL, a.status);
	reply(d, &a);
}
