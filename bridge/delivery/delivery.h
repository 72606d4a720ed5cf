/*
 * delivery/delivery.h - routes, and the life of one delivery.
 *
 * The only room that joins the others: a request is matched to its route,
 * verified, decoded, mapped, sent upstream, and the answer relayed. One
 * function assigns a delivery's state; legal moves are a table; each move is
 * counted.
 */
#ifndef BRIDGE_DELIVERY_H
#define BRIDGE_DELIVERY_H

#include "base/base.h"
#include "journal/journal.h"
#include "mapping/mapping.h"
#include "secrets/secrets.h"
#include "settings/settings.h"
#include "upstream/upstream.h"
#include "verify/verify.h"

struct trace;
struct trace_rules;

/* One mapping file, loaded: its route and how it is served. */
struct route;

/* Everything the settings say about delivering; immutable once loaded. */
struct routes;

/* What a mapping file says of its route, for the settings reference. */
extern const struct setting route_settings_table[];

struct routes_setup {
	const char *settings_file;     /* relative patterns stand beside it */
	const char *pattern;           /* "mappings/x/mapping.cfg", a glob */
	const struct secrets *secrets; /* NULL: see below */
	struct upstream_target *const *targets; /* NULL: see below */
	size_t target_count;
	bool journalled; /* there is a journal: modes but relay are fine */
};

/*
 * Loads every file the pattern matches; NULL with all faults added. Where
 * secrets or targets are broken, and NULL, what needs them goes unchecked, and
 * the routes can only be checked, not served.
 */
struct routes *routes_load(const struct routes_setup *setup,
    struct faults *all) MUST_CHECK;
void routes_free(struct routes *r); /* NULL is fine */
size_t routes_count(const struct routes *r);
/* Whether there is an upstream of that name to send to. */
bool routes_have_upstream(const struct routes *r, struct str name);
/* Whether one of them is served by the journal. */
bool routes_journalled(const struct routes *r);
/* The path of one whose clients have to show certificates; NULL: of none. */
const char *routes_ask_client(const struct routes *r);

/*
 * The service a listener serves: verify, map, deliver, relay; or store, and
 * deliver from the journal. NULL journal: no route may need one. It has to
 * outlive the service. When the service is renewed, with another setup whose
 * journal and exporter do not count, what is under way ends by the routes that
 * it began with, and these are let go of behind it.
 */
struct delivery_setup {
	const struct routes *routes;
	struct journal *journal;
	struct share *share; /* of the routes; NULL: they outlive the service */
	struct trace *trace; /* outlives the service; NULL: there is none */
	const struct trace_rules *trace_rules; /* NULL: nothing is recorded */
};
struct service delivery_service(const struct delivery_setup *setup);

/*
 * An event that the journal kept, through the mappings as they are now; for a
 * person who mended one. What it makes lies in the arena. -1 with why when no
 * mapping takes it, or the one that does refuses it.
 */
struct delivery_kept {
	const char *id;      /* of the delivery */
	struct str event;    /* as the journal has it */
	int64_t received_ms; /* when it came */
	unsigned flags;      /* of any of its items */
};
struct delivery_remapped {
	const struct journal_update *updates; /* some may be refused */
	size_t count;   /* 0: the mapping wants nothing of it now */
	unsigned flags; /* for journal_revive */
};
int delivery_remap(const struct routes *all, const struct delivery_kept *kept,
    struct arena *arena, struct delivery_remapped *out,
    struct fault *why) MUST_CHECK;

/*
 * One mapping file on its own (map, test, send). Without secrets the route
 * has no verifier: it can map, not prove.
 */
struct route *route_open(const char *file, const struct secrets *secrets,
    struct faults *all) MUST_CHECK;
void route_close(struct route *r);
const char *route_path(const struct route *r);
const char *route_method(const struct route *r);
const char *route_sender(const struct route *r); /* or NULL */
/* How long the sender waits for an answer, in ms; 0 where nobody says. */
int64_t route_patience(const struct route *r);
/* Parameters ({x}) a route's path may have. */
#define ROUTE_PARAMS 8
/* Reads them from a path; how many. 0 also where the path is another's. */
size_t route_params(const struct route *r, struct str path, struct arena *arena,
    struct header params[ROUTE_PARAMS]);
/* The event of a request, as a document: its body, or nothing on a GET. */
const struct document *route_decode(const struct request *r,
    struct arena *arena, struct fault *why) MUST_CHECK;
const struct mapping *route_mapping(const struct route *r);
const struct verifier *route_verifier(const struct route *r); /* or NULL */
/*
 * What the API refused of an update, back to the mapping: read the answer,
 * run the mapping again under the watch, tell the rest. Where there is no
 * event to run it with, it is looked up instead: then the source is all that
 * is written at the place. All in the arena, where the body has to stay.
 */
struct blamed {
	struct str field; /* "address.city"; STR_NONE: no detail names one */
	struct str
	    source;       /* as written: $.a.city; STR_NONE: nothing wrote it */
	const char *file; /* of the mapping, where it is written; or NULL */
	unsigned line;
};
typedef void blame_tell(void *arg, const struct blamed *one);
struct blame;
/* NULL where the body is no VALIDATION_ERROR, or the arena is full. */
struct blame *blame_new(struct str body, struct arena *arena, blame_tell *tell,
    void *arg) MUST_CHECK;
const struct mapping_watch *blame_watch(const struct blame *b);
void blame_lookup(struct blame *b, const struct mapping *m);
void blame_rest(const struct blame *b);

/* As verifier_delivery_id(); secrets are not needed for it. */
struct str route_delivery_id(const struct route *r,
    const struct request *request, struct arena *arena);

#endif
