/*
 * listener/listener_talk.c - what is read from a connection, and written.
 *
 * Requests are served one at a time and in order: what a read brought behind
 * a complete one waits, and meanwhile nothing is read.
 */
#include <string.h>

#include "listener/listener_tls.h"
#include "listener/listener_worker.h"
#include "metrics/metrics.h"

/* What is read and dropped behind an answer that closes, at most. */
#define LINGER_BYTES ((size_t)4 << 20)

static void on_io(evutil_socket_t fd, short what, void *arg);

void
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

/* It may be answered within, and g be gone when this returns. */
static void
serve_when_ready(struct guard *g)
{
	if (g->phase != PHASE_READY)
		return;
	if (g->http == NULL)
		guard_show(g);
	else
		guard_serve(g);
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

void
guard_refuse(struct guard *g, enum scan_reason reason)
{
	scan_refuse(&g->incoming->scan, reason);
	guard_enter(g, PHASE_READY);
	serve_when_ready(g);
}

/* How far the bytes take the request; how many of them were its own. */
static size_t
feed(struct guard *g, const char *at, size_t n)
{
	struct scan *s;
	size_t done = 0;

	if (g->incoming == NULL)
		g->incoming = incoming_take(g);
	s = &g->incoming->scan;
	while (done < n && !scan_over(s)) {
		enum scan_part part;
		size_t used = scan_feed(s, at + done, n - done, &part);

		if (part != SCAN_SKIP &&
		    !incoming_keep(g->incoming, at + done, used) &&
		    s->reason == SCAN_OK)
			scan_refuse(s,
			    bytes_ok(&g->incoming->bytes) ? SCAN_FULL
			                                  : SCAN_MEMORY);
		done += used;
	}
	return done;
}

/* The request got further, or is over: so does the connection. */
static void
settle(struct guard *g)
{
	const struct scan *s = &g->incoming->scan;

	if (scan_over(s)) {
		guard_enter(g, PHASE_READY);
		return;
	}
	if (g->phase == PHASE_HEAD && scan_past_head(s)) {
		incoming_admit_early(g->incoming);
		if (scan_over(s)) {
			guard_enter(g, PHASE_READY);
			return;
		}
		guard_enter(g, PHASE_BODY);
		if (s->expects_continue && s->body_len == 0)
			say_continue(g);
	} else if (g->phase == PHASE_IDLE) {
		guard_enter(g, PHASE_HEAD);
		if (scan_past_head(s))
			settle(g);
	}
}

/* False when there is no room for what is behind a request. */
static bool
keep_waiting(struct guard *g, const char *at, size_t n)
{
	struct evbuffer *input = bufferevent_get_input(g->bev);

	if (crowd_is_nearly_full(g->worker->crowd)) {
		metrics_add(METRIC_LIMITED, LIMIT_MEMORY, 1);
		return false;
	}
	if (evbuffer_prepend(input, at, n) == -1)
		return false;
	guard_count_waiting(g);
	return true;
}

/* What a read brought; of it, what is behind the request waits in evhttp's. */
static void
take(struct guard *g, const char *at, size_t n)
{
	size_t used = feed(g, at, n);

	if (used < n && !keep_waiting(g, at + used, n - used))
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

	do {
		(void)evbuffer_peek(input, -1, NULL, &block, 1);
		evbuffer_drain(input, feed(g, block.iov_base, block.iov_len));
	} while (
	    !scan_over(&g->incoming->scan) && evbuffer_get_length(input) > 0);
	guard_count_waiting(g);
	settle(g);
}

/* The log holds back what is told too often, by its reason. */
static void
tell_handshake(const struct guard *g)
{
	const struct handshake_failure *f = stream_failure(&g->stream);

	if (f == NULL)
		return;
	metrics_add(METRIC_HANDSHAKES, f->reason, 1);
	if (f->text != NULL)
		log_event(LOG_LEVEL_INFO, "TLS handshake failed", "listener",
		    g->worker->name, "peer", g->peer, "reason", f->text, NULL);
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
		if (state == STREAM_MOVED) {
			take(g, at, n);
			explicit_bzero(at, n); /* a token may be in it */
		}
	} while (state == STREAM_MOVED && g->phase <= PHASE_BODY &&
	    stream_holds(stream));
	if (state >= STREAM_ENDED) {
		tell_handshake(g);
		guard_end(g);
		return;
	}
	guard_wait(g, state == STREAM_WAITS_WRITE ? EV_WRITE : EV_READ);
	serve_when_ready(g);
}

