/* The accessors of a document, its equality and its printing. */
#include <math.h>
#include <stdio.h>

#include "unit/decode/body_bench.h"

static struct document *
decoded(struct bench *b, const char *text)
{
	struct fault why = { 0 };
	struct document *d = decode_json(b->arena, str_of(text),
	    &decode_limits_default, &why);

	if (d == NULL)
		fail_msg("%s: %s", text, why.text);
	return d;
}

static void
tells_kinds(void **state)
{
	static const enum doc_kind kinds[] = { DOC_NULL, DOC_FALSE, DOC_TRUE,
		DOC_NUMBER, DOC_STRING, DOC_ARRAY, DOC_OBJECT };
	static const char *const names[] = { "null", "false", "true",
		"a number", "a string", "an array", "an object" };
	struct document *d = decoded(*state, "[null,false,true,1,\"x\",[],{}]");

	assert_int_equal(doc_kind(d, doc_root(d)), DOC_ARRAY);
	assert_int_equal(doc_count(d, doc_root(d)), COUNT_OF(kinds));
	for (size_t i = 0; i < COUNT_OF(kinds); i++) {
		doc_node n = doc_item(d, doc_root(d), i);

		assert_int_equal(doc_kind(d, n), kinds[i]);
		assert_string_equal(doc_kind_name(kinds[i]), names[i]);
	}
	assert_string_equal(doc_kind_name(DOC_ABSENT), "nothing");
}

/* Lookups can be chained without a check between them. */
static void
answers_for_what_is_absent(void **state)
{
	struct document *d = decoded(*state, "{\"a\":1}");
	int64_t untouched = 7;

	assert_int_equal(doc_kind(d, DOC_NONE), DOC_ABSENT);
	assert_int_equal(doc_count(d, DOC_NONE), 0);
	assert_int_equal(doc_first(d, DOC_NONE), DOC_NONE);
	assert_int_equal(doc_next(d, DOC_NONE), DOC_NONE);
	assert_int_equal(doc_member(d, DOC_NONE, STR("a")), DOC_NONE);
	assert_int_equal(doc_item(d, DOC_NONE, 0), DOC_NONE);
	assert_null(doc_key(d, DOC_NONE).at);
	assert_null(doc_text(d, DOC_NONE).at);
	assert_null(doc_number(d, DOC_NONE).at);
	assert_false(doc_integer(d, DOC_NONE, &untouched));
	assert_int_equal(untouched, 7);
	assert_true(isnan(doc_double(d, DOC_NONE)));
	assert_true(doc_equal(d, DOC_NONE, DOC_NONE));
	assert_false(doc_equal(d, DOC_NONE, 0));
	assert_false(doc_equal(d, 0, DOC_NONE));
	assert_int_equal(doc_root(NULL), DOC_NONE);
}

static void
answers_for_what_is_of_another_kind(void **state)
{
	struct document *d = decoded(*state, "[1,\"x\",{\"a\":0}]");
	doc_node root = doc_root(d), number = doc_item(d, root, 0);
	doc_node string = doc_item(d, root, 1), object = doc_item(d, root, 2);
	int64_t untouched = 7;

	assert_int_equal(doc_member(d, root, STR("a")), DOC_NONE);
	assert_int_equal(doc_item(d, object, 0), DOC_NONE);
	assert_int_equal(doc_item(d, root, 3), DOC_NONE);
	assert_int_equal(doc_item(d, root, SIZE_MAX), DOC_NONE);
	assert_int_equal(doc_first(d, number), DOC_NONE);
	assert_int_equal(doc_count(d, string), 0);
	assert_null(doc_text(d, number).at);
	assert_null(doc_number(d, string).at);
	assert_false(doc_integer(d, string, &untouched));
	assert_int_equal(untouched, 7);
	assert_true(isnan(doc_double(d, string)));
	assert_null(doc_key(d, root).at);
	assert_null(doc_key(d, number).at);
	assert_null(doc_key(d, object).at);
}

static void
walks_children_in_order(void **state)
{
	struct bench *b = *state;
	struct document *d = decoded(b,
	    "{\"a\":[1,[2,{}],[]],\"b\":{\"c\":"
	    "{}},\"\":null,\"d\":\"x\"}");

	DOC_FOREACH (d, doc_root(d), child) {
		bytes_addf(&b->out, "%.*s:%zu ", STR_ARG(doc_key(d, child)),
		    doc_count(d, child));
		DOC_FOREACH (d, child, inner)
			bytes_addf(&b->out, "%s ",
			    doc_kind_name(doc_kind(d, inner)));
	}
	assert_string_equal(b->out.data,
	    "a:3 a number an array an array b:1 an object :0 d:0 ");
	assert_int_equal(doc_next(d, doc_root(d)), DOC_NONE);
}

