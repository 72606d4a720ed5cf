/*
 * jsonpath/jsonpath_logic.c - filters: logic, comparisons, functions.
 *
 * Types are checked while parsing (RFC 9535 section 2.4.3), each complaint at
 * the column of what has the wrong type.
 */
#include "jsonpath/jsonpath_parse.h"
#include "jsonpath/jsonpath_regex.h"

static struct expr *parse_any(struct parser *p);
static int parse_operand(struct parser *p, struct operand *o);

static struct expr *
new_expr(struct parser *p, enum expr_kind kind)
{
	struct expr *e = program_take(p->program, sizeof(*e));

	e->kind = kind;
	return e;
}

/* Longer signs first: the first that fits is taken. */
static const struct name comparisons[] = {
	{ "==", COMPARE_EQUAL },
	{ "!=", COMPARE_UNEQUAL },
	{ "<=", COMPARE_LESS_EQUAL },
	{ ">=", COMPARE_MORE_EQUAL },
	{ "<", COMPARE_LESS },
	{ ">", COMPARE_MORE },
	{ NULL, -1 },
};

static bool
take_comparison(struct parser *p, enum comparison *how)
{
	for (const struct name *n = comparisons; n->text != NULL; n++) {
		if (!parse_take(p, n->text))
			continue;
		*how = (enum comparison)n->value;
		return true;
	}
	return false;
}

/* What people write where && or || has to stand. */
static const struct advice {
	const char *text;
	const char *say;
} slips[] = {
	{ "=", "equality is written ==" },
	{ "&", "'and' is written &&" },
	{ "and", "'and' is written &&" },
	{ "AND", "'and' is written &&" },
	{ "|", "'or' is written ||" },
	{ "or", "'or' is written ||" },
	{ "OR", "'or' is written ||" },
};

int
parse_logic_end(struct parser *p, const char *expected)
{
	const char *from = p->at;
	struct str found = str_span(from, p->at < p->end ? from + 1 : from);
	enum comparison how;

	if (take_comparison(p, &how))
		return parse_fail(p, from,
		    "a comparison has two sides; join two by && or ||");
	(void)parse_name(p, &found);
	for (size_t i = 0; i < COUNT_OF(slips); i++)
		if (str_eq(found, str_of(slips[i].text)))
			return parse_fail(p, from, "%s", slips[i].say);
	p->at = from;
	return parse_expected(p, expected);
}

static const struct function *
find_function(struct parser *p, const char *at, struct str name)
{
	struct nearest near;
	const char *meant;

	nearest_start(&near, name);
	for (const struct function *f = functions; f->name != NULL; f++) {
		if (str_eq(str_of(f->name), name))
			return f;
		nearest_try(&near, f->name);
	}
	meant = nearest_found(&near);
	parse_fail(p, at, "unknown function '%.*s'%s%s%s", STR_ARG(name),
	    MEANT_ARG(meant));
	return NULL;
}

/* Whether an argument is of the type its function takes there. */
static int
check_argument(struct parser *p, const struct function *f, enum type takes,
    const struct operand *o, const char *at)
{
	if (takes == TYPE_NODES) {
		if (o->kind == OPERAND_QUERY)
			return 0;
		return parse_fail(p, at, "%s() takes a path", f->name);
	}
	if (o->kind == OPERAND_QUERY && !o->query->singular)
		return parse_fail(p, at,
		    "%s() takes one value; this path can select several",
		    f->name);
	if (o->kind == OPERAND_CALL && o->call->function->result != TYPE_VALUE)
		return parse_fail(p, at,
		    "%s() takes a value; %s() is true or false", f->name,
		    o->call->function->name);
	return 0;
}

static int
wrong_count(struct parser *p, const char *at, const struct function *f)
{
	return parse_fail(p, at, "%s() takes %s", f->name,
	    f->takes == 1 ? "one argument" : "two arguments");
}

/* One argument; blanks around it are taken. */
static int
parse_argument(struct parser *p, const struct function *f, enum type takes,
    struct operand *o)
{
	const char *from = p->at;

	if (parse_peek(p) == '!' || parse_peek(p) == '(')
		return parse_fail(p, from,
		    takes == TYPE_NODES ? "%s() takes a path"
		                        : "%s() takes a value, no condition",
		    f->name);
	if (parse_operand(p, o) == -1)
		return -1;
	if (check_argument(p, f, takes, o, from) == -1)
		return -1;
	parse_blanks(p);
	return 0;
}

/* Behind the parenthesis, up to and with the closing one. */
static int
parse_arguments(struct parser *p, const char *name, const struct function *f,
    struct call *call)
{
	struct operand **end = &call->args;

