/*
 * verify/verify_oracle.c - handshakes that must not be: those that sign for
 * a stranger what a verifier then takes for its sender's.
 */
#include <openssl/crypto.h>

#include "verify/verify_handshake.h"

/* A message with a character of its own in it is no challenge, ever. */
static bool
may_be_challenge(const struct handshake *h, const struct recipe *t)
{
	for (size_t i = 0; i < t->count; i++) {
		const struct part *p = &t->parts[i];

		if (p->kind == PART_URL || p->kind == PART_PATH)
			return false;
		for (size_t k = 0; p->kind == PART_LITERAL && k < p->text.len;
		     k++) {
			char c = p->text.at[k];

			if (h->pattern == PATTERN_UUID
			        ? c != '-' && hex_digit(c) == -1
			        : !is_token_char(c))
				return false;
		}
	}
	return true;
}

/* Of one hash too: the mark of a key is another under another hash. */
static bool
same_key(const struct handshake *h, const struct verifier *v)
{
	unsigned same = 0;

	if (h->signer == NULL || v->type != SCHEME_HMAC)
		return false;
	for (size_t i = 0; i < v->key_count; i++)
		same |= CRYPTO_memcmp(h->signer->mark, v->keys[i].mark,
		            sizeof(h->signer->mark)) == 0;
	return same != 0;
}

/*
 * What a chain hashes begins with the challenge: a digest that begins with
 * the secret is another.
 */
static bool
same_chain(const struct handshake *h, const struct verifier *v)
{
	struct str token;

	if (h->kind != KIND_CHAIN || h->secret == NULL ||
	    v->type != SCHEME_DIGEST || v->message.parts[0].kind == PART_SECRET)
		return false;
	token = secret_value(h->secret, 0);
	for (size_t i = 0; i < v->key_count; i++)
		if (token.len == v->keys[i].secret.len &&
		    CRYPTO_memcmp(token.at, v->keys[i].secret.at, token.len) ==
		        0)
			return true;
	return false;
}

static bool
signs_events(const struct handshake *h, const struct verifier *v)
{
	return same_chain(h, v) ||
	    (same_key(h, v) && may_be_challenge(h, &v->message));
}

bool
handshake_oracle(const struct handshake *h, const struct verifier *v)
{
	/* Who has proved himself by the very key could sign by himself. */
	return !(h->proven && h->own_secret) && signs_events(h, v);
}

const char *
handshake_conflict(const struct handshake *h, const struct verifier *v)
{
	if (h->proven && verifier_is_open(v))
		return "the handshake counts on the proof of events, and "
		       "verify says that everybody may send";
	if (h->proven && h->proof.len > 0 &&
	    (v->type == SCHEME_IP || v->type == SCHEME_CLIENT))
		return "what it signs has to be proved by a secret, not by an "
		       "address or a certificate alone";
	if (!h->proven && signs_events(h, v))
		return "what it signs for anybody could be a signed event; "
		       "name another secret in handshake.secret, or begin "
		       "verify.message with a text of its own";
	return NULL;
}