static void
finds_members_and_items(void **state)
{
	struct document *d = decoded(*state,
	    "{\"list\":[[0],[1],{\"x\":[2]},3],\"flat\":[5,6,7],"
	    "\"\":1,\"li\":2}");
	doc_node root = doc_root(d), list = doc_member(d, root, STR("list"));
	doc_node flat = doc_member(d, root, STR("flat"));
	int64_t n = 0;

	assert_true(doc_integer(d, doc_item(d, list, 3), &n));
	assert_int_equal(n, 3);
	assert_true(doc_integer(d,
	    doc_item(d, doc_member(d, doc_item(d, list, 2), STR("x")), 0), &n));
	assert_int_equal(n, 2);
	for (size_t i = 0; i < 3; i++) {
		assert_true(doc_integer(d, doc_item(d, flat, i), &n));
		assert_int_equal(n, 5 + (int64_t)i);
	}
	assert_int_equal(doc_item(d, flat, 3), DOC_NONE);
	assert_true(doc_integer(d, doc_member(d, root, STR("")), &n));
	assert_int_equal(n, 1);
	assert_true(doc_integer(d, doc_member(d, root, STR("li")), &n));
	assert_int_equal(n, 2);
	assert_int_equal(doc_member(d, root, STR("lis")), DOC_NONE);
	assert_int_equal(doc_member(d, root, STR("x")), DOC_NONE);
}

/* Both sides of the size at which an object gets an index. */
static void
finds_members_in_objects_of_any_size(void **state)
{
	struct bench *b = *state;

	for (int members = 1; members < 40; members++) {
		struct bytes text;
		struct document *d;

		bytes_init(&text, 1 << 20);
		for (int i = 0; i < members; i++)
			bytes_addf(&text, "%c\"%d\":{\"v\":%d}",
			    i == 0 ? '{' : ',', i * 37 % 101, i);
		bytes_add_char(&text, '}');
		d = decoded(b, bytes_str(&text).at);
		for (int i = 0; i < members; i++) {
			char key[16];
			int64_t value = -1;

			snprintf(key, sizeof(key), "%d", i * 37 % 101);
			assert_true(doc_integer(d,
			    doc_member(d, doc_member(d, 0, str_of(key)),
			        STR("v")),
			    &value));
			assert_int_equal(value, i);
		}
		assert_int_equal(doc_member(d, 0, STR("101")), DOC_NONE);
		bytes_done(&text);
	}
}

static void
compares_by_value(void **state)
{
	static const struct {
		const char *a;
		const char *b;
		bool equal;
	} rows[] = {
		{ "1", "1.0", true },
		{ "1", "10e-1", true },
		{ "-0", "0.0", true },
		{ "1", "2", false },
		{ "1", "\"1\"", false },
		{ "null", "null", true },
		{ "null", "false", false },
		{ "true", "true", true },
		{ "\"\\u0061\"", "\"a\"", true },
		{ "\"a\"", "\"A\"", false },
		{ "[]", "[]", true },
		{ "[]", "{}", false },
		{ "[1,2]", "[1,2]", true },
		{ "[1,2]", "[2,1]", false },
		{ "[1,2]", "[1]", false },
		{ "[1]", "[1,2]", false },
		{ "[[],[1]]", "[[],[1.0]]", true },
		{ "[[[]],1]", "[[[]],2]", false },
		{ "{\"a\":1,\"b\":2}", "{\"b\":2,\"a\":1}", true },
		{ "{\"a\":1,\"b\":2}", "{\"b\":1,\"a\":2}", false },
		{ "{\"a\":1}", "{\"b\":1}", false },
		{ "{\"a\":1}", "{\"a\":1,\"b\":2}", false },
		{ "{\"a\":[{\"x\":1,\"y\":[0]},2],\"b\":{}}",
		    "{\"b\":{},\"a\":[{\"y\":[0],\"x\":1},2]}", true },
		{ "{\"a\":[{\"x\":1,\"y\":[0]},2],\"b\":{}}",
		    "{\"b\":{},\"a\":[{\"y\":[1],\"x\":1},2]}", false },
		{ "[{\"a\":1,\"b\":2},3]", "[{\"b\":2,\"a\":1},3]", true },
		{ "[{\"a\":1,\"b\":2},3]", "[{\"b\":2,\"a\":1},4]", false },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char *text = base_print("[%s,%s]", rows[i].a, rows[i].b);
		struct document *d = decoded(*state, text);
		doc_node a = doc_item(d, 0, 0), b = doc_item(d, 0, 1);

		if (doc_equal(d, a, b) != rows[i].equal ||
		    doc_equal(d, b, a) != rows[i].equal)
			fail_msg("%s", text);
		assert_true(doc_equal(d, a, a));
		base_free(text);
	}
}

