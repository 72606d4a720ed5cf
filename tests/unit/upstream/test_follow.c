/* tests/unit/upstream/test_follow.c - a target in the place of another. */
#include "unit/cmocka_all.h"

#include <stdio.h>

#include "metrics/metrics.h"
#include "upstream/upstream_target.h"

static struct upstream_target *
make(const char *port, const char *key)
{
	struct faults all = { 0 };
	struct fault why = { 0 };
	struct secrets *secrets = secrets_of("key", str_of(key), &why);
	char text[160];
	struct settings_file *f;
	struct upstream_target *t;

	snprintf(text, sizeof(text),
	    "api = { url = \"http://127.0.0.1:%s\"; api_key = \"key\"; };",
	    port);
	f = settings_parse(str_of(text), "unit.cfg", &all);
	t = upstream_target_new("api",
	    config_setting_get_member(settings_root(f), "api"), secrets, &all);
	assert_non_null(t);
	settings_close(f);
	secrets_free(secrets);
	return t;
}

/* Lets one through, which ends so. */
static void
hold(struct upstream_target *t, enum gate_event event)
{
	struct gate_pass pass;
	int64_t wait;

	assert_int_equal(upstream_gate_ask(t, 1, &pass, &wait), 1);
	upstream_gate_note(t, pass, event, 30000);
}

static bool
is_held(struct upstream_target *t)
{
	struct gate_pass pass;
	int64_t wait;
	size_t granted = upstream_gate_ask(t, 1, &pass, &wait);

	if (granted == 1)
		upstream_gate_note(t, pass, GATE_UNUSED, 0);
	return granted == 0;
}

static const struct {
	const char *what;
	enum gate_event event;
	const char *port, *key; /* of the second */
	bool held;
} cases[] = {
	{ "throttled stays", GATE_THROTTLED, "1", "one", true },
	{ "throttled is of the address", GATE_THROTTLED, "2", "one", false },
	{ "throttled has nothing to do with the key", GATE_THROTTLED, "1",
	    "two", true },
	{ "a refused key stays refused", GATE_KEY, "1", "one", true },
	{ "another key is tried", GATE_KEY, "1", "two", false },
	{ "of the same length, too", GATE_KEY, "1", "onf", false },
	{ "what is not paid is not tried again", GATE_PAYMENT, "1", "one",
	    true },
	{ "another key may be another account's", GATE_PAYMENT, "1", "two",
	    false },
	{ "a way that was refused is tried", GATE_TARGET, "1", "one", false },
	{ "what went well goes on", GATE_WELL, "1", "one", false },
};

static void
test_what_holds_one_holds_the_next(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct upstream_target *first = make("1", "one");
		struct upstream_target *second = make(cases[i].port,
		    cases[i].key);

		hold(first, cases[i].event);
		upstream_target_follow(second, first);
		if (is_held(second) != cases[i].held)
			fail_msg("%s", cases[i].what);
		upstream_target_free(first);
		upstream_target_free(second);
	}
}

static void
test_the_gauge_counts_each_once(void **state)
{
	struct upstream_target *first = make("1", "one");
	struct upstream_target *second = make("1", "one");

	(void)state;
	hold(first, GATE_KEY);
	upstream_target_follow(second, first);
	assert_int_equal(metrics_value(METRIC_GATES, METRIC_GATE_KEY), 2);
	upstream_target_free(first);
	assert_int_equal(metrics_value(METRIC_GATES, METRIC_GATE_KEY), 1);
	upstream_target_free(second);
	assert_int_equal(metrics_value(METRIC_GATES, METRIC_GATE_KEY), 0);
	assert_int_equal(metrics_value(METRIC_GATES, METRIC_GATE_CLOSED), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_holds_one_holds_the_next),
		cmocka_unit_test(test_the_gauge_counts_each_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
