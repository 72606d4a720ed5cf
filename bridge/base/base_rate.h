/*
 * base/base_rate.h - at most so many a second, with a burst.
 *
 * A token bucket kept as one number: the time at which it will be full
 * again (GCRA). So any thread may take from it, without a lock, and an
 * unused one costs nothing: zeroed is full.
 */
#ifndef BRIDGE_BASE_RATE_H
#define BRIDGE_BASE_RATE_H

#include <stdatomic.h>

#include "base/base_macros.h"

/* What a bucket is like; it holds `burst` tokens. */
struct rate_limit {
	int64_t every_us; /* a token; 0: there is no limit */
	int64_t burst;    /* at least 1 */
};
/* a_second: 0 for no limit. burst 0: as many as come in a second. */
struct rate_limit rate_limit_of(int64_t a_second, int64_t burst);

struct rate {
	_Atomic int64_t full_us; /* clock_mono_us() */
};
/* How long until there is a token, in us; 0: there is one now. */
int64_t rate_wait(struct rate *r, struct rate_limit limit, int64_t now_us);
/* Takes one, whether or not it is there: ask rate_wait() first. */
void rate_take(struct rate *r, struct rate_limit limit, int64_t now_us);

#endif
