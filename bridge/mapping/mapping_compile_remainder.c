/*
 * mapping/mapping_compile_remainder.c - remainder(): what nothing else uses.
 *
 * A member counts as used when a path or a condition of the mapping names it:
 * $.email, $.email.work and $['email','phone'] all use `email`; and `x` of
 * $.a | get('$.x') is used in $.a. Which ones that are is known when all of
 * the file is compiled, and does not depend on the event.
 */
#include <stdlib.h>
#include <string.h>

#include "mapping/mapping_compile.h"

/* Paths made of those with several names; written by hand there are few. */
#define UNIONS_MAX 1000

void
compile_remember(struct compiler *c, struct str text)
{
	struct path_text *t = mapping_take(c->m, sizeof(*t));

	*t = (struct path_text){ text, c->texts };
	c->texts = t;
}

void
compile_remember_member(struct compiler *c, const struct jsonpath *path,
    struct str name)
{
	struct bytes text;

	bytes_init(&text, (size_t)1 << 20);
	bytes_add_str(&text, jsonpath_text(path));
	bytes_add_char(&text, '[');
	bytes_add_json(&text, name);
	bytes_add_char(&text, ']');
	compile_remember(c, mapping_keep(c->m, bytes_str(&text)));
	bytes_done(&text);
}

struct remainder *
compile_remainder(struct compiler *c, const struct place *p,
    const struct jsonpath *path)
{
	struct remainder *made = mapping_take(c->m, sizeof(*made));
	struct remainder **end = &c->m->remainders;

	if (!jsonpath_is_singular(path) || jsonpath_is_relative(path)) {
		place_fault(c, p,
		    "remainder() takes the path to one object of the body, as "
		    "in remainder($.answers)");
		return NULL;
	}
	made->path = path;
	made->at = p->at;
	made->where = p->where;
	while (*end != NULL)
		end = &(*end)->next;
	*end = made;
	return made;
}

/* Behind what is quoted at the front, or behind one character. */
static size_t
skip_quoted(struct str s)
{
	char quote = s.at[0];
	size_t i = 1;

	if (quote != '\'' && quote != '"')
		return 1;
	while (i < s.len && s.at[i] != quote)
		i += s.at[i] == '\\' ? 2 : 1;
	return i < s.len ? i + 1 : s.len;
}

/*
 * What leaves a value as it is, when it is there. What json reads is taken for
 * a part of the body: nothing else is at that path, where a text is.
 */
static bool
is_passing(const struct step *s)
{
	static const char *const names[] = { "default", "json", "keep_null",
		"null_if", "required" };

	for (size_t i = 0; i < COUNT_OF(names); i++)
		if (strcmp(s->transform->name, names[i]) == 0)
			return true;
	return false;
}

/* $.a, and .x of get('$.x'), are $.a.x: of every source there may be. */
static void
remember_below(struct compiler *c, const struct source *s, struct str below)
{
	for (; s != NULL; s = s->next) {
		if (s->kind == SOURCE_CHAIN && s->chain->steps == NULL)
			remember_below(c, s->chain->sources, below);
		if (s->kind == SOURCE_PATH)
			compile_remember(c,
			    str_of(mapping_keep_print(c->m, "%.*s%.*s",
			        STR_ARG(jsonpath_text(s->path)),
			        STR_ARG(below))));
	}
}

/* Up to the first filter: what stands in that is not of the body. */
static struct str
plain_path(struct str path)
{
	size_t i = 0;

	while (i < path.len && path.at[i] != '?')
		i += skip_quoted(str_skip(path, i));
	while (i < path.len && i > 0 && path.at[i] != '[')
		i--;
	return (struct str){ path.at, i };
}

void
compile_remember_gets(struct compiler *c, const struct chain *chain)
{
	const char *below = "";

	for (const struct step *s = chain->steps; s != NULL; s = s->next) {
		struct str path;

		if (strcmp(s->transform->name, "get") != 0) {
			if (is_passing(s))
				continue;
			return;
		}
		path = plain_path(s->args->literal.text);
		below = mapping_keep_print(c->m, "%s%.*s", below,
		    STR_ARG(str_skip(path, 1)));
		remember_below(c, chain->sources, str_of(below));
	}
}

