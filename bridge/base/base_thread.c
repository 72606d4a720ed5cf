/* base/base_thread.c - threads, begun. */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/base_macros.h"
#include "base/base_thread.h"

struct beginning {
	void *(*run)(void *arg);
	void *arg;
	char name[THREAD_NAME_SIZE];
};

/* From within: another's name is a file of /proc, which may be out of reach. */
static void *
begin(void *arg)
{
	struct beginning b = *(struct beginning *)arg;

	base_free(arg);
	pthread_setname_np(pthread_self(), b.name);
	return b.run(b.arg);
}

int
thread_begin(pthread_t *thread, void *(*run)(void *arg), void *arg,
    const char *name, struct fault *why)
{
	struct beginning *b = base_alloc(sizeof(*b));
	sigset_t all, before;
	int rc;

	*b = (struct beginning){ .run = run, .arg = arg };
	snprintf(b->name, sizeof(b->name), "%s", name);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	rc = pthread_create(thread, NULL, begin, b);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (rc == 0)
		return 0;
	base_free(b);
	return fault_set(why, FAULT_INTERNAL, name, "no thread: %s",
	    strerror(rc));
}
