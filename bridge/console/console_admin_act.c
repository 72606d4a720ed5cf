/*
 * console/console_admin_act.c - retry and drop: deliveries, one by one.
 *
 * What becomes of each is told; one that cannot be retried does not keep the
 * others from it.
 */
#include <string.h>

#include "console/console_admin_ask.h"
#include "console/console_admin_choose.h"
#include "console/console_admin_job.h"

#define PAGE_ROWS 500
#define RETRIED (BIT(JOURNAL_DEAD) | BIT(JOURNAL_REFUSED))

struct acts {
	struct ask asked;
	unsigned usual; /* states, where the filter names none */
	void (*each)(struct job *j);
	char (*ids)[JOURNAL_ID_SIZE]; /* JOB_MOST */
	size_t count, at;
	uint64_t next;         /* of the page that did not fit any more */
	struct arena_mark mark; /* what one delivery takes is given back */
	struct chosen chosen;
	size_t items, done; /* items it acted on; deliveries */
};

static void each_or_end(struct job *j);

/* "delivery", then what its verb says; begins the next. */
static void
print_result(struct job *j, const char *result, const char *reason)
{
	const struct acts *a = j->mine;

	if (a->at > 0)
		bytes_add_char(&j->out, ',');
	bytes_addf(&j->out, "{\"delivery\":\"%s\",\"result\":\"%s\"",
	    a->ids[a->at], result);
	if (reason != NULL) {
		bytes_add_text(&j->out, ",\"reason\":");
		admin_print_text(str_of(reason), &j->out);
	}
}

static void
next_one(struct job *j)
{
	struct acts *a = j->mine;

	bytes_add_char(&j->out, '}');
	a->at++;
	each_or_end(j);
}

static void
finish(struct job *j, const char *result, const char *reason)
{
	print_result(j, result, reason);
	next_one(j);
}

static void
finish_fault(struct job *j, const char *result, const struct fault *why)
{
	char text[sizeof(why->where) + sizeof(why->text) + 32];
	struct bytes out = { .data = text,
		.room = sizeof(text),
		.ceiling = sizeof(text) - 1 };

	text[0] = '\0';
	fault_print(why, &out);
	if (out.len == 0)
		bytes_add_text(&out, fault_kind(why->code)->text);
	finish(j, result, text);
}

static void
audit_end(struct job *j)
{
	const struct acts *a = j->mine;
	char what[96];

	snprintf(what, sizeof(what), "%zu of %zu deliveries, %zu updates",
	    a->done, a->count, a->items);
	admin_audit(j->exchange, LOG_LEVEL_INFO,
	    str_eq(j->exchange->request.path, STR("/deliveries/drop"))
	        ? (a->asked.dry_run ? "drop, dry run" : "drop")
	        : (a->asked.dry_run ? "retry, dry run" : "retry"),
	    what);
}

static void
each_or_end(struct job *j)
{
	struct acts *a = j->mine;

	arena_rewind(j->arena, a->mark);
	if (a->at < a->count && !j->worker->stopping) {
		a->each(j);
		return;
	}
	audit_end(j);
	bytes_addf(&j->out, "],\"acted\":%zu,\"updates\":%zu,\"next\":",
	    a->done, a->items);
	if (a->next != 0)
		bytes_addf(&j->out, "%llu", (unsigned long long)a->next);
	else
		bytes_add_text(&j->out, "null");
	bytes_add_text(&j->out, "}}\n");
	job_reply(j);
}

static void
begin_each(struct job *j)
{
	bytes_add_text(&j->out,
	    "{\"success\":true,\"data\":{\"deliveries\":[");
	each_or_end(j);
}

static bool
is_gathered(const struct acts *a, const char *id)
{
	for (size_t i = a->count; i > 0; i--)
		if (strcmp(a->ids[i - 1], id) == 0)
			return true;
	return false;
}

static void ask_page(struct job *j);

static void
on_page(struct job *j)
{
	struct acts *a = j->mine;
	const struct journal_list *list = &j->ask.list;
	struct fault why = { 0 };

	if (job_failed(j, &why)) {
		job_refuse(j, &why);
		return;
	}
	a->asked.after = list->next;
	for (size_t i = 0; i < list->count; i++) {
		const struct journal_row *row = &list->rows[i];

		if (is_gathered(a, row->id))
			continue;
		if (a->count == JOB_MOST) {
			a->next = list->rows[i - 1].order;
			a->asked.after = 0;
			break;
		}
		memcpy(a->ids[a->count++], row->id, JOURNAL_ID_SIZE);
	}
	if (a->asked.after != 0)
		ask_page(j);
	else
		begin_each(j);
}

