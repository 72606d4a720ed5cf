/* upstream/upstream_pool.c - one worker's connections to a target. */
#include <string.h>

#include "upstream/upstream_pool.h"

static struct timeval
timeval_of_us(int64_t us)
{
	return (struct timeval){ .tv_sec = (time_t)(us / 1000000),
		.tv_usec = (suseconds_t)(us % 1000000) };
}

void
pool_wake(struct upstream_pool *p)
{
	static const struct timeval now = { 0, 0 };

	if (!p->stopping && !evtimer_pending(&p->sweep, NULL))
		evtimer_add(&p->sweep, &now);
}

static void
empty_graveyard(struct upstream_pool *p)
{
	struct conn *c;

	while ((c = TAILQ_FIRST(&p->graveyard)) != NULL) {
		TAILQ_REMOVE(&p->graveyard, c, link);
		base_free(c);
	}
}

/*
 * Only the calls that had ended when the sweep began: done may start calls
 * that end at once, and the loop has other things to do.
 */
static void
on_sweep(evutil_socket_t fd, short what, void *arg)
{
	struct upstream_pool *p = arg;
	size_t count = p->ended.count;

	(void)fd, (void)what;
	empty_graveyard(p);
	pool_pump(p);
	p->running++;
	while (count-- > 0 && !TAILQ_EMPTY(&p->ended.calls) && !p->buried)
		call_report_end(TAILQ_FIRST(&p->ended.calls));
	p->running--;
	if (p->buried && p->running == 0)
		upstream_pool_free(p);
	else if (p->ended.count > 0)
		pool_wake(p);
}

/* A connection that rests so long gives back TLS's buffers. */
#define REST_US ((int64_t)1000000)

/* The next look at those at rest: one may be due for its end before. */
static void
rest_timer(struct upstream_pool *p, const struct conn *oldest)
{
	int64_t due = oldest->idle_since_us +
	    p->target->options.idle_timeout_ms * 1000;
	int64_t left = due - clock_mono_us();
	struct timeval tv;

	if (left > REST_US)
		left = REST_US;
	tv = timeval_of_us(left > 0 ? left : 0);
	evtimer_add(&p->idle_timer, &tv);
}

void
pool_watch_idle(struct upstream_pool *p)
{
	if (!evtimer_pending(&p->idle_timer, NULL))
		rest_timer(p, TAILQ_LAST(&p->idle, conns));
}

static void
on_idle_timer(evutil_socket_t fd, short what, void *arg)
{
	struct upstream_pool *p = arg;
	int64_t now = clock_mono_us();
	int64_t before = now - p->target->options.idle_timeout_ms * 1000;
	struct conn *c, *oldest;

	(void)fd, (void)what;
	while ((oldest = TAILQ_LAST(&p->idle, conns)) != NULL &&
	    oldest->idle_since_us <= before)
		conn_close(oldest);
	TAILQ_FOREACH_REVERSE(c, &p->idle, conns, idle)
	{
		if (c->idle_since_us > now - REST_US)
			break;
		conn_warm(c, false);
	}
	if (oldest != NULL)
		rest_timer(p, oldest);
}

/* A lookup ended: whoever waits for it goes on, or ends. */
static void
on_names(void *arg, const char *problem)
{
	struct upstream_pool *p = arg;
	struct conn *c, *next;

	for (c = TAILQ_FIRST(&p->conns); c != NULL; c = next) {
		next = TAILQ_NEXT(c, link);
		if (c->state == CONN_RESOLVING)
			conn_resolved(c, problem);
	}
}

static void
list_init(struct call_list *list)
{
	TAILQ_INIT(&list->calls);
	list->count = 0;
}

struct upstream_pool *
upstream_pool_new(struct event_base *base, const struct upstream_target *t)
{
	struct upstream_pool *p = base_alloc(sizeof(*p));

	p->base = base;
	p->target = t;
	TAILQ_INIT(&p->conns);
	TAILQ_INIT(&p->idle);
	TAILQ_INIT(&p->graveyard);
	list_init(&p->queue);
	list_init(&p->ended);
	SLIST_INIT(&p->spare);
	evtimer_assign(&p->sweep, base, on_sweep, p);
	evtimer_assign(&p->idle_timer, base, on_idle_timer, p);
	/* Deadlines all have the same length: a list serves, not a heap. */
	p->timeout = timeval_of_us(t->options.timeout_ms * 1000);
	p->deadline = event_base_init_common_timeout(base, &p->timeout);
	if (p->deadline == NULL)
		p->deadline = &p->timeout;
	p->names = names_new(base, &t->url, on_names, p);
	return p;
}

void
upstream_pool_follow(struct upstream_pool *p,
    const struct upstream_pool *before)
{
	names_follow(p->names, before->names);
}

static void
stop_call(struct upstream_call *call)
{
	call_end(call, UPSTREAM_STOPPED, "leadbridge is stopping");
}

