/*
 * tests/unit/verify/test_public.c - senders who sign with a private key,
 * played with keys made on the spot.
 */
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "unit/verify/with_verifier.h"

struct kind {
	const char *type;
	const char *name;  /* OpenSSL's */
	const char *group; /* EC */
	size_t bits;       /* RSA */
};

static const struct kind kinds[] = {
	{ "ed25519", "ED25519", NULL, 0 },
	{ "ecdsa-p256", "EC", "P-256", 0 },
	{ "rsa-sha256", "RSA", NULL, 2048 },
};

static EVP_PKEY *
make(const struct kind *k)
{
	EVP_PKEY *key = k->group != NULL ? EVP_EC_gen(k->group)
	    : k->bits > 0                ? EVP_RSA_gen((unsigned)k->bits)
	                  : EVP_PKEY_Q_keygen(NULL, NULL, k->name);

	assert_non_null(key);
	return key;
}

/* The public half, in DER. */
static struct str
der_of(struct bench *b, EVP_PKEY *key)
{
	unsigned char *der = NULL;
	int len = i2d_PUBKEY(key, &der);
	struct str out;

	assert_true(len > 0);
	out = arena_copy(b->arena, (struct str){ (char *)der, (size_t)len });
	OPENSSL_free(der);
	return out;
}

static char *
printed(struct str bytes, const char *form)
{
	struct bytes text;
	char *out;

	bytes_init(&text, 10000);
	if (strcmp(form, "hex") == 0)
		bytes_add_hex(&text, bytes.at, bytes.len);
	else
		bytes_add_base64(&text, bytes.at, bytes.len, false);
	out = base_print("%s", bytes_str(&text).at);
	bytes_done(&text);
	return out;
}

/* As OpenSSL prints it, or with its lines put together. */
static char *
pem_of(EVP_PKEY *key, bool one_line)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *data, *out;
	long len;

	assert_int_equal(PEM_write_bio_PUBKEY(bio, key), 1);
	len = BIO_get_mem_data(bio, &data);
	out = base_print("%.*s", (int)len, data);
	BIO_free(bio);
	for (char *at = out; one_line && (at = strchr(at, '\n')) != NULL;)
		*at = ' ';
	return out;
}

/* Gives the request the header X: the message's signature in base64. */
static void
sign(struct bench *b, const struct kind *k, EVP_PKEY *key, const char *message)
{
	const EVP_MD *md = k->type[1] == 'd' ? NULL : EVP_sha256();
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	unsigned char out[512];
	size_t len = sizeof(out);
	char *text;

	assert_int_equal(EVP_DigestSignInit(ctx, NULL, md, NULL, key), 1);
	assert_int_equal(EVP_DigestSign(ctx, out, &len,
	                     (const unsigned char *)message, strlen(message)),
	    1);
	EVP_MD_CTX_free(ctx);
	text = printed((struct str){ (char *)out, len }, "base64");
	bench_clear_headers(b);
	bench_header(b, "T", "1700000000");
	bench_header(b, "X",
	    arena_copy(b->arena, str_of(text)).at); /* ends in '\0' */
	base_free(text);
}

#define SIGNED                                                                 \
	"signature = \"header:X\"; encoding = \"base64\"; "                    \
	"timestamp = \"header:T\"; message = \"{timestamp}.{body}\"; "

static void
check_one(struct bench *b, const struct kind *k, EVP_PKEY *key,
    const char *form, const char *secret)
{
	char *group = base_print("type = \"%s\"; key = \"%s\"; " SIGNED,
	    k->type, form);

	bench_verifier(b, NULL, group, secret, NULL);
	base_free(group);
	sign(b, k, key, "1700000000.{\"a\":1}");
	assert_result(b, VERIFY_OK);
	b->request.body = STR("{\"a\":2}");
	assert_result(b, VERIFY_FORGED);
	/* Nothing is left for a connection of this thread to trip over. */
	assert_int_equal(ERR_peek_error(), 0);
	b->request.body = STR("{\"a\":1}");
	b->request.received_ms = NOW_MS + 301000;
	assert_result(b, VERIFY_STALE);
	b->request.received_ms = NOW_MS;
}

static void
a_public_key_may_be_written_in_four_ways(void **state)
{
	static const char *const forms[] = { "hex", "base64" };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(kinds); i++) {
		EVP_PKEY *key = make(&kinds[i]);
		struct bench b;
		char *text;

		bench_start(&b);
		for (size_t f = 0; f < COUNT_OF(forms); f++) {
			text = printed(der_of(&b, key), forms[f]);
			check_one(&b, &kinds[i], key, forms[f], text);
			base_free(text);
		}
		text = pem_of(key, true);
		check_one(&b, &kinds[i], key, "utf8", text);
		base_free(text);
		bench_done(&b);
		EVP_PKEY_free(key);
	}
}

