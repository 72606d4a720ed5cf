/* delivery/delivery_count.c - deliveries, into the table of metrics. */
#include <string.h>

#include "delivery/delivery_count.h"
#include "lead/lead.h"

_Static_assert(VERIFY_OK == 0 && VERIFY_RESULTS == UNPROVENS + 1,
    "all but the first are counted");

static unsigned
route_of(const struct delivery *d)
{
	return d->route != NULL ? d->route->metric : 0;
}

void
delivery_count_unproven(const struct delivery *d, enum verify_result r)
{
	metrics_add(METRIC_UNPROVEN, metric_of(route_of(d), r - 1), 1);
}

/* "update.email", "update.address.city": the first name behind the dot. */
static const struct lead_field *
field_of(const char *where)
{
	struct str rest = str_of(where), name;

	if (!str_starts(rest, STR("update.")))
		return NULL;
	rest = str_skip(rest, strlen("update."));
	(void)str_cut(&rest, '.', &name);
	rest = name;
	(void)str_cut(&rest, '[', &name);
	return lead_field_find(name);
}

/* Of the contract's names only: what a mapping or an event says is no label. */
void
delivery_count_fault(const struct fault *why)
{
	const struct lead_field *f = field_of(why->where);
	unsigned name = 0;

	if (why->code != FAULT_MAPPING && why->code != FAULT_CONTRACT)
		return;
	if (f != NULL)
		name = metrics_named(METRIC_FIELDS, f->name);
	metrics_add(METRIC_MAPPING_FAULTS, metric_of(name, 0), 1);
}

void
delivery_count_mapped(struct delivery *d)
{
	if (d->mapped_us != 0)
		return;
	d->mapped_us = clock_mono_us();
	metrics_observe(METRIC_MAP, 0, d->mapped_us - d->started_us);
}

void
delivery_count_end(const struct delivery *d, enum metric_outcome outcome)
{
	metrics_add(METRIC_EVENTS, metric_of(route_of(d), outcome), 1);
	metrics_observe(METRIC_ANSWER_TIME, 0, clock_mono_us() - d->started_us);
}
