/*
 * journal/journal_postgres_person.c - what a person asks for, prune, stats.
 */
#include <stdio.h>
#include <string.h>

#include "journal/journal_postgres.h"

/* Columns of a row, as read_row() takes them. */
enum {
	ROW_ID,
	ROW_N,
	ROW_ORD,
	ROW_STATE,
	ROW_FLAGS,
	ROW_ATTEMPTS,
	ROW_STRIKES,
	ROW_STATUS,
	ROW_RECEIVED,
	ROW_UPDATED,
	ROW_DUE,
	ROW_ROUTE,
	ROW_TARGET,
	ROW_LEAD,
	ROW_VERDICT,
	ROW_REASON,
	ROW_BODY,
	ROW_EVENT,
	ROW_OWN,   /* false: the event is the row's before */
	ROW_TOTAL, /* rows there are, whether they come or not */
};

/*
 * Rows of a page: an event comes once for the rows of it that are next to each
 * other, and the page ends where its texts get too many ($1 bytes). $2: with
 * texts at all. `order` is of all three.
 */
#define ROWS(page, order)                                                      \
	"SELECT q.id, q.n, q.ord, CASE WHEN q.sending THEN 1"                  \
	" ELSE q.state::int END, q.flags::int, q.attempts, q.strikes,"         \
	" q.status, q.received_ms, q.updated_ms, q.due, q.route, q.target,"    \
	" q.lead, q.verdict, q.reason, CASE WHEN $2 THEN q.body END,"          \
	" CASE WHEN $2 AND q.own THEN q.event END, q.own, q.total"             \
	" FROM (SELECT p.*,"                                                   \
	" lag(p.id) OVER w IS DISTINCT FROM p.id AS own,"                      \
	" count(*) OVER () AS total, row_number() OVER w AS place,"            \
	" sum(coalesce(octet_length(p.body), 0)"                               \
	" + coalesce(octet_length(p.event), 0)) OVER w AS size"                \
	" FROM (SELECT i.*, d.route, d.verdict, d.received_ms, d.event,"       \
	" CASE WHEN i.state = 0 AND NOT i.sending AND l.head = i.ord"          \
	" THEN greatest(l.due_ms - leadbridge.now_ms(), 0)"                    \
	" ELSE -1 END AS due FROM leadbridge.item i"                           \
	" JOIN leadbridge.delivery d ON d.id = i.id"                           \
	" LEFT JOIN leadbridge.lane l ON i.laned AND l.target = i.target"      \
	" AND l.lead = i.lead " page ") p"                                     \
	" WINDOW w AS (ORDER BY p." order ")) q"                               \
	" WHERE q.size <= $1 OR q.place = 1 OR NOT $2"                         \
	" ORDER BY q." order

#define PAGE                                                                   \
	"WHERE i.state = ANY ($3) AND (CASE WHEN i.sending THEN 1"             \
	" ELSE i.state::int END) = ANY ($4)"                                   \
	" AND ($5::text IS NULL OR d.route = $5)"                              \
	" AND ($6::text IS NULL OR i.lead = $6)"                               \
	" AND ($7::uuid IS NULL OR i.id = $7)"                                 \
	" AND ($8::bigint = 0 OR leadbridge.now_ms() - d.received_ms <= $8)"   \
	" AND ($9::bigint = 0 OR leadbridge.now_ms() - d.received_ms > $9)"    \
	" AND ($12::text IS NULL OR i.target = $12) "                          \
	"AND "

static const char oldest_sql[] = ROWS(PAGE
    "($10::bigint = 0 OR i.ord > $10) ORDER BY i.ord LIMIT $11",
    "ord");
static const char newest_sql[] = ROWS(PAGE
    "($10::bigint = 0 OR i.ord < $10) ORDER BY i.ord DESC LIMIT $11",
    "ord DESC");
static const char show_sql[] = ROWS("WHERE i.id = $3", "n");

