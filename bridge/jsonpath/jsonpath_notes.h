/*
 * jsonpath/jsonpath_notes.h - what is known of a document already. Private
 * to this room.
 *
 * Two things are noted, both only for paths that joined the family:
 *
 *	places	  the nodes of $.a, $.a.b, ...: each is stepped to once
 *	indexes	  the items of an array by the text of a place below them,
 *		  for [?@.field.ref == 'x']
 *
 * An index is made at once when several paths of the family will ask for it,
 * else when an array is asked for the second time: reading an array once is
 * cheaper without.
 */
#ifndef BRIDGE_JSONPATH_NOTES_H
#define BRIDGE_JSONPATH_NOTES_H

#include "jsonpath/jsonpath_program.h"

/* Numbers a path keeps from joining; 0: nothing to note. */
struct family_place {
	uint32_t parent;
	const struct selector *step;
};

/* Filters by one text on the children of one place; 0: of any node. */
struct family_index {
	const struct query *by;
	uint32_t place;
	uint32_t users;
};

struct jsonpath_family {
	struct family_place *places; /* the first is the root */
	uint32_t place_count;
	struct family_index *indexes; /* the first is none */
	uint32_t index_count;
};

struct index_item {
	doc_node node;
	doc_node text; /* the string it is found by */
	uint32_t hash; /* of that */
	uint32_t next; /* of the same slot, in the array's order */
};

struct index {
	const struct query *by; /* names only; NULL: by `name` */
	struct str name;
	bool at_once;    /* made when first asked: it will be asked again */
	doc_node array;  /* the last one asked for */
	bool made;       /* ... and indexed */
	unsigned in_use; /* somebody walks it: it must stay */
	struct index_item *items;
	uint32_t *slots;
	size_t room; /* of both */
	uint32_t mask;
};

/* Members looked for by lookup() that one event may have indexes of. */
#define NOTES_FINDERS 4

struct jsonpath_notes {
	const struct jsonpath_family *family;
	const struct document *document;
	struct arena *arena;
	doc_node *places;
	struct index *indexes;
	struct index finders[NOTES_FINDERS];
	size_t finder_count;
};

/* The longest beginning of an absolute query that is one place, or 0. */
uint32_t family_join(struct jsonpath_family *f, const struct query *q,
    const struct segment **rest);

/* The names stepped to from a place, and how many; names may be NULL. */
size_t family_steps(const struct jsonpath_family *f, uint32_t place,
    struct str *names);

doc_node notes_place(struct jsonpath_notes *n, uint32_t place);
/*
 * The index a filter's selector can use on the children of a node, if it is
 * made by now; NULL: look at them. `read` is set when making it read them.
 */
struct index *notes_index(struct jsonpath_notes *n, const struct selector *s,
    doc_node array, bool *read);

uint32_t index_hash(struct str text);

static inline bool
index_is(const struct document *d, const struct index_item *item, uint32_t hash,
    struct str text)
{
	return item->hash == hash && str_eq(doc_text(d, item->text), text);
}

/* For (i = first; i != INDEX_END; i = items[i].next). */
#define INDEX_END UINT32_MAX
static inline uint32_t
index_first(const struct index *x, uint32_t hash)
{
	return x->slots[hash & x->mask];
}

#endif
