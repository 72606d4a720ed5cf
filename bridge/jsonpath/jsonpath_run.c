/* jsonpath/jsonpath_run.c - finding the nodes a query selects. */
#include <string.h>

#include "jsonpath/jsonpath_notes.h"
#include "jsonpath/jsonpath_run.h"

/* Reaching an element can mean stepping over those before it. */
#define STEPS_PER_NODE 32
/* Texts are compared and counted fast, but they may be as long as a body. */
#define BYTES_PER_NODE 128

#define TEXT_SHOWN_MAX ((size_t)120)

/* What a visit returns beside -1. */
enum { GO_ON = 0, ENOUGH = 1 };

static int visit(struct run *r, const struct segment *s, doc_node n,
    struct found *found);

/* As much of a path as a fault's text has room for; characters stay whole. */
static struct str
shorten(struct str text)
{
	if (text.len <= TEXT_SHOWN_MAX)
		return text;
	text.len = TEXT_SHOWN_MAX;
	while (((unsigned char)text.at[text.len] & 0xC0) == 0x80)
		text.len--;
	return text;
}

void
run_init(struct run *r, const struct program *p, const struct jsonpath_scope *s,
    struct fault *why)
{
	r->document = s->document;
	r->arena = s->arena;
	r->notes = s->notes;
	r->why = why;
	r->text = shorten(p->text);
	r->left = RUN_NODES_MAX;
	r->stack.at = r->stack.first;
	r->stack.count = 0;
	r->stack.room = RUN_STACK_FIRST;
	r->regex = (struct regex_scratch){ 0 };
	r->dynamic.regex = NULL;
}

void
run_done(struct run *r)
{
	regex_free(r->dynamic.regex);
}

int
run_spend(struct run *r, size_t nodes)
{
	if (nodes > r->left)
		return fault_set(r->why, FAULT_TOO_LARGE, NULL,
		    "'%.*s' is more work than to look at %zu nodes",
		    STR_ARG(r->text), RUN_NODES_MAX);
	r->left -= nodes;
	return 0;
}

int
run_spend_text(struct run *r, size_t bytes)
{
	return bytes < BYTES_PER_NODE ? 0
	                              : run_spend(r, bytes / BYTES_PER_NODE);
}

static int
out_of_memory(struct run *r)
{
	return fault_set(r->why, FAULT_BUSY, NULL,
	    "out of memory for the nodes of a path");
}

static int
push(struct run *r, doc_node n)
{
	struct run_stack *s = &r->stack;

	if (s->count == s->room) {
		size_t had = s->room * sizeof(s->at[0]);
		doc_node *at;

		if (s->at == s->first) {
			at = arena_take(r->arena, had * 2);
			if (at != NULL)
				memcpy(at, s->first, had);
		} else {
			at = arena_grow(r->arena, s->at, had, had * 2);
		}
		if (at == NULL)
			return out_of_memory(r);
		s->at = at;
		s->room *= 2;
	}
	s->at[s->count++] = n;
	return 0;
}

static doc_node
pop(struct run *r)
{
	return r->stack.at[--r->stack.count];
}

static int
keep(struct run *r, struct found *found, doc_node n)
{
	if (found->count == found->room) {
		size_t had = found->room * sizeof(found->list[0]);
		size_t want = had > 0 ? had * 2 : 4 * sizeof(found->list[0]);
		doc_node *list = arena_grow(r->arena, found->list, had, want);

		if (list == NULL)
			return out_of_memory(r);
		found->list = list;
		found->room = want / sizeof(found->list[0]);
	}
	found->list[found->count] = n;
	return 0;
}

static int
add(struct run *r, struct found *found, doc_node n)
{
	if (found->keep && keep(r, found, n) == -1)
		return -1;
	found->last = n;
	return ++found->count >= found->enough ? ENOUGH : GO_ON;
}

/* The place of an index in an array; SIZE_MAX when it is outside. */
static size_t
place(const struct document *d, doc_node n, int64_t index)
{
	int64_t count = (int64_t)doc_count(d, n);

	if (index < 0)
		index += count;
	return index >= 0 && index < count ? (size_t)index : SIZE_MAX;
}

