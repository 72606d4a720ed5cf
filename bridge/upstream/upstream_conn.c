/*
 * upstream/upstream_conn.c - the life of one connection.
 *
 * The libevent callbacks find out what is possible now and call the step of
 * the state the connection is in. Only conn_move() assigns the state.
 */
#include <stdio.h>
#include <string.h>

#include "metrics/metrics.h"
#include "upstream/upstream_pool.h"

/* Reads in a row before other connections get their turn. */
#define READS_IN_A_ROW 16

static const unsigned conn_moves[CONN_STATES] = {
	[CONN_RESOLVING] = BIT(CONN_CONNECTING) | BIT(CONN_CLOSED),
	/* to CONNECTING: the next address is tried */
	[CONN_CONNECTING] = BIT(CONN_CONNECTING) | BIT(CONN_SECURING) |
	    BIT(CONN_BUSY) | BIT(CONN_CLOSED),
	[CONN_SECURING] = BIT(CONN_CONNECTING) | BIT(CONN_BUSY) |
	    BIT(CONN_CLOSED),
	[CONN_BUSY] = BIT(CONN_IDLE) | BIT(CONN_CLOSED),
	[CONN_IDLE] = BIT(CONN_BUSY) | BIT(CONN_CLOSED),
};

static bool
is_opening(enum conn_state s)
{
	return s == CONN_RESOLVING || s == CONN_CONNECTING ||
	    s == CONN_SECURING;
}

static const enum metric_conn counted_as[CONN_STATES] = {
	[CONN_RESOLVING] = METRIC_CONN_OPENING,
	[CONN_CONNECTING] = METRIC_CONN_OPENING,
	[CONN_SECURING] = METRIC_CONN_OPENING,
	[CONN_BUSY] = METRIC_CONN_BUSY,
	[CONN_IDLE] = METRIC_CONN_IDLE,
	[CONN_CLOSED] = METRIC_CONNS, /* not counted */
};

static void
count_state(const struct conn *c, int n)
{
	if (c->state != CONN_CLOSED)
		metrics_add(METRIC_UPSTREAM_CONNS,
		    metric_of(c->pool->target->metric, counted_as[c->state]),
		    n);
}

/* Of what no name tells apart. */
static void
count_event(const struct conn *c, enum metric what)
{
	if (c->pool->target->metric != UPSTREAM_UNCOUNTED)
		metrics_add(what, 0, 1);
}

static void
conn_move(struct conn *c, enum conn_state to)
{
	if (!(conn_moves[c->state] & BIT(to)))
		bug("a connection to %s goes from state %d to %d",
		    c->pool->target->name, (int)c->state, (int)to);
	if (is_opening(c->state) && !is_opening(to))
		c->pool->opening--;
	count_state(c, -1);
	c->state = to;
	count_state(c, 1);
}

/* The events of a socket that is about to be closed. */
static void
unhook_socket(struct conn *c)
{
	if (c->wire.socket.fd == -1)
		return;
	event_del(&c->readable);
	event_del(&c->writable);
	wire_close(&c->wire);
}

void
conn_close(struct conn *c)
{
	struct upstream_pool *p = c->pool;

	if (c->call != NULL)
		bug("a connection to %s is closed under its call",
		    p->target->name);
	if (c->state == CONN_IDLE)
		TAILQ_REMOVE(&p->idle, c, idle);
	conn_move(c, CONN_CLOSED);
	event_del(&c->timer);
	unhook_socket(c);
	TAILQ_REMOVE(&p->conns, c, link);
	p->conn_count--;
	TAILQ_INSERT_TAIL(&p->graveyard, c, link);
	pool_wake(p);
}

/* The wire failed before a byte of the request was written. */
static enum upstream_outcome
unsent_outcome(const struct conn *c)
{
	if (c->wire.refused || c->state == CONN_SECURING)
		return UPSTREAM_NO_TLS;
	return UPSTREAM_NO_CONNECT;
}

/* Ends the call of a connection that failed; the outcome says how far. */
static void
conn_fail(struct conn *c, enum upstream_outcome outcome, const char *reason)
{
	if (outcome == UPSTREAM_NO_TLS)
		count_event(c, METRIC_TLS_FAILURES);
	call_end(c->call, outcome, reason);
}

/*
 * Not a byte of the request was taken. A connection that was kept open may
 * have been closed by the peer at any moment: the call is put on a new one,
 * once. On a new connection it is a failure.
 */
