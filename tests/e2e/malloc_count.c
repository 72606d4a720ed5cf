/*
 * tests/e2e/malloc_count.c - counts what a process takes from malloc.
 *
 * To be preloaded. The count is the first eight bytes of the file that
 * MALLOC_COUNT names, shared with whoever maps or reads it.
 */
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *block, size_t size);

static _Atomic(uint64_t *) taken;

__attribute__((constructor)) static void
begin(void)
{
	const char *file = getenv("MALLOC_COUNT");
	int fd = file != NULL ? open(file, O_RDWR | O_CREAT, 0600) : -1;
	void *page;

	if (fd == -1 || ftruncate(fd, sizeof(uint64_t)) == -1)
		abort();
	page = mmap(NULL, sizeof(uint64_t), PROT_READ | PROT_WRITE, MAP_SHARED,
	    fd, 0);
	close(fd);
	if (page == MAP_FAILED)
		abort();
	atomic_store(&taken, page);
}

static void
count(void)
{
	uint64_t *number = atomic_load(&taken);

	if (number != NULL)
		__atomic_fetch_add(number, 1, __ATOMIC_RELAXED);
}

void *
malloc(size_t size)
{
	count();
	return __libc_malloc(size);
}

void *
calloc(size_t items, size_t size)
{
	count();
	return __libc_calloc(items, size);
}

void *
realloc(void *block, size_t size)
{
	count();
	return __libc_realloc(block, size);
}
