/*
 * jsonpath/jsonpath_regex.h - regular expressions of match() and search().
 * Private to this room.
 *
 * An I-Regexp (RFC 9485) is translated to PCRE2's syntax and run by its DFA
 * matcher, which follows all alternatives at once: its time is the length of
 * the subject times what the pattern's states cost, whatever a stranger may
 * write. The language has nothing (back-references, captures) that would
 * need the other, backtracking one.
 */
#ifndef BRIDGE_JSONPATH_REGEX_H
#define BRIDGE_JSONPATH_REGEX_H

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "base/base.h"

/* Longest pattern taken; also from a document, where a stranger writes it. */
#define REGEX_PATTERN_MAX ((size_t)1000)

/*
 * Most states a pattern may put the matcher in. A name of up to 64 letters
 * makes 64; the square of this is what one character can cost.
 */
#define REGEX_STATES_MAX ((size_t)2000)

struct regex {
	struct regex *next;
	pcre2_code *code; /* NULL: no I-Regexp, so it matches nothing */
	size_t states;    /* at most so many at once while matching */
};

/* What a run needs to match; lives in its arena, made at the first match. */
struct regex_scratch {
	pcre2_match_data *data;
	pcre2_match_context *limits;
	int *work;
	size_t work_room;
};

/*
 * whole: has to match all of a subject, not only some part of it. The
 * pattern is valid UTF-8. NULL when it is too large to be compiled.
 */
struct regex *regex_new(struct str pattern, bool whole) MUST_CHECK;
void regex_free(struct regex *r); /* NULL is fine */

enum regex_result {
	REGEX_NO,
	REGEX_YES,
	REGEX_TOO_COSTLY, /* a limit of PCRE2 was hit */
	REGEX_NO_MEMORY
};
/* The subject is valid UTF-8. */
enum regex_result regex_run(const struct regex *r, struct str subject,
    struct regex_scratch *scratch, struct arena *arena) MUST_CHECK;

#endif
