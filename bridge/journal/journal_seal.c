/*
 * journal/journal_seal.c - AES-256-GCM through OpenSSL.
 *
 * Nonces are random: with one key that is safe for some 2^32 texts, more than
 * a journal sees in years of a thousand events a minute.
 */
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include "journal/journal_seal.h"

#define NONCE 12
#define TAG 16

_Static_assert(SEAL_EXTRA == 1 + NONCE + TAG, "as the header draws it");

struct seal {
	bool seals;
	unsigned char key[SEAL_KEY];
};

static bool
read_key(struct str text, unsigned char key[SEAL_KEY])
{
	if (text.len == SEAL_KEY) {
		memcpy(key, text.at, SEAL_KEY);
		return true;
	}
	return hex_decode(text, key, SEAL_KEY) == SEAL_KEY ||
	    base64_decode(text, false, key, SEAL_KEY) == SEAL_KEY ||
	    base64_decode(text, true, key, SEAL_KEY) == SEAL_KEY;
}

struct seal *
seal_new(struct str key, struct fault *why)
{
	struct seal *s = base_alloc(sizeof(*s));

	s->seals = key.at != NULL;
	if (!s->seals || read_key(key, s->key))
		return s;
	seal_free(s);
	fault_set(why, FAULT_SETTINGS, "journal.encrypt",
	    "the key has to be 32 bytes, or 32 bytes written as hex or "
	    "base64 (make one with: openssl rand -hex 32)");
	return NULL;
}

void
seal_free(struct seal *s)
{
	if (s == NULL)
		return;
	OPENSSL_cleanse(s->key, sizeof(s->key));
	base_free(s);
}

bool
seal_seals(const struct seal *s)
{
	return s->seals;
}

/* Lengths go in as int; texts are bounded far below. */
static bool
fits(struct str text)
{
	return text.len <= (size_t)1 << 30;
}

static bool
feed_part(EVP_CIPHER_CTX *c, struct str part)
{
	int done;

	if (part.len > 0 &&
	    EVP_CipherUpdate(c, NULL, &done, (const unsigned char *)part.at,
	        (int)part.len) != 1)
		return false;
	return EVP_CipherUpdate(c, NULL, &done, (const unsigned char *)"", 1) ==
	    1;
}

/* Its parts end in a NUL each, so that they cannot run into one another. */
static bool
feed_place(EVP_CIPHER_CTX *c, const struct seal_place *place)
{
	struct str parts[] = { str_of(place->what), str_of(place->id),
		place->target, place->lead };

	for (size_t i = 0; i < COUNT_OF(parts); i++)
		if (!fits(parts[i]) || !feed_part(c, parts[i]))
			return false;
	return true;
}

static bool
start(EVP_CIPHER_CTX *c, const struct seal *s, const struct seal_place *place,
    const unsigned char *nonce, int encrypt)
{
	return EVP_CipherInit_ex(c, EVP_aes_256_gcm(), NULL, s->key, nonce,
	           encrypt) == 1 &&
	    feed_place(c, place);
}

static bool
encrypt(EVP_CIPHER_CTX *c, const struct seal *s, const struct seal_place *place,
    struct str text, unsigned char *out)
{
	unsigned char *nonce = out + 1, *to = nonce + NONCE;
	int done, rest;

	return RAND_bytes(nonce, NONCE) == 1 && start(c, s, place, nonce, 1) &&
	    EVP_CipherUpdate(c, to, &done, (const unsigned char *)text.at,
	        (int)text.len) == 1 &&
	    EVP_CipherFinal_ex(c, to + text.len, &rest) == 1 &&
	    EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_GET_TAG, TAG, to + text.len) ==
	    1;
}

int
seal_close(const struct seal *s, const struct seal_place *place,
    struct str text, char *out, struct fault *why)
{
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
	bool ok = c != NULL && fits(text) &&
	    encrypt(c, s, place, text, (unsigned char *)out);

	EVP_CIPHER_CTX_free(c);
	out[0] = (char)SEAL_MARK;
	return ok ? 0
	          : fault_set(why, FAULT_BUSY, NULL,
	                "the %s could not be encrypted", place->what);
}

/* Begun. In place: the text moves to where its own cipher text begins. */
static bool
decrypt(EVP_CIPHER_CTX *c, unsigned char *sealed, size_t len)
{
	unsigned char *at = sealed + 1 + NONCE;
	size_t n = len - SEAL_EXTRA;
	int done, rest;

	return EVP_CipherUpdate(c, at, &done, at, (int)n) == 1 &&
	    EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_SET_TAG, TAG, at + n) == 1 &&
	    EVP_CipherFinal_ex(c, at + n, &rest) == 1;
}

static bool
is_sealed(struct str text)
{
	return text.len > 0 && (unsigned char)text.at[0] == SEAL_MARK;
}

int
seal_open(const struct seal *s, const struct seal_place *place,
    struct str *text, struct fault *why)
{
	/* The caller's own memory, read through a str till now. */
	unsigned char *sealed = (unsigned char *)(uintptr_t)text->at;
	size_t len = text->len;
	bool whole = len >= SEAL_EXTRA && fits((struct str){ "", len });
	EVP_CIPHER_CTX *c;
	bool begun, ok;

	if (!is_sealed(*text))
		return 0;
	*text = STR_NONE;
	if (!s->seals)
		return fault_set(why, FAULT_SETTINGS, "journal.encrypt",
		    "the %s is encrypted and no key is set", place->what);
	c = EVP_CIPHER_CTX_new();
	begun = c != NULL && whole && start(c, s, place, sealed + 1, 0);
	ok = begun && decrypt(c, sealed, len);
	EVP_CIPHER_CTX_free(c);
	if (whole && !begun)
		return fault_set(why, FAULT_BUSY, "journal",
		    "the %s could not be decrypted: out of memory",
		    place->what);
	if (!ok)
		return fault_set(why, FAULT_SETTINGS, "journal.encrypt",
		    "the %s was encrypted with another key, or was changed",
		    place->what);
	*text = (struct str){ (const char *)sealed + 1 + NONCE,
		len - SEAL_EXTRA };
	return 0;
}
