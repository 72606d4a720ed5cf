/*
 * The pool's promises to its caller, on one loop with a server of ours on
 * the other end: when done runs, who is freed when, what is sent twice.
 */
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/event.h>

#include "unit/cmocka_all.h"

#include "metrics/metrics.h"
#include "upstream/upstream_pool.h"

#define CONNS 16
#define ANSWER "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

/* One loop, one server on it that answers or not, one pool. */
struct stage {
	struct event_base *base;
	struct event *accepting;
	int listener;
	int fds[CONNS];
	struct event *reads[CONNS];
	unsigned conns;
	unsigned requests;
	bool silent;     /* requests are read, not answered */
	char last[4096]; /* the latest piece of a request */
	struct secrets *secrets;
	struct settings_file *file;
	struct upstream_target *target;
	struct upstream_pool *pool;
};

static int sends_to_fail;

/* Stands before the C library's: the next sends can be made to fail. */
ssize_t
send(int fd, const void *data, size_t len, int flags)
{
	if (sends_to_fail > 0) {
		sends_to_fail--;
		errno = EPIPE;
		return -1;
	}
	return sendto(fd, data, len, flags, NULL, 0);
}

static void
on_request(evutil_socket_t fd, short what, void *arg)
{
	struct stage *s = arg;
	char text[4096];
	ssize_t n = read(fd, text, sizeof(text));

	(void)what;
	if (n <= 0)
		return;
	s->requests++;
	snprintf(s->last, sizeof(s->last), "%.*s", (int)n, text);
	if (!s->silent)
		assert_int_equal(write(fd, ANSWER, sizeof(ANSWER) - 1),
		    sizeof(ANSWER) - 1);
}

static void
on_accept(evutil_socket_t fd, short what, void *arg)
{
	struct stage *s = arg;
	int peer = accept4(fd, NULL, NULL, SOCK_NONBLOCK);

	(void)what;
	assert_true(peer != -1 && s->conns < CONNS);
	s->fds[s->conns] = peer;
	s->reads[s->conns] = event_new(s->base, peer, EV_READ | EV_PERSIST,
	    on_request, s);
	event_add(s->reads[s->conns++], NULL);
}

static uint16_t
listen_somewhere(struct stage *s)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t len = sizeof(at);

	s->listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	assert_int_equal(bind(s->listener, (struct sockaddr *)&at, sizeof(at)),
	    0);
	assert_int_equal(listen(s->listener, CONNS), 0);
	getsockname(s->listener, (struct sockaddr *)&at, &len);
	return ntohs(at.sin_port);
}

static void
open_stage(struct stage *s, const char *more)
{
	struct faults all = { 0 };
	struct fault why = { 0 };
	char *text;

	*s = (struct stage){ .base = event_base_new() };
	text = base_print("t = { url = \"http://127.0.0.1:%u\"; "
	                  "api_key = \"k\"; %s };",
	    listen_somewhere(s), more);
	s->accepting = event_new(s->base, s->listener, EV_READ | EV_PERSIST,
	    on_accept, s);
	event_add(s->accepting, NULL);
	s->secrets = secrets_of("k", STR("unit-key"), &why);
	s->file = settings_parse(str_of(text), "unit.cfg", &all);
	base_free(text);
	s->target = upstream_target_new("t",
	    config_setting_get_member(settings_root(s->file), "t"), s->secrets,
	    &all);
	assert_non_null(s->target);
	s->pool = upstream_pool_new(s->base, s->target);
}

static unsigned
label(unsigned value)
{
	return metric_of(metrics_name(METRIC_UPSTREAMS, "t"), value);
}

/* What was opened was closed, and counted each time. */
static void
assert_gauges_are_back(void)
{
	for (unsigned i = 0; i < METRIC_CONNS; i++)
		assert_int_equal(metrics_value(METRIC_UPSTREAM_CONNS, label(i)),
		    0);
	for (unsigned i = 0; i < METRIC_GATES_KINDS; i++)
		assert_int_equal(metrics_value(METRIC_GATE, label(i)), 0);
	assert_int_equal(metrics_value(METRIC_UPSTREAM_QUEUE, label(0)), 0);
}

static void
close_stage(struct stage *s)
{
	upstream_pool_free(s->pool);
	for (unsigned i = 0; i < s->conns; i++) {
		event_free(s->reads[i]);
		close(s->fds[i]);
	}
	event_free(s->accepting);
	close(s->listener);
	event_base_free(s->base);
	upstream_target_free(s->target);
	settings_close(s->file);
	secrets_free(s->secrets);
	assert_gauges_are_back();
}

/* What became of a call, and what its done does. */
struct ended {
	struct stage *stage;
	unsigned count;
	enum upstream_outcome outcome;
	bool unsent;
	struct ended *again; /* done starts this one */
	bool frees;          /* done frees the pool */
	struct upstream_call *cancels;
};

