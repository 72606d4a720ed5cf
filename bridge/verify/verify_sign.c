/*
 * verify/verify_sign.c - signing as the sender would.
 *
 * The signature is made over the request as it will be: a copy of it grows
 * the headers and query parameters that are signed, and is signed last.
 */
#include <string.h>

#include "verify/verify_scheme.h"

struct signing {
	const struct verifier *v;
	struct request r; /* headers: a copy in the arena, with room */
	struct arena *arena;
	struct header *headers; /* the caller's */
	size_t max;
	size_t count;
	struct fault *why;
};

static int
no_memory(const struct signing *s)
{
	return fault_set(s->why, FAULT_BUSY, NULL, "no memory to sign with");
}

/* A header for the caller, and for the request that is being signed. */
static int
add_header(struct signing *s, struct str name, struct str value)
{
	struct header *list;

	if (s->count == s->max)
		return fault_set(s->why, FAULT_INTERNAL, NULL,
		    "no room for the header %.*s", STR_ARG(name));
	list = arena_take(s->arena, (s->r.header_count + 1) * sizeof(*list));
	name = arena_copy(s->arena, name); /* may outlive the verifier */
	if (list == NULL || name.at == NULL)
		return no_memory(s);
	if (s->r.header_count > 0)
		memcpy(list, s->r.headers, s->r.header_count * sizeof(*list));
	list[s->r.header_count++] = (struct header){ name, value };
	s->headers[s->count++] = (struct header){ name, value };
	s->r.headers = list;
	return 0;
}

static int
add_query(struct signing *s, struct str name, struct str value)
{
	struct bytes target;
	struct str all;

	bytes_init_in(&target, s->arena, (size_t)1 << 20);
	bytes_add_str(&target, s->r.target);
	bytes_add_char(&target, s->r.query.at != NULL ? '&' : '?');
	bytes_add_percent(&target, name);
	bytes_add_char(&target, '=');
	bytes_add_percent(&target, value);
	if (!bytes_ok(&target))
		return no_memory(s);
	all = bytes_str(&target);
	s->r.target = all;
	s->r.query = str_skip(all, s->r.path.len + 1);
	return 0;
}

/* Puts a value where the scheme wants it; into the body nothing is put. */
static int
add_value(struct signing *s, const struct place *p, struct str value)
{
	if (p->kind == PLACE_HEADER || p->kind == PLACE_HEADERS ||
	    p->kind == PLACE_NUMBERED)
		return add_header(s, place_name(p, s->arena), value);
	if (p->kind == PLACE_QUERY)
		return add_query(s, p->name, value);
	return fault_set(s->why, FAULT_UNSIGNED, NULL,
	    "'%.*s' stands in the body of this sender, and is made by it "
	    "alone; put it there",
	    STR_ARG(p->name));
}

/* A delivery id of our own: from the body and the time, so reproducible. */
static int
add_id(struct signing *s)
{
	const struct place *place = &s->v->delivery_id;
	unsigned char hash[HASH_SIZE_MAX];
	struct str value;
	struct bytes id;
	union hash_state state;

	if (place->kind == PLACE_NOWHERE || place_in_body(place) ||
	    place_header(place, &s->r, &value) == VERIFY_OK)
		return 0;
	hashes[HASH_SHA256].start(&state);
	hashes[HASH_SHA256].add(&state, s->r.body.at, s->r.body.len);
	hashes[HASH_SHA256].add(&state, &s->r.received_ms,
	    sizeof(s->r.received_ms));
	hashes[HASH_SHA256].end(&state, hash);
	bytes_init_in(&id, s->arena, 64);
	bytes_add_text(&id, "msg_");
	bytes_add_hex(&id, hash, 12);
	return bytes_ok(&id) ? add_value(s, place, bytes_str(&id))
	                     : no_memory(s);
}

