/*
 * mapping/mapping_run_value.c - sources, steps and texts: what a hole gives.
 *
 * Nothing is parsed and nothing is taken from malloc here; lists and texts
 * lie in the arena of the run.
 */
#include <stdio.h>
#include <string.h>

#include "mapping/mapping_run.h"

/* Keeps its frame out of what is run for every value. */
#define APART __attribute__((noinline))

/* run_args() sets those that are there; the others need not be cleared. */
#define SCRATCH __attribute__((uninitialized))

/* A text made of holes is one field; no field is longer than a body. */
#define TEXT_CEILING ((size_t)1 << 20)

int
map_no_memory(struct run *r, const char *where)
{
	return fault_set(r->why, FAULT_BUSY, where,
	    "no memory is left for this request");
}

int
map_at_place(struct run *r, const char *where)
{
	if (r->why != NULL && r->why->where[0] == '\0')
		snprintf(r->why->where, sizeof(r->why->where), "%s", where);
	return -1;
}

int
map_several(struct run *r, const char *where, const struct source *from,
    size_t count)
{
	struct str text = from != NULL ? from->text : STR("this");

	if (count < 2)
		return fault_set(r->why, FAULT_MAPPING, where,
		    "%.*s is a list here; say | first or | join(', ')",
		    STR_ARG(text));
	return fault_set(r->why, FAULT_MAPPING, where,
	    "%.*s selects %zu values here; say | first, | join(', ') or make "
	    "it each",
	    STR_ARG(text), count);
}

static struct value
absent(void)
{
	return (struct value){ .kind = VALUE_ABSENT };
}

struct jsonpath_scope
map_scope(const struct mapping_input *in, doc_node item,
    struct jsonpath_notes *notes)
{
	return (struct jsonpath_scope){ .document = in->document,
		.current = item,
		.arena = in->arena,
		.notes = notes };
}

static int
run_literal(struct run *r UNUSED, const struct source *s,
    const char *where UNUSED, struct result *out)
{
	*out = (struct result){ s->literal, s };
	return 0;
}

static int
list_matches(struct run *r, const struct jsonpath_nodes *nodes,
    const char *where, struct value *out)
{
	struct value *items = arena_take(r->in->arena,
	    nodes->count * sizeof(*items));

	if (items == NULL)
		return map_no_memory(r, where);
	for (size_t i = 0; i < nodes->count; i++)
		value_set_node(&items[i], r->scope.document, nodes->at[i]);
	*out = (struct value){ .kind = VALUE_LIST,
		.matches = true,
		.items = items,
		.count = nodes->count };
	return 0;
}

static bool
is_empty(const struct value *v)
{
	return v->kind == VALUE_STRING && str_trim(v->text).len == 0;
}

/* Takes the empty ones out of what a path selected. */
static int
drop_empty(struct run *r, struct jsonpath_nodes *nodes, const char *where)
{
	doc_node *said = arena_take(r->in->arena, nodes->count * sizeof(*said));
	size_t count = 0;

	if (said == NULL)
		return map_no_memory(r, where);
	for (size_t i = 0; i < nodes->count; i++) {
		struct value v = value_of_node(r->scope.document, nodes->at[i]);

		if (!is_empty(&v))
			said[count++] = nodes->at[i];
	}
	*nodes = (struct jsonpath_nodes){ said, count };
	return 0;
}

/* Of a path that may select several. */
static APART int
run_matches(struct run *r, const struct source *s, const char *where,
    struct result *out)
{
	struct jsonpath_nodes nodes;

	if (jsonpath_select(s->path, &r->scope, &nodes, r->why) == -1)
		return map_at_place(r, where);
	if (s->drop_empty && drop_empty(r, &nodes, where) == -1)
		return -1;
	if (nodes.count > 1)
		return list_matches(r, &nodes, where, &out->value);
	value_set_node(&out->value, r->scope.document,
	    nodes.count == 1 ? nodes.at[0] : DOC_NONE);
	return 0;
}

static INLINE int
run_path(struct run *r, const struct source *s, const char *where,
    struct result *out)
{
	out->from = s;
	if (s->many)
		return run_matches(r, s, where, out);
	value_set_node(&out->value, r->scope.document,
	    jsonpath_one(s->path, &r->scope));
	if (s->drop_empty && is_empty(&out->value))
		out->value = absent();
	return 0;
}

static int
run_function(struct run *r, const struct source *s, const char *where,
    struct result *out)
{
	struct str text = s->function->run(r->in, s->argument);

	*out = (struct result){ absent(), s };
	if (text.at == NULL)
		return 0;
	if (!utf8_valid(text))
		return fault_set(r->why, FAULT_MAPPING, where,
		    "%.*s is not UTF-8", STR_ARG(s->text));
	out->value = value_string(text);
	if (s->drop_empty && is_empty(&out->value))
		out->value = absent();
	return 0;
}

/* The item's own name; absent where the item is one of an array. */
static int
run_key(struct run *r, const struct source *s, const char *where UNUSED,
    struct result *out)
{
	struct str key = doc_key(r->scope.document, r->scope.current);

	*out = (struct result){ absent(), s };
	if (key.at != NULL)
		out->value = value_string(key);
	if (s->drop_empty && is_empty(&out->value))
		out->value = absent();
	return 0;
}

static int
run_remainder(struct run *r, const struct source *s, const char *where,
    struct result *out)
{
	out->from = s;
	return map_remainder(r, s->remainder, where, &out->value);
}

static int
run_group(struct run *r, const struct source *s, const char *where,
    struct result *out)
{
	return map_chain(r, s->chain, NULL, where, out);
}

