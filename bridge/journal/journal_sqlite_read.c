/* journal/journal_sqlite_read.c - list, show, stats. */
#include <string.h>

#include "journal/journal_sqlite.h"

/*
 * Rows a list looks at: a page is short, or empty, when few of them pass, and
 * `next` tells where to go on. Accepts wait for it meanwhile.
 */
#define SCAN_MOST 100000

/* Columns of ROW, see journal_sqlite_sql.c. */
enum column {
	COLUMN_ORDER,
	COLUMN_STATE,
	COLUMN_RECEIVED,
	COLUMN_ROUTE,
	COLUMN_LEAD,
	COLUMN_ID,
	COLUMN_N,
	COLUMN_FLAGS,
	COLUMN_ATTEMPTS,
	COLUMN_STRIKES,
	COLUMN_STATUS,
	COLUMN_UPDATED,
	COLUMN_TARGET,
	COLUMN_VERDICT,
	COLUMN_REASON,
	COLUMN_TEXT,
	COLUMN_SEQ,
};

static bool
same_or_any(struct str wanted, struct str got)
{
	return wanted.at == NULL || str_eq(wanted, got);
}

static bool
passes(struct lite_store *s, enum lite_sql sql, const struct journal_filter *f)
{
	unsigned state = (unsigned)lite_get(s, sql, COLUMN_STATE);
	int64_t age = s->now_ms - lite_get(s, sql, COLUMN_RECEIVED);

	return (f->states == 0 || (f->states & BIT(state)) != 0) &&
	    (f->since_ms == 0 || age <= f->since_ms) &&
	    (f->before_ms == 0 || age > f->before_ms) &&
	    same_or_any(f->route, lite_get_text(s, sql, COLUMN_ROUTE)) &&
	    same_or_any(f->lead, lite_get_text(s, sql, COLUMN_LEAD)) &&
	    same_or_any(f->target, lite_get_text(s, sql, COLUMN_TARGET));
}

/* Of a lane's head only: when the others are due nobody knows. */
static int64_t
due_in(struct lite_store *s, const struct journal_row *row)
{
	const struct lite_lane *lane = lite_lane_find(&s->lanes, row->target,
	    row->lead);

	if (row->state != JOURNAL_WAITING || lane == NULL ||
	    lane->now.first == NULL || lane->now.first->order != row->order)
		return -1;
	return lane->now.due_ms > s->now_ms ? lane->now.due_ms - s->now_ms : 0;
}

/* An absent text stays absent; false when it does not fit. */
static bool
copy_column(struct lite_store *s, enum lite_sql sql, int column,
    struct arena *arena, struct str *to)
{
	return journal_copy_text(arena, lite_get_text(s, sql, column), to);
}

/* A text by the number of its row. */
static bool
copy_large(struct lite_store *s, enum lite_sql sql, int64_t seq,
    struct arena *arena, struct str *to)
{
	bool ok = true;

	*to = STR_NONE;
	lite_ask(s, sql, lite_number(seq));
	if (lite_row(s, sql))
		ok = copy_column(s, sql, 0, arena, to);
	lite_end(s, sql);
	return ok;
}

/* False when it does not fit: nothing is taken of the arena then. */
static bool
row_fill(struct lite_store *s, enum lite_sql sql, struct arena *arena,
    bool whole, struct journal_row *row)
{
	struct arena_mark mark = arena_mark(arena);

	*row = (struct journal_row){ .n = (unsigned)lite_get(s, sql, COLUMN_N),
		.order = (uint64_t)lite_get(s, sql, COLUMN_ORDER),
		.state = (enum journal_state)lite_get(s, sql, COLUMN_STATE),
		.flags = (unsigned)lite_get(s, sql, COLUMN_FLAGS),
		.attempts = (unsigned)lite_get(s, sql, COLUMN_ATTEMPTS),
		.strikes = (unsigned)lite_get(s, sql, COLUMN_STRIKES),
		.status = (int)lite_get(s, sql, COLUMN_STATUS),
		.received_ms = lite_get(s, sql, COLUMN_RECEIVED),
		.updated_ms = lite_get(s, sql, COLUMN_UPDATED) };
	lite_get_id(s, sql, COLUMN_ID, row->id);
	if (copy_column(s, sql, COLUMN_ROUTE, arena, &row->route) &&
	    copy_column(s, sql, COLUMN_TARGET, arena, &row->target) &&
	    copy_column(s, sql, COLUMN_LEAD, arena, &row->lead) &&
	    copy_column(s, sql, COLUMN_VERDICT, arena, &row->verdict) &&
	    copy_column(s, sql, COLUMN_REASON, arena, &row->reason) &&
	    (!whole ||
	        (copy_large(s, SQL_BODY, lite_get(s, sql, COLUMN_TEXT), arena,
	             &row->body) &&
	            copy_large(s, SQL_EVENT, lite_get(s, sql, COLUMN_SEQ),
	                arena, &row->event)))) {
		row->due_ms = due_in(s, row);
		return true;
	}
	arena_rewind(arena, mark);
	return false;
}

