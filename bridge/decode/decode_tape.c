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

/* How far the entries may be filled, ENDs beside the values. */
static void
set_stop(struct tape *t)
{
	uint32_t most = t->values_max + t->ends;

	t->stop = most < t->full - t->entries ? t->entries + most : t->full;
}

enum tape_trouble
tape_start(struct tape *t, struct arena *arena,
    const struct decode_limits *limits, size_t text_len)
{
	size_t guess = text_len / BYTES_PER_ENTRY + FIRST_ROOM_MIN;
	uint32_t room = smaller(guess, FIRST_ROOM_MAX);
	struct entry *around;

	*t = (struct tape){
		.twice = DOC_NONE,
		.depth_max = smaller(limits->depth, DEPTH_CEILING),
		.values_max = smaller(limits->values, VALUES_CEILING),
		.arena = arena,
	};
	if (text_len > UINT32_MAX)
		return TAPE_TOO_LONG;
	t->document = arena_take(arena, sizeof(*t->document));
	around = arena_take(arena, (1 + room) * sizeof(*around));
	if (t->document == NULL || around == NULL)
		return TAPE_NO_MEMORY;
	*around = (struct entry){ .kind = DOC_ABSENT };
	t->open = around;
	t->entries = t->next = around + 1;
	t->full = t->entries + room;
	set_stop(t);
	return TAPE_FINE;
}

static __attribute__((noinline)) enum tape_trouble
grow(struct tape *t)
{
	struct entry *around = TAPE_AROUND(t);
	size_t next = (size_t)(t->next - around);
	size_t open = (size_t)(t->open - around);
	size_t room = (size_t)(t->full - t->entries);
	size_t size = (1 + room) * sizeof(*around);

	around = arena_grow(t->arena, around, size,
	    size + room * sizeof(*around));
	if (around == NULL)
		return TAPE_NO_MEMORY;
	t->entries = around + 1;
	t->next = around + next;
	t->open = around + open;
	t->full = t->entries + 2 * room;
	set_stop(t);
	return TAPE_FINE;
}

enum tape_trouble
tape_make_room(struct tape *t)
{
	uint32_t count = (uint32_t)(t->next - t->entries);

	if (count - t->ends == t->values_max)
		return TAPE_TOO_MANY;
	return t->next == t->full ? grow(t) : TAPE_FINE;
}

static int
slot_order(const struct slot *a, const struct slot *b, const struct entry *e)
{
	if (a->hash != b->hash)
		return a->hash < b->hash ? -1 : 1;
	return key_cmp(entry_text(&e[a->value - 1]),
	    entry_text(&e[b->value - 1]));
}

/* Members of one object, by their keys; the same key in document order. */
static int
index_cmp(const void *a, const void *b, void *entries)
{
	const struct slot *left = a, *right = b;
	int order = slot_order(left, right, entries);

	if (order != 0)
		return order;
	return left->value < right->value ? -1 : left->value > right->value;
}

/*
 * Many members: sort them, so that no choice of keys makes the search for
 * equal ones quadratic, and keep the order for doc_member.
 */
static __attribute__((noinline)) enum tape_trouble
index_members(struct tape *t, doc_node object)
{
	const struct entry *e = t->entries;
	uint32_t count = e[object].len, end = e[object].box.end;
	struct slot *index = arena_take(t->arena, count * sizeof(index[0]));
	doc_node twice = DOC_NONE;
	uint32_t n = 0;

	if (index == NULL)
		return TAPE_NO_MEMORY;
	for (uint32_t i = object + 1; i < end; i = entry_after(e, i + 1))
		index[n++] = (struct slot){ key_hash(entry_text(&e[i])),
			i + 1 };
	qsort_r(index, count, sizeof(index[0]), index_cmp, t->entries);
	for (n = 1; n < count; n++)
		if (slot_order(&index[n - 1], &index[n], e) == 0 &&
		    index[n].value - 1 < twice)
			twice = index[n].value - 1;
	t->entries[end].index = index;
	t->twice = twice;
	return twice == DOC_NONE ? TAPE_FINE : TAPE_KEY_TWICE;
}

/* Seldom asked, so it stays out of the way of those that ask. */
__attribute__((noinline)) bool
tape_has_key(const struct tape *t, struct str key)
{
	const struct entry *object = t->open, *e = object + 1;

	/* Past these the index will tell, when the object is closed. */
	if (object->len > INDEX_FROM)
		return false;
	while (e < t->next && !str_eq(entry_text(e), key))
		e = t->entries +
		    entry_after(t->entries, (doc_node)(e + 1 - t->entries));
	return e < t->next;
}

enum tape_trouble
tape_close(struct tape *t)
{
	struct entry *box = t->open, *end = t->next;

	if (end == t->full)
		return grow(t) == TAPE_FINE ? tape_close(t) : TAPE_NO_MEMORY;
	t->next = end + 1;
	end->kind = ENTRY_END;
	end->len = (uint32_t)(box - t->entries);
	end->index = NULL;
	box->box.end = (doc_node)(end - t->entries);
	/* Of the outermost, around is -1 and one more is what is AROUND. */
	t->open = TAPE_AROUND(t) + (doc_node)(box->box.around + 1);
	t->depth--;
	t->ends++;
	t->stop += t->stop < t->full; /* an END is no value */
	if (box->kind == DOC_OBJECT && box->len > INDEX_FROM)
		return index_members(t, end->len);
	return TAPE_FINE;
}

struct document *
tape_finish(struct tape *t)
{
	t->document->entries = t->entries;
	t->document->count = (uint32_t)(t->next - t->entries);
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
