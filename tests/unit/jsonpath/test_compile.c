/* tests/unit/jsonpath/test_compile.c - what is a path, and what to say. */
#include "unit/cmocka_all.h"

#include <stdio.h>

#include "jsonpath/jsonpath.h"

/* What is no path, where that shows, and the words for it. */
static const struct {
	const char *text;
	unsigned column;
	const char *says;
} paths[] = {
	{ "", 1, "the text ends where '$' is expected" },
	{ " $", 1, "'$' is expected here" },
	{ "a", 1, "'$' is expected here" },
	{ "@.a", 1, "no current item for '@' here; begin with '$'" },
	{ "$ ", 2, "blanks behind a path are not part of it" },
	{ "$a", 2, "'.', '..', '[' or the end of the path is expected here" },
	{ "$.", 3, "the text ends where a name or * is expected" },
	{ "$..", 4, "the text ends where a name, * or '[' is expected" },
	{ "$...a", 4, "a name, * or '[' is expected here" },
	{ "$.a.", 5, "the text ends where a name or * is expected" },
	{ "$.[0]", 3, "a name or * is expected here" },
	{ "$.a.0", 5,
	    "an index is written [0], and a name that begins with a digit"
	    " ['0']" },
	{ "$.first-name", 8,
	    "a name with '-' is quoted in brackets: ['first-...']" },
	{ "$.a b", 5,
	    "'.', '..', '[' or the end of the path is expected here" },
	{ "$[", 3,
	    "the text ends where a name, an index, a slice, a filter or * is"
	    " expected" },
	{ "$[]", 3,
	    "a name, an index, a slice, a filter or * is expected here" },
	{ "$[0,]", 5,
	    "a name, an index, a slice, a filter or * is expected here" },
	{ "$[name]", 3, "a name in brackets is quoted: ['name']" },
	{ "$['a'", 2, "this '[' is not closed" },
	{ "$['a' 'b']", 7, "',' or ']' is expected here" },
	{ "$['a]", 3, "this ' is not closed" },
	{ "$[\"a]", 3, "this \" is not closed" },
	{ "$['\\x']", 4, "no such escape; a backslash is written \\\\" },
	{ "$['\\\"']", 4, "\" has no backslash between '" },
	{ "$['\\u12g4']", 6, "\\u is followed by four hex digits" },
	{ "$['\\ud800']", 4, "half a surrogate pair" },
	{ "$['\\udc00']", 4, "half a surrogate pair" },
	{ "$['\t']", 4, "a control character is written as an escape" },
	{ "$['\xC3\xA4', x]", 8, "a name in brackets is quoted: ['x']" },
	{ "$[01]", 3, "a number has no leading zeros" },
	{ "$[-0]", 3, "-0 is no index, write 0" },
	{ "$[-]", 4, "a digit is expected here" },
	{ "$[9007199254740992]", 3,
	    "an index lies between -9007199254740991 and 9007199254740991" },
	{ "$[1:2:3:4]", 8, "',' or ']' is expected here" },
	{ "$.\xFF", 3, "this is not UTF-8" },
	{ "$[?]", 4,
	    "a path, a function, a value, '!' or '(' is expected here" },
	{ "$[?@.a", 7,
	    "the text ends where '&&', '||', ',' or ']' is"
	    " expected" },
	{ "$[?@.a='x']", 7, "equality is written ==" },
	{ "$[?@.a & @.b]", 8, "'and' is written &&" },
	{ "$[?@.a and @.b]", 8, "'and' is written &&" },
	{ "$[?@.a or @.b]", 8, "'or' is written ||" },
	{ "$[?@.a orange]", 8, "'&&', '||', ',' or ']' is expected here" },
	{ "$[?1<@.a<3]", 9,
	    "a comparison has two sides; join two by && or ||" },
	{ "$[?(@.a]", 8, "'&&', '||' or ')' is expected here" },
	{ "$[?(@.a)==1]", 9, "what stands in parentheses cannot be compared" },
	{ "$[?!@.a==1]", 5, "! before a comparison needs parentheses: !(...)" },
	{ "$[?!!@.a]", 5, "one ! is enough" },
	{ "$[?true]", 4,
	    "a value alone is no condition; compare it with ==, !=, <, <=, >"
	    " or >=" },
	{ "$[?@.a==True]", 9, "unknown word 'True'; did you mean 'true'?" },
	{ "$[?@.a==value]", 9,
	    "unknown word 'value'; a text is quoted, a path begins with '$'"
	    " or '@'" },
	{ "$[?@.*==1]", 4,
	    "only one value is compared; this path can select several" },
	{ "$[?1==@..a]", 7,
	    "only one value is compared; this path can select several" },
	{ "$[?lenght(@.a)==1]", 4,
	    "unknown function 'lenght'; did you mean 'length'?" },
	{ "$[?lower(@.a)]", 4, "unknown function 'lower'" },
	{ "$[?length (@.a)==1]", 4,
	    "no blanks between a function's name and its '('" },
	{ "$[?length(@.a)]", 4,
	    "length() is a value, no condition; compare it with ==, !=, <,"
	    " <=, > or >=" },
	{ "$[?length(@.*)==1]", 11,
	    "length() takes one value; this path can select several" },
	{ "$[?length(match(@,'a'))==1]", 11,
	    "length() takes a value; match() is true or false" },
	{ "$[?length((@.a))==1]", 11, "length() takes a value, no condition" },
	{ "$[?length()==1]", 4, "length() takes one argument" },
	{ "$[?length(@.a,@.b)==1]", 4, "length() takes one argument" },
	{ "$[?count('x')==1]", 10, "count() takes a path" },
	{ "$[?count(length(@))==1]", 10, "count() takes a path" },
	{ "$[?count(!@.a)==1]", 10, "count() takes a path" },
	{ "$[?value(1)==1]", 10, "value() takes a path" },
	{ "$[?match(@.a)]", 4, "match() takes two arguments" },
	{ "$[?match(@.a,'b','c')]", 4, "match() takes two arguments" },
	{ "$[?match(@.a 'b')]", 14, "',' is expected here" },
	{ "$[?match(@.a,'b'", 17, "the text ends where ')' is expected" },
	{ "$[?search(@.a,'b')==true]", 4,
	    "search() is true or false; nothing to compare it with" },
	{ "$[?match(@.a,'(((((a{999}){999}){999}){999}){999})')]", 4,
	    "the regular expression of match() is too large" },
	{ "$[?@.a==1.]", 11, "a digit is expected here" },
	{ "$[?@.a==1e]", 11, "a digit is expected here" },
};

