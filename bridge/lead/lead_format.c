/*
 * lead/lead_format.c - e-mail addresses, dates and instants.
 *
 * What is taken here must be taken by the API as well, so each check is the
 * common core of its standard: the dot-atom form of an address, an RFC 3339
 * instant with upper-case letters and an offset.
 */
#include <string.h>

#include "lead/lead_format.h"

#define LOCAL_MAX 64 /* RFC 5321, section 4.5.3.1 */
#define LABEL_MAX 63 /* RFC 1035, section 2.3.4 */

bool
lead_date_real(int64_t year, int64_t month, int64_t day)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30,
		31 };
	bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

	if (year < 0 || year > 9999 || month < 1 || month > 12)
		return false;
	return day >= 1 && day <= days[month - 1] + (leap && month == 2);
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_letter(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* Bytes of a non-ASCII character: RFC 6531 lets them into addresses. */
static bool
is_foreign(char c)
{
	return ((unsigned char)c & 0x80) != 0;
}

static bool
is_atom_char(char c)
{
	return is_letter(c) || is_digit(c) || is_foreign(c) ||
	    (c != '\0' && strchr("!#$%&'*+-/=?^_`{|}~", c) != NULL);
}

static bool
atom_ok(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!is_atom_char(s.at[i]))
			return false;
	return s.len > 0;
}

static bool
label_ok(struct str s)
{
	if (s.len == 0 || s.len > LABEL_MAX || s.at[0] == '-' ||
	    s.at[s.len - 1] == '-')
		return false;
	for (size_t i = 0; i < s.len; i++)
		if (!is_letter(s.at[i]) && !is_digit(s.at[i]) &&
		    !is_foreign(s.at[i]) && s.at[i] != '-')
			return false;
	return true;
}

static bool
local_ok(struct str s)
{
	struct str atom;

	if (s.len > LOCAL_MAX)
		return false;
	while (str_cut(&s, '.', &atom))
		if (!atom_ok(atom))
			return false;
	return true;
}

/* Two labels at least, and the last one no number: not an IP address. */
static bool
domain_ok(struct str s)
{
	struct str label = STR_NONE;
	size_t count = 0;

	while (str_cut(&s, '.', &label)) {
		if (!label_ok(label))
			return false;
		count++;
	}
	return count >= 2 && label.len >= 2 && !is_digit(label.at[0]);
}

static bool
is_email(struct str s)
{
	struct str local;

	return str_cut(&s, '@', &local) && s.at != NULL && local_ok(local) &&
	    domain_ok(s);
}

/* Takes a number of exactly `digits` digits off the front, and `behind`. */
static bool
take(struct str *s, size_t digits, char behind, int64_t *n)
{
	size_t len = digits + (behind != '\0');

	if (s->len < len)
		return false;
	*n = str_number((struct str){ s->at, digits }, 9999);
	if (*n == -1 || (behind != '\0' && s->at[digits] != behind))
		return false;
	*s = str_skip(*s, len);
	return true;
}

static bool
take_date(struct str *s)
{
	int64_t year, month, day;

	return take(s, 4, '-', &year) && take(s, 2, '-', &month) &&
	    take(s, 2, '\0', &day) && lead_date_real(year, month, day);
}

static bool
is_date(struct str s)
{
	return take_date(&s) && s.len == 0;
}

static bool
take_time(struct str *s)
{
	int64_t hour, minute, second;
	size_t fraction = 1;

	if (!take(s, 2, ':', &hour) || !take(s, 2, ':', &minute) ||
	    !take(s, 2, '\0', &second) || hour > 23 || minute > 59 ||
	    second > 59)
		return false;
	if (s->len == 0 || s->at[0] != '.')
		return true;
	while (fraction < s->len && is_digit(s->at[fraction]))
		fraction++;
	*s = str_skip(*s, fraction);
	return fraction > 1;
}

static bool
is_offset(struct str s)
{
	int64_t hour, minute;

	if (str_eq(s, STR("Z")))
		return true;
	if (s.len == 0 || (s.at[0] != '+' && s.at[0] != '-'))
		return false;
	s = str_skip(s, 1);
	return take(&s, 2, ':', &hour) && take(&s, 2, '\0', &minute) &&
	    hour <= 23 && minute <= 59 && s.len == 0;
}

static bool
is_date_time(struct str s)
{
	if (!take_date(&s) || s.len == 0 || s.at[0] != 'T')
		return false;
	s = str_skip(s, 1);
	return take_time(&s) && is_offset(s);
}

static const struct lead_format formats[] = {
	{ .name = "email",
	    .reason = "must be an e-mail address such as ann@example.com",
	    .has = is_email },

	{ .name = "date",
	    .pattern = "^\\d{4}-\\d{2}-\\d{2}$",
	    .reason = "must be a date of the calendar as YYYY-MM-DD",
	    .has = is_date },

	{ .name = "date-time",
	    .reason = "must be an ISO 8601 date-time with an offset, "
	              "such as 2026-01-31T09:30:00Z",
	    .has = is_date_time },
};

const struct lead_format *
lead_format_get(const char *name)
{
	for (size_t i = 0; i < COUNT_OF(formats); i++)
		if (strcmp(formats[i].name, name) == 0)
			return &formats[i];
	bug("no lead format is called %s", name);
}
