/*
 * listener/listener_greet.c - who a connection is of.
 *
 * Its own address; or the one that the PROXY header in front of it says,
 * which nobody but the proxies may send. It is read here, off the socket,
 * and never a byte more than it has: what is behind it may be TLS.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "listener/listener_proxy.h"
#include "listener/listener_worker.h"
#include "metrics/metrics.h"

#define LIMIT_LINES_A_SECOND 5

struct greeting {
	size_t n;
	char bytes[PROXY_MAX];
};

static bool
find_address(struct guard *g)
{
	struct sockaddr_storage from = { .ss_family = AF_UNSPEC };
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)&from;
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&from;
	socklen_t len = sizeof(from);
	unsigned char *bytes = g->address.bytes;

	if (getpeername(g->stream.fd, (struct sockaddr *)&from, &len) == -1)
		return false;
	if (from.ss_family == AF_INET6) {
		memcpy(bytes, &v6->sin6_addr, 16);
	} else if (from.ss_family == AF_INET) {
		memset(bytes + 10, 0xff, 2);
		memcpy(bytes + 12, &v4->sin_addr, 4);
	} else {
		return false;
	}
	net_print(&g->address, g->peer);
	return true;
}

void
guard_turn_away(struct guard *g, enum metric_limit limit, const char *reason)
{
	struct worker *w = g->worker;
	char more[16];
	unsigned dropped;

	metrics_add(METRIC_LIMITED, limit, 1);
	if (quota_take(&w->limit_lines, LIMIT_LINES_A_SECOND, &dropped)) {
		snprintf(more, sizeof(more), "%u", dropped);
		log_event(LOG_LEVEL_WARNING, "connection closed", "listener",
		    w->name, "peer", g->peer, "reason", reason,
		    "lines_left_out", dropped > 0 ? more : NULL, NULL);
	}
	guard_end(g);
}

/* Its peer is known. What it sends is read when it is there. */
static void
welcome(struct guard *g)
{
	if (!front_trusts(g->entry->front, &g->address)) {
		g->entered = crowd_enter(g->worker->crowd, &g->address);
		if (!g->entered) {
			guard_turn_away(g, LIMIT_ADDRESS_CONNECTIONS,
			    "its address has limits.connections_per_address "
			    "open");
			return;
		}
	}
	guard_wait(g, EV_READ);
	worker_make_room(g->worker); /* for the next one; g may be gone */
}

void
guard_greet(struct guard *g)
{
	const struct front *front = g->entry->front;

	if (!find_address(g)) { /* it left again */
		guard_end(g);
		return;
	}
	if (!front->protocol) {
		welcome(g);
		return;
	}
	if (!front_trusts(front, &g->address)) {
		guard_turn_away(g, LIMIT_PROXY_HEADER,
		    "it is not one of the proxies");
		return;
	}
	g->greeting = base_alloc(sizeof(*g->greeting));
	guard_wait(g, EV_READ);
}

void
guard_greet_end(struct guard *g)
{
	base_free(g->greeting);
	g->greeting = NULL;
}

static void
greeted(struct guard *g)
{
	enum proxy_verdict verdict = proxy_read(g->greeting->bytes,
	    g->greeting->n, &g->address);

	guard_greet_end(g);
	if (verdict == PROXY_BAD) {
		guard_turn_away(g, LIMIT_PROXY_HEADER,
		    "its PROXY header is malformed");
		return;
	}
	g->unnamed = verdict == PROXY_NOBODY;
	net_print(&g->address, g->peer);
	welcome(g);
}

void
guard_greet_on(struct guard *g)
{
	struct greeting *in = g->greeting;
	size_t want;

	while ((want = proxy_length(in->bytes, in->n)) > in->n) {
		ssize_t got = recv(g->stream.fd, in->bytes + in->n,
		    want - in->n, 0);

		if (got == -1 && (errno == EAGAIN || errno == EINTR))
			return;
		if (got <= 0) {
			guard_end(g);
			return;
		}
		in->n += (size_t)got;
	}
	if (want == 0)
		guard_turn_away(g, LIMIT_PROXY_HEADER,
		    "it does not begin with a PROXY header");
	else
		greeted(g);
}
