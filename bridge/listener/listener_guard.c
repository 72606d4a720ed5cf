/*
 * listener/listener_guard.c - one connection, in front of evhttp.
 *
 * The rules that keep evhttp and us apart:
 *
 * - evhttp's bufferevent neither reads nor writes: evhttp enables reading
 *   whenever it waits for a request, and we disable it again before the
 *   loop could look (on_adopt, answered).
 * - evhttp's input is empty, or begins with a line of ours. It is called for
 *   that line, by us or by itself, and then drained of it.
 * - Bytes behind a complete request stay in that input, untouched, until its
 *   answer is written (on_written), so requests are served one at a time
 *   and in order. Nothing is read meanwhile, which bounds them to one read.
 *   Only a peer that sends meanwhile costs a change of what is waited for.
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

/* What is read and dropped behind an answer that closes, at most. */
#define LINGER_BYTES ((size_t)4 << 20)
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
	g->deadline = timeout > 0 ? worker_now() + timeout : INT64_MAX;
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

static void on_io(evutil_socket_t fd, short what, void *arg);

/* Waits for EV_READ or EV_WRITE; with 0, for nothing. */
static void
guard_wait(struct guard *g, short what)
{
	if (g->waits == what)
		return;
	if (g->waits != 0)
		event_del(&g->io);
	g->waits = what;
	if (what == 0)
		return;
	event_assign(&g->io, g->worker->base, g->stream.fd, what | EV_PERSIST,
	    on_io, g);
	if (event_add(&g->io, NULL) == -1)
		guard_enter(g, PHASE_DOOMED);
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
	guard_wait(g, EV_READ);
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
	scan_start(&g->scan, &w->scan_limits);
	g->slot = take_slot(w, g);
	w->open++;
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
	stream_close(&g->stream);
	if (g->incoming != NULL) {
		if (g->incoming->served)
			g->incoming->guard = NULL; /* its answer frees it */
		else
			incoming_drop(g->incoming);
	}
	bufferevent_decref(g->bev);
	leave_slot(w, g->slot);
	w->open--;
	metrics_add(METRIC_CONNECTIONS, 0, -1);
	base_free(g);
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

static void refuse(struct guard *g, enum scan_reason reason);
static void call_when_ready(struct guard *g);

void
guard_sweep(struct guard *g, int64_t now)
{
	if (g->phase == PHASE_DOOMED) {
		guard_end(g);
		return;
	}
	if (now < g->deadline)
		return;
	if (late[g->phase].counts)
		metrics_add(METRIC_TIMEOUTS, 0, 1);
	if (late[g->phase].answers && g->incoming != NULL) {
		refuse(g, SCAN_LATE);
		call_when_ready(g);
	} else {
		guard_end(g);
	}
}

/* From the socket to a line for evhttp. */

/* Puts our line where evhttp will look for it. */
static void
put_line(struct guard *g)
{
	const struct scan *s = &g->scan;
	char text[LINE_ROOM];
	struct bytes line = { .data = text,
		.room = sizeof(text),
		.ceiling = sizeof(text) - 1 };

	bytes_add_str(&line,
	    scan_is_head_method(s) ? STR("HEAD /") : STR("POST /"));
	bytes_add_int(&line, g->slot);
	bytes_add_str(&line, STR(" HTTP/1.1\r\n\r\n"));
	if (evbuffer_prepend(bufferevent_get_input(g->bev), text, line.len) ==
	    0)
		guard_enter(g, PHASE_READY);
	else
		guard_enter(g, PHASE_DOOMED);
}

/* evhttp may answer within, and g be gone when this returns. */
static void
call_when_ready(struct guard *g)
{
	if (g->phase == PHASE_READY)
		bufferevent_trigger(g->bev, EV_READ, 0);
}

/* Of a peer that takes no 25 bytes nothing good is to be expected. */
static void
say_continue(struct guard *g)
{
	static const char line[] = "HTTP/1.1 100 Continue\r\n\r\n";
	size_t n;

	if (stream_write(&g->stream, line, sizeof(line) - 1, &n) !=
	        STREAM_MOVED ||
	    n != sizeof(line) - 1)
		guard_enter(g, PHASE_DOOMED);
}

static void
refuse(struct guard *g, enum scan_reason reason)
{
	struct evbuffer *input = bufferevent_get_input(g->bev);

	if (reason != g->scan.reason)
		scan_refuse(&g->scan, reason);
	evbuffer_drain(input, evbuffer_get_length(input));
	put_line(g);
}

/* How far the bytes take the request; how many of them were its own. */
static size_t
feed(struct guard *g, const char *at, size_t n)
{
	struct scan *s = &g->scan;
	size_t done = 0;

	while (done < n && !scan_over(s)) {
		enum scan_part part;
		size_t used = scan_feed(s, at + done, n - done, &part);

		if (part != SCAN_SKIP && g->incoming == NULL)
			g->incoming = incoming_take(g);
		if (part != SCAN_SKIP &&
		    !incoming_keep(g->incoming, at + done, used) &&
		    s->reason == SCAN_OK)
			scan_refuse(s, SCAN_MEMORY);
		done += used;
	}
	return done;
}

/* The request got further, or is over: so does the connection. */
static void
settle(struct guard *g)
{
	const struct scan *s = &g->scan;

	if (scan_over(s)) {
		if (s->reason == SCAN_OK)
			put_line(g);
		else
			refuse(g, s->reason);
		return;
	}
	if (g->phase == PHASE_HEAD && scan_past_head(s)) {
		guard_enter(g, PHASE_BODY);
		if (s->expects_continue && s->body_len == 0)
			say_continue(g);
	} else if (g->phase == PHASE_IDLE) {
		guard_enter(g, PHASE_HEAD);
		if (scan_past_head(s))
			settle(g);
	}
}

/* What a read brought; of it, what is behind the request waits in evhttp's. */
static void
take(struct guard *g, const char *at, size_t n)
{
	size_t used = feed(g, at, n);

	if (used < n &&
	    evbuffer_prepend(bufferevent_get_input(g->bev), at + used,
	        n - used) == -1)
		guard_enter(g, PHASE_DOOMED);
	else
		settle(g);
}

/* What waited behind a request is the next one's. */
static void
take_waiting(struct guard *g)
{
	struct evbuffer *input = bufferevent_get_input(g->bev);
	struct evbuffer_iovec block;
	bool any = false;

	while (!scan_over(&g->scan) &&
	    evbuffer_peek(input, -1, NULL, &block, 1) > 0) {
		evbuffer_drain(input, feed(g, block.iov_base, block.iov_len));
		any = true;
	}
	if (any)
		settle(g);
}

static void
read_request(struct guard *g)
{
	struct stream *stream = &g->stream;
	char *at = g->worker->scratch;
	enum stream_state state;
	size_t n;

	do {
		state = stream_read(stream, at, SCRATCH_BYTES, &n);
		if (state == STREAM_MOVED)
			take(g, at, n);
	} while (state == STREAM_MOVED && g->phase <= PHASE_BODY &&
	    stream_holds(stream));
	if (state >= STREAM_ENDED) {
		guard_end(g);
		return;
	}
	guard_wait(g, state == STREAM_WAITS_WRITE ? EV_WRITE : EV_READ);
	call_when_ready(g);
}

/* To be dropped; a peer that sends on and on loses what it would be told. */
static void
read_and_drop(struct guard *g)
{
	struct worker *w = g->worker;
	size_t n = 0;
	enum stream_state state = stream_read(&g->stream, w->scratch,
	    SCRATCH_BYTES, &n);

	g->dropped += n;
	if (state >= STREAM_ENDED || g->dropped > LINGER_BYTES)
		guard_end(g);
}

/* By phase: what to do with a connection that is ready. */
static void
on_io(evutil_socket_t fd, short what, void *arg)
{
	struct guard *g = arg;

	(void)fd;
	(void)what;
	if (g->phase <= PHASE_BODY)
		read_request(g);
	else if (g->phase == PHASE_WRITING)
		guard_write(g);
	else if (g->phase == PHASE_LINGER)
		read_and_drop(g);
	else
		guard_wait(g, 0); /* in time, it will be read */
}

/* From evhttp to the service, and back. */

/*
 * The answer is written. evhttp closes the connection next, or waits for a
 * request: by then its input has to be as it should be.
 */
static void
on_written(struct evhttp_request *http, void *arg)
{
	struct guard *g = arg;

	(void)http;
	if (g->closing) {
		stream_goodbye(&g->stream);
		if (g->scan.reason != SCAN_OK)
			guard_enter(g, PHASE_LINGER);
		return;
	}
	guard_enter(g, PHASE_IDLE);
	scan_start(&g->scan, &g->worker->scan_limits);
	take_waiting(g);
}

/*
 * Tells evhttp, which goes through on_written and perhaps on_gone. What
 * OpenSSL had read ahead makes no descriptor readable.
 */
static void
answered(struct guard *g)
{
	struct worker *w = g->worker;
	struct evhttp_request *http = g->incoming->http;
	unsigned slot = g->slot;

	if (g->closing)
		evhttp_add_header(evhttp_request_get_output_headers(http),
		    "Connection", "close");
	incoming_drop(g->incoming);
	g->incoming = NULL;
	evhttp_send_reply_end(http);
	if (w->guards[slot] != g)
		return;
	bufferevent_disable(g->bev, EV_READ);
	guard_wait(g, EV_READ);
	if (stream_holds(&g->stream))
		event_active(&g->io, EV_READ, 0);
}

void
guard_write(struct guard *g)
{
	struct str *out = &g->incoming->out;
	enum stream_state state = STREAM_MOVED;
	size_t n;

	while (out->len > 0 && state == STREAM_MOVED) {
		state = stream_write(&g->stream, out->at, out->len, &n);
		if (state == STREAM_MOVED)
			*out = str_skip(*out, n);
	}
	if (state == STREAM_MOVED) {
		answered(g);
		return;
	}
	if (g->phase != PHASE_WRITING)
		guard_enter(g, PHASE_WRITING);
	if (state >= STREAM_ENDED)
		guard_end(g);
	else
		guard_wait(g, state == STREAM_WAITS_READ ? EV_READ : EV_WRITE);
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

static void
serve(struct guard *g)
{
	struct worker *w = g->worker;
	struct incoming *in = g->incoming;
	enum scan_reason reason = g->scan.reason;

	if (reason == SCAN_OK && w->stopped)
		reason = SCAN_STOPPING;
	if (reason == SCAN_OK && !incoming_fill(in, &g->scan))
		reason = SCAN_MEMORY;
	if (reason != SCAN_OK)
		incoming_refuse(in, reason);
	else
		w->service.serve(w->mine, &in->exchange);
}

void
guard_called(struct evhttp_request *http, void *arg)
{
	struct entry *e = arg;
	struct guard *g = guard_of(e->worker, http);

	if (g->incoming == NULL)
		g->incoming = incoming_take(g);
	g->incoming->http = http;
	g->incoming->served = true;
	g->incoming->no_body = scan_is_head_method(&g->scan);
	g->worker->serving++;
	if (g->connection == NULL) {
		g->connection = evhttp_request_get_connection(http);
		evhttp_connection_set_closecb(g->connection, on_gone, g);
	}
	evhttp_request_set_on_complete_cb(http, on_written, g);
	guard_enter(g, PHASE_SERVING);
	serve(g);
}
