/* mapping/mapping_expr_literal.c - 'text', "text", 12.5, true, false, null. */
#include <string.h>

#include "mapping/mapping_expr.h"

/* The four digits of a \u escape at `at`; -1 when they are not there. */
static int32_t
hex4(struct str text, size_t at)
{
	int32_t n = 0;

	for (size_t i = at; i < at + 4; i++) {
		int digit = i < text.len ? hex_digit(text.at[i]) : -1;

		if (digit == -1)
			return -1;
		n = n * 16 + digit;
	}
	return n;
}

/* Behind "\u": the code point, of a pair when it is one; -1 when neither. */
static int32_t
read_code_point(struct expr *e)
{
	int32_t high = hex4(e->text, e->at), low;

	if (high == -1 || (high >= 0xDC00 && high <= 0xDFFF))
		return -1;
	e->at += 4;
	if (high < 0xD800 || high > 0xDBFF)
		return high;
	if (!str_starts(str_skip(e->text, e->at), STR("\\u")))
		return -1;
	low = hex4(e->text, e->at + 2);
	if (low < 0xDC00 || low > 0xDFFF)
		return -1;
	e->at += 6;
	return 0x10000 + (high - 0xD800) * 0x400 + (low - 0xDC00);
}

/* Behind the backslash. Writes at most what the escape was long. */
static size_t
read_escape(struct expr *e, char *out)
{
	static const char plain[] = "\\\\''\"\"//n\nt\tr\rb\bf\f";
	size_t at = e->at - 1;
	char c = expr_peek(e);
	int32_t cp;

	if (c == 'u') {
		e->at++;
		cp = read_code_point(e);
		if (cp >= 0)
			return utf8_put(out, (uint32_t)cp);
		expr_fault(e, at, "this escape is no character");
		return 0;
	}
	for (const char *p = plain; *p != '\0'; p += 2)
		if (*p == c) {
			e->at++;
			*out = p[1];
			return 1;
		}
	expr_fault(e, at, "no such escape; write '\\\\' for a backslash");
	return 0;
}

/* The offset of the quote that ends the string opened at `open`, or 0. */
static size_t
closing_quote(struct str text, size_t open)
{
	for (size_t i = open + 1; i < text.len; i++) {
		if (text.at[i] == text.at[open])
			return i;
		if (text.at[i] == '\\')
			i++;
	}
	return 0;
}

static int
read_string(struct expr *e, struct value *out)
{
	size_t open = e->at, len = 0;
	size_t end = closing_quote(e->text, open);
	char *text;

	if (end == 0) {
		expr_fault(e, open, "this %c is never closed", expr_peek(e));
		return -1;
	}
	/* An escape is never shorter than what it stands for. */
	text = mapping_take(e->c->m, end - open);
	for (e->at++; e->at < end;) {
		char c = e->text.at[e->at++];
		size_t wrote;

		if (c != '\\') {
			text[len++] = c;
			continue;
		}
		wrote = read_escape(e, text + len);
		if (wrote == 0)
			return -1;
		len += wrote;
	}
	e->at++;
	*out = value_string((struct str){ text, len });
	return 1;
}

static size_t
count_digits(struct str s)
{
	size_t n = 0;

	while (n < s.len && s.at[n] >= '0' && s.at[n] <= '9')
		n++;
	return n;
}

/* The length of the JSON number at the start of s; 0 when there is none. */
static size_t
number_length(struct str s)
{
	size_t sign = str_starts(s, STR("-")), n = sign, digits;

	digits = count_digits(str_skip(s, n));
	if (digits == 0 || (digits > 1 && s.at[n] == '0'))
		return 0;
	n += digits;
	if (n < s.len && s.at[n] == '.') {
		digits = count_digits(str_skip(s, n + 1));
		if (digits == 0)
			return 0;
		n += 1 + digits;
	}
	if (n < s.len && (s.at[n] == 'e' || s.at[n] == 'E')) {
		size_t e = n + 1;

		if (e < s.len && (s.at[e] == '+' || s.at[e] == '-'))
			e++;
		digits = count_digits(str_skip(s, e));
		if (digits == 0)
			return 0;
		n = e + digits;
	}
	return n;
}

static int
read_number(struct expr *e, struct value *out)
{
	struct str rest = str_skip(e->text, e->at);
	size_t len = number_length(rest);

	if (len == 0) {
		expr_fault(e, e->at, "this is no number");
		return -1;
	}
	e->at += len;
	*out = value_number((struct str){ rest.at, len });
	return 1;
}

/* true, false, null; e->at stays where another name stands. */
static int
read_word(struct expr *e, struct value *out)
{
	static const struct name words[] = {
		{ "true", VALUE_TRUE },
		{ "false", VALUE_FALSE },
		{ "null", VALUE_NULL },
		{ NULL, -1 },
	};
	size_t start = e->at;
	int kind = name_value(words, expr_name(e));

	if (kind == -1) {
		e->at = start;
		return 0;
	}
	*out = (struct value){ .kind = (enum value_kind)kind };
	return 1;
}

int
expr_literal(struct expr *e, struct value *out)
{
	char c = expr_peek(e);

	if (c == '\'' || c == '"')
		return read_string(e, out);
	if (c == '-' || (c >= '0' && c <= '9'))
		return read_number(e, out);
	return read_word(e, out);
}
