/* tests/unit/upstream/test_gate.c - breaker, throttle, pauses and rate. */
#include "unit/cmocka_all.h"

#include "upstream/upstream_gate.h"

static struct gate gate;
static struct gate_pass pass; /* of the last that was let through */
static int64_t now;

static int
begin(void **state)
{
	(void)state;
	gate_init(&gate, 0, 0);
	pass = (struct gate_pass){ 0 };
	now = 1000000;
	return 0;
}

static int
end(void **state)
{
	(void)state;
	gate_done(&gate);
	return 0;
}

static size_t
ask(size_t wanted)
{
	int64_t wait;
	size_t granted = gate_ask(&gate, wanted, now, &pass, &wait);

	assert_true((granted == 0) == (wait > 0));
	return granted;
}

/* How long it wants to be left alone; 0: it lets one through. */
static int64_t
shut_for(void)
{
	int64_t wait;

	if (gate_ask(&gate, 1, now, &pass, &wait) == 1) {
		gate_note(&gate, pass, GATE_UNUSED, 0, now);
		return 0;
	}
	return wait;
}

static void
note(enum gate_event event)
{
	gate_note(&gate, pass, event, 0, now);
}

static void
fail_in_a_row(unsigned n)
{
	assert_int_equal(ask(n), n);
	for (unsigned i = 0; i < n; i++)
		note(GATE_FAILED);
}

static void
closed_it_lets_all_through(void **state)
{
	(void)state;
	assert_int_equal(ask(1000), 1000);
	assert_int_equal(gate.why, GATE_WELL);
}

static void
failures_in_a_row_open_it(void **state)
{
	(void)state;
	fail_in_a_row(GATE_FAILURES - 1);
	note(GATE_WELL);
	fail_in_a_row(GATE_FAILURES - 1);
	assert_int_equal(shut_for(), 0);
	note(GATE_FAILED);
	assert_int_equal(shut_for(), 1000);
	assert_int_equal(gate.why, GATE_FAILED);
}

static void
then_one_probe_decides(void **state)
{
	(void)state;
	fail_in_a_row(GATE_FAILURES);
	now += 1000;
	assert_int_equal(ask(10), 1);
	assert_int_equal(ask(10), 0);
	note(GATE_FAILED);
	assert_int_equal(shut_for(), 2000);
	now += 2000;
	assert_int_equal(ask(10), 1);
	note(GATE_WELL);
	assert_int_equal(ask(10), 10);
	/* The next time it begins small again. */
	fail_in_a_row(GATE_FAILURES);
	assert_int_equal(shut_for(), 1000);
}

static void
what_was_under_way_says_nothing_new(void **state)
{
	(void)state;
	struct gate_pass before;

	fail_in_a_row(GATE_FAILURES);
	before = pass;
	for (int i = 0; i < 60; i++)
		note(GATE_FAILED);
	assert_int_equal(shut_for(), 1000);
	note(GATE_WELL);
	assert_int_equal(shut_for(), 1000);
	/* Not of the probe either, which is under way: it decides alone. */
	now += 1000;
	assert_int_equal(ask(1), 1);
	gate_note(&gate, before, GATE_FAILED, 0, now);
	gate_note(&gate, before, GATE_UNUSED, 0, now);
	gate_note(&gate, before, GATE_THROTTLED, 60000, now);
	gate_note(&gate, before, GATE_KEY, 0, now);
	assert_int_equal(gate_ask(&gate, 1, now, &before, &(int64_t){ 0 }), 0);
	note(GATE_WELL);
	assert_int_equal(ask(7), 7);
}

static void
one_lead_that_is_forbidden_is_no_refused_key(void **state)
{
	(void)state;
	for (int i = 0; i < 10; i++) {
		assert_int_equal(ask(1), 1);
		note(GATE_FORBIDDEN);
		assert_int_equal(ask(1), 1);
		note(GATE_WELL);
	}
	note(GATE_FORBIDDEN);
	assert_int_equal(shut_for(), 0);
	note(GATE_FORBIDDEN);
	assert_int_equal(shut_for(), 60000);
	assert_int_equal(gate.why, GATE_KEY);
	now += 60000;
	assert_int_equal(ask(1), 1);
	note(GATE_REDIRECT);
	assert_int_equal(gate.why, GATE_TARGET);
}

