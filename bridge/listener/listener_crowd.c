/* listener/listener_crowd.c - counts, of all and by address. */
#include <limits.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/random.h>

#include "listener/listener_crowd.h"

#define ROWS 2
/* A power of two. The tables are 384 KiB, and touched where they are used. */
#define PLACES 8192
/* What counts as one: an IPv4 address or a /64; and of IPv6, a /48 besides. */
#define GRAINS 2
#define CACHE_LINE 64

struct crowd {
	_Atomic int64_t held; /* bytes; written at every request */
	char apart[CACHE_LINE];
	_Atomic int64_t open; /* connections */
	atomic_uint asking;   /* workers */
	char apart_too[CACHE_LINE];

	/* Changed by a reload, each by itself. */
	_Atomic int64_t held_max, open_max;
	_Atomic unsigned entered_max; /* of one address; 0: any number */
	_Atomic int64_t a_second;     /* requests of one address; 0: any */

	uint64_t seed[ROWS];
	_Atomic unsigned entered[GRAINS][ROWS][PLACES];
	struct rate rates[GRAINS][ROWS][PLACES];
};

static unsigned
grains_of(const struct net_address *a)
{
	return net_is_ipv4(a) ? 1 : GRAINS;
}

/* What a grain may take, of what an address may. */
static const unsigned times[GRAINS] = { 1, CROWD_SITE };

struct crowd *
crowd_new(void)
{
	struct crowd *c = base_alloc(sizeof(*c));

	c->held_max = c->open_max = INT64_MAX;
	if (getrandom(c->seed, sizeof(c->seed), 0) != sizeof(c->seed))
		bug("the system has no random numbers");
	return c;
}

void
crowd_limit(struct crowd *c, const struct listener_limits *limits)
{
	c->open_max = limits->connections;
	c->held_max = limits->memory;
	c->entered_max = (unsigned)limits->connections_per_address;
	c->a_second = limits->requests_per_address;
}

void
crowd_free(struct crowd *c)
{
	base_free(c);
}

void
crowd_count(struct crowd *c, int by)
{
	atomic_fetch_add_explicit(&c->open, by, memory_order_relaxed);
}

/* A limit; stale by a moment, where it is being changed. */
static int64_t
now_of(const _Atomic int64_t *limit)
{
	return atomic_load_explicit(limit, memory_order_relaxed);
}

bool
crowd_has_room(const struct crowd *c)
{
	return now_of(&c->open) < now_of(&c->open_max);
}

void
crowd_ask(struct crowd *c, int by)
{
	atomic_fetch_add_explicit(&c->asking, (unsigned)by,
	    memory_order_relaxed);
}

bool
crowd_is_asked(const struct crowd *c)
{
	return atomic_load_explicit(&c->asking, memory_order_relaxed) > 0;
}

/* What splitmix64 ends a number with: each bit depends on all. */
static uint64_t
mixed(uint64_t x)
{
	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	return x ^ x >> 31;
}

/* The place of an address in a row. */
static size_t
place(const struct crowd *c, unsigned grain, unsigned row,
    const struct net_address *a)
{
	static const size_t counts[GRAINS] = { 8, 6 }; /* bytes of IPv6 */
	uint64_t network = 0, host = 0;

	if (net_is_ipv4(a)) {
		memcpy(&network, a->bytes, sizeof(network));
		memcpy(&host, a->bytes + sizeof(network), sizeof(host));
	} else {
		memcpy(&network, a->bytes, counts[grain]);
	}
	return mixed(mixed(network ^ c->seed[row]) ^ host) & (PLACES - 1);
}

/* Counts by 1 or -1 in a row of a grain; how many there were before. */
static unsigned
add_entered(struct crowd *c, unsigned grain, unsigned row,
    const struct net_address *a, int by)
{
	size_t at = place(c, grain, row, a);

	return atomic_fetch_add_explicit(&c->entered[grain][row][at],
	    (unsigned)by, memory_order_relaxed);
}

/* Enters the tables of a grain; whether it was full before. */
static bool
enter(struct crowd *c, unsigned grain, const struct net_address *a)
{
	unsigned max = c->entered_max * times[grain], full = 0;

	for (unsigned row = 0; row < ROWS; row++)
		full += add_entered(c, grain, row, a, 1) >= max;
	return max > 0 && full == ROWS;
}

bool
crowd_enter(struct crowd *c, const struct net_address *a)
{
	bool full = false;

	for (unsigned grain = 0; grain < grains_of(a); grain++)
		full |= enter(c, grain, a);
	if (full)
		crowd_leave(c, a);
	return !full;
}

void
crowd_leave(struct crowd *c, const struct net_address *a)
{
	for (unsigned grain = 0; grain < grains_of(a); grain++)
		for (unsigned row = 0; row < ROWS; row++)
			(void)add_entered(c, grain, row, a, -1);
}

unsigned
crowd_entered(const struct crowd *c, const struct net_address *a)
{
	unsigned grain = grains_of(a) - 1, least = UINT_MAX;

	for (unsigned row = 0; row < ROWS; row++) {
		size_t at = place(c, grain, row, a);
		unsigned n = atomic_load_explicit(&c->entered[grain][row][at],
		    memory_order_relaxed);

		if (n < least)
			least = n;
	}
	return least;
}

/* The places of an address in a grain, and how long it has to wait there. */
static int64_t
find_rates(struct crowd *c, unsigned grain, const struct net_address *a,
    struct rate_limit limit, int64_t now_us, struct rate *at[ROWS])
{
	int64_t least = INT64_MAX;

	for (unsigned row = 0; row < ROWS; row++) {
		int64_t wait;

		at[row] = &c->rates[grain][row][place(c, grain, row, a)];
		wait = rate_wait(at[row], limit, now_us);
		if (wait < least)
			least = wait;
	}
	return least;
}

int64_t
crowd_wait(struct crowd *c, const struct net_address *a, int64_t now_us)
{
	int64_t a_second = now_of(&c->a_second), most = 0;
	struct rate_limit limit[GRAINS];
	struct rate *at[GRAINS][ROWS];

	if (a_second == 0)
		return 0;
	for (unsigned grain = 0; grain < grains_of(a); grain++) {
		int64_t wait;

		limit[grain] = rate_limit_of(a_second * times[grain], 0);
		wait = find_rates(c, grain, a, limit[grain], now_us, at[grain]);
		if (wait > most)
			most = wait;
	}
	for (unsigned grain = 0; grain < grains_of(a) && most == 0; grain++)
		for (unsigned row = 0; row < ROWS; row++)
			rate_take(at[grain][row], limit[grain], now_us);
	return most;
}

void
crowd_hold(struct crowd *c, int64_t bytes)
{
	atomic_fetch_add_explicit(&c->held, bytes, memory_order_relaxed);
}

bool
crowd_is_full(const struct crowd *c)
{
	return now_of(&c->held) > now_of(&c->held_max);
}

bool
crowd_is_nearly_full(const struct crowd *c)
{
	return now_of(&c->held) > now_of(&c->held_max) / 4 * 3;
}
