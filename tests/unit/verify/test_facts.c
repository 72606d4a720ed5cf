/* tests/unit/verify/test_facts.c - how senders behave, as presets say it. */
#include "unit/verify/with_verifier.h"

#define TYPE "type = \"none\"; "

static void
every_preset_has_facts_without_faults(void **state)
{
	const char *name;

	(void)state;
	for (size_t i = 0; (name = verify_preset_name(i)) != NULL; i++) {
		struct faults all = { 0 };
		struct settings_file *f = verify_preset_open(name, &all);
		struct sender_facts facts;

		assert_non_null(f);
		if (!sender_facts_read(settings_root(f), name, &facts, &all))
			fail_msg("%s: %s", name, all.list[0].text);
		assert_non_null(facts.body);
		assert_in_range(facts.setup_count, 2, SENDER_STEPS_MAX);
		settings_close(f);
	}
}

static void
facts_are_read_and_absent_ones_stay_empty(void **state)
{
	struct faults all = { 0 };
	struct settings_file *f = settings_parse(
	    STR(TYPE "patience = \"3s\"; setup = ( \"a\", \"b\" );"), "x.cfg",
	    &all);
	struct sender_facts facts;

	(void)state;
	assert_true(sender_facts_read(settings_root(f), "x", &facts, &all));
	assert_int_equal(facts.patience, 3000);
	assert_null(facts.retries);
	assert_null(facts.disables);
	assert_int_equal(facts.setup_count, 2);
	assert_string_equal(facts.setup[1], "b");
	settings_close(f);
}

static const struct {
	const char *text;
	const char *fault;
} refusals[] = {
	{ TYPE "patiense = \"3s\";", "did you mean 'patience'?" },
	{ TYPE "disable = \"410\";", "did you mean 'disables'?" },
	{ TYPE "patience = \"3\";", "x.cfg:1:27: x.patience" },
	{ TYPE "patience = \"2h\";", "x.cfg:1:27: x.patience" },
	{ TYPE "retries = 3;", "x.cfg:1:26: x.retries" },
	{ TYPE "setup = \"a\";", "setup: a list of 1 to 4" },
	{ TYPE "setup = ( );", "setup: a list of 1 to 4" },
	{ TYPE "setup = ( \"a\", \"b\", \"c\", \"d\", \"e\" );",
	    "a list of 1 to 4" },
	{ TYPE "setup = ( \"a\", 2 );", "setup: step 2: a text is expected" },
};

static void
a_wrong_fact_is_a_fault(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(refusals); i++) {
		struct faults all = { 0 };
		struct settings_file *f = settings_parse(str_of(
		                                             refusals[i].text),
		    "x.cfg", &all);
		struct sender_facts facts;
		struct bytes got;

		assert_non_null(f);
		assert_false(
		    sender_facts_read(settings_root(f), "x", &facts, &all));
		assert_int_equal(all.count, 1);
		bytes_init(&got, 4096);
		fault_print(&all.list[0], &got);
		if (strstr(got.data, refusals[i].fault) == NULL)
			fail_msg("%s: %s", refusals[i].text, got.data);
		bytes_done(&got);
		faults_done(&all);
		settings_close(f);
	}
}

static void
an_option_has_its_default_where_its_type_looks_at_it(void **state)
{
	struct faults all = { 0 };
	struct settings_file *f = settings_parse(
	    STR("type = \"token\"; signature = \"header:X\";"), "x.cfg", &all);
	struct settings_file
	    *g = settings_parse(STR("type = \"hmac\"; url_any_port = true;"),
	        "x.cfg", &all);

	(void)state;
	assert_null(verify_option(settings_root(f), "encoding"));
	assert_null(verify_option(settings_root(f), "user"));
	assert_string_equal(verify_option(settings_root(f), "signature"),
	    "header:X");
	assert_string_equal(verify_option(settings_root(g), "encoding"), "hex");
	assert_string_equal(verify_option(settings_root(g), "url_any_port"),
	    "true");
	assert_null(verify_option(settings_root(g), "timestamp"));
	settings_close(f);
	settings_close(g);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_preset_has_facts_without_faults),
		cmocka_unit_test(facts_are_read_and_absent_ones_stay_empty),
		cmocka_unit_test(a_wrong_fact_is_a_fault),
		cmocka_unit_test(
		    an_option_has_its_default_where_its_type_looks_at_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
