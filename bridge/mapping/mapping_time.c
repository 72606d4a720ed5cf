/* mapping/mapping_time.c - reading and writing moments. */
#include <string.h>
#include <time.h>

#include "mapping/mapping_time_token.h"

/* 9999-12-31T23:59:59Z: what is later has five digits in its year. */
#define EPOCH_MAX INT64_C(253402300799)

/* Every part in its range; hours of 12 become hours of 24. */
static bool
settle(struct moment *m)
{
	int64_t *part = m->part;

	if ((m->seen & BIT(TIME_HOUR_12)) != 0) {
		if (part[TIME_HOUR_12] < 1 || part[TIME_HOUR_12] > 12)
			return false;
		time_part_set(m, TIME_HOUR,
		    part[TIME_HOUR_12] % 12 + part[TIME_HALF] * 12);
	}
	return part[TIME_YEAR] >= 1 &&
	    lead_date_real(part[TIME_YEAR], part[TIME_MONTH], part[TIME_DAY]) &&
	    part[TIME_HOUR] <= 23 && part[TIME_MINUTE] <= 59 &&
	    part[TIME_SECOND] <= 59;
}

static bool
read_tokens(const struct time_format *f, struct str rest, struct moment *m)
{
	for (size_t i = 0; i < f->count; i++) {
		const struct time_token *t = f->list[i].token;

		if (t != NULL && !t->read(t, &rest, m))
			return false;
		if (t != NULL)
			continue;
		if (rest.len == 0 || rest.at[0] != f->list[i].byte)
			return false;
		rest = str_skip(rest, 1);
	}
	return rest.len == 0 && settle(m);
}

/* A date, or a date-time whose seconds, fraction and offset may be left out. */
static bool
read_iso(struct str rest, struct moment *m)
{
	if (!time_take(&rest, "YYYY-MM-DD", m))
		return false;
	if (rest.len == 0)
		return settle(m);
	if ((rest.at[0] | 0x20) != 't' && rest.at[0] != ' ')
		return false;
	rest = str_skip(rest, 1);
	if (!time_take(&rest, "HH:mm", m))
		return false;
	if (rest.len > 0 && rest.at[0] == ':' && !time_take(&rest, ":ss", m))
		return false;
	if (rest.len > 0 && rest.at[0] == '.' && !time_take(&rest, ".SSS", m))
		return false;
	if (rest.len > 0 && !time_take(&rest, "Z", m))
		return false;
	return rest.len == 0 && settle(m);
}

static bool
from_epoch(int64_t seconds, struct moment *m)
{
	time_t when = (time_t)seconds;
	struct tm t;

	if (gmtime_r(&when, &t) == NULL || t.tm_year < 1 - 1900 ||
	    t.tm_year > 9999 - 1900)
		return false;
	time_part_set(m, TIME_YEAR, t.tm_year + 1900);
	time_part_set(m, TIME_MONTH, t.tm_mon + 1);
	time_part_set(m, TIME_DAY, t.tm_mday);
	time_part_set(m, TIME_HOUR, t.tm_hour);
	time_part_set(m, TIME_MINUTE, t.tm_min);
	time_part_set(m, TIME_SECOND, t.tm_sec);
	time_part_set(m, TIME_OFFSET, 0);
	return true;
}

/* Seconds, and a fraction of 1 to 9 digits behind them, before 1970 none. */
static bool
read_seconds(struct str rest, struct moment *m)
{
	bool before = rest.len > 0 && rest.at[0] == '-';
	struct str digits;
	int64_t n;

	rest = str_skip(rest, before);
	if (!time_take_digits(&rest, 1, 12, &digits))
		return false;
	n = str_number(digits, EPOCH_MAX);
	if (n == -1)
		return false;
	if (rest.len > 0 && (before || !time_take(&rest, ".SSS", m)))
		return false;
	return rest.len == 0 && from_epoch(before ? -n : n, m);
}

static bool
read_milliseconds(struct str rest, struct moment *m)
{
	bool before = rest.len > 0 && rest.at[0] == '-';
	int64_t n = str_number(str_skip(rest, before), EPOCH_MAX * 1000 + 999);
	int64_t seconds, left;

	if (n == -1)
		return false;
	n = before ? -n : n;
	left = (n % 1000 + 1000) % 1000;
	seconds = (n - left) / 1000;
	m->milliseconds[0] = (char)('0' + left / 100);
	m->milliseconds[1] = (char)('0' + left / 10 % 10);
	m->milliseconds[2] = (char)('0' + left % 10);
	m->seen |= BIT(TIME_FRACTION);
	return from_epoch(seconds, m);
}