static bool
is_odd(unsigned states)
{
	return states != 0 &&
	    (states & ~(BIT(JOURNAL_DEAD) | BIT(JOURNAL_REFUSED))) == 0;
}

/* The rows that a list has to look through, in its order. */
static enum lite_sql
list_start(struct lite_store *s, const struct journal_list *l)
{
	enum lite_sql sql = is_odd(l->filter.states) ? SQL_LIST_ODD : SQL_LIST;

	if (l->filter.id.at != NULL) {
		sql = l->newest ? SQL_LIST_ID_NEWEST : SQL_LIST_ID;
		lite_ask(s, sql,
		    ((struct lite_value){ LITE_ID, 0, l->filter.id }));
		return sql;
	}
	if (!l->newest) {
		lite_ask(s, sql, lite_order(l->after));
		return sql;
	}
	sql = sql == SQL_LIST ? SQL_LIST_NEWEST : SQL_LIST_ODD_NEWEST;
	lite_ask(s, sql,
	    l->after != 0 ? lite_order(l->after) : lite_number(INT64_MAX));
	return sql;
}

static bool
is_behind(uint64_t order, const struct journal_list *l)
{
	return l->after == 0 ||
	    (l->newest ? order < l->after : order > l->after);
}

/* False: the page ends here, and there may be more. */
static bool
list_row(struct lite_store *s, struct journal_list *l, enum lite_sql sql)
{
	uint64_t order = (uint64_t)lite_get(s, sql, COLUMN_ORDER);

	if (!is_behind(order, l) || !passes(s, sql, &l->filter))
		return true;
	if (l->count == l->most ||
	    !row_fill(s, sql, l->arena, l->whole, &l->rows[l->count])) {
		if (l->count == 0)
			journal_too_small(&l->op);
		else
			l->next = l->rows[l->count - 1].order;
		return false;
	}
	l->count++;
	return true;
}

void
lite_list(struct lite_store *s, struct journal_op *op)
{
	struct journal_list *l = (void *)op;
	size_t seen = 0;
	enum lite_sql sql;

	l->count = 0;
	l->next = 0;
	l->rows = arena_take(l->arena, l->most * sizeof(l->rows[0]));
	if (l->rows == NULL) {
		journal_too_small(op);
		return;
	}
	sql = list_start(s, l);
	while (lite_row(s, sql) && list_row(s, l, sql))
		if (++seen == SCAN_MOST) {
			l->next = (uint64_t)lite_get(s, sql, COLUMN_ORDER);
			break;
		}
	lite_end(s, sql);
}

void
lite_show(struct lite_store *s, struct journal_op *op)
{
	struct journal_show *show = (void *)op;

	show->count = 0;
	lite_ask(s, SQL_OF_DELIVERY, lite_id(show->id));
	lite_collect(s, SQL_OF_DELIVERY);
	if (s->order_count == 0) {
		op->result = JOURNAL_NOT_FOUND;
		return;
	}
	show->rows = arena_take(show->arena,
	    s->order_count * sizeof(show->rows[0]));
	lite_ask(s, SQL_SHOW, lite_id(show->id));
	while (lite_row(s, SQL_SHOW)) {
		if (show->rows == NULL ||
		    !row_fill(s, SQL_SHOW, show->arena, true,
		        &show->rows[show->count])) {
			journal_too_small(op);
			break;
		}
		show->count++;
	}
	lite_end(s, SQL_SHOW);
}

/*
 * The oldest is among the first by order, but for what a person revived in
 * the place of a dead head: so a few of them are looked at.
 */
static int64_t
oldest_ms(struct lite_store *s)
{
	int64_t since = s->now_ms;

	if (lite_row(s, SQL_OLDEST) &&
	    lite_get_text(s, SQL_OLDEST, 0).at != NULL)
		since = lite_get(s, SQL_OLDEST, 0);
	lite_end(s, SQL_OLDEST);
	return s->now_ms > since ? s->now_ms - since : 0;
}

void
lite_stats(struct lite_store *s, struct journal_op *op)
{
	struct journal_stats *stats = (void *)op;

	memcpy(stats->count, s->count, sizeof(stats->count));
	stats->lanes = (int64_t)s->lanes.working;
	stats->oldest_ms = oldest_ms(s);
	stats->live_count = 0;
	for (const struct lite_target *t = s->lanes.targets; t != NULL;
	     t = t->next)
		journal_live_add(stats, (struct str){ t->name, t->name_len },
		    t->live);
}
