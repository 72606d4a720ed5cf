/* tests/unit/jsonpath/test_regex.c - match() and search(): I-Regexp. */
#include "unit/cmocka_all.h"

#include "jsonpath/jsonpath.h"

static const struct decode_limits wide = { .depth = 64, .values = 200000 };

enum { NO = 0, YES = 1 };

/*
 * Runs a condition on a document; the pattern is a literal of the path in
 * one, a value of the document in the other.
 */
static int
run(const char *condition, const char *json, struct fault *why)
{
	struct arena *arena = arena_new(16 << 20);
	struct jsonpath_scope scope = { .current = DOC_NONE, .arena = arena };
	struct jsonpath_test *t = jsonpath_test_compile(str_of(condition), 0,
	    why);
	int rc = -2;

	if (t != NULL) {
		scope.document = decode_json(arena, str_of(json), &wide, why);
		assert_non_null(scope.document);
		rc = jsonpath_test_run(t, &scope, why);
	}
	jsonpath_test_free(t);
	arena_free(arena);
	return rc;
}

static int
both(const char *function, const char *pattern, const char *subject)
{
	struct fault why = { 0 };
	struct bytes json, condition;
	int literal, dynamic;

	bytes_init(&json, 1 << 20);
	bytes_init(&condition, 1 << 20);
	bytes_add_text(&json, "{\"s\":");
	bytes_add_json(&json, str_of(subject));
	bytes_add_text(&json, ",\"p\":");
	bytes_add_json(&json, str_of(pattern));
	bytes_add_char(&json, '}');
	bytes_addf(&condition, "%s($.s, ", function);
	bytes_add_json(&condition, str_of(pattern));
	bytes_add_char(&condition, ')');
	assert_true(bytes_ok(&json) && bytes_ok(&condition));
	literal = run(condition.data, json.data, &why);
	bytes_clear(&condition);
	bytes_addf(&condition, "%s($.s, $.p)", function);
	dynamic = run(condition.data, json.data, &why);
	if (literal != dynamic)
		fail_msg("%s: %d as a literal, %d as a value: %s", pattern,
		    literal, dynamic, why.text);
	bytes_done(&json);
	bytes_done(&condition);
	return literal;
}

