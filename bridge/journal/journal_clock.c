/*
 * journal/journal_clock.c - Unix time that only goes forward.
 *
 * CLOCK_BOOTTIME counts while the machine sleeps, too: a lease or a delay is
 * over when it should be, also after a night with the lid closed.
 */
#include <time.h>

#include "journal/journal_backend.h"

#define NS_PER_MS INT64_C(1000000)
/* A damaged file may say anything; this is the year 2116. */
#define LATEST_MS (INT64_MAX / NS_PER_MS / 2)

static int64_t
read_ns(clockid_t which)
{
	struct timespec now;

	if (clock_gettime(which, &now) != 0)
		return clock_mono_us() * 1000;
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

void
journal_clock_set(struct journal_clock *c, int64_t latest_ms)
{
	int64_t boot = read_ns(CLOCK_BOOTTIME); /* before: never behind it */
	int64_t wall = read_ns(CLOCK_REALTIME);
	int64_t latest = latest_ms < 0 ? 0
	    : latest_ms > LATEST_MS    ? LATEST_MS
	                               : latest_ms;

	latest *= NS_PER_MS;
	c->offset_ns = (wall > latest ? wall : latest) - boot;
}

int64_t
journal_clock_now(const struct journal_clock *c)
{
	return (read_ns(CLOCK_BOOTTIME) + c->offset_ns) / NS_PER_MS;
}
