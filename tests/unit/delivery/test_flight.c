/*
 * tests/unit/delivery/test_flight.c - what a sender does with what it leased.
 *
 * Journal and upstream are doubles of ours: ops and calls are kept as they
 * are handed in, and end when a test says so.
 */
#include <stdio.h>

#include <event2/event.h>

#include "unit/cmocka_all.h"

#include "delivery/delivery_flight.h"
#include "metrics/metrics.h"

#define ID "019ac000-0000-7000-8000-000000000000"
#define CALLS 4
#define MINUTE INT64_C(60000)
#define SECOND_US INT64_C(1000000)

struct upstream_call {
	struct bytes body;
	int64_t until_us;
	char key[128];
	upstream_done *done;
	void *arg;
};

static struct upstream_call calls[CALLS];
static size_t call_count;

struct upstream_call *
upstream_begin(struct upstream_pool *p, size_t most)
{
	struct upstream_call *call = &calls[call_count];

	(void)p;
	assert_true(call_count < CALLS);
	bytes_init(&call->body, most);
	call->until_us = INT64_MAX;
	return call;
}

struct bytes *
upstream_body(struct upstream_call *call)
{
	return &call->body;
}

void
upstream_until(struct upstream_call *call, int64_t us)
{
	call->until_us = us;
}

/* Nothing is traced here. */
void
upstream_context(struct upstream_call *call, struct str traceparent,
    struct str tracestate)
{
	(void)call;
	(void)traceparent;
	(void)tracestate;
	fail();
}

void
upstream_send(struct upstream_call *call, struct str lead_id,
    struct str idempotency_key, upstream_done *done, void *arg)
{
	assert_true(str_eq(lead_id, STR("l1")));
	assert_true(bytes_ok(&call->body));
	snprintf(call->key, sizeof(call->key), "%.*s",
	    STR_ARG(idempotency_key));
	call->done = done;
	call->arg = arg;
	call_count++;
}

static struct journal_claim *claim; /* the last that was handed in */
static struct journal_settle *settled;
static size_t settle_count;

void
journal_submit(struct journal_port *p, struct journal_op *op)
{
	(void)p;
	if (op->verb == JOURNAL_CLAIM) {
		claim = (struct journal_claim *)op;
	} else {
		assert_int_equal(op->verb, JOURNAL_SETTLE);
		settled = (struct journal_settle *)op;
		settle_count++;
	}
}

bool
journal_shared(const struct journal *j)
{
	(void)j;
	return false;
}

static struct event_base *base;
static struct secrets *secrets;
static struct settings_file *file;
static struct upstream_target *target;
static struct sender *sender;

static int
begin(void **state)
{
	struct faults all = { 0 };
	struct fault why = { 0 };

	(void)state;
	file = settings_parse(STR("api = { url = \"http://127.0.0.1:1\"; "
	                          "api_key = \"key\"; "
	                          "timeout = \"600s\"; rate = 20; };"),
	    "unit.cfg", &all);
	secrets = secrets_of("key", STR("unit-key"), &why);
	target = upstream_target_new("api",
	    config_setting_get_member(settings_root(file), "api"), secrets,
	    &all);
	assert_non_null(target);
	base = event_base_new();
	sender = sender_new(
	    &(struct sender_setup){ .base = base, .target = target });
	call_count = settle_count = 0;
	claim = NULL;
	settled = NULL;
	return 0;
}

static int
end(void **state)
{
	(void)state;
	sender_free(sender);
	event_base_free(base);
	upstream_target_free(target);
	settings_close(file);
	secrets_free(secrets);
	for (size_t i = 0; i < CALLS; i++)
		bytes_done(&calls[i].body);
	return 0;
}

/* Leased while it was accepted, and on its way. */
static void
send_one(void)
{
	const struct journal_lease lease = { .lead = "l1" };
	struct sender_update u = { .id = ID,
		.lease = &lease,
		.leased_us = clock_mono_us(),
		.body = STR("{\"a\":1}") };

	assert_true(sender_take(sender, &u.pass));
	assert_non_null(sender_send(sender, &u));
}