static INLINE int
run_source(struct run *r, const struct source *s, const char *where,
    struct result *out)
{
	static int (*const kinds[SOURCE_KINDS])(struct run * r,
	    const struct source *s, const char *where, struct result *out) = {
		[SOURCE_LITERAL] = run_literal,
		[SOURCE_FUNCTION] = run_function,
		[SOURCE_PARAM] = run_function,
		[SOURCE_KEY] = run_key,
		[SOURCE_REMAINDER] = run_remainder,
		[SOURCE_CHAIN] = run_group,
	};

	if (s->kind == SOURCE_PATH)
		return run_path(r, s, where, out);
	return kinds[s->kind](r, s, where, out);
}

static int
run_args(struct run *r, const struct step *step, const char *where,
    struct value *args)
{
	struct result arg;

	for (const struct source *s = step->args; s != NULL; s = s->next) {
		if (s->kind == SOURCE_LITERAL) {
			*args++ = s->literal;
			continue;
		}
		if (run_source(r, s, where, &arg) == -1)
			return -1;
		*args++ = arg.value;
	}
	return 0;
}

/*
 * A step with '?': what it refuses is absent. Only the value's own faults are
 * forgiven: a request that is out of memory is not a value that is wrong.
 */
static int
run_lenient(const struct transform *t, const struct transform_call *call,
    struct value *v, struct fault *why)
{
	struct fault own = { 0 };

	if (t->run(call, v, &own) != -1)
		return 0;
	if (own.code != FAULT_MAPPING)
		return fault_set(why, own.code, own.where, "%s", own.text);
	*v = absent();
	return 0;
}

int
map_step(struct run *r, const struct step *step, const char *where,
    struct result *out)
{
	const struct transform *t = step->transform;
	struct value args[TRANSFORM_ARGS] SCRATCH;
	struct transform_call call = { .args = args,
		.arg_count = step->arg_count,
		.prepared = step->prepared,
		.in = r->in,
		.document = r->scope.document,
		.notes = r->scope.notes,
		.compared = &r->compared,
		.where = where };
	struct value *v = &out->value;

	if (value_is_missing(v) && (t->flags & TRANSFORM_SEES_ABSENT) == 0)
		return 0;
	if (v->kind == VALUE_NULL && v->kept)
		return 0;
	if (v->kind == VALUE_LIST && v->matches &&
	    (t->flags & TRANSFORM_TAKES_LIST) == 0)
		return map_several(r, where, out->from, v->count);
	if (run_args(r, step, where, args) == -1)
		return -1;
	if (step->lenient)
		return run_lenient(t, &call, v, r->why);
	if (t->run(&call, v, r->why) == -1)
		return map_at_place(r, where);
	return 0;
}

/*
 * The first source that is present. A null is remembered: it is as good as
 * absent, but keep_null wants to know it was there.
 */
static int
run_sources(struct run *r, const struct source *s, const char *where,
    struct result *out)
{
	const struct source *from = s;
	enum value_kind kind = VALUE_ABSENT;

	for (; s != NULL; s = s->next) {
		if (run_source(r, s, where, out) == -1)
			return -1;
		if (!value_is_missing(&out->value))
			return 0;
		if (out->value.kind == VALUE_NULL && kind == VALUE_ABSENT) {
			kind = VALUE_NULL;
			from = out->from;
		}
	}
	*out = (struct result){ { .kind = kind }, from };
	return 0;
}

int
map_chain(struct run *r, const struct chain *chain, const struct step *stop,
    const char *where, struct result *out)
{
	if (run_sources(r, chain->sources, where, out) == -1)
		return -1;
	for (const struct step *s = chain->steps; s != stop; s = s->next)
		if (map_step(r, s, where, out) == -1)
			return -1;
	return 0;
}

/* One hole of a text. 1 added, 0 absent, -1 with why. */
static int
add_hole(struct run *r, const struct chain *chain, const char *where,
    struct bytes *text)
{
	struct result part;
	struct str s;

	if (map_chain(r, chain, NULL, where, &part) == -1)
		return -1;
	if (part.value.kind == VALUE_ABSENT || part.value.kind == VALUE_NULL)
		return 0;
	if (part.value.kind == VALUE_LIST && part.value.matches)
		return map_several(r, where, part.from, part.value.count);
	if (!value_text(&part.value, &s))
		return fault_set(r->why, FAULT_MAPPING, where,
		    "%.*s is %s: only a text, a number or a boolean can stand "
		    "in a text",
		    STR_ARG(part.from != NULL ? part.from->text : STR("it")),
		    value_kind_name(&part.value));
	bytes_add_str(text, s);
	return 1;
}

static APART int
run_text(struct run *r, const struct node *n, struct result *out)
{
	struct bytes text;
	struct str whole;

	*out = (struct result){ absent(), NULL };
	bytes_init_in(&text, r->in->arena, TEXT_CEILING);
	for (const struct part *p = n->parts; p != NULL; p = p->next) {
		int added = 1;

		if (p->chain != NULL)
			added = add_hole(r, p->chain, n->where, &text);
		else
			bytes_add_str(&text, p->text);
		if (added != 1)
			return added;
	}
	if (!bytes_ok(&text))
		return map_no_memory(r, n->where);
	whole = bytes_str(&text);
	out->value = value_string(whole);
	return 0;
}

int
map_value(struct run *r, const struct node *n, struct result *out)
{
	if (n->kind == NODE_LITERAL) {
		*out = (struct result){ n->literal, NULL };
		return 0;
	}
	if (n->kind == NODE_TEXT)
		return run_text(r, n, out);
	return map_chain(r, n->parts->chain, NULL, n->where, out);
}

int
map_when(struct run *r, const struct jsonpath_test *test, const char *where)
{
	int yes;

	if (test == NULL)
		return 1;
	yes = jsonpath_test_run(test, &r->scope, r->why);
	return yes == -1 ? map_at_place(r, where) : yes;
}
