/* mapping/mapping_transform_number.c - numbers as people write them. */
#include <string.h>

#include "mapping/mapping_transform_tools.h"

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/*
 * A number as people write it, taken apart. Exact: what is kept are digits.
 *
 *	-$ 1,234.50	negative, whole "1,234" (with its groups), part "50"
 */
struct written {
	bool negative;
	struct str whole;
	struct str part; /* behind the decimal mark; at == NULL: none */
};

static const struct str currencies[] = { { "$", 1 }, { "€", 3 }, { "£", 2 },
	{ "¥", 2 }, { "₹", 3 }, { "₽", 3 }, { "₺", 3 }, { "₩", 3 },
	{ "₴", 3 }, { "₪", 3 }, { "₫", 3 }, { "₱", 3 }, { "R$", 2 },
	{ "US$", 3 }, { "kr", 2 }, { "zł", 3 } };

/* Takes one currency sign off the front or the end, with its blanks. */
static struct str
drop_currency(struct str s)
{
	for (size_t i = 0; i < COUNT_OF(currencies); i++) {
		struct str sign = currencies[i];

		if (str_starts(s, sign))
			return trim_blanks(str_skip(s, sign.len));
		if (s.len > sign.len &&
		    str_eq(str_skip(s, s.len - sign.len), sign))
			return trim_blanks(
			    (struct str){ s.at, s.len - sign.len });
	}
	return s;
}

static struct str
drop_sign(struct str s, bool *negative)
{
	if (s.len > 0 && (s.at[0] == '-' || s.at[0] == '+')) {
		*negative = s.at[0] == '-';
		return trim_blanks(str_skip(s, 1));
	}
	return s;
}

static size_t
count_digits(struct str s)
{
	size_t n = 0;

	while (n < s.len && is_digit(s.at[n]))
		n++;
	return n;
}

/*
 * The mark between groups at the front: ',' (or '.' where ',' is the decimal
 * mark), an apostrophe, or a space, also one that does not break. 0: none.
 */
static size_t
group_mark(struct str s, char decimal)
{
	static const struct str marks[] = { { " ", 1 }, { "'", 1 }, { "’", 3 },
		{ "\xC2\xA0", 2 }, { "\xE2\x80\xAF", 3 }, { ",", 1 },
		{ ".", 1 } };

	for (size_t i = 0; i < COUNT_OF(marks); i++)
		if (str_starts(s, marks[i]) && marks[i].at[0] != decimal)
			return marks[i].len;
	return 0;
}

/*
 * Length of the whole part: digits, or one to three of them and then groups
 * of exactly three behind one and the same mark. 0 when it is neither.
 */
static size_t
whole_length(struct str s, char decimal)
{
	size_t len = count_digits(s),
	       mark = group_mark(str_skip(s, len), decimal);
	struct str first = { s.at + len, mark };

	if (mark == 0)
		return len;
	if (len == 0 || len > 3)
		return 0;
	while (str_starts(str_skip(s, len), first)) {
		if (count_digits(str_skip(s, len + mark)) != 3)
			return 0;
		len += mark + 3;
	}
	return len;
}

/* False when the text is no number. */
static bool
read_written(struct str s, char decimal, struct written *w)
{
	*w = (struct written){ .part = STR_NONE };
	s = drop_sign(trim_blanks(s), &w->negative);
	s = drop_currency(s);
	if (!w->negative)
		s = drop_sign(s, &w->negative);
	w->whole = (struct str){ s.at, whole_length(s, decimal) };
	s = str_skip(s, w->whole.len);
	if (s.len == 0)
		return w->whole.len > 0;
	if (s.at[0] != decimal)
		return false;
	w->part = str_skip(s, 1);
	return w->part.len > 0 && count_digits(w->part) == w->part.len;
}

/* JSON's spelling: no groups, no zeros in front, a digit before the point. */
static void
add_whole(struct str whole, struct bytes *out)
{
	bool begun = false;

	for (size_t i = 0; i < whole.len; i++) {
		if (!is_digit(whole.at[i]) || (whole.at[i] == '0' && !begun))
			continue;
		bytes_add_char(out, whole.at[i]);
		begun = true;
	}
	if (!begun)
		bytes_add_char(out, '0');
}

static int
prepare_decimal(const struct transform_setup *s, void **out, struct fault *why)
{
	struct str mark;

	(void)out;
	if (s->arg_count > 0 &&
	    (!setup_text(s, 0, &mark) ||
	        (!str_eq(mark, STR(".")) && !str_eq(mark, STR(",")))))
		return fault_set(why, FAULT_SETTINGS, NULL,
		    "the decimal mark is '.' or ','");
	return 0;
}

