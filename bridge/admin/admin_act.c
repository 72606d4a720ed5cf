/* admin/admin_act.c - deliveries acted on, one by one. */
#include <string.h>

#include "admin/admin_act.h"
#include "base/base.h"

#define PAGE_ROWS 500
#define LIVE (BIT(JOURNAL_WAITING) | BIT(JOURNAL_SENDING))

static void each_or_end(struct job *j);

void
act_print(struct job *j, const char *result, const char *reason)
{
	const struct acts *a = j->mine;

	if (a->at > 0)
		bytes_add_char(&j->out, ',');
	bytes_addf(&j->out, "{\"delivery\":\"%s\",\"result\":\"%s\"",
	    a->ids[a->at], result);
	if (reason != NULL) {
		bytes_add_text(&j->out, ",\"reason\":");
		shown_add_json(&j->out, str_of(reason));
	}
}

void
act_next(struct job *j)
{
	struct acts *a = j->mine;

	bytes_add_char(&j->out, '}');
	a->at++;
	each_or_end(j);
}

void
act_finish(struct job *j, const char *result, const char *reason)
{
	act_print(j, result, reason);
	act_next(j);
}

void
act_finish_fault(struct job *j, const char *result, const struct fault *why)
{
	char text[sizeof(why->where) + sizeof(why->text) + 32];
	struct bytes out = { .data = text,
		.room = sizeof(text),
		.ceiling = sizeof(text) - 1 };

	text[0] = '\0';
	fault_print(why, &out);
	if (out.len == 0)
		bytes_add_text(&out, fault_kind(why->code)->text);
	act_finish(j, result, text);
}

void
act_finish_done(struct job *j, const char *result, size_t updates)
{
	struct acts *a = j->mine;

	a->done++;
	a->items += updates;
	act_print(j, result, NULL);
	bytes_addf(&j->out, ",\"updates\":%zu", updates);
	act_next(j);
}

void
act_finish_op(struct job *j, const struct journal_op *op, const char *result,
    size_t updates, const char *nothing)
{
	struct fault why = { 0 };

	if (job_failed(j, &why))
		act_finish_fault(j, "failed", &why);
	else if (op->result == JOURNAL_NOT_FOUND)
		act_finish(j, "nothing", nothing);
	else
		act_finish_done(j, result, updates);
}

static void
audit_end(struct job *j)
{
	const struct acts *a = j->mine;
	char name[32], what[96];

	snprintf(name, sizeof(name), "%s%s", a->act->name,
	    a->asked.dry_run ? ", dry run" : "");
	snprintf(what, sizeof(what), "%zu of %zu deliveries, %zu updates",
	    a->done, a->count, a->items);
	admin_audit(j->exchange, LOG_LEVEL_INFO, name, what);
}

static void
each_or_end(struct job *j)
{
	struct acts *a = j->mine;

	arena_rewind(j->arena, a->mark);
	if (a->at < a->count && !j->worker->stopping) {
		a->act->each(j);
		return;
	}
	audit_end(j);
	bytes_addf(&j->out,
	    "],\"acted\":%zu,\"updates\":%zu,\"next\":", a->done, a->items);
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
	bytes_add_text(&j->out, "{\"success\":true,\"data\":{\"deliveries\":[");
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

	if (job_over(j))
		return;
	a->asked.after = list->next;
	for (size_t i = 0; i < list->count; i++) {
		const struct journal_row *row = &list->rows[i];

		if (!is_gathered(a, row->id) && a->count == JOB_MOST) {
			a->next = a->last;
			a->asked.after = 0;
			break;
		}
		a->last = row->order;
		if (!is_gathered(a, row->id))
			memcpy(a->ids[a->count++], row->id, JOURNAL_ID_SIZE);
	}
	if (a->asked.after != 0 && !j->worker->stopping)
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
		.most = PAGE_ROWS,
		.arena = j->arena };
	job_ask(j, on_page);
}

/* Whether what waits for it is meant: nobody sends it. */
static bool
asks_stranded(const struct job *j)
{
	const struct acts *a = j->mine;

	return a->asked.upstream.at != NULL &&
	    !routes_have_upstream(j->admin->routes, a->asked.upstream);
}

static void
gather(struct job *j)
{
	struct acts *a = j->mine;

	a->mark = arena_mark(j->arena);
	if (a->asked.ids == NULL) {
		if (a->asked.filter.states == 0)
			a->asked.filter.states = ACT_RETRIED |
			    (asks_stranded(j) ? LIVE : 0);
		if (a->asked.filter.target.at == NULL)
			a->asked.filter.target = a->asked.upstream;
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
read_acts(struct job *j, struct acts *a, struct fault *why)
{
	if (ask_body(&j->exchange->request, a->act->who, j->arena, &a->asked,
	        why) == -1)
		return -1;
	if ((a->asked.ids != NULL) == a->asked.filtered)
		return fault_set(why, FAULT_REQUEST, NULL,
		    "either ids or filter is expected");
	if ((a->asked.filter.states & ~a->act->states) != 0)
		return fault_set(why, FAULT_REQUEST, "state", "%s",
		    a->act->only);
	a->ids = arena_take(j->arena, JOB_MOST * sizeof(a->ids[0]));
	if (a->ids == NULL)
		return fault_set(why, FAULT_BUSY, NULL, "out of memory");
	return 0;
}

void
act_begin(struct admin_worker *w, struct exchange *x, const struct act *act)
{
	struct job *j = job_new(w, x, sizeof(struct acts));
	struct fault why = { 0 };
	struct acts *a;

	if (j == NULL)
		return;
	a = j->mine;
	a->act = act;
	if (read_acts(j, a, &why) == -1)
		job_refuse(j, &why);
	else
		gather(j);
}

void
act_stranded(struct job *j)
{
	struct acts *a = j->mine;
	struct journal_show *show = &j->ask.show;

	a->stranded = 0;
	if (show->op.result == JOURNAL_OK && asks_stranded(j))
		a->stranded = choose_stranded(show->rows, show->count,
		    a->asked.upstream);
}

struct str
act_from(const struct job *j)
{
	const struct acts *a = j->mine;

	return a->stranded > 0 ? a->asked.upstream : STR_NONE;
}

void
act_show(struct job *j, void (*then)(struct job *j))
{
	const struct acts *a = j->mine;

	j->ask.show = (struct journal_show){ .op = { .verb = JOURNAL_SHOW },
		.arena = j->arena };
	memcpy(j->ask.show.id, a->ids[a->at], JOURNAL_ID_SIZE);
	job_ask(j, then);
}
