/*
 * What the decoders' tests stand on: an arena and what was printed, and a body
 * of some content type as JSON or as the fault with its place. The bytes are
 * handed over exactly, so that the address sanitizer sees whoever reads behind
 * them.
 */
#ifndef UNIT_BODY_BENCH_H
#define UNIT_BODY_BENCH_H

#include "unit/cmocka_all.h"
#include "decode/decode.h"

struct bench {
	struct arena *arena;
	struct bytes out;
	struct fault why;
};

static inline int
setup(void **state)
{
	struct bench *b = base_alloc(sizeof(*b));

	b->arena = arena_new((size_t)256 << 20);
	bytes_init(&b->out, (size_t)16 << 20);
	*state = b;
	return 0;
}

static inline int
teardown(void **state)
{
	struct bench *b = *state;

	arena_free(b->arena);
	bytes_done(&b->out);
	base_free(b);
	return 0;
}

static inline const char *
outcome_within(struct bench *b, const char *type, struct str text,
    const struct decode_limits *limits)
{
	char *exact = malloc(text.len > 0 ? text.len : 1);
	struct document *d;

	assert_non_null(exact);
	if (text.len > 0)
		memcpy(exact, text.at, text.len);
	arena_reset(b->arena);
	b->why = (struct fault){ 0 };
	d = decode_body(b->arena, str_of(type), (struct str){ exact, text.len },
	    limits, &b->why);
	assert_int_equal(d != NULL, b->why.code == FAULT_NONE);
	bytes_clear(&b->out);
	if (d != NULL)
		doc_print(d, doc_root(d), &b->out);
	else
		fault_print(&b->why, &b->out);
	assert_true(bytes_ok(&b->out));
	free(exact);
	return b->out.data;
}

static inline const char *
outcome(struct bench *b, const char *type, struct str text)
{
	return outcome_within(b, type, text, &decode_limits_default);
}

struct row {
	const char *body;
	const char *want;
};

static inline void
assert_rows(struct bench *b, const char *type, const struct row *rows,
    size_t count)
{
	for (size_t i = 0; i < count; i++)
		assert_string_equal(outcome(b, type, str_of(rows[i].body)),
		    rows[i].want);
}

/* Grows the arena until the body fits, and counts the refusals. */
static inline size_t
arenas_too_small(const char *type, struct str text)
{
	struct document *d = NULL;
	size_t busy = 0;

	for (size_t ceiling = 0; d == NULL; ceiling += 16) {
		struct arena *arena = arena_new(ceiling);
		struct fault why = { 0 };

		d = decode_body(arena, str_of(type), text,
		    &decode_limits_default, &why);
		if (d == NULL)
			assert_int_equal(why.code, FAULT_BUSY);
		busy += d == NULL;
		arena_free(arena);
	}
	return busy;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

#endif
