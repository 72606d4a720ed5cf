/* base/base_rate.c - token buckets. */
#include "base/base.h"

struct rate_limit
rate_limit_of(int64_t a_second, int64_t burst)
{
	if (a_second <= 0)
		return (struct rate_limit){ 0, 1 };
	return (struct rate_limit){ .every_us = 1000000 / a_second,
		.burst = burst > 0 ? burst : a_second };
}

int64_t
rate_wait(struct rate *r, struct rate_limit limit, int64_t now_us)
{
	int64_t full = atomic_load_explicit(&r->full_us, memory_order_relaxed);
	int64_t wait = full - now_us - (limit.burst - 1) * limit.every_us;

	return wait > 0 ? wait : 0;
}

void
rate_take(struct rate *r, struct rate_limit limit, int64_t now_us)
{
	int64_t full = atomic_load_explicit(&r->full_us, memory_order_relaxed);
	int64_t next;

	do
		next = (full > now_us ? full : now_us) + limit.every_us;
	while (!atomic_compare_exchange_weak_explicit(&r->full_us, &full, next,
	    memory_order_relaxed, memory_order_relaxed));
}
