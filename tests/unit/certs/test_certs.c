/*
 * tests/unit/certs/test_certs.c - files that hold certificates, whole and
 * broken; what a chain, a key and a time are.
 */
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <unistd.h>

#include "unit/cmocka_all.h"

#include "certs/certs.h"

#define DAY ((int64_t)24 * 3600)

static char folder[] = "/tmp/certs-test-XXXXXX";
static EVP_PKEY *key, *other;

static const char *
in_folder(const char *name)
{
	static char paths[4][128];
	static unsigned turn;
	char *path = paths[turn++ % 4];

	snprintf(path, sizeof(paths[0]), "%s/%s", folder, name);
	return path;
}

static X509 *
make(EVP_PKEY *k, int64_t from, int64_t to)
{
	X509 *x = X509_new();

	X509_set_version(x, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
	assert_non_null(ASN1_TIME_set(X509_getm_notBefore(x), (time_t)from));
	assert_non_null(ASN1_TIME_set(X509_getm_notAfter(x), (time_t)to));
	X509_set_pubkey(x, k);
	assert_true(X509_sign(x, k, EVP_sha256()) > 0);
	return x;
}

/* The PEM of a certificate; its length. */
static size_t
pem_of(X509 *x, char *text, size_t room)
{
	BIO *b = BIO_new(BIO_s_mem());
	int n;

	assert_int_equal(PEM_write_bio_X509(b, x), 1);
	n = BIO_read(b, text, (int)room);
	BIO_free(b);
	return (size_t)n;
}

static void
write_file(const char *name, const char *text, size_t len)
{
	FILE *f = fopen(in_folder(name), "w");

	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, len, f), len);
	fclose(f);
}

static void
write_key(const char *name, EVP_PKEY *k)
{
	FILE *f = fopen(in_folder(name), "w");

	assert_non_null(f);
	assert_int_equal(PEM_write_PrivateKey(f, k, NULL, NULL, 0, NULL, NULL),
	    1);
	fclose(f);
}

/* "own" of `key`, then "above" of `other`, in these files. */
static char text[8192];
static size_t own_len, both_len;

static int
make_files(void **state)
{
	X509 *own, *above;

	(void)state;
	assert_non_null(mkdtemp(folder));
	key = EVP_EC_gen("P-256");
	other = EVP_EC_gen("P-256");
	own = make(key, 0, 10 * DAY);
	above = make(other, 0, 10 * DAY);
	own_len = pem_of(own, text, sizeof(text));
	both_len = own_len +
	    pem_of(above, text + own_len, sizeof(text) - own_len);
	write_file("chain", text, both_len);
	write_file("reversed", text + own_len, both_len - own_len);
	write_key("key", key);
	write_key("other.key", other);
	X509_free(own);
	X509_free(above);
	return 0;
}

static int
drop_files(void **state)
{
	static const char *const names[] = { "chain", "reversed", "key",
		"other.key", "cut" };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(names); i++)
		unlink(in_folder(names[i]));
	EVP_PKEY_free(key);
	EVP_PKEY_free(other);
	return rmdir(folder);
}

static void
a_pair_is_read_whole(void **state)
{
	struct fault why = { .code = FAULT_NONE };
	struct cert_pair p;

	(void)state;
	assert_int_equal(cert_pair_read(in_folder("chain"), in_folder("key"),
	                     &p, &why),
	    0);
	assert_int_equal(sk_X509_num(p.chain), 1);
	assert_int_equal(EVP_PKEY_eq(X509_get0_pubkey(p.own), key), 1);
	assert_int_equal(EVP_PKEY_eq(p.key, key), 1);
	assert_int_equal(ERR_peek_error(), 0);
	cert_pair_free(&p);
	assert_null(p.own);
	cert_pair_free(&p); /* an empty one is fine */
}

