/* journal/journal_postgres_copy.c - the same store in PostgreSQL, out and in.
 */
#include <stdio.h>
#include <string.h>

#include "journal/journal_copy.h"
#include "journal/journal_postgres.h"

/* A page may be large, and there is nobody who waits for it. */
#define COPY_MS (10 * 60 * 1000)

static int
broke(struct pg_store *s, struct fault *why)
{
	pg_disconnect(s);
	return fault_set(why, FAULT_BUSY, "journal",
	    "the database's connection broke");
}

/* A transaction; the parameters of what is sent in it come behind. */
static int
begin(struct pg_store *s, struct fault *why)
{
	s->group_ms = COPY_MS;
	if (pg_connect(s, why) == -1)
		return -1;
	s->token++;
	if (pg_begin(s) == -1)
		return broke(s, why);
	pg_clear(&s->params);
	return 0;
}

/* Of `count` statements that were sent: all or none. */
static int
commit(struct pg_store *s, PGresult **results, size_t count, struct fault *why)
{
	if (pg_commit(s, results, count, why) == PG_DONE)
		return 0;
	return fault_set(why, FAULT_BUSY, "journal",
	    "the database did not do it; say it again");
}

/* The one statement of a transaction; NULL with why. PQclear it. */
static PGresult *
ask(struct pg_store *s, const char *sql, struct fault *why)
{
	PGresult *r = NULL;

	if (pg_send(s, sql) == -1) {
		broke(s, why);
		return NULL;
	}
	return commit(s, &r, 1, why) == 0 ? r : NULL;
}

/* By name: every bridge says it when it connects. */
static int
alone(void *store, struct fault *why)
{
	struct pg_store *s = store;
	PGresult *r;
	int64_t others;

	if (begin(s, why) == -1)
		return -1;
	r = ask(s,
	    "SELECT count(*) FROM pg_stat_activity"
	    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
	    " AND application_name ="
	    " current_setting('application_name')",
	    why);
	if (r == NULL)
		return -1;
	others = pg_int(r, 0, 0);
	PQclear(r);
	return others == 0 ? 0
	                   : fault_set(why, FAULT_BUSY, "journal",
	                         "%lld other connections of leadbridge are in "
	                         "this database: stop the bridges first",
	                         (long long)others);
}

static const char items_sql
    [] = "SELECT i.ord, i.id, i.n, i.state::int, i.laned::int, i.flags::int,"
         " i.attempts, i.strikes, i.status, d.received_ms, i.since_ms,"
         " i.updated_ms, CASE WHEN l.head = i.ord AND l.fence = 0 AND NOT"
         " l.blocked THEN l.due_ms ELSE 0 END, i.target, i.lead, d.route,"
         " d.verdict, i.reason, i.body, d.event, d.key, d.next_n"
         " FROM (SELECT * FROM leadbridge.item WHERE ord > $1 ORDER BY ord"
         " LIMIT $2) i JOIN leadbridge.delivery d ON d.id = i.id"
         " LEFT JOIN leadbridge.lane l ON i.laned AND l.target = i.target"
         " AND l.lead = i.lead ORDER BY i.ord";

static struct str
copy(const PGresult *r, int row, int column, struct arena *arena, bool *ok)
{
	struct str to = STR_NONE;

	if (!pg_is_null(r, row, column)) {
		to = arena_copy(arena, pg_text(r, row, column));
		*ok = *ok && to.at != NULL;
	}
	return to;
}

