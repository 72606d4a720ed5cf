/* journal/journal.c - opening a journal, closing it, and whose url it is. */
#include <string.h>

#include "journal/journal_front.h"

_Static_assert(SEAL_KEY == JOURNAL_KEY, "the door says what a key is");

static const struct journal_backend *const backends[] = {
	&journal_sqlite,
	&journal_postgres,
	&journal_memory,
};

static const struct journal_backend *
backend_of(struct str url)
{
	for (size_t i = 0; i < COUNT_OF(backends); i++)
		if (str_starts(url, str_of(backends[i]->scheme)))
			return backends[i];
	return NULL;
}

/* Of the url only its scheme is ever shown: there may be a password in it. */
int
journal_check_url(const char *url, struct fault *why)
{
	struct str text = str_of(url);
	const struct journal_backend *b = backend_of(text);

	if (b == NULL)
		return fault_set(why, FAULT_SETTINGS, "journal.url",
		    "it has to begin with sqlite:, postgresql:// or memory:");
	if (b != &journal_memory && text.len == strlen(b->scheme))
		return fault_set(why, FAULT_SETTINGS, "journal.url",
		    "nothing stands behind %s", b->scheme);
	if (b == &journal_memory && text.len > strlen(b->scheme))
		return fault_set(why, FAULT_SETTINGS, "journal.url",
		    "nothing may stand behind memory:");
	return 0;
}

int
journal_check_key(struct str key, struct fault *why)
{
	struct seal *seal = seal_new(key, why);

	if (seal == NULL && key.at != NULL)
		return -1;
	seal_free(seal);
	return 0;
}

static void
init_locks(struct journal *j)
{
	pthread_condattr_t monotonic;

	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&j->more, &monotonic);
	pthread_condattr_destroy(&monotonic);
	pthread_mutex_init(&j->lock, NULL);
	pthread_mutex_init(&j->ports_lock, NULL);
}

static void
journal_free(struct journal *j)
{
	if (j->store != NULL)
		j->backend->close(j->store);
	stranded_done(j);
	seal_free(j->seal);
	pthread_cond_destroy(&j->more);
	pthread_mutex_destroy(&j->lock);
	pthread_mutex_destroy(&j->ports_lock);
	base_free(j);
}

/* What waits, for the ceiling: so a journal that cannot be read shows now. */
static int
count_waiting(struct journal *j, struct fault *why)
{
	struct journal_stats stats = { .op = { .verb = JOURNAL_STATS } };
	struct journal_op *op = &stats.op;

	if (group_apply(j, &op, 1, why) == -1)
		return -1;
	if (op->result != JOURNAL_OK) {
		*why = op->fault;
		return -1;
	}
	j->waiting = stats.count[JOURNAL_WAITING] +
	    stats.count[JOURNAL_SENDING];
	j->touched = true;
	return 0;
}

struct journal *
journal_open_with(const struct journal_backend *backend,
    const struct journal_setup *setup, struct fault *why)
{
	struct journal *j = base_alloc(sizeof(*j));

	init_locks(j);
	op_list_init(&j->intake);
	j->backend = backend;
	j->settings = *setup->settings;
	j->fatal = setup->fatal;
	atomic_init(&j->healthy, true);
	atomic_init(&j->round_us, clock_mono_us());
	j->seal = seal_new(setup->key, why);
	if (j->seal != NULL)
		j->store = backend->open(j->settings.url, &j->settings, why);
	if (j->store == NULL || count_waiting(j, why) == -1 ||
	    thread_start(j, why) == -1) {
		journal_free(j);
		return NULL;
	}
	return j;
}

const struct journal_backend *
journal_backend_of(const char *url)
{
	return backend_of(str_of(url));
}

struct journal *
journal_open(const struct journal_setup *setup, struct fault *why)
{
	const char *url = setup->settings->url;
	const struct journal_backend *backend = backend_of(str_of(url));

	if (journal_check_url(url, why) == -1 || backend == NULL)
		return NULL;
	return journal_open_with(backend, setup, why);
}

void
journal_close(struct journal *j)
{
	if (j == NULL)
		return;
	/* A port that is freed has its ops back: nothing is left to store. */
	if (j->ports != NULL)
		bug("a port outlives its journal");
	thread_stop(j);
	journal_free(j);
}

int64_t
journal_quiet_ms(const struct journal *j)
{
	return (clock_mono_us() - atomic_load(&j->round_us)) / 1000;
}

bool
journal_healthy(const struct journal *j)
{
	return atomic_load(&j->healthy);
}

bool
journal_shared(const struct journal *j)
{
	return j->backend->shared;
}
