/* Values themselves, and what becomes of the absent. */
#include "unit/mapping/transform_step.h"

static void
equal(const char *one, const char *other, bool want)
{
	struct arena *a = arena_new(1 << 20);
	struct value x = json_value(a, one), y = json_value(a, other);

	if (value_equal(&x, &y) != want || value_equal(&y, &x) != want)
		fail_msg("%s and %s: %s", one, other,
		    want ? "not equal" : "equal");
	arena_free(a);
}

static void
values_are_equal_as_json_across_documents(void **state)
{
	(void)state;
	equal("1", "1.0", true);
	equal("1", "\"1\"", false);
	equal("10", "1e1", true);
	equal("9007199254740993", "9007199254740992", false);
	equal("null", "null", true);
	equal("null", "false", false);
	equal("\"a\"", "\"\\u0061\"", true);
	equal("[1, [2]]", "[1.0, [2]]", true);
	equal("[1, 2]", "[2, 1]", false);
	equal("[1]", "[1, 1]", false);
	equal("[]", "{}", false);
	equal("{\"a\": 1, \"b\": {}}", "{\"b\": {}, \"a\": 1.0}", true);
	equal("{\"a\": 1}", "{\"b\": 1}", false);
	equal("{\"a\": 1}", "{\"a\": 1, \"b\": 1}", false);
	equal("{\"a\": [1]}", "{\"a\": [2]}", false);
}

static void
a_list_equals_an_array_of_the_same_items(void **state)
{
	struct step_room room;
	struct fault why = { 0 };
	struct value v = value_string(STR("a,b")), array;

	(void)state;
	step_room_start(&room, 1 << 16);
	assert_int_equal(step_run(&room, "split(',')", &v, &why), 0);
	array = json_value(room.arena, "[\"a\", \"b\"]");
	assert_true(value_equal(&v, &array));
	assert_true(value_equal(&array, &v));
	array = json_value(room.arena, "[\"a\"]");
	assert_false(value_equal(&v, &array));
	step_room_end(&room);
}

static void
kinds_have_names(void **state)
{
	static const char *const names[][2] = { { "null", "null" },
		{ "true", "a boolean" }, { "1", "a number" },
		{ "\"x\"", "a string" }, { "[]", "an array" },
		{ "{}", "an object" }, { "", "nothing" } };
	struct arena *a = arena_new(1 << 16);
	struct value list = { .kind = VALUE_LIST };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		struct value v = json_value(a, names[i][0]);

		assert_string_equal(value_kind_name(&v), names[i][1]);
	}
	assert_string_equal(value_kind_name(&list), "a list");
	arena_free(a);
}

static void
printing_is_json_as_it_was_written(void **state)
{
	struct arena *a = arena_new(1 << 16);
	const struct value items[] = { value_string(STR("q\"\n")),
		{ .kind = VALUE_ABSENT }, value_number(STR("1.50")),
		{ .kind = VALUE_NULL }, value_boolean(true),
		json_value(a, "{\"a\": [false]}") };
	const struct value list = { .kind = VALUE_LIST,
		.items = items,
		.count = COUNT_OF(items) };

	(void)state;
	assert_str(value_json(a, &list),
	    "[\"q\\\"\\n\",1.50,null,true,{\"a\":[false]}]");
	arena_free(a);
}

static void
items_are_only_of_lists_and_arrays(void **state)
{
	static const char *const none[] = { "1", "{}", "null", "\"x\"", "" };
	struct arena *a = arena_new(1 << 16);
	struct value *items;
	size_t count;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(none); i++) {
		struct value v = json_value(a, none[i]);
		struct fault why = { 0 };

		assert_int_equal(value_items(&v, a, &items, &count, &why), -1);
		assert_int_equal(why.code, FAULT_MAPPING);
	}
	arena_free(a);
}

/* null is as good as absent, unless it was asked for. */
static void
null_and_absence_meet_in_a_pipe(void **state)
{
	struct step_room room;
	struct fault why = { 0 };
	struct value v = value_string(STR("N/A"));

	(void)state;
	step_room_start(&room, 1 << 16);
	assert_int_equal(step_run(&room, "null_if('N/A')", &v, &why), 0);
	assert_int_equal(v.kind, VALUE_NULL);
	assert_false(v.kept);
	assert_int_equal(step_run(&room, "lower", &v, &why), 0);
	assert_int_equal(step_run(&room, "keep_null", &v, &why), 0);
	assert_true(v.kept);
	assert_int_equal(step_run(&room, "default('x')", &v, &why), 0);
	assert_int_equal(v.kind, VALUE_NULL);
	assert_int_equal(step_run(&room, "required", &v, &why), 0);
	v = (struct value){ .kind = VALUE_NULL };
	assert_int_equal(step_run(&room, "default('x')", &v, &why), 0);
	assert_str(v.text, "x");
	step_room_end(&room);
}

