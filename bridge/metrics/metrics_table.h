/* metrics/metrics_table.h - the table of metrics, from inside the room. */
#ifndef BRIDGE_METRICS_TABLE_H
#define BRIDGE_METRICS_TABLE_H

#include <stdatomic.h>

#include "metrics/metrics.h"

typedef atomic_llong metric_cell;

enum metric_kind { COUNTER, GAUGE, HISTOGRAM };

struct metric_row {
	const char *name;
	enum metric_kind kind;
	const char *help;
	enum metric_names names;   /* METRIC_NAMES_NONE: no such label */
	const char *label;         /* NULL: none whose values are known */
	const char *const *values; /* ... and these: value_count of them */
	unsigned value_count;      /* 1 without a label */
	bool sparse;               /* a cell of 0 says nothing: not shown */
	/*
	 * Of a histogram: upper bounds in us, rising. Its cells are one each,
	 * one for what lies above, and the sum.
	 */
	const int64_t *bounds;
	unsigned bound_count;
	/* [name][value][what a histogram has] */
	metric_cell *cells;
	unsigned cell_count;
};

extern const struct metric_row metric_rows[METRICS];

static inline unsigned
metric_width(const struct metric_row *row)
{
	return row->bounds != NULL ? row->bound_count + 2 : 1;
}

/* The first cell of a label; NULL for one that the row has not. */
static inline metric_cell *
metric_cells(const struct metric_row *row, unsigned label)
{
	unsigned at = label;

	if (row->names != METRIC_NAMES_NONE)
		at = metric_name_of(label) * row->value_count + (label & 0xFF);
	at *= metric_width(row);
	return at < row->cell_count ? &row->cells[at] : NULL;
}

/* Statuses that are told apart, and "other" for the rest. */
#define METRIC_STATUSES 41
extern const char *const metric_statuses[METRIC_STATUSES];

/* Most names of a kind, "other" among them. */
#define ROUTES_MAX 256
#define UPSTREAMS_MAX 32
#define FIELDS_MAX 64
#define FILES_MAX 64

/* How many there are; and route="/hooks/a", of the i-th. 0 is "other". */
unsigned metric_name_count(enum metric_names kind);
void metric_name_print(enum metric_names kind, unsigned i, struct bytes *out);
/* label="value" */
void metric_label_print(const char *label, const char *value,
    struct bytes *out);
/* Of a name: all that was counted becomes 0. */
void metric_forget(enum metric_names kind, unsigned i);

/* process_*, as far as the system tells. */
void process_print(struct bytes *out);

#endif
