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

/* One stays for the update: each may ask for it again. */
struct kept_remainder {
	const struct remainder *of;
	doc_node object; /* DOC_NONE: what is none has no members left */
	bool made;
	struct value value; /* if made */
	struct kept_remainder *next;
};

/* The text's value, laid behind the event; blanks hold nothing. */
static int
read_text(struct run *r, struct str text, const char *where, doc_node *out)
{
	struct fault inner = { 0 };
	struct document *d;

	*out = DOC_NONE;
	if (str_trim(text).len == 0)
		return 0;
	d = decode_json(r->in->arena, text, &decode_limits_default, &inner);
	if (d != NULL)
		*out = map_join(r, d);
	if (*out != DOC_NONE)
		return 0;
	if (d != NULL || inner.code == FAULT_BUSY)
		return map_no_memory(r, where);
	return fault_set(r->why, FAULT_MAPPING, where,
	    "remainder: the text is not JSON (line %u, column %u)", inner.line,
	    inner.column);
}

static int
find_object(struct run *r, const struct remainder *rest, const char *where,
    doc_node *out)
{
	doc_node n = jsonpath_one(rest->path, &r->scope);
	struct str text = doc_text(r->scope.document, n);

	if (rest->json && text.at != NULL &&
	    read_text(r, text, where, &n) == -1)
		return -1;
	*out = doc_kind(r->scope.document, n) == DOC_OBJECT ? n : DOC_NONE;
	return 0;
}

/* NULL with why. */
static struct kept_remainder *
keep(struct run *r, const struct remainder *rest, const char *where)
{
	struct kept_remainder *k = r->kept;
	doc_node object;

	while (k != NULL && k->of != rest)
		k = k->next;
	if (k != NULL)
		return k;
	if (find_object(r, rest, where, &object) == -1)
		return NULL;
	k = arena_take(r->in->arena, sizeof(*k));
	if (k == NULL) {
		map_no_memory(r, where);
		return NULL;
	}
	*k = (struct kept_remainder){ .of = rest,
		.object = object,
		.next = r->kept };
	r->kept = k;
	return k;
}

int
map_remainder_items(struct run *r, const struct remainder *rest,
    const char *where, struct jsonpath_nodes *out)
{
	const struct document *d;
	struct kept_remainder *k = keep(r, rest, where);
	doc_node object = k != NULL ? k->object : DOC_NONE, *at;
	size_t count = 0;

	*out = (struct jsonpath_nodes){ NULL, 0 };
	if (k == NULL)
		return -1;
	if (object == DOC_NONE)
		return 0;
	d = r->scope.document;
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
static int
make_object(struct run *r, const struct jsonpath_nodes *members,
    const char *where, struct value *out)
{
	const struct document *d = r->scope.document;
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
	struct kept_remainder *k = keep(r, rest, where);
	struct value made = { .kind = VALUE_ABSENT };
	struct jsonpath_nodes left;

	if (k == NULL)
		return -1;
	if (!k->made) {
		if (map_remainder_items(r, rest, where, &left) == -1 ||
		    (left.count > 0 &&
		        make_object(r, &left, where, &made) == -1))
			return -1;
		k->value = made;
		k->made = true;
	}
	*out = k->value;
	return 0;
}

/* Whether it has anything of the document; what cannot be told counts. */
static bool
sends_rest(struct run *r, const struct remainder *rest)
{
	struct jsonpath_nodes left = { NULL, 0 };

	return r->in->document == NULL ||
	    map_remainder_items(r, rest, "", &left) == -1 || left.count > 0;
}

void
mapping_refuse_rest(const struct mapping *m, struct str body, const char *words,
    struct faults *all)
{
	struct arena *arena = arena_new((size_t)16 << 20);
	struct mapping_input in = { .arena = arena };
	struct fault why = { 0 };
	struct run r = { .in = &in, .why = &why, .family = m->family };

	in.document = decode_json(arena, body, &decode_limits_default, &why);
	r.scope = map_scope(&in, DOC_NONE, NULL);
	for (const struct remainder *rest = m->remainders; rest != NULL;
	     rest = rest->next)
		if (sends_rest(&r, rest))
			settings_fault_in(all, rest->at, rest->mark,
			    "%s: remainder() %s", rest->where, words);
	arena_free(arena);
}