/* A claim comes back with these. */
static void
claimed(struct journal_item *items, size_t count, int64_t next_ms)
{
	for (size_t i = 0; i < count; i++) {
		memcpy(items[i].id, ID, sizeof(ID));
		memcpy(items[i].lease.lead, "l1", sizeof("l1"));
		items[i].n = (unsigned)i;
		items[i].order = 10 + i;
		items[i].follows = i > 0;
	}
	sender_look(sender);
	assert_non_null(claim);
	claim->items = items;
	claim->count = count;
	claim->next_ms = next_ms;
	claim->op.result = JOURNAL_OK;
	claim->op.done(&claim->op);
}

static void
answer(size_t call, int status, struct str retry_after)
{
	const struct upstream_answer a = { .outcome = UPSTREAM_ANSWERED,
		.status = status,
		.content_type = STR("application/json"),
		.retry_after = retry_after,
		.body = status < 300 ? STR("{\"success\":true,\"data\":null}")
		                     : STR("{\"success\":false}") };

	assert_true(call < call_count);
	calls[call].done(calls[call].arg, &a);
}

/* How long the gate holds all the others; 0: it does not. */
static int64_t
held_ms(void)
{
	struct gate_pass pass;
	int64_t wait;

	return upstream_gate_ask(target, 1, &pass, &wait) == 0 ? wait : 0;
}

static void
store(enum journal_result result)
{
	settled->op.result = result;
	settled->op.done(&settled->op);
}

static void
all_the_others_wait_a_minute_at_most(void **state)
{
	(void)state;
	send_one();
	answer(0, 429, STR("3600"));
	assert_int_equal(settled->to, JOURNAL_WAITING);
	assert_int_equal(settled->delay_ms, 60 * MINUTE);
	assert_in_range(held_ms(), MINUTE / 2, MINUTE);
}

static void
and_a_second_where_the_api_does_not_say(void **state)
{
	int64_t start, held;

	(void)state;
	send_one();
	start = clock_mono_us();
	answer(0, 503, STR_NONE);
	held = held_ms();
	/* It may be over, where this thread had no time meanwhile. */
	if (clock_mono_us() - start < SECOND_US / 2)
		assert_true(held > 0);
	assert_true(held <= 1000);
}

/* The second lead is not tried: both are of one account. */
static void
an_account_that_has_not_paid_holds_all_its_updates(void **state)
{
	(void)state;
	send_one();
	answer(0, 402, STR_NONE);
	assert_int_equal(settled->to, JOURNAL_WAITING);
	assert_true(settled->unburnt);
	assert_string_equal(settled->reason,
	    "the API answered 402 Payment Required");
	assert_in_range(held_ms(), MINUTE / 2, MINUTE);
	assert_int_equal(metrics_value(METRIC_GATES, METRIC_GATE_PAYMENT), 1);
}

static void
what_cannot_be_read_is_put_off_and_nothing_counted(void **state)
{
	struct journal_item items[] = { { .attempts = 2 } };

	(void)state;
	sender_look(sender);
	fault_set(&claim->op.fault, FAULT_BUSY, NULL,
	    "sealed under another key");
	claimed(items, 1, -1);
	assert_int_equal(call_count, 0);
	assert_int_equal(settled->to, JOURNAL_WAITING);
	assert_int_equal(settled->delay_ms, MINUTE);
	assert_true(settled->unburnt);
	assert_int_equal(settled->status, 0);
	assert_non_null(strstr(settled->reason, "sealed under another key"));
	assert_int_equal(held_ms(), 0);
	assert_int_equal(sender->busy, 0);
	assert_int_equal(sender->again, 0);
	store(JOURNAL_OK);
	assert_null(sender->flights);
}

