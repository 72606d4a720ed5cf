/* unit/upstream/suite.c - the stage that programs of this room play on. */
#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "unit/loopback.h"
#include "unit/upstream/suite.h"

int sends_to_fail;

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

void
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

void
open_stage(struct stage *s, const char *more)
{
	struct faults all = { 0 };
	struct fault why = { 0 };
	uint16_t port;
	char *text;

	*s = (struct stage){ .base = event_base_new() };
	s->listener = loopback_listen(CONNS, &port);
	text = base_print("t = { url = \"http://127.0.0.1:%u\"; "
	                  "api_key = \"k\"; %s };",
	    port, more);
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

unsigned
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

void
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

void
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

struct upstream_call *
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

void
run_until(struct stage *s, const unsigned *count, unsigned want)
{
	for (int turn = 0; *count < want && turn < 1000; turn++)
		event_base_loop(s->base, EVLOOP_ONCE);
	assert_int_equal(*count, want);
}

void
open_served(struct stage *s, struct ended *e)
{
	open_stage(s, "");
	ask(s, e);
	run_until(s, &e->count, 1);
}
