/*
 * tests/unit/jsonpath/test_cts.c - the compliance test suite of RFC 9535.
 *
 * Found at LEADBRIDGE_CONFORMANCE, else beside the project; skipped, and said
 * so, where it is absent.
 */
#include "unit/cmocka_all.h"

#include <stdio.h>

#include "jsonpath/jsonpath.h"

#define SUITE_CEILING ((size_t)4 << 20)

static const struct decode_limits suite_limits = { .depth = 1000,
	.values = 1000000 };

/* The suite's bytes in the arena; STR_NONE when there is none. */
static struct str
read_suite(struct arena *arena)
{
	const char *at = getenv("LEADBRIDGE_CONFORMANCE");
	char *name = base_print("%s/jsonpath/cts.json",
	    at != NULL ? at : TOP "/../shared/data");
	FILE *f = fopen(name, "rb");
	char *bytes = arena_take(arena, SUITE_CEILING);
	size_t len;

	base_free(name);
	if (f == NULL)
		return STR_NONE;
	assert_non_null(bytes);
	len = fread(bytes, 1, SUITE_CEILING, f);
	fclose(f);
	assert_true(len < SUITE_CEILING);
	return (struct str){ bytes, len };
}

/* A part of the suite, as a document of its own. */
static struct document *
document_of(struct arena *arena, const struct document *suite, doc_node n)
{
	struct fault why = { 0 };
	struct bytes text;
	struct document *d;

	bytes_init_in(&text, arena, SUITE_CEILING);
	doc_print(suite, n, &text);
	assert_true(bytes_ok(&text));
	d = decode_json(arena, bytes_str(&text), &suite_limits, &why);
	assert_non_null(d);
	return d;
}

/* [[values found], [their paths]], as the suite writes them. */
static struct str
print_found(struct arena *arena, const struct document *d,
    const struct jsonpath_nodes *nodes)
{
	struct bytes out, path;

	bytes_init_in(&out, arena, SUITE_CEILING);
	bytes_init(&path, SUITE_CEILING);
	bytes_add_text(&out, "[[");
	for (size_t i = 0; i < nodes->count; i++) {
		if (i > 0)
			bytes_add_char(&out, ',');
		doc_print(d, nodes->at[i], &out);
	}
	bytes_add_text(&out, "],[");
	for (size_t i = 0; i < nodes->count; i++) {
		if (i > 0)
			bytes_add_char(&out, ',');
		bytes_clear(&path);
		doc_print_path(d, nodes->at[i], &path);
		bytes_add_json(&out, bytes_str(&path));
	}
	bytes_add_text(&out, "]]");
	assert_true(bytes_ok(&out) && bytes_ok(&path));
	bytes_done(&path);
	return bytes_str(&out);
}

/* Whether what was found is the values and paths expected. */
static bool
same(struct arena *arena, const struct document *suite, struct str found,
    doc_node values, doc_node paths)
{
	struct fault why = { 0 };
	struct bytes both;
	struct document *d;
	doc_node got, want;

	bytes_init_in(&both, arena, SUITE_CEILING);
	bytes_addf(&both, "[%.*s,[", STR_ARG(found));
	doc_print(suite, values, &both);
	bytes_add_char(&both, ',');
	doc_print(suite, paths, &both);
	bytes_add_text(&both, "]]");
	d = decode_json(arena, bytes_str(&both), &suite_limits, &why);
	assert_non_null(d);
	got = doc_item(d, doc_root(d), 0);
	want = doc_item(d, doc_root(d), 1);
	return doc_equal(d, got, want);
}

/* One of the alternatives of a case, or its only result. */
static bool
expected(struct arena *arena, const struct document *suite, doc_node c,
    struct str found)
{
	doc_node results = doc_member(suite, c, STR("results"));
	doc_node paths = doc_member(suite, c, STR("results_paths"));

	if (results == DOC_NONE)
		return same(arena, suite, found,
		    doc_member(suite, c, STR("result")),
		    doc_member(suite, c, STR("result_paths")));
	for (size_t i = 0; i < doc_count(suite, results); i++)
		if (same(arena, suite, found, doc_item(suite, results, i),
		        doc_item(suite, paths, i)))
			return true;
	return false;
}

