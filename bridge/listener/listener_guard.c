/*
 * listener/listener_guard.c - one connection, in front of evhttp.
 *
 * The rules that keep evhttp and us apart:
 *
 * - While evhttp reads, its input is empty or begins with a line of ours. It
 *   is not called for an empty input: the low watermark is 1.
 * - Bytes behind a complete request stay in the input, untouched, until its
 *   answer is written (on_written), so requests are served one at a time
 *   and in order. Reading is off meanwhile, which bounds them to one read.
 * - evhttp frees connections when it likes, and tells only those who know
 *   the connection, which we do from the first request on (on_gone). Before
 *   that the sweep sees it: evhttp takes its callbacks off a bufferevent it
 *   frees. Our own reference keeps the bufferevent, and with it the
 *   descriptor, from being another's by then.
 */
#include <event2/bufferevent_ssl.h>
#include <openssl/err.h>
#include <stdio.h>
#include <string.h>

#include "listener/listener_worker.h"
#include "metrics/metrics.h"

/* What is read and dropped behind an answer that closes, at most. */
#define LINGER_BYTES ((size_t)4 << 20)

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

/*
 * Never NULL: evhttp would then make a bufferevent of its own, and nobody
 * would guard it.
 */
static struct bufferevent *
new_bufferevent(const struct entry *e, struct event_base *base)
{
	struct bufferevent *bev = NULL;
	SSL *ssl = NULL;

	if (e->tls == NULL) {
		bev = bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE);
	} else {
		ssl = SSL_new(e->tls);
		if (ssl != NULL)
			bev = bufferevent_openssl_socket_new(base, -1, ssl,
			    BUFFEREVENT_SSL_ACCEPTING, BEV_OPT_CLOSE_ON_FREE);
	}
	if (bev == NULL)
		bug("out of memory for a connection");
	return bev;
}

static void on_input(struct evbuffer *input,
    const struct evbuffer_cb_info *change, void *arg);

struct bufferevent *
guard_open(struct event_base *base, void *arg)
{
	struct entry *e = arg;
	struct worker *w = e->worker;
	struct guard *g = base_alloc(sizeof(*g));

	g->worker = w;
	g->entry = e;
	g->bev = new_bufferevent(e, base);
	bufferevent_incref(g->bev);
	bufferevent_setwatermark(g->bev, EV_READ, 1, 0);
	g->on_input = evbuffer_add_cb(bufferevent_get_input(g->bev), on_input,
	    g);
	if (g->on_input == NULL)
		bug("out of memory for a connection");
	scan_start(&g->scan, &w->scan_limits);
	g->slot = take_slot(w, g);
	w->open++;
	guard_enter(g, PHASE_HEAD);
	metrics_add(METRIC_CONNECTIONS, 0, 1);
	metrics_add(METRIC_ACCEPTED, 0, 1);
	worker_admit(w);
	worker_wake(w);
	return g->bev;
}

void
guard_free(struct guard *g)
{
	struct worker *w = g->worker;

	if (g->incoming != NULL) {
		if (g->phase == PHASE_SERVING)
			g->incoming->guard = NULL; /* its answer frees it */
		else
			incoming_drop(g->incoming);
	}
	evbuffer_remove_cb_entry(bufferevent_get_input(g->bev), g->on_input);
	bufferevent_decref(g->bev);
	leave_slot(w, g->slot);
	w->open--;
	metrics_add(METRIC_CONNECTIONS, 0, -1);
	base_free(g);
	worker_admit(w);
}