static void
a_published_key_needs_no_secret(void **state)
{
	for (size_t i = 0; i < COUNT_OF(kinds); i++) {
		EVP_PKEY *key = make(&kinds[i]);
		char *pem = pem_of(key, i % 2 == 0), *group;
		struct bench b;

		(void)state;
		bench_start(&b);
		group = base_print("type = \"%s\"; public_key = "
		                   "\"%s\"; " SIGNED,
		    kinds[i].type, pem);
		bench_verifier(&b, NULL, group, NULL, NULL);
		sign(&b, &kinds[i], key, "1700000000.{\"a\":1}");
		assert_result(&b, VERIFY_OK);
		base_free(group);
		base_free(pem);
		bench_done(&b);
		EVP_PKEY_free(key);
	}
}

static void
both_keys_of_a_rotation_are_accepted(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(kinds); i++) {
		EVP_PKEY *old = make(&kinds[i]), *new = make(&kinds[i]);
		EVP_PKEY *other = make(&kinds[i]);
		char *first = pem_of(old, true), *second = pem_of(new, true);
		const char *const values[] = { first, second, NULL };
		char *group = base_print("type = \"%s\"; " SIGNED,
		    kinds[i].type);
		struct bench b;

		bench_start(&b);
		bench_secrets(&b, values);
		bench_verifier(&b, NULL, group, NULL, NULL);
		sign(&b, &kinds[i], old, "1700000000.{\"a\":1}");
		assert_result(&b, VERIFY_OK);
		sign(&b, &kinds[i], new, "1700000000.{\"a\":1}");
		assert_result(&b, VERIFY_OK);
		sign(&b, &kinds[i], other, "1700000000.{\"a\":1}");
		assert_result(&b, VERIFY_FORGED);
		bench_done(&b);
		base_free(group);
		base_free(first);
		base_free(second);
		EVP_PKEY_free(old);
		EVP_PKEY_free(new);
		EVP_PKEY_free(other);
	}
}

