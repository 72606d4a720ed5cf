/* tests/unit/verify/test_check.c - what is let in, and what is not. */
#include "unit/verify/with_verifier.h"

static struct bench b;

static int
setup(void **state)
{
	(void)state;
	bench_start(&b);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	bench_done(&b);
	return 0;
}

/* Signs what the bench holds and returns the signature header's value. */
static struct header *
sign(void)
{
	assert_int_equal(bench_sign(&b, NULL), 0);
	assert_true(b.request.header_count > 0);
	return &b.headers[b.request.header_count - 1];
}

static const char *
text_of(struct str s)
{
	static char texts[4][512];
	static unsigned next;
	char *text = texts[next++ % 4];

	snprintf(text, sizeof(texts[0]), "%.*s", STR_ARG(s));
	return text;
}

static void
a_missing_header_is_missing(void **state)
{
	(void)state;
	bench_verifier(&b, "github", NULL, "s", NULL);
	assert_result(&b, VERIFY_MISSING);
	bench_header(&b, "X-Hub-Signature-256", "  ");
	assert_result(&b, VERIFY_MISSING);
}

static void
a_header_given_twice_is_malformed(void **state)
{
	(void)state;
	bench_verifier(&b, "github", NULL, "s", NULL);
	bench_header(&b, "x-hub-signature-256", text_of(sign()->value));
	assert_result(&b, VERIFY_MALFORMED);
}

static void
a_header_is_found_whatever_its_case(void **state)
{
	(void)state;
	bench_verifier(&b, "github", NULL, "s", NULL);
	sign()->name = STR("X-HUB-SIGNATURE-256");
	assert_result(&b, VERIFY_OK);
}

static void
a_changed_body_is_forged(void **state)
{
	(void)state;
	bench_verifier(&b, "github", NULL, "s", NULL);
	sign();
	assert_result(&b, VERIFY_OK);
	b.request.body = STR("{\"a\":2}");
	assert_result(&b, VERIFY_FORGED);
	b.request.body = STR("");
	assert_result(&b, VERIFY_FORGED);
}

static void
another_secret_is_forged(void **state)
{
	(void)state;
	bench_verifier(&b, "github", NULL, "s", NULL);
	sign();
	bench_verifier(&b, "github", NULL, "t", NULL);
	assert_result(&b, VERIFY_FORGED);
}

/* Checks with another text in place of the signature. */
#define TRY(want, ...)                                                         \
	do {                                                                   \
		char tried_[2000];                                             \
		snprintf(tried_, sizeof(tried_), __VA_ARGS__);                 \
		b.headers[b.request.header_count - 1].value = str_of(tried_);  \
		assert_result(&b, want);                                       \
	} while (0)

static void
a_signature_has_to_be_of_its_form(void **state)
{
	char hex[100], wrong[100];
	struct str good;

	(void)state;
	bench_verifier(&b, "github", NULL, "s", NULL);
	good = str_skip(sign()->value, 7);
	snprintf(hex, sizeof(hex), "%.*s", STR_ARG(good));
	assert_int_equal(strlen(hex), 64);
	TRY(VERIFY_OK, "sha256=%s", hex);
	TRY(VERIFY_OK, "  sha256=%s ", hex);
	TRY(VERIFY_MALFORMED, "%s", hex);
	TRY(VERIFY_MALFORMED, "SHA256=%s", hex);
	TRY(VERIFY_MALFORMED, "sha1=%s", hex);
	TRY(VERIFY_MALFORMED, "sha256=sha256=%s", hex);
	TRY(VERIFY_MALFORMED, "sha256= %s", hex);
	TRY(VERIFY_MALFORMED, "sha256=");
	TRY(VERIFY_MALFORMED, "sha256=%.63s", hex); /* odd */
	TRY(VERIFY_MALFORMED, "sha256=%.32s", hex); /* cut short */
	TRY(VERIFY_MALFORMED, "sha256=%s00", hex);
	TRY(VERIFY_MALFORMED, "sha256=%s,%s", hex, hex);
	snprintf(wrong, sizeof(wrong), "%s", hex);
	wrong[20] = 'g';
	TRY(VERIFY_MALFORMED, "sha256=%s", wrong);
	for (size_t i = 0; i < 64; i++) {
		snprintf(wrong, sizeof(wrong), "%s", hex);
		wrong[i] = wrong[i] == '0' ? '1' : '0';
		TRY(VERIFY_FORGED, "sha256=%s", wrong);
	}
}

