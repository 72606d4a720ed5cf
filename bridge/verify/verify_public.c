/*
 * verify/verify_public.c - the public keys of senders who sign with a private
 * one.
 */
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <string.h>

#include "verify/verify_scheme.h"

/* Below, it can be broken; above, a forgery costs us more than its sender. */
#define RSA_BITS_MIN 2048
#define RSA_BITS_MAX 4096

static bool
is_sound(EVP_PKEY *key)
{
	EVP_PKEY_CTX *check = EVP_PKEY_CTX_new(key, NULL);
	bool sound = check != NULL && EVP_PKEY_public_check(check) == 1;

	EVP_PKEY_CTX_free(check);
	return sound;
}

/*
 * The points whose order divides eight, by their y, and the two that can be
 * written in a second way. The last byte's high bit is the sign of x; both
 * signs are as bad. With such a key anybody makes signatures that fit.
 */
static const unsigned char small_orders[][32] = {
	{ 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00 },
	{ 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00 },
	{ 0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4,
	    0x89, 0xf2, 0xef, 0x98, 0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6,
	    0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05 },
	{ 0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b,
	    0x76, 0x0d, 0x10, 0x67, 0x0f, 0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39,
	    0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a },
	{ 0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f },
	{ 0xed, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f },
	{ 0xee, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f },
};

static const char *
weak_ed25519(EVP_PKEY *key)
{
	unsigned char raw[32];
	size_t len = sizeof(raw);

	if (EVP_PKEY_get_raw_public_key(key, raw, &len) != 1)
		return NULL;
	raw[31] &= 0x7f;
	for (size_t i = 0; i < COUNT_OF(small_orders); i++)
		if (CRYPTO_memcmp(raw, small_orders[i], sizeof(raw)) == 0)
			return "is a key that anybody can sign for (a point "
			       "of small order); ask the sender for another";
	return NULL;
}

static bool
fits_ed25519(EVP_PKEY *key)
{
	return EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519;
}

static bool
fits_ecdsa(EVP_PKEY *key)
{
	char group[32];

	return EVP_PKEY_get_base_id(key) == EVP_PKEY_EC &&
	    EVP_PKEY_get_group_name(key, group, sizeof(group), NULL) == 1 &&
	    strcmp(group, "prime256v1") == 0 && is_sound(key);
}

static bool
fits_rsa(EVP_PKEY *key)
{
	int bits = EVP_PKEY_get_bits(key);

	return EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA &&
	    bits >= RSA_BITS_MIN && bits <= RSA_BITS_MAX;
}

/* With e = 1 the signature is the text itself; with an even one none is. */
static const char *
weak_rsa(EVP_PKEY *key)
{
	BIGNUM *e = NULL;
	bool odd = EVP_PKEY_get_bn_param(key, "e", &e) == 1 && BN_is_odd(e) &&
	    !BN_is_one(e);

	BN_free(e);
	if (!odd)
		return "has an exponent with which anybody can sign; ask the "
		       "sender for another key";
	return is_sound(key) ? NULL : "is no sound RSA key";
}

static const struct {
	bool (*fits)(EVP_PKEY *key);
	const char *(*weak)(EVP_PKEY *key); /* or NULL */
	const char *words;
} kinds[] = {
	[SCHEME_ED25519] = { fits_ed25519, weak_ed25519,
	    "an Ed25519 public key" },
	[SCHEME_ECDSA_P256] = { fits_ecdsa, NULL, "a P-256 public key" },
	[SCHEME_RSA_SHA256] = { fits_rsa, weak_rsa,
	    "an RSA public key of 2048 to 4096 bits" },
};

const char *
public_key_words(enum scheme_type type)
{
	return kinds[type].words;
}

static EVP_PKEY *
read_key(enum scheme_type type, struct str bytes)
{
	const unsigned char *at = (const unsigned char *)bytes.at;
	const unsigned char *end = at + bytes.len;
	EVP_PKEY *key;

	if (type == SCHEME_ED25519 && bytes.len == 32)
		return EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, at,
		    bytes.len);
	key = d2i_PUBKEY(NULL, &at, (long)bytes.len);
	if (key != NULL && at == end && kinds[type].fits(key))
		return key;
	EVP_PKEY_free(key);
	return NULL;
}

EVP_PKEY *
public_key_read(enum scheme_type type, struct str bytes, const char **weak)
{
	EVP_PKEY *key = read_key(type, bytes);

	*weak = key != NULL && kinds[type].weak != NULL ? kinds[type].weak(key)
	                                                : NULL;
	if (*weak != NULL) {
		EVP_PKEY_free(key);
		key = NULL;
	}
	ERR_clear_error();
	return key;
}

/* Lines may be broken anywhere, or not at all: a setting is often one. */
int64_t
public_key_pem(struct str text, unsigned char *out, size_t size)
{
	const struct str begin = STR("-----BEGIN PUBLIC KEY-----");
	const struct str end = STR("-----END PUBLIC KEY-----");
	struct bytes plain;
	int64_t len = -1;

	text = str_trim(text);
	if (text.len < begin.len + end.len || !str_starts(text, begin) ||
	    !str_eq(str_skip(text, text.len - end.len), end))
		return -1;
	text = str_skip(text, begin.len);
	text.len -= end.len;
	bytes_init(&plain, 2 * size);
	for (size_t i = 0; i < text.len; i++)
		if (strchr(" \t\r\n", text.at[i]) == NULL)
			bytes_add_char(&plain, text.at[i]);
	if (bytes_ok(&plain))
		len = base64_decode(bytes_str(&plain), false, out, size);
	bytes_done(&plain);
	return len;
}
