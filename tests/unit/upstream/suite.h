/*
 * unit/upstream/suite.h - a pool, and a server of ours on the other end, on
 * one loop.
 */
#ifndef UNIT_UPSTREAM_SUITE_H
#define UNIT_UPSTREAM_SUITE_H

#include <event2/event.h>

#include "unit/cmocka_all.h"

#include "metrics/metrics.h"
#include "upstream/upstream_pool.h"

#define CONNS 16
#define ANSWER "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

/* One loop, one server on it that answers or not, one pool. */
struct stage {
	struct event_base *base;
	struct event *accepting;
	int listener;
	int fds[CONNS];
	struct event *reads[CONNS];
	unsigned conns;
	unsigned requests;
	bool silent;     /* requests are read, not answered */
	char last[4096]; /* the latest piece of a request */
	struct secrets *secrets;
	struct settings_file *file;
	struct upstream_target *target;
	struct upstream_pool *pool;
};

/* What became of a call, and what its done does. */
struct ended {
	struct stage *stage;
	unsigned count;
	enum upstream_outcome outcome;
	bool unsent;
	struct ended *again; /* done starts this one */
	bool frees;          /* done frees the pool */
	struct upstream_call *cancels;
};

/* So many of the next sends fail; nobody's when it begins. */
extern int sends_to_fail;

/* The target is "t" of settings, with more of them. */
void open_stage(struct stage *s, const char *more);
/* What was opened was closed, and counted each time. */
void close_stage(struct stage *s);
/* Accepts a connection: the loop does, or who does not want to wait. */
void on_accept(evutil_socket_t fd, short what, void *arg);
/* The number of a metric's cell, of the target. */
unsigned label(unsigned value);

/* A call; on_done() notes its end in e, and does what e says. */
struct upstream_call *ask(struct stage *s, struct ended *e);
void on_done(void *arg, const struct upstream_answer *a);
/* A stage on which one call was served: its connection is kept. */
void open_served(struct stage *s, struct ended *e);
/* Turns of the loop, until it counts so many. */
void run_until(struct stage *s, const unsigned *count, unsigned want);

#endif
