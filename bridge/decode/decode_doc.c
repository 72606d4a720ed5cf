/* decode/decode_doc.c - reading a document. */
#include <math.h>
#include <string.h>

#include "decode/decode_tape.h"

doc_node
doc_root(const struct document *d)
{
	return d != NULL ? 0 : DOC_NONE;
}

static bool
is_box(const struct entry *e)
{
	return e->kind == DOC_ARRAY || e->kind == DOC_OBJECT;
}

/* DOC_NONE is past all nodes. */
static bool
is_node(const struct document *d, doc_node n)
{
	return n < d->count;
}

enum doc_kind
doc_kind(const struct document *d, doc_node n)
{
	return is_node(d, n) ? (enum doc_kind)d->entries[n].kind : DOC_ABSENT;
}

enum doc_kind
doc_look(const struct document *d, doc_node n, struct str *text)
{
	enum doc_kind kind = doc_kind(d, n);

	*text = STR_NONE;
	if (kind == DOC_STRING || kind == DOC_NUMBER)
		*text = entry_text(&d->entries[n]);
	return kind;
}

const char *
doc_kind_name(enum doc_kind kind)
{
	static const char *const names[] = {
		[DOC_ABSENT] = "nothing",
		[DOC_NULL] = "null",
		[DOC_FALSE] = "false",
		[DOC_TRUE] = "true",
		[DOC_NUMBER] = "a number",
		[DOC_STRING] = "a string",
		[DOC_ARRAY] = "an array",
		[DOC_OBJECT] = "an object",
	};

	return names[kind];
}

size_t
doc_count(const struct document *d, doc_node n)
{
	return is_node(d, n) && is_box(&d->entries[n]) ? d->entries[n].len : 0;
}

/* The value that begins at an entry behind a value or a container's start. */
static doc_node
value_at(const struct document *d, uint32_t at)
{
	if (at >= d->count || d->entries[at].kind == ENTRY_END)
		return DOC_NONE;
	return d->entries[at].kind == ENTRY_KEY ? at + 1 : at;
}

doc_node
doc_first(const struct document *d, doc_node n)
{
	return is_node(d, n) && is_box(&d->entries[n]) ? value_at(d, n + 1)
	                                               : DOC_NONE;
}

doc_node
doc_next(const struct document *d, doc_node child)
{
	return is_node(d, child) ? value_at(d, entry_after(d->entries, child))
	                         : DOC_NONE;
}

struct str
doc_key(const struct document *d, doc_node child)
{
	const struct entry *before;

	if (!is_node(d, child))
		return STR_NONE;
	before = &d->entries[child] - 1; /* of the root, what is around it */
	return before->kind == ENTRY_KEY ? entry_text(before) : STR_NONE;
}

/* Finds a key in an object's index. */
static doc_node
indexed(const struct document *d, const struct slot *index, size_t count,
    struct str key)
{
	uint32_t hash = key_hash(key);
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct slot *slot = &index[middle];
		bool before = slot->hash < hash;

		if (slot->hash == hash) {
			int order = key_cmp(entry_text(
			                        &d->entries[slot->value - 1]),
			    key);

			if (order == 0)
				return slot->value;
			before = order < 0;
		}
		if (before)
			low = middle + 1;
		else
			high = middle;
	}
	return DOC_NONE;
}

/* The member of an object with many, or under a long key. */
static __attribute__((noinline)) doc_node
search(const struct document *d, doc_node n, struct str key)
{
	const struct entry *e = d->entries;
	const struct slot *index = e[e[n].box.end].index;

	if (index != NULL)
		return indexed(d, index, e[n].len, key);
	for (uint32_t i = n + 1; i < e[n].box.end; i = entry_after(e, i + 1))
		if (str_eq(entry_text(&e[i]), key))
			return i + 1;
	return DOC_NONE;
}

