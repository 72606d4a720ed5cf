/*
 * The pool's promises to its caller: when done runs, who is freed when, what
 * a call holds, and for how long.
 */
#include <signal.h>
#include <string.h>

#include "unit/upstream/suite.h"

/* done may use the connection that has just brought its answer. */
static void
done_may_start_a_call(void **state)
{
	struct ended second = { 0 }, first = { .again = &second };
	struct stage s;

	(void)state;
	open_stage(&s, "");
	ask(&s, &first);
	run_until(&s, &second.count, 1);
	assert_int_equal(second.outcome, UPSTREAM_ANSWERED);
	assert_int_equal(s.conns, 1);
	close_stage(&s);
}

static void
a_full_queue_is_busy_but_not_at_once(void **state)
{
	struct ended e[4] = { { 0 } };
	struct stage s;

	(void)state;
	open_stage(&s, "connections = 1; queue = 2;");
	for (size_t i = 0; i < COUNT_OF(e); i++)
		ask(&s, &e[i]);
	assert_int_equal(metrics_value(METRIC_UPSTREAM_QUEUE, label(0)), 2);
	run_until(&s, &e[3].count, 1);
	assert_int_equal(e[3].outcome, UPSTREAM_BUSY);
	run_until(&s, &e[2].count, 1);
	assert_int_equal(e[0].outcome, UPSTREAM_ANSWERED);
	assert_int_equal(e[2].outcome, UPSTREAM_ANSWERED);
	assert_int_equal(s.conns, 1);
	close_stage(&s);
}

/* Calls that end at once, again and again, leave the loop its turns. */
static void
a_caller_that_insists_does_not_stop_the_loop(void **state)
{
	struct ended busy = { 0 }, served[2] = { { 0 } };
	struct stage s;

	(void)state;
	open_stage(&s, "connections = 1; queue = 1;");
	ask(&s, &served[0]);
	ask(&s, &served[1]);
	busy.again = &busy;
	ask(&s, &busy);
	run_until(&s, &served[0].count, 1);
	busy.again = NULL;
	run_until(&s, &served[1].count, 1);
	event_base_loop(s.base, EVLOOP_NONBLOCK);
	close_stage(&s);
}

static void
cancelled_calls_stay_silent(void **state)
{
	struct ended e[4] = { { 0 } };
	struct upstream_call *calls[4];
	struct stage s;

	(void)state;
	open_stage(&s, "connections = 1; queue = 2;");
	for (size_t i = 0; i < COUNT_OF(e); i++)
		calls[i] = ask(&s, &e[i]);
	upstream_cancel(calls[3]); /* ended, not yet reported */
	upstream_cancel(calls[0]); /* connecting */
	upstream_cancel(calls[1]); /* queued */
	run_until(&s, &e[2].count, 1);
	assert_int_equal(e[2].outcome, UPSTREAM_ANSWERED);
	assert_int_equal(e[0].count + e[1].count + e[3].count, 0);
	close_stage(&s);
}

static void
done_may_cancel_another_call(void **state)
{
	struct ended quiet = { 0 }, loud = { 0 };
	struct stage s;

	(void)state;
	open_stage(&s, "connections = 2;");
	s.silent = true;
	loud.cancels = ask(&s, &quiet);
	run_until(&s, &s.requests, 1);
	s.silent = false;
	ask(&s, &loud);
	run_until(&s, &loud.count, 1);
	assert_int_equal(loud.outcome, UPSTREAM_ANSWERED);
	close_stage(&s);
	assert_int_equal(quiet.count, 0);
}

static void
freeing_the_pool_ends_every_call_once(void **state)
{
	struct ended e[4] = { { 0 } };
	struct stage s;

	(void)state;
	open_stage(&s, "connections = 1; queue = 2;");
	s.silent = true;
	for (size_t i = 0; i < COUNT_OF(e); i++)
		ask(&s, &e[i]);
	close_stage(&s);
	for (size_t i = 0; i < COUNT_OF(e); i++) {
		assert_int_equal(e[i].count, 1);
		assert_true(e[i].unsent);
	}
	assert_int_equal(e[0].outcome, UPSTREAM_STOPPED);
	assert_int_equal(e[1].outcome, UPSTREAM_STOPPED);
	assert_int_equal(e[3].outcome, UPSTREAM_BUSY);
}