/* The end of what begins with '[': the offset of its ']', or s.len. */
static size_t
closing_bracket(struct str s)
{
	size_t depth = 0, i = 0;

	for (; i < s.len; i += skip_quoted(str_skip(s, i))) {
		depth += s.at[i] == '[';
		depth -= s.at[i] == ']';
		if (depth == 0)
			break;
	}
	return i;
}

/* The next of the selectors between brackets: 'a', 'b' of ['a', 'b']. */
static struct str
next_selector(struct str *rest)
{
	struct str s = *rest;
	size_t depth = 0, i = 0;

	for (; i < s.len && (depth > 0 || s.at[i] != ',');
	     i += skip_quoted(str_skip(s, i))) {
		depth += s.at[i] == '[' || s.at[i] == '(';
		depth -= depth > 0 && (s.at[i] == ']' || s.at[i] == ')');
	}
	*rest = i < s.len ? str_skip(s, i + 1) : (struct str){ s.at + i, 0 };
	return str_trim((struct str){ s.at, i });
}

static bool
is_name(struct str selector)
{
	return selector.len > 0 &&
	    (selector.at[0] == '\'' || selector.at[0] == '"');
}

static bool
has_several(struct str text, size_t open, size_t close)
{
	struct str rest = { text.at + open + 1, close - open - 1 };

	next_selector(&rest);
	return rest.len > 0;
}

static void join_path(struct compiler *c, struct str text);

/* $['a','b'].x names what $['a'].x and $['b'].x name. */
static void
join_union(struct compiler *c, struct str text, size_t open, size_t close)
{
	struct str rest = { text.at + open + 1, close - open - 1 };
	struct str behind = str_skip(text, close + 1);

	while (rest.len > 0) {
		struct str selector = next_selector(&rest);
		char *one;

		if (!is_name(selector) || ++c->unions > UNIONS_MAX)
			continue;
		one = base_print("%.*s[%.*s]%.*s", (int)open, text.at,
		    STR_ARG(selector), STR_ARG(behind));
		join_path(c, str_of(one));
		base_free(one);
	}
}

/*
 * It joins those of the mapping; and where several names stand in brackets,
 * one path for each does.
 */
static void
join_path(struct compiler *c, struct str text)
{
	struct fault why = { 0 };
	size_t used = 0;
	struct jsonpath *path = jsonpath_compile(text, JSONPATH_PREFIX, &used,
	    &why);

	if (path == NULL)
		return;
	mapping_own_path(c->m, path);
	text.len = used;
	for (size_t i = 1; i < used; i++) {
		size_t close = i;

		if (text.at[i] != '[')
			continue;
		close += closing_bracket(str_skip(text, i));
		if (close < used && has_several(text, i, close)) {
			join_union(c, text, i, close);
			return;
		}
		i = close;
	}
}

/*
 * The paths in a condition or in another path's filters. What does not compile
 * here was refused where it stands.
 */
static void
join_paths(struct compiler *c, struct str text)
{
	for (size_t i = 0; i < text.len; i += skip_quoted(str_skip(text, i)))
		if (text.at[i] == '$')
			join_path(c, str_skip(text, i));
}

static int
by_name(const void *a, const void *b)
{
	return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

static void
settle(struct compiler *c, struct remainder *r)
{
	const struct jsonpath_family *family = c->m->family;
	struct str *names;

	r->count = jsonpath_steps(family, r->path, NULL);
	names = mapping_take(c->m, (r->count + 1) * sizeof(*names));
	jsonpath_steps(family, r->path, names);
	qsort(names, r->count, sizeof(*names), by_name);
	r->names = names;
}

void
compile_remainders_end(struct compiler *c)
{
	struct remainder *first = c->m->remainders;

	if (first == NULL)
		return;
	for (struct path_text *t = c->texts; t != NULL; t = t->next)
		join_paths(c, t->text);
	if (c->unions > UNIONS_MAX)
		settings_fault_in(c->all, first->at, SETTINGS_VALUE,
		    "remainder() stands beside paths that name more than %d "
		    "places with ['a', 'b']; write fewer",
		    UNIONS_MAX);
	for (struct remainder *r = first; r != NULL; r = r->next)
		settle(c, r);
}
