/*
 * trace/trace_exporter.c - the exporter's thread.
 *
 * It sleeps until its time comes round, a ring fills, other rules are given
 * or the end begins. One batch is in hand at a time: on its way, or waiting
 * to be tried again; what comes meanwhile waits in the rings, and is dropped
 * there when they are full.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include <event2/event.h>

#include "metrics/metrics.h"
#include "trace/trace_exporter.h"

/*
 * Of one batch, before it makes room for another that waits; with the waits
 * between, some 15 seconds and the calls. Where none waits it is tried on.
 */
#define TRIES 5
/* What waits at the end is given so long. */
#define END_MS 2000
/* The wall clock was set, and is followed. */
#define JUMP_US 10000
#define ANSWER_ARENA ((size_t)1 << 20)

struct given {
	const struct trace_rules *rules;
	struct share *share;
	bool there;
};

struct trace {
	int wake_fd;
	pthread_t thread;
	size_t queue;
	atomic_bool ending;

	pthread_mutex_t lock;
	struct trace_port *ports; /* the lock's; also what follows */
	struct given given;

	/* The thread's own: */
	const struct trace_rules *rules; /* NULL: what comes is dropped */
	struct share *share;
	struct event_base *base;
	struct event *wake, *tick, *again, *end;
	struct upstream_pool *pool;
	struct upstream_call *call; /* of the batch; or NULL */
	struct arena *arena;
	struct trace_span batch[TRACE_BATCH];
	size_t count; /* of the batch; 0: none is in hand */
	unsigned tries;
	int64_t ahead_us;
	bool failing; /* as the log has it */
};

static void look(struct trace *t, bool all);

static int64_t
measure_ahead(void)
{
	struct timespec wall;

	clock_gettime(CLOCK_REALTIME, &wall);
	return (int64_t)wall.tv_sec * 1000000 + wall.tv_nsec / 1000 -
	    clock_mono_us();
}

/* One figure for all spans of a trace, as long as the clock allows. */
static void
follow_clock(struct trace *t)
{
	int64_t ahead = measure_ahead();

	if (llabs(ahead - t->ahead_us) > JUMP_US)
		t->ahead_us = ahead;
}

static void
count_spans(enum metric_span as, size_t n)
{
	metrics_add(METRIC_TRACE_SPANS, as, (int64_t)n);
}

static size_t
waiting(struct trace *t)
{
	size_t n = 0;

	pthread_mutex_lock(&t->lock);
	for (struct trace_port *p = t->ports; p != NULL; p = p->next)
		n += ring_count(&p->ring);
	pthread_mutex_unlock(&t->lock);
	return n;
}

static bool
another_waits(struct trace *t)
{
	return waiting(t) >= wake_at(t->queue);
}

static void
fill_batch(struct trace *t)
{
	pthread_mutex_lock(&t->lock);
	t->count = ports_take(&t->ports, t->batch, TRACE_BATCH);
	pthread_mutex_unlock(&t->lock);
	t->tries = 0;
}

/* The batch is done with, one way or the other. */
static void
put_away(struct trace *t, enum metric_span as)
{
	count_spans(as, t->count);
	t->count = 0;
}

static void
drop_all(struct trace *t)
{
	do {
		put_away(t, METRIC_SPAN_DROPPED);
		fill_batch(t);
	} while (t->count > 0);
}

static void
tell_failing(struct trace *t, const char *reason)
{
	metrics_add(METRIC_TRACE_EXPORTS, METRIC_EXPORT_FAILED, 1);
	if (!t->failing)
		log_event(LOG_LEVEL_WARNING, "spans are not exported", "url",
		    t->rules->settings.url, "reason", reason, "do",
		    "look whether the collector runs; nothing else waits "
		    "for it",
		    NULL);
	t->failing = true;
}

static void
tell_well(struct trace *t)
{
	metrics_add(METRIC_TRACE_EXPORTS, METRIC_EXPORT_DONE, 1);
	if (t->failing)
		log_event(LOG_LEVEL_INFO, "spans are exported again", "url",
		    t->rules->settings.url, NULL);
	t->failing = false;
}

