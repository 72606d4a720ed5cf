/*
 * verify/verify_options.c - the words of a scheme, in a preset's file and in
 * a route's verify group alike.
 */
#include <string.h>

#include "verify/verify_scheme.h"

static const struct name types[] = {
	{ "hmac", SCHEME_HMAC },
	{ "digest", SCHEME_DIGEST },
	{ "token", SCHEME_TOKEN },
	{ "basic", SCHEME_BASIC },
	{ "ip", SCHEME_IP },
	{ "certificate", SCHEME_CLIENT },
	{ "ed25519", SCHEME_ED25519 },
	{ "ecdsa-p256", SCHEME_ECDSA_P256 },
	{ "rsa-sha256", SCHEME_RSA_SHA256 },
	{ "none", SCHEME_NONE },
	{ NULL, -1 },
};

static const struct name digests[] = {
	{ "sha1", HASH_SHA1 },
	{ "sha256", HASH_SHA256 },
	{ "sha512", HASH_SHA512 },
	{ NULL, -1 },
};

static const struct name encodings[] = {
	{ "hex", ENCODING_HEX },
	{ "base64", ENCODING_BASE64 },
	{ "base64url", ENCODING_BASE64URL },
	{ "base64hex", ENCODING_BASE64_HEX },
	{ NULL, -1 },
};

static const struct name formats[] = {
	{ "plain", FORMAT_PLAIN },
	{ "kv", FORMAT_KV },
	{ "tagged", FORMAT_TAGGED },
	{ "list", FORMAT_LIST },
	{ "positional", FORMAT_POSITIONAL },
	{ "pairs", FORMAT_PAIRS },
	{ NULL, -1 },
};

static const struct name key_forms[] = {
	{ "utf8", KEY_UTF8 },
	{ "hex", KEY_HEX },
	{ "base64", KEY_BASE64 },
	{ "sha1", KEY_SHA1 },
	{ "whsec", KEY_WHSEC },
	{ "whpk", KEY_WHPK },
	{ NULL, -1 },
};

static const struct name units[] = {
	{ "s", TIME_S },
	{ "ms", TIME_MS },
	{ "iso8601", TIME_ISO8601 },
	{ "auto", TIME_AUTO },
	{ NULL, -1 },
};

static const struct name url_decodings[] = {
	{ "none", false },
	{ "hubspot", true },
	{ NULL, -1 },
};

/* Longer, and a window protects from nothing. */
#define TOLERANCE_MAX (24 * 3600 * 1000)

#define AT(member) .at = offsetof(struct options, member)

