/*
 * admin/admin_retry.c - POST /deliveries/retry: through the mapping
 * as it is now, or as it is stored.
 */
#include <string.h>

#include "admin/admin_act.h"
#include "base/base.h"

/* "changes": what stands stored, and what it would be. */
static void
print_change(const struct journal_row *row, const struct journal_update *u,
    struct bytes *out)
{
	bytes_add_text(out, "{\"n\":");
	if (row != NULL)
		bytes_add_int(out, row->n);
	else
		bytes_add_text(out, "null");
	bytes_add_text(out, ",\"lead\":");
	if (row != NULL && row->lead.len > 0)
		shown_add_json(out, row->lead);
	else
		bytes_add_text(out, "null");
	bytes_add_text(out, ",\"update\":");
	bytes_add_str(out,
	    row != NULL && row->body.len > 0 ? row->body : STR("null"));
	if (u != NULL && u->refused.at != NULL) {
		bytes_add_text(out, ",\"refused\":");
		shown_add_json(out, u->refused);
	} else if (u != NULL) {
		bytes_add_text(out, ",\"new_lead\":");
		shown_add_json(out, u->lead);
		bytes_add_text(out, ",\"new_update\":");
		bytes_add_str(out, u->body);
	}
	bytes_add_char(out, '}');
}

static void
print_changes(struct job *j)
{
	struct acts *a = j->mine;
	const struct chosen *c = &a->chosen;
	size_t rows = c->row_count, most = rows > c->count ? rows : c->count;

	act_print(j, "would_retry", NULL);
	bytes_add_text(&j->out, ",\"changes\":[");
	for (size_t i = 0; i < most; i++) {
		if (i > 0)
			bytes_add_char(&j->out, ',');
		print_change(i < rows ? c->rows[i] : NULL,
		    i < c->count ? &c->updates[i] : NULL, &j->out);
	}
	bytes_add_char(&j->out, ']');
	a->done++;
	a->items += c->count;
	act_next(j);
}

static void
on_revived(struct job *j)
{
	const struct journal_revive *r = &j->ask.revive;

	if (r->op.result == JOURNAL_FENCED) {
		act_finish(j, "failed",
		    "one of its updates is being sent, or was just now; say it "
		    "again");
		return;
	}
	act_finish_op(j, &r->op, "retried", r->revived,
	    "it has no update to be tried again");
}

static void
revive(struct job *j, unsigned flags)
{
	const struct acts *a = j->mine;

	j->ask.revive = (struct journal_revive){
		.op = { .verb = JOURNAL_REVIVE },
		.updates = a->asked.remap ? a->chosen.updates : NULL,
		.update_count = a->chosen.count,
		.flags = flags,
		.from = act_from(j),
		.from_count = a->stranded
	};
	memcpy(j->ask.revive.id, a->ids[a->at], JOURNAL_ID_SIZE);
	job_ask(j, on_revived);
}

/* The reason why nothing of it can be sent; NULL: something can. */
static const char *
all_refused(const struct chosen *c, struct arena *arena)
{
	for (size_t i = 0; i < c->count; i++)
		if (c->updates[i].refused.at == NULL)
			return NULL;
	return arena_copy(arena, c->updates[0].refused).at;
}

/* As they are: those that have something to send. */
static size_t
choose_stored(struct job *j, const struct journal_show *show)
{
	struct acts *a = j->mine;

	a->chosen = (struct chosen){
		.rows = arena_take(j->arena,
		    (show->count + 1) * sizeof(a->chosen.rows[0])),
		.updates = arena_take(j->arena,
		    (show->count + 1) * sizeof(a->chosen.updates[0])),
	};
	if (a->chosen.rows == NULL || a->chosen.updates == NULL)
		return 0;
	for (size_t i = 0; i < show->count; i++)
		if (show->rows[i].state == JOURNAL_DEAD) {
			struct chosen *c = &a->chosen;

			c->rows[c->row_count++] = &show->rows[i];
			c->updates[c->count++] = (struct journal_update){
				.lead = show->rows[i].lead,
				.body = show->rows[i].body
			};
		}
	return a->chosen.count;
}

/* Whether there is an upstream for each of them, as it is stored. */
static bool
all_have_upstreams(const struct job *j)
{
	const struct acts *a = j->mine;
	const struct chosen *c = &a->chosen;

	for (size_t i = 0; i < c->row_count; i++)
		if (!routes_have_upstream(j->admin->routes, c->rows[i]->target))
			return false;
	return true;
}

static void
retry_stored(struct job *j)
{
	const struct acts *a = j->mine;

	if (choose_stored(j, &j->ask.show) == 0)
		act_finish(j, "nothing",
		    "it has no dead update that could be sent as it is stored");
	else if (!all_have_upstreams(j))
		act_finish(j, "refused",
		    "as it is stored it is for an upstream that the settings "
		    "do not name; its event can be mapped anew");
	else if (a->asked.dry_run)
		print_changes(j);
	else
		revive(j, 0);
}

/* What its event makes now, where that is something. */
static void
retry_made(struct job *j, const struct delivery_remapped *made)
{
	struct acts *a = j->mine;
	const struct journal_show *show = &j->ask.show;
	struct fault why = { 0 };
	const char *reason;

	if (choose_updates(show->rows, show->count, made, j->arena, &a->chosen,
	        &why) == -1)
		act_finish_fault(j, "refused", &why);
	else if ((reason = all_refused(&a->chosen, j->arena)) != NULL)
		act_finish(j, "refused", reason);
	else if (a->asked.dry_run)
		print_changes(j);
	else
		revive(j, made->flags);
}

static void
retry_remapped(struct job *j)
{
	const struct journal_show *show = &j->ask.show;
	const struct delivery_kept kept = { .id = show->id,
		.event = show->rows[0].event,
		.received_ms = show->rows[0].received_ms,
		.flags = show->rows[0].flags };
	struct delivery_remapped made;
	struct fault why = { 0 };

	if (kept.event.at == NULL)
		act_finish(j, "refused",
		    "its event is not kept any more, or cannot be opened");
	else if (delivery_remap(j->admin->routes, &kept, j->arena, &made,
	             &why) == -1)
		act_finish_fault(j, "refused", &why);
	else if (made.count == 0)
		act_finish(j, "ignored",
		    "the mapping wants nothing of this event now");
	else
		retry_made(j, &made);
}

static void
on_kept(struct job *j)
{
	const struct acts *a = j->mine;
	const struct journal_show *show = &j->ask.show;
	struct fault why = { 0 };
	size_t some = 0;

	if (job_failed(j, &why)) {
		act_finish_fault(j, "failed", &why);
		return;
	}
	if (show->op.result == JOURNAL_NOT_FOUND) {
		act_finish(j, "nothing", "there is no such delivery");
		return;
	}
	act_stranded(j);
	for (size_t i = 0; i < show->count; i++)
		some += choose_may_retry(&show->rows[i]);
	if (some == 0)
		act_finish(j, "nothing",
		    "none of its updates is dead or refused");
	else if (a->asked.remap)
		retry_remapped(j);
	else
		retry_stored(j);
}

static void
retry_one(struct job *j)
{
	act_show(j, on_kept);
}

void
admin_retry(struct admin_worker *w, struct exchange *x)
{
	static const struct act retry = {
		.name = "retry",
		.who = ASK_RETRY,
		.states = ACT_RETRIED,
		.only = "only dead and refused can be retried",
		.each = retry_one,
	};

	act_begin(w, x, &retry);
}
