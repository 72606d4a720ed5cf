/* decode/decode_tape.c - laying a document down. */
#include <stdlib.h>
#include <string.h>

#include "decode/decode_tape.h"

/* Deeper than any sender nests; the ceiling on what a route may allow. */
#define DEPTH_CEILING 1000
/* With an END for each container, indexes stay below DOC_NONE. */
#define VALUES_CEILING (UINT32_MAX / 4)
/*
 * Webhooks hold an entry for every 10 to 16 bytes. The guess is bounded so
 * that a large body that is one long string does not pay for it.
 */
#define BYTES_PER_ENTRY 10
#define FIRST_ROOM_MIN 16
#define FIRST_ROOM_MAX 4096

static uint32_t
smaller(size_t a, uint32_t b)
{
	return a < b ? (uint32_t)a : b;
}

enum tape_trouble
tape_start(struct tape *t, struct arena *arena,
    const struct decode_limits *limits, size_t text_len)
{
	size_t guess = text_len / BYTES_PER_ENTRY + FIRST_ROOM_MIN;

	*t = (struct tape){
		.open = DOC_NONE,
		.twice = DOC_NONE,
		.depth_max = smaller(limits->depth, DEPTH_CEILING),
		.values_max = smaller(limits->values, VALUES_CEILING),
		.arena = arena,
	};
	if (text_len > UINT32_MAX)
		return TAPE_TOO_LONG;
	t->document = arena_take(arena, sizeof(*t->document));
	if (t->document == NULL)
		return TAPE_NO_MEMORY;
	t->room = smaller(guess, FIRST_ROOM_MAX);
	t->entries = arena_take(arena, t->room * sizeof(t->entries[0]));
	return t->entries != NULL ? TAPE_FINE : TAPE_NO_MEMORY;
}

static enum tape_trouble
grow(struct tape *t)
{
	size_t size = t->room * sizeof(t->entries[0]);
	struct entry *larger = arena_grow(t->arena, t->entries, size, size * 2);

	if (larger == NULL)
		return TAPE_NO_MEMORY;
	t->entries = larger;
	t->room *= 2;
	return TAPE_FINE;
}

enum tape_trouble
tape_make_room(struct tape *t)
{
	if (t->values == t->values_max)
		return TAPE_TOO_MANY;
	return t->count == t->room ? grow(t) : TAPE_FINE;
}

enum tape_trouble
tape_open(struct tape *t, enum doc_kind kind)
{
	doc_node around = t->open;
	enum tape_trouble trouble;

	if (t->depth == t->depth_max)
		return TAPE_TOO_DEEP;
	trouble = tape_put(t, kind, STR_NONE);
	if (trouble != TAPE_FINE)
		return trouble;
	t->open = t->count - 1;
	t->entries[t->open].box.end = DOC_NONE;
	t->entries[t->open].box.around = around;
	t->depth++;
	return TAPE_FINE;
}

int
key_cmp(struct str a, struct str b)
{
	if (a.len != b.len)
		return a.len < b.len ? -1 : 1;
	return a.len > 0 ? memcmp(a.at, b.at, a.len) : 0;
}

/* Values of one object, by their keys; the same key in document order. */
static int
index_cmp(const void *a, const void *b, void *entries)
{
	doc_node left = *(const doc_node *)a, right = *(const doc_node *)b;
	const struct entry *e = entries;
	int order = key_cmp(entry_text(&e[left - 1]),
	    entry_text(&e[right - 1]));

	if (order != 0)
		return order;
	return left < right ? -1 : left > right;
}

/*
 * Many members: sort them, so that no choice of keys makes the search for
 * equal ones quadratic, and keep the order for doc_member.
 */
