/* journal/journal_sqlite_copy.c - the sqlite store, out and in, row by row. */
#include <string.h>

#include "journal/journal_copy.h"
#include "journal/journal_sqlite.h"

/* Opened, it is this process's alone: see lite_open(). */
static int
alone(void *store, struct fault *why)
{
	(void)store;
	(void)why;
	return 0;
}

static sqlite3_stmt *
prepare(struct lite_store *s, const char *sql)
{
	sqlite3_stmt *st = NULL;

	if (s->rc == SQLITE_OK)
		lite_note(s, sqlite3_prepare_v2(s->db, sql, -1, &st, NULL));
	return st;
}

static void
bind_all(struct lite_store *s, sqlite3_stmt *st, const struct lite_value *v,
    size_t count)
{
	for (size_t i = 0; i < count && s->rc == SQLITE_OK; i++)
		lite_note(s, lite_bind_one(st, (int)i + 1, &v[i]));
}

static bool
step(struct lite_store *s, sqlite3_stmt *st)
{
	int rc = s->rc == SQLITE_OK ? sqlite3_step(st) : SQLITE_DONE;

	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		lite_note(s, rc);
	return rc == SQLITE_ROW;
}

/* A statement without rows. */
static void
run(struct lite_store *s, sqlite3_stmt *st, const struct lite_value *v,
    size_t count)
{
	bind_all(s, st, v, count);
	(void)step(s, st);
	sqlite3_reset(st);
}

#define RUN(s, st, ...) run(s, st, LITE_VALUES(__VA_ARGS__))

static struct str
column(sqlite3_stmt *st, int i)
{
	const char *at = sqlite3_column_blob(st, i);

	if (sqlite3_column_type(st, i) == SQLITE_NULL)
		return STR_NONE;
	return at != NULL
	    ? (struct str){ at, (size_t)sqlite3_column_bytes(st, i) }
	    : STR("");
}

/* Absent where there is no room, which *ok tells. */
static struct str
copy(sqlite3_stmt *st, int i, struct arena *arena, bool *ok)
{
	struct str from = column(st, i), to = STR_NONE;

	if (from.at != NULL) {
		to = arena_copy(arena, from);
		*ok = *ok && to.at != NULL;
	}
	return to;
}

static void
read_id(sqlite3_stmt *st, int i, char out[JOURNAL_ID_SIZE])
{
	struct str id = column(st, i);

	if (id.len == 16)
		journal_id_text((const void *)id.at, out);
	else
		snprintf(out, JOURNAL_ID_SIZE, "%.*s", STR_ARG(id));
}

static const char items_sql[] =
    "SELECT i.ord, i.id, i.n, i.state, i.live, i.flags, i.attempts,"
    " i.strikes, i.status, i.received_ms, i.since_ms, i.updated_ms, i.due_ms,"
    " i.target, i.lead, i.route, i.verdict, i.reason, b.body, d.event, d.key,"
    " d.next_n FROM item i LEFT JOIN text b ON b.seq = i.text"
    " LEFT JOIN text d ON d.seq = i.seq WHERE i.ord > ?1 ORDER BY i.ord"
    " LIMIT ?2";

static bool
read_item(sqlite3_stmt *st, struct arena *arena, struct copied_item *to)
{
	struct journal_row *r = &to->row;
	bool ok = true;

	*to = (struct copied_item){ .live = sqlite3_column_int(st, 4) != 0,
		.since_ms = sqlite3_column_int64(st, 10),
		.due_ms = sqlite3_column_int64(st, 12),
		.key = copy(st, 20, arena, &ok),
		.next_n = (unsigned)sqlite3_column_int(st, 21) };
	r->order = (uint64_t)sqlite3_column_int64(st, 0);
	read_id(st, 1, r->id);
	r->n = (unsigned)sqlite3_column_int(st, 2);
	r->state = (enum journal_state)sqlite3_column_int(st, 3);
	r->flags = (unsigned)sqlite3_column_int(st, 5);
	r->attempts = (unsigned)sqlite3_column_int(st, 6);
	r->strikes = (unsigned)sqlite3_column_int(st, 7);
	r->status = sqlite3_column_int(st, 8);
	r->received_ms = sqlite3_column_int64(st, 9);
	r->updated_ms = sqlite3_column_int64(st, 11);
	r->target = copy(st, 13, arena, &ok);
	r->lead = copy(st, 14, arena, &ok);
	r->route = copy(st, 15, arena, &ok);
	r->verdict = copy(st, 16, arena, &ok);
	r->reason = copy(st, 17, arena, &ok);
	r->body = copy(st, 18, arena, &ok);
	r->event = copy(st, 19, arena, &ok);
	return ok;
}

