/* mapping/mapping_expr.c - texts, their holes, and the pipes in them. */
#include <stdarg.h>
#include <string.h>

#include "mapping/mapping_expr.h"

/* Far past anything written by hand; keeps a load linear in the file. */
#define TEXT_CEILING (64 << 10)

struct place
expr_place(const struct expr *e, size_t at)
{
	return place_part(e->place, str_skip(e->text, at));
}

void
expr_fault(struct expr *e, size_t at, const char *fmt, ...)
{
	struct place place = expr_place(e, at);
	struct bytes words;
	va_list ap;

	e->failed = true;
	bytes_init(&words, 1024);
	va_start(ap, fmt);
	bytes_addv(&words, fmt, ap);
	va_end(ap);
	place_fault(e->c, &place, "%.*s", STR_ARG(bytes_str(&words)));
	bytes_done(&words);
}

void
expr_skip_blanks(struct expr *e)
{
	while (e->at < e->text.len &&
	    strchr(" \t\r\n", e->text.at[e->at]) != NULL &&
	    e->text.at[e->at] != '\0')
		e->at++;
}

char
expr_peek(const struct expr *e)
{
	return e->at < e->text.len ? e->text.at[e->at] : '\0';
}

bool
expr_accept(struct expr *e, struct str word)
{
	expr_skip_blanks(e);
	if (!str_starts(str_skip(e->text, e->at), word))
		return false;
	e->at += word.len;
	return true;
}

static bool
is_name_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') || c == '_';
}

struct str
expr_name(struct expr *e)
{
	size_t start = e->at;

	if (expr_peek(e) >= '0' && expr_peek(e) <= '9')
		return STR_NONE;
	while (is_name_char(expr_peek(e)))
		e->at++;
	return (struct str){ e->text.at + start, e->at - start };
}

/* (a, b, ...) behind a step's name, or nothing. */
static bool
parse_args(struct expr *e, struct step *step)
{
	const struct source **tail = &step->args;
	struct source *arg;

	if (!expr_accept(e, STR("(")) || expr_accept(e, STR(")")))
		return true;
	do {
		arg = expr_source(e);
		if (arg == NULL)
			return false;
		*tail = arg;
		tail = &arg->next;
		step->arg_count++;
	} while (expr_accept(e, STR(",")));
	if (expr_accept(e, STR(")")))
		return true;
	expr_fault(e, e->at, "',' or ')' is expected");
	return false;
}

static bool
check_arity(struct expr *e, size_t at, const struct step *step)
{
	const struct transform *t = step->transform;
	unsigned max = t->max_args;

	if (step->arg_count >= t->min_args && step->arg_count <= max &&
	    step->arg_count <= TRANSFORM_ARGS)
		return true;
	if (max == 0)
		expr_fault(e, at, "'%s' takes no argument", t->name);
	else if (t->min_args == max)
		expr_fault(e, at, "'%s' takes %u argument%s, not %zu", t->name,
		    max, max > 1 ? "s" : "", step->arg_count);
	else
		expr_fault(e, at, "'%s' takes %u to %u arguments, not %zu",
		    t->name, t->min_args, max, step->arg_count);
	return false;
}

/* The literal arguments as values. True when all are. */
static bool
literal_args(const struct step *step, struct value *args)
{
	bool all = true;
	size_t i = 0;

	for (const struct source *s = step->args; s != NULL; s = s->next) {
		if (s->kind == SOURCE_LITERAL)
			args[i++] = s->literal;
		else {
			args[i++] = (struct value){ .kind = VALUE_ABSENT };
			all = false;
		}
	}
	return all;
}

/* The one transform that reads a table must name one that there is. */
static bool
check_table(struct expr *e, size_t at, const struct value *name)
{
	struct place p = expr_place(e, at);

	if (name->kind != VALUE_STRING)
		expr_fault(e, at,
		    "'table' wants the name of a table, as 'name'");
	else if (compile_table_find(e->c, &p, name->text) != NULL)
		return true;
	e->failed = true;
	return false;
}

