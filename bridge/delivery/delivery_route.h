/* delivery/delivery_route.h - routes, from inside the room. */
#ifndef BRIDGE_DELIVERY_ROUTE_H
#define BRIDGE_DELIVERY_ROUTE_H

#include "delivery/delivery.h"
#include "delivery/delivery_dedupe.h"
#include "delivery/delivery_rate.h"
#include "delivery/delivery_reply.h"
#include "journal/journal.h"

enum route_mode {
	ROUTE_RELAY,         /* the sender gets the API's answer */
	ROUTE_QUEUE,         /* 202, once it is in the journal */
	ROUTE_RELAY_OR_QUEUE /* the API's answer if it comes in time, else 202
	                      */
};

enum on_ambiguous { AMBIGUOUS_RETRY, AMBIGUOUS_DEAD };
enum on_dead { DEAD_SKIP, DEAD_BLOCK };

struct route_settings {
	const char *path;
	const char *method;
	const char *sender;
	const char *secret;
	const char *upstream;
	const char *public_url;
	int mode;
	/* Of journalled routes: */
	bool coalesce;
	int on_ambiguous;
	int on_dead_letter;
	const config_setting_t *dedupe;

	int64_t patience; /* ms; 0: what the preset says */
	int64_t rate;     /* events a second; 0: any number */
	const char *ping;
	const config_setting_t *verify;
	const config_setting_t *handshake;
	const config_setting_t *reply;
};

struct route {
	struct settings_file *file;
	struct settings_file *preset; /* of its sender, or NULL */
	struct route_settings settings;
	struct mapping *mapping;
	struct verifier *verifier;   /* NULL: it can map, not prove */
	struct verifier *keyless;    /* without it; knows where ids stand */
	struct handshake *handshake; /* NULL: none */
	struct condition *ping;      /* NULL: none */
	struct dedupe *dedupe;
	unsigned journal_flags;  /* of its items */
	struct reply_map *reply; /* NULL: what happened is what is told */
	int64_t patience_ms;     /* 0: not known */
	struct route_rate *rate; /* NULL: any number */
	size_t target;           /* index into the targets of routes_setup */
	unsigned metric;         /* its number among the metrics' names */
	/* The path cut at its slashes; a parameter has its name and `param`. */
	struct route_segment {
		struct str text;
		bool param;
	} * segments;
	size_t segment_count;
	struct route *beside; /* of the same path, by another method */
};

struct routes {
	struct route **list; /* sorted by path */
	size_t count;
	struct route_index *index;
	struct upstream_target *const *targets;
	size_t target_count;
	bool journalled; /* the settings name a journal */
};

/*
 * All that a route file holds; NULL with all faults added. `among`: the targets
 * to choose from, and whether there is a journal; NULL: neither is known.
 */
struct route *route_load(const char *file, const struct secrets *secrets,
    const struct routes *among, struct faults *all) MUST_CHECK;
/* Cuts and checks the path of a route; adds faults. */
bool route_compile_path(struct route *r, struct faults *all);

/* The value of {x} in a path, decoded; false when it is none. */
bool route_param(struct str text, struct arena *arena, struct str *value);

/*
 * Makes all->index of the list, whose routes have to stay. `twins` is told
 * of each route that no request could tell from an earlier one.
 */
typedef void route_twins(void *arg, const struct route *r,
    const struct route *earlier);
void routes_index(struct routes *all, route_twins *twins, void *arg);
void routes_index_free(struct route_index *x); /* NULL is fine */

/* Of the route's method, or a GET where its sender asks by one. */
enum route_match { ROUTE_FOUND, ROUTE_NOT_FOUND, ROUTE_WRONG_METHOD };

/*
 * The route of a request; where several fit, the one with text where others
 * have a parameter. *params is filled (decoded, in the arena) from the {x}
 * segments. On ROUTE_WRONG_METHOD *found is a route of that path: its
 * method is the one to allow.
 */
enum route_match routes_match(const struct routes *all,
    const struct request *request, struct arena *arena,
    const struct route **found, struct header params[ROUTE_PARAMS],
    size_t *param_count);

#endif
