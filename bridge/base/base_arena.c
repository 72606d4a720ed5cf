/*
 * base/base_arena.c - blocks taken in a row, given back at once.
 *
 * A chain of chunks; `now` is the one being filled. A reset goes back to the
 * first and frees the rest, but remembers their size: the next first chunk
 * is large enough for all of it, so a steady load settles on one chunk.
 */
#include <stdlib.h>
#include <string.h>

#include "base/base.h"

#define CHUNK_FIRST ((size_t)8 << 10)
#define ALIGN ((size_t)16)

struct chunk {
	struct chunk *next;
	size_t size; /* of the bytes behind this header */
	size_t used;
	size_t pad; /* keeps the bytes 16-aligned */
};

struct arena {
	struct chunk *now;
	size_t ceiling;
	size_t used; /* over all chunks, rounding included */
	size_t held;
};

static char *
chunk_bytes(struct chunk *c)
{
	return (char *)(c + 1);
}

struct arena *
arena_new(size_t ceiling)
{
	struct arena *a = base_alloc(sizeof(*a));

	a->ceiling = ceiling;
	return a;
}

static void
free_chunks(struct chunk *c)
{
	while (c != NULL) {
		struct chunk *next = c->next;

		free(c);
		c = next;
	}
}

void
arena_free(struct arena *a)
{
	if (a == NULL)
		return;
	free_chunks(a->now);
	base_free(a);
}

static struct chunk *
add_chunk(struct arena *a, size_t size)
{
	struct chunk *c = malloc(sizeof(*c) + size);

	if (c == NULL)
		return NULL;
	c->next = a->now;
	c->size = size;
	c->used = 0;
	a->now = c;
	a->held += size;
	return c;
}

void
arena_reset(struct arena *a)
{
	size_t held = a->held;

	a->used = 0;
	if (a->now == NULL)
		return;
	if (a->now->next != NULL) {
		free_chunks(a->now);
		a->now = NULL;
		a->held = 0;
		if (add_chunk(a, held) == NULL)
			return;
	}
	a->now->used = 0;
}

void *
arena_take(struct arena *a, size_t size)
{
	struct chunk *c = a->now;
	char *at;

	if (size > a->ceiling || a->ceiling - size < a->used)
		return NULL;
	size = (size + ALIGN - 1) & ~(ALIGN - 1);
	if (size == 0)
		size = ALIGN;
	if (c == NULL || c->size - c->used < size) {
		size_t want = c == NULL ? CHUNK_FIRST : c->size * 2;

		c = add_chunk(a, want > size ? want : size);
		if (c == NULL)
			return NULL;
	}
	at = chunk_bytes(c) + c->used;
	c->used += size;
	a->used += size;
	return at;
}

void *
arena_grow(struct arena *a, void *block, size_t old_size, size_t new_size)
{
	size_t had = (old_size + ALIGN - 1) & ~(ALIGN - 1);
	size_t want = (new_size + ALIGN - 1) & ~(ALIGN - 1);
	struct chunk *c = a->now;
	void *moved;

	if (block == NULL)
		return arena_take(a, new_size);
	if (had == 0)
		had = ALIGN;
	if (want <= had)
		return block;
	if (c != NULL && (char *)block + had == chunk_bytes(c) + c->used &&
	    c->size - c->used >= want - had && new_size <= a->ceiling &&
	    a->used <= a->ceiling - (want - had)) {
		c->used += want - had;
		a->used += want - had;
		return block;
	}
	moved = arena_take(a, new_size);
	if (moved != NULL)
		memcpy(moved, block, old_size);
	return moved;
}

struct str
arena_copy(struct arena *a, struct str s)
{
	char *copy;

	if (s.len == SIZE_MAX)
		return STR_NONE;
	copy = arena_take(a, s.len + 1);
	if (copy == NULL)
		return STR_NONE;
	if (s.len > 0)
		memcpy(copy, s.at, s.len);
	copy[s.len] = '\0';
	return (struct str){ copy, s.len };
}

struct arena_mark
arena_mark(const struct arena *a)
{
	return (struct arena_mark){ a->now, a->used,
		a->now != NULL ? a->now->used : 0 };
}

void
arena_rewind(struct arena *a, struct arena_mark to)
{
	while (a->now != to.chunk) {
		struct chunk *c = a->now;

		a->now = c->next;
		a->held -= c->size;
		free(c);
	}
	if (a->now != NULL)
		a->now->used = to.in_chunk;
	a->used = to.used;
}

size_t
arena_used(const struct arena *a)
{
	return a->used;
}

size_t
arena_held(const struct arena *a)
{
	return a->held;
}
