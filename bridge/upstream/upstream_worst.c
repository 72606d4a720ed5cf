/*
 * upstream/upstream_worst.c - what a target's settings allow, added up.
 *
 * Counted is every connection with the largest request on its way and the
 * largest answer half in, and every call that waits with its request. Not
 * counted is the C library's own waste.
 */
#include "upstream/upstream_target.h"

/* A connection, its events, and what OpenSSL keeps of it. */
#define CONNECTION_BYTES ((int64_t)48 << 10)

int64_t
upstream_worst(const struct upstream_target *t, size_t most)
{
	const struct upstream_options *o = &t->options;
	int64_t call = (int64_t)(most + t->head_room);
	int64_t answer = o->max_answer + o->max_answer_headers;

	return o->connections * (CONNECTION_BYTES + answer) +
	    (o->connections + o->queue) * call;
}