static void
nor_does_it_go_along_with_another(void **state)
{
	struct journal_item items[] = {
		{ .attempts = 1, .body = STR("{\"a\":1}") },
		{ .attempts = 1 },
		{ .attempts = 1, .body = STR("{\"a\":3}") },
	};

	(void)state;
	claimed(items, 3, -1);
	assert_int_equal(call_count, 1);
	assert_string_equal(calls[0].body.data, "{\"a\":1}");
	answer(0, 200, STR_NONE);
	assert_int_equal(settled->to, JOURNAL_DONE);
	assert_int_equal(settled->through, 0);
}

static void
a_second_call_ends_within_the_lease_of_the_first(void **state)
{
	struct journal_item items[] = {
		{ .attempts = 1, .body = STR("{\"a\":1}") },
		{ .attempts = 1, .body = STR("{\"a\":2}") },
	};

	(void)state;
	claimed(items, 2, -1);
	assert_string_equal(calls[0].body.data, "{\"a\":2}");
	assert_string_equal(calls[0].key, ID "-0-11");
	answer(0, 422, STR_NONE);
	assert_int_equal(call_count, 2);
	assert_string_equal(calls[1].body.data, "{\"a\":1}");
	assert_string_equal(calls[1].key, ID "-0-0");
	assert_true(calls[1].until_us < sender->flights->lease_until_us);
	assert_true(calls[1].until_us == calls[0].until_us);
	assert_int_equal(settle_count, 0);
	answer(1, 422, STR_NONE);
	assert_int_equal(settled->to, JOURNAL_DEAD);
	assert_int_equal(settled->through, 0);
	assert_int_equal(sender->busy, 0);
}

/* A call that was not asked for is one of the rate's all the same. */
static void
a_second_call_counts_against_the_rate(void **state)
{
	struct journal_item items[2] = { { .body = STR("{\"a\":1}"),
		                             .flags = JOURNAL_COALESCE },
		{ .body = STR("{\"b\":2}"), .flags = JOURNAL_COALESCE } };
	struct gate_pass pass;
	int64_t start, before = 0, wait = 0;

	(void)state;
	claimed(items, 2, -1);
	do
		start = clock_mono_us();
	while (upstream_gate_ask(target, 100, &pass, &before) > 0);
	answer(0, 422, STR_NONE);
	assert_int_equal(call_count, 2);
	(void)upstream_gate_ask(target, 1, &pass, &wait);
	/* 50 ms more than without the second call, or they have passed. */
	assert_true(wait + (clock_mono_us() - start) / 1000 > before + 25);
}

static void
a_settlement_that_is_not_stored_is_tried_again(void **state)
{
	(void)state;
	send_one();
	answer(0, 200, STR_NONE);
	for (size_t i = 1; i <= 3; i++) {
		assert_int_equal(settle_count, i);
		store(JOURNAL_UNAVAILABLE);
		assert_true(sender_busy(sender));
		assert_non_null(sender->flights);
		assert_true(evtimer_pending(sender->flights->again, NULL));
		while (settle_count == i)
			event_base_loop(base, EVLOOP_ONCE);
		assert_int_equal(settled->to, JOURNAL_DONE);
	}
	store(JOURNAL_OK);
	assert_null(sender->flights);
	assert_int_equal(call_count, 1);
}

static void
but_not_past_its_lease(void **state)
{
	(void)state;
	send_one();
	answer(0, 200, STR_NONE);
	sender->flights->lease_until_us = clock_mono_us() - 1;
	store(JOURNAL_UNAVAILABLE);
	assert_null(sender->flights);
}

static void
nor_once_it_is_stopped(void **state)
{
	(void)state;
	send_one();
	answer(0, 200, STR_NONE);
	sender_stop(sender);
	store(JOURNAL_UNAVAILABLE);
	assert_null(sender->flights);
}

static void
a_lost_lease_is_no_reason_to_try_again(void **state)
{
	(void)state;
	send_one();
	answer(0, 200, STR_NONE);
	store(JOURNAL_FENCED);
	assert_null(sender->flights);
}

