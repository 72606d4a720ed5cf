/*
 * Any bytes as a form: a document or a reason, never both; nothing but
 * groups, lists and texts in it; and printed, it reads as the same JSON.
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

	assert(kind == DOC_STRING || kind == DOC_ARRAY || kind == DOC_OBJECT);
	assert(kind != DOC_STRING || utf8_valid(doc_text(d, n)));
	/* A group or a list is there because something is in it. */
	assert(kind == DOC_STRING || n == doc_root(d) || doc_count(d, n) > 0);
	DOC_FOREACH (d, n, child) {
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

	d = decode_form(arena, (struct str){ (const char *)data, size },
	    &decode_limits_default, &why);
	assert((d != NULL) == (why.code == FAULT_NONE));
	if (d != NULL) {
		assert(doc_kind(d, doc_root(d)) == DOC_OBJECT);
		check(d, doc_root(d));
		check_printed(arena, d);
	}
	arena_free(arena);
	return 0;
}
