/*
 * tests/unit/journal/postgres_nodes.h - two nodes on one database, for each
 * case: w[0] and w[1] of its state.
 */
#ifndef TESTS_JOURNAL_POSTGRES_NODES_H
#define TESTS_JOURNAL_POSTGRES_NODES_H

#include <pthread.h>

#include "unit/journal/postgres.h"

#include "journal/journal_postgres.h"

/*
 * Nodes wait for each other's locks: one that has no time meanwhile is not to
 * cost the other its deadline.
 */
static inline void
be_patient(struct world *w)
{
	struct pg_store *s = w->store;

	s->group_ms = 120000;
}

/* A second node on the first one's database. */
static inline void
join(struct world *w, const struct world *first)
{
	memset(w, 0, sizeof(*w));
	w->with = first->with;
	w->url = base_copy(first->url);
	w->settings = first->settings;
	w->arena = arena_new(16 << 20);
	world_reopen(w);
	be_patient(w);
}

static inline void
leave(struct world *w)
{
	world_shut(w);
	arena_free(w->arena);
	base_free(w->url);
}

static inline int
setup(void **state)
{
	struct world *w = base_alloc(2 * sizeof(*w));

	world_open(&w[0], &postgres_it);
	be_patient(&w[0]);
	join(&w[1], &w[0]);
	*state = w;
	return 0;
}

static inline int
teardown(void **state)
{
	struct world *w = *state;

	leave(&w[1]);
	world_close(&w[0]);
	base_free(w);
	return 0;
}

/* id_of() and what uses it are not for threads. */
static inline void
fill(struct journal_accept *a, struct journal_update *u, struct put p)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

	pthread_mutex_lock(&lock);
	put_fill(a, u, &p);
	pthread_mutex_unlock(&lock);
}

/* The n-th of a kind; of two kinds, none is the same. */
static inline void
name(char id[JOURNAL_ID_SIZE], unsigned kind, unsigned n)
{
	snprintf(id, JOURNAL_ID_SIZE, "01930000-0000-7000-8000-%06u%06u", kind,
	    n);
}

/* A thread that is one of the nodes. */
struct worker {
	struct world *w;
	unsigned node;
	uint64_t dice;
};

static inline unsigned
roll(struct worker *k, unsigned sides)
{
	k->dice ^= k->dice << 13;
	k->dice ^= k->dice >> 7;
	k->dice ^= k->dice << 17;
	return (unsigned)(k->dice >> 33) % sides;
}

#endif
