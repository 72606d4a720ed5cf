/*
 * admin/admin_forget.c - POST /forget: a person, erased.
 *
 * By e-mail the journal is read whole: an item whose update holds the address
 * tells the lead, an event that does tells it where it was of one lead only.
 * An event that made no update is dropped. An event of several leads of which
 * none holds the address is told as unclear, and left.
 */
#include <string.h>

#include "admin/admin_ask.h"
#include "admin/admin_job.h"
#include "admin/admin_person.h"
#include "base/base.h"

#define PAGE_ROWS 100

struct forgets {
	struct ask asked;
	struct arena_mark mark;
	/* JOB_MOST of each, at most. */
	char (*leads)[JOURNAL_LEAD_MAX + 1];
	char (*found)[JOURNAL_ID_SIZE]; /* deliveries that hold the address */
	char (*alone)[JOURNAL_ID_SIZE]; /* those without a lead */
	char (*unclear)[JOURNAL_ID_SIZE];
	size_t lead_count, found_count, alone_count, unclear_count;
	size_t at;     /* what is in hand */
	uint64_t page; /* of a list */
	bool more;     /* there are more than JOB_MOST: ask again */
	size_t items, events, keys, held;
};

static void
print_ids(struct job *j, const char *name, char (*ids)[JOURNAL_ID_SIZE],
    size_t count)
{
	bytes_addf(&j->out, ",\"%s\":[", name);
	for (size_t i = 0; i < count; i++)
		bytes_addf(&j->out, "%s\"%s\"", i > 0 ? "," : "", ids[i]);
	bytes_add_char(&j->out, ']');
}

static void
end_forget(struct job *j)
{
	const struct forgets *f = j->mine;
	char what[128];

	bytes_add_text(&j->out, "{\"success\":true,\"data\":{\"leads\":[");
	for (size_t i = 0; i < f->lead_count; i++) {
		if (i > 0)
			bytes_add_char(&j->out, ',');
		shown_add_json(&j->out, str_of(f->leads[i]));
	}
	bytes_add_char(&j->out, ']');
	print_ids(j, "refused", f->alone, f->alone_count);
	print_ids(j, "unclear", f->unclear, f->unclear_count);
	if (f->asked.dry_run)
		bytes_addf(&j->out, ",\"items\":%zu", f->items);
	else
		bytes_addf(&j->out,
		    ",\"items\":%zu,\"events\":%zu,\"keys\":%zu,\"held\":%zu",
		    f->items, f->events, f->keys, f->held);
	bytes_addf(&j->out, ",\"more\":%s}}\n", f->more ? "true" : "false");
	snprintf(what, sizeof(what),
	    "%zu leads, %zu updates, %zu events, %zu keys erased; %zu held",
	    f->lead_count, f->items, f->events, f->keys, f->held);
	admin_audit(j->exchange, LOG_LEVEL_INFO,
	    f->asked.dry_run ? "forget, dry run" : "forget",
	    f->asked.dry_run ? NULL : what);
	job_reply(j);
}

static void forget_next(struct job *j);

static void
on_dropped(struct job *j)
{
	struct forgets *f = j->mine;

	if (job_over(j))
		return;
	f->items += j->ask.drop.dropped;
	f->events++;
	f->at++;
	forget_next(j);
}

static void
on_forgotten(struct job *j)
{
	struct forgets *f = j->mine;
	const struct journal_forget *done = &j->ask.forget;

	if (job_over(j))
		return;
	f->items += done->items;
	f->events += done->events;
	f->keys += done->keys;
	f->held += done->held;
	f->at++;
	forget_next(j);
}

static void
forget_next(struct job *j)
{
	struct forgets *f = j->mine;
	size_t i = f->at;

	if (j->worker->stopping && i < f->lead_count + f->alone_count) {
		struct fault why = { 0 };

		fault_set(&why, FAULT_BUSY, NULL,
		    "the bridge is stopping, and not all is erased");
		job_refuse(j, &why);
	} else if (i < f->lead_count) {
		j->ask.forget = (struct journal_forget){
			.op = { .verb = JOURNAL_FORGET },
			.lead = str_of(f->leads[i])
		};
		job_ask(j, on_forgotten);
	} else if (i < f->lead_count + f->alone_count) {
		j->ask.drop = (struct journal_drop){
			.op = { .verb = JOURNAL_DROP }
		};
		memcpy(j->ask.drop.id, f->alone[i - f->lead_count],
		    JOURNAL_ID_SIZE);
		job_ask(j, on_dropped);
	} else {
		end_forget(j);
	}
}

static void
note_lead(struct forgets *f, struct str lead)
{
	if (lead.len > JOURNAL_LEAD_MAX)
		return;
	for (size_t i = 0; i < f->lead_count; i++)
		if (str_eq(str_of(f->leads[i]), lead))
			return;
	if (f->lead_count == JOB_MOST) {
		f->more = true;
		return;
	}
	memcpy(f->leads[f->lead_count], lead.at, lead.len);
	f->leads[f->lead_count++][lead.len] = '\0';
}

static void
note_id(struct forgets *f, char (*ids)[JOURNAL_ID_SIZE], size_t *count,
    const char *id)
{
	for (size_t i = 0; i < *count; i++)
		if (strcmp(ids[i], id) == 0)
			return;
	if (*count == JOB_MOST)
		f->more = true;
	else
		memcpy(ids[(*count)++], id, JOURNAL_ID_SIZE);
}

static void count_next(struct job *j);

