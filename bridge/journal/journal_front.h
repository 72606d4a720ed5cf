/*
 * journal/journal_front.h - the front's own parts. Private to this room.
 *
 *	journal.c		opening, closing, urls
 *	journal_thread.c	the thread: which ops are a group, and when
 *	journal_group.c		a group: admitted, stored, answered
 *	journal_sync.c		its sync, while the next one is written
 *	journal_house.c		what is due by time
 *	journal_stranded.c	what waits for a target that there is no more
 *	journal_port.c		ports: ops in, ops back, wakes
 *	journal_wake.c		who is hungry for what, and who is woken
 *	journal_prepare.c	an op made ready for the backend, and undone
 */
#ifndef BRIDGE_JOURNAL_FRONT_H
#define BRIDGE_JOURNAL_FRONT_H

#include <pthread.h>
#include <stdatomic.h>

#include "journal/journal_backend.h"
#include "journal/journal_seal.h"
#include "journal/journal_sync.h"

/* Ops in a row, by their `next`. */
struct op_list {
	struct journal_op *first, **last; /* last: where the next one goes */
	size_t count;
};
void op_list_init(struct op_list *list);
void op_list_add(struct op_list *list, struct journal_op *op);
struct journal_op *op_list_take(struct op_list *list); /* NULL: empty */
void op_list_move(struct op_list *to, struct op_list *from);

/* A group on its way: all of it goes home, `ops` are what the backend saw. */
struct group {
	struct journal_op *all[JOURNAL_GROUP];
	size_t count;
	struct journal_op *ops[JOURNAL_GROUP];
	size_t op_count;
	int64_t took_us; /* to begin it */
};

/* What a port wants of one target: its last claim there got too little. */
struct hunger {
	char target[JOURNAL_NAME_MAX + 1];
	bool hungry;
	int64_t wake_us; /* something is due then; INT64_MAX: who knows */
};

struct journal_port {
	struct journal *journal;
	struct event *event; /* NULL: without a loop */
	void (*on_work)(void *arg);
	void *arg;
	int fd;      /* an eventfd: the inbox is not empty */
	size_t busy; /* the port's thread's own */

	pthread_mutex_t lock; /* of the inbox: */
	struct op_list inbox;
	bool woken;

	/* Under the journal's ports_lock: */
	struct journal_port *next;
	struct hunger *hungers;
	size_t hunger_count;
};

/* Targets that are served, by name. */
struct served {
	char **names;
	size_t count;
};

struct journal {
	const struct journal_backend *backend;
	void *store;
	struct seal *seal;
	struct journal_settings settings;
	void (*fatal)(const struct fault *why);
	atomic_bool healthy;
	_Atomic(int64_t) round_us; /* when its thread last came round */
	pthread_t thread;

	pthread_mutex_t lock; /* of the intake: */
	pthread_cond_t more;
	struct op_list intake;
	size_t intake_bytes;
	bool resting;  /* the thread waits for the first op, or for more */
	size_t wanted; /* ... so many */
	bool closing;
	bool served_anew; /* served_next is to be taken, and told of */
	struct served served_next;

	pthread_mutex_t ports_lock;
	struct journal_port *ports;
	struct journal_port *woken_last; /* NULL: none */

	/* The thread's own: */
	struct syncer *syncer; /* NULL: the store has no use for one */
	bool syncing;          /* what it was asked for is not answered yet */
	int64_t commit_us;     /* what a commit takes, smoothed */
	int64_t last_us;       /* when the last ended */
	size_t expected;       /* ops of the next group, if it comes soon */
	int64_t waiting; /* items: by the last count, and what came since */
	bool touched;    /* something happened since that count */
	int64_t count_us, prune_us; /* when to do so next */
	struct served served;       /* once is_served */
	bool is_served, warns;      /* warns: the next count is to be told */
	unsigned stranded[JOURNAL_TARGETS]; /* labels that the gauge has */
	size_t stranded_count;
};

/* journal.c; what journal_open() does once it knows whose url it is. */
struct journal *journal_open_with(const struct journal_backend *backend,
    const struct journal_setup *setup, struct fault *why) MUST_CHECK;

/* Of a url that journal_check_url() takes. */
const struct journal_backend *journal_backend_of(const char *url);

/* journal_thread.c */
int thread_start(struct journal *j, struct fault *why) MUST_CHECK;
void thread_stop(struct journal *j);
/* The intake is full: false, and the op is the caller's again. */
bool thread_hand_in(struct journal *j, struct journal_op *op) MUST_CHECK;
/* Who is answered with this group may send again: how large the next may be. */
void thread_expect(struct journal *j, const struct group *g);

/* journal_group.c; the journal's thread. */
/* How often a store that failed is asked how it is. */
#define PROBE_US ((int64_t)1000000)
/* False: it is over, stored or refused. Else a sync, of either kind, follows.
 */
bool group_begin(struct journal *j, struct group *g) MUST_CHECK;
void group_sync(struct journal *j, struct group *g);
/* ... by the syncer: until it has ended. */
void group_wait(struct journal *j, const struct group *g);
/* Everybody hears of it. */
void group_end(struct journal *j, struct group *g);
/* One transaction beside the groups: at open, and for the thread's own ops. */
int group_apply(struct journal *j, struct journal_op *const *ops, size_t count,
    struct fault *why) MUST_CHECK;

/* journal_house.c; the journal's thread. */
/* Does what is due by time; when to look again. */
int64_t house_keep(struct journal *j);

/* journal_stranded.c; but for the first the journal's thread. */
void served_free(struct served *s);
/* Whether other targets are served now: they are to be counted by. */
bool stranded_renew(struct journal *j);
void stranded_ask(const struct journal *j, struct journal_stats *stats);
/* The gauge; and the warnings, once for each journal_serve(). */
void stranded_tell(struct journal *j, const struct journal_stats *stats);
/* The thread has ended. */
void stranded_done(struct journal *j);

/* journal_port.c */
/* Ops that are done go home; writes the eventfd. Any thread. */
void port_return(struct journal_port *p, struct op_list *done);
void port_wake(struct journal_port *p);

/* journal_wake.c; the journal's thread. */
void wake_after(struct journal *j, struct journal_op *const *ops, size_t count,
    int64_t now_us);
/* Wakes who is to be woken by now; when next: INT64_MAX is never. */
int64_t wake_by_time(struct journal *j, int64_t now_us);

/* journal_prepare.c; the port's thread. */
/* -1: op.result and op.fault are set, it must not be handed in. */
int prepare(struct journal *j, struct journal_op *op) MUST_CHECK;
/* Undoes it, opens what is sealed. */
void unprepare(struct journal *j, struct journal_op *op);
/* Bytes an op keeps from being freed while it waits, about. */
size_t op_weight(const struct journal_op *op);

void op_refuse(struct journal_op *op, enum fault_code code, const char *text);

#endif
