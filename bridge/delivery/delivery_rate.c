/* delivery/delivery_rate.c - no more of a route than it says. */
#include "delivery/delivery_life.h"
#include "delivery/delivery_rate.h"

struct route_rate {
	struct rate_limit limit;
	struct rate spent;
};

struct route_rate *
route_rate_new(int64_t a_second)
{
	struct route_rate *r;

	if (a_second == 0)
		return NULL;
	r = base_alloc(sizeof(*r));
	r->limit = rate_limit_of(a_second, 0);
	return r;
}

void
route_rate_free(struct route_rate *r)
{
	base_free(r);
}

static int64_t
wait_us(const struct delivery *d)
{
	struct route_rate *r = d->route->rate;

	return r != NULL ? rate_wait(&r->spent, r->limit, clock_mono_us()) : 0;
}

int
delivery_take_rate(const struct delivery *d, struct fault *why)
{
	struct route_rate *r = d->route->rate;

	if (wait_us(d) > 0)
		return fault_set(why, FAULT_RATE, NULL,
		    "more events a second than the route's rate");
	if (r != NULL)
		rate_take(&r->spent, r->limit, clock_mono_us());
	return 0;
}

int
delivery_rate_wait(const struct delivery *d)
{
	return 1 + (int)(wait_us(d) / 1000000);
}
