/* jsonpath/jsonpath.c - the door: compiling and running paths and tests. */
#include "jsonpath/jsonpath_notes.h"
#include "jsonpath/jsonpath_parse.h"
#include "jsonpath/jsonpath_run.h"

/* run_init() sets what is read; the room of its stack need not be cleared. */
#define SCRATCH __attribute__((uninitialized))

struct jsonpath {
	struct program program;
	const struct query *query;
	/* In a family: where the query gets to by steps, and what is left. */
	uint32_t place;
	const struct segment *rest;
};

struct jsonpath_test {
	struct program program;
	const struct expr *expr;
};

static void
parser_init(struct parser *p, struct program *program, struct str text,
    unsigned flags, struct fault *why)
{
	if (text.at == NULL)
		text = STR("");
	*p = (struct parser){ .start = text.at,
		.at = text.at,
		.end = text.at + text.len,
		.program = program,
		.current = (flags & JSONPATH_RELATIVE) != 0,
		.strict = (flags & JSONPATH_STRICT) != 0,
		.why = why };
}

static int
check_characters(struct parser *p)
{
	struct str text = str_span(p->start, p->end);
	size_t bad = utf8_bad(text);

	if (bad == text.len)
		return 0;
	return parse_fail(p, p->start + bad, "this is not UTF-8");
}

static int
check_length(struct parser *p, const char *end)
{
	if (end - p->start <= JSONPATH_TEXT_MAX)
		return 0;
	return parse_fail(p, p->start, "longer than %d bytes",
	    JSONPATH_TEXT_MAX);
}

/* The path had to be all of the text. */
static int
check_end(struct parser *p)
{
	const char *behind = p->at;

	if (p->at == p->end)
		return 0;
	parse_blanks(p);
	if (p->at == p->end)
		return parse_fail(p, behind,
		    "blanks behind a path are not part of it");
	return parse_expected(p, "'.', '..', '[' or the end of the path");
}

static int
parse_path(struct parser *p, struct jsonpath *path, bool prefix)
{
	if (check_characters(p) == -1)
		return -1;
	if (!prefix && check_length(p, p->end) == -1)
		return -1;
	path->query = parse_query(p);
	if (path->query == NULL)
		return -1;
	return prefix ? check_length(p, p->at) : check_end(p);
}

struct jsonpath *
jsonpath_compile(struct str text, unsigned flags, size_t *used,
    struct fault *why)
{
	struct jsonpath *path = base_alloc(sizeof(*path));
	struct parser p;

	parser_init(&p, &path->program, text, flags, why);
	if (parse_path(&p, path, (flags & JSONPATH_PREFIX) != 0) == -1) {
		jsonpath_free(path);
		return NULL;
	}
	path->program.text = program_copy(&path->program,
	    str_span(p.start, p.at));
	if (used != NULL)
		*used = path->program.text.len;
	return path;
}

void
jsonpath_free(struct jsonpath *p)
{
	if (p == NULL)
		return;
	program_done(&p->program);
	base_free(p);
}

bool
jsonpath_is_singular(const struct jsonpath *p)
{
	return p->query->singular;
}

bool
jsonpath_is_relative(const struct jsonpath *p)
{
	return p->query->relative;
}

struct str
jsonpath_text(const struct jsonpath *p)
{
	return p->program.text;
}

int
jsonpath_select(const struct jsonpath *p, const struct jsonpath_scope *s,
    struct jsonpath_nodes *out, struct fault *why)
{
	struct found found = { .enough = SIZE_MAX, .keep = true };
	SCRATCH struct run run;
	int rc;

	run_init(&run, &p->program, s, why);
	if (s->notes != NULL && p->place > 0)
		rc = run_segments(&run, p->rest,
		    notes_place(s->notes, p->place), &found);
	else
		rc = run_query(&run, p->query, s->current, &found);
	run_done(&run);
	if (rc == 0)
		*out = (struct jsonpath_nodes){ found.list, found.count };
	return rc;
}

doc_node
jsonpath_one(const struct jsonpath *p, const struct jsonpath_scope *s)
{
	if (!p->query->singular)
		bug("jsonpath_one: '%.*s' is not singular",
		    STR_ARG(p->program.text));
	if (s->notes != NULL && p->place > 0)
		return notes_place(s->notes, p->place);
	return run_singular(s->document, p->query, s->current);
}

void
jsonpath_join(struct jsonpath_family *f, struct jsonpath *p)
{
	p->place = family_join(f, p->query, &p->rest);
}

size_t
jsonpath_steps(const struct jsonpath_family *f, const struct jsonpath *p,
    struct str *names)
{
	return family_steps(f, p->place, names);
}

static int
parse_condition(struct parser *p, struct jsonpath_test *t)
{
	if (check_characters(p) == -1 || check_length(p, p->end) == -1)
		return -1;
	t->expr = parse_logic(p);
	if (t->expr == NULL)
		return -1;
	parse_blanks(p);
	if (p->at < p->end)
		return parse_logic_end(p, "'&&', '||' or the end");
	return 0;
}

struct jsonpath_test *
jsonpath_test_compile(struct str text, unsigned flags, struct fault *why)
{
	struct jsonpath_test *t = base_alloc(sizeof(*t));
	struct parser p;

	parser_init(&p, &t->program, text, flags, why);
	if (parse_condition(&p, t) == -1) {
		jsonpath_test_free(t);
		return NULL;
	}
	t->program.text = program_copy(&t->program, str_span(p.start, p.end));
	return t;
}

void
jsonpath_test_free(struct jsonpath_test *t)
{
	if (t == NULL)
		return;
	program_done(&t->program);
	base_free(t);
}

int
jsonpath_test_run(const struct jsonpath_test *t, const struct jsonpath_scope *s,
    struct fault *why)
{
	SCRATCH struct run run;
	int rc;

	run_init(&run, &t->program, s, why);
	rc = run_test(&run, t->expr, s->current);
	run_done(&run);
	return rc;
}
