/*
 * metrics/metrics_names.c - label values that the settings bring.
 *
 * Tables only grow, up to a bound, and an entry never changes, so that readers
 * need no lock: they see the count after the entry.
 */
#include <pthread.h>
#include <string.h>

#include "metrics/metrics_table.h"

static struct table {
	const char *label;
	unsigned most;
	const char **names;
	atomic_uint count;
} tables[METRIC_NAMES] = {
	[METRIC_ROUTES] = { "route", ROUTES_MAX,
	    (const char *[ROUTES_MAX]){ "other" }, 1 },
	[METRIC_UPSTREAMS] = { "upstream", UPSTREAMS_MAX,
	    (const char *[UPSTREAMS_MAX]){ "other" }, 1 },
	[METRIC_FIELDS] = { "field", FIELDS_MAX,
	    (const char *[FIELDS_MAX]){ "other" }, 1 },
	[METRIC_FILES] = { "file", FILES_MAX,
	    (const char *[FILES_MAX]){ "other" }, 1 },
};

static pthread_mutex_t growing = PTHREAD_MUTEX_INITIALIZER;

unsigned
metric_name_count(enum metric_names kind)
{
	return atomic_load_explicit(&tables[kind].count, memory_order_acquire);
}

const char *
metric_name_text(enum metric_names kind, unsigned i)
{
	return tables[kind].names[i];
}

const char *
metric_name_label(enum metric_names kind)
{
	return tables[kind].label;
}

/* 0: it is not there. */
static unsigned
find(enum metric_names kind, const char *name)
{
	unsigned count = metric_name_count(kind);

	for (unsigned i = 1; i < count; i++)
		if (strcmp(tables[kind].names[i], name) == 0)
			return i;
	return 0;
}

static unsigned
add(struct table *t, const char *name)
{
	unsigned count = atomic_load_explicit(&t->count, memory_order_relaxed);

	if (count == t->most)
		return 0;
	t->names[count] = base_copy(name);
	atomic_store_explicit(&t->count, count + 1, memory_order_release);
	return count;
}

unsigned
metrics_name(enum metric_names kind, const char *name)
{
	unsigned i = find(kind, name);

	if (i != 0)
		return i;
	pthread_mutex_lock(&growing);
	i = find(kind, name); /* another thread's, meanwhile */
	if (i == 0)
		i = add(&tables[kind], name);
	pthread_mutex_unlock(&growing);
	return i;
}
