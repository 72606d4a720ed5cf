/*
 * tests/unit/verify/test_forms.c - what senders of one scheme do differently:
 * names of headers, forms of the body and of the key; and all faults at once.
 * Signatures were made with Python's hmac.
 */
#include "unit/verify/one_bench.h"

#define HMAC "type = \"hmac\"; signature = \"header:X\"; "

#define WHSEC "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

/* Signed by one preset, taken by the other, under either names. */
static void
svix_and_standard_webhooks_take_either_names(void **state)
{
	static const char *const presets[] = { "standard-webhooks", "svix" };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		bench_clear_headers(&b);
		bench_verifier(&b, presets[i], NULL, WHSEC, NULL);
		assert_int_equal(bench_sign(&b, NULL), 0);
		bench_verifier(&b, presets[1 - i], NULL, WHSEC, NULL);
		assert_result(&b, VERIFY_OK);
		assert_str(verifier_delivery_id(b.verifier, &b.request,
		               b.scratch),
		    b.headers[0].value.at);
	}
}

/* The id that delivery goes by is the one that was signed. */
static void
an_id_added_under_the_other_name_is_forged(void **state)
{
	(void)state;
	bench_verifier(&b, "svix", NULL, WHSEC, NULL);
	assert_int_equal(bench_sign(&b, NULL), 0);
	bench_verifier(&b, "standard-webhooks", NULL, WHSEC, NULL);
	bench_header(&b, "webhook-id", "msg_another");
	assert_result(&b, VERIFY_FORGED);
	bench_header(&b, "webhook-id", "msg_another");
	assert_result(&b, VERIFY_MALFORMED);
	assert_null(verifier_delivery_id(b.verifier, &b.request, b.scratch).at);
}

static void
names_of_headers_are_whole(void **state)
{
	static const char *const wrong[] = { "X,", ",X", "X,,Y", "X, " };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(wrong); i++) {
		char *group = base_print("type = \"hmac\"; "
		                         "signature = \"header:%s\";",
		    wrong[i]);

		assert_null(bench_build(&b, NULL, group, "s", NULL));
		base_free(group);
	}
}

struct escaped {
	const char *body;
	const char *over_escaped; /* secret "s" */
};