/* The request's time, written as the sender writes it. */
static int
add_time(struct signing *s, struct str *timestamp)
{
	const struct place *p = &s->v->timestamp;
	struct bytes text;

	*timestamp = STR_NONE;
	if (p->kind == PLACE_NOWHERE && !time_is_beside(s->v))
		return 0;
	if (place_in_body(p) &&
	    place_read(p, &s->r, s->arena, timestamp) == VERIFY_OK)
		return 0;
	bytes_init_in(&text, s->arena, 64);
	time_print(s->v->unit, s->r.received_ms, &text);
	if (!bytes_ok(&text))
		return no_memory(s);
	*timestamp = bytes_str(&text);
	return p->kind != PLACE_NOWHERE ? add_value(s, p, *timestamp) : 0;
}

static int
add_body_hash(struct signing *s)
{
	unsigned char hash[HASH_SIZE_MAX];
	struct bytes text;

	if (!body_hash_needed(s->v, &s->r))
		return 0;
	hash_str(&hashes[HASH_SHA256], s->r.body, hash);
	bytes_init_in(&text, s->arena, 2 * HASH_SIZE_MAX);
	bytes_add_hex(&text, hash, hashes[HASH_SHA256].size);
	return bytes_ok(&text)
	    ? add_value(s, &s->v->body_hash, bytes_str(&text))
	    : no_memory(s);
}

static void
print_kv_item(struct bytes *out, const struct verifier *v, struct str key,
    struct str value)
{
	if (key.at == NULL)
		return;
	bytes_add_str(out, key);
	bytes_add_char(out, '=');
	bytes_add_str(out, value);
	if (str_eq(key, v->timestamp_key))
		bytes_add_char(out, v->delimiter);
}

static void
print_kv(struct bytes *out, const struct verifier *v, struct str timestamp,
    struct str signature)
{
	print_kv_item(out, v, v->timestamp_key, timestamp);
	print_kv_item(out, v, v->signature_key, signature);
}

static void
print_tagged(struct bytes *out, const struct verifier *v, struct str timestamp,
    struct str signature)
{
	(void)timestamp;
	bytes_addf(out, "%.*s,%.*s", STR_ARG(v->signature_key),
	    STR_ARG(signature));
}

static void
print_positional(struct bytes *out, const struct verifier *v,
    struct str timestamp, struct str signature)
{
	bytes_addf(out, "%.*s%c%.*s", STR_ARG(timestamp), v->delimiter,
	    STR_ARG(signature));
}

static void
print_pairs(struct bytes *out, const struct verifier *v, struct str timestamp,
    struct str signature)
{
	(void)timestamp;
	bytes_addf(out, "%.*s|%.*s", STR_ARG(v->signature_key),
	    STR_ARG(signature));
}

static void
print_plain(struct bytes *out, const struct verifier *v, struct str timestamp,
    struct str signature)
{
	(void)v, (void)timestamp;
	bytes_add_str(out, signature);
}

static void
print_encoded(struct bytes *out, const struct verifier *v,
    const unsigned char *hash)
{
	struct bytes digits;

	if (v->encoding == ENCODING_HEX) {
		bytes_add_hex(out, hash, v->hash->size);
	} else if (v->encoding == ENCODING_BASE64_HEX) {
		bytes_init(&digits, 2 * SIGNATURE_MAX);
		bytes_add_hex(&digits, hash, v->hash->size);
		bytes_add_base64(out, digits.data, digits.len, false);
		bytes_done(&digits);
	} else {
		bytes_add_base64(out, hash, v->hash->size,
		    v->encoding == ENCODING_BASE64URL);
	}
}

/* The signature in its format, ready to stand where it belongs. */
static int
add_signature(struct signing *s, const unsigned char *hash,
    struct str timestamp)
{
	static void (*const printers[])(struct bytes * out,
	    const struct verifier *v, struct str timestamp,
	    struct str signature) = {
		[FORMAT_PLAIN] = print_plain,
		[FORMAT_KV] = print_kv,
		[FORMAT_TAGGED] = print_tagged,
		[FORMAT_LIST] = print_plain,
		[FORMAT_POSITIONAL] = print_positional,
		[FORMAT_PAIRS] = print_pairs,
	};
	const struct verifier *v = s->v;
	struct bytes plain, text;

