/*
 * tests/unit/verify/test_ids.c - the sender's own id of a delivery, where it
 * stands in the body.
 */
#include "unit/verify/one_bench.h"

#define FORM "application/x-www-form-urlencoded"

/* `want` is NULL where there is no id. */
static void
assert_id(const char *place, const char *type, const char *body,
    const char *want)
{
	char *group = base_print("type = \"none\"; delivery_id = \"%s\";",
	    place);
	struct str got;

	bench_verifier(&b, NULL, group, NULL, NULL);
	base_free(group);
	bench_clear_headers(&b);
	bench_header(&b, "Content-Type", type);
	b.request.body = str_of(body);
	got = verifier_delivery_id(b.verifier, &b.request, b.scratch);
	if (want == NULL && got.at != NULL)
		fail_msg("%s of %s: an id, '%.*s'", place, body, STR_ARG(got));
	if (want != NULL && !str_eq(got, str_of(want)))
		fail_msg("%s of %s: '%.*s', not '%s'", place, body,
		    STR_ARG(got), want);
	arena_reset(b.scratch);
}

static void
an_id_may_lie_deep_in_json(void **state)
{
	static const char *const rows[][3] = {
		{ "json:id", "{\"id\":\"evt_1\",\"o\":{\"id\":\"no\"}}",
		    "evt_1" },
		{ "json:id", " { \"id\" : 9007199254740993 } ",
		    "9007199254740993" },
		{ "json:id", "{\"\\u0069d\":\"a\\u002Fb\"}", "a/b" },
		{ "json:meta.id", "{\"id\":\"no\",\"meta\":{\"id\":\"m-1\"}}",
		    "m-1" },
		{ "json:a.b.c", "{\"a\":{\"b\":{\"c\":\"deep\"}}}", "deep" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		assert_id(rows[i][0], "application/json", rows[i][1],
		    rows[i][2]);
}

static void
the_first_place_that_has_an_id_counts(void **state)
{
	static const char list[] = "header:X-A, X-B, json:a.b,form:id";
	static const char json[] = "{\"a\":{\"b\":\"body\"}}";
	static const char deep[] = "{\"x\":1,\"a, json:b\":2}";

	(void)state;
	assert_id(list, "application/json", json, "body");
	assert_id(list, FORM, "id=field", "field");
	assert_id(list, FORM, json, NULL);
	assert_id(list, "application/json", "{\"a\":{\"b\":null}}", NULL);
	bench_header(&b, "X-B", "head");
	b.request.body = str_of(json);
	assert_str(verifier_delivery_id(b.verifier, &b.request, b.scratch),
	    "head");
	assert_id("json:a.b, json:x", "application/json", deep, "1");
	assert_id("json:x, json:a.b", "application/json", json, "body");
	assert_id("header:Content-Type, json:a.b", "application/json", json,
	    "application/json");
}

static void
places_of_ids_are_checked(void **state)
{
	static const char *const rows[][2] = {
		{ "json:a, query:x", "or several, as in" },
		{ "header:X, json:", "or several, as in" },
		{ "header:X,", "or several, as in" },
		{ "header:X, , json:a", "or several, as in" },
		{ "json:a,json:b,json:c,json:d,json:e", "more than 4 places" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char *
		    group = base_print("type = \"none\"; delivery_id = \"%s\";",
		        rows[i][0]);
		struct bytes text;

		if (bench_build(&b, NULL, group, NULL, NULL) != NULL)
			fail_msg("%s is taken", rows[i][0]);
		bytes_init(&text, 10000);
		faults_print(&b.all, &text);
		if (strstr(text.data, rows[i][1]) == NULL)
			fail_msg("%s: %s", rows[i][0], text.data);
		bytes_done(&text);
		base_free(group);
	}
}

static void
what_is_no_text_or_number_is_no_id(void **state)
{
	static const char *const rows[][2] = {
		{ "json:id", "{\"other\":\"x\"}" },
		{ "json:id", "{\"id\":\"\"}" },
		{ "json:id", "{\"id\":null}" },
		{ "json:id", "{\"id\":true}" },
		{ "json:id", "{\"id\":false}" },
		{ "json:id", "{\"id\":{\"id\":\"x\"}}" },
		{ "json:id", "{\"id\":[\"x\"]}" },
		{ "json:id", "[{\"id\":\"x\"}]" },
		{ "json:id", "{\"id\":\"x\",\"id\":\"y\"}" },
		{ "json:id", "{\"id\":\"a b\"}" },
		{ "json:id", "{\"id\":\"a\\u000ab\"}" },
		{ "json:id", "{\"id\":\"Z\\u00fcrich\"}" },
		{ "json:id.x", "{\"id\":\"x\"}" },
		{ "json:id", "" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		assert_id(rows[i][0], "application/json", rows[i][1], NULL);
}

static void
an_id_has_a_length(void **state)
{
	char id[DELIVERY_ID_MAX + 2], body[DELIVERY_ID_MAX + 20];

	(void)state;
	memset(id, 'x', sizeof(id));
	id[DELIVERY_ID_MAX + 1] = '\0';
	snprintf(body, sizeof(body), "{\"id\":\"%s\"}", id);
	assert_id("json:id", "application/json", body, NULL);
	id[DELIVERY_ID_MAX] = '\0';
	snprintf(body, sizeof(body), "{\"id\":\"%s\"}", id);
	assert_id("json:id", "application/json", body, id);
}

/* A text that somebody typed must not become the id. */
static void
a_body_is_read_as_what_it_is(void **state)
{
	(void)state;
	assert_id("form:UniqueID", FORM, "a=1&UniqueID=7%2F8", "7/8");
	assert_id("form:UniqueID", FORM, "a=1&UniqueID=7&UniqueID=8", NULL);
	assert_id("form:UniqueID", FORM, "UniqueID=a%0Ab", NULL);
	assert_id("form:UniqueID", "application/json",
	    "{\"a\":\"x&UniqueID=7&\"}", NULL);
	assert_id("json:id", FORM, "{\"id\":\"x\"}", NULL);
}

static void
presets_know_where_the_id_stands(void **state)
{
	static const char *const rows[][3] = {
		/* First: it has its key, and takes no other. */
		{ "highlevel", "{\"webhookId\":\"abc\"}", "abc" },
		{ "typeform", "{\"event_id\":\"01H8\"}", "01H8" },
		{ "stripe", "{\"id\":\"evt_1\"}", "evt_1" },
		{ "slack", "{\"event_id\":\"Ev1\"}", "Ev1" },
		{ "pipedrive", "{\"meta\":{\"id\":\"m\"}}", "m" },
		{ "tally", "{\"eventId\":\"t\"}", "t" },
		{ "intercom", "{\"id\":\"notif_1\"}", "notif_1" },
		{ "webflow", "{\"payload\":{\"id\":\"6321\"}}", "6321" },
		{ "google-ads", "{\"lead_id\":\"TeSter-1\"}", "TeSter-1" },
		{ "gravity-forms", "{\"id\":\"512\"}", "512" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		bench_verifier(&b, rows[i][0], NULL, i > 0 ? "secret" : NULL,
		    NULL);
		bench_clear_headers(&b);
		b.request.body = str_of(rows[i][1]);
		assert_str(verifier_delivery_id(b.verifier, &b.request,
		               b.scratch),
		    rows[i][2]);
	}
	bench_verifier(&b, "wufoo", NULL, "secret", NULL);
	bench_header(&b, "Content-Type", FORM);
	b.request.body = STR("Field1=Jane&EntryId=17&HandshakeKey=secret");
	assert_str(verifier_delivery_id(b.verifier, &b.request, b.scratch),
	    "17");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, start, stop)
		TEST(an_id_may_lie_deep_in_json),
		TEST(the_first_place_that_has_an_id_counts),
		TEST(places_of_ids_are_checked),
		TEST(what_is_no_text_or_number_is_no_id),
		TEST(an_id_has_a_length),
		TEST(a_body_is_read_as_what_it_is),
		TEST(presets_know_where_the_id_stands),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
