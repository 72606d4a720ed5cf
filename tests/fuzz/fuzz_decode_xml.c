/*
 * Any bytes as XML: a document or a reason, never both; one root element;
 * strings of UTF-8, nulls, objects, and arrays of two or more; and printed,
 * it reads as the same JSON.
 */
#include <assert.h>
#include <string.h>

#include "printed.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Recurses as deep as decode_limits_default lets a document be. */
static void
check(const struct document *d, doc_node n)
{
	enum doc_kind kind = doc_kind(d, n);

	assert(kind == DOC_STRING || kind == DOC_NULL || kind == DOC_ARRAY ||
	    kind == DOC_OBJECT);
	assert(kind != DOC_STRING || utf8_valid(doc_text(d, n)));
	assert(kind != DOC_ARRAY || doc_count(d, n) > 1);
	assert(kind != DOC_OBJECT || doc_count(d, n) > 0);
	DOC_FOREACH (d, n, child) {
		assert(kind == DOC_OBJECT || doc_kind(d, child) != DOC_ARRAY);
		if (kind == DOC_OBJECT)
			assert(doc_member(d, n, doc_key(d, child)) == child);
		check(d, child);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_new(CEILING);
	struct fault why = { 0 };
	struct document *d;

	d = decode_body(arena, STR("application/xml"),
	    (struct str){ (const char *)data, size }, &decode_limits_default,
	    &why);
	assert((d != NULL) == (why.code == FAULT_NONE));
	if (d != NULL) {
		assert(doc_count(d, doc_root(d)) == 1);
		check(d, doc_root(d));
		check_printed(arena, d);
	} else if (why.code == FAULT_BODY) {
		assert(why.line > 0 && why.column > 0);
	}
	arena_free(arena);
	return 0;
}
