/*
 * verify/verify_public.c - the public keys of senders who sign with a private
 * one.
 */
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

	/* The check refuses exponents with which anybody can sign. */
	return EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA &&
	    bits >= RSA_BITS_MIN && bits <= RSA_BITS_MAX && is_sound(key);
}

static const struct {
	bool (*fits)(EVP_PKEY *key);
	const char *words;
} kinds[] = {
	[SCHEME_ED25519] = { fits_ed25519, "an Ed25519 public key" },
	[SCHEME_ECDSA_P256] = { fits_ecdsa, "a P-256 public key" },
	[SCHEME_RSA_SHA256] = { fits_rsa,
	    "an RSA public key of 2048 to 4096 bits" },
};

const char *
public_key_words(enum scheme_type type)
{
	return kinds[type].words;
}

EVP_PKEY *
public_key_read(enum scheme_type type, struct str bytes)
{
	const unsigned char *at = (const unsigned char *)bytes.at;
	EVP_PKEY *key;

	if (type == SCHEME_ED25519 && bytes.len == 32)
		return EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, at,
		    bytes.len);
	key = d2i_PUBKEY(NULL, &at, (long)bytes.len);
	if (key != NULL &&
	    (at != (const unsigned char *)bytes.at + bytes.len ||
	        !kinds[type].fits(key))) {
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
