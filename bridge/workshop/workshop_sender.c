/* workshop/workshop_sender.c - a preset, put into words. */
#include <string.h>

#include "workshop/workshop_sender.h"

#define UNKNOWN "not documented"

/* A word of a preset's, and what it means. */
struct gloss {
	const char *word;
	const char *meaning;
};

static const struct gloss types[] = {
	{ "hmac", "a keyed hash of the message" },
	{ "digest", "a plain hash; the secret is in the message" },
	{ "token", "the secret itself" },
	{ "basic", "HTTP Basic; the secret is the password" },
	{ "ed25519", "a signature, checked by a public key" },
	{ "ecdsa-p256", "a signature, checked by a public key" },
	{ "rsa-sha256", "a signature, checked by a public key" },
	{ "none", "everybody may send" },
	{ NULL, NULL },
};

static const struct gloss formats[] = {
	{ "plain", "one signature" },
	{ "kv", "t=...,v1=...: pairs of key and value" },
	{ "tagged", "v1,... v1,...: each behind its tag" },
	{ "list", "several signatures" },
	{ NULL, NULL },
};

static const struct gloss keys[] = {
	{ "utf8", "its text" },
	{ "hex", "its bytes, written in hex" },
	{ "base64", "its bytes, written in base64" },
	{ "sha1", "the SHA-1 of its text" },
	{ "whsec", "whsec_ and its bytes in base64" },
	{ "whpk", "whpk_ and a public key in base64" },
	{ NULL, NULL },
};

static const struct gloss units[] = {
	{ "s", "Unix seconds" },
	{ "ms", "Unix milliseconds" },
	{ "iso8601", "a date and time" },
	{ "auto", "Unix seconds or milliseconds" },
	{ NULL, NULL },
};

static const struct gloss handshakes[] = {
	{ "hub",
	    "a GET with a challenge and the verify token; told the "
	    "challenge" },
	{ "linkedin", "a GET with a challenge; told it and its HMAC" },
	{ "body_challenge", "a POST with a challenge; told the challenge" },
	{ "validation_token", "a request with a token; told the token" },
	{ "header_echo", "a POST with a header; told the same header" },
	{ "none", "nothing" },
	{ NULL, NULL },
};

/* When a row of the proof has something to say. */
enum when {
	ALWAYS,
	WHEN_TIMED, /* the scheme knows the time of sending */
	WHEN_SPLIT, /* a signature is one item of several */
};

static const struct proof_row {
	const char *option;
	const char *label;
	const struct gloss *glosses;
	enum when when;
} proof_rows[] = {
	{ "type", "scheme", types, ALWAYS },
	{ "digest", "hash", NULL, ALWAYS },
	{ "signature", "stands in", NULL, ALWAYS },
	{ "prefix", "behind", NULL, ALWAYS },
	{ "format", "as", formats, WHEN_SPLIT },
	{ "signature_key", "under", NULL, WHEN_SPLIT },
	{ "encoding", "encoding", NULL, ALWAYS },
	{ "message", "of", NULL, ALWAYS },
	{ "body_escaped", "or escaped", NULL, ALWAYS },
	{ "body_hash", "body's hash", NULL, ALWAYS },
	{ "key", "secret is", keys, ALWAYS },
	{ "public_key", "public key", NULL, ALWAYS },
	{ "user", "user", NULL, ALWAYS },
	{ "timestamp", "time in", NULL, ALWAYS },
	{ "timestamp_key", "time under", NULL, ALWAYS },
	{ "timestamp_unit", "time as", units, WHEN_TIMED },
	{ "tolerance", "tolerance", NULL, WHEN_TIMED },
};

static const char *
meaning(const struct gloss *list, const char *word)
{
	for (; list != NULL && list->word != NULL; list++)
		if (strcmp(list->word, word) == 0)
			return list->meaning;
	return NULL;
}

static bool
is_timed(const config_setting_t *preset)
{
	return verify_option(preset, "timestamp") != NULL ||
	    verify_option(preset, "timestamp_key") != NULL;
}

/* The value of a row, or NULL where it has nothing to say. */
static const char *
proof_value(const config_setting_t *preset, const struct proof_row *row)
{
	const char *value = verify_option(preset, row->option), *format;

	if (value == NULL || value[0] == '\0' || strcmp(value, "false") == 0)
		return NULL;
	if (row->when == WHEN_TIMED && !is_timed(preset))
		return NULL;
	format = verify_option(preset, "format");
	if (row->when == WHEN_SPLIT &&
	    (format == NULL || strcmp(format, "plain") == 0))
		return NULL;
	return value;
}

