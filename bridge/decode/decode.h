/*
 * decode/decode.h - bytes and a content type become one document.
 *
 * A document is a read-only tree, laid down as a flat tape in the request's
 * arena in one pass over the bytes; it points into the body where it can, so
 * the body must outlive it. JSON as RFC 8259 has it, whole; forms as
 * application/x-www-form-urlencoded, repeated keys becoming arrays and
 * bracket keys (a[b][]=c) nesting. Refused: duplicate object keys, invalid
 * UTF-8, lone surrogates, documents past the limits. Numbers keep the text
 * they were written with.
 */
#ifndef BRIDGE_DECODE_H
#define BRIDGE_DECODE_H

#include "base/base.h"

struct document;

/* A place in a document; only meaningful with it. */
typedef uint32_t doc_node;
#define DOC_NONE UINT32_MAX

enum doc_kind {
	DOC_ABSENT, /* of DOC_NONE, so that lookups can be chained */
	DOC_NULL,
	DOC_FALSE,
	DOC_TRUE,
	DOC_NUMBER,
	DOC_STRING,
	DOC_ARRAY,
	DOC_OBJECT,
};

struct decode_limits {
	size_t depth;  /* nesting; at most 1000 */
	size_t values; /* values and keys in the whole document */
};
extern const struct decode_limits decode_limits_default; /* 64, 100000 */

/*
 * The body by its content type (parameters allowed; +json counts as JSON;
 * text/plain and an empty type are taken as JSON). NULL with a fault: its
 * place is line and column in JSON, a byte offset in `where` for forms.
 * FAULT_BODY; FAULT_BODY_KIND for a type or a charset that is not read;
 * FAULT_TOO_LARGE past the limits; FAULT_BUSY when the arena is full.
 */
struct document *decode_body(struct arena *arena, struct str content_type,
    struct str body, const struct decode_limits *limits,
    struct fault *why) MUST_CHECK;
struct document *decode_json(struct arena *arena, struct str text,
    const struct decode_limits *limits, struct fault *why) MUST_CHECK;
struct document *decode_form(struct arena *arena, struct str text,
    const struct decode_limits *limits, struct fault *why) MUST_CHECK;

doc_node doc_root(const struct document *d);
enum doc_kind doc_kind(const struct document *d, doc_node n);
const char *doc_kind_name(enum doc_kind kind); /* "an array", "null", ... */

/* Elements of an array, members of an object; 0 for all else. */
size_t doc_count(const struct document *d, doc_node n);
/* Children in document order; DOC_NONE ends. For a member, the value. */
doc_node doc_first(const struct document *d, doc_node n);
doc_node doc_next(const struct document *d, doc_node child);
#define DOC_FOREACH(d, n, child)                                               \
	for (doc_node child = doc_first(d, n); child != DOC_NONE;              \
	     child = doc_next(d, child))
/* The key a member stands under; STR_NONE for what is no member. */
struct str doc_key(const struct document *d, doc_node child);
/* DOC_NONE when there is none, or when n is no object / no array. */
doc_node doc_member(const struct document *d, doc_node n, struct str key);
doc_node doc_item(const struct document *d, doc_node n, size_t index);

/* A string's characters, escapes resolved; STR_NONE for other kinds. */
struct str doc_text(const struct document *d, doc_node n);
/* A number's text exactly as written; STR_NONE for other kinds. */
struct str doc_number(const struct document *d, doc_node n);
/*
 * The value of a number written as an integer, without point and exponent.
 * False, and *out untouched, for all else and for what is past an int64_t.
 */
bool doc_integer(const struct document *d, doc_node n, int64_t *out);
double doc_double(const struct document *d, doc_node n); /* NaN: no number */

/*
 * Equal as RFC 9535 compares values: numbers by value, objects unordered;
 * two absent nodes are equal.
 */
bool doc_equal(const struct document *d, doc_node a, doc_node b);
/* Compact JSON; numbers as they were written. */
void doc_print(const struct document *d, doc_node n, struct bytes *out);
/*
 * The normalized path of a node (RFC 9535 section 2.7): $['a'][0]. Walks
 * from the root; for messages, not for the hot path.
 */
void doc_print_path(const struct document *d, doc_node n, struct bytes *out);

/* Compares two JSON number texts by value, exactly: -1, 0, 1. */
int number_compare(struct str a, struct str b);

#endif
