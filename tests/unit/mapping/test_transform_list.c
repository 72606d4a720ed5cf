/* Lists from all three makers: matches of a path, arrays, split. */
#include <stdio.h>

#include "unit/mapping/transform_step.h"

/* Several matches of a path, as jsonpath hands them over. */
static struct value
matches_of(struct arena *a, const char *json)
{
	struct value array = json_value(a, json), *items;
	struct fault why = { 0 };
	size_t count;

	assert_int_equal(value_items(&array, a, &items, &count, &why), 0);
	return (struct value){ .kind = VALUE_LIST,
		.matches = true,
		.items = items,
		.count = count };
}

static void
on_matches(const char *json, const char *step, const char *want)
{
	struct step_room room;
	struct fault why = { 0 };
	struct value v;

	step_room_start(&room, 1 << 20);
	v = matches_of(room.arena, json);
	if (step_run(&room, step, &v, &why) == -1)
		fail_msg("%s | %s: %s", json, step, why.text);
	assert_str(value_json(room.arena, &v), want);
	assert_false(v.matches);
	step_room_end(&room);
}

static void
matches_become_a_scalar_or_a_list_of_their_own(void **state)
{
	(void)state;
	on_matches("[\"a\", \"b\"]", "first", "\"a\"");
	on_matches("[\"a\", \"b\"]", "last", "\"b\"");
	on_matches("[\"a\", \"b\"]", "at(-2)", "\"a\"");
	on_matches("[\"a\", \"b\"]", "join", "\"a, b\"");
	on_matches("[\"a\", \"b\"]", "list", "[\"a\",\"b\"]");
	on_matches("[\"a\", \"a\"]", "unique", "[\"a\"]");
	/* the matches are the items, not what the first of them holds */
	on_matches("[[1, 2], [3]]", "first", "[1,2]");
	on_matches("[[1, 2], [3]]", "list", "[[1,2],[3]]");
}

static void
a_value_alone_is_a_list_of_itself(void **state)
{
	(void)state;
	step_expect("{\"a\": 1}", "first", "{\"a\": 1}");
	step_expect("{\"a\": 1}", "unique", "[{\"a\": 1}]");
	step_expect("7", "join", "\"7\"");
	step_expect("7", "at(1)", "");
	step_expect("null", "list", "");
}

static void
split_gives_a_list_that_is_no_matches(void **state)
{
	struct step_room room;
	struct fault why = { 0 };
	struct value v = value_string(STR("a, b ,,c"));

	(void)state;
	step_room_start(&room, 1 << 16);
	assert_int_equal(step_run(&room, "split(',')", &v, &why), 0);
	assert_int_equal(v.kind, VALUE_LIST);
	assert_false(v.matches);
	assert_int_equal(v.count, 4);
	assert_int_equal(step_run(&room, "at(-1)", &v, &why), 0);
	assert_str(v.text, "c");
	v = value_string(STR("x--y--"));
	assert_int_equal(step_run(&room, "split('--')", &v, &why), 0);
	assert_str(value_json(room.arena, &v), "[\"x\",\"y\",\"\"]");
	assert_int_equal(step_run(&room, "lower", &v, &why), -1);
	assert_non_null(strstr(why.text, "was given a list"));
	step_room_end(&room);
}

static void
unique_compares_as_json(void **state)
{
	(void)state;
	step_expect("[1, 10, 100, 1e1, 0.1, 1.0]", "unique",
	    "[1, 10, 100, 0.1]");
	step_expect("[0, -0, 0.0, false, null, \"\"]", "unique",
	    "[0, false, null, \"\"]");
	step_expect("[[1, 2], [2, 1], [1.0, 2]]", "unique", "[[1, 2], [2, 1]]");
	step_expect("[{\"a\": [1]}, {\"a\": [1, 1]}, {\"a\": [1.0]}]", "unique",
	    "[{\"a\": [1]}, {\"a\": [1, 1]}]");
	step_expect("[{\"a\": 1}, {\"b\": 1}, {\"a\": 1, \"b\": 1}]", "unique",
	    "[{\"a\": 1}, {\"b\": 1}, {\"a\": 1, \"b\": 1}]");
	step_expect("[\"1\", 1, true]", "unique", "[\"1\", 1, true]");
}

/* An array of `count` items made by fmt, with two of each. */
static char *
many(const char *fmt, size_t count)
{
	struct bytes b;

	bytes_init(&b, 1 << 22);
	bytes_add_char(&b, '[');
	for (size_t i = 0; i < count * 2; i++) {
		char item[64];

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		snprintf(item, sizeof(item), fmt, i % count);
#pragma GCC diagnostic pop
		if (i > 0)
			bytes_add_char(&b, ',');
		bytes_add_text(&b, item);
	}
	bytes_add_char(&b, ']');
	return bytes_take(&b);
}

