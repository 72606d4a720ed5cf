/* tests/unit/jsonpath/test_run.c - what paths select, and what stops them. */
#include "unit/cmocka_all.h"

#include "jsonpath/jsonpath.h"

#define ARENA_CEILING ((size_t)16 << 20)

static const struct decode_limits wide = { .depth = 1000, .values = 400000 };

static struct arena *arena;
static const struct document *document;
static char *body; /* the document points into it */

static void
load(const char *json)
{
	struct fault why = { 0 };

	arena_free(arena);
	base_free(body);
	arena = arena_new(ARENA_CEILING);
	body = base_copy(json);
	document = decode_json(arena, str_of(body), &wide, &why);
	if (document == NULL)
		fail_msg("%s", why.text);
}

static int
unload(void **state)
{
	(void)state;
	arena_free(arena);
	base_free(body);
	return 0;
}

static struct jsonpath *
compile(const char *text)
{
	struct fault why = { 0 };
	struct jsonpath *p = jsonpath_compile(str_of(text), JSONPATH_RELATIVE,
	    NULL, &why);

	if (p == NULL)
		fail_msg("%s: %u: %s", text, why.column, why.text);
	return p;
}

static struct jsonpath_scope
scope_at(doc_node current)
{
	return (struct jsonpath_scope){ .document = document,
		.current = current,
		.arena = arena };
}

/* The normalized paths of what is selected, a blank between them. */
static void
expect_from(doc_node current, const char *text, const char *want)
{
	struct jsonpath *p = compile(text);
	struct jsonpath_scope scope = scope_at(current);
	struct jsonpath_nodes nodes;
	struct fault why = { 0 };
	struct bytes out;

	if (jsonpath_select(p, &scope, &nodes, &why) == -1)
		fail_msg("%s: %s", text, why.text);
	bytes_init(&out, 1 << 20);
	for (size_t i = 0; i < nodes.count; i++) {
		if (i > 0)
			bytes_add_char(&out, ' ');
		doc_print_path(document, nodes.at[i], &out);
	}
	if (!str_eq(bytes_str(&out), str_of(want)))
		fail_msg("%s: got %.*s, want %s", text,
		    STR_ARG(bytes_str(&out)), want);
	bytes_done(&out);
	jsonpath_free(p);
}

static void
expect(const char *text, const char *want)
{
	expect_from(DOC_NONE, text, want);
}

static void
select_in_the_rfcs_order(void **state)
{
	(void)state;
	load("{\"a\":[{\"k\":\"x\",\"v\":[1,2]},{\"k\":\"y\",\"v\":[3]},"
	     "{\"k\":\"x\"}],\"b\":{\"a\":[4]}}");
	expect("$", "$");
	expect("$.a[?@.k=='x'].v", "$['a'][0]['v']");
	expect("$.a[?@.k=='x']", "$['a'][0] $['a'][2]");
	expect("$.a[*].v[*]",
	    "$['a'][0]['v'][0] $['a'][0]['v'][1] $['a'][1]['v'][0]");
	expect("$..a", "$['a'] $['b']['a']");
	expect("$..v[0,0]",
	    "$['a'][0]['v'][0] $['a'][0]['v'][0]"
	    " $['a'][1]['v'][0] $['a'][1]['v'][0]");
	expect("$.a[::-1].k", "$['a'][2]['k'] $['a'][1]['k'] $['a'][0]['k']");
	expect("$.a[::-2]['v','k']",
	    "$['a'][2]['k'] $['a'][0]['v'] $['a'][0]['k']");
	expect("$.a[-2:5:1].k", "$['a'][1]['k'] $['a'][2]['k']");
	expect("$.a[::-1]..[::-1]",
	    "$['a'][1]['v'][0] $['a'][0]['v'][1]"
	    " $['a'][0]['v'][0]");
	expect("$..[?@==4 || @==3]", "$['a'][1]['v'][0] $['b']['a'][0]");
	expect("$.a[?count(@.v[*])==2]", "$['a'][0]");
	expect("$.a[?value(@..v[1])==2].k", "$['a'][0]['k']");
	expect("$.a[?$.a[?@.k=='y'] && @.k=='y']", "$['a'][1]");
	expect("$.a[?@.v[?@>2]]", "$['a'][1]");
	expect("$.none..x", "");
}

