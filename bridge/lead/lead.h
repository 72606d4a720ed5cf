/*
 * lead/lead.h - the contract of a lead update, and its checks.
 *
 * One table, taken from the page of PATCH /api/v1/leads/{leadId}: fields,
 * types, lengths, patterns, enumerations. Everything that knows the contract
 * asks this room: the mapping at load and at run time, the sandbox, the
 * schema verb. Lengths count characters, not bytes.
 */
#ifndef BRIDGE_LEAD_H
#define BRIDGE_LEAD_H

#include "base/base.h"

/* JSON's types, as bits: a field may take several. */
enum lead_type {
	LEAD_NULL = 1,
	LEAD_BOOLEAN = 2,
	LEAD_INTEGER = 4,
	LEAD_NUMBER = 8, /* a number that is no integer */
	LEAD_STRING = 16,
	LEAD_OBJECT = 32,
	LEAD_ARRAY = 64,
	LEAD_ANY = 127,
};

struct lead_field {
	const char *name;
	unsigned types;            /* enum lead_type */
	size_t min_length;         /* characters; strings only */
	size_t max_length;         /* 0: no ceiling */
	const char *const *values; /* enumeration, NULL-ended; or NULL */
	const char *format;        /* "email", "date", "date-time" or NULL */
	int64_t minimum;           /* integers; INT64_MIN: none */
	const char *const *keys;   /* known members of an object or of an
	                              array's objects; only for suggestions */
	bool appends;              /* sending twice may add twice */
	const char *help;
};

/* The table, in the order of the page; *count is set. */
const struct lead_field *lead_fields(size_t *count);
const struct lead_field *lead_field_find(struct str name); /* or NULL */
const char *lead_field_nearest(struct str name);           /* or NULL */

/*
 * What is wrong with a value for a row of the table, or NULL when nothing
 * is. text is a string's characters (valid UTF-8) or a number's text; not
 * looked at for other types. Whether a number is an integer is read from its
 * text, so LEAD_INTEGER and LEAD_NUMBER may be said of either. The reason
 * ("must be at least 10 characters") never repeats the value, and lives as
 * long as the process.
 */
const char *lead_problem(const struct lead_field *f, enum lead_type type,
    struct str text);

/* "a string", "an integer or null": what the field takes, into out. */
void lead_print_types(const struct lead_field *f, struct bytes *out);

/* A day of the Gregorian calendar: the test behind every date here. */
bool lead_date_real(int64_t year, int64_t month, int64_t day);

/* ^[A-Za-z0-9_-]{1,64}$: nothing else ever reaches the request line. */
bool lead_id_valid(struct str id);

/* The contract as JSON Schema 2020-12, indented. */
void lead_print_schema(struct bytes *out);

#endif
