/* console/console_admin_drop.c - POST /deliveries/drop. */
#include <string.h>

#include "console/console_admin_act.h"

static void
on_dropped(struct job *j)
{
	struct acts *a = j->mine;
	const struct journal_drop *d = &j->ask.drop;
	struct fault why = { 0 };

	if (job_failed(j, &why)) {
		act_finish_fault(j, "failed", &why);
	} else if (d->op.result == JOURNAL_NOT_FOUND) {
		act_finish(j, "nothing",
		    "it has no update that could be dropped");
	} else {
		a->done++;
		a->items += d->dropped;
		act_print(j, "dropped", NULL);
		bytes_addf(&j->out, ",\"updates\":%zu", d->dropped);
		act_next(j);
	}
}

static void
on_shown(struct job *j)
{
	struct acts *a = j->mine;
	const struct journal_show *show = &j->ask.show;
	struct fault why = { 0 };
	size_t some = 0;

	if (job_failed(j, &why)) {
		act_finish_fault(j, "failed", &why);
		return;
	}
	if (show->op.result == JOURNAL_OK)
		for (size_t i = 0; i < show->count; i++)
			some += choose_may_retry(&show->rows[i]) ||
			    show->rows[i].state == JOURNAL_DONE;
	if (some == 0) {
		act_finish(j, "nothing",
		    "it has no update that could be dropped");
		return;
	}
	a->done++;
	a->items += some;
	act_print(j, "would_drop", NULL);
	bytes_addf(&j->out, ",\"updates\":%zu", some);
	act_next(j);
}

static void
drop_one(struct job *j)
{
	const struct acts *a = j->mine;

	if (a->asked.dry_run) {
		act_show(j, on_shown);
		return;
	}
	j->ask.drop = (struct journal_drop){ .op = { .verb = JOURNAL_DROP } };
	memcpy(j->ask.drop.id, a->ids[a->at], JOURNAL_ID_SIZE);
	job_ask(j, on_dropped);
}

void
admin_drop(struct admin_worker *w, struct exchange *x)
{
	act_begin(w, x, ASK_DROP, drop_one);
}