/* False when it does not fit: nothing is taken of the arena then. */
static bool
read_row(struct arena *arena, const PGresult *r, int at,
    const struct journal_row *before, struct journal_row *row)
{
	struct arena_mark mark = arena_mark(arena);

	*row = (struct journal_row){ .n = (unsigned)pg_int(r, at, ROW_N),
		.order = (uint64_t)pg_int(r, at, ROW_ORD),
		.state = (enum journal_state)pg_int(r, at, ROW_STATE),
		.flags = (unsigned)pg_int(r, at, ROW_FLAGS),
		.attempts = (unsigned)pg_int(r, at, ROW_ATTEMPTS),
		.strikes = (unsigned)pg_int(r, at, ROW_STRIKES),
		.status = (int)pg_int(r, at, ROW_STATUS),
		.received_ms = pg_int(r, at, ROW_RECEIVED),
		.updated_ms = pg_int(r, at, ROW_UPDATED),
		.due_ms = pg_int(r, at, ROW_DUE) };
	pg_id(r, at, ROW_ID, row->id);
	if (before != NULL && PQgetvalue(r, at, ROW_OWN)[0] == 0)
		row->event = before->event;
	if (journal_copy_text(arena, pg_text(r, at, ROW_ROUTE), &row->route) &&
	    journal_copy_text(arena, pg_text(r, at, ROW_TARGET),
	        &row->target) &&
	    journal_copy_text(arena, pg_text(r, at, ROW_LEAD), &row->lead) &&
	    journal_copy_text(arena, pg_text(r, at, ROW_VERDICT),
	        &row->verdict) &&
	    journal_copy_text(arena, pg_text(r, at, ROW_REASON),
	        &row->reason) &&
	    journal_copy_text(arena, pg_text(r, at, ROW_BODY), &row->body) &&
	    (row->event.at != NULL ||
	        journal_copy_text(arena, pg_text(r, at, ROW_EVENT),
	            &row->event)))
		return true;
	arena_rewind(arena, mark);
	return false;
}

/* Up to `most` of them, as far as they fit. */
static size_t
read_rows(struct arena *arena, const PGresult *r, size_t most,
    struct journal_row **rows)
{
	size_t count = 0;

	*rows = arena_take(arena, most * sizeof(**rows));
	while (*rows != NULL && count < most && (int)count < PQntuples(r) &&
	    read_row(arena, r, (int)count,
	        count > 0 ? &(*rows)[count - 1] : NULL, &(*rows)[count]))
		count++;
	return count;
}

static size_t
total_rows(const PGresult *r)
{
	return PQntuples(r) > 0 ? (size_t)pg_int(r, 0, ROW_TOTAL) : 0;
}

/* Waiting and being sent are one stored state. */
static void
add_states(struct pg_params *p, unsigned states)
{
	if (states == 0)
		states = ~0u;
	pg_add_array(p, PG_INT2, JOURNAL_STATES);
	for (unsigned s = 0; s < JOURNAL_STATES; s++)
		pg_each_int2(p,
		    (states & BIT(s)) == 0     ? -1
		        : s == JOURNAL_SENDING ? JOURNAL_WAITING
		                               : (int)s);
	pg_add_array(p, PG_INT4, JOURNAL_STATES);
	for (unsigned s = 0; s < JOURNAL_STATES; s++)
		pg_each_int4(p, (states & BIT(s)) != 0 ? (int)s : -1);
}

/* An id that is none is nobody's. */
static void
add_id(struct pg_params *p, const char *text)
{
	static const unsigned char nobody[16];
	unsigned char id[16];

	pg_add_uuid(p, pg_uuid(text, id) ? id : nobody);
}

static void
add_filter_id(struct pg_params *p, struct str id)
{
	char text[JOURNAL_ID_SIZE] = "";

	if (id.at == NULL) {
		pg_add_text(p, STR_NONE);
		return;
	}
	if (id.len < sizeof(text))
		snprintf(text, sizeof(text), "%.*s", STR_ARG(id));
	add_id(p, text);
}

static int
send_list(struct pg_store *s, struct journal_op *const *ops, size_t count)
{
	const struct journal_list *l = (const void *)ops[0];
	struct pg_params *p = &s->params;

	(void)count;
	pg_add_int8(p, PG_PAGE_BYTES);
	pg_add_bool(p, l->whole);
	add_states(p, l->filter.states);
	pg_add_text(p, l->filter.route);
	pg_add_text(p, l->filter.lead);
	add_filter_id(p, l->filter.id);
	pg_add_int8(p, l->filter.since_ms);
	pg_add_int8(p, l->filter.before_ms);
	pg_add_int8(p, (int64_t)l->after);
	pg_add_int8(p, (int64_t)l->most + 1);
	pg_add_text(p, l->filter.target);
	return pg_send(s, l->newest ? newest_sql : oldest_sql);
}

