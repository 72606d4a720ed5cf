/*
 * delivery/delivery_batch.c - many updates of one webhook: how each ended, and
 * the answer that tells all of them.
 */
#include <stdio.h>

#include "delivery/delivery_life.h"
#include "delivery/delivery_retry.h"

#define ANSWER_CEILING ((size_t)1 << 20)

/*
 * True when the next update would fail as this one did. One that was written
 * and not answered may be the fault of its lead: several in a row are not.
 */
static bool
is_out_of_reach(struct delivery *d, const struct upstream_answer *got)
{
	if (got->outcome == UPSTREAM_ANSWERED) {
		d->silent = 0;
		return false;
	}
	return upstream_outcome_unsent(got->outcome) ||
	    got->outcome == UPSTREAM_STOPPED || ++d->silent == DELIVERY_SILENT;
}

static void
give_up_rest(struct delivery *d, enum fault_code code, const char *reason)
{
	for (size_t i = d->next; i < d->events.count; i++)
		fault_set(&d->items[i].fault, code, NULL, "not tried: %s",
		    reason);
	d->next = d->events.count;
}

/*
 * libevent's clock ticks, and stands while events are handled: the timer of the
 * deadline may have run out a little before it.
 */
#define TICK_US 10000

/* The sender waits for the whole of it: none of it may go on without end. */
bool
delivery_batch_late(struct delivery *d)
{
	if (!d->events.batch || d->deadline_us == INT64_MAX ||
	    clock_mono_us() < d->deadline_us - TICK_US)
		return false;
	give_up_rest(d, FAULT_UPSTREAM_LATE,
	    "the sender would not wait for it; see patience");
	return true;
}

/* The API's latest word on when to come again. */
static void
note_retry_after(struct delivery *d, const struct upstream_answer *got)
{
	if ((got->status != 429 && got->status != 503) ||
	    got->retry_after.len == 0 ||
	    got->retry_after.len >= sizeof(d->retry_after))
		return;
	snprintf(d->retry_after, sizeof(d->retry_after), "%.*s",
	    STR_ARG(got->retry_after));
}

void
delivery_note(struct delivery *d, const struct upstream_answer *got)
{
	struct delivery_item *item = &d->items[d->next - 1];

	item->status = got->status;
	note_retry_after(d, got);
	if (delivery_use(got, d->exchange->arena, &item->fault) !=
	    ANSWER_USABLE)
		delivery_log(d, LOG_LEVEL_WARNING, "update failed",
		    delivery_oddity(got, &item->fault), got->status);
	delivery_blame(d, got);
	if (is_out_of_reach(d, got))
		give_up_rest(d, FAULT_UPSTREAM, "the API is out of reach");
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
	int told;

	if (item->fault.code != FAULT_NONE)
		return fault_kind(item->fault.code)->again;
	told = reply_status(map, item->status);
	return told == 429 || told >= 500 || item->status >= 500 ||
	    retry_may_pass(item->status);
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

/* When to come again: the API's latest word on it, or a little later. */
static void
say_when(const struct delivery *d, struct answer *a)
{
	if (d->retry_after[0] == '\0') {
		a->retry_after = 5;
		return;
	}
	a->extra_name = STR("Retry-After");
	a->extra_value = str_of(d->retry_after);
}

static void
print_body(const struct delivery *d, size_t failed, struct answer *a)
{
	struct bytes body;

	bytes_init_in(&body, d->exchange->arena, ANSWER_CEILING);
	print_report(d, failed, &body);
	a->body = bytes_str(&body);
	if (!bytes_ok(&body)) /* too long to tell one by one */
		a->body = failed == 0
		    ? STR("{\"success\":true,\"data\":null}")
		    : STR("{\"success\":false,\"error\":{\"code\":"
		          "\"PARTIAL_FAILURE\",\"message\":\"Some updates "
		          "failed\",\"details\":[]}}");
}

/*
 * All well: 200. Something failed that a retry may mend: 502, so that the
 * sender sends the batch again. Only failures that will fail again: 422.
 */
void
delivery_report(struct delivery *d)
{
	size_t failed = 0, again = 0;
	struct template_facts facts;
	struct answer a = { .status = 200 };

	for (size_t i = 0; i < d->events.count; i++) {
		if (item_ok(&d->items[i]))
			continue;
		failed++;
		again += item_again(d->route->reply, &d->items[i]);
	}
	if (failed > 0)
		a.status = again > 0 ? 502 : 422;
	if (again > 0)
		say_when(d, &a);
	if (d->state == DELIVERY_SENDING)
		delivery_move(d,
		    again > 0 ? DELIVERY_FAILED : DELIVERY_RELAYED);
	else
		delivery_move(d,
		    failed > 0 ? DELIVERY_REFUSED : DELIVERY_IGNORED);
	arena_rewind(d->exchange->arena, d->mark);
	print_body(d, failed, &a);
	d->update.lead_id = STR_NONE;
	facts = delivery_facts(d);
	reply_apply(d->route->reply,
	    failed == 0      ? REPLY_DELIVERED
	        : again == 0 ? REPLY_PARTIAL
	                     : REPLY_UNAVAILABLE,
	    &facts, &a);
	delivery_log(d, failed > 0 ? LOG_LEVEL_WARNING : LOG_LEVEL_INFO,
	    "batch", NULL, a.status);
	delivery_reply(d, &a);
}
