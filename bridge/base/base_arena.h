/*
 * base/base_arena.h - the memory of one request.
 *
 * Blocks are taken one after another and given back all at once by a reset,
 * which keeps the pages for the next request, wiped. Nothing in an arena is
 * freed alone. An arena has a ceiling at birth; beyond it, taking fails.
 */
#ifndef BRIDGE_BASE_ARENA_H
#define BRIDGE_BASE_ARENA_H

#include "base/base_str.h"

struct arena;

struct arena *arena_new(size_t ceiling) MUST_CHECK;
void arena_free(struct arena *a); /* NULL is fine */
void arena_reset(struct arena *a);

/* 16-byte aligned, not zeroed. NULL at the ceiling or out of memory. */
void *arena_take(struct arena *a, size_t size) MUST_CHECK;
/*
 * Makes a block larger: in place when it is the last one taken, else by a
 * copy. NULL when that fails; the old block stays as it was.
 */
void *arena_grow(struct arena *a, void *block, size_t old_size,
    size_t new_size) MUST_CHECK;
/* A copy with a NUL behind it (not counted). at == NULL when that fails. */
struct str arena_copy(struct arena *a, struct str s) MUST_CHECK;

/*
 * Gives back, all at once, what was taken since the mark. The arena must not
 * have been reset in between.
 */
struct arena_mark {
	const void *chunk;
	size_t before, in_chunk;
};
struct arena_mark arena_mark(const struct arena *a);
void arena_rewind(struct arena *a, struct arena_mark to);

/* Bytes taken since the last reset, and kept from the system. */
size_t arena_used(const struct arena *a);
size_t arena_held(const struct arena *a);

#endif