static void
stopped_it_gives_back_what_it_leased(void **state)
{
	const struct journal_lease lease = { .lead = "l1" };
	struct sender_update u = { .id = ID, .lease = &lease };
	struct journal_item items[] = { { .attempts = 2,
	    .body = STR("{\"a\":1}") } };

	(void)state;
	assert_true(sender_take(sender, &u.pass));
	sender_look(sender);
	sender_stop(sender);
	assert_null(sender_send(sender, &u));
	assert_false(sender_take(sender, &u.pass));
	claimed(items, 1, -1);
	assert_int_equal(call_count, 0);
	assert_int_equal(settle_count, 2);
	assert_int_equal(settled->to, JOURNAL_WAITING);
	assert_int_equal(settled->delay_ms, 1000);
	assert_true(settled->unburnt);
	assert_string_equal(settled->reason, "busy: stopping");
	assert_int_equal(sender->busy, 0);
	assert_int_equal(sender->again, 0);
}

static struct journal_item two_along[] = {
	{ .attempts = 5, .body = STR("{\"a\":1}"), .flags = JOURNAL_COALESCE },
	{ .attempts = 1, .body = STR("{\"a\":2}"), .flags = JOURNAL_COALESCE },
};

/* A drain lets calls end as they will, and starts no more of them. */
static void
nothing_is_given_up_for_another_as_it_stops(void **state)
{
	(void)state;
	claimed(two_along, 2, -1);
	sender_stop(sender);
	answer(0, 422, STR_NONE);
	assert_int_equal(call_count, 1);
	assert_int_equal(settled->to, JOURNAL_WAITING);
	assert_true(settled->unburnt);
	assert_int_equal(settled->status, 422);
	assert_int_equal(sender->busy, 0);
}

static void
nor_for_its_heads_age(void **state)
{
	struct journal_item items[2] = { two_along[0], two_along[1] };

	(void)state;
	items[0].age_ms = RETRY_AGE_MAX_MS;
	items[0].attempts = RETRY_TRIES_LEAST;
	claimed(items, 2, -1);
	answer(0, 500, STR_NONE);
	assert_int_equal(settled->to, JOURNAL_DEAD);
	assert_int_equal(settled->through, 0);
	/* Younger, both of them wait. */
	store(JOURNAL_OK);
	items[0].age_ms = 0;
	claimed(items, 2, -1);
	answer(1, 500, STR_NONE);
	assert_int_equal(settled->to, JOURNAL_WAITING);
	assert_int_equal(settled->through, items[1].order);
}

static void
what_was_tried_before_is_told_by_its_notes(void **state)
{
	struct journal_item items[] = { { .attempts = 7,
	    .body = STR("{\"a\":1}") } };

	(void)state;
	claimed(items, 1, -1);
	answer(0, 404, STR_NONE);
	assert_int_equal(settled->delay_ms, MINUTE);
	items[0].flags = JOURNAL_TRACED | settled->notes;
	store(JOURNAL_OK);
	claimed(items, 1, -1);
	answer(1, 404, STR_NONE);
	assert_int_equal(settled->delay_ms, 5 * MINUTE);
	/* What cannot be sent keeps them. */
	items[0].flags = settled->notes;
	store(JOURNAL_OK);
	sender_look(sender);
	sender_stop(sender);
	claimed(items, 1, -1);
	assert_int_equal(settled->notes, items[0].flags);
	assert_true(settled->unburnt);
}

