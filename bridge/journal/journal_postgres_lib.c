/* journal/journal_postgres_lib.c - libpq, loaded when it is asked for. */
#include <dlfcn.h>
#include <pthread.h>
#include <string.h>

#include "journal/journal_postgres_lib.h"

#define LIBRARY "libpq.so.5"

struct pq pq;

static const struct {
	const char *name;
	size_t at;
} functions[] = {
#define PQ_ROW(name) { #name, offsetof(struct pq, name) },
	PQ_FUNCTIONS(PQ_ROW)
#undef PQ_ROW
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static const char *missing; /* what the load failed for; NULL: nothing */

static void
load(void)
{
	void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);

	if (library == NULL) {
		missing = LIBRARY;
		return;
	}
	for (size_t i = 0; i < COUNT_OF(functions); i++) {
		void *function = dlsym(library, functions[i].name);

		if (function == NULL)
			missing = functions[i].name;
		memcpy((char *)&pq + functions[i].at, &function,
		    sizeof(function));
	}
}

int
pq_load(struct fault *why)
{
	pthread_once(&once, load);
	if (missing == NULL)
		return 0;
	return fault_set(why, FAULT_SETTINGS, "journal.url",
	    "PostgreSQL needs %s, which cannot be loaded; install libpq5",
	    missing);
}
