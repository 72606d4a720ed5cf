/* admin/admin_choose.c - which updates take which items' places. */
#include "admin/admin_choose.h"

bool
choose_is_live(const struct journal_row *row)
{
	return row->state == JOURNAL_WAITING || row->state == JOURNAL_SENDING;
}

size_t
choose_stranded(struct journal_row *rows, size_t count, struct str upstream)
{
	size_t some = 0;

	for (size_t i = 0; i < count; i++)
		if (choose_is_live(&rows[i]) &&
		    str_eq(rows[i].target, upstream)) {
			rows[i].state = JOURNAL_DEAD;
			some++;
		}
	return some;
}

bool
choose_may_retry(const struct journal_row *row)
{
	return row->state == JOURNAL_DEAD || row->state == JOURNAL_REFUSED;
}

static bool
same_lead(const struct journal_row *row, const struct journal_update *u)
{
	return row->lead.len == 0 || u->lead.len == 0 ||
	    str_eq(row->lead, u->lead);
}

/* As many as there are rows, none of them delivered, or each of its lead. */
static bool
fit_in_order(const struct chosen *c, size_t all_rows,
    const struct delivery_remapped *made)
{
	if (made->count != c->row_count)
		return false;
	if (all_rows == c->row_count)
		return true;
	for (size_t i = 0; i < c->row_count; i++)
		if (c->rows[i]->lead.len == 0 ||
		    !same_lead(c->rows[i], &made->updates[i]))
			return false;
	return true;
}

/*
 * Nothing of the event was delivered: it may make what it will. What was
 * delivered is kept as long as there is something to retry; but a journal of
 * an earlier version may have lost it, so that more updates than there are
 * rows are believed only of an event that made none.
 */
static bool
is_whole_event(const struct chosen *c, size_t all_rows,
    const struct delivery_remapped *made)
{
	bool made_none = true;

	for (size_t i = 0; i < c->row_count; i++) {
		if (c->rows[i]->n != i)
			return false;
		if (c->rows[i]->lead.len > 0)
			made_none = false;
	}
	return all_rows == c->row_count &&
	    (made_none || made->count <= all_rows);
}

/* The numbers are still the updates', as those tell that are not retried. */
static bool
fit_by_number(const struct journal_row *rows, size_t count,
    const struct delivery_remapped *made)
{
	for (size_t i = 0; i < count; i++)
		if (rows[i].n >= made->count ||
		    (!choose_may_retry(&rows[i]) &&
		        !same_lead(&rows[i], &made->updates[rows[i].n])))
			return false;
	return true;
}

static size_t
count_lead(const struct journal_update *updates, size_t count, struct str lead,
    size_t *at)
{
	size_t found = 0;

	for (size_t i = 0; i < count; i++)
		if (updates[i].refused.at == NULL &&
		    str_eq(updates[i].lead, lead)) {
			*at = i;
			found++;
		}
	return found;
}

/* Each is the one update of its lead; no two rows are of one lead. */
static bool
fit_by_lead(const struct chosen *c, const struct journal_row *rows,
    size_t count, const struct delivery_remapped *made)
{
	for (size_t i = 0; i < c->row_count; i++) {
		struct str lead = c->rows[i]->lead;
		size_t same = 0, at;

		for (size_t k = 0; k < count; k++)
			same += str_eq(rows[k].lead, lead);
		if (lead.len == 0 || same != 1 ||
		    count_lead(made->updates, made->count, lead, &at) != 1)
			return false;
	}
	return true;
}

static void
take_by_lead(struct chosen *c, const struct delivery_remapped *made)
{
	for (size_t i = 0; i < c->row_count; i++) {
		size_t at = 0;

		count_lead(made->updates, made->count, c->rows[i]->lead, &at);
		c->updates[i] = made->updates[at];
	}
	c->count = c->row_count;
}

static void
take_all(struct chosen *c, const struct delivery_remapped *made)
{
	for (size_t i = 0; i < made->count; i++)
		c->updates[i] = made->updates[i];
	c->count = made->count;
}

static void
take_numbered(struct chosen *c, const struct delivery_remapped *made)
{
	for (size_t i = 0; i < c->row_count; i++)
		c->updates[i] = made->updates[c->rows[i]->n];
	c->count = c->row_count;
}

int
choose_updates(const struct journal_row *rows, size_t row_count,
    const struct delivery_remapped *made, struct arena *arena,
    struct chosen *out, struct fault *why)
{
	size_t most = made->count > row_count ? made->count : row_count;

	*out = (struct chosen){ .rows = arena_take(arena,
		                    (row_count + 1) * sizeof(rows)),
		.updates = arena_take(arena,
		    (most + 1) * sizeof(out->updates[0])) };
	if (out->rows == NULL || out->updates == NULL)
		return fault_set(why, FAULT_BUSY, NULL, "out of memory");
	for (size_t i = 0; i < row_count; i++)
		if (choose_may_retry(&rows[i]))
			out->rows[out->row_count++] = &rows[i];
	if (fit_in_order(out, row_count, made) ||
	    is_whole_event(out, row_count, made))
		take_all(out, made);
	else if (fit_by_number(rows, row_count, made))
		take_numbered(out, made);
	else if (fit_by_lead(out, rows, row_count, made))
		take_by_lead(out, made);
	else
		return fault_set(why, FAULT_MAPPING, NULL,
		    "the event now makes %zu updates, and which of them are "
		    "the %zu to be tried again cannot be told; send them as "
		    "they are stored, or drop them",
		    made->count, out->row_count);
	return 0;
}