static void
leave(struct trace *t)
{
	event_base_loopbreak(t->base);
}

static void
on_taken(struct trace *t, const struct upstream_answer *a)
{
	size_t rejected = trace_rejected(a->body, t->count, t->arena);

	arena_reset(t->arena);
	count_spans(METRIC_SPAN_REFUSED, rejected);
	t->count -= rejected;
	put_away(t, METRIC_SPAN_EXPORTED);
	tell_well(t);
}

static void
try_again(struct trace *t, const struct upstream_answer *a)
{
	int64_t ms = trace_wait_ms(a, t->tries, clock_wall_ms());
	struct timeval in = { .tv_sec = (time_t)(ms / 1000),
		.tv_usec = (suseconds_t)(ms % 1000 * 1000) };

	evtimer_add(t->again, &in);
}

static void
on_failed(struct trace *t, const struct upstream_answer *a, bool again)
{
	char answered[64];

	snprintf(answered, sizeof(answered), "the collector answered %d %s",
	    a->status, http_reason(a->status));
	tell_failing(t,
	    a->outcome == UPSTREAM_ANSWERED ? answered
	        : a->reason != NULL         ? a->reason
	                            : upstream_outcome_name(a->outcome));
	if (!again)
		put_away(t, METRIC_SPAN_REFUSED);
	else if (atomic_load(&t->ending) ||
	    (t->tries >= TRIES && another_waits(t)))
		put_away(t, METRIC_SPAN_DROPPED);
	else
		try_again(t, a);
}

static void
on_answer(void *arg, const struct upstream_answer *a)
{
	struct trace *t = arg;
	enum trace_verdict verdict = trace_judge(a);

	t->call = NULL;
	if (a->outcome == UPSTREAM_STOPPED)
		return; /* it goes by the rules that come, or is dropped */
	if (verdict == TRACE_TAKEN)
		on_taken(t, a);
	else
		on_failed(t, a, verdict == TRACE_AGAIN);
	if (atomic_load(&t->ending) && verdict == TRACE_AGAIN)
		leave(t); /* nor would it take what else there is */
	else if (t->count == 0)
		look(t, atomic_load(&t->ending));
}

static void
send_batch(struct trace *t)
{
	struct upstream_call *call = upstream_begin(t->pool, TRACE_BODY_MAX);

	follow_clock(t);
	t->tries++;
	trace_print(t->batch, t->count, t->rules->settings.service_name,
	    t->ahead_us, upstream_body(call));
	t->call = call;
	upstream_post(call, on_answer, t);
}

/* Sends what waits where it is enough for a batch, or all that there is. */
static void
look(struct trace *t, bool all)
{
	if (t->rules == NULL) {
		drop_all(t);
	} else if (t->count == 0 && (all || another_waits(t))) {
		fill_batch(t);
		if (t->count > 0)
			send_batch(t);
	}
	if (atomic_load(&t->ending) && t->count == 0)
		leave(t);
}

static void
let_go(struct trace *t)
{
	upstream_pool_free(t->pool);
	t->pool = NULL;
	share_drop(t->share);
	t->rules = NULL;
	t->share = NULL;
}

static void
take_up(struct trace *t, const struct given *given)
{
	struct timeval every;

	t->rules = given->rules;
	t->share = given->share;
	evtimer_del(t->again);
	event_del(t->tick);
	if (t->rules == NULL)
		return;
	t->pool = upstream_pool_new(t->base, t->rules->collector);
	every = (struct timeval){
		.tv_sec = (time_t)(t->rules->settings.interval_ms / 1000),
		.tv_usec = (suseconds_t)(t->rules->settings.interval_ms % 1000 *
		    1000)
	};
	event_add(t->tick, &every);
}

/* A batch in hand goes by the new rules, from the start. */
static void
follow_rules(struct trace *t)
{
	struct given given;

	pthread_mutex_lock(&t->lock);
	given = t->given;
	t->given = (struct given){ 0 };
	pthread_mutex_unlock(&t->lock);
	if (!given.there)
		return;
	let_go(t);
	take_up(t, &given);
	if (t->count > 0 && t->rules != NULL) {
		t->tries = 0;
		send_batch(t);
	}
}

