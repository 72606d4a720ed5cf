/* mapping/mapping_expr_source.c - paths, functions and literals of a hole. */
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
		struct place at = place_column(e->place, rest, why.column);

		e->failed = true;
		place_fault(e->c, &at, "%s", why.text);
		return NULL;
	}
	mapping_own_path(e->c->m, path);
	compile_remember(e->c, jsonpath_text(path));
	e->at += used;
	s->kind = SOURCE_PATH;
	s->text = str_trim((struct str){ rest.at, used });
	s->path = path;
	s->many = !jsonpath_is_singular(path);
	s->drop_empty = e->c->m->drop_empty;
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

/* The file's own `route`; NULL where a mapping stands without one. */
static const char *
route_of(const struct place *p)
{
	const config_setting_t *root = p->at, *up;
	const char *route = NULL;

	while ((up = config_setting_parent(root)) != NULL)
		root = up;
	(void)config_setting_lookup_string(root, "route", &route);
	return route;
}

/* param('x') of a route without {x} would be absent in every event. */
static bool
parse_param(struct expr *e, struct source *s)
{
	size_t at = e->at;
	const char *route = route_of(e->place);
	struct str rest = str_of(route != NULL ? route : ""), before, name;
	struct nearest near;

	if (!parse_argument(e, s))
		return false;
	nearest_start(&near, s->argument);
	while (str_cut(&rest, '{', &before) && rest.at != NULL) {
		if (!str_cut(&rest, '}', &name) || rest.at == NULL)
			break; /* no route; whoever reads that says so */
		if (str_eq(name, s->argument))
			return true;
		nearest_try(&near,
		    mapping_keep_print(e->c->m, "%.*s", STR_ARG(name)));
	}
	if (route == NULL)
		return true;
	expr_fault(e, at, "the route has no {%.*s}%s", STR_ARG(s->argument),
	    did_you_mean(e->c, nearest_found(&near)));
	return true;
}

/* Members that are to count as named: remainder($.a, 'x', 'y'). */
static bool
parse_left_out(struct expr *e, const struct jsonpath *path)
{
	while (expr_accept(e, STR(","))) {
		struct value name = { .kind = VALUE_ABSENT };
		size_t at;

		expr_skip_blanks(e);
		at = e->at;
		if (expr_literal(e, &name) == -1)
			return false;
		if (name.kind != VALUE_STRING) {
			expr_fault(e, at,
			    "the name of a member is expected, as 'name'");
			return false;
		}
		compile_remember_member(e->c, path, name.text);
	}
	return true;
}

/* The path to what is JSON in a text goes on: remainder($.raw | json). */
static bool
parse_read(struct expr *e, bool *json)
{
	size_t at;

	*json = expr_accept(e, STR("|"));
	if (!*json)
		return true;
	expr_skip_blanks(e);
	at = e->at;
	if (str_eq(expr_name(e), STR("json")))
		return true;
	expr_fault(e, at, "only json may stand here: remainder($.a | json)");
	return false;
}

/* remainder(), or with the path to the object: remainder($.answers). */
static bool
parse_remainder(struct expr *e, struct source *s)
{
	struct expr whole = { .c = e->c, .place = e->place, .text = STR("$") };
	size_t start = e->at;
	struct remainder *made;
	struct source *path;
	struct place at;
	bool json;

	expr_skip_blanks(e);
	path = parse_path(expr_peek(e) == ')' ? &whole : e);
	if (path == NULL)
		return false;
	at = expr_place(e, start);
	if (!parse_read(e, &json) || !parse_left_out(e, path->path))
		return false;
	if (!expr_accept(e, STR(")"))) {
		expr_fault(e, e->at,
		    "remainder() takes one path, or none, and names behind it");
		return false;
	}
	made = compile_remainder(e->c, &at, path->path);
	e->failed = e->failed || made == NULL;
	if (made != NULL) {
		at = place_part(e->place, s->text);
		made->mark = at.mark > 0 ? at.mark - 1 : SETTINGS_VALUE;
		made->json = json;
	}
	s->remainder = made;
	return true;
}

/* key() names the item that '@' is; where there is none, it is a mistake. */
static bool
parse_key(struct expr *e, struct source *s)
{
	size_t at = e->at;

	if (!parse_argument(e, s))
		return false;
	if (!e->place->item)
		expr_fault(e, at,
		    "key() is the name of an item; there is none here");
	return true;
}

/* One that does not exist, read past as far as that goes. */
static bool
skip_function(struct expr *e)
{
	struct source *argument;

	if (!expr_accept(e, STR("(")))
		return false;
	if (expr_accept(e, STR(")")))
		return true;
	argument = expr_source(e);
	return argument != NULL && expr_accept(e, STR(")"));
}

static struct source *
parse_function(struct expr *e)
{
	static bool (*const parsers[SOURCE_KINDS])(struct expr * e,
	    struct source * s) = {
		[SOURCE_FUNCTION] = parse_argument,
		[SOURCE_KEY] = parse_key,
		[SOURCE_PARAM] = parse_param,
		[SOURCE_REMAINDER] = parse_remainder,
	};
	struct source *s = mapping_take(e->c->m, sizeof(*s));
	size_t start = e->at;
	struct str name = expr_name(e);

	s->function = function_find(name);
	if (s->function == NULL) {
		const char *near = function_nearest(name);

		expr_fault(e, start, "there is no function '%.*s'%s%s",
		    STR_ARG(name), did_you_mean(e->c, near),
		    expr_peek(e) == '(' ? ""
		                        : "; a path begins with '$.' or '@.'");
		return skip_function(e) ? s : NULL;
	}
	if (!expr_accept(e, STR("("))) {
		expr_fault(e, e->at, "'(' is expected behind '%s'",
		    s->function->name);
		return NULL;
	}
	s->text = (struct str){ e->text.at + start, 0 };
	if (!parsers[s->function->kind](e, s))
		return NULL;
	if (str_eq(name, STR("delivery_id")))
		e->c->m->names_delivery = true;
	s->kind = s->function->kind;
	s->drop_empty = e->c->m->drop_empty;
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
