/* listener/listener_crowd.c - counts, of all and by address. */
#include <stdatomic.h>
#include <string.h>
#include <sys/random.h>

#include "listener/listener_crowd.h"

#define ROWS 2
/* A power of two. The tables are 192 KiB, and touched where they are used. */
#define PLACES 8192
#define CACHE_LINE 64

struct crowd {
	_Atomic int64_t held; /* bytes; written at every request */
	char apart[CACHE_LINE];
	_Atomic int64_t open; /* connections */
	char apart_too[CACHE_LINE];

	/* Changed by a reload, each by itself. */
	_Atomic int64_t held_max, open_max;
	_Atomic unsigned entered_max; /* of one address; 0: any number */
	_Atomic int64_t a_second;     /* requests of one address; 0: any */

	uint64_t seed[ROWS];
	_Atomic unsigned entered[ROWS][PLACES];
	struct rate rates[ROWS][PLACES];
};

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
place(const struct crowd *c, unsigned row, const struct net_address *a)
{
	uint64_t network, host;

	memcpy(&network, a->bytes, sizeof(network));
	memcpy(&host, a->bytes + sizeof(network), sizeof(host));
	if (!net_is_ipv4(a))
		host = 0;
	return mixed(mixed(network ^ c->seed[row]) ^ host) & (PLACES - 1);
}

bool
crowd_enter(struct crowd *c, const struct net_address *a)
{
	unsigned max = c->entered_max, full = 0;

	for (unsigned row = 0; row < ROWS; row++)
		full += atomic_fetch_add_explicit(&c->entered[row]
		                                             [place(c, row, a)],
		            1, memory_order_relaxed) >= max;
	if (max == 0 || full < ROWS)
		return true;
	crowd_leave(c, a);
	return false;
}

void
crowd_leave(struct crowd *c, const struct net_address *a)
{
	for (unsigned row = 0; row < ROWS; row++)
		atomic_fetch_sub_explicit(&c->entered[row][place(c, row, a)], 1,
		    memory_order_relaxed);
}

int64_t
crowd_wait(struct crowd *c, const struct net_address *a, int64_t now_us)
{
	struct rate_limit limit = rate_limit_of(now_of(&c->a_second), 0);
	struct rate *at[ROWS];
	int64_t least = INT64_MAX;

	if (limit.every_us == 0)
		return 0;
	for (unsigned row = 0; row < ROWS; row++) {
		int64_t wait;

		at[row] = &c->rates[row][place(c, row, a)];
		wait = rate_wait(at[row], limit, now_us);
		if (wait < least)
			least = wait;
	}
	for (unsigned row = 0; row < ROWS && least == 0; row++)
		rate_take(at[row], limit, now_us);
	return least;
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
