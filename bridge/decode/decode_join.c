/* decode/decode_join.c - documents laid one behind another. */
#include <string.h>

#include "decode/decode_tape.h"

/* Far past what an arena holds; keeps a place in 32 bits. */
#define JOIN_CEILING (UINT32_MAX / 4)

struct doc_join {
	struct document document; /* of all that were laid down so far */
	struct entry *entries;
	uint32_t room;
	struct arena *arena;
};

/* Room for as many entries more; false when there is none. */
static bool
make_room(struct doc_join *j, uint32_t more)
{
	uint32_t count = j->document.count, room = 2 * j->room;
	struct entry *grown;

	if (more <= j->room - count)
		return true;
	if (more > JOIN_CEILING - count)
		return false;
	if (room < count + more)
		room = count + more;
	/* One in front, for what is around the first document. */
	grown = arena_take(j->arena, (1 + (size_t)room) * sizeof(*grown));
	if (grown == NULL)
		return false;
	*grown++ = (struct entry){ .kind = DOC_ABSENT };
	if (count > 0)
		memcpy(grown, j->entries, count * sizeof(*grown));
	j->entries = grown;
	j->document.entries = grown;
	j->room = room;
	return true;
}

/* The index of an object with many members, its nodes counted from `by`. */
static const struct slot *
move_index(struct doc_join *j, const struct slot *index, uint32_t count,
    uint32_t by)
{
	struct slot *moved = arena_take(j->arena, count * sizeof(*moved));

	for (uint32_t i = 0; moved != NULL && i < count; i++)
		moved[i] = (struct slot){ index[i].hash, index[i].value + by };
	return moved;
}

/* Whatever in an entry is a place is `by` further on; -1: no memory. */
static int
move_entry(struct doc_join *j, struct entry *e, uint32_t by)
{
	if (e->kind == DOC_ARRAY || e->kind == DOC_OBJECT) {
		e->box.end += by;
		if (e->box.around != DOC_NONE)
			e->box.around += by;
	} else if (e->kind == ENTRY_END) {
		e->len += by;
		if (e->index != NULL) {
			e->index = move_index(j, e->index,
			    j->entries[e->len].len, by);
			return e->index != NULL ? 0 : -1;
		}
	}
	return 0;
}

/*
 * An END stands between two documents: it is what a root's next sibling would
 * be, and what is around the second one.
 */
doc_node
doc_join_add(struct doc_join *j, const struct document *d)
{
	uint32_t count = j->document.count;
	uint32_t first = count > 0 ? count + 1 : 0;

	if (d->count >= JOIN_CEILING || !make_room(j, d->count + 1))
		return DOC_NONE;
	if (first > 0)
		j->entries[count] = (struct entry){ .kind = ENTRY_END };
	memcpy(j->entries + first, d->entries, d->count * sizeof(*d->entries));
	for (uint32_t i = first; i < first + d->count; i++)
		if (move_entry(j, &j->entries[i], first) == -1)
			return DOC_NONE;
	j->document.count = first + d->count;
	return first;
}

struct doc_join *
doc_join_new(struct arena *arena, const struct document *first)
{
	struct doc_join *j = arena_take(arena, sizeof(*j));

	if (j == NULL)
		return NULL;
	*j = (struct doc_join){ .arena = arena };
	return doc_join_add(j, first) != DOC_NONE ? j : NULL;
}

const struct document *
doc_joined(const struct doc_join *j)
{
	return &j->document;
}