static bool
read_item(const PGresult *r, int i, struct arena *arena, struct copied_item *to)
{
	struct journal_row *row = &to->row;
	bool ok = true;

	*to = (struct copied_item){ .live = pg_int(r, i, 4) != 0,
		.since_ms = pg_int(r, i, 10),
		.due_ms = pg_is_null(r, i, 12) ? 0 : pg_int(r, i, 12),
		.key = copy(r, i, 20, arena, &ok),
		.next_n = (unsigned)pg_int(r, i, 21) };
	row->order = (uint64_t)pg_int(r, i, 0);
	pg_id(r, i, 1, row->id);
	row->n = (unsigned)pg_int(r, i, 2);
	row->state = (enum journal_state)pg_int(r, i, 3);
	row->flags = (unsigned)pg_int(r, i, 5);
	row->attempts = (unsigned)pg_int(r, i, 6);
	row->strikes = (unsigned)pg_int(r, i, 7);
	row->status = (int)pg_int(r, i, 8);
	row->received_ms = pg_int(r, i, 9);
	row->updated_ms = pg_int(r, i, 11);
	row->target = copy(r, i, 13, arena, &ok);
	row->lead = copy(r, i, 14, arena, &ok);
	row->route = copy(r, i, 15, arena, &ok);
	row->verdict = copy(r, i, 16, arena, &ok);
	row->reason = copy(r, i, 17, arena, &ok);
	row->body = copy(r, i, 18, arena, &ok);
	row->event = copy(r, i, 19, arena, &ok);
	return ok;
}

static int
read_items(void *store, uint64_t after, struct arena *arena,
    struct copied_item *items, size_t most, size_t *count, struct fault *why)
{
	struct pg_store *s = store;
	PGresult *r;
	int rows;

	*count = 0;
	if (begin(s, why) == -1)
		return -1;
	pg_add_int8(&s->params, (int64_t)after);
	pg_add_int8(&s->params, (int64_t)most);
	r = ask(s, items_sql, why);
	if (r == NULL)
		return -1;
	rows = PQntuples(r);
	while (*count < (size_t)rows &&
	    read_item(r, (int)*count, arena, &items[*count]))
		++*count;
	PQclear(r);
	/* What did not fit begins the next page. */
	if (rows > 0 && *count == 0)
		return fault_set(why, FAULT_BUSY, "journal", "out of memory");
	return 0;
}

static int
read_keys(void *store, const uint8_t after[JOURNAL_HASH],
    struct copied_key *keys, size_t most, size_t *count, struct fault *why)
{
	struct pg_store *s = store;
	PGresult *r;

	*count = 0;
	if (begin(s, why) == -1)
		return -1;
	pg_add_uuid(&s->params, after);
	pg_add_int8(&s->params, (int64_t)most);
	r = ask(s,
	    "SELECT hash, body, id, at_ms FROM leadbridge.key"
	    " WHERE hash > $1::uuid ORDER BY hash LIMIT $2::bigint",
	    why);
	if (r == NULL)
		return -1;
	for (int i = 0; i < PQntuples(r); i++) {
		struct copied_key *k = &keys[(*count)++];

		memcpy(k->hash, pg_text(r, i, 0).at, JOURNAL_HASH);
		memcpy(k->body, pg_text(r, i, 1).at, JOURNAL_HASH);
		pg_id(r, i, 2, k->id);
		k->at_ms = pg_int(r, i, 3);
	}
	PQclear(r);
	return 0;
}

/* A column of the page as an array: what is asked of each item. */
#define EACH(params, type, items, count, add, value)                           \
	do {                                                                   \
		pg_add_array(params, type, count);                             \
		for (size_t i_ = 0; i_ < (count); i_++) {                      \
			const struct copied_item *c = &(items)[i_];            \
			const struct journal_row *row = &c->row;               \
                                                                               \
			(void)row;                                             \
			add(params, value);                                    \
		}                                                              \
	} while (0)

static void
each_id(struct pg_params *p, const char *text)
{
	unsigned char id[16] = { 0 };

	(void)!pg_uuid(text, id);
	pg_each_uuid(p, id);
}

/* First: the items lean on them. */
static int
send_deliveries(struct pg_store *s, const struct copied_item *items,
    size_t count)
{
	struct pg_params *p = &s->params;

	pg_clear(p);
	EACH(p, PG_UUID, items, count, each_id, row->id);
	EACH(p, PG_TEXT, items, count, pg_each_text, row->route);
	EACH(p, PG_TEXT, items, count, pg_each_text, row->verdict);
	EACH(p, PG_INT8, items, count, pg_each_int8, row->received_ms);
	EACH(p, PG_INT4, items, count, pg_each_int4, c->next_n);
	EACH(p, PG_UUID, items, count, pg_each_uuid, c->key.at);
	EACH(p, PG_BYTEA, items, count, pg_each_bytes, row->event);
	return pg_send(s,
	    "INSERT INTO leadbridge.delivery (id, route, verdict, received_ms,"
	    " next_n, key, event) SELECT DISTINCT ON (a.id) a.id,"
	    " coalesce(a.route, ''), coalesce(a.verdict, ''), a.received,"
	    " a.next_n, a.key, a.event FROM unnest($1::uuid[], $2::text[], "
	    "$3::text[], $4::bigint[], $5::int[], $6::uuid[], $7::bytea[])"
	    " AS a (id, route, verdict, received, next_n, key, event)"
	    " ORDER BY a.id ON CONFLICT (id) DO NOTHING");
}

