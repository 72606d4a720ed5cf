/* mapping/mapping_time.c - reading and writing moments. */
#include <string.h>
#include <time.h>

#include "mapping/mapping_time.h"

#define DATE_PARTS (BIT(TIME_YEAR) | BIT(TIME_MONTH) | BIT(TIME_DAY))
/* 9999-12-31T23:59:59Z: what is later has five digits in its year. */
#define EPOCH_MAX INT64_C(253402300799)

struct time_token {
	const char *text;
	enum time_part part;
	size_t min, max; /* digits */
	bool (*read)(const struct time_token *t, struct str *rest,
	    struct moment *m);
};

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

static void
set_part(struct moment *m, enum time_part part, int64_t value)
{
	m->part[part] = value;
	m->seen |= BIT(part);
}

/* Takes min to max digits, as many as there are. */
static bool
take_digits(struct str *rest, size_t min, size_t max, struct str *digits)
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

static bool
read_digits(const struct time_token *t, struct str *rest, struct moment *m)
{
	struct str digits;

	if (!take_digits(rest, t->min, t->max, &digits))
		return false;
	set_part(m, t->part, str_number(digits, INT32_MAX));
	return true;
}

static bool
read_fraction(const struct time_token *t, struct str *rest, struct moment *m)
{
	if (!take_digits(rest, t->min, t->max, &m->fraction))
		return false;
	set_part(m, t->part, 0);
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
		set_part(m, t->part, (int64_t)i + 1);
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
	set_part(m, t->part, pm);
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
		set_part(m, t->part, 0);
		return true;
	}
	if (rest->len == 0 || (rest->at[0] != '+' && rest->at[0] != '-'))
		return false;
	west = rest->at[0] == '-';
	*rest = str_skip(*rest, 1);
	if (!take_digits(rest, 2, 2, &hours))
		return false;
	if (rest->len > 0 && rest->at[0] == ':') {
		*rest = str_skip(*rest, 1);
		if (!take_digits(rest, 2, 2, &minutes))
			return false;
	} else if (rest->len > 0 && is_digit(rest->at[0]) &&
	    !take_digits(rest, 2, 2, &minutes))
		return false;
	if (str_number(hours, 23) == -1 || str_number(minutes, 59) == -1)
		return false;
	offset = str_number(hours, 23) * 60 + str_number(minutes, 59);
	set_part(m, t->part, west ? -offset : offset);
	return true;
}

/* A longer token stands before those it begins with. */
static const struct time_token tokens[] = {
	{ "YYYY", TIME_YEAR, 4, 4, read_digits },
	{ "MMMM", TIME_MONTH, 0, 0, read_month },
	{ "MMM", TIME_MONTH, 3, 3, read_month },
	{ "MM", TIME_MONTH, 2, 2, read_digits },
	{ "M", TIME_MONTH, 1, 2, read_digits },
	{ "DD", TIME_DAY, 2, 2, read_digits },
	{ "D", TIME_DAY, 1, 2, read_digits },
	{ "HH", TIME_HOUR, 2, 2, read_digits },
	{ "H", TIME_HOUR, 1, 2, read_digits },
	{ "hh", TIME_HOUR_12, 2, 2, read_digits },
	{ "h", TIME_HOUR_12, 1, 2, read_digits },
	{ "mm", TIME_MINUTE, 2, 2, read_digits },
	{ "ss", TIME_SECOND, 2, 2, read_digits },
	{ "SSS", TIME_FRACTION, 1, 9, read_fraction },
	{ "A", TIME_HALF, 0, 0, read_half },
	{ "Z", TIME_OFFSET, 0, 0, read_offset },
};

/* How "s" and "ms" look to collide(): a run of digits. */
static const struct time_token epoch_tokens[] = {
	[TIME_EPOCH_S] = { "s", TIME_SECOND, 1, 12, read_digits },
	[TIME_EPOCH_MS] = { "ms", TIME_FRACTION, 1, 15, read_digits },
	/* No other run of digits has this part: it goes with none of them. */
	[TIME_EPOCH_AUTO] = { "auto", TIME_OFFSET, 10, 13, read_digits },
};

static const struct time_token *
token_at(struct str s)
{
	for (size_t i = 0; i < COUNT_OF(tokens); i++)
		if (str_starts(s, str_of(tokens[i].text)))
			return &tokens[i];
	return NULL;
}

