/*
 * listener/listener_guard.c - one connection, in front of evhttp.
 *
 * The rules that keep evhttp and us apart:
 *
 * - evhttp's bufferevent neither reads nor writes: evhttp enables reading
 *   when it waits for its request, and we disable it again before the loop
 *   could look (on_adopt).
 * - evhttp is called once, for a line of ours in front of its input, and
 *   drains that line. It never looks at what else is in there:
 * - Bytes behind a complete request stay in that input, untouched, until its
 *   answer is written (listener_talk.c). Nothing is read meanwhile, which
 *   bounds them to one read. Only a peer that sends meanwhile costs a change
 *   of what is waited for.
 * - evhttp has a request in hand from then on. When the connection ends
 *   before we said that it is over, evhttp may let go of it, unfreed
 *   (guard_free).
 * - evhttp frees connections when it likes, and tells only those who know
 *   the connection, which we do from the first request on (on_gone). Before
 *   that it does so when told to (guard_end), or in accepting: it takes its
 *   callbacks off a bufferevent it frees. Our own reference keeps the
 *   bufferevent, and with it the descriptor, from being another's by then.
 */
#include <stdio.h>
#include <string.h>

#include "listener/listener_worker.h"
#include "metrics/metrics.h"

/* Connections of a worker that keep TLS's buffers: 1.3 MiB. */
#define WARM_MAX 64
/* At rest so long, they are given back. */
#define REST_MS 1000
/* "POST /4294967295 HTTP/1.1" and two line ends. */
#define LINE_ROOM 48

int64_t
worker_now(void)
{
	return clock_mono_us() / 1000;
}

void
guard_enter(struct guard *g, enum phase phase)
{
	int64_t timeout = g->worker->timeout[phase];

	g->phase = phase;
	g->deadline = INT64_MAX;
	if (timeout == 0)
		return; /* nor does anybody ask since when */
	g->since = worker_now();
	g->deadline = g->since + timeout;
}

/*
 * What a busy connection does with TLS's buffers. Only some keep them: with
 * thousands, more memory would cost more than the wiping it spares.
 */
void
guard_warm(struct guard *g, bool warm)
{
	struct worker *w = g->worker;

	if (g->stream.tls == NULL || g->warm == warm ||
	    (warm && w->warm == WARM_MAX))
		return;
	g->warm = warm;
	if (warm)
		w->warm++;
	else
		w->warm--;
	stream_keep_buffers(&g->stream, warm);
}

/* Life. */

static unsigned
take_slot(struct worker *w, struct guard *g)
{
	unsigned slot = w->free_from, more = w->slots + 16;

	while (slot < w->slots && w->guards[slot] != NULL)
		slot++;
	if (slot == w->slots) {
		w->guards = base_grow(w->guards, w->slots + more,
		    sizeof(struct guard *));
		memset(w->guards + w->slots, 0, more * sizeof(struct guard *));
		w->slots += more;
	}
	w->guards[slot] = g;
	w->free_from = slot + 1;
	return slot;
}

static void
leave_slot(struct worker *w, unsigned slot)
{
	w->guards[slot] = NULL;
	if (slot < w->free_from)
		w->free_from = slot;
}

static bool
evhttp_let_go(const struct guard *g)
{
	bufferevent_event_cb on_event;

	bufferevent_getcb(g->bev, NULL, NULL, &on_event, NULL);
	return on_event == NULL;
}

/* evhttp has given the bufferevent its descriptor: from here on it is ours. */
static void
on_adopt(evutil_socket_t fd, short what, void *arg)
{
	struct guard *g = arg;

	(void)fd;
	(void)what;
	if (evhttp_let_go(g)) {
		guard_free(g);
		return;
	}
	bufferevent_disable(g->bev, EV_READ);
	stream_open(&g->stream, bufferevent_getfd(g->bev), g->entry->tls);
	if (g->stream.tls != NULL) /* for log_refused() */
		SSL_set_app_data(stream_ssl(&g->stream), g);
	guard_greet(g);
}

/*
 * Never NULL: evhttp would then make a bufferevent of its own, and nobody
 * would guard it.
 */
struct bufferevent *
guard_open(struct event_base *base, void *arg)
{
	struct entry *e = arg;
	struct worker *w = e->worker;
	struct guard *g = base_alloc(sizeof(*g));

	g->worker = w;
	g->entry = e;
	g->bev = bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE);
	if (g->bev == NULL)
		bug("out of memory for a connection");
	bufferevent_incref(g->bev);
	g->slot = take_slot(w, g);
	w->open++;
	crowd_count(w->crowd, 1);
	guard_enter(g, PHASE_HEAD);
	metrics_add(METRIC_CONNECTIONS, 0, 1);
	metrics_add(METRIC_ACCEPTED, 0, 1);
	worker_admit(w);
	worker_wake(w);
	event_assign(&g->io, base, -1, 0, on_adopt, g);
	event_active(&g->io, EV_TIMEOUT, 0); /* behind evhttp, in this turn */
	return g->bev;
}

