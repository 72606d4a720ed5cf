/* journal/journal_postgres_ops.c - accept, claim, settle. */
#include <stdio.h>
#include <string.h>

#include "journal/journal_postgres.h"

static const struct journal_accept *
accept_of(struct journal_op *op)
{
	return (const void *)op;
}

static void
add_ids(struct pg_params *p, struct journal_op *const *ops, size_t count)
{
	unsigned char id[16];

	pg_add_array(p, PG_UUID, count);
	for (size_t i = 0; i < count; i++) {
		if (!pg_uuid(accept_of(ops[i])->id, id))
			memset(id, 0, sizeof(id)); /* the front made it */
		pg_each_uuid(p, id);
	}
}

static void
add_texts(struct pg_params *p, struct journal_op *const *ops, size_t count)
{
	pg_add_array(p, PG_TEXT, count);
	for (size_t i = 0; i < count; i++)
		pg_each_text(p, accept_of(ops[i])->route);
	pg_add_array(p, PG_TEXT, count);
	for (size_t i = 0; i < count; i++)
		pg_each_text(p, accept_of(ops[i])->verdict);
	pg_add_array(p, PG_INT8, count);
	for (size_t i = 0; i < count; i++)
		pg_each_int8(p, accept_of(ops[i])->received_ms);
	pg_add_array(p, PG_BYTEA, count);
	for (size_t i = 0; i < count; i++)
		pg_each_bytes(p, accept_of(ops[i])->event);
}

static void
add_keys(struct pg_params *p, struct journal_op *const *ops, size_t count)
{
	pg_add_array(p, PG_UUID, count);
	for (size_t i = 0; i < count; i++)
		pg_each_uuid(p, accept_of(ops[i])->key.at);
	pg_add_array(p, PG_UUID, count);
	for (size_t i = 0; i < count; i++)
		pg_each_uuid(p, accept_of(ops[i])->digest);
	pg_add_array(p, PG_INT4, count);
	for (size_t i = 0; i < count; i++)
		pg_each_int4(p, accept_of(ops[i])->flags);
	pg_add_array(p, PG_INT8, count);
	for (size_t i = 0; i < count; i++)
		pg_each_int8(p,
		    accept_of(ops[i])->lease ? accept_of(ops[i])->lease_ms
		                             : -1);
}

/* Which of the updates' texts an array is of. */
enum part { PART_TARGET, PART_LEAD, PART_BODY, PART_REFUSED, PARTS };

static struct str
or_empty(struct str s)
{
	return s.at != NULL ? s : STR("");
}

static void
each_part(struct pg_params *p, const struct journal_update *u, enum part part)
{
	if (part == PART_BODY)
		pg_each_bytes(p, u->body);
	else if (part == PART_REFUSED)
		pg_each_text(p,
		    u->refused.len < JOURNAL_REASON_SIZE
		        ? u->refused
		        : (struct str){ u->refused.at,
		              JOURNAL_REASON_SIZE - 1 });
	else
		pg_each_text(p,
		    or_empty(part == PART_LEAD ? u->lead : u->target));
}

static int
part_type(enum part part)
{
	return part == PART_BODY ? PG_BYTEA : PG_TEXT;
}

void
pg_add_updates(struct pg_params *p, const struct journal_update *updates,
    size_t count)
{
	for (unsigned part = 0; part < PARTS; part++) {
		pg_add_array(p, part_type(part), count);
		for (size_t i = 0; i < count; i++)
			each_part(p, &updates[i], part);
	}
}

/* How many updates each has, whose they are, and which of them. */
static void
add_places(struct pg_params *p, struct journal_op *const *ops, size_t count,
    size_t updates)
{
	pg_add_array(p, PG_INT4, count);
	for (size_t i = 0; i < count; i++)
		pg_each_int4(p, (int64_t)accept_of(ops[i])->update_count);
	pg_add_array(p, PG_INT4, updates);
	for (size_t i = 0; i < count; i++)
		for (size_t k = 0; k < accept_of(ops[i])->update_count; k++)
			pg_each_int4(p, (int64_t)i + 1);
	pg_add_array(p, PG_INT4, updates);
	for (size_t i = 0; i < count; i++)
		for (size_t k = 0; k < accept_of(ops[i])->update_count; k++)
			pg_each_int4(p, (int64_t)k);
}

/* A lease ends, and its lane is due then. */
static void
note_leases(struct pg_store *s, const struct journal_accept *a)
{
	for (size_t i = 0; a->lease && i < a->update_count; i++)
		pg_note_due(s, or_empty(a->updates[i].target), a->lease_ms);
}