/* Two large objects in opposite order: no search in a search. */
static void
compares_large_objects(void **state)
{
	struct bench *b = *state;
	struct bytes text;
	struct document *d;

	bytes_init(&text, (size_t)16 << 20);
	bytes_add_text(&text, "[{");
	for (int i = 0; i < 24000; i++)
		bytes_addf(&text, "\"%d\":%d,", i, i);
	bytes_add_text(&text, "\"last\":0},{\"last\":0");
	for (int i = 23999; i >= 0; i--)
		bytes_addf(&text, ",\"%d\":%d", i, i);
	bytes_add_text(&text, "}]");
	d = decoded(b, bytes_str(&text).at);
	assert_true(doc_equal(d, doc_item(d, 0, 0), doc_item(d, 0, 1)));
	bytes_done(&text);
}

static void
prints_what_it_read(void **state)
{
	static const char *const texts[] = { "null", "[]", "{}", "[[],[[]]]",
		"[1,\"x\",{\"a\":[],\"b\":{\"c\":1e5}},true,false,null]",
		"{\"\\\"\\\\\\n\\u0001\":\"\\\"\\\\\\n\\u0001\xC3\xA9\"}" };
	struct bench *b = *state;

	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		struct document *d = decoded(b, texts[i]);

		bytes_clear(&b->out);
		doc_print(d, doc_root(d), &b->out);
		assert_string_equal(b->out.data, texts[i]);
	}
}

static void
prints_a_part(void **state)
{
	struct bench *b = *state;
	struct document *d = decoded(b, "{\"a\":[1,{\"b\":[2,3]}],\"c\":4}");
	doc_node a = doc_member(d, 0, STR("a"));

	doc_print(d, a, &b->out);
	bytes_add_char(&b->out, ' ');
	doc_print(d, doc_item(d, a, 1), &b->out);
	bytes_add_char(&b->out, ' ');
	doc_print(d, doc_item(d, a, 0), &b->out);
	doc_print(d, DOC_NONE, &b->out);
	assert_string_equal(b->out.data, "[1,{\"b\":[2,3]}] {\"b\":[2,3]} 1");
}

static void
prints_paths(void **state)
{
	struct bench *b = *state;
	struct document *d = decoded(b,
	    "{\"a\":[0,{\"b c\":[1,[2]]}],"
	    "\"'\\\\\\b\\t\\n\\f\\r\\u0000\\u001F\\\"/\xE2\x82\xAC\":1}");
	doc_node a = doc_member(d, 0, STR("a")), inner;

	inner = doc_member(d, doc_item(d, a, 1), STR("b c"));
	doc_print_path(d, doc_root(d), &b->out);
	bytes_add_char(&b->out, '\n');
	doc_print_path(d, doc_item(d, doc_item(d, inner, 1), 0), &b->out);
	bytes_add_char(&b->out, '\n');
	doc_print_path(d, doc_next(d, a), &b->out);
	doc_print_path(d, DOC_NONE, &b->out);
	assert_string_equal(b->out.data,
	    "$\n"
	    "$['a'][1]['b c'][1][0]\n"
	    "$['\\'\\\\\\b\\t\\n\\f\\r\\u0000\\u001f\"/\xE2\x82\xAC']");
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(tells_kinds),
		TEST(answers_for_what_is_absent),
		TEST(answers_for_what_is_of_another_kind),
		TEST(walks_children_in_order),
		TEST(finds_members_and_items),
		TEST(finds_members_in_objects_of_any_size),
		TEST(compares_by_value),
		TEST(compares_large_objects),
		TEST(prints_what_it_read),
		TEST(prints_a_part),
		TEST(prints_paths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