static void
line(struct bytes *out, const char *label, const char *value, const char *more)
{
	bytes_addf(out, "%-13s %s%s%s\n", label,
	    value != NULL ? value : UNKNOWN, more != NULL ? ": " : "",
	    more != NULL ? more : "");
}

static void
print_proof(const config_setting_t *preset, struct bytes *out)
{
	bytes_add_text(out, "\nproof\n");
	for (size_t i = 0; i < COUNT_OF(proof_rows); i++) {
		const struct proof_row *row = &proof_rows[i];
		const char *value = proof_value(preset, row);

		if (value == NULL)
			continue;
		bytes_add_text(out, "  ");
		line(out, row->label, value, meaning(row->glosses, value));
	}
	if (!is_timed(preset))
		bytes_addf(out, "  %-13s %s\n", "tolerance",
		    "none: no time is checked; a captured webhook can be sent "
		    "again");
}

/* What a handshake changes of its kind. */
static void
print_handshake(const config_setting_t *preset, struct bytes *out)
{
	const config_setting_t *group = config_setting_get_member(preset,
	    "handshake");
	const char *kind = NULL, *text;

	if (group == NULL) {
		line(out, "handshake", "none", NULL);
		return;
	}
	(void)config_setting_lookup_string(group, "kind", &kind);
	line(out, "handshake", kind,
	    kind != NULL ? meaning(handshakes, kind) : NULL);
	for (int i = 0; i < config_setting_length(group); i++) {
		const config_setting_t *s = config_setting_get_elem(group,
		    (unsigned)i);

		text = config_setting_get_string(s);
		if (text == NULL || strcmp(config_setting_name(s), "kind") == 0)
			continue;
		bytes_add_text(out, "  ");
		line(out, config_setting_name(s),
		    text[0] != '\0' ? text : "nothing: the bare text", NULL);
	}
}

/* "422", "200, text/xml, with a body of its own" */
static void
print_reply(const config_setting_t *s, struct bytes *out)
{
	const char *text;
	int status = config_setting_get_int(s);

	bytes_addf(out, "  %-13s ", config_setting_name(s));
	if (config_setting_is_group(s) &&
	    !config_setting_lookup_int(s, "status", &status))
		status = 0;
	if (status != 0)
		bytes_addf(out, "%d", status);
	else
		bytes_add_text(out, "the status as it is");
	if (config_setting_is_group(s) &&
	    config_setting_lookup_string(s, "body", &text))
		bytes_addf(out, ", with the body %s", text);
	if (config_setting_is_group(s) &&
	    config_setting_lookup_string(s, "type", &text))
		bytes_addf(out, ", as %s", text);
	bytes_add_char(out, '\n');
}

static void
print_replies(const config_setting_t *preset, struct bytes *out)
{
	const config_setting_t *group = config_setting_get_member(preset,
	    "reply");

	bytes_add_text(out,
	    "\nreplies: what happened, what the sender is "
	    "told\n");
	for (int i = 0; group != NULL && i < config_setting_length(group); i++)
		print_reply(config_setting_get_elem(group, (unsigned)i), out);
	bytes_addf(out, "  %-13s %s\n", group != NULL ? "all else" : "all",
	    "the answer of the API, or of the bridge, as it is");
}

static const char *
ping_of(const config_setting_t *preset)
{
	const char *ping = NULL;

	(void)config_setting_lookup_string(preset, "ping", &ping);
	return ping;
}

static const char *
patience_of(const config_setting_t *preset)
{
	const char *text = NULL;

	(void)config_setting_lookup_string(preset, "patience", &text);
	return text;
}