static const struct row {
	const char *pattern;
	const char *subject;
	int match;
	int search;
} rows[] = {
	{ "", "", YES, YES },
	{ "", "a", NO, YES },
	{ "a", "a", YES, YES },
	{ "a", "ba", NO, YES },
	{ "a", "ab", NO, YES },
	{ "a|bc", "bc", YES, YES },
	{ "a|", "", YES, YES },
	{ "(a|b)*c", "ababc", YES, YES },
	{ "(ab){2}", "abab", YES, YES },
	{ "(ab){2,}", "ab", NO, NO },
	{ "a{1,2}", "aaa", NO, YES },
	{ "a?", "", YES, YES },
	/* a dot is no line's end, but each other character is one */
	{ ".", "\xE2\x82\xAC", YES, YES },
	{ ".", "\xF0\x9D\x84\x9E", YES, YES },
	{ ".", "\n", NO, NO },
	{ ".", "\r", NO, NO },
	{ ".", "\xE2\x80\xA8", YES, YES },
	{ "a", "x\ny\na", NO, YES },
	/* ends */
	{ "^ab", "ab", YES, YES },
	{ "^ab", "xab", NO, NO },
	{ "ab$", "ab", YES, YES },
	{ "ab$", "abx", NO, NO },
	{ "ab$", "ab\n", NO, NO },
	{ "ab", "ab\n", NO, YES },
	/* escapes */
	{ "\\.\\*\\\\\\{", ".*\\{", YES, YES },
	{ "\\n\\r\\t", "\n\r\t", YES, YES },
	{ "#/,-&'\"%:;<=>@_`~!", "#/,-&'\"%:;<=>@_`~!", YES, YES },
	/* classes */
	{ "[a-c]+", "abc", YES, YES },
	{ "[^a-c]", "d", YES, YES },
	{ "[^a-c]", "b", NO, NO },
	{ "[^a]", "\n", YES, YES },
	{ "[-a]", "-", YES, YES },
	{ "[a-]", "-", YES, YES },
	{ "[^-a]", "-", NO, NO },
	{ "[.]", "x", NO, NO },
	{ "[\\]\\-\\n]+", "]-\n", YES, YES },
	{ "[$^&~|]+", "$^&~|", YES, YES },
	{ "[\xC3\xA4-\xC3\xBC]", "\xC3\xB6", YES, YES },
	{ "[\\p{L}\\P{N}_]", "1", NO, NO },
	{ "[a\\p{Nd}]+", "a1", YES, YES },
	{ "[a&&b]", "&", YES, YES },
	{ "[:alpha:]", "l", YES, YES },
	{ "[:alpha:]", "z", NO, NO },
	/* properties */
	{ "\\p{L}", "\xC3\xA4", YES, YES },
	{ "\\p{Lu}", "\xC3\xA4", NO, NO },
	{ "\\P{Lu}", "\xC3\xA4", YES, YES },
	{ "\\p{Zs}\\p{Sc}", " $", YES, YES },
	/* no I-Regexp: nothing matches */
	{ "\\d", "1", NO, NO },
	{ "\\w", "w", NO, NO },
	{ "\\b", "b", NO, NO },
	{ "\\p{Greek}", "\xCE\xB1", NO, NO },
	{ "\\p{Lx}", "a", NO, NO },
	{ "\\p{Cs}", "a", NO, NO },
	{ "\\pL", "a", NO, NO },
	{ "\\$", "$", NO, NO },
	{ "a**", "a", NO, NO },
	{ "a+?", "a", NO, NO },
	{ "a{1}{1}", "a", NO, NO },
	{ "a{,1}", "a", NO, NO },
	{ "a{2,1}", "aa", NO, NO },
	{ "*a", "*a", NO, NO },
	{ "(*UCP)a", "a", NO, NO },
	{ "(?i)a", "a", NO, NO },
	{ "(?:a)", "a", NO, NO },
	{ "(a", "a", NO, NO },
	{ "a)", "a", NO, NO },
	{ "a)(b", "ab", NO, NO },
	{ "a]", "a]", NO, NO },
	{ "a}", "a}", NO, NO },
	{ "a{", "a{", NO, NO },
	{ "[]", "", NO, NO },
	{ "[]a]", "]", NO, NO },
	{ "[^]", "a", NO, NO },
	{ "[a", "a", NO, NO },
	{ "[a-", "a", NO, NO },
	{ "[a\\", "a", NO, NO },
	{ "[z-a]", "m", NO, NO },
	{ "[a-c-e]", "a", NO, NO },
	{ "[--a]", "a", NO, NO },
	{ "[a[b]]", "a", NO, NO },
	{ "[a-\\p{L}]", "a", NO, NO },
	{ "a\\", "a", NO, NO },
	{ "\\p", "p", NO, NO },
	{ "\\p{", "p", NO, NO },
	{ "\\p{L", "p", NO, NO },
};

static void
match_i_regexp(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const struct row *r = &rows[i];
		int match = both("match", r->pattern, r->subject);
		int search = both("search", r->pattern, r->subject);

		if (match != r->match || search != r->search)
			fail_msg("%s on %s: match %d search %d", r->pattern,
			    r->subject, match, search);
	}
}

/* A NUL is a character like any other, in both. */
static void
match_zero_bytes(void **state)
{
	struct fault why = { 0 };

	(void)state;
	assert_int_equal(run("match($.a, 'a\\u0000b')", "{\"a\":\"a\\u0000b\"}",
	                     &why),
	    YES);
	assert_int_equal(run("match($.a, '[\\u0000]')", "{\"a\":\"\\u0000\"}",
	                     &why),
	    YES);
	assert_int_equal(run("match($.a, 'a.b')", "{\"a\":\"a\\u0000b\"}",
	                     &why),
	    YES);
	assert_int_equal(run("match($.a, 'a')", "{\"a\":\"a\\u0000b\"}", &why),
	    NO);
}

/* The same pattern from the document, for both in turn. */
static void
keep_the_last_pattern_apart(void **state)
{
	static const char json[] = "{\"s\":\"xay\",\"p\":\"a\",\"q\":\"x\"}";
	struct fault why = { 0 };

	(void)state;
	assert_int_equal(run("search($.s,$.p) && !match($.s,$.p)", json, &why),
	    YES);
	assert_int_equal(run("!match($.s,$.p) && search($.s,$.p)", json, &why),
	    YES);
	assert_int_equal(run("search($.s,$.p) && !search($.p,$.q)", json, &why),
	    YES);
}

