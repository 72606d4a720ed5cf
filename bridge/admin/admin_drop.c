/* admin/admin_drop.c - POST /deliveries/drop. */
#include <string.h>

#include "admin/admin_act.h"

static const char none[] = "it has no update that could be dropped";

static void
on_dropped(struct job *j)
{
	const struct journal_drop *d = &j->ask.drop;

	act_finish_op(j, &d->op, "dropped", d->dropped, none);
}

static void
drop(struct job *j)
{
	const struct acts *a = j->mine;
	struct str from = act_from(j);

	j->ask.drop = (struct journal_drop){ .op = { .verb = JOURNAL_DROP },
		.from = from };
	memcpy(j->ask.drop.id, a->ids[a->at], JOURNAL_ID_SIZE);
	job_ask(j, on_dropped);
}

static void
on_shown(struct job *j)
{
	const struct acts *a = j->mine;
	const struct journal_show *show = &j->ask.show;
	struct fault why = { 0 };
	size_t some = 0;

	if (job_failed(j, &why)) {
		act_finish_fault(j, "failed", &why);
		return;
	}
	act_stranded(j);
	if (show->op.result == JOURNAL_OK)
		for (size_t i = 0; i < show->count; i++)
			some += choose_may_retry(&show->rows[i]) ||
			    show->rows[i].state == JOURNAL_DONE;
	if (some == 0)
		act_finish(j, "nothing", none);
	else if (!a->asked.dry_run)
		drop(j);
	else
		act_finish_done(j, "would_drop", some);
}

static void
drop_one(struct job *j)
{
	struct acts *a = j->mine;

	a->stranded = 0;
	if (a->asked.dry_run || a->asked.upstream.at != NULL)
		act_show(j, on_shown);
	else
		drop(j);
}

void
admin_drop(struct admin_worker *w, struct exchange *x)
{
	static const struct act dropped = {
		.name = "drop",
		.who = ASK_DROP,
		.states = ACT_RETRIED | BIT(JOURNAL_DONE),
		.only = "only dead, refused and done can be dropped",
		.each = drop_one,
	};

	act_begin(w, x, &dropped);
}
