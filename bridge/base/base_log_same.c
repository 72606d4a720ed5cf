/*
 * base/base_log_same.c - the same line again and again.
 *
 * A small table of what was written last, by event and reason; what finds no
 * place is written. Lines without a reason take the lock once a second, and
 * not on the way of each delivery that goes well.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/base_log_line.h"

#define PLACES 64
#define TRIED 4 /* places an event may stand in */
#define SECOND_US 1000000

/* Texts are copied: what is told later may be gone by then. */
static struct place {
	bool used;
	enum log_level level;
	char what[48];
	char reason[256];
	int64_t second;
	unsigned count; /* in that second */
} places[PLACES];

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
/* The second the table was last looked through in. */
static atomic_llong looked;

/* FNV-1a. */
static uint32_t
hash(uint32_t h, const char *text, size_t most)
{
	for (size_t i = 0; i < most && text[i] != '\0'; i++)
		h = (h ^ (unsigned char)text[i]) * 16777619u;
	return h;
}

static bool
is_it(const struct place *p, const struct log_line *line, const char *reason)
{
	return p->used && p->level == line->level &&
	    strncmp(p->what, line->what, sizeof(p->what) - 1) == 0 &&
	    strncmp(p->reason, reason, sizeof(p->reason) - 1) == 0;
}

/* Its own place, or a free one made its own; NULL: all are taken. */
static struct place *
find(const struct log_line *line, const char *reason)
{
	uint32_t h = hash(hash(2166136261u, line->what, sizeof(places->what)),
	    reason, sizeof(places->reason));
	struct place *unused = NULL;

	for (unsigned i = 0; i < TRIED; i++) {
		struct place *p = &places[(h + i) % PLACES];

		if (is_it(p, line, reason))
			return p;
		if (!p->used && unused == NULL)
			unused = p;
	}
	if (unused == NULL)
		return NULL;
	*unused = (struct place){ .used = true, .level = line->level };
	snprintf(unused->what, sizeof(unused->what), "%s", line->what);
	snprintf(unused->reason, sizeof(unused->reason), "%s", reason);
	return unused;
}

/* Told outside the lock: whoever writes may take its time. */
struct told {
	struct place places[PLACES];
	size_t count;
};

/* Frees the places of seconds that are over; those with a rest to tell. */
static void
collect(struct told *told, int64_t second)
{
	for (size_t i = 0; i < PLACES; i++) {
		struct place *p = &places[i];

		if (!p->used || p->second == second)
			continue;
		if (p->count > LOG_SAME_A_SECOND)
			told->places[told->count++] = *p;
		p->used = false;
	}
}

static void
tell_all(const struct told *told, void (*tell)(const struct log_line *line))
{
	for (size_t i = 0; i < told->count; i++) {
		const struct place *p = &told->places[i];
		struct log_line line = { .level = p->level, .what = p->what };
		char rest[16];

		snprintf(rest, sizeof(rest), "%u",
		    p->count - LOG_SAME_A_SECOND);
		line_add(&line, "reason", p->reason);
		line_add(&line, "repeated", rest);
		tell(&line);
	}
}

static bool
may(const struct log_line *line, const char *reason, int64_t second)
{
	struct place *p = find(line, reason);

	if (p == NULL)
		return true;
	p->second = second;
	return ++p->count <= LOG_SAME_A_SECOND;
}

/* Of all seconds but this one. */
static void
tell_before(int64_t second, void (*tell)(const struct log_line *line))
{
	struct told told;

	told.count = 0;
	pthread_mutex_lock(&lock);
	collect(&told, second);
	pthread_mutex_unlock(&lock);
	tell_all(&told, tell);
}

bool
same_may(const struct log_line *line, int64_t now_us,
    void (*tell)(const struct log_line *line))
{
	const char *reason = line_value(line, "reason");
	int64_t second = now_us / SECOND_US;
	bool yes;

	if (atomic_load_explicit(&looked, memory_order_relaxed) != second &&
	    atomic_exchange_explicit(&looked, second, memory_order_relaxed) !=
	        second)
		tell_before(second, tell);
	if (reason == NULL || line->level == LOG_LEVEL_ERROR)
		return true;
	pthread_mutex_lock(&lock);
	yes = may(line, reason, second);
	pthread_mutex_unlock(&lock);
	return yes;
}

void
same_flush(void (*tell)(const struct log_line *line))
{
	tell_before(-1, tell);
}
