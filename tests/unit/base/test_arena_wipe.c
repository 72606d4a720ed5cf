/* tests/unit/base/test_arena_wipe.c - what was given back is gone. */
#include <malloc.h>

#include "unit/cmocka_all.h"

#include "base/base.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#elif defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#endif

#define MARK "a-token-of-somebody"

/* Blocks that held a mark when the system got them back. */
static unsigned marked;

#ifndef SANITIZED
extern void __libc_free(void *p);

void
free(void *p)
{
	if (p != NULL)
		marked += memmem(p, malloc_usable_size(p), MARK,
		              sizeof(MARK)) != NULL;
	__libc_free(p);
}
#endif

static char *
put(struct arena *a, size_t size)
{
	char *block = arena_take(a, size);

	assert_non_null(block);
	memset(block, '.', size);
	memcpy(block, MARK, sizeof(MARK));
	memcpy(block + size - sizeof(MARK), MARK, sizeof(MARK));
	return block;
}

static void
assert_zero(const char *at, size_t size)
{
	for (size_t i = 0; i < size; i++)
		assert_int_equal(at[i], 0);
}

static void
a_reset_wipes_the_chunk_it_keeps(void **state)
{
	struct arena *a = arena_new(1 << 20);
	char *first = put(a, 100), *second = put(a, 1000);

	(void)state;
	arena_reset(a);
	/* The same memory is handed out again. */
	assert_ptr_equal(arena_take(a, 100), first);
	assert_zero(first, 100);
	assert_zero(second, 1000);
	arena_free(a);
}

static void
a_rewind_wipes_what_was_taken_since(void **state)
{
	struct arena *a = arena_new(1 << 20);
	char *kept = put(a, 100), *gone;
	struct arena_mark mark = arena_mark(a);

	(void)state;
	gone = put(a, 500);
	arena_rewind(a, mark);
	assert_zero(gone, 500);
	assert_string_equal(kept, MARK);
	/* Also where it comes back from a chunk of its own. */
	gone = put(a, 500);
	(void)put(a, 100000);
	arena_rewind(a, mark);
	assert_zero(gone, 500);
	assert_string_equal(kept, MARK);
	arena_free(a);
}

static void
a_block_that_moves_leaves_nothing_behind(void **state)
{
	struct arena *a = arena_new(1 << 20);
	char *was = put(a, 200), *is;

	(void)state;
	(void)put(a, 16); /* in its way */
	is = arena_grow(a, was, 200, 400);
	assert_non_null(is);
	assert_ptr_not_equal(is, was);
	assert_string_equal(is, MARK);
	assert_zero(was, 200);
	arena_free(a);
}

/* Both of the chunk that was being filled and of those before it. */
static void
what_the_system_gets_back_is_wiped(void **state)
{
	struct arena *a = arena_new(1 << 20);

	(void)state;
#ifdef SANITIZED
	arena_free(a);
	skip(); /* the sanitizer has a free of its own */
#endif
	base_free(base_copy(MARK));
	assert_int_equal(marked, 1); /* it is seen */
	for (int ends = 0; ends < 2; ends++) {
		(void)put(a, 200000);
		(void)put(a, 50000);
		if (ends == 0)
			arena_reset(a);
	}
	arena_free(a);
	assert_int_equal(marked, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_reset_wipes_the_chunk_it_keeps),
		cmocka_unit_test(a_rewind_wipes_what_was_taken_since),
		cmocka_unit_test(a_block_that_moves_leaves_nothing_behind),
		cmocka_unit_test(what_the_system_gets_back_is_wiped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