/* Those that wait, and those that have a connection, which closes. */
static void
stop_calls(struct upstream_pool *p)
{
	struct conn *c, *next;

	while (!TAILQ_EMPTY(&p->queue.calls))
		stop_call(TAILQ_FIRST(&p->queue.calls));
	for (c = TAILQ_FIRST(&p->conns); c != NULL; c = next) {
		next = TAILQ_NEXT(c, link);
		if (c->call != NULL)
			stop_call(c->call);
	}
}

/* All calls end, then all connections close; done runs for each. */
static void
pool_stop(struct upstream_pool *p)
{
	p->stopping = true;
	stop_calls(p);
	event_del(&p->sweep);
	event_del(&p->idle_timer);
	p->running++;
	while (!TAILQ_EMPTY(&p->ended.calls))
		call_report_end(TAILQ_FIRST(&p->ended.calls));
	p->running--;
	while (!TAILQ_EMPTY(&p->conns))
		conn_close(TAILQ_FIRST(&p->conns));
}

void
upstream_pool_free(struct upstream_pool *p)
{
	if (p == NULL)
		return;
	if (!p->stopping)
		pool_stop(p);
	p->buried = p->running > 0;
	if (p->buried)
		return;
	empty_graveyard(p);
	call_free_spare(p);
	names_free(p->names);
	wire_forget_session(&p->memory);
	explicit_bzero(p->scratch, sizeof(p->scratch));
	base_free(p);
}

/* Puts the call on a connection; false when it has to wait for one. */
static bool
serve(struct upstream_pool *p, struct upstream_call *call)
{
	struct conn *c = TAILQ_FIRST(&p->idle); /* served last: in the cache */

	if (c != NULL)
		conn_begin(c, call);
	else if (p->conn_count < (size_t)p->target->options.connections &&
	    p->opening < POOL_OPENING)
		conn_open(p, call);
	else
		return false;
	return true;
}

void
pool_pump(struct upstream_pool *p)
{
	struct upstream_call *call;

	while ((call = TAILQ_FIRST(&p->queue.calls)) != NULL && !p->stopping)
		if (!serve(p, call))
			return;
}

/* Calls that may wait: for connections yet to be opened, and the queue. */
static size_t
queue_room(const struct upstream_pool *p)
{
	return (size_t)p->target->options.queue +
	    (size_t)p->target->options.connections - p->conn_count;
}

static bool
id_is_safe(struct str id)
{
	for (size_t i = 0; i < id.len; i++) {
		char c = id.at[i];

		if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
		        (c >= 'A' && c <= 'Z') || c == '_' || c == '-'))
			return false;
	}
	return id.len >= 1 && id.len <= UPSTREAM_ID_MAX;
}

struct upstream_call *
upstream_begin(struct upstream_pool *p, size_t most)
{
	return call_begin(p, most);
}

struct bytes *
upstream_body(struct upstream_call *call)
{
	return &call->request;
}

/* What ends a header, or begins another, is in none of ours. */
static bool
is_field_value(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.at[i] != '\t' && (s.at[i] < ' ' || s.at[i] > '~'))
			return false;
	return true;
}

void
upstream_context(struct upstream_call *call, struct str traceparent,
    struct str tracestate)
{
	if (!is_field_value(traceparent) || !is_field_value(tracestate))
		bug("upstream_context: not a field's value");
	call->traceparent = traceparent;
	call->tracestate = tracestate;
}

/* Prints the head and puts the call on its way; what does not go, ends. */
static void
submit(struct upstream_call *call, struct str lead_id,
    struct str idempotency_key, upstream_done *done, void *arg)
{
	struct upstream_pool *p = call->pool;

	if (p->stopping)
		bug("upstream_send: the pool is being freed");
	call_start(call, done, arg);
	if (!call_print_head(call, lead_id, idempotency_key))
		call_end(call, UPSTREAM_BUSY, "no memory for the request");
	else if (p->queue.count == 0 && serve(p, call))
		return;
	else if (p->queue.count < queue_room(p))
		call_move(call, &p->queue);
	else
		call_end(call, UPSTREAM_BUSY,
		    "all connections are taken, and the queue is full");
}

void
upstream_send(struct upstream_call *call, struct str lead_id,
    struct str idempotency_key, upstream_done *done, void *arg)
{
	if (!id_is_safe(lead_id))
		bug("upstream_send: not a lead id");
	submit(call, lead_id, idempotency_key, done, arg);
}

void
upstream_post(struct upstream_call *call, upstream_done *done, void *arg)
{
	if (call->pool->target->metric != UPSTREAM_UNCOUNTED)
		bug("upstream_post: not to a collector");
	submit(call, STR_NONE, STR_NONE, done, arg);
}

struct upstream_call *
upstream_patch(struct upstream_pool *p, struct str lead_id, struct str body,
    struct str idempotency_key, upstream_done *done, void *arg)
{
	struct upstream_call *call = upstream_begin(p, body.len);

	bytes_add_str(upstream_body(call), body);
	upstream_send(call, lead_id, idempotency_key, done, arg);
	return call;
}

void
upstream_cancel(struct upstream_call *call)
{
	struct conn *c = call->conn;

	if (c != NULL) {
		c->call = NULL;
		call->conn = NULL;
		conn_close(c);
	}
	call_retire(call);
}
