/*
 * journal/journal_thread.c - the journal's thread: groups, one after another.
 *
 * A group is what came in while the one before was written, so a disk that is
 * slow gets large groups and one that is idle answers at once. Only behind a
 * group is it worth waiting for a little more: see gather().
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "journal/journal_front.h"
#include "metrics/metrics.h"

/*
 * What may wait to be stored: some seconds of a disk's work. Past it a sender
 * is better told at once to come again.
 */
#define INTAKE_OPS ((size_t)16384)
#define INTAKE_BYTES ((size_t)128 << 20)
/* A transaction larger than this is slower than two. */
#define GROUP_BYTES ((size_t)8 << 20)

/* Waiting for less than that costs more than it brings. */
#define WAIT_LEAST_US 20

#define SECOND_US ((int64_t)1000000)
/* Where a count is a scan of the other nodes' tables, too. */
#define COUNT_SHARED_US (10 * SECOND_US)
#define PRUNE_US (10 * SECOND_US)
#define PRUNE_IDLE_US (60 * SECOND_US)
#define PRUNE_MORE_US ((int64_t)20000)
#define PRUNE_ROWS 256
/* How often a store that failed is tried again. */
#define PROBE_US SECOND_US

/* A group on its way: all of it goes home, `ops` are what the backend saw. */
struct group {
	struct journal_op *all[JOURNAL_GROUP];
	size_t count;
	struct journal_op *ops[JOURNAL_GROUP];
	size_t op_count;
};

bool
thread_hand_in(struct journal *j, struct journal_op *op)
{
	size_t weight = op_weight(op);
	bool fits;

	pthread_mutex_lock(&j->lock);
	fits = op->verb == JOURNAL_SETTLE ||
	    (j->intake.count < INTAKE_OPS && j->intake_bytes < INTAKE_BYTES);
	if (fits) {
		op_list_add(&j->intake, op);
		j->intake_bytes += weight;
		if (j->resting && j->intake.count >= j->wanted)
			pthread_cond_signal(&j->more);
	}
	pthread_mutex_unlock(&j->lock);
	return fits;
}

static struct timespec
timespec_of(int64_t us)
{
	return (struct timespec){ us / SECOND_US, us % SECOND_US * 1000 };
}

/* Until so many ops are there, or that time. Under the intake's lock. */
static void
rest(struct journal *j, size_t wanted, int64_t until_us)
{
	struct timespec until = timespec_of(until_us);

	j->wanted = wanted;
	j->resting = true;
	while (j->intake.count < wanted && !j->closing &&
	    pthread_cond_timedwait(&j->more, &j->lock, &until) == 0)
		;
	j->resting = false;
}

/*
 * Who was just answered is likely to send again: without this, 64 senders that
 * wait for their answers are stored in two groups of 32 by turns, each waiting
 * for the other's commit. So the next group is awaited to be as large as what
 * was waiting already and what has just gone home; but only for a time that
 * is short beside a commit.
 */
static void
gather(struct journal *j)
{
	int64_t most = j->commit_us / 4;

	if (most > JOURNAL_WAIT_MS * 1000)
		most = JOURNAL_WAIT_MS * 1000;
	if (j->intake.count < j->expected && most >= WAIT_LEAST_US)
		rest(j, j->expected, j->last_us + most);
	j->expected = 0;
}

static void
expect(struct journal *j, const struct group *g)
{
	pthread_mutex_lock(&j->lock);
	j->expected = j->intake.count + g->count;
	if (j->expected > JOURNAL_GROUP)
		j->expected = JOURNAL_GROUP;
	pthread_mutex_unlock(&j->lock);
	j->last_us = clock_mono_us();
}

static void
take_group(struct journal *j, struct group *g)
{
	size_t bytes = 0;

	g->count = 0;
	while (g->count < JOURNAL_GROUP && j->intake.first != NULL &&
	    (g->count == 0 || bytes < GROUP_BYTES)) {
		struct journal_op *op = op_list_take(&j->intake);
		size_t weight = op_weight(op);

		bytes += weight;
		j->intake_bytes -= weight;
		g->all[g->count++] = op;
	}
}

/* The default of journal_setup.fatal. */
static void
end_process(const struct fault *why)
{
	log_event(LOG_LEVEL_ERROR, "the journal cannot be trusted any more",
	    "why", why->text, NULL);
	_exit(3);
}

