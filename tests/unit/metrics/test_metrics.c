/* tests/unit/metrics/test_metrics.c - counting, and the text of it. */
#include "unit/cmocka_all.h"

#include <ctype.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "metrics/metrics_table.h"

static struct bytes text;

static const char *
print(void)
{
	bytes_done(&text);
	bytes_init(&text, 1 << 22);
	metrics_print(&text);
	assert_true(bytes_ok(&text));
	assert_true(utf8_valid(bytes_str(&text)));
	return text.data;
}

static int
done(void **state)
{
	(void)state;
	bytes_done(&text);
	return 0;
}

static bool
has_line(const char *line)
{
	char *whole = base_print("\n%s\n", line);
	bool found = strstr(print(), whole) != NULL;

	base_free(whole);
	return found;
}

static void
test_counts_by_label(void **state)
{
	(void)state;
	metrics_add(METRIC_REQUESTS, 2, 2);
	metrics_add(METRIC_REQUESTS, 5, 1);
	metrics_add(METRIC_CONNECTIONS, 0, 5);
	metrics_add(METRIC_CONNECTIONS, 0, -2);
	assert_int_equal(metrics_value(METRIC_REQUESTS, 2), 2);
	assert_int_equal(metrics_value(METRIC_REQUESTS, 4), 0);
	assert_int_equal(metrics_value(METRIC_CONNECTIONS, 0), 3);
	metrics_set(METRIC_JOURNAL_ITEMS, 1, 7);
	metrics_set(METRIC_JOURNAL_ITEMS, 1, 6);
	assert_int_equal(metrics_value(METRIC_JOURNAL_ITEMS, 1), 6);
	assert_true(has_line("leadbridge_requests_total{status=\"2xx\"} 2"));
	assert_true(has_line("leadbridge_connections 3"));
	assert_true(has_line("leadbridge_journal_items{state=\"sending\"} 6"));
}

static void
test_label_past_the_row_counts_nowhere(void **state)
{
	(void)state;
	metrics_add(METRIC_CONNECTIONS, 1, 5);
	metrics_add(METRIC_REQUESTS, 6, 5);
	metrics_add(METRIC_EVENTS, metric_of(ROUTES_MAX, 0), 5);
	metrics_observe(METRIC_MAP, 1, 5);
	metrics_set(METRIC_JOURNAL_ITEMS, UINT32_MAX, 5);
	assert_int_equal(metrics_value(METRIC_CONNECTIONS, 1), 0);
	assert_int_equal(metrics_value(METRIC_EVENTS, metric_of(ROUTES_MAX, 0)),
	    0);
	for (unsigned i = 0; i < OUTCOMES; i++)
		assert_int_equal(metrics_value(METRIC_EVENTS, i), 0);
}

static void
test_prints_every_row_with_help_and_type(void **state)
{
	(void)state;
	print();
	for (enum metric m = 0; m < METRICS; m++) {
		const struct metric_row *row = &metric_rows[m];
		char *help = base_print("# HELP %s %s\n# TYPE %s ", row->name,
		    row->help, row->name);

		assert_non_null(strstr(text.data, help));
		assert_int_equal(row->help[strlen(row->help) - 1], '.');
		base_free(help);
	}
	assert_non_null(strstr(text.data,
	    "\nleadbridge_build_info{version=\"" BRIDGE_VERSION "\"} 1\n"));
	assert_non_null(strstr(text.data, "\nprocess_resident_memory_bytes "));
	assert_non_null(strstr(text.data, "\nprocess_open_fds "));
	assert_non_null(strstr(text.data, "\nprocess_cpu_seconds_total "));
}

static bool
ends_with(const char *name, const char *end)
{
	size_t len = strlen(name), n = strlen(end);

	return len > n && strcmp(name + len - n, end) == 0;
}

/* Prometheus' rules: a counter ends in _total, base units, no capitals. */
static void
test_names_follow_the_rules(void **state)
{
	static const char *const foreign[] = { "milli", "micro", "_ms_", "_us_",
		"minutes", "hours", "kilo", "mega", "percent" };

	(void)state;
	for (enum metric m = 0; m < METRICS; m++) {
		const struct metric_row *row = &metric_rows[m];

		assert_non_null(row->name);
		assert_int_equal(row->kind == COUNTER,
		    ends_with(row->name, "_total"));
		if (row->kind == HISTOGRAM)
			assert_true(ends_with(row->name, "_seconds"));
		assert_int_equal(row->kind == HISTOGRAM, row->bounds != NULL);
		for (size_t i = 0; i < COUNT_OF(foreign); i++)
			assert_null(strstr(row->name, foreign[i]));
		assert_false(ends_with(row->name, "_ms"));
		assert_false(ends_with(row->name, "_us"));
		for (const char *p = row->name; *p != '\0'; p++)
			assert_true(*p == '_' || islower((unsigned char)*p));
		for (unsigned i = 1; i < row->bound_count; i++)
			assert_true(row->bounds[i - 1] < row->bounds[i]);
	}
}

