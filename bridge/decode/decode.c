/* decode/decode.c - which decoder a content type asks for. */
#include <string.h>

#include "decode/decode_text.h"

const struct decode_limits decode_limits_default = {
	.depth = 64,
	.values = 100000,
};

enum body_kind { BODY_JSON, BODY_FORM, BODY_MULTIPART, BODY_XML, BODY_KINDS };

static struct document *
body_json(struct arena *arena, const struct body *body,
    const struct decode_limits *limits, struct fault *why)
{
	return decode_json(arena, body->text, limits, why);
}

struct decoder {
	struct document *(*decode)(struct arena *, const struct body *,
	    const struct decode_limits *, struct fault *);
	unsigned charsets; /* BIT(enum charset) of those it reads */
};

#define CHARSETS_UTF8 (BIT(CHARSET_UNSAID) | BIT(CHARSET_UTF8))
#define CHARSETS_SIMPLE                                                        \
	(CHARSETS_UTF8 | BIT(CHARSET_LATIN1) | BIT(CHARSET_WINDOWS_1252))
#define CHARSETS_XML                                                           \
	(CHARSETS_UTF8 | BIT(CHARSET_LATIN1) | BIT(CHARSET_UTF16) |            \
	    BIT(CHARSET_UTF16BE) | BIT(CHARSET_UTF16LE))

static const struct decoder decoders[BODY_KINDS] = {
	[BODY_JSON] = { body_json, CHARSETS_UTF8 },
	[BODY_FORM] = { body_form, CHARSETS_SIMPLE },
	[BODY_MULTIPART] = { body_multipart, CHARSETS_SIMPLE },
	[BODY_XML] = { body_xml, CHARSETS_XML },
};

struct body_type {
	struct str text; /* ASCII case does not matter */
	int kind;
};

static const struct body_type body_types[] = {
	{ STR("application/json"), BODY_JSON },
	{ STR("application/x-www-form-urlencoded"), BODY_FORM },
	{ STR("multipart/form-data"), BODY_MULTIPART },
	{ STR("application/xml"), BODY_XML }, { STR("text/xml"), BODY_XML },
	{ STR("text/json"), BODY_JSON },
	{ STR(""), BODY_JSON },           /* who names no type sends JSON */
	{ STR("text/plain"), BODY_JSON }, /* ... and so does who says this */
};

/* What a type that ends so is too (RFC 6839). */
static const struct body_type body_suffixes[] = {
	{ STR("+json"), BODY_JSON },
	{ STR("+xml"), BODY_XML },
};

static int
kind_in(const struct body_type *types, size_t count, struct str text)
{
	for (size_t i = 0; i < count; i++)
		if (str_eq_nocase(types[i].text, text))
			return types[i].kind;
	return -1;
}

static int
kind_by_suffix(struct str type)
{
	const char *plus = memrchr(type.at, '+', type.len);

	if (plus == NULL || memchr(type.at, '/', type.len) == NULL)
		return -1;
	return kind_in(body_suffixes, COUNT_OF(body_suffixes),
	    str_span(plus, type.at + type.len));
}

/* The type without its parameters; -1 when no decoder takes it. */
static int
body_kind(struct str type)
{
	int kind = kind_in(body_types, COUNT_OF(body_types), type);

	return kind != -1 ? kind : kind_by_suffix(type);
}

static struct document *
refuse(struct fault *why, const char *text)
{
	fault_set(why, FAULT_BODY_KIND, "content-type", "%s", text);
	return NULL;
}

struct document *
decode_body(struct arena *arena, struct str content_type, struct str text,
    const struct decode_limits *limits, struct fault *why)
{
	struct body body = { .text = text, .params = content_type };
	struct str type = STR("");
	int kind;

	str_cut(&body.params, ';', &type);
	kind = body_kind(str_trim(type));
	if (kind == -1)
		return refuse(why,
		    "no decoder takes this type; send application/json, a "
		    "type that ends in +json or +xml, application/xml, "
		    "application/x-www-form-urlencoded or "
		    "multipart/form-data");
	body.charset = charset_named(param_of(body.params, STR("charset")));
	if ((decoders[kind].charsets & BIT(body.charset)) == 0)
		return refuse(why,
		    "this charset is not read; send the body as UTF-8");
	/* cppcheck-suppress returnDanglingLifetime; a document keeps no body */
	return decoders[kind].decode(arena, &body, limits, why);
}