static void
the_servers_own_comes_first(void **state)
{
	struct fault why = { .code = FAULT_NONE };
	struct cert_pair p;

	(void)state;
	assert_int_equal(cert_pair_read(in_folder("chain"),
	                     in_folder("other.key"), &p, &why),
	    -1);
	assert_null(p.own);
	assert_non_null(strstr(why.text, "certificate number 2"));
	assert_non_null(strstr(why.where, "chain"));
	why = (struct fault){ .code = FAULT_NONE };
	assert_int_equal(cert_pair_read(in_folder("reversed"), in_folder("key"),
	                     &p, &why),
	    -1);
	assert_non_null(strstr(why.text, "does not belong to"));
	assert_non_null(strstr(why.where, "key"));
}

/* Cut anywhere, a file is whole, or refused; never half of it. */
static void
a_file_is_read_to_its_end(void **state)
{
	unsigned good = 0;

	(void)state;
	for (size_t len = 0; len <= both_len; len += 7) {
		struct fault why = { .code = FAULT_NONE };
		STACK_OF(X509) * list;

		write_file("cut", text, len);
		list = cert_list_read(in_folder("cut"), &why);
		assert_int_equal(list == NULL, why.code == FAULT_SETTINGS);
		assert_int_equal(ERR_peek_error(), 0);
		if (list == NULL)
			continue;
		good++;
		/* The first, and not yet a line of the second; or both. */
		if (!(len >= own_len - 1 &&
		        len <
		            own_len + strlen("-----BEGIN CERTIFICATE-----")) &&
		    len < both_len - 1)
			fail_msg("%zu bytes make %d certificates", len,
			    sk_X509_num(list));
		sk_X509_pop_free(list, X509_free);
	}
	assert_true(good > 0);
}

/* The second of two is broken: the first alone would be half a chain. */
static void
a_broken_certificate_spoils_the_file(void **state)
{
	struct fault why = { .code = FAULT_NONE };

	(void)state;
	text[own_len + 200] = text[own_len + 200] == 'A' ? 'B' : 'A';
	text[own_len + 60] = '*';
	write_file("cut", text, both_len);
	assert_null(cert_list_read(in_folder("cut"), &why));
	assert_non_null(strstr(why.text, "is not a file of certificates"));
}

static void
time_is_counted_to_the_second(void **state)
{
	X509 *x = make(key, 1000, 2000);
	X509 *far = make(key, 1000, INT64_C(253402300799)); /* year 9999 */

	(void)state;
	assert_int_equal(cert_seconds_left(x, 999), -1);
	assert_int_equal(cert_seconds_left(x, 1000), 1000);
	assert_int_equal(cert_seconds_left(x, 1999), 1);
	assert_int_equal(cert_seconds_left(x, 2000), 0);
	assert_true(cert_seconds_left(x, 2001) < 0);
	assert_int_equal(cert_seconds_left(far, 1000),
	    INT64_C(253402300799) - 1000);
	X509_free(x);
	X509_free(far);
}

static void
of_a_list_what_is_over_first_counts(void **state)
{
	static const int64_t ends[] = { 3000, 2000, 4000 };
	STACK_OF(X509) *list = sk_X509_new_null();
	int at;

	(void)state;
	assert_int_equal(cert_list_seconds_left(list, 1000, &at), INT64_MAX);
	for (size_t i = 0; i < COUNT_OF(ends); i++)
		sk_X509_push(list, make(key, 1000, ends[i]));
	assert_int_equal(cert_list_seconds_left(list, 1500, &at), 500);
	assert_int_equal(at, 1);
	X509_free(sk_X509_pop(list));
	sk_X509_unshift(list, make(key, 1600, 9000)); /* has not begun */
	assert_int_equal(cert_list_seconds_left(list, 1500, &at), -1);
	assert_int_equal(at, 0);
	sk_X509_pop_free(list, X509_free);
}