static void
say_what_is_wrong(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(paths); i++) {
		struct fault why = { 0 };
		struct jsonpath *p = jsonpath_compile(str_of(paths[i].text), 0,
		    NULL, &why);

		assert_null(p);
		assert_int_equal(why.code, FAULT_MAPPING);
		if (why.column != paths[i].column ||
		    strcmp(why.text, paths[i].says) != 0)
			fail_msg("%s: %u: %s", paths[i].text, why.column,
			    why.text);
	}
}

static const struct {
	const char *text;
	unsigned column;
	const char *says;
} tests[] = {
	{ "", 1,
	    "the text ends where a path, a function, a value, '!' or '(' is"
	    " expected" },
	{ "$.a == ", 8,
	    "the text ends where a path, a function, a value, '!' or '(' is"
	    " expected" },
	{ "@.a", 1, "no current item for '@' here; begin with '$'" },
	{ "$.a[?@.b] && @.c", 14,
	    "no current item for '@' here; begin with '$'" },
	{ "$.a == b", 8,
	    "unknown word 'b'; a text is quoted, a path begins with '$'" },
	{ "$.a ]", 5, "'&&', '||' or the end is expected here" },
	{ "$.a | lower", 5, "'or' is written ||" },
	{ "'a'", 1,
	    "a value alone is no condition; compare it with ==, !=, <, <=, >"
	    " or >=" },
};

static void
say_what_is_wrong_with_a_test(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(tests); i++) {
		struct fault why = { 0 };

		assert_null(
		    jsonpath_test_compile(str_of(tests[i].text), 0, &why));
		assert_int_equal(why.code, FAULT_MAPPING);
		if (why.column != tests[i].column ||
		    strcmp(why.text, tests[i].says) != 0)
			fail_msg("%s: %u: %s", tests[i].text, why.column,
			    why.text);
	}
}

/* What stands behind the bar is not the path's. */
static const char *const prefixes[] = {
	"$.a.b¦ | lower}",
	"$.x¦ ?? $.y}",
	"$.defs¦, 'id')",
	"$¦",
	"$¦}",
	"$¦ ",
	"$.a¦ b",
	"$.a¦)",
	"$.a¦?@",
	"$.a [0]¦ \t]",
	"$ .a ..b¦\n|",
	"$[?@.a=='}'].b¦}",
	"$['}']¦}",
	"$.größe¦|",
	"$.a[1:2]¦:3",
};

static void
take_the_longest_prefix(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(prefixes); i++) {
		const char *bar = strstr(prefixes[i], "¦");
		size_t want = (size_t)(bar - prefixes[i]), used = 0;
		char *text = base_print("%.*s%s", (int)want, prefixes[i],
		    bar + strlen("¦"));
		struct fault why = { 0 };
		struct jsonpath *p = jsonpath_compile(str_of(text),
		    JSONPATH_PREFIX, &used, &why);

		if (p == NULL || used != want)
			fail_msg("%s: %zu %s", prefixes[i], used, why.text);
		assert_true(
		    str_eq(jsonpath_text(p), (struct str){ text, want }));
		jsonpath_free(p);
		base_free(text);
	}
}

