/*
 * verify/verify_key.c - secrets, made ready for checking when files load.
 *
 *	| key | key | ... | secret | secret | ...
 *
 * One locked block: the keys' structs, then the secrets they point to.
 */
#include <string.h>

#include "verify/verify_scheme.h"

static int64_t
as_text(struct str s, unsigned char *out, size_t size)
{
	if (s.len > size)
		return -1;
	memcpy(out, s.at, s.len);
	return (int64_t)s.len;
}

static int64_t
as_base64(struct str s, unsigned char *out, size_t size)
{
	return base64_decode(s, false, out, size);
}

/* The hash is the key: a text of any length makes one of 20 bytes. */
static int64_t
as_sha1(struct str s, unsigned char *out, size_t size)
{
	const struct hash *h = &hashes[HASH_SHA1];

	if (s.len == 0 || size < h->size)
		return -1;
	hash_str(h, s, out);
	return (int64_t)h->size;
}

/* How a secret's text becomes key bytes. */
struct form {
	struct str prefix; /* may stand in front, and is skipped */
	size_t min, max;   /* of the key, in bytes */
	int64_t (*decode)(struct str s, unsigned char *out, size_t size);
	const char *words;
};

#define KEY_BYTES_MAX 4096

static const struct form forms[] = {
	[KEY_UTF8] = { { "", 0 }, 1, KEY_BYTES_MAX, as_text, "plain text" },
	[KEY_HEX] = { { "", 0 }, 1, KEY_BYTES_MAX, hex_decode,
	    "an even number of hex digits" },
	[KEY_BASE64] = { { "", 0 }, 1, KEY_BYTES_MAX, as_base64, "base64" },
	[KEY_SHA1] = { { "", 0 }, 1, KEY_BYTES_MAX, as_sha1, "plain text" },
	/* The Standard Webhooks specification: 24 to 64 bytes. */
	[KEY_WHSEC] = { { "whsec_", 6 }, 24, 64, as_base64,
	    "whsec_ and base64 of 24 to 64 bytes" },
	[KEY_WHPK] = { { "whpk_", 5 }, 32, 32, as_base64,
	    "whpk_ and base64 of 32 bytes" },
};

/* The key's bytes; -1 when the text is not of that form. */
static int64_t
key_bytes(struct str text, enum key_form form, unsigned char *out)
{
	const struct form *f = &forms[form];
	int64_t len;

	if (str_starts(text, f->prefix))
		text = str_skip(text, f->prefix.len);
	len = f->decode(text, out, KEY_BYTES_MAX);
	return len < (int64_t)f->min || len > (int64_t)f->max ? -1 : len;
}

int
key_make_hmac(struct str value, enum key_form form, struct hmac_key *to,
    struct fault *why)
{
	unsigned char bytes[KEY_BYTES_MAX];
	int64_t len = key_bytes(value, form, bytes);

	if (len >= 0)
		hmac_key_make(to, &hashes[HASH_SHA256],
		    (struct str){ (const char *)bytes, (size_t)len });
	explicit_bzero(bytes, sizeof(bytes));
	return len >= 0 ? 0
	                : fault_set(why, FAULT_SETTINGS, NULL,
	                      "the first value is not %s", forms[form].words);
}

void
key_mark(const struct hmac_key *key, const struct hash *h,
    unsigned char mark[HASH_SIZE_MAX])
{
	static const char text[] = "tells equal keys";
	union hash_state state = key->inner;

	memset(mark, 0, HASH_SIZE_MAX);
	h->add(&state, text, sizeof(text));
	hmac_end(key, h, &state, mark);
}

static void
make_hmac(const struct verifier *v, struct key *k, struct str bytes)
{
	hmac_key_make(&k->hmac, v->hash, bytes);
	key_mark(&k->hmac, v->hash, k->mark);
}

static void
make_digest(const struct verifier *v, struct key *k, struct str bytes)
{
	(void)v, (void)k, (void)bytes;
}

static void
make_token(const struct verifier *v, struct key *k, struct str bytes)
{
	(void)v;
	hash_str(&hashes[HASH_SHA256], bytes, k->token);
}

