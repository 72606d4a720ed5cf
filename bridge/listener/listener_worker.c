/*
 * listener/listener_worker.c - one thread: accepts, sweeps, drains.
 *
 * One timer sweeps all connections of the worker, and runs only while there
 * are any: no connection has a timer of its own. The only thing other
 * threads do to a worker is to ring its bell, so its base needs no locks.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "listener/listener_worker.h"
#include "metrics/metrics.h"

#define SWEEP_MS 100
#define SWEEP_STOPPING_MS 20
#define LINGER_MS 1000
/* At the end, for the first request of a connection that is there. */
#define NEW_MS 1000
/* After an accept that failed for want of descriptors or memory. */
#define ACCEPT_PAUSE_MS 200
/* Rounds of the loop, at its end, for who connects all the time. */
#define LAST_LOOKS 20
/* What peers get, once the drain is over, to take answers under way. */
#define LAST_WRITES_MS 1000
/* evhttp reads nothing but lines of ours. */
#define LINE_MAX_BYTES 128

/*
 * evhttp claims the argument of an evconnlistener's callbacks, so the one
 * for errors has nothing to find its worker by.
 */
static _Thread_local struct worker *this_worker;

bool
quota_take(struct quota *q, unsigned a_second, unsigned *dropped)
{
	int64_t second = worker_now() / 1000;

	if (second != q->second) {
		q->second = second;
		q->used = 0;
	}
	if (q->used == a_second) {
		q->dropped++;
		return false;
	}
	q->used++;
	*dropped = q->dropped;
	q->dropped = 0;
	return true;
}

static void
set_timer(struct event *timer, int ms)
{
	struct timeval tv = { ms / 1000, (ms % 1000) * 1000 };

	evtimer_add(timer, &tv);
}

void
worker_wake(struct worker *w)
{
	if (!evtimer_pending(w->sweep, NULL))
		set_timer(w->sweep, w->stopping ? SWEEP_STOPPING_MS : SWEEP_MS);
}

/* Accepting. */

/* Who comes now waits in the kernel, or is turned away there: unseen by us. */
static void
tell_full(struct worker *w)
{
	unsigned dropped;

	metrics_add(METRIC_LIMITED, LIMIT_CONNECTIONS, 1);
	if (quota_take(&w->full_lines, 1, &dropped))
		log_event(LOG_LEVEL_WARNING, "no more connections", "listener",
		    w->name, "reason", "limits.connections are open", "do",
		    "see who holds them; or raise limits.connections", NULL);
}

void
worker_admit(struct worker *w)
{
	bool wanted = !w->stopping && crowd_has_room(w->crowd) &&
	    w->accept_again == 0;

	if (wanted == w->accepting)
		return;
	w->accepting = wanted;
	if (!wanted && !w->stopping) {
		worker_wake(w); /* room is made by other workers, too */
		if (w->accept_again == 0)
			tell_full(w);
	}
	for (size_t i = 0; i < w->entry_count; i++) {
		struct evhttp_bound_socket *bound = w->entries[i].bound;
		struct evconnlistener *l;

		if (bound == NULL)
			continue;
		l = evhttp_bound_socket_get_listener(bound);
		if (wanted)
			evconnlistener_enable(l);
		else
			evconnlistener_disable(l);
	}
}

/* Out of descriptors: accepting again at once would only spin. */
static void
on_accept_error(struct evconnlistener *l, void *arg)
{
	struct worker *w = this_worker;
	int error = EVUTIL_SOCKET_ERROR();
	unsigned dropped;

	(void)l;
	(void)arg;
	metrics_add(METRIC_LIMITED, LIMIT_FILES, 1);
	w->accept_again = worker_now() + ACCEPT_PAUSE_MS;
	worker_admit(w);
	worker_wake(w);
	if (quota_take(&w->accept_lines, 1, &dropped))
		log_event(LOG_LEVEL_ERROR, "cannot accept connections",
		    "listener", w->name, "reason", strerror(error), "do",
		    error == EMFILE
		        ? "raise the limit of open files (LimitNOFILE=)"
		        : NULL,
		    NULL);
}

