/*
 * jsonpath/jsonpath_program.h - what a path looks like once compiled.
 * Private to this room.
 *
 *	$.a[?@.b == 'x', 0]..c
 *
 *	query -> segment -> segment -> segment (descends)
 *	           |          |          |
 *	         name a     filter     name c
 *	                      |  \
 *	                      |   index 0
 *	                    compare
 *	                     /   \
 *	              query @.b   'x'
 *
 * All of it lives in the program's chunks, is read-only once compiled, and
 * is given back at once.
 */
#ifndef BRIDGE_JSONPATH_PROGRAM_H
#define BRIDGE_JSONPATH_PROGRAM_H

#include "jsonpath/jsonpath.h"

struct regex;
struct run;

/*
 * Longest path or test taken. What people write stays under 200 bytes; the
 * ceiling also bounds how deep running can recurse.
 */
#define JSONPATH_TEXT_MAX 4096
/* Filters, parentheses and calls inside one another. */
#define JSONPATH_NESTING_MAX 32
/* The integers of I-JSON, RFC 9535 section 2.1: +-(2^53 - 1). */
#define JSONPATH_INT_MAX INT64_C(9007199254740991)

/* What an expression or a function stands for, RFC 9535 section 2.4.1. */
enum type { TYPE_VALUE, TYPE_LOGICAL, TYPE_NODES };

/*
 * One value or Nothing (DOC_ABSENT). A literal has no node; a number that was
 * computed has no text, but stands in `number`.
 */
struct value {
	enum doc_kind kind;
	doc_node node;   /* DOC_NONE: not from the document */
	struct str text; /* of a string, or a number as written */
	int64_t number;
};

/* In the RFC's notation, start:end:step; defaults are filled in. */
struct slice {
	int64_t start;
	int64_t end;
	int64_t step;
};

enum selector_kind {
	SELECT_NAME,
	SELECT_INDEX,
	SELECT_ALL,
	SELECT_SLICE,
	SELECT_FILTER
};

struct selector {
	struct selector *next;
	enum selector_kind kind;
	uint32_t index_number; /* of a filter in a family; 0: none */
	union {
		struct str name;
		int64_t index; /* below zero: counted from the end */
		struct slice slice;
		const struct expr *filter;
	};
};

struct segment {
	struct segment *next;
	struct selector *selectors; /* at least one */
	bool descends;              /* '..': the node and all below it */
	bool singular;              /* one selector, a name or an index */
};

struct query {
	struct segment *segments; /* NULL: the node it begins with */
	bool relative;            /* begins with '@' */
	bool singular;
};

struct call {
	const struct function *function;
	struct operand *args;
	const struct regex *regex; /* of a pattern that is a literal */
};

enum operand_kind { OPERAND_LITERAL, OPERAND_QUERY, OPERAND_CALL };

struct operand {
	struct operand *next; /* among arguments */
	enum operand_kind kind;
	union {
		struct value literal;
		const struct query *query;
		const struct call *call;
	};
};

#define FUNCTION_ARGS_MAX 2

struct function {
	const char *name; /* NULL ends the table */
	enum type result;
	unsigned takes; /* how many arguments */
	enum type args[FUNCTION_ARGS_MAX];
	bool pattern; /* the second argument is a regular expression */
	bool whole;   /* ... that has to match all of the first */
	/* Logical results are DOC_TRUE and DOC_FALSE. */
	int (*run)(struct run *r, const struct call *call, doc_node current,
	    struct value *out);
};
extern const struct function functions[];

enum comparison {
	COMPARE_EQUAL,
	COMPARE_UNEQUAL,
	COMPARE_LESS,
	COMPARE_LESS_EQUAL,
	COMPARE_MORE,
	COMPARE_MORE_EQUAL
};

enum expr_kind {
	EXPR_ANY, /* || */
	EXPR_ALL, /* && */
	EXPR_NOT,
	EXPR_EXISTS, /* a query that selects something */
	EXPR_CALL,   /* a function that is true or false */
	EXPR_COMPARE,
	EXPR_IS_TEXT /* the comparison @.a.b == 'x', the one most written */
};

struct expr {
	struct expr *next; /* among the terms of || or && */
	enum expr_kind kind;
	union {
		const struct expr *terms; /* of EXPR_NOT: the only one */
		const struct query *query;
		const struct call *call;
		struct {
			enum comparison how;
			const struct operand *left;
			const struct operand *right;
		};
	};
};

struct program {
	struct chunk *chunks;
	struct regex *regexes; /* freed with the program */
	struct str text;       /* as compiled */
};

/* The node of an index, or DOC_NONE; jsonpath_run.c. */
doc_node query_item(const struct document *d, const struct selector *s,
    doc_node n);
/* The same of a name or an index. */
static inline doc_node
query_step(const struct document *d, const struct selector *s, doc_node n)
{
	return s->kind == SELECT_NAME ? doc_member(d, n, s->name)
	                              : query_item(d, s, n);
}

/* Zeroed, 8-byte aligned, there or the process ends: bounded by the text. */
void *program_take(struct program *p, size_t size) MUST_CHECK;
struct str program_copy(struct program *p, struct str s) MUST_CHECK;
void program_done(struct program *p);

#endif