/* Mappings ask for little else, so the loop here calls nothing. */
doc_node
doc_member(const struct document *d, doc_node n, struct str key)
{
	const struct entry *object, *e, *end;

	if (doc_kind(d, n) != DOC_OBJECT)
		return DOC_NONE;
	object = &d->entries[n];
	if (object->len > INDEX_FROM || key.len > SHORT_MAX)
		return search(d, n, key);
	end = &d->entries[object->box.end];
	for (e = object + 1; e < end; e += 2) { /* a key and its value */
		if (e->len == key.len && short_same(e->at, key.at, key.len))
			return (doc_node)(e + 1 - d->entries);
		if (e[1].kind >= DOC_ARRAY) /* no END is a value */
			e = &d->entries[e[1].box.end - 1];
	}
	return DOC_NONE;
}

doc_node
doc_item(const struct document *d, doc_node n, size_t index)
{
	const struct entry *array;
	doc_node child = n + 1;

	if (doc_kind(d, n) != DOC_ARRAY)
		return DOC_NONE;
	array = &d->entries[n];
	if (index >= array->len)
		return DOC_NONE;
	/* No child has children: they lie one beside the other. */
	if (array->box.end - n - 1 == array->len)
		return child + (doc_node)index;
	while (index-- > 0)
		child = entry_after(d->entries, child);
	return child;
}

struct str
doc_text(const struct document *d, doc_node n)
{
	return doc_kind(d, n) == DOC_STRING ? entry_text(&d->entries[n])
	                                    : STR_NONE;
}

struct str
doc_number(const struct document *d, doc_node n)
{
	return doc_kind(d, n) == DOC_NUMBER ? entry_text(&d->entries[n])
	                                    : STR_NONE;
}

bool
doc_integer(const struct document *d, doc_node n, int64_t *out)
{
	struct str text = doc_number(d, n);

	return text.at != NULL && number_integer(text, out);
}

double
doc_double(const struct document *d, doc_node n)
{
	struct str text = doc_number(d, n);

	return text.at != NULL ? number_double(text) : (double)NAN;
}

/* Equal as far as two entries go; containers: as many children. */
static bool
entry_eq(const struct entry *a, const struct entry *b)
{
	if (a->kind != b->kind)
		return false;
	if (a->kind == DOC_NUMBER)
		return number_compare(entry_text(a), entry_text(b)) == 0;
	if (a->kind == DOC_STRING)
		return str_eq(entry_text(a), entry_text(b));
	return a->len == b->len;
}

/*
 * The member of b's object under a key: at `near` when both objects have
 * the same order, as most have.
 */
static doc_node
counterpart(const struct document *d, doc_node object, uint32_t near,
    struct str key)
{
	const struct entry *e = &d->entries[near];

	if (e->kind == ENTRY_KEY && str_eq(entry_text(e), key))
		return near + 1;
	return doc_member(d, object, key);
}

/*
 * Walks a's entries in a row; `other` is the place in b that answers to the
 * next one, and `box` the container in b that answers to the innermost open
 * one in a. Keys are unique, so as many children, each found, are the same.
 */
bool
doc_equal(const struct document *d, doc_node a, doc_node b)
{
	const struct entry *e = d->entries;
	doc_node box = DOC_NONE, other = b;
	uint32_t stop;

	if (!is_node(d, a) || !is_node(d, b))
		return is_node(d, a) == is_node(d, b);
	stop = entry_after(e, a);
	for (uint32_t i = a; i < stop; i++) {
		if (e[i].kind == ENTRY_END) {
			other = e[box].box.end + 1;
			box = e[box].box.around;
		} else if (e[i].kind == ENTRY_KEY) {
			other = counterpart(d, box, other, entry_text(&e[i]));
			if (other == DOC_NONE)
				return false;
		} else {
			if (!entry_eq(&e[i], &e[other]))
				return false;
			if (is_box(&e[i]))
				box = other;
			other++;
		}
	}
	return true;
}
