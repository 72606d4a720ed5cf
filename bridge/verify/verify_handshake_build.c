/* verify/verify_handshake_build.c - a handshake, from a preset and a group. */
#include <string.h>

#include "verify/verify_handshake.h"

static const struct name kind_names[] = {
	{ "none", KIND_NONE },
	{ "hub", KIND_HUB },
	{ "linkedin", KIND_LINKEDIN },
	{ "body_challenge", KIND_BODY },
	{ "validation_token", KIND_VALIDATION },
	{ "header_echo", KIND_HEADER },
	{ "hash_chain", KIND_CHAIN },
	{ NULL, -1 },
};

static const struct name pattern_names[] = {
	{ "token", PATTERN_TOKEN },
	{ "uuid", PATTERN_UUID },
	{ "text", PATTERN_TEXT },
	{ NULL, -1 },
};

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
	[KIND_CHAIN] = { .challenge = "query:challenge_code",
	    .proof = "challengeResponse",
	    .methods = BY_GET },
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

const struct setting handshake_settings[] = {
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
	            "header_echo, hash_chain, or none." },

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
	            "HMAC-SHA256 in hex; of hash_chain the hash of challenge, "
	            "secret and address." },

	{ .name = "proven",
	    .kind = SETTING_TEXT,
	    AT(proven),
	    .help = "\"yes\" when the handshake is signed as events are, "
	            "\"no\" when not." },

	{ .name = "secret",
	    .kind = SETTING_TEXT,
	    AT(secret),
	    .help = "Name of the secret: the token of hub and hash_chain, "
	            "the key of proof." },

	{ .name = NULL },
};

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
	return option_keep(b->h->own, text);
}

/* False with the faults added; what is right is filled in all the same. */
static bool
read_options(struct handshaking *b)
{
	struct setting rows[COUNT_OF(handshake_settings)];
	const config_setting_t *preset = b->setup->preset;
	const config_setting_t *group = b->setup->group;
	bool ok;

	b->options.kind = -1;
	b->options.pattern = -1;
	if (preset == NULL)
		return settings_read(group, "handshake", handshake_settings,
		    &b->options, b->all);
	memcpy(rows, handshake_settings, sizeof(rows));
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		rows[i].required = false;
	ok = settings_read(preset, "handshake", handshake_settings, &b->options,
	    b->all);
	return (group == NULL ||
	           settings_read(group, "handshake", rows, &b->options,
	               b->all)) &&
	    ok;
}

static bool
is_misread(const struct handshaking *b, const char *option)
{
	return option_is_misread(b->setup->group, option);
}

bool
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
build_challenge(const struct handshaking *b, const char *challenge)
{
	struct handshake *h = b->h;

	if (challenge == NULL && is_misread(b, "challenge"))
		return false;
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
	return true;
}

static bool
build_places(const struct handshaking *b, const struct kind_row *row)
{
	const struct handshake_options *o = &b->options;
	const char *match = o->match != NULL ? o->match : row->match;
	bool ok = build_challenge(b,
	    o->challenge != NULL ? o->challenge : row->challenge);

	if (match != NULL && match[0] != '\0' &&
	    !condition_parse(keep(b, match), &b->h->match))
		return refuse(b, "match",
		    "a place and a value are expected: \"json:type=x\"");
	return ok;
}

/* The route's own secret is the key that verify makes of it. */
static bool
build_signer(const struct handshaking *b)
{
	const struct verifier *v = b->setup->verifier;
	struct handshake *h = b->h;
	enum key_form form = h->own_secret && v != NULL &&
	        v->type == SCHEME_HMAC
	    ? v->key_form
	    : KEY_UTF8;

	h->signer = secrets_alloc(sizeof(*h->signer));
	if (h->signer == NULL)
		return refuse(b, "secret", "the system has no memory for keys");
	if (key_make_hmac(secret_value(h->secret, 0), form, &h->signer->key,
	        NULL) == -1)
		return refuse(b, "secret",
		    "its first value is not of the form that verify.key "
		    "says");
	key_mark(&h->signer->key, &hashes[HASH_SHA256], h->signer->mark);
	secrets_seal(h->signer);
	return true;
}

