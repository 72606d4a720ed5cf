/* admin/admin_show.c - what is in the journal, as JSON. */
#include <string.h>
#include <time.h>

#include "admin/admin_ask.h"
#include "admin/admin_choose.h"
#include "admin/admin_job.h"
#include "base/base.h"

/* Rows a page where nobody says how many. */
#define LIST_USUAL 100

static void
print_member(const char *name, struct str value, struct bytes *out)
{
	bytes_addf(out, ",\"%s\":", name);
	if (value.at == NULL)
		bytes_add_text(out, "null");
	else
		shown_add_json(out, value);
}

static void
print_time(const char *name, int64_t ms, struct bytes *out)
{
	time_t seconds = (time_t)(ms / 1000);
	struct tm parts;
	char text[32] = "";

	if (gmtime_r(&seconds, &parts) != NULL)
		strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &parts);
	bytes_addf(out, ",\"%s\":\"%s.%03dZ\"", name, text,
	    (int)(ms >= 0 ? ms % 1000 : 0));
}

void
admin_print_row(const struct admin *a, const struct journal_row *row,
    bool whole, struct bytes *out)
{
	bytes_addf(out, "{\"delivery\":\"%s\",\"n\":%u,\"order\":%llu", row->id,
	    row->n, (unsigned long long)row->order);
	bytes_addf(out, ",\"state\":\"%s\"",
	    name_text(journal_states, (int)row->state));
	print_member("route", row->route, out);
	print_member("proof", row->verdict, out);
	print_member("upstream", row->target, out);
	if (choose_is_live(row) &&
	    !routes_have_upstream(a->routes, row->target))
		bytes_add_text(out, ",\"stranded\":true");
	print_member("lead", row->lead, out);
	bytes_addf(out,
	    ",\"attempts\":%u,\"strikes\":%u,\"status\":", row->attempts,
	    row->strikes);
	if (row->status != 0)
		bytes_add_int(out, row->status);
	else
		bytes_add_text(out, "null");
	print_member("reason", row->reason.len > 0 ? row->reason : STR_NONE,
	    out);
	print_time("received", row->received_ms, out);
	print_time("updated", row->updated_ms, out);
	bytes_add_text(out, ",\"due_ms\":");
	if (row->due_ms >= 0)
		bytes_add_int(out, row->due_ms);
	else
		bytes_add_text(out, "null");
	if (whole) {
		bytes_add_text(out, ",\"update\":");
		bytes_add_str(out, row->body.len > 0 ? row->body : STR("null"));
	}
	bytes_add_char(out, '}');
}

static void
on_listed(struct job *j)
{
	const struct journal_list *list = &j->ask.list;

	if (job_over(j))
		return;
	bytes_add_text(&j->out, "{\"success\":true,\"data\":{\"items\":[");
	for (size_t i = 0; i < list->count; i++) {
		if (i > 0)
			bytes_add_char(&j->out, ',');
		admin_print_row(j->admin, &list->rows[i], false, &j->out);
	}
	bytes_add_text(&j->out, "],\"next\":");
	if (list->next != 0)
		bytes_addf(&j->out, "%llu", (unsigned long long)list->next);
	else
		bytes_add_text(&j->out, "null");
	bytes_add_text(&j->out, "}}\n");
	job_reply(j);
}

void
admin_list(struct admin_worker *w, struct exchange *x)
{
	struct job *j = job_new(w, x, 1);
	struct fault why = { 0 };
	struct ask asked;

	if (j == NULL)
		return;
	if (ask_query(&x->request, ASK_LIST, j->arena, &asked, &why) == -1) {
		job_refuse(j, &why);
		return;
	}
	/* Pages behind the first are the same look. */
	admin_audit(x, asked.after == 0 ? LOG_LEVEL_INFO : LOG_LEVEL_DEBUG,
	    "list", NULL);
	j->ask.list = (struct journal_list){ .op = { .verb = JOURNAL_LIST },
		.filter = asked.filter,
		.after = asked.after,
		.most = asked.most > 0 ? asked.most : LIST_USUAL,
		.newest = asked.newest,
		.arena = j->arena };
	job_ask(j, on_listed);
}

/* As text, or as base64 where it is none: a sender may send any bytes. */
static void
print_event(const struct journal_show *show, struct bytes *out)
{
	struct str event = show->count > 0 ? show->rows[0].event : STR_NONE;

	if (event.at == NULL) {
		bytes_add_text(out, ",\"event\":null");
	} else if (utf8_valid(event)) {
		bytes_add_text(out, ",\"event\":");
		bytes_add_json(out, event);
	} else {
		bytes_add_text(out, ",\"event\":null,\"event_base64\":\"");
		bytes_add_base64(out, event.at, event.len, false);
		bytes_add_char(out, '"');
	}
}

static void
on_shown(struct job *j)
{
	const struct journal_show *show = &j->ask.show;
	struct fault why = { 0 };

	if (job_over(j))
		return;
	if (show->op.result == JOURNAL_NOT_FOUND) {
		fault_set(&why, FAULT_ROUTE, NULL,
		    "there is no such delivery in the journal");
		job_refuse(j, &why);
		return;
	}
	bytes_addf(&j->out,
	    "{\"success\":true,\"data\":{\"delivery\":\"%s\",\"items\":[",
	    show->id);
	for (size_t i = 0; i < show->count; i++) {
		if (i > 0)
			bytes_add_char(&j->out, ',');
		admin_print_row(j->admin, &show->rows[i], true, &j->out);
	}
	bytes_add_char(&j->out, ']');
	print_event(show, &j->out);
	/* What is sealed under another key is not there, and this says why. */
	if (show->op.fault.code != FAULT_NONE)
		print_member("note", str_of(show->op.fault.text), &j->out);
	bytes_add_text(&j->out, "}}\n");
	job_reply(j);
}

void
admin_show(struct admin_worker *w, struct exchange *x)
{
	struct str id = str_skip(x->request.path, sizeof("/deliveries/") - 1);
	struct job *j;

	if (!str_is_uuid(id)) {
		admin_refuse(x, FAULT_ROUTE,
		    "what stands behind /deliveries/ is no delivery's id");
		return;
	}
	j = job_new(w, x, 1);
	if (j == NULL)
		return;
	j->ask.show = (struct journal_show){ .op = { .verb = JOURNAL_SHOW },
		.arena = j->arena };
	memcpy(j->ask.show.id, id.at, id.len);
	admin_audit(x, LOG_LEVEL_INFO, "show", j->ask.show.id);
	job_ask(j, on_shown);
}