static int
send_items(struct pg_store *s, const struct copied_item *items, size_t count)
{
	struct pg_params *p = &s->params;

	pg_clear(p);
	EACH(p, PG_UUID, items, count, each_id, row->id);
	EACH(p, PG_INT4, items, count, pg_each_int4, row->n);
	EACH(p, PG_INT4, items, count, pg_each_int4, row->state);
	EACH(p, PG_INT4, items, count, pg_each_int4, c->live);
	EACH(p, PG_INT4, items, count, pg_each_int4, row->flags);
	EACH(p, PG_INT4, items, count, pg_each_int4, row->attempts);
	EACH(p, PG_INT4, items, count, pg_each_int4, row->strikes);
	EACH(p, PG_INT4, items, count, pg_each_int4, row->status);
	EACH(p, PG_INT8, items, count, pg_each_int8, c->since_ms);
	EACH(p, PG_INT8, items, count, pg_each_int8, row->updated_ms);
	EACH(p, PG_TEXT, items, count, pg_each_text, row->target);
	EACH(p, PG_TEXT, items, count, pg_each_text, row->lead);
	EACH(p, PG_TEXT, items, count, pg_each_text, row->reason);
	EACH(p, PG_BYTEA, items, count, pg_each_bytes, row->body);
	return pg_send(s,
	    "INSERT INTO leadbridge.item (ord, since_ms, updated_ms, ended_ms,"
	    " id, n, attempts, strikes, status, flags, state, laned, sending,"
	    " target, lead, reason, body)"
	    " SELECT nextval('leadbridge.ord'), a.since, a.updated,"
	    " CASE WHEN a.state = 0 THEN NULL ELSE a.updated END, a.id, a.n,"
	    " a.attempts, a.strikes, a.status, a.flags, a.state, a.live <> 0,"
	    " false, coalesce(a.target, ''), coalesce(a.lead, ''),"
	    " coalesce(a.reason, ''), a.body FROM (SELECT * FROM "
	    "unnest($1::uuid[], $2::int[], $3::int[], $4::int[], $5::int[], "
	    "$6::int[], $7::int[], $8::int[], $9::bigint[], $10::bigint[], "
	    "$11::text[], $12::text[], $13::text[], $14::bytea[])"
	    " WITH ORDINALITY AS b (id, n, state, live, flags, attempts,"
	    " strikes, status, since, updated, target, lead, reason, body, at)"
	    " WHERE NOT EXISTS (SELECT FROM leadbridge.item i"
	    " WHERE i.id = b.id AND i.n = b.n) ORDER BY b.at) a");
}

/* Lanes are made of what is in them. */
static int
send_open_lanes(struct pg_store *s, const struct copied_item *items,
    size_t count)
{
	struct pg_params *p = &s->params;

	pg_clear(p);
	EACH(p, PG_TEXT, items, count, pg_each_text, row->target);
	EACH(p, PG_TEXT, items, count, pg_each_text, row->lead);
	EACH(p, PG_INT4, items, count, pg_each_int4, c->live);
	return pg_send(s,
	    "SELECT leadbridge.open_lane(a.target, a.lead) FROM (SELECT"
	    " DISTINCT b.target, b.lead FROM unnest($1::text[], $2::text[],"
	    " $3::int[]) AS b (target, lead, live) WHERE b.live <> 0"
	    " ORDER BY 1, 2) a");
}

