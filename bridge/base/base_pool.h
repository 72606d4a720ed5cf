/*
 * base/base_pool.h - malloc's family, for libraries that take allocators.
 *
 *	event_set_mem_functions(pool_malloc, pool_realloc, pool_free);
 *
 * A thread keeps some of the blocks it frees, by size, and hands them out
 * again, so that a steady load takes nothing from the system. What is freed
 * or moved is wiped. A block may be freed by another thread than took it,
 * and after its thread has ended. Blocks are malloc's own: those malloc gave
 * may be freed here, and the other way round. One of 16 KiB and more that was
 * not kept takes the system's memory page by page, as it is written to.
 *
 * A build with the address sanitizer keeps nothing: a block used after it
 * was freed is to be seen.
 */
#ifndef BRIDGE_BASE_POOL_H
#define BRIDGE_BASE_POOL_H

#include "base/base_macros.h"

void *pool_malloc(size_t size) MUST_CHECK; /* not zeroed; NULL: no memory */
void *pool_realloc(void *p, size_t size) MUST_CHECK;
void pool_free(void *p); /* NULL is fine */

/* Bytes the calling thread keeps. */
size_t pool_kept(void);

#endif
