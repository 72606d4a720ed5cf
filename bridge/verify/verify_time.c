/* verify/verify_time.c - a sender's time: strict, or not at all. */
#include <stdio.h>
#include <time.h>

#include "verify/verify_scheme.h"

/* 13 digits of milliseconds reach the year 2286, of seconds far more. */
#define DIGITS_MAX 9999999999999

/* A number past this counts milliseconds: as seconds it is the year 5138. */
#define AUTO_MS_FROM 100000000000

static int64_t
parse_seconds(struct str text)
{
	int64_t n = str_number(text, DIGITS_MAX);

	return n < 0 ? -1 : n * 1000;
}

static int64_t
parse_ms(struct str text)
{
	return str_number(text, DIGITS_MAX);
}

static int64_t
parse_auto(struct str text)
{
	int64_t n = str_number(text, DIGITS_MAX);

	return n < 0 || n >= AUTO_MS_FROM ? n : n * 1000;
}

/* `digits` digits within a range, then `behind` unless that is '\0'. */
static bool
take_number(struct str *s, size_t digits, int min, int max, char behind,
    int *out)
{
	struct str number = { s->at, digits };
	int64_t n;

	if (s->len < digits + (behind != '\0'))
		return false;
	n = str_number(number, max);
	if (n < min || (behind != '\0' && s->at[digits] != behind))
		return false;
	*out = (int)n;
	*s = str_skip(*s, digits + (behind != '\0'));
	return true;
}

/* ".123456": milliseconds; more digits are read and dropped. */
static bool
take_fraction(struct str *s, int64_t *ms)
{
	int64_t weight = 100;
	size_t digits = 0;

	*ms = 0;
	if (s->len == 0 || s->at[0] != '.')
		return true;
	*s = str_skip(*s, 1);
	for (; s->len > 0 && s->at[0] >= '0' && s->at[0] <= '9'; digits++) {
		*ms += (s->at[0] - '0') * weight;
		weight /= 10;
		*s = str_skip(*s, 1);
	}
	return digits > 0 && digits <= 9;
}

/* "Z", "+02:00" or "+0200", to the end: milliseconds to subtract. */
static bool
take_zone(struct str s, int64_t *ms)
{
	int hours, minutes, sign;

	*ms = 0;
	if (str_eq(s, STR("Z")))
		return true;
	if (s.len == 0 || (s.at[0] != '+' && s.at[0] != '-'))
		return false;
	sign = s.at[0] == '-' ? -1 : 1;
	s = str_skip(s, 1);
	if (!take_number(&s, 2, 0, 23, s.len == 5 ? ':' : '\0', &hours) ||
	    !take_number(&s, 2, 0, 59, '\0', &minutes) || s.len > 0)
		return false;
	*ms = sign * (hours * 60 + minutes) * INT64_C(60000);
	return true;
}

static int64_t
parse_iso8601(struct str s)
{
	struct tm t = { 0 };
	int64_t fraction, zone;
	int month;

	if (!take_number(&s, 4, 1970, 9999, '-', &t.tm_year) ||
	    !take_number(&s, 2, 1, 12, '-', &month) ||
	    !take_number(&s, 2, 1, 31, '\0', &t.tm_mday) || s.len == 0 ||
	    (s.at[0] != 'T' && s.at[0] != ' '))
		return -1;
	s = str_skip(s, 1);
	if (!take_number(&s, 2, 0, 23, ':', &t.tm_hour) ||
	    !take_number(&s, 2, 0, 59, ':', &t.tm_min) ||
	    !take_number(&s, 2, 0, 60, '\0', &t.tm_sec) ||
	    !take_fraction(&s, &fraction) || !take_zone(s, &zone))
		return -1;
	t.tm_year -= 1900;
	t.tm_mon = month - 1;
	return timegm(&t) * INT64_C(1000) + fraction - zone;
}

int64_t
time_parse(enum time_unit unit, struct str text)
{
	static int64_t (*const parsers[])(struct str text) = {
		[TIME_S] = parse_seconds,
		[TIME_MS] = parse_ms,
		[TIME_ISO8601] = parse_iso8601,
		[TIME_AUTO] = parse_auto,
	};

	return parsers[unit](text);
}

void
time_print(enum time_unit unit, int64_t ms, struct bytes *out)
{
	time_t seconds = ms / 1000;
	struct tm t;
	char text[48];

	if (unit == TIME_ISO8601 && gmtime_r(&seconds, &t) != NULL) {
		strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &t);
		bytes_addf(out, "%s.%03dZ", text, (int)(ms % 1000));
	} else {
		bytes_add_int(out, unit == TIME_MS ? ms : seconds);
	}
}
