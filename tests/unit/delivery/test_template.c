/* tests/unit/delivery/test_template.c - bodies of replies, filled, checked. */
#include "unit/cmocka_all.h"

#include "delivery/delivery_reply.h"

#define ENVELOPE                                                               \
	"{\"success\":false,\"error\":{\"code\":\"A<B\",\"message\":"          \
	"\"it's \\\"x\\\" & \\u0001\",\"details\":[]}}"

static struct str
fill_with(const char *body, const char *type, const char *envelope,
    struct arena *arena)
{
	struct template_facts facts = { .delivery = STR("0192-7"),
		.lead = STR("lead_1"),
		.arena = arena };
	struct answer instead = { .status = 422, .body = str_of(envelope) };

	return template_fill(body, type, &facts, &instead);
}

static void
each_type_has_its_escapes(void **state)
{
	static const struct {
		const char *type, *body, *filled;
	} rows[] = {
		{ NULL, "{\"c\":\"{code}\",\"m\":\"{message}\"}",
		    "{\"c\":\"A<B\",\"m\":\"it's \\\"x\\\" & \\u0001\"}" },
		{ "application/problem+json", "\"{message}\"",
		    "\"it's \\\"x\\\" & \\u0001\"" },
		{ "text/xml; charset=utf-8", "<e c='{code}'>{message}</e>",
		    "<e c='A&lt;B'>it&#39;s &quot;x&quot; &amp;  </e>" },
		{ "Application/Soap+XML", "{code}", "A&lt;B" },
		{ "text/html", "{code}", "A&lt;B" },
		{ "text/plain", "{status} {code} {lead} {delivery}",
		    "422 A<B lead_1 0192-7" },
		/* Braces that are none of ours. */
		{ NULL, "{}", "{}" },
		{ NULL, "{\"a\":{\"b\":{}}}", "{\"a\":{\"b\":{}}}" },
		{ "text/css", "a{color:red}", "a{color:red}" },
		{ "text/plain", "{{code} {{{code} {", "{code} {A<B {" },
		{ "text/plain", "", "" },
	};
	struct arena *arena = arena_new(1 << 20);

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		assert_str(fill_with(rows[i].body, rows[i].type, ENVELOPE,
		               arena),
		    rows[i].filled);
	arena_free(arena);
}

static void
what_xml_cannot_hold_is_white_space(void **state)
{
	static const char
	    text[] = "{\"error\":{\"message\":"
	             "\"a\\uffffb\\ufffec\\ufffdd\\u001fe\\u00ef\"}}";
	struct arena *arena = arena_new(1 << 20);

	(void)state;
	assert_str(fill_with("{message}", "text/xml", text, arena),
	    "a b c\xef\xbf\xbd"
	    "d e\xc3\xaf");
	arena_free(arena);
}

static void
what_is_not_there_is_empty(void **state)
{
	static const char *const envelopes[] = {
		"{\"success\":true,\"data\":null}", "", "<html>", "[1]",
		"{\"error\":\"no\"}", "{\"error\":{\"code\":7}}", "{\"error\":{"
	};
	struct arena *arena = arena_new(1 << 20);

	(void)state;
	for (size_t i = 0; i < COUNT_OF(envelopes); i++) {
		assert_str(fill_with("[{code}|{message}]", "text/plain",
		               envelopes[i], arena),
		    "[|]");
		assert_str(fill_with("{code}", "text/plain", envelopes[i],
		               arena),
		    "");
	}
	arena_free(arena);
}

static void
a_body_that_finds_no_room_is_none(void **state)
{
	static char big[20000];
	struct arena *arena = arena_new(4096);

	(void)state;
	memset(big, 'x', sizeof(big) - 1);
	memcpy(big, "{status}", 8);
	assert_null(fill_with(big, "text/plain", ENVELOPE, arena).at);
	arena_free(arena);
}

/* The fault of a reply group, or "" when there is none. */
static void
assert_fault(const char *preset, const char *group, const char *said)
{
	char *text = base_print("preset: {%s};\n\nreply: {%s};", preset, group);
	struct faults all = { 0 };
	struct settings_file *f = settings_parse(str_of(text), "x.cfg", &all);
	const config_setting_t *root = settings_root(f);
	struct reply_map *m = reply_map_new(config_setting_get_member(root,
	                                        "preset"),
	    config_setting_get_member(root, "reply"), &all);

	assert_int_equal(m == NULL, said[0] != '\0');
	assert_int_equal(all.count, said[0] != '\0');
	if (all.count > 0) {
		assert_string_equal(all.list[0].where, "x.cfg");
		assert_int_equal(all.list[0].line, 3);
		if (strstr(all.list[0].text, said) == NULL)
			fail_msg("'%s' is not in '%s'", said, all.list[0].text);
	}
	reply_map_free(m);
	faults_done(&all);
	settings_close(f);
	base_free(text);
}

static void
mistakes_are_found_when_it_loads(void **state)
{
	static const struct {
		const char *preset, *group, *said;
	} rows[] = {
		{ "", "failed: { body = \"{}\"; };", "" },
		{ "", "failed: { body = \"{\\\"c\\\":\\\"{code}\\\"}\"; };",
		    "" },
		{ "", "failed: { body = \"\\\"{cod}\\\"\"; };",
		    "no placeholder {cod}; did you mean 'code'?" },
		{ "", "failed: { body = \"\\\"{{cod}\\\"\"; };", "" },
		{ "", "failed: { body = \"{\\\"c\\\":{code}}\"; };",
		    "is not JSON once it is filled in" },
		{ "", "failed: { body = \"<e>{code}</e>\"; };",
		    "another type has to be said" },
		{ "", "failed: { body = \"{\\\"c\\\":{status}}\"; };", "" },
		{ "", "failed: { type = \"text/xml\"; };",
		    "reply.failed: type says what body is, and there is none" },
		{ "", "failed: { status = 500; type = \"text/xml\"; };",
		    "there is none" },
		{ "", "failed: { type = \"text/csv\"; body = \"{code}\"; };",
		    "escaped for JSON, XML, HTML and text/plain" },
		{ "", "failed: { type = \"text/csv\"; body = \"a,b\"; };", "" },
		/* The one says the body, the other its type. */
		{ "failed: { body = \"{code}\"; type = \"text/plain\"; };",
		    "failed: { type = \"text/html\"; };", "" },
		{ "failed: { body = \"<e>{code}</e>\"; type = \"text/xml\"; };",
		    "failed: { type = \"application/json\"; };",
		    "is not JSON" },
		/* Of another outcome, a body helps nobody. */
		{ "failed: { body = \"{}\"; };",
		    "late: { type = \"text/html\"; };", "there is none" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		assert_fault(rows[i].preset, rows[i].group, rows[i].said);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_type_has_its_escapes),
		cmocka_unit_test(what_xml_cannot_hold_is_white_space),
		cmocka_unit_test(what_is_not_there_is_empty),
		cmocka_unit_test(a_body_that_finds_no_room_is_none),
		cmocka_unit_test(mistakes_are_found_when_it_loads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