static void
read_list(struct pg_store *s, struct journal_op *const *ops, size_t count,
    const PGresult *r)
{
	struct journal_list *l = (void *)ops[0];
	size_t total = total_rows(r);

	(void)s;
	(void)count;
	l->count = read_rows(l->arena, r, l->most, &l->rows);
	l->next = 0;
	if (l->count == total)
		return;
	if (l->count == 0)
		journal_too_small(&l->op);
	else
		l->next = l->rows[l->count - 1].order;
}

const struct pg_verb pg_list = { false, send_list, read_list };

static int
send_show(struct pg_store *s, struct journal_op *const *ops, size_t count)
{
	const struct journal_show *show = (const void *)ops[0];
	struct pg_params *p = &s->params;

	(void)count;
	pg_add_int8(p, PG_PAGE_BYTES);
	pg_add_bool(p, true);
	add_id(p, show->id);
	return pg_send(s, show_sql);
}

static void
read_show(struct pg_store *s, struct journal_op *const *ops, size_t count,
    const PGresult *r)
{
	struct journal_show *show = (void *)ops[0];
	size_t total = total_rows(r);

	(void)s;
	(void)count;
	show->count = 0;
	if (total == 0) {
		show->op.result = JOURNAL_NOT_FOUND;
		return;
	}
	show->count = read_rows(show->arena, r, total, &show->rows);
	if (show->count < total)
		journal_too_small(&show->op);
}

const struct pg_verb pg_show = { false, send_show, read_show };

static int
send_revive(struct pg_store *s, struct journal_op *const *ops, size_t count)
{
	const struct journal_revive *r = (const void *)ops[0];
	struct pg_params *p = &s->params;

	(void)count;
	add_id(p, r->id);
	pg_add_bool(p, r->updates != NULL);
	pg_add_int4(p, r->flags);
	pg_add_updates(p, r->updates, r->updates != NULL ? r->update_count : 0);
	pg_add_text(p, r->from);
	pg_add_int4(p, (int64_t)r->from_count);
	return pg_send(s,
	    "SELECT leadbridge.revive($1, $2, $3, $4, $5, $6, $7, $8, $9)");
}

static void
read_revive(struct pg_store *s, struct journal_op *const *ops, size_t count,
    const PGresult *r)
{
	struct journal_revive *to = (void *)ops[0];

	(void)s;
	(void)count;
	to->revived = 0;
	if (pg_is_null(r, 0, 0))
		to->op.result = JOURNAL_NOT_FOUND;
	else if (pg_int(r, 0, 0) < 0)
		to->op.result = JOURNAL_FENCED;
	else
		to->revived = (size_t)pg_int(r, 0, 0);
}

const struct pg_verb pg_revive = { false, send_revive, read_revive };

static int
send_drop(struct pg_store *s, struct journal_op *const *ops, size_t count)
{
	const struct journal_drop *drop = (const void *)ops[0];

	(void)count;
	add_id(&s->params, drop->id);
	pg_add_text(&s->params, drop->from);
	return pg_send(s, "SELECT leadbridge.drop_delivery($1, $2)");
}

static void
read_drop(struct pg_store *s, struct journal_op *const *ops, size_t count,
    const PGresult *r)
{
	struct journal_drop *drop = (void *)ops[0];

	(void)s;
	(void)count;
	drop->dropped = (size_t)pg_int(r, 0, 0);
	if (drop->dropped == 0)
		drop->op.result = JOURNAL_NOT_FOUND;
}

const struct pg_verb pg_drop = { false, send_drop, read_drop };

static int
send_forget(struct pg_store *s, struct journal_op *const *ops, size_t count)
{
	const struct journal_forget *f = (const void *)ops[0];

	(void)count;
	pg_add_text(&s->params, f->lead);
	return pg_send(s, "SELECT * FROM leadbridge.forget($1)");
}

static void
read_forget(struct pg_store *s, struct journal_op *const *ops, size_t count,
    const PGresult *r)
{
	struct journal_forget *f = (void *)ops[0];

	(void)s;
	(void)count;
	f->items = (size_t)pg_int(r, 0, 0);
	f->events = (size_t)pg_int(r, 0, 1);
	f->keys = (size_t)pg_int(r, 0, 2);
	f->held = (size_t)pg_int(r, 0, 3);
}