static int
send_accept(struct pg_store *s, struct journal_op *const *ops, size_t count)
{
	struct pg_params *p = &s->params;
	size_t updates = 0;

	for (size_t i = 0; i < count; i++) {
		updates += accept_of(ops[i])->update_count;
		note_leases(s, accept_of(ops[i]));
	}
	pg_add_int8(p, s->token);
	add_ids(p, ops, count);
	add_texts(p, ops, count);
	add_keys(p, ops, count);
	add_places(p, ops, count, updates);
	for (unsigned part = 0; part < PARTS; part++) {
		pg_add_array(p, part_type(part), updates);
		for (size_t i = 0; i < count; i++) {
			const struct journal_accept *a = accept_of(ops[i]);

			for (size_t k = 0; k < a->update_count; k++)
				each_part(p, &a->updates[k], part);
		}
	}
	return pg_send(s,
	    "SELECT * FROM leadbridge.accept($1, $2, $3, $4, $5, $6, $7, $8,"
	    " $9, $10, $11, $12, $13, $14, $15, $16, $17)");
}

static void
read_lease(struct journal_op *const *ops, const PGresult *r, int row)
{
	int64_t of = pg_int(r, row, 0), u = pg_int(r, row, 1) - 1;
	struct journal_accept *a;

	for (int64_t i = 0; i < of - 1; i++)
		u -= (int64_t)accept_of(ops[i])->update_count;
	a = (void *)ops[of - 1];
	a->leases[u].fence = (uint64_t)pg_int(r, row, 3);
	a->leases[u].order = (uint64_t)pg_int(r, row, 4);
	snprintf(a->leases[u].lead, sizeof(a->leases[u].lead), "%.*s",
	    STR_ARG(a->updates[u].lead));
}

static void
read_first(struct journal_accept *a, const PGresult *r, int row)
{
	a->op.result = pg_int(r, row, 2) == 1 ? JOURNAL_DUPLICATE
	                                      : JOURNAL_CONFLICT;
	pg_id(r, row, 5, a->first.id);
	a->first.state = (enum journal_state)pg_int(r, row, 6);
	a->first.status = (int)pg_int(r, row, 7);
}

static void
read_accept(struct pg_store *s, struct journal_op *const *ops, size_t count,
    const PGresult *r)
{
	(void)s;
	for (size_t i = 0; i < count; i++) {
		struct journal_accept *a = (void *)ops[i];

		if (a->lease)
			memset(a->leases, 0,
			    a->update_count * sizeof(a->leases[0]));
	}
	for (int row = 0; row < PQntuples(r); row++)
		if (pg_is_null(r, row, 1))
			read_first((void *)ops[pg_int(r, row, 0) - 1], r, row);
		else
			read_lease(ops, r, row);
}

const struct pg_verb pg_accept = { true, send_accept, read_accept };

static int
send_claim(struct pg_store *s, struct journal_op *const *ops, size_t count)
{
	const struct journal_claim *c = (const void *)ops[0];
	struct pg_params *p = &s->params;

	(void)count;
	pg_add_int8(p, s->token);
	pg_add_text(p, c->target);
	pg_add_int4(p, (int64_t)c->most);
	pg_add_int4(p, (int64_t)c->again);
	pg_add_int4(p, (int64_t)c->merge);
	pg_add_int8(p, c->lease_ms);
	pg_add_int8(p, PG_PAGE_BYTES);
	pg_add_int4(p, JOURNAL_STRIKES);
	pg_add_int8(p, c->rate);
	pg_add_marks(s, c->target);
	return pg_send(s,
	    "SELECT * FROM leadbridge.claim($1, $2, $3, $4, $5, $6, $7, $8,"
	    " $9, $10, $11, $12)");
}

/* False when it does not fit: nothing is taken of the arena then. */
static bool
read_item(struct journal_claim *c, const PGresult *r, int row)
{
	struct arena_mark mark = arena_mark(c->arena);
	struct journal_item *to = &c->items[c->count];

	*to = (struct journal_item){ .order = (uint64_t)pg_int(r, row, 2),
		.age_ms = pg_int(r, row, 3),
		.n = (unsigned)pg_int(r, row, 5),
		.attempts = (unsigned)pg_int(r, row, 6),
		.flags = (unsigned)pg_int(r, row, 7),
		.route = arena_copy(c->arena, pg_text(r, row, 9)),
		.body = arena_copy(c->arena, pg_text(r, row, 10)) };
	pg_id(r, row, 4, to->id);
	to->lease.fence = (uint64_t)pg_int(r, row, 0);
	to->lease.order = (uint64_t)pg_int(r, row, 1);
	to->follows = to->order != to->lease.order;
	snprintf(to->lease.lead, sizeof(to->lease.lead), "%.*s",
	    STR_ARG(pg_text(r, row, 8)));
	if (to->route.at != NULL && to->body.at != NULL)
		return true;
	arena_rewind(c->arena, mark);
	return false;
}