static bool
find_secret(const struct handshaking *b)
{
	const struct handshake_setup *s = b->setup;
	const char *name = b->options.secret;
	struct handshake *h = b->h;

	h->secret = name != NULL ? secrets_find(s->secrets, name) : s->secret;
	h->own_secret = h->secret != NULL && h->secret == s->secret;
	if (h->secret == NULL)
		return refuse(b, "secret",
		    "the settings have no secret of that name; write the name "
		    "of one among secrets");
	return h->kind == KIND_HUB || h->kind == KIND_CHAIN || build_signer(b);
}

static bool
build_secret(const struct handshaking *b)
{
	const char *name = b->options.secret;
	struct handshake *h = b->h;
	bool hub = h->kind == KIND_HUB;

	if (is_misread(b, "secret"))
		return false;
	if (name != NULL && !hub && h->proof.len == 0)
		return refuse(b, "secret",
		    "means nothing for this kind; it would be ignored");
	if (!hub && h->proof.len == 0)
		return true;
	if (name == NULL && hub)
		return refuse(b, "secret",
		    "is missing: the name of the secret that holds the verify "
		    "token; kind = \"none\" does without a handshake");
	return b->setup->secrets == NULL || find_secret(b);
}

/* What is hashed ends in the address, as the sender knows it. */
static bool
build_address(const struct handshaking *b)
{
	const char *url = NULL, *problem;

	if (b->h->kind != KIND_CHAIN)
		return true;
	(void)config_setting_lookup_string(b->setup->route, "public_url", &url);
	if (url == NULL)
		return refuse(b, "kind",
		    "hash_chain hashes the address the sender posts to; say "
		    "which, with public_url = \"https://hooks.example.com\"");
	problem = url_problem(str_of(url));
	if (problem != NULL)
		return refuse(b, "kind", problem);
	b->h->public_url = keep(b, url);
	while (b->h->public_url.at[b->h->public_url.len - 1] == '/')
		b->h->public_url.len--;
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

/* What is signed is held to what is no webhook. */
static bool
check_proof(const struct handshaking *b)
{
	const struct handshake *h = b->h;
	bool ok = true;

	if (h->proof.len == 0 || h->kind == KIND_CHAIN)
		return true;
	if (h->echo.len == 0)
		ok = refuse(b, "proof", "goes with an echo");
	if (h->pattern != PATTERN_UUID &&
	    !(h->proven && h->pattern == PATTERN_TOKEN))
		ok = refuse(b, "pattern",
		    "what is signed has to be a \"uuid\", or a \"token\" when "
		    "proven: else anybody could have a webhook signed");
	return ok;
}

/* No early way out: all that is wrong is said at once. */
static bool
build(const struct handshaking *b)
{
	const struct handshake_options *o = &b->options;
	const struct kind_row *row = &kinds[o->kind];
	struct handshake *h = b->h;
	bool ok;

	h->kind = (enum kind)o->kind;
	h->methods = row->methods;
	h->proven = row->proven;
	h->pattern = (enum pattern)(
	    o->pattern >= 0 ? o->pattern : row->pattern);
	h->echo = keep(b, o->echo != NULL ? o->echo : row->echo);
	h->proof = keep(b, o->proof != NULL ? o->proof : row->proof);
	ok = read_proven(b, &h->proven);
	ok &= build_places(b, row);
	ok &= check_proof(b);
	if (h->proven && (h->methods & BY_GET) != 0)
		ok = refuse(b, "proven",
		    "this kind asks by GET, which no sender signs");
	ok &= build_address(b);
	return build_secret(b) && ok;
}

struct handshake *
handshake_new(const struct handshake_setup *setup, struct faults *all)
{
	struct handshaking b = { .setup = setup, .all = all };
	struct arena *own;
	bool ok;

	if (setup->preset == NULL && setup->group == NULL)
		return NULL;
	ok = read_options(&b);
	if (b.options.kind == -1 || b.options.kind == KIND_NONE)
		return NULL;
	own = arena_new((size_t)8 << 20);
	b.h = arena_take(own, sizeof(*b.h));
	if (b.h == NULL)
		bug("an arena holds no handshake");
	*b.h = (struct handshake){ .own = own };
	if (build(&b) && ok)
		return b.h;
	handshake_free(b.h);
	return NULL;
}

void
handshake_free(struct handshake *h)
{
	if (h == NULL)
		return;
	secrets_wipe(h->signer);
	arena_free(h->own);
}
