/* mapping/mapping_time_format.c - the formats a mapping declares. */
#include <string.h>

#include "mapping/mapping_time_token.h"

#define DATE_PARTS (BIT(TIME_YEAR) | BIT(TIME_MONTH) | BIT(TIME_DAY))

static bool
is_letter(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* How "s" and "ms" look to collide(): a run of digits. */
static const struct time_token epoch_tokens[] = {
	[TIME_EPOCH_S] = { "s", TIME_SECOND, 1, 12, time_read_digits },
	[TIME_EPOCH_MS] = { "ms", TIME_FRACTION, 1, 15, time_read_digits },
	/* No other run of digits has this part: it goes with none of them. */
	[TIME_EPOCH_AUTO] = { "auto", TIME_OFFSET, 10, 13, time_read_digits },
};

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
	if (time_token_is_digits(t) && before != NULL &&
	    time_token_is_digits(before) && before->min < before->max)
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
		const struct time_token *t = time_token_at(text);
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
	for (; *i < f->count && time_token_is_digits(f->list[*i].token); ++*i) {
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

		if (time_token_is_digits(x) && time_token_is_digits(y)) {
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
	if (!whole) {
		read_list(&iso, STR("YYYY-MM-DD"));
		first = &iso;
	}
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
