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
#include "mapping/mapping.h"
#include "secrets/secrets.h"
#include "settings/settings.h"
#include "upstream/upstream.h"
#include "verify/verify.h"

/* One mapping file, loaded: its route and how it is served. */
struct route;

/* Everything the settings say about delivering; immutable once loaded. */
struct routes;

struct routes_setup {
	const char *settings_file;     /* relative patterns stand beside it */
	const char *pattern;           /* "mappings/x/mapping.cfg", a glob */
	const struct secrets *secrets; /* NULL: see below */
	struct upstream_target *const *targets; /* NULL: see below */
	size_t target_count;
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

/* The service a listener serves: verify, map, deliver, relay. */
struct service delivery_service(const struct routes *r);

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
/* As verifier_delivery_id(); secrets are not needed for it. */
struct str route_delivery_id(const struct route *r,
    const struct request *request, struct arena *arena);

#endif
