/* A pool's connections: which are opened and kept, and what goes over them. */
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "unit/upstream/suite.h"

static void
one_connection_serves_call_after_call(void **state)
{
	struct ended e = { 0 };
	struct stage s;
	int64_t connects = metrics_value(METRIC_UPSTREAM_CONNECTS, 0);
	int64_t reuses = metrics_value(METRIC_UPSTREAM_REUSES, 0);
	int64_t good = metrics_value(METRIC_UPSTREAM, label(ANSWER_2XX));
	int64_t timed = metrics_value(METRIC_UPSTREAM_TIME, label(0));

	(void)state;
	open_stage(&s, "");
	for (unsigned i = 1; i <= 5; i++) {
		ask(&s, &e);
		run_until(&s, &e.count, i);
		assert_int_equal(e.outcome, UPSTREAM_ANSWERED);
	}
	assert_int_equal(s.conns, 1);
	assert_int_equal(metrics_value(METRIC_UPSTREAM_CONNECTS, 0),
	    connects + 1);
	assert_int_equal(metrics_value(METRIC_UPSTREAM_REUSES, 0), reuses + 4);
	assert_int_equal(metrics_value(METRIC_UPSTREAM, label(ANSWER_2XX)),
	    good + 5);
	assert_int_equal(metrics_value(METRIC_UPSTREAM_TIME, label(0)),
	    timed + 5);
	assert_int_equal(metrics_value(METRIC_UPSTREAM_CONNS,
	                     label(METRIC_CONN_IDLE)),
	    1);
	close_stage(&s);
}

/* Busy, a connection keeps TLS's buffers; at rest it only stays open. */
static void
a_connection_at_rest_gives_back_its_buffers(void **state)
{
	struct ended e = { 0 };
	struct stage s;
	struct conn *c;

	(void)state;
	open_stage(&s, "idle_timeout = \"60s\";");
	ask(&s, &e);
	run_until(&s, &e.count, 1);
	c = TAILQ_FIRST(&s.pool->idle);
	assert_true(c->warm);
	while (c->warm)
		event_base_loop(s.base, EVLOOP_ONCE);
	assert_ptr_equal(TAILQ_FIRST(&s.pool->idle), c);
	assert_true(clock_mono_us() - c->idle_since_us >= 900000);
	ask(&s, &e);
	run_until(&s, &e.count, 2);
	assert_true(c->warm);
	assert_int_equal(s.conns, 1);
	close_stage(&s);
}

static void
a_burst_opens_few_connections_at_once(void **state)
{
	struct ended e[12] = { { 0 } };
	struct stage s;

	(void)state;
	open_stage(&s, "connections = 12; queue = 0;");
	s.silent = true; /* each call keeps its connection */
	for (size_t i = 0; i < COUNT_OF(e); i++)
		ask(&s, &e[i]);
	while (s.conns == 0)
		event_base_loop(s.base, EVLOOP_ONCE);
	assert_in_range(s.conns, 1, 8);
	run_until(&s, &s.requests, COUNT_OF(e));
	assert_int_equal(s.conns, COUNT_OF(e));
	close_stage(&s);
	for (size_t i = 0; i < COUNT_OF(e); i++) {
		assert_int_equal(e[i].outcome, UPSTREAM_STOPPED);
		assert_false(e[i].unsent);
	}
}

static void
a_burst_is_served_by_the_connections_that_are_there(void **state)
{
	struct ended e[12] = { { 0 } };
	struct stage s;

	(void)state;
	open_stage(&s, "connections = 12;");
	for (size_t i = 0; i < COUNT_OF(e); i++)
		ask(&s, &e[i]);
	for (size_t i = 0; i < COUNT_OF(e); i++)
		run_until(&s, &e[i].count, 1);
	assert_in_range(s.conns, 1, 12);
	assert_int_equal(s.requests, COUNT_OF(e));
	close_stage(&s);
}

/* A kept connection that takes not a byte: once more, on a new one. */
static void
what_was_never_written_is_tried_once_more(void **state)
{
	struct ended e = { 0 };
	struct stage s;

	(void)state;
	open_served(&s, &e);
	sends_to_fail = 1;
	ask(&s, &e);
	run_until(&s, &e.count, 2);
	assert_int_equal(e.outcome, UPSTREAM_ANSWERED);
	assert_int_equal(s.conns, 2);
	assert_int_equal(s.requests, 2);

	sends_to_fail = 2;
	ask(&s, &e);
	run_until(&s, &e.count, 3);
	assert_int_equal(e.outcome, UPSTREAM_NO_CONNECT);
	assert_int_equal(s.requests, 2);
	close_stage(&s);
}

