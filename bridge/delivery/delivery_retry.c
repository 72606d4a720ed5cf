/* delivery/delivery_retry.c - classes of answers, and the schedule. */

#include "delivery/delivery_retry.h"

#define SECOND INT64_C(1000)
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)

static const struct name classes[] = {
	{ "done", RETRY_DONE },
	{ "unsent", RETRY_UNSENT },
	{ "throttled", RETRY_THROTTLED },
	{ "ambiguous", RETRY_AMBIGUOUS },
	{ "target", RETRY_TARGET },
	{ "key", RETRY_KEY },
	{ "missing", RETRY_MISSING },
	{ "conflict", RETRY_CONFLICT },
	{ "refused", RETRY_REFUSED },
	{ NULL, -1 },
};

/* Statuses that mean something else than their hundred does. */
static const struct {
	int status;
	enum retry_class class;
} by_status[] = {
	{ 401, RETRY_KEY },
	{ 402, RETRY_KEY },
	{ 403, RETRY_KEY },
	{ 404, RETRY_MISSING },
	{ 408, RETRY_AMBIGUOUS },
	{ 409, RETRY_CONFLICT },
	{ 410, RETRY_MISSING },
	{ 412, RETRY_CONFLICT },
	{ 423, RETRY_CONFLICT },
	{ 425, RETRY_AMBIGUOUS },
	{ 429, RETRY_THROTTLED },
	{ 501, RETRY_REFUSED },
	{ 503, RETRY_THROTTLED },
	{ 505, RETRY_REFUSED },
};

static const enum retry_class by_hundred[] = {
	RETRY_AMBIGUOUS, /* 1xx as a final answer, and what is no status */
	RETRY_AMBIGUOUS,
	RETRY_DONE,
	RETRY_TARGET,
	RETRY_REFUSED,
	RETRY_AMBIGUOUS,
};

static const enum retry_class by_outcome[UPSTREAM_OUTCOMES] = {
	[UPSTREAM_ANSWERED] = RETRY_DONE, /* by its status */
	[UPSTREAM_BUSY] = RETRY_UNSENT,
	[UPSTREAM_NO_ADDRESS] = RETRY_UNSENT,
	[UPSTREAM_NO_CONNECT] = RETRY_UNSENT,
	[UPSTREAM_NO_TLS] = RETRY_TARGET,
	[UPSTREAM_LATE_UNSENT] = RETRY_UNSENT,
	[UPSTREAM_LATE] = RETRY_AMBIGUOUS,
	[UPSTREAM_BROKEN] = RETRY_AMBIGUOUS,
	[UPSTREAM_STOPPED] = RETRY_AMBIGUOUS,
};

/*
 * How many tries ended in one class is in the notes of an update, in three bits
 * a class: those that ended otherwise are none of them.
 */
enum noted {
	NOTED_MISSING = 5, /* the lowest of the three */
	NOTED_CONFLICT = 8,
	NOTED_GATE = 11, /* 403 and redirects; more than are counted are 7 */
};
#define NOTED_MOST 7u
_Static_assert((NOTED_MOST << NOTED_MISSING | NOTED_MOST << NOTED_CONFLICT |
                   NOTED_MOST << NOTED_GATE) == (JOURNAL_NOTES & 0x3fff),
    "they are notes");

/* A class with few tries. */
struct few {
	enum noted as;
	int64_t delays[5]; /* ended by 0 */
};
static const struct few missing = { NOTED_MISSING,
	{ MINUTE, 5 * MINUTE, 15 * MINUTE } };
static const struct few conflict = { NOTED_CONFLICT,
	{ SECOND, 2 * SECOND, 4 * SECOND, 8 * SECOND } };

const char *
retry_class_name(enum retry_class c)
{
	return name_text(classes, (int)c);
}

static enum retry_class
class_of_status(int status)
{
	for (size_t i = 0; i < COUNT_OF(by_status); i++)
		if (by_status[i].status == status)
			return by_status[i].class;
	if (status < 100 || status > 599)
		return RETRY_AMBIGUOUS;
	return by_hundred[status / 100];
}

bool
retry_may_pass(int status)
{
	static const bool passing[RETRY_CLASSES] = {
		[RETRY_THROTTLED] = true,
		[RETRY_AMBIGUOUS] = true,
		[RETRY_KEY] = true,
	};

	return passing[class_of_status(status)];
}

static enum retry_class
class_of(const struct retry_attempt *a)
{
	enum retry_class class;

	if (a->answer->outcome == UPSTREAM_STOPPED && a->answer->unsent)
		return RETRY_UNSENT;
	if (a->answer->outcome != UPSTREAM_ANSWERED)
		return by_outcome[a->answer->outcome];
	class = class_of_status(a->answer->status);
	/* A page of somebody in between, or {"success":false}. */
	if (class == RETRY_DONE && a->not_success)
		return RETRY_AMBIGUOUS;
	return class;
}

