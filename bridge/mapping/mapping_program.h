/*
 * mapping/mapping_program.h - a compiled mapping: what the compiler makes and
 * the runner walks. Private to the room.
 *
 * A program is a tree of nodes with the shape of the PATCH body. Everything
 * lies in the mapping's arena and is never changed once compiling is over;
 * what the arena cannot give back (paths, prepared transforms) hangs on the
 * list of owned things.
 *
 *	node	a place in the body: a literal, a chain, a text of several
 *		parts, a group, a list, or an each
 *	chain	what stands in braces: a ?? b | step | step(x)
 *	source	one alternative of a chain, or one argument of a step
 */
#ifndef BRIDGE_MAPPING_PROGRAM_H
#define BRIDGE_MAPPING_PROGRAM_H

#include "jsonpath/jsonpath.h"
#include "mapping/mapping.h"
#include "mapping/mapping_transform.h"
#include "mapping/mapping_value.h"

/*
 * Nesting of groups, lists and each in a mapping, and of parentheses in one
 * expression. The compiler and the runner recurse this deep, no deeper.
 */
#define MAPPING_DEPTH 32

enum source_kind {
	SOURCE_LITERAL,
	SOURCE_PATH,
	SOURCE_FUNCTION,
	SOURCE_PARAM,     /* as SOURCE_FUNCTION; the route has to have it */
	SOURCE_KEY,       /* key() */
	SOURCE_REMAINDER, /* remainder($.a) */
	SOURCE_CHAIN,     /* in parentheses */
	SOURCE_KINDS
};

/* A source that is written like a call. */
struct function {
	const char *name;
	const char *argument;  /* what it wants, for faults; NULL: nothing */
	enum source_kind kind; /* the others ask the document, by themselves */
	/*
	 * SOURCE_FUNCTION asks the request: header('X'). The text, or
	 * STR_NONE. Need not be UTF-8: the runner looks.
	 */
	struct str (*run)(const struct mapping_input *in, struct str argument);
	const char *help; /* one sentence */
};

const struct function *function_find(struct str name); /* or NULL */
const char *function_nearest(struct str name);         /* or NULL */

/* The members of one object that nothing else in the mapping names. */
struct remainder {
	const struct jsonpath *path;
	bool json;                  /* what the path names is JSON in a text */
	const config_setting_t *at; /* where it is written */
	size_t mark;                /* and from which byte of that text on */
	const char *where;          /* "update.customFields" */
	const struct str *names;    /* those that are named, sorted */
	size_t count;
	struct remainder *next;
};

struct source {
	enum source_kind kind;
	struct str text; /* as written: faults name the source by it */
	bool many;       /* SOURCE_PATH: may select several */
	bool drop_empty; /* a text without characters is absent */
	struct value literal;
	const struct jsonpath *path;
	const struct function *function;
	struct str argument;
	const struct remainder *remainder;
	const struct chain *chain;
	const struct source *next;
};

struct step {
	const struct transform *transform;
	const struct source *args;
	size_t arg_count;
	const void *prepared;
	bool lenient; /* step?: what it refuses is absent, and no fault */
	const struct step *next;
};

struct chain {
	const struct source *sources; /* the first that is present */
	const struct step *steps;
};

/* A stretch of characters, or a hole. */
struct part {
	struct str text;
	const struct chain *chain; /* NULL: text stands as it is */
	const struct part *next;
};

enum node_kind {
	NODE_LITERAL,
	NODE_CHAIN,
	NODE_SPLICED, /* a chain right in a list: a list it makes is not one
	                 element, its items are elements */
	NODE_TEXT,
	NODE_GROUP,
	NODE_LIST,
	NODE_EACH,
	NODE_KINDS
};

struct node {
	enum node_kind kind;
	const char *where;              /* "update.address.city" */
	const config_setting_t *at;     /* where it is written */
	const struct lead_field *field; /* a field of the contract, or NULL */
	struct value literal;           /* NODE_LITERAL */
	struct str text;                /* as written; of a literal, its JSON */
	const struct part *parts;       /* NODE_TEXT; of the chains, one */
	const struct member *members;   /* NODE_GROUP, NODE_LIST */
	const struct jsonpath_test *when; /* NODE_GROUP, NODE_EACH; or NULL */
	/* NODE_EACH goes over one of: */
	const struct jsonpath *each;
	const struct remainder *rest;
	const struct chain *over;
	const struct step *last; /* `over` ends with this get(); or NULL */
	const char *over_where;
	bool poured; /* NODE_EACH right in a list: as NODE_SPLICED is */
	const struct node *as;
};

struct member {
	struct str key; /* ready to print, ",\"city\":"; "," in a list */
	const struct node *node;
	const struct member *next;
};

/* Something the arena does not free. */
struct owned {
	void (*release)(void *thing);
	void *thing;
	struct owned *next;
};

struct mapping {
	struct arena *arena;
	struct jsonpath_family *family; /* of all its paths */
	struct owned *owned;
	const struct jsonpath_test *when; /* or NULL */
	const struct jsonpath *events;    /* or NULL */
	const struct node *lead_id;
	const struct node *update;
	struct mapping_table *tables;
	size_t table_count;
	struct remainder *remainders; /* all that stand in it */
	bool drop_empty;              /* empty = "absent" */
	bool names_delivery;          /* delivery_id() does */
	struct str region; /* where phone() is at home: "US"; or STR_NONE */
	enum mapping_writes writes;
};

/* Memory of the mapping, zeroed; never NULL. */
void *mapping_take(struct mapping *m, size_t size) MUST_CHECK;
struct str mapping_keep(struct mapping *m, struct str s) MUST_CHECK;
char *mapping_keep_print(struct mapping *m, const char *fmt, ...)
    PRINTF(2, 3) MUST_CHECK;
/* The mapping frees the thing in its end. thing may be NULL. */
void mapping_own(struct mapping *m, void (*release)(void *), void *thing);
void mapping_own_path(struct mapping *m, struct jsonpath *p);
void mapping_own_test(struct mapping *m, struct jsonpath_test *t);

/* JSON's type of a value, as the contract has it; not of ABSENT. */
enum lead_type value_lead_type(const struct value *v);

#endif