static void
meta_may_sign_the_escaped_body(void **state)
{
	static const struct escaped rows[] = {
		{ "{\"n\":\"\xc3\xa4\xc3\xb6\xc3\xa5\"}",
		    "69731f293dcafa986a36085cae2c78ba79f15c753ccd53b04389578953"
		    "860e28" },
		{ "{\"n\":\"\xf0\x9f\x98\x80 ok\"}",
		    "47c91c76aa5f57ed1b2a54cfab01753504eb8f58e4953cfd5e040d6b08"
		    "6d2c57" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char *header = base_print("sha256=%s", rows[i].over_escaped);

		bench_clear_headers(&b);
		b.request.body = str_of(rows[i].body);
		bench_header(&b, "X-Hub-Signature-256", header);
		bench_verifier(&b, "meta", NULL, "s", NULL);
		assert_result(&b, VERIFY_OK);
		bench_verifier(&b, "meta", "body_escaped = false;", "s", NULL);
		assert_result(&b, VERIFY_FORGED);
		bench_verifier(&b, "meta", NULL, "other", NULL);
		assert_result(&b, VERIFY_FORGED);
		/* The bytes as they came are tried first, and always. */
		bench_clear_headers(&b);
		bench_verifier(&b, "meta", NULL, "s", NULL);
		assert_int_equal(bench_sign(&b, NULL), 0);
		assert_result(&b, VERIFY_OK);
		/* Broken UTF-8 has no escaped form. */
		b.request.body = STR("{\"n\":\"\xc3\"}");
		assert_result(&b, VERIFY_FORGED);
		base_free(header);
	}
}

static void
a_key_may_be_the_hash_of_the_secret(void **state)
{
	(void)state;
	bench_header(&b, "X",
	    "9693e16c2f0ce832eb653470d45305ceccda4c5927780c9e8cd4e1c9d2282605");
	bench_verifier(&b, NULL, HMAC "key = \"sha1\";", "s", NULL);
	assert_result(&b, VERIFY_OK);
	bench_verifier(&b, NULL, HMAC, "s", NULL);
	assert_result(&b, VERIFY_FORGED);
}

static void
a_field_of_the_body_may_be_signed_again(void **state)
{
	(void)state;
	bench_header(&b, "X",
	    "62fc8507ec20ecaed27e0c592aec9770c7c737d4a7fd933fdad308968a966910");
	b.request.body = STR("{\"id\":\"a\\u0062\",\"n\":1}");
	bench_verifier(&b, NULL, HMAC "message = \"{json:id}|{body}\";", "s",
	    NULL);
	assert_result(&b, VERIFY_OK);
	b.request.body = STR("{\"n\":1}");
	assert_result(&b, VERIFY_MISSING);

	bench_clear_headers(&b);
	bench_header(&b, "X",
	    "a0ac0f207c1326e061fcbbd18ff2165b931a78c033b1eb57a8fde55c29616670");
	b.request.body = STR("id=a+b&n=1");
	bench_verifier(&b, NULL, HMAC "message = \"{form:id}|{body}\";", "s",
	    NULL);
	assert_result(&b, VERIFY_OK);
	b.request.body = STR("id=a+c&n=1");
	assert_result(&b, VERIFY_FORGED);
}

static const struct {
	const char *group;
	const char *wanted[8];
} groups[] = {
	{ "type = \"digest\"; user = \"u\"; delivery_id = \"X\"; "
	  "signature = \"X\"; timestamp = \"T\"; key = \"hex\"; "
	  "message = \"{id}{timestamp}\";",
	    { "verify.user: means nothing for this type",
	        "verify.delivery_id: a place like",
	        "verify.signature: a place like",
	        "verify.timestamp: a place like",
	        "verify.message: {body} is not in it",
	        "verify.message: {secret} is not in it",
	        "secret 'the_secret': value 1 is not an even number of hex" } },
	/* What cannot be read does not hide what can. */
	{ "type = \"hmac\"; prefixx = \"\"; tolerance = 5; delimiter = \"--\"; "
	  "signature = \"X\"; encoding = \"hexx\"; "
	  "message = \"{timestamp}{body}\"; key = \"hex\";",
	    { "did you mean 'prefix'?", "verify.tolerance: a duration",
	        "verify.encoding: one of", "verify.signature: a place like",
	        "verify.delimiter: one character",
	        "nothing says where that stands",
	        "secret 'the_secret': value 1 is not" } },
	/* And what cannot be read is not said to be missing. */
	{ "type = \"hmac\"; signature = 5; delivery_id = 5; timestamp = 5; "
	  "message = \"{id}.{timestamp}.{body}\";",
	    { "verify.signature: a text", "verify.delivery_id: a text",
	        "verify.timestamp: a text" } },
	{ "type = \"hmac\"; signature = \"header:X\"; "
	  "timestamp = \"header:T\"; message = 5;",
	    { "verify.message: a text" } },
	{ "type = \"ip\"; addresses = 5;", { "verify.addresses: a text" } },
	{ "type = \"hmca\"; signature = \"X\"; digest = \"md5\";",
	    { "verify.type: one of", "verify.digest: one of" } },
};

/* One run of check is enough to mend a file. */
static void
all_faults_of_a_group_are_said_at_once(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(groups); i++) {
		struct bytes text;
		size_t k = 0;

		assert_null(bench_build(&b, NULL, groups[i].group, "zz", NULL));
		bytes_init(&text, 10000);
		faults_print(&b.all, &text);
		for (; k < 8 && groups[i].wanted[k] != NULL; k++)
			if (strstr(bytes_str(&text).at, groups[i].wanted[k]) ==
			    NULL)
				fail_msg("'%s' is not in:\n%s",
				    groups[i].wanted[k], bytes_str(&text).at);
		if (b.all.count != k)
			fail_msg("not %zu:\n%s", k, bytes_str(&text).at);
		bytes_done(&text);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, start, stop)
		TEST(svix_and_standard_webhooks_take_either_names),
		TEST(an_id_added_under_the_other_name_is_forged),
		TEST(names_of_headers_are_whole),
		TEST(meta_may_sign_the_escaped_body),
		TEST(a_key_may_be_the_hash_of_the_secret),
		TEST(a_field_of_the_body_may_be_signed_again),
		TEST(all_faults_of_a_group_are_said_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