static void
hex_may_be_of_either_case(void **state)
{
	char text[200];
	struct header *h;

	(void)state;
	bench_verifier(&b, "github", NULL, "s", NULL);
	h = sign();
	snprintf(text, sizeof(text), "%.*s", STR_ARG(h->value));
	for (char *c = text + 7; *c != '\0'; c++)
		if (*c >= 'a')
			*c = (char)(*c - 'a' + 'A');
	h->value = str_of(text);
	assert_result(&b, VERIFY_OK);
}

static void
base64_may_come_with_padding_or_without(void **state)
{
	struct header *h;

	(void)state;
	bench_verifier(&b, "typeform", NULL, "s", NULL);
	h = sign();
	assert_int_equal(h->value.at[h->value.len - 1], '=');
	assert_result(&b, VERIFY_OK);
	h->value.len--;
	assert_result(&b, VERIFY_OK);
	h->value.len--;
	assert_result(&b, VERIFY_MALFORMED);
}

static void
every_secret_of_a_rotation_is_accepted(void **state)
{
	static const char *const both[] = { "new", "old", NULL };

	(void)state;
	bench_verifier(&b, "github", NULL, "old", NULL);
	sign();
	bench_secrets(&b, both);
	bench_verifier(&b, "github", NULL, NULL, NULL);
	assert_result(&b, VERIFY_OK);
	/* ... and the first is the one that signs. */
	bench_clear_headers(&b);
	sign();
	assert_result(&b, VERIFY_OK);
	bench_verifier(&b, "github", NULL, "new", NULL);
	assert_result(&b, VERIFY_OK);
	bench_verifier(&b, "github", NULL, "old", NULL);
	assert_result(&b, VERIFY_FORGED);
}

struct moment {
	int64_t after_ms; /* the check, after the signing */
	enum verify_result result;
};

static void
check_moments(const struct moment *moments, size_t count)
{
	sign();
	for (size_t i = 0; i < count; i++) {
		b.request.received_ms = NOW_MS + moments[i].after_ms;
		assert_result(&b, moments[i].result);
	}
	b.request.received_ms = NOW_MS;
	bench_clear_headers(&b);
}

static void
the_window_is_exact_on_both_sides(void **state)
{
	static const struct moment five_minutes[] = {
		{ 0, VERIFY_OK },
		{ 300000, VERIFY_OK },
		{ 300001, VERIFY_STALE },
		{ -300000, VERIFY_OK },
		{ -300001, VERIFY_STALE },
		{ INT64_C(86400000) * 3650, VERIFY_STALE },
	};
	static const struct moment own[] = {
		{ 10000, VERIFY_OK },
		{ 10001, VERIFY_STALE },
		{ -2000, VERIFY_OK },
		{ -2001, VERIFY_STALE },
	};
	static const struct moment off[] = {
		{ INT64_C(86400000) * 3650, VERIFY_OK },
		{ -INT64_C(86400000) * 3650, VERIFY_OK },
	};

	(void)state;
	bench_verifier(&b, "slack", NULL, "s", NULL);
	check_moments(five_minutes, COUNT_OF(five_minutes));
	bench_verifier(&b, "hubspot", NULL, "s", "https://x.example");
	check_moments(five_minutes, COUNT_OF(five_minutes));
	bench_verifier(&b, "stripe", NULL, "s", NULL);
	check_moments(five_minutes, COUNT_OF(five_minutes));
	bench_verifier(&b, "slack",
	    "tolerance = \"10s\"; tolerance_future = \"2s\";", "s", NULL);
	check_moments(own, COUNT_OF(own));
	bench_verifier(&b, "slack", "timestamp_enforce = false;", "s", NULL);
	check_moments(off, COUNT_OF(off));
}

static void
a_stale_forgery_is_a_forgery(void **state)
{
	(void)state;
	bench_verifier(&b, "slack", NULL, "s", NULL);
	sign();
	b.request.body = STR("x");
	b.request.received_ms += 3600000;
	assert_result(&b, VERIFY_FORGED);
}

static void
the_time_is_signed(void **state)
{
	(void)state;
	bench_verifier(&b, "slack", NULL, "s", NULL);
	sign();
	assert_str(b.headers[0].name, "X-Slack-Request-Timestamp");
	b.headers[0].value = STR("1700000001");
	assert_result(&b, VERIFY_FORGED);
	b.headers[0].value = STR("01700000000"); /* the raw text is */
	assert_result(&b, VERIFY_FORGED);
	b.headers[0].value = STR("1.7e9");
	assert_result(&b, VERIFY_MALFORMED);
	b.headers[0].value = STR("");
	assert_result(&b, VERIFY_MISSING);
	b.headers[0].value = STR("1700000000");
	assert_result(&b, VERIFY_OK);
	bench_header(&b, "X-Slack-Request-Timestamp", "1700000000");
	assert_result(&b, VERIFY_MALFORMED);
}

