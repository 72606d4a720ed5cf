/* What a collector's answer means, as OTLP over HTTP has it. */
#include "unit/cmocka_all.h"

#include "trace/trace_exporter.h"

static void
an_answer_is_taken_refused_or_tried_again(void **state)
{
	static const struct {
		enum upstream_outcome outcome;
		int status;
		enum trace_verdict verdict;
	} cases[] = {
		{ UPSTREAM_ANSWERED, 200, TRACE_TAKEN },
		{ UPSTREAM_ANSWERED, 202, TRACE_TAKEN },
		{ UPSTREAM_ANSWERED, 301, TRACE_REFUSED },
		{ UPSTREAM_ANSWERED, 400, TRACE_REFUSED },
		{ UPSTREAM_ANSWERED, 401, TRACE_REFUSED },
		{ UPSTREAM_ANSWERED, 413, TRACE_REFUSED },
		{ UPSTREAM_ANSWERED, 429, TRACE_AGAIN },
		{ UPSTREAM_ANSWERED, 500, TRACE_REFUSED },
		{ UPSTREAM_ANSWERED, 501, TRACE_REFUSED },
		{ UPSTREAM_ANSWERED, 502, TRACE_AGAIN },
		{ UPSTREAM_ANSWERED, 503, TRACE_AGAIN },
		{ UPSTREAM_ANSWERED, 504, TRACE_AGAIN },
		{ UPSTREAM_NO_CONNECT, 0, TRACE_AGAIN },
		{ UPSTREAM_NO_TLS, 0, TRACE_AGAIN },
		{ UPSTREAM_LATE, 0, TRACE_AGAIN },
		{ UPSTREAM_BROKEN, 0, TRACE_AGAIN },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		const struct upstream_answer a = { .outcome = cases[i].outcome,
			.status = cases[i].status };

		assert_int_equal(trace_judge(&a), cases[i].verdict);
	}
}

/* Sun, 06 Nov 1994 08:49:37 GMT */
#define NOW (INT64_C(784111777) * 1000)

static void
each_try_waits_longer_and_as_long_as_it_is_asked_to(void **state)
{
	static const struct {
		const char *asked;
		unsigned n;
		int64_t ms;
	} cases[] = {
		{ NULL, 1, 1000 },
		{ NULL, 2, 2000 },
		{ NULL, 4, 8000 },
		{ NULL, 1000, 16000 },
		{ "7", 1, 7000 },
		{ " 7 ", 1, 7000 },
		{ "7", 4, 8000 },
		{ "0", 1, 1000 },
		{ "7", 1000, 16000 },
		{ "200", 1, 200000 },
		{ "3600", 1, 300000 },
		{ "99999999999999999999", 1, 300000 },
		/* As a date, of what is now NOW. */
		{ "Sun, 06 Nov 1994 08:50:07 GMT", 1, 30000 },
		{ " Sun, 06 Nov 1994 08:50:07 GMT ", 1, 30000 },
		{ "Sun, 06 Nov 1994 08:49:40 GMT", 4, 8000 },
		{ "Mon, 07 Nov 1994 08:49:37 GMT", 1, 300000 },
		{ "Sun, 06 Nov 1994 08:49:37 GMT", 1, 1000 },
		{ "Sat, 05 Nov 1994 08:49:37 GMT", 1, 1000 },
		{ "Sun, 06 Nov 1994 08:50:07 GMT, ", 1, 1000 },
		{ "Sunday, 06-Nov-94 08:50:07 GMT", 1, 30000 },
		{ "-5", 1, 1000 },
		{ "", 1, 1000 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		const struct upstream_answer a = { .outcome = UPSTREAM_ANSWERED,
			.status = 503,
			.retry_after = str_of(cases[i].asked) };

		assert_int_equal(trace_wait_ms(&a, cases[i].n, NOW),
		    cases[i].ms);
	}
}

static void
what_is_rejected_of_a_batch_is_read(void **state)
{
	static const struct {
		const char *body;
		size_t rejected;
	} cases[] = {
		{ "", 0 },
		{ "{}", 0 },
		{ "[]", 0 },
		{ "{", 0 },
		{ "null", 0 },
		{ "{\"partialSuccess\":{}}", 0 },
		{ "{\"partialSuccess\":null}", 0 },
		{ "{\"partialSuccess\":[7]}", 0 },
		{ "{\"partialSuccess\":{\"rejectedSpans\":\"7\"}}", 7 },
		{ "{\"partialSuccess\":{\"rejectedSpans\":7}}", 7 },
		{ "{\"partialSuccess\":{\"rejectedSpans\":7.5}}", 0 },
		{ "{\"partialSuccess\":{\"rejectedSpans\":-7}}", 0 },
		{ "{\"partialSuccess\":{\"rejectedSpans\":\"x\"}}", 0 },
		{ "{\"partialSuccess\":{\"rejectedSpans\":"
		  "9223372036854775807}}",
		    10 },
		{ "{\"partialSuccess\":{\"rejectedSpans\":"
		  "99999999999999999999}}",
		    0 },
	};
	struct arena *arena = arena_new(1 << 20);

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		size_t n = trace_rejected(str_of(cases[i].body), 10, arena);

		if (n != cases[i].rejected)
			fail_msg("%s: %zu", cases[i].body, n);
		arena_reset(arena);
	}
	arena_free(arena);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_answer_is_taken_refused_or_tried_again),
		cmocka_unit_test(
		    each_try_waits_longer_and_as_long_as_it_is_asked_to),
		cmocka_unit_test(what_is_rejected_of_a_batch_is_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
