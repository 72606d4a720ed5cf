/* Tokens that are put where they stand in a sender's body. */
#include "unit/verify/with_verifier.h"

#define JSON_TYPE "application/json"
#define FORM_TYPE "application/x-www-form-urlencoded"

struct row {
	const char *place, *type, *body;
	const char *want; /* "!words" of a fault */
};

static const struct row rows[] = {
	/* replaced */
	{ "json:key", JSON_TYPE, "{\"a\":1,\"key\":\"old\",\"b\":[2]}",
	    "{\"a\":1,\"key\":\"s\\\"1 &\",\"b\":[2]}" },
	{ "json:key", JSON_TYPE, " {\"key\" : \"o\\\"ld\" } ",
	    " {\"key\" : \"s\\\"1 &\" } " },
	{ "json:key", JSON_TYPE, "{\"key\":\"\"}", "{\"key\":\"s\\\"1 &\"}" },
	{ "json:key", JSON_TYPE, "{\"key\":null}", "{\"key\":\"s\\\"1 &\"}" },
	{ "json:key", JSON_TYPE, "{\"key\": [1, {\"x\":\"}\"}] ,\"b\":2}",
	    "{\"key\": \"s\\\"1 &\" ,\"b\":2}" },
	{ "json:key", JSON_TYPE, "{\"k\\u0065y\":1}",
	    "{\"k\\u0065y\":\"s\\\"1 &\"}" },
	{ "json:a.list[1].key", JSON_TYPE,
	    "{\"a\":{\"list\":[{},{\"key\":2}]}}",
	    "{\"a\":{\"list\":[{},{\"key\":\"s\\\"1 &\"}]}}" },
	/* set */
	{ "json:key", JSON_TYPE, "{}", "{\"key\":\"s\\\"1 &\"}" },
	{ "json:key", JSON_TYPE, "{ }", "{\"key\":\"s\\\"1 &\" }" },
	{ "json:key", "", " {\n\"a\":1}", " {\"key\":\"s\\\"1 &\",\n\"a\":1}" },
	{ "json:a.b['c.d']", JSON_TYPE, "{\"x\":1,\"a\":{\"y\":2}}",
	    "{\"x\":1,\"a\":{\"b\":{\"c.d\":\"s\\\"1 &\"},\"y\":2}}" },
	{ "json:a.b", JSON_TYPE, "{\"a\":{}}", "{\"a\":{\"b\":\"s\\\"1 &\"}}" },
	{ "json:a[1].b", JSON_TYPE, "{}",
	    "{\"a\":[null,{\"b\":\"s\\\"1 &\"}]}" },
	/* not to be set */
	{ "json:a.b", JSON_TYPE, "{\"a\":\"{}\"}", "!no object to put it" },
	{ "json:a.b", JSON_TYPE, "{\"a\":1}", "!no object to put it" },
	{ "json:a[1]", JSON_TYPE, "{\"a\":[1]}", "!no object to put it" },
	{ "json:key", JSON_TYPE, "", "!no object to put it" },
	{ "json:key", JSON_TYPE, "[{}]", "!no object to put it" },
	{ "json:key", JSON_TYPE, "{", "!no object to put it" },
	{ "json:key", JSON_TYPE, "{\"a\"", "!is no JSON, or has 'key' twice" },
	{ "json:key", JSON_TYPE, "{\"key\":1,\"key\":2}",
	    "!is no JSON, or has 'key' twice" },
	{ "json:key", FORM_TYPE, "key=1", "!the JSON member 'key', and" },

	{ "form:key", FORM_TYPE, "a=1&key=old&b=2", "a=1&key=s%221%20%26&b=2" },
	{ "form:key", FORM_TYPE, "k%65y=old", "key=s%221%20%26" },
	{ "form:key", FORM_TYPE, "key&a=1&key=2", "key=s%221%20%26&a=1" },
	{ "form:key", FORM_TYPE, "a=%20+", "a=%20+&key=s%221%20%26" },
	{ "form:key", FORM_TYPE, "", "key=s%221%20%26" },
	{ "form:k y", FORM_TYPE, "k+y=1&key=2", "k%20y=s%221%20%26&key=2" },
	{ "form:key", JSON_TYPE, "{}", "!the form's field 'key', and" },

	/* nothing of the body's */
	{ "header:X", JSON_TYPE, "{\"X\":1}", "{\"X\":1}" },
	{ "query:key", JSON_TYPE, "{\"key\":1}", "{\"key\":1}" },
};

/* A copy that ends where it ends, so that whoever reads on is seen. */
static char *
exact(const char *text)
{
	size_t len = strlen(text);
	char *copy = malloc(len > 0 ? len : 1);

	assert_non_null(copy);
	return memcpy(copy, text, len);
}

