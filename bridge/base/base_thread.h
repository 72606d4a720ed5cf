/* base/base_thread.h - threads, begun. */
#ifndef BRIDGE_BASE_THREAD_H
#define BRIDGE_BASE_THREAD_H

#include <pthread.h>

#include "base/base_fault.h"

#define THREAD_NAME_SIZE 16 /* the kernel's */

/*
 * Begins a thread that no signal reaches: the process's signals are the main
 * thread's business. name: as ps and gdb show it, cut to what the kernel
 * keeps. -1 with why.
 */
int thread_begin(pthread_t *thread, void *(*run)(void *arg), void *arg,
    const char *name, struct fault *why) MUST_CHECK;

#endif
