/*
 * decode/decode.h - bytes and a content type become one document.
 *
 * A document is a read-only tree, laid down as a flat tape in the request's
 * arena; it points into the body where it can, so the body must outlive it.
 * Whatever the body, the tree has one shape:
 *
 *	JSON (RFC 8259), in one pass: as it is. Refused: duplicate keys,
 *	invalid UTF-8, lone surrogates. Numbers keep their text.
 *
 *	Forms and queries: an object of strings; a key that comes again is
 *	an array, bracket keys (a[b][]=c) nest. Latin-1 where it is declared.
 *
 *	multipart/form-data (RFC 7578): a text as in a form; a file becomes
 *	{"filename":"a.pdf","type":"application/pdf","size":123,
 *	"sha256":"<hex>"}, type null when unsaid. Text is UTF-8, or latin-1
 *	where the part, the field _charset_ or the content type says so.
 *
 *	XML, SOAP: an object with one member, the root element. Names go
 *	without their prefix.
 *	    <a>text</a>             "a":"text"   as it stands, <a/> is ""
 *	    <a x="1">text</a>       "a":{"@x":"1","#text":"text"}
 *	    <a><b/><c/></a>         "a":{"b":"","c":""}
 *	    <a/> again in one place "a":["",""]
 *	    <a xsi:nil="true"/>     "a":null
 *	Beside elements or attributes, text is trimmed, and left out when
 *	nothing remains. Comments and processing instructions are left out.
 *	UTF-8, UTF-16, ISO-8859-1, US-ASCII. Refused: any DOCTYPE, so there
 *	are no entities but XML's five; attributes equal but for a prefix.
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
 * The body by its content type (parameters allowed; +json and +xml count as
 * JSON and XML; text/plain and an empty type are taken as JSON). NULL with a
 * fault: its place is line and column in JSON and XML, a byte offset in
 * `where` for forms and multipart. FAULT_BODY; FAULT_BODY_KIND for a type or
 * a charset that is not read; FAULT_TOO_LARGE past the limits, or past those
 * of a decoder (1000 parts, 256 attributes an element, ...); FAULT_BUSY when
 * the arena is full.
 */
struct document *decode_body(struct arena *arena, struct str content_type,
    struct str body, const struct decode_limits *limits,
    struct fault *why) MUST_CHECK;
struct document *decode_json(struct arena *arena, struct str text,
    const struct decode_limits *limits, struct fault *why) MUST_CHECK;
struct document *decode_form(struct arena *arena, struct str text,
    const struct decode_limits *limits, struct fault *why) MUST_CHECK;
/* What stands behind the '?' of an address; STR_NONE is an empty object. */
struct document *decode_query(struct arena *arena, struct str query,
    const struct decode_limits *limits, struct fault *why) MUST_CHECK;

doc_node doc_root(const struct document *d);
enum doc_kind doc_kind(const struct document *d, doc_node n);
/* Likewise, and a string's or a number's text as below, in one look. */
enum doc_kind doc_look(const struct document *d, doc_node n, struct str *text);
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

/*
 * Documents laid one behind another into one, so that a path can go from the
 * first to places of the others: '$' is the first, whose nodes stay what they
 * are. Lies in the arena, as copies of entries; texts stay where they are and
 * must outlive it.
 */
struct doc_join;
/* NULL: the arena is full. */
struct doc_join *doc_join_new(struct arena *arena,
    const struct document *first) MUST_CHECK;
/* The node of d's root in the whole; DOC_NONE: the arena is full. */
doc_node doc_join_add(struct doc_join *j, const struct document *d) MUST_CHECK;
/* The whole. Stays the same one, and grows: adding ends no node of it. */
const struct document *doc_joined(const struct doc_join *j);

/* Compares two JSON number texts by value, exactly: -1, 0, 1. */
int number_compare(struct str a, struct str b);

#endif
