/*
 * mapping/mapping_value.h - what flows through a pipe. Private to the room.
 *
 * A value borrows: texts and nodes point into documents, the mapping file or
 * the arena of the run. ABSENT and NULL pass through every transform
 * untouched unless its row says it sees them. null from a document counts as
 * absent for ?? and is left out of the PATCH, unless keep_null marked it.
 */
#ifndef BRIDGE_MAPPING_VALUE_H
#define BRIDGE_MAPPING_VALUE_H

#include "mapping/mapping.h"

enum value_kind {
	VALUE_ABSENT, /* up to STRING as doc_kind has them */
	VALUE_NULL,
	VALUE_FALSE,
	VALUE_TRUE,
	VALUE_NUMBER, /* text: a JSON number, as written */
	VALUE_STRING, /* text: valid UTF-8 */
	VALUE_NODE,   /* an array or object of a document */
	VALUE_LIST,   /* items: several matches of a path, or made by split */
};

struct value {
	enum value_kind kind;
	bool kept;     /* keep_null was there: print null, within it too */
	bool matches;  /* VALUE_LIST: the several matches of a path, which is
	                  an error in a scalar place until first, join, ... */
	doc_node node; /* VALUE_NODE; of others it means nothing */
	union {
		struct str text;                 /* NUMBER, STRING */
		const struct document *document; /* VALUE_NODE */
		struct {                         /* VALUE_LIST */
			const struct value *items;
			size_t count;
		};
	};
};
_Static_assert((int)VALUE_ABSENT == (int)DOC_ABSENT &&
        (int)VALUE_STRING == (int)DOC_STRING,
    "value_of_node makes one of the other");
_Static_assert(sizeof(struct value) <= 32, "values are copied about");

/* A document's node as a value: scalars become scalar values. */
static inline void
value_set_node(struct value *v, const struct document *d, doc_node n)
{
	enum doc_kind kind = doc_look(d, n, &v->text);

	v->kind = (enum value_kind)kind;
	v->kept = v->matches = false;
	v->node = n;
	if (kind == DOC_ARRAY || kind == DOC_OBJECT) {
		v->kind = VALUE_NODE;
		v->document = d;
	}
}
static inline struct value
value_of_node(const struct document *d, doc_node n)
{
	struct value v;

	value_set_node(&v, d, n);
	return v;
}
/* Absent, or a null that nobody asked to keep. */
static inline bool
value_is_missing(const struct value *v)
{
	return v->kind == VALUE_ABSENT || (v->kind == VALUE_NULL && !v->kept);
}
struct value value_string(struct str text);
struct value value_number(struct str text);
struct value value_boolean(bool yes);
const char *value_kind_name(const struct value *v); /* "a list", ... */

/*
 * The elements of a VALUE_LIST or of a VALUE_NODE that is an array, as
 * values in the arena; -1 when v is neither or the arena is full.
 */
int value_items(const struct value *v, struct arena *a, struct value **items,
    size_t *count, struct fault *why) MUST_CHECK;
/*
 * Of a VALUE_LIST: what its items that are lists hold stands in their place,
 * one level deep. -1: no memory.
 */
int value_pour(struct value *v, struct arena *a) MUST_CHECK;
/* Equal as JSON values; used by unique, null_if, lookup, table keys. */
bool value_equal(const struct value *a, const struct value *b);
/*
 * Compact JSON, without what says nothing unless `kept`: null members of
 * objects at any depth, objects left with no member, null among matches.
 * False, with nothing printed, when nothing is left. Items of a document's
 * array stay as they are, null too: their places mean something.
 */
bool value_print_said(const struct value *v, struct bytes *out);
/* Compact JSON. ABSENT must not come here; a null prints null. */
void value_print(const struct value *v, struct bytes *out);
/*
 * The text of a scalar: a string's characters, a number as written,
 * true/false. False for all other kinds.
 */
bool value_text(const struct value *v, struct str *out);

#endif
