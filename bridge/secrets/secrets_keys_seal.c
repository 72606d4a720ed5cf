/* secrets/secrets_keys_seal.c - AES-256-GCM, scrypt, and one HMAC a purpose. */
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <string.h>

#include "secrets/secrets_keys_seal.h"

/* Of scrypt: 128 * N * R bytes, and what it needs beside. */
#define SCRYPT_SPARE ((uint64_t)64 << 20)

static bool
hmac(const unsigned char *key, size_t key_len, struct str data,
    unsigned char out[32])
{
	unsigned len = 32;

	return HMAC(EVP_sha256(), key, (int)key_len,
	           (const unsigned char *)data.at, data.len, out, &len) != NULL;
}

bool
keys_stretch(const struct keys_text *t, struct str passphrase,
    unsigned char out[KEYS_UNLOCK])
{
	uint64_t n = (uint64_t)1 << t->log_n;

	return EVP_PBE_scrypt(passphrase.at, passphrase.len, t->salt, KEYS_SALT,
	           n, t->r, t->p, 128 * n * t->r + SCRYPT_SPARE, out,
	           KEYS_UNLOCK) == 1;
}

bool
keys_seal_make(struct keys_seal *k, const unsigned char unlock[KEYS_UNLOCK])
{
	return hmac(unlock, KEYS_UNLOCK, STR("leadbridge keys 1 seal"),
	           k->seal) &&
	    hmac(unlock, KEYS_UNLOCK, STR("leadbridge keys 1 fingerprint"),
	        k->fingerprint) &&
	    hmac(unlock, KEYS_UNLOCK, STR("leadbridge keys 1 check"), k->check);
}

static bool
encrypt(EVP_CIPHER_CTX *c, const struct keys_seal *k, struct str clear,
    struct str value, const unsigned char *nonce, unsigned char *out)
{
	int len = 0;

	return EVP_EncryptInit_ex(c, EVP_aes_256_gcm(), NULL, k->seal, nonce) ==
	    1 &&
	    EVP_EncryptUpdate(c, NULL, &len, (const unsigned char *)clear.at,
	        (int)clear.len) == 1 &&
	    EVP_EncryptUpdate(c, out, &len, (const unsigned char *)value.at,
	        (int)value.len) == 1 &&
	    EVP_EncryptFinal_ex(c, out + len, &len) == 1 &&
	    EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_GET_TAG, (int)KEYS_TAG,
	        out + value.len) == 1;
}

bool
keys_seal_close(const struct keys_seal *k, struct str clear, struct str value,
    unsigned char nonce[KEYS_NONCE], unsigned char *out)
{
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
	bool ok = c != NULL && RAND_bytes(nonce, (int)KEYS_NONCE) == 1 &&
	    encrypt(c, k, clear, value, nonce, out);

	EVP_CIPHER_CTX_free(c);
	return ok;
}

static bool
decrypt(EVP_CIPHER_CTX *c, const struct keys_seal *k, struct str clear,
    const unsigned char *nonce, struct str sealed, unsigned char *out)
{
	size_t len = sealed.len - KEYS_TAG;
	unsigned char tag[KEYS_TAG];
	int got = 0;

	memcpy(tag, sealed.at + len, KEYS_TAG);
	return EVP_DecryptInit_ex(c, EVP_aes_256_gcm(), NULL, k->seal, nonce) ==
	    1 &&
	    EVP_DecryptUpdate(c, NULL, &got, (const unsigned char *)clear.at,
	        (int)clear.len) == 1 &&
	    EVP_DecryptUpdate(c, out, &got, (const unsigned char *)sealed.at,
	        (int)len) == 1 &&
	    EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_SET_TAG, (int)KEYS_TAG, tag) ==
	    1 &&
	    EVP_DecryptFinal_ex(c, out + got, &got) == 1;
}

bool
keys_seal_open(const struct keys_seal *k, struct str clear,
    const unsigned char nonce[KEYS_NONCE], struct str sealed, char *out)
{
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
	bool ok = c != NULL &&
	    decrypt(c, k, clear, nonce, sealed, (unsigned char *)out);

	EVP_CIPHER_CTX_free(c);
	if (!ok)
		explicit_bzero(out, sealed.len - KEYS_TAG);
	return ok;
}

bool
keys_fingerprint(const struct keys_seal *k, struct str value, char out[17])
{
	static const char digits[] = "0123456789abcdef";
	unsigned char mac[32];

	if (!hmac(k->fingerprint, sizeof(k->fingerprint), value, mac))
		return false;
	for (size_t i = 0; i < 8; i++) {
		out[2 * i] = digits[mac[i] >> 4];
		out[2 * i + 1] = digits[mac[i] & 15];
	}
	out[16] = '\0';
	return true;
}
