/*
 * journal/journal_sqlite_sql.c - the schema, the statements, how they run.
 *
 *	item	one lead update: what is moved. Small rows, by order
 *	text	what is large, by `seq`. An item's own row is item.text, with
 *		its body. That of a delivery's first item (item.seq) has what
 *		is the delivery's, too, and stays until the delivery goes
 *	fresh	dedupe keys, as they came
 *	key	dedupe keys, by hash: where fresh ones end up, many at a time
 *	meta	one row: the latest time on record, the highest order, counts
 *
 * item_live holds what has to be loaded at the start, item_over what a prune
 * looks at, item_full the bodies it may drop, item_odd what a person asks
 * for. None of them but the first is touched by an accept or a claim.
 */
#include <string.h>

#include "journal/journal_sqlite.h"

/* States by number: 0 waiting, 1 sending, 2 done, 3 dead, 4 refused. */
_Static_assert(JOURNAL_WAITING == 0 && JOURNAL_SENDING == 1 &&
        JOURNAL_DONE == 2 && JOURNAL_DEAD == 3 && JOURNAL_REFUSED == 4,
    "the schema has these numbers");

const char *const lite_schema =
    "CREATE TABLE item("
    " ord INTEGER PRIMARY KEY, text INTEGER, seq INTEGER, n INTEGER,"
    " live INTEGER, state INTEGER, bare INTEGER, flags INTEGER,"
    " attempts INTEGER, strikes INTEGER, status INTEGER,"
    " received_ms INTEGER, since_ms INTEGER, updated_ms INTEGER,"
    " due_ms INTEGER, id BLOB, target TEXT, lead TEXT, route TEXT,"
    " verdict TEXT, reason TEXT);"
    "CREATE UNIQUE INDEX item_id ON item(id, n);"
    "CREATE INDEX item_live ON item(ord) WHERE live = 1;"
    "CREATE INDEX item_over ON item(state, updated_ms) WHERE state >= 2;"
    "CREATE INDEX item_full ON item(updated_ms) WHERE state = 2 AND bare = 0;"
    "CREATE INDEX item_odd ON item(ord) WHERE state >= 3;"
    "CREATE TABLE text("
    " seq INTEGER PRIMARY KEY, next_n INTEGER, key BLOB, event BLOB,"
    " body BLOB);"
    "CREATE TABLE fresh("
    " seq INTEGER PRIMARY KEY, hash BLOB, body BLOB, id BLOB,"
    " at_ms INTEGER);"
    "CREATE TABLE key("
    " hash BLOB PRIMARY KEY, body BLOB, id BLOB, at_ms INTEGER,"
    " seq INTEGER)"
    " WITHOUT ROWID;"
    "CREATE TABLE meta("
    " one INTEGER PRIMARY KEY CHECK(one = 1), latest_ms INTEGER,"
    " last_order INTEGER, boots INTEGER, done INTEGER, dead INTEGER,"
    " refused INTEGER);"
    "INSERT INTO meta VALUES(1, 0, 0, 0, 0, 0, 0);";

/* Columns of a list's row, see row_fill() in journal_sqlite_read.c. */
#define ROW                                                                    \
	"SELECT ord, state, received_ms, route, lead, id, n, flags, attempts," \
	" strikes, status, updated_ms, target, verdict, reason, text, seq"     \
	" FROM item"

