/*
 * mapping/mapping_run.h - what the parts of the runner share. Private to the
 * room.
 */
#ifndef BRIDGE_MAPPING_RUN_H
#define BRIDGE_MAPPING_RUN_H

#include "mapping/mapping_program.h"

struct run {
	const struct mapping_input *in;
	struct jsonpath_scope scope; /* of all its paths; see map_scope() */
	struct bytes *out;
	size_t start;    /* of the body in out: others' bytes lie before it */
	size_t entries;  /* made by each so far, in the whole update */
	size_t compared; /* items lookups went through, likewise */
	struct fault *why;
	struct kept_remainder *kept; /* those that were made */
	/* Of the mapping's paths; only where something may be laid behind. */
	const struct jsonpath_family *family;
	struct doc_join *joined; /* scope.document, once something was */
	doc_node others; /* of it, the first node that is not the event's */
};

/* The document as `in` has it; '@' is the item, or DOC_NONE: nothing. */
struct jsonpath_scope map_scope(const struct mapping_input *in, doc_node item,
    struct jsonpath_notes *notes);

/* A value, and the source it came from (NULL: several, or none). */
struct result {
	struct value value;
	const struct source *from;
};

/* The value of a NODE_LITERAL, NODE_CHAIN or NODE_TEXT. -1 with why. */
int map_value(struct run *r, const struct node *n,
    struct result *out) MUST_CHECK;
/* A chain up to a step of it, or all of it: NULL. -1 with why. */
int map_chain(struct run *r, const struct chain *chain, const struct step *stop,
    const char *where, struct result *out) MUST_CHECK;
int map_step(struct run *r, const struct step *step, const char *where,
    struct result *out) MUST_CHECK;
/*
 * The nodes that events goes over: what the path selects; when it names one
 * array, its elements. And those of an each, whose value may be of another
 * document: that is laid behind the event's, in scope.document.
 */
int map_items(struct run *r, const struct jsonpath *path, const char *where,
    struct jsonpath_nodes *out) MUST_CHECK;
int map_each_items(struct run *r, const struct node *n,
    struct jsonpath_nodes *out) MUST_CHECK;
/* The root of d in scope.document, behind the rest; DOC_NONE: no memory. */
doc_node map_join(struct run *r, const struct document *d) MUST_CHECK;
/* The same of remainder(), and what it is as an object. */
int map_remainder_items(struct run *r, const struct remainder *rest,
    const char *where, struct jsonpath_nodes *out) MUST_CHECK;
int map_remainder(struct run *r, const struct remainder *rest,
    const char *where, struct value *out) MUST_CHECK;
/* 1 true (also without a test), 0 false, -1 with why. */
int map_when(struct run *r, const struct jsonpath_test *test,
    const char *where) MUST_CHECK;
/* 1 printed, 0 there is nothing to print, -1 with why. */
int map_print(struct run *r, const struct node *n) MUST_CHECK;
/* The same for a group whose `when` has been asked. */
int map_print_group(struct run *r, const struct node *n) MUST_CHECK;

/*
 * To in->watch, which must be there: a pass of its own beside the run, which
 * so pays nothing for it. Faults are told too and hold nothing up.
 */
void map_tell_update(struct run *r, const struct mapping *m);
void map_tell_when(struct run *r, const struct jsonpath_test *test,
    const char *where);

/* Takes back what was printed behind `len`. */
void map_cut(struct bytes *out, size_t len);

/* Faults from below say what; this says where. Always -1. */
int map_at_place(struct run *r, const char *where);
/* FAULT_BUSY. Always -1. */
int map_no_memory(struct run *r, const char *where);
/* FAULT_MAPPING: several matches where one value is wanted. Always -1. */
int map_several(struct run *r, const char *where, const struct source *from,
    size_t count);

#endif
