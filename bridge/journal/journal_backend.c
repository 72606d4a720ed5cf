/* journal/journal_backend.c - what all backends do alike. */
#include <stdio.h>
#include <string.h>

#include "journal/journal_backend.h"

/* Followers go from waiting to where their head went. */
static const unsigned moves[JOURNAL_STATES] = {
	[JOURNAL_WAITING] = BIT(JOURNAL_SENDING) | BIT(JOURNAL_WAITING) |
	    BIT(JOURNAL_DONE) | BIT(JOURNAL_DEAD),
	[JOURNAL_SENDING] = BIT(JOURNAL_WAITING) | BIT(JOURNAL_DONE) |
	    BIT(JOURNAL_DEAD),
	[JOURNAL_DONE] = 0,
	[JOURNAL_DEAD] = BIT(JOURNAL_WAITING),
	[JOURNAL_REFUSED] = BIT(JOURNAL_WAITING),
};

bool
journal_may_move(enum journal_state from, enum journal_state to)
{
	return (moves[from] & BIT(to)) != 0;
}

unsigned
journal_noted(unsigned flags, unsigned notes)
{
	return (flags & ~JOURNAL_NOTES) | (notes & JOURNAL_NOTES);
}

bool
journal_struck_out(unsigned flags, unsigned strikes,
    char reason[JOURNAL_REASON_SIZE])
{
	bool once = (flags & JOURNAL_ONCE) != 0;

	if (once)
		snprintf(reason, JOURNAL_REASON_SIZE,
		    "abandoned, and it may have been applied");
	else
		snprintf(reason, JOURNAL_REASON_SIZE, "abandoned %u times",
		    strikes);
	return once || strikes >= JOURNAL_STRIKES;
}

void
journal_id_text(const unsigned char id[16], char out[JOURNAL_ID_SIZE])
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < 16; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*out++ = '-';
		*out++ = digits[id[i] >> 4];
		*out++ = digits[id[i] & 15];
	}
	*out = '\0';
}

bool
journal_copy_text(struct arena *arena, struct str from, struct str *to)
{
	*to = from.at != NULL ? arena_copy(arena, from) : STR_NONE;
	return from.at == NULL || to->at != NULL;
}

static bool
is_served(const struct journal_stats *stats, struct str target)
{
	for (size_t i = 0; i < stats->served_count; i++)
		if (str_eq(str_of(stats->served[i]), target))
			return true;
	return false;
}

/* Its place, or the next free one; NULL: all are taken. */
static struct journal_live *
live_place(struct journal_stats *stats, struct str target)
{
	size_t i = 0;

	while (i < stats->live_count &&
	    !str_eq(str_of(stats->live[i].target), target))
		i++;
	return i < JOURNAL_TARGETS ? &stats->live[i] : NULL;
}

void
journal_live_add(struct journal_stats *stats, struct str target, int64_t count)
{
	struct journal_live *live;

	if (count == 0 || is_served(stats, target))
		return;
	live = live_place(stats, target);
	if (live == NULL)
		return;
	if (live == &stats->live[stats->live_count]) {
		*live = (struct journal_live){ 0 };
		snprintf(live->target, sizeof(live->target), "%.*s",
		    STR_ARG(target));
		stats->live_count++;
	}
	live->count += count;
}

void
journal_too_small(struct journal_op *op)
{
	op->result = JOURNAL_UNAVAILABLE;
	fault_set(&op->fault, FAULT_TOO_LARGE, "journal",
	    "what was asked for is larger than what may be shown");
}
