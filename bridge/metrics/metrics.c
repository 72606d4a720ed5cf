/* metrics/metrics.c - counting. */
#include "metrics/metrics_table.h"

static void
add(metric_cell *cell, int64_t n)
{
	atomic_fetch_add_explicit(cell, n, memory_order_relaxed);
}

static int64_t
get(metric_cell *cell)
{
	return atomic_load_explicit(cell, memory_order_relaxed);
}

void
metrics_add(enum metric m, unsigned label, int64_t n)
{
	metric_cell *cell = metric_cells(&metric_rows[m], label);

	if (cell != NULL)
		add(cell, n);
}

void
metrics_set(enum metric m, unsigned label, int64_t n)
{
	metric_cell *cell = metric_cells(&metric_rows[m], label);

	if (cell != NULL)
		atomic_store_explicit(cell, n, memory_order_relaxed);
}

static bool
is_kept(const struct metric_row *row, const metric_cell *cell,
    const unsigned *labels, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (metric_cells(row, labels[i]) == cell)
			return true;
	return false;
}

void
metrics_keep(enum metric m, const unsigned *labels, size_t count)
{
	const struct metric_row *row = &metric_rows[m];

	for (unsigned i = 0; i < row->cell_count; i++)
		if (!is_kept(row, &row->cells[i], labels, count))
			atomic_store_explicit(&row->cells[i], 0,
			    memory_order_relaxed);
}

void
metric_forget(enum metric_names kind, unsigned name)
{
	for (enum metric m = 0; m < METRICS; m++) {
		const struct metric_row *row = &metric_rows[m];
		unsigned count = row->value_count * metric_width(row);

		for (unsigned i = 0; row->names == kind && i < count; i++)
			atomic_store_explicit(&metric_cells(row,
			                          metric_of(name, 0))[i],
			    0, memory_order_relaxed);
	}
}

void
metrics_observe(enum metric m, unsigned label, int64_t us)
{
	const struct metric_row *row = &metric_rows[m];
	metric_cell *cells = metric_cells(row, label);
	unsigned i = 0;

	if (cells == NULL)
		return;
	if (us < 0)
		us = 0;
	while (i < row->bound_count && us > row->bounds[i])
		i++;
	add(&cells[i], 1);
	add(&cells[row->bound_count + 1], us);
}

int64_t
metrics_value(enum metric m, unsigned label)
{
	const struct metric_row *row = &metric_rows[m];
	metric_cell *cells = metric_cells(row, label);
	int64_t n = 0;

	if (cells == NULL)
		return 0;
	if (row->kind != HISTOGRAM)
		return get(cells);
	for (unsigned i = 0; i <= row->bound_count; i++)
		n += get(&cells[i]);
	return n;
}
