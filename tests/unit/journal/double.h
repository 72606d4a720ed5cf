/*
 * tests/unit/journal/double.h - a memory backend that can be held and broken.
 *
 * The gate: while it is shut, the journal's thread stands in apply() with the
 * group it took, and what is handed in meanwhile piles up. Everything the
 * thread saw is written down.
 */
#ifndef TESTS_JOURNAL_DOUBLE_H
#define TESTS_JOURNAL_DOUBLE_H

#include <pthread.h>

#include <event2/event.h>

#include "unit/cmocka_all.h"

#include "journal/journal_front.h"

#define GROUPS_MOST 4096

static struct {
	pthread_mutex_t lock;
	pthread_cond_t moved;
	bool shut, inside; /* the gate; the thread stands before it */
	size_t groups[GROUPS_MOST], group_count; /* sizes, in order */
	enum fault_code fail; /* all groups, while it is set */
	size_t fail_from;     /* all but so many of the first; 0: none */
	bool no_house;        /* what the front does by itself fails */
	bool sealed, bare;    /* some event or body was, or was not */
	size_t failed_prunes;
	bool shares; /* rows of a show have one event between them */
	bool shared;
	bool syncs; /* groups are begun and synced: a gate for these, too */
	bool sync_shut, sync_inside, sync_fails;
	size_t begun, sync_count;
	size_t overlaps; /* groups begun while one was not synced */
} seen = { .lock = PTHREAD_MUTEX_INITIALIZER,
	.moved = PTHREAD_COND_INITIALIZER };

/* Deadlines are only there so that what hangs fails. */
static inline struct timespec
deadline(void)
{
	struct timespec at;

	clock_gettime(CLOCK_REALTIME, &at);
	at.tv_sec += 30;
	return at;
}

static inline void
wait_moved(void)
{
	struct timespec at = deadline();

	if (pthread_cond_timedwait(&seen.moved, &seen.lock, &at) != 0)
		fail_msg("nothing moved for 30 s");
}

static inline void
shut_gate(bool shut)
{
	pthread_mutex_lock(&seen.lock);
	seen.shut = shut;
	pthread_cond_broadcast(&seen.moved);
	pthread_mutex_unlock(&seen.lock);
}

/* Until the thread stands before the gate, with a group in hand. */
static inline void
wait_inside(void)
{
	pthread_mutex_lock(&seen.lock);
	while (!seen.inside)
		wait_moved();
	pthread_mutex_unlock(&seen.lock);
}

static inline void
stop_house_keeping(bool stopped)
{
	pthread_mutex_lock(&seen.lock);
	seen.no_house = stopped;
	pthread_mutex_unlock(&seen.lock);
}

static inline void
set_fail(enum fault_code code)
{
	pthread_mutex_lock(&seen.lock);
	seen.fail = code;
	pthread_mutex_unlock(&seen.lock);
}

/* The front's own: it counts and prunes when it likes. */
static inline bool
is_house_keeping(struct journal_op *const *ops)
{
	return ops[0]->port == NULL;
}

static inline bool
is_poison(const struct journal_op *op)
{
	const struct journal_accept *a = (const void *)op;

	return op->verb == JOURNAL_ACCEPT && str_eq(a->verdict, STR("poison"));
}

static inline void
look_at_text(struct str text)
{
	bool sealed = text.len > 0 && (unsigned char)text.at[0] == SEAL_MARK;

	seen.sealed = seen.sealed || sealed;
	seen.bare = seen.bare || (text.len > 0 && !sealed);
}

static inline void
look_at(const struct journal_op *op)
{
	const struct journal_accept *a = (const void *)op;
	const struct journal_revive *r = (const void *)op;

	if (op->verb == JOURNAL_ACCEPT) {
		look_at_text(a->event);
		look_at_text(a->updates[0].body);
	}
	if (op->verb == JOURNAL_REVIVE && r->updates != NULL)
		look_at_text(r->updates[0].body);
}

static inline int
pass_gate(struct journal_op *const *ops, size_t count, struct fault *why)
{
	enum fault_code code;

	pthread_mutex_lock(&seen.lock);
	if (!is_house_keeping(ops)) {
		seen.inside = true;
		pthread_cond_broadcast(&seen.moved);
		while (seen.shut)
			wait_moved();
		seen.inside = false;
		if (seen.group_count < GROUPS_MOST)
			seen.groups[seen.group_count++] = count;
		pthread_cond_broadcast(&seen.moved);
	}
	code = seen.fail;
	if (is_house_keeping(ops)
	        ? seen.no_house
	        : seen.fail_from != 0 && seen.group_count > seen.fail_from)
		code = FAULT_BUSY;
	for (size_t i = 0; i < count; i++) {
		if (is_poison(ops[i]))
			code = FAULT_REQUEST;
		look_at(ops[i]);
		seen.failed_prunes += ops[i]->verb == JOURNAL_PRUNE &&
		    code != FAULT_NONE;
	}
	pthread_mutex_unlock(&seen.lock);
	return code == FAULT_NONE
	    ? 0
	    : fault_set(why, code, NULL, "the double was told to fail");
}

static inline int
double_apply(void *store, struct journal_op *const *ops, size_t count,
    struct fault *why)
{
	const struct journal_show *show = (const void *)ops[0];
	int rc;