static void
done_may_free_the_pool(void **state)
{
	struct ended e[3] = { { .frees = true }, { 0 }, { 0 } };
	struct stage s;

	(void)state;
	open_stage(&s, "connections = 1;");
	for (size_t i = 0; i < COUNT_OF(e); i++)
		ask(&s, &e[i]);
	run_until(&s, &e[0].count, 1);
	assert_int_equal(e[0].outcome, UPSTREAM_ANSWERED);
	assert_int_equal(e[1].outcome, UPSTREAM_STOPPED);
	assert_int_equal(e[2].count, 1);
	close_stage(&s);

	/* ... from a failure's done as well */
	memset(e, 0, sizeof(e));
	open_stage(&s, "connections = 1; queue = 0;");
	e[1].frees = true;
	for (size_t i = 0; i < COUNT_OF(e); i++)
		ask(&s, &e[i]);
	run_until(&s, &e[1].count, 1);
	assert_int_equal(e[1].outcome, UPSTREAM_BUSY);
	assert_int_equal(e[0].outcome, UPSTREAM_STOPPED);
	assert_int_equal(e[2].count, 1);
	close_stage(&s);
}

/* As after SIGSTOP: the loop finds a socket to write to before the timer. */
static void
what_is_late_is_not_begun(void **state)
{
	struct ended e = { 0 };
	struct upstream_call *call;
	struct stage s;

	(void)state;
	open_served(&s, &e);
	call = upstream_begin(s.pool, 2);
	bytes_add_text(upstream_body(call), "{}");
	upstream_until(call, clock_mono_us());
	upstream_send(call, STR("lead_1"), STR_NONE, on_done, &e);
	run_until(&s, &e.count, 2);
	assert_int_equal(e.outcome, UPSTREAM_LATE_UNSENT);
	assert_true(e.unsent);
	for (int turn = 0; turn < 3; turn++)
		event_base_loop(s.base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
	assert_int_equal(s.requests, 1);
	close_stage(&s);
}

/* What is printed into the call goes out behind its head, in one write. */
static void
a_body_is_sent_from_where_it_was_printed(void **state)
{
	struct ended e = { 0 };
	struct upstream_call *call;
	struct stage s;

	(void)state;
	open_stage(&s, "");
	for (unsigned i = 1; i <= 3; i++) {
		const char *key = i == 2 ? "a\"\n1" : NULL;
		char want[64];

		call = upstream_begin(s.pool, 2000);
		bytes_addf(upstream_body(call), "{\"n\":%u}", i);
		upstream_send(call, STR("lead_1"), str_of(key), on_done, &e);
		run_until(&s, &e.count, i);
		assert_int_equal(s.requests, i);
		assert_memory_equal(s.last,
		    "PATCH /api/v1/leads/lead_1 HTTP/1.1\r\nHost: ", 43);
		assert_non_null(strstr(s.last, "\r\nX-API-Key: unit-key\r\n"));
		assert_true(
		    (strstr(s.last, "\r\nIdempotency-Key: a\"%0A1\r\n") !=
		        NULL) == (i == 2));
		snprintf(want, sizeof(want), "\r\n\r\n{\"n\":%u}", i);
		assert_string_equal(strstr(s.last, "\r\n\r\n"), want);
		assert_non_null(strstr(s.last, "Content-Length: 7\r\n"));
	}
	assert_int_equal(s.conns, 1);
	close_stage(&s);
}

/* Of one call: the next has its own, or none. */
static void
a_context_goes_with_one_call(void **state)
{
	static const struct {
		const char *parent, *state, *key, *fields;
	} cases[] = {
		{ "00-a-b-01", "a=1,b=2", "k",
		    "\r\nIdempotency-Key: k\r\ntraceparent: 00-a-b-01"
		    "\r\ntracestate: a=1,b=2\r\n\r\n{}" },
		{ NULL, NULL, NULL, "\r\nContent-Length: 2\r\n\r\n{}" },
		{ "00-c-d-00", NULL, NULL,
		    "\r\nContent-Length: 2\r\ntraceparent: 00-c-d-00"
		    "\r\n\r\n{}" },
	};
	struct ended e = { 0 };
	struct upstream_call *call;
	struct stage s;

	(void)state;
	open_stage(&s, "");
	for (unsigned i = 0; i < COUNT_OF(cases); i++) {
		call = upstream_begin(s.pool, 2);
		bytes_add_text(upstream_body(call), "{}");
		if (cases[i].parent != NULL)
			upstream_context(call, str_of(cases[i].parent),
			    str_of(cases[i].state));
		upstream_send(call, STR("lead_1"), str_of(cases[i].key),
		    on_done, &e);
		run_until(&s, &e.count, i + 1);
		assert_non_null(strstr(s.last, cases[i].fields));
	}
	close_stage(&s);
}

/* One call's memory serves the next, and has no key in it meanwhile. */
static void
calls_are_kept_without_the_key(void **state)
{
	struct ended e = { 0 };
	struct upstream_call *call;
	struct stage s;

	(void)state;
	open_stage(&s, "");
	for (unsigned i = 1; i <= 3; i++) {
		ask(&s, &e);
		run_until(&s, &e.count, i);
		assert_int_equal(s.pool->spare_count, 1);
		call = SLIST_FIRST(&s.pool->spare);
		assert_true(call->request.room > 0);
		assert_null(memmem(call->request.data, call->request.room,
		    "unit-key", 8));
	}
	call = upstream_begin(s.pool, 10);
	assert_int_equal(s.pool->spare_count, 0);
	bytes_add_text(upstream_body(call), "{");
	upstream_cancel(call);
	assert_int_equal(s.pool->spare_count, 1);
	assert_int_equal(s.requests, 3);
	close_stage(&s);
}

/* Its memory is in the processor's cache; that of the others may not be. */
static void
the_latest_call_serves_next(void **state)
{
	struct upstream_call *first, *second;
	struct stage s;

	(void)state;
	open_stage(&s, "");
	first = upstream_begin(s.pool, 10);
	second = upstream_begin(s.pool, 10);
	upstream_cancel(first);
	upstream_cancel(second);
	assert_int_equal(s.pool->spare_count, 2);
	assert_ptr_equal(upstream_begin(s.pool, 10), second);
	assert_ptr_equal(upstream_begin(s.pool, 10), first);
	upstream_cancel(first);
	upstream_cancel(second);
	close_stage(&s);
}

/* Neither in the queue, nor while its peer does not read it. */
static void
a_request_that_waits_holds_no_key(void **state)
{
	struct ended e = { 0 };
	struct upstream_call *call, *queued;
	struct stage s;

	(void)state;
	open_stage(&s, "connections = 1;");
	s.silent = true;
	call = upstream_begin(s.pool, (size_t)32 << 20);
	while (call->request.len < (size_t)16 << 20)
		bytes_add_text(upstream_body(call), "0123456789abcdef");
	upstream_send(call, STR("lead_1"), STR_NONE, on_done, &e);
	queued = ask(&s, &e);
	for (int turn = 0; !call->wrote && turn < 1000; turn++)
		event_base_loop(s.base, EVLOOP_ONCE);
	assert_true(call->wrote);
	assert_true(call->request.len > 0); /* there is more to be written */
	assert_null(
	    memmem(call->request.data, call->request.len, "unit-key", 8));
	assert_null(
	    memmem(queued->request.data, queued->request.len, "unit-key", 8));
	upstream_cancel(queued);
	upstream_cancel(call);
	close_stage(&s);
}

static void
a_body_past_its_ceiling_is_not_sent(void **state)
{
	struct ended e = { 0 };
	struct upstream_call *call;
	struct stage s;

	(void)state;
	open_stage(&s, "");
	call = upstream_begin(s.pool, 8);
	bytes_add_text(upstream_body(call), "12345678");
	assert_true(bytes_ok(upstream_body(call)));
	bytes_add_char(upstream_body(call), '9');
	assert_false(bytes_ok(upstream_body(call)));
	upstream_send(call, STR("lead_1"), STR_NONE, on_done, &e);
	run_until(&s, &e.count, 1);
	assert_int_equal(e.outcome, UPSTREAM_BUSY);
	close_stage(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(done_may_start_a_call),
		cmocka_unit_test(a_full_queue_is_busy_but_not_at_once),
		cmocka_unit_test(a_caller_that_insists_does_not_stop_the_loop),
		cmocka_unit_test(cancelled_calls_stay_silent),
		cmocka_unit_test(done_may_cancel_another_call),
		cmocka_unit_test(freeing_the_pool_ends_every_call_once),
		cmocka_unit_test(done_may_free_the_pool),
		cmocka_unit_test(what_is_late_is_not_begun),
		cmocka_unit_test(a_body_is_sent_from_where_it_was_printed),
		cmocka_unit_test(a_context_goes_with_one_call),
		cmocka_unit_test(calls_are_kept_without_the_key),
		cmocka_unit_test(the_latest_call_serves_next),
		cmocka_unit_test(a_request_that_waits_holds_no_key),
		cmocka_unit_test(a_body_past_its_ceiling_is_not_sent),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
