/*
 * tests/unit/verify/test_address.c - proof by address, alone and beside a
 * signature; and what a trusted front says of a request.
 */
#include "unit/verify/one_bench.h"

#include "verify/verify_scheme.h"

static void
from(const char *peer)
{
	b.request.peer = str_of(peer);
}

static void
an_address_may_be_all_the_proof(void **state)
{
	(void)state;
	bench_verifier(&b, NULL,
	    "type = \"ip\"; addresses = \"192.0.2.0/24, 2001:db8::/32\";", NULL,
	    NULL);
	assert_false(verifier_is_open(b.verifier));
	from("192.0.2.9");
	assert_result(&b, VERIFY_OK);
	from("2001:db8::9");
	assert_result(&b, VERIFY_OK);
	from("198.51.100.9");
	assert_result(&b, VERIFY_STRANGER);
	from("");
	assert_result(&b, VERIFY_STRANGER);
	/* Nobody is believed to be somebody else. */
	bench_header(&b, "X-Forwarded-For", "192.0.2.9");
	from("198.51.100.9");
	assert_result(&b, VERIFY_STRANGER);
	bench_clear_headers(&b);
	assert_int_equal(bench_sign(&b, NULL), 0);
	assert_int_equal(b.request.header_count, 0);
}

static void
an_address_counts_beside_every_other_proof(void **state)
{
	static const char *const senders[] = { "github", "generic", "basic",
		"hubspot-v1" };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(senders); i++) {
		bench_clear_headers(&b);
		bench_verifier(&b, senders[i], "addresses = \"192.0.2.0/24\";",
		    "s", NULL);
		from("198.51.100.9");
		assert_int_equal(bench_sign(&b, NULL), 0);
		assert_result(&b, VERIFY_STRANGER);
		from("192.0.2.1");
		assert_result(&b, VERIFY_OK);
		/* And is not enough. */
		bench_clear_headers(&b);
		assert_result(&b, VERIFY_MISSING);
	}
}

struct forwarded {
	const char *peer;
	const char *headers[3]; /* of X-Forwarded-For */
	enum verify_result want;
};

static void
a_front_says_who_its_client_is(void **state)
{
	static const struct forwarded rows[] = {
		{ "10.0.0.1", { "192.0.2.9" }, VERIFY_OK },
		{ "10.0.0.1", { "198.51.100.1, 192.0.2.9" }, VERIFY_OK },
		{ "10.0.0.1", { "192.0.2.9, 10.0.0.2" }, VERIFY_OK },
		{ "10.0.0.1", { "192.0.2.9", "10.0.0.2" }, VERIFY_OK },
		{ "10.0.0.1", { "192.0.2.9, 10.0.0.2, 10.0.0.3" }, VERIFY_OK },
		{ "::ffff:10.0.0.1", { "192.0.2.9" }, VERIFY_OK },
		/* What the client wrote stands before what the front did. */
		{ "10.0.0.1", { "192.0.2.9, 198.51.100.1" }, VERIFY_STRANGER },
		{ "10.0.0.1", { "192.0.2.9", "198.51.100.1" },
		    VERIFY_STRANGER },
		{ "10.0.0.1", { "192.0.2.9, 198.51.100.1, 10.0.0.2" },
		    VERIFY_STRANGER },
		{ "10.0.0.1", { "192.0.2.9, unknown" }, VERIFY_STRANGER },
		{ "10.0.0.1", { "192.0.2.9," }, VERIFY_STRANGER },
		{ "10.0.0.1", { "10.0.0.2" }, VERIFY_STRANGER },
		{ "10.0.0.1", { "" }, VERIFY_STRANGER },
		{ "10.0.0.1", { NULL }, VERIFY_STRANGER },
		/* Around the front. */
		{ "192.0.2.9", { NULL }, VERIFY_OK },
		{ "198.51.100.1", { "192.0.2.9" }, VERIFY_STRANGER },
	};

	(void)state;
	bench_verifier(&b, NULL,
	    "type = \"ip\"; addresses = \"192.0.2.0/24\"; "
	    "front = \"10.0.0.0/8\";",
	    NULL, NULL);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		enum verify_result got;

		bench_clear_headers(&b);
		for (size_t k = 0; k < 3 && rows[i].headers[k] != NULL; k++)
			bench_header(&b,
			    k == 0 ? "X-Forwarded-For" : "x-forwarded-for",
			    rows[i].headers[k]);
		from(rows[i].peer);
		got = bench_check(&b);
		if (got != rows[i].want)
			fail_msg("row %zu is %s", i, verify_result_name(got));
	}
}

#define SIGNED "znMZvRi4/qtDbOvSC6Mw76ZtZISGb/NUiiJwmqT1Hfk="
#define SIGNED_443 "4WhT64RRDg6NK6DVVZQ9bf386DLY9znaxe7iFu6MeZ8="

struct front_row {
	const char *peer, *proto, *host, *signature;
	enum verify_result want;
};

