/*
 * verify/verify_handshake.c - what a sender asks before it sends.
 *
 * A challenge is a stranger's text that goes back as it came, or signed, so
 * it is held to a pattern; what is signed is held to a narrower one, or
 * anybody could have a webhook of their own signed here.
 */
#include <openssl/crypto.h>
#include <string.h>

#include "verify/verify_scheme.h"

enum kind {
	KIND_NONE,
	KIND_HUB,
	KIND_LINKEDIN,
	KIND_BODY,
	KIND_VALIDATION,
	KIND_HEADER
};

static const struct name kind_names[] = {
	{ "none", KIND_NONE },
	{ "hub", KIND_HUB },
	{ "linkedin", KIND_LINKEDIN },
	{ "body_challenge", KIND_BODY },
	{ "validation_token", KIND_VALIDATION },
	{ "header_echo", KIND_HEADER },
	{ NULL, -1 },
};

enum pattern { PATTERN_TOKEN, PATTERN_UUID, PATTERN_TEXT };

static const struct name pattern_names[] = {
	{ "token", PATTERN_TOKEN },
	{ "uuid", PATTERN_UUID },
	{ "text", PATTERN_TEXT },
	{ NULL, -1 },
};

#define BY_GET 1u
#define BY_OTHERS 2u

/* What a kind means where the file says nothing else. */
static const struct kind_row {
	const char *challenge;
	const char *match;
	const char *echo;
	const char *proof;
	int pattern;
	unsigned methods;
	bool proven;
} kinds[] = {
	[KIND_HUB] = { .challenge = "query:hub.challenge",
	    .match = "query:hub.mode=subscribe",
	    .methods = BY_GET },
	[KIND_LINKEDIN] = { .challenge = "query:challengeCode",
	    .echo = "challengeCode",
	    .proof = "challengeResponse",
	    .pattern = PATTERN_UUID,
	    .methods = BY_GET },
	[KIND_BODY] = { .challenge = "json:challenge",
	    .match = "json:type=url_verification",
	    .echo = "challenge",
	    .methods = BY_OTHERS,
	    .proven = true },
	[KIND_VALIDATION] = { .challenge = "query:validationToken",
	    .pattern = PATTERN_TEXT,
	    .methods = BY_GET | BY_OTHERS },
	[KIND_HEADER] = { .methods = BY_OTHERS },
};

struct handshake_options {
	int kind;
	int pattern; /* -1: the kind's */
	const char *challenge;
	const char *match;
	const char *echo;
	const char *proof;
	const char *proven;
	const char *secret;
};

#define AT(member) .at = offsetof(struct handshake_options, member)

static const struct setting table[] = {
	{ .name = "challenge",
	    .kind = SETTING_TEXT,
	    AT(challenge),
	    .help = "Where the challenge stands: \"query:x\", \"header:X\", "
	            "\"json:a.b\"." },

	{ .name = "echo",
	    .kind = SETTING_TEXT,
	    AT(echo),
	    .help = "Member of the JSON answer that takes the challenge; "
	            "\"\" answers with the bare text." },

	{ .name = "kind",
	    .kind = SETTING_NAME,
	    AT(kind),
	    .required = true,
	    .names = kind_names,
	    .help = "hub, linkedin, body_challenge, validation_token, "
	            "header_echo, or none." },

	{ .name = "match",
	    .kind = SETTING_TEXT,
	    AT(match),
	    .help = "What tells a handshake from an event: \"json:a=b\"; \"\" "
	            "when the challenge alone does." },

	{ .name = "pattern",
	    .kind = SETTING_NAME,
	    AT(pattern),
	    .names = pattern_names,
	    .help = "What a challenge may be: token, uuid or text." },

	{ .name = "proof",
	    .kind = SETTING_TEXT,
	    AT(proof),
	    .help = "Member of the JSON answer that takes the challenge's "
	            "HMAC-SHA256 in hex." },

	{ .name = "proven",
	    .kind = SETTING_TEXT,
	    AT(proven),
	    .help = "\"yes\" when the handshake is signed as events are, "
	            "\"no\" when not." },

	{ .name = "secret",
	    .kind = SETTING_TEXT,
	    AT(secret),
	    .help = "Name of the secret: the token of hub, the key of "
	            "proof." },

	{ .name = NULL },
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
	const struct secret *secret; /* NULL: none is needed */
	bool own_secret;             /* it is the route's */
};

bool
condition_parse(struct str text, struct condition *to)
{
	struct str place;

	if (!str_cut(&text, '=', &place) || text.at == NULL || text.len == 0)
		return false;
	to->value = text;
	return place_parse(place, &to->place);
}

bool
condition_holds(const struct condition *c, const struct request *r,
    struct arena *arena)
{
	struct str value = STR_NONE;

	return place_deep(&c->place, r, arena, &value) == VERIFY_OK &&
	    str_eq(value, c->value);
}

