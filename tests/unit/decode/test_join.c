/* Documents laid one behind another. */
#include <stdio.h>

#include "unit/decode/body_bench.h"

static const struct document *
decoded(struct arena *arena, const char *text)
{
	struct fault why = { 0 };
	const struct document *d = decode_json(arena, str_of(text),
	    &decode_limits_default, &why);

	if (d == NULL)
		fail_msg("%s: %s", text, why.text);
	return d;
}

static void
prints(struct bench *b, const struct document *d, doc_node n, const char *want)
{
	bytes_clear(&b->out);
	doc_print(d, n, &b->out);
	assert_str(bytes_str(&b->out), want);
}

/* Nodes of the first stay, those of others are as far from their root. */
static void
lays_one_behind_another(void **state)
{
	static const char first[] = "{\"a\":[1,{\"b\":2}],\"c\":\"x\"}";
	static const char second[] = "{\"c\":[3,[4,5]],\"a\":{}}";
	struct bench *b = *state;
	const struct document *one = decoded(b->arena, first);
	const struct document *two = decoded(b->arena, second);
	struct doc_join *j = doc_join_new(b->arena, one);
	const struct document *all = doc_joined(j);
	doc_node root = doc_join_add(j, two), last, c;

	assert_ptr_equal(doc_joined(j), all);
	prints(b, all, doc_root(all), first);
	prints(b, all, root, second);
	c = doc_member(all, root, STR("c"));
	assert_int_equal(c - root, doc_member(two, 0, STR("c")));
	assert_int_equal(doc_member(all, 0, STR("c")),
	    doc_member(one, 0, STR("c")));
	prints(b, all, doc_item(all, c, 1), "[4,5]");
	assert_str(doc_key(all, c), "c");
	last = doc_join_add(j, decoded(b->arena, "7"));
	prints(b, all, last, "7");
	prints(b, all, root, second);
	prints(b, all, 0, first);
}

/* A root has no sibling and no name, whatever lies around it. */
static void
roots_stand_alone(void **state)
{
	static const char *const texts[] = { "1", "[]", "{\"a\":1}", "\"x\"",
		"[[2]]" };
	struct bench *b = *state;

	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		struct doc_join *j = doc_join_new(b->arena,
		    decoded(b->arena, texts[i]));
		const struct document *all = doc_joined(j);
		doc_node roots[3] = { 0 };

		roots[1] = doc_join_add(j, decoded(b->arena, texts[i]));
		roots[2] = doc_join_add(j, decoded(b->arena, "{\"z\":0}"));
		for (size_t k = 0; k < COUNT_OF(roots); k++) {
			assert_int_equal(doc_next(all, roots[k]), DOC_NONE);
			assert_null(doc_key(all, roots[k]).at);
		}
		assert_true(doc_equal(all, roots[0], roots[1]));
		assert_false(doc_equal(all, roots[0], roots[2]));
	}
}

/* Members in another order are looked for in the object they are in. */
static void
equal_in_any_order(void **state)
{
	static const char first[] = "{\"x\":{\"y\":1},\"z\":2,\"w\":3}";
	struct bench *b = *state;
	struct doc_join *j = doc_join_new(b->arena, decoded(b->arena, first));
	doc_node same = doc_join_add(j,
	    decoded(b->arena, "{\"x\":{\"y\":1},\"w\":3,\"z\":2}"));
	doc_node other = doc_join_add(j,
	    decoded(b->arena, "{\"x\":{\"y\":1},\"w\":3,\"z\":9}"));

	assert_true(doc_equal(doc_joined(j), 0, same));
	assert_false(doc_equal(doc_joined(j), 0, other));
}

/* The keys of large objects are found by an index of nodes. */
static void
large_objects_keep_their_index(void **state)
{
	struct bench *b = *state;
	char text[2048] = "{";
	const struct document *d;
	struct doc_join *j;
	size_t len = 1;

	for (int i = 0; i < 40; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len,
		    "%s\"n%d\":%d", i > 0 ? "," : "", i, i);
	snprintf(text + len, sizeof(text) - len, "}");
	d = decoded(b->arena, text);
	j = doc_join_new(b->arena, d);
	for (int k = 0; k < 50; k++) {
		doc_node root = doc_join_add(j, d);

		for (int i = 0; i < 40; i++) {
			char name[16];
			int64_t n = -1;
			doc_node at;

			snprintf(name, sizeof(name), "n%d", i);
			at = doc_member(doc_joined(j), root, str_of(name));
			assert_true(at > root && at != DOC_NONE);
			assert_true(doc_integer(doc_joined(j), at, &n));
			assert_int_equal(n, i);
		}
		assert_int_equal(doc_member(doc_joined(j), root, STR("no")),
		    DOC_NONE);
	}
}

/* With an arena of every size from nothing up: all of it, or DOC_NONE. */
static void
short_memory_adds_nothing(void **state)
{
	struct bench *b = *state;
	const struct document *d = decoded(b->arena, "[1,[2],{\"a\":3}]");
	size_t failed = 0;
	bool done = false;

	for (size_t size = 0; !done; size += 16) {
		struct arena *arena = arena_new(size);
		struct doc_join *j = doc_join_new(arena, d);
		doc_node root = j != NULL ? doc_join_add(j, d) : DOC_NONE;

		done = root != DOC_NONE;
		failed += !done;
		if (j != NULL)
			prints(b, doc_joined(j), 0, "[1,[2],{\"a\":3}]");
		if (done)
			prints(b, doc_joined(j), root, "[1,[2],{\"a\":3}]");
		arena_free(arena);
		assert_true(size < 65536);
	}
	assert_true(failed > 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(lays_one_behind_another, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(roots_stand_alone, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(equal_in_any_order, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(large_objects_keep_their_index,
		    setup, teardown),
		cmocka_unit_test_setup_teardown(short_memory_adds_nothing,
		    setup, teardown),
	};

	return cmocka_run_group_tests_name("decode join", tests, NULL, NULL);
}
