/*
 * decode/decode_form.c - application/x-www-form-urlencoded, and the query
 * of an address, which is written alike. Where a pair's value stands is told
 * in decode_pairs.c.
 */
#include <string.h>

#include "decode/decode_pairs.h"
#include "decode/decode_text.h"

struct form {
	struct pairs pairs;
	enum charset charset;
};

/* percent_decode would not: an escape is broken, or there is no memory. */
static int
refuse_escape(const struct form *f, struct str raw)
{
	size_t bad = escape_bad(raw);

	if (bad < raw.len)
		return pairs_refuse(&f->pairs, raw.at + bad,
		    "two hex digits are expected behind %; the sign itself is "
		    "written %25");
	return pairs_trouble(&f->pairs, TAPE_NO_MEMORY);
}

/* Where the n-th byte of what raw decodes to is written. */
static const char *
encoded_at(struct str raw, size_t n)
{
	const char *p = raw.at;

	while (n-- > 0)
		p += *p == '%' ? 3 : 1;
	return p;
}

static bool
holds(struct str s, char c)
{
	return s.len > 0 && memchr(s.at, c, s.len) != NULL;
}

/* A name or a value; without escapes it is the body's own bytes. */
static int
decode_part(const struct form *f, struct str raw, struct str *out)
{
	struct arena *arena = f->pairs.arena;
	struct str text = raw;
	size_t bad;

	if ((holds(raw, '%') || holds(raw, '+')) &&
	    percent_decode(arena, raw, true, &text) == -1)
		return refuse_escape(f, raw);
	if (f->charset > CHARSET_UTF8 &&
	    text_utf8(arena, text, f->charset, &text) == -1)
		return pairs_trouble(&f->pairs, TAPE_NO_MEMORY);
	bad = utf8_bad(text);
	if (bad < text.len)
		return pairs_refuse(&f->pairs, encoded_at(raw, bad),
		    "this byte is not UTF-8; send the form as UTF-8");
	*out = text;
	return 0;
}

static int
read_pair(struct form *f, struct str pair)
{
	struct str rest = pair, name, value;
	struct branch *b;

	f->pairs.pair = pair.at;
	str_cut(&rest, '=', &name);
	if (rest.at == NULL)
		rest = STR("");
	if (decode_part(f, name, &name) == -1 ||
	    decode_part(f, rest, &value) == -1 ||
	    pairs_put(&f->pairs, name, BRANCH_TEXT, &b) == -1)
		return -1;
	b->text = value;
	return 0;
}

static struct document *
read_form(struct arena *arena, const char *source, const struct body *body,
    const struct decode_limits *limits, struct fault *why)
{
	struct form f = { .charset = body->charset };
	struct str rest = body->text, pair;

	if (pairs_start(&f.pairs, arena, source, body->text, limits, why) == -1)
		return NULL;
	while (str_cut(&rest, '&', &pair))
		if (pair.len > 0 && read_pair(&f, pair) == -1)
			return NULL;
	return pairs_finish(&f.pairs);
}

struct document *
body_form(struct arena *arena, const struct body *body,
    const struct decode_limits *limits, struct fault *why)
{
	return read_form(arena, "body", body, limits, why);
}

struct document *
decode_form(struct arena *arena, struct str text,
    const struct decode_limits *limits, struct fault *why)
{
	return read_form(arena, "body", &(struct body){ .text = text }, limits,
	    why);
}

struct document *
decode_query(struct arena *arena, struct str query,
    const struct decode_limits *limits, struct fault *why)
{
	return read_form(arena, "query", &(struct body){ .text = query },
	    limits, why);
}
