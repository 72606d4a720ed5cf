/*
 * secrets/secrets_memory.c - memory that is hard to look into.
 *
 *	| no access | vault, block ... | no access |
 *
 * A read or write that runs off the pages of a block ends the process
 * instead of leaking or changing a neighbour.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "secrets/secrets.h"

struct vault {
	size_t span; /* of the readable pages, this struct included */
	bool locked;
	_Alignas(64) char block[];
};

static size_t
page_size(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

static struct vault *
vault_of(const void *block)
{
	uintptr_t at = (uintptr_t)block - offsetof(struct vault, block);

	return (struct vault *)at;
}

/* Room between two pages that nobody may touch; NULL: no memory. */
static void *
map_guarded(size_t span, size_t page)
{
	char *all = mmap(NULL, span + 2 * page, PROT_NONE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (all == MAP_FAILED)
		return NULL;
	return all + page;
}

static void
unmap_guarded(struct vault *v, size_t span, size_t page)
{
	munmap((char *)v - page, span + 2 * page);
}

void *
secrets_alloc(size_t size)
{
	size_t page = page_size(), span;
	struct vault *v;

	if (size > SIZE_MAX / 2)
		return NULL;
	span = (sizeof(*v) + size + page - 1) / page * page;
	v = map_guarded(span, page);
	if (v == NULL)
		return NULL;
	if (mprotect(v, span, PROT_READ | PROT_WRITE) == -1 ||
	    madvise(v, span, MADV_DONTDUMP) == -1 ||
	    madvise(v, span, MADV_DONTFORK) == -1) {
		unmap_guarded(v, span, page);
		return NULL;
	}
	v->span = span;
	v->locked = mlock(v, span) == 0;
	return v->block;
}

void
secrets_seal(void *block)
{
	struct vault *v = vault_of(block);

	if (mprotect(v, v->span, PROT_READ) == -1)
		bug("a block of secrets cannot be sealed");
}

void
secrets_wipe(void *block)
{
	size_t page = page_size(), span;
	struct vault *v;

	if (block == NULL)
		return;
	v = vault_of(block);
	span = v->span;
	if (mprotect(v, span, PROT_READ | PROT_WRITE) == -1)
		bug("a block of secrets cannot be wiped");
	explicit_bzero(v, span);
	unmap_guarded(v, span, page);
}

bool
secrets_locked(const void *block)
{
	return vault_of(block)->locked;
}
