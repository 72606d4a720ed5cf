/* jsonpath/jsonpath_notes.c - families of paths, and what they note. */
#include <string.h>

#include "jsonpath/jsonpath_notes.h"

/* Not looked for yet; DOC_NONE is an answer. */
#define NOT_KNOWN (DOC_NONE - 1)

struct jsonpath_family *
jsonpath_family_new(void)
{
	struct jsonpath_family *f = base_alloc(sizeof(*f));

	f->places = base_alloc(sizeof(f->places[0]));
	f->place_count = 1;
	f->indexes = base_alloc(sizeof(f->indexes[0]));
	f->index_count = 1;
	return f;
}

void
jsonpath_family_free(struct jsonpath_family *f)
{
	if (f == NULL)
		return;
	base_free(f->places);
	base_free(f->indexes);
	base_free(f);
}

static bool
same_step(const struct selector *a, const struct selector *b)
{
	if (a->kind != b->kind)
		return false;
	return a->kind == SELECT_NAME ? str_eq(a->name, b->name)
	                              : a->index == b->index;
}

static uint32_t
find_place(struct jsonpath_family *f, uint32_t parent,
    const struct selector *step)
{
	uint32_t i;

	for (i = 1; i < f->place_count; i++)
		if (f->places[i].parent == parent &&
		    same_step(f->places[i].step, step))
			return i;
	f->places = base_grow(f->places, i + 1, sizeof(f->places[0]));
	f->places[i] = (struct family_place){ parent, step };
	f->place_count = i + 1;
	return i;
}

static bool
names_only(const struct query *q)
{
	for (const struct segment *s = q->segments; s != NULL; s = s->next)
		if (!s->singular || s->selectors->kind != SELECT_NAME)
			return false;
	return q->relative;
}

static bool
same_names(const struct query *a, const struct query *b)
{
	const struct segment *s = a->segments, *t = b->segments;

	for (; s != NULL && t != NULL; s = s->next, t = t->next)
		if (!same_step(s->selectors, t->selectors))
			return false;
	return s == t;
}

static uint32_t
find_index(struct jsonpath_family *f, uint32_t place, const struct query *by)
{
	uint32_t i;

	for (i = 1; i < f->index_count; i++) {
		if (f->indexes[i].place != place ||
		    !same_names(f->indexes[i].by, by))
			continue;
		f->indexes[i].users++;
		return i;
	}
	f->indexes = base_grow(f->indexes, i + 1, sizeof(f->indexes[0]));
	f->indexes[i] = (struct family_index){ by, place, 1 };
	f->index_count = i + 1;
	return i;
}

/* [?@.a.b == 'x'] and nothing beside it. */
static bool
is_indexable(const struct segment *s)
{
	const struct selector *sel = s->selectors;

	return !s->descends && sel->next == NULL &&
	    sel->kind == SELECT_FILTER && sel->filter->kind == EXPR_IS_TEXT &&
	    names_only(sel->filter->left->query);
}

uint32_t
family_join(struct jsonpath_family *f, const struct query *q,
    const struct segment **rest)
{
	struct segment *s = q->segments;
	uint32_t place = 0;

	for (; !q->relative && s != NULL && s->singular; s = s->next)
		place = find_place(f, place, s->selectors);
	*rest = s;
	for (; s != NULL; s = s->next)
		if (is_indexable(s))
			s->selectors->index_number = find_index(f,
			    s == *rest ? place : 0,
			    s->selectors->filter->left->query);
	return place;
}

size_t
family_steps(const struct jsonpath_family *f, uint32_t place, struct str *names)
{
	size_t count = 0;

	for (uint32_t i = 1; i < f->place_count; i++) {
		const struct selector *step = f->places[i].step;

		if (f->places[i].parent != place || step->kind != SELECT_NAME)
			continue;
		if (names != NULL)
			names[count] = step->name;
		count++;
	}
	return count;
}

struct jsonpath_notes *
jsonpath_notes_new(const struct jsonpath_family *f, const struct document *d,
    struct arena *arena)
{
	size_t places = f->place_count * sizeof(doc_node);
	size_t indexes = f->index_count * sizeof(struct index);
	struct jsonpath_notes *n = arena_take(arena, sizeof(*n));

	if (n == NULL)
		return NULL;
	n->family = f;
	n->document = d;
	n->arena = arena;
	n->finder_count = 0;
	n->places = arena_take(arena, places);
	n->indexes = arena_take(arena, indexes);
	if (n->places == NULL || n->indexes == NULL)
		return NULL;
	n->places[0] = doc_root(d);
	for (uint32_t i = 1; i < f->place_count; i++)
		n->places[i] = NOT_KNOWN;
	for (uint32_t i = 1; i < f->index_count; i++)
		n->indexes[i] = (struct index){ .by = f->indexes[i].by,
			.at_once = f->indexes[i].place > 0 &&
			    f->indexes[i].users > 1,
			.array = DOC_NONE };
	return n;
}