doc_node
query_item(const struct document *d, const struct selector *s, doc_node n)
{
	return doc_item(d, n, place(d, n, s->index));
}

/* The same within a run, where far elements have their price. */
static int
take_step(struct run *r, const struct selector *s, doc_node *n)
{
	doc_node child = query_step(r->document, s, *n);

	if (s->kind == SELECT_INDEX && child != DOC_NONE &&
	    run_spend(r, place(r->document, *n, s->index) / STEPS_PER_NODE) ==
	        -1)
		return -1;
	*n = child;
	return 0;
}

static int
select_step(struct run *r, const struct segment *s, const struct selector *sel,
    doc_node n, struct found *found)
{
	if (take_step(r, sel, &n) == -1)
		return -1;
	return n != DOC_NONE ? visit(r, s->next, n, found) : GO_ON;
}

static int
select_all(struct run *r, const struct segment *s, const struct selector *sel,
    doc_node n, struct found *found)
{
	(void)sel;
	DOC_FOREACH (r->document, n, child) {
		int rc = visit(r, s->next, child, found);

		if (rc != GO_ON)
			return rc;
	}
	return GO_ON;
}

/* Only the children that an index says may have the filter's text. */
static int
select_indexed(struct run *r, const struct segment *s, struct index *x,
    struct str text, struct found *found)
{
	uint32_t hash = index_hash(text);
	int rc = GO_ON;

	x->in_use++;
	for (uint32_t i = index_first(x, hash); i != INDEX_END && rc == GO_ON;
	     i = x->items[i].next) {
		rc = run_spend(r, 1);
		if (rc == 0 && index_is(r->document, &x->items[i], hash, text))
			rc = visit(r, s->next, x->items[i].node, found);
	}
	x->in_use--;
	return rc;
}

static int
select_filter(struct run *r, const struct segment *s,
    const struct selector *sel, doc_node n, struct found *found)
{
	bool read = false;
	struct index *x = notes_index(r->notes, sel, n, &read);

	if (read && run_spend(r, doc_count(r->document, n)) == -1)
		return -1;
	if (x != NULL)
		return select_indexed(r, s, x, sel->filter->right->literal.text,
		    found);
	DOC_FOREACH (r->document, n, child) {
		int rc = run_spend(r, 1);

		if (rc == 0)
			rc = run_test(r, sel->filter, child);
		if (rc == 1)
			rc = visit(r, s->next, child, found);
		if (rc != GO_ON)
			return rc;
	}
	return GO_ON;
}

static int64_t
clamp(int64_t n, int64_t low, int64_t high)
{
	return n < low ? low : n > high ? high : n;
}

/* RFC 9535 section 2.3.4.2.2: from first (inside) to limit (outside). */
static void
slice_bounds(const struct slice *s, int64_t count, int64_t *first,
    int64_t *limit)
{
	int64_t start = s->start < 0 ? s->start + count : s->start;
	int64_t end = s->end < 0 ? s->end + count : s->end;

	if (s->step > 0) {
		*first = clamp(start, 0, count);
		*limit = clamp(end, 0, count);
	} else {
		*first = clamp(start, -1, count - 1);
		*limit = clamp(end, -1, count - 1);
	}
}

/* What was pushed last comes first. */
static int
visit_backward(struct run *r, const struct segment *s, size_t base,
    struct found *found)
{
	while (r->stack.count > base) {
		int rc = visit(r, s->next, pop(r), found);

		if (rc != GO_ON)
			return rc;
	}
	return GO_ON;
}

/*
 * The array is walked once, forward. A backward slice puts what it selects
 * on the stack and takes it from there.
 */
