/*
 * mapping/mapping_run_tell.c - what a run does, told to who watches it.
 *
 * A walk of its own over the program: it has the runner make one source or
 * one step at a time, as a chain of nothing else, and tells what came of it.
 */
#include "mapping/mapping_run.h"

static void
tell(struct run *r, const struct mapping_told *told)
{
	r->in->watch->tell(r->in->watch->context, told);
}

/* Always -1. */
static int
tell_fault(struct run *r, const char *where)
{
	struct mapping_told told = { .kind = MAPPING_TOLD_FAULT,
		.where = where,
		.text = str_of(r->why->text) };

	tell(r, &told);
	return -1;
}

static struct str
json_of(struct run *r, const struct value *v)
{
	struct bytes out;

	if (v->kind == VALUE_ABSENT)
		return STR_NONE;
	bytes_init_in(&out, r->in->arena, SIZE_MAX / 4);
	value_print(v, &out);
	return bytes_ok(&out) ? bytes_str(&out) : STR("\"...\"");
}

static bool
is_own(const struct run *r, doc_node n)
{
	return r->joined == NULL || n < r->others;
}

/* The nodes behind the value of a source; none when it has none. */
static struct jsonpath_nodes
nodes_of(struct run *r, const struct source *s, const char *where)
{
	struct jsonpath_nodes nodes = { NULL, 0 };
	int rc = 0;

	if (s->kind == SOURCE_PATH)
		rc = jsonpath_select(s->path, &r->scope, &nodes, r->why);
	else if (s->kind == SOURCE_REMAINDER)
		rc = map_remainder_items(r, s->remainder, where, &nodes);
	/* All are the event's, or none: what json has read is no part of it. */
	if (rc == -1 || (nodes.count > 0 && !is_own(r, nodes.at[0])))
		nodes.count = 0;
	return nodes;
}

/* A source alone, and behind it a step alone; either may be NULL. */
static int
run_alone(struct run *r, const struct source *source, const struct step *step,
    const char *where, struct value *v)
{
	struct source first = { .kind = SOURCE_LITERAL, .literal = *v };
	struct step only;
	struct chain chain = { .sources = &first };
	struct part part = { .chain = &chain };
	struct node node = { .kind = NODE_CHAIN,
		.where = where,
		.parts = &part };
	struct result made;

	if (source != NULL) {
		first = *source;
		first.next = NULL;
	}
	if (step != NULL) {
		only = *step;
		only.next = NULL;
		chain.steps = &only;
	}
	if (map_value(r, &node, &made) == -1)
		return -1;
	*v = made.value;
	return 0;
}

static int tell_chain(struct run *r, const struct chain *chain,
    const char *where, struct value *out);

/* Of parentheses, what is in them is told; of a literal argument nothing. */
static int
tell_source(struct run *r, enum mapping_told_kind kind, const struct source *s,
    const char *where, struct value *v)
{
	struct mapping_told told = { .kind = kind,
		.where = where,
		.text = s->text };
	struct jsonpath_nodes nodes;

	if (s->kind == SOURCE_CHAIN)
		return tell_chain(r, s->chain, where, v);
	if (run_alone(r, s, NULL, where, v) == -1)
		return -1;
	if (kind == MAPPING_TOLD_ARGUMENT && s->kind == SOURCE_LITERAL)
		return 0;
	nodes = nodes_of(r, s, where);
	told.value = json_of(r, v);
	told.nodes = nodes.at;
	told.node_count = nodes.count;
	if (!value_is_missing(v) || s->kind == SOURCE_LITERAL)
		told.rule = s;
	tell(r, &told);
	return 0;
}

static struct str
step_text(struct run *r, const struct step *s)
{
	struct bytes text;

	bytes_init_in(&text, r->in->arena, SIZE_MAX / 4);
	bytes_add_text(&text, s->transform->name);
	if (s->lenient)
		bytes_add_char(&text, '?');
	for (const struct source *a = s->args; a != NULL; a = a->next) {
		bytes_add_text(&text, a == s->args ? "(" : ", ");
		bytes_add_str(&text, a->text);
	}
	if (s->args != NULL)
		bytes_add_char(&text, ')');
	return bytes_str(&text);
}

static int
tell_step(struct run *r, const struct step *s, const char *where,
    struct value *v)
{
	struct mapping_told told = { .kind = MAPPING_TOLD_STEP,
		.where = where,
		.text = step_text(r, s) };
	struct value arg = { .kind = VALUE_ABSENT };

	for (const struct source *a = s->args; a != NULL; a = a->next)
		if (tell_source(r, MAPPING_TOLD_ARGUMENT, a, where, &arg) == -1)
			return -1;
	told.rule = transform_table_row(s->transform, s->prepared, v);
	if (run_alone(r, NULL, s, where, v) == -1)
		return -1;
	told.value = json_of(r, v);
	tell(r, &told);
	return 0;
}