static void
want_strings(void **state)
{
	struct fault why = { 0 };

	(void)state;
	assert_int_equal(run("match($.a, 'a')", "{\"a\":1}", &why), NO);
	assert_int_equal(run("match($.b, 'a')", "{\"a\":1}", &why), NO);
	assert_int_equal(run("match('a', $.a)", "{\"a\":1}", &why), NO);
	assert_int_equal(run("search('a', $.b)", "{\"a\":1}", &why), NO);
}

/* What takes others an age takes one look at each character. */
static void
not_be_slowed_down(void **state)
{
	static const char *const patterns[] = { "(a+)+[bc]", "([ax]+)+[bc]",
		"([ax]{2,})+[bc]", "(\\p{L}{2,})+[0-9]", "(a*)*[bc]",
		"(a|a)*[bc]", "(a|aa)+[bc]", "a*a*a*a*a*a*[bc]", "((a*)*)*[bc]",
		".*.*.*=.*", "(a?){50}a{50}[bc]", "(.*a){12}[bc]" };
	char subject[5001];

	(void)state;
	memset(subject, 'a', sizeof(subject));
	subject[sizeof(subject) - 1] = '\0';
	for (size_t i = 0; i < COUNT_OF(patterns); i++) {
		assert_int_equal(both("match", patterns[i], subject), NO);
		assert_int_equal(both("search", patterns[i], subject), NO);
	}
}

static void
refuse_what_is_too_large(void **state)
{
	static const char nested[] = "((((a{99}){99}){99}){99}){99}";
	struct fault why = { 0 };
	char *json = base_print("{\"p\":\"%s\"}", nested);
	char *condition = base_print("match('a', '%s')", nested);
	char *longest;

	(void)state;
	assert_int_equal(run(condition, json, &why), -2);
	assert_int_equal(why.code, FAULT_MAPPING);
	assert_int_equal(why.column, 1);
	assert_string_equal(why.text,
	    "the regular expression of match() is too large");

	memset(&why, 0, sizeof(why));
	assert_int_equal(run("search('a', $.p)", json, &why), -1);
	assert_int_equal(why.code, FAULT_MAPPING);
	assert_string_equal(why.text,
	    "a regular expression for search() is too large");

	memset(&why, 0, sizeof(why));
	longest = base_print("{\"p\":\"%01001d\"}", 0);
	assert_int_equal(run("search('a', $.p)", longest, &why), -1);
	assert_int_equal(why.code, FAULT_MAPPING);

	memset(&why, 0, sizeof(why));
	base_free(longest);
	longest = base_print("{\"p\":\"%01000d\"}", 0);
	assert_int_equal(run("search('a', $.p)", longest, &why), NO);
	base_free(longest);
	base_free(condition);
	base_free(json);
}

/* A pattern of each element: as many compilations, and a ceiling on them. */
static void
bound_patterns_from_the_document(void **state)
{
	struct fault why = { 0 };
	struct bytes json;

	(void)state;
	bytes_init(&json, 1 << 23);
	bytes_add_text(&json, "{\"a\":[");
	for (int i = 0; i < 20000; i++)
		bytes_addf(&json, "%s\"(x%d|y){1,100}\"", i > 0 ? "," : "", i);
	bytes_add_text(&json, "]}");
	assert_true(bytes_ok(&json));
	assert_int_equal(run("$.a[?match('y', @)]", json.data, &why), YES);
	assert_int_equal(run("$.a[?match('', @)]", json.data, &why), -1);
	assert_int_equal(why.code, FAULT_TOO_LARGE);
	bytes_done(&json);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(match_i_regexp),
		cmocka_unit_test(match_zero_bytes),
		cmocka_unit_test(keep_the_last_pattern_apart),
		cmocka_unit_test(want_strings),
		cmocka_unit_test(not_be_slowed_down),
		cmocka_unit_test(refuse_what_is_too_large),
		cmocka_unit_test(bound_patterns_from_the_document),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
