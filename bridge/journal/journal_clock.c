/*
 * journal/journal_clock.c - Unix time that only goes forward.
 *
 * CLOCK_BOOTTIME counts while the machine sleeps, too: a lease or a delay is
 * over when it should be, also after a night with the lid closed.
 */
#include <time.h>

#include "journal/journal_backend.h"

static int64_t
boot_ms(void)
{
	struct timespec now;

	if (clock_gettime(CLOCK_BOOTTIME, &now) != 0)
		return clock_mono_us() / 1000;
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void
journal_clock_set(struct journal_clock *c, int64_t latest_ms)
{
	int64_t wall = clock_wall_ms();

	c->offset_ms = (wall > latest_ms ? wall : latest_ms) - boot_ms();
}

int64_t
journal_clock_now(const struct journal_clock *c)
{
	return boot_ms() + c->offset_ms;
}
