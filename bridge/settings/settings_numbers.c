/* settings/settings_numbers.c - numbers libconfig would change. */
#include <string.h>

#include "settings/settings_numbers.h"
#include "settings/settings_place.h"
#include "settings/settings_token.h"

/* A double keeps so many decimal digits, whatever they are. */
#define DOUBLE_DIGITS 15

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
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

/* False when libconfig would make another number of it. */
static bool
number_fits(struct str text)
{
	bool negative = text.at[0] == '-', hex;

	if (negative || text.at[0] == '+')
		text = str_skip(text, 1);
	hex = text.len > 1 && (text.at[1] == 'x' || text.at[1] == 'X');
	if (!hex &&
	    (memchr(text.at, '.', text.len) != NULL ||
	        memchr(text.at, 'e', text.len) != NULL ||
	        memchr(text.at, 'E', text.len) != NULL))
		return float_fits(text);
	return integer_fits(text, negative);
}

static void
refuse_number(struct str text, struct str number, const char *file,
    struct faults *all)
{
	struct fault_place at = { .file = file };

	if (!faults_full(all))
		place_count(text, number.at, &at.line, &at.column);
	faults_add_at(all, &at,
	    "the number %.*s would be changed; write it as \"{%.*s}\" in a "
	    "mapping, or with a smaller value",
	    STR_ARG(number), STR_ARG(number));
}

void
numbers_check(struct str text, const char *file, struct faults *all)
{
	struct str rest = text;
	struct token t;

	while ((t = token_next(&rest)).kind != TOKEN_END)
		if (t.kind == TOKEN_NUMBER && !number_fits(t.text))
			refuse_number(text, t.text, file, all);
}