static void
conn_fail_unsent(struct conn *c)
{
	struct upstream_pool *p = c->pool;
	struct upstream_call *call = c->call;

	if (!c->used || call->again) {
		conn_fail(c, unsent_outcome(c), c->wire.problem);
		return;
	}
	call->again = true;
	call->conn = NULL;
	c->call = NULL;
	conn_close(c);
	conn_open(p, call);
}

static void
conn_write(struct conn *c)
{
	struct upstream_call *call = c->call;
	struct str rest = str_skip(bytes_str(&call->request), call->sent);
	enum wire_result result = WIRE_DONE;
	size_t put = 0;

	if (call_is_late(call)) {
		call_end_late(call);
		return;
	}
	call_show_key(call);
	while (rest.len > 0) {
		result = wire_write(&c->wire, rest.at, rest.len, &put);
		if (result != WIRE_DONE)
			break;
		call->wrote = true;
		call->sent += put;
		rest = str_skip(rest, put);
	}
	call_hide_key(call);
	if (result == WIRE_DONE) {
		call_forget_request(call);
	} else if (result == WIRE_NEEDS_WRITE) {
		/* A part of a TLS record may be on its way. */
		call->wrote = true;
		event_add(&c->writable, NULL);
	} else if (call->wrote) {
		conn_fail(c, UPSTREAM_BROKEN, c->wire.problem);
	} else {
		conn_fail_unsent(c);
	}
}

static bool
is_written(const struct upstream_call *call)
{
	return call->wrote && call->request.len == 0;
}

/* Nothing came behind the last answer, and the peer is still there. */
static bool
is_quiet(struct conn *c)
{
	size_t got;

	/* What is there may be a session ticket, which is nobody's answer. */
	return wire_is_silent(&c->wire) ||
	    wire_read(&c->wire, c->pool->scratch, POOL_SCRATCH, &got) ==
	    WIRE_NEEDS_READ;
}

void
conn_warm(struct conn *c, bool warm)
{
	if (c->warm == warm)
		return;
	c->warm = warm;
	wire_keep_buffers(&c->wire, warm);
}

static void
attach(struct conn *c, struct upstream_call *call)
{
	c->call = call;
	call->conn = c;
	call_move(call, NULL);
}

/*
 * The first write on a connection that was kept open. It is looked at just
 * before: what it has to say by now is no answer to this request, which goes
 * on another one.
 */
static void
conn_send(struct conn *c)
{
	struct upstream_pool *p = c->pool;
	struct upstream_call *call = c->call;

	if (is_quiet(c)) {
		count_event(c, METRIC_UPSTREAM_REUSES);
		conn_write(c);
		return;
	}
	call->conn = NULL;
	c->call = NULL;
	conn_close(c);
	call_move_first(call, &p->queue);
	pool_pump(p);
}

/*
 * The loop writes at the end of its turn, when it has read all that came: the
 * code that makes requests and the code that sends them take turns in the
 * caches less often, and the server is woken once for several.
 */
void
conn_begin(struct conn *c, struct upstream_call *call)
{
	TAILQ_REMOVE(&c->pool->idle, c, idle);
	conn_move(c, CONN_BUSY);
	attach(c, call);
	event_active(&c->writable, EV_WRITE, 0);
}

/* The answer is whole: back to rest, or away. call_answer() comes last. */
static void
conn_finish(struct conn *c, bool surplus)
{
	struct upstream_call *call = c->call;
	bool keep = call->reader.reusable && !surplus && is_written(call) &&
	    !(wire_has_more(&c->wire) && !is_quiet(c));
	int64_t now = clock_mono_us();

	c->call = NULL;
	call->conn = NULL;
	if (!keep) {
		conn_close(c);
	} else {
		c->used = true;
		c->idle_since_us = now;
		conn_warm(c, true);
		conn_move(c, CONN_IDLE);
		TAILQ_INSERT_HEAD(&c->pool->idle, c, idle);
		pool_watch_idle(c->pool);
		pool_pump(c->pool);
	}
	call_answer(call, now);
}

/*
 * An answer to a request the server has only a part of: it may well refuse
 * that early, on a new connection. It cannot have done what was not asked
 * yet, and on a used connection the answer may be an earlier lead's.
 */
static bool
is_stray(const struct conn *c)
{
	return !is_written(c->call) &&
	    (c->used || c->call->reader.status < 400);
}

