/*
 * listener/listener_worst.c - what the limits allow, added up.
 *
 * Counted is what a stranger can have us hold at once: all connections open,
 * each with a request too small to be counted, the memory for requests full
 * and every worker at work on the largest one. Not counted are the pages of
 * program and libraries, and the C library's own waste. Per connection it was
 * measured: 2.3 KB plain, 54 KB over TLS with half a record and a head of 6 KB.
 */
#include "listener/listener_worker.h"

/* Of a connection, as evhttp, bufferevent, event and guard have it. */
#define CONNECTION_BYTES ((int64_t)4 << 10)
/* What OpenSSL adds: its state, and a record that is not whole yet. */
#define TLS_BYTES ((int64_t)42 << 10)
/* A request's first chunk, its own struct and the arena's. */
#define HEAD_BYTES ((int64_t)12 << 10)
/* Of a thread, the stack that is touched; and its event base. */
#define THREAD_BYTES ((int64_t)512 << 10)

struct listener_worst
listener_worst(const struct listener_limits *l, unsigned workers, bool tls)
{
	int64_t open = l->connections + workers, count = workers;

	return (struct listener_worst){
		.connections = open *
		    (CONNECTION_BYTES + (tls ? TLS_BYTES : 0)),
		.heads = open * HEAD_BYTES,
		.requests = l->memory + count * (int64_t)incoming_arena_max(l),
		.workers = count *
		    (THREAD_BYTES + (int64_t)SCRATCH_BYTES +
		        (int64_t)incoming_pool_max()),
	};
}