const struct setting verify_settings[] = {
	{ .name = "addresses",
	    .kind = SETTING_TEXT,
	    AT(addresses),
	    .help = "Addresses the sender sends from, \"192.0.2.0/24, "
	            "2001:db8::/32\"; the proof of type ip, and beside "
	            "that of the others." },

	{ .name = "body_escaped",
	    .kind = SETTING_BOOLEAN,
	    AT(body_escaped),
	    .fallback = "false",
	    .help = "The sender may sign the body with all beyond ASCII "
	            "written as \\uXXXX." },

	{ .name = "body_hash",
	    .kind = SETTING_TEXT,
	    AT(body_hash),
	    .help = "Where the body's SHA-256 stands in hex, if the message "
	            "signs that in place of the body." },

	{ .name = "client_name",
	    .kind = SETTING_TEXT,
	    AT(client_name),
	    .help = "Names of the certificates the sender shows, \"a.example, "
	            "spiffe://b.example/c\"; the proof of type certificate, "
	            "and beside that of the others." },

	{ .name = "delimiter",
	    .kind = SETTING_TEXT,
	    AT(delimiter),
	    .fallback = ",",
	    .help = "Character between the items of the formats kv, list, "
	            "positional and pairs." },

	{ .name = "delivery_id",
	    .kind = SETTING_TEXT,
	    AT(delivery_id),
	    .help = "Where the sender's own delivery id stands: "
	            "\"header:X\", \"json:a.b\", \"form:x\"; \"header:X, "
	            "Y\" when some senders name it otherwise, \"header:X, "
	            "json:a.b\" when some have it elsewhere." },

	{ .name = "digest",
	    .kind = SETTING_NAME,
	    AT(digest),
	    .names = digests,
	    .fallback = "sha256",
	    .help = "Hash of the types hmac and digest." },

	{ .name = "encoding",
	    .kind = SETTING_NAME,
	    AT(encoding),
	    .names = encodings,
	    .fallback = "hex",
	    .help = "How the signature is written." },

	{ .name = "fields_only",
	    .kind = SETTING_BOOLEAN,
	    AT(fields_only),
	    .fallback = "false",
	    .help = "The sender signs fields of the body, not all of it: "
	            "what else stands there is anybody's." },

	{ .name = "format",
	    .kind = SETTING_NAME,
	    AT(format),
	    .names = formats,
	    .fallback = "plain",
	    .help = "One signature (plain), t=...,v1=... (kv), v1,... v1,... "
	            "(tagged), several (list), the time and several "
	            "(positional), or key|... (pairs)." },

	{ .name = "front",
	    .kind = SETTING_TEXT,
	    AT(front),
	    .help = "Addresses of the proxy in front, whose X-Forwarded-For, "
	            "-Proto and -Host are believed." },

	{ .name = "group_delimiter",
	    .kind = SETTING_TEXT,
	    AT(group_delimiter),
	    .help = "Character between groups that each have a time and "
	            "signatures of their own (kv, positional)." },

	{ .name = "key",
	    .kind = SETTING_NAME,
	    AT(key),
	    .names = key_forms,
	    .fallback = "utf8",
	    .help = "How the secret's text becomes the key's bytes; a public "
	            "key in PEM needs none." },

	{ .name = "message",
	    .kind = SETTING_TEXT,
	    AT(message),
	    .fallback = "{body}",
	    .help = "What is signed: text and {body}, {timestamp}, {id}, "
	            "{method}, {url}, {path}, {secret}, {header:X}, "
	            "{query:X}, {form:X}, {json:X}, {sorted_form}." },

	{ .name = "prefix",
	    .kind = SETTING_TEXT,
	    AT(prefix),
	    .fallback = "",
	    .help = "Text that has to stand in front of the signature or "
	            "token." },

	{ .name = "public_key",
	    .kind = SETTING_TEXT,
	    AT(public_key),
	    .help = "The sender's public key, where it is published, in PEM "
	            "or as key says; a secret of the route is used in its "
	            "place." },

	{ .name = "signature",
	    .kind = SETTING_TEXT,
	    AT(signature),
	    .help = "Where the signature or token stands: \"header:X\", "
	            "\"header:X, Y\", \"header:X-{n}\" (numbered), "
	            "\"query:x\"; for tokens and fields_only also "
	            "\"form:x\", \"json:x\"." },

	{ .name = "signature_key",
	    .kind = SETTING_TEXT,
	    AT(signature_key),
	    .fallback = "v1",
	    .help = "Key (kv, pairs) or tag (tagged) of the signatures that "
	            "count; \"\": all pairs." },

	{ .name = "timestamp",
	    .kind = SETTING_TEXT,
	    AT(timestamp),
	    .help = "Where the time of sending stands: \"header:X\", "
	            "\"query:x\", \"form:x\", \"json:a.b\"." },

	{ .name = "timestamp_enforce",
	    .kind = SETTING_BOOLEAN,
	    AT(timestamp_enforce),
	    .fallback = "true",
	    .help = "Refuse what lies outside the tolerance." },

	{ .name = "timestamp_key",
	    .kind = SETTING_TEXT,
	    AT(timestamp_key),
	    .help = "Key of the time of sending in the format kv." },

	{ .name = "timestamp_unit",
	    .kind = SETTING_NAME,
	    AT(timestamp_unit),
	    .names = units,
	    .fallback = "s",
	    .help = "How the time of sending is written; auto tells seconds "
	            "from milliseconds." },

	{ .name = "tolerance",
	    .kind = SETTING_DURATION,
	    AT(tolerance),
	    .min = 1000,
	    .max = TOLERANCE_MAX,
	    .fallback = "5m",
	    .help = "How old a webhook may be." },

	{ .name = "tolerance_future",
	    .kind = SETTING_DURATION,
	    AT(tolerance_future),
	    .min = 1000,
	    .max = TOLERANCE_MAX,
	    .help = "How far its clock may be ahead; as far as tolerance "
	            "when not given." },

	{ .name = "type",
	    .kind = SETTING_NAME,
	    AT(type),
	    .required = true,
	    .names = types,
	    .help = "hmac, digest, token, basic, ip (the address alone), "
	            "certificate (the name in it alone), ed25519, ecdsa-p256, "
	            "rsa-sha256, or none: everybody may send." },

	{ .name = "url_any_port",
	    .kind = SETTING_BOOLEAN,
	    AT(url_any_port),
	    .fallback = "false",
	    .help = "The sender may write the default port into {url} or "
	            "leave it out." },

	{ .name = "url_any_user",
	    .kind = SETTING_BOOLEAN,
	    AT(url_any_user),
	    .fallback = "false",
	    .help = "The sender may write the user and password of HTTP "
	            "Basic into {url} or leave them out." },

	{ .name = "url_decode",
	    .kind = SETTING_NAME,
	    AT(url_decode),
	    .names = url_decodings,
	    .fallback = "none",
	    .help = "Escapes in {url} the sender decodes before signing." },

	{ .name = "user",
	    .kind = SETTING_TEXT,
	    AT(user),
	    .help = "User name of the type basic; the secret is the "
	            "password." },

	{ .name = NULL },
};