static void
note_health(struct journal *j, const struct fault *why)
{
	bool before = atomic_exchange(&j->healthy, why == NULL);

	if (before && why != NULL) {
		log_event(LOG_LEVEL_ERROR, "journal cannot store", "why",
		    why->text, NULL);
		j->prune_us = clock_mono_us() + PROBE_US;
	}
	if (!before && why == NULL)
		log_event(LOG_LEVEL_INFO, "journal stores again", NULL);
}

/* Only writes tell that the store can be written. */
static bool
writes(struct journal_op *const *ops, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (ops[i]->verb != JOURNAL_LIST &&
		    ops[i]->verb != JOURNAL_SHOW &&
		    ops[i]->verb != JOURNAL_STATS)
			return true;
	return false;
}

int
thread_apply(struct journal *j, struct journal_op *const *ops, size_t count,
    struct fault *why)
{
	int64_t start = clock_mono_us(), took;
	int rc = j->backend->apply(j->store, ops, count, why);

	took = clock_mono_us() - start;
	metrics_add(METRIC_JOURNAL_COMMITS, rc != 0, 1);
	if (rc == 0) {
		metrics_add(METRIC_JOURNAL_COMMIT_US, 0, took);
		metrics_add(METRIC_JOURNAL_OPS, 0, (int64_t)count);
		j->commit_us += (took - j->commit_us) / 8;
		if (writes(ops, count))
			note_health(j, NULL);
		return 0;
	}
	if (why->code == FAULT_INTERNAL)
		(j->fatal != NULL ? j->fatal : end_process)(why);
	if (why->code == FAULT_BUSY)
		note_health(j, why);
	return -1;
}

static void
refuse(struct journal_op *op, const struct fault *why)
{
	op->result = JOURNAL_UNAVAILABLE;
	op->fault = *why;
	/* To a sender it is ours, whatever the store calls it. */
	if (why->code != FAULT_BUSY)
		op->fault.code = FAULT_INTERNAL;
}

static void
refuse_group(struct group *g, const struct fault *why)
{
	for (size_t i = 0; i < g->op_count; i++)
		refuse(g->ops[i], why);
}

/* The store is well and one of them cannot be done: which one? */
static void
apply_one_by_one(struct journal *j, struct group *g)
{
	for (size_t i = 0; i < g->op_count; i++) {
		struct fault why = { 0 };

		if (thread_apply(j, &g->ops[i], 1, &why) == -1) {
			refuse(g->ops[i], &why);
			log_event(LOG_LEVEL_ERROR, "journal refused one entry",
			    "why", why.text, NULL);
		}
	}
}

static void
apply_group(struct journal *j, struct group *g)
{
	struct fault why = { 0 };

	if (g->op_count == 0 || thread_apply(j, g->ops, g->op_count, &why) == 0)
		return;
	if (why.code == FAULT_BUSY || why.code == FAULT_INTERNAL)
		refuse_group(g, &why);
	else
		apply_one_by_one(j, g);
}

/* Accepts past the ceiling are not stored; all else is. */
static void
admit(struct journal *j, struct group *g)
{
	int64_t waiting = j->waiting;

	g->op_count = 0;
	for (size_t i = 0; i < g->count; i++) {
		struct journal_op *op = g->all[i];

		op->result = JOURNAL_OK;
		if (op->verb == JOURNAL_ACCEPT) {
			const struct journal_accept *a = (const void *)op;

			if (waiting >= j->settings.ceiling) {
				op_refuse(op, FAULT_BUSY,
				    "as many updates wait as journal.ceiling "
				    "allows");
				continue;
			}
			waiting += (int64_t)a->update_count;
		}
		g->ops[g->op_count++] = op;
	}
}

/* What an op that was done changed of what waits, as far as one can tell. */
static void
note_op(struct journal *j, const struct journal_op *op)
{
	const struct journal_accept *a = (const void *)op;
	const struct journal_settle *s = (const void *)op;

	if (op->verb == JOURNAL_ACCEPT) {
		metrics_add(METRIC_JOURNAL_ACCEPTS, op->result, 1);
		if (op->result == JOURNAL_OK)
			j->waiting += (int64_t)a->update_count;
	}
	if (op->verb != JOURNAL_SETTLE)
		return;
	metrics_add(METRIC_JOURNAL_FENCED, 0, op->result == JOURNAL_FENCED);
	if (op->result == JOURNAL_OK && s->to != JOURNAL_WAITING)
		j->waiting--;
	if (op->result == JOURNAL_OK && s->to == JOURNAL_DEAD)
		metrics_add(METRIC_JOURNAL_DEAD, 0, 1);
}

