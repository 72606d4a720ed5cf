/*
 * delivery/delivery_retry.h - what becomes of an update after an attempt.
 *
 * Pure: the answer, what is known of the item and a random number in, a
 * verdict out. The classes are rows of a table by status; README.md of
 * bridge/ tells the schedule in words.
 */
#ifndef BRIDGE_DELIVERY_RETRY_H
#define BRIDGE_DELIVERY_RETRY_H

#include "journal/journal.h"
#include "upstream/upstream.h"

enum retry_class {
	RETRY_DONE,      /* the API took it */
	RETRY_UNSENT,    /* it cannot have read a byte of it */
	RETRY_THROTTLED, /* 429, 503: not applied, come back later */
	RETRY_AMBIGUOUS, /* it may have been applied */
	RETRY_TARGET,    /* the way is wrong: a certificate, a redirect */
	RETRY_KEY,       /* 401, 402, 403: the key, not the update */
	RETRY_MISSING,   /* 404, 410: the lead may be about to be made */
	RETRY_CONFLICT,  /* 409, 412, 423 */
	RETRY_REFUSED,   /* it will never take it */
	RETRY_CLASSES
};
const char *retry_class_name(enum retry_class c);
/* An answer that says nothing of the update itself: another may be better. */
bool retry_may_pass(int status);

struct retry_attempt {
	const struct upstream_answer *answer;
	bool not_success;  /* a 2xx that says it failed, or breaks off */
	unsigned attempts; /* this one included, the unburnt left out */
	unsigned notes;    /* of the verdict before; 0: it is the first */
	int64_t age_ms;    /* since it was accepted */
	int64_t now_ms;    /* Unix time, for a Retry-After that is a date */
	bool once;         /* one that may have been applied is the last */
	uint64_t random;
};

struct retry_verdict {
	enum retry_class class;
	enum journal_state to; /* DONE, WAITING or DEAD */
	int64_t delay_ms;      /* of WAITING */
	bool unburnt;          /* the attempt does not count */
	unsigned notes;        /* JOURNAL_NOTES, for the next attempt */
};

struct retry_verdict retry_judge(const struct retry_attempt *a);

/*
 * Ages up to which an update is tried, about 75 hours; and so often in any
 * case. What grew old while nothing was sent (the key was refused, the bridge
 * was down) has hours of tries before it yet.
 */
#define RETRY_AGE_MAX_MS (INT64_C(75) * 3600 * 1000)
#define RETRY_TRIES_LEAST 16

/*
 * Retry-After as RFC 9110 10.2.3 has it, seconds or a date, held between a
 * second and an hour; -1 when it is neither.
 */
int64_t retry_after_ms(struct str value, int64_t now_ms);

#endif
