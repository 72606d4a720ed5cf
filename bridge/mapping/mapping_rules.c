/*
 * mapping/mapping_rules.c - all that a mapping may do, one by one.
 *
 * The same places mapping_run_tell.c walks in a run; a rule's id is what it
 * tells there.
 */
#include "mapping/mapping_program.h"

struct listing {
	mapping_rule_visit *visit;
	void *context;
};

static void
list_rule(const struct listing *l, enum mapping_rule_kind kind,
    const char *where, struct str text, const void *id)
{
	struct mapping_rule rule = { .kind = kind,
		.where = where,
		.text = text,
		.id = id };

	l->visit(l->context, &rule);
}

static void list_chain(const struct listing *l, const struct chain *chain,
    const char *where, bool among);

/* Of parentheses, the sources in them stand for the whole. */
static void
list_source(const struct listing *l, const struct source *s, const char *where,
    bool among)
{
	if (s->kind == SOURCE_CHAIN)
		list_chain(l, s->chain, where, among);
	else if (among)
		list_rule(l, MAPPING_RULE_ALTERNATIVE, where, s->text, s);
}

/* among: the chain itself is one of several alternatives. */
static void
list_chain(const struct listing *l, const struct chain *chain,
    const char *where, bool among)
{
	if (chain->sources->next != NULL)
		among = true;
	for (const struct source *s = chain->sources; s != NULL; s = s->next)
		list_source(l, s, where, among);
	for (const struct step *s = chain->steps; s != NULL; s = s->next)
		for (const struct source *a = s->args; a != NULL; a = a->next)
			list_source(l, a, where, false);
}

static void
list_value(const struct listing *l, const struct node *n)
{
	struct mapping_rule rule = { .kind = MAPPING_RULE_FIELD,
		.where = n->where,
		.text = n->text,
		.id = n,
		.at = n->at };

	l->visit(l->context, &rule);
	for (const struct part *p = n->parts; p != NULL; p = p->next)
		if (p->chain != NULL)
			list_chain(l, p->chain, n->where, false);
}

/* As deep as the program is, MAPPING_DEPTH. */
static void
list_node(const struct listing *l, const struct node *n)
{
	if (n->kind != NODE_GROUP && n->kind != NODE_LIST &&
	    n->kind != NODE_EACH) {
		list_value(l, n);
		return;
	}
	if (n->when != NULL)
		list_rule(l, MAPPING_RULE_WHEN, n->where, STR_NONE, n->when);
	if (n->kind == NODE_EACH)
		list_node(l, n->as);
	for (const struct member *m = n->members; m != NULL; m = m->next)
		list_node(l, m->node);
}

static void
list_table(const struct listing *l, const struct mapping_table *t)
{
	for (size_t i = 0; i < t->count; i++)
		list_rule(l, MAPPING_RULE_ROW, t->name, t->rows[i].key,
		    &t->rows[i].value);
	if (t->rest != NULL)
		list_rule(l, MAPPING_RULE_ROW, t->name, STR("*"), t->rest);
}

void
mapping_rules(const struct mapping *m, mapping_rule_visit *visit, void *context)
{
	struct listing l = { visit, context };

	if (m->when != NULL)
		list_rule(&l, MAPPING_RULE_WHEN, "when", STR_NONE, m->when);
	list_node(&l, m->lead_id);
	list_node(&l, m->update);
	for (size_t i = 0; i < m->table_count; i++)
		list_table(&l, &m->tables[i]);
}