static void
on_counted(struct job *j)
{
	struct forgets *f = j->mine;
	const struct journal_list *list = &j->ask.list;

	if (job_over(j))
		return;
	f->items += list->count;
	f->page = list->next;
	f->at += f->page == 0;
	count_next(j);
}

/* A dry run: how many items these leads have. */
static void
count_next(struct job *j)
{
	struct forgets *f = j->mine;

	arena_rewind(j->arena, f->mark);
	if (f->at == f->lead_count || j->worker->stopping) {
		f->items += f->alone_count;
		end_forget(j);
		return;
	}
	j->ask.list = (struct journal_list){ .op = { .verb = JOURNAL_LIST },
		.filter = { .lead = str_of(f->leads[f->at]) },
		.after = f->page,
		.arena = j->arena };
	job_ask(j, on_counted);
}

static void
leads_known(struct job *j)
{
	struct forgets *f = j->mine;

	f->at = 0;
	f->page = 0;
	if (f->asked.dry_run)
		count_next(j);
	else
		forget_next(j);
}

/* Whose it is: see at the top. */
static void
judge(struct job *j, const struct journal_row *rows, size_t count)
{
	struct forgets *f = j->mine;
	struct str lead = count > 0 ? rows[0].lead : STR_NONE;
	bool told = false, one = true;

	for (size_t i = 0; i < count; i++) {
		if (person_in_update(rows[i].body, f->asked.email, j->arena)) {
			note_lead(f, rows[i].lead);
			told = true;
		}
		one = one && str_eq(rows[i].lead, lead);
	}
	if (told || count == 0)
		return;
	if (!one)
		note_id(f, f->unclear, &f->unclear_count, rows[0].id);
	else if (lead.len > 0)
		note_lead(f, lead);
	else
		note_id(f, f->alone, &f->alone_count, rows[0].id);
}

static void judge_next(struct job *j);

static void
on_shown(struct job *j)
{
	struct forgets *f = j->mine;

	if (job_over(j))
		return;
	if (j->ask.op.result == JOURNAL_OK)
		judge(j, j->ask.show.rows, j->ask.show.count);
	f->at++;
	judge_next(j);
}

static void
judge_next(struct job *j)
{
	struct forgets *f = j->mine;

	arena_rewind(j->arena, f->mark);
	if (f->at == f->found_count) {
		leads_known(j);
		return;
	}
	j->ask.show = (struct journal_show){ .op = { .verb = JOURNAL_SHOW },
		.arena = j->arena };
	memcpy(j->ask.show.id, f->found[f->at], JOURNAL_ID_SIZE);
	job_ask(j, on_shown);
}

/* An event stands in every row of its delivery; it is looked at once. */
static void
search(struct job *j, const struct journal_row *rows, size_t count)
{
	struct forgets *f = j->mine;
	struct str email = f->asked.email;

	for (size_t i = 0; i < count; i++) {
		struct arena_mark mark = arena_mark(j->arena);
		bool again = i > 0 && strcmp(rows[i].id, rows[i - 1].id) == 0;

		if (person_in_update(rows[i].body, email, j->arena) ||
		    (!again && person_in_event(rows[i].event, email, j->arena)))
			note_id(f, f->found, &f->found_count, rows[i].id);
		arena_rewind(j->arena, mark);
	}
}

static void search_next(struct job *j);

static void
on_page(struct job *j)
{
	struct forgets *f = j->mine;

	if (job_over(j))
		return;
	search(j, j->ask.list.rows, j->ask.list.count);
	f->page = j->ask.list.next;
	if (f->page != 0 && !j->worker->stopping)
		search_next(j);
	else
		judge_next(j);
}

static void
search_next(struct job *j)
{
	const struct forgets *f = j->mine;

	arena_rewind(j->arena, f->mark);
	j->ask.list = (struct journal_list){ .op = { .verb = JOURNAL_LIST },
		.after = f->page,
		.most = PAGE_ROWS,
		.whole = true,
		.arena = j->arena };
	job_ask(j, on_page);
}

static int
read_forgets(struct job *j, struct fault *why)
{
	struct forgets *f = j->mine;

	if (ask_body(&j->exchange->request, ASK_FORGET, j->arena, &f->asked,
	        why) == -1)
		return -1;
	if ((f->asked.lead.at != NULL) == (f->asked.email.at != NULL))
		return fault_set(why, FAULT_REQUEST, NULL,
		    "either lead or email is expected");
	if (f->asked.lead.len > JOURNAL_LEAD_MAX)
		return fault_set(why, FAULT_REQUEST, "lead",
		    "no lead's id is that long");
	f->leads = arena_take(j->arena, JOB_MOST * sizeof(f->leads[0]));
	f->found = arena_take(j->arena, JOB_MOST * sizeof(f->found[0]));
	f->alone = arena_take(j->arena, JOB_MOST * sizeof(f->alone[0]));
	f->unclear = arena_take(j->arena, JOB_MOST * sizeof(f->unclear[0]));
	if (f->leads == NULL || f->found == NULL || f->alone == NULL ||
	    f->unclear == NULL)
		return fault_set(why, FAULT_BUSY, NULL, "out of memory");
	f->mark = arena_mark(j->arena);
	return 0;
}

void
admin_forget(struct admin_worker *w, struct exchange *x)
{
	struct job *j = job_new(w, x, sizeof(struct forgets));
	struct fault why = { 0 };
	struct forgets *f;

	if (j == NULL)
		return;
	f = j->mine;
	if (read_forgets(j, &why) == -1) {
		job_refuse(j, &why);
	} else if (f->asked.lead.at != NULL) {
		note_lead(f, f->asked.lead);
		leads_known(j);
	} else {
		search_next(j);
	}
}