static void
a_probe_that_was_not_used_is_given_back(void **state)
{
	(void)state;
	fail_in_a_row(GATE_FAILURES);
	now += 1000;
	assert_int_equal(ask(1), 1);
	note(GATE_UNUSED);
	assert_int_equal(ask(1), 1);
}

static void
a_refused_key_is_probed_ever_more_rarely(void **state)
{
	static const int64_t minutes[] = { 1, 2, 4, 8, 15, 15 };
	static const enum gate_event reasons[] = { GATE_KEY, GATE_PAYMENT };

	(void)state;
	assert_int_equal(ask(64), 64);
	for (size_t k = 0; k < COUNT_OF(reasons); k++) {
		for (size_t i = 0; i < COUNT_OF(minutes); i++) {
			note(reasons[k]);
			assert_int_equal(shut_for(), minutes[i] * 60000);
			assert_int_equal(gate.why, reasons[k]);
			now += minutes[i] * 60000;
			assert_int_equal(ask(64), 1);
		}
		note(GATE_WELL);
		assert_int_equal(ask(64), 64);
	}
}

static void
a_throttle_lasts_as_long_as_was_asked(void **state)
{
	(void)state;
	gate_note(&gate, pass, GATE_THROTTLED, 7000, now);
	/* One that was under way then. */
	gate_note(&gate, pass, GATE_THROTTLED, 3000, now);
	assert_int_equal(shut_for(), 7000);
	assert_int_equal(gate.why, GATE_THROTTLED);
	now += 7000;
	assert_int_equal(ask(5), 1);
	note(GATE_WELL);
	assert_int_equal(ask(5), 5);
}

static void
a_rate_is_kept(void **state)
{
	size_t through = 0;

	(void)state;
	gate_done(&gate);
	gate_init(&gate, 50, 0);
	assert_int_equal(ask(1000), 50);
	for (int i = 0; i < 100; i++) {
		now += 10;
		through += ask(1000);
	}
	assert_in_range(through, 49, 51);
	/* A quiet hour saves up one second's worth, no more. */
	now += 3600000;
	assert_int_equal(ask(1000), 50);
}

static void
unused_calls_do_not_count_against_the_rate(void **state)
{
	(void)state;
	gate_done(&gate);
	gate_init(&gate, 2, 0);
	for (int i = 0; i < 20; i++) {
		assert_int_equal(ask(1), 1);
		note(GATE_UNUSED);
	}
}

/* One that could not wait is made up for by those that come. */
static void
what_was_not_asked_for_is_made_up_for(void **state)
{
	(void)state;
	gate_done(&gate);
	gate_init(&gate, 10, 0);
	assert_int_equal(ask(10), 10);
	for (int i = 0; i < 3; i++)
		gate_charge(&gate);
	assert_int_equal(ask(1), 0);
	now += 390;
	assert_int_equal(ask(1), 0);
	now += 10;
	assert_int_equal(ask(1), 1);
	/* Without a rate there is nothing to make up for. */
	gate_done(&gate);
	gate_init(&gate, 0, 0);
	gate_charge(&gate);
	assert_int_equal(ask(5), 5);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(closed_it_lets_all_through,
		    begin, end),
		cmocka_unit_test_setup_teardown(failures_in_a_row_open_it,
		    begin, end),
		cmocka_unit_test_setup_teardown(then_one_probe_decides, begin,
		    end),
		cmocka_unit_test_setup_teardown(
		    what_was_under_way_says_nothing_new, begin, end),
		cmocka_unit_test_setup_teardown(
		    one_lead_that_is_forbidden_is_no_refused_key, begin, end),
		cmocka_unit_test_setup_teardown(
		    a_probe_that_was_not_used_is_given_back, begin, end),
		cmocka_unit_test_setup_teardown(
		    a_refused_key_is_probed_ever_more_rarely, begin, end),
		cmocka_unit_test_setup_teardown(
		    a_throttle_lasts_as_long_as_was_asked, begin, end),
		cmocka_unit_test_setup_teardown(a_rate_is_kept, begin, end),
		cmocka_unit_test_setup_teardown(
		    unused_calls_do_not_count_against_the_rate, begin, end),
		cmocka_unit_test_setup_teardown(
		    what_was_not_asked_for_is_made_up_for, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
