/*
 * decode/decode_form_tree.h - a form, or XML, while it comes in. Private to
 * this room.
 *
 * What belongs to one group may lie anywhere in a form, and equal elements
 * anywhere in the one around them, so they are gathered in a tree of
 * branches first; the document is laid down from it.
 */
#ifndef BRIDGE_DECODE_FORM_TREE_H
#define BRIDGE_DECODE_FORM_TREE_H

#include "decode/decode_tape.h"

enum branch_kind {
	BRANCH_TEXT,
	BRANCH_NUMBER,
	BRANCH_NULL,
	/* From here on with children. */
	BRANCH_LIST,
	BRANCH_GROUP,
	BRANCH_FILE, /* a group that no pair of a form adds to */
	BRANCH_KINDS,
};

struct branch {
	enum branch_kind kind;
	uint32_t depth;  /* of the root: 1 */
	uint32_t count;  /* children */
	uint32_t level;  /* in the search tree of `up`; its leaves have 1 */
	struct str key;  /* in the group `up`; STR_NONE in a list */
	struct str text; /* of a text or a number */
	struct branch *up;
	struct branch *next;         /* the next child of `up` */
	struct branch *first;        /* child, in the order they came */
	struct branch *last;         /* child */
	struct branch *root;         /* of the search tree over the children */
	struct branch *left, *right; /* in the search tree of `up` */
};

struct tree {
	struct tape tape;
	struct branch *root; /* a group */
	uint32_t values;     /* and keys, as the tape will count them */
};

enum tape_trouble tree_start(struct tree *t, struct arena *arena,
    const struct decode_limits *limits, size_t text_len) MUST_CHECK;
/* The child of a group under a key, or NULL. */
struct branch *branch_find(const struct branch *group, struct str key);
/*
 * A new last child. In a group nothing may stand under the key yet, see
 * branch_find; in a list it is not looked at.
 */
enum tape_trouble branch_add(struct tree *t, struct branch *up,
    enum branch_kind kind, struct str key, struct branch **out) MUST_CHECK;
/* A group without children of what is a text without one. */
enum tape_trouble branch_open(struct tree *t, struct branch *b) MUST_CHECK;
/*
 * A branch becomes a list of one item, itself: in its place, so that what
 * points to its children's parent must look again.
 */
enum tape_trouble branch_widen(struct tree *t, struct branch *b) MUST_CHECK;
/* Groups whose keys are 0, 1, 2, ... in any order are laid down as arrays. */
enum tape_trouble tree_lay(struct tree *t) MUST_CHECK;

#endif
