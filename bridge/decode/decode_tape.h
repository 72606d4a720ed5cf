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
 * Before entry 0 lies one that stands for what is around the document.
 */
#ifndef BRIDGE_DECODE_TAPE_H
#define BRIDGE_DECODE_TAPE_H

#include "decode/decode.h"

/* Entries that are no values, beside the kinds of the door. */
enum { ENTRY_KEY = DOC_OBJECT + 1, ENTRY_END };

/* A member of an object with many: its value, and its key's hash. */
struct slot {
	uint32_t hash;
	doc_node value;
};

struct entry {
	uint32_t kind;
	/* Bytes of a text, children of a container, the container of an END. */
	uint32_t len;
	union {
		const char *at; /* KEY, STRING, NUMBER */
		struct {
			union {
				doc_node end;
				uint32_t marks; /* of its keys, while open */
			};
			doc_node around; /* the container it is in, or NONE */
		} box;                   /* ARRAY, OBJECT */
		/*
		 * END of an object with more members than INDEX_FROM: those,
		 * by the hashes of their keys, then by key_cmp. Else NULL.
		 */
		const struct slot *index;
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
	TAPE_KEY_TWICE, /* the second one is, or would be, tape.twice */
};

/* A document being laid down. */
struct tape {
	struct entry *entries;
	struct entry *next; /* to be filled */
	struct entry *stop; /* not to be filled: no room, or a value too many */
	struct entry *full; /* the end of the room */
	struct entry *open; /* innermost container without END, or AROUND */
	uint32_t ends;      /* how many of the entries are */
	uint32_t depth;
	uint32_t depth_max;
	uint32_t values_max; /* and keys */
	doc_node twice;
	struct arena *arena;
	struct document *document;
};

/* What is around the document; its kind is DOC_ABSENT. */
#define TAPE_AROUND(t) ((t)->entries - 1)

/* text_len is the body's: from it the number of entries is guessed. */
enum tape_trouble tape_start(struct tape *t, struct arena *arena,
    const struct decode_limits *limits, size_t text_len) MUST_CHECK;
/* Takes the cold cases of laying down: a ceiling, or an array to grow. */
enum tape_trouble tape_make_room(struct tape *t) MUST_CHECK;
/* Ends the innermost container; finds a key that one of many has twice. */
enum tape_trouble tape_close(struct tape *t) MUST_CHECK;
/* Call when every container is closed. */
struct document *tape_finish(struct tape *t);
/* Says what stood in the way. Always -1. */
int tape_fault(const struct tape *t, enum tape_trouble trouble,
    struct fault *why, const char *where, unsigned line, unsigned column);

/* True when an equal key of the open object is laid down; false of many. */
bool tape_has_key(const struct tape *t, struct str key);

/* An entry of any kind but a container's, as it is. */
static inline enum tape_trouble MUST_CHECK
tape_fill(struct tape *t, uint32_t kind, struct str text)
{
	struct entry *e;

	if (t->next == t->stop) {
		enum tape_trouble trouble = tape_make_room(t);

		if (trouble != TAPE_FINE)
			return trouble;
	}
	e = t->next++;
	e->kind = kind;
	e->len = (uint32_t)text.len;
	e->at = text.at;
	return TAPE_FINE;
}

/* A value without children. The text must outlive the document. */
static inline enum tape_trouble MUST_CHECK
tape_put(struct tape *t, enum doc_kind kind, struct str text)
{
	enum tape_trouble trouble = tape_fill(t, kind, text);

	if (trouble == TAPE_FINE)
		t->open->len++;
	return trouble;
}

/* An array or an object; its children follow, up to tape_close. */
static inline enum tape_trouble MUST_CHECK
tape_open(struct tape *t, enum doc_kind kind)
{
	enum tape_trouble trouble = TAPE_TOO_DEEP;
	struct entry *box;

	if (t->depth < t->depth_max)
		trouble = tape_put(t, kind, STR_NONE);
	if (trouble != TAPE_FINE)
		return trouble;
	box = t->next - 1;
	box->box.marks = 0;
	box->box.around = (doc_node)(t->open - t->entries); /* NONE is -1 */
	t->open = box;
	t->depth++;
	return TAPE_FINE;
}

/* One of 32 bits that equal keys share, and different ones seldom. */
static inline uint32_t
key_mark(struct str key)
{
	unsigned sum = (unsigned)key.len;

	if (key.len > 0)
		sum += (unsigned char)key.at[0] * 7u +
		    (unsigned char)key.at[key.len - 1] * 3u;
	return BIT(sum % 32);
}

/*
 * A key, with its value to follow, that may stand twice. It is compared with
 * those before it only when its mark has been seen.
 */
static inline enum tape_trouble MUST_CHECK
tape_put_key(struct tape *t, struct str key)
{
	uint32_t mark = key_mark(key), seen = t->open->box.marks;

	if ((seen & mark) != 0 && tape_has_key(t, key)) {
		t->twice = (doc_node)(t->next - t->entries);
		return TAPE_KEY_TWICE;
	}
	t->open->box.marks = seen | mark;
	return tape_fill(t, ENTRY_KEY, key);
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
 * An order of keys: shorter ones first, which settles most comparisons without
 * a look at the characters.
 */
static inline int
key_cmp(struct str a, struct str b)
{
	if (a.len != b.len)
		return a.len < b.len ? -1 : 1;
	return short_order(a.at, b.at, a.len);
}

/*
 * Of a key's length and both its ends; what is between them may be long. An
 * index is ordered by it: so nearly all comparisons are of two numbers, and
 * keys that were chosen to have one hash are in the order above.
 */
static inline uint32_t
key_hash(struct str key)
{
	const uint64_t odd = UINT64_C(0x9E3779B97F4A7C15);
	uint64_t ends;

	if (key.len < 8)
		ends = short_word(key.at, key.len);
	else
		ends = short_load8(key.at) * odd ^
		    short_load8(key.at + key.len - 8);
	return (uint32_t)((ends ^ key.len) * odd >> 32);
}

/* A JSON number's text as a value; see decode_number.c. */
bool number_integer(struct str text, int64_t *out);
double number_double(struct str text);

#endif