struct condition *
condition_new(const char *text)
{
	struct condition *c = base_alloc(sizeof(*c));

	if (condition_parse(str_of(text), c))
		return c;
	base_free(c);
	return NULL;
}

void
condition_free(struct condition *c)
{
	base_free(c);
}

struct handshaking {
	const struct handshake_setup *setup;
	struct handshake_options options;
	struct handshake *h;
	struct faults *all;
};

static bool refuse(const struct handshaking *b, const char *option,
    const char *text) MUST_CHECK;

/* Always false. */
static bool
refuse(const struct handshaking *b, const char *option, const char *text)
{
	const config_setting_t *at = b->setup->group, *member = NULL;

	if (at != NULL)
		member = config_setting_get_member(at, option);
	if (member == NULL && at == NULL)
		member = config_setting_get_member(b->setup->route, "sender");
	if (member == NULL)
		member = at != NULL ? at : b->setup->route;
	settings_fault(b->all, member, "handshake.%s: %s", option, text);
	return false;
}

static struct str
keep(const struct handshaking *b, const char *text)
{
	struct str copy = STR_NONE;

	if (text == NULL)
		return copy;
	copy = arena_copy(b->h->own, str_of(text));
	if (copy.at == NULL)
		bug("a handshake's texts have no room");
	return copy;
}

static bool
read_options(struct handshaking *b)
{
	struct setting rows[COUNT_OF(table)];
	const config_setting_t *preset = b->setup->preset;
	const config_setting_t *group = b->setup->group;

	b->options.pattern = -1;
	if (preset == NULL)
		return settings_read(group, "handshake", table, &b->options,
		    b->all);
	memcpy(rows, table, sizeof(rows));
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		rows[i].required = false;
	return settings_read(preset, "handshake", table, &b->options, b->all) &&
	    (group == NULL ||
	        settings_read(group, "handshake", rows, &b->options, b->all));
}

static bool
is_token_char(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	    (c >= '0' && c <= '9') || c == '-' || c == '_';
}

/* Not Content-Length, Set-Cookie or the like: a stranger sets its value. */
static bool
is_echoable(const struct place *p)
{
	const struct str begin = STR("X-"), tail = STR("-Token");
	struct str name = p->name;

	if (p->kind != PLACE_HEADER)
		return false;
	for (size_t i = 0; i < name.len; i++)
		if (!is_token_char(name.at[i]))
			return false;
	return str_eq_nocase(str_span(name.at,
	                         name.at + (name.len > 2 ? 2 : 0)),
	           begin) ||
	    (name.len > tail.len &&
	        str_eq_nocase(str_skip(name, name.len - tail.len), tail));
}

static bool
build_places(const struct handshaking *b, const struct kind_row *row)
{
	const struct handshake_options *o = &b->options;
	const char *challenge = o->challenge != NULL ? o->challenge
	                                             : row->challenge;
	const char *match = o->match != NULL ? o->match : row->match;
	struct handshake *h = b->h;

	if (challenge == NULL)
		return refuse(b, "challenge",
		    "is missing: which header holds it? \"header:X-Name\"");
	if (!place_parse(keep(b, challenge), &h->challenge))
		return refuse(b, "challenge",
		    "a place like \"query:x\", \"header:X\" or \"json:x\" is "
		    "expected");
	if (h->kind == KIND_HEADER && !is_echoable(&h->challenge))
		return refuse(b, "challenge",
		    "header_echo wants a header that means nothing by itself: "
		    "\"header:X-Name\", or one that ends in -Token");
	if (match != NULL && match[0] != '\0' &&
	    !condition_parse(keep(b, match), &h->match))
		return refuse(b, "match",
		    "a place and a value are expected: \"json:type=x\"");
	return true;
}

static bool
build_secret(const struct handshaking *b)
{
	const struct handshake_setup *s = b->setup;
	const char *name = b->options.secret;
	struct handshake *h = b->h;
	bool hub = h->kind == KIND_HUB;

	if (name != NULL && !hub && h->proof.len == 0)
		return refuse(b, "secret",
		    "means nothing for this kind; it would be ignored");
	if (!hub && h->proof.len == 0)
		return true;
	if (name == NULL && hub)
		return refuse(b, "secret",
		    "is missing: the name of the secret that holds the verify "
		    "token; kind = \"none\" does without a handshake");
	if (s->secrets == NULL)
		return true;
	h->secret = name != NULL ? secrets_find(s->secrets, name) : s->secret;
	h->own_secret = h->secret != NULL && h->secret == s->secret;
	if (h->secret == NULL)
		return refuse(b, "secret",
		    "the settings have no secret of that name; write the name "
		    "of one among secrets");
	return true;
}

static bool
read_proven(const struct handshaking *b, bool *to)
{
	const char *text = b->options.proven;

	if (text == NULL)
		return true;
	*to = strcmp(text, "yes") == 0;
	if (!*to && strcmp(text, "no") != 0)
		return refuse(b, "proven", "\"yes\" or \"no\" is expected");
	return true;
}

