/* delivery/delivery_retry.c - classes of answers, and the schedule. */
#include <time.h>

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

/* A class with few tries: their delays, ended by 0. */
static const int64_t missing_delays[] = { MINUTE, 5 * MINUTE, 15 * MINUTE, 0 };
static const int64_t conflict_delays[] = { SECOND, 2 * SECOND, 4 * SECOND,
	8 * SECOND, 0 };

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

static enum retry_class
class_of(const struct retry_attempt *a)
{
	enum retry_class class;

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
	/* IMF-fixdate, the form RFC 9110 5.6.7 asks senders for. */
	static const char fixdate[] = "%a, %d %b %Y %H:%M:%S GMT";
	struct tm when = { 0 };
	char text[40];
	int64_t ms = 0;
	size_t i = 0;
	const char *end;

	value = str_trim(value);
	if (value.at == NULL || value.len == 0 || value.len >= sizeof(text))
		return -1;
	for (; i < value.len && value.at[i] >= '0' && value.at[i] <= '9'; i++)
		if (ms < HOUR)
			ms = ms * 10 + (value.at[i] - '0') * SECOND;
	if (i < value.len) {
		memcpy(text, value.at, value.len);
		text[value.len] = '\0';
		end = strptime(text, fixdate, &when);
		if (end == NULL || *end != '\0')
			return -1;
		ms = (int64_t)timegm(&when) * SECOND - now_ms;
	}
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

static struct retry_verdict
few_tries(const struct retry_attempt *a, enum retry_class class,
    const int64_t *delays)
{
	for (unsigned i = 0; delays[i] != 0; i++)
		if (i + 1 == a->attempts)
			return wait_for(class, delays[i], false);
	return end_as(class, JOURNAL_DEAD);
}

/* With back-off, until it is too old. */
static struct retry_verdict
many_tries(const struct retry_attempt *a, enum retry_class class)
{
	int64_t asked = retry_after_ms(a->answer->retry_after, a->now_ms);
	int64_t delay = backoff(a);

	if (a->age_ms >= RETRY_AGE_MAX_MS)
		return end_as(class, JOURNAL_DEAD);
	return wait_for(class, asked > delay ? asked : delay, false);
}

/*
 * A 401 or a wrong certificate is of all updates: the gate holds them, and any
 * of them may probe. A 403 or a redirect may be of this lead alone: it stands
 * back, so that others probe, and is too old one day.
 */
static struct retry_verdict
wait_at_gate(const struct retry_attempt *a, enum retry_class class)
{
	if (a->answer->outcome != UPSTREAM_ANSWERED || a->answer->status == 401)
		return wait_for(class, SECOND, true);
	if (a->age_ms >= RETRY_AGE_MAX_MS)
		return end_as(class, JOURNAL_DEAD);
	return wait_for(class,
	    5 * MINUTE + (int64_t)(a->random % (uint64_t)(10 * MINUTE)), true);
}

struct retry_verdict
retry_judge(const struct retry_attempt *a)
{
	enum retry_class class = class_of(a);

	switch (class) {
	case RETRY_DONE:
		return end_as(class, JOURNAL_DONE);
	case RETRY_UNSENT:
		/* Our own ceiling, not the API's doing: no attempt is lost. */
		if (a->answer->outcome == UPSTREAM_BUSY)
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
		return few_tries(a, class, missing_delays);
	case RETRY_CONFLICT:
		return few_tries(a, class, conflict_delays);
	case RETRY_REFUSED:
	case RETRY_CLASSES:
		break;
	}
	return end_as(RETRY_REFUSED, JOURNAL_DEAD);
}