/* A query that stops early, inside of a walk that goes on. */
static void
stop_early_within_a_walk(void **state)
{
	(void)state;
	load("[[1,[2,[3]],4],[5,[6]],7]");
	expect("$[?@..*]", "$[0] $[1]");
	expect("$..[?@..[?@>2]]", "$[0] $[1] $[0][1] $[0][1][1] $[1][1]");
	expect("$[::-1][?@[::-1]]", "$[1][1] $[0][1]");
	expect("$..[?value(@[::-1])==6]", "$[1][1]");
	load("[[[[3]],[[3]]]]");
	expect("$..[?@..[?@==3]]",
	    "$[0] $[0][0] $[0][1] $[0][0][0] $[0][1][0]");
}

static void
compare_texts_and_nothing(void **state)
{
	(void)state;
	load("[{\"k\":\"\"},{\"k\":\"a\"},{},{\"k\":null},{\"k\":1.0},"
	     "{\"k\":[1,{\"x\":2}]},{\"k\":[1.0,{\"x\":2e0}]}]");
	expect("$[?@.k=='']", "$[0]");
	expect("$[?''==@.k]", "$[0]");
	expect("$[?'a'=='a' && 'a'!='b' && @.k=='a']", "$[1]");
	expect("$[?length(@.k)=='1' || value(@.k)=='a']", "$[1]");
	expect("$[?@.k!='']", "$[1] $[2] $[3] $[4] $[5] $[6]");
	expect("$[?@.k==$.none]", "$[2]");
	expect("$[?@.k<='a']", "$[0] $[1]");
	expect("$[?@.k==1]", "$[4]");
	expect("$[?@.k==$[5].k]", "$[5] $[6]");
	expect("$[?@.k<=$[5].k]", "$[5] $[6]");
	expect("$[?@.k<$[5].k]", "");
	expect("$[?length(@.k)==length($[5].k)]", "$[5] $[6]");
	expect("$[?length(@.k)>=1]", "$[1] $[5] $[6]");
	expect("$[?length(@.k)==1e0]", "$[1]");
}

static void
keep_numbers_exact(void **state)
{
	(void)state;
	load("[9007199254740993, 9007199254740992, 0.1, 1e400, -0]");
	expect("$[?@==9007199254740993]", "$[0]");
	expect("$[?@==9007199254740992]", "$[1]");
	expect("$[?@==0.10]", "$[2]");
	expect("$[?@==0.1000000000000000055]", "");
	expect("$[?@>1e399]", "$[3]");
	expect("$[?@==0]", "$[4]");
}

static void
start_from_the_current_node(void **state)
{
	doc_node item;

	(void)state;
	load("{\"list\":[{\"id\":1},{\"id\":2}],\"want\":2}");
	item = doc_item(document,
	    doc_member(document, doc_root(document), STR("list")), 1);
	expect_from(item, "@.id", "$['list'][1]['id']");
	expect_from(item, "@", "$['list'][1]");
	expect_from(item, "@[?@==2]", "$['list'][1]['id']");
	expect_from(item, "$.list[?@.id==2]", "$['list'][1]");
	expect("@.id", "");
	expect("@", "");
}

static void
leave_the_arena_alone(void **state)
{
	static const char *const singular[] = { "$", "$.a", "$.a[0].b",
		"$['a'][-1]", "$.none.none" };
	struct jsonpath_scope scope;
	size_t used;

	(void)state;
	load("{\"a\":[{\"b\":1},{\"b\":2}]}");
	scope = scope_at(DOC_NONE);
	used = arena_used(arena);
	for (size_t i = 0; i < COUNT_OF(singular); i++) {
		struct jsonpath *p = compile(singular[i]);

		(void)jsonpath_one(p, &scope);
		jsonpath_free(p);
	}
	assert_int_equal(arena_used(arena), used);
}

