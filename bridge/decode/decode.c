/* decode/decode.c - which decoder a content type asks for. */
#include <string.h>

#include "decode/decode.h"

const struct decode_limits decode_limits_default = {
	.depth = 64,
	.values = 100000,
};

enum body_kind { BODY_JSON, BODY_FORM, BODY_KINDS };

static struct document *(*const decoders[BODY_KINDS])(struct arena *,
    struct str, const struct decode_limits *, struct fault *) = {
	[BODY_JSON] = decode_json,
	[BODY_FORM] = decode_form,
};

/* In lower case. Whatever ends in +json is JSON too (RFC 6839). */
static const struct name body_kinds[] = {
	{ "", BODY_JSON },           /* senders that name no type send JSON */
	{ "text/plain", BODY_JSON }, /* ... and so do those that say this */
	{ "application/json", BODY_JSON },
	{ "text/json", BODY_JSON },
	{ "application/x-www-form-urlencoded", BODY_FORM },
	{ NULL, -1 },
};

/* Of UTF-8, ASCII is a part. */
static const char *const charsets[] = { "utf-8", "utf8", "us-ascii", "ascii" };

static bool
has_suffix(struct str s, struct str suffix)
{
	return s.len >= suffix.len &&
	    str_eq_nocase(str_skip(s, s.len - suffix.len), suffix);
}

/* The type without its parameters; -1 when no decoder takes it. */
static int
body_kind(struct str type)
{
	char lower[64]; /* longer than any name in the table */

	for (size_t i = 0; i < type.len && i < sizeof(lower); i++) {
		char c = type.at[i];

		lower[i] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
	}
	if (has_suffix(type, STR("+json")) &&
	    memchr(type.at, '/', type.len) != NULL)
		return BODY_JSON;
	if (type.len > sizeof(lower))
		return -1;
	return name_value(body_kinds, (struct str){ lower, type.len });
}

/* Takes a parameter's value: up to ';', or between quotes. */
static struct str
take_value(struct str *rest)
{
	struct str value = STR("");

	*rest = str_trim(*rest);
	if (rest->len == 0 || rest->at[0] != '"') {
		str_cut(rest, ';', &value);
		return str_trim(value);
	}
	*rest = str_skip(*rest, 1);
	str_cut(rest, '"', &value);
	return value;
}

/* The charset parameter, or STR_NONE. */
static struct str
charset_of(struct str params)
{
	struct str name;

	while (str_cut(&params, '=', &name)) {
		struct str value = take_value(&params);
		const char *bare = memrchr(name.at, ';', name.len);

		/* What is left of the parameter before, or one without '='. */
		if (bare != NULL)
			name = str_span(bare + 1, name.at + name.len);
		if (str_eq_nocase(str_trim(name), STR("charset")))
			return value;
	}
	return STR_NONE;
}

static bool
is_utf8(struct str charset)
{
	for (size_t i = 0; i < COUNT_OF(charsets); i++)
		if (str_eq_nocase(charset, str_of(charsets[i])))
			return true;
	return charset.at == NULL;
}

struct document *
decode_body(struct arena *arena, struct str content_type, struct str body,
    const struct decode_limits *limits, struct fault *why)
{
	struct str params = content_type, type = STR("");
	int kind;

	str_cut(&params, ';', &type);
	kind = body_kind(str_trim(type));
	if (kind == -1) {
		fault_set(why, FAULT_BODY_KIND, "content-type",
		    "no decoder takes this type; send application/json, a "
		    "type that ends in +json, or "
		    "application/x-www-form-urlencoded");
		return NULL;
	}
	if (!is_utf8(charset_of(params))) {
		fault_set(why, FAULT_BODY_KIND, "content-type",
		    "this charset is not read; send the body as UTF-8");
		return NULL;
	}
	return decoders[kind](arena, body, limits, why);
}