/* Notes change nothing, whether they are new, being made or made. */
static void
agrees_with_notes(struct jsonpath *p, struct jsonpath_scope scope,
    const struct jsonpath_nodes *want)
{
	struct jsonpath_family *f = jsonpath_family_new();
	struct jsonpath_nodes got;
	struct fault why = { 0 };

	jsonpath_join(f, p);
	scope.notes = jsonpath_notes_new(f, scope.document, scope.arena);
	assert_non_null(scope.notes);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(jsonpath_select(p, &scope, &got, &why), 0);
		assert_int_equal(got.count, want->count);
		assert_true(got.count == 0 ||
		    memcmp(got.at, want->at, got.count * sizeof(*got.at)) == 0);
		if (jsonpath_is_singular(p))
			assert_int_equal(jsonpath_one(p, &scope),
			    got.count == 1 ? got.at[0] : DOC_NONE);
	}
	jsonpath_family_free(f);
}

static bool
selects(struct arena *arena, const struct document *suite, doc_node c,
    struct jsonpath *p)
{
	doc_node document = doc_member(suite, c, STR("document"));
	struct jsonpath_scope scope = { .current = DOC_NONE, .arena = arena };
	struct jsonpath_nodes nodes;
	struct fault why = { 0 };

	scope.document = document_of(arena, suite, document);
	if (jsonpath_select(p, &scope, &nodes, &why) == -1)
		return false;
	if (jsonpath_is_singular(p)) {
		doc_node one = jsonpath_one(p, &scope);

		assert_int_equal(nodes.count, one != DOC_NONE);
		assert_true(one == DOC_NONE || one == nodes.at[0]);
	}
	agrees_with_notes(p, scope, &nodes);
	return expected(arena, suite, c,
	    print_found(arena, scope.document, &nodes));
}

static bool
passes(const struct document *suite, doc_node c)
{
	struct arena *arena = arena_new(4 * SUITE_CEILING);
	struct str text = doc_text(suite,
	    doc_member(suite, c, STR("selector")));
	bool invalid = doc_member(suite, c, STR("invalid_selector")) !=
	    DOC_NONE;
	struct fault why = { 0 };
	struct jsonpath *p = jsonpath_compile(text, 0, NULL, &why);
	bool ok;

	if (p == NULL)
		ok = invalid && why.code == FAULT_MAPPING && why.column > 0 &&
		    why.text[0] != '\0';
	else
		ok = !invalid && selects(arena, suite, c, p);
	if (!ok)
		print_error("failed: %.*s: %.*s %s\n",
		    STR_ARG(doc_text(suite, doc_member(suite, c, STR("name")))),
		    STR_ARG(text), why.text);
	else if (getenv("CTS_FAULTS") != NULL && p == NULL)
		print_message("%.*s\n  %u: %s\n", STR_ARG(text), why.column,
		    why.text);
	jsonpath_free(p);
	arena_free(arena);
	return ok;
}

static void
cts(void **state)
{
	struct arena *arena = arena_new(16 * SUITE_CEILING);
	struct str text = read_suite(arena);
	struct fault why = { 0 };
	struct document *suite;
	doc_node cases;
	size_t passed = 0;

	(void)state;
	if (text.at == NULL) {
		arena_free(arena);
		print_message("no jsonpath/cts.json: set"
		              " LEADBRIDGE_CONFORMANCE to the folder of the"
		              " conformance data\n");
		skip();
	}
	suite = decode_json(arena, text, &suite_limits, &why);
	assert_non_null(suite);
	cases = doc_member(suite, doc_root(suite), STR("tests"));
	DOC_FOREACH (suite, cases, c)
		passed += passes(suite, c);
	print_message("%zu of %zu\n", passed, doc_count(suite, cases));
	assert_true(passed > 0);
	assert_int_equal(passed, doc_count(suite, cases));
	arena_free(arena);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