/* What is wrong with a list of tokens as a whole, or NULL. */
static const char *
list_problem(unsigned seen)
{
	bool half = (seen & BIT(TIME_HALF)) != 0;

	if ((seen & DATE_PARTS) != DATE_PARTS)
		return "needs year, month and day";
	if (((seen & BIT(TIME_HOUR_12)) != 0) != half)
		return "needs A (AM or PM) with h and hh, and only with them";
	if (half && (seen & BIT(TIME_HOUR)) != 0)
		return "has the hour twice";
	return NULL;
}

static bool
is_digits(const struct time_token *t)
{
	return t != NULL &&
	    (t->read == read_digits || t->read == read_fraction);
}

/* What is wrong with a token where it stands, or NULL. */
static const char *
token_problem(const struct time_token *t, struct str text,
    const struct time_token *before)
{
	if (t == NULL && text.at[0] == 'Y')
		return "needs four digits of a year (YYYY): two do not say "
		       "which century";
	if (t == NULL && is_letter(text.at[0]) && text.at[0] != 'T')
		return "has a letter that stands for nothing; there are YYYY "
		       "MMMM MMM MM M DD D HH H hh h mm ss SSS A Z, and 'iso', "
		       "'s', 'ms', 'auto'";
	if (is_digits(t) && is_digits(before) && before->min < before->max)
		return "has digits behind a number of no fixed length";
	return NULL;
}

/* Reads one declared format. The problem with it, or NULL. */
static const char *
read_list(struct time_format *f, struct str text)
{
	const struct time_token *before = NULL;
	unsigned seen = 0;

	f->kind = TIME_TOKEN_LIST;
	while (text.len > 0) {
		const struct time_token *t = token_at(text);
		const char *problem = token_problem(t, text, before);

		if (problem != NULL)
			return problem;
		if (f->count == TIME_TOKENS)
			return "is too long";
		if (t != NULL && (seen & BIT(t->part)) != 0)
			return "has a part twice";
		if (t != NULL)
			seen |= BIT(t->part);
		f->list[f->count].token = t;
		f->list[f->count].byte = text.at[0];
		f->count++;
		before = t;
		text = str_skip(text, t != NULL ? strlen(t->text) : 1);
	}
	return list_problem(seen);
}

static const char *
read_format(struct time_format *f, struct str text)
{
	static const struct name kinds[] = {
		{ "iso", TIME_ISO },
		{ "s", TIME_EPOCH_S },
		{ "ms", TIME_EPOCH_MS },
		{ "epoch", TIME_EPOCH_S },
		{ "epoch_ms", TIME_EPOCH_MS },
		{ "auto", TIME_EPOCH_AUTO },
		{ NULL, -1 },
	};
	int kind = name_value(kinds, text);

	if (kind == -1)
		return read_list(f, text);
	f->kind = (enum time_kind)kind;
	if (f->kind != TIME_ISO) {
		f->list[0].token = &epoch_tokens[kind];
		f->count = 1;
	}
	return NULL;
}

/* Steps over the digit tokens at *i: so many digits stand there. */
static void
skip_run(const struct time_format *f, size_t *i, size_t *min, size_t *max)
{
	*min = *max = 0;
	for (; *i < f->count && is_digits(f->list[*i].token); ++*i) {
		*min += f->list[*i].token->min;
		*max += f->list[*i].token->max;
	}
}

/* True when some text has the shape of a, and of b or the start of b. */
static bool
same_shape(const struct time_format *a, const struct time_format *b, bool whole)
{
	size_t i = 0, j = 0;

	while (i < a->count && j < b->count) {
		const struct time_token *x = a->list[i].token;
		const struct time_token *y = b->list[j].token;
		size_t min, max, other_min, other_max;

		if (is_digits(x) && is_digits(y)) {
			skip_run(a, &i, &min, &max);
			skip_run(b, &j, &other_min, &other_max);
			if (max < other_min || other_max < min)
				return false;
			continue;
		}
		if (x == NULL && y == NULL &&
		    a->list[i].byte != b->list[j].byte)
			return false;
		if ((x == NULL) != (y == NULL) ||
		    (x != NULL && x->read != y->read))
			return false;
		i++;
		j++;
	}
	return i == a->count && (j == b->count || !whole);
}

