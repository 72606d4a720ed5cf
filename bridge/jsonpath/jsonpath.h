/*
 * jsonpath/jsonpath.h - RFC 9535 on documents: compile once, run many.
 *
 * Compiling checks everything the RFC calls invalid, types of functions
 * included, and says where. Running never recurses deeper than the path is
 * long, never parses, and is bounded: whatever a path has to do, walking,
 * comparing or matching a regular expression (I-Regexp, RFC 9485), counts as
 * nodes looked at, and those have a ceiling. A compiled path is read-only and
 * may be shared by threads.
 */
#ifndef BRIDGE_JSONPATH_H
#define BRIDGE_JSONPATH_H

#include "decode/decode.h"

struct jsonpath;
struct jsonpath_family;
struct jsonpath_notes;

enum jsonpath_flags {
	JSONPATH_RELATIVE = 1, /* may begin with '@', the current node */
	JSONPATH_PREFIX = 2,   /* stop where the path ends, see `used` */
	/*
	 * A pattern written out that is no I-Regexp is a fault. The RFC lets it
	 * match nothing, which nobody who wrote it can have meant.
	 */
	JSONPATH_STRICT = 4,
};

/*
 * NULL with FAULT_MAPPING (column set: characters from the start of text)
 * when it is not well formed and valid, or longer than 4096 bytes. With
 * JSONPATH_PREFIX the longest path at the start of text is taken and *used is
 * its length; else the text must be a path to its end. Blanks behind a path
 * are not part of it; a '-' right behind a plain name is refused either way,
 * as that name was meant to be quoted. used may be NULL.
 */
struct jsonpath *jsonpath_compile(struct str text, unsigned flags, size_t *used,
    struct fault *why) MUST_CHECK;
void jsonpath_free(struct jsonpath *p); /* NULL is fine */

/* At most one node by its form: names and indexes only. */
bool jsonpath_is_singular(const struct jsonpath *p);
bool jsonpath_is_relative(const struct jsonpath *p);
struct str jsonpath_text(const struct jsonpath *p); /* as compiled */

struct jsonpath_nodes {
	const doc_node *at; /* in the arena */
	size_t count;
};

/*
 * Where to run: `current` is what '@' means at the top of a relative path
 * (DOC_NONE: nowhere, the result is empty).
 */
struct jsonpath_scope {
	const struct document *document;
	doc_node current;
	struct arena *arena; /* results and scratch; not touched by singular */
	struct jsonpath_notes *notes; /* or NULL; see jsonpath_join() */
};

/*
 * The nodes in the RFC's order. -1 with FAULT_TOO_LARGE (more work than to
 * look at 100,000 nodes), FAULT_BUSY (arena) or FAULT_MAPPING (a regular
 * expression of the document's is too large). A regular expression that is
 * none matches nothing, as the RFC has it.
 */
int jsonpath_select(const struct jsonpath *p, const struct jsonpath_scope *s,
    struct jsonpath_nodes *out, struct fault *why) MUST_CHECK;
/* Of a singular path: the node or DOC_NONE. Allocates nothing. */
doc_node jsonpath_one(const struct jsonpath *p, const struct jsonpath_scope *s);

/*
 * What the paths of one mapping have in common. With notes on a document,
 * paths that joined do together what each would do alone: $.a.b is stepped to
 * once however many paths begin with it, and [?@.ref == 'x'] for many x reads
 * its array once. The results are the same. A family is made at load and
 * read-only afterwards; its paths must outlive it. Notes belong to one run of
 * one thread, and lie in the arena; NULL when that is full, which is as good.
 */
struct jsonpath_family *jsonpath_family_new(void) MUST_CHECK;
void jsonpath_family_free(struct jsonpath_family *f); /* NULL is fine */
void jsonpath_join(struct jsonpath_family *f, struct jsonpath *p);
struct jsonpath_notes *jsonpath_notes_new(const struct jsonpath_family *f,
    const struct document *d, struct arena *arena) MUST_CHECK;
/*
 * The first child of an array whose member `name`, which has to stay, is that
 * text; DOC_NONE when there is none. False when nothing is noted that could
 * tell: look at the children.
 */
bool jsonpath_find(struct jsonpath_notes *n, doc_node array, struct str name,
    struct str text, doc_node *item);

/*
 * The names of the members that absolute paths of the family step to from the
 * node that p, an absolute and singular path of it, names. How many; names may
 * be NULL.
 */
size_t jsonpath_steps(const struct jsonpath_family *f, const struct jsonpath *p,
    struct str *names);

/*
 * A logical expression, as between "?" and "]" in a filter; blanks around it
 * are fine. JSONPATH_RELATIVE: '@' outside of a filter in it is the scope's
 * current node, else it is refused there.
 */
struct jsonpath_test;
struct jsonpath_test *jsonpath_test_compile(struct str text, unsigned flags,
    struct fault *why) MUST_CHECK;
void jsonpath_test_free(struct jsonpath_test *t);
/* 1 true, 0 false, -1 with why. */
int jsonpath_test_run(const struct jsonpath_test *t,
    const struct jsonpath_scope *s, struct fault *why) MUST_CHECK;

#endif
