/* jsonpath/jsonpath_token.c - the characters and words of a path. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "jsonpath/jsonpath_parse.h"

int
parse_fail(struct parser *p, const char *at, const char *fmt, ...)
{
	struct str before = str_span(p->start, at);
	char text[sizeof(p->why->text)];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return fault_at(p->why, FAULT_MAPPING, NULL, 0,
	    (unsigned)utf8_count(before) + 1, "%s", text);
}

int
parse_expected(struct parser *p, const char *what)
{
	if (p->at == p->end)
		return parse_fail(p, p->at,
		    "the text ends where %s is expected", what);
	return parse_fail(p, p->at, "%s is expected here", what);
}

char
parse_peek(const struct parser *p)
{
	return p->at < p->end ? *p->at : '\0';
}

bool
parse_take(struct parser *p, const char *text)
{
	struct str word = str_of(text);

	if (!str_starts(str_span(p->at, p->end), word))
		return false;
	p->at += word.len;
	return true;
}

void
parse_blanks(struct parser *p)
{
	while (p->at < p->end &&
	    (*p->at == ' ' || *p->at == '\t' || *p->at == '\n' ||
	        *p->at == '\r'))
		p->at++;
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* The text is valid UTF-8: a byte past ASCII is part of a letter here. */
static bool
begins_name(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
	    (unsigned char)c >= 0x80;
}

bool
parse_name(struct parser *p, struct str *out)
{
	const char *from = p->at;

	if (!begins_name(parse_peek(p)))
		return false;
	while (begins_name(parse_peek(p)) || is_digit(parse_peek(p)))
		p->at++;
	*out = str_span(from, p->at);
	return true;
}

static size_t
take_digits(struct parser *p)
{
	const char *from = p->at;

	while (is_digit(parse_peek(p)))
		p->at++;
	return (size_t)(p->at - from);
}

bool
parse_starts_integer(const struct parser *p)
{
	return parse_peek(p) == '-' || is_digit(parse_peek(p));
}

/* The digits of an integer, zeros in front of it refused. */
static int
take_whole(struct parser *p, struct str *digits)
{
	const char *from = p->at;

	if (take_digits(p) == 0)
		return parse_expected(p, "a digit");
	if (*from == '0' && p->at - from > 1)
		return parse_fail(p, from, "a number has no leading zeros");
	*digits = str_span(from, p->at);
	return 0;
}

int
parse_integer(struct parser *p, int64_t *out)
{
	const char *from = p->at;
	bool minus = parse_take(p, "-");
	struct str digits = STR_NONE;
	int64_t n;

	if (take_whole(p, &digits) == -1)
		return -1;
	n = str_number(digits, JSONPATH_INT_MAX);
	if (n == -1)
		return parse_fail(p, from, "an index lies between -%jd and %jd",
		    (intmax_t)JSONPATH_INT_MAX, (intmax_t)JSONPATH_INT_MAX);
	if (minus && n == 0)
		return parse_fail(p, from, "-0 is no index, write 0");
	*out = minus ? -n : n;
	return 0;
}

int
parse_number(struct parser *p, struct str *out)
{
	const char *from = p->at;
	struct str digits;

	(void)parse_take(p, "-");
	if (take_whole(p, &digits) == -1)
		return -1;
	if (parse_take(p, ".") && take_digits(p) == 0)
		return parse_expected(p, "a digit");
	if (parse_take(p, "e") || parse_take(p, "E")) {
		if (!parse_take(p, "-"))
			(void)parse_take(p, "+");
		if (take_digits(p) == 0)
			return parse_expected(p, "a digit");
	}
	*out = program_copy(p->program, str_span(from, p->at));
	return 0;
}

static int
take_hex4(struct parser *p, uint32_t *out)
{
	const char *from = p->at;
	uint32_t n = 0;

	for (int i = 0; i < 4; i++, p->at++) {
		int digit = hex_digit(parse_peek(p));

		if (digit == -1)
			return parse_fail(p, from,
			    "\\u is followed by four hex digits");
		n = n << 4 | (uint32_t)digit;
	}
	*out = n;
	return 0;
}

/* Behind "\u". A character past U+FFFF is written as a surrogate pair. */
static int
take_unicode(struct parser *p, const char *escape, uint32_t *out)
{
	uint32_t high = 0, low = 0;

	if (take_hex4(p, &high) == -1)
		return -1;
	*out = high;
	if (high < 0xD800 || high > 0xDFFF)
		return 0;
	if (high > 0xDBFF || !parse_take(p, "\\u"))
		return parse_fail(p, escape, "half a surrogate pair");
	if (take_hex4(p, &low) == -1)
		return -1;
	if (low < 0xDC00 || low > 0xDFFF)
		return parse_fail(p, escape, "half a surrogate pair");
	*out = 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00);
	return 0;
}

/* Escapes of one letter; the quote of the string itself is the other one. */
static const char escapes[][2] = {
	{ '\\', '\\' },
	{ '/', '/' },
	{ 'b', '\b' },
	{ 'f', '\f' },
	{ 'n', '\n' },
	{ 'r', '\r' },
	{ 't', '\t' },
};

/* At the backslash. */
static int
take_escape(struct parser *p, char quote, uint32_t *out)
{
	const char *from = p->at++;
	char c = parse_peek(p);

	if (parse_take(p, "u"))
		return take_unicode(p, from, out);
	if (c == quote) {
		p->at++;
		*out = (unsigned char)quote;
		return 0;
	}
	for (size_t i = 0; i < COUNT_OF(escapes); i++) {
		if (escapes[i][0] != c)
			continue;
		p->at++;
		*out = (unsigned char)escapes[i][1];
		return 0;
	}
	if (c == '\'' || c == '"')
		return parse_fail(p, from, "%c has no backslash between %c", c,
		    quote);
	return parse_fail(p, from,
	    "no such escape; a backslash is written \\\\");
}

/* The closing quote, or NULL. */
static const char *
find_close(const struct parser *p, const char *at, char quote)
{
	while (at < p->end && *at != quote)
		at += *at == '\\' && p->end - at > 1 ? 2 : 1;
	return at < p->end ? at : NULL;
}

int
parse_string(struct parser *p, struct str *out)
{
	const char *open = p->at;
	char quote = *p->at++;
	const char *close = find_close(p, p->at, quote);
	char *text;
	size_t len = 0;

	if (close == NULL)
		return parse_fail(p, open, "this %c is not closed", quote);
	/* No escape is shorter than the UTF-8 it stands for. */
	text = program_take(p->program, (size_t)(close - open));
	while (p->at < close) {
		uint32_t c = (unsigned char)*p->at;

		if (c == '\\') {
			if (take_escape(p, quote, &c) == -1)
				return -1;
			len += utf8_put(text + len, c);
			continue;
		}
		if (c < 0x20)
			return parse_fail(p, p->at,
			    "a control character is written as an escape");
		text[len++] = *p->at++;
	}
	p->at = close + 1;
	*out = (struct str){ text, len };
	return 0;
}

int
parse_enter(struct parser *p)
{
	if (p->nesting == JSONPATH_NESTING_MAX)
		return parse_fail(p, p->at, "nested deeper than %d",
		    JSONPATH_NESTING_MAX);
	p->nesting++;
	return 0;
}

void
parse_leave(struct parser *p)
{
	p->nesting--;
}