static void
refuse_a_broken_prefix(void **state)
{
	static const char *const broken[] = { "", "}", "$.a.}", "$.a[}",
		"$.a..|", "$.a-b}" };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(broken); i++) {
		struct fault why = { 0 };
		size_t used = 77;

		assert_null(jsonpath_compile(str_of(broken[i]), JSONPATH_PREFIX,
		    &used, &why));
		assert_int_equal(why.code, FAULT_MAPPING);
		assert_int_equal(used, 77);
	}
}

static struct jsonpath *
must_compile(const char *text, unsigned flags)
{
	struct fault why = { 0 };
	struct jsonpath *p = jsonpath_compile(str_of(text), flags, NULL, &why);

	if (p == NULL)
		fail_msg("%s: %u: %s", text, why.column, why.text);
	return p;
}

static void
know_singular_and_relative(void **state)
{
	static const struct {
		const char *text;
		bool singular, relative;
	} rows[] = {
		{ "$", true, false },
		{ "@", true, true },
		{ "@.a['b'][-1]", true, true },
		{ "$.a.b[0]", true, false },
		{ "$.*", false, false },
		{ "$..a", false, false },
		{ "$[0,1]", false, false },
		{ "$[0:1]", false, false },
		{ "@[?@.a]", false, true },
		{ "$[?@.a].b", false, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct jsonpath *p = must_compile(rows[i].text,
		    JSONPATH_RELATIVE);

		assert_int_equal(jsonpath_is_singular(p), rows[i].singular);
		assert_int_equal(jsonpath_is_relative(p), rows[i].relative);
		assert_str(jsonpath_text(p), rows[i].text);
		jsonpath_free(p);
	}
}

/* n times `part` between two ends. */
static char *
repeat(const char *head, const char *part, size_t n, const char *tail)
{
	struct bytes b;

	bytes_init(&b, 1 << 20);
	bytes_add_text(&b, head);
	for (size_t i = 0; i < n; i++)
		bytes_add_text(&b, part);
	bytes_add_text(&b, tail);
	assert_true(bytes_ok(&b));
	return bytes_take(&b);
}

static void
expect_fault(char *text, unsigned flags, const char *says)
{
	struct fault why = { 0 };

	assert_null(jsonpath_compile(str_of(text), flags, NULL, &why));
	assert_string_equal(why.text, says);
	base_free(text);
}

static void
bound_length_and_nesting(void **state)
{
	char *most = repeat("$", ".a", 2047, ""), *deep;

	(void)state;
	jsonpath_free(must_compile(most, 0));
	base_free(most);
	expect_fault(repeat("$", ".a", 2048, ""), 0, "longer than 4096 bytes");
	expect_fault(repeat("$", ".a", 9999, "}"), JSONPATH_PREFIX,
	    "longer than 4096 bytes");

	deep = repeat("$", "[?@", 32, "");
	most = repeat(deep, "]", 32, "");
	jsonpath_free(must_compile(most, 0));
	base_free(deep);
	base_free(most);
	most = repeat("$", "[?(@.a)]", 100, "");
	jsonpath_free(must_compile(most, 0));
	base_free(most);
	expect_fault(repeat("$", "[?@", 33, ""), 0, "nested deeper than 32");
	expect_fault(repeat("$[?", "(", 1000, ""), 0, "nested deeper than 32");
	expect_fault(repeat("$[?", "!(", 1000, ""), 0, "nested deeper than 32");
	expect_fault(repeat("$[?", "length(", 500, ""), 0,
	    "nested deeper than 32");
}

static void
compile_without_a_fault_to_fill(void **state)
{
	(void)state;
	assert_null(jsonpath_compile(STR("$["), 0, NULL, NULL));
	assert_null(jsonpath_compile(STR_NONE, 0, NULL, NULL));
	assert_null(jsonpath_test_compile(STR("$["), 0, NULL));
	jsonpath_free(NULL);
	jsonpath_test_free(NULL);
}

int
main(void)
{
	const struct CMUnitTest all[] = {
		cmocka_unit_test(say_what_is_wrong),
		cmocka_unit_test(say_what_is_wrong_with_a_test),
		cmocka_unit_test(take_the_longest_prefix),
		cmocka_unit_test(refuse_a_broken_prefix),
		cmocka_unit_test(know_singular_and_relative),
		cmocka_unit_test(bound_length_and_nesting),
		cmocka_unit_test(compile_without_a_fault_to_fill),
	};

	return cmocka_run_group_tests(all, NULL, NULL);
}
