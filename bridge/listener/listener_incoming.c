/*
 * listener/listener_incoming.c - one request, from its bytes to its answer.
 *
 * The bytes stand in the request's own arena, head and body in a row; the
 * values of the request point into them. Arenas go back to a pool of the
 * worker, so that a steady load takes nothing from the system.
 */
#include <stdio.h>
#include <string.h>

#include "listener/listener_tls.h"
#include "listener/listener_worker.h"
#include "metrics/metrics.h"

/* For the rooms behind: document, mapped values, the PATCH. */
#define ARENA_ROOM ((size_t)8 << 20)
/* Head and body: at most twice over, as `bytes` doubles, and what it left. */
#define ARENA_TIMES 4
/* Kept for the next request; a larger one goes back to the system. */
#define POOL_ARENA_MAX ((size_t)256 << 10)
#define POOL_MAX 64
/*
 * Reserved at once for a body that announces its length: so little that all
 * connections there may be, with a length and no body, leave room for others.
 */
#define RESERVE_MAX ((size_t)16 << 10)
#define BAD_LINES_A_SECOND 5

size_t
incoming_arena_max(const struct listener_limits *limits)
{
	return ARENA_ROOM +
	    ARENA_TIMES * (size_t)(limits->headers + limits->body);
}

size_t
incoming_pool_max(void)
{
	return POOL_MAX * POOL_ARENA_MAX;
}

struct incoming *
incoming_take(struct guard *g)
{
	struct worker *w = g->worker;
	struct incoming *in = w->pool;
	size_t size = w->scan_limits.head + w->scan_limits.body;

	if (in != NULL) {
		w->pool = in->next;
		w->pooled--;
	} else {
		in = base_alloc(sizeof(*in));
		in->room = incoming_arena_max(&w->limits);
		in->exchange.arena = arena_new(in->room);
		in->exchange.reply = incoming_reply;
		in->worker = w;
	}
	in->guard = g;
	in->next = NULL;
	in->admitted = in->bodiless = in->no_body = false;
	in->wait_us = 0;
	in->begun_us = clock_mono_us();
	scan_start(&in->scan, &w->scan_limits);
	bytes_init_in(&in->bytes, in->exchange.arena, size);
	return in;
}

bool
incoming_begun(const struct incoming *in)
{
	return in != NULL && in->scan.head_len > 0;
}

static void
free_one(struct incoming *in)
{
	arena_free(in->exchange.arena);
	base_free(in);
}

void
incoming_drop(struct incoming *in)
{
	struct worker *w = in->worker;

	if (w->current == in)
		w->current = NULL;
	if (in->held > 0)
		crowd_hold(w->crowd, -(int64_t)in->held);
	in->held = 0;
	in->guard = NULL;
	in->exchange.request = (struct request){ .body = STR_NONE };
	arena_reset(in->exchange.arena);
	registers_forget();
	if (w->pooled == POOL_MAX ||
	    in->room != incoming_arena_max(&w->limits) ||
	    arena_held(in->exchange.arena) > POOL_ARENA_MAX) {
		free_one(in);
		return;
	}
	in->next = w->pool;
	w->pool = in;
	w->pooled++;
}

void
incoming_free_pool(struct worker *w)
{
	while (w->pool != NULL) {
		struct incoming *in = w->pool;

		w->pool = in->next;
		free_one(in);
	}
	w->pooled = 0;
}

bool
incoming_keep(struct incoming *in, const char *at, size_t n)
{
	const struct scan *s = &in->scan;

	/* Between head and body: how much follows is known, or a guess. */
	if (s->body_len == 0 && s->left > 0 && s->left <= RESERVE_MAX)
		(void)bytes_reserve(&in->bytes, n + (size_t)s->left);
	bytes_add(&in->bytes, at, n);
	incoming_count(in);
	return bytes_ok(&in->bytes) &&
	    (in->held == 0 || !crowd_is_nearly_full(in->worker->crowd));
}

static void
fill_line(struct request *r, struct str line)
{
	struct str rest = line;

	(void)str_cut(&rest, ' ', &r->method);
	(void)str_cut(&rest, ' ', &r->target);
	r->query = r->target;
	(void)str_cut(&r->query, '?', &r->path);
}

/* One line, without its CR LF, off the front of a scanned head. */
static struct str
cut_line(struct str *head)
{
	struct str line;

	(void)str_cut(head, '\n', &line);
	line.len--;
	return line;
}

/* The connection may be gone before the request is. */
static bool
fill_client_name(struct incoming *in)
{
	struct request *r = &in->exchange.request;
	struct str name = str_of(client_name(stream_ssl(&in->guard->stream)));

	if (name.at == NULL)
		return true;
	r->client_name = arena_copy(in->exchange.arena, name);
	return r->client_name.at != NULL;
}

