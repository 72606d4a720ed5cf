/* base/base_thread.h - threads, begun. */
#ifndef BRIDGE_BASE_THREAD_H
#define BRIDGE_BASE_THREAD_H

#include <pthread.h>

#include "base/base_fault.h"

/*
 * Begins a thread that no signal reaches: the process's signals are the main
 * thread's business. -1 with why; where: who wants it, for the fault.
 */
int thread_begin(pthread_t *thread, void *(*run)(void *arg), void *arg,
    const char *where, struct fault *why) MUST_CHECK;

#endif
