/* journal/journal_postgres_open.c - the url, the connection, the schema. */
#include <stdio.h>
#include <string.h>

#include <openssl/rand.h>

#include "journal/journal_postgres.h"

/* A group that takes longer is given up; its senders are told to come again. */
#define GROUP_MS 20000
#define RESOLVE_MS 6000
/* Making the tables of a new journal, or waiting for who does. */
#define SCHEMA_US ((int64_t)60 * 1000000)

#define BACKOFF_FIRST_MS 50
#define BACKOFF_MOST_MS 2000

/* Oldest server that has all that is used here. */
#define VERSION_LEAST 150000

/*
 * What a url says goes before these. The timeouts are in seconds, but for
 * tcp_user_timeout: how long what was sent may stay without any answer of the
 * other end's system.
 */
static const char *const keywords[] = { "fallback_application_name",
	"connect_timeout", "target_session_attrs", "tcp_user_timeout",
	"keepalives_idle", "keepalives_interval", "keepalives_count",
	"client_encoding", "dbname", NULL };

/*
 * libpq's own words on a url may quote it. An @ in a host is the rest of a
 * password in which it was not escaped: it must not be printed either.
 */
static int
check_url(const char *url, struct fault *why)
{
	PQconninfoOption *all = PQconninfoParse(url, NULL);
	bool good = all != NULL;

	for (const PQconninfoOption *o = all; good && o->keyword != NULL; o++)
		if (strcmp(o->keyword, "host") == 0 && o->val != NULL &&
		    strchr(o->val, '@') != NULL)
			good = false;
	PQconninfoFree(all);
	if (good)
		return 0;
	return fault_set(why, FAULT_SETTINGS, "journal.url",
	    "no PostgreSQL url: postgresql://user:password@host:port/database?"
	    "sslmode=verify-full; write : / @ ? # %% in names and passwords "
	    "as %%3A %%2F %%40 %%3F %%23 %%25");
}

/* Notices (of IF EXISTS and the like) are not for standard error. */
static void
drop_notice(void *arg, const PGresult *r)
{
	(void)arg;
	(void)r;
}

static PGconn *
dial(const char *url, struct fault *why)
{
	const char *const values[] = { "leadbridge", "5", "read-write", "10000",
		"15", "5", "3", "UTF8", url, NULL };
	PGconn *conn = PQconnectdbParams(keywords, values, 1);

	if (conn == NULL || PQstatus(conn) != CONNECTION_OK) {
		pg_fault(why, FAULT_BUSY, "cannot connect to the database",
		    conn != NULL ? PQerrorMessage(conn) : "out of memory");
		PQfinish(conn);
		return NULL;
	}
	PQsetNoticeReceiver(conn, drop_notice, NULL);
	PQsetnonblocking(conn, 1);
	return conn;
}

int
pg_connect(struct pg_store *s, struct fault *why)
{
	if (s->conn != NULL)
		return 0;
	if (clock_mono_us() < s->connect_us) {
		*why = s->connect_why;
		return -1;
	}
	s->connect_why = (struct fault){ 0 };
	s->conn = dial(s->url, &s->connect_why);
	if (s->conn != NULL) {
		s->backoff_ms = 0;
		pg_marks_doubt(s); /* another server has another clock */
		return 0;
	}
	*why = s->connect_why;
	s->backoff_ms = s->backoff_ms == 0 ? BACKOFF_FIRST_MS
	                                   : s->backoff_ms * 2;
	if (s->backoff_ms > BACKOFF_MOST_MS)
		s->backoff_ms = BACKOFF_MOST_MS;
	s->connect_us = clock_mono_us() + s->backoff_ms * 1000;
	return -1;
}

/* libpq's own errors (out of memory) are not in fields. */
static const char *
message_of(const PGresult *r)
{
	const char *text = PQresultErrorField(r, PG_DIAG_MESSAGE_PRIMARY);

	return text != NULL ? text : PQresultErrorMessage(r);
}

/* The one value of a statement, or "" where it gave none. */
static int
ask(PGconn *conn, const char *sql, char *out, size_t size, struct fault *why)
{
	PGresult *r = pg_exec(conn, sql, clock_mono_us() + SCHEMA_US);
	bool good = r != NULL && PQresultStatus(r) != PGRES_FATAL_ERROR;
	struct str value = STR_NONE;

	if (r == NULL)
		pg_fault(why, FAULT_BUSY, "the database does not answer",
		    PQerrorMessage(conn));
	else if (!good)
		pg_fault(why, FAULT_SETTINGS, "the database", message_of(r));
	if (good && PQntuples(r) > 0)
		value = pg_text(r, 0, 0);
	if (value.len >= size)
		value.len = size - 1;
	if (value.len > 0)
		memcpy(out, value.at, value.len);
	out[value.len] = '\0';
	PQclear(r);
	return good ? 0 : -1;
}

static int
run(PGconn *conn, const char *sql, struct fault *why)
{
	char unused[2];

	return ask(conn, sql, unused, sizeof(unused), why);
}

/* What makes each version of the one before; a new database is of version 0. */
static const char *const steps[PG_SCHEMA_VERSION] = {
	journal_postgres_tables_sql, journal_postgres_2_sql, "", "", "",
	"", /* functions only */
};

