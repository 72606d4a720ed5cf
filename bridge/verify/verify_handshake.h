/*
 * verify/verify_handshake.h - a handshake, from inside the room.
 */
#ifndef BRIDGE_VERIFY_HANDSHAKE_H
#define BRIDGE_VERIFY_HANDSHAKE_H

#include "verify/verify_scheme.h"

enum kind {
	KIND_NONE,
	KIND_HUB,
	KIND_LINKEDIN,
	KIND_BODY,
	KIND_VALIDATION,
	KIND_HEADER,
	KIND_CHAIN
};

enum pattern { PATTERN_TOKEN, PATTERN_UUID, PATTERN_TEXT };

#define BY_GET 1u
#define BY_OTHERS 2u

/* What `proof` is made with, in locked memory. */
struct signer {
	struct hmac_key key; /* of SHA-256 */
	unsigned char mark[HASH_SIZE_MAX];
};

struct handshake {
	struct arena *own;
	enum kind kind;
	enum pattern pattern;
	unsigned methods;
	bool proven;
	struct place challenge;
	struct condition match;
	struct str echo, proof;      /* at == NULL or empty: none */
	struct str public_url;       /* hash_chain */
	const struct secret *secret; /* NULL: none is needed */
	bool own_secret;             /* it is the route's */
	struct signer *signer;       /* secrets_alloc; NULL: nothing to sign */
};

/* Letters, digits, '-' and '_'. */
bool is_token_char(char c);

#endif
