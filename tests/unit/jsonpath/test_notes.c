/*
 * tests/unit/jsonpath/test_notes.c - paths that share what they found find
 * what they would find alone.
 */
#include <stdio.h>

#include "unit/cmocka_all.h"

#include "jsonpath/jsonpath.h"

#define PATHS 16
#define ITEMS 600

static struct arena *arena;

static struct document *
decode(struct str text)
{
	struct fault why = { 0 };
	struct document *d = decode_json(arena, text, &decode_limits_default,
	    &why);

	if (d == NULL)
		fail_msg("%s", why.text);
	return d;
}

static struct jsonpath *
compile(const char *text)
{
	struct fault why = { 0 };
	struct jsonpath *p = jsonpath_compile(str_of(text), JSONPATH_RELATIVE,
	    NULL, &why);

	if (p == NULL)
		fail_msg("%s: %s", text, why.text);
	return p;
}

static void
select_all(const struct jsonpath *p, struct jsonpath_scope scope,
    struct jsonpath_notes *notes, struct jsonpath_nodes *out)
{
	struct fault why = { 0 };

	scope.notes = notes;
	if (jsonpath_select(p, &scope, out, &why) == -1)
		fail_msg("%s", why.text);
}

/* Runs all of them in turn, three times, with and without notes. */
static void
expect_agreement(const char *json, const char *const *texts, size_t *found)
{
	struct jsonpath_family *f = jsonpath_family_new();
	struct jsonpath *paths[PATHS];
	struct jsonpath_scope scope = { .document = decode(str_of(json)),
		.arena = arena };
	struct jsonpath_notes *notes;
	size_t count = 0;

	scope.current = doc_root(scope.document);
	for (; texts[count] != NULL; count++) {
		paths[count] = compile(texts[count]);
		jsonpath_join(f, paths[count]);
	}
	notes = jsonpath_notes_new(f, scope.document, arena);
	assert_non_null(notes);
	for (size_t i = 0; i < 3 * count; i++) {
		struct jsonpath_nodes want, got;

		select_all(paths[i % count], scope, NULL, &want);
		select_all(paths[i % count], scope, notes, &got);
		assert_int_equal(got.count, want.count);
		for (size_t k = 0; k < got.count; k++)
			assert_int_equal(got.at[k], want.at[k]);
		*found += got.count;
	}
	for (size_t i = 0; i < count; i++)
		jsonpath_free(paths[i]);
	jsonpath_family_free(f);
}

static void
places_are_shared(void **state)
{
	static const char *const texts[] = { "$.a.b.c", "$.a.b.d", "$.a.b",
		"$.a", "$", "$.a.x.y", "$.l[1].c", "$.l[-1].c", "$.l[1]",
		"$.a.b[*]", "$['a']['b']", "@.a.b", "$.l.length", NULL };
	size_t found = 0;

	(void)state;
	expect_agreement("{\"a\":{\"b\":{\"c\":1,\"d\":null}},"
	                 "\"l\":[{\"c\":1},{\"c\":2}]}",
	    texts, &found);
	assert_int_equal(found, 3 * 12);
}

static void
filters_share_an_index(void **state)
{
	static const char *const texts[] = { "$.l[?@.f.r=='x'].v",
		"$.l[?@.f.r=='y'].v", "$.l[?@.f.r=='x']", "$.l[?@.f.r==''].v",
		"$.l[?@.f.r=='none'].v", "$.l[?@.f['r']=='1'].v",
		"$.l[?@.f=='x'].v", "$.o[?@.f.r=='x'].v", "$..[?@.f.r=='x'].v",
		"$.l[?@.f.r=='x', 0].v", "$.m[?@=='x']", "$.m[?@=='z']", NULL };
	size_t found = 0;

	(void)state;
	expect_agreement("{\"l\":[{\"f\":{\"r\":\"x\"},\"v\":1},"
	                 "{\"f\":{\"r\":\"y\"},\"v\":2},7,"
	                 "{\"f\":{\"r\":\"x\"},\"v\":3},{\"f\":{}},"
	                 "{\"f\":{\"r\":1},\"v\":4},{\"f\":\"x\",\"v\":5},"
	                 "{\"f\":{\"r\":\"\"},\"v\":6}],"
	                 "\"o\":{\"k\":{\"f\":{\"r\":\"x\"},\"v\":9}},"
	                 "\"m\":[\"x\",\"y\",\"x\",1]}",
	    texts, &found);
	assert_int_equal(found,
	    3 * (2 + 1 + 2 + 1 + 0 + 0 + 1 + 1 + 3 + 3 + 2 + 0));
}

/* One kind of filter inside of itself: the outer index must stay. */
static void
an_index_in_use_is_not_made_anew(void **state)
{
	static const char *const texts[] = { "$.l[?@.r=='x'].l[?@.r=='x'].v",
		"$.l[?@.r=='x'].l[?@.r=='y'].v",
		"$.l[?@.r=='y'].l[?@.r=='x'].v", "$.l[?@.r=='x'].v",
		"$.l[?@.r=='y'].v", "$.l[?@.r=='x']['l','l'][?@.r=='x'].v",
		NULL };
	size_t found = 0;

	(void)state;
	expect_agreement("{\"l\":[{\"r\":\"x\",\"v\":0,\"l\":[{\"r\":\"x\","
	                 "\"v\":1},"
	                 "{\"r\":\"y\",\"v\":2}]},"
	                 "{\"r\":\"y\",\"l\":[{\"r\":\"x\",\"v\":3}]},"
	                 "{\"r\":\"x\",\"l\":[{\"r\":\"x\",\"v\":4},"
	                 "{\"r\":\"x\",\"v\":5},{\"r\":\"y\",\"v\":6}]}]}",
	    texts, &found);
	assert_int_equal(found, 3 * (3 + 2 + 1 + 1 + 0 + 6));
}

