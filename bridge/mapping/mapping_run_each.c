/*
 * mapping/mapping_run_each.c - what each and events go over.
 *
 * '@' is a node of the document that paths go into, so that one path may name
 * '@' and '$'. A value that is of no document, or of another one, as what json
 * has read, is laid behind the event's.
 */
#include "mapping/mapping_run.h"

/* The elements of one array. */
static int
list_elements(struct run *r, doc_node array, const char *where,
    struct jsonpath_nodes *out)
{
	const struct document *d = r->scope.document;
	size_t count = doc_count(d, array), i = 0;
	doc_node *at = arena_take(r->in->arena, count * sizeof(*at));

	if (at == NULL)
		return map_no_memory(r, where);
	DOC_FOREACH (d, array, child)
		at[i++] = child;
	*out = (struct jsonpath_nodes){ at, count };
	return 0;
}

/* The elements of an array; all else that is there is an item itself. */
static int
items_of(struct run *r, doc_node n, const char *where,
    struct jsonpath_nodes *out)
{
	enum doc_kind kind = doc_kind(r->scope.document, n);
	doc_node *one;

	if (kind == DOC_ARRAY)
		return list_elements(r, n, where, out);
	one = arena_take(r->in->arena, sizeof(*one));
	if (one == NULL)
		return map_no_memory(r, where);
	*one = n;
	*out = (struct jsonpath_nodes){ one,
		kind != DOC_ABSENT && kind != DOC_NULL };
	return 0;
}

int
map_items(struct run *r, const struct jsonpath *path, const char *where,
    struct jsonpath_nodes *out)
{
	if (!jsonpath_is_singular(path)) {
		if (jsonpath_select(path, &r->scope, out, r->why) == -1)
			return map_at_place(r, where);
		return 0;
	}
	return items_of(r, jsonpath_one(path, &r->scope), where, out);
}

/*
 * Notes are on a document: from the first time on, on the one that holds all,
 * where the event's nodes are what they were.
 */
doc_node
map_join(struct run *r, const struct document *d)
{
	doc_node root;

	if (r->joined == NULL) {
		r->joined = doc_join_new(r->in->arena, r->scope.document);
		if (r->joined == NULL)
			return DOC_NONE;
		r->scope.document = doc_joined(r->joined);
		r->scope.notes = jsonpath_notes_new(r->family,
		    r->scope.document, r->in->arena);
	}
	root = doc_join_add(r->joined, d);
	if (r->others == 0)
		r->others = root;
	return root;
}

/* A text, a number or a list made on the way, as a document; NULL: no room. */
static const struct document *
document_of(struct run *r, const struct value *v)
{
	struct fault why = { 0 };
	struct bytes json;

	bytes_init_in(&json, r->in->arena, SIZE_MAX / 4);
	value_print(v, &json);
	if (!bytes_ok(&json))
		return NULL;
	return decode_json(r->in->arena, bytes_str(&json),
	    &decode_limits_default, &why);
}

/* The node of a value that is there, in the document that paths go into. */
static int
node_of(struct run *r, const struct value *v, const char *where, doc_node *out)
{
	const struct document *d;
	doc_node root, n = 0;

	if (v->kind == VALUE_NODE) {
		d = v->document;
		n = v->node;
	} else {
		d = document_of(r, v);
	}
	if (d == NULL)
		return map_no_memory(r, where);
	*out = n;
	if (d == r->in->document || d == r->scope.document)
		return 0;
	root = map_join(r, d);
	if (root == DOC_NONE)
		return map_no_memory(r, where);
	*out = root + n;
	return 0;
}

/* What the last get() selects, as nodes: so that key() can name them. */
static int
items_below(struct run *r, const struct node *n, doc_node top,
    struct jsonpath_nodes *out)
{
	doc_node outer = r->scope.current;
	int rc;

	r->scope.current = top;
	rc = map_items(r, n->last->prepared, n->where, out);
	r->scope.current = outer;
	return rc;
}

static int
value_items_of(struct run *r, const struct node *n, struct jsonpath_nodes *out)
{
	struct result made;
	doc_node node = DOC_NONE;
	bool below;

	*out = (struct jsonpath_nodes){ NULL, 0 };
	if (map_chain(r, n->over, n->last, n->where, &made) == -1)
		return -1;
	below = n->last != NULL && made.value.kind == VALUE_NODE;
	if (n->last != NULL && !below &&
	    map_step(r, n->last, n->where, &made) == -1)
		return -1;
	if (made.value.kind == VALUE_ABSENT || made.value.kind == VALUE_NULL)
		return 0;
	if (node_of(r, &made.value, n->where, &node) == -1)
		return -1;
	return below ? items_below(r, n, node, out)
	             : items_of(r, node, n->where, out);
}

int
map_each_items(struct run *r, const struct node *n, struct jsonpath_nodes *out)
{
	if (n->rest != NULL)
		return map_remainder_items(r, n->rest, n->where, out);
	if (n->over != NULL)
		return value_items_of(r, n, out);
	return map_items(r, n->each, n->where, out);
}
