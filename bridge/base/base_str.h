/*
 * base/base_str.h - a run of bytes somebody else owns.
 *
 * A str is borrowed, never freed, and not ended by a NUL unless its maker
 * says so. An absent str has at == NULL; an empty one has not.
 */
#ifndef BRIDGE_BASE_STR_H
#define BRIDGE_BASE_STR_H

#include "base/base_short.h"

struct str {
	const char *at;
	size_t len;
};

#define STR(literal) ((struct str){ "" literal, sizeof(literal) - 1 })
#define STR_NONE ((struct str){ NULL, 0 })
/* For printf: printf("%.*s", STR_ARG(s)). Warning: reads s twice. */
#define STR_ARG(s) (int)(s).len, ((s).at != NULL ? (s).at : "")

struct str str_of(const char *text); /* NULL gives STR_NONE */
struct str str_span(const char *at, const char *end);
static inline bool
str_eq(struct str a, struct str b)
{
	return a.len == b.len && short_same(a.at, b.at, a.len);
}
bool str_eq_nocase(struct str a, struct str b); /* ASCII case */
int str_cmp(struct str a, struct str b);        /* byte order */
bool str_starts(struct str s, struct str prefix);
struct str str_trim(struct str s); /* spaces, tabs, CR, LF at both ends */
struct str str_skip(struct str s, size_t n);
/* Splits at the first `by`: *head before, returns what follows. */
bool str_cut(struct str *rest, char by, struct str *head);

/* A UUID's text: 8-4-4-4-12 hex digits of either case (RFC 9562). */
bool str_is_uuid(struct str s);

/* Decimal digits only, no sign, no space; -1 when not, or past max. */
int64_t str_number(struct str s, int64_t max);

/* True when all of s is well-formed UTF-8 (RFC 3629). */
bool utf8_valid(struct str s);
/* Offset of the first byte that is not UTF-8; s.len when all of it is. */
size_t utf8_bad(struct str s);
/* Characters (code points) of valid UTF-8. */
size_t utf8_count(struct str s);
/* Writes 1-4 bytes; returns how many. cp must be a Unicode scalar value. */
size_t utf8_put(char out[4], uint32_t cp);
/*
 * Reads one code point of valid UTF-8 at s.at and returns its length in
 * bytes; 0 at the end.
 */
size_t utf8_get(struct str s, uint32_t *cp);

#endif
