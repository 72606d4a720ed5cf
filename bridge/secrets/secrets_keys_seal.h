/* secrets/secrets_keys_seal.h - the key store's cryptography. Private. */
#ifndef BRIDGE_SECRETS_KEYS_SEAL_H
#define BRIDGE_SECRETS_KEYS_SEAL_H

#include "secrets/secrets_keys_text.h"

#define KEYS_UNLOCK ((size_t)32)

/* In secrets_alloc() memory, as its owner is. */
struct keys_seal {
	unsigned char seal[32];
	unsigned char fingerprint[32];
	unsigned char check[32]; /* KEYS_CHECK bytes of it are in the file */
};

/* All false: OpenSSL cannot, which a system without memory explains. */

/* 32 bytes from a passphrase, by what the text says of scrypt. */
bool keys_stretch(const struct keys_text *t, struct str passphrase,
    unsigned char out[KEYS_UNLOCK]) MUST_CHECK;
bool keys_seal_make(struct keys_seal *k,
    const unsigned char unlock[KEYS_UNLOCK]) MUST_CHECK;

/* A random nonce, then `out`: as long as the value, and the tag behind. */
bool keys_seal_close(const struct keys_seal *k, struct str clear,
    struct str value, unsigned char nonce[KEYS_NONCE],
    unsigned char *out) MUST_CHECK;
/* False as well when it was sealed otherwise; `out` is wiped then. */
bool keys_seal_open(const struct keys_seal *k, struct str clear,
    const unsigned char nonce[KEYS_NONCE], struct str sealed,
    char *out) MUST_CHECK;

bool keys_fingerprint(const struct keys_seal *k, struct str value,
    char out[17]) MUST_CHECK;

#endif
