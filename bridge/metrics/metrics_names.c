/*
 * metrics/metrics_names.c - label values that the settings bring.
 *
 * Tables have a bound, and settings that are loaded again for years bring more
 * names than that: a name that nobody holds leaves its place when there is no
 * other. Under a lock, as counting needs the numbers only.
 */
#include <pthread.h>
#include <string.h>

#include "metrics/metrics_table.h"

struct place {
	char *name;
	unsigned holders;
};

static struct table {
	const char *label;
	unsigned most;
	struct place *places;
	unsigned count;
} tables[METRIC_NAMES] = {
	[METRIC_ROUTES] = { "route", ROUTES_MAX,
	    (struct place[ROUTES_MAX]){ { "other", 1 } }, 1 },
	[METRIC_UPSTREAMS] = { "upstream", UPSTREAMS_MAX,
	    (struct place[UPSTREAMS_MAX]){ { "other", 1 } }, 1 },
	[METRIC_FIELDS] = { "field", FIELDS_MAX,
	    (struct place[FIELDS_MAX]){ { "other", 1 } }, 1 },
	[METRIC_FILES] = { "file", FILES_MAX,
	    (struct place[FILES_MAX]){ { "other", 1 } }, 1 },
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

unsigned
metric_name_count(enum metric_names kind)
{
	unsigned count;

	pthread_mutex_lock(&lock);
	count = tables[kind].count;
	pthread_mutex_unlock(&lock);
	return count;
}

void
metric_name_print(enum metric_names kind, unsigned i, struct bytes *out)
{
	pthread_mutex_lock(&lock);
	metric_label_print(tables[kind].label, tables[kind].places[i].name,
	    out);
	pthread_mutex_unlock(&lock);
}

/* 0: it is not there. */
static unsigned
find(const struct table *t, const char *name)
{
	for (unsigned i = 1; i < t->count; i++)
		if (strcmp(t->places[i].name, name) == 0)
			return i;
	return 0;
}

/* 0: each is held. */
static unsigned
find_left(const struct table *t)
{
	for (unsigned i = 1; i < t->count; i++)
		if (t->places[i].holders == 0)
			return i;
	return 0;
}

/* The place of a new name: one more, or one that was left; or 0. */
static unsigned
add(enum metric_names kind, const char *name)
{
	struct table *t = &tables[kind];
	unsigned i = t->count < t->most ? t->count++ : find_left(t);

	if (i == 0)
		return 0;
	metric_forget(kind, i);
	base_free(t->places[i].name);
	t->places[i].name = base_copy(name);
	return i;
}

unsigned
metrics_name(enum metric_names kind, const char *name)
{
	unsigned i;

	pthread_mutex_lock(&lock);
	i = find(&tables[kind], name);
	if (i == 0)
		i = add(kind, name);
	if (i != 0)
		tables[kind].places[i].holders++;
	pthread_mutex_unlock(&lock);
	return i;
}

unsigned
metrics_named(enum metric_names kind, const char *name)
{
	unsigned i;

	pthread_mutex_lock(&lock);
	i = find(&tables[kind], name);
	pthread_mutex_unlock(&lock);
	return i;
}

void
metrics_unname(enum metric_names kind, unsigned i)
{
	if (i == 0)
		return;
	pthread_mutex_lock(&lock);
	tables[kind].places[i].holders--;
	pthread_mutex_unlock(&lock);
}
