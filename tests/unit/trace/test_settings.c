/* `tracing` of the settings, and who is sampled by it. */
#include "unit/cmocka_all.h"

#include "trace/trace_exporter.h"

static struct settings_file *file;

static struct trace_rules *
load(const char *text, struct faults *all)
{
	char *whole = base_print("t = { url = \"http://127.0.0.1:1\"; %s };",
	    text);

	*all = (struct faults){ 0 };
	file = settings_parse(str_of(whole), "unit.cfg", all);
	base_free(whole);
	assert_non_null(file);
	return trace_rules_load(config_setting_get_member(settings_root(file),
	                            "t"),
	    NULL, all);
}

static void
unload(struct trace_rules *r, struct faults *all)
{
	trace_rules_free(r);
	faults_done(all);
	settings_close(file);
}

static void
what_is_not_said_has_a_value(void **state)
{
	struct faults all;
	struct trace_rules *r = load("", &all);

	(void)state;
	assert_non_null(r);
	assert_int_equal(r->settings.interval_ms, 5000);
	assert_int_equal(r->settings.queue, 2048);
	assert_string_equal(r->settings.service_name, "leadbridge");
	assert_int_equal(r->bar, 0);
	unload(r, &all);
}

/* By the last 7 bytes of the id, which a UUIDv7 has random too. */
static void
the_share_is_taken_of_ids_alone(void **state)
{
	static const struct {
		const char *share;
		unsigned char byte; /* the first of the 7 */
		bool sampled;
	} cases[] = {
		{ "sample = 1.0;", 0x00, true },
		{ "sample = 1;", 0x00, true },
		{ "sample = 0.0;", 0xFF, false },
		{ "sample = 0;", 0xFF, false },
		{ "sample = 0.25;", 0xBF, false },
		{ "sample = 0.25;", 0xC0, true },
		{ "sample = 0.5;", 0x7F, false },
		{ "sample = 0.5;", 0x80, true },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		unsigned char id[TRACE_ID_SIZE];
		struct faults all;
		struct trace_rules *r = load(cases[i].share, &all);

		memset(id, 0xFF, sizeof(id));
		id[9] = cases[i].byte;
		assert_non_null(r);
		assert_int_equal(trace_is_sampled(r, id), cases[i].sampled);
		/* What stands before them says nothing. */
		memset(id, 0, 9);
		assert_int_equal(trace_is_sampled(r, id), cases[i].sampled);
		unload(r, &all);
	}
}

static void
a_share_that_is_none_is_a_fault(void **state)
{
	static const char *const bad[] = { "sample = 1.01;", "sample = -0.5;",
		"sample = 2;", "sample = \"1.0\";", "sample = true;",
		"sample = { };" };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		struct faults all;

		assert_null(load(bad[i], &all));
		assert_int_equal(all.count, 1);
		assert_non_null(strstr(all.list[0].text,
		    "tracing.sample: a number between 0.0 and 1.0"));
		unload(NULL, &all);
	}
}

static void
what_it_may_take_is_told(void **state)
{
	struct faults all;
	struct trace_rules *r = load("queue = 1000;", &all);
	int64_t one, two;

	(void)state;
	assert_non_null(r);
	one = trace_worst(r, 1);
	two = trace_worst(r, 2);
	assert_int_equal(two - one, 1000 * (int64_t)sizeof(struct trace_span));
	assert_true(one > two - one + (int64_t)TRACE_BODY_MAX);
	unload(r, &all);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_not_said_has_a_value),
		cmocka_unit_test(the_share_is_taken_of_ids_alone),
		cmocka_unit_test(a_share_that_is_none_is_a_fault),
		cmocka_unit_test(what_it_may_take_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