static bool
build(const struct handshaking *b)
{
	const struct handshake_options *o = &b->options;
	const struct kind_row *row = &kinds[o->kind];
	struct handshake *h = b->h;

	h->kind = (enum kind)o->kind;
	h->methods = row->methods;
	h->proven = row->proven;
	h->pattern = (enum pattern)(
	    o->pattern >= 0 ? o->pattern : row->pattern);
	h->echo = keep(b, o->echo != NULL ? o->echo : row->echo);
	h->proof = keep(b, o->proof != NULL ? o->proof : row->proof);
	if (!read_proven(b, &h->proven) || !build_places(b, row))
		return false;
	if (h->proof.len > 0 && h->echo.len == 0)
		return refuse(b, "proof", "goes with an echo");
	if (h->proven && (h->methods & BY_GET) != 0)
		return refuse(b, "proven",
		    "this kind asks by GET, which no sender signs");
	if (h->proof.len > 0 && h->pattern != PATTERN_UUID &&
	    !(h->proven && h->pattern == PATTERN_TOKEN))
		return refuse(b, "pattern",
		    "what is signed has to be a \"uuid\", or a \"token\" when "
		    "proven: else anybody could have a webhook signed");
	return build_secret(b);
}

struct handshake *
handshake_new(const struct handshake_setup *setup, struct faults *all)
{
	struct handshaking b = { .setup = setup, .all = all };
	struct arena *own;

	if (setup->preset == NULL && setup->group == NULL)
		return NULL;
	if (!read_options(&b) || b.options.kind == KIND_NONE)
		return NULL;
	own = arena_new((size_t)8 << 20);
	b.h = arena_take(own, sizeof(*b.h));
	if (b.h == NULL)
		bug("an arena holds no handshake");
	*b.h = (struct handshake){ .own = own };
	if (build(&b))
		return b.h;
	handshake_free(b.h);
	return NULL;
}

void
handshake_free(struct handshake *h)
{
	if (h != NULL)
		arena_free(h->own);
}

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

/* A message that begins with what stands in no UUID is never one. */
static bool
begins_apart(const struct verifier *v)
{
	const struct part *first = &v->message.parts[0];

	if (v->message.count == 0 || first->kind != PART_LITERAL)
		return false;
	for (size_t i = 0; i < first->text.len; i++)
		if (first->text.at[i] != '-' &&
		    hex_digit(first->text.at[i]) == -1)
			return true;
	return false;
}

const char *
handshake_conflict(const struct handshake *h, const struct verifier *v)
{
	if (h->proven && verifier_is_open(v))
		return "the handshake counts on the proof of events, and "
		       "verify says that everybody may send";
	if (h->proof.len > 0 && !h->proven && h->own_secret &&
	    v->type == SCHEME_HMAC && !begins_apart(v))
		return "what it signs for anybody could be a signed event; "
		       "name another secret in handshake.secret, or begin "
		       "verify.message with a text of its own";
	return NULL;
}

static bool
is_uuid(struct str s)
{
	for (size_t i = 0; i < s.len; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (dash ? s.at[i] != '-' : hex_digit(s.at[i]) == -1)
			return false;
	}
	return s.len == 36;
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
	unsigned char mac[HASH_SIZE_MAX];
	union hash_state state;
	struct hmac_key key;

	hmac_key_make(&key, hash, secret_value(h->secret, 0));
	state = key.inner;
	hash->add(&state, challenge.at, challenge.len);
	hmac_end(&key, hash, &state, mac);
	OPENSSL_cleanse(&key, sizeof(key));
	bytes_add_hex(out, mac, hash->size);
}

static void
print_json(const struct handshake *h, struct str challenge, struct bytes *out)
{
	bytes_add_char(out, '{');
	bytes_add_json(out, h->echo);
	bytes_add_char(out, ':');
	bytes_add_json(out, challenge);
	if (h->proof.len > 0) {
		bytes_add_char(out, ',');
		bytes_add_json(out, h->proof);
		bytes_add_text(out, ":\"");
		add_hmac(h, challenge, out);
		bytes_add_char(out, '"');
	}
	bytes_add_char(out, '}');
}

static enum handshake_result
answer(const struct handshake *h, struct str challenge, struct arena *arena,
    struct answer *a)
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
	} else if (h->echo.len > 0) {
		bytes_init_in(&body, arena, 4096);
		print_json(h, challenge, &body);
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
		[PATTERN_UUID] = is_uuid,
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
	found = place_deep(&h->challenge, r, arena, &challenge);
	if (found == VERIFY_MISSING && h->kind != KIND_HUB)
		return HANDSHAKE_NONE;
	if (found != VERIFY_OK || !fits[h->pattern](challenge))
		return HANDSHAKE_REFUSED;
	if (h->kind == KIND_HUB && !token_fits(h, r, arena))
		return HANDSHAKE_REFUSED;
	return answer(h, challenge, arena, a);
}