/* Feeds one piece; true when the call goes on. */
static bool
conn_feed(struct conn *c, size_t got)
{
	struct answer_reader *r = &c->call->reader;
	size_t used = answer_reader_feed(r, c->pool->scratch, got);

	if (r->verdict == VERDICT_MORE)
		return true;
	if (r->verdict == VERDICT_WHOLE && is_stray(c))
		conn_fail(c, UPSTREAM_BROKEN,
		    "the server answered before it had the request");
	else if (r->verdict == VERDICT_WHOLE)
		conn_finish(c, used < got);
	else
		conn_fail(c, UPSTREAM_BROKEN, r->problem);
	return false;
}

/* The stream ended in the proper way. */
static void
conn_ended(struct conn *c)
{
	struct answer_reader *r = &c->call->reader;

	answer_reader_end(r);
	if (r->verdict == VERDICT_WHOLE)
		conn_finish(c, false);
	else
		conn_fail(c, UPSTREAM_BROKEN, r->problem);
}

static void
conn_read(struct conn *c)
{
	enum wire_result result = WIRE_DONE;
	size_t got = 0;

	for (unsigned i = 0; i < READS_IN_A_ROW; i++) {
		result = wire_read(&c->wire, c->pool->scratch, POOL_SCRATCH,
		    &got);
		if (result != WIRE_DONE)
			break;
		if (!conn_feed(c, got))
			return;
	}
	if (result == WIRE_DONE) /* what OpenSSL holds back makes no event */
		event_active(&c->readable, EV_READ, 0);
	else if (result == WIRE_NEEDS_WRITE)
		event_add(&c->writable, NULL);
	else if (result == WIRE_END)
		conn_ended(c);
	else if (result == WIRE_LOST)
		conn_fail(c,
		    c->wire.refused ? UPSTREAM_NO_TLS : UPSTREAM_BROKEN,
		    c->wire.problem);
}

static void
log_connected(const struct conn *c)
{
	const SSL *ssl = c->wire.ssl;
	const char *resumed = NULL;

	if (!log_wants(LOG_LEVEL_DEBUG))
		return;
	if (ssl != NULL)
		resumed = SSL_session_reused(ssl) == 1 ? "true" : "false";
	log_event(LOG_LEVEL_DEBUG, "upstream connected", "upstream",
	    c->pool->target->name, "url", c->pool->target->address, "tls",
	    ssl != NULL ? SSL_get_version(ssl) : NULL, "resumed", resumed,
	    NULL);
}

/* Open at last: the request goes out, unless the server spoke first. */
static void
conn_ready(struct conn *c)
{
	enum wire_result result;
	size_t got;

	event_del(&c->timer);
	c->pool->address = c->address;
	count_event(c, METRIC_UPSTREAM_CONNECTS);
	log_connected(c);
	result = wire_read(&c->wire, c->pool->scratch, POOL_SCRATCH, &got);
	if (result == WIRE_NEEDS_READ) {
		conn_move(c, CONN_BUSY);
		if (c->pool->queue.count > 0)
			pool_wake(c->pool); /* the next may open */
		conn_write(c);
	} else if (result == WIRE_LOST) {
		conn_fail(c, unsent_outcome(c), c->wire.problem);
	} else {
		conn_fail(c, UPSTREAM_NO_CONNECT,
		    result == WIRE_END ? "the server closed the connection "
		                         "before it was asked anything"
		                       : "the server spoke before it was asked "
		                         "anything");
	}
}

static bool conn_goes_on(struct conn *c);

/* TLS failed before anything was asked: another address may do better. */
static void
conn_insecure(struct conn *c)
{
	if (!conn_goes_on(c))
		conn_fail(c, UPSTREAM_NO_TLS, c->wire.problem);
}

static void
conn_secure(struct conn *c)
{
	enum wire_result result = wire_secure(&c->wire, c->pool->target);

	if (result == WIRE_NEEDS_WRITE)
		event_add(&c->writable, NULL);
	else if (result == WIRE_DONE)
		conn_ready(c);
	else if (result == WIRE_LOST)
		conn_insecure(c);
}

/* Waits at most until `by`; on_timer() says what then. */
static void
arm_timer(struct conn *c, int64_t by)
{
	int64_t left = by - clock_mono_us();
	struct timeval tv = { 0, 0 };

	if (left > 0) {
		tv.tv_sec = (time_t)(left / 1000000);
		tv.tv_usec = (suseconds_t)(left % 1000000);
	}
	evtimer_add(&c->timer, &tv);
}

static void
conn_connected(struct conn *c)
{
	event_add(&c->readable, NULL);
	if (c->pool->target->tls == NULL) {
		conn_ready(c);
		return;
	}
	conn_move(c, CONN_SECURING);
	conn_secure(c);
}