/* *version 0: there is no journal yet. */
static int
read_version(PGconn *conn, int64_t *version, struct fault *why)
{
	char text[64];

	*version = 0;
	if (ask(conn, "SELECT to_regclass('leadbridge.meta')", text,
	        sizeof(text), why) == -1)
		return -1;
	if (text[0] == '\0')
		return 0;
	if (ask(conn, "SELECT version FROM leadbridge.meta", text, sizeof(text),
	        why) == -1)
		return -1;
	*version = str_number(str_of(text), INT32_MAX);
	if (*version > 0 && *version <= PG_SCHEMA_VERSION)
		return 0;
	return fault_set(why, FAULT_SETTINGS, "journal.url",
	    "the database's journal is of version %lld, and this program knows "
	    "%d: run the newer leadbridge on all nodes",
	    (long long)*version, PG_SCHEMA_VERSION);
}

static int
may_make(PGconn *conn, struct fault *why)
{
	char may[8];

	if (ask(conn,
	        "SELECT has_database_privilege(current_database(), 'CREATE')",
	        may, sizeof(may), why) == -1)
		return -1;
	if (may[0] != 't')
		return fault_set(why, FAULT_SETTINGS, "journal.url",
		    "this user may not make the journal's tables: GRANT CREATE "
		    "ON DATABASE ... TO ... for the first start");
	return 0;
}

/* Up to this program's version: the tables step by step, the functions anew. */
static int
make_schema(PGconn *conn, struct fault *why)
{
	char sql[80];
	int64_t version;

	if (read_version(conn, &version, why) == -1 ||
	    (version == 0 && may_make(conn, why) == -1))
		return -1;
	if (version == PG_SCHEMA_VERSION)
		return 0;
	for (; version < PG_SCHEMA_VERSION; version++)
		if (run(conn, steps[version], why) == -1)
			return -1;
	snprintf(sql, sizeof(sql), "UPDATE leadbridge.meta SET version = %d",
	    PG_SCHEMA_VERSION);
	if (run(conn, journal_postgres_sql, why) == -1)
		return -1;
	return run(conn, sql, why);
}

/* One node makes it, the others wait; all or nothing. */
static int
open_schema(PGconn *conn, struct fault *why)
{
	if (run(conn, "BEGIN", why) == 0 &&
	    run(conn,
	        "SELECT pg_advisory_xact_lock("
	        "hashtextextended('leadbridge.schema', 0))",
	        why) == 0 &&
	    make_schema(conn, why) == 0 && run(conn, "COMMIT", why) == 0)
		return 0;
	return -1;
}

/* What makes a commit a promise, and texts what they were. */
static const struct {
	const char *sql, *want, *text;
} checks[] = {
	{ "SHOW fsync", "on",
	    "the server runs with fsync = off: what it has committed may be "
	    "lost; switch it on" },
	{ "SHOW server_encoding", "UTF8",
	    "the database's encoding is not UTF8: CREATE DATABASE ... ENCODING "
	    "'UTF8' TEMPLATE template0" },
};

static int
check_server(PGconn *conn, struct fault *why)
{
	char value[32];

	if (PQserverVersion(conn) < VERSION_LEAST)
		return fault_set(why, FAULT_SETTINGS, "journal.url",
		    "the server is PostgreSQL %d; 15 or later is needed",
		    PQserverVersion(conn) / 10000);
	for (size_t i = 0; i < COUNT_OF(checks); i++) {
		if (ask(conn, checks[i].sql, value, sizeof(value), why) == -1)
			return -1;
		if (strcmp(value, checks[i].want) != 0)
			return fault_set(why, FAULT_SETTINGS, "journal.url",
			    "%s", checks[i].text);
	}
	return 0;
}

/*
 * start() turns synchronous_commit on in each transaction, whatever the
 * server, the database or the user is set to; here it is read back.
 */
static int
check_promise(struct pg_store *s, struct fault *why)
{
	PGresult *r = NULL;
	enum pg_outcome outcome = PG_LOST;
	bool off = false;

	if (pg_begin(s) == 0) {
		pg_clear(&s->params);
		if (pg_send(s,
		        "SELECT current_setting('synchronous_commit')"
		        " = 'off'") == 0)
			outcome = pg_commit(s, &r, 1, why);
	}
	if (outcome == PG_DONE)
		off = pg_text(r, 0, 0).at[0] != 0;
	PQclear(r);
	if (outcome != PG_DONE)
		return fault_set(why, FAULT_BUSY, "journal",
		    "the database does not answer");
	if (off)
		return fault_set(why, FAULT_SETTINGS, "journal.url",
		    "synchronous_commit stays off: nothing could be promised");
	return 0;
}

void
pg_new_owner(struct pg_store *s)
{
	if (RAND_bytes((unsigned char *)&s->owner, sizeof(s->owner)) != 1)
		bug("no random numbers");
	s->owner_groups = 0;
}

void *
pg_open(const char *url, const struct journal_settings *settings,
    struct fault *why)
{
	struct pg_store *s;

	if (pq_load(why) == -1 || check_url(url, why) == -1)
		return NULL;
	s = base_alloc(sizeof(*s));
	s->url = base_copy(url);
	s->keep_done = settings->keep_done;
	s->keep_bodies = settings->keep_bodies;
	s->keep_keys = settings->keep_keys;
	s->keep_dead = settings->keep_dead;
	s->keep_refused = settings->keep_refused;
	s->group_ms = GROUP_MS;
	s->resolve_ms = RESOLVE_MS;
	/* Tokens of a process are in a row, and no other's are among them. */
	pg_new_owner(s);
	if (RAND_bytes((unsigned char *)&s->token, sizeof(s->token)) != 1)
		bug("no random numbers");
	s->token &= INT64_MAX >> 1;
	s->token++;
	if (pg_connect(s, why) == 0 && check_server(s->conn, why) == 0 &&
	    open_schema(s->conn, why) == 0 && check_promise(s, why) == 0)
		return s;
	journal_postgres.close(s);
	return NULL;
}
