/* verify/verify.c - the check itself. */
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <string.h>

#include "verify/verify_scheme.h"

static const struct name results[] = {
	{ "ok", VERIFY_OK },
	{ "missing", VERIFY_MISSING },
	{ "malformed", VERIFY_MALFORMED },
	{ "forged", VERIFY_FORGED },
	{ "stale", VERIFY_STALE },
	{ "address", VERIFY_STRANGER },
	{ "certificate", VERIFY_CLIENT },
	{ NULL, -1 },
};

const char *
verify_result_name(enum verify_result r)
{
	return name_text(results, (int)r);
}

/*
 * No early way out of the two functions below: how long they take tells
 * nothing about which key or candidate came close.
 */
static bool
any_mac_matches(const struct message *m, const struct proof *p)
{
	const struct verifier *v = m->verifier;
	unsigned char want[HASH_SIZE_MAX];
	unsigned matches = 0;

	for (size_t k = 0; k < v->key_count; k++)
		for (size_t u = 0; u < m->urls.count; u++) {
			message_sign(m, &v->keys[k], u, want);
			for (size_t c = 0; c < p->count; c++)
				matches |= CRYPTO_memcmp(want, p->candidates[c],
				               v->hash->size) == 0;
		}
	return matches != 0;
}

/*
 * Leaves OpenSSL's queue of errors empty: a connection of this thread would
 * take a forger's error for its own.
 */
static bool
key_signed(enum scheme_type type, EVP_PKEY *key, struct str signature,
    struct str message)
{
	const EVP_MD *digest = type == SCHEME_ED25519 ? NULL : EVP_sha256();
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool good = ctx != NULL &&
	    EVP_DigestVerifyInit(ctx, NULL, digest, NULL, key) == 1 &&
	    EVP_DigestVerify(ctx, (const unsigned char *)signature.at,
	        signature.len, (const unsigned char *)message.at,
	        message.len) == 1;

	EVP_MD_CTX_free(ctx);
	if (!good)
		ERR_clear_error();
	return good;
}

static bool
any_key_signed(const struct message *m, const struct proof *p,
    struct arena *arena)
{
	const struct verifier *v = m->verifier;
	bool matches = false;

	for (size_t u = 0; u < m->urls.count; u++) {
		struct str message;

		if (!message_join(m, u, arena, &message))
			return false;
		for (size_t k = 0; k < v->public_count; k++)
			for (size_t c = 0; c < p->count; c++)
				matches |= key_signed(v->type,
				    v->public_keys[k], p->signatures[c],
				    message);
	}
	return matches;
}

static bool
is_signed(const struct message *m, const struct proof *p, struct arena *arena)
{
	bool matches = scheme_is_public(m->verifier->type)
	    ? any_key_signed(m, p, arena)
	    : any_mac_matches(m, p);

	return matches && !p->strange; /* looked at last: see struct proof */
}

static bool
in_window(const struct verifier *v, int64_t time_ms, int64_t now_ms)
{
	if (time_ms < 0 || !v->enforce)
		return true;
	return time_ms >= now_ms - v->past_ms &&
	    time_ms <= now_ms + v->future_ms;
}

/*
 * Signed fields are read in the body that the mapping will see, or a text in
 * the one could be a field of the other.
 */
static bool
fields_fit(const struct verifier *v, const struct request *r)
{
	if (v->fields == PLACE_NOWHERE)
		return true;
	return v->fields == PLACE_FORM ? request_is_form(r)
	                               : request_is_json(r);
}

static enum verify_result
check_proof(const struct verifier *v, const struct request *r,
    const struct proof *p, struct arena *arena)
{
	struct message m;
	enum verify_result result;

	if (!fields_fit(v, r))
		return VERIFY_MALFORMED;
	result = message_make(v, r, r->target, p->timestamp, arena, &m);
	if (result == VERIFY_OK)
		result = body_hash_check(v, r, arena);
	if (result != VERIFY_OK)
		return result;
	if (!is_signed(&m, p, arena) &&
	    (!message_escape(&m, r->body, arena) || !is_signed(&m, p, arena)))
		return VERIFY_FORGED;
	return in_window(v, p->time_ms, r->received_ms) ? VERIFY_OK
	                                                : VERIFY_STALE;
}

/* Each group is looked at; a broken one spoils the others. */
static enum verify_result
check_signed(const struct verifier *v, const struct request *r,
    struct arena *arena)
{
	static const enum verify_result order[] = { VERIFY_MALFORMED,
		VERIFY_MISSING, VERIFY_STRANGER, VERIFY_OK, VERIFY_STALE };
	struct proofs all;
	struct proof p;
	enum verify_result result = proofs_start(&all, v, r, arena);
	unsigned seen = 0;

	if (result != VERIFY_OK)
		return result;
	while (proofs_next(&all, &p, &result)) {
		if (result == VERIFY_OK)
			result = check_proof(v, r, &p, arena);
		seen |= BIT(result);
	}
	for (size_t i = 0; i < COUNT_OF(order); i++)
		if ((seen & BIT(order[i])) != 0)
			return order[i];
	return VERIFY_FORGED;
}

