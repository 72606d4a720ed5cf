/* delivery/delivery_route.h - routes, from inside the room. */
#ifndef BRIDGE_DELIVERY_ROUTE_H
#define BRIDGE_DELIVERY_ROUTE_H

#include "delivery/delivery.h"

enum route_mode { ROUTE_RELAY };

struct route_settings {
	const char *path;
	const char *method;
	const char *sender;
	const char *secret;
	const char *upstream;
	const char *public_url;
	int mode;
	const config_setting_t *verify;
};

struct route {
	struct settings_file *file;
	struct route_settings settings;
	struct mapping *mapping;
	struct verifier *verifier;
	size_t target; /* index into the targets of routes_setup */
	/* The path cut at its slashes; a parameter has its name and `param`. */
	struct route_segment {
		struct str text;
		bool param;
	} * segments;
	size_t segment_count;
	bool has_params;
};

struct routes {
	struct route **list; /* without parameters first, sorted by path */
	size_t count;
	size_t plain; /* how many have no parameters */
	struct upstream_target *const *targets;
	size_t target_count;
};

/* Cuts and checks the path of a route; adds faults. */
bool route_compile_path(struct route *r, struct faults *all);

enum route_match { ROUTE_FOUND, ROUTE_NOT_FOUND, ROUTE_WRONG_METHOD };

/*
 * The route of a request. *params is filled (decoded, in the arena) from the
 * {x} segments. On ROUTE_WRONG_METHOD *found is a route of that path: its
 * method is the one to allow.
 */
enum route_match routes_match(const struct routes *all,
    const struct request *request, struct arena *arena,
    const struct route **found, struct header params[ROUTE_PARAMS],
    size_t *param_count);

#endif
