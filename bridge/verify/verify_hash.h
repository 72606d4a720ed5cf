/*
 * verify/verify_hash.h - SHA-1, SHA-256, SHA-512 and HMAC, without memory
 * to take and without a way to fail. Private to this room.
 */
#ifndef BRIDGE_VERIFY_HASH_H
#define BRIDGE_VERIFY_HASH_H

#include <openssl/sha.h>

#include "base/base.h"

#define HASH_SIZE_MAX 64
#define HASH_BLOCK_MAX 128

union hash_state {
	SHA_CTX sha1;
	SHA256_CTX sha256;
	SHA512_CTX sha512;
};

struct hash {
	size_t size;
	size_t block;
	void (*start)(union hash_state *s);
	void (*add)(union hash_state *s, const void *data, size_t len);
	void (*end)(union hash_state *s, unsigned char *out);
};

enum hash_kind { HASH_SHA1, HASH_SHA256, HASH_SHA512 };
extern const struct hash hashes[];

void hash_str(const struct hash *h, struct str s, unsigned char *out);

/*
 * HMAC (RFC 2104) with both pads already hashed: a check starts from a copy
 * of these states and never sees the key.
 */
struct hmac_key {
	union hash_state inner;
	union hash_state outer;
};
void hmac_key_make(struct hmac_key *k, const struct hash *h, struct str key);
/* Ends a message that was begun with a copy of k->inner; wipes the state. */
void hmac_end(const struct hmac_key *k, const struct hash *h,
    union hash_state *s, unsigned char *out);

#endif