static bool
read_either(struct str text, struct moment *m)
{
	if (text.len == 13)
		return str_number(text, INT64_MAX) != -1 &&
		    read_milliseconds(text, m);
	return text.len == 10 && str_number(text, INT64_MAX) != -1 &&
	    read_seconds(text, m);
}

bool
time_read(const struct time_format *f, struct str text, struct moment *m)
{
	static bool (*const readers[])(struct str, struct moment *) = {
		[TIME_ISO] = read_iso,
		[TIME_EPOCH_S] = read_seconds,
		[TIME_EPOCH_MS] = read_milliseconds,
		[TIME_EPOCH_AUTO] = read_either,
	};

	memset(m, 0, sizeof(*m));
	if (f->kind == TIME_TOKEN_LIST)
		return read_tokens(f, text, m);
	return readers[f->kind](text, m);
}

static const struct name members[] = {
	{ "year", TIME_YEAR },
	{ "month", TIME_MONTH },
	{ "day", TIME_DAY },
	{ NULL, -1 },
};

static struct value
member_of(const struct value *v, const char *name)
{
	return value_of_node(v->document,
	    doc_member(v->document, v->node, str_of(name)));
}

/* March or Mar, which can be nothing else in the place of a month. */
static bool
read_month_alone(struct str text, struct moment *m)
{
	struct str rest = text;

	if (time_take(&rest, "MMMM", m) && rest.len == 0)
		return true;
	rest = text;
	return time_take(&rest, "MMM", m) && rest.len == 0;
}

static bool
read_member(enum time_part part, struct str text, struct moment *m)
{
	int64_t n = str_number(text, 9999);

	if (n == -1)
		return part == TIME_MONTH && read_month_alone(text, m);
	if (part == TIME_YEAR && text.len != 4)
		return false;
	time_part_set(m, part, n);
	return true;
}

bool
time_read_object(const struct value *v, struct moment *m)
{
	memset(m, 0, sizeof(*m));
	for (const struct name *n = members; n->text != NULL; n++) {
		struct value part = member_of(v, n->text);
		struct str text;

		if (!value_text(&part, &text) ||
		    !read_member((enum time_part)n->value, text, m))
			return false;
	}
	return settle(m);
}

bool
time_object_empty(const struct value *v)
{
	for (const struct name *n = members; n->text != NULL; n++) {
		struct value part = member_of(v, n->text);

		if (part.kind != VALUE_NULL &&
		    (part.kind != VALUE_STRING || str_trim(part.text).len > 0))
			return false;
	}
	return true;
}

/* The last `count` digits of a number that is not below 0, in front of at. */
static char *
put_digits(char *at, size_t count, int64_t n)
{
	for (; count > 0; count--, n /= 10)
		*--at = (char)('0' + n % 10);
	return at;
}

void
time_print_date(const struct moment *m, struct bytes *out)
{
	char text[10], *at = text + sizeof(text);

	at = put_digits(at, 2, m->part[TIME_DAY]);
	*--at = '-';
	at = put_digits(at, 2, m->part[TIME_MONTH]);
	*--at = '-';
	put_digits(at, 4, m->part[TIME_YEAR]);
	bytes_add(out, text, sizeof(text));
}

/* Thh:mm:ss */
static void
print_time(const struct moment *m, struct bytes *out)
{
	char text[9], *at = text + sizeof(text);

	at = put_digits(at, 2, m->part[TIME_SECOND]);
	*--at = ':';
	at = put_digits(at, 2, m->part[TIME_MINUTE]);
	*--at = ':';
	at = put_digits(at, 2, m->part[TIME_HOUR]);
	*--at = 'T';
	bytes_add(out, text, sizeof(text));
}

bool
time_print_utc(const struct moment *m, struct bytes *out)
{
	struct tm t = { .tm_year = (int)m->part[TIME_YEAR] - 1900,
		.tm_mon = (int)m->part[TIME_MONTH] - 1,
		.tm_mday = (int)m->part[TIME_DAY],
		.tm_hour = (int)m->part[TIME_HOUR],
		.tm_min = (int)m->part[TIME_MINUTE],
		.tm_sec = (int)m->part[TIME_SECOND] };
	struct moment utc = { 0 };

	if (!from_epoch((int64_t)timegm(&t) - m->part[TIME_OFFSET] * 60, &utc))
		return false;
	time_print_date(&utc, out);
	print_time(&utc, out);
	if ((m->seen & BIT(TIME_FRACTION)) != 0) {
		bytes_add_char(out, '.');
		bytes_add_str(out,
		    m->fraction.at != NULL ? m->fraction
		                           : str_of(m->milliseconds));
	}
	bytes_add_char(out, 'Z');
	return true;
}