/* Nothing but the slots of what was found, whatever the path went through. */
static void
take_only_the_results(void **state)
{
	static const char *const plain[] = { "$.a[?@.b=='x'].c", "$..c",
		"$.a[?count(@..*)>1 && @.b!='y'].c", "$.a[::-1].c" };
	struct jsonpath_scope scope;
	struct jsonpath_nodes nodes;

	(void)state;
	load("{\"a\":[{\"b\":\"x\",\"c\":1},{\"b\":\"y\"}]}");
	scope = scope_at(DOC_NONE);
	for (size_t i = 0; i < COUNT_OF(plain); i++) {
		struct jsonpath *p = compile(plain[i]);
		size_t used = arena_used(arena);

		assert_int_equal(jsonpath_select(p, &scope, &nodes, NULL), 0);
		assert_int_equal(nodes.count, 1);
		assert_true(arena_used(arena) - used <= 16);
		jsonpath_free(p);
	}
}

/* n times `item` in brackets, a comma between. */
static void
add_array(struct bytes *b, const char *item, size_t n)
{
	bytes_add_char(b, '[');
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			bytes_add_char(b, ',');
		bytes_add_text(b, item);
	}
	bytes_add_char(b, ']');
}

static char *
many(const char *item, size_t n)
{
	struct bytes b;

	bytes_init(&b, 1 << 23);
	bytes_add_text(&b, "{\"a\":");
	add_array(&b, item, n);
	bytes_add_text(&b, ",\"b\":");
	add_array(&b, item, n);
	bytes_add_text(&b, ",\"c\":");
	add_array(&b, item, n);
	bytes_add_char(&b, '}');
	assert_true(bytes_ok(&b));
	return bytes_take(&b);
}

static void
expect_too_large(const char *text)
{
	struct jsonpath *p = compile(text);
	struct jsonpath_scope scope = scope_at(DOC_NONE);
	struct jsonpath_nodes nodes = { NULL, 77 };
	struct fault why = { 0 };

	if (jsonpath_select(p, &scope, &nodes, &why) != -1)
		fail_msg("%s: found %zu", text, nodes.count);
	assert_int_equal(why.code, FAULT_TOO_LARGE);
	assert_non_null(strstr(why.text, "than to look at 100000 nodes"));
	assert_int_equal(nodes.count, 77);
	jsonpath_free(p);
}

static void
stop_at_the_ceiling(void **state)
{
	char *json = many("1", 40000);

	(void)state;
	load(json);
	expect_too_large("$[*][*]");
	expect_too_large("$..*");
	expect_too_large("$.a['x',*,*,*]");
	expect_too_large("$.a[*,*,*]");
	/* quadratic: each of a's looks at all of b */
	expect_too_large("$.a[?$.b[?@==2]]");
	expect_too_large("$.a[?count($.b[*])==0]");
	expect_too_large("$.a[?value($..x)==1]");
	/* ... in one comparison, one text, one step */
	expect_too_large("$.a[?$.b==$.c]");
	expect_too_large("$.a[?$.b!=$.c]");
	expect_too_large("$.a[?$.b<=$.c]");
	expect_too_large("$.a[?$.b[39999:]]");
	base_free(json);
}

static void
count_far_elements_and_long_texts(void **state)
{
	struct bytes b;
	char *json = many("[1]", 40000);

	(void)state;
	load(json);
	base_free(json);
	expect_too_large("$.a[?$.b[39999]==1]");
	expect_too_large("$.a[?$.b[39999,0][1]]");

	bytes_init(&b, 1 << 23);
	bytes_add_text(&b, "{\"a\":");
	add_array(&b, "1", 40000);
	bytes_add_text(&b, ",\"b\":\"");
	for (size_t i = 0; i < 100000; i++)
		bytes_add_text(&b, "text");
	bytes_add_text(&b, "\"}");
	json = bytes_take(&b);
	load(json);
	expect_too_large("$.a[?$.b!=$.b]");
	expect_too_large("$.a[?$.b<$.b]");
	expect_too_large("$.a[?length($.b)==1]");
	expect_too_large("$.a[?search($.b,'x')]");
	base_free(json);
}

/* As deep as a document can be: walked with a stack, not by calls. */
static void
walk_deep_documents(void **state)
{
	struct bytes b;
	struct jsonpath_nodes nodes;
	struct jsonpath_scope scope;
	struct jsonpath *p = compile("$..[1]");
	char *json;

	(void)state;
	bytes_init(&b, 1 << 20);
	for (size_t i = 0; i < 999; i++)
		bytes_add_text(&b, "[");
	bytes_add_text(&b, "[1,2]");
	for (size_t i = 0; i < 999; i++)
		bytes_add_text(&b, ",3]");
	json = bytes_take(&b);
	load(json);
	scope = scope_at(DOC_NONE);
	assert_int_equal(jsonpath_select(p, &scope, &nodes, NULL), 0);
	assert_int_equal(nodes.count, 1000);
	assert_str(doc_number(document, nodes.at[0]), "3");
	assert_str(doc_number(document, nodes.at[999]), "2");
	jsonpath_free(p);
	base_free(json);
}