static int
send_mend_lanes(struct pg_store *s, const struct copied_item *items,
    size_t count)
{
	struct pg_params *p = &s->params;

	pg_clear(p);
	EACH(p, PG_TEXT, items, count, pg_each_text, row->target);
	EACH(p, PG_TEXT, items, count, pg_each_text, row->lead);
	return pg_send(s, "SELECT leadbridge.mend_lanes($1, $2)");
}

/* A head that waits for its next try goes on waiting. */
static int
send_dues(struct pg_store *s, const struct copied_item *items, size_t count)
{
	struct pg_params *p = &s->params;

	pg_clear(p);
	EACH(p, PG_UUID, items, count, each_id, row->id);
	EACH(p, PG_INT4, items, count, pg_each_int4, row->n);
	EACH(p, PG_INT8, items, count, pg_each_int8, c->due_ms);
	pg_add_int8(p, JOURNAL_DELAY_MAX_MS);
	return pg_send(s,
	    "UPDATE leadbridge.lane l SET due_ms = least(a.due,"
	    " leadbridge.now_ms() + $4::bigint) FROM unnest($1::uuid[], "
	    "$2::int[], $3::bigint[]) AS a (id, n,"
	    " due) JOIN leadbridge.item i ON i.id = a.id AND i.n = a.n"
	    " WHERE a.due > 0 AND i.laned AND l.target = i.target"
	    " AND l.lead = i.lead AND l.head = i.ord AND l.fence = 0");
}

static int
write_items(void *store, const struct copied_item *items, size_t count,
    struct fault *why)
{
	struct pg_store *s = store;
	PGresult *results[5];

	if (begin(s, why) == -1)
		return -1;
	if (send_deliveries(s, items, count) == -1 ||
	    send_items(s, items, count) == -1 ||
	    send_open_lanes(s, items, count) == -1 ||
	    send_mend_lanes(s, items, count) == -1 ||
	    send_dues(s, items, count) == -1)
		return broke(s, why);
	if (commit(s, results, COUNT_OF(results), why) == -1)
		return -1;
	for (size_t i = 0; i < COUNT_OF(results); i++)
		PQclear(results[i]);
	return 0;
}

static int
write_keys(void *store, const struct copied_key *keys, size_t count,
    struct fault *why)
{
	struct pg_store *s = store;
	struct pg_params *p = &s->params;
	PGresult *r;

	if (begin(s, why) == -1)
		return -1;
	pg_add_array(p, PG_UUID, count);
	for (size_t i = 0; i < count; i++)
		pg_each_uuid(p, keys[i].hash);
	pg_add_array(p, PG_UUID, count);
	for (size_t i = 0; i < count; i++)
		pg_each_uuid(p, keys[i].body);
	pg_add_array(p, PG_UUID, count);
	for (size_t i = 0; i < count; i++)
		each_id(p, keys[i].id);
	pg_add_array(p, PG_INT8, count);
	for (size_t i = 0; i < count; i++)
		pg_each_int8(p, keys[i].at_ms);
	r = ask(s,
	    "INSERT INTO leadbridge.key (hash, body, id, at_ms)"
	    " SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], "
	    "$4::bigint[]) ON CONFLICT DO NOTHING",
	    why);
	PQclear(r);
	return r != NULL ? 0 : -1;
}

static int
count(void *store, struct copied_counts *out, struct fault *why)
{
	struct pg_store *s = store;
	PGresult *r;

	*out = (struct copied_counts){ 0 };
	if (begin(s, why) == -1)
		return -1;
	r = ask(s,
	    "SELECT state::int, count(*) FROM leadbridge.item GROUP BY state"
	    " UNION ALL SELECT -1, count(*) FROM leadbridge.key",
	    why);
	if (r == NULL)
		return -1;
	for (int i = 0; i < PQntuples(r); i++) {
		int64_t state = pg_int(r, i, 0);

		if (state >= 0 && state < JOURNAL_STATES)
			out->items[state] = pg_int(r, i, 1);
		else
			out->keys = pg_int(r, i, 1);
	}
	PQclear(r);
	return 0;
}

const struct journal_copier journal_postgres_copier = {
	.alone = alone,
	.read_items = read_items,
	.read_keys = read_keys,
	.write_items = write_items,
	.write_keys = write_keys,
	.count = count,
};
