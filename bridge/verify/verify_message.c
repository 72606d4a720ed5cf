/* verify/verify_message.c - the bytes that are signed. */
#include <openssl/crypto.h>
#include <string.h>

#include "verify/verify_scheme.h"

struct gathering {
	const struct verifier *v;
	const struct request *r;
	struct str timestamp;
	struct arena *arena;
};

static enum verify_result
gather_literal(const struct gathering *g, const struct part *p,
    struct str *value)
{
	(void)g;
	*value = p->text;
	return VERIFY_OK;
}

static enum verify_result
gather_body(const struct gathering *g, const struct part *p, struct str *value)
{
	(void)p;
	*value = g->r->body;
	return VERIFY_OK;
}

static enum verify_result
gather_form(const struct gathering *g, const struct part *p, struct str *value)
{
	return form_field(g->r->body, p->text, g->arena, value);
}

static enum verify_result
gather_json(const struct gathering *g, const struct part *p, struct str *value)
{
	return json_path(g->r->body, p->text, g->arena, value);
}

static enum verify_result
gather_header(const struct gathering *g, const struct part *p,
    struct str *value)
{
	const struct place place = { PLACE_HEADER, p->text };

	return place_read(&place, g->r, g->arena, value);
}

static enum verify_result
gather_id(const struct gathering *g, const struct part *p, struct str *value)
{
	(void)p;
	return place_header(&g->v->delivery_id, g->r, value);
}

static enum verify_result
gather_method(const struct gathering *g, const struct part *p,
    struct str *value)
{
	(void)p;
	*value = g->r->method;
	return VERIFY_OK;
}

static enum verify_result
gather_path(const struct gathering *g, const struct part *p, struct str *value)
{
	(void)p;
	*value = g->r->path;
	return VERIFY_OK;
}

static enum verify_result
gather_query(const struct gathering *g, const struct part *p, struct str *value)
{
	return form_field(g->r->query, p->text, g->arena, value);
}

/* Nothing for a body that is no form: body_hash covers that, or none may. */
static enum verify_result
gather_sorted_form(const struct gathering *g, const struct part *p,
    struct str *value)
{
	(void)p;
	*value = STR("");
	if (request_is_form(g->r))
		return form_sorted(g->r->body, g->arena, value)
		    ? VERIFY_OK
		    : VERIFY_MALFORMED;
	return g->r->body.len == 0 || g->v->body_hash.kind != PLACE_NOWHERE
	    ? VERIFY_OK
	    : VERIFY_MALFORMED;
}

static enum verify_result
gather_timestamp(const struct gathering *g, const struct part *p,
    struct str *value)
{
	(void)p;
	*value = g->timestamp;
	return VERIFY_OK;
}

/* These differ from one attempt to the next: message_value() has them. */
static enum verify_result
gather_later(const struct gathering *g, const struct part *p, struct str *value)
{
	(void)g, (void)p;
	*value = STR_NONE;
	return VERIFY_OK;
}

static enum verify_result (*const gatherers[])(const struct gathering *g,
    const struct part *p, struct str *value) = {
	[PART_LITERAL] = gather_literal,
	[PART_BODY] = gather_body,
	[PART_FORM] = gather_form,
	[PART_HEADER] = gather_header,
	[PART_ID] = gather_id,
	[PART_JSON] = gather_json,
	[PART_METHOD] = gather_method,
	[PART_PATH] = gather_path,
	[PART_QUERY] = gather_query,
	[PART_SECRET] = gather_later,
	[PART_SORTED_FORM] = gather_sorted_form,
	[PART_TIMESTAMP] = gather_timestamp,
	[PART_URL] = gather_later,
};

enum verify_result
message_make(const struct verifier *v, const struct request *r,
    struct str target, struct str timestamp, struct arena *arena,
    struct message *to)
{
	const struct gathering g = { v, r, timestamp, arena };
	const struct recipe *t = &v->message;

	to->verifier = v;
	to->urls = (struct urls){ .count = 1 };
	for (size_t i = 0; i < t->count; i++) {
		const struct part *p = &t->parts[i];
		enum verify_result result = gatherers[p->kind](&g, p,
		    &to->values[i]);

		if (result != VERIFY_OK)
			return result;
	}
	return recipe_has(t, PART_URL)
	    ? urls_make(v, r, target, arena, &to->urls)
	    : VERIFY_OK;
}