/* The deepest path that may be written, through as deep a document. */
static void
walk_long_paths(void **state)
{
	struct bytes doc, text;
	char *json, *path;
	struct jsonpath *p;
	struct jsonpath_nodes nodes;
	struct jsonpath_scope scope;

	(void)state;
	bytes_init(&doc, 1 << 20);
	bytes_init(&text, 1 << 20);
	bytes_add_char(&text, '$');
	for (size_t i = 0; i < 999; i++) {
		bytes_add_text(&doc, "[");
		bytes_add_text(&text, "[*]");
	}
	bytes_add_text(&doc, "1");
	for (size_t i = 0; i < 999; i++)
		bytes_add_text(&doc, "]");
	json = bytes_take(&doc);
	path = bytes_take(&text);
	load(json);
	p = compile(path);
	scope = scope_at(DOC_NONE);
	assert_int_equal(jsonpath_select(p, &scope, &nodes, NULL), 0);
	assert_int_equal(nodes.count, 1);
	jsonpath_free(p);
	base_free(json);
	base_free(path);
}

static void
say_when_memory_ends(void **state)
{
	struct jsonpath *p = compile("$[*]");
	struct arena *small = arena_new(64);
	struct jsonpath_scope scope;
	struct jsonpath_nodes nodes;
	struct fault why = { 0 };

	(void)state;
	load("[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20]");
	scope = (struct jsonpath_scope){ .document = document,
		.current = DOC_NONE,
		.arena = small };
	assert_int_equal(jsonpath_select(p, &scope, &nodes, &why), -1);
	assert_int_equal(why.code, FAULT_BUSY);
	arena_free(small);
	jsonpath_free(p);
}

static void
test_conditions(void **state)
{
	static const struct {
		const char *text;
		int want;
	} rows[] = {
		{ "$.event_type == 'form_response' && $.a", 1 },
		{ " $.event_type=='form_response' \n", 1 },
		{ "$.event_type == 'x' || !$.none", 1 },
		{ "!($.event_type == 'form_response')", 0 },
		{ "@.id == 2", 1 },
		{ "@.id == 2 && $.a[?@.id == 3]", 0 },
		{ "$.a[?@.id == 2 && @.id != 3]", 1 },
		{ "match($.event_type, 'form_.*')", 1 },
		{ "$", 1 },
		{ "@.none", 0 },
		{ "1 == 1.0", 1 },
	};
	doc_node item;

	(void)state;
	load("{\"event_type\":\"form_response\",\"a\":[{\"id\":2}]}");
	item = doc_item(document,
	    doc_member(document, doc_root(document), STR("a")), 0);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct jsonpath_scope scope = scope_at(item);
		struct fault why = { 0 };
		struct jsonpath_test
		    *t = jsonpath_test_compile(str_of(rows[i].text),
		        JSONPATH_RELATIVE, &why);

		if (t == NULL)
			fail_msg("%s: %s", rows[i].text, why.text);
		if (jsonpath_test_run(t, &scope, &why) != rows[i].want)
			fail_msg("%s: not %d", rows[i].text, rows[i].want);
		jsonpath_test_free(t);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(select_in_the_rfcs_order),
		cmocka_unit_test(stop_early_within_a_walk),
		cmocka_unit_test(compare_texts_and_nothing),
		cmocka_unit_test(keep_numbers_exact),
		cmocka_unit_test(start_from_the_current_node),
		cmocka_unit_test(leave_the_arena_alone),
		cmocka_unit_test(take_only_the_results),
		cmocka_unit_test(stop_at_the_ceiling),
		cmocka_unit_test(count_far_elements_and_long_texts),
		cmocka_unit_test(walk_deep_documents),
		cmocka_unit_test(walk_long_paths),
		cmocka_unit_test(say_when_memory_ends),
		cmocka_unit_test(test_conditions),
	};

	return cmocka_run_group_tests(tests, NULL, unload);
}
