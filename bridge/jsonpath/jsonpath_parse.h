/*
 * jsonpath/jsonpath_parse.h - from text to program. Private to this room.
 *
 * Recursive descent along the RFC's grammar; JSONPATH_NESTING_MAX bounds it.
 * Whoever returns -1 or NULL has set the fault.
 */
#ifndef BRIDGE_JSONPATH_PARSE_H
#define BRIDGE_JSONPATH_PARSE_H

#include "jsonpath/jsonpath_program.h"

struct parser {
	const char *start;
	const char *at; /* start <= at <= end */
	const char *end;
	struct program *program;
	bool current; /* '@' means something here */
	bool strict;  /* JSONPATH_STRICT */
	unsigned nesting;
	struct fault *why;
};

/* jsonpath_token.c: characters and words */

/* FAULT_MAPPING at the column of `at`. Always -1. */
int parse_fail(struct parser *p, const char *at, const char *fmt, ...)
    PRINTF(3, 4);
/* "<what> is expected here", or that the text ends before it. Always -1. */
int parse_expected(struct parser *p, const char *what);
/* The next byte, or NUL at the end. */
char parse_peek(const struct parser *p);
bool parse_take(struct parser *p, const char *text);
void parse_blanks(struct parser *p);
/* A name as it may stand behind a dot; false when none begins here. */
bool parse_name(struct parser *p, struct str *out);
bool parse_starts_integer(const struct parser *p);
int parse_integer(struct parser *p, int64_t *out) MUST_CHECK;
int parse_number(struct parser *p, struct str *out) MUST_CHECK;
int parse_string(struct parser *p, struct str *out) MUST_CHECK;
int parse_enter(struct parser *p) MUST_CHECK; /* one level of nesting down */
void parse_leave(struct parser *p);

/* jsonpath_path.c: queries, segments, selectors */
struct query *parse_query(struct parser *p) MUST_CHECK;

/* jsonpath_logic.c: what stands between '?' and ']' */
struct expr *parse_logic(struct parser *p) MUST_CHECK;
/* Says why a logical expression cannot go on at p->at. Always -1. */
int parse_logic_end(struct parser *p, const char *expected);

#endif