const struct pg_verb pg_forget = { false, send_forget, read_forget };

static int
send_prune(struct pg_store *s, struct journal_op *const *ops, size_t count)
{
	const struct journal_prune *prune = (const void *)ops[0];
	struct pg_params *p = &s->params;

	(void)count;
	pg_add_int4(p, (int64_t)prune->most);
	pg_add_int8(p, s->keep_done);
	pg_add_int8(p, s->keep_bodies);
	pg_add_int8(p, s->keep_keys);
	pg_add_int8(p, s->keep_dead);
	pg_add_int8(p, s->keep_refused);
	for (size_t i = 0; i < PG_MARKS; i++)
		pg_add_int8(p, s->pruned_to[i]);
	return pg_send(s,
	    "SELECT * FROM leadbridge.prune_from($1, $2, $3, $4, $5, $6, $7,"
	    " $8, $9)");
}

static void
read_prune(struct pg_store *s, struct journal_op *const *ops, size_t count,
    const PGresult *r)
{
	struct journal_prune *prune = (void *)ops[0];
	bool more;

	(void)count;
	prune->pruned = (size_t)pg_int(r, 0, 0);
	more = prune->pruned >= prune->most;
	for (int i = 0; i < PG_MARKS; i++)
		s->pruned_to[i] = more ? pg_int(r, 0, 1 + i) : 0;
}

const struct pg_verb pg_prune = { false, send_prune, read_prune };

/*
 * In the order of enum journal_state; then the lanes, and the oldest. A row a
 * target that has something live, with its name and how much; one at least.
 */
static const char stats_sql[] =
    "WITH t AS MATERIALIZED (SELECT i.target,"
    " count(*) FILTER (WHERE NOT i.sending) AS waiting,"
    " count(*) FILTER (WHERE i.sending) AS sending,"
    " min(i.since_ms) FILTER (WHERE NOT i.sending) AS since_ms"
    " FROM leadbridge.item i WHERE i.laned AND i.state = 0 GROUP BY i.target)"
    " SELECT w.waiting, w.sending, (SELECT count(*) FROM leadbridge.item i"
    " WHERE i.state = 2 AND i.ended_ms IS NOT NULL),"
    " (SELECT count(*) FROM leadbridge.item i"
    " WHERE i.state = 3 AND i.ended_ms IS NOT NULL),"
    " (SELECT count(*) FROM leadbridge.item i"
    " WHERE i.state = 4 AND i.ended_ms IS NOT NULL),"
    " (SELECT count(*) FROM leadbridge.lane l WHERE NOT l.blocked OR EXISTS"
    " (SELECT FROM leadbridge.item i WHERE i.target = l.target"
    " AND i.lead = l.lead AND i.laned AND i.state <> 3)),"
    " coalesce(leadbridge.now_ms() - w.since_ms, 0), t.target,"
    " t.waiting + t.sending"
    " FROM (SELECT coalesce(sum(x.waiting), 0)::bigint AS waiting,"
    " coalesce(sum(x.sending), 0)::bigint AS sending,"
    " min(x.since_ms) AS since_ms FROM t x) w LEFT JOIN t ON true";

static int
send_stats(struct pg_store *s, struct journal_op *const *ops, size_t count)
{
	(void)ops;
	(void)count;
	return pg_send(s, stats_sql);
}

static void
read_stats(struct pg_store *s, struct journal_op *const *ops, size_t count,
    const PGresult *r)
{
	struct journal_stats *stats = (void *)ops[0];

	(void)s;
	(void)count;
	for (int i = 0; i < JOURNAL_STATES; i++)
		stats->count[i] = pg_int(r, 0, i);
	stats->lanes = pg_int(r, 0, JOURNAL_STATES);
	stats->oldest_ms = pg_int(r, 0, JOURNAL_STATES + 1);
	if (stats->oldest_ms < 0)
		stats->oldest_ms = 0;
	stats->live_count = 0;
	for (int row = 0; row < PQntuples(r); row++)
		if (!PQgetisnull(r, row, JOURNAL_STATES + 2))
			journal_live_add(stats,
			    pg_text(r, row, JOURNAL_STATES + 2),
			    pg_int(r, row, JOURNAL_STATES + 3));
}

const struct pg_verb pg_stats = { false, send_stats, read_stats };
