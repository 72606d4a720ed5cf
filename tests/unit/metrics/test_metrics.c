/* tests/unit/metrics/test_metrics.c - counting, and the text of it. */
#include "unit/cmocka_all.h"

#include "metrics/metrics.h"

static void
test_counts_by_label(void **state)
{
	(void)state;
	metrics_add(METRIC_EVENTS, OUTCOME_RELAYED, 2);
	metrics_add(METRIC_EVENTS, OUTCOME_FAILED, 1);
	metrics_add(METRIC_CONNECTIONS, 0, 5);
	metrics_add(METRIC_CONNECTIONS, 0, -2);
	assert_int_equal(metrics_value(METRIC_EVENTS, OUTCOME_RELAYED), 2);
	assert_int_equal(metrics_value(METRIC_EVENTS, OUTCOME_REFUSED), 0);
	assert_int_equal(metrics_value(METRIC_CONNECTIONS, 0), 3);
	metrics_set(METRIC_JOURNAL_ITEMS, 1, 7);
	metrics_set(METRIC_JOURNAL_ITEMS, 1, 6);
	assert_int_equal(metrics_value(METRIC_JOURNAL_ITEMS, 1), 6);
}

static void
test_prints_every_row_with_help_and_type(void **state)
{
	struct bytes out;
	size_t helps = 0, types = 0;

	(void)state;
	bytes_init(&out, 1 << 20);
	metrics_print(&out);
	assert_true(bytes_ok(&out));
	for (const char *p = out.data; (p = strstr(p, "# HELP ")) != NULL; p++)
		helps++;
	for (const char *p = out.data; (p = strstr(p, "# TYPE ")) != NULL; p++)
		types++;
	assert_int_equal(helps, METRICS + 1);
	assert_int_equal(types, METRICS + 1);
	assert_non_null(strstr(out.data,
	    "\nleadbridge_events_total{outcome=\"relayed\"} 2\n"));
	assert_non_null(strstr(out.data, "\nleadbridge_connections 3\n"));
	bytes_done(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_counts_by_label),
		cmocka_unit_test(test_prints_every_row_with_help_and_type),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
