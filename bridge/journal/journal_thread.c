/*
 * journal/journal_thread.c - the journal's thread: groups, one after another.
 *
 * A group is what came in while the one before was written, so a disk that is
 * slow gets large groups and one that is idle answers at once. Only behind a
 * group is it worth waiting for a little more: see gather().
 *
 * Where more than a group waits already, the next one is written while this
 * one's sync is under way, on a thread of its own; and where it does not, it is
 * not: two half groups would cost two syncs.
 */
#include <time.h>

#include "journal/journal_front.h"

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

static bool
is_sync_over(struct journal *j)
{
	return j->syncing && syncer_is_over(j->syncer);
}

/*
 * Until so many ops are there, or that time, or the end of the sync that is
 * under way. Under the intake's lock.
 */
static void
rest(struct journal *j, size_t wanted, int64_t until_us)
{
	struct timespec until = timespec_of(until_us);

	j->wanted = wanted;
	j->resting = true;
	while (j->intake.count < wanted && !j->closing && !j->served_anew &&
	    !is_sync_over(j) &&
	    pthread_cond_timedwait(&j->more, &j->lock, &until) == 0)
		;
	j->resting = false;
}

/* On the syncer's thread. */
static void
on_sync_over(void *arg)
{
	struct journal *j = arg;

	pthread_mutex_lock(&j->lock);
	pthread_cond_signal(&j->more);
	pthread_mutex_unlock(&j->lock);
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

void
thread_expect(struct journal *j, const struct group *g)
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

/* The next group, if there is to be one now. Under the intake's lock. */
static void
await_group(struct journal *j, struct group *g, int64_t until_us)
{
	size_t least = j->syncing ? JOURNAL_GROUP : 1;

	if (j->intake.count < least)
		rest(j, least, until_us);
	if (!j->syncing && j->intake.count > 0)
		gather(j);
	if (j->intake.count >= least)
		take_group(j, g);
}

/* So much waits behind it that the next can be written meanwhile. */
static bool
is_crowded(struct journal *j)
{
	bool crowded;

	pthread_mutex_lock(&j->lock);
	crowded = j->intake.count >= JOURNAL_GROUP;
	pthread_mutex_unlock(&j->lock);
	return crowded;
}

/* Groups are answered in the order they were stored in. */
static void
end_before(struct journal *j, struct group *before)
{
	if (!j->syncing)
		return;
	group_wait(j, before);
	j->syncing = false;
	group_end(j, before);
}

/*
 * True when g's sync is under way; it is the next one's `before` then. Behind
 * another it is asked for at once: the disk goes from one to the next, and
 * whoever waited for `before` is answered meanwhile.
 */
static bool
run_group(struct journal *j, struct group *g, struct group *before)
{
	bool begun = group_begin(j, g);
	bool behind = begun && j->syncing;

	if (behind)
		syncer_ask(j->syncer);
	end_before(j, before);
	if (begun && !behind && is_crowded(j)) {
		syncer_ask(j->syncer);
		behind = true;
	}
	j->syncing = behind;
	if (behind)
		return true;
	if (begun)
		group_sync(j, g);
	group_end(j, g);
	return false;
}

static void *
thread_run(void *arg)
{
	struct journal *j = arg;
	struct group groups[2] = { { .count = 0 }, { .count = 0 } };
	unsigned at = 0;
	int64_t next = 0;

	pthread_mutex_lock(&j->lock);
	while (!j->closing) {
		await_group(j, &groups[at], next);
		pthread_mutex_unlock(&j->lock);
		if (groups[at].count > 0)
			at ^= run_group(j, &groups[at], &groups[at ^ 1]);
		else if (is_sync_over(j))
			end_before(j, &groups[at ^ 1]);
		next = house_keep(j);
		atomic_store(&j->round_us, clock_mono_us());
		pthread_mutex_lock(&j->lock);
	}
	pthread_mutex_unlock(&j->lock);
	return NULL;
}

int
thread_start(struct journal *j, struct fault *why)
{
	if (j->backend->sync != NULL) {
		j->syncer = syncer_new(j->backend, j->store, on_sync_over, j,
		    why);
		if (j->syncer == NULL)
			return -1;
	}
	if (thread_begin(&j->thread, thread_run, j, "journal", why) == 0)
		return 0;
	syncer_free(j->syncer);
	return -1;
}

void
thread_stop(struct journal *j)
{
	pthread_mutex_lock(&j->lock);
	j->closing = true;
	pthread_cond_signal(&j->more);
	pthread_mutex_unlock(&j->lock);
	pthread_join(j->thread, NULL);
	syncer_free(j->syncer);
}