static void
test_histogram_tells_seconds(void **state)
{
	(void)state;
	assert_int_equal(metrics_value(METRIC_RECEIVE, 0), 0);
	metrics_observe(METRIC_RECEIVE, 0, 100); /* on a bound is below it */
	metrics_observe(METRIC_RECEIVE, 0, 101);
	metrics_observe(METRIC_RECEIVE, 0, -7); /* a clock's slip */
	metrics_observe(METRIC_RECEIVE, 0, 2500000);
	metrics_observe(METRIC_RECEIVE, 0, 3600000000);
	assert_int_equal(metrics_value(METRIC_RECEIVE, 0), 5);
	assert_true(
	    has_line("leadbridge_receive_seconds_bucket{le=\"0.0001\"} 2"));
	assert_true(
	    has_line("leadbridge_receive_seconds_bucket{le=\"0.00025\"} 3"));
	assert_true(has_line("leadbridge_receive_seconds_bucket{le=\"1\"} 3"));
	assert_true(
	    has_line("leadbridge_receive_seconds_bucket{le=\"2.5\"} 4"));
	assert_true(has_line("leadbridge_receive_seconds_bucket{le=\"30\"} 4"));
	assert_true(
	    has_line("leadbridge_receive_seconds_bucket{le=\"+Inf\"} 5"));
	assert_true(has_line("leadbridge_receive_seconds_sum 3602.500201"));
	assert_true(has_line("leadbridge_receive_seconds_count 5"));
}

static void
test_names_keep_their_number(void **state)
{
	char name[16] = "/hooks/a";
	unsigned a = metrics_name(METRIC_ROUTES, name);
	unsigned b = metrics_name(METRIC_ROUTES, "/hooks/b");

	(void)state;
	assert_int_not_equal(a, 0);
	assert_int_not_equal(b, a);
	metrics_add(METRIC_EVENTS, metric_of(a, OUTCOME_RELAYED), 2);
	metrics_add(METRIC_EVENTS, metric_of(b, OUTCOME_FAILED), 3);
	strcpy(name, "gone"); /* it was copied */
	assert_int_equal(metrics_name(METRIC_ROUTES, "/hooks/a"), a);
	assert_int_equal(metrics_name(METRIC_ROUTES, "/hooks/b"), b);
	assert_int_equal(metrics_value(METRIC_EVENTS,
	                     metric_of(a, OUTCOME_RELAYED)),
	    2);
	assert_true(has_line("leadbridge_events_total{route=\"/hooks/a\","
	                     "outcome=\"relayed\"} 2"));
	/* From the start, so that the first one is a rise. */
	assert_true(has_line("leadbridge_events_total{route=\"/hooks/b\","
	                     "outcome=\"refused\"} 0"));
	assert_null(strstr(text.data, "route=\"other\""));
	metrics_add(METRIC_EVENTS, metric_of(0, OUTCOME_REFUSED), 1);
	assert_true(has_line("leadbridge_events_total{route=\"other\","
	                     "outcome=\"refused\"} 1"));
}

/* A route more than there is room for is "other"; nothing grows. */
static void
test_tables_of_names_are_bounded(void **state)
{
	unsigned last = 0, first = metrics_name(METRIC_FIELDS, "first");

	(void)state;
	for (unsigned i = 0; i < 3 * FIELDS_MAX; i++) {
		char name[16];

		snprintf(name, sizeof(name), "f%u", i);
		last = metrics_name(METRIC_FIELDS, name);
	}
	assert_int_equal(last, 0);
	assert_int_equal(metrics_name(METRIC_FIELDS, "first"), first);
	assert_int_equal(metric_name_count(METRIC_FIELDS), FIELDS_MAX);
	metrics_add(METRIC_MAPPING_FAULTS, metric_of(last, 0), 4);
	assert_true(has_line("leadbridge_mapping_faults_total{field=\"other\"} "
	                     "4"));
}

