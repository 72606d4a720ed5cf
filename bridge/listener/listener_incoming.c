/*
 * listener/listener_incoming.c - one request, from its bytes to its answer.
 *
 * The bytes stand in the request's own arena, head and body in a row; the
 * values of the request point into them. Arenas go back to a pool of the
 * worker, so that a steady load takes nothing from the system.
 */
#include <stdio.h>
#include <string.h>

#include "listener/listener_worker.h"
#include "metrics/metrics.h"

/* For the rooms behind: document, mapped values, the PATCH. */
#define ARENA_ROOM ((size_t)8 << 20)
/* Head and body: at most twice over, as `bytes` doubles, and what it left. */
#define ARENA_TIMES 4
/* Kept for the next request; a larger one goes back to the system. */
#define POOL_ARENA_MAX ((size_t)256 << 10)
#define POOL_MAX 64
/* Reserved at once for a body that announces its length. */
#define RESERVE_MAX ((size_t)64 << 10)
#define BAD_LINES_A_SECOND 5

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
		in->exchange.arena = arena_new(ARENA_ROOM + ARENA_TIMES * size);
		in->exchange.reply = incoming_reply;
		in->worker = w;
	}
	in->guard = g;
	in->next = NULL;
	in->no_body = false;
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

	in->guard = NULL;
	in->exchange.request = (struct request){ .body = STR_NONE };
	arena_reset(in->exchange.arena);
	if (w->pooled == POOL_MAX ||
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
}

bool
incoming_keep(struct incoming *in, const char *at, size_t n)
{
	const struct scan *s = &in->scan;

	/* Between head and body: how much follows is known, or a guess. */
	if (s->body_len == 0 && s->left > 0 && s->left <= RESERVE_MAX)
		(void)bytes_reserve(&in->bytes, n + (size_t)s->left);
	bytes_add(&in->bytes, at, n);
	return bytes_ok(&in->bytes);
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
		.body = rest,
		.peer = arena_copy(arena, str_of(in->guard->peer)),
		.received_ms = clock_wall_ms(),
		.tls = in->guard->entry->tls != NULL };
	if (headers == NULL || r->peer.at == NULL)
		return false;
	fill_line(r, cut_line(&head));
	while ((line = cut_line(&head)).len > 0) {
		struct header *h = &headers[r->header_count++];

		h->value = line;
		(void)str_cut(&h->value, ':', &h->name);
		h->value = str_trim(h->value);
	}
	return true;
}

static void
log_refused(struct incoming *in, const struct scan_verdict *verdict)
{
	char status[16], more[16];
	unsigned dropped;

	if (!quota_take(&in->worker->bad_lines, BAD_LINES_A_SECOND, &dropped))
		return;
	snprintf(status, sizeof(status), "%d", verdict->status);
	snprintf(more, sizeof(more), "%u", dropped);
	log_event(LOG_LEVEL_INFO, "bad request", "listener", in->worker->name,
	    "peer", in->guard->peer, "status", status, "reason", verdict->text,
	    "lines_left_out", dropped > 0 ? more : NULL, NULL);
}

static enum fault_code
fault_of(int status)
{
	if (status == 503)
		return FAULT_BUSY;
	if (status == 413 || status == 414 || status == 431)
		return FAULT_TOO_LARGE;
	return FAULT_REQUEST;
}

void
incoming_refuse(struct incoming *in, enum scan_reason reason)
{
	const struct scan_verdict *verdict = scan_verdict(reason);
	struct fault why = { .code = FAULT_NONE };
	struct answer a;

	metrics_add(METRIC_BAD_REQUESTS, 0, 1);
	log_refused(in, verdict);
	fault_set(&why, fault_of(verdict->status), NULL, "%s", verdict->text);
	answer_fault(&a, &why, in->exchange.arena);
	a.status = verdict->status;
	a.close = true;
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
