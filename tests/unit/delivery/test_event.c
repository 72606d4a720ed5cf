/* tests/unit/delivery/test_event.c - events as they are kept. */
#include "unit/cmocka_all.h"

#include "delivery/delivery_event.h"

struct bench {
	struct arena *arena;
	struct settings_file *file;
	struct secrets *secrets;
	struct verifier *verifier;
	struct bytes text;
};

/* With the verifier of such a group; "": without one. */
static void
begin(struct bench *b, const char *verify)
{
	struct faults all = { 0 };
	struct fault why = { 0 };
	struct verify_setup setup = { 0 };

	*b = (struct bench){ .arena = arena_new((size_t)1 << 20) };
	bytes_init_in(&b->text, b->arena, 65536);
	if (verify[0] == '\0')
		return;
	b->file = settings_parse(str_of(verify), "unit.cfg", &all);
	assert_non_null(b->file);
	b->secrets = secrets_of("s", STR("unit-secret"), &why);
	assert_non_null(b->secrets);
	setup.route = settings_root(b->file);
	setup.group = config_setting_get_member(setup.route, "verify");
	setup.secret = secrets_find(b->secrets, "s");
	b->verifier = verifier_new(&setup, &all);
	assert_non_null(b->verifier);
}

static void
end(struct bench *b)
{
	verifier_free(b->verifier);
	secrets_free(b->secrets);
	settings_close(b->file);
	arena_free(b->arena);
}

static void
an_event_reads_back_as_it_was(void **state)
{
	static const struct header headers[] = {
		{ STR("Content-Type"), STR("application/json") },
		{ STR("X-Odd"), STR("a: b") },
		{ STR("X-Empty"), STR("") },
	};
	static const char body[] = "{\"a\":\r\n\r\n\"\0\xFF\"}";
	struct request r = { .method = STR("POST"),
		.target = STR("/hooks/x?a=1&b=%20"),
		.path = STR("/hooks/x"),
		.query = STR("a=1&b=%20"),
		.headers = headers,
		.header_count = COUNT_OF(headers),
		.body = { body, sizeof(body) - 1 },
		.peer = STR("192.0.2.7") };
	struct request got;
	struct fault why = { 0 };
	struct bench b;

	(void)state;
	begin(&b, "");
	event_print(&r, NULL, b.arena, &b.text);
	assert_int_equal(event_parse(bytes_str(&b.text), b.arena, &got, &why),
	    0);
	assert_true(str_eq(got.method, r.method));
	assert_true(str_eq(got.target, r.target));
	assert_true(str_eq(got.path, r.path));
	assert_true(str_eq(got.query, r.query));
	assert_true(str_eq(got.peer, r.peer));
	assert_true(str_eq(got.body, r.body));
	assert_int_equal(got.header_count, COUNT_OF(headers));
	for (size_t i = 0; i < COUNT_OF(headers); i++) {
		assert_true(str_eq(got.headers[i].name, headers[i].name));
		assert_true(str_eq(got.headers[i].value, headers[i].value));
	}
	end(&b);
}

static void
no_query_stays_no_query(void **state)
{
	struct request r = { .method = STR("POST"),
		.target = STR("/x"),
		.path = STR("/x"),
		.query = STR_NONE };
	struct request got;
	struct fault why = { 0 };
	struct bench b;

	(void)state;
	begin(&b, "");
	event_print(&r, NULL, b.arena, &b.text);
	assert_int_equal(event_parse(bytes_str(&b.text), b.arena, &got, &why),
	    0);
	assert_null(got.query.at);
	assert_null(got.peer.at);
	assert_int_equal(got.body.len, 0);
	end(&b);
}

/* What is kept of a request with these, as text. */
static const char *
kept(struct bench *b, const struct header *headers, size_t count,
    const char *query)
{
	struct request r = { .method = STR("POST"),
		.path = STR("/x"),
		.query = str_of(query),
		.headers = headers,
		.header_count = count };

	event_print(&r, b->verifier, b->arena, &b->text);
	return b->text.data;
}