static int
tell_chain(struct run *r, const struct chain *chain, const char *where,
    struct value *out)
{
	struct value v = { .kind = VALUE_ABSENT };
	struct value found = { .kind = VALUE_ABSENT };

	for (const struct source *s = chain->sources;
	     s != NULL && value_is_missing(&found); s = s->next) {
		if (tell_source(r, MAPPING_TOLD_SOURCE, s, where, &v) == -1)
			return -1;
		if (v.kind != VALUE_ABSENT)
			found = v;
	}
	for (const struct step *s = chain->steps; s != NULL; s = s->next)
		if (tell_step(r, s, where, &found) == -1)
			return -1;
	*out = found;
	return 0;
}

static int
tell_value(struct run *r, const struct node *n)
{
	struct mapping_told told = { .kind = MAPPING_TOLD_FIELD,
		.where = n->where,
		.text = n->text,
		.at = n->at };
	struct value v = { .kind = VALUE_ABSENT };
	struct result made;

	for (const struct part *p = n->parts; p != NULL; p = p->next)
		if (p->chain != NULL &&
		    tell_chain(r, p->chain, n->where, &v) == -1)
			return tell_fault(r, n->where);
	if (map_value(r, n, &made) == -1)
		return tell_fault(r, n->where);
	/* As the run does: several matches go into lists only. */
	if (made.value.kind == VALUE_LIST && made.value.matches)
		(void)!value_pour(&made.value, r->in->arena);
	told.value = json_of(r, &made.value);
	if (!value_is_missing(&made.value))
		told.rule = n;
	tell(r, &told);
	return 0;
}

/* False when what it stands at is not wanted. */
static bool
tell_wanted(struct run *r, const struct jsonpath_test *test, const char *where)
{
	struct mapping_told told = { .kind = MAPPING_TOLD_WHEN,
		.where = where };
	int yes = map_when(r, test, where);

	if (test == NULL)
		return true;
	if (yes == -1)
		return tell_fault(r, where) == 0;
	told.value = yes == 1 ? STR("true") : STR("false");
	told.rule = yes == 1 ? test : NULL;
	tell(r, &told);
	return yes == 1;
}

static void tell_node(struct run *r, const struct node *n);

/* What an each computes to go over it. */
static int
tell_over(struct run *r, const struct node *n)
{
	struct mapping_told told = { .kind = MAPPING_TOLD_FIELD,
		.where = n->over_where,
		.text = n->text };
	struct value v = { .kind = VALUE_ABSENT };

	if (tell_chain(r, n->over, n->over_where, &v) == -1)
		return tell_fault(r, n->over_where);
	told.value = json_of(r, &v);
	tell(r, &told);
	return 0;
}

static void
tell_each(struct run *r, const struct node *n)
{
	struct jsonpath_nodes items;
	doc_node outer = r->scope.current;

	if (n->over != NULL && tell_over(r, n) == -1)
		return;
	if (map_each_items(r, n, &items) == -1) {
		tell_fault(r, n->where);
		return;
	}
	for (size_t i = 0; i < items.count; i++) {
		r->scope.current = items.at[i];
		tell_node(r, n->as);
	}
	r->scope.current = outer;
}

/* As deep as the program is, MAPPING_DEPTH. */
static void
tell_node(struct run *r, const struct node *n)
{
	if (n->kind != NODE_GROUP && n->kind != NODE_LIST &&
	    n->kind != NODE_EACH) {
		(void)tell_value(r, n);
		return;
	}
	if (!tell_wanted(r, n->when, n->where))
		return;
	if (n->kind == NODE_EACH)
		tell_each(r, n);
	for (const struct member *m = n->members; m != NULL; m = m->next)
		tell_node(r, m->node);
}

void
map_tell_when(struct run *r, const struct jsonpath_test *test,
    const char *where)
{
	struct run own = *r;
	struct fault why = { 0 };

	own.why = &why;
	(void)tell_wanted(&own, test, where);
}

void
map_tell_update(struct run *r, const struct mapping *m)
{
	struct run own = *r;
	struct fault why = { 0 };
	struct mapping_told told = { .kind = MAPPING_TOLD_UPDATE,
		.where = "update",
		.nodes = &own.scope.current,
		.node_count = own.scope.current != DOC_NONE };

	own.why = &why;
	tell(&own, &told);
	if (!tell_wanted(&own, m->update->when, "update"))
		return;
	(void)tell_value(&own, m->lead_id);
	for (const struct member *n = m->update->members; n != NULL;
	     n = n->next)
		tell_node(&own, n->node);
}