/*
 * True when one text could be two moments: MM/DD/YYYY and DD/MM/YYYY, or
 * YYYYMMDD and "s". "iso" counts as the date it begins with.
 */
static bool
collide(const struct time_format *a, const struct time_format *b)
{
	const struct time_format *first = b->kind == TIME_ISO ? b : a;
	const struct time_format *other = first == b ? a : b;
	bool whole = first->kind != TIME_ISO;
	struct time_format iso = { 0 };

	if (other->kind == TIME_ISO)
		return false;
	read_list(&iso, STR("YYYY-MM-DD"));
	if (!whole)
		first = &iso;
	if (!same_shape(first, other, whole))
		return false;
	for (size_t i = 0; i < first->count && i < other->count; i++) {
		const struct time_token *x = first->list[i].token;
		const struct time_token *y = other->list[i].token;

		if (x != NULL && y != NULL && x->part != y->part)
			return true;
	}
	return false;
}

int
time_formats_read(struct time_formats *f, const char *step,
    const struct transform_setup *s, struct fault *why)
{
	memset(f, 0, sizeof(*f));
	f->count = s->arg_count > 0 ? s->arg_count : 1;
	f->drop_empty = s->drop_empty;
	for (size_t i = 0; i < s->arg_count; i++) {
		const char *problem = "is not text";

		if (s->args[i].kind == VALUE_STRING)
			problem = read_format(&f->format[i], s->args[i].text);
		if (problem != NULL)
			return fault_set(why, FAULT_SETTINGS, NULL,
			    "%s: format %zu %s", step, i + 1, problem);
		for (size_t j = 0; j < i; j++)
			if (collide(&f->format[i], &f->format[j]))
				return fault_set(why, FAULT_SETTINGS, NULL,
				    "%s: formats %zu and %zu could read one "
				    "text to two different dates",
				    step, j + 1, i + 1);
	}
	return 0;
}

/* Every part in its range; hours of 12 become hours of 24. */
static bool
settle(struct moment *m)
{
	int64_t *part = m->part;

	if ((m->seen & BIT(TIME_HOUR_12)) != 0) {
		if (part[TIME_HOUR_12] < 1 || part[TIME_HOUR_12] > 12)
			return false;
		set_part(m, TIME_HOUR,
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

/* Takes the format off the front. */
static bool
take(struct str *rest, const char *format, struct moment *m)
{
	struct str left = str_of(format);

	while (left.len > 0) {
		const struct time_token *t = token_at(left);

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

/* A date, or a date-time whose seconds, fraction and offset may be left out. */
static bool
read_iso(struct str rest, struct moment *m)
{
	if (!take(&rest, "YYYY-MM-DD", m))
		return false;
	if (rest.len == 0)
		return settle(m);
	if ((rest.at[0] | 0x20) != 't' && rest.at[0] != ' ')
		return false;
	rest = str_skip(rest, 1);
	if (!take(&rest, "HH:mm", m))
		return false;
	if (rest.len > 0 && rest.at[0] == ':' && !take(&rest, ":ss", m))
		return false;
	if (rest.len > 0 && rest.at[0] == '.' && !take(&rest, ".SSS", m))
		return false;
	if (rest.len > 0 && !take(&rest, "Z", m))
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
	set_part(m, TIME_YEAR, t.tm_year + 1900);
	set_part(m, TIME_MONTH, t.tm_mon + 1);
	set_part(m, TIME_DAY, t.tm_mday);
	set_part(m, TIME_HOUR, t.tm_hour);
	set_part(m, TIME_MINUTE, t.tm_min);
	set_part(m, TIME_SECOND, t.tm_sec);
	set_part(m, TIME_OFFSET, 0);
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
	if (!take_digits(&rest, 1, 12, &digits))
		return false;
	n = str_number(digits, EPOCH_MAX);
	if (n == -1)
		return false;
	if (rest.len > 0 && (before || !take(&rest, ".SSS", m)))
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

	if (take(&rest, "MMMM", m) && rest.len == 0)
		return true;
	rest = text;
	return take(&rest, "MMM", m) && rest.len == 0;
}

static bool
read_member(enum time_part part, struct str text, struct moment *m)
{
	int64_t n = str_number(text, 9999);

	if (n == -1)
		return part == TIME_MONTH && read_month_alone(text, m);
	if (part == TIME_YEAR && text.len != 4)
		return false;
	set_part(m, part, n);
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