/* Hashes of equal length are compared: a token's length stays unknown. */
static enum verify_result
compare_token(const struct verifier *v, struct str given)
{
	const struct hash *h = &hashes[HASH_SHA256];
	unsigned char got[HASH_SIZE_MAX];
	unsigned matches = 0;

	hash_str(h, given, got);
	for (size_t k = 0; k < v->key_count; k++)
		matches |= CRYPTO_memcmp(got, v->keys[k].token, h->size) == 0;
	return matches != 0 ? VERIFY_OK : VERIFY_FORGED;
}

static enum verify_result
check_token(const struct verifier *v, const struct request *r,
    struct arena *arena)
{
	struct str text;
	enum verify_result result = place_read(&v->signature, r, arena, &text);

	if (result != VERIFY_OK)
		return result;
	if (!str_starts(text, v->prefix))
		return VERIFY_MALFORMED;
	return compare_token(v, str_skip(text, v->prefix.len));
}

static enum verify_result
check_basic(const struct verifier *v, const struct request *r,
    struct arena *arena)
{
	struct str text, scheme;
	enum verify_result result = place_read(&v->signature, r, arena, &text);
	unsigned char *plain;
	int64_t len;

	if (result != VERIFY_OK)
		return result;
	if (!str_cut(&text, ' ', &scheme) || text.at == NULL ||
	    !str_eq_nocase(scheme, STR("Basic")))
		return VERIFY_MALFORMED;
	text = str_trim(text);
	plain = arena_take(arena, text.len);
	len = plain != NULL ? base64_decode(text, false, plain, text.len) : -1;
	if (len <= 0)
		return VERIFY_MALFORMED;
	return compare_token(v,
	    (struct str){ (const char *)plain, (size_t)len });
}

static enum verify_result
check_nothing(const struct verifier *v, const struct request *r,
    struct arena *arena)
{
	(void)v, (void)r, (void)arena;
	return VERIFY_OK;
}

enum verify_result
proof_check(const struct verifier *v, const struct request *r,
    struct arena *arena)
{
	static enum verify_result (*const checks[])(const struct verifier *v,
	    const struct request *r, struct arena *arena) = {
		[SCHEME_NONE] = check_nothing,
		[SCHEME_HMAC] = check_signed,
		[SCHEME_DIGEST] = check_signed,
		[SCHEME_TOKEN] = check_token,
		[SCHEME_BASIC] = check_basic,
		[SCHEME_IP] = check_nothing,
		[SCHEME_CLIENT] = check_nothing,
		[SCHEME_ED25519] = check_signed,
		[SCHEME_ECDSA_P256] = check_signed,
		[SCHEME_RSA_SHA256] = check_signed,
	};

	return checks[v->type](v, r, arena);
}

enum verify_result
verifier_check(const struct verifier *v, const struct request *r,
    struct arena *arena)
{
	if (v->addresses.count > 0 && !address_fits(v, r))
		return VERIFY_STRANGER;
	if (v->clients.count > 0 && !client_fits(v, r))
		return VERIFY_CLIENT;
	return proof_check(v, r, arena);
}

/* Fits a header; and neither {...} and [...] nor null is an id. */
static bool
is_id(struct str s)
{
	static const struct str words[] = { STR("null"), STR("true"),
		STR("false") };

	for (size_t i = 0; i < COUNT_OF(words); i++)
		if (str_eq(s, words[i]))
			return false;
	for (size_t i = 0; i < s.len; i++)
		if (s.at[i] <= ' ' || s.at[i] > '~')
			return false;
	return s.len > 0 && s.len <= DELIVERY_ID_MAX && s.at[0] != '{' &&
	    s.at[0] != '[';
}

/*
 * A form is read as a form alone, or who fills in a field of another body
 * could write "&name=" there, and so choose the id.
 */
static struct str
id_at(const struct place *p, const struct request *r, struct arena *arena)
{
	bool inside = place_in_body(p);
	struct str id;

	if (p->kind == PLACE_NOWHERE ||
	    (inside && request_is_form(r) != (p->kind == PLACE_FORM)) ||
	    place_read(p, r, arena, &id) != VERIFY_OK || (inside && !is_id(id)))
		return STR_NONE;
	return id;
}

struct str
verifier_delivery_id(const struct verifier *v, const struct request *r,
    struct arena *arena)
{
	struct str id = id_at(&v->delivery_id, r, arena);

	for (size_t i = 0; id.at == NULL && i < v->other_id_count; i++)
		id = id_at(&v->other_ids[i], r, arena);
	return id;
}

bool
verifier_in_body(const struct verifier *v, struct bytes *json)
{
	const struct place *p = &v->signature;

	if (p->kind == PLACE_JSON)
		json_path_print(p->name, STR(""), json);
	/* a[b] of a form may be a member or an element */
	if (p->kind == PLACE_FORM &&
	    memchr(p->name.at, '[', p->name.len) == NULL) {
		bytes_add_char(json, '{');
		bytes_add_json(json, p->name);
		bytes_add_text(json, ":\"\"}");
	}
	return place_in_body(p);
}

bool
verifier_asks_client(const struct verifier *v)
{
	return v->clients.count > 0;
}

bool
verifier_is_open(const struct verifier *v)
{
	return v->type == SCHEME_NONE;
}