/* Settings that are loaded again for years: what is gone makes room. */
static void
test_names_that_are_gone_make_room(void **state)
{
	unsigned held = metrics_name(METRIC_FILES, "held");
	unsigned twice = metrics_name(METRIC_FILES, "twice");

	(void)state;
	assert_int_equal(metrics_name(METRIC_FILES, "twice"), twice);
	metrics_unname(METRIC_FILES, twice); /* one holds it still */
	metrics_set(METRIC_CERTIFICATES, metric_of(held, METRIC_SIDE_IN), 1);
	metrics_set(METRIC_CERTIFICATES, metric_of(twice, METRIC_SIDE_IN), 2);
	for (unsigned i = 0; i < 3 * FILES_MAX; i++) {
		char *name = base_print("cert-%u.pem", i);
		unsigned at = metrics_name(METRIC_FILES, name);

		assert_int_not_equal(at, 0);
		assert_int_equal(metrics_name(METRIC_FILES, name), at);
		metrics_unname(METRIC_FILES, at);
		assert_int_equal(metrics_named(METRIC_FILES, name), at);
		for (unsigned side = 0; side < METRIC_SIDES; side++) {
			unsigned label = metric_of(at, side);

			assert_int_equal(metrics_value(METRIC_CERTIFICATES,
			                     label),
			    0);
			metrics_set(METRIC_CERTIFICATES, label, 100 + i);
		}
		metrics_unname(METRIC_FILES, at);
		base_free(name);
	}
	assert_int_equal(metrics_named(METRIC_FILES, "cert-0.pem"), 0);
	assert_int_equal(metrics_named(METRIC_FILES, "held"), held);
	assert_int_equal(metrics_named(METRIC_FILES, "twice"), twice);
	assert_true(has_line("leadbridge_certificate_expiry_timestamp_seconds{"
	                     "file=\"held\",side=\"in\"} 1"));
	assert_true(has_line("leadbridge_certificate_expiry_timestamp_seconds{"
	                     "file=\"twice\",side=\"in\"} 2"));
	assert_null(strstr(text.data, "cert-0.pem"));
	assert_non_null(strstr(text.data, "cert-191.pem"));
}

/* Its histogram too, and no other name's. */
static void
test_a_place_begins_from_0(void **state)
{
	unsigned first = metrics_name(METRIC_UPSTREAMS, "first"), at = first;
	unsigned other = metrics_name(METRIC_UPSTREAMS, "other one");

	(void)state;
	metrics_observe(METRIC_UPSTREAM_TIME, metric_of(first, 0), 60000000);
	metrics_observe(METRIC_UPSTREAM_TIME, metric_of(other, 0), 60000000);
	metrics_add(METRIC_UPSTREAM, metric_of(first, ANSWER_NONE), 1);
	metrics_unname(METRIC_UPSTREAMS, first);
	assert_int_equal(metrics_named(METRIC_UPSTREAMS, "first"), first);
	for (unsigned i = 0;
	     i < UPSTREAMS_MAX && metrics_named(METRIC_UPSTREAMS, "first") != 0;
	     i++) {
		char *name = base_print("up-%u", i);

		at = metrics_name(METRIC_UPSTREAMS, name);
		base_free(name);
	}
	assert_int_equal(at, first);
	assert_int_equal(metrics_value(METRIC_UPSTREAM,
	                     metric_of(first, ANSWER_NONE)),
	    0);
	assert_int_equal(metrics_value(METRIC_UPSTREAM_TIME,
	                     metric_of(first, 0)),
	    0);
	assert_int_equal(metrics_value(METRIC_UPSTREAM_TIME,
	                     metric_of(other, 0)),
	    1);
	/* The table is full by now, each name of it held. */
	assert_int_equal(metrics_name(METRIC_UPSTREAMS, "one more"), 0);
	for (unsigned i = 1; i < UPSTREAMS_MAX; i++)
		metrics_unname(METRIC_UPSTREAMS, i);
}

