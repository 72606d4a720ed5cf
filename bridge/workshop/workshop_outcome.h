/*
 * workshop/workshop_outcome.h - what a mapping makes of a sample.
 */
#ifndef BRIDGE_WORKSHOP_OUTCOME_H
#define BRIDGE_WORKSHOP_OUTCOME_H

#include "delivery/delivery.h"

struct outcome {
	struct fault fault; /* of the whole event; code NONE: none */
	const struct document *document; /* NULL: the body is unreadable */
	bool batch;
	struct outcome_update {
		struct mapping_update update;
		struct fault fault;
	} * updates;
	size_t count; /* 0 without a fault: the event is ignored */
};

/* Decodes and maps; everything is in the arena. */
void outcome_of(const struct route *r, const struct request *request,
    struct arena *arena, struct outcome *out);
/* The same while somebody is told how. */
void outcome_watched(const struct route *r, const struct request *request,
    struct arena *arena, const struct mapping_watch *watch,
    struct outcome *out);
/* True when there is a fault anywhere. */
bool outcome_failed(const struct outcome *o);

/*
 * As JSON, the shape of *.expected.json: {"leadId", "update"} or {"error":
 * {"code", "details"}}; a list of these for a batch, without what a `when`
 * skipped; [] where nothing is to be updated.
 */
void outcome_print(const struct outcome *o, struct bytes *out);

/*
 * Opens the route of the first argument for `run` and closes it behind; the
 * exit code of run, or of a mapping that cannot be used, which is said.
 */
struct given;
int with_mapping(const struct given *g,
    int (*run)(const struct route *r, const struct given *g));

#endif