static int
read_items(void *store, uint64_t after, struct arena *arena,
    struct copied_item *items, size_t most, size_t *count, struct fault *why)
{
	struct lite_store *s = store;
	sqlite3_stmt *st;
	bool full = false;

	*count = 0;
	s->rc = SQLITE_OK;
	st = prepare(s, items_sql);
	bind_all(s, st,
	    LITE_VALUES(lite_order(after), lite_number((int64_t)most)));
	while (!full && step(s, st))
		if (read_item(st, arena, &items[*count]))
			++*count;
		else
			full = true;
	sqlite3_finalize(st);
	/* The rest comes with the next page, which begins with it. */
	if (full && *count == 0)
		lite_note(s, SQLITE_NOMEM);
	return s->rc == SQLITE_OK ? 0 : lite_fault(s, why);
}

static int
read_keys(void *store, const uint8_t after[JOURNAL_HASH],
    struct copied_key *keys, size_t most, size_t *count, struct fault *why)
{
	struct lite_store *s = store;
	struct str hash = { (const char *)after, JOURNAL_HASH };
	sqlite3_stmt *st;

	*count = 0;
	s->rc = SQLITE_OK;
	st = prepare(s,
	    "SELECT hash, body, id, at_ms FROM key WHERE hash > ?1"
	    " UNION SELECT hash, body, id, at_ms FROM fresh WHERE hash > ?1"
	    " ORDER BY hash LIMIT ?2");
	bind_all(s, st,
	    LITE_VALUES(lite_blob(hash), lite_number((int64_t)most)));
	while (step(s, st)) {
		struct copied_key *k = &keys[(*count)++];
		struct str name = column(st, 0), body = column(st, 1);

		if (name.len != JOURNAL_HASH || body.len != JOURNAL_HASH) {
			lite_note(s, SQLITE_CORRUPT);
			break;
		}
		memcpy(k->hash, name.at, JOURNAL_HASH);
		memcpy(k->body, body.at, JOURNAL_HASH);
		read_id(st, 2, k->id);
		k->at_ms = sqlite3_column_int64(st, 3);
	}
	sqlite3_finalize(st);
	return s->rc == SQLITE_OK ? 0 : lite_fault(s, why);
}

struct writer {
	sqlite3_stmt *seen, *item, *text;
};

/* Its delivery's place; 0: it is not there. */
static int64_t
find_seq(struct lite_store *s, sqlite3_stmt *seen, const char *id, int64_t n,
    bool *there)
{
	int64_t seq = 0;

	*there = false;
	bind_all(s, seen, LITE_VALUES(lite_id(id), lite_number(n)));
	if (step(s, seen)) {
		seq = sqlite3_column_int64(seen, 0);
		*there = sqlite3_column_int(seen, 1) != 0;
	}
	sqlite3_reset(seen);
	return seq;
}

