/* tests/unit/verify/test_token.c - a token that was looked at is forgotten. */
#include "unit/verify/one_bench.h"

#define TOKEN "a-token-of-ours"

static void
a_token_in_a_header_is_overwritten(void **state)
{
	char mine[] = TOKEN, other[] = "another header";

	(void)state;
	bench_verifier(&b, NULL,
	    "type = \"token\"; signature = \"header:X-Token\";", TOKEN, NULL);
	bench_header(&b, "X-Other", other);
	bench_header(&b, "x-token", mine);
	assert_result(&b, VERIFY_OK);
	verifier_forget_token(b.verifier, &b.request, b.scratch);
	assert_string_equal(mine, "***************");
	assert_string_equal(other, "another header");
	assert_result(&b, VERIFY_FORGED);
}

static void
a_password_is_overwritten(void **state)
{
	struct str value;

	(void)state;
	bench_verifier(&b, "basic", NULL, "pass", NULL);
	assert_int_equal(bench_sign(&b, NULL), 0);
	assert_result(&b, VERIFY_OK);
	value = request_header(&b.request, STR("Authorization"));
	verifier_forget_token(b.verifier, &b.request, b.scratch);
	assert_true(value.len > 0);
	for (size_t i = 0; i < value.len; i++)
		assert_int_equal(value.at[i], '*');
}

static void
a_token_in_the_query_is_overwritten_under_any_spelling(void **state)
{
	char target[] = "/hooks/x?a=1&to%6ben=" TOKEN "&b=2";

	(void)state;
	bench_verifier(&b, NULL,
	    "type = \"token\"; signature = \"query:token\";", TOKEN, NULL);
	bench_target(&b, str_of(target));
	assert_result(&b, VERIFY_OK);
	verifier_forget_token(b.verifier, &b.request, b.scratch);
	assert_string_equal(target, "/hooks/x?a=1&to%6ben=***************&b=2");
}

/* It proves this request alone, and what maps it may want to see it. */
static void
a_signature_stays(void **state)
{
	char mine[] = "sha256=0011";

	(void)state;
	bench_verifier(&b, "github", NULL, "s", NULL);
	bench_header(&b, "X-Hub-Signature-256", mine);
	verifier_forget_token(b.verifier, &b.request, b.scratch);
	assert_string_equal(mine, "sha256=0011");
	verifier_forget_token(NULL, &b.request, b.scratch);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, start, stop)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_token_in_a_header_is_overwritten),
		TEST(a_password_is_overwritten),
		TEST(a_token_in_the_query_is_overwritten_under_any_spelling),
		TEST(a_signature_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
