/*
 * mapping/mapping_transform.h - the transforms, a row each. Private.
 *
 * To add one: write its function in a mapping_transform_*.c, add a row to
 * that file's table with help and examples. The compiler, the errors, the
 * tests (which run the examples) and the printed list follow from the row.
 */
#ifndef BRIDGE_MAPPING_TRANSFORM_H
#define BRIDGE_MAPPING_TRANSFORM_H

#include "jsonpath/jsonpath.h"
#include "mapping/mapping_value.h"

#define TRANSFORM_ARGS 8

/* A named table of a mapping file: rows in file order, "*" is the rest. */
struct mapping_table {
	const char *name;
	const struct mapping_table_row {
		struct str key;
		struct value value;
	} * rows;
	size_t count;
	const struct value *rest; /* the row "*", or NULL */
};

/* What a transform may use beside the value: its arguments, evaluated. */
struct transform_call {
	const struct value *args;
	size_t arg_count;
	const void *prepared; /* what prepare() made at load; or NULL */
	const struct mapping_input *in;
	const char *where; /* the target, for faults: "update.phone" */
	const struct document *document; /* what paths go into */
	struct jsonpath_notes *notes;    /* on that; or NULL */
	size_t *compared; /* items gone through in the whole update */
};

/* What prepare() may look at: literal arguments, and the tables. */
struct transform_setup {
	const struct value *args; /* kind ABSENT: not a literal */
	size_t arg_count;
	const struct mapping_table *tables;
	size_t table_count;
	struct str region; /* of the mapping: "US"; STR_NONE when not said */
	bool drop_empty;   /* of the mapping: empty = "absent" */
};

enum transform_flags {
	TRANSFORM_SEES_ABSENT = 1,  /* is run on ABSENT and unmarked NULL */
	TRANSFORM_TAKES_LIST = 2,   /* is given a list whole; others are run on
	                               a scalar, and a list of matches is a
	                               fault before they are reached */
	TRANSFORM_LITERAL_ARGS = 4, /* arguments must be literals */
	TRANSFORM_MIXED_ARGS = 8,   /* is prepared though some are none */
};

struct transform {
	const char *name;
	unsigned min_args, max_args;
	unsigned flags;
	const char *takes; /* "text", "any scalar", "a list", for help */
	const char *gives;
	const char *help; /* one sentence, ends with a full stop */
	const char *body; /* JSON, what '$' is in the examples; or NULL */
	/* Pairs for tests and help: JSON in, pipe step, JSON out ("" absent,
	   "!words" a fault whose text contains the words). */
	const struct transform_example {
		const char *in, *step, *out;
	} * examples;
	/*
	 * At load, when all arguments are literals (see MIXED_ARGS): checks
	 * them and makes what run() needs. NULL in *out is fine. -1 with why.
	 */
	int (*prepare)(const struct transform_setup *s, void **out,
	    struct fault *why);
	void (*release)(void *prepared);
	/* Replaces *v. -1 with FAULT_MAPPING; the text never has the value. */
	int (*run)(const struct transform_call *c, struct value *v,
	    struct fault *why);
};

const struct transform *transform_find(struct str name); /* or NULL */
const char *transform_nearest(struct str name);
/* All rows, sorted by name; NULL past the end. */
const struct transform *transform_at(size_t i);

/*
 * Of table(), what the row of this value gives, in the table itself; NULL when
 * it has no row, and of all other transforms.
 */
const struct value *transform_table_row(const struct transform *t,
    const void *prepared, const struct value *v);

/* The tables transform_find walks, one a file, ended by a NULL name. */
extern const struct transform transforms_text[];
extern const struct transform transforms_title[];
extern const struct transform transforms_list[];
extern const struct transform transforms_lookup[];
extern const struct transform transforms_value[];
extern const struct transform transforms_number[];
extern const struct transform transforms_boolean[];
extern const struct transform transforms_table[];
extern const struct transform transforms_people[]; /* names, phone, country */
extern const struct transform transforms_time[];
extern const struct transform transforms_path[];
extern const struct transform transforms_slug[];
extern const struct transform transforms_web[];

#endif