/* As lite_accept() would have it, and what came of it since. */
static void
write_item(struct lite_store *s, const struct writer *w,
    const struct copied_item *c)
{
	const struct journal_row *r = &c->row;
	bool there, first;
	int64_t seq = find_seq(s, w->seen, r->id, r->n, &there), ord;

	if (there || s->rc != SQLITE_OK)
		return;
	ord = (int64_t)lite_next_order(s);
	first = seq == 0;
	RUN(s, w->item, lite_number(ord), lite_number(first ? ord : seq),
	    lite_number(r->n), lite_number(c->live), lite_number(r->state),
	    lite_number(r->state == JOURNAL_DONE && r->body.at == NULL),
	    lite_number(r->flags), lite_number(r->attempts),
	    lite_number(r->strikes), lite_number(r->status),
	    lite_number(r->received_ms), lite_number(c->since_ms),
	    lite_number(r->updated_ms), lite_number(c->due_ms), lite_id(r->id),
	    lite_text(r->target), lite_text(r->lead), lite_text(r->route),
	    lite_text(r->verdict), lite_text(r->reason));
	if (first || r->body.at != NULL)
		RUN(s, w->text, lite_number(ord), lite_number(c->next_n),
		    lite_blob(first ? c->key : STR_NONE),
		    lite_blob(first ? r->event : STR_NONE), lite_blob(r->body));
	s->count[r->state]++;
}

static int
write_items(void *store, const struct copied_item *items, size_t count,
    struct fault *why)
{
	struct lite_store *s = store;
	struct writer w;
	int rc;

	lite_begin(s);
	w.seen = prepare(s,
	    "SELECT seq, max(n = ?2) FROM item WHERE id = ?1 GROUP BY seq");
	w.item = prepare(s,
	    "INSERT INTO item VALUES(?1, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9,"
	    " ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20)");
	w.text = prepare(s, "INSERT INTO text VALUES(?1, ?2, ?3, ?4, ?5)");
	for (size_t i = 0; i < count; i++)
		write_item(s, &w, &items[i]);
	sqlite3_finalize(w.seen);
	sqlite3_finalize(w.item);
	sqlite3_finalize(w.text);
	rc = lite_commit(s, true);
	return rc == 0 ? 0 : lite_fault(s, why);
}

static int
write_keys(void *store, const struct copied_key *keys, size_t count,
    struct fault *why)
{
	struct lite_store *s = store;
	sqlite3_stmt *st;
	int rc;

	lite_begin(s);
	st = prepare(s,
	    "INSERT OR IGNORE INTO key SELECT ?1, ?2, ?3, ?4,"
	    " ifnull((SELECT seq FROM item WHERE id = ?3 LIMIT 1), 0)"
	    " WHERE NOT EXISTS(SELECT 1 FROM fresh WHERE hash = ?1)");
	for (size_t i = 0; i < count; i++)
		RUN(s, st,
		    lite_blob((struct str){ (const char *)keys[i].hash,
		        JOURNAL_HASH }),
		    lite_blob((struct str){ (const char *)keys[i].body,
		        JOURNAL_HASH }),
		    lite_id(keys[i].id), lite_number(keys[i].at_ms));
	sqlite3_finalize(st);
	rc = lite_commit(s, true);
	return rc == 0 ? 0 : lite_fault(s, why);
}

static int
count(void *store, struct copied_counts *out, struct fault *why)
{
	struct lite_store *s = store;
	sqlite3_stmt *st;

	*out = (struct copied_counts){ 0 };
	s->rc = SQLITE_OK;
	st = prepare(s, "SELECT state, count(*) FROM item GROUP BY state");
	while (step(s, st)) {
		int state = sqlite3_column_int(st, 0);

		if (state >= 0 && state < JOURNAL_STATES)
			out->items[state] = sqlite3_column_int64(st, 1);
	}
	sqlite3_finalize(st);
	st = prepare(s,
	    "SELECT count(*) FROM (SELECT hash FROM key UNION"
	    " SELECT hash FROM fresh)");
	if (step(s, st))
		out->keys = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	return s->rc == SQLITE_OK ? 0 : lite_fault(s, why);
}

const struct journal_copier journal_sqlite_copier = {
	.alone = alone,
	.read_items = read_items,
	.read_keys = read_keys,
	.write_items = write_items,
	.write_keys = write_keys,
	.count = count,
};
