/*
 * tests/e2e/malloc_count.c - counts what a process takes from malloc.
 *
 * To be preloaded. The file that MALLOC_COUNT names, shared with whoever maps
 * or reads it, holds two numbers of eight bytes: how often something was
 * taken, and how many bytes are held, malloc's own share of a block included.
 */
#include <fcntl.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *block, size_t size);
void __libc_free(void *block);

struct numbers {
	uint64_t taken, held;
};

static _Atomic(struct numbers *) numbers;

__attribute__((constructor)) static void
begin(void)
{
	const char *file = getenv("MALLOC_COUNT");
	int fd = file != NULL ? open(file, O_RDWR | O_CREAT, 0600) : -1;
	void *page;

	if (fd == -1 || ftruncate(fd, sizeof(struct numbers)) == -1)
		abort();
	page = mmap(NULL, sizeof(struct numbers), PROT_READ | PROT_WRITE,
	    MAP_SHARED, fd, 0);
	close(fd);
	if (page == MAP_FAILED)
		abort();
	atomic_store(&numbers, page);
}

/* A block on a 64-bit glibc has eight bytes besides those one may use. */
static uint64_t
size_of(void *block)
{
	return block != NULL ? malloc_usable_size(block) + 8 : 0;
}

/* Until the constructor ran nothing is counted; a difference is all right. */
static void *
count(void *block)
{
	struct numbers *n = atomic_load(&numbers);

	if (n != NULL) {
		__atomic_fetch_add(&n->taken, 1, __ATOMIC_RELAXED);
		__atomic_fetch_add(&n->held, size_of(block), __ATOMIC_RELAXED);
	}
	return block;
}

static void
give_back(uint64_t size)
{
	struct numbers *n = atomic_load(&numbers);

	if (n != NULL)
		__atomic_fetch_sub(&n->held, size, __ATOMIC_RELAXED);
}

void *
malloc(size_t size)
{
	return count(__libc_malloc(size));
}

void *
calloc(size_t items, size_t size)
{
	return count(__libc_calloc(items, size));
}

void *
realloc(void *block, size_t size)
{
	uint64_t had = size_of(block);
	void *moved = __libc_realloc(block, size);

	if (moved == NULL && size > 0)
		return NULL;
	give_back(had);
	return count(moved);
}

void
free(void *block)
{
	give_back(size_of(block));
	__libc_free(block);
}
