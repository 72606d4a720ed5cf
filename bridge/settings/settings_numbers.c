/* settings/settings_numbers.c - numbers libconfig would change. */
#include <string.h>

#include "settings/settings_numbers.h"

/* A double keeps so many decimal digits, whatever they are. */
#define DOUBLE_DIGITS 15

struct reader {
	struct str rest;
	const char *file;
	unsigned line;
	struct faults *all;
};

static char
peek(const struct reader *r, size_t i)
{
	return i < r->rest.len ? r->rest.at[i] : '\0';
}

static void
take(struct reader *r, size_t n)
{
	for (size_t i = 0; i < n && i < r->rest.len; i++)
		r->line += r->rest.at[i] == '\n';
	r->rest = str_skip(r->rest, n);
}

/* Up to and with `end`, or to the end of the text. */
static void
take_past(struct reader *r, const char *end)
{
	size_t len = strlen(end);
	const char *at = r->rest.len > 0
	    ? memmem(r->rest.at, r->rest.len, end, len)
	    : NULL;

	take(r, at != NULL ? (size_t)(at - r->rest.at) + len : r->rest.len);
}

static void
take_string(struct reader *r)
{
	size_t n = 1;

	while (n < r->rest.len && r->rest.at[n] != '"')
		n += r->rest.at[n] == '\\' ? 2 : 1;
	take(r, n + 1);
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_word(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'z') ||
	    (c >= 'A' && c <= 'Z') || c == '_';
}

/* The magnitude; UINT64_MAX when it is larger than that. */
static uint64_t
magnitude(struct str digits, unsigned base)
{
	uint64_t n = 0;

	for (size_t i = 0; i < digits.len; i++) {
		unsigned digit = (unsigned)hex_digit(digits.at[i]);

		if (n > (UINT64_MAX - digit) / base)
			return UINT64_MAX;
		n = n * base + digit;
	}
	return n;
}

/* An integer, sign aside: does it fit what libconfig makes of it? */
static bool
integer_fits(struct str text, bool negative)
{
	bool hex = str_starts(text, STR("0x")) || str_starts(text, STR("0X"));
	bool wide = false;
	uint64_t most;

	if (hex)
		text = str_skip(text, 2);
	while (text.len > 0 && text.at[text.len - 1] == 'L') {
		wide = true;
		text.len--;
	}
	most = wide ? INT64_MAX : INT32_MAX;
	return magnitude(text, hex ? 16 : 10) <= most + negative;
}

/* Digits from the first that is not 0 to the last that is not. */
static bool
float_fits(struct str text)
{
	size_t digits = 0, zeros = 0;

	for (size_t i = 0; i < text.len; i++) {
		char c = text.at[i];

		if (c == 'e' || c == 'E')
			break;
		if (!is_digit(c) || (c == '0' && digits == 0))
			continue;
		zeros = c == '0' ? zeros + 1 : 0;
		digits++;
	}
	return digits - zeros <= DOUBLE_DIGITS;
}

/* Length of the number at the start; 0 when none is there. */
static size_t
number_length(const struct reader *r)
{
	size_t sign = peek(r, 0) == '-' || peek(r, 0) == '+', n = sign;

	if (!is_digit(peek(r, n)) &&
	    !(peek(r, n) == '.' && is_digit(peek(r, n + 1))))
		return 0;
	while (is_word(peek(r, n)) || peek(r, n) == '.' ||
	    ((peek(r, n) == '-' || peek(r, n) == '+') &&
	        (peek(r, n - 1) == 'e' || peek(r, n - 1) == 'E')))
		n++;
	return n;
}

static void
check_number(struct reader *r, size_t len)
{
	struct str whole = { r->rest.at, len }, text = whole;
	bool negative = text.at[0] == '-';
	bool hex, fraction;

	if (negative || text.at[0] == '+')
		text = str_skip(text, 1);
	hex = text.len > 1 && (text.at[1] == 'x' || text.at[1] == 'X');
	fraction = !hex &&
	    (memchr(text.at, '.', text.len) != NULL ||
	        memchr(text.at, 'e', text.len) != NULL ||
	        memchr(text.at, 'E', text.len) != NULL);
	if (fraction ? !float_fits(text) : !integer_fits(text, negative))
		faults_add(r->all, r->file, r->line,
		    "the number %.*s would be changed; write it as "
		    "\"{%.*s}\" in a mapping, or with a smaller value",
		    STR_ARG(whole), STR_ARG(whole));
}

static void
step(struct reader *r)
{
	char c = peek(r, 0), next = peek(r, 1);
	size_t n;

	if (c == '"') {
		take_string(r);
	} else if (c == '#' || (c == '/' && next == '/') || c == '@') {
		take_past(r, "\n");
	} else if (c == '/' && next == '*') {
		take_past(r, "*/");
	} else if ((n = number_length(r)) > 0) {
		check_number(r, n);
		take(r, n);
	} else {
		for (n = 1;
		     is_word(c) && (is_word(peek(r, n)) || peek(r, n) == '-');)
			n++;
		take(r, n);
	}
}

void
numbers_check(struct str text, const char *file, struct faults *all)
{
	struct reader r = { text, file, 1, all };

	while (r.rest.len > 0)
		step(&r);
}
