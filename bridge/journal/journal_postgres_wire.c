/*
 * journal/journal_postgres_wire.c - one transaction in one round trip.
 *
 * libpq never blocks here: a server that is not heard of any more costs the
 * group its deadline and no more. While the statements are still being sent
 * their answers may come already; both are waited for at once.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "journal/journal_postgres.h"

void
pg_fault(struct fault *why, enum fault_code code, const char *what,
    const char *message)
{
	char line[sizeof(why->text)];
	size_t n = 0;

	for (; *message != '\0' && n < sizeof(line) - 1; message++)
		line[n++] = *message == '\n' || *message == '\t' ? ' '
		                                                 : *message;
	while (n > 0 && line[n - 1] == ' ')
		n--;
	line[n] = '\0';
	fault_set(why, code, "journal", "%s: %s", what, line);
}

/* By the first characters of a SQLSTATE; the first row that fits. */
static const struct {
	const char *state;
	enum pg_outcome outcome;
	bool ours; /* nothing is wrong with the server: one op cannot be done */
} states[] = {
	{ "40", PG_AGAIN, false },    /* a deadlock, another was served first */
	{ "23505", PG_AGAIN, false }, /* ... and stored the same key */
	{ "08", PG_LOST, false },     /* the connection is broken */
	{ "57P", PG_LOST, false },    /* the server goes down, or comes up */
	{ "25006", PG_LOST, false },  /* read-only: another is the primary */
	{ "25P", PG_LOST, false },    /* we stood still in a transaction */
	{ "22", PG_REFUSED, true },   /* a value it cannot take */
	{ "54", PG_REFUSED, true },   /* ... that is too large */
	{ "", PG_REFUSED, false },
};

enum pg_outcome
pg_explain(const PGresult *r, struct fault *why)
{
	const char *state = PQresultErrorField(r, PG_DIAG_SQLSTATE);
	const char *text = PQresultErrorField(r, PG_DIAG_MESSAGE_PRIMARY);
	size_t i = 0;

	if (state == NULL) {
		pg_fault(why, FAULT_BUSY, "the database's connection broke",
		    PQresultErrorMessage(r));
		return PG_LOST;
	}
	while (strncmp(state, states[i].state, strlen(states[i].state)) != 0)
		i++;
	if (states[i].ours)
		fault_set(why, FAULT_REQUEST, "journal",
		    "the database cannot store it (SQLSTATE %s)", state);
	else
		pg_fault(why, FAULT_BUSY, "the database",
		    text != NULL ? text : state);
	return states[i].outcome;
}

/* Sends what is to be sent, takes in what comes; -1: broken, or too late. */
static int
turn(PGconn *conn, int64_t until_us)
{
	struct pollfd fd = { .fd = PQsocket(conn), .events = POLLIN };
	int64_t left = until_us - clock_mono_us();
	int unsent = PQflush(conn);

	if (unsent == -1 || left <= 0 || fd.fd == -1)
		return -1;
	if (unsent == 1)
		fd.events |= POLLOUT;
	if (poll(&fd, 1, (int)(left / 1000) + 1) == -1 && errno != EINTR)
		return -1;
	if (fd.revents != 0 && PQconsumeInput(conn) == 0)
		return -1;
	return 0;
}

/* NULL: the end of a statement's results, or *lost. */
static PGresult *
take_result(PGconn *conn, int64_t until_us, bool *lost)
{
	do {
		if (PQflush(conn) == 0 && PQisBusy(conn) == 0)
			return PQgetResult(conn);
	} while (turn(conn, until_us) == 0);
	*lost = true;
	return NULL;
}

PGresult *
pg_exec(PGconn *conn, const char *sql, int64_t until_us)
{
	PGresult *r, *last = NULL;
	bool lost = PQsendQuery(conn, sql) != 1;

	while (!lost && (r = take_result(conn, until_us, &lost)) != NULL) {
		/* Of a script's results, the first that failed. */
		if (last != NULL && PQresultStatus(last) == PGRES_FATAL_ERROR) {
			PQclear(r);
			continue;
		}
		PQclear(last);
		last = r;
	}
	if (!lost)
		return last;
	PQclear(last);
	return NULL;
}

int
pg_send(struct pg_store *s, const char *sql)
{
	const char *values[PG_PARAMS];
	int lengths[PG_PARAMS], formats[PG_PARAMS];
	struct pg_params *p = &s->params;

	for (int i = 0; i < p->count; i++) {
		if (!bytes_ok(&p->buf[i]))
			return -1;
		values[i] = p->absent[i] ? NULL
		    : p->buf[i].len > 0  ? p->buf[i].data
		                         : "";
		lengths[i] = (int)p->buf[i].len;
		formats[i] = 1;
	}
	return PQsendQueryParams(s->conn, sql, p->count, NULL, values, lengths,
	           formats, 1) == 1
	    ? 0
	    : -1;
}