	bytes_init_in(&plain, s->arena, 4 * SIGNATURE_MAX);
	print_encoded(&plain, v, hash);
	bytes_init_in(&text, s->arena, 4096);
	bytes_add_str(&text, v->prefix);
	printers[v->format](&text, v, timestamp, bytes_str(&plain));
	return bytes_ok(&plain) && bytes_ok(&text)
	    ? add_value(s, &v->signature, bytes_str(&text))
	    : no_memory(s);
}

static int
sign_message(struct signing *s)
{
	unsigned char hash[HASH_SIZE_MAX];
	struct str timestamp;
	struct message m;

	if (add_id(s) == -1 || add_time(s, &timestamp) == -1 ||
	    add_body_hash(s) == -1)
		return -1;
	if (message_make(s->v, &s->r, s->r.target, timestamp, s->arena, &m) !=
	    VERIFY_OK)
		return fault_set(s->why, FAULT_UNSIGNED, NULL,
		    "the request lacks a header or parameter that is part "
		    "of what is signed");
	message_sign(&m, &s->v->keys[0], 0, hash);
	return add_signature(s, hash, timestamp);
}

static int
sign_token(struct signing *s)
{
	const struct verifier *v = s->v;
	struct bytes text;

	if (proof_check(v, &s->r, s->arena) == VERIFY_OK)
		return 0; /* as in a body that verifier_fill() has made */
	bytes_init_in(&text, s->arena, (size_t)16 << 10);
	bytes_add_str(&text, v->prefix);
	bytes_add_str(&text, v->keys[0].secret);
	return bytes_ok(&text) ? add_value(s, &v->signature, bytes_str(&text))
	                       : no_memory(s);
}

static int
sign_basic(struct signing *s)
{
	const struct verifier *v = s->v;
	struct bytes plain, text;

	bytes_init_in(&plain, s->arena, (size_t)16 << 10);
	bytes_add_str(&plain, v->user);
	bytes_add_char(&plain, ':');
	bytes_add_str(&plain, v->keys[0].secret);
	bytes_init_in(&text, s->arena, (size_t)32 << 10);
	bytes_add_text(&text, "Basic ");
	bytes_add_base64(&text, plain.data, plain.len, false);
	return bytes_ok(&plain) && bytes_ok(&text)
	    ? add_value(s, &v->signature, bytes_str(&text))
	    : no_memory(s);
}

static int
sign_nothing(struct signing *s)
{
	(void)s;
	return 0;
}

static int
sign_impossible(struct signing *s)
{
	return fault_set(s->why, FAULT_UNSIGNED, NULL,
	    "only the sender has the private key of this scheme");
}

int
verifier_sign(const struct verifier *v, const struct request *r,
    struct arena *arena, struct header *headers, size_t max, size_t *count,
    struct str *target, struct fault *why)
{
	static int (*const signers[])(struct signing * s) = {
		[SCHEME_NONE] = sign_nothing,
		[SCHEME_HMAC] = sign_message,
		[SCHEME_DIGEST] = sign_message,
		[SCHEME_TOKEN] = sign_token,
		[SCHEME_BASIC] = sign_basic,
		[SCHEME_IP] = sign_nothing,
		[SCHEME_CLIENT] = sign_nothing,
		[SCHEME_ED25519] = sign_impossible,
		[SCHEME_ECDSA_P256] = sign_impossible,
		[SCHEME_RSA_SHA256] = sign_impossible,
	};
	struct signing s = { .v = v,
		.r = *r,
		.arena = arena,
		.headers = headers,
		.max = max,
		.why = why };

	if (signers[v->type](&s) == -1)
		return -1;
	*count = s.count;
	*target = s.r.target;
	return 0;
}
