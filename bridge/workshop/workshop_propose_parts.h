/*
 * workshop/workshop_propose_parts.h - a proposal while it is made. Private to
 * workshop_propose*.c.
 */
#ifndef BRIDGE_WORKSHOP_PROPOSE_PARTS_H
#define BRIDGE_WORKSHOP_PROPOSE_PARTS_H

#include "workshop/workshop_propose_names.h"
#include "mapping/mapping.h"

#define PROPOSE_TEXT ((size_t)4 << 20)
#define PROPOSE_RULES 64
#define PROPOSE_MEMBERS 500
#define PROPOSE_NAME 64

/* A member of the event that may be a field: a scalar, or a list. */
struct member {
	doc_node node;
	struct str path;           /* as the mapping language writes it */
	char own[PROPOSE_NAME];    /* its name, made plain */
	char joined[PROPOSE_NAME]; /* its parent's and its own */
	bool among_people;         /* its parent is the event, or a person */
	bool writable;             /* the path can stand in a mapping */
	bool taken;
	/*
	 * Of an answer, {"ref": "email", "value": ...} in a list: which list,
	 * by its path, and how the answer is called there.
	 */
	struct str list, called;
};

/* What a rule has picked. */
struct pick {
	struct member *member; /* NULL: nothing */
	size_t step;
	bool refused;
	struct fault why;
};

struct proposing {
	const struct document *document;
	struct arena *arena;
	bool xml;          /* what came once there may come several times */
	struct str events; /* path of the events; STR_NONE: the body is one */
	const doc_node *items;
	size_t item_count;
	struct member members[PROPOSE_MEMBERS];
	size_t count;
	bool many; /* there are more members than we look at */
	struct member *lead;
	struct pick picks[PROPOSE_RULES];
	bool guarded; /* events without any picked member are passed over */
};

/*
 * workshop_propose_members.c: the members of the event, collected. Where
 * p->events is set, those of all p->items, each path once, and then those of
 * the body around them.
 */
void propose_collect(struct proposing *p);
/* What an answer in a list is called by; NULL where it is no answer. */
const char *propose_answer_key(const struct document *d, doc_node item);
/* Where an answer's value stands; its path behind the item is put into out. */
doc_node propose_answer_value(const struct document *d, doc_node item,
    struct bytes *out);
/* An array whose items are answers. */
bool propose_is_answers(const struct document *d, doc_node array);
/* True for a name that needs no quotes in a path. */
bool propose_identifier(struct str key);
/*
 * False for a name that would need the quoting of three languages, or that
 * cannot be seen for what it is.
 */
bool propose_quotable(struct str key);
bool propose_has_word(const char *words, const char *word);

/* workshop_propose_events.c: sets events and items to where leads stand. */
void propose_find_events(struct proposing *p);
/* workshop_propose.c: picks a member for each rule; returns how many. */
size_t propose_pick(struct proposing *p);

/* workshop_propose_print.c: mapping.cfg from `empty` to its end. */
void propose_print(const struct proposing *p, struct bytes *out);
/* There may be several events, and the body does not say of which leads. */
bool propose_one_lead(const struct proposing *p);
/* What was not taken, as comments; counts both. */
void propose_print_rest(const struct proposing *p, size_t *taken, size_t *left,
    struct bytes *out);
/* Where a rule's field stands: "update.address.". */
const char *propose_where(const struct propose_rule *r);
/* True when the member is one that the rule wants. */
bool propose_fits(const struct proposing *p, const struct propose_rule *r,
    const struct member *m, struct str name);

#endif