static void
ask_page(struct job *j)
{
	struct acts *a = j->mine;

	arena_rewind(j->arena, a->mark);
	j->ask.list = (struct journal_list){ .op = { .verb = JOURNAL_LIST },
		.filter = a->asked.filter,
		.after = a->asked.after,
		.most = a->count == JOB_MOST ? 1 : PAGE_ROWS,
		.arena = j->arena };
	job_ask(j, on_page);
}

static void
gather(struct job *j)
{
	struct acts *a = j->mine;

	a->mark = arena_mark(j->arena);
	if (a->asked.ids == NULL) {
		if (a->asked.filter.states == 0)
			a->asked.filter.states = a->usual;
		ask_page(j);
		return;
	}
	for (size_t i = 0; i < a->asked.id_count; i++) {
		struct str id = a->asked.ids[i];

		memcpy(a->ids[a->count], id.at, id.len);
		a->ids[a->count][id.len] = '\0';
		if (!is_gathered(a, a->ids[a->count]))
			a->count++;
	}
	begin_each(j);
}

static int
read_acts(struct job *j, unsigned who, struct acts *a, struct fault *why)
{
	unsigned may = who == ASK_RETRY ? RETRIED : RETRIED | BIT(JOURNAL_DONE);

	if (ask_body(&j->exchange->request, who, j->arena, &a->asked, why) ==
	    -1)
		return -1;
	if ((a->asked.ids != NULL) == a->asked.filtered)
		return fault_set(why, FAULT_REQUEST, NULL,
		    "either ids or filter is expected");
	if ((a->asked.filter.states & ~may) != 0)
		return fault_set(why, FAULT_REQUEST, "state",
		    "only %s can be %s",
		    who == ASK_RETRY ? "dead and refused" :
		                       "dead, refused and done",
		    who == ASK_RETRY ? "retried" : "dropped");
	a->ids = arena_take(j->arena, JOB_MOST * sizeof(a->ids[0]));
	if (a->ids == NULL)
		return fault_set(why, FAULT_BUSY, NULL, "out of memory");
	a->usual = RETRIED;
	return 0;
}

static void
act(struct admin_worker *w, struct exchange *x, unsigned who,
    void (*each)(struct job *j))
{
	struct job *j = job_new(w, x, sizeof(struct acts));
	struct fault why = { 0 };
	struct acts *a;

	if (j == NULL)
		return;
	a = j->mine;
	a->each = each;
	if (read_acts(j, who, a, &why) == -1)
		job_refuse(j, &why);
	else
		gather(j);
}

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
		admin_print_text(row->lead, out);
	else
		bytes_add_text(out, "null");
	bytes_add_text(out, ",\"update\":");
	bytes_add_str(out,
	    row != NULL && row->body.len > 0 ? row->body : STR("null"));
	if (u != NULL && u->refused.at != NULL) {
		bytes_add_text(out, ",\"refused\":");
		admin_print_text(u->refused, out);
	} else if (u != NULL) {
		bytes_add_text(out, ",\"new_lead\":");
		admin_print_text(u->lead, out);
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

	print_result(j, "would_retry", NULL);
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
	next_one(j);
}

static void
on_revived(struct job *j)
{
	struct acts *a = j->mine;
	const struct journal_revive *r = &j->ask.revive;
	struct fault why = { 0 };

	if (job_failed(j, &why)) {
		finish_fault(j, "failed", &why);
	} else if (r->op.result == JOURNAL_NOT_FOUND) {
		finish(j, "nothing", "it has no update to be tried again");
	} else {
		a->done++;
		a->items += r->revived;
		print_result(j, "retried", NULL);
		bytes_addf(&j->out, ",\"updates\":%zu", r->revived);
		next_one(j);
	}
}

