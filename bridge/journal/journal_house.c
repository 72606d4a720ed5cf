/*
 * journal/journal_house.c - what the thread does by itself: counts, prunes,
 * wakes who is to be woken, and asks a store that failed how it is.
 */
#include "journal/journal_front.h"
#include "metrics/metrics.h"

#define SECOND_US ((int64_t)1000000)
/* Where a count is a scan of the other nodes' tables, too. */
#define COUNT_SHARED_US (10 * SECOND_US)
#define PRUNE_US (10 * SECOND_US)
#define PRUNE_IDLE_US (60 * SECOND_US)
#define PRUNE_MORE_US ((int64_t)20000)
#define PRUNE_ROWS 256

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
	stranded_ask(j, &stats);
	if (group_apply(j, &op, 1, &why) == -1 || op->result != JOURNAL_OK)
		return;
	j->touched = false;
	j->waiting = stats.count[JOURNAL_WAITING] +
	    stats.count[JOURNAL_SENDING];
	for (unsigned s = 0; s < JOURNAL_STATES; s++)
		metrics_set(METRIC_JOURNAL_ITEMS, s, stats.count[s]);
	metrics_set(METRIC_JOURNAL_LANES, 0, stats.lanes);
	metrics_set(METRIC_JOURNAL_OLDEST, 0, stats.oldest_ms / 1000);
	stranded_tell(j, &stats);
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

	if (group_apply(j, &op, 1, &why) == -1)
		prune.pruned = 0;
	if (prune.pruned > 0)
		j->touched = true;
	j->prune_us = now_us + prune_again(j, &prune);
}

int64_t
house_keep(struct journal *j)
{
	int64_t now_us = clock_mono_us(), next = wake_by_time(j, now_us);

	if (stranded_renew(j) || now_us >= j->count_us)
		count_items(j, now_us);
	if (now_us >= j->prune_us)
		prune_slice(j, now_us);
	next = next < j->count_us ? next : j->count_us;
	return next < j->prune_us ? next : j->prune_us;
}