static enum tape_trouble
index_members(struct tape *t, doc_node object)
{
	const struct entry *e = t->entries;
	uint32_t count = e[object].len, end = e[object].box.end;
	doc_node *index = arena_take(t->arena, count * sizeof(index[0]));
	doc_node twice = DOC_NONE;
	uint32_t n = 0;

	if (index == NULL)
		return TAPE_NO_MEMORY;
	for (uint32_t i = object + 1; i < end; i = entry_after(e, i + 1))
		index[n++] = i + 1;
	qsort_r(index, count, sizeof(index[0]), index_cmp, t->entries);
	for (n = 1; n < count; n++)
		if (key_cmp(entry_text(&e[index[n - 1] - 1]),
		        entry_text(&e[index[n] - 1])) == 0 &&
		    index[n] - 1 < twice)
			twice = index[n] - 1;
	t->entries[end].index = index;
	t->twice = twice;
	return twice == DOC_NONE ? TAPE_FINE : TAPE_KEY_TWICE;
}

/* One of 64 bits that equal keys share, and different ones seldom. */
static uint64_t
key_mark(struct str key)
{
	unsigned sum = (unsigned)key.len;

	if (key.len > 0)
		sum += (unsigned char)key.at[0] * 7u +
		    (unsigned char)key.at[key.len - 1] * 3u +
		    (unsigned char)key.at[key.len / 2];
	return UINT64_C(1) << (sum & 63);
}

/* True when a key of the object before `last` is the same. */
static bool
key_before(const struct entry *e, doc_node object, uint32_t last)
{
	for (uint32_t i = object + 1; i < last; i = entry_after(e, i + 1))
		if (str_eq(entry_text(&e[i]), entry_text(&e[last])))
			return true;
	return false;
}

/* Few members: a key is compared only when its mark has been seen. */
static enum tape_trouble
compare_members(struct tape *t, doc_node object)
{
	const struct entry *e = t->entries;
	uint32_t end = e[object].box.end;
	uint64_t seen = 0;

	for (uint32_t i = object + 1; i < end; i = entry_after(e, i + 1)) {
		uint64_t mark = key_mark(entry_text(&e[i]));

		if ((seen & mark) != 0 && key_before(e, object, i)) {
			t->twice = i;
			return TAPE_KEY_TWICE;
		}
		seen |= mark;
	}
	return TAPE_FINE;
}

enum tape_trouble
tape_close(struct tape *t)
{
	doc_node box = t->open;
	struct entry *e;

	if (t->count == t->room && grow(t) != TAPE_FINE)
		return TAPE_NO_MEMORY;
	e = &t->entries[t->count];
	e->kind = ENTRY_END;
	e->len = box;
	e->index = NULL;
	t->entries[box].box.end = t->count++;
	t->open = t->entries[box].box.around;
	t->depth--;
	if (t->entries[box].kind != DOC_OBJECT)
		return TAPE_FINE;
	if (t->entries[box].len > INDEX_FROM)
		return index_members(t, box);
	return t->entries[box].len > 1 ? compare_members(t, box) : TAPE_FINE;
}

struct document *
tape_finish(struct tape *t)
{
	t->document->entries = t->entries;
	t->document->count = t->count;
	return t->document;
}

int
tape_fault(const struct tape *t, enum tape_trouble trouble, struct fault *why,
    const char *where, unsigned line, unsigned column)
{
	switch (trouble) {
	case TAPE_TOO_DEEP:
		return fault_at(why, FAULT_TOO_LARGE, where, line, column,
		    "arrays and objects are nested more than %u deep",
		    t->depth_max);
	case TAPE_TOO_MANY:
		return fault_at(why, FAULT_TOO_LARGE, where, line, column,
		    "there are more than %u values and keys", t->values_max);
	case TAPE_TOO_LONG:
		return fault_set(why, FAULT_TOO_LARGE, where,
		    "the text is longer than 4 GiB");
	case TAPE_KEY_TWICE:
		return fault_at(why, FAULT_BODY, where, line, column,
		    "the key stands twice in this object");
	default:
		return fault_at(why, FAULT_BUSY, where, 0, 0,
		    "the memory for one request is used up; try again later");
	}
}
