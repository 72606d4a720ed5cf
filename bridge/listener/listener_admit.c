/*
 * listener/listener_admit.c - whose request it is, and whether it is served.
 *
 * Judged when the head is whole: what is not to be served costs its sender a
 * body, and us none.
 */
#include "listener/listener_worker.h"

/* Of its arena, what is not counted: the first chunk, which any request has. */
#define SMALL ((size_t)8 << 10)

void
incoming_count(struct incoming *in)
{
	size_t used = arena_used(in->exchange.arena);
	size_t now = used > SMALL ? used - SMALL : 0;

	if (now == in->held)
		return;
	crowd_hold(in->worker->crowd, (int64_t)now - (int64_t)in->held);
	in->held = now;
}

bool
incoming_find_client(struct incoming *in)
{
	const struct guard *g = in->guard;
	const struct front *front = g->entry->front;
	struct request *r = &in->exchange.request;
	struct arena *arena = in->exchange.arena;
	char text[NET_TEXT_SIZE];

	in->client = g->address;
	in->is_proxy = front_trusts(front, &g->address);
	r->peer = arena_copy(arena, str_of(g->peer));
	if (!in->is_proxy)
		return r->peer.at != NULL;
	r->hop = r->peer;
	/* What a stranger writes in a header is not the proxy's word. */
	in->is_proxy = g->unnamed ||
	    !forward_client(r, front->header, &front->proxies, &in->client);
	if (!in->is_proxy) {
		net_print(&in->client, text);
		r->peer = arena_copy(arena, str_of(text));
	}
	return r->hop.at != NULL && r->peer.at != NULL;
}

/* Proxies speak for many: who is not known behind them is not limited. */
static bool
is_limited(const struct incoming *in)
{
	return in->worker->limits.requests_per_address > 0 && !in->is_proxy;
}

enum scan_reason
incoming_admit(struct incoming *in)
{
	struct crowd *c = in->worker->crowd;

	if (in->admitted)
		return SCAN_OK;
	in->admitted = true;
	if (crowd_is_full(c))
		return SCAN_FULL;
	if (is_limited(in))
		in->wait_us = crowd_wait(c, &in->client, clock_mono_us());
	return in->wait_us > 0 ? SCAN_RATE : SCAN_OK;
}

void
incoming_admit_early(struct incoming *in)
{
	const struct worker *w = in->worker;
	struct arena *arena = in->exchange.arena;
	struct arena_mark mark = arena_mark(arena);
	enum scan_reason reason = SCAN_MEMORY;

	if (incoming_fill(in))
		reason = incoming_admit(in);
	if (reason != SCAN_OK) {
		scan_refuse(&in->scan, reason);
		return;
	}
	if (w->service.wants_body != NULL &&
	    !w->service.wants_body(w->mine, &in->exchange.request, arena)) {
		in->bodiless = true;
		scan_end(&in->scan);
	}
	in->exchange.request = (struct request){ .body = STR_NONE };
	arena_rewind(arena, mark);
}
