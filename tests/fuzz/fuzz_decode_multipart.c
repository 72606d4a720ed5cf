/*
 * Any bytes as multipart/form-data, the first line being the parameters of
 * the content type: a document or a reason, never both; nothing in it but
 * what a form can hold; files as large as they can be; and printed, it
 * reads as the same JSON.
 */
#include <assert.h>
#include <string.h>

#include "printed.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Numbers and nulls stand in files only, which have four members. */
static void
check_file_member(const struct document *d, doc_node file, doc_node n,
    size_t body)
{
	int64_t size;

	assert(doc_count(d, file) == 4);
	if (doc_kind(d, n) == DOC_NULL) {
		assert(str_eq(doc_key(d, n), STR("type")));
		return;
	}
	assert(str_eq(doc_key(d, n), STR("size")));
	assert(doc_integer(d, n, &size));
	assert(size >= 0 && (size_t)size < body);
	n = doc_member(d, file, STR("sha256"));
	assert(doc_text(d, n).len == 64);
}

/* Recurses as deep as decode_limits_default lets a document be. */
static void
check(const struct document *d, doc_node n, size_t body)
{
	enum doc_kind kind = doc_kind(d, n);

	assert(kind != DOC_STRING || utf8_valid(doc_text(d, n)));
	DOC_FOREACH (d, n, child) {
		enum doc_kind of = doc_kind(d, child);

		if (kind == DOC_OBJECT)
			assert(doc_member(d, n, doc_key(d, child)) == child);
		if (of == DOC_NULL || of == DOC_NUMBER)
			check_file_member(d, n, child, body);
		else
			assert(of >= DOC_STRING);
		check(d, child, body);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_new(CEILING);
	struct str body = { (const char *)data, size }, params = STR("");
	struct fault why = { 0 };
	struct document *d;
	struct bytes type;

	bytes_init(&type, CEILING);
	str_cut(&body, '\n', &params);
	bytes_add_text(&type, "multipart/form-data;");
	bytes_add_str(&type, params);
	d = decode_body(arena, bytes_str(&type), body, &decode_limits_default,
	    &why);
	assert((d != NULL) == (why.code == FAULT_NONE));
	if (d != NULL) {
		assert(doc_kind(d, doc_root(d)) == DOC_OBJECT);
		check(d, doc_root(d), size);
		check_printed(arena, d);
	}
	bytes_done(&type);
	arena_free(arena);
	return 0;
}
