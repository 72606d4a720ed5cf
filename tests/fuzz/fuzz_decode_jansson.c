/*
 * The same bytes through decode_json and through jansson: both take them or
 * both refuse them, and the values they read are equal. Where they may
 * differ is the list below and no more:
 *
 *	refused by jansson alone
 *	  integers past a long long and reals past a double ("too big"): a
 *	  document keeps numbers as they were written
 *	  a NUL, written \u0000, in a key
 *	refused by decode_json alone
 *	  nesting past 64 (jansson's ceiling is 2048)
 *	  a NUL byte: jansson steps over one behind a number or a word
 *	never compared
 *	  texts past 64 KiB, so that decode's 100,000 values are not met
 */
#include <assert.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "decode/decode.h"

#define CEILING ((size_t)64 << 20)
#define LONGEST ((size_t)64 << 10)
#define FLAGS (JSON_DECODE_ANY | JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void compare(const struct document *d, doc_node n, const json_t *j);

static void
compare_text(struct str ours, const char *theirs, size_t len)
{
	assert(ours.at != NULL && ours.len == len);
	assert(memcmp(ours.at, theirs, len) == 0);
}

static void
compare_number(const struct document *d, doc_node n, const json_t *j)
{
	int64_t integer = 0;

	assert(doc_kind(d, n) == DOC_NUMBER);
	if (json_is_integer(j)) {
		assert(doc_integer(d, n, &integer));
		assert(integer == json_integer_value(j));
	} else {
		assert(!doc_integer(d, n, &integer));
		assert(doc_double(d, n) == json_real_value(j));
	}
}

static void
compare_array(const struct document *d, doc_node n, const json_t *j)
{
	size_t i = 0;

	assert(doc_kind(d, n) == DOC_ARRAY);
	assert(doc_count(d, n) == json_array_size(j));
	DOC_FOREACH (d, n, child)
		compare(d, child, json_array_get(j, i++));
	assert(i == json_array_size(j));
}

/* jansson keeps the order of members, as documents do. */
static void
compare_object(const struct document *d, doc_node n, json_t *j)
{
	void *at = json_object_iter(j);

	assert(doc_kind(d, n) == DOC_OBJECT);
	assert(doc_count(d, n) == json_object_size(j));
	DOC_FOREACH (d, n, child) {
		assert(at != NULL);
		compare_text(doc_key(d, child), json_object_iter_key(at),
		    json_object_iter_key_len(at));
		compare(d, child, json_object_iter_value(at));
		at = json_object_iter_next(j, at);
	}
	assert(at == NULL);
}

/* Recurses as deep as decode_limits_default lets a document be. */
static void
compare(const struct document *d, doc_node n, const json_t *j)
{
	switch (json_typeof(j)) {
	case JSON_OBJECT:
		compare_object(d, n, (json_t *)(uintptr_t)j);
		break;
	case JSON_ARRAY:
		compare_array(d, n, j);
		break;
	case JSON_STRING:
		compare_text(doc_text(d, n), json_string_value(j),
		    json_string_length(j));
		break;
	case JSON_INTEGER:
	case JSON_REAL:
		compare_number(d, n, j);
		break;
	case JSON_TRUE:
		assert(doc_kind(d, n) == DOC_TRUE);
		break;
	case JSON_FALSE:
		assert(doc_kind(d, n) == DOC_FALSE);
		break;
	case JSON_NULL:
		assert(doc_kind(d, n) == DOC_NULL);
		break;
	}
}

/* The list at the top. */
static bool
may_differ(struct str text, const struct fault *ours,
    const json_error_t *theirs)
{
	if (ours->code == FAULT_NONE)
		return json_error_code(theirs) == json_error_numeric_overflow ||
		    json_error_code(theirs) == json_error_null_byte_in_key;
	return ours->code == FAULT_TOO_LARGE ||
	    memchr(text.at, '\0', text.len) != NULL;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = { (const char *)data, size };
	struct arena *arena;
	struct fault why = { 0 };
	json_error_t error = { 0 };
	struct document *d;
	json_t *j;

	if (size > LONGEST)
		return 0;
	arena = arena_new(CEILING);
	d = decode_json(arena, text, &decode_limits_default, &why);
	j = json_loadb(text.at, text.len, FLAGS, &error);
	if (d != NULL && j != NULL)
		compare(d, doc_root(d), j);
	else if (d != NULL || j != NULL)
		assert(may_differ(text, &why, &error));
	json_decref(j);
	arena_free(arena);
	return 0;
}