int64_t
retry_after_ms(struct str value, int64_t now_ms)
{
	int64_t ms;

	if (!http_retry_after(value, now_ms, &ms))
		return -1;
	return ms < SECOND ? SECOND : ms > HOUR ? HOUR : ms;
}

/*
 * Full jitter, so that what failed together does not come back together: the
 * first hour up to 15 minutes apart, the first half day an hour, then six.
 */
static int64_t
backoff(const struct retry_attempt *a)
{
	int64_t cap = a->age_ms < HOUR ? 15 * MINUTE
	    : a->age_ms < 12 * HOUR    ? HOUR
	                               : 6 * HOUR;
	unsigned doublings = a->attempts > 0 ? a->attempts - 1 : 0;
	int64_t most = doublings < 24 ? SECOND << doublings : cap;

	if (most > cap)
		most = cap;
	return 1 + (int64_t)(a->random % (uint64_t)most);
}

static struct retry_verdict
wait_for(enum retry_class class, int64_t delay_ms, bool unburnt)
{
	return (struct retry_verdict){ .class = class,
		.to = JOURNAL_WAITING,
		.delay_ms = delay_ms,
		.unburnt = unburnt };
}

static struct retry_verdict
end_as(enum retry_class class, enum journal_state to)
{
	return (struct retry_verdict){ .class = class, .to = to };
}

/* How many tries before this one ended so. */
static unsigned
noted(const struct retry_attempt *a, enum noted as)
{
	return a->notes >> as & NOTED_MOST;
}

static struct retry_verdict
few_tries(const struct retry_attempt *a, enum retry_class class,
    const struct few *few)
{
	unsigned before = noted(a, few->as);
	struct retry_verdict v;

	if (before >= COUNT_OF(few->delays) || few->delays[before] == 0)
		return end_as(class, JOURNAL_DEAD);
	v = wait_for(class, few->delays[before], false);
	v.notes = 1u << few->as; /* more than there were */
	return v;
}

/* With back-off, until it is too old. */
static struct retry_verdict
many_tries(const struct retry_attempt *a, enum retry_class class)
{
	int64_t asked = retry_after_ms(a->answer->retry_after, a->now_ms);
	int64_t delay = backoff(a);

	if (a->age_ms >= RETRY_AGE_MAX_MS && a->attempts >= RETRY_TRIES_LEAST)
		return end_as(class, JOURNAL_DEAD);
	return wait_for(class, asked > delay ? asked : delay, false);
}

/*
 * The key, the account behind it (402) or a wrong certificate are of all
 * updates: the gate holds them, and any of them may probe.
 */
static bool
is_of_all(const struct upstream_answer *a)
{
	return a->outcome != UPSTREAM_ANSWERED || a->status == 401 ||
	    a->status == 402;
}

/*
 * A 403 or a redirect may be of this lead alone: it stands back, so that others
 * probe, and is too old one day; but not for one answer, though it grew old
 * otherwise.
 */
static struct retry_verdict
wait_at_gate(const struct retry_attempt *a, enum retry_class class)
{
	struct retry_verdict v;

	if (is_of_all(a->answer))
		return wait_for(class, SECOND, true);
	if (noted(a, NOTED_GATE) == NOTED_MOST && a->age_ms >= RETRY_AGE_MAX_MS)
		return end_as(class, JOURNAL_DEAD);
	v = wait_for(class,
	    5 * MINUTE + (int64_t)(a->random % (uint64_t)(10 * MINUTE)), true);
	if (noted(a, NOTED_GATE) < NOTED_MOST)
		v.notes = 1u << NOTED_GATE;
	return v;
}

static struct retry_verdict
judge(const struct retry_attempt *a)
{
	enum retry_class class = class_of(a);

	switch (class) {
	case RETRY_DONE:
		return end_as(class, JOURNAL_DONE);
	case RETRY_UNSENT:
		/* Our ceiling, or our end: by that no attempt is lost. */
		if (a->answer->outcome == UPSTREAM_BUSY ||
		    a->answer->outcome == UPSTREAM_STOPPED)
			return wait_for(class, SECOND, true);
		return many_tries(a, class);
	case RETRY_THROTTLED:
		return many_tries(a, class);
	case RETRY_AMBIGUOUS:
		if (a->once)
			return end_as(class, JOURNAL_DEAD);
		return many_tries(a, class);
	case RETRY_TARGET:
	case RETRY_KEY:
		return wait_at_gate(a, class);
	case RETRY_MISSING:
		return few_tries(a, class, &missing);
	case RETRY_CONFLICT:
		return few_tries(a, class, &conflict);
	case RETRY_REFUSED:
	case RETRY_CLASSES:
		break;
	}
	return end_as(RETRY_REFUSED, JOURNAL_DEAD);
}

struct retry_verdict
retry_judge(const struct retry_attempt *a)
{
	struct retry_verdict v = judge(a);

	v.notes += a->notes & JOURNAL_NOTES;
	return v;
}