/* To be dropped; a peer that sends on and on loses what it would be told. */
static void
read_and_drop(struct guard *g)
{
	struct worker *w = g->worker;
	size_t n = 0;
	enum stream_state state = stream_read(&g->stream, w->scratch,
	    SCRATCH_BYTES, &n);

	explicit_bzero(w->scratch, n);
	g->dropped += (unsigned)n;
	if (state >= STREAM_ENDED || g->dropped > LINGER_BYTES)
		guard_end(g);
}

/* By phase: what to do with a connection that is ready. */
static void
on_io(evutil_socket_t fd, short what, void *arg)
{
	struct guard *g = arg;

	(void)fd;
	stream_turn(&g->stream);
	if ((what & EV_TIMEOUT) != 0 && event_add(&g->io, NULL) == -1)
		guard_enter(g, PHASE_DOOMED); /* see come_back() */
	if (g->greeting != NULL)
		guard_greet_on(g);
	else if (g->phase <= PHASE_BODY)
		read_request(g);
	else if (g->phase == PHASE_READY)
		serve_when_ready(g);
	else if (g->phase == PHASE_WRITING)
		guard_write(g);
	else if (g->phase == PHASE_LINGER)
		read_and_drop(g);
	else
		guard_wait(g, 0); /* in time, it will be read */
}

/*
 * on_io() in the loop's next turn: others are served in between. A timeout
 * takes its event off the descriptor; on_io() puts it back.
 */
static void
come_back(struct guard *g)
{
	static const struct timeval now = { 0, 0 };

	if (event_add(&g->io, &now) == -1)
		guard_enter(g, PHASE_DOOMED);
}

/*
 * The answer is written: on to the next request. What OpenSSL had read ahead
 * makes no descriptor readable.
 */
static void
answered(struct guard *g)
{
	incoming_drop(g->incoming);
	g->incoming = NULL;
	if (g->closing) {
		guard_hang_up(g);
		return;
	}
	guard_enter(g, PHASE_IDLE);
	guard_warm(g, true);
	guard_wait(g, EV_READ);
	if (g->waiting > 0)
		take_waiting(g);
	if (g->phase == PHASE_READY || stream_holds(&g->stream))
		come_back(g);
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
	if (g->phase != PHASE_WRITING) {
		guard_enter(g, PHASE_WRITING);
		incoming_count(g->incoming);
	}
	if (state >= STREAM_ENDED)
		guard_end(g);
	else
		guard_wait(g, state == STREAM_WAITS_READ ? EV_READ : EV_WRITE);
}

/* Whoever was let in by authorities that are taken out would stay for ever. */
static bool
is_outdated(const struct guard *g)
{
	const SSL *ssl = stream_ssl(&g->stream);

	return ssl != NULL &&
	    !tls_asks_alike(SSL_get_SSL_CTX(ssl), g->entry->tls);
}

void
guard_serve(struct guard *g)
{
	struct worker *w = g->worker;
	struct incoming *in = g->incoming;
	enum scan_reason reason = in->scan.reason;

	in->served = true;
	in->exchange.lent = false;
	in->no_body = scan_is_head_method(&in->scan);
	g->refused = reason != SCAN_OK || in->bodiless;
	w->serving++;
	w->current = in;
	guard_enter(g, PHASE_SERVING);
	if (reason == SCAN_OK && w->stopped)
		reason = SCAN_STOPPING;
	if (reason == SCAN_OK && is_outdated(g))
		reason = SCAN_RENEWED;
	if (reason == SCAN_OK && !incoming_fill(in))
		reason = SCAN_MEMORY;
	if (reason == SCAN_OK)
		reason = incoming_admit(in);
	if (reason != SCAN_OK)
		incoming_refuse(in, reason);
	else
		w->service.serve(w->mine, &in->exchange);
	if (w->current == in && !in->exchange.lent)
		incoming_count(in); /* it waits, for the API or the peer */
	w->current = NULL;
}
