/*
 * journal/journal_group.c - a group: admitted, stored, answered.
 */
#include <unistd.h>

#include "journal/journal_front.h"
#include "metrics/metrics.h"

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

/*
 * Whether the store takes events in: what accepts say, and prunes, by which the
 * front asks. On a full disk all else may go on.
 */
static void
note_takes(struct journal *j, struct journal_op *const *ops, size_t count)
{
	const struct fault *why = NULL;
	bool told = false;

	for (size_t i = 0; i < count; i++) {
		if (ops[i]->verb != JOURNAL_ACCEPT &&
		    ops[i]->verb != JOURNAL_PRUNE)
			continue;
		told = true;
		if (ops[i]->result == JOURNAL_UNAVAILABLE &&
		    ops[i]->fault.code == FAULT_BUSY)
			why = &ops[i]->fault;
	}
	if (told)
		note_health(j, why);
}

static void
note_stored(struct journal *j, struct journal_op *const *ops, size_t count,
    int64_t took_us)
{
	metrics_add(METRIC_JOURNAL_COMMITS, 0, 1);
	metrics_observe(METRIC_JOURNAL_COMMIT_TIME, 0, took_us);
	metrics_add(METRIC_JOURNAL_OPS, 0, (int64_t)count);
	j->commit_us += (took_us - j->commit_us) / 8;
	note_takes(j, ops, count);
}

static void
note_failed(struct journal *j, const struct fault *why)
{
	metrics_add(METRIC_JOURNAL_COMMITS, 1, 1);
	if (why->code == FAULT_INTERNAL)
		(j->fatal != NULL ? j->fatal : end_process)(why);
	if (why->code == FAULT_BUSY)
		note_health(j, why);
}

int
group_apply(struct journal *j, struct journal_op *const *ops, size_t count,
    struct fault *why)
{
	int64_t start = clock_mono_us();

	if (j->backend->apply(j->store, ops, count, why) == -1) {
		note_failed(j, why);
		return -1;
	}
	note_stored(j, ops, count, clock_mono_us() - start);
	return 0;
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

		if (group_apply(j, &g->ops[i], 1, &why) == -1) {
			refuse(g->ops[i], &why);
			log_event(LOG_LEVEL_ERROR, "journal refused one entry",
			    "why", why.text, NULL);
		}
	}
}

static void
not_stored(struct journal *j, struct group *g, const struct fault *why)
{
	if (why->code == FAULT_BUSY || why->code == FAULT_INTERNAL)
		refuse_group(g, why);
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

/* All of it at once, where a store has no begin(). */
static bool
apply_whole(struct journal *j, struct group *g)
{
	struct fault why = { 0 };

	if (group_apply(j, g->ops, g->op_count, &why) == -1)
		not_stored(j, g, &why);
	return false;
}

static bool
begin_whole(struct journal *j, struct group *g)
{
	int64_t start = clock_mono_us();
	struct fault why = { 0 };

	if (j->backend->begin(j->store, g->ops, g->op_count, &why) == -1) {
		note_failed(j, &why);
		not_stored(j, g, &why);
		return false;
	}
	g->took_us = clock_mono_us() - start;
	return true;
}

/* What waits from now on, as far as one can tell: the store has it already. */
static void
note_waiting(struct journal *j, const struct group *g)
{
	for (size_t i = 0; i < g->op_count; i++) {
		const struct journal_op *op = g->ops[i];
		const struct journal_accept *a = (const void *)op;
		const struct journal_settle *s = (const void *)op;

		if (op->result != JOURNAL_OK)
			continue;
		if (op->verb == JOURNAL_ACCEPT)
			j->waiting += (int64_t)a->update_count;
		if (op->verb == JOURNAL_SETTLE && s->to != JOURNAL_WAITING)
			j->waiting--;
	}
}

bool
group_begin(struct journal *j, struct group *g)
{
	bool begun;

	admit(j, g);
	if (g->op_count == 0)
		return false;
	begun = j->backend->begin != NULL ? begin_whole(j, g)
	                                  : apply_whole(j, g);
	note_waiting(j, g);
	return begun;
}

static void
note_synced(struct journal *j, const struct group *g, int64_t took_us)
{
	note_stored(j, g->ops, g->op_count, g->took_us + took_us);
}

void
group_sync(struct journal *j, struct group *g)
{
	int64_t start = clock_mono_us();
	struct fault why = { 0 };

	if (j->backend->sync(j->store, &why) == -1)
		note_failed(j, &why);
	note_synced(j, g, clock_mono_us() - start);
}

void
group_wait(struct journal *j, const struct group *g)
{
	struct fault why = { 0 };
	int64_t took_us = syncer_wait(j->syncer, &why);

	if (took_us == -1)
		note_failed(j, &why);
	note_synced(j, g, took_us);
}

static void
note_op(const struct journal_op *op)
{
	const struct journal_settle *s = (const void *)op;

	if (op->verb == JOURNAL_ACCEPT)
		metrics_add(METRIC_JOURNAL_ACCEPTS, op->result, 1);
	if (op->verb != JOURNAL_SETTLE)
		return;
	metrics_add(METRIC_JOURNAL_FENCED, 0, op->result == JOURNAL_FENCED);
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

void
group_end(struct journal *j, struct group *g)
{
	for (size_t i = 0; i < g->count; i++)
		note_op(g->all[i]);
	wake_after(j, g->ops, g->op_count, clock_mono_us());
	j->touched = true;
	thread_expect(j, g);
	return_group(g);
	g->count = 0;
}