static void
what_is_over_soon_is_told(void **state)
{
	X509 *x = make(key, 0, 100 * DAY);
	char said[CERT_AGE_TEXT];

	(void)state;
	assert_false(cert_is_over_soon(x, 79 * DAY, said));
	assert_string_equal(said, "");
	assert_true(cert_is_over_soon(x, 79 * DAY + 1, said));
	assert_string_equal(said, "is over in 20 days: have it renewed");
	assert_true(cert_is_over_soon(x, 98 * DAY + 1, said));
	assert_string_equal(said, "is over in 1 day: have it renewed");
	assert_true(cert_is_over_soon(x, 99 * DAY + 1, said));
	assert_string_equal(said, "is over in 0 days: have it renewed");
	X509_free(x);
}

/* Below: extensions as openssl.cnf writes them. */
static const struct exclusion {
	const char *constraints;
	const char *host;
	bool excluded;
} exclusions[] = {
	{ "excluded;DNS:leads.test", "leads.test", true },
	{ "excluded;DNS:leads.test", "api.leads.test", true },
	{ "excluded;DNS:leads.test", "a.b.leads.test", true },
	{ "excluded;DNS:LEADS.test", "api.leads.TEST", true },
	{ "excluded;DNS:leads.test", "misleads.test", false },
	{ "excluded;DNS:leads.test", "test", false },
	{ "excluded;DNS:leads.test", "leads.test.example", false },
	{ "excluded;DNS:api.leads.test", "leads.test", false },
	{ "excluded;DNS:.leads.test", "api.leads.test", true },
	{ "excluded;DNS:.leads.test", "leads.test", false },
	{ "excluded;DNS:a.test,excluded;DNS:b.test", "b.test", true },
	{ "DER:3006a10430028200", "any.test", true }, /* DNS: nothing, all */
	{ "permitted;DNS:leads.test", "leads.test", false },
	{ "permitted;DNS:other.test", "leads.test", false },
	{ "excluded;email:leads.test", "leads.test", false },
	{ "excluded;URI:leads.test", "leads.test", false },
	{ "excluded;IP:10.0.0.0/255.0.0.0", "leads.test", false },
	{ "DER:3000", "leads.test", false },
	{ "DER:0500", "leads.test", false }, /* cannot be read */
	{ NULL, "leads.test", false },
};

static void
what_is_excluded_is_told(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(exclusions); i++) {
		const struct exclusion *e = &exclusions[i];
		X509 *x = make(key, 0, DAY);
		X509_EXTENSION *ext = NULL;

		if (e->constraints != NULL) {
			ext = X509V3_EXT_conf_nid(NULL, NULL,
			    NID_name_constraints, e->constraints);
			assert_int_equal(X509_add_ext(x, ext, -1), 1);
		}
		if (cert_excludes(x, e->host) != e->excluded)
			fail_msg("%s of %s", e->host, e->constraints);
		assert_int_equal(ERR_peek_error(), 0);
		X509_EXTENSION_free(ext);
		X509_free(x);
	}
}

static void
a_pin_is_of_the_key_alone(void **state)
{
	unsigned char a[CERT_PIN_SIZE], b[CERT_PIN_SIZE], c[CERT_PIN_SIZE];
	X509 *one = make(key, 1, 2), *two = make(key, 3, 4);
	X509 *three = make(other, 1, 2);

	(void)state;
	assert_true(cert_pin(one, a));
	assert_true(cert_pin(two, b));
	assert_true(cert_pin(three, c));
	assert_memory_equal(a, b, sizeof(a));
	assert_memory_not_equal(a, c, sizeof(a));
	X509_free(one);
	X509_free(two);
	X509_free(three);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_pair_is_read_whole),
		cmocka_unit_test(the_servers_own_comes_first),
		cmocka_unit_test(a_file_is_read_to_its_end),
		cmocka_unit_test(a_broken_certificate_spoils_the_file),
		cmocka_unit_test(time_is_counted_to_the_second),
		cmocka_unit_test(of_a_list_what_is_over_first_counts),
		cmocka_unit_test(what_is_over_soon_is_told),
		cmocka_unit_test(what_is_excluded_is_told),
		cmocka_unit_test(a_pin_is_of_the_key_alone),
	};

	return cmocka_run_group_tests(tests, make_files, drop_files);
}