/* key: NULL for public keys, whose recipes have no secret (verify_cover.c). */
static struct str
message_value(const struct message *m, const struct key *key, size_t url,
    size_t i)
{
	enum part_kind kind = m->verifier->message.parts[i].kind;

	if (kind == PART_SECRET)
		return key != NULL ? key->secret : STR_NONE;
	return kind == PART_URL ? m->urls.list[url] : m->values[i];
}

void
message_sign(const struct message *m, const struct key *key, size_t url,
    unsigned char *out)
{
	const struct verifier *v = m->verifier;
	union hash_state s;

	if (v->type == SCHEME_HMAC)
		s = key->hmac.inner;
	else
		v->hash->start(&s);
	for (size_t i = 0; i < v->message.count; i++) {
		struct str part = message_value(m, key, url, i);

		v->hash->add(&s, part.at, part.len);
	}
	if (v->type == SCHEME_HMAC)
		hmac_end(&key->hmac, v->hash, &s, out);
	else
		v->hash->end(&s, out);
}

bool
message_join(const struct message *m, size_t url, struct arena *arena,
    struct str *out)
{
	struct bytes all;

	bytes_init_in(&all, arena, SIZE_MAX / 2);
	for (size_t i = 0; i < m->verifier->message.count; i++)
		bytes_add_str(&all, message_value(m, NULL, url, i));
	*out = bytes_str(&all);
	return bytes_ok(&all);
}

static void
add_unit(struct bytes *out, uint32_t unit)
{
	const unsigned char bytes[2] = { (unsigned char)(unit >> 8),
		(unsigned char)unit };

	bytes_add_text(out, "\\u");
	bytes_add_hex(out, bytes, sizeof(bytes));
}

/* Small hex digits; what is beyond 16 bits as a pair. */
static bool
escape_body(struct str body, struct arena *arena, struct str *out)
{
	struct bytes text;
	uint32_t cp;

	bytes_init_in(&text, arena, 3 * body.len);
	for (; body.len > 0; body = str_skip(body, utf8_get(body, &cp))) {
		(void)utf8_get(body, &cp);
		if (cp < 0x80) {
			bytes_add_char(&text, (char)cp);
		} else if (cp < 0x10000) {
			add_unit(&text, cp);
		} else {
			add_unit(&text, 0xd800 + ((cp - 0x10000) >> 10));
			add_unit(&text, 0xdc00 + ((cp - 0x10000) & 0x3ff));
		}
	}
	*out = bytes_str(&text);
	return bytes_ok(&text);
}

bool
message_escape(struct message *m, struct str body, struct arena *arena)
{
	const struct recipe *t = &m->verifier->message;
	struct str escaped;

	if (!m->verifier->body_escaped || !utf8_valid(body) ||
	    utf8_count(body) == body.len || !escape_body(body, arena, &escaped))
		return false;
	for (size_t i = 0; i < t->count; i++)
		if (t->parts[i].kind == PART_BODY)
			m->values[i] = escaped;
	return true;
}

bool
body_hash_needed(const struct verifier *v, const struct request *r)
{
	return v->body_hash.kind != PLACE_NOWHERE && r->body.len > 0 &&
	    !request_is_form(r);
}

/*
 * The address is signed and carries a hash of the body. A form's fields are
 * signed themselves and need none; where one is given, it must be right.
 */
enum verify_result
body_hash_check(const struct verifier *v, const struct request *r,
    struct arena *arena)
{
	const struct hash *h = &hashes[HASH_SHA256];
	unsigned char want[HASH_SIZE_MAX], got[HASH_SIZE_MAX];
	enum verify_result result;
	struct str text;

	if (v->body_hash.kind == PLACE_NOWHERE)
		return VERIFY_OK;
	result = place_read(&v->body_hash, r, arena, &text);
	if (result == VERIFY_MISSING && !body_hash_needed(v, r))
		return VERIFY_OK;
	if (result != VERIFY_OK)
		return result;
	if (hex_decode(text, got, h->size) != (int64_t)h->size)
		return VERIFY_MALFORMED;
	hash_str(h, r->body, want);
	return CRYPTO_memcmp(want, got, h->size) == 0 ? VERIFY_OK
	                                              : VERIFY_FORGED;
}