/* "t=...,v1=..." of stripe, taken apart and put together in other ways. */
static void
kv_takes_what_it_knows(void **state)
{
	char sig[80];
	struct header *h;
	struct str good;

	(void)state;
	bench_verifier(&b, "stripe", NULL, "whsec_test", NULL);
	h = sign();
	assert_true(str_starts(h->value, STR("t=1700000000,v1=")));
	good = str_skip(h->value, 16);
	snprintf(sig, sizeof(sig), "%.*s", STR_ARG(good));
	assert_int_equal(strlen(sig), 64);
	TRY(VERIFY_OK, "v1=%s,t=1700000000", sig);
	TRY(VERIFY_OK, "t=1700000000, v1=%s", sig);
	TRY(VERIFY_OK, "t=1700000000,v1=%064d,v1=%s", 0, sig);
	TRY(VERIFY_OK, "t=1700000000,v1=%s,v1=%064d", sig, 0);
	TRY(VERIFY_OK, "t=1700000000,v1=%s,v0=test,x=", sig);
	TRY(VERIFY_OK, "t=1700000000,v1=zz,v1=%s", sig);
	TRY(VERIFY_FORGED, "t=1700000001,v1=%s", sig);
	TRY(VERIFY_FORGED, "t=1700000000,v1=%064d", 0);
	TRY(VERIFY_MALFORMED, "t=1700000000,v0=%s", sig);
	TRY(VERIFY_MALFORMED, "t=1700000000");
	TRY(VERIFY_MALFORMED, "v1=%s", sig);
	TRY(VERIFY_MALFORMED, "t=,v1=%s", sig);
	TRY(VERIFY_MALFORMED, "t=Infinity,v1=%s", sig);
	TRY(VERIFY_MALFORMED, "t=1700000000,t=1700000000,v1=%s", sig);
	TRY(VERIFY_MALFORMED, "t=1700000000,v1=%s,", sig);
	TRY(VERIFY_MALFORMED, "t=1700000000;v1=%s", sig);
	TRY(VERIFY_MALFORMED, "%s", sig);
}

static void
candidates_are_bounded(void **state)
{
	char sig[80], text[4000];
	struct header *h;
	size_t at = 0;

	(void)state;
	bench_verifier(&b, NULL,
	    "type = \"hmac\"; signature = \"header:X\"; format = \"list\";",
	    "s", NULL);
	h = sign();
	snprintf(sig, sizeof(sig), "%.*s", STR_ARG(h->value));
	for (int i = 0; i < 15; i++)
		at += (size_t)snprintf(text + at, sizeof(text) - at, "%064d, ",
		    i);
	snprintf(text + at, sizeof(text) - at, "%s", sig);
	h->value = str_of(text);
	assert_result(&b, VERIFY_OK);
	snprintf(text + at, sizeof(text) - at, "%064d,%s", 99, sig);
	h->value = str_of(text);
	assert_result(&b, VERIFY_MALFORMED);
}

static void
the_id_and_time_of_standard_webhooks_are_signed(void **state)
{
	(void)state;
	bench_verifier(&b, "standard-webhooks", NULL,
	    "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", NULL);
	sign();
	assert_int_equal(b.request.header_count, 3);
	assert_result(&b, VERIFY_OK);
	assert_str(b.headers[0].name, "webhook-id");
	assert_true(
	    str_eq(verifier_delivery_id(b.verifier, &b.request, b.scratch),
	        b.headers[0].value));
	b.headers[0].value = STR("msg_other");
	assert_result(&b, VERIFY_FORGED);
	b.headers[0].value = STR("");
	assert_result(&b, VERIFY_MISSING);
}

static void
the_address_is_signed(void **state)
{
	(void)state;
	bench_verifier(&b, "hubspot", NULL, "s", "https://x.example/");
	bench_target(&b, STR("/hooks/x?a=1"));
	sign();
	assert_result(&b, VERIFY_OK);
	bench_target(&b, STR("/hooks/x?a=2"));
	assert_result(&b, VERIFY_FORGED);
	bench_target(&b, STR("/hooks/x?a=1"));
	b.request.method = STR("PUT");
	assert_result(&b, VERIFY_FORGED);
	b.request.method = STR("POST");
	/* A slash behind the address is nobody's. */
	bench_verifier(&b, "hubspot", NULL, "s", "https://x.example");
	assert_result(&b, VERIFY_OK);
	/* A proxy that moved us below /in says so in public_url. */
	bench_verifier(&b, "hubspot", NULL, "s", "https://x.example/in");
	assert_result(&b, VERIFY_FORGED);
}

