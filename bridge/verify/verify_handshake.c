/*
 * verify/verify_handshake.c - what a sender asks before it sends.
 *
 * A challenge is a stranger's text that goes back as it came, or signed, so
 * it is held to a pattern; what is signed is held to a narrower one, or
 * anybody could have a webhook of their own signed here.
 */
#include <openssl/crypto.h>
#include <string.h>

#include "verify/verify_handshake.h"

bool
handshake_by_get(const struct handshake *h)
{
	return h != NULL && (h->methods & BY_GET) != 0;
}

bool
handshake_proven(const struct handshake *h)
{
	return h->proven;
}

static bool
is_token(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!is_token_char(s.at[i]))
			return false;
	return s.len > 0 && s.len <= 128;
}

static bool
is_plain_text(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.at[i] < ' ' || s.at[i] > '~' || s.at[i] == '<' ||
		    s.at[i] == '>')
			return false;
	return s.len > 0 && s.len <= 512;
}

/* Hashes of equal length are compared: a token's length stays unknown. */
static bool
token_fits(const struct handshake *h, const struct request *r,
    struct arena *arena)
{
	const struct place place = { .kind = PLACE_QUERY,
		.name = STR("hub.verify_token") };
	const struct hash *hash = &hashes[HASH_SHA256];
	unsigned char got[HASH_SIZE_MAX], want[HASH_SIZE_MAX];
	struct str token = STR_NONE;
	unsigned matches = 0;

	if (place_read(&place, r, arena, &token) != VERIFY_OK)
		return false;
	hash_str(hash, token, got);
	for (size_t i = 0; i < secret_count(h->secret); i++) {
		hash_str(hash, secret_value(h->secret, i), want);
		matches |= CRYPTO_memcmp(got, want, hash->size) == 0;
	}
	OPENSSL_cleanse(want, sizeof(want));
	return matches != 0;
}

static void
add_hmac(const struct handshake *h, struct str challenge, struct bytes *out)
{
	const struct hash *hash = &hashes[HASH_SHA256];
	union hash_state state = h->signer->key.inner;
	unsigned char mac[HASH_SIZE_MAX];

	hash->add(&state, challenge.at, challenge.len);
	hmac_end(&h->signer->key, hash, &state, mac);
	bytes_add_hex(out, mac, hash->size);
}

/* SHA-256 of the challenge, the token and the address. */
static void
add_chain(const struct handshake *h, const struct request *r,
    struct str challenge, struct bytes *out)
{
	const struct hash *hash = &hashes[HASH_SHA256];
	const struct str parts[] = { challenge, secret_value(h->secret, 0),
		h->public_url, r->path };
	unsigned char sum[HASH_SIZE_MAX];
	union hash_state state;

	hash->start(&state);
	for (size_t i = 0; i < COUNT_OF(parts); i++)
		hash->add(&state, parts[i].at, parts[i].len);
	hash->end(&state, sum);
	OPENSSL_cleanse(&state, sizeof(state));
	bytes_add_hex(out, sum, hash->size);
}

static void
add_member(struct bytes *out, struct str name, bool first)
{
	bytes_add_char(out, first ? '{' : ',');
	bytes_add_json(out, name);
	bytes_add_char(out, ':');
}

static void
print_json(const struct handshake *h, const struct request *r,
    struct str challenge, struct bytes *out)
{
	if (h->echo.len > 0) {
		add_member(out, h->echo, true);
		bytes_add_json(out, challenge);
	}
	if (h->proof.len > 0) {
		add_member(out, h->proof, h->echo.len == 0);
		bytes_add_char(out, '"');
		if (h->kind == KIND_CHAIN)
			add_chain(h, r, challenge, out);
		else
			add_hmac(h, challenge, out);
		bytes_add_char(out, '"');
	}
	bytes_add_char(out, '}');
}

static enum handshake_result
answer(const struct handshake *h, const struct request *r, struct str challenge,
    struct arena *arena, struct answer *a)
{
	struct bytes body;

	*a = (struct answer){ .status = 200,
		.content_type = STR("text/plain; charset=utf-8"),
		.body = challenge,
		.extra_name = STR("X-Content-Type-Options"),
		.extra_value = STR("nosniff") };
	if (h->kind == KIND_HEADER) {
		a->body = STR("");
		a->extra_name = h->challenge.name;
		a->extra_value = challenge;
	} else if (h->echo.len > 0 || h->proof.len > 0) {
		bytes_init_in(&body, arena, 4096);
		print_json(h, r, challenge, &body);
		if (!bytes_ok(&body))
			return HANDSHAKE_REFUSED;
		a->content_type = STR("application/json");
		a->body = bytes_str(&body);
	}
	return HANDSHAKE_DONE;
}

enum handshake_result
handshake_try(const struct handshake *h, const struct request *r,
    struct arena *arena, struct answer *a)
{
	static bool (*const fits[])(struct str s) = {
		[PATTERN_TOKEN] = is_token,
		[PATTERN_UUID] = str_is_uuid,
		[PATTERN_TEXT] = is_plain_text,
	};
	bool get = str_eq(r->method, STR("GET"));
	struct str challenge = STR_NONE;
	enum verify_result found;

	if ((h->methods & (get ? BY_GET : BY_OTHERS)) == 0)
		return HANDSHAKE_NONE;
	if (h->match.place.kind != PLACE_NOWHERE &&
	    !condition_holds(&h->match, r, arena))
		return HANDSHAKE_NONE;
	found = place_read(&h->challenge, r, arena, &challenge);
	if (found == VERIFY_MISSING && h->kind != KIND_HUB)
		return HANDSHAKE_NONE;
	if (found != VERIFY_OK || !fits[h->pattern](challenge))
		return HANDSHAKE_REFUSED;
	if (h->kind == KIND_HUB && !token_fits(h, r, arena))
		return HANDSHAKE_REFUSED;
	return answer(h, r, challenge, arena, a);
}