static int
read_number(const struct transform_call *c, const char *step,
    const struct value *v, struct written *w, struct fault *why)
{
	char decimal = c->arg_count > 0 ? c->args[0].text.at[0] : '.';
	struct str text;

	if (step_text(c, step, v, &text, why) == -1)
		return -1;
	if (!read_written(text, decimal, w))
		return step_fault(c, why,
		    "%s: the text is not a number with '%c' as decimal mark",
		    step, decimal);
	return 0;
}

static int
run_number(const struct transform_call *c, struct value *v, struct fault *why)
{
	struct written w;
	struct bytes out;

	if (v->kind == VALUE_NUMBER)
		return 0;
	if (read_number(c, "number", v, &w, why) == -1)
		return -1;
	step_bytes(c, &out);
	if (w.negative)
		bytes_add_char(&out, '-');
	add_whole(w.whole, &out);
	if (w.part.at != NULL) {
		bytes_add_char(&out, '.');
		bytes_add_str(&out, w.part);
	}
	return step_give_number(c, "number", &out, v, why);
}

static bool
is_zeros(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.at[i] != '0')
			return false;
	return true;
}

static bool
has_exponent(struct str s)
{
	return memchr(s.at, 'e', s.len) != NULL ||
	    memchr(s.at, 'E', s.len) != NULL;
}

static int
run_integer(const struct transform_call *c, struct value *v, struct fault *why)
{
	struct transform_call plain = *c;
	struct written w;
	struct bytes out;

	if (v->kind == VALUE_NUMBER) {
		plain.arg_count = 0; /* JSON's mark is the point */
		if (has_exponent(v->text))
			return step_fault(c, why,
			    "integer: the number has an exponent");
	}
	if (read_number(&plain, "integer", v, &w, why) == -1)
		return -1;
	if (!is_zeros(w.part))
		return step_fault(c, why,
		    "integer: the number has a fraction, and nothing is cut");
	step_bytes(c, &out);
	if (w.negative)
		bytes_add_char(&out, '-');
	add_whole(w.whole, &out);
	return step_give_number(c, "integer", &out, v, why);
}

const struct transform transforms_number[] = {
	{ .name = "integer",
	    .max_args = 1,
	    .flags = TRANSFORM_LITERAL_ARGS,
	    .takes = "text",
	    .gives = "an integer",
	    .help = "Reads a whole number as people write it, with '.' or "
	            "another mark before decimals.",
	    .examples = EXAMPLES({ "\"1,234\"", "integer", "1234" },
	        { "\"007\"", "integer", "7" }, { "\"-5.00\"", "integer", "-5" },
	        { "5.0", "integer", "5" },
	        { "\"1.234\"", "integer(',')", "1234" },
	        { "5.0", "integer(',')", "5" },
	        { "5e0", "integer", "!has an exponent" },
	        { "\"5.5\"", "integer", "!has a fraction" },
	        { "\"five\"", "integer", "!not a number" },
	        { "\"\"", "integer", "!not a number" }),
	    .prepare = prepare_decimal,
	    .run = run_integer },

	{ .name = "number",
	    .max_args = 1,
	    .flags = TRANSFORM_LITERAL_ARGS,
	    .takes = "text",
	    .gives = "a number",
	    .help = "Reads a number as people write it, with '.' or another "
	            "mark before decimals, exactly.",
	    .examples = EXAMPLES({ "\"1,234.50\"", "number", "1234.50" },
	        { "\"$1,234.50\"", "number", "1234.50" },
	        { "\"-$ 0.10\"", "number", "-0.10" },
	        { "\"€-5\"", "number", "-5" },
	        { "\"1.234,50 €\"", "number(',')", "1234.50" },
	        { "\"1 234 567,8\"", "number(',')", "1234567.8" },
	        { "\"1'234\"", "number", "1234" },
	        { "\".5\"", "number", "0.5" }, { "\"00012\"", "number", "12" },
	        { "19.990", "number", "19.990" },
	        { "\"1,23\"", "number", "!not a number" },
	        { "\"1,234 567\"", "number", "!not a number" },
	        { "\"1234,567\"", "number", "!not a number" },
	        { "\"5.\"", "number", "!not a number" },
	        { "\"--5\"", "number", "!not a number" },
	        { "\"$\"", "number", "!not a number" },
	        { "\"1e5\"", "number", "!not a number" },
	        { "\"5\"", "number(';')", "!'.' or ','" },
	        { "true", "number", "!was given a boolean" }),
	    .prepare = prepare_decimal,
	    .run = run_number },

	{ .name = NULL },
};