/* Home, in order; a port's ops in one go. */
static void
return_group(struct group *g)
{
	for (size_t i = 0; i < g->count; i++) {
		struct journal_port *p;
		struct op_list home;

		if (g->all[i] == NULL)
			continue;
		p = g->all[i]->port;
		op_list_init(&home);
		for (size_t k = i; k < g->count; k++)
			if (g->all[k] != NULL && g->all[k]->port == p) {
				op_list_add(&home, g->all[k]);
				g->all[k] = NULL;
			}
		port_return(p, &home);
	}
}

static void
run_group(struct journal *j, struct group *g)
{
	admit(j, g);
	apply_group(j, g);
	for (size_t i = 0; i < g->count; i++)
		note_op(j, g->all[i]);
	wake_after(j, g->ops, g->op_count, clock_mono_us());
	j->touched = true;
	expect(j, g);
	return_group(g);
}

static void
count_items(struct journal *j, int64_t now_us)
{
	struct journal_stats stats = { .op = { .verb = JOURNAL_STATS } };
	struct journal_op *op = &stats.op;
	struct fault why = { 0 };

	j->count_us = now_us +
	    (j->backend->shared ? COUNT_SHARED_US : SECOND_US);
	if (!j->touched && j->waiting == 0 && !j->backend->shared)
		return;
	if (thread_apply(j, &op, 1, &why) == -1 || op->result != JOURNAL_OK)
		return;
	j->touched = false;
	j->waiting = stats.count[JOURNAL_WAITING] +
	    stats.count[JOURNAL_SENDING];
	for (unsigned s = 0; s < JOURNAL_STATES; s++)
		metrics_set(METRIC_JOURNAL_ITEMS, s, stats.count[s]);
	metrics_set(METRIC_JOURNAL_LANES, 0, stats.lanes);
	metrics_set(METRIC_JOURNAL_OLDEST, 0, stats.oldest_ms / 1000);
}

static int64_t
prune_again(const struct journal *j, const struct journal_prune *prune)
{
	if (!atomic_load(&j->healthy))
		return PROBE_US;
	if (prune->pruned >= prune->most)
		return PRUNE_MORE_US;
	return j->touched ? PRUNE_US : PRUNE_IDLE_US;
}

/* A slice; also finds out whether a store that failed can be written again. */
static void
prune_slice(struct journal *j, int64_t now_us)
{
	struct journal_prune prune = { .op = { .verb = JOURNAL_PRUNE },
		.most = PRUNE_ROWS };
	struct journal_op *op = &prune.op;
	struct fault why = { 0 };

	if (thread_apply(j, &op, 1, &why) == -1)
		prune.pruned = 0;
	if (prune.pruned > 0)
		j->touched = true;
	j->prune_us = now_us + prune_again(j, &prune);
}

/* Does what is due by time; when to look again. */
static int64_t
keep_house(struct journal *j)
{
	int64_t now_us = clock_mono_us(), next = wake_by_time(j, now_us);

	if (now_us >= j->count_us)
		count_items(j, now_us);
	if (now_us >= j->prune_us)
		prune_slice(j, now_us);
	next = next < j->count_us ? next : j->count_us;
	return next < j->prune_us ? next : j->prune_us;
}

static void *
thread_run(void *arg)
{
	struct journal *j = arg;
	struct group g;
	int64_t next = 0;

	pthread_mutex_lock(&j->lock);
	while (!j->closing) {
		if (j->intake.first == NULL)
			rest(j, 1, next);
		if (j->intake.first != NULL)
			gather(j);
		take_group(j, &g);
		pthread_mutex_unlock(&j->lock);
		if (g.count > 0)
			run_group(j, &g);
		next = keep_house(j);
		pthread_mutex_lock(&j->lock);
	}
	pthread_mutex_unlock(&j->lock);
	return NULL;
}

/* The process's signals are the main thread's business. */
int
thread_start(struct journal *j, struct fault *why)
{
	sigset_t all, before;
	int rc;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	rc = pthread_create(&j->thread, NULL, thread_run, j);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (rc == 0)
		return 0;
	return fault_set(why, FAULT_INTERNAL, "journal", "no thread: %s",
	    strerror(rc));
}

void
thread_stop(struct journal *j)
{
	pthread_mutex_lock(&j->lock);
	j->closing = true;
	pthread_cond_signal(&j->more);
	pthread_mutex_unlock(&j->lock);
	pthread_join(j->thread, NULL);
}