static void
credentials_are_not_kept(void **state)
{
	static const struct header headers[] = {
		{ STR("authorization"), STR("Bearer hide-1") },
		{ STR("Cookie"), STR("hide-2") },
		{ STR("X-API-KEY"), STR("hide-3") },
		{ STR("Proxy-Authorization"), STR("hide-4") },
		{ STR("X-Leadbridge-Peer"), STR("hide-5") },
		{ STR("X-Signature"), STR("stays") },
	};
	struct bench b;

	(void)state;
	begin(&b, "");
	assert_string_equal(kept(&b, headers, COUNT_OF(headers), NULL),
	    "POST /x HTTP/1.1\r\nX-Signature: stays\r\n\r\n");
	end(&b);
}

static void
a_token_that_proves_is_not_kept(void **state)
{
	static const struct header headers[] = {
		{ STR("x-hook-token"), STR("unit-secret") },
		{ STR("X-Other"), STR("stays") },
	};
	struct bench b;

	(void)state;
	begin(&b,
	    "verify: { type = \"token\"; signature = "
	    "\"header:X-Hook-Token\"; };");
	assert_string_equal(kept(&b, headers, 2, "token=mine"),
	    "POST /x?token=mine HTTP/1.1\r\nX-Other: stays\r\n\r\n");
	end(&b);
	begin(&b,
	    "verify: { type = \"token\"; signature = \"query:token\"; };");
	assert_string_equal(kept(&b, headers + 1, 1,
	                        "a=1&token=unit-secret&b=2&token&t%6Fken=x"),
	    "POST /x?a=1&b=2 HTTP/1.1\r\nX-Other: stays\r\n\r\n");
	end(&b);
}

static void
a_token_in_the_body_is_overwritten(void **state)
{
	static const struct header json = { STR("Content-Type"),
		STR("application/json") };
	struct request r = { .method = STR("POST"),
		.path = STR("/x"),
		.headers = &json,
		.header_count = 1,
		.body = STR("{\"key\":\"unit-secret\",\"a\":"
		            "\"unit-secret!\"}") };
	struct bench b;

	(void)state;
	begin(&b, "verify: { type = \"token\"; signature = \"json:key\"; };");
	event_print(&r, b.verifier, b.arena, &b.text);
	assert_non_null(strstr(b.text.data,
	    "\r\n\r\n{\"key\":\"***********\",\"a\":\"***********!\"}"));
	end(&b);
}

static void
a_signature_is_kept(void **state)
{
	static const struct header headers[] = {
		{ STR("X-Signature"), STR("00ff") },
	};
	struct bench b;

	(void)state;
	begin(&b,
	    "verify: { type = \"hmac\"; signature = "
	    "\"header:X-Signature\"; encoding = \"hex\"; };");
	assert_string_equal(kept(&b, headers, 1, NULL),
	    "POST /x HTTP/1.1\r\nX-Signature: 00ff\r\n\r\n");
	end(&b);
}

static void
what_is_no_event_is_refused(void **state)
{
	static const char *const texts[] = { "", "POST", "POST /x",
		"POST /x HTTP/1.0\r\n\r\n", "POST  HTTP/1.1\r\n\r\n",
		"POST /x HTTP/1.1\r\nA: b", "POST /x HTTP/1.1\r\nA: b\r\n" };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		struct request got;
		struct fault why = { 0 };
		struct bench b;

		begin(&b, "");
		if (event_parse(str_of(texts[i]), b.arena, &got, &why) == 0)
			fail_msg("taken: \"%s\"", texts[i]);
		assert_int_equal(why.code, FAULT_INTERNAL);
		end(&b);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_event_reads_back_as_it_was),
		cmocka_unit_test(no_query_stays_no_query),
		cmocka_unit_test(credentials_are_not_kept),
		cmocka_unit_test(a_token_that_proves_is_not_kept),
		cmocka_unit_test(a_token_in_the_body_is_overwritten),
		cmocka_unit_test(a_signature_is_kept),
		cmocka_unit_test(what_is_no_event_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