static void
open_entry(struct entry *e)
{
	struct worker *w = e->worker;
	struct evconnlistener *l;

	e->http = evhttp_new(w->base);
	l = evconnlistener_new(w->base, NULL, NULL,
	    LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, e->fd);
	if (e->http == NULL || l == NULL)
		bug("out of memory for a listening socket");
	e->fd = -1;
	evconnlistener_set_error_cb(l, on_accept_error);
	evhttp_set_bevcb(e->http, guard_open, e);
	evhttp_set_gencb(e->http, guard_called, e);
	evhttp_set_allowed_methods(e->http, EVHTTP_REQ_POST);
	evhttp_set_max_headers_size(e->http, LINE_MAX_BYTES);
	evhttp_set_max_body_size(e->http, 0);
	evhttp_set_default_content_type(e->http, NULL);
	e->bound = evhttp_bind_listener(e->http, l);
	if (e->bound == NULL)
		bug("out of memory for a listening socket");
}

/* Sweeping, and the way out. */

static void
end_where(struct worker *w, unsigned phases)
{
	for (unsigned i = 0; i < w->slots; i++)
		if (w->guards[i] != NULL &&
		    (BIT(w->guards[i]->phase) & phases) != 0)
			guard_end(w->guards[i]);
}

static bool
service_busy(const struct worker *w)
{
	return w->service.busy != NULL && w->service.busy(w->mine);
}

/*
 * The service stops once nothing is open or under way, or when the time to
 * drain is up: it then answers what it still owes. Nothing is freed before it
 * has.
 */
static void
drain(struct worker *w, int64_t now)
{
	end_where(w, BIT(PHASE_IDLE));
	if (!w->stopped &&
	    ((!service_busy(w) && w->open == 0) || now >= w->drain_until)) {
		w->stopped = true;
		w->close_at = now + LAST_WRITES_MS;
		end_where(w, BIT(PHASE_HEAD) | BIT(PHASE_BODY));
		w->service.stop(w->mine);
	}
	if (w->stopped && w->serving == 0 &&
	    (w->open == 0 || now >= w->close_at))
		event_base_loopbreak(w->base);
}

/*
 * Who rests between two requests will not be heard. Who has only just come has
 * a request on its way, perhaps behind a handshake: it is waited for a little.
 */
static void
end_unbegun(struct worker *w)
{
	int64_t until = worker_now() + NEW_MS;

	for (unsigned i = 0; i < w->slots; i++) {
		struct guard *g = w->guards[i];

		if (g == NULL || g->phase > PHASE_HEAD ||
		    incoming_begun(g->incoming))
			continue;
		if (g->phase == PHASE_IDLE)
			guard_end(g);
		else if (g->deadline > until)
			g->deadline = until;
	}
}

static void
stop_accepting(struct worker *w)
{
	w->stopping = true;
	w->accepting = false;
	for (size_t i = 0; i < w->entry_count; i++) {
		evhttp_del_accept_socket(w->entries[i].http,
		    w->entries[i].bound);
		w->entries[i].bound = NULL;
	}
	end_unbegun(w);
}

/*
 * The system has taken connections that we have not accepted: a socket that
 * is closed drops them. So the loop comes round once more, and timers come
 * behind sockets; and again, while there is somebody, but not for ever.
 */
static bool
takes_last(struct worker *w)
{
	return w->accepting && w->looks++ < LAST_LOOKS && worker_is_awaited(w);
}

static void
on_sweep(evutil_socket_t fd, short what, void *arg)
{
	struct worker *w = arg;
	int64_t now = worker_now();

	(void)fd;
	(void)what;
	if (w->told && !w->stopping) {
		if (takes_last(w)) {
			set_timer(w->sweep, 0);
			return;
		}
		stop_accepting(w);
	}
	for (unsigned i = 0; i < w->slots; i++)
		if (w->guards[i] != NULL)
			guard_sweep(w->guards[i], now);
	if (now >= w->accept_again)
		w->accept_again = 0;
	worker_make_room(w);
	worker_admit(w);
	if (w->stopping)
		drain(w, now);
	if (w->open > 0 || !w->accepting || w->stopping)
		worker_wake(w);
}

