/*
 * decode/decode_pairs.h - names and values become a document. Private to
 * this room.
 *
 * Forms, queries and multipart bodies are pairs of a name and a value, read
 * alike: a name that comes again makes an array, and brackets nest, see
 * decode_pairs.c.
 */
#ifndef BRIDGE_DECODE_PAIRS_H
#define BRIDGE_DECODE_PAIRS_H

#include "decode/decode_form_tree.h"

struct pairs {
	struct tree tree;
	struct arena *arena;
	const char *source; /* in faults: "body", "query" */
	const char *start;  /* of the text, to count offsets from */
	const char *pair;   /* the one being read: set before pairs_put */
	struct fault *why;
};

/* All that can fail return -1, with the fault in `why`. */
int pairs_start(struct pairs *p, struct arena *arena, const char *source,
    struct str text, const struct decode_limits *limits,
    struct fault *why) MUST_CHECK;
/*
 * A new branch for a value under a key, which is decoded already. What it
 * holds is for the caller to set: the text of a BRANCH_TEXT, the members of
 * a BRANCH_FILE.
 */
int pairs_put(struct pairs *p, struct str key, enum branch_kind kind,
    struct branch **out) MUST_CHECK;
struct document *pairs_finish(struct pairs *p) MUST_CHECK;

/* Always -1: FAULT_BODY at a place in the text. */
int pairs_refuse(const struct pairs *p, const char *place, const char *what);
/* Always -1: what stood in the way of the pair. */
int pairs_trouble(const struct pairs *p, enum tape_trouble trouble);
/* Always -1: a ceiling of a decoder's own, at a place in the text. */
int pairs_too_large(const struct pairs *p, const char *place, const char *what);

#endif
