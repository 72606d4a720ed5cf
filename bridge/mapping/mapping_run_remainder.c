/* mapping/mapping_run_remainder.c - what remainder() is of one event. */
#include <stdlib.h>

#include "mapping/mapping_run.h"

static int
by_name(const void *a, const void *b)
{
	return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

static bool
is_used(const struct remainder *rest, struct str name)
{
	return bsearch(&name, rest->names, rest->count, sizeof(name),
	           by_name) != NULL;
}

/* The object, or DOC_NONE: what is none has no members that are left. */
static doc_node
object_of(const struct run *r, const struct remainder *rest)
{
	struct jsonpath_scope scope = { .document = r->in->document,
		.current = DOC_NONE,
		.arena = r->in->arena,
		.notes = r->notes };
	doc_node n = jsonpath_one(rest->path, &scope);

	return n != DOC_NONE && doc_kind(scope.document, n) == DOC_OBJECT
	    ? n
	    : DOC_NONE;
}

int
map_remainder_items(struct run *r, const struct remainder *rest,
    const char *where, struct jsonpath_nodes *out)
{
	const struct document *d = r->in->document;
	doc_node object = object_of(r, rest), *at;
	size_t count = 0;

	*out = (struct jsonpath_nodes){ NULL, 0 };
	if (object == DOC_NONE)
		return 0;
	at = arena_take(r->in->arena, doc_count(d, object) * sizeof(*at));
	if (at == NULL)
		return map_no_memory(r, where);
	DOC_FOREACH (d, object, child)
		if (!is_used(rest, doc_key(d, child)))
			at[count++] = child;
	*out = (struct jsonpath_nodes){ at, count };
	return 0;
}

/* A document of its own, so that it is a value like every other object. */
int
map_remainder(struct run *r, const struct remainder *rest, const char *where,
    struct value *out)
{
	const struct document *d = r->in->document;
	struct jsonpath_nodes left;
	struct document *made;
	struct fault why = { 0 };
	struct bytes json;

	*out = (struct value){ .kind = VALUE_ABSENT };
	if (map_remainder_items(r, rest, where, &left) == -1)
		return -1;
	if (left.count == 0)
		return 0;
	bytes_init_in(&json, r->in->arena, SIZE_MAX / 4);
	for (size_t i = 0; i < left.count; i++) {
		bytes_add_char(&json, i == 0 ? '{' : ',');
		bytes_add_json(&json, doc_key(d, left.at[i]));
		bytes_add_char(&json, ':');
		doc_print(d, left.at[i], &json);
	}
	bytes_add_char(&json, '}');
	if (!bytes_ok(&json))
		return map_no_memory(r, where);
	made = decode_json(r->in->arena, bytes_str(&json),
	    &decode_limits_default, &why);
	if (made == NULL)
		return map_no_memory(r, where);
	*out = value_of_node(made, doc_root(made));
	return 0;
}
