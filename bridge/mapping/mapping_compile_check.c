/*
 * mapping/mapping_compile_check.c - can this node fit its field?
 *
 * Only what is certain at load is a fault: the JSON type a node always makes,
 * literals, and rows of a table that end up in the field. What the document
 * brings is checked when it comes (mapping_run_print.c).
 */
#include <string.h>

#include "mapping/mapping_compile.h"

static void
check_type(struct compiler *c, const struct place *p, enum lead_type type,
    const char *what)
{
	if ((p->field->types & type) == 0)
		place_fault(c, p, "%s; %s stands here",
		    lead_problem(p->field, type, STR("")), what);
}

/* A word that is none of the field's: the list may be long, one is meant. */
static const char *
nearest_value(const struct lead_field *f, const struct value *v)
{
	struct nearest near;

	nearest_start(&near, v->text);
	for (const char *const *one = f->values; *one != NULL; one++)
		nearest_try(&near, *one);
	return nearest_found(&near);
}

/* A literal of the mapping; `what` says which, when that is not plain. */
static void
check_value(struct compiler *c, const struct place *p, const struct value *v,
    const char *what)
{
	const char *problem, *near = NULL;

	if (v->kind == VALUE_NULL || v->kind == VALUE_ABSENT)
		return; /* left out of the update */
	problem = lead_problem(p->field, value_lead_type(v), v->text);
	if (problem == NULL)
		return;
	if (p->field->values != NULL && v->kind == VALUE_STRING)
		near = nearest_value(p->field, v);
	if (near != NULL)
		place_fault(c, p, "%sis none of the contract's values%s", what,
		    did_you_mean(c, near));
	else
		place_fault(c, p, "%s%s", what, problem);
}

static void
check_row(struct compiler *c, const struct place *p,
    const struct mapping_table *t, struct str key, const struct value *v)
{
	check_value(c, p, v,
	    mapping_keep_print(c->m, "the row '%.*s' of table '%s' ",
	        STR_ARG(key), t->name));
}

static void
check_rows(struct compiler *c, const struct place *p,
    const struct mapping_table *t)
{
	for (size_t i = 0; t != NULL && i < t->count; i++)
		check_row(c, p, t, t->rows[i].key, &t->rows[i].value);
	if (t != NULL && t->rest != NULL)
		check_row(c, p, t, STR("*"), t->rest);
}

static bool
is_step(const struct step *s, const char *name)
{
	return strcmp(s->transform->name, name) == 0;
}

/* What these steps are given comes out unchanged, if it is there at all. */
static bool
only_defaults(const struct step *s)
{
	while (s != NULL && is_step(s, "default"))
		s = s->next;
	return s == NULL;
}

/* A step whose possible results are written in the file. */
static void
check_step(struct compiler *c, const struct place *p, const struct step *s)
{
	const struct source *arg = s->args;
	struct place at = *p;

	if (is_step(s, "keep_null") && (p->field->types & LEAD_NULL) == 0)
		place_fault(c, p, "keep_null: the contract takes no null here");
	if (arg == NULL || arg->kind != SOURCE_LITERAL ||
	    !only_defaults(s->next))
		return;
	at = place_part(p, arg->text);
	if (is_step(s, "default"))
		check_value(c, &at, &arg->literal, "the default ");
	if (is_step(s, "table"))
		check_rows(c, &at, compile_table_find(c, p, arg->literal.text));
}

static void
check_chain(struct compiler *c, const struct place *p,
    const struct chain *chain)
{
	for (const struct step *s = chain->steps; s != NULL; s = s->next)
		check_step(c, p, s);
	if (!only_defaults(chain->steps))
		return;
	for (const struct source *s = chain->sources; s != NULL; s = s->next) {
		struct place at = place_part(p, s->text);

		if (s->kind == SOURCE_LITERAL)
			check_value(c, &at, &s->literal,
			    "the last alternative ");
	}
}

void
check_node(struct compiler *c, const struct place *p, const struct node *n)
{
	switch (n->kind) {
	case NODE_LITERAL:
		check_value(c, p, &n->literal, "");
		break;
	case NODE_CHAIN:
	case NODE_SPLICED:
		check_chain(c, p, n->parts->chain);
		break;
	case NODE_TEXT:
		check_type(c, p, LEAD_STRING, "a text");
		break;
	case NODE_GROUP:
		check_type(c, p, LEAD_OBJECT, "a group");
		break;
	case NODE_LIST:
	case NODE_EACH:
		check_type(c, p, LEAD_ARRAY, "a list");
		break;
	case NODE_KINDS:
		bug("no such node");
	}
}
