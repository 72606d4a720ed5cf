/*
 * mapping/mapping_compile.h - what the parts of the compiler share. Private
 * to the room.
 */
#ifndef BRIDGE_MAPPING_COMPILE_H
#define BRIDGE_MAPPING_COMPILE_H

#include "mapping/mapping_program.h"

/* A path or a condition as written, for what it uses of the document. */
struct path_text {
	struct str text;
	struct path_text *next;
};

struct compiler {
	struct mapping *m;
	struct faults *all;
	bool *used;   /* one a table: some step reads it */
	bool appends; /* a field is set that adds when sent again */
	bool region_used;
	struct path_text *texts; /* of all paths and conditions */
	size_t unions;           /* paths made of those with several names */
};

/* A place's mark: faults are about the setting's name. */
#define PLACE_NAME SIZE_MAX

/* Where a value stands: in the file, in the body, and in what scope. */
struct place {
	const config_setting_t *at;
	const char *where;
	const struct lead_field *field; /* of the contract; NULL: not known */
	size_t mark;  /* 1 + the byte of its text faults are about; 0: all */
	bool item;    /* '@' means something here */
	bool element; /* of a list that is written out */
	unsigned depth;
};

/* Adds "file:line:column: where: text", and the line with a mark below it. */
void place_fault(const struct compiler *c, const struct place *p,
    const char *fmt, ...) PRINTF(3, 4);
/* The place of a part of its text; its own when the part lies elsewhere. */
struct place place_part(const struct place *p, struct str part);
/* The same of the `column`th character from there on, from 1; 0: not known. */
struct place place_column(const struct place *p, struct str text,
    unsigned column);
/* "; did you mean 'x'?", or nothing when near is NULL. In the arena. */
const char *did_you_mean(struct compiler *c, const char *near);

/* All three: NULL with the fault added. */
struct node *compile_text(struct compiler *c, const struct place *p,
    struct str text) MUST_CHECK; /* mapping_expr.c */
const struct jsonpath *compile_path(struct compiler *c, const struct place *p,
    struct str text) MUST_CHECK;
const struct jsonpath_test *compile_test(struct compiler *c,
    const struct place *p, struct str text) MUST_CHECK;

/* What an each goes over, into its node; mapping_compile_over.c. */
void compile_over(struct compiler *c, const struct place *p, struct str text,
    struct node *n);

/* mapping_compile_remainder.c; NULL with the fault added. */
struct remainder *compile_remainder(struct compiler *c, const struct place *p,
    const struct jsonpath *path) MUST_CHECK;
/* The paths that get() goes on from those of the sources. */
void compile_remember_gets(struct compiler *c, const struct chain *chain);
/* A member of what the path names, as if another path named it. */
void compile_remember_member(struct compiler *c, const struct jsonpath *path,
    struct str name);
/* A path's or a condition's text, which stays. */
void compile_remember(struct compiler *c, struct str text);
/* When all paths are known: what the remainders are without. */
void compile_remainders_end(struct compiler *c);

/*
 * Of a text without anything computed: false, with the fault, where it looks
 * like a path, which would be sent in the value's place. compile_value.c.
 */
bool compile_meant(struct compiler *c, const struct place *p, struct str text);

/* Any setting; compile_value.c. */
const struct node *compile_value(struct compiler *c,
    const struct place *p) MUST_CHECK;

/* The tables of the group, before anything that reads them. */
void compile_tables(struct compiler *c, const config_setting_t *tables);
void compile_tables_end(struct compiler *c, const config_setting_t *tables);
/* Looks up and marks as used; NULL with the fault added. */
const struct mapping_table *compile_table_find(struct compiler *c,
    const struct place *p, struct str name);

/* A libconfig scalar that is no string, or a string as it stands. */
bool compile_scalar(struct compiler *c, const struct place *p,
    struct value *out) MUST_CHECK;

/* Adds a fault where the node cannot fit its place's field. */
void check_node(struct compiler *c, const struct place *p,
    const struct node *n);

#endif