static bool
evhttp_let_go(const struct guard *g)
{
	bufferevent_event_cb on_event;

	bufferevent_getcb(g->bev, NULL, NULL, &on_event, NULL);
	return on_event == NULL;
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
	if (g->phase != PHASE_LINGER) {
		guard_free(g);
		return;
	}
	/* Its callbacks are taken off next: nobody but on_input sees reads. */
	g->connection = NULL;
	bufferevent_enable(g->bev, EV_READ);
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

void
guard_sweep(struct guard *g, int64_t now)
{
	bool reads = (bufferevent_get_enabled(g->bev) & EV_READ) != 0;

	if (g->phase == PHASE_DOOMED || (g->phase == PHASE_LINGER && !reads)) {
		guard_end(g);
		return;
	}
	if (g->connection == NULL && g->phase != PHASE_LINGER &&
	    evhttp_let_go(g)) {
		guard_free(g);
		return;
	}
	if (now < g->deadline)
		return;
	if (late[g->phase].counts)
		metrics_add(METRIC_TIMEOUTS, 0, 1);
	if (late[g->phase].answers && g->incoming != NULL) {
		refuse(g, SCAN_LATE);
		if (g->phase == PHASE_READY)
			bufferevent_trigger(g->bev, EV_READ, 0);
	} else {
		guard_end(g);
	}
}

/* From the socket to a line for evhttp. */

/* Puts our line where evhttp will look for it. */
static void
call_evhttp(struct guard *g)
{
	const struct scan *s = &g->scan;
	char line[80];

	snprintf(line, sizeof(line), "%s /%u HTTP/1.%d\r\n\r\n",
	    scan_is_head_method(s) ? "HEAD" : "POST", g->slot,
	    s->http_1_0 ? 0 : 1);
	if (evbuffer_prepend(bufferevent_get_input(g->bev), line,
	        strlen(line)) == 0)
		guard_enter(g, PHASE_READY);
	else
		guard_enter(g, PHASE_DOOMED);
}

/*
 * evhttp has not heard of the request yet, and must not take what is written
 * now for an answer of its own: so without its write callback, which it sets
 * again when it answers.
 */
static void
say_continue(struct guard *g)
{
	static const char line[] = "HTTP/1.1 100 Continue\r\n\r\n";
	bufferevent_data_cb on_read;
	bufferevent_event_cb on_event;
	void *arg;

	bufferevent_getcb(g->bev, &on_read, NULL, &on_event, &arg);
	bufferevent_setcb(g->bev, on_read, NULL, on_event, arg);
	bufferevent_write(g->bev, line, sizeof(line) - 1);
	bufferevent_enable(g->bev, EV_WRITE);
}

static void
refuse(struct guard *g, enum scan_reason reason)
{
	struct evbuffer *input = bufferevent_get_input(g->bev);

	if (reason != g->scan.reason)
		scan_refuse(&g->scan, reason);
	g->feeding = true;
	evbuffer_drain(input, evbuffer_get_length(input));
	call_evhttp(g);
	g->feeding = false;
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
			call_evhttp(g);
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

static void
read_input(struct guard *g)
{
	struct evbuffer *input = bufferevent_get_input(g->bev);
	struct evbuffer_iovec block;
	size_t got = 0;

	g->feeding = true;
	while (!scan_over(&g->scan) &&
	    evbuffer_peek(input, -1, NULL, &block, 1) > 0) {
		size_t used = feed(g, block.iov_base, block.iov_len);

		if (used == 0 && !scan_over(&g->scan))
			break;
		got += used;
		evbuffer_drain(input, used);
	}
	if (got > 0 || scan_over(&g->scan))
		settle(g);
	g->feeding = false;
}

/* To be dropped; a peer that sends on and on loses what it would be told. */
static void
drop_input(struct guard *g, struct evbuffer *input)
{
	size_t n = evbuffer_get_length(input);

	g->feeding = true;
	evbuffer_drain(input, n);
	g->feeding = false;
	g->dropped += n;
	if (g->dropped > LINGER_BYTES)
		bufferevent_disable(g->bev, EV_READ);
}

static void
on_input(struct evbuffer *input, const struct evbuffer_cb_info *change,
    void *arg)
{
	struct guard *g = arg;

	if (g->feeding || change->n_added == 0)
		return;
	if (g->phase <= PHASE_BODY)
		read_input(g);
	else if (g->phase >= PHASE_CLOSING)
		drop_input(g, input);
}

/* From evhttp to the service, and back. */

/* So that the peer knows that nothing was cut off. */
static void
say_goodbye(struct guard *g)
{
	SSL *ssl = g->entry->tls != NULL ? bufferevent_openssl_get_ssl(g->bev)
	                                 : NULL;

	if (ssl != NULL) {
		(void)SSL_shutdown(ssl);
		ERR_clear_error();
	}
}

/*
 * The answer has left. evhttp closes the connection next, or starts reading
 * again: by then its input has to be as it should be.
 */
static void
on_written(struct evhttp_request *http, void *arg)
{
	struct guard *g = arg;

	(void)http;
	if (g->closing) {
		say_goodbye(g);
		guard_enter(g,
		    g->scan.reason == SCAN_OK ? PHASE_CLOSING : PHASE_LINGER);
		return;
	}
	guard_enter(g, PHASE_IDLE);
	scan_start(&g->scan, &g->worker->scan_limits);
	read_input(g);
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
