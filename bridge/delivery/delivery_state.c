/* delivery/delivery_state.c - states, moves, names, ids. */
#include "delivery/delivery_life.h"
#include "delivery/delivery_count.h"

static const struct name states[] = {
	{ "received", DELIVERY_RECEIVED },
	{ "refused", DELIVERY_REFUSED },
	{ "answered", DELIVERY_ANSWERED },
	{ "ignored", DELIVERY_IGNORED },
	{ "sending", DELIVERY_SENDING },
	{ "stored", DELIVERY_STORED },
	{ "queued", DELIVERY_QUEUED },
	{ "duplicate", DELIVERY_DUPLICATE },
	{ "relayed", DELIVERY_RELAYED },
	{ "failed", DELIVERY_FAILED },
	{ NULL, -1 },
};

static const unsigned moves[DELIVERY_STATES] = {
	[DELIVERY_RECEIVED] = BIT(DELIVERY_REFUSED) | BIT(DELIVERY_ANSWERED) |
	    BIT(DELIVERY_IGNORED) | BIT(DELIVERY_SENDING) |
	    BIT(DELIVERY_STORED) | BIT(DELIVERY_QUEUED) |
	    BIT(DELIVERY_DUPLICATE),
	[DELIVERY_STORED] = BIT(DELIVERY_QUEUED) | BIT(DELIVERY_RELAYED) |
	    BIT(DELIVERY_FAILED) | BIT(DELIVERY_REFUSED),
	/* A batch: on to the next update, or done with all of them. */
	[DELIVERY_SENDING] = BIT(DELIVERY_SENDING) | BIT(DELIVERY_RELAYED) |
	    BIT(DELIVERY_FAILED),
};

/* What an end state counts as; -1: not an end. */
static const int outcome_of[DELIVERY_STATES] = {
	[DELIVERY_RECEIVED] = -1,
	[DELIVERY_REFUSED] = OUTCOME_REFUSED,
	[DELIVERY_ANSWERED] = OUTCOME_ANSWERED,
	[DELIVERY_IGNORED] = OUTCOME_IGNORED,
	[DELIVERY_SENDING] = -1,
	[DELIVERY_STORED] = -1,
	[DELIVERY_QUEUED] = OUTCOME_QUEUED,
	[DELIVERY_DUPLICATE] = OUTCOME_DUPLICATE,
	[DELIVERY_RELAYED] = OUTCOME_RELAYED,
	[DELIVERY_FAILED] = OUTCOME_FAILED,
};

const char *
delivery_state_name(enum delivery_state s)
{
	return name_text(states, (int)s);
}

void
delivery_move(struct delivery *d, enum delivery_state to)
{
	if ((moves[d->state] & BIT(to)) == 0)
		bug("delivery %s: %s -> %s", d->id,
		    delivery_state_name(d->state), delivery_state_name(to));
	d->state = to;
	if (outcome_of[to] >= 0)
		delivery_count_end(d, (enum metric_outcome)outcome_of[to]);
}

/* splitmix64: spreads a counter over 64 bits. Ids are unique, not secret. */
static uint64_t
spread(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9E3779B97F4A7C15);

	z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
	z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
	return z ^ z >> 31;
}

/* The last digits of n. By hand: printf here is 2 % of a delivery. */
static void
put_hex(char *at, unsigned digits, uint64_t n)
{
	while (digits-- > 0) {
		at[digits] = "0123456789abcdef"[n & 15];
		n >>= 4;
	}
}

void
delivery_make_id(struct worker *w, int64_t now_ms, char out[DELIVERY_ID_SIZE])
{
	uint64_t time = (uint64_t)now_ms;
	uint64_t a = spread(&w->seed[0]);
	uint64_t b = spread(&w->seed[1]);

	put_hex(out, 8, time >> 16);
	put_hex(out + 9, 4, time);
	put_hex(out + 14, 4, 0x7000 | (a & 0xFFF));
	put_hex(out + 19, 4, 0x8000 | (a >> 12 & 0x3FFF));
	put_hex(out + 24, 12, b);
	out[8] = out[13] = out[18] = out[23] = '-';
	out[36] = '\0';
}
