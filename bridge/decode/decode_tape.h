/*
 * decode/decode_tape.h - what a document is made of. Private to this room.
 *
 * A document is one array of entries in the order of the text. A container
 * is an entry, then its children, then an END; a member is a KEY, then its
 * value. [1,{"a":"x"}] lies as
 *
 *	0 ARRAY   two children, its END at 6
 *	1 NUMBER  1
 *	2 OBJECT  one child, its END at 5, within 0
 *	3 KEY     a
 *	4 STRING  x
 *	5 END     of 2
 *	6 END     of 0
 *
 * So the entry behind a value is its next sibling, that sibling's KEY, or
 * the END of what holds both, and no accessor needs a stack. A node is the
 * index of a value's entry; the entry before a member's value is its KEY.
 */
#ifndef BRIDGE_DECODE_TAPE_H
#define BRIDGE_DECODE_TAPE_H

#include "decode/decode.h"

/* Entries that are no values, beside the kinds of the door. */
enum { ENTRY_KEY = DOC_OBJECT + 1, ENTRY_END };

struct entry {
	uint32_t kind;
	/* Bytes of a text, children of a container, the container of an END. */
	uint32_t len;
	union {
		const char *at; /* KEY, STRING, NUMBER */
		struct {
			doc_node end;
			doc_node around; /* the container it is in, or NONE */
		} box;                   /* ARRAY, OBJECT */
		/*
		 * END of an object with more members than INDEX_FROM: its
		 * values in the order of their keys (key_cmp). Else NULL.
		 */
		const doc_node *index;
	};
};
_Static_assert(sizeof(struct entry) == 16, "four entries a cache line");

struct document {
	const struct entry *entries;
	uint32_t count;
};

/* Past so many members an object's keys are sorted, not compared in turn. */
#define INDEX_FROM 16

/* What can stand in the way of laying an entry down. */
enum tape_trouble {
	TAPE_FINE,
	TAPE_NO_MEMORY,
	TAPE_TOO_LONG, /* the text; lengths have 32 bits */
	TAPE_TOO_DEEP,
	TAPE_TOO_MANY,
	TAPE_KEY_TWICE, /* the second one is tape.twice */
};

/* A document being laid down. */
struct tape {
	struct entry *entries;
	uint32_t count;
	uint32_t room;
	doc_node open; /* the innermost container without END, or NONE */
	uint32_t depth;
	uint32_t values; /* and keys */
	uint32_t depth_max;
	uint32_t values_max;
	doc_node twice;
	struct arena *arena;
	struct document *document;
};

/* text_len is the body's: from it the number of entries is guessed. */
enum tape_trouble tape_start(struct tape *t, struct arena *arena,
    const struct decode_limits *limits, size_t text_len) MUST_CHECK;
/* Takes the cold cases of tape_put: a ceiling, or an array to grow. */
enum tape_trouble tape_make_room(struct tape *t) MUST_CHECK;
enum tape_trouble tape_open(struct tape *t, enum doc_kind kind) MUST_CHECK;
/* Ends the innermost container; finds the keys that an object has twice. */
enum tape_trouble tape_close(struct tape *t) MUST_CHECK;
/* Call when every container is closed. */
struct document *tape_finish(struct tape *t);
/* Says what stood in the way. Always -1. */
int tape_fault(const struct tape *t, enum tape_trouble trouble,
    struct fault *why, const char *where, unsigned line, unsigned column);

/* A value without children, or a key. The text must outlive the document. */
static inline enum tape_trouble MUST_CHECK
tape_put(struct tape *t, uint32_t kind, struct str text)
{
	struct entry *e;

	if (t->count == t->room || t->values == t->values_max) {
		enum tape_trouble trouble = tape_make_room(t);

		if (trouble != TAPE_FINE)
			return trouble;
	}
	e = &t->entries[t->count++];
	e->kind = kind;
	e->len = (uint32_t)text.len;
	e->at = text.at;
	t->values++;
	if (kind != ENTRY_KEY && t->open != DOC_NONE)
		t->entries[t->open].len++;
	return TAPE_FINE;
}

static inline struct str
entry_text(const struct entry *e)
{
	return (struct str){ e->at, e->len };
}

/* The entry behind a value and all that is in it. */
static inline uint32_t
entry_after(const struct entry *entries, doc_node n)
{
	const struct entry *e = &entries[n];
	bool box = e->kind == DOC_ARRAY || e->kind == DOC_OBJECT;

	return (box ? e->box.end : n) + 1;
}

/*
 * The order of an object's index: shorter keys first, which settles most
 * comparisons without a look at the characters.
 */
int key_cmp(struct str a, struct str b);

/* A JSON number's text as a value; see decode_number.c. */
bool number_integer(struct str text, int64_t *out);
double number_double(struct str text);

#endif
