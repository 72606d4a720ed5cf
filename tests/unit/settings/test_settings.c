/* tests/unit/settings/test_settings.c - options, ranges, faults, places. */
#include "unit/cmocka_all.h"

#include "settings/settings.h"

struct sample {
	int64_t count, wait, size;
	bool on;
	const char *text;
	int mode;
	const config_setting_t *tree;
};

static const struct name modes[] = {
	{ "fast", 1 },
	{ "slow", 2 },
	{ NULL, -1 },
};

static const struct setting table[] = {
	{ .name = "count",
	    .kind = SETTING_COUNT,
	    .at = offsetof(struct sample, count),
	    .min = 1,
	    .max = 10,
	    .fallback = "3" },
	{ .name = "wait",
	    .kind = SETTING_DURATION,
	    .at = offsetof(struct sample, wait),
	    .min = 1000,
	    .max = 60000,
	    .fallback = "5s" },
	{ .name = "size",
	    .kind = SETTING_SIZE,
	    .at = offsetof(struct sample, size),
	    .fallback = "16K" },
	{ .name = "on",
	    .kind = SETTING_BOOLEAN,
	    .at = offsetof(struct sample, on),
	    .fallback = "true" },
	{ .name = "text",
	    .kind = SETTING_TEXT,
	    .at = offsetof(struct sample, text) },
	{ .name = "mode",
	    .kind = SETTING_NAME,
	    .at = offsetof(struct sample, mode),
	    .names = modes,
	    .fallback = "slow" },
	{ .name = "tree",
	    .kind = SETTING_TREE,
	    .at = offsetof(struct sample, tree) },
	{ .name = NULL },
};

/* Reads a text through the table; returns all faults as one text. */
static char *
faults_of(const char *text, struct sample *out)
{
	struct faults all = { 0 };
	struct settings_file *f = settings_parse(str_of(text), "x.cfg", &all);
	struct bytes lines;

	memset(out, 0, sizeof(*out));
	if (f != NULL)
		settings_read(settings_root(f), "", table, out, &all);
	bytes_init(&lines, 100000);
	faults_print(&all, &lines);
	faults_done(&all);
	settings_close(f);
	return bytes_take(&lines);
}

static void
test_defaults_are_parsed_like_the_file(void **state)
{
	struct sample s;
	char *faults = faults_of("", &s);

	(void)state;
	assert_string_equal(faults, "");
	assert_int_equal(s.count, 3);
	assert_int_equal(s.wait, 5000);
	assert_int_equal(s.size, 16384);
	assert_true(s.on);
	assert_null(s.text);
	assert_int_equal(s.mode, 2);
	base_free(faults);
}

static void
test_what_is_written_wins(void **state)
{
	struct sample s;
	char *faults = faults_of("count = 10; wait = \"1m\"; size = 4096;\n"
	                         "on = false; mode = \"fast\";",
	    &s);

	(void)state;
	assert_string_equal(faults, "");
	assert_int_equal(s.count, 10);
	assert_int_equal(s.wait, 60000);
	assert_int_equal(s.size, 4096);
	assert_false(s.on);
	assert_int_equal(s.mode, 1);
	base_free(faults);
}

