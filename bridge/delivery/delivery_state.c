/* delivery/delivery_state.c - states, moves, names, ids, log lines. */
#include <stdio.h>

#include "delivery/delivery_life.h"
#include "metrics/metrics.h"

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
		metrics_add(METRIC_EVENTS, (unsigned)outcome_of[to], 1);
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

void
delivery_log(const struct delivery *d, enum log_level level, const char *what,
    const char *reason, int status)
{
	char took[24], lead[72], code[16];
	const struct str id = d->update.lead_id;

	if (!log_wants(level))
		return;
	snprintf(took, sizeof(took), "%.3f",
	    (double)(clock_mono_us() - d->started_us) / 1000.0);
	snprintf(lead, sizeof(lead), "%.*s", STR_ARG(id));
	snprintf(code, sizeof(code), "%d", status);
	log_event(level, what, "delivery", d->id, "route",
	    d->route != NULL ? route_path(d->route) : NULL, "sender",
	    d->route != NULL ? route_sender(d->route) : NULL, "lead",
	    id.at != NULL ? lead : NULL, "status", status > 0 ? code : NULL,
	    "reason", reason, "ms", took, NULL);
}