static void
a_new_connection_that_takes_nothing_is_a_failure(void **state)
{
	struct ended e = { 0 };
	int64_t before[UNANSWEREDS];
	struct stage s;

	(void)state;
	open_stage(&s, "");
	for (unsigned i = 0; i < UNANSWEREDS; i++)
		before[i] = metrics_value(METRIC_UPSTREAM_FAILURES, label(i));
	sends_to_fail = 1;
	ask(&s, &e);
	run_until(&s, &e.count, 1);
	assert_int_equal(e.outcome, UPSTREAM_NO_CONNECT);
	assert_int_equal(sends_to_fail, 0);
	for (unsigned i = 0; i < UNANSWEREDS; i++)
		assert_int_equal(metrics_value(METRIC_UPSTREAM_FAILURES,
		                     label(i)) -
		        before[i],
		    i == UNANSWERED_NO_CONNECT);
	close_stage(&s);
}

/* What was written is not tried again, though the connection was old. */
static void
what_was_written_is_never_sent_twice(void **state)
{
	struct ended e = { 0 };
	struct stage s;

	(void)state;
	open_served(&s, &e);
	s.silent = true;
	ask(&s, &e);
	run_until(&s, &s.requests, 2);
	shutdown(s.fds[0], SHUT_RDWR);
	run_until(&s, &e.count, 2);
	assert_int_equal(e.outcome, UPSTREAM_BROKEN);
	assert_int_equal(s.requests, 2);
	assert_int_equal(s.conns, 1);
	close_stage(&s);
}

/* An end that came after the last turn of the loop is seen all the same. */
static void
a_closed_connection_is_not_written_to(void **state)
{
	struct ended e = { 0 };
	struct stage s;

	(void)state;
	open_served(&s, &e);
	shutdown(s.fds[0], SHUT_RDWR);
	ask(&s, &e);
	run_until(&s, &e.count, 2);
	assert_int_equal(e.outcome, UPSTREAM_ANSWERED);
	assert_int_equal(s.requests, 2);
	assert_int_equal(s.conns, 2);
	close_stage(&s);
}

/* ... and so are bytes nobody asked for. */
static void
an_answer_nobody_asked_for_is_not_the_next_ones(void **state)
{
	static const char poison[] = "HTTP/1.1 404 No\r\nContent-Length: 2"
	                             "\r\n\r\nok";
	struct ended e = { 0 };
	struct stage s;

	(void)state;
	open_served(&s, &e);
	assert_true(write(s.fds[0], poison, sizeof(poison) - 1) > 0);
	ask(&s, &e);
	run_until(&s, &e.count, 2);
	assert_int_equal(e.outcome, UPSTREAM_ANSWERED);
	assert_int_equal(s.conns, 2);
	assert_int_equal(metrics_value(METRIC_UPSTREAM, label(ANSWER_4XX)), 0);
	close_stage(&s);
}

/*
 * A call that is on its way is written in this turn of the loop, at its end:
 * what came up to then is looked at, whether the loop was told or not.
 */
static void
what_comes_before_the_write_is_not_its_answer(void **state)
{
	(void)state;
	for (int told = 0; told <= 1; told++) {
		struct ended e = { 0 };
		struct stage s;

		open_served(&s, &e);
		ask(&s, &e);
		assert_int_equal(write(s.fds[0], ANSWER, sizeof(ANSWER) - 1),
		    sizeof(ANSWER) - 1);
		if (told == 1) { /* before it writes */
			event_del(&TAILQ_FIRST(&s.pool->conns)->writable);
			event_active(&TAILQ_FIRST(&s.pool->conns)->readable,
			    EV_READ, 0);
			event_active(&TAILQ_FIRST(&s.pool->conns)->writable,
			    EV_WRITE, 0);
		}
		run_until(&s, &e.count, 2);
		assert_int_equal(e.outcome, UPSTREAM_ANSWERED);
		assert_int_equal(s.requests, 2);
		assert_int_equal(s.conns, 2); /* the first was closed */
		close_stage(&s);
	}
}

/* What is there before the request cannot be its answer. */
static void
a_server_that_speaks_first_is_not_asked(void **state)
{
	struct ended e = { 0 };
	struct stage s;

	(void)state;
	open_stage(&s, "");
	ask(&s, &e); /* the kernel connects at once */
	on_accept(s.listener, EV_READ, &s);
	assert_true(write(s.fds[0], ANSWER, sizeof(ANSWER) - 1) > 0);
	run_until(&s, &e.count, 1);
	assert_int_equal(e.outcome, UPSTREAM_NO_CONNECT);
	assert_int_equal(s.requests, 0);
	close_stage(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_connection_serves_call_after_call),
		cmocka_unit_test(a_connection_at_rest_gives_back_its_buffers),
		cmocka_unit_test(a_burst_opens_few_connections_at_once),
		cmocka_unit_test(
		    a_burst_is_served_by_the_connections_that_are_there),
		cmocka_unit_test(what_was_never_written_is_tried_once_more),
		cmocka_unit_test(
		    a_new_connection_that_takes_nothing_is_a_failure),
		cmocka_unit_test(what_was_written_is_never_sent_twice),
		cmocka_unit_test(a_closed_connection_is_not_written_to),
		cmocka_unit_test(
		    an_answer_nobody_asked_for_is_not_the_next_ones),
		cmocka_unit_test(what_comes_before_the_write_is_not_its_answer),
		cmocka_unit_test(a_server_that_speaks_first_is_not_asked),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