/* Of a group's time, so much may pass on one statement, and on one lock. */
#define STATEMENT_SHARE 2
#define LOCK_SHARE 4

int
pg_begin(struct pg_store *s)
{
	struct pg_params *p = &s->params;
	char statement[32], lock[32];

	snprintf(statement, sizeof(statement), "%lld",
	    (long long)s->group_ms / STATEMENT_SHARE);
	snprintf(lock, sizeof(lock), "%lld",
	    (long long)s->group_ms / LOCK_SHARE);
	s->until_us = clock_mono_us() + s->group_ms * 1000;
	if (PQenterPipelineMode(s->conn) != 1)
		return -1;
	pg_clear(p);
	if (pg_send(s, "BEGIN ISOLATION LEVEL READ COMMITTED") == -1)
		return -1;
	pg_add_int8(p, s->owner);
	pg_add_int8(p, s->token);
	pg_add_text(p, str_of(statement));
	pg_add_text(p, str_of(lock));
	return pg_send(s, "SELECT leadbridge.start($1, $2, $3, $4)");
}

static int
send_end(struct pg_store *s)
{
	struct pg_params *p = &s->params;

	pg_clear(p);
	pg_add_int8(p, s->owner);
	pg_add_int8(p, s->token);
	if (pg_send(s, "SELECT leadbridge.sign($1, $2)") == -1)
		return -1;
	pg_clear(p);
	if (pg_send(s, "COMMIT") == -1 || PQpipelineSync(s->conn) != 1)
		return -1;
	return 0;
}

/* The one result of the next statement; NULL: lost. */
static PGresult *
take_one(struct pg_store *s)
{
	bool lost = false;
	PGresult *r = take_result(s->conn, s->until_us, &lost);
	PGresult *end;

	if (r == NULL || PQresultStatus(r) == PGRES_PIPELINE_SYNC)
		return r;
	end = take_result(s->conn, s->until_us, &lost);
	if (end == NULL && !lost)
		return r;
	PQclear(end);
	PQclear(r);
	return NULL;
}

static bool
is_good(const PGresult *r)
{
	return PQresultStatus(r) == PGRES_TUPLES_OK ||
	    PQresultStatus(r) == PGRES_COMMAND_OK;
}

/* All up to the pipeline's end; the first that failed tells the outcome. */
static enum pg_outcome
collect(struct pg_store *s, PGresult **results, size_t count, struct fault *why)
{
	enum pg_outcome outcome = PG_DONE;
	PGresult *r;

	for (size_t i = 0;; i++) {
		r = take_one(s);
		if (r == NULL)
			return PG_LOST;
		if (PQresultStatus(r) == PGRES_PIPELINE_SYNC)
			break;
		if (PQresultStatus(r) == PGRES_FATAL_ERROR &&
		    outcome == PG_DONE)
			outcome = pg_explain(r, why);
		/* BEGIN and start() come first. */
		if (is_good(r) && i >= 2 && i - 2 < count)
			results[i - 2] = r;
		else
			PQclear(r);
	}
	PQclear(r);
	return outcome;
}

static int
roll_back(struct pg_store *s)
{
	PGresult *r = NULL;
	int rc = -1;

	if (PQexitPipelineMode(s->conn) == 1 &&
	    (r = pg_exec(s->conn, "ROLLBACK", s->until_us)) != NULL &&
	    PQresultStatus(r) == PGRES_COMMAND_OK)
		rc = 0;
	PQclear(r);
	return rc;
}

void
pg_disconnect(struct pg_store *s)
{
	PQfinish(s->conn);
	s->conn = NULL;
}

enum pg_outcome
pg_commit(struct pg_store *s, PGresult **results, size_t count,
    struct fault *why)
{
	enum pg_outcome outcome = PG_LOST;

	memset(results, 0, count * sizeof(results[0]));
	if (send_end(s) == 0)
		outcome = collect(s, results, count, why);
	if (outcome == PG_DONE && PQexitPipelineMode(s->conn) == 1)
		return PG_DONE;
	/* Its results go, so what it did has to be found out. */
	if (outcome == PG_DONE)
		outcome = PG_LOST;
	for (size_t i = 0; i < count; i++) {
		PQclear(results[i]);
		results[i] = NULL;
	}
	if (outcome == PG_LOST && why->code == FAULT_NONE)
		pg_fault(why, FAULT_BUSY, "the database does not answer",
		    PQerrorMessage(s->conn));
	if (outcome == PG_LOST || roll_back(s) == -1)
		pg_disconnect(s);
	return outcome;
}
