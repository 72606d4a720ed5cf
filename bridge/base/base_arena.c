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
	size_t size; /* of the bytes behind this header, which is 16-aligned */
};

/*
 * at .. end is what can be taken without a look at anything else: the rest
 * of the chunk, as far as the ceiling lets it go.
 */
struct arena {
	char *at;
	char *end;
	struct chunk *now;
	size_t ceiling;
	size_t before; /* used of the chunks before `now`, rounding included */
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

/*
 * What a request held, a person's data and perhaps a sender's token, is not
 * left behind in memory. From and to: of the chunk's bytes.
 */
static void
wipe(struct chunk *c, size_t from, size_t to)
{
	if (to > c->size)
		to = c->size;
	if (to > from)
		explicit_bzero(chunk_bytes(c) + from, to - from);
}

/* Of the chunk `now`; rounded up, as blocks are. */
static size_t
used_of_now(const struct arena *a)
{
	return (size_t)(a->at - chunk_bytes(a->now));
}

/* Wiped as far as it was used; those before the first, all of them. */
static void
free_chunks(struct chunk *c, size_t used)
{
	while (c != NULL) {
		struct chunk *next = c->next;

		wipe(c, 0, used);
		free(c);
		c = next;
		used = SIZE_MAX;
	}
}

void
arena_free(struct arena *a)
{
	if (a == NULL)
		return;
	if (a->now != NULL)
		free_chunks(a->now, used_of_now(a));
	base_free(a);
}

/* The stretch behind what is used of the chunk `now`. */
static void
set_stretch(struct arena *a, size_t used)
{
	size_t all = a->before + used;
	/* Rounding the last block can have gone past the ceiling. */
	size_t left = all < a->ceiling ? a->ceiling - all : 0;

	if (left > a->now->size - used)
		left = a->now->size - used;
	a->at = chunk_bytes(a->now) + used;
	a->end = a->at + (left & ~(ALIGN - 1));
}

static bool
add_chunk(struct arena *a, size_t size)
{
	struct chunk *c = malloc(sizeof(*c) + size);

	if (c == NULL)
		return false;
	a->before = arena_used(a);
	c->next = a->now;
	c->size = size;
	a->now = c;
	a->held += size;
	set_stretch(a, 0);
	return true;
}

void
arena_reset(struct arena *a)
{
	size_t held = a->held;

	a->before = 0;
	if (a->now == NULL)
		return;
	if (a->now->next == NULL) {
		wipe(a->now, 0, used_of_now(a));
		set_stretch(a, 0);
		return;
	}
	free_chunks(a->now, used_of_now(a));
	a->now = NULL;
	a->at = a->end = NULL;
	a->held = 0;
	(void)add_chunk(a, held); /* or later, when something is taken */
}

static size_t
rounded(size_t size)
{
	return size > 0 ? (size + ALIGN - 1) & ~(ALIGN - 1) : ALIGN;
}

/* What is nothing, or more than the stretch. */
static __attribute__((noinline)) void *
take_slowly(struct arena *a, size_t size)
{
	size_t used = arena_used(a), want = CHUNK_FIRST, in_chunk = 0;

	if (size > a->ceiling || a->ceiling - size < used)
		return NULL;
	size = rounded(size);
	if (a->now != NULL) {
		want = a->now->size * 2;
		in_chunk = used - a->before;
	}
	if (a->now == NULL || a->now->size - in_chunk < size) {
		if (!add_chunk(a, want > size ? want : size))
			return NULL;
		in_chunk = 0;
	}
	set_stretch(a, in_chunk + size);
	return a->at - size;
}

void *
arena_take(struct arena *a, size_t size)
{
	void *block = a->at;

	if (size - 1 >= (size_t)(a->end - a->at)) /* or size is 0 */
		return take_slowly(a, size);
	a->at += (size + ALIGN - 1) & ~(ALIGN - 1);
	return block;
}

void *
arena_grow(struct arena *a, void *block, size_t old_size, size_t new_size)
{
	size_t had = rounded(old_size), want = rounded(new_size);
	void *moved;

	if (block == NULL)
		return arena_take(a, new_size);
	if (new_size <= had)
		return block;
	if ((char *)block + had == a->at &&
	    want - had <= (size_t)(a->end - a->at)) {
		a->at += want - had;
		return block;
	}
	moved = arena_take(a, new_size);
	if (moved == NULL)
		return NULL;
	memcpy(moved, block, old_size);
	explicit_bzero(block, old_size); /* nobody would wipe it later */
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
	return (
	    struct arena_mark){ a->now, a->before, arena_used(a) - a->before };
}

void
arena_rewind(struct arena *a, struct arena_mark to)
{
	size_t used = a->now != NULL ? used_of_now(a) : 0;

	while (a->now != NULL && a->now != to.chunk) {
		struct chunk *c = a->now;

		a->now = c->next;
		a->held -= c->size;
		wipe(c, 0, used);
		free(c);
		used = SIZE_MAX;
	}
	a->before = to.before;
	if (a->now == NULL) {
		a->at = a->end = NULL;
		return;
	}
	wipe(a->now, to.in_chunk, used);
	set_stretch(a, to.in_chunk);
}

size_t
arena_used(const struct arena *a)
{
	return a->now != NULL
	    ? a->before + (size_t)(a->at - chunk_bytes(a->now))
	    : a->before;
}

size_t
arena_held(const struct arena *a)
{
	return a->held;
}
