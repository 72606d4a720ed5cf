/* base/base_thread.c - threads, begun. */
#include <signal.h>
#include <string.h>

#include "base/base_thread.h"

int
thread_begin(pthread_t *thread, void *(*run)(void *arg), void *arg,
    const char *where, struct fault *why)
{
	sigset_t all, before;
	int rc;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	rc = pthread_create(thread, NULL, run, arg);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return rc == 0 ? 0
	               : fault_set(why, FAULT_INTERNAL, where, "no thread: %s",
	                     strerror(rc));
}