static const char *const texts[SQL_COUNT] = {
	[SQL_BEGIN] = "BEGIN IMMEDIATE",
	[SQL_COMMIT] = "COMMIT",
	[SQL_ROLLBACK] = "ROLLBACK",
	[SQL_META_READ] = "SELECT latest_ms, last_order, boots, done, dead,"
	                  " refused FROM meta",
	[SQL_META_WRITE] = "UPDATE meta SET latest_ms = max(latest_ms, ?1),"
	                   " last_order = ?2, boots = ?3, done = ?4, dead = ?5,"
	                   " refused = ?6",
	[SQL_LOAD] = "SELECT ord, state, flags, attempts, strikes, since_ms,"
	             " due_ms, target, lead FROM item INDEXED BY item_live"
	             " WHERE live = 1 ORDER BY ord",
	[SQL_ID_SEEN] = "SELECT 1 FROM item WHERE id = ?1 LIMIT 1",
	[SQL_ID_TOP] = "SELECT max(id) FROM item",
	[SQL_ITEM_ADD] = "INSERT INTO item VALUES(?1, ?1, ?2, ?3, ?4, ?5, 0,"
	                 " ?6, ?7, 0, 0, ?8, ?9, ?9, 0, ?10, ?11, ?12, ?13,"
	                 " ?14, ?15) ON CONFLICT(id, n) DO NOTHING",
	[SQL_ITEM_HELD] = "UPDATE item SET state = 1, attempts = ?2,"
	                  " updated_ms = ?3 WHERE ord = ?1",
	[SQL_ITEM_STRUCK] = "UPDATE item SET live = ?2, state = ?3,"
	                    " strikes = ?4, updated_ms = ?5, due_ms = 0,"
	                    " reason = ifnull(?6, reason) WHERE ord = ?1",
	[SQL_ITEM_SETTLED] =
	    "UPDATE item SET live = ?2, state = ?3, attempts = ?4, strikes = 0,"
	    " status = ?5, updated_ms = ?6, due_ms = ?7, reason = ?8,"
	    " flags = ?9"
	    " WHERE ord = ?1",
	[SQL_ITEM_SENT] = "SELECT i.id, i.n, i.route, i.since_ms, t.body"
	                  " FROM item i JOIN text t ON t.seq = i.text"
	                  " WHERE i.ord = ?1",
	[SQL_ITEM_PLACE] = "SELECT id, text, seq, state, live, target, lead,"
	                   " n, flags FROM item WHERE ord = ?1",
	[SQL_ITEM_FIRST] = "SELECT state, status FROM item WHERE id = ?1"
	                   " AND seq = ?2 ORDER BY n LIMIT 1",
	[SQL_ITEM_REVIVED] = "UPDATE item SET ord = ?2, live = 1, state = 0,"
	                     " attempts = 0, strikes = 0, status = 0,"
	                     " since_ms = ?3, updated_ms = ?3, due_ms = 0,"
	                     " flags = ?4, reason = '' WHERE ord = ?1",
	[SQL_ITEM_REPLACED] = "UPDATE item SET text = ?2, n = ?3, live = 1,"
	                      " state = 0, bare = 0, flags = ?4, attempts = 0,"
	                      " strikes = 0, status = 0, since_ms = ?5,"
	                      " updated_ms = ?5, due_ms = 0, reason = ''"
	                      " WHERE ord = ?1",
	[SQL_ITEM_ANEW] = "INSERT INTO item SELECT ?2, ?2, seq, ?3, ?4, ?5, 0,"
	                  " ?6, 0, 0, 0, received_ms, ?7, ?7, 0, id, ?8, ?9,"
	                  " route, verdict, ?10 FROM item WHERE id = ?1 LIMIT "
	                  "1",
	[SQL_ITEM_BARE] = "UPDATE item SET bare = 1 WHERE ord = ?1",
	[SQL_ITEM_DELETE] = "DELETE FROM item WHERE ord = ?1",
	[SQL_TEXT_ADD] = "INSERT INTO text VALUES(?1, ?2, ?3, ?4, ?5)",
	[SQL_TEXT_HOLDER] = "SELECT next_n, key, event IS NOT NULL FROM text"
	                    " WHERE seq = ?1",
	[SQL_TEXT_NEXT] = "UPDATE text SET next_n = ?2 WHERE seq = ?1",
	[SQL_TEXT_NO_BODY] = "UPDATE text SET body = NULL WHERE seq = ?1",
	[SQL_TEXT_NO_EVENT] = "UPDATE text SET event = NULL WHERE seq = ?1",
	[SQL_TEXT_FORGET] = "UPDATE text SET event = NULL, key = NULL"
	                    " WHERE seq = ?1",
	[SQL_TEXT_DELETE] = "DELETE FROM text WHERE seq = ?1",
	[SQL_NEEDS_EVENT] = "SELECT 1 FROM item WHERE id = ?1"
	                    " AND (state <> 2 OR bare = 0) LIMIT 1",
	[SQL_NOT_DONE] = "SELECT 1 FROM item WHERE id = ?1 AND state <> 2"
	                 " LIMIT 1",
	[SQL_SENDING] = "SELECT ord FROM item INDEXED BY item_live"
	                " WHERE live = 1 AND state = ?1 ORDER BY ord",
	[SQL_OF_DELIVERY] = "SELECT ord FROM item WHERE id = ?1 ORDER BY n",
	[SQL_OF_LEAD] = "SELECT ord FROM item WHERE lead = ?1 ORDER BY ord",
	[SQL_OLD] = "SELECT ord FROM item INDEXED BY item_over"
	            " WHERE state = ?1 AND state >= 2 AND updated_ms <= ?2"
	            " ORDER BY updated_ms, ord LIMIT ?3",
	[SQL_OLD_DONE] =
	    "SELECT ord FROM item i INDEXED BY item_over"
	    " WHERE state = ?1 AND state >= 2 AND updated_ms <= ?2"
	    " AND NOT EXISTS(SELECT 1 FROM item x WHERE x.id = i.id"
	    " AND x.state <> ?1) ORDER BY updated_ms, ord LIMIT ?3",
	[SQL_OLD_BODIES] = "SELECT ord FROM item INDEXED BY item_full"
	                   " WHERE state = 2 AND bare = 0 AND updated_ms <= ?1"
	                   " ORDER BY updated_ms LIMIT ?2",
	[SQL_OLDEST] = "SELECT min(since_ms) FROM (SELECT since_ms FROM item"
	               " INDEXED BY item_live WHERE live = 1 AND state = 0"
	               " ORDER BY ord LIMIT 16)",
	[SQL_LIST] = ROW " WHERE ord > ?1 ORDER BY ord",
	[SQL_LIST_NEWEST] = ROW " WHERE ord < ?1 ORDER BY ord DESC",
	[SQL_LIST_ODD] = ROW " INDEXED BY item_odd WHERE state >= 3"
	                     " AND ord > ?1 ORDER BY ord",
	[SQL_LIST_ODD_NEWEST] = ROW " INDEXED BY item_odd WHERE state >= 3"
	                            " AND ord < ?1 ORDER BY ord DESC",
	[SQL_LIST_ID] = ROW " WHERE id = ?1 ORDER BY ord",
	[SQL_LIST_ID_NEWEST] = ROW " WHERE id = ?1 ORDER BY ord DESC",
	[SQL_SHOW] = ROW " WHERE id = ?1 ORDER BY n",
	[SQL_BODY] = "SELECT body FROM text WHERE seq = ?1",
	[SQL_EVENT] = "SELECT event FROM text WHERE seq = ?1",
	[SQL_KEY_FIND] = "SELECT body, id, at_ms, seq FROM key WHERE hash = ?1",
	[SQL_KEY_ADD] = "INSERT OR REPLACE INTO key VALUES(?1, ?2, ?3, ?4, ?5)",
	[SQL_KEY_DELETE] = "DELETE FROM key WHERE hash = ?1",
	[SQL_KEY_SCAN] = "SELECT hash, at_ms FROM key WHERE hash > ?1"
	                 " ORDER BY hash LIMIT ?2",
	[SQL_FRESH_ADD] = "INSERT INTO fresh VALUES(?1, ?2, ?3, ?4, ?5)",
	[SQL_FRESH_DELETE] = "DELETE FROM fresh WHERE seq = ?1",
	[SQL_FRESH_MERGED] = "DELETE FROM fresh WHERE seq <= ?1",
	[SQL_FRESH_LOAD] = "SELECT seq, hash, body, id, at_ms FROM fresh"
	                   " ORDER BY seq",
};