static int
select_slice(struct run *r, const struct segment *s, const struct selector *sel,
    doc_node n, struct found *found)
{
	size_t base = r->stack.count;
	int64_t step = sel->slice.step, first, limit, low, high, i = 0;

	if (doc_kind(r->document, n) != DOC_ARRAY || step == 0)
		return GO_ON;
	slice_bounds(&sel->slice, (int64_t)doc_count(r->document, n), &first,
	    &limit);
	low = step > 0 ? first : limit + 1;
	high = step > 0 ? limit : first + 1;
	DOC_FOREACH (r->document, n, child) {
		int rc = GO_ON;

		if (i >= high)
			break;
		if (run_spend(r, i % STEPS_PER_NODE == 0) == -1)
			return -1;
		if (i >= low && (i - first) % step == 0)
			rc = step > 0 ? visit(r, s->next, child, found)
			              : push(r, child);
		if (rc != GO_ON)
			return rc;
		i++;
	}
	return visit_backward(r, s, base, found);
}

typedef int select_fn(struct run *r, const struct segment *s,
    const struct selector *sel, doc_node n, struct found *found);

static select_fn *const selects[] = {
	[SELECT_NAME] = select_step,
	[SELECT_INDEX] = select_step,
	[SELECT_ALL] = select_all,
	[SELECT_SLICE] = select_slice,
	[SELECT_FILTER] = select_filter,
};

static int
visit_children(struct run *r, const struct segment *s, doc_node n,
    struct found *found)
{
	for (const struct selector *sel = s->selectors; sel != NULL;
	     sel = sel->next) {
		int rc = selects[sel->kind](r, s, sel, n, found);

		if (rc != GO_ON)
			return rc;
	}
	return GO_ON;
}

/* The node and all below it, each before what is in it. */
static int
visit_below(struct run *r, const struct segment *s, doc_node top,
    struct found *found)
{
	size_t base = r->stack.count;
	doc_node n = top;

	for (;;) {
		doc_node next;
		int rc = run_spend(r, 1);

		if (rc == 0)
			rc = visit_children(r, s, n, found);
		if (rc != GO_ON)
			return rc;
		next = n != top ? doc_next(r->document, n) : DOC_NONE;
		if (next != DOC_NONE && push(r, next) == -1)
			return -1;
		n = doc_first(r->document, n);
		if (n == DOC_NONE && r->stack.count == base)
			return GO_ON;
		if (n == DOC_NONE)
			n = pop(r);
	}
}

static int
visit(struct run *r, const struct segment *s, doc_node n, struct found *found)
{
	if (run_spend(r, 1) == -1)
		return -1;
	for (; s != NULL && s->singular; s = s->next) {
		if (take_step(r, s->selectors, &n) == -1)
			return -1;
		if (n == DOC_NONE)
			return GO_ON;
	}
	if (s == NULL)
		return add(r, found, n);
	if (s->descends)
		return visit_below(r, s, n, found);
	return visit_children(r, s, n, found);
}

static doc_node
query_start(const struct document *d, const struct query *q, doc_node current)
{
	return q->relative ? current : doc_root(d);
}

int
run_query(struct run *r, const struct query *q, doc_node current,
    struct found *found)
{
	return run_segments(r, q->segments,
	    query_start(r->document, q, current), found);
}

int
run_segments(struct run *r, const struct segment *s, doc_node n,
    struct found *found)
{
	size_t base = r->stack.count;
	int rc;

	if (n == DOC_NONE)
		return 0;
	rc = visit(r, s, n, found);
	/* Who stops early leaves its nodes there. */
	r->stack.count = base;
	return rc == -1 ? -1 : 0;
}

int
run_one(struct run *r, const struct query *q, doc_node current, doc_node *out)
{
	doc_node n = query_start(r->document, q, current);

	for (const struct segment *s = q->segments; s != NULL && n != DOC_NONE;
	     s = s->next)
		if (take_step(r, s->selectors, &n) == -1)
			return -1;
	*out = n;
	return 0;
}

doc_node
run_singular(const struct document *d, const struct query *q, doc_node current)
{
	doc_node n = query_start(d, q, current);

	for (const struct segment *s = q->segments; s != NULL && n != DOC_NONE;
	     s = s->next)
		n = query_step(d, s->selectors, n);
	return n;
}