/* A weak key, another curve, another kind: refused when files load. */
static void
a_key_has_to_be_of_its_type(void **state)
{
	static const struct {
		struct kind made;
		const char *type, *fault;
	} rows[] = {
		{ { "", "RSA", NULL, 1024 }, "rsa-sha256",
		    "is not an RSA public key of 2048 to 4096 bits" },
		{ { "", "EC", "P-384", 0 }, "ecdsa-p256",
		    "is not a P-256 public key" },
		{ { "", "EC", "P-256", 0 }, "ed25519",
		    "is not an Ed25519 public key" },
		{ { "", "ED25519", NULL, 0 }, "rsa-sha256",
		    "is not an RSA public key" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		EVP_PKEY *key = make(&rows[i].made);
		char *pem = pem_of(key, true);
		char *group = base_print("type = \"%s\"; " SIGNED,
		    rows[i].type);
		struct bench b;

		bench_start(&b);
		assert_null(bench_build(&b, NULL, group, pem, NULL));
		assert_int_equal(b.all.count, 1);
		assert_non_null(strstr(b.all.list[0].text, rows[i].fault));
		assert_int_equal(ERR_peek_error(), 0);
		bench_done(&b);
		base_free(group);
		base_free(pem);
		EVP_PKEY_free(key);
	}
}

/* Small multiples of the torsion: y, and -y where it is another. */
static const char *const small_orders[] = {
	"0000000000000000000000000000000000000000000000000000000000000000",
	"0100000000000000000000000000000000000000000000000000000000000000",
	"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
	"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
	"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
};

static void
assert_weak(struct bench *b, const char *group, const char *secret,
    const char *why)
{
	if (bench_build(b, NULL, group, secret, NULL) != NULL)
		fail_msg("is taken: %s", secret);
	assert_int_equal(b->all.count, 1);
	assert_non_null(strstr(b->all.list[0].text, "value 1 "));
	if (strstr(b->all.list[0].text, why) == NULL)
		fail_msg("%s", b->all.list[0].text);
	assert_int_equal(ERR_peek_error(), 0);
}

/* Anybody signs for these: R of the same order and S of nothing fit. */
static void
an_ed25519_key_of_small_order_is_refused(void **state)
{
	static const char spki[] = "302a300506032b6570032100";

	(void)state;
	for (size_t i = 0; i < COUNT_OF(small_orders); i++)
		for (int sign = 0; sign < 2; sign++) {
			char raw[65], der[100];
			struct bench b;

			bench_start(&b);
			snprintf(raw, sizeof(raw), "%s", small_orders[i]);
			if (sign == 1) /* the high bit of the last byte */
				raw[62] = raw[62] == '0' ? '8' : 'f';
			snprintf(der, sizeof(der), "%s%s", spki, raw);
			assert_weak(&b,
			    "type = \"ed25519\"; key = \"hex\"; " SIGNED, raw,
			    "a point of small order");
			assert_weak(&b,
			    "type = \"ed25519\"; key = \"hex\"; " SIGNED, der,
			    "a point of small order");
			bench_done(&b);
		}
}

static void
the_presets_refuse_keys_of_small_order_too(void **state)
{
	struct bench b;

	(void)state;
	bench_start(&b);
	/* First: it has its key, and takes no other. */
	assert_null(bench_build(&b, "highlevel",
	    "public_key = \"MCowBQYDK2VwAyEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	    "AAAAAAAAAAA=\";",
	    NULL, NULL));
	assert_non_null(strstr(b.all.list[0].text, "small order"));
	assert_null(bench_build(&b, "discord", NULL, small_orders[0], NULL));
	assert_non_null(strstr(b.all.list[0].text, "small order"));
	assert_null(bench_build(&b, "standard-webhooks-ed25519", NULL,
	    "whpk_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", NULL));
	assert_non_null(strstr(b.all.list[0].text, "small order"));
	bench_done(&b);
}

/* The modulus of a key just made, with another exponent. */
static EVP_PKEY *
with_exponent(EVP_PKEY *key, unsigned long exponent)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
	BIGNUM *n = NULL, *e = BN_new();
	EVP_PKEY *out = NULL;
	OSSL_PARAM *params;

	assert_int_equal(EVP_PKEY_get_bn_param(key, "n", &n), 1);
	assert_int_equal(BN_set_word(e, exponent), 1);
	assert_int_equal(OSSL_PARAM_BLD_push_BN(bld, "n", n), 1);
	assert_int_equal(OSSL_PARAM_BLD_push_BN(bld, "e", e), 1);
	params = OSSL_PARAM_BLD_to_param(bld);
	assert_int_equal(EVP_PKEY_fromdata_init(ctx), 1);
	assert_int_equal(EVP_PKEY_fromdata(ctx, &out, EVP_PKEY_PUBLIC_KEY,
	                     params),
	    1);
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(bld);
	EVP_PKEY_CTX_free(ctx);
	BN_free(n);
	BN_free(e);
	return out;
}

static void
an_rsa_key_needs_an_exponent_that_hides(void **state)
{
	static const unsigned long weak[] = { 1, 2, 65536 };
	EVP_PKEY *sound = make(&kinds[2]);

	(void)state;
	for (size_t i = 0; i < COUNT_OF(weak); i++) {
		EVP_PKEY *key = with_exponent(sound, weak[i]);
		char *pem = pem_of(key, true);
		struct bench b;

		bench_start(&b);
		assert_weak(&b, "type = \"rsa-sha256\"; " SIGNED, pem,
		    "has an exponent with which anybody can sign");
		bench_done(&b);
		base_free(pem);
		EVP_PKEY_free(key);
	}
	EVP_PKEY_free(sound);
}

static void
what_stands_behind_a_key_is_refused(void **state)
{
	EVP_PKEY *key = make(&kinds[0]);
	char *pem = pem_of(key, true);
	char *more = base_print("%s x", pem);
	struct bench b;

	(void)state;
	bench_start(&b);
	assert_null(
	    bench_build(&b, NULL, "type = \"ed25519\"; " SIGNED, more, NULL));
	pem[11] = 'p';
	assert_null(
	    bench_build(&b, NULL, "type = \"ed25519\"; " SIGNED, pem, NULL));
	bench_done(&b);
	base_free(pem);
	base_free(more);
	EVP_PKEY_free(key);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_public_key_may_be_written_in_four_ways),
		cmocka_unit_test(a_published_key_needs_no_secret),
		cmocka_unit_test(both_keys_of_a_rotation_are_accepted),
		cmocka_unit_test(a_key_has_to_be_of_its_type),
		cmocka_unit_test(an_ed25519_key_of_small_order_is_refused),
		cmocka_unit_test(the_presets_refuse_keys_of_small_order_too),
		cmocka_unit_test(an_rsa_key_needs_an_exponent_that_hides),
		cmocka_unit_test(what_stands_behind_a_key_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