static int
unique_of(const char *json, size_t *count, struct fault *why)
{
	struct step_room room;
	struct value v;
	int rc;

	step_room_start(&room, 1 << 26);
	v = json_value(room.arena, json);
	rc = step_run(&room, "unique", &v, why);
	*count = v.count;
	step_room_end(&room);
	return rc;
}

static void
unique_takes_many_texts_and_a_bounded_number_of_others(void **state)
{
	struct fault why = { 0 };
	char *texts = many("\"tag %zu\"", 20000);
	char *fits = many("{\"n\":%zu}", 1000);
	char *over = many("{\"n\":%zu}", 1001);
	size_t count;

	(void)state;
	assert_int_equal(unique_of(texts, &count, &why), 0);
	assert_int_equal(count, 20000);
	assert_int_equal(unique_of(fits, &count, &why), 0);
	assert_int_equal(count, 1000);
	assert_int_equal(unique_of(over, &count, &why), -1);
	assert_non_null(strstr(why.text, "more than 1000"));
	base_free(texts);
	base_free(fits);
	base_free(over);
}

/* lookup(list, 'id', 'title') on the value; list as JSON, or as matches. */
static void
looked_up(const char *list, bool matches, const char *in, const char *want)
{
	struct step_read step = { .row = transform_find(STR("lookup")),
		.count = 3 };
	struct step_room room;
	struct fault why = { 0 };
	struct value v;
	size_t compared = 0;
	int rc;

	step_room_start(&room, 1 << 20);
	step.args[0] = matches ? matches_of(room.arena, list)
	                       : json_value(room.arena, list);
	step.args[1] = value_string(STR("id"));
	step.args[2] = value_string(STR("title"));
	v = json_value(room.arena, in);
	rc = step.row->run(&(struct transform_call){ step.args, 3, NULL,
	                       &room.input, STEP_WHERE, NULL, NULL, &compared },
	    &v, &why);
	if (want[0] == '!') {
		assert_int_equal(rc, -1);
		assert_non_null(strstr(why.text, want + 1));
	} else {
		assert_int_equal(rc, 0);
		assert_str(value_json(room.arena, &v), want);
	}
	step_room_end(&room);
}

static void
lookup_finds_the_first_item_that_matches(void **state)
{
	static const char fields[] =
	    "[{\"id\": \"x\", \"title\": \"X\"}, 7, {\"title\": \"none\"},"
	    " {\"id\": \"y\", \"title\": [1]}, {\"id\": \"x\", \"title\": 2},"
	    " {\"id\": 5, \"title\": \"five\"}, {\"id\": \"z\"}]";

	(void)state;
	for (int matches = 0; matches < 2; matches++) {
		looked_up(fields, matches, "\"x\"", "\"X\"");
		looked_up(fields, matches, "\"y\"", "[1]");
		looked_up(fields, matches, "5.0", "\"five\"");
		looked_up(fields, matches, "\"5\"", "");
		looked_up(fields, matches, "\"z\"", "");
		looked_up(fields, matches, "\"w\"", "");
	}
	looked_up("{\"a\": {\"id\": 1, \"title\": \"t\"}}", false, "1",
	    "\"t\"");
	looked_up("[]", false, "\"x\"", "");
	looked_up("", false, "\"x\"", "");
	looked_up("null", false, "\"x\"", "");
	looked_up("\"x\"", false, "\"x\"", "!argument 1 is a string");
}

/* Each item of an each may hold one: all together go through so many. */
static void
lookups_share_a_budget(void **state)
{
	struct step_read step = { .row = transform_find(STR("lookup")),
		.count = 3 };
	struct step_room room;
	struct fault why = { 0 };
	struct value v, in;
	size_t compared = 999998;
	int rc[2];

	(void)state;
	step_room_start(&room, 1 << 20);
	step.args[0] = json_value(room.arena, "[{\"id\": 1}, {\"id\": 2}]");
	step.args[1] = value_string(STR("id"));
	step.args[2] = value_string(STR("id"));
	in = json_value(room.arena, "2");
	for (size_t i = 0; i < COUNT_OF(rc); i++) {
		v = in;
		rc[i] = step.row->run(&(struct transform_call){ step.args, 3,
		                          NULL, &room.input, STEP_WHERE, NULL,
		                          NULL, &compared },
		    &v, &why);
	}
	assert_int_equal(rc[0], 0);
	assert_int_equal(rc[1], -1);
	assert_non_null(strstr(why.text, "more than 1000000 items"));
	step_room_end(&room);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    matches_become_a_scalar_or_a_list_of_their_own),
		cmocka_unit_test(a_value_alone_is_a_list_of_itself),
		cmocka_unit_test(split_gives_a_list_that_is_no_matches),
		cmocka_unit_test(unique_compares_as_json),
		cmocka_unit_test(
		    unique_takes_many_texts_and_a_bounded_number_of_others),
		cmocka_unit_test(lookup_finds_the_first_item_that_matches),
		cmocka_unit_test(lookups_share_a_budget),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
