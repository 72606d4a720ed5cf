/*
 * tests/unit/verify/test_client.c - proof by the name in a client's
 * certificate, alone and beside a signature.
 */
#include "unit/verify/one_bench.h"

#include "verify/verify_scheme.h"

static void
shows(const char *name)
{
	b.request.client_name = str_of(name);
}

static void
a_certificate_may_be_all_the_proof(void **state)
{
	(void)state;
	bench_verifier(&b, NULL,
	    "type = \"certificate\"; client_name = \"a.test , "
	    "spiffe://b.test/C\";",
	    NULL, NULL);
	assert_false(verifier_is_open(b.verifier));
	shows("a.test");
	assert_result(&b, VERIFY_OK);
	shows("spiffe://b.test/C");
	assert_result(&b, VERIFY_OK);
	shows("spiffe://b.test/c");
	assert_result(&b, VERIFY_CLIENT);
	shows("a.test.evil.test");
	assert_result(&b, VERIFY_CLIENT);
	shows("a.tes");
	assert_result(&b, VERIFY_CLIENT);
	shows("");
	assert_result(&b, VERIFY_CLIENT);
	shows(NULL); /* none at all */
	assert_result(&b, VERIFY_CLIENT);
	assert_int_equal(bench_sign(&b, NULL), 0);
	assert_int_equal(b.request.header_count, 0);
}

static void
it_counts_beside_every_other_proof(void **state)
{
	static const char *const senders[] = { "github", "generic", "basic",
		"hubspot-v1" };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(senders); i++) {
		bench_clear_headers(&b);
		bench_verifier(&b, senders[i], "client_name = \"a.test\";", "s",
		    NULL);
		shows("b.test");
		assert_int_equal(bench_sign(&b, NULL), 0);
		assert_result(&b, VERIFY_CLIENT);
		shows("a.test");
		assert_result(&b, VERIFY_OK);
		/* And is not enough. */
		bench_clear_headers(&b);
		assert_result(&b, VERIFY_MISSING);
	}
	shows(NULL);
}

static const struct {
	const char *group, *says;
} wrong[] = {
	{ "type = \"certificate\";", "verify.client_name: is missing" },
	{ "type = \"certificate\"; client_name = \"\";",
	    "names of certificates" },
	{ "type = \"certificate\"; client_name = \"a,,b\";",
	    "names of certificates" },
	{ "type = \"certificate\"; client_name = \"a,\";",
	    "names of certificates" },
	{ "type = \"none\"; client_name = \"a\";", "client_name" },
	{ "type = \"certificate\"; client_name = \"a\"; "
	  "signature = \"header:X\";",
	    "signature" },
};

static void
what_is_wrong_is_told(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(wrong); i++) {
		struct bytes text;

		bytes_init(&text, 4096);
		assert_null(bench_build(&b, NULL, wrong[i].group, NULL, NULL));
		faults_print(&b.all, &text);
		if (strstr(bytes_str(&text).at, wrong[i].says) == NULL)
			fail_msg("%s: %s", wrong[i].group, bytes_str(&text).at);
		bytes_done(&text);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, start, stop)
		TEST(a_certificate_may_be_all_the_proof),
		TEST(it_counts_beside_every_other_proof),
		TEST(what_is_wrong_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