	parse_blanks(p);
	for (unsigned i = 0; i < f->takes; i++) {
		struct operand *o = program_take(p->program, sizeof(*o));

		if (parse_take(p, ")"))
			return wrong_count(p, name, f);
		if (i > 0 && !parse_take(p, ","))
			return parse_expected(p, "','");
		parse_blanks(p);
		if (parse_argument(p, f, f->args[i], o) == -1)
			return -1;
		*end = o;
		end = &o->next;
	}
	if (parse_peek(p) == ',')
		return wrong_count(p, name, f);
	if (!parse_take(p, ")"))
		return parse_expected(p, "')'");
	return 0;
}

/* A pattern that is written out is compiled with the path, once. */
static int
compile_pattern(struct parser *p, struct call *call, const char *at)
{
	const struct operand *o;
	struct regex *regex;

	if (!call->function->pattern)
		return 0;
	o = call->args->next;
	if (o->kind != OPERAND_LITERAL || o->literal.kind != DOC_STRING)
		return 0;
	regex = regex_new(o->literal.text, call->function->whole);
	if (regex == NULL)
		return parse_fail(p, at,
		    "the regular expression of %s() is too large",
		    call->function->name);
	if (regex->code == NULL && p->strict) {
		regex_free(regex);
		return parse_fail(p, at,
		    "the pattern of %s() is no I-Regexp (RFC 9485) and would "
		    "never match; \\d is [0-9] there, \\w is [A-Za-z0-9_]",
		    call->function->name);
	}
	regex->next = p->program->regexes;
	p->program->regexes = regex;
	call->regex = regex;
	return 0;
}

static struct call *
parse_call(struct parser *p, const char *from, struct str name)
{
	struct call *call = program_take(p->program, sizeof(*call));

	if (parse_enter(p) == -1)
		return NULL;
	p->at++;
	call->function = find_function(p, from, name);
	if (call->function == NULL)
		return NULL;
	if (parse_arguments(p, from, call->function, call) == -1)
		return NULL;
	if (compile_pattern(p, call, from) == -1)
		return NULL;
	parse_leave(p);
	return call;
}

static const struct name literals[] = {
	{ "null", DOC_NULL },
	{ "false", DOC_FALSE },
	{ "true", DOC_TRUE },
	{ NULL, -1 },
};

/* A word that is neither a function's call nor a literal. Always -1. */
static int
unknown_word(struct parser *p, const char *from, struct str word)
{
	struct nearest near;

	parse_blanks(p);
	if (parse_peek(p) == '(')
		return parse_fail(p, from,
		    "no blanks between a function's name and its '('");
	nearest_start(&near, word);
	for (const struct name *n = literals; n->text != NULL; n++)
		nearest_try(&near, n->text);
	if (nearest_found(&near) != NULL)
		return parse_fail(p, from, "unknown word '%.*s'%s%s%s",
		    STR_ARG(word), MEANT_ARG(nearest_found(&near)));
	return parse_fail(p, from,
	    "unknown word '%.*s'; a text is quoted, a path begins with %s",
	    STR_ARG(word), p->current ? "'$' or '@'" : "'$'");
}

static int
parse_word(struct parser *p, struct operand *o)
{
	const char *from = p->at;
	struct str word;
	int kind;

	if (!parse_name(p, &word))
		return parse_expected(p,
		    "a path, a function, a value, '!' or '('");
	if (parse_peek(p) == '(') {
		o->kind = OPERAND_CALL;
		o->call = parse_call(p, from, word);
		return o->call != NULL ? 0 : -1;
	}
	kind = name_value(literals, word);
	if (kind == -1)
		return unknown_word(p, from, word);
	o->literal.kind = (enum doc_kind)kind;
	return 0;
}

static int
parse_operand(struct parser *p, struct operand *o)
{
	char c = parse_peek(p);

	o->kind = OPERAND_LITERAL;
	o->literal.node = DOC_NONE;
	if (c == '$' || c == '@') {
		o->kind = OPERAND_QUERY;
		o->query = parse_query(p);
		return o->query != NULL ? 0 : -1;
	}
	if (c == '\'' || c == '"') {
		o->literal.kind = DOC_STRING;
		return parse_string(p, &o->literal.text);
	}
	if (parse_starts_integer(p)) {
		o->literal.kind = DOC_NUMBER;
		return parse_number(p, &o->literal.text);
	}
	return parse_word(p, o);
}

static int
check_comparable(struct parser *p, const struct operand *o, const char *at)
{
	if (o->kind == OPERAND_QUERY && !o->query->singular)
		return parse_fail(p, at,
		    "only one value is compared; this path can select"
		    " several");
	if (o->kind == OPERAND_CALL && o->call->function->result != TYPE_VALUE)
		return parse_fail(p, at,
		    "%s() is true or false; nothing to compare it with",
		    o->call->function->name);
	return 0;
}

