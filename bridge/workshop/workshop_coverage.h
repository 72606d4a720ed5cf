/*
 * workshop/workshop_coverage.h - what the samples of a mapping try.
 */
#ifndef BRIDGE_WORKSHOP_COVERAGE_H
#define BRIDGE_WORKSHOP_COVERAGE_H

#include "delivery/delivery.h"

struct rule {
	struct mapping_rule is;
	size_t number; /* of the order they were listed in */
	bool fired;
};

/* A path of a sample, with [*] for every index. */
struct path {
	char *text;
	bool mapped;
};

struct coverage {
	const struct route *route;
	struct rule *rules; /* by id while samples run, then by number */
	size_t rule_count;
	struct path *paths;
	size_t path_count, path_room;
	bool *written; /* by row of lead_fields() */
	size_t samples, updates, refused, ignored;
};

/* A member, as a mapping would write it: .name or ['na me']. */
void path_add_name(struct bytes *path, struct str key);

/* Begins with the route's rules and nothing tried. coverage_done it. */
void coverage_start(struct coverage *c, const struct route *r);
/* Tries one sample; says what is wrong with its file. An exit code. */
int coverage_try(struct coverage *c, const char *file);
/* No more samples: puts paths and rules into the order they are shown in. */
void coverage_settle(struct coverage *c);
void coverage_done(struct coverage *c);

#endif