/* As deep as a path is long. */
doc_node
notes_place(struct jsonpath_notes *n, uint32_t place)
{
	const struct family_place *p = &n->family->places[place];

	if (n->places[place] == NOT_KNOWN)
		n->places[place] = query_step(n->document, p->step,
		    notes_place(n, p->parent));
	return n->places[place];
}

static uint64_t
mix(uint64_t hash, uint64_t word)
{
	hash = (hash ^ word) * UINT64_C(0x9E3779B97F4A7C15);
	return hash ^ hash >> 32;
}

/*
 * Eight bytes at a time, the last ones twice. Texts made to collide cost what
 * looking at all items costs.
 */
uint32_t
index_hash(struct str text)
{
	uint64_t hash = text.len;

	if (text.len < 8)
		return (uint32_t)mix(hash, short_word(text.at, text.len));
	for (size_t i = 0; text.len - i > 8; i += 8)
		hash = mix(hash, short_load8(text.at + i));
	return (uint32_t)mix(hash, short_load8(text.at + text.len - 8));
}

/* What an item is found by, if it is a string. */
static doc_node
find_text(const struct document *d, const struct index *x, doc_node item)
{
	if (x->by == NULL)
		return doc_member(d, item, x->name);
	for (const struct segment *s = x->by->segments; s != NULL; s = s->next)
		item = doc_member(d, item, s->selectors->name);
	return item;
}

static bool
make_room(struct jsonpath_notes *n, struct index *x, size_t count)
{
	size_t slots = 4;

	while (slots < count)
		slots *= 2;
	if (x->room < slots) {
		x->room = 0;
		x->items = arena_take(n->arena, slots * sizeof(x->items[0]));
		x->slots = arena_take(n->arena, slots * sizeof(x->slots[0]));
		if (x->items == NULL || x->slots == NULL)
			return false;
		x->room = slots;
	}
	x->mask = (uint32_t)slots - 1;
	memset(x->slots, 0xff, slots * sizeof(x->slots[0])); /* INDEX_END */
	return true;
}

/* False when the arena is full. Linked backward, to be walked forward. */
static bool
make_index(struct jsonpath_notes *n, struct index *x)
{
	uint32_t count = 0;

	if (!make_room(n, x, doc_count(n->document, x->array)))
		return false;
	DOC_FOREACH (n->document, x->array, child) {
		doc_node at = find_text(n->document, x, child);
		struct str text = doc_text(n->document, at);

		if (text.at != NULL)
			x->items[count++] = (struct index_item){ child, at,
				index_hash(text), INDEX_END };
	}
	while (count-- > 0) {
		uint32_t *slot = &x->slots[x->items[count].hash & x->mask];

		x->items[count].next = *slot;
		*slot = count;
	}
	return true;
}

/* True when the index of that array can be asked. */
static bool
is_made(struct jsonpath_notes *n, struct index *x, doc_node array, bool *read)
{
	if (x->array != array) {
		if (x->in_use > 0)
			return false;
		x->array = array;
		x->made = false;
		if (!x->at_once)
			return false;
	}
	if (!x->made) {
		x->made = make_index(n, x);
		*read = x->made;
	}
	return x->made;
}

struct index *
notes_index(struct jsonpath_notes *n, const struct selector *s, doc_node array,
    bool *read)
{
	struct index *x;

	if (n == NULL || s->index_number == 0)
		return NULL;
	x = &n->indexes[s->index_number];
	return is_made(n, x, array, read) ? x : NULL;
}

static struct index *
finder(struct jsonpath_notes *n, struct str name)
{
	struct index *x;

	for (size_t i = 0; i < n->finder_count; i++)
		if (str_eq(n->finders[i].name, name))
			return &n->finders[i];
	if (n->finder_count == NOTES_FINDERS)
		return NULL;
	x = &n->finders[n->finder_count++];
	*x = (struct index){ .name = name, .array = DOC_NONE };
	return x;
}

bool
jsonpath_find(struct jsonpath_notes *n, doc_node array, struct str name,
    struct str text, doc_node *item)
{
	struct index *x = n != NULL ? finder(n, name) : NULL;
	uint32_t hash, i;
	bool read;

	if (x == NULL || !is_made(n, x, array, &read))
		return false;
	hash = index_hash(text);
	for (i = index_first(x, hash); i != INDEX_END; i = x->items[i].next)
		if (index_is(n->document, &x->items[i], hash, text))
			break;
	*item = i != INDEX_END ? x->items[i].node : DOC_NONE;
	return true;
}