/* Square signs the address; it posted to https://hooks.example/hooks/x. */
static void
a_front_says_which_address_was_asked(void **state)
{
	static const struct front_row rows[] = {
		{ "10.0.0.1", "https", "hooks.example", SIGNED, VERIFY_OK },
		{ "10.0.0.1", "https", "hooks.example:443", SIGNED, VERIFY_OK },
		{ "10.0.0.1", "https", "hooks.example", SIGNED_443, VERIFY_OK },
		{ "10.0.0.1", "http", "hooks.example", SIGNED, VERIFY_FORGED },
		{ "10.0.0.1", "https", "other.example", SIGNED, VERIFY_FORGED },
		{ "10.0.0.1", "ftp", "hooks.example", SIGNED,
		    VERIFY_MALFORMED },
		{ "10.0.0.1", "HTTPS", "hooks.example", SIGNED,
		    VERIFY_MALFORMED },
		{ "10.0.0.1", "https, http", "hooks.example", SIGNED,
		    VERIFY_MALFORMED },
		{ "10.0.0.1", "https", "hooks.example, x.example", SIGNED,
		    VERIFY_MALFORMED },
		{ "10.0.0.1", "https", "hooks.example,x.example", SIGNED,
		    VERIFY_MALFORMED },
		{ "10.0.0.1", "https", "hooks.example/hooks", SIGNED,
		    VERIFY_MALFORMED },
		{ "10.0.0.1", "https", "u@hooks.example", SIGNED,
		    VERIFY_MALFORMED },
		{ "10.0.0.1", "https", "hooks.example?", SIGNED,
		    VERIFY_MALFORMED },
		{ "10.0.0.1", NULL, "hooks.example", SIGNED, VERIFY_MISSING },
		{ "10.0.0.1", "https", NULL, SIGNED, VERIFY_MISSING },
		/* The same headers, of somebody who is not the front. */
		{ "192.0.2.9", "https", "hooks.example", SIGNED,
		    VERIFY_STRANGER },
	};

	(void)state;
	bench_verifier(&b, "square",
	    "front = \"10.0.0.0/8\"; url_any_port = true;", "asdf1234", NULL);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const struct front_row *r = &rows[i];
		enum verify_result got;

		bench_clear_headers(&b);
		bench_header(&b, "X-Square-HmacSha256-Signature", r->signature);
		if (r->proto != NULL)
			bench_header(&b, "X-Forwarded-Proto", r->proto);
		if (r->host != NULL)
			bench_header(&b, "X-Forwarded-Host", r->host);
		from(r->peer);
		got = bench_check(&b);
		if (got != r->want)
			fail_msg("row %zu is %s", i, verify_result_name(got));
	}
}

/* What the operator wrote is not overruled by a header. */
static void
a_public_url_goes_before_the_front(void **state)
{
	(void)state;
	bench_verifier(&b, "square",
	    "front = \"10.0.0.0/8\"; addresses = \"10.0.0.0/8\";", "asdf1234",
	    "https://hooks.example");
	from("10.0.0.1");
	bench_header(&b, "X-Square-HmacSha256-Signature", SIGNED);
	bench_header(&b, "X-Forwarded-Proto", "https");
	bench_header(&b, "X-Forwarded-Host", "other.example");
	bench_header(&b, "X-Forwarded-For", "10.0.0.1");
	/* Nobody is behind the front here: the client is one of its own. */
	assert_result(&b, VERIFY_STRANGER);
	bench_verifier(&b, "square",
	    "front = \"10.0.0.0/8\"; addresses = \"192.0.2.9\";", "asdf1234",
	    "https://hooks.example");
	b.headers[3].value = STR("192.0.2.9");
	assert_result(&b, VERIFY_OK);
}

/* The listener has found out who is behind its proxies: one more may be. */
static void
a_client_is_whom_the_listener_names(void **state)
{
	(void)state;
	bench_clear_headers(&b);
	bench_verifier(&b, NULL, "type = \"ip\"; addresses = \"192.0.2.0/24\";",
	    NULL, NULL);
	b.request.hop = STR("10.0.0.1");
	from("192.0.2.9");
	assert_result(&b, VERIFY_OK);
	from("10.0.0.1");
	b.request.hop = STR("192.0.2.9"); /* a proxy proves nothing */
	assert_result(&b, VERIFY_STRANGER);
	bench_verifier(&b, NULL,
	    "type = \"ip\"; addresses = \"192.0.2.0/24\"; "
	    "front = \"10.0.0.0/8\";",
	    NULL, NULL);
	bench_header(&b, "X-Forwarded-For", "192.0.2.9, 10.0.0.2");
	from("198.51.100.1"); /* by the listener; the front's word goes on */
	b.request.hop = STR("10.0.0.1");
	assert_result(&b, VERIFY_OK);
	b.request.hop = STR_NONE;
	assert_result(&b, VERIFY_STRANGER);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, start, stop)
		TEST(an_address_may_be_all_the_proof),
		TEST(an_address_counts_beside_every_other_proof),
		TEST(a_front_says_who_its_client_is),
		TEST(a_client_is_whom_the_listener_names),
		TEST(a_front_says_which_address_was_asked),
		TEST(a_public_url_goes_before_the_front),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