static void
hubspot_may_have_decoded_the_address_or_not(void **state)
{
	(void)state;
	bench_verifier(&b, "hubspot", "url_decode = \"none\";", "s",
	    "https://x.example");
	bench_target(&b, STR("/h?d=a%3Ab"));
	sign();
	bench_verifier(&b, "hubspot", NULL, "s", "https://x.example");
	assert_result(&b, VERIFY_OK);
	bench_clear_headers(&b);
	sign();
	assert_result(&b, VERIFY_OK);
	bench_verifier(&b, "hubspot", "url_decode = \"none\";", "s",
	    "https://x.example");
	assert_result(&b, VERIFY_FORGED);
}

static void
twilio_covers_bodies_that_are_no_forms(void **state)
{
	(void)state;
	bench_verifier(&b, "twilio", NULL, "s", "https://x.example");
	bench_header(&b, "Content-Type", "application/json");
	sign();
	assert_true(str_starts(b.request.query, STR("bodySHA256=")));
	assert_result(&b, VERIFY_OK);
	b.request.body = STR("{\"a\":2}");
	assert_result(&b, VERIFY_FORGED);
	/* An address that was signed without a hash covers no body. */
	bench_clear_headers(&b);
	bench_target(&b, STR("/hooks/x"));
	b.request.body = STR("");
	sign();
	assert_result(&b, VERIFY_OK);
	b.request.body = STR("{\"a\":2}");
	assert_result(&b, VERIFY_MISSING);
}

static void
twilio_may_write_the_port_or_not(void **state)
{
	(void)state;
	bench_header(&b, "Content-Type",
	    "application/x-www-form-urlencoded; charset=utf-8");
	b.request.body = STR("b=2&a=1");
	bench_verifier(&b, "twilio", NULL, "s", "https://x.example:443");
	sign();
	bench_verifier(&b, "twilio", NULL, "s", "https://x.example");
	assert_result(&b, VERIFY_OK);
	b.request.body = STR("a=1&b=2"); /* the order is not signed */
	assert_result(&b, VERIFY_OK);
	b.request.body = STR("a=1&b=3");
	assert_result(&b, VERIFY_FORGED);
	b.request.body = STR("a=1&b=%");
	assert_result(&b, VERIFY_MALFORMED);
	bench_verifier(&b, "twilio", NULL, "s", "https://x.example:8443");
	b.request.body = STR("a=1&b=2");
	assert_result(&b, VERIFY_FORGED);
}

static void
a_token_is_compared_whole(void **state)
{
	(void)state;
	bench_verifier(&b, "generic", NULL, "the-token", NULL);
	assert_result(&b, VERIFY_MISSING);
	bench_header(&b, "X-Webhook-Token", "the-token");
	assert_result(&b, VERIFY_OK);
	b.headers[0].value = STR("the-toke");
	assert_result(&b, VERIFY_FORGED);
	b.headers[0].value = STR("the-token2");
	assert_result(&b, VERIFY_FORGED);
	b.headers[0].value = STR("THE-TOKEN");
	assert_result(&b, VERIFY_FORGED);
	b.headers[0].value = STR("the-token");
	bench_header(&b, "X-Webhook-Token", "the-token");
	assert_result(&b, VERIFY_MALFORMED);
}

static void
a_token_may_stand_behind_a_prefix(void **state)
{
	(void)state;
	bench_verifier(&b, "token", NULL, "the-token", NULL);
	bench_header(&b, "Authorization", "Bearer the-token");
	assert_result(&b, VERIFY_OK);
	b.headers[0].value = STR("the-token");
	assert_result(&b, VERIFY_MALFORMED);
	b.headers[0].value = STR("Bearer ");
	assert_result(&b, VERIFY_MALFORMED); /* trimmed: no prefix */
	b.headers[0].value = STR("Bearer x");
	assert_result(&b, VERIFY_FORGED);
}

