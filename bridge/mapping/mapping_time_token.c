/* mapping/mapping_time_token.c - the parts of a moment, as a text has them. */
#include <string.h>

#include "mapping/mapping_time_token.h"

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

void
time_part_set(struct moment *m, enum time_part part, int64_t value)
{
	m->part[part] = value;
	m->seen |= BIT(part);
}

bool
time_take_digits(struct str *rest, size_t min, size_t max, struct str *digits)
{
	size_t n = 0;

	while (n < rest->len && n < max && is_digit(rest->at[n]))
		n++;
	if (n < min)
		return false;
	*digits = (struct str){ rest->at, n };
	*rest = str_skip(*rest, n);
	return true;
}

bool
time_read_digits(const struct time_token *t, struct str *rest, struct moment *m)
{
	struct str digits;

	if (!time_take_digits(rest, t->min, t->max, &digits))
		return false;
	time_part_set(m, t->part, str_number(digits, INT32_MAX));
	return true;
}

static bool
read_fraction(const struct time_token *t, struct str *rest, struct moment *m)
{
	if (!time_take_digits(rest, t->min, t->max, &m->fraction))
		return false;
	time_part_set(m, t->part, 0);
	return true;
}

static const char *const months[] = { "January", "February", "March", "April",
	"May", "June", "July", "August", "September", "October", "November",
	"December" };

/* min is how much of a name must be there: 3 letters, or 0 for all. */
static bool
read_month(const struct time_token *t, struct str *rest, struct moment *m)
{
	for (size_t i = 0; i < COUNT_OF(months); i++) {
		struct str name = str_of(months[i]);

		if (t->min > 0)
			name.len = t->min;
		if (rest->len < name.len ||
		    !str_eq_nocase((struct str){ rest->at, name.len }, name))
			continue;
		*rest = str_skip(*rest, name.len);
		time_part_set(m, t->part, (int64_t)i + 1);
		return true;
	}
	return false;
}

static bool
read_half(const struct time_token *t, struct str *rest, struct moment *m)
{
	struct str word = { rest->at, 2 };
	bool pm;

	if (rest->len < 2)
		return false;
	pm = str_eq_nocase(word, STR("PM"));
	if (!pm && !str_eq_nocase(word, STR("AM")))
		return false;
	*rest = str_skip(*rest, 2);
	time_part_set(m, t->part, pm);
	return true;
}

/* Z, +hh:mm, +hhmm or +hh. */
static bool
read_offset(const struct time_token *t, struct str *rest, struct moment *m)
{
	struct str hours, minutes = STR("0");
	int64_t offset;
	bool west;

	if (rest->len > 0 && (rest->at[0] | 0x20) == 'z') {
		*rest = str_skip(*rest, 1);
		time_part_set(m, t->part, 0);
		return true;
	}
	if (rest->len == 0 || (rest->at[0] != '+' && rest->at[0] != '-'))
		return false;
	west = rest->at[0] == '-';
	*rest = str_skip(*rest, 1);
	if (!time_take_digits(rest, 2, 2, &hours))
		return false;
	if (rest->len > 0 && rest->at[0] == ':') {
		*rest = str_skip(*rest, 1);
		if (!time_take_digits(rest, 2, 2, &minutes))
			return false;
	} else if (rest->len > 0 && is_digit(rest->at[0]) &&
	    !time_take_digits(rest, 2, 2, &minutes))
		return false;
	if (str_number(hours, 23) == -1 || str_number(minutes, 59) == -1)
		return false;
	offset = str_number(hours, 23) * 60 + str_number(minutes, 59);
	time_part_set(m, t->part, west ? -offset : offset);
	return true;
}

/* A longer token stands before those it begins with. */
static const struct time_token tokens[] = {
	{ "YYYY", TIME_YEAR, 4, 4, time_read_digits },
	{ "MMMM", TIME_MONTH, 0, 0, read_month },
	{ "MMM", TIME_MONTH, 3, 3, read_month },
	{ "MM", TIME_MONTH, 2, 2, time_read_digits },
	{ "M", TIME_MONTH, 1, 2, time_read_digits },
	{ "DD", TIME_DAY, 2, 2, time_read_digits },
	{ "D", TIME_DAY, 1, 2, time_read_digits },
	{ "HH", TIME_HOUR, 2, 2, time_read_digits },
	{ "H", TIME_HOUR, 1, 2, time_read_digits },
	{ "hh", TIME_HOUR_12, 2, 2, time_read_digits },
	{ "h", TIME_HOUR_12, 1, 2, time_read_digits },
	{ "mm", TIME_MINUTE, 2, 2, time_read_digits },
	{ "ss", TIME_SECOND, 2, 2, time_read_digits },
	{ "SSS", TIME_FRACTION, 1, 9, read_fraction },
	{ "A", TIME_HALF, 0, 0, read_half },
	{ "Z", TIME_OFFSET, 0, 0, read_offset },
};

const struct time_token *
time_token_at(struct str format)
{
	for (size_t i = 0; i < COUNT_OF(tokens); i++)
		if (str_starts(format, str_of(tokens[i].text)))
			return &tokens[i];
	return NULL;
}

bool
time_take(struct str *rest, const char *format, struct moment *m)
{
	struct str left = str_of(format);

	while (left.len > 0) {
		const struct time_token *t = time_token_at(left);

		if (t == NULL && (rest->len == 0 || rest->at[0] != left.at[0]))
			return false;
		if (t != NULL && !t->read(t, rest, m))
			return false;
		if (t == NULL)
			*rest = str_skip(*rest, 1);
		left = str_skip(left, t != NULL ? strlen(t->text) : 1);
	}
	return true;
}

bool
time_token_is_digits(const struct time_token *t)
{
	return t != NULL &&
	    (t->read == time_read_digits || t->read == read_fraction);
}
