/* journal/journal_sync.c - the slow half of a commit, on a thread of its own.
 */
#include <string.h>

#include "journal/journal_sync.h"

struct sync_end {
	int64_t took_us; /* -1: it failed */
	struct fault why;
};

struct syncer {
	const struct journal_backend *backend;
	void *store;
	void (*over)(void *arg);
	void *arg;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t moved;
	/* How many so far: told <= done <= asked <= told + SYNCER_ROOM. */
	unsigned asked, done, told;
	bool ends;
	struct sync_end results[SYNCER_ROOM];
};

static void
sync_once(struct syncer *s)
{
	int64_t start = clock_mono_us();
	struct sync_end end = { .took_us = -1 };

	if (s->backend->sync(s->store, &end.why) == 0)
		end.took_us = clock_mono_us() - start;
	pthread_mutex_lock(&s->lock);
	s->results[s->done++ % SYNCER_ROOM] = end;
	pthread_cond_broadcast(&s->moved);
	pthread_mutex_unlock(&s->lock);
	if (s->over != NULL)
		s->over(s->arg);
}

static void *
syncer_run(void *arg)
{
	struct syncer *s = arg;

	pthread_mutex_lock(&s->lock);
	while (!s->ends) {
		if (s->asked == s->done) {
			pthread_cond_wait(&s->moved, &s->lock);
			continue;
		}
		pthread_mutex_unlock(&s->lock);
		sync_once(s);
		pthread_mutex_lock(&s->lock);
	}
	pthread_mutex_unlock(&s->lock);
	return NULL;
}

static void
release(struct syncer *s)
{
	pthread_mutex_destroy(&s->lock);
	pthread_cond_destroy(&s->moved);
	base_free(s);
}

struct syncer *
syncer_new(const struct journal_backend *backend, void *store,
    void (*over)(void *arg), void *arg, struct fault *why)
{
	struct syncer *s = base_alloc(sizeof(*s));

	s->backend = backend;
	s->store = store;
	s->over = over;
	s->arg = arg;
	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->moved, NULL);
	if (thread_begin(&s->thread, syncer_run, s, "journal-sync", why) == 0)
		return s;
	release(s);
	return NULL;
}

void
syncer_free(struct syncer *s)
{
	if (s == NULL)
		return;
	pthread_mutex_lock(&s->lock);
	s->ends = true;
	pthread_cond_broadcast(&s->moved);
	pthread_mutex_unlock(&s->lock);
	pthread_join(s->thread, NULL);
	release(s);
}

void
syncer_ask(struct syncer *s)
{
	pthread_mutex_lock(&s->lock);
	if (s->asked - s->told == SYNCER_ROOM)
		bug("more syncs are asked for than are waited for");
	s->asked++;
	pthread_cond_broadcast(&s->moved);
	pthread_mutex_unlock(&s->lock);
}

bool
syncer_is_over(struct syncer *s)
{
	bool over;

	pthread_mutex_lock(&s->lock);
	over = s->done != s->told;
	pthread_mutex_unlock(&s->lock);
	return over;
}

int64_t
syncer_wait(struct syncer *s, struct fault *why)
{
	const struct sync_end *end;
	int64_t took;

	pthread_mutex_lock(&s->lock);
	while (s->done == s->told)
		pthread_cond_wait(&s->moved, &s->lock);
	end = &s->results[s->told++ % SYNCER_ROOM];
	took = end->took_us;
	*why = end->why;
	pthread_mutex_unlock(&s->lock);
	return took;
}