static void
note_unfit(struct pg_store *s, uint64_t fence)
{
	if (s->unfit_count == s->unfit_room) {
		s->unfit_room = s->unfit_room * 2 + 16;
		s->unfit = base_grow(s->unfit, s->unfit_room,
		    sizeof(s->unfit[0]));
	}
	s->unfit[s->unfit_count++] = fence;
}

/* Heads that come behind one that does not fit are not handed out either. */
static void
read_claim(struct pg_store *s, struct journal_op *const *ops, size_t count,
    const PGresult *r)
{
	struct journal_claim *c = (void *)ops[0];
	int last = PQntuples(r) - 1;
	bool full;

	(void)count;
	c->count = 0;
	c->next_ms = pg_int(r, last, 3);
	pg_read_marks(s, c->target, r, last, 11);
	c->items = arena_take(c->arena, (size_t)last * sizeof(c->items[0]));
	full = c->items == NULL;
	for (int row = 0; row < last; row++) {
		bool head = pg_int(r, row, 1) == pg_int(r, row, 2);

		full = full || !read_item(c, r, row);
		if (!full)
			c->count++;
		else if (head) {
			note_unfit(s, (uint64_t)pg_int(r, row, 0));
			c->next_ms = 0;
		}
	}
}

const struct pg_verb pg_claim = { false, send_claim, read_claim };

static const struct journal_settle *
settle_of(struct journal_op *op)
{
	return (const void *)op;
}

/* The numbers of settles, as the function takes them. */
static int64_t
number_of(const struct journal_settle *s, size_t which)
{
	const int64_t all[] = { (int64_t)s->lease.fence, (int64_t)s->through,
		s->to, s->delay_ms, s->unburnt, s->status, s->notes };

	return all[which];
}

static const int number_types[] = { PG_INT8, PG_INT8, PG_INT4, PG_INT8, PG_INT4,
	PG_INT4, PG_INT4 };

static int
send_settle(struct pg_store *s, struct journal_op *const *ops, size_t count)
{
	struct pg_params *p = &s->params;

	for (size_t i = 0; i < count; i++)
		if (settle_of(ops[i])->to == JOURNAL_WAITING)
			pg_note_due(s, settle_of(ops[i])->target,
			    settle_of(ops[i])->delay_ms);
	pg_add_array(p, PG_TEXT, count);
	for (size_t i = 0; i < count; i++)
		pg_each_text(p, settle_of(ops[i])->target);
	pg_add_array(p, PG_TEXT, count);
	for (size_t i = 0; i < count; i++)
		pg_each_text(p, str_of(settle_of(ops[i])->lease.lead));
	for (size_t k = 0; k < COUNT_OF(number_types); k++) {
		pg_add_array(p, number_types[k], count);
		for (size_t i = 0; i < count; i++) {
			int64_t v = number_of(settle_of(ops[i]), k);

			if (number_types[k] == PG_INT8)
				pg_each_int8(p, v);
			else
				pg_each_int4(p, v);
		}
	}
	pg_add_array(p, PG_TEXT, count);
	for (size_t i = 0; i < count; i++)
		pg_each_text(p, str_of(settle_of(ops[i])->reason));
	pg_add_bool(p, s->keep_done > 0);
	pg_add_bool(p, s->keep_bodies > 0);
	return pg_send(s,
	    "SELECT * FROM leadbridge.settle($1, $2, $3, $4, $5, $6, $7, $8,"
	    " $10, $11, $12, $9)");
}

static void
read_settle(struct pg_store *s, struct journal_op *const *ops, size_t count,
    const PGresult *r)
{
	(void)s;
	for (size_t i = 0; i < count; i++) {
		struct journal_settle *how = (void *)ops[i];

		how->next_ms = -1;
		if (pg_is_null(r, (int)i, 0))
			ops[i]->result = JOURNAL_FENCED;
		else
			how->next_ms = pg_int(r, (int)i, 0);
	}
}

const struct pg_verb pg_settle = { true, send_settle, read_settle };
