/* jsonpath/jsonpath_filter.c - is a filter's condition true of a node? */
#include <inttypes.h>
#include <stdio.h>

#include "jsonpath/jsonpath_run.h"

/* Comparing containers looks at all that is in them. */
#define VALUES_PER_NODE 8

struct value
run_value_of(const struct document *d, doc_node n)
{
	struct value v = { .kind = doc_kind(d, n), .node = n };

	if (v.kind == DOC_STRING)
		v.text = doc_text(d, n);
	else if (v.kind == DOC_NUMBER)
		v.text = doc_number(d, n);
	return v;
}

int
run_operand(struct run *r, const struct operand *o, doc_node current,
    struct value *out)
{
	doc_node n;

	if (o->kind == OPERAND_LITERAL) {
		*out = o->literal;
		return 0;
	}
	if (o->kind == OPERAND_CALL)
		return o->call->function->run(r, o->call, current, out);
	if (run_one(r, o->query, current, &n) == -1)
		return -1;
	*out = run_value_of(r->document, n);
	return 0;
}

/* Room for any int64_t in decimal. */
#define DIGITS_MAX 24

static struct str
number_text(const struct value *v, char digits[DIGITS_MAX])
{
	if (v->text.at != NULL)
		return v->text;
	snprintf(digits, DIGITS_MAX, "%" PRId64, v->number);
	return str_of(digits);
}

static int
compare_numbers(const struct value *a, const struct value *b)
{
	char x[DIGITS_MAX], y[DIGITS_MAX];

	return number_compare(number_text(a, x), number_text(b, y));
}

/*
 * The values below a node, its own included. Recursion ends with the
 * document's depth, which has a ceiling.
 */
static size_t
weigh(const struct document *d, doc_node n)
{
	size_t weight = 1 + doc_text(d, n).len / 64;

	DOC_FOREACH (d, n, child)
		weight += weigh(d, child);
	return weight;
}

/* 1, 0 or -1. No literal is a container: both are nodes then. */
static int
equal_containers(struct run *r, const struct value *a, const struct value *b)
{
	if (doc_count(r->document, a->node) != doc_count(r->document, b->node))
		return 0;
	if (run_spend(r, weigh(r->document, a->node) / VALUES_PER_NODE) == -1)
		return -1;
	return doc_equal(r->document, a->node, b->node);
}

static int
equal(struct run *r, const struct value *a, const struct value *b)
{
	if (a->kind != b->kind)
		return 0;
	if (run_spend_text(r, a->text.len + b->text.len) == -1)
		return -1;
	switch (a->kind) {
	case DOC_NUMBER:
		return compare_numbers(a, b) == 0;
	case DOC_STRING:
		return str_eq(a->text, b->text);
	case DOC_ARRAY:
	case DOC_OBJECT:
		return equal_containers(r, a, b);
	default: /* nothing, null, true and false equal themselves */
		return 1;
	}
}

/* Strings by code point, which is the byte order of UTF-8. */
static int
less(struct run *r, const struct value *a, const struct value *b)
{
	if (a->kind != b->kind)
		return 0;
	if (run_spend_text(r, a->text.len + b->text.len) == -1)
		return -1;
	if (a->kind == DOC_NUMBER)
		return compare_numbers(a, b) < 0;
	if (a->kind == DOC_STRING)
		return str_cmp(a->text, b->text) < 0;
	return 0;
}

static int
less_or_equal(struct run *r, const struct value *a, const struct value *b)
{
	int rc = less(r, a, b);

	return rc == 0 ? equal(r, a, b) : rc;
}

/* RFC 9535 section 2.3.5.2.2: all six follow from == and <. */
static int
compare(struct run *r, enum comparison how, const struct value *a,
    const struct value *b)
{
	int rc;

	switch (how) {
	case COMPARE_EQUAL:
		return equal(r, a, b);
	case COMPARE_UNEQUAL:
		rc = equal(r, a, b);
		return rc == -1 ? -1 : !rc;
	case COMPARE_LESS:
		return less(r, a, b);
	case COMPARE_LESS_EQUAL:
		return less_or_equal(r, a, b);
	case COMPARE_MORE:
		return less(r, b, a);
	case COMPARE_MORE_EQUAL:
		return less_or_equal(r, b, a);
	}
	bug("comparison %d", (int)how);
}

static int
test_any(struct run *r, const struct expr *e, doc_node current)
{
	int rc = 0;

	for (const struct expr *t = e->terms; t != NULL && rc == 0; t = t->next)
		rc = run_test(r, t, current);
	return rc;
}

static int
test_all(struct run *r, const struct expr *e, doc_node current)
{
	int rc = 1;

	for (const struct expr *t = e->terms; t != NULL && rc == 1; t = t->next)
		rc = run_test(r, t, current);
	return rc;
}

static int
test_not(struct run *r, const struct expr *e, doc_node current)
{
	int rc = run_test(r, e->terms, current);

	return rc == -1 ? -1 : !rc;
}

static int
test_exists(struct run *r, const struct expr *e, doc_node current)
{
	struct found found = { .enough = 1 };

	if (run_query(r, e->query, current, &found) == -1)
		return -1;
	return found.count > 0;
}

static int
test_call(struct run *r, const struct expr *e, doc_node current)
{
	struct value v;

	if (e->call->function->run(r, e->call, current, &v) == -1)
		return -1;
	return v.kind == DOC_TRUE;
}

static int
test_compare(struct run *r, const struct expr *e, doc_node current)
{
	struct value left, right;

	if (run_operand(r, e->left, current, &left) == -1 ||
	    run_operand(r, e->right, current, &right) == -1)
		return -1;
	return compare(r, e->how, &left, &right);
}

static int
test_is_text(struct run *r, const struct expr *e, doc_node current)
{
	doc_node n;

	if (run_one(r, e->left->query, current, &n) == -1)
		return -1;
	/* The text of other kinds has no bytes, and would equal ''. */
	return doc_kind(r->document, n) == DOC_STRING &&
	    str_eq(doc_text(r->document, n), e->right->literal.text);
}

typedef int test_fn(struct run *r, const struct expr *e, doc_node current);

static test_fn *const tests[] = {
	[EXPR_ANY] = test_any,
	[EXPR_ALL] = test_all,
	[EXPR_NOT] = test_not,
	[EXPR_EXISTS] = test_exists,
	[EXPR_CALL] = test_call,
	[EXPR_COMPARE] = test_compare,
	[EXPR_IS_TEXT] = test_is_text,
};

int
run_test(struct run *r, const struct expr *e, doc_node current)
{
	return tests[e->kind](r, e, current);
}