static void
test_each_fault_says_where_and_what(void **state)
{
	static const struct {
		const char *text, *fault;
	} rows[] = {
		{ "count = 11;",
		    "x.cfg:1:9: count: a value between 1 and 10 is "
		    "expected\n" },
		{ "\ncount = 0;",
		    "x.cfg:2:9: count: a value between 1 and 10 is "
		    "expected\n" },
		{ "count = \"3\";",
		    "x.cfg:1:9: count: a whole number is expected\n" },
		{ "wait = \"61s\";",
		    "x.cfg:1:8: wait: a value between 1s and 1m is "
		    "expected\n" },
		{ "wait = \"5\";",
		    "x.cfg:1:8: wait: a duration like \"500ms\", \"5s\" or "
		    "\"2m\" is expected\n" },
		{ "wait = 5;",
		    "x.cfg:1:8: wait: a duration like \"500ms\", \"5s\" or "
		    "\"2m\" is expected\n" },
		{ "size = \"1T\";",
		    "x.cfg:1:8: size: a size like 4096, \"16K\" or \"1M\" is "
		    "expected\n" },
		{ "on = 1;", "x.cfg:1:6: on: true or false is expected\n" },
		{ "text = 5;",
		    "x.cfg:1:8: text: a text in double quotes is expected\n" },
		{ "mode = \"fats\";",
		    "x.cfg:1:8: mode: one of \"fast\", \"slow\" is "
		    "expected\n" },
		{ "cuont = 1;",
		    "x.cfg:1:1: cuont: there is no such setting; did you mean "
		    "'count'?\n" },
		{ "elsewhere = 1;",
		    "x.cfg:1:1: elsewhere: there is no such setting\n" },
		{ "counts = 1;",
		    "x.cfg:1:1: counts: there is no such setting; did you mean "
		    "'count'?\n" },
		{ "count = ;", "x.cfg:1:9: a value is missing here\n" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct sample s;
		char *faults = faults_of(rows[i].text, &s);

		assert_string_equal(faults, rows[i].fault);
		base_free(faults);
	}
}

static void
test_numbers_that_would_change_are_faults(void **state)
{
	static const char *const good[] = { "x = 2147483647;",
		"x = -2147483648;", "x = 2147483648L;",
		"x = 9223372036854775807L;", "x = 0x7FFFFFFF;", "x = 19.99;",
		"x = 1.5e300;", "x = 123456789012345.0;",
		"x = \"12345678901234567890\";", "# 12345678901234567890\n",
		"// 12345678901234567890\nx = 1;",
		"/* 12345678901234567890 */ x = 1;",
		"x_12345678901234567890 = 1;", "x = \"a\\\"9999999999\";" };
	static const char *const bad[] = { "x = 2147483648;",
		"x = -2147483649;", "x = 1764031532000;",
		"x = 12345678901234567890;", "x = 9223372036854775808L;",
		"x = 0xFFFFFFFF;", "x = 19.990000000000000001;",
		"x = ( 1, 4155552671 );", "x = 9007199254740993.0;" };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(good); i++) {
		struct faults all = { 0 };

		settings_close(settings_parse(str_of(good[i]), "n.cfg", &all));
		if (all.count > 0)
			fail_msg("%s: %s", good[i], all.list[0].text);
	}
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		struct faults all = { 0 };

		assert_null(settings_parse(str_of(bad[i]), "n.cfg", &all));
		assert_int_equal(all.count, 1);
		assert_int_equal(all.list[0].line, 1);
		assert_int_equal(all.list[0].column,
		    strcspn(bad[i], "-0123456789") + 1 +
		        (strchr(bad[i], '(') != NULL ? 3 : 0));
		assert_non_null(strstr(all.list[0].text, "would be changed"));
		faults_done(&all);
	}
}

static void
test_all_faults_at_once(void **state)
{
	struct sample s;
	char *faults = faults_of("count = 0;\non = 1;\nmodes = 1;\n", &s);

	(void)state;
	assert_non_null(strstr(faults, "x.cfg:1:9: count"));
	assert_non_null(strstr(faults, "x.cfg:2:6: on"));
	assert_non_null(strstr(faults, "x.cfg:3:1: modes"));
	base_free(faults);
}

static void
test_units(void **state)
{
	(void)state;
	assert_int_equal(settings_duration(STR("250ms")), 250);
	assert_int_equal(settings_duration(STR("2h")), 7200000);
	assert_int_equal(settings_duration(STR("1d")), 86400000);
	assert_int_equal(settings_duration(STR("s")), -1);
	assert_int_equal(settings_duration(STR("-5s")), -1);
	assert_int_equal(settings_duration(STR("5 s")), -1);
	assert_int_equal(settings_duration(STR("9223372036854775807d")), -1);
	assert_int_equal(settings_size(STR("1G")), 1 << 30);
	assert_int_equal(settings_size(STR("12")), 12);
	assert_int_equal(settings_size(STR("1k")), -1);
}

static void
test_a_missing_file_is_a_fault(void **state)
{
	struct faults all = { 0 };

	(void)state;
	assert_null(settings_open("/nonexistent/x.cfg", &all));
	assert_int_equal(all.count, 1);
	assert_null(settings_open("/dev", &all));
	assert_int_equal(all.count, 2);
	faults_done(&all);
}

static void
test_beside(void **state)
{
	static const struct {
		const char *file, *path, *want;
	} rows[] = {
		{ "/etc/x/a.cfg", "b.pem", "/etc/x/b.pem" },
		{ "/etc/x/a.cfg", "/b.pem", "/b.pem" },
		{ "a.cfg", "b.pem", "b.pem" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char *got = settings_beside(rows[i].file, rows[i].path);

		assert_string_equal(got, rows[i].want);
		base_free(got);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults_are_parsed_like_the_file),
		cmocka_unit_test(test_what_is_written_wins),
		cmocka_unit_test(test_each_fault_says_where_and_what),
		cmocka_unit_test(test_numbers_that_would_change_are_faults),
		cmocka_unit_test(test_all_faults_at_once),
		cmocka_unit_test(test_units),
		cmocka_unit_test(test_a_missing_file_is_a_fault),
		cmocka_unit_test(test_beside),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
