/*
 * Any bytes as JSON: a document or a reason, never both; every accessor
 * holds on what was read; and what is printed reads back as the same.
 */
#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "decode/decode.h"

#define CEILING ((size_t)64 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_scalar(const struct document *d, doc_node n)
{
	struct str number = doc_number(d, n);
	int64_t integer = 0;

	assert((doc_kind(d, n) == DOC_STRING) == (doc_text(d, n).at != NULL));
	assert((doc_kind(d, n) == DOC_NUMBER) == (number.at != NULL));
	assert(utf8_valid(doc_text(d, n)));
	assert((number.at == NULL) == isnan(doc_double(d, n)));
	if (number.at != NULL)
		assert(number_compare(number, number) == 0);
	if (doc_integer(d, n, &integer) && llabs(integer) < 1LL << 53)
		assert((double)integer == doc_double(d, n));
}

static void
check_path(const struct document *d, doc_node n)
{
	struct bytes path;

	bytes_init(&path, CEILING);
	doc_print_path(d, n, &path);
	assert(bytes_ok(&path) && path.data[0] == '$');
	bytes_done(&path);
}

/* Recurses as deep as decode_limits_default lets a document be. */
static void
check(const struct document *d, doc_node n, bool with_paths)
{
	size_t count = 0;

	check_scalar(d, n);
	if (with_paths)
		check_path(d, n);
	DOC_FOREACH (d, n, child) {
		if (doc_kind(d, n) == DOC_OBJECT)
			assert(doc_member(d, n, doc_key(d, child)) == child);
		else
			assert(doc_key(d, child).at == NULL);
		if (with_paths && doc_kind(d, n) == DOC_ARRAY)
			assert(doc_item(d, n, count) == child);
		check(d, child, with_paths);
		count++;
	}
	assert(count == doc_count(d, n));
	assert(doc_item(d, n, count) == DOC_NONE);
	assert(doc_equal(d, n, n));
}

static struct document *
decode_again(struct arena *arena, const struct document *d, struct bytes *out)
{
	struct fault why = { 0 };
	struct document *again;

	doc_print(d, doc_root(d), out);
	assert(bytes_ok(out));
	again = decode_json(arena, bytes_str(out), &decode_limits_default,
	    &why);
	assert(again != NULL);
	return again;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_new(CEILING);
	struct bytes once, twice;
	struct fault why = { 0 };
	struct document *d;

	bytes_init(&once, CEILING);
	bytes_init(&twice, CEILING);
	d = decode_json(arena, (struct str){ (const char *)data, size },
	    &decode_limits_default, &why);
	assert((d != NULL) == (why.code == FAULT_NONE));
	if (d != NULL) {
		check(d, doc_root(d), size < 4096);
		decode_again(arena, decode_again(arena, d, &once), &twice);
		assert(str_eq(bytes_str(&once), bytes_str(&twice)));
	} else {
		assert(
		    why.line > 0 && why.column > 0 && why.column <= size + 1);
	}
	bytes_done(&once);
	bytes_done(&twice);
	arena_free(arena);
	return 0;
}