void
worker_stop(struct worker *w, int64_t drain_ms)
{
	int64_t until = worker_now() + drain_ms;

	if (!w->told || until < w->drain_until)
		w->drain_until = until;
	w->told = true;
	evtimer_del(w->sweep);
	set_timer(w->sweep, 0);
}

/* Life. */

/* They may have come to rest for hours, by the limit there was then. */
static void
limit_resting(struct worker *w)
{
	for (unsigned i = 0; i < w->slots; i++) {
		struct guard *g = w->guards[i];

		if (g != NULL && g->phase == PHASE_IDLE)
			g->deadline = g->since + w->timeout[PHASE_IDLE];
	}
}

void
worker_limit(struct worker *w, const struct listener_limits *l)
{
	w->limits = *l;
	w->timeout[PHASE_IDLE] = l->idle_timeout;
	w->timeout[PHASE_HEAD] = l->header_timeout;
	w->timeout[PHASE_BODY] = l->body_timeout;
	w->timeout[PHASE_WRITING] = l->write_timeout;
	w->timeout[PHASE_LINGER] = LINGER_MS;
	w->scan_limits.head = (size_t)l->headers;
	w->scan_limits.body = (size_t)l->body;
	limit_resting(w);
	incoming_free_pool(w); /* of another size */
	if (w->base != NULL)
		worker_admit(w);
}

void
worker_prepare(struct worker *w)
{
	w->accepting = true; /* as evconnlisteners are born */
	bell_init(&w->bell);
}

static struct event_base *
new_base(void)
{
	struct event_config *config = event_config_new();
	struct event_base *base = NULL;

	if (config != NULL) {
		event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
		event_config_set_flag(config,
		    EVENT_BASE_FLAG_EPOLL_USE_CHANGELIST);
		base = event_base_new_with_config(config);
		event_config_free(config);
	}
	if (base == NULL)
		bug("no event base");
	return base;
}

static void
close_all(struct worker *w)
{
	/* Who rings now, in the loop below, wants nothing that is there. */
	bell_take_down(&w->bell);
	for (size_t i = 0; i < w->entry_count; i++)
		if (w->entries[i].http != NULL)
			evhttp_free(w->entries[i].http);
	for (unsigned i = 0; i < w->slots; i++)
		if (w->guards[i] != NULL)
			guard_free(w->guards[i]);
	event_base_loop(w->base, EVLOOP_NONBLOCK); /* what frees later */
	event_free(w->sweep);
	event_base_free(w->base);
	base_free(w->scratch);
	incoming_free_pool(w);
}

void *
worker_run(void *arg)
{
	struct worker *w = arg;

	this_worker = w;
	w->base = new_base();
	w->scratch = base_alloc(SCRATCH_BYTES);
	w->sweep = evtimer_new(w->base, on_sweep, w);
	if (w->sweep == NULL)
		bug("out of memory for events");
	bell_hang(&w->bell, w);
	w->mine = w->service.start(w->service.shared, w->base, w->number);
	if (w->mine != NULL)
		for (size_t i = 0; i < w->entry_count; i++)
			open_entry(&w->entries[i]);
	listener_reports(w->listener, w->mine != NULL);
	if (w->mine != NULL)
		event_base_dispatch(w->base);
	close_all(w);
	listener_ends(w->listener, w);
	return NULL;
}

void
worker_free(struct worker *w)
{
	for (size_t i = 0; i < w->entry_count; i++) {
		if (w->entries[i].fd != -1)
			close(w->entries[i].fd);
		SSL_CTX_free(w->entries[i].tls);
		front_drop(w->entries[i].front);
	}
	bell_done(&w->bell);
	base_free(w->entries);
	base_free(w->guards);
}
