/*
 * listener/listener_inside.h - a listener, and how its workers are called.
 * Private to this room.
 *
 * Workers share no lock on their way; whoever wants something of one leaves it
 * in its bell and rings. What is there is taken on the worker's own thread,
 * between two events.
 */
#ifndef BRIDGE_LISTENER_INSIDE_H
#define BRIDGE_LISTENER_INSIDE_H

#include "listener/listener_worker.h"

struct listener {
	char *name;
	bool runs;
	char **addresses; /* as they were asked for */
	SSL_CTX **tls;    /* an address each; NULL: plain */
	unsigned *ports;
	struct front **fronts; /* an address each */
	struct crowd *crowd;
	size_t address_count;
	struct worker *workers;
	unsigned worker_count;
	int ended_fd;   /* an eventfd: all threads are through */
	unsigned beats; /* times the workers were asked whether they live */

	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t reported;
	unsigned running, failed, ended;
	unsigned renewals; /* so many were handed out */
};

/* From now on serve by this. Made by whoever rings, freed by the worker. */
struct renewal {
	unsigned number; /* of the listener's renewals */
	struct share *share;
	void *shared; /* for the service */
	struct listener_limits limits;
	/* By the listener's addresses: */
	SSL_CTX **tls; /* NULL: as it is */
	struct front **fronts;
	size_t count;
};
void renewal_free(struct renewal *r); /* NULL is fine */

/* listener.c: warns where this process may not open as many files. */
void listener_check_files(const struct listener *l,
    const struct listener_limits *limits);

#endif