static void
prepare_step(struct expr *e, size_t at, struct step *step)
{
	const struct transform *t = step->transform;
	struct value args[TRANSFORM_ARGS] = { 0 };
	struct transform_setup setup = { .args = args,
		.arg_count = step->arg_count,
		.tables = e->c->m->tables,
		.table_count = e->c->m->table_count,
		.region = e->c->m->region,
		.drop_empty = e->c->m->drop_empty };
	struct fault why = { 0 };
	void *prepared = NULL;
	bool all = literal_args(step, args);

	if (!all && (t->flags & TRANSFORM_LITERAL_ARGS)) {
		expr_fault(e, at, "the arguments of '%s' must be literals",
		    t->name);
		return;
	}
	if (strcmp(t->name, "table") == 0 && !check_table(e, at, &args[0]))
		return;
	if (strcmp(t->name, "phone") == 0)
		e->c->region_used = true;
	if (t->prepare == NULL ||
	    (!all && (t->flags & TRANSFORM_MIXED_ARGS) == 0))
		return;
	if (t->prepare(&setup, &prepared, &why) == -1) {
		expr_fault(e, at, "%s", why.text);
		return;
	}
	mapping_own(e->c->m, t->release, prepared);
	step->prepared = prepared;
}

/*
 * The '?' right behind a step. `required` is there to refuse: leaving out
 * what it refuses would be the same as nothing.
 */
static void
parse_lenient(struct expr *e, size_t at, struct step *step)
{
	if (expr_peek(e) != '?')
		return;
	e->at++;
	step->lenient = true;
	if (step->transform != NULL &&
	    strcmp(step->transform->name, "required") == 0)
		expr_fault(e, at, "'required?' would refuse nothing");
}

/* One that does not exist is read past: what follows may be wrong, too. */
static struct step *
parse_step(struct expr *e)
{
	struct step *step = mapping_take(e->c->m, sizeof(*step));
	struct str name;
	size_t at;

	expr_skip_blanks(e);
	at = e->at;
	name = expr_name(e);
	if (name.len == 0) {
		expr_fault(e, at, "the name of a transform is expected");
		return NULL;
	}
	step->transform = transform_find(name);
	if (step->transform == NULL)
		expr_fault(e, at, "there is no transform '%.*s'%s",
		    STR_ARG(name), did_you_mean(e->c, transform_nearest(name)));
	if (!parse_args(e, step))
		return NULL;
	if (step->transform != NULL && check_arity(e, at, step))
		prepare_step(e, at, step);
	parse_lenient(e, at, step);
	return step;
}

/* A literal is always there: what stands behind it would never be asked. */
static void
check_reached(struct expr *e, const struct source *s, size_t at)
{
	if (s->kind == SOURCE_LITERAL && s->literal.kind != VALUE_NULL)
		expr_fault(e, at,
		    "nothing behind this '?\?' is ever reached: "
		    "a literal is always present");
}

static bool
parse_sources(struct expr *e, struct chain *chain)
{
	const struct source **tail = &chain->sources;
	struct source *s;

	for (;;) {
		s = expr_source(e);
		if (s == NULL)
			return false;
		*tail = s;
		tail = &s->next;
		if (!expr_accept(e, STR("??")))
			return true;
		check_reached(e, s, e->at - 2);
	}
}

const struct chain *
expr_chain(struct expr *e)
{
	struct chain *chain = mapping_take(e->c->m, sizeof(*chain));
	const struct step **tail = &chain->steps;

	if (!parse_sources(e, chain))
		return NULL;
	while (expr_accept(e, STR("|"))) {
		struct step *step = parse_step(e);

		if (step == NULL)
			return NULL;
		*tail = step;
		tail = &step->next;
	}
	if (!e->failed)
		compile_remember_gets(e->c, chain);
	return chain;
}

/* Behind the opening brace. */
static bool
parse_hole(struct expr *e, struct part *part)
{
	size_t open = e->at - 1;

	part->chain = expr_chain(e);
	if (part->chain == NULL)
		return false;
	if (expr_accept(e, STR("}"))) {
		part->text = (struct str){ e->text.at + open, e->at - open };
		return true;
	}
	if (e->at == e->text.len)
		expr_fault(e, open,
		    "this '{' is never closed; "
		    "write '{{' for a brace");
	else
		expr_fault(e, e->at, "'?\?', '|' or '}' is expected");
	return false;
}