void
guard_free(struct guard *g)
{
	struct worker *w = g->worker;

	event_del(&g->io);
	guard_greet_end(g);
	guard_warm(g, false);
	stream_close(&g->stream);
	if (g->incoming != NULL) {
		if (g->incoming->served)
			g->incoming->guard = NULL; /* its answer frees it */
		else
			incoming_drop(g->incoming);
	}
	if (g->http != NULL && !evhttp_request_get_connection(g->http))
		evhttp_send_reply_end(g->http); /* which only frees it */
	bufferevent_decref(g->bev);
	leave_slot(w, g->slot);
	crowd_hold(w->crowd, -(int64_t)g->waiting);
	if (g->entered)
		crowd_leave(w->crowd, &g->address);
	crowd_count(w->crowd, -1);
	w->open--;
	metrics_add(METRIC_CONNECTIONS, 0, -1);
	base_free(g);
	w->accept_again = 0; /* there is a descriptor now */
	worker_admit(w);
}

/*
 * evhttp closes a connection on which something timed out. It calls on_gone,
 * which frees the guard, once it knows us.
 */
void
guard_end(struct guard *g)
{
	bool told = g->connection != NULL;

	if (evhttp_let_go(g)) {
		guard_free(g);
		return;
	}
	bufferevent_trigger_event(g->bev, BEV_EVENT_READING | BEV_EVENT_TIMEOUT,
	    0);
	if (!told)
		guard_free(g);
}

/* evhttp is closing the connection; what it holds is freed behind us. */
static void
on_gone(struct evhttp_connection *connection, void *arg)
{
	struct guard *g = arg;

	(void)connection;
	if (g->phase == PHASE_LINGER) {
		g->connection = NULL;
		guard_wait(g, EV_READ);
	} else {
		guard_free(g);
	}
}

/* What a deadline means; a phase that has none never gets here. */
static const struct {
	bool counts;  /* among METRIC_TIMEOUTS */
	bool answers; /* with 408, where a request has begun */
} late[PHASES] = {
	[PHASE_HEAD] = { true, true },
	[PHASE_BODY] = { true, true },
	[PHASE_WRITING] = { true, false },
};

/* With no room for those who wait, one that rests makes some. */
static bool
is_in_the_way(const struct guard *g, bool rests)
{
	const struct crowd *c = g->worker->crowd;

	return g->phase == PHASE_DOOMED ||
	    (rests && !crowd_has_room(c) && crowd_is_asked(c));
}

void
guard_sweep(struct guard *g, int64_t now)
{
	bool rests = g->phase == PHASE_IDLE && now >= g->since + REST_MS;

	if (is_in_the_way(g, rests)) {
		guard_end(g);
		return;
	}
	if (g->warm && rests)
		guard_warm(g, false);
	if (now < g->deadline)
		return;
	stream_give_up(&g->stream);
	if (late[g->phase].counts)
		metrics_add(METRIC_TIMEOUTS, 0, 1);
	if (stream_meets(&g->stream))
		metrics_add(METRIC_HANDSHAKES, METRIC_HANDSHAKE_LATE, 1);
	if (late[g->phase].answers && incoming_begun(g->incoming))
		guard_refuse(g, SCAN_LATE);
	else
		guard_end(g);
}

void
guard_count_waiting(struct guard *g)
{
	size_t now = evbuffer_get_length(bufferevent_get_input(g->bev));

	if (now == g->waiting || (now > 0 && now < g->waiting))
		return; /* the block stays as large until its last byte */
	crowd_hold(g->worker->crowd, (int64_t)now - (int64_t)g->waiting);
	g->waiting = (unsigned)now;
}

/* To evhttp, and back. */

void
guard_show(struct guard *g)
{
	char text[LINE_ROOM];
	struct bytes line = { .data = text,
		.room = sizeof(text),
		.ceiling = sizeof(text) - 1 };

	bytes_add_str(&line, STR("POST /"));
	bytes_add_int(&line, g->slot);
	bytes_add_str(&line, STR(" HTTP/1.1\r\n\r\n"));
	if (evbuffer_prepend(bufferevent_get_input(g->bev), text, line.len) ==
	    0)
		bufferevent_trigger(g->bev, EV_READ, 0);
	else
		guard_enter(g, PHASE_DOOMED);
}

/* Behind the last answer: evhttp closes the connection next. */
static void
on_closing(struct evhttp_request *http, void *arg)
{
	struct guard *g = arg;

	(void)http;
	g->http = NULL; /* which evhttp frees */
	stream_goodbye(&g->stream);
	if (g->refused)
		guard_enter(g, PHASE_LINGER);
}

void
guard_hang_up(struct guard *g)
{
	evhttp_add_header(evhttp_request_get_output_headers(g->http),
	    "Connection", "close");
	evhttp_send_reply_end(g->http);
}

static struct guard *
guard_of(const struct worker *w, struct evhttp_request *http)
{
	const char *uri = evhttp_request_get_uri(http);
	int64_t slot = str_number(str_skip(str_of(uri), 1), UINT32_MAX);
	struct guard *g = slot >= 0 && slot < w->slots ? w->guards[slot] : NULL;
	struct evhttp_connection *c = evhttp_request_get_connection(http);

	if (g == NULL || g->phase != PHASE_READY ||
	    g->bev != evhttp_connection_get_bufferevent(c))
		bug("evhttp called with a line that is not ours");
	return g;
}

void
guard_called(struct evhttp_request *http, void *arg)
{
	struct entry *e = arg;
	struct guard *g = guard_of(e->worker, http);

	g->http = http;
	g->connection = evhttp_request_get_connection(http);
	evhttp_connection_set_closecb(g->connection, on_gone, g);
	evhttp_request_set_on_complete_cb(http, on_closing, g);
	guard_serve(g);
}
