/*
 * mapping/mapping.h - the mapping language: compiled at load, run per event.
 *
 * A mapping is the mapping part of a route's file (empty, region, when,
 * events, lead_id, update, tables, writes). Compiling checks it against the
 * lead contract and reports every fault with file:line; running parses nothing,
 * and prints the PATCH body once, straight to the bytes it is sent from. A
 * compiled mapping is read-only and may be shared by threads.
 */
#ifndef BRIDGE_MAPPING_H
#define BRIDGE_MAPPING_H

#include "base/base.h"
#include "decode/decode.h"
#include "lead/lead.h"
#include "settings/settings.h"

struct mapping;

enum mapping_writes { MAPPING_SET, MAPPING_APPEND };

/*
 * Compiles the group. Settings of the route that are not the mapping's
 * (route, sender, secret, ...) are left alone. NULL with faults added. The
 * file the group came from must outlive the mapping.
 */
struct mapping *mapping_compile(const config_setting_t *group,
    struct faults *all) MUST_CHECK;
void mapping_free(struct mapping *m); /* NULL is fine */
/* The names of a route file that belong to the mapping, NULL-ended. */
extern const char *const mapping_settings[];

/* A word of the language, for who reads of it. */
struct mapping_word {
	const char *name;
	const char *argument; /* what it is of, or NULL */
	const char *help;     /* one sentence */
};
/* The i-th of mapping_settings; false past the end. */
bool mapping_setting_at(size_t i, struct mapping_word *out) MUST_CHECK;
/* The functions, header('X') and the like, likewise. */
bool mapping_function_at(size_t i, struct mapping_word *out) MUST_CHECK;

enum mapping_writes mapping_writes(const struct mapping *m);
/*
 * Adds a fault, "remainder() <words>", at each remainder() of a body like this
 * one (JSON) that is not empty: what stands there goes out though nobody named
 * it. Also where it is no JSON. While the mapping's file is open.
 */
void mapping_refuse_rest(const struct mapping *m, struct str body,
    const char *words, struct faults *all);
/* False: runs do not look at the input's delivery_id. */
bool mapping_names_delivery(const struct mapping *m);

/* What a run tells of. */
enum mapping_told_kind {
	MAPPING_TOLD_UPDATE,   /* an update begins; nodes: its item, if any */
	MAPPING_TOLD_WHEN,     /* value: true or false; no text */
	MAPPING_TOLD_SOURCE,   /* one that was tried */
	MAPPING_TOLD_ARGUMENT, /* of the step to come; literals are not told */
	MAPPING_TOLD_STEP,     /* value: what it made of the value before */
	MAPPING_TOLD_FIELD,    /* ends a place; value: what goes there */
	MAPPING_TOLD_FAULT,    /* ends it too; text: why it cannot be made */
	MAPPING_TOLD_KINDS
};

struct mapping_told {
	enum mapping_told_kind kind;
	const char *where;     /* the target: "update.phone" */
	struct str text;       /* as written: $.a.phone, phone('CH') */
	struct str value;      /* compact JSON; STR_NONE: absent */
	const doc_node *nodes; /* those of the document a source gave */
	size_t node_count;
	const void *rule; /* id of the rule that fired by this; or NULL */
	const config_setting_t *at; /* of a FIELD: where it is written */
};

/*
 * Is told what runs do; for showing, as it costs memory and time. What is
 * told lies in the run's arena. The result stays the same. That a field does
 * not fit the contract is not told, the run itself says it.
 */
struct mapping_watch {
	void (*tell)(void *context, const struct mapping_told *told);
	void *context;
};

/* What a mapping is made of, each of which may or may not fire in a run. */
enum mapping_rule_kind {
	MAPPING_RULE_WHEN,        /* fires when it is true; no text */
	MAPPING_RULE_FIELD,       /* ... when there is a value to go there */
	MAPPING_RULE_ALTERNATIVE, /* ... when it is the one that was taken */
	MAPPING_RULE_ROW,         /* of a table: ... when it was looked up */
	MAPPING_RULE_KINDS
};

struct mapping_rule {
	enum mapping_rule_kind kind;
	const char *where; /* the target; of a row the table's name */
	struct str text;   /* as written; of a row its key */
	const void *id;    /* told when it fires; only to be compared */
	const config_setting_t *at; /* of a FIELD: where it is written */
};

typedef void mapping_rule_visit(void *context, const struct mapping_rule *rule);
/* Visits all rules in the order of the mapping, tables last. */
void mapping_rules(const struct mapping *m, mapping_rule_visit *visit,
    void *context);

/* Everything an event can be asked for. Texts may be STR_NONE. */
struct mapping_input {
	const struct document *document;
	const struct request *request; /* header(), query(), client_ip() */
	const struct header *params;   /* param('x'): {x} of the route */
	size_t param_count;
	struct str sender;
	struct str delivery_id;
	int64_t received_ms;
	struct arena *arena;               /* scratch, results */
	const struct mapping_watch *watch; /* NULL: nobody looks */
};

struct mapping_events {
	const doc_node *at; /* what '@' is, one an update */
	size_t count;       /* 0: nothing to do, `when` said no */
	bool batch;         /* the mapping has `events` */
};

/*
 * Which updates this webhook makes: one (DOC_NONE) without `events`, else
 * one an item. -1 with why.
 */
int mapping_split(const struct mapping *m, const struct mapping_input *in,
    struct mapping_events *out, struct fault *why) MUST_CHECK;

struct mapping_update {
	struct str lead_id;
	struct str body; /* the PATCH body, compact JSON; see below */
	bool skipped;    /* this item's own `when` said no */
};

/* The most we send for one event; the API's own ceiling is not published. */
#define MAPPING_BODY_MAX ((size_t)1 << 20)

/*
 * Makes one update, its body printed behind what `body` holds, up to the
 * ceiling of these bytes; when there is none, they are as they were.
 * FAULT_MAPPING or FAULT_CONTRACT with where set to the target
 * ("update.email") and a text that names the path, never the value.
 */
int mapping_print(const struct mapping *m, const struct mapping_input *in,
    doc_node event, struct bytes *body, struct mapping_update *out,
    struct fault *why) MUST_CHECK;
/* The same with a body in the arena, of MAPPING_BODY_MAX. */
int mapping_run(const struct mapping *m, const struct mapping_input *in,
    doc_node event, struct mapping_update *out, struct fault *why) MUST_CHECK;

/* A transform of the language, for who reads about it. */
struct mapping_transform {
	const char *name;
	const char *takes, *gives; /* "text", "a list" */
	const char *help;          /* one sentence */
	const char *body;          /* JSON: '$' in the examples; or NULL */
	unsigned min_args, max_args;
	size_t examples;
};
/* The i-th by name; false past the end. */
bool mapping_transform_at(size_t i, struct mapping_transform *out) MUST_CHECK;

struct mapping_example {
	const char *in;    /* JSON; NULL: absent */
	const char *step;  /* what stands behind the '|' */
	const char *out;   /* JSON; NULL: absent */
	const char *fault; /* words of the fault it is instead; or NULL */
};
/* The k-th example of the i-th transform, which must be there. */
struct mapping_example mapping_transform_example(size_t i, size_t k) MUST_CHECK;

#endif
