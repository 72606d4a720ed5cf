/* tests/unit/base/test_pool.c - blocks kept, wiped and handed out again. */
#include <malloc.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/base_pool.h"
#include "unit/cmocka_all.h"

#if defined(__SANITIZE_ADDRESS__)
#define KEEPS false
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define KEEPS false
#endif
#endif
#ifndef KEEPS
#define KEEPS true
#endif

static const size_t sizes[] = { 0, 1, 8, 24, 25, 40, 41, 600, 1031, 1032, 1033,
	2047, 2048, 2049, 16709, 32768, 40000, 100000 };

static void
test_blocks_are_as_large_as_asked(void **state)
{
	(void)state;
	for (int round = 0; round < 3; round++)
		for (size_t i = 0; i < COUNT_OF(sizes); i++) {
			void *one = pool_malloc(sizes[i]);
			void *two = pool_malloc(sizes[i]);

			assert_true(one != NULL && two != NULL && one != two);
			assert_true(malloc_usable_size(one) >= sizes[i]);
			memset(one, 'x', sizes[i]);
			memset(two, 'y', sizes[i]);
			pool_free(one);
			pool_free(two);
		}
}

static void
test_freed_blocks_come_back_wiped(void **state)
{
	(void)state;
	if (!KEEPS) {
		print_message("skipped: under the address sanitizer the pool "
		              "keeps nothing, so that it sees each free\n");
		skip();
	}
	for (size_t i = 0; i < COUNT_OF(sizes); i++) {
		char *p = pool_malloc(sizes[i]);
		size_t kept = pool_kept(), usable = malloc_usable_size(p);
		bool poolable = sizes[i] <= 32768;

		memset(p, 'x', usable);
		pool_free(p);
		assert_int_equal(pool_kept() > kept, poolable);
		if (!poolable)
			continue;
		assert_ptr_equal(pool_malloc(sizes[i]), p);
		for (size_t k = 0; k < usable; k++)
			assert_int_equal(p[k], 0);
		assert_int_equal(pool_kept(), kept);
		free(p); /* malloc's own, too */
	}
}

#define RECORD 16709            /* bytes, as OpenSSL's buffer for one */
#define ROOM ((size_t)18 << 10) /* what the pool takes for it */
#define BEHIND ((size_t)8 << 10)

/* Of the pages that are a block's alone, how many have memory. */
static size_t
pages_in_use(const char *block, size_t n, size_t *all)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), in_use = 0;
	size_t first = (page - (uintptr_t)block % page) % page;
	unsigned char state;

	*all = n > first ? (n - first) / page : 0;
	for (size_t i = 0; i < *all; i++) {
		void *at = (void *)(uintptr_t)(block + first + i * page);

		assert_int_equal(mincore(at, page, &state), 0);
		in_use += state & 1;
	}
	return in_use;
}

/* The system's malloc does; those that look for faults do not. */
static bool
hands_out_again(size_t size)
{
	void *p = malloc(size);
	uintptr_t before = (uintptr_t)p;
	bool again;

	free(p);
	p = malloc(size);
	again = (uintptr_t)p == before;
	free(p);
	return again;
}

/* Of memory that was used, and is malloc's again. */
static void
test_a_record_gets_memory_as_it_is_written(void **state)
{
	void *kept[5]; /* more than there may be of that size */
	char *soiled, *behind, *p;
	uintptr_t from;
	size_t all;

	(void)state;
	if (!hands_out_again(ROOM)) {
		print_message("skipped: this malloc does not hand out at once "
		              "what it was given back\n");
		skip();
	}
	for (size_t i = 0; i < COUNT_OF(kept); i++)
		kept[i] = pool_malloc(RECORD);
	soiled = malloc(ROOM);
	behind = malloc(BEHIND);
	memset(soiled, 'x', ROOM);
	memset(behind, 'y', BEHIND);
	from = (uintptr_t)soiled;
	free(soiled);
	p = pool_malloc(RECORD);
	assert_true((uintptr_t)p == from);
	assert_int_equal(pages_in_use(p, RECORD, &all), 0);
	assert_true(all > 0);
	memset(p, 'x', RECORD);
	pool_free(p);
	assert_ptr_equal(pool_malloc(RECORD), p); /* kept: as it was ... */
	assert_int_equal(pages_in_use(p, RECORD, &all), all);
	for (size_t i = 0; i < BEHIND; i++)
		assert_int_equal(behind[i], 'y'); /* ... and so is this */
	for (size_t i = 0; i < COUNT_OF(kept); i++)
		pool_free(kept[i]);
	pool_free(p);
	free(behind);
}

static void
test_blocks_of_malloc_may_be_freed_here(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(sizes); i++)
		for (size_t less = 0; less < 2 && less <= sizes[i]; less++) {
			void *p = malloc(sizes[i] - less);

			pool_free(p);
			p = pool_malloc(sizes[i]);
			assert_true(malloc_usable_size(p) >= sizes[i]);
			memset(p, 'x', sizes[i]);
			free(p);
		}
}

static void
test_what_is_kept_has_a_ceiling(void **state)
{
	static void *all[4000];
	size_t before = pool_kept();

	(void)state;
	for (size_t i = 0; i < COUNT_OF(all); i++)
		all[i] = pool_malloc(i % 2 == 0 ? 100 : 4096);
	for (size_t i = 0; i < COUNT_OF(all); i++)
		pool_free(all[i]);
	assert_true(pool_kept() - before <= (size_t)(32 + 64) << 10);
	assert_int_equal(pool_kept() > before, KEEPS);
}

static void *
free_it(void *p)
{
	pool_free(p);
	return pool_kept() > 0 ? p : NULL;
}

/* Its blocks go with the thread: a leak check would see them, and this. */
static void
test_another_thread_may_free(void **state)
{
	size_t before;

	(void)state;
	before = mallinfo2().uordblks;
	for (int i = 0; i < 1000; i++) {
		void *p = pool_malloc(1000), *kept;
		pthread_t thread;

		assert_int_equal(pthread_create(&thread, NULL, free_it, p), 0);
		assert_int_equal(pthread_join(thread, &kept), 0);
		assert_int_equal(kept != NULL, KEEPS);
	}
	if (KEEPS)
		assert_true(mallinfo2().uordblks < before + 100000);
}

static void
test_realloc_moves_what_it_holds(void **state)
{
	char *p = pool_realloc(NULL, 10);

	(void)state;
	memcpy(p, "0123456789", 10);
	for (size_t size = 10; size < 200000; size = size * 2 + 1) {
		p = pool_realloc(p, size);
		assert_true(malloc_usable_size(p) >= size);
		assert_memory_equal(p, "0123456789", 10);
	}
	p = pool_realloc(p, 10);
	assert_true(malloc_usable_size(p) < 1000);
	assert_memory_equal(p, "0123456789", 10);
	assert_null(pool_realloc(p, 0));
	pool_free(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_blocks_are_as_large_as_asked),
		cmocka_unit_test(test_freed_blocks_come_back_wiped),
		cmocka_unit_test(test_a_record_gets_memory_as_it_is_written),
		cmocka_unit_test(test_blocks_of_malloc_may_be_freed_here),
		cmocka_unit_test(test_what_is_kept_has_a_ceiling),
		cmocka_unit_test(test_another_thread_may_free),
		cmocka_unit_test(test_realloc_moves_what_it_holds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
