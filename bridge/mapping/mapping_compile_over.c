/* mapping/mapping_compile_over.c - what an each goes over. */
#include <string.h>

#include "mapping/mapping_expr.h"

static bool
is_alone(const struct chain *chain)
{
	return chain->sources->next == NULL && chain->steps == NULL;
}

/*
 * The get() at the end, which selects nodes and not only values. One whose
 * path has to begin at the root of its document is a step like the others.
 */
static const struct step *
last_get(const struct chain *chain)
{
	const struct step *s = chain->steps;

	while (s != NULL && s->next != NULL)
		s = s->next;
	if (s == NULL || strcmp(s->transform->name, "get") != 0 ||
	    !jsonpath_is_relative(s->prepared))
		return NULL;
	return s;
}

static void
settle(struct compiler *c, const struct place *p, const struct chain *chain,
    struct node *n)
{
	const struct source *s = chain->sources;

	if (is_alone(chain) && s->kind == SOURCE_PATH) {
		n->each = s->path;
	} else if (is_alone(chain) && s->kind == SOURCE_REMAINDER) {
		n->rest = s->remainder;
	} else if (is_alone(chain) && s->kind == SOURCE_LITERAL) {
		place_fault(c, p, "a path ($ or @) is expected");
	} else {
		n->over = chain;
		n->last = last_get(chain);
		n->over_where = p->where;
	}
}

/* A word that is no function is a path without its '$'. */
static bool
is_bare_path(struct str text)
{
	struct expr e = { .text = text };
	struct str name = expr_name(&e);

	return name.len > 0 && function_find(name) == NULL;
}

void
compile_over(struct compiler *c, const struct place *p, struct str text,
    struct node *n)
{
	struct expr e = { .c = c, .place = p, .text = text };
	const struct chain *chain;

	if (!utf8_valid(text)) {
		place_fault(c, p, "is not UTF-8");
		return;
	}
	if (str_starts(text, STR("{"))) {
		place_fault(c, p,
		    "is computed without braces, as in \"$.answers\" or "
		    "\"$.raw | json\"");
		return;
	}
	n->text = text;
	if (is_bare_path(text)) {
		n->each = compile_path(c, p, text); /* for its fault */
		return;
	}
	chain = expr_chain(&e);
	expr_skip_blanks(&e);
	if (chain != NULL && e.at < text.len)
		expr_fault(&e, e.at, "'?\?', '|' or the end is expected");
	if (chain != NULL && !e.failed)
		settle(c, p, chain, n);
}
