/*
 * mapping/mapping_time.h - dates and instants, in declared formats. Private.
 *
 * A format says where year, month and day stand; nothing is ever guessed
 * from the digits. "iso" is ISO 8601 as RFC 3339 profiles it, "s" and "ms"
 * ("epoch", "epoch_ms") are seconds and milliseconds since 1970, "auto" is
 * either, by 10 or 13 digits (the years 2001 to 2286), and all else is made of
 *
 *	YYYY MM M DD D		4, 2, 1-2, 2, 1-2 digits
 *	MMM MMMM		Jan, January, in any case
 *	HH H hh h mm ss		hours of 24 and of 12, minutes, seconds
 *	SSS			the digits of a fraction, 1 to 9
 *	A Z			AM or PM; an offset: Z, +05:30, +0530
 *
 * with T and whatever is no letter standing for itself.
 */
#ifndef BRIDGE_MAPPING_TIME_H
#define BRIDGE_MAPPING_TIME_H

#include "mapping/mapping_transform.h"

#define TIME_TOKENS 24

enum time_part {
	TIME_YEAR,
	TIME_MONTH,
	TIME_DAY,
	TIME_HOUR,
	TIME_HOUR_12,
	TIME_HALF, /* 0 AM, 1 PM */
	TIME_MINUTE,
	TIME_SECOND,
	TIME_FRACTION, /* as text, below */
	TIME_OFFSET,   /* minutes east of UTC */
	TIME_PARTS
};

/* What a text said, part by part; `seen` has a bit for each one it did. */
struct moment {
	int64_t part[TIME_PARTS];
	struct str fraction; /* digits, as written */
	char milliseconds[4];
	unsigned seen;
};

struct time_token; /* a row of the table above; mapping_time_token.h */

enum time_kind {
	TIME_ISO,
	TIME_EPOCH_S,
	TIME_EPOCH_MS,
	TIME_EPOCH_AUTO,
	TIME_TOKEN_LIST
};

struct time_format {
	enum time_kind kind;
	/* TIME_ISO has none, "s" and "ms" one that is for comparing only. */
	struct {
		const struct time_token *token; /* NULL: a byte for itself */
		char byte;
	} list[TIME_TOKENS];
	size_t count;
};

struct time_formats {
	size_t count;
	struct time_format format[TRANSFORM_ARGS];
	bool drop_empty; /* of the mapping: see time_object_empty() */
};

/*
 * Reads the formats a mapping declares; without any, it is "iso". -1 with
 * FAULT_SETTINGS when one is none, or when two could read one text to two
 * different dates.
 */
int time_formats_read(struct time_formats *f, const char *step,
    const struct transform_setup *s, struct fault *why) MUST_CHECK;

/* False when the text has not this format, or no such moment exists. */
bool time_read(const struct time_format *f, struct str text, struct moment *m);
/* The same of { year, month, day } in an object; the month may be a name. */
bool time_read_object(const struct value *v, struct moment *m);
/* An object whose three parts are there and say nothing: texts of blanks. */
bool time_object_empty(const struct value *v);

/* YYYY-MM-DD, as the moment has it. */
void time_print_date(const struct moment *m, struct bytes *out);
/* In UTC, with Z. False when that is outside of the years 1 to 9999. */
bool time_print_utc(const struct moment *m, struct bytes *out);

#endif
