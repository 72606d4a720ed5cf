/* jsonpath/jsonpath_path.c - queries, segments and selectors. */
#include "jsonpath/jsonpath_parse.h"

/*
 * A bound of a slice that was left out: past either end of any array, so
 * that cutting it to the array's length gives the RFC's default.
 */
#define SLICE_FAR (INT64_C(1) << 60)

static int
parse_name_selector(struct parser *p, struct selector *s)
{
	s->kind = SELECT_NAME;
	return parse_string(p, &s->name);
}

/* Behind the first colon; `start` as it was written, or none. */
static int
parse_slice(struct parser *p, const int64_t *start, struct selector *s)
{
	struct slice slice = { .step = 1 };
	bool ends;

	parse_blanks(p);
	ends = parse_starts_integer(p);
	if (ends && parse_integer(p, &slice.end) == -1)
		return -1;
	parse_blanks(p);
	if (parse_take(p, ":")) {
		parse_blanks(p);
		if (parse_starts_integer(p) &&
		    parse_integer(p, &slice.step) == -1)
			return -1;
	}
	if (start != NULL)
		slice.start = *start;
	else
		slice.start = slice.step < 0 ? SLICE_FAR : 0;
	if (!ends)
		slice.end = slice.step < 0 ? -SLICE_FAR : SLICE_FAR;
	s->kind = SELECT_SLICE;
	s->slice = slice;
	return 0;
}

static int
parse_index_selector(struct parser *p, struct selector *s)
{
	const char *behind;
	int64_t n;

	if (parse_take(p, ":"))
		return parse_slice(p, NULL, s);
	if (parse_integer(p, &n) == -1)
		return -1;
	behind = p->at;
	parse_blanks(p);
	if (parse_take(p, ":"))
		return parse_slice(p, &n, s);
	p->at = behind;
	s->kind = SELECT_INDEX;
	s->index = n;
	return 0;
}

static int
parse_filter_selector(struct parser *p, struct selector *s)
{
	bool outside = p->current;

	if (parse_enter(p) == -1)
		return -1;
	p->current = true;
	p->at++;
	s->kind = SELECT_FILTER;
	s->filter = parse_logic(p);
	if (s->filter == NULL)
		return -1;
	parse_blanks(p);
	if (parse_peek(p) != ']' && parse_peek(p) != ',')
		return parse_logic_end(p, "'&&', '||', ',' or ']'");
	p->current = outside;
	parse_leave(p);
	return 0;
}

static int
parse_all_selector(struct parser *p, struct selector *s)
{
	p->at++;
	s->kind = SELECT_ALL;
	return 0;
}

static int
parse_selector(struct parser *p, struct selector *s)
{
	const char *from = p->at;
	char c = parse_peek(p);
	struct str word;

	if (c == '\'' || c == '"')
		return parse_name_selector(p, s);
	if (c == '*')
		return parse_all_selector(p, s);
	if (c == '?')
		return parse_filter_selector(p, s);
	if (c == ':' || parse_starts_integer(p))
		return parse_index_selector(p, s);
	if (parse_name(p, &word))
		return parse_fail(p, from,
		    "a name in brackets is quoted: ['%.*s']", STR_ARG(word));
	return parse_expected(p, "a name, an index, a slice, a filter or *");
}

static int
parse_brackets(struct parser *p, struct segment *segment)
{
	struct selector **end = &segment->selectors;
	const char *open = p->at++;

	do {
		struct selector *s = program_take(p->program, sizeof(*s));

		parse_blanks(p);
		if (parse_selector(p, s) == -1)
			return -1;
		*end = s;
		end = &s->next;
		parse_blanks(p);
	} while (parse_take(p, ","));
	if (parse_take(p, "]"))
		return 0;
	if (p->at == p->end)
		return parse_fail(p, open, "this '[' is not closed");
	return parse_expected(p, "',' or ']'");
}

/* Behind '.' or '..': a name or *. */
static int
parse_shorthand(struct parser *p, struct segment *segment)
{
	struct selector *s = program_take(p->program, sizeof(*s));
	struct str name;

	segment->selectors = s;
	if (parse_peek(p) == '*')
		return parse_all_selector(p, s);
	if (parse_starts_integer(p))
		return parse_fail(p, p->at,
		    "an index is written [0], and a name that begins with a"
		    " digit ['0']");
	if (!parse_name(p, &name))
		return parse_expected(p,
		    segment->descends ? "a name, * or '['" : "a name or *");
	/* No path goes on with '-': it was meant as part of the name. */
	if (parse_peek(p) == '-')
		return parse_fail(p, p->at,
		    "a name with '-' is quoted in brackets: ['%.*s-...']",
		    STR_ARG(name));
	s->kind = SELECT_NAME;
	s->name = program_copy(p->program, name);
	return 0;
}

static struct segment *
parse_segment(struct parser *p)
{
	struct segment *s = program_take(p->program, sizeof(*s));
	bool dot;
	int rc;

	s->descends = parse_take(p, "..");
	dot = !s->descends && parse_take(p, ".");
	if (!dot && parse_peek(p) == '[')
		rc = parse_brackets(p, s);
	else
		rc = parse_shorthand(p, s);
	if (rc == -1)
		return NULL;
	s->singular = !s->descends && s->selectors->next == NULL &&
	    (s->selectors->kind == SELECT_NAME ||
	        s->selectors->kind == SELECT_INDEX);
	return s;
}

/*
 * All segments that follow. Blanks may stand before a segment, but those
 * behind the last one are not the path's.
 */
static int
parse_segments(struct parser *p, struct query *q)
{
	struct segment **end = &q->segments;

	q->singular = true;
	for (;;) {
		const char *behind = p->at;
		struct segment *s;

		parse_blanks(p);
		if (parse_peek(p) != '.' && parse_peek(p) != '[') {
			p->at = behind;
			return 0;
		}
		s = parse_segment(p);
		if (s == NULL)
			return -1;
		*end = s;
		end = &s->next;
		q->singular = q->singular && s->singular;
	}
}

struct query *
parse_query(struct parser *p)
{
	struct query *q = program_take(p->program, sizeof(*q));

	if (parse_peek(p) == '@' && !p->current) {
		parse_fail(p, p->at,
		    "no current item for '@' here; begin with '$'");
		return NULL;
	}
	q->relative = parse_take(p, "@");
	if (!q->relative && !parse_take(p, "$")) {
		parse_expected(p, p->current ? "'$' or '@'" : "'$'");
		return NULL;
	}
	return parse_segments(p, q) == 0 ? q : NULL;
}