int
lite_prepare_all(struct lite_store *s)
{
	for (size_t i = 0; i < SQL_COUNT; i++) {
		s->rc = sqlite3_prepare_v3(s->db, texts[i], -1,
		    SQLITE_PREPARE_PERSISTENT, &s->statements[i], NULL);
		if (s->rc != SQLITE_OK)
			return -1;
	}
	return 0;
}

void
lite_finalize_all(struct lite_store *s)
{
	for (size_t i = 0; i < SQL_COUNT; i++) {
		sqlite3_finalize(s->statements[i]);
		s->statements[i] = NULL;
	}
}

/*
 * Ids are UUIDs: 16 bytes, where the text is the one that these 16 bytes are
 * written as; any other text stays one.
 */
static int
lower_digit(char c)
{
	return c >= 'A' && c <= 'F' ? -1 : hex_digit(c);
}

static bool
id_pack(struct str text, unsigned char out[16])
{
	const char *at = text.at;

	for (size_t i = 0; i < 16; i++, at += 2) {
		if ((i == 4 || i == 6 || i == 8 || i == 10) && *at++ != '-')
			return false;
		if (lower_digit(at[0]) < 0 || lower_digit(at[1]) < 0)
			return false;
		out[i] = (unsigned char)(hex_digit(at[0]) << 4 |
		    hex_digit(at[1]));
	}
	return true;
}

