/*
 * tests/unit/listener/test_tls_names.c - who answers to which name: exact
 * ones, wildcards, and what is none.
 */
#include <openssl/evp.h>
#include <openssl/x509v3.h>

#include "unit/cmocka_all.h"

#include "listener/listener_tls.h"

/* Contexts are told apart, not used. */
#define WHO(n) ((SSL_CTX *)(uintptr_t)(n))

/* What names_read() makes of a certificate with these alternative names. */
static void
names_of(const char *san, struct tls_names *to)
{
	X509 *x = X509_new();
	X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, NULL,
	    NID_subject_alt_name, san);

	assert_non_null(e);
	X509_add_ext(x, e, -1);
	X509_EXTENSION_free(e);
	names_read(x, to);
	X509_free(x);
}

static size_t
join(struct tls_names *table, const char *san, unsigned who)
{
	struct tls_names names;
	size_t added;

	names_of(san, &names);
	added = names_join(table, &names, WHO(who));
	names_done(&names);
	return added;
}

static void
names_are_the_certificates(void **state)
{
	struct tls_names n, same, other;
	X509 *x = X509_new();

	(void)state;
	names_of("DNS:b.test,IP:10.0.0.1,DNS:A.test,DNS:b.TEST,email:a@b.test,"
	         "URI:https://c.test,DNS:*.d.test,DNS:a*.d.test,DNS:*,"
	         "DNS:*.*.e.test,DNS:f.*.test",
	    &n);
	assert_int_equal(n.count, 3);
	assert_string_equal(n.list[0].text, "*.d.test");
	assert_string_equal(n.list[1].text, "a.test");
	assert_string_equal(n.list[2].text, "b.test");
	names_of("DNS:a.test,DNS:b.test,DNS:*.d.test", &same);
	names_of("DNS:a.test,DNS:b.test", &other);
	assert_true(names_equal(&n, &same));
	assert_false(names_equal(&n, &other));
	assert_false(names_equal(&other, &n));
	names_done(&n);
	names_done(&same);
	names_done(&other);
	names_read(x, &n); /* no extension at all */
	assert_int_equal(n.count, 0);
	names_done(&n);
	X509_free(x);
}

static const struct {
	const char *host;
	unsigned who;
} asked[] = {
	{ "one.test", 1 },
	{ "ONE.TesT", 1 },
	{ "shared.test", 1 },
	{ "two.test", 2 },
	{ "x.wild.test", 2 },
	{ "*.wild.test", 2 }, /* a label like any other */
	{ "exact.wild.test", 3 },
	{ "wild.test", 0 },
	{ "x.y.wild.test", 0 },
	{ ".wild.test", 0 },
	{ "xwild.test", 0 },
	{ "one.test.", 0 },
	{ "one", 0 },
	{ "", 0 },
	{ ".", 0 },
	{ "..", 0 },
	{ "*", 0 },
	{ "one.tes", 0 },
	{ "one.testx", 0 },
};

static void
the_most_exact_name_answers(void **state)
{
	struct tls_names t = { .list = NULL };
	char longest[300];

	(void)state;
	assert_null(names_find(&t, "one.test"));
	assert_int_equal(join(&t, "DNS:one.test,DNS:shared.test", 1), 2);
	assert_int_equal(join(&t,
	                     "DNS:two.test,DNS:shared.test,DNS:*.wild.test", 2),
	    2);
	assert_int_equal(join(&t, "DNS:exact.wild.test", 3), 1);
	assert_int_equal(join(&t, "DNS:one.test,DNS:two.test", 4), 0);
	for (size_t i = 0; i < COUNT_OF(asked); i++)
		if (names_find(&t, asked[i].host) != WHO(asked[i].who))
			fail_msg("%s", asked[i].host);
	/* Longer than any host, and as long as one may be. */
	for (size_t len = 250; len < sizeof(longest); len++) {
		memset(longest, 'a', len);
		longest[len] = '\0';
		assert_null(names_find(&t, longest));
	}
	names_done(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_the_certificates),
		cmocka_unit_test(the_most_exact_name_answers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