static void
fill_row(const struct row *row)
{
	char *group = base_print("type = \"token\"; signature = \"%s\"",
	    row->place);
	char *body = exact(row->body);
	struct fault why = { 0 };
	struct bench b;
	int rc;

	bench_start(&b);
	bench_verifier(&b, NULL, group, "s\"1 &", NULL);
	bench_header(&b, "Content-Type", row->type);
	b.request.body = (struct str){ body, strlen(row->body) };
	rc = verifier_fill(b.verifier, &b.request, b.arena, &b.request.body,
	    &why);
	if (row->want[0] == '!') {
		assert_int_equal(rc, -1);
		if (strstr(why.text, row->want + 1) == NULL)
			fail_msg("%s: %s", row->body, why.text);
		assert_ptr_equal(b.request.body.at, body);
	} else {
		if (rc == -1)
			fail_msg("%s: %s", row->body, why.text);
		assert_str(b.request.body, row->want);
		assert_int_equal(bench_sign(&b, &why), 0);
		assert_result(&b, VERIFY_OK);
	}
	bench_done(&b);
	free(body);
	base_free(group);
}

/* And what is filled is what the sender's own check takes. */
static void
tokens_are_put_where_they_stand(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		fill_row(&rows[i]);
}

/* A body that is cut anywhere: a fault or a body, and no read behind it. */
static void
half_bodies_are_no_harm(void **state)
{
	static const char whole[] = "{\"a\":{\"x\":\"y\\\"\",\"key\":\"o\"},"
	                            "\"l\":[1,\"2\"]}";
	struct bench b;

	(void)state;
	bench_start(&b);
	bench_verifier(&b, NULL, "type = \"token\"; signature = \"json:a.key\"",
	    "s", NULL);
	for (size_t len = 0; len < strlen(whole); len++) {
		char *half = malloc(len + 1), *body;
		struct fault why = { 0 };

		assert_non_null(half);
		memcpy(half, whole, len);
		half[len] = '\0';
		body = exact(half);
		b.request.body = (struct str){ body, len };
		if (verifier_fill(b.verifier, &b.request, b.arena,
		        &b.request.body, &why) == -1)
			assert_int_equal(why.code, FAULT_UNSIGNED);
		free(half);
		free(body);
	}
	bench_done(&b);
}

static void
prefixes_are_part_of_it(void **state)
{
	struct fault why = { 0 };
	struct bench b;

	(void)state;
	bench_start(&b);
	bench_verifier(&b, NULL,
	    "type = \"token\"; signature = \"json:key\"; prefix = \"v1 \"", "s",
	    NULL);
	assert_int_equal(verifier_fill(b.verifier, &b.request, b.arena,
	                     &b.request.body, &why),
	    0);
	assert_str(b.request.body, "{\"key\":\"v1 s\",\"a\":1}");
	assert_result(&b, VERIFY_OK);
	bench_done(&b);
}

static void
short_memory_is_a_fault(void **state)
{
	struct bench b;
	size_t failed = 0;
	bool done = false;

	(void)state;
	bench_start(&b);
	bench_verifier(&b, NULL, "type = \"token\"; signature = \"json:b\"",
	    "s", NULL);
	for (size_t size = 0; !done; size += 16) {
		struct arena *arena = arena_new(size);
		struct str body = STR_NONE;
		struct fault why = { 0 };

		done = verifier_fill(b.verifier, &b.request, arena, &body,
		           &why) == 0;
		if (!done) {
			assert_null(body.at);
			assert_int_equal(why.code, FAULT_BUSY);
			failed++;
		} else
			assert_str(body, "{\"b\":\"s\",\"a\":1}");
		arena_free(arena);
		assert_true(size < 65536);
	}
	assert_true(failed > 0);
	bench_done(&b);
}

static void
places_say_whether_they_are_filled(void **state)
{
	static const struct {
		const char *place, *type, *body;
		bool said;
	} said[] = {
		{ "json:a.b", JSON_TYPE, "{\"a\":{\"b\":1}}", true },
		{ "json:a.b", JSON_TYPE, "{\"a\":{\"b\":\"\"}}", false },
		{ "json:a.b", FORM_TYPE, "{\"a\":{\"b\":1}}", false },
		{ "form:a", FORM_TYPE, "a=1", true },
		{ "form:a", FORM_TYPE, "b=1", false },
		{ "form:a", JSON_TYPE, "a=1", false },
		{ "header:X, Content-Type", JSON_TYPE, "", true },
		{ "header:X", JSON_TYPE, "", false },
		{ "header:X-{n}", JSON_TYPE, "", false },
		{ "no place", JSON_TYPE, "", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(said); i++) {
		struct bench b;

		bench_start(&b);
		bench_header(&b, "Content-Type", said[i].type);
		b.request.body = str_of(said[i].body);
		if (verify_place_said(said[i].place, &b.request, b.arena) !=
		    said[i].said)
			fail_msg("%s of %s", said[i].place, said[i].body);
		bench_done(&b);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tokens_are_put_where_they_stand),
		cmocka_unit_test(half_bodies_are_no_harm),
		cmocka_unit_test(prefixes_are_part_of_it),
		cmocka_unit_test(short_memory_is_a_fault),
		cmocka_unit_test(places_say_whether_they_are_filled),
	};

	return cmocka_run_group_tests_name("verify fill", tests, NULL, NULL);
}
