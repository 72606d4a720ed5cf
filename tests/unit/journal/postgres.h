/*
 * tests/unit/journal/postgres.h - a PostgreSQL of the test's own.
 *
 * tests/support/postgres.sh makes it in a folder of /tmp; it is gone when the
 * test ends, also when it fails. Where PostgreSQL is not installed the test is
 * skipped, and says so.
 */
#ifndef TESTS_JOURNAL_POSTGRES_H
#define TESTS_JOURNAL_POSTGRES_H

#include <stdlib.h>
#include <unistd.h>

#include <libpq-fe.h>

#include "unit/journal/suite.h"

#define POSTGRES_SKIP 77 /* tests/CMakeLists.txt tells ctest */

static char postgres_folder[] = "/tmp/leadbridge-pg-XXXXXX";
static bool postgres_runs;

static inline int
postgres_call(const char *verb)
{
	char *command = base_print(TOP "/tests/support/postgres.sh %s %s", verb,
	    postgres_folder);
	int status = system(command);

	base_free(command);
	return status;
}

static inline void
postgres_do(const char *verb)
{
	if (postgres_call(verb) != 0) {
		fprintf(stderr, "postgres.sh %s failed\n", verb);
		exit(1);
	}
}

static inline void
postgres_end(void)
{
	if (postgres_runs)
		postgres_do("remove");
	postgres_runs = false;
}

/* False: it is not installed. */
static inline bool
postgres_start(void)
{
	if (system(TOP "/tests/support/postgres.sh present") != 0) {
		printf("skipped: needs postgresql and pgbouncer\n");
		return false;
	}
	if (mkdtemp(postgres_folder) == NULL)
		exit(1);
	postgres_runs = true;
	atexit(postgres_end);
	postgres_do("start");
	return true;
}

/* To base_free. A server that has no time for long is waited for. */
static inline char *
postgres_url(bool bounced)
{
	return base_print("postgresql://leadbridge@/postgres?host=%s/"
	                  "run&port=%d&connect_timeout=60",
	    postgres_folder, bounced ? 6432 : 5432);
}

/* As another client of the server does it. */
static inline PGconn *
postgres_client(void)
{
	char
	    *url = base_print("postgresql://leadbridge@/postgres?host=%s/run"
	                      "&options=-cdefault_transaction_read_only%%3Doff",
	        postgres_folder);
	PGconn *conn = PQconnectdb(url);

	if (PQstatus(conn) != CONNECTION_OK)
		fail_msg("%s", PQerrorMessage(conn));
	base_free(url);
	return conn;
}

/* The first value, or "", of a statement; of the next call's the memory. */
static inline const char *
postgres_ask(const char *sql)
{
	static char value[256];
	PGconn *conn = postgres_client();
	PGresult *r = PQexec(conn, sql);

	if (PQresultStatus(r) == PGRES_FATAL_ERROR)
		fail_msg("%s: %s", sql, PQerrorMessage(conn));
	snprintf(value, sizeof(value), "%s",
	    PQntuples(r) > 0 ? PQgetvalue(r, 0, 0) : "");
	PQclear(r);
	PQfinish(conn);
	return value;
}

/* The url of an empty store. */
static inline char *
postgres_fresh(void)
{
	postgres_ask("SET client_min_messages = error;"
	             "DROP SCHEMA IF EXISTS leadbridge CASCADE");
	return postgres_url(false);
}

/* Until somebody waits for a lock. */
static inline void
postgres_await_waiting(void)
{
	int64_t until = clock_mono_us() + 60000000;

	while (strcmp(postgres_ask("SELECT count(*) > 0 FROM pg_stat_activity"
	                           " WHERE wait_event_type = 'Lock'"),
	           "t") != 0)
		assert_true(clock_mono_us() < until);
}

/* What a trigger does once, in the group that comes next. */
static inline void
plant(const char *how, const char *does)
{
	char *sql = base_print(
	    "SET client_min_messages = error;"
	    "DROP SEQUENCE IF EXISTS public.once; CREATE SEQUENCE public.once;"
	    "CREATE OR REPLACE FUNCTION public.mine() RETURNS trigger"
	    " LANGUAGE plpgsql AS $$ BEGIN IF nextval('public.once') = 1"
	    " THEN %s; END IF; RETURN NULL; END $$; CREATE %s FOR EACH ROW"
	    " EXECUTE FUNCTION public.mine()",
	    does, how);

	postgres_ask(sql);
	base_free(sql);
}

static inline void
unplant(void)
{
	postgres_ask("SET client_min_messages = error;"
	             "DROP FUNCTION public.mine() CASCADE");
}

#define AT_ONCE "TRIGGER mine AFTER INSERT ON leadbridge.item"

/* What must hold in the tables between any two transactions: each counts 0. */
static const struct {
	const char *text, *sql;
} postgres_rules[] = {
	{ "a lane knows its head",
	    "lane l WHERE l.head IS DISTINCT FROM (SELECT min(i.ord)"
	    " FROM leadbridge.item i WHERE i.target = l.target"
	    " AND i.lead = l.lead AND i.laned)" },
	{ "a lane knows how its head is",
	    "lane l JOIN leadbridge.item i ON i.ord = l.head"
	    " WHERE l.blocked <> (i.state = 3) OR l.tried <> (i.attempts > 0)"
	    " OR i.sending <> (l.fence <> 0)" },
	{ "what is to be sent has a lane",
	    "item i WHERE i.laned AND NOT EXISTS (SELECT FROM leadbridge.lane l"
	    " WHERE l.target = i.target AND l.lead = i.lead)" },
	{ "only heads are being sent",
	    "item i WHERE i.sending AND NOT EXISTS (SELECT FROM leadbridge.lane"
	    " l WHERE l.head = i.ord AND l.target = i.target)" },
	{ "states and lanes agree",
	    "item i WHERE i.laned <> (i.state = 0 OR (i.state = 3 AND i.laned))"
	    " OR (i.state = 0) <> (i.ended_ms IS NULL)" },
	{ "no item is without its delivery",
	    "item i WHERE NOT EXISTS (SELECT FROM leadbridge.delivery d"
	    " WHERE d.id = i.id)" },
	{ "no delivery is without an item",
	    "delivery d WHERE NOT EXISTS (SELECT FROM leadbridge.item i"
	    " WHERE i.id = d.id)" },
};

static inline void
postgres_sound(const char *url)
{
	(void)url;
	for (size_t i = 0; i < COUNT_OF(postgres_rules); i++) {
		char *sql = base_print("SELECT count(*) FROM leadbridge.%s",
		    postgres_rules[i].sql);

		if (strcmp(postgres_ask(sql), "0") != 0)
			fail_msg("not so: %s", postgres_rules[i].text);
		base_free(sql);
	}
}

static const struct suite_backend postgres_it = { &journal_postgres,
	postgres_fresh, postgres_sound, true };

/* A case that has an empty store of its own. */
static inline int
postgres_setup(void **state)
{
	return suite_setup(state, &postgres_it);
}

#endif
