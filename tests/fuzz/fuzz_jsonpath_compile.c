/*
 * tests/fuzz/fuzz_jsonpath_compile.c - any bytes as a path, then as a test.
 *
 * What compiles runs on a small document, which has something for each
 * selector and function to find.
 */
#include "jsonpath/jsonpath.h"

static const char body[] =
    "{\"a\":[{\"b\":\"x\",\"c\":1,\"d\":[1,2.5,-3e2]},{\"b\":\"y\",\"c\":1.0,"
    "\"p\":\"[a-y]+|z{2,}\"},{\"b\":null}],\"b\":{\"a\":{\"b\":[[],{},true,"
    "false]}},\"\":\"\\u00e4\\ud834\\udd1e\",\"text\":\"abc abc aaaa\\n\"}";

static void
expect(bool so)
{
	if (!so)
		bug("a promise of the door is broken");
}

static void
run_path(const struct jsonpath *p, const struct jsonpath_scope *scope)
{
	struct jsonpath_nodes nodes = { NULL, 0 };
	struct fault why = { 0 };
	int rc = jsonpath_select(p, scope, &nodes, &why);

	expect((rc == -1) == (why.code != FAULT_NONE));
	expect(nodes.count <= 100000);
	if (!jsonpath_is_singular(p) || rc == -1)
		return;
	expect(nodes.count <= 1);
	expect(jsonpath_one(p, scope) ==
	    (nodes.count > 0 ? nodes.at[0] : DOC_NONE));
}

static void
try_path(struct str text, unsigned flags, const struct jsonpath_scope *scope)
{
	struct fault why = { 0 };
	size_t used = SIZE_MAX;
	struct jsonpath *p = jsonpath_compile(text, flags, &used, &why);

	expect((p != NULL) == (why.code == FAULT_NONE));
	expect(p != NULL || why.column > 0);
	if (p == NULL)
		return;
	expect(used <= text.len && jsonpath_text(p).len == used);
	expect((flags & JSONPATH_PREFIX) || used == text.len);
	run_path(p, scope);
	jsonpath_free(p);
}

static void
try_test(struct str text, const struct jsonpath_scope *scope)
{
	struct fault why = { 0 };
	struct jsonpath_test *t = jsonpath_test_compile(text, JSONPATH_RELATIVE,
	    &why);
	int rc;

	expect((t != NULL) == (why.code == FAULT_NONE));
	if (t == NULL)
		return;
	rc = jsonpath_test_run(t, scope, &why);
	expect((rc == -1) == (why.code != FAULT_NONE));
	jsonpath_test_free(t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = { size > 0 ? (const char *)data : "", size };
	struct arena *arena = arena_new((size_t)4 << 20);
	struct jsonpath_scope scope = { .arena = arena };

	scope.document = decode_json(arena, str_of(body),
	    &decode_limits_default, NULL);
	expect(scope.document != NULL);
	scope.current = doc_member(scope.document, doc_root(scope.document),
	    STR("a"));
	try_path(text, 0, &scope);
	try_path(text, JSONPATH_RELATIVE | JSONPATH_PREFIX, &scope);
	try_test(text, &scope);
	arena_free(arena);
	return 0;
}