static void
numbers_are_exact_however_long(void **state)
{
	(void)state;
	step_expect("\"123,456,789,012,345,678,901.000000000000000000001\"",
	    "number", "123456789012345678901.000000000000000000001");
	step_expect("\"99999999999999999999999\"", "integer",
	    "99999999999999999999999");
	step_expect("\"1\\u00a0234\\u202f5\"", "number", "!not a number");
	step_expect("\"1\\u00a0234\\u00a0567\"", "number", "1234567");
	step_expect("\"0,5\"", "number(',')", "0.5");
	step_expect("\",5\"", "number", "!not a number");
	step_expect("\"1,,234\"", "number", "!not a number");
	step_expect("\"1,234,\"", "number", "!not a number");
	step_expect("\"12 €\"", "integer", "12");
	step_expect("\"- 5\"", "integer", "-5");
	step_expect("\"+5\"", "integer", "5");
	step_expect("\"$-$5\"", "number", "!not a number");
	step_expect("\"0000\"", "integer", "0");
	step_expect("\"5.\"", "integer", "!not a number");
	step_expect("-7", "integer", "-7");
}

static void
json_keeps_its_document_s_limits(void **state)
{
	char deep[300];

	(void)state;
	memset(deep, '[', 100);
	memset(deep + 100, ']', 100);
	deep[200] = '\0';
	{
		char text[210] = "\"";

		memcpy(text + 1, deep, 200);
		memcpy(text + 201, "\"", 2);
		step_expect(text, "json", "!not JSON");
	}
	step_expect("\"\"", "json", "!not JSON");
	step_expect("\"{} x\"", "json", "!not JSON");
	step_expect("\"null\"", "json", "");
}

static void
tables_compare_keys_exactly(void **state)
{
	(void)state;
	step_expect("\"Cold\"", "table('stage')", "\"no_contact\"");
	step_expect("\"*\"", "table('stage')", "\"pending\"");
	step_expect("\"\"", "table('stage')", "\"pending\"");
	step_expect("\"true\"", "table('closed')", "\"yes\"");
	step_expect("false", "table('closed')", "!has no row");
	step_expect("1.0", "table('closed')", "!has no row");
	step_expect("\"x\"", "table('nowhere')", "!there is no table");
}

/* Of one byte and of several, at either end, and no part of a character. */
static void
blanks_go_at_both_ends(void **state)
{
	(void)state;
	step_expect("\" \\t\\n\\u000b\\f\\r a b \\t\\n\"", "trim", "\"a b\"");
	step_expect("\"\\u3000\\u2003 a\\u00a0b \\u2003\\u3000\\u0085\"",
	    "trim", "\"a\\u00a0b\"");
	step_expect("\"\\ufeffa\\u200b \\u200b\"", "trim", "\"a\"");
	step_expect("\"\\u00e9 \\u4e2d\\ud83d\\ude00\"", "trim",
	    "\"\\u00e9 \\u4e2d\\ud83d\\ude00\"");
	/* their last bytes are those of U+00A0 and U+0085 */
	step_expect("\"\\u00e0\"", "trim", "\"\\u00e0\"");
	step_expect("\"\\u0160 \"", "trim", "\"\\u0160\"");
	step_expect("\"\\u4e05 \"", "trim", "\"\\u4e05\"");
	step_expect("\"\\u3000\\u00a0 \\u3000\"", "trim", "\"\"");
	step_expect("\" \"", "trim", "\"\"");
	step_expect("\"\"", "trim", "\"\"");
	step_expect("\"\\u0000 \"", "trim", "\"\\u0000\"");
	step_expect("\"\\u3000 a \\u00a0 b\\u3000\"", "squeeze", "\"a b\"");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(blanks_go_at_both_ends),
		cmocka_unit_test(values_are_equal_as_json_across_documents),
		cmocka_unit_test(a_list_equals_an_array_of_the_same_items),
		cmocka_unit_test(kinds_have_names),
		cmocka_unit_test(printing_is_json_as_it_was_written),
		cmocka_unit_test(items_are_only_of_lists_and_arrays),
		cmocka_unit_test(null_and_absence_meet_in_a_pipe),
		cmocka_unit_test(numbers_are_exact_however_long),
		cmocka_unit_test(json_keeps_its_document_s_limits),
		cmocka_unit_test(tables_compare_keys_exactly),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