bool
incoming_fill(struct incoming *in)
{
	const struct scan *s = &in->scan;
	struct request *r = &in->exchange.request;
	struct arena *arena = in->exchange.arena;
	struct str rest = str_skip(bytes_str(&in->bytes), s->head_len);
	struct str head = { in->bytes.data, s->head_len }, line;
	struct header *headers;

	headers = arena_take(arena, s->fields * sizeof(*headers));
	*r = (struct request){ .headers = headers,
		.body = in->bodiless ? STR("") : rest,
		.received_ms = clock_wall_ms(),
		.receive_us = clock_mono_us() - in->begun_us,
		.tls = in->guard->entry->tls != NULL };
	if (headers == NULL || !fill_client_name(in))
		return false;
	fill_line(r, cut_line(&head));
	while ((line = cut_line(&head)).len > 0) {
		struct header *h = &headers[r->header_count++];

		h->value = line;
		(void)str_cut(&h->value, ':', &h->name);
		h->value = str_trim(h->value);
	}
	return incoming_find_client(in);
}

/* Nothing is wrong with it, and it is not served. */
static const struct unserved {
	enum scan_reason reason;
	const char *what;        /* in the log */
	enum metric_limit limit; /* LIMITS: it met none */
} unserved[] = {
	{ SCAN_MEMORY, "request limited", LIMIT_MEMORY },
	{ SCAN_FULL, "request limited", LIMIT_MEMORY },
	{ SCAN_RATE, "request limited", LIMIT_ADDRESS_REQUESTS },
	{ SCAN_STOPPING, "request not served", LIMITS },
	{ SCAN_RENEWED, "request not served", LIMITS },
};

static const struct unserved *
find_unserved(enum scan_reason reason)
{
	for (size_t i = 0; i < COUNT_OF(unserved); i++)
		if (unserved[i].reason == reason)
			return &unserved[i];
	return NULL;
}

static void
log_refused(struct incoming *in, const char *what,
    const struct scan_verdict *verdict)
{
	struct str client = in->exchange.request.peer;
	char status[16], more[16];
	unsigned dropped;

	if (!quota_take(&in->worker->bad_lines, BAD_LINES_A_SECOND, &dropped))
		return;
	snprintf(status, sizeof(status), "%d", verdict->status);
	snprintf(more, sizeof(more), "%u", dropped);
	log_event(LOG_LEVEL_INFO, what, "listener", in->worker->name, "peer",
	    client.at != NULL ? client.at : in->guard->peer, "status", status,
	    "reason", verdict->text, "lines_left_out",
	    dropped > 0 ? more : NULL, NULL);
}

static enum fault_code
fault_of(int status)
{
	if (status == 503)
		return FAULT_BUSY;
	if (status == 429)
		return FAULT_RATE;
	if (status == 413 || status == 414 || status == 431)
		return FAULT_TOO_LARGE;
	return FAULT_REQUEST;
}

void
incoming_refuse(struct incoming *in, enum scan_reason reason)
{
	const struct scan_verdict *verdict = scan_verdict(reason);
	const struct unserved *good = find_unserved(reason);
	struct fault why = { .code = FAULT_NONE };
	struct answer a;

	if (good == NULL)
		metrics_add(METRIC_BAD_REQUESTS, 0, 1);
	else if (good->limit != LIMITS)
		metrics_add(METRIC_LIMITED, good->limit, 1);
	log_refused(in, good != NULL ? good->what : "bad request", verdict);
	fault_set(&why, fault_of(verdict->status), NULL, "%s", verdict->text);
	answer_fault(&a, &why, in->exchange.arena);
	a.status = verdict->status;
	if (in->wait_us > 0)
		a.retry_after = (int)((in->wait_us + 999999) / 1000000);
	/* Who reads in full may stay: a new connection would cost more. */
	a.close = reason != SCAN_RATE || in->scan.reason != SCAN_OK;
	incoming_reply(&in->exchange, &a);
}

/* For an answer the arena has no room for; the connection is closed. */
#define NO_ROOM                                                                \
	"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n"            \
	"Retry-After: 5\r\nConnection: close\r\n\r\n"

static void
send_answer(struct incoming *in, const struct answer *a)
{
	struct guard *g = in->guard;

	g->accepted |= a->status < 300;
	g->closing = a->close || !in->scan.keep || in->worker->stopping;
	in->out = answer_print(in, a, g->closing);
	if (in->out.at == NULL) {
		g->closing = true;
		in->out = STR(NO_ROOM);
	}
	guard_write(g);
}

void
incoming_reply(struct exchange *x, const struct answer *a)
{
	struct incoming *in = (struct incoming *)x;

	if (!in->served)
		bug("an exchange is answered twice, or before it was served");
	if (a->status < 200 || a->status > 599)
		bug("an exchange is answered with status %d", a->status);
	metrics_add(METRIC_REQUESTS, (unsigned)a->status / 100, 1);
	in->served = false;
	in->worker->serving--;
	if (in->guard != NULL)
		send_answer(in, a);
	else
		incoming_drop(in); /* the connection is gone */
}