/* The same from any node: there all filters by one text share an index. */
static void
an_index_from_anywhere_in_use_is_not_made_anew(void **state)
{
	static const char *const texts[] = { "@.l[?@.r=='x'].l[?@.r=='x'].v",
		"@.l[?@.r=='y'].l[?@.r=='x'].v", "@.l[?@.r=='x'].v",
		"@.l[?@.r=='y'].v", "@.l[?@.r=='x']['l','l'][?@.r=='x'].v",
		NULL };
	size_t found = 0;

	(void)state;
	expect_agreement("{\"l\":[{\"r\":\"x\",\"v\":0,\"l\":[{\"r\":\"x\","
	                 "\"v\":1},"
	                 "{\"r\":\"y\",\"v\":2}]},"
	                 "{\"r\":\"y\",\"l\":[{\"r\":\"x\",\"v\":3}]},"
	                 "{\"r\":\"x\",\"l\":[{\"r\":\"x\",\"v\":4},"
	                 "{\"r\":\"x\",\"v\":5},{\"r\":\"y\",\"v\":6}]}]}",
	    texts, &found);
	assert_int_equal(found, 3 * (3 + 1 + 1 + 0 + 6));
}

/* [{"id":"n0","v":0}, ...] */
static struct str
many_items(size_t count)
{
	struct bytes text;

	bytes_init_in(&text, arena, 1 << 20);
	bytes_add_char(&text, '[');
	for (size_t i = 0; i < count; i++)
		bytes_addf(&text, "%s{\"id\":\"n%zu\",\"v\":%zu}",
		    i > 0 ? "," : "", i, i);
	bytes_add_char(&text, ']');
	return bytes_str(&text);
}

static void
find_knows_from_the_second_time_on(void **state)
{
	struct jsonpath_family *f = jsonpath_family_new();
	struct document *d = decode(many_items(ITEMS));
	struct jsonpath_notes *notes = jsonpath_notes_new(f, d, arena);
	doc_node array = doc_root(d), item = 0;
	char text[24];

	(void)state;
	assert_false(jsonpath_find(NULL, array, STR("id"), STR("n1"), &item));
	assert_false(jsonpath_find(notes, array, STR("id"), STR("n1"), &item));
	for (size_t i = 0; i < ITEMS; i++) {
		snprintf(text, sizeof(text), "n%zu", i);
		assert_true(jsonpath_find(notes, array, STR("id"), str_of(text),
		    &item));
		assert_int_equal(item, doc_item(d, array, i));
	}
	assert_true(jsonpath_find(notes, array, STR("id"), STR("no"), &item));
	assert_int_equal(item, DOC_NONE);
	/* No texts there, and not an array: nothing is found. */
	for (int i = 0; i < 2; i++)
		(void)jsonpath_find(notes, array, STR("v"), STR("1"), &item);
	assert_int_equal(item, DOC_NONE);
	jsonpath_family_free(f);
}

/* What is left of 100,000 nodes is counted: reading an array once suffices. */
static void
filters_of_one_array_do_not_add_up(void **state)
{
	struct jsonpath_family *f = jsonpath_family_new();
	struct jsonpath *p = compile("$[?@.id=='n7'].v");
	struct jsonpath_scope scope = { .document = decode(many_items(ITEMS)),
		.arena = arena };
	struct jsonpath_nodes found;
	size_t before;

	(void)state;
	jsonpath_join(f, p);
	scope.notes = jsonpath_notes_new(f, scope.document, arena);
	for (int i = 0; i < 3; i++)
		select_all(p, scope, scope.notes, &found);
	before = arena_used(arena);
	for (int i = 0; i < ITEMS; i++)
		select_all(p, scope, scope.notes, &found);
	assert_int_equal(found.count, 1);
	/* The lists of results, and no index again. */
	assert_true(arena_used(arena) - before <= ITEMS * 16);
	jsonpath_free(p);
	jsonpath_family_free(f);
}

static void
without_memory_paths_run_alone(void **state)
{
	static const char json[] = "[{\"r\":\"x\"},{\"r\":\"x\"}]";
	struct jsonpath_family *f = jsonpath_family_new();
	struct jsonpath *p = compile("$[?@.r=='x']");
	struct jsonpath_scope scope = { .document = decode(str_of(json)) };
	size_t ceilings[] = { 16, 200, 400, 450, 500 };

	(void)state;
	jsonpath_join(f, p);
	for (size_t i = 0; i < COUNT_OF(ceilings); i++) {
		struct arena *small = arena_new(ceilings[i]);
		struct jsonpath_nodes found;
		struct fault why = { 0 };

		scope.arena = small;
		scope.notes = jsonpath_notes_new(f, scope.document, small);
		for (int k = 0; k < 3; k++) {
			if (jsonpath_select(p, &scope, &found, &why) == 0)
				assert_int_equal(found.count, 2);
			else
				assert_int_equal(why.code, FAULT_BUSY);
		}
		arena_free(small);
	}
	jsonpath_free(p);
	jsonpath_family_free(f);
}

static int
setup(void **state)
{
	(void)state;
	arena = arena_new((size_t)16 << 20);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	arena_free(arena);
	return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(places_are_shared),
		TEST(filters_share_an_index),
		TEST(an_index_in_use_is_not_made_anew),
		TEST(an_index_from_anywhere_in_use_is_not_made_anew),
		TEST(find_knows_from_the_second_time_on),
		TEST(filters_of_one_array_do_not_add_up),
		TEST(without_memory_paths_run_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