/* The hash of "user:password", as Basic spells it. */
static void
make_basic(const struct verifier *v, struct key *k, struct str bytes)
{
	const struct hash *h = &hashes[HASH_SHA256];
	union hash_state s;

	h->start(&s);
	h->add(&s, v->user.at, v->user.len);
	h->add(&s, ":", 1);
	h->add(&s, bytes.at, bytes.len);
	h->end(&s, k->token);
}

static int
make_key(struct verifier *v, struct key *k, enum key_form form,
    struct fault *why)
{
	static void (*const makers[])(const struct verifier *v, struct key *k,
	    struct str bytes) = {
		[SCHEME_HMAC] = make_hmac,
		[SCHEME_DIGEST] = make_digest,
		[SCHEME_TOKEN] = make_token,
		[SCHEME_BASIC] = make_basic,
	};
	unsigned char bytes[KEY_BYTES_MAX];
	int64_t len = key_bytes(k->secret, form, bytes);

	if (len >= 0)
		makers[v->type](v, k,
		    (struct str){ (const char *)bytes, (size_t)len });
	explicit_bzero(bytes, sizeof(bytes));
	if (len >= 0)
		return 0;
	return fault_set(why, FAULT_SETTINGS, NULL,
	    "value %zu is not %s, as the key of this scheme has to be",
	    (size_t)(k - v->keys) + 1, forms[form].words);
}

/* PEM says itself what it is; anything else is written as `form` says. */
static int
make_public(struct verifier *v, struct str text, enum key_form form,
    struct fault *why)
{
	unsigned char bytes[KEY_BYTES_MAX];
	int64_t len = public_key_pem(text, bytes, sizeof(bytes));
	const char *weak = NULL;
	EVP_PKEY *key = NULL;

	if (len < 0)
		len = key_bytes(text, form, bytes);
	if (len > 0)
		key = public_key_read(v->type,
		    (struct str){ (const char *)bytes, (size_t)len }, &weak);
	if (key == NULL && weak != NULL)
		return fault_set(why, FAULT_SETTINGS, NULL, "value %zu %s",
		    v->public_count + 1, weak);
	if (key == NULL)
		return fault_set(why, FAULT_SETTINGS, NULL,
		    "value %zu is not %s, in PEM or written as %s",
		    v->public_count + 1, public_key_words(v->type),
		    forms[form].words);
	v->public_keys[v->public_count++] = key;
	return 0;
}

static size_t
secrets_size(const struct secret *secret)
{
	size_t all = 0;

	for (size_t i = 0; i < secret_count(secret); i++)
		all += secret_value(secret, i).len;
	return all;
}

static int
make_shared(struct verifier *v, const struct secret *secret, enum key_form form,
    struct fault *why)
{
	size_t count = secret_count(secret);
	char *text;

	v->keys = secrets_alloc(
	    count * sizeof(v->keys[0]) + secrets_size(secret));
	if (v->keys == NULL)
		return fault_set(why, FAULT_BUSY, NULL,
		    "the system has no memory for keys");
	text = (char *)(v->keys + count);
	for (size_t i = 0; i < count; i++) {
		struct str value = secret_value(secret, i);
		struct key *k = &v->keys[v->key_count++];

		memcpy(text, value.at, value.len);
		k->secret = (struct str){ text, value.len };
		text += value.len;
		if (make_key(v, k, form, why) == -1)
			return -1;
	}
	secrets_seal(v->keys);
	return 0;
}

int
keys_make(struct verifier *v, const struct secret *secret, enum key_form form,
    struct fault *why)
{
	size_t count = secret_count(secret);

	v->key_form = form;
	if (count > KEYS_MAX)
		return fault_set(why, FAULT_SETTINGS, NULL,
		    "more than %d values", KEYS_MAX);
	if (!scheme_is_public(v->type))
		return make_shared(v, secret, form, why);
	for (size_t i = 0; i < count; i++)
		if (make_public(v, secret_value(secret, i), form, why) == -1)
			return -1;
	return 0;
}

int
keys_make_public(struct verifier *v, const char *text, enum key_form form,
    struct fault *why)
{
	return make_public(v, str_of(text), form, why);
}

void
keys_free(struct verifier *v)
{
	secrets_wipe(v->keys);
	for (size_t i = 0; i < v->public_count; i++)
		EVP_PKEY_free(v->public_keys[i]);
}