static void
test_label_values_are_escaped(void **state)
{
	unsigned a = metrics_name(METRIC_FILES, "/a \"b\"\\c\nd\u20ac");
	unsigned b = metrics_name(METRIC_FILES, "/bad\xff\xe2\x82");

	(void)state;
	metrics_set(METRIC_CERTIFICATES, metric_of(a, METRIC_SIDE_OUT), 17);
	metrics_set(METRIC_CERTIFICATES, metric_of(b, METRIC_SIDE_IN), 18);
	assert_true(has_line("leadbridge_certificate_expiry_timestamp_seconds{"
	                     "file=\"/a \\\"b\\\"\\\\c\\nd\u20ac\","
	                     "side=\"out\"} 17"));
	assert_true(has_line("leadbridge_certificate_expiry_timestamp_seconds{"
	                     "file=\"/bad???\",side=\"in\"} 18"));
	/* What was never set would have expired in 1970. */
	assert_null(strstr(text.data, "side=\"in\"} 0"));
	metrics_keep(METRIC_CERTIFICATES,
	    (unsigned[]){ metric_of(b, METRIC_SIDE_IN) }, 1);
	assert_int_equal(metrics_value(METRIC_CERTIFICATES,
	                     metric_of(a, METRIC_SIDE_OUT)),
	    0);
	assert_int_equal(metrics_value(METRIC_CERTIFICATES,
	                     metric_of(b, METRIC_SIDE_IN)),
	    18);
	metrics_keep(METRIC_CERTIFICATES, NULL, 0);
	assert_null(strstr(print(), "side=\"in\""));
}

/* Each that is told apart is itself; no other makes a series of its own. */
static void
test_statuses_are_bounded(void **state)
{
	unsigned up = metrics_name(METRIC_UPSTREAMS, "statuses");
	unsigned told = 0;

	(void)state;
	for (int status = 0; status < 1000; status++) {
		unsigned i = metric_status(status);

		assert_true(i < METRIC_STATUSES);
		told += i != 0;
		if (i != 0)
			assert_int_equal(atoi(metric_statuses[i]), status);
	}
	assert_int_equal(told, METRIC_STATUSES - 1);
	for (size_t i = 0; i < 5; i++)
		assert_int_equal(metric_status((int[]){ -1, INT_MIN, INT_MAX,
		                     1200, 100200 }[i]),
		    0);
	metrics_add(METRIC_UPSTREAM_STATUS, metric_of(up, metric_status(429)),
	    3);
	metrics_add(METRIC_UPSTREAM_STATUS, metric_of(up, metric_status(599)),
	    2);
	assert_true(has_line("leadbridge_upstream_statuses_total{"
	                     "upstream=\"statuses\",status=\"429\"} 3"));
	assert_true(has_line("leadbridge_upstream_statuses_total{"
	                     "upstream=\"statuses\",status=\"other\"} 2"));
	assert_null(strstr(text.data, "upstream=\"statuses\",status=\"200\""));
	metrics_unname(METRIC_UPSTREAMS, up);
}

static void *
count_many(void *arg)
{
	for (unsigned i = 0; i < 5000; i++) {
		char name[16];

		snprintf(name, sizeof(name), "u%u", i % 40);
		metrics_add(METRIC_ACCEPTED, 0, 1);
		metrics_observe(METRIC_UPSTREAM_TIME,
		    metric_of(metrics_name(METRIC_UPSTREAMS, name), 0), i);
		if (arg != NULL && i % 500 == 0) {
			struct bytes out;

			bytes_init(&out, 1 << 22);
			metrics_print(&out);
			assert_true(bytes_ok(&out));
			bytes_done(&out);
		}
	}
	return NULL;
}

static void
test_threads_count_all(void **state)
{
	pthread_t threads[4];
	int64_t observed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(threads); i++)
		assert_int_equal(pthread_create(&threads[i], NULL, count_many,
		                     i == 0 ? &threads : NULL),
		    0);
	for (size_t i = 0; i < COUNT_OF(threads); i++)
		pthread_join(threads[i], NULL);
	for (unsigned i = 0; i < UPSTREAMS_MAX; i++)
		observed += metrics_value(METRIC_UPSTREAM_TIME,
		    metric_of(i, 0));
	assert_int_equal(observed, 20000);
	assert_int_equal(metrics_value(METRIC_ACCEPTED, 0), 20000);
	assert_int_equal(metric_name_count(METRIC_UPSTREAMS), UPSTREAMS_MAX);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_counts_by_label),
		cmocka_unit_test(test_label_past_the_row_counts_nowhere),
		cmocka_unit_test(test_prints_every_row_with_help_and_type),
		cmocka_unit_test(test_names_follow_the_rules),
		cmocka_unit_test(test_histogram_tells_seconds),
		cmocka_unit_test(test_names_keep_their_number),
		cmocka_unit_test(test_tables_of_names_are_bounded),
		cmocka_unit_test(test_label_values_are_escaped),
		cmocka_unit_test(test_names_that_are_gone_make_room),
		cmocka_unit_test(test_a_place_begins_from_0),
		cmocka_unit_test(test_statuses_are_bounded),
		cmocka_unit_test(test_threads_count_all),
	};

	return cmocka_run_group_tests(tests, NULL, done);
}