static void
a_token_may_stand_in_the_query_or_the_body(void **state)
{
	(void)state;
	bench_verifier(&b, "query-token", NULL, "a b", NULL);
	bench_target(&b, STR("/hooks/x?token=a%20b"));
	assert_result(&b, VERIFY_OK);
	bench_target(&b, STR("/hooks/x?token=a%20b&token=a%20b"));
	assert_result(&b, VERIFY_MALFORMED);
	bench_target(&b, STR("/hooks/x"));
	assert_result(&b, VERIFY_MISSING);

	bench_verifier(&b, "google-ads", NULL, "k/1", NULL);
	b.request.body = STR("{\"google_key\":\"k\\/1\"}");
	assert_result(&b, VERIFY_OK);
	b.request.body = STR("{\"google_key\":\"k2\"}");
	assert_result(&b, VERIFY_FORGED);
	b.request.body = STR("{}");
	assert_result(&b, VERIFY_MISSING);

	bench_verifier(&b, "wufoo", NULL, "k1", NULL);
	b.request.body = STR("Field1=x&HandshakeKey=k1");
	assert_result(&b, VERIFY_OK);
	b.request.body = STR("Field1=x&HandshakeKey=k2");
	assert_result(&b, VERIFY_FORGED);
}

static void
basic_is_user_and_password(void **state)
{
	(void)state;
	bench_verifier(&b, "basic", "user = \"Aladdin\";", "open sesame", NULL);
	assert_result(&b, VERIFY_MISSING);
	/* RFC 7617's own example. */
	bench_header(&b, "Authorization", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
	assert_result(&b, VERIFY_OK);
	b.headers[0].value = STR("basic  QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
	assert_result(&b, VERIFY_OK);
	b.headers[0].value = STR("Bearer QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
	assert_result(&b, VERIFY_MALFORMED);
	b.headers[0].value = STR("Basic");
	assert_result(&b, VERIFY_MALFORMED);
	b.headers[0].value = STR("Basic QWxh*GRpbjpvcGVuIHNlc2FtZQ==");
	assert_result(&b, VERIFY_MALFORMED);
	b.headers[0].value = STR("Basic QWxhZGRpbjpvcGVuIHNlc2FtZA==");
	assert_result(&b, VERIFY_FORGED);
	b.headers[0].value = STR("Basic QWxhZGRpbg==");
	assert_result(&b, VERIFY_FORGED);
}

static void
an_arena_that_is_full_lets_nobody_in(void **state)
{
	struct arena *tiny = arena_new(8);

	(void)state;
	bench_verifier(&b, "hubspot", NULL, "s", "https://x.example");
	sign();
	assert_int_equal(verifier_check(b.verifier, &b.request, tiny),
	    VERIFY_MALFORMED);
	arena_free(tiny);
}

static void
a_large_key_is_hashed_first(void **state)
{
	char key[300];

	(void)state;
	memset(key, 'k', sizeof(key) - 1);
	key[sizeof(key) - 1] = '\0';
	bench_verifier(&b, "github", NULL, key, NULL);
	sign();
	assert_result(&b, VERIFY_OK);
	key[299 - 1] = 'l';
	bench_verifier(&b, "github", NULL, key, NULL);
	assert_result(&b, VERIFY_FORGED);
}

static void
results_have_names(void **state)
{
	(void)state;
	for (int r = 0; r < VERIFY_RESULTS; r++)
		assert_non_null(verify_result_name((enum verify_result)r));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_missing_header_is_missing),
		TEST(a_header_given_twice_is_malformed),
		TEST(a_header_is_found_whatever_its_case),
		TEST(a_changed_body_is_forged),
		TEST(another_secret_is_forged),
		TEST(a_signature_has_to_be_of_its_form),
		TEST(hex_may_be_of_either_case),
		TEST(base64_may_come_with_padding_or_without),
		TEST(every_secret_of_a_rotation_is_accepted),
		TEST(the_window_is_exact_on_both_sides),
		TEST(a_stale_forgery_is_a_forgery),
		TEST(the_time_is_signed),
		TEST(kv_takes_what_it_knows),
		TEST(candidates_are_bounded),
		TEST(the_id_and_time_of_standard_webhooks_are_signed),
		TEST(the_address_is_signed),
		TEST(hubspot_may_have_decoded_the_address_or_not),
		TEST(twilio_covers_bodies_that_are_no_forms),
		TEST(twilio_may_write_the_port_or_not),
		TEST(a_token_is_compared_whole),
		TEST(a_token_may_stand_behind_a_prefix),
		TEST(a_token_may_stand_in_the_query_or_the_body),
		TEST(basic_is_user_and_password),
		TEST(an_arena_that_is_full_lets_nobody_in),
		TEST(a_large_key_is_hashed_first),
		TEST(results_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