struct lite_value
lite_packed(const char *id, unsigned char room[LITE_ID_BYTES])
{
	return id_pack(str_of(id), room)
	    ? lite_blob((struct str){ (const char *)room, LITE_ID_BYTES })
	    : lite_text(str_of(id));
}

static int
bind_id(sqlite3_stmt *st, int at, struct str id)
{
	unsigned char packed[16];
	size_t len = strnlen(id.at, id.len);

	if (len == JOURNAL_ID_SIZE - 1 && id_pack(id, packed))
		return sqlite3_bind_blob(st, at, packed, sizeof(packed),
		    SQLITE_TRANSIENT);
	return sqlite3_bind_text(st, at, id.at, (int)len, SQLITE_STATIC);
}

int
lite_bind_one(sqlite3_stmt *st, int at, const struct lite_value *v)
{
	if (v->kind == LITE_NUMBER)
		return sqlite3_bind_int64(st, at, v->number);
	if (v->text.at == NULL)
		return sqlite3_bind_null(st, at);
	if (v->kind == LITE_ID)
		return bind_id(st, at, v->text);
	if (v->text.len > INT32_MAX)
		return SQLITE_TOOBIG;
	if (v->kind == LITE_BLOB)
		return sqlite3_bind_blob(st, at, v->text.at, (int)v->text.len,
		    SQLITE_STATIC);
	return sqlite3_bind_text(st, at, v->text.at, (int)v->text.len,
	    SQLITE_STATIC);
}

void
lite_note(struct lite_store *s, int rc)
{
	if (rc != SQLITE_OK && s->rc == SQLITE_OK)
		s->rc = rc;
}

void
lite_bind(struct lite_store *s, enum lite_sql sql,
    const struct lite_value *values, size_t count)
{
	for (size_t i = 0; i < count && s->rc == SQLITE_OK; i++)
		lite_note(s,
		    lite_bind_one(s->statements[sql], (int)i + 1, &values[i]));
}

bool
lite_row(struct lite_store *s, enum lite_sql sql)
{
	int rc;

	if (s->rc == SQLITE_OK) {
		rc = sqlite3_step(s->statements[sql]);
		if (rc == SQLITE_ROW)
			return true;
		if (rc != SQLITE_DONE)
			lite_note(s, rc);
	}
	sqlite3_reset(s->statements[sql]);
	return false;
}

void
lite_end(struct lite_store *s, enum lite_sql sql)
{
	sqlite3_reset(s->statements[sql]);
}

void
lite_finish(struct lite_store *s, enum lite_sql sql)
{
	while (lite_row(s, sql))
		;
}

int64_t
lite_get(struct lite_store *s, enum lite_sql sql, int column)
{
	return sqlite3_column_int64(s->statements[sql], column);
}

/* A blob of no bytes has no address in SQLite; here an absent text has none. */
struct str
lite_get_text(struct lite_store *s, enum lite_sql sql, int column)
{
	sqlite3_stmt *st = s->statements[sql];
	const char *at;

	if (sqlite3_column_type(st, column) == SQLITE_NULL)
		return STR_NONE;
	at = sqlite3_column_blob(st, column);
	if (at == NULL && sqlite3_errcode(s->db) == SQLITE_NOMEM)
		lite_note(s, SQLITE_NOMEM);
	return (struct str){ at != NULL ? at : "",
		(size_t)sqlite3_column_bytes(st, column) };
}

void
lite_get_id(struct lite_store *s, enum lite_sql sql, int column,
    char out[JOURNAL_ID_SIZE])
{
	struct str id = lite_get_text(s, sql, column);
	size_t len = id.len < JOURNAL_ID_SIZE ? id.len : JOURNAL_ID_SIZE - 1;

	if (sqlite3_column_type(s->statements[sql], column) == SQLITE_BLOB &&
	    id.len == 16) {
		journal_id_text((const unsigned char *)id.at, out);
		return;
	}
	if (len > 0)
		memcpy(out, id.at, len);
	out[len] = '\0';
}
