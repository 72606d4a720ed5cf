/*
 * verify/verify_proof.c - what a request brings to prove itself: signature
 * candidates, decoded, and the time.
 */
#include <openssl/crypto.h>

#include "verify/verify_scheme.h"

#define ED25519_SIZE 64
/* Of all keys, ours or not: each is decoded. */
#define PAIRS_MAX 64

/* base64 of hex digits, those of a hash at most. */
static int64_t
decode_digits(struct str text, unsigned char *out, size_t size)
{
	unsigned char digits[2 * SIGNATURE_MAX];
	int64_t len = base64_decode(text, false, digits, sizeof(digits));

	if (len < 0)
		return len;
	return hex_decode((struct str){ (const char *)digits, (size_t)len },
	    out, size);
}

static int64_t
decode(const struct verifier *v, struct str text, unsigned char *out,
    size_t size)
{
	if (v->encoding == ENCODING_HEX)
		return hex_decode(text, out, size);
	if (v->encoding == ENCODING_BASE64_HEX)
		return decode_digits(text, out, size);
	return base64_decode(text, v->encoding == ENCODING_BASE64URL, out,
	    size);
}

/* How long the others are is up to their keys, and OpenSSL. */
static bool
add_signature(const struct verifier *v, struct str text, struct proof *to)
{
	unsigned char *at = arena_take(to->arena, PUBLIC_SIGNATURE_MAX);
	int64_t len;

	if (at == NULL)
		return false;
	len = decode(v, text, at, PUBLIC_SIGNATURE_MAX);
	if (v->type == SCHEME_ED25519 ? len == ED25519_SIZE : len > 0)
		to->signatures[to->count++] = (struct str){ (const char *)at,
			(size_t)len };
	return true;
}

/*
 * Adds what is a whole signature: one that was cut short proves less than
 * the sender promised. False when there are too many.
 */
static bool
add_candidate(const struct verifier *v, struct str text, struct proof *to)
{
	size_t size = v->hash->size;

	if (to->count == CANDIDATES_MAX)
		return false;
	if (scheme_is_public(v->type))
		return add_signature(v, text, to);
	if (decode(v, text, to->candidates[to->count], size) == (int64_t)size)
		to->count++;
	return true;
}

static bool
read_plain(const struct verifier *v, struct str text, struct proof *to)
{
	return add_candidate(v, text, to);
}

static bool
read_list(const struct verifier *v, struct str text, struct proof *to)
{
	struct str item;

	while (str_cut(&text, v->delimiter, &item))
		if (!add_candidate(v, str_trim(item), to))
			return false;
	return true;
}

/* Unknown keys are a newer or a test scheme's, and no concern of ours. */
static bool
read_kv(const struct verifier *v, struct str text, struct proof *to)
{
	struct str item, key;

	while (str_cut(&text, v->delimiter, &item)) {
		item = str_trim(item);
		if (!str_cut(&item, '=', &key) || item.at == NULL)
			return false;
		if (str_eq(key, v->signature_key)) {
			if (!add_candidate(v, item, to))
				return false;
		} else if (str_eq(key, v->timestamp_key)) {
			if (to->timestamp.at != NULL)
				return false;
			to->timestamp = item;
		}
	}
	return true;
}

/* The time is the first item, the rest are signatures. */
static bool
read_positional(const struct verifier *v, struct str text, struct proof *to)
{
	struct str time;

	if (!str_cut(&text, v->delimiter, &time) || to->timestamp.at != NULL)
		return false;
	to->timestamp = str_trim(time);
	return read_list(v, text, to);
}

static bool
has_candidate(struct proof *to)
{
	to->strange &= to->count == 0;
	to->count += to->strange;
	return to->count > 0;
}

/* 0 where it is the name of our key; in constant time, but for its length. */
static int
is_other(const struct verifier *v, struct str name)
{
	if (v->signature_key.len == 0)
		return 0;
	return name.len == v->signature_key.len
	    ? CRYPTO_memcmp(name.at, v->signature_key.at, name.len)
	    : 1;
}

/*
 * A candidate for one of our keys; or for another's, which does not count
 * unless there is no other: a strange one. False as add_candidate(). Without
 * a branch that tells the two apart.
 */
static bool
add_named(const struct verifier *v, struct str text, int other,
    struct proof *to)
{
	size_t before = to->count;
	bool room = add_candidate(v, text, to);
	size_t strange = (to->count - before) & (size_t)(other != 0);

