/*
 * jsonpath/jsonpath_run.h - running a program on a document. Private to this
 * room.
 *
 * Nodes are found depth first: each node a segment selects goes through the
 * rest of the segments before the next one is looked for. That gives the
 * RFC's order without a list between segments, and a filter's query can stop
 * at the first node it finds. Recursion is as deep as the path is long.
 */
#ifndef BRIDGE_JSONPATH_RUN_H
#define BRIDGE_JSONPATH_RUN_H

#include "jsonpath/jsonpath_program.h"
#include "jsonpath/jsonpath_regex.h"

/* Nodes looked at or listed in one run, filters' work included. */
#define RUN_NODES_MAX ((size_t)100000)

/* Documents of the default depth walk without touching the arena. */
#define RUN_STACK_FIRST 64

/*
 * Nodes to go on with, of all the descents and backward slices that are
 * under way: each takes back what it put before the one around it goes on.
 */
struct run_stack {
	doc_node *at;
	size_t count;
	size_t room;
	doc_node first[RUN_STACK_FIRST];
};

struct run {
	const struct document *document;
	struct arena *arena;
	struct jsonpath_notes *notes; /* or NULL */
	struct fault *why;
	struct str text; /* the path's, for faults */
	size_t left;     /* of RUN_NODES_MAX */
	struct run_stack stack;
	struct regex_scratch regex;
	/* The last pattern that came from the document. */
	struct {
		struct regex *regex;
		struct str text;
		bool whole;
	} dynamic;
};

/* What becomes of the nodes found. */
struct found {
	size_t enough; /* stop at so many; SIZE_MAX: all of them */
	size_t count;
	doc_node last;
	bool keep; /* in list, or only counted */
	doc_node *list;
	size_t room;
};

void run_init(struct run *r, const struct program *p,
    const struct jsonpath_scope *s, struct fault *why);
void run_done(struct run *r);

/* Takes work off what is left; -1 with FAULT_TOO_LARGE when that is less. */
int run_spend(struct run *r, size_t nodes) MUST_CHECK;
/* ... for looking at so many bytes of text. */
int run_spend_text(struct run *r, size_t bytes) MUST_CHECK;

/* 0, or -1 with the fault set. */
int run_query(struct run *r, const struct query *q, doc_node current,
    struct found *found) MUST_CHECK;
/* The same from a node on, which may be DOC_NONE. */
int run_segments(struct run *r, const struct segment *s, doc_node n,
    struct found *found) MUST_CHECK;
/* Of a singular query: its node or DOC_NONE. 0 or -1. */
int run_one(struct run *r, const struct query *q, doc_node current,
    doc_node *out) MUST_CHECK;
/* The same outside of a run. */
doc_node run_singular(const struct document *d, const struct query *q,
    doc_node current);

/* jsonpath_filter.c: 1, 0, or -1 with the fault set. */
int run_test(struct run *r, const struct expr *e, doc_node current) MUST_CHECK;
struct value run_value_of(const struct document *d, doc_node n);
/* The value of an operand that stands for one. 0 or -1. */
int run_operand(struct run *r, const struct operand *o, doc_node current,
    struct value *out) MUST_CHECK;

#endif