/* It is another's by now, or will be before a call could end. */
static void
what_comes_late_out_of_the_journal_is_not_sent(void **state)
{
	const struct journal_lease lease = { .lead = "l1" };
	struct sender_update u = { .id = ID,
		.lease = &lease,
		.body = STR("{\"a\":1}"),
		.leased_us = clock_mono_us() - sender_lease_ms(sender) * 1000 +
		    9 * SECOND_US };
	struct journal_item items[] = { { .attempts = 2,
	    .body = STR("{\"a\":1}") } };

	(void)state;
	assert_true(sender_take(sender, &u.pass));
	assert_null(sender_send(sender, &u));
	assert_int_equal(settled->to, JOURNAL_WAITING);
	assert_true(settled->unburnt);
	store(JOURNAL_FENCED);
	sender_look(sender);
	sender->claimed_us = u.leased_us;
	claimed(items, 1, -1);
	assert_int_equal(call_count, 0);
	assert_int_equal(settle_count, 2);
	assert_true(settled->unburnt);
	assert_string_equal(settled->reason,
	    "busy: its lease has nearly ended");
	assert_int_equal(sender->busy, 0);
	assert_int_equal(sender->again, 0);
	store(JOURNAL_OK);
	/* With what is left of it a call makes do. */
	u.leased_us = clock_mono_us() - sender_lease_ms(sender) * 1000 +
	    11 * SECOND_US;
	assert_true(sender_take(sender, &u.pass));
	assert_non_null(sender_send(sender, &u));
	assert_true(calls[0].until_us - clock_mono_us() <= SECOND_US);
}

/* When the sender looks by itself, in ms from now; 0: that is over. */
static int64_t
looks_in(void)
{
	struct timeval at, now;
	int64_t ms;

	assert_true(evtimer_pending(sender->timer, &at));
	event_base_gettimeofday_cached(base, &now);
	ms = (at.tv_sec - now.tv_sec) * 1000 +
	    (at.tv_usec - now.tv_usec) / 1000;
	return ms > 0 ? ms : 0;
}

static void
a_claim_that_gets_nothing_is_not_made_again_at_once(void **state)
{
	struct gate_pass pass;
	int64_t wait;

	(void)state;
	sender_look(sender);
	claim->count = 0;
	claim->next_ms = 0; /* second tries, of which enough are under way */
	claim->op.result = JOURNAL_OK;
	claim->op.done(&claim->op);
	assert_in_range(looks_in(), 100, 1100);
	/* Nor does it count against the rate. */
	assert_int_equal(upstream_gate_ask(target, 1000, &pass, &wait), 20);
}

static void
one_that_gets_something_is(void **state)
{
	struct journal_item items[] = { { .attempts = 1,
	    .body = STR("{\"a\":1}") } };

	(void)state;
	claimed(items, 1, 0);
	assert_in_range(looks_in(), 0, 400);
}

static void
a_wake_that_finds_a_claim_under_way_is_not_lost(void **state)
{
	struct journal_claim *first;

	(void)state;
	sender_look(sender);
	first = claim;
	sender_wake(sender);
	first->next_ms = -1; /* as it was when the claim was made */
	first->op.result = JOURNAL_OK;
	first->op.done(&first->op);
	assert_in_range(looks_in(), 0, 400);
	/* Once: the next claim that gets nothing rests again. */
	sender_look(sender);
	claim->count = 0;
	claim->next_ms = -1;
	claim->op.result = JOURNAL_OK;
	claim->op.done(&claim->op);
	assert_in_range(looks_in(), 30000, 61000);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(all_the_others_wait_a_minute_at_most),
		TEST(and_a_second_where_the_api_does_not_say),
		TEST(an_account_that_has_not_paid_holds_all_its_updates),
		TEST(what_cannot_be_read_is_put_off_and_nothing_counted),
		TEST(nor_does_it_go_along_with_another),
		TEST(a_second_call_ends_within_the_lease_of_the_first),
		TEST(a_second_call_counts_against_the_rate),
		TEST(a_settlement_that_is_not_stored_is_tried_again),
		TEST(but_not_past_its_lease),
		TEST(nor_once_it_is_stopped),
		TEST(a_lost_lease_is_no_reason_to_try_again),
		TEST(stopped_it_gives_back_what_it_leased),
		TEST(nothing_is_given_up_for_another_as_it_stops),
		TEST(nor_for_its_heads_age),
		TEST(what_was_tried_before_is_told_by_its_notes),
		TEST(what_comes_late_out_of_the_journal_is_not_sent),
		TEST(a_wake_that_finds_a_claim_under_way_is_not_lost),
		TEST(a_claim_that_gets_nothing_is_not_made_again_at_once),
		TEST(one_that_gets_something_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