	to->count -= strange;
	to->strange |= strange;
	return room;
}

/* "key|signature", each for one key; an empty signature_key takes all. */
static bool
read_pairs(const struct verifier *v, struct str text, struct proof *to)
{
	struct str item, key;
	size_t pairs = 0;

	while (str_cut(&text, v->delimiter, &item)) {
		item = str_trim(item);
		if (pairs++ == PAIRS_MAX || !str_cut(&item, '|', &key) ||
		    item.at == NULL ||
		    !add_named(v, item, is_other(v, key), to))
			return false;
	}
	return true;
}

static bool
read_tagged(const struct verifier *v, struct str text, struct proof *to)
{
	struct str item, tag;

	while (str_cut(&text, ' ', &item))
		if (str_cut(&item, ',', &tag) && item.at != NULL &&
		    str_eq(tag, v->signature_key) &&
		    !add_candidate(v, item, to))
			return false;
	return true;
}

/* Adds what one text brings. */
static bool
read_text(const struct verifier *v, struct str text, struct proof *to)
{
	static bool (*const formats[])(const struct verifier *v,
	    struct str text, struct proof *to) = {
		[FORMAT_PLAIN] = read_plain,
		[FORMAT_KV] = read_kv,
		[FORMAT_TAGGED] = read_tagged,
		[FORMAT_LIST] = read_list,
		[FORMAT_POSITIONAL] = read_positional,
		[FORMAT_PAIRS] = read_pairs,
	};

	return formats[v->format](v, text, to);
}

static enum verify_result
read_time(const struct verifier *v, const struct request *r,
    struct arena *arena, struct proof *to)
{
	enum verify_result result;

	if (v->timestamp.kind != PLACE_NOWHERE) {
		result = place_read(&v->timestamp, r, arena, &to->timestamp);
		if (result != VERIFY_OK)
			return result;
	} else if (!time_is_beside(v)) {
		return VERIFY_OK;
	}
	to->time_ms = to->timestamp.at != NULL
	    ? time_parse(v->unit, to->timestamp)
	    : -1;
	return to->time_ms >= 0 ? VERIFY_OK : VERIFY_MALFORMED;
}

enum verify_result
proofs_start(struct proofs *all, const struct verifier *v,
    const struct request *r, struct arena *arena)
{
	enum verify_result result;

	all->verifier = v;
	all->request = r;
	all->arena = arena;
	all->next = 0;
	all->groups = 0;
	all->rest = STR_NONE;
	result = place_read_all(&v->signature, r, arena, all->texts,
	    COUNT_OF(all->texts), &all->count);
	for (size_t i = 0; result == VERIFY_OK && i < all->count; i++) {
		if (!str_starts(all->texts[i], v->prefix))
			return VERIFY_MALFORMED;
		all->texts[i] = str_skip(all->texts[i], v->prefix.len);
	}
	return result;
}

/* The next group, of whichever text; false past the last. */
static bool
next_group(struct proofs *all, struct str *group)
{
	while (all->rest.at == NULL) {
		if (all->next == all->count)
			return false;
		all->rest = all->texts[all->next++];
	}
	(void)str_cut(&all->rest, all->verifier->group_delimiter, group);
	return true;
}

/* False when the candidates are not of the scheme's form. */
static bool
read_group(struct proofs *all, struct proof *to, bool *found)
{
	const struct verifier *v = all->verifier;
	struct str group;

	*found = true;
	if (v->group_delimiter == '\0') {
		*found = all->next < all->count;
		while (all->next < all->count)
			if (!read_text(v, all->texts[all->next++], to)) {
				all->next = all->count;
				return false;
			}
		return has_candidate(to);
	}
	*found = next_group(all, &group);
	return !*found ||
	    (all->groups++ < GROUPS_MAX && read_text(v, group, to) &&
	        has_candidate(to));
}

bool
proofs_next(struct proofs *all, struct proof *to, enum verify_result *result)
{
	bool found, good;

	to->timestamp = STR_NONE;
	to->time_ms = -1;
	to->arena = all->arena;
	to->count = 0;
	to->strange = 0;
	good = read_group(all, to, &found);
	if (found)
		*result = good
		    ? read_time(all->verifier, all->request, all->arena, to)
		    : VERIFY_MALFORMED;
	return found;
}
