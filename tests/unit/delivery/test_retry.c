/* tests/unit/delivery/test_retry.c - classes of answers, and the schedule. */
#include "unit/cmocka_all.h"

#include "delivery/delivery_retry.h"

#define SECOND INT64_C(1000)
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)

/* A day the tests happen on: Sun, 06 Nov 1994 08:49:37 GMT. */
#define NOW (INT64_C(784111777) * SECOND)

static struct retry_verdict
judge(enum upstream_outcome outcome, int status, struct retry_attempt a)
{
	struct upstream_answer answer = { .outcome = outcome,
		.status = status };

	a.answer = &answer;
	if (a.attempts == 0)
		a.attempts = 1;
	a.now_ms = NOW;
	return retry_judge(&a);
}

static struct retry_verdict
judge_status(int status)
{
	return judge(UPSTREAM_ANSWERED, status, (struct retry_attempt){ 0 });
}

static void
each_status_has_its_class(void **state)
{
	static const struct {
		int status;
		enum retry_class class;
		enum journal_state to;
		bool unburnt;
	} rows[] = {
		{ 200, RETRY_DONE, JOURNAL_DONE, false },
		{ 204, RETRY_DONE, JOURNAL_DONE, false },
		{ 100, RETRY_AMBIGUOUS, JOURNAL_WAITING, false },
		{ 301, RETRY_TARGET, JOURNAL_WAITING, true },
		{ 307, RETRY_TARGET, JOURNAL_WAITING, true },
		{ 400, RETRY_REFUSED, JOURNAL_DEAD, false },
		{ 401, RETRY_KEY, JOURNAL_WAITING, true },
		{ 402, RETRY_KEY, JOURNAL_WAITING, true },
		{ 403, RETRY_KEY, JOURNAL_WAITING, true },
		{ 404, RETRY_MISSING, JOURNAL_WAITING, false },
		{ 405, RETRY_REFUSED, JOURNAL_DEAD, false },
		{ 408, RETRY_AMBIGUOUS, JOURNAL_WAITING, false },
		{ 409, RETRY_CONFLICT, JOURNAL_WAITING, false },
		{ 410, RETRY_MISSING, JOURNAL_WAITING, false },
		{ 412, RETRY_CONFLICT, JOURNAL_WAITING, false },
		{ 413, RETRY_REFUSED, JOURNAL_DEAD, false },
		{ 422, RETRY_REFUSED, JOURNAL_DEAD, false },
		{ 423, RETRY_CONFLICT, JOURNAL_WAITING, false },
		{ 425, RETRY_AMBIGUOUS, JOURNAL_WAITING, false },
		{ 429, RETRY_THROTTLED, JOURNAL_WAITING, false },
		{ 431, RETRY_REFUSED, JOURNAL_DEAD, false },
		{ 500, RETRY_AMBIGUOUS, JOURNAL_WAITING, false },
		{ 501, RETRY_REFUSED, JOURNAL_DEAD, false },
		{ 502, RETRY_AMBIGUOUS, JOURNAL_WAITING, false },
		{ 503, RETRY_THROTTLED, JOURNAL_WAITING, false },
		{ 504, RETRY_AMBIGUOUS, JOURNAL_WAITING, false },
		{ 505, RETRY_REFUSED, JOURNAL_DEAD, false },
		{ 999, RETRY_AMBIGUOUS, JOURNAL_WAITING, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct retry_verdict v = judge_status(rows[i].status);

		if (v.class != rows[i].class || v.to != rows[i].to ||
		    v.unburnt != rows[i].unburnt)
			fail_msg("%d is %s, to %s", rows[i].status,
			    retry_class_name(v.class),
			    name_text(journal_states, (int)v.to));
	}
}

static void
without_an_answer_it_matters_whether_it_was_sent(void **state)
{
	struct retry_attempt once = { .once = true };

	(void)state;
	assert_int_equal(judge(UPSTREAM_NO_CONNECT, 0, once).to,
	    JOURNAL_WAITING);
	assert_int_equal(judge(UPSTREAM_LATE_UNSENT, 0, once).to,
	    JOURNAL_WAITING);
	assert_int_equal(judge(UPSTREAM_LATE, 0, once).to, JOURNAL_DEAD);
	assert_int_equal(judge(UPSTREAM_BROKEN, 0, once).to, JOURNAL_DEAD);
	assert_int_equal(judge(UPSTREAM_ANSWERED, 500, once).to, JOURNAL_DEAD);
	assert_int_equal(judge(UPSTREAM_ANSWERED, 503, once).to,
	    JOURNAL_WAITING);
	once.once = false;
	assert_int_equal(judge(UPSTREAM_LATE, 0, once).to, JOURNAL_WAITING);
	assert_true(judge(UPSTREAM_BUSY, 0, once).unburnt);
	assert_true(judge(UPSTREAM_NO_TLS, 0, once).unburnt);
	assert_false(judge(UPSTREAM_NO_CONNECT, 0, once).unburnt);
}

/* What had not begun when the bridge ended cannot have been applied. */
static void
nor_is_an_end_of_ours_a_doubt_where_nothing_was_sent(void **state)
{
	struct upstream_answer answer = { .outcome = UPSTREAM_STOPPED };
	struct retry_attempt a = { .answer = &answer,
		.attempts = 1,
		.once = true };
	struct retry_verdict v;

	(void)state;
	assert_int_equal(retry_judge(&a).to, JOURNAL_DEAD);
	answer.unsent = true;
	v = retry_judge(&a);
	assert_int_equal(v.to, JOURNAL_WAITING);
	assert_int_equal(v.class, RETRY_UNSENT);
	assert_true(v.unburnt);
}

static void
a_2xx_that_says_no_is_no_success(void **state)
{
	struct retry_attempt a = { .not_success = true };

	(void)state;
	assert_int_equal(judge(UPSTREAM_ANSWERED, 200, a).to, JOURNAL_WAITING);
	a.not_success = false;
	assert_int_equal(judge(UPSTREAM_ANSWERED, 200, a).to, JOURNAL_DONE);
}

/* The most it may wait: the jitter is drawn from all below. */
static int64_t
cap(unsigned attempts, int64_t age_ms)
{
	int64_t most = 0;

	for (uint64_t i = 1; i <= 4000; i++) {
		struct retry_attempt a = { .attempts = attempts,
			.age_ms = age_ms,
			.random = i * UINT64_C(0x9E3779B97F4A7C15) };
		int64_t delay = judge(UPSTREAM_ANSWERED, 500, a).delay_ms;

		assert_true(delay > 0);
		if (delay > most)
			most = delay;
	}
	return most;
}

static void
assert_near(int64_t got, int64_t wanted)
{
	if (got > wanted || got < wanted - wanted / 50)
		fail_msg("the cap is %lld, not %lld", (long long)got,
		    (long long)wanted);
}

static void
it_backs_off_with_full_jitter(void **state)
{
	(void)state;
	assert_near(cap(1, 0), SECOND);
	assert_near(cap(2, SECOND), 2 * SECOND);
	assert_near(cap(6, MINUTE), 32 * SECOND);
	assert_near(cap(12, 30 * MINUTE), 15 * MINUTE);
	assert_near(cap(90, 30 * MINUTE), 15 * MINUTE);
	assert_near(cap(16, HOUR), HOUR);
	assert_near(cap(30, 12 * HOUR), 6 * HOUR);
}

static void
it_is_given_up_after_75_hours(void **state)
{
	struct retry_attempt a = { .attempts = 40,
		.age_ms = RETRY_AGE_MAX_MS - 1 };

	(void)state;
	assert_int_equal(judge(UPSTREAM_ANSWERED, 500, a).to, JOURNAL_WAITING);
	a.age_ms++;
	assert_int_equal(judge(UPSTREAM_ANSWERED, 500, a).to, JOURNAL_DEAD);
	assert_int_equal(judge(UPSTREAM_NO_CONNECT, 0, a).to, JOURNAL_DEAD);
	/* What may be of one lead alone is not for ever, either. */
	a.notes = JOURNAL_NOTES;
	assert_int_equal(judge(UPSTREAM_ANSWERED, 403, a).to, JOURNAL_DEAD);
	assert_int_equal(judge(UPSTREAM_ANSWERED, 302, a).to, JOURNAL_DEAD);
	/* A key that is refused is the operator's to mend, however long. */
	assert_int_equal(judge(UPSTREAM_ANSWERED, 401, a).to, JOURNAL_WAITING);
	assert_int_equal(judge(UPSTREAM_ANSWERED, 402, a).to, JOURNAL_WAITING);
}

/* It grew old while the key was refused, or in a bridge that was down. */
static void
what_is_old_and_hardly_tried_is_tried_on(void **state)
{
	struct retry_attempt a = { .age_ms = 10 * RETRY_AGE_MAX_MS };

	(void)state;
	for (a.attempts = 1; a.attempts < RETRY_TRIES_LEAST; a.attempts++) {
		assert_int_equal(judge(UPSTREAM_ANSWERED, 503, a).to,
		    JOURNAL_WAITING);
		assert_int_equal(judge(UPSTREAM_LATE, 0, a).to,
		    JOURNAL_WAITING);
	}
	assert_int_equal(judge(UPSTREAM_ANSWERED, 503, a).to, JOURNAL_DEAD);
	assert_int_equal(judge(UPSTREAM_LATE, 0, a).to, JOURNAL_DEAD);
	/* Nor does one 403 end it, where all that went before was the key. */
	a.attempts = 1;
	for (unsigned i = 0; i < 7; i++) {
		struct retry_verdict v = judge(UPSTREAM_ANSWERED, 403, a);

		assert_int_equal(v.to, JOURNAL_WAITING);
		a.notes = judge(UPSTREAM_ANSWERED, 401,
		    (struct retry_attempt){ .notes = v.notes })
		              .notes;
	}
	assert_int_equal(judge(UPSTREAM_ANSWERED, 302, a).to, JOURNAL_DEAD);
	a.age_ms = 0; /* younger, it is counted no further */
	assert_int_equal(judge(UPSTREAM_ANSWERED, 403, a).notes, a.notes);
	/* Its tries begin as others' do, close to each other. */
	assert_near(cap(1, 10 * RETRY_AGE_MAX_MS), SECOND);
}

static void
what_may_be_of_one_lead_lets_others_probe(void **state)
{
	struct retry_attempt a = { .random = 3 };

	(void)state;
	assert_int_equal(judge(UPSTREAM_ANSWERED, 401, a).delay_ms, SECOND);
	assert_int_equal(judge(UPSTREAM_ANSWERED, 402, a).delay_ms, SECOND);
	assert_int_equal(judge(UPSTREAM_NO_TLS, 0, a).delay_ms, SECOND);
	assert_int_equal(judge(UPSTREAM_ANSWERED, 403, a).delay_ms,
	    5 * MINUTE + 3);
	assert_int_equal(judge(UPSTREAM_ANSWERED, 302, a).delay_ms,
	    5 * MINUTE + 3);
}

/* Answers of these statuses, one after the other; the last verdict. */
static struct retry_verdict
judge_all(const int *statuses, size_t count)
{
	struct retry_attempt a = { 0 };
	struct retry_verdict v = { 0 };

	for (size_t i = 0; i < count; i++) {
		a.attempts += !v.unburnt;
		v = judge(UPSTREAM_ANSWERED, statuses[i], a);
		assert_int_equal(v.notes & ~JOURNAL_NOTES, 0);
		a.notes = v.notes;
		if (i + 1 < count)
			assert_int_equal(v.to, JOURNAL_WAITING);
	}
	return v;
}
#define AFTER(...)                                                             \
	judge_all((const int[]){ __VA_ARGS__ },                                \
	    sizeof((const int[]){ __VA_ARGS__ }) / sizeof(int))

static void
a_lead_that_is_missing_gets_few_tries(void **state)
{
	(void)state;
	assert_int_equal(AFTER(404).delay_ms, MINUTE);
	assert_int_equal(AFTER(404, 404).delay_ms, 5 * MINUTE);
	assert_int_equal(AFTER(404, 410, 404).delay_ms, 15 * MINUTE);
	assert_int_equal(AFTER(404, 404, 404, 404).to, JOURNAL_DEAD);
	assert_int_equal(AFTER(409).delay_ms, SECOND);
	assert_int_equal(AFTER(409, 412, 423, 409).delay_ms, 8 * SECOND);
	assert_int_equal(AFTER(409, 409, 409, 409, 409).to, JOURNAL_DEAD);
}

static void
tries_that_ended_otherwise_are_none_of_them(void **state)
{
	struct retry_attempt a = { .attempts = 40, .notes = 16 };

	(void)state;
	assert_int_equal(AFTER(503, 500, 503, 503, 502, 404).delay_ms, MINUTE);
	assert_int_equal(AFTER(409, 409, 409, 409, 404).delay_ms, MINUTE);
	assert_int_equal(AFTER(404, 404, 404, 401, 403, 409).delay_ms, SECOND);
	/* Nor do they give it more. */
	assert_int_equal(AFTER(404, 503, 404, 409, 404, 401, 404).to,
	    JOURNAL_DEAD);
	assert_int_equal(AFTER(409, 409, 404, 409, 409, 503, 409).to,
	    JOURNAL_DEAD);
	/* Without an answer, and with bits of others: as without any. */
	assert_int_equal(judge(UPSTREAM_LATE, 0, a).notes, 0);
	assert_int_equal(judge(UPSTREAM_ANSWERED, 404, a).delay_ms, MINUTE);
	/* A count that nobody made ends it. */
	a.notes = JOURNAL_NOTES;
	assert_int_equal(judge(UPSTREAM_ANSWERED, 404, a).to, JOURNAL_DEAD);
	assert_int_equal(judge(UPSTREAM_ANSWERED, 409, a).to, JOURNAL_DEAD);
	assert_int_equal(judge(UPSTREAM_ANSWERED, 503, a).notes, JOURNAL_NOTES);
}

static void
retry_after_is_obeyed_within_bounds(void **state)
{
	static const struct {
		const char *text;
		int64_t ms;
	} rows[] = {
		{ "7", 7 * SECOND },
		{ " 7 ", 7 * SECOND },
		{ "0", SECOND },
		{ "1000000000", HOUR },
		{ "99999999999999999999999999", HOUR },
		{ "-1", -1 },
		{ "7s", -1 },
		{ "soon", -1 },
		{ "", -1 },
		{ "Sun, 06 Nov 1994 08:49:50 GMT", 13 * SECOND },
		{ "Sun, 06 Nov 1994 08:49:37 GMT", SECOND },
		{ "Sat, 05 Nov 1994 08:49:37 GMT", SECOND },
		{ "Mon, 07 Nov 2094 08:49:37 GMT", HOUR },
		{ "Sun, 06 Nov 1994 08:49:50 GMT, really", -1 },
		{ "Sunday, 06-Nov-94 08:49:50 GMT", 13 * SECOND },
		{ "Sun Nov  6 08:49:50 1994", 13 * SECOND },
		{ "Sun Nov  6 08:49:50 1994 GMT", -1 },
		{ "06 Nov 1994 08:49:50 GMT", -1 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		if (retry_after_ms(str_of(rows[i].text), NOW) != rows[i].ms)
			fail_msg("\"%s\" is %lld", rows[i].text,
			    (long long)retry_after_ms(str_of(rows[i].text),
			        NOW));
	assert_int_equal(retry_after_ms(STR_NONE, NOW), -1);
}

static void
retry_after_only_ever_lengthens_a_delay(void **state)
{
	struct upstream_answer answer = { .outcome = UPSTREAM_ANSWERED,
		.status = 429,
		.retry_after = STR("120") };
	struct retry_attempt a = { .answer = &answer,
		.attempts = 1,
		.now_ms = NOW };

	(void)state;
	assert_int_equal(retry_judge(&a).delay_ms, 120 * SECOND);
	answer.retry_after = STR("1");
	a.attempts = 20;
	a.random = 14 * (uint64_t)MINUTE;
	assert_true(retry_judge(&a).delay_ms >= 14 * MINUTE);
}

/* What a batch tells its sender: whether the same again may end otherwise. */
static void
some_answers_say_nothing_of_the_update(void **state)
{
	static const int passing[] = { 401, 402, 403, 408, 425, 429, 500, 502,
		503, 504 };
	static const int lasting[] = { 200, 204, 301, 400, 404, 409, 410, 422,
		501, 505 };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(passing); i++)
		assert_true(retry_may_pass(passing[i]));
	for (size_t i = 0; i < COUNT_OF(lasting); i++)
		assert_false(retry_may_pass(lasting[i]));
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(some_answers_say_nothing_of_the_update),
		cmocka_unit_test(each_status_has_its_class),
		cmocka_unit_test(
		    without_an_answer_it_matters_whether_it_was_sent),
		cmocka_unit_test(
		    nor_is_an_end_of_ours_a_doubt_where_nothing_was_sent),
		cmocka_unit_test(a_2xx_that_says_no_is_no_success),
		cmocka_unit_test(it_backs_off_with_full_jitter),
		cmocka_unit_test(it_is_given_up_after_75_hours),
		cmocka_unit_test(what_is_old_and_hardly_tried_is_tried_on),
		cmocka_unit_test(what_may_be_of_one_lead_lets_others_probe),
		cmocka_unit_test(a_lead_that_is_missing_gets_few_tries),
		cmocka_unit_test(tries_that_ended_otherwise_are_none_of_them),
		cmocka_unit_test(retry_after_is_obeyed_within_bounds),
		cmocka_unit_test(retry_after_only_ever_lengthens_a_delay),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
