/* The rows of the transforms: each is whole, and does what its examples say. */
#include "unit/mapping/transform_step.h"

static void
every_example_holds(void **state)
{
	const struct transform *t;

	(void)state;
	for (size_t i = 0; (t = transform_at(i)) != NULL; i++)
		for (const struct transform_example *e = t->examples;
		     e->in != NULL; e++)
			step_expect(e->in, e->step, e->out);
}

static void
examples_are_of_their_row_and_fit_its_arity(void **state)
{
	const struct transform *t;
	struct step_read step;

	(void)state;
	for (size_t i = 0; (t = transform_at(i)) != NULL; i++) {
		size_t good = 0;

		for (const struct transform_example *e = t->examples;
		     e->in != NULL; e++) {
			step_parse(e->step, &step);
			assert_ptr_equal(step.row, t);
			assert_in_range(step.count, t->min_args, t->max_args);
			good += e->out[0] != '!';
		}
		if (good == 0)
			fail_msg("%s: no example shows what it does", t->name);
	}
}

static void
every_row_is_whole(void **state)
{
	const struct transform *t;
	size_t i;

	(void)state;
	for (i = 0; (t = transform_at(i)) != NULL; i++) {
		size_t len = strlen(t->help);

		assert_true(len > 1 && t->help[len - 1] == '.');
		assert_non_null(t->takes);
		assert_non_null(t->gives);
		assert_non_null(t->run);
		assert_true(t->min_args <= t->max_args);
		assert_true(t->max_args <= TRANSFORM_ARGS);
		assert_true(t->release == NULL || t->prepare != NULL);
	}
	assert_true(i > 30);
	assert_null(transform_at(i + 1));
}

static void
names_are_sorted_and_unlike(void **state)
{
	const struct transform *t;

	(void)state;
	for (size_t i = 1; (t = transform_at(i)) != NULL; i++)
		assert_true(strcmp(transform_at(i - 1)->name, t->name) < 0);
}

static void
find_is_exact_and_nearest_is_not(void **state)
{
	(void)state;
	assert_string_equal(transform_find(STR("phone"))->name, "phone");
	assert_null(transform_find(STR("Phone")));
	assert_null(transform_find(STR("phon")));
	assert_null(transform_find(STR("")));
	assert_string_equal(transform_nearest(STR("phon")), "phone");
	assert_string_equal(transform_nearest(STR("keepnull")), "keep_null");
	assert_null(transform_nearest(STR("xyzzyxyzzy")));
}

/* A text no transform knows, tried on all of them: no fault repeats it. */
static void
a_fault_names_its_place_and_never_the_value(void **state)
{
	static const char secret[] = "\"s3cr3t-Val\"";
	const struct transform *t;
	size_t faults = 0;

	(void)state;
	for (size_t i = 0; (t = transform_at(i)) != NULL; i++) {
		struct step_read step = { .row = t };
		struct step_room room;
		struct fault why = { 0 };
		struct value v;

		for (step.count = 0; step.count < t->min_args; step.count++)
			step.args[step.count] = value_string(STR("closed"));
		step_room_start(&room, 1 << 20);
		v = json_value(room.arena, secret);
		if (step_call(&room, &step, &v, &why) == -1) {
			faults++;
			assert_null(strstr(why.text, "s3cr3t"));
			assert_int_equal(strncmp(why.text, t->name,
			                     strlen(t->name)),
			    0);
			if (why.code == FAULT_MAPPING)
				assert_string_equal(why.where, STEP_WHERE);
			else
				assert_int_equal(why.code, FAULT_SETTINGS);
		}
		step_room_end(&room);
	}
	assert_true(faults >= 9);
}

/* An arena that is too small is "try again", not a wrong value. */
static void
a_full_arena_is_busy(void **state)
{
	static const char *const steps[] = { "lower", "upper", "title",
		"squeeze", "digits", "replace('1', 'bb')", "split('1')", "join",
		"list", "unique", "first", "sha256", "phone('US', 'keep')",
		"given_name", "json", NULL };
	static char long_text[3000];

	(void)state;
	memset(long_text, '1', sizeof(long_text));
	for (const char *const *s = steps; *s != NULL; s++) {
		struct step_room room;
		struct fault why = { 0 };
		struct value v = value_string(
		    (struct str){ long_text, sizeof(long_text) });

		if (strncmp(*s, "phone", 5) == 0)
			v = value_string(STR("4155552671"));
		if (strncmp(*s, "given", 5) == 0)
			v = value_string(STR("Ann Marie Lee"));
		step_room_start(&room, 8);
		assert_int_equal(step_run(&room, *s, &v, &why), -1);
		if (why.code != FAULT_BUSY)
			fail_msg("%s: %s", *s, why.text);
		assert_string_equal(why.where, STEP_WHERE);
		step_room_end(&room);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_example_holds),
		cmocka_unit_test(examples_are_of_their_row_and_fit_its_arity),
		cmocka_unit_test(every_row_is_whole),
		cmocka_unit_test(names_are_sorted_and_unlike),
		cmocka_unit_test(find_is_exact_and_nearest_is_not),
		cmocka_unit_test(a_fault_names_its_place_and_never_the_value),
		cmocka_unit_test(a_full_arena_is_busy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
