/*
 * mapping/mapping_time_token.h - the words formats are made of. Private.
 *
 * For mapping_time*.c only: a token is one part of a moment, and how it is
 * read off the front of a text.
 */
#ifndef BRIDGE_MAPPING_TIME_TOKEN_H
#define BRIDGE_MAPPING_TIME_TOKEN_H

#include "mapping/mapping_time.h"

struct time_token {
	const char *text;
	enum time_part part;
	size_t min, max; /* digits */
	bool (*read)(const struct time_token *t, struct str *rest,
	    struct moment *m);
};

/* The token a format begins with; NULL: its first byte stands for itself. */
const struct time_token *time_token_at(struct str format);
/* A number or the digits of a fraction. NULL is none. */
bool time_token_is_digits(const struct time_token *t);
/* Reads a number: t->min to t->max digits into t->part. */
bool time_read_digits(const struct time_token *t, struct str *rest,
    struct moment *m);

/* Takes min to max digits off the front, as many as there are. */
bool time_take_digits(struct str *rest, size_t min, size_t max,
    struct str *digits);
/* Takes what a format of tokens says off the front. */
bool time_take(struct str *rest, const char *format, struct moment *m);
void time_part_set(struct moment *m, enum time_part part, int64_t value);

#endif