static void conn_connect(struct conn *c);

/* This address is of no use. False when it was the last, or time is up. */
static bool
conn_goes_on(struct conn *c)
{
	unhook_socket(c);
	c->tried++;
	if (c->tried == c->addresses.count ||
	    clock_mono_us() >= c->connect_by_us)
		return false;
	c->address = (c->address + 1) % c->addresses.count;
	conn_connect(c);
	return true;
}

static void
conn_unreachable(struct conn *c)
{
	if (conn_goes_on(c))
		return;
	names_forget(c->pool->names);
	conn_fail(c, UPSTREAM_NO_CONNECT, c->wire.problem);
}

static void
on_connect(struct conn *c)
{
	if (wire_opened(&c->wire) == WIRE_DONE)
		conn_connected(c);
	else
		conn_unreachable(c);
}

static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct conn *c = arg;

	(void)fd, (void)what;
	if (c->state == CONN_BUSY && c->call->wrote)
		conn_read(c); /* else conn_send() is about to look */
	else if (c->state == CONN_SECURING)
		conn_secure(c);
	else if (c->state == CONN_IDLE && !is_quiet(c))
		conn_close(c);
}

static void
on_writable(evutil_socket_t fd, short what, void *arg)
{
	struct conn *c = arg;

	(void)fd, (void)what;
	if (c->state == CONN_CONNECTING)
		on_connect(c);
	else if (c->state == CONN_SECURING)
		conn_secure(c);
	else if (c->state == CONN_BUSY && !c->call->wrote)
		conn_send(c);
	else if (c->state == CONN_BUSY && !is_written(c->call))
		conn_write(c);
	else if (c->state == CONN_BUSY)
		conn_read(c);
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct conn *c = arg;
	bool securing = c->state == CONN_SECURING;

	(void)fd, (void)what;
	snprintf(c->wire.problem, sizeof(c->wire.problem), "%s",
	    securing ? "the TLS handshake did not end within connect_timeout"
	             : "no connection within connect_timeout");
	if (securing)
		conn_insecure(c);
	else
		conn_unreachable(c);
}

/*
 * Tries c->address. Each address gets an equal share of the time that is
 * left, TLS included, so that one that swallows everything does not starve
 * the others.
 */
static void
conn_connect(struct conn *c)
{
	int64_t now = clock_mono_us();
	int64_t share = (c->connect_by_us - now) /
	    (int64_t)(c->addresses.count - c->tried);
	enum wire_result result;

	conn_move(c, CONN_CONNECTING);
	arm_timer(c, now + share);
	wire_init(&c->wire, &c->pool->memory);
	result = wire_open(&c->wire, &c->addresses.list[c->address]);
	if (c->wire.socket.fd != -1) {
		event_assign(&c->readable, c->pool->base, c->wire.socket.fd,
		    EV_READ | EV_PERSIST, on_readable, c);
		event_assign(&c->writable, c->pool->base, c->wire.socket.fd,
		    EV_WRITE, on_writable, c);
	}
	if (result == WIRE_DONE) {
		conn_connected(c);
	} else if (result == WIRE_NEEDS_WRITE) {
		event_add(&c->writable, NULL);
	} else {
		conn_unreachable(c);
	}
}

void
conn_resolved(struct conn *c, const char *problem)
{
	const struct names_list *known;
	char reason[URL_HOST_MAX + 192];

	if (problem != NULL) {
		snprintf(reason, sizeof(reason), "%s: %s",
		    c->pool->target->url.host, problem);
		conn_fail(c, UPSTREAM_NO_ADDRESS, reason);
		return;
	}
	known = names_get(c->pool->names);
	if (known == NULL)
		return; /* forgotten meanwhile: another lookup runs */
	c->addresses = *known;
	c->address = c->pool->address % known->count;
	c->connect_by_us = clock_mono_us() +
	    c->pool->target->options.connect_timeout_ms * 1000;
	conn_connect(c);
}

void
conn_open(struct upstream_pool *p, struct upstream_call *call)
{
	struct conn *c = base_alloc(sizeof(*c));

	c->pool = p;
	c->state = CONN_RESOLVING;
	wire_init(&c->wire, &p->memory);
	evtimer_assign(&c->timer, p->base, on_timer, c);
	TAILQ_INSERT_TAIL(&p->conns, c, link);
	p->conn_count++;
	p->opening++;
	count_state(c, 1);
	attach(c, call);
	if (names_get(p->names) != NULL)
		conn_resolved(c, NULL);
}