/* The table for a group that changes a preset: what is absent stays. */
static bool
override(const config_setting_t *group, struct options *to, struct faults *all)
{
	struct setting rows[COUNT_OF(verify_settings)];

	memcpy(rows, verify_settings, sizeof(rows));
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		rows[i].fallback = NULL;
		rows[i].required = false;
	}
	return settings_read(group, "verify", rows, to, all);
}

/* What else a preset says; others read it. */
static const char *const beside[] = { "body", "disables", "handshake",
	"patience", "ping", "reply", "retries", "setup", NULL };

_Static_assert(COUNT_OF(verify_settings) + COUNT_OF(beside) <= OPTION_NAMES_MAX,
    "options_names() has no room");

bool
options_read(const config_setting_t *preset, const char *sender,
    const config_setting_t *group, struct options *to, struct faults *all)
{
	struct setting rows[COUNT_OF(verify_settings)];
	bool ok;

	/* Defaults first: one stands in where what is written is wrong. */
	memcpy(rows, verify_settings, sizeof(rows));
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		rows[i].required = false;
	if (!settings_read(NULL, "verify", rows, to, all))
		bug("the options' defaults are wrong");
	to->type = -1;
	if (preset == NULL)
		return settings_read(group, "verify", verify_settings, to, all);
	ok = settings_read_with(preset, sender, verify_settings, beside, to,
	    all);
	return (group == NULL || override(group, to, all)) && ok;
}

#define PUBLIC                                                                 \
	(BIT(SCHEME_ED25519) | BIT(SCHEME_ECDSA_P256) | BIT(SCHEME_RSA_SHA256))
#define SIGNED (BIT(SCHEME_HMAC) | BIT(SCHEME_DIGEST) | PUBLIC)
#define PROVEN                                                                 \
	(SIGNED | BIT(SCHEME_TOKEN) | BIT(SCHEME_BASIC) | BIT(SCHEME_IP) |     \
	    BIT(SCHEME_CLIENT))

/* Options that only some types look at; those not named are for all. */
static const struct {
	const char *name;
	unsigned types;
} fits[] = {
	{ "addresses", PROVEN },
	{ "body_escaped", SIGNED },
	{ "body_hash", SIGNED },
	{ "client_name", PROVEN },
	{ "delimiter", SIGNED },
	{ "digest", BIT(SCHEME_HMAC) | BIT(SCHEME_DIGEST) },
	{ "encoding", SIGNED },
	{ "fields_only", SIGNED },
	{ "format", SIGNED },
	{ "front", PROVEN },
	{ "group_delimiter", SIGNED },
	{ "key", SIGNED },
	{ "message", SIGNED },
	{ "prefix", SIGNED | BIT(SCHEME_TOKEN) },
	{ "public_key", PUBLIC },
	{ "signature", SIGNED | BIT(SCHEME_TOKEN) | BIT(SCHEME_BASIC) },
	{ "signature_key", SIGNED },
	{ "timestamp", SIGNED },
	{ "timestamp_enforce", SIGNED },
	{ "timestamp_key", SIGNED },
	{ "timestamp_unit", SIGNED },
	{ "tolerance", SIGNED },
	{ "tolerance_future", SIGNED },
	{ "url_any_port", SIGNED },
	{ "url_any_user", SIGNED },
	{ "url_decode", SIGNED },
	{ "user", BIT(SCHEME_BASIC) },
};

bool
option_fits(const char *name, enum scheme_type type)
{
	for (size_t i = 0; i < COUNT_OF(fits); i++)
		if (strcmp(fits[i].name, name) == 0)
			return (fits[i].types & BIT(type)) != 0;
	return true;
}

bool
option_is_misread(const config_setting_t *group, const char *name)
{
	const config_setting_t *at = NULL;

	if (group != NULL)
		at = config_setting_get_member(group, name);
	return at != NULL && config_setting_get_string(at) == NULL;
}

struct str
option_keep(struct arena *own, const char *text)
{
	struct str copy;

	if (text == NULL)
		return STR_NONE;
	copy = arena_copy(own, str_of(text));
	if (copy.at == NULL)
		bug("an option's text has no room");
	return copy;
}

const char *
verify_option(const config_setting_t *preset, const char *name)
{
	const char *text = NULL;
	const struct setting *row = verify_settings;
	int type, on;

	if (!config_setting_lookup_string(preset, "type", &text))
		return NULL;
	type = name_value(types, str_of(text));
	if (type == -1 || !option_fits(name, (enum scheme_type)type))
		return NULL;
	if (config_setting_lookup_string(preset, name, &text))
		return text;
	if (config_setting_lookup_bool(preset, name, &on))
		return on ? "true" : "false";
	while (row->name != NULL && strcmp(row->name, name) != 0)
		row++;
	return row->fallback;
}

void
options_names(const char *names[OPTION_NAMES_MAX])
{
	size_t n = 0;

	for (size_t i = 0; verify_settings[i].name != NULL; i++)
		names[n++] = verify_settings[i].name;
	for (size_t i = 0; beside[i] != NULL; i++)
		names[n++] = beside[i];
	names[n] = NULL;
}