static struct upstream_call *ask(struct stage *s, struct ended *e);

static void
on_done(void *arg, const struct upstream_answer *a)
{
	struct ended *e = arg;

	e->count++;
	e->outcome = a->outcome;
	e->unsent = a->unsent;
	if (e->again != NULL)
		ask(e->stage, e->again);
	if (e->cancels != NULL)
		upstream_cancel(e->cancels);
	if (e->frees) {
		upstream_pool_free(e->stage->pool);
		e->stage->pool = NULL;
	}
	/* Still valid, whatever was done above. */
	if (a->outcome == UPSTREAM_ANSWERED)
		assert_str(a->body, "ok");
	else
		assert_non_null(a->reason);
}

static struct upstream_call *
ask(struct stage *s, struct ended *e)
{
	struct upstream_call *call;
	unsigned before = e->count;

	e->stage = s;
	call = upstream_patch(s->pool, STR("lead_1"), STR("{}"), STR_NONE,
	    on_done, e);
	assert_int_equal(e->count, before); /* never from inside */
	return call;
}

static void
run_until(struct stage *s, const unsigned *count, unsigned want)
{
	for (int turn = 0; *count < want && turn < 1000; turn++)
		event_base_loop(s->base, EVLOOP_ONCE);
	assert_int_equal(*count, want);
}

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

/* A kept connection that takes not a byte: once more, on a new one. */
static void
what_was_never_written_is_tried_once_more(void **state)
{
	struct ended e = { 0 };
	struct stage s;

	(void)state;
	open_stage(&s, "");
	ask(&s, &e);
	run_until(&s, &e.count, 1);
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
	open_stage(&s, "");
	ask(&s, &e);
	run_until(&s, &e.count, 1);
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
	open_stage(&s, "");
	ask(&s, &e);
	run_until(&s, &e.count, 1);
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
	open_stage(&s, "");
	ask(&s, &e);
	run_until(&s, &e.count, 1);
	assert_true(write(s.fds[0], poison, sizeof(poison) - 1) > 0);
	ask(&s, &e);
	run_until(&s, &e.count, 2);
	assert_int_equal(e.outcome, UPSTREAM_ANSWERED);
	assert_int_equal(s.conns, 2);
	assert_int_equal(metrics_value(METRIC_UPSTREAM, label(ANSWER_4XX)), 0);
	close_stage(&s);
}

/* What is there before the request cannot be its answer. */
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

		open_stage(&s, "");
		ask(&s, &e);
		run_until(&s, &e.count, 1);
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

/* As after SIGSTOP: the loop finds a socket to write to before the timer. */
static void
what_is_late_is_not_begun(void **state)
{
	struct ended e = { 0 };
	struct upstream_call *call;
	struct stage s;

	(void)state;
	open_stage(&s, "");
	ask(&s, &e);
	run_until(&s, &e.count, 1);
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
		cmocka_unit_test(a_body_is_sent_from_where_it_was_printed),
		cmocka_unit_test(a_context_goes_with_one_call),
		cmocka_unit_test(calls_are_kept_without_the_key),
		cmocka_unit_test(the_latest_call_serves_next),
		cmocka_unit_test(a_request_that_waits_holds_no_key),
		cmocka_unit_test(a_body_past_its_ceiling_is_not_sent),
		cmocka_unit_test(one_connection_serves_call_after_call),
		cmocka_unit_test(a_connection_at_rest_gives_back_its_buffers),
		cmocka_unit_test(done_may_start_a_call),
		cmocka_unit_test(a_full_queue_is_busy_but_not_at_once),
		cmocka_unit_test(a_burst_opens_few_connections_at_once),
		cmocka_unit_test(
		    a_burst_is_served_by_the_connections_that_are_there),
		cmocka_unit_test(a_caller_that_insists_does_not_stop_the_loop),
		cmocka_unit_test(cancelled_calls_stay_silent),
		cmocka_unit_test(done_may_cancel_another_call),
		cmocka_unit_test(freeing_the_pool_ends_every_call_once),
		cmocka_unit_test(done_may_free_the_pool),
		cmocka_unit_test(what_was_never_written_is_tried_once_more),
		cmocka_unit_test(
		    a_new_connection_that_takes_nothing_is_a_failure),
		cmocka_unit_test(what_was_written_is_never_sent_twice),
		cmocka_unit_test(a_closed_connection_is_not_written_to),
		cmocka_unit_test(
		    an_answer_nobody_asked_for_is_not_the_next_ones),
		cmocka_unit_test(what_comes_before_the_write_is_not_its_answer),
		cmocka_unit_test(what_is_late_is_not_begun),
		cmocka_unit_test(a_server_that_speaks_first_is_not_asked),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