/* What waits to be tried again has one try more. */
static void
try_at_once(struct trace *t)
{
	evtimer_del(t->again);
	if (t->rules != NULL && t->call == NULL && t->count > 0)
		send_batch(t);
}

static void
on_wake(evutil_socket_t fd, short what, void *arg)
{
	static const struct timeval most = { .tv_sec = END_MS / 1000,
		.tv_usec = END_MS % 1000 * 1000 };
	struct trace *t = arg;
	eventfd_t count;

	(void)what;
	(void)eventfd_read(fd, &count);
	follow_rules(t);
	if (atomic_load(&t->ending)) {
		evtimer_add(t->end, &most);
		try_at_once(t);
	}
	look(t, atomic_load(&t->ending));
}

static void
on_tick(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	look(arg, true);
}

static void
on_again(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	send_batch(arg);
}

static void
on_end(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	leave(arg);
}

static void *
run(void *arg)
{
	struct trace *t = arg;

	event_base_loop(t->base, EVLOOP_NO_EXIT_ON_EMPTY);
	let_go(t);
	drop_all(t);
	return NULL;
}

static void
open_events(struct trace *t)
{
	t->base = event_base_new();
	t->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (t->base == NULL || t->wake_fd == -1)
		bug("no event base for the exporter: %s", strerror(errno));
	t->wake = event_new(t->base, t->wake_fd, EV_READ | EV_PERSIST, on_wake,
	    t);
	t->tick = event_new(t->base, -1, EV_PERSIST, on_tick, t);
	t->again = evtimer_new(t->base, on_again, t);
	t->end = evtimer_new(t->base, on_end, t);
	if (t->wake == NULL || t->tick == NULL || t->again == NULL ||
	    t->end == NULL || event_add(t->wake, NULL) == -1)
		bug("no events for the exporter");
}

static void
release(struct trace *t)
{
	struct trace_port *p;

	let_go(t);
	share_drop(t->given.share);
	while ((p = t->ports) != NULL) {
		t->ports = p->next;
		ring_done(&p->ring);
		base_free(p);
	}
	event_free(t->wake);
	event_free(t->tick);
	event_free(t->again);
	event_free(t->end);
	event_base_free(t->base);
	close(t->wake_fd);
	arena_free(t->arena);
	pthread_mutex_destroy(&t->lock);
	base_free(t);
}

struct trace *
trace_open(const struct trace_rules *r, struct share *share, struct fault *why)
{
	struct trace *t = base_alloc(sizeof(*t));

	pthread_mutex_init(&t->lock, NULL);
	t->queue = (size_t)r->settings.queue;
	t->arena = arena_new(ANSWER_ARENA);
	t->ahead_us = measure_ahead();
	open_events(t);
	share_hold(share);
	take_up(t, &(struct given){ .rules = r, .share = share });
	if (thread_begin(&t->thread, run, t, "tracing", why) == 0)
		return t;
	release(t);
	return NULL;
}

void
trace_renew(struct trace *t, const struct trace_rules *r, struct share *share)
{
	struct share *unseen;

	share_hold(share);
	pthread_mutex_lock(&t->lock);
	unseen = t->given.share;
	t->given = (struct given){ .rules = r, .share = share, .there = true };
	pthread_mutex_unlock(&t->lock);
	share_drop(unseen);
	trace_wake(t->wake_fd);
}

void
trace_close(struct trace *t)
{
	if (t == NULL)
		return;
	atomic_store(&t->ending, true);
	trace_wake(t->wake_fd);
	pthread_join(t->thread, NULL);
	release(t);
}

struct trace_port *
trace_port_new(struct trace *t)
{
	struct trace_port *p = base_alloc(sizeof(*p));

	port_init(p, t->queue, t->wake_fd);
	pthread_mutex_lock(&t->lock);
	p->next = t->ports;
	t->ports = p;
	pthread_mutex_unlock(&t->lock);
	return p;
}