/* Characters up to the next hole, or through the first of two braces. */
static bool
parse_stretch(struct expr *e, struct part *part)
{
	size_t start = e->at;
	char c;

	while ((c = expr_peek(e)) != '\0' || e->at < e->text.len) {
		bool twice = e->at + 1 < e->text.len &&
		    e->text.at[e->at + 1] == c;

		if ((c == '{' || c == '}') && twice) {
			part->text = str_span(e->text.at + start,
			    e->text.at + e->at + 1);
			e->at += 2;
			return true;
		}
		if (c == '}') {
			expr_fault(e, e->at,
			    "this '}' closes nothing; "
			    "write '}}' for a brace");
			return false;
		}
		if (c == '{')
			break;
		e->at++;
	}
	part->text = str_span(e->text.at + start, e->text.at + e->at);
	return true;
}

static struct part *
parse_part(struct expr *e)
{
	struct part *part = mapping_take(e->c->m, sizeof(*part));
	struct str rest = str_skip(e->text, e->at);
	bool ok;

	if (str_starts(rest, STR("{")) && !str_starts(rest, STR("{{"))) {
		e->at++;
		ok = parse_hole(e, part);
	} else
		ok = parse_stretch(e, part);
	return ok ? part : NULL;
}

/*
 * Behind a fault of form: on to the end of its hole, or behind the brace that
 * closes nothing. What is in quotes ends no hole.
 */
static void
skip_part(struct expr *e)
{
	char quote = '\0';

	for (; e->at < e->text.len; e->at++) {
		char c = e->text.at[e->at];

		if (quote != '\0') {
			e->at += c == '\\';
			quote = c == quote ? '\0' : quote;
		} else if (c == '\'' || c == '"') {
			quote = c;
		} else if (c == '}') {
			e->at++;
			return;
		}
	}
	e->at = e->text.len;
}

/* All parts are characters: one string. */
static struct value
join_parts(struct compiler *c, const struct part *parts)
{
	struct str all;
	size_t len = 0;
	char *text;

	for (const struct part *p = parts; p != NULL; p = p->next)
		len += p->text.len;
	text = mapping_take(c->m, len + 1);
	all = (struct str){ text, len };
	for (const struct part *p = parts; p != NULL; p = p->next) {
		if (p->text.len > 0)
			memcpy(text, p->text.at, p->text.len);
		text += p->text.len;
	}
	return value_string(all);
}

static void
settle_kind(struct compiler *c, struct node *n)
{
	const struct part *first = n->parts;
	size_t holes = 0;

	for (const struct part *p = first; p != NULL; p = p->next)
		holes += p->chain != NULL;
	n->kind = NODE_TEXT;
	if (holes == 0) {
		n->kind = NODE_LITERAL;
		n->literal = join_parts(c, first);
	} else if (first->next == NULL) {
		const struct source *s = first->chain->sources;

		n->kind = NODE_CHAIN;
		if (s->kind == SOURCE_LITERAL && s->next == NULL &&
		    first->chain->steps == NULL) {
			n->kind = NODE_LITERAL;
			n->literal = s->literal;
		}
	}
}

struct node *
compile_text(struct compiler *c, const struct place *p, struct str text)
{
	struct expr e = { .c = c, .place = p, .text = text };
	struct node *n = mapping_take(c->m, sizeof(*n));
	const struct part **tail = &n->parts;

	if (text.len > TEXT_CEILING) {
		place_fault(c, p, "is longer than %d bytes", TEXT_CEILING);
		return NULL;
	}
	if (!utf8_valid(text)) {
		place_fault(c, p, "is not UTF-8");
		return NULL;
	}
	while (e.at < text.len) {
		struct part *part = parse_part(&e);

		if (part == NULL) {
			skip_part(&e);
			continue;
		}
		*tail = part;
		tail = &part->next;
	}
	if (e.failed)
		return NULL;
	n->where = p->where;
	n->at = p->at;
	n->field = p->field;
	n->text = text;
	settle_kind(c, n);
	if (p->element && n->kind == NODE_CHAIN)
		n->kind = NODE_SPLICED;
	return n;
}
