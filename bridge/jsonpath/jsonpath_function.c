/*
 * jsonpath/jsonpath_function.c - the functions of filters, a row each.
 *
 * To add one: a row with its types, which the parser checks calls against,
 * and what it does. Its logical result is DOC_TRUE or DOC_FALSE.
 */
#include "jsonpath/jsonpath_run.h"

/* Compiling a pattern at run time costs so much and more with its states. */
#define COMPILE_NODES 16
#define COMPILE_STATES_PER_NODE 4

/*
 * The matcher compares its states with each other, so a character costs up
 * to their square in steps; a node is worth so many of them.
 */
#define MATCH_STEPS_PER_NODE 5000
#define MATCH_STEPS_PER_STATE 20

static int
give_count(struct value *out, size_t count)
{
	*out = (struct value){ .kind = DOC_NUMBER,
		.node = DOC_NONE,
		.number = (int64_t)count };
	return 0;
}

static int
give_nothing(struct value *out)
{
	*out = (struct value){ .kind = DOC_ABSENT, .node = DOC_NONE };
	return 0;
}

static int
give_truth(struct value *out, bool truth)
{
	*out = (struct value){ .kind = truth ? DOC_TRUE : DOC_FALSE,
		.node = DOC_NONE };
	return 0;
}

/* Characters of a string, elements of an array, members of an object. */
static int
run_length(struct run *r, const struct call *call, doc_node current,
    struct value *out)
{
	struct value v;

	if (run_operand(r, call->args, current, &v) == -1)
		return -1;
	if (v.kind == DOC_STRING) {
		if (run_spend_text(r, v.text.len) == -1)
			return -1;
		return give_count(out, utf8_count(v.text));
	}
	if (v.kind == DOC_ARRAY || v.kind == DOC_OBJECT)
		return give_count(out, doc_count(r->document, v.node));
	return give_nothing(out);
}

static int
run_count(struct run *r, const struct call *call, doc_node current,
    struct value *out)
{
	struct found found = { .enough = SIZE_MAX };

	if (run_query(r, call->args->query, current, &found) == -1)
		return -1;
	return give_count(out, found.count);
}

/* Of the only node; nothing when there is none or more than one. */
static int
run_value(struct run *r, const struct call *call, doc_node current,
    struct value *out)
{
	struct found found = { .enough = 2 };

	if (run_query(r, call->args->query, current, &found) == -1)
		return -1;
	if (found.count != 1)
		return give_nothing(out);
	*out = run_value_of(r->document, found.last);
	return 0;
}

/*
 * The pattern of a call whose pattern is no literal; the last one is kept,
 * as it is mostly the same for all nodes of a filter.
 */
static const struct regex *
dynamic_pattern(struct run *r, const struct function *f, struct str text)
{
	struct regex *regex = r->dynamic.regex;

	if (regex != NULL && r->dynamic.whole == f->whole &&
	    str_eq(r->dynamic.text, text))
		return regex;
	regex = regex_new(text, f->whole);
	if (regex == NULL) {
		fault_set(r->why, FAULT_MAPPING, NULL,
		    "a regular expression for %s() is too large", f->name);
		return NULL;
	}
	regex_free(r->dynamic.regex);
	r->dynamic.regex = regex;
	r->dynamic.text = text;
	r->dynamic.whole = f->whole;
	if (run_spend(r,
	        COMPILE_NODES + regex->states / COMPILE_STATES_PER_NODE) == -1)
		return NULL;
	return regex;
}

static size_t
match_cost(const struct regex *regex, struct str subject)
{
	size_t steps = regex->states * (regex->states + MATCH_STEPS_PER_STATE);
	size_t all;

	if (__builtin_mul_overflow(steps, subject.len, &all))
		all = SIZE_MAX;
	return all / MATCH_STEPS_PER_NODE;
}

static int
match(struct run *r, const struct function *f, const struct regex *regex,
    struct str subject)
{
	if (run_spend(r, match_cost(regex, subject)) == -1)
		return -1;
	switch (regex_run(regex, subject, &r->regex, r->arena)) {
	case REGEX_YES:
		return 1;
	case REGEX_NO:
		return 0;
	case REGEX_NO_MEMORY:
		return fault_set(r->why, FAULT_BUSY, NULL,
		    "out of memory for %s()", f->name);
	case REGEX_TOO_COSTLY:
		break;
	}
	return fault_set(r->why, FAULT_MAPPING, NULL,
	    "the regular expression of %s() is too costly to run", f->name);
}

/* match() and search(): false where one of the two is no string. */
static int
run_match(struct run *r, const struct call *call, doc_node current,
    struct value *out)
{
	const struct regex *regex = call->regex;
	struct value subject, pattern;
	int rc;

	if (run_operand(r, call->args, current, &subject) == -1 ||
	    run_operand(r, call->args->next, current, &pattern) == -1)
		return -1;
	if (subject.kind != DOC_STRING || pattern.kind != DOC_STRING)
		return give_truth(out, false);
	if (regex == NULL)
		regex = dynamic_pattern(r, call->function, pattern.text);
	if (regex == NULL)
		return -1;
	rc = match(r, call->function, regex, subject.text);
	return rc == -1 ? -1 : give_truth(out, rc == 1);
}

const struct function functions[] = {
	{ .name = "count",
	    .result = TYPE_VALUE,
	    .takes = 1,
	    .args = { TYPE_NODES },
	    .run = run_count },

	{ .name = "length",
	    .result = TYPE_VALUE,
	    .takes = 1,
	    .args = { TYPE_VALUE },
	    .run = run_length },

	{ .name = "match",
	    .result = TYPE_LOGICAL,
	    .takes = 2,
	    .args = { TYPE_VALUE, TYPE_VALUE },
	    .pattern = true,
	    .whole = true,
	    .run = run_match },

	{ .name = "search",
	    .result = TYPE_LOGICAL,
	    .takes = 2,
	    .args = { TYPE_VALUE, TYPE_VALUE },
	    .pattern = true,
	    .run = run_match },

	{ .name = "value",
	    .result = TYPE_VALUE,
	    .takes = 1,
	    .args = { TYPE_NODES },
	    .run = run_value },

	{ .name = NULL },
};
