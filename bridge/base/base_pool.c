/*
 * base/base_pool.c - freed blocks, kept by their size.
 *
 * There are no headers of ours: a block's size is what malloc says of it.
 * Small classes are malloc's own chunk sizes, so nothing is rounded up that
 * was not before; large blocks are multiples of LARGE_STEP.
 */
#include <malloc.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/base.h"
#include "base/base_pool.h"

#if defined(__SANITIZE_ADDRESS__)
#define KEEPS 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define KEEPS 0
#endif
#endif
#ifndef KEEPS
#define KEEPS 1
#endif

/* glibc's chunks on 64 bits: usable sizes are 24, 40, 56, ... */
#define SMALL_STEP ((size_t)16)
#define SMALL_FIRST ((size_t)24)
#define SMALL_CLASSES ((size_t)64)
#define SMALL_MAX (SMALL_FIRST + (SMALL_CLASSES - 1) * SMALL_STEP)
#define LARGE_STEP ((size_t)2048)
#define LARGE_CLASSES ((size_t)16)
#define CLASSES (SMALL_CLASSES + LARGE_CLASSES)
/*
 * Of a block as large as this little is used, as of TLS's for a record, which
 * may be of 16 KiB and is of one: it is not to hold on to what malloc made of
 * the memory before. Smaller ones, and those kept, are taken too often.
 */
#define ROOMY ((size_t)16 << 10)
/* Kept of a class, at most: the requests under way, many times over. */
#define SMALL_KEPT ((size_t)32 << 10)
#define LARGE_KEPT ((size_t)64 << 10)

struct block {
	struct block *next;
};

static _Thread_local struct pool {
	struct block *first[CLASSES];
	size_t kept[CLASSES]; /* bytes */
	bool known;           /* to on_thread_end */
	bool closed;          /* the thread is ending: nothing is kept */
} pool;

/* Where a request for this size is served from; CLASSES: nowhere. */
static size_t
class_to_take(size_t size)
{
	size_t n;

	if (size <= SMALL_FIRST)
		return 0;
	if (size <= SMALL_MAX)
		return (size - SMALL_FIRST + SMALL_STEP - 1) / SMALL_STEP;
	n = size / LARGE_STEP + (size % LARGE_STEP != 0);
	return n <= LARGE_CLASSES ? SMALL_CLASSES + n - 1 : CLASSES;
}

/* Where a block is kept: every block of a class is as large as the class. */
static size_t
class_to_keep(size_t usable)
{
	size_t n = usable / LARGE_STEP;

	if (usable < SMALL_FIRST)
		return CLASSES;
	if (usable <= SMALL_MAX)
		return (usable - SMALL_FIRST) / SMALL_STEP;
	return n >= 1 && n <= LARGE_CLASSES ? SMALL_CLASSES + n - 1 : CLASSES;
}

static size_t
class_size(size_t class)
{
	if (class < SMALL_CLASSES)
		return SMALL_FIRST + class * SMALL_STEP;
	return (class - SMALL_CLASSES + 1) * LARGE_STEP;
}

static void
on_thread_end(void *arg)
{
	struct pool *p = arg;

	p->closed = true;
	for (size_t i = 0; i < CLASSES; i++)
		while (p->first[i] != NULL) {
			struct block *b = p->first[i];

			p->first[i] = b->next;
			free(b);
		}
}

static pthread_key_t thread_end;

static void
make_key(void)
{
	if (pthread_key_create(&thread_end, on_thread_end) != 0)
		bug("no key for a thread's end");
}

/* False: the thread would leave its blocks behind, so it keeps none. */
static bool
pool_opened(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	if (!pool.known && !pool.closed) {
		pthread_once(&once, make_key);
		pool.known = pthread_setspecific(thread_end, &pool) == 0;
	}
	return pool.known && !pool.closed;
}

static bool
keep(void *p, size_t usable)
{
	size_t class = class_to_keep(usable), size;
	struct block *b = p;

	if (class == CLASSES || !pool_opened())
		return false;
	size = class_size(class);
	if (pool.kept[class] + size >
	    (class < SMALL_CLASSES ? SMALL_KEPT : LARGE_KEPT))
		return false;
	b->next = pool.first[class];
	pool.first[class] = b;
	pool.kept[class] += size;
	return true;
}

/*
 * The whole pages in a block that holds nothing yet: the system gives them
 * memory again when they are written to. Where it will not, they cost some.
 */
static void
give_back_pages(char *at, size_t n)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t first = (page - (uintptr_t)at % page) % page;

	if (n >= first + page)
		(void)madvise(at + first, (n - first) / page * page,
		    MADV_DONTNEED);
}

static void *
take_fresh(size_t size)
{
	void *p = malloc(size);

	if (p != NULL && size >= ROOMY)
		give_back_pages(p, size);
	return p;
}

void *
pool_malloc(size_t size)
{
	size_t class = KEEPS ? class_to_take(size) : CLASSES;
	struct block *b;

	if (class == CLASSES)
		return malloc(size);
	b = pool.first[class];
	if (b == NULL)
		return take_fresh(class_size(class));
	pool.first[class] = b->next;
	pool.kept[class] -= class_size(class);
	b->next = NULL;
	return b;
}

void
pool_free(void *p)
{
	size_t usable;

	if (p == NULL)
		return;
	usable = malloc_usable_size(p);
	explicit_bzero(p, usable);
	if (!KEEPS || !keep(p, usable))
		free(p);
}

/* A block that stays the larger one is kept as it is. */
void *
pool_realloc(void *p, size_t size)
{
	size_t had = p != NULL ? malloc_usable_size(p) : 0;
	void *moved;

	if (size == 0) {
		pool_free(p);
		return NULL;
	}
	if (p != NULL && size <= had && size >= had / 2)
		return p;
	moved = pool_malloc(size);
	if (moved == NULL)
		return NULL;
	if (p != NULL)
		memcpy(moved, p, had < size ? had : size);
	pool_free(p);
	return moved;
}

size_t
pool_kept(void)
{
	size_t sum = 0;

	for (size_t i = 0; i < CLASSES; i++)
		sum += pool.kept[i];
	return sum;
}
