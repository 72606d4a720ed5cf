/*
 * lead/lead_check.c - does a value fit its row?
 *
 * The words of a refusal are derived from the row as the check is, so they
 * cannot disagree. They are written once, at the first refusal, and stay.
 */
#include <stdio.h>
#include <pthread.h>

#include "lead/lead_format.h"

#define ID_MAX 64
/* The longest enumeration, the statuses, takes 260 of it. */
#define VALUES_MAX 320

struct reasons {
	char type[64];
	char length[72];
	char values[VALUES_MAX];
	char minimum[48];
};

static struct reasons *all_reasons; /* one a field, in the table's order */

static void
explain_type(const struct lead_field *f, struct reasons *r)
{
	struct bytes text;

	bytes_init(&text, sizeof(r->type));
	lead_print_types(f, &text);
	snprintf(r->type, sizeof(r->type), "must be %s", bytes_str(&text).at);
	bytes_done(&text);
}

static void
explain_length(const struct lead_field *f, struct reasons *r)
{
	size_t size = sizeof(r->length);

	if (f->min_length == f->max_length)
		snprintf(r->length, size, "must be exactly %zu characters",
		    f->min_length);
	else if (f->min_length == 1 && f->max_length == 0)
		snprintf(r->length, size, "must not be empty");
	else if (f->max_length == 0)
		snprintf(r->length, size, "must be at least %zu characters",
		    f->min_length);
	else if (f->min_length == 0)
		snprintf(r->length, size, "must be at most %zu characters",
		    f->max_length);
	else
		snprintf(r->length, size, "must be %zu to %zu characters",
		    f->min_length, f->max_length);
}

static void
explain_values(const struct lead_field *f, struct reasons *r)
{
	struct bytes text;

	bytes_init(&text, sizeof(r->values));
	bytes_add_text(&text, "must be one of ");
	for (const char *const *v = f->values; v != NULL && *v != NULL; v++) {
		if (v != f->values)
			bytes_add_text(&text, ", ");
		bytes_add_text(&text, *v);
	}
	snprintf(r->values, sizeof(r->values), "%s", bytes_str(&text).at);
	bytes_done(&text);
}

static void
explain_all(void)
{
	size_t count;
	const struct lead_field *f = lead_fields(&count);

	all_reasons = base_alloc(count * sizeof(all_reasons[0]));
	for (size_t i = 0; i < count; i++) {
		struct reasons *r = &all_reasons[i];

		explain_type(&f[i], r);
		explain_length(&f[i], r);
		explain_values(&f[i], r);
		snprintf(r->minimum, sizeof(r->minimum),
		    "must be at least %lld", (long long)f[i].minimum);
	}
}

static const struct reasons *
reasons_of(const struct lead_field *f)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	size_t count;

	pthread_once(&once, explain_all);
	return &all_reasons[f - lead_fields(&count)];
}

/* An optional minus and digits: "5.0" and "1e1" are numbers, no integers. */
static bool
is_integer(struct str text)
{
	if (text.len > 0 && text.at[0] == '-')
		text = str_skip(text, 1);
	for (size_t i = 0; i < text.len; i++)
		if (text.at[i] < '0' || text.at[i] > '9')
			return false;
	return text.len > 0;
}

/* Of an integer's text; one that int64_t cannot hold is as far as it goes. */
static int64_t
integer_value(struct str text)
{
	bool negative = text.at[0] == '-';
	int64_t n = str_number(str_skip(text, negative), INT64_MAX);

	if (n == -1)
		return negative ? INT64_MIN : INT64_MAX;
	return negative ? -n : n;
}

static bool
is_value_of(const struct lead_field *f, struct str text)
{
	for (const char *const *v = f->values; *v != NULL; v++)
		if (str_eq(text, str_of(*v)))
			return true;
	return false;
}

/* A character has one to four bytes, so most texts need no counting. */
static bool
length_fits(const struct lead_field *f, struct str text)
{
	size_t most = f->max_length > 0 ? f->max_length : SIZE_MAX;
	size_t length;

	if (text.len / 4 >= f->min_length && text.len <= most)
		return true;
	length = utf8_count(text);
	return length >= f->min_length && length <= most;
}

static const char *
string_problem(const struct lead_field *f, struct str text)
{
	if (!length_fits(f, text))
		return reasons_of(f)->length;
	if (f->values != NULL && !is_value_of(f, text))
		return reasons_of(f)->values;
	if (f->format != NULL) {
		const struct lead_format *format = lead_format_get(f->format);

		if (!format->has(text))
			return format->reason;
	}
	return NULL;
}

const char *
lead_problem(const struct lead_field *f, enum lead_type type, struct str text)
{
	if (type == LEAD_INTEGER || type == LEAD_NUMBER)
		type = is_integer(text) ? LEAD_INTEGER : LEAD_NUMBER;
	if ((f->types & type) == 0)
		return reasons_of(f)->type;
	if (type == LEAD_STRING)
		return string_problem(f, text);
	if (type == LEAD_INTEGER && integer_value(text) < f->minimum) {
		const struct reasons *reasons = reasons_of(f);

		return reasons->minimum;
	}
	return NULL;
}

bool
lead_id_valid(struct str id)
{
	if (id.len == 0 || id.len > ID_MAX)
		return false;
	for (size_t i = 0; i < id.len; i++) {
		char c = id.at[i];

		if (!(c >= 'A' && c <= 'Z') && !(c >= 'a' && c <= 'z') &&
		    !(c >= '0' && c <= '9') && c != '_' && c != '-')
			return false;
	}
	return true;
}
