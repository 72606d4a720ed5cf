/* mapping/mapping_expr_source.c - paths, functions and literals of a hole. */
#include <string.h>

#include "mapping/mapping_expr.h"

static struct source *
parse_path(struct expr *e)
{
	struct source *s = mapping_take(e->c->m, sizeof(*s));
	struct str rest = str_skip(e->text, e->at);
	unsigned flags = JSONPATH_STRICT |
	    (e->place->item ? JSONPATH_RELATIVE : 0);
	struct fault why = { 0 };
	struct jsonpath *path;
	size_t used = 0;

	path = jsonpath_compile(rest, flags | JSONPATH_PREFIX, &used, &why);
	if (path == NULL) {
		struct str before = { e->text.at, e->at };

		place_fault(e->c, e->place, "at character %zu: %s",
		    utf8_count(before) + (why.column > 0 ? why.column : 1),
		    why.text);
		return NULL;
	}
	mapping_own_path(e->c->m, path);
	e->at += used;
	s->kind = SOURCE_PATH;
	s->text = str_trim((struct str){ rest.at, used });
	s->path = path;
	s->many = !jsonpath_is_singular(path);
	return s;
}

static struct source *
parse_group(struct expr *e)
{
	struct source *s = mapping_take(e->c->m, sizeof(*s));
	size_t start = e->at;

	if (++e->depth > MAPPING_DEPTH) {
		expr_fault(e, start, "more than %d parentheses in each other",
		    MAPPING_DEPTH);
		return NULL;
	}
	e->at++;
	s->chain = expr_chain(e);
	if (s->chain == NULL)
		return NULL;
	if (!expr_accept(e, STR(")"))) {
		expr_fault(e, e->at, "'?\?', '|' or ')' is expected");
		return NULL;
	}
	e->depth--;
	s->kind = SOURCE_CHAIN;
	s->text = (struct str){ e->text.at + start, e->at - start };
	return s;
}

/* The literal text between the parentheses of a function, or none. */
static bool
parse_argument(struct expr *e, struct source *s)
{
	const struct function *f = s->function;
	struct value name = { .kind = VALUE_ABSENT };
	size_t at;

	expr_skip_blanks(e);
	at = e->at;
	if (expr_literal(e, &name) == -1)
		return false;
	if ((name.kind == VALUE_STRING) != (f->argument != NULL) ||
	    !expr_accept(e, STR(")"))) {
		if (f->argument != NULL)
			expr_fault(e, at, "%s('x') is expected, with %s",
			    f->name, f->argument);
		else
			expr_fault(e, at, "%s() takes no argument", f->name);
		return false;
	}
	s->argument = name.text;
	return true;
}

static struct source *
parse_function(struct expr *e)
{
	struct source *s = mapping_take(e->c->m, sizeof(*s));
	size_t start = e->at;
	struct str name = expr_name(e);

	s->function = function_find(name);
	if (s->function == NULL) {
		const char *near = function_nearest(name);

		expr_fault(e, start, "there is no function '%.*s'%s",
		    STR_ARG(name), did_you_mean(e->c, near));
		return NULL;
	}
	if (!expr_accept(e, STR("("))) {
		expr_fault(e, e->at, "'(' is expected behind '%s'",
		    s->function->name);
		return NULL;
	}
	if (!parse_argument(e, s))
		return NULL;
	s->kind = SOURCE_FUNCTION;
	s->text = (struct str){ e->text.at + start, e->at - start };
	return s;
}

static bool
is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

struct source *
expr_source(struct expr *e)
{
	struct value literal = { .kind = VALUE_ABSENT };
	struct source *s;
	size_t start;
	char c;

	expr_skip_blanks(e);
	c = expr_peek(e);
	start = e->at;
	if (c == '$' || c == '@')
		return parse_path(e);
	if (c == '(')
		return parse_group(e);
	switch (expr_literal(e, &literal)) {
	case -1:
		return NULL;
	case 0:
		if (is_letter(c))
			return parse_function(e);
		expr_fault(e, start,
		    "a path ($ or @), a function or "
		    "a literal is expected");
		return NULL;
	default:
		s = mapping_take(e->c->m, sizeof(*s));
		s->kind = SOURCE_LITERAL;
		s->literal = literal;
		s->text = (struct str){ e->text.at + start, e->at - start };
		return s;
	}
}
