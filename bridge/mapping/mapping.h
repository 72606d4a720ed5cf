/*
 * mapping/mapping.h - the mapping language: compiled at load, run per event.
 *
 * A mapping is the mapping part of a route's file (when, events, lead_id,
 * update, tables, writes). Compiling checks it against the lead contract and
 * reports every fault with file:line; running parses nothing, and prints the
 * PATCH body once, straight to the bytes it is sent from. A compiled mapping is
 * read-only and may be shared by threads.
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

enum mapping_writes mapping_writes(const struct mapping *m);

/* Everything an event can be asked for. Texts may be STR_NONE. */
struct mapping_input {
	const struct document *document;
	const struct request *request; /* header(), query(), client_ip() */
	const struct header *params;   /* param('x'): {x} of the route */
	size_t param_count;
	struct str sender;
	struct str delivery_id;
	int64_t received_ms;
	struct arena *arena; /* scratch, results */
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

#endif
