/*
 * verify/verify_hash.c - hashes as plain values.
 *
 * OpenSSL calls the functions below deprecated, in favour of EVP. They are
 * used all the same, in this file alone: a state that is a plain struct can
 * lie in locked memory, is copied by assignment, takes no memory and cannot
 * fail, none of which EVP_MD_CTX can say. The code underneath is the same,
 * and chooses the processor's SHA instructions the same way.
 */
#define OPENSSL_SUPPRESS_DEPRECATED

#include <string.h>

#include "verify/verify_hash.h"

static void
sha1_start(union hash_state *s)
{
	SHA1_Init(&s->sha1);
}

static void
sha1_add(union hash_state *s, const void *data, size_t len)
{
	SHA1_Update(&s->sha1, data, len);
}

static void
sha1_end(union hash_state *s, unsigned char *out)
{
	SHA1_Final(out, &s->sha1);
}

static void
sha256_start(union hash_state *s)
{
	SHA256_Init(&s->sha256);
}

static void
sha256_add(union hash_state *s, const void *data, size_t len)
{
	SHA256_Update(&s->sha256, data, len);
}

static void
sha256_end(union hash_state *s, unsigned char *out)
{
	SHA256_Final(out, &s->sha256);
}

static void
sha512_start(union hash_state *s)
{
	SHA512_Init(&s->sha512);
}

static void
sha512_add(union hash_state *s, const void *data, size_t len)
{
	SHA512_Update(&s->sha512, data, len);
}

static void
sha512_end(union hash_state *s, unsigned char *out)
{
	SHA512_Final(out, &s->sha512);
}

const struct hash hashes[] = {
	[HASH_SHA1] = { 20, 64, sha1_start, sha1_add, sha1_end },
	[HASH_SHA256] = { 32, 64, sha256_start, sha256_add, sha256_end },
	[HASH_SHA512] = { 64, 128, sha512_start, sha512_add, sha512_end },
};

void
hash_str(const struct hash *h, struct str s, unsigned char *out)
{
	union hash_state state;

	h->start(&state);
	h->add(&state, s.at, s.len);
	h->end(&state, out);
	explicit_bzero(&state, sizeof(state));
}

/* The state behind one block of key bytes, each with `pad` mixed in. */
static void
start_padded(const struct hash *h, const unsigned char *block,
    unsigned char pad, union hash_state *out)
{
	unsigned char mixed[HASH_BLOCK_MAX];

	for (size_t i = 0; i < h->block; i++)
		mixed[i] = block[i] ^ pad;
	h->start(out);
	h->add(out, mixed, h->block);
	explicit_bzero(mixed, sizeof(mixed));
}

void
hmac_key_make(struct hmac_key *k, const struct hash *h, struct str key)
{
	unsigned char block[HASH_BLOCK_MAX] = { 0 };

	if (key.len > h->block)
		hash_str(h, key, block);
	else if (key.len > 0)
		memcpy(block, key.at, key.len);
	start_padded(h, block, 0x36, &k->inner);
	start_padded(h, block, 0x5c, &k->outer);
	explicit_bzero(block, sizeof(block));
}

void
hmac_end(const struct hmac_key *k, const struct hash *h, union hash_state *s,
    unsigned char *out)
{
	unsigned char inner[HASH_SIZE_MAX];

	h->end(s, inner);
	*s = k->outer;
	h->add(s, inner, h->size);
	h->end(s, out);
	explicit_bzero(s, sizeof(*s));
}