	if (pass_gate(ops, count, why) == -1)
		return -1;
	rc = journal_memory.apply(store, ops, count, why);
	if (seen.shares && show->op.verb == JOURNAL_SHOW)
		for (size_t i = 1; i < show->count; i++)
			show->rows[i].event = show->rows[0].event;
	return rc;
}

static inline void
shut_syncs(bool shut)
{
	pthread_mutex_lock(&seen.lock);
	seen.sync_shut = shut;
	pthread_cond_broadcast(&seen.moved);
	pthread_mutex_unlock(&seen.lock);
}

static inline int
double_begin(void *store, struct journal_op *const *ops, size_t count,
    struct fault *why)
{
	int rc = double_apply(store, ops, count, why);

	pthread_mutex_lock(&seen.lock);
	seen.overlaps += rc == 0 && seen.begun > seen.sync_count;
	seen.begun += rc == 0;
	pthread_cond_broadcast(&seen.moved);
	pthread_mutex_unlock(&seen.lock);
	return rc;
}

static inline int
double_sync(void *store, struct fault *why)
{
	bool fails;

	(void)store;
	pthread_mutex_lock(&seen.lock);
	seen.sync_inside = true;
	pthread_cond_broadcast(&seen.moved);
	while (seen.sync_shut)
		wait_moved();
	seen.sync_inside = false;
	seen.sync_count++;
	pthread_cond_broadcast(&seen.moved);
	fails = seen.sync_fails;
	pthread_mutex_unlock(&seen.lock);
	return fails ? fault_set(why, FAULT_INTERNAL, NULL, "told to fail") : 0;
}

static inline struct journal *
double_open(struct journal_settings settings, const char *key)
{
	static struct journal_backend backend;
	struct journal_setup setup = { .settings = &settings,
		.key = str_of(key) };
	struct fault why = { 0 };
	struct journal *j;

	backend = journal_memory;
	backend.apply = double_apply;
	backend.shared = seen.shared;
	if (seen.syncs) {
		backend.begin = double_begin;
		backend.sync = double_sync;
	}
	if (settings.ceiling == 0)
		settings.ceiling = 1000000;
	settings.url = "memory:";
	settings
	    .keep_done = settings
	                     .keep_keys = settings
	                                      .keep_bodies = (int64_t)86400 *
	    1000;
	settings.keep_refused = 100;
	seen.shut = seen.inside = seen.sealed = seen.bare = seen.no_house =
	    false;
	seen.failed_prunes = 0;
	seen.begun = seen.sync_count = seen.overlaps = 0;
	seen.sync_shut = seen.sync_inside = seen.sync_fails = false;
	seen.group_count = seen.fail_from = 0;
	seen.fail = FAULT_NONE;
	j = journal_open_with(&backend, &setup, &why);
	if (j == NULL)
		fail_msg("open: %s", why.text);
	return j;
}

/* A worker as the journal knows it: a loop, a port, and what came back. */
struct worker {
	struct event_base *base;
	struct journal_port *port;
	unsigned wakes;
	struct journal_op *back[20000];
	size_t back_count;
};

static inline void
worker_woken(void *arg)
{
	struct worker *w = arg;

	w->wakes++;
}

static inline void
worker_done(struct journal_op *op)
{
	struct worker *w = op->arg;

	w->back[w->back_count++] = op;
}

static inline struct worker *
worker_new(struct journal *j)
{
	struct worker *w = base_alloc(sizeof(*w));

	w->base = event_base_new();
	assert_non_null(w->base);
	w->port = journal_port_new(j, w->base, worker_woken, w);
	return w;
}

static inline void
worker_free(struct worker *w)
{
	journal_port_free(w->port);
	event_base_free(w->base);
	base_free(w);
}

static inline void
submit(struct worker *w, struct journal_op *op)
{
	op->done = worker_done;
	op->arg = w;
	journal_submit(w->port, op);
}

static inline void
turn_until(struct worker *w, const size_t *value, size_t wanted)
{
	int64_t give_up = clock_mono_us() + 30000000;
	struct timeval tick = { 0, 20000 };

	while (*value < wanted) {
		if (clock_mono_us() > give_up)
			fail_msg("%zu of %zu after 30 s", *value, wanted);
		event_base_loopexit(w->base, &tick);
		event_base_loop(w->base, EVLOOP_ONCE);
	}
}

/* Until so many ops have come back. */
static inline void
turn(struct worker *w, size_t wanted)
{
	turn_until(w, &w->back_count, wanted);
}

/* An accept that stays; base_free it. */
struct event_in {
	struct journal_accept a;
	struct journal_update u;
	struct journal_lease lease;
};

static inline struct event_in *
event_in(unsigned number, const char *lead)
{
	struct event_in *e = base_alloc(sizeof(*e));

	e->u = (struct journal_update){ .target = STR("api"),
		.lead = str_of(lead),
		.body = STR("{\"secret\":\"of a lead\"}") };
	e->a = (struct journal_accept){ .op = { .verb = JOURNAL_ACCEPT },
		.route = STR("/hooks/a"),
		.event = STR("the secret event"),
		.verdict = STR("hmac"),
		.updates = &e->u,
		.update_count = 1,
		.leases = &e->lease };
	snprintf(e->a.id, sizeof(e->a.id), "01930000-0000-7000-8000-%012x",
	    number);
	return e;
}

#endif