void
sender_print(const struct sender_page *p, struct bytes *out)
{
	const char *id = verify_option(p->preset, "delivery_id");
	const char *ping = ping_of(p->preset);

	bytes_addf(out, "%s\n\n%.*s\n\n", p->name, STR_ARG(p->about));
	line(out, "body", p->facts.body, NULL);
	line(out, "delivery id", id != NULL ? id : "none", NULL);
	print_handshake(p->preset, out);
	line(out, "ping", ping != NULL ? ping : "none", NULL);
	line(out, "patience", patience_of(p->preset), NULL);
	line(out, "retries", p->facts.retries, NULL);
	line(out, "disabled by", p->facts.disables, NULL);
	print_proof(p->preset, out);
	print_replies(p->preset, out);
	bytes_add_text(out,
	    "\nset-up at the sender's end; {url} is the "
	    "route's address\n");
	for (size_t i = 0; i < p->facts.setup_count; i++)
		bytes_addf(out, "  %zu. %s\n", i + 1, p->facts.setup[i]);
	if (p->facts.setup_count == 0)
		bytes_add_text(out, "  " UNKNOWN "\n");
}

static void
add_text_json(struct bytes *out, const char *text)
{
	if (text != NULL)
		bytes_add_json(out, str_of(text));
	else
		bytes_add_text(out, "null");
}

static void
add_member(struct bytes *out, const char *name, const char *text)
{
	bytes_addf(out, ",\n \"%s\": ", name);
	add_text_json(out, text);
}

static void
add_setting_json(const config_setting_t *s, struct bytes *out)
{
	if (config_setting_type(s) == CONFIG_TYPE_INT)
		bytes_add_int(out, config_setting_get_int(s));
	else
		add_text_json(out, config_setting_get_string(s));
}

/* A group of scalars; null where there is none. */
static void
add_group_json(const config_setting_t *group, struct bytes *out)
{
	if (group == NULL) {
		bytes_add_text(out, "null");
		return;
	}
	for (int i = 0; i < config_setting_length(group); i++) {
		const config_setting_t *s = config_setting_get_elem(group,
		    (unsigned)i);

		bytes_addf(out, "%s\"%s\": ", i > 0 ? ", " : "{",
		    config_setting_name(s));
		add_setting_json(s, out);
	}
	bytes_add_text(out, config_setting_length(group) > 0 ? "}" : "{}");
}

/* Each as a group, also where the preset says a status alone. */
static void
add_replies_json(const config_setting_t *group, struct bytes *out)
{
	bytes_add_text(out, ",\n \"reply\": {");
	for (int i = 0; group != NULL && i < config_setting_length(group);
	     i++) {
		const config_setting_t *s = config_setting_get_elem(group,
		    (unsigned)i);

		bytes_addf(out, "%s\"%s\": ", i > 0 ? ", " : "",
		    config_setting_name(s));
		if (config_setting_is_group(s))
			add_group_json(s, out);
		else
			bytes_addf(out, "{\"status\": %d}",
			    config_setting_get_int(s));
	}
	bytes_add_char(out, '}');
}

static void
add_proof_json(const config_setting_t *preset, struct bytes *out)
{
	bool first = true;

	bytes_add_text(out, ",\n \"proof\": {");
	for (size_t i = 0; i < COUNT_OF(proof_rows); i++) {
		const char *value = proof_value(preset, &proof_rows[i]);

		if (value == NULL)
			continue;
		bytes_addf(out, "%s\"%s\": ", first ? "" : ", ",
		    proof_rows[i].option);
		add_text_json(out, value);
		first = false;
	}
	bytes_add_char(out, '}');
}

void
sender_print_json(const struct sender_page *p, struct bytes *out)
{
	bytes_add_text(out, "{\"name\": ");
	add_text_json(out, p->name);
	bytes_add_text(out, ",\n \"about\": ");
	bytes_add_json(out, p->about);
	add_member(out, "body", p->facts.body);
	add_member(out, "delivery_id", verify_option(p->preset, "delivery_id"));
	bytes_add_text(out, ",\n \"handshake\": ");
	add_group_json(config_setting_get_member(p->preset, "handshake"), out);
	add_member(out, "ping", ping_of(p->preset));
	add_member(out, "patience", patience_of(p->preset));
	add_member(out, "retries", p->facts.retries);
	add_member(out, "disables", p->facts.disables);
	add_proof_json(p->preset, out);
	add_replies_json(config_setting_get_member(p->preset, "reply"), out);
	bytes_add_text(out, ",\n \"setup\": [");
	for (size_t i = 0; i < p->facts.setup_count; i++) {
		bytes_add_text(out, i > 0 ? ",\n  " : "");
		add_text_json(out, p->facts.setup[i]);
	}
	bytes_add_text(out, "]}\n");
}