/* An operand that stands alone has to be a condition by itself. */
static struct expr *
parse_test(struct parser *p, const struct operand *o, const char *at)
{
	struct expr *e;

	if (o->kind == OPERAND_LITERAL) {
		parse_fail(p, at,
		    "a value alone is no condition; compare it with ==, !=,"
		    " <, <=, > or >=");
		return NULL;
	}
	if (o->kind == OPERAND_QUERY) {
		e = new_expr(p, EXPR_EXISTS);
		e->query = o->query;
		return e;
	}
	if (o->call->function->result != TYPE_LOGICAL) {
		parse_fail(p, at,
		    "%s() is a value, no condition; compare it with ==, !=,"
		    " <, <=, > or >=",
		    o->call->function->name);
		return NULL;
	}
	e = new_expr(p, EXPR_CALL);
	e->call = o->call;
	return e;
}

static bool
is_text(const struct operand *o)
{
	return o->kind == OPERAND_LITERAL && o->literal.kind == DOC_STRING;
}

/* Behind the sign. */
static struct expr *
parse_comparison(struct parser *p, const struct operand *left, const char *at,
    enum comparison how)
{
	struct operand *right = program_take(p->program, sizeof(*right));
	struct expr *e = new_expr(p, EXPR_COMPARE);
	const char *from;

	if (check_comparable(p, left, at) == -1)
		return NULL;
	parse_blanks(p);
	from = p->at;
	if (parse_operand(p, right) == -1)
		return NULL;
	if (check_comparable(p, right, from) == -1)
		return NULL;
	if (how == COMPARE_EQUAL && left->kind == OPERAND_QUERY &&
	    is_text(right))
		e->kind = EXPR_IS_TEXT;
	e->how = how;
	e->left = left;
	e->right = right;
	return e;
}

/* A comparison or a condition that needs none. */
static struct expr *
parse_plain(struct parser *p)
{
	struct operand *left = program_take(p->program, sizeof(*left));
	const char *from = p->at;
	enum comparison how;

	if (parse_operand(p, left) == -1)
		return NULL;
	parse_blanks(p);
	if (take_comparison(p, &how))
		return parse_comparison(p, left, from, how);
	return parse_test(p, left, from);
}

static struct expr *
parse_group(struct parser *p)
{
	struct expr *e;
	enum comparison how;
	const char *behind;

	if (parse_enter(p) == -1)
		return NULL;
	p->at++;
	parse_blanks(p);
	e = parse_any(p);
	if (e == NULL)
		return NULL;
	parse_blanks(p);
	if (!parse_take(p, ")")) {
		parse_logic_end(p, "'&&', '||' or ')'");
		return NULL;
	}
	parse_leave(p);
	parse_blanks(p);
	behind = p->at;
	if (take_comparison(p, &how)) {
		parse_fail(p, behind,
		    "what stands in parentheses cannot be compared");
		return NULL;
	}
	return e;
}

/* What ! stands before: parentheses, a path or a function. */
static struct expr *
parse_negated(struct parser *p)
{
	const char *from = p->at;
	struct expr *e;

	if (parse_peek(p) == '(')
		return parse_group(p);
	if (parse_peek(p) == '!') {
		parse_fail(p, from, "one ! is enough");
		return NULL;
	}
	e = parse_plain(p);
	if (e != NULL && e->kind != EXPR_EXISTS && e->kind != EXPR_CALL) {
		parse_fail(p, from,
		    "! before a comparison needs parentheses: !(...)");
		return NULL;
	}
	return e;
}

static struct expr *
parse_not(struct parser *p)
{
	struct expr *e = new_expr(p, EXPR_NOT);

	p->at++;
	parse_blanks(p);
	e->terms = parse_negated(p);
	return e->terms != NULL ? e : NULL;
}

static struct expr *
parse_basic(struct parser *p)
{
	if (parse_peek(p) == '!')
		return parse_not(p);
	if (parse_peek(p) == '(')
		return parse_group(p);
	return parse_plain(p);
}

/* term, or term sign term sign term ...; blanks behind are taken. */
static struct expr *
parse_chain(struct parser *p, const char *sign, enum expr_kind kind,
    struct expr *(*parse_term)(struct parser *))
{
	struct expr *first = parse_term(p);
	struct expr *last = first;
	struct expr *chain;

	if (first == NULL)
		return NULL;
	parse_blanks(p);
	if (!parse_take(p, sign))
		return first;
	do {
		parse_blanks(p);
		last->next = parse_term(p);
		last = last->next;
		if (last == NULL)
			return NULL;
		parse_blanks(p);
	} while (parse_take(p, sign));
	chain = new_expr(p, kind);
	chain->terms = first;
	return chain;
}

static struct expr *
parse_all(struct parser *p)
{
	return parse_chain(p, "&&", EXPR_ALL, parse_basic);
}

static struct expr *
parse_any(struct parser *p)
{
	return parse_chain(p, "||", EXPR_ANY, parse_all);
}

struct expr *
parse_logic(struct parser *p)
{
	parse_blanks(p);
	return parse_any(p);
}
