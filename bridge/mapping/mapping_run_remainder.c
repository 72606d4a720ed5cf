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
	doc_node n = jsonpath_one(rest->path, &r->scope);

	return doc_kind(r->in->document, n) == DOC_OBJECT ? n : DOC_NONE;
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

/* One that was made stays for the update: each may ask for it again. */
struct kept_remainder {
	const struct remainder *of;
	struct value value;
	struct kept_remainder *next;
};

static bool
find_kept(const struct run *r, const struct remainder *rest, struct value *out)
{
	for (const struct kept_remainder *k = r->kept; k != NULL; k = k->next)
		if (k->of == rest) {
			*out = k->value;
			return true;
		}
	return false;
}

static int
keep(struct run *r, const struct remainder *rest, const char *where,
    const struct value *v)
{
	struct kept_remainder *k = arena_take(r->in->arena, sizeof(*k));

	if (k == NULL)
		return map_no_memory(r, where);
	*k = (struct kept_remainder){ rest, *v, r->kept };
	r->kept = k;
	return 0;
}

/* A document of its own, so that it is a value like every other object. */
static int
make_object(struct run *r, const struct jsonpath_nodes *members,
    const char *where, struct value *out)
{
	const struct document *d = r->in->document;
	struct document *made = NULL;
	struct fault why = { 0 };
	struct bytes json;

	bytes_init_in(&json, r->in->arena, SIZE_MAX / 4);
	for (size_t i = 0; i < members->count; i++) {
		bytes_add_char(&json, i == 0 ? '{' : ',');
		bytes_add_json(&json, doc_key(d, members->at[i]));
		bytes_add_char(&json, ':');
		doc_print(d, members->at[i], &json);
	}
	bytes_add_char(&json, '}');
	if (bytes_ok(&json))
		made = decode_json(r->in->arena, bytes_str(&json),
		    &decode_limits_default, &why);
	if (made == NULL)
		return map_no_memory(r, where);
	*out = value_of_node(made, doc_root(made));
	return 0;
}

int
map_remainder(struct run *r, const struct remainder *rest, const char *where,
    struct value *out)
{
	struct jsonpath_nodes left;
	struct value made = { .kind = VALUE_ABSENT };

	if (find_kept(r, rest, out))
		return 0;
	if (map_remainder_items(r, rest, where, &left) == -1 ||
	    (left.count > 0 && make_object(r, &left, where, &made) == -1) ||
	    keep(r, rest, where, &made) == -1)
		return -1;
	*out = made;
	return 0;
}

bool
mapping_sends_rest(const struct mapping *m, struct str body)
{
	struct arena *arena = arena_new((size_t)16 << 20);
	struct mapping_input in = { .arena = arena };
	struct run r = { .in = &in };
	struct fault why = { 0 };
	bool sends = false;

	in.document = decode_json(arena, body, &decode_limits_default, &why);
	r.scope = map_scope(&in, DOC_NONE, NULL);
	for (const struct remainder *rest = m->remainders; rest != NULL;
	     rest = rest->next) {
		struct jsonpath_nodes left = { NULL, 0 };

		sends = sends || in.document == NULL ||
		    map_remainder_items(&r, rest, "", &left) == -1 ||
		    left.count > 0;
	}
	arena_free(arena);
	return sends;
}