static void
revive(struct job *j, unsigned flags)
{
	const struct acts *a = j->mine;

	j->ask.revive = (struct journal_revive){
		.op = { .verb = JOURNAL_REVIVE },
		.updates = a->asked.remap ? a->chosen.updates : NULL,
		.update_count = a->chosen.count,
		.flags = flags
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
		.paired = true,
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

static void
retry_stored(struct job *j)
{
	const struct acts *a = j->mine;

	if (choose_stored(j, &j->ask.show) == 0)
		finish(j, "nothing",
		    "it has no dead update that could be sent as it is stored");
	else if (a->asked.dry_run)
		print_changes(j);
	else
		revive(j, 0);
}

static void
retry_remapped(struct job *j)
{
	struct acts *a = j->mine;
	const struct journal_show *show = &j->ask.show;
	const struct delivery_kept kept = { .id = show->id,
		.event = show->rows[0].event,
		.received_ms = show->rows[0].received_ms };
	struct delivery_remapped made;
	struct fault why = { 0 };
	const char *reason;

	if (kept.event.at == NULL)
		finish(j, "refused",
		    "its event is not kept any more, or cannot be opened");
	else if (delivery_remap(j->worker->admin->routes, &kept, j->arena,
	             &made, &why) == -1)
		finish_fault(j, "refused", &why);
	else if (made.count == 0)
		finish(j, "ignored",
		    "the mapping wants nothing of this event now");
	else if (choose_updates(show->rows, show->count, &made, j->arena,
	             &a->chosen, &why) == -1)
		finish_fault(j, "refused", &why);
	else if ((reason = all_refused(&a->chosen, j->arena)) != NULL)
		finish(j, "refused", reason);
	else if (a->asked.dry_run)
		print_changes(j);
	else
		revive(j, made.flags);
}

static void
on_kept(struct job *j)
{
	const struct acts *a = j->mine;
	const struct journal_show *show = &j->ask.show;
	struct fault why = { 0 };
	size_t some = 0;

	if (job_failed(j, &why)) {
		finish_fault(j, "failed", &why);
		return;
	}
	if (show->op.result == JOURNAL_NOT_FOUND) {
		finish(j, "nothing", "there is no such delivery");
		return;
	}
	for (size_t i = 0; i < show->count; i++)
		some += choose_may_retry(&show->rows[i]);
	if (some == 0)
		finish(j, "nothing", "none of its updates is dead or refused");
	else if (a->asked.remap)
		retry_remapped(j);
	else
		retry_stored(j);
}

static void
retry_one(struct job *j)
{
	const struct acts *a = j->mine;

	j->ask.show = (struct journal_show){ .op = { .verb = JOURNAL_SHOW },
		.arena = j->arena };
	memcpy(j->ask.show.id, a->ids[a->at], JOURNAL_ID_SIZE);
	job_ask(j, on_kept);
}

static void
on_dropped(struct job *j)
{
	struct acts *a = j->mine;
	const struct journal_drop *d = &j->ask.drop;
	struct fault why = { 0 };

	if (job_failed(j, &why)) {
		finish_fault(j, "failed", &why);
	} else if (d->op.result == JOURNAL_NOT_FOUND) {
		finish(j, "nothing", "it has no update that could be dropped");
	} else {
		a->done++;
		a->items += d->dropped;
		print_result(j, "dropped", NULL);
		bytes_addf(&j->out, ",\"updates\":%zu", d->dropped);
		next_one(j);
	}
}

static void
on_drop_shown(struct job *j)
{
	struct acts *a = j->mine;
	const struct journal_show *show = &j->ask.show;
	struct fault why = { 0 };
	size_t some = 0;

	if (job_failed(j, &why)) {
		finish_fault(j, "failed", &why);
		return;
	}
	if (show->op.result == JOURNAL_OK)
		for (size_t i = 0; i < show->count; i++)
			some += choose_may_retry(&show->rows[i]) ||
			    show->rows[i].state == JOURNAL_DONE;
	if (some == 0) {
		finish(j, "nothing", "it has no update that could be dropped");
		return;
	}
	a->done++;
	a->items += some;
	print_result(j, "would_drop", NULL);
	bytes_addf(&j->out, ",\"updates\":%zu", some);
	next_one(j);
}

static void
drop_one(struct job *j)
{
	const struct acts *a = j->mine;

	if (a->asked.dry_run) {
		retry_one(j);
		j->then = on_drop_shown;
		return;
	}
	j->ask.drop = (struct journal_drop){ .op = { .verb = JOURNAL_DROP } };
	memcpy(j->ask.drop.id, a->ids[a->at], JOURNAL_ID_SIZE);
	job_ask(j, on_dropped);
}

void
admin_retry(struct admin_worker *w, struct exchange *x)
{
	act(w, x, ASK_RETRY, retry_one);
}

void
admin_drop(struct admin_worker *w, struct exchange *x)
{
	act(w, x, ASK_DROP, drop_one);
}
