/* decode/decode_number.c - the value behind a JSON number's text. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "decode/decode_tape.h"

/*
 * An exponent past this counts as this: no text is long enough for it to
 * matter. One digit more than it has must still fit.
 */
#define EXPONENT_CEILING INT64_C(100000000000000000)
/*
 * So many digits tell every double from its neighbours' midpoint; of what
 * stands behind them it only matters whether it is zero.
 */
#define DOUBLE_DIGITS 770

/* 0.d1d2d3... * 10^exponent with d1 > 0; no digits: zero. */
struct decimal {
	bool negative;
	int64_t exponent;
	struct str digits; /* may hold one '.', which does not count */
};

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static int64_t
read_exponent(struct str s)
{
	bool negative = s.len > 0 && s.at[0] == '-';
	int64_t value = 0;

	if (negative || (s.len > 0 && s.at[0] == '+'))
		s = str_skip(s, 1);
	for (size_t i = 0; i < s.len && value < EXPONENT_CEILING; i++)
		value = value * 10 + (s.at[i] - '0');
	if (value > EXPONENT_CEILING)
		value = EXPONENT_CEILING;
	return negative ? -value : value;
}

static struct decimal
decimal_of(struct str text)
{
	struct decimal d = { .negative = text.len > 0 && text.at[0] == '-' };
	size_t i = 0, first, last = 0, point;
	bool found = false;

	if (d.negative)
		text = str_skip(text, 1);
	for (first = 0, point = SIZE_MAX; i < text.len; i++) {
		if (text.at[i] == '.') {
			point = i;
		} else if (!is_digit(text.at[i])) {
			break;
		} else if (text.at[i] != '0') {
			first = found ? first : i;
			last = i;
			found = true;
		}
	}
	if (!found)
		return (struct decimal){ .digits = STR("") };
	if (i < text.len)
		d.exponent = read_exponent(str_skip(text, i + 1));
	point = point < i ? point : i;
	/* A first digit behind the point: the point itself is no place. */
	d.exponent += (int64_t)point - (int64_t)first + (first > point);
	d.digits = str_span(text.at + first, text.at + last + 1);
	return d;
}

/* The digit at *i, stepping over the point; '0' behind the last one. */
static char
next_digit(struct str digits, size_t *i)
{
	if (*i < digits.len && digits.at[*i] == '.')
		++*i;
	return *i < digits.len ? digits.at[(*i)++] : '0';
}

/* Of the values without their signs. Zero is less than all else. */
static int
magnitude_cmp(const struct decimal *a, const struct decimal *b)
{
	size_t i = 0, j = 0;

	if (a->digits.len == 0 || b->digits.len == 0)
		return (a->digits.len > 0) - (b->digits.len > 0);
	if (a->exponent != b->exponent)
		return a->exponent < b->exponent ? -1 : 1;
	while (i < a->digits.len || j < b->digits.len) {
		char x = next_digit(a->digits, &i);
		char y = next_digit(b->digits, &j);

		if (x != y)
			return x < y ? -1 : 1;
	}
	return 0;
}

int
number_compare(struct str a, struct str b)
{
	struct decimal x = decimal_of(a), y = decimal_of(b);

	if (x.negative != y.negative)
		return x.negative ? -1 : 1;
	return x.negative ? magnitude_cmp(&y, &x) : magnitude_cmp(&x, &y);
}

bool
number_integer(struct str text, int64_t *out)
{
	bool negative = text.len > 0 && text.at[0] == '-';
	struct str digits = str_skip(text, negative);
	int64_t value = 0;

	if (digits.len == 0)
		return false;
	/* Counted below zero, where there is one number more. */
	for (size_t i = 0; i < digits.len; i++)
		if (!is_digit(digits.at[i]) ||
		    __builtin_mul_overflow(value, 10, &value) ||
		    __builtin_sub_overflow(value, digits.at[i] - '0', &value))
			return false;
	if (!negative && __builtin_sub_overflow(0, value, &value))
		return false;
	*out = value;
	return true;
}

/* A text longer than any buffer, cut to what decides its double. */
static double
long_double_of(struct str text)
{
	char digits[DOUBLE_DIGITS + 2], whole[sizeof(digits) + 32];
	struct decimal d = decimal_of(text);
	size_t i = 0, n = 0;

	while (i < d.digits.len && n < DOUBLE_DIGITS)
		digits[n++] = next_digit(d.digits, &i);
	if (i < d.digits.len)
		digits[n++] = '1';
	digits[n] = '\0';
	snprintf(whole, sizeof(whole), "%s0.%se%lld", d.negative ? "-" : "",
	    digits, (long long)d.exponent);
	return strtod(whole, NULL);
}

double
number_double(struct str text)
{
	char copy[128];

	if (text.len >= sizeof(copy))
		return long_double_of(text);
	memcpy(copy, text.at, text.len);
	copy[text.len] = '\0';
	return strtod(copy, NULL);
}
