/*
 * tests/bench/journal_postgres.c - how fast is the journal on PostgreSQL?
 *
 * Talks to the backend as the journal's thread does: groups of 64 ops, one
 * after another. Beside it, in turns of the same length and on the same
 * server, the floor of anything that stores the same in such groups: the same
 * rows into tables with the same indexes, one multi-row INSERT a table, all in
 * one transaction and one round trip, without a look at what is there.
 *
 *	bench_journal_postgres URL PART...
 *
 *	accepts, work	how many a second
 *	million		beside a million that wait
 *	held		beside a stranger who stands still in a transaction:
 *what a claim takes, the first and the last tenth of 50,000 updates;
 *held-minutes: of ten minutes at a pace, and held-million: of a million
 *
 * tests/bench/journal-postgres starts a server for it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "journal/journal_postgres.h"

#define GROUP JOURNAL_GROUP
#define EVENT_BYTES 1024
#define BODY_BYTES 200
#define TURNS 15
#define TURN_GROUPS 40
#define WORK_ITEMS 20000
#define HOUR ((int64_t)3600 * 1000)

struct group {
	struct journal_accept accepts[GROUP];
	struct journal_update updates[GROUP];
	char leads[GROUP][24];
	unsigned char keys[GROUP][JOURNAL_HASH];
	struct journal_op *ops[GROUP];
};

struct bench {
	struct journal_settings settings;
	struct pg_store *store;
	PGconn *bare;
	struct pg_params params;
	struct arena *arena;
	uint64_t made;
	int64_t claim_us; /* that the last claim took */
	char event[EVENT_BYTES], body[BODY_BYTES];
	struct group group;
};

static void
die(const char *what, const char *why)
{
	fprintf(stderr, "bench_journal_postgres: %s: %s\n", what, why);
	exit(1);
}

/* Texts that a server cannot make smaller. */
static void
fill_text(char *to, size_t size, uint64_t seed)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789";

	for (size_t i = 0; i < size; i++) {
		seed ^= seed << 13;
		seed ^= seed >> 7;
		seed ^= seed << 17;
		to[i] = letters[(seed >> 33) % (sizeof(letters) - 1)];
	}
}

/* UUIDs of version 7 are about in order; hashes are in none. */
static void
fill_group(struct bench *b, uint64_t kind)
{
	struct group *g = &b->group;

	for (size_t i = 0; i < GROUP; i++) {
		struct journal_accept *a = &g->accepts[i];
		uint64_t n = b->made++;

		snprintf(g->leads[i], sizeof(g->leads[i]), "lead-%llu",
		    (unsigned long long)n);
		for (size_t k = 0; k < JOURNAL_HASH; k++)
			g->keys[i][k] = (unsigned char)((n + 1) *
			        0x9E3779B97F4A7C15u >>
			    (k % 8 * 8));
		*a = (struct journal_accept){ .op = { .verb = JOURNAL_ACCEPT },
			.route = STR("/hooks/typeform"),
			.key = { (const char *)g->keys[i], JOURNAL_HASH },
			.received_ms = clock_wall_ms(),
			.event = { b->event, EVENT_BYTES },
			.verdict = STR("hmac"),
			.updates = &g->updates[i],
			.update_count = 1 };
		snprintf(a->id, sizeof(a->id),
		    "0193%04llx-0000-7000-8000-%012llx",
		    (unsigned long long)kind, (unsigned long long)n);
		g->updates[i] = (struct journal_update){ .target = STR("api"),
			.lead = str_of(g->leads[i]),
			.body = { b->body, BODY_BYTES } };
		g->ops[i] = &a->op;
	}
}

static void
apply(struct bench *b, struct pg_store *s, struct journal_op *const *ops,
    size_t count)
{
	struct fault why = { 0 };

	(void)b;
	if (journal_postgres.apply(s, ops, count, &why) == -1)
		die("apply", why.text);
}

static void
bare_send(struct bench *b, const char *sql)
{
	const char *values[16];
	int lengths[16], formats[16];

	for (int i = 0; i < b->params.count; i++) {
		values[i] = b->params.buf[i].data;
		lengths[i] = (int)b->params.buf[i].len;
		formats[i] = 1;
	}
	if (PQsendQueryParams(b->bare, sql, b->params.count, NULL, values,
	        lengths, formats, 1) != 1)
		die("bare", PQerrorMessage(b->bare));
}

static void
each_uuid(struct bench *b, bool key)
{
	unsigned char id[16];

	pg_add_array(&b->params, PG_UUID, GROUP);
	for (size_t i = 0; i < GROUP; i++) {
		if (!key && !pg_uuid(b->group.accepts[i].id, id))
			die("bare", "no id");
		pg_each_uuid(&b->params, key ? b->group.keys[i] : id);
	}
}

static void
each_lead(struct bench *b)
{
	pg_add_array(&b->params, PG_TEXT, GROUP);
	for (size_t i = 0; i < GROUP; i++)
		pg_each_text(&b->params, b->group.updates[i].lead);
}

static void
each_bytes(struct bench *b, bool event)
{
	pg_add_array(&b->params, PG_BYTEA, GROUP);
	for (size_t i = 0; i < GROUP; i++)
		pg_each_bytes(&b->params,
		    event ? b->group.accepts[i].event
		          : b->group.updates[i].body);
}

/* Answers come in the order of the statements; the last is the sync. */
static void
bare_end(struct bench *b)
{
	bool over = false;

	if (PQpipelineSync(b->bare) != 1)
		die("bare", PQerrorMessage(b->bare));
	while (!over) {
		PGresult *r = PQgetResult(b->bare);

		if (r == NULL)
			continue;
		if (PQresultStatus(r) == PGRES_FATAL_ERROR)
			die("bare", PQresultErrorMessage(r));
		over = PQresultStatus(r) == PGRES_PIPELINE_SYNC;
		PQclear(r);
	}
	PQexitPipelineMode(b->bare);
}

static void
bare_group(struct bench *b)
{
	int64_t now = clock_wall_ms();
	struct pg_params *p = &b->params;

	if (PQenterPipelineMode(b->bare) != 1)
		die("bare", PQerrorMessage(b->bare));
	pg_clear(p);
	bare_send(b, "BEGIN");
	each_uuid(b, true);
	each_uuid(b, false);
	pg_add_int8(p, now);
	bare_send(b,
	    "INSERT INTO bare.key SELECT h, h, i, $3"
	    " FROM unnest($1::uuid[], $2::uuid[]) AS t (h, i)");
	pg_clear(p);
	each_uuid(b, false);
	each_uuid(b, true);
	each_bytes(b, true);
	pg_add_int8(p, now);
	bare_send(b,
	    "INSERT INTO bare.delivery SELECT i, '/hooks/typeform',"
	    " 'hmac', $4, 1, k, e FROM unnest($1::uuid[], $2::uuid[],"
	    " $3::bytea[]) AS t (i, k, e)");
	pg_clear(p);
	each_lead(b);
	pg_add_int8(p, now);
	bare_send(b,
	    "INSERT INTO bare.lane SELECT 1, 0, 0, $2::bigint, false,"
	    " false, 'api', l FROM unnest($1::text[]) AS t (l)");
	pg_clear(p);
	each_uuid(b, false);
	each_lead(b);
	each_bytes(b, false);
	pg_add_int8(p, now);
	bare_send(b,
	    "INSERT INTO bare.item SELECT nextval('bare.ord'),"
	    " $4::bigint, $4, NULL, i, 0, 0, 0, 0, 0, 0, true, false,"
	    " 'api', l, '', d FROM unnest($1::uuid[], $2::text[],"
	    " $3::bytea[]) AS t (i, l, d)");
	pg_clear(p);
	bare_send(b, "COMMIT");
	bare_end(b);
}

static void
say(struct bench *b, const char *sql)
{
	PGresult *r = PQexec(b->bare, sql);

	if (PQresultStatus(r) == PGRES_FATAL_ERROR)
		die(sql, PQerrorMessage(b->bare));
	PQclear(r);
}

static int
compare(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static double
median(double *list, size_t count)
{
	qsort(list, count, sizeof(list[0]), compare);
	return list[count / 2];
}

static double
rate_of(struct bench *b, bool bare)
{
	int64_t took = 0;

	for (int i = 0; i < TURN_GROUPS; i++) {
		int64_t start;

		fill_group(b, bare);
		start = clock_mono_us();
		if (bare)
			bare_group(b);
		else
			apply(b, b->store, b->group.ops, GROUP);
		took += clock_mono_us() - start;
	}
	return TURN_GROUPS * GROUP * 1e6 / (double)took;
}

static void
measure_accepts(struct bench *b, const char *url)
{
	double ours[TURNS], bare[TURNS], ratio[TURNS];

	(void)url;
	say(b,
	    "CREATE SCHEMA bare; CREATE SEQUENCE bare.ord;"
	    "CREATE TABLE bare.key (LIKE leadbridge.key INCLUDING ALL);"
	    "CREATE TABLE bare.lane (LIKE leadbridge.lane INCLUDING ALL);"
	    "CREATE TABLE bare.item (LIKE leadbridge.item INCLUDING ALL);"
	    "CREATE TABLE bare.delivery"
	    " (LIKE leadbridge.delivery INCLUDING ALL)");
	rate_of(b, false);
	rate_of(b, true);
	for (int i = 0; i < TURNS; i++) {
		/* Who is first changes: neither has the warmer server. */
		bool first = i % 2 == 0;
		double one = rate_of(b, first), other = rate_of(b, !first);

		bare[i] = first ? one : other;
		ours[i] = first ? other : one;
		ratio[i] = ours[i] / bare[i];
	}
	printf("accepts: %.0f/s, bare inserts %.0f/s, ratio %.2f",
	    median(ours, TURNS), median(bare, TURNS), median(ratio, TURNS));
	printf(" (%.2f to %.2f)\n", ratio[0], ratio[TURNS - 1]);
}

/* One node takes and ends what waits. */
static size_t
work_once(struct bench *b, struct pg_store *s)
{
	static struct journal_settle settles[GROUP];
	struct journal_op *ops[GROUP];
	struct journal_claim c = { .op = { .verb = JOURNAL_CLAIM },
		.target = STR("api"),
		.most = GROUP,
		.again = GROUP,
		.lease_ms = HOUR,
		.arena = b->arena };
	struct journal_op *op = &c.op;
	int64_t start = clock_mono_us();

	arena_reset(b->arena);
	apply(b, s, &op, 1);
	b->claim_us = clock_mono_us() - start;
	for (size_t i = 0; i < c.count; i++) {
		settles[i] = (struct journal_settle){
			.op = { .verb = JOURNAL_SETTLE },
			.target = STR("api"),
			.lease = c.items[i].lease,
			.to = JOURNAL_DONE,
			.status = 200
		};
		ops[i] = &settles[i].op;
	}
	if (c.count > 0)
		apply(b, s, ops, c.count);
	return c.count;
}

static void
measure_work(struct bench *b, const char *url)
{
	size_t done = 0, got;
	int64_t start;

	(void)url;
	for (int i = 0; i < WORK_ITEMS / GROUP; i++) {
		fill_group(b, 2);
		apply(b, b->store, b->group.ops, GROUP);
	}
	start = clock_mono_us();
	while ((got = work_once(b, b->store)) > 0 && done < WORK_ITEMS)
		done += got;
	printf("work: %.0f items/s claimed and settled, in groups of %d\n",
	    (double)done * 1e6 / (double)(clock_mono_us() - start), GROUP);
}

static double
took_ms(struct bench *b, struct journal_op *op)
{
	int64_t start = clock_mono_us();

	apply(b, b->store, &op, 1);
	return (double)(clock_mono_us() - start) / 1000;
}

static double
claim_ms(struct bench *b)
{
	double times[101];

	for (size_t i = 0; i < COUNT_OF(times); i++) {
		int64_t start = clock_mono_us();

		work_once(b, b->store);
		times[i] = (double)(clock_mono_us() - start) / 1000;
	}
	return median(times, COUNT_OF(times));
}

/* A million items wait in 100 001 lanes, one of which has 100 000. */
static void
measure_million(struct bench *b, const char *url)
{
	struct journal_stats stats = { .op = { .verb = JOURNAL_STATS } };
	struct journal_list list = { .op = { .verb = JOURNAL_LIST },
		.most = 100,
		.arena = b->arena };
	struct fault why = { 0 };
	double before, after, opened;
	int64_t start;

	for (int i = 0; i < 200; i++) {
		fill_group(b, 3);
		apply(b, b->store, b->group.ops, GROUP);
	}
	before = claim_ms(b);
	say(b,
	    "INSERT INTO leadbridge.delivery SELECT"
	    " ('02930000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid,"
	    " '/hooks/a', 'hmac', 1, 1, NULL, '\\x00' FROM"
	    " generate_series(1, 1000000) n");
	say(b,
	    "INSERT INTO leadbridge.item SELECT nextval('leadbridge.ord'),"
	    " leadbridge.now_ms(), 1, NULL, ('02930000-0000-7000-8000-' ||"
	    " lpad(to_hex(n), 12, '0'))::uuid, 0, 0, 0, 0, 0, 0, true,"
	    " false, 'api', CASE WHEN n % 10 = 0 THEN 'long' ELSE"
	    " 'm' || n % 100000 END, '', convert_to(repeat('x', 200),"
	    " 'UTF8') FROM generate_series(1, 1000000) n");
	say(b,
	    "INSERT INTO leadbridge.lane SELECT min(ord), 0, 0, 1, false,"
	    " false, target, lead FROM leadbridge.item WHERE laned"
	    " GROUP BY target, lead ON CONFLICT DO NOTHING");
	say(b, "ANALYZE");
	journal_postgres.close(b->store);
	start = clock_mono_us();
	b->store = journal_postgres.open(url, &b->settings, &why);
	opened = (double)(clock_mono_us() - start) / 1000;
	if (b->store == NULL)
		die("open", why.text);
	after = claim_ms(b);
	printf("million: open %.0f ms, claim and settle of 64: %.1f ms, "
	       "%.1f ms before it was there",
	    opened, after, before);
	printf("; stats %.0f ms", took_ms(b, &stats.op));
	arena_reset(b->arena);
	printf("; first page of a list %.1f ms\n", took_ms(b, &list.op));
}

#define HELD_DEPTH 20 /* groups that wait */
#define HELD_WINDOW 200
#define HELD_MOST (1000000 / GROUP + HELD_WINDOW)
#define HELD_MINUTES 10
#define HELD_GROUPS_A_SECOND 5

/* What each claim took, in ms; the index of one in the database as well. */
struct held {
	double times[HELD_MOST];
	size_t count;
	int64_t read; /* entries of the index, up to the last look */
};

static double
p99_of(const double *list, size_t count)
{
	double *copy = base_alloc(count * sizeof(*copy));
	double p99;

	memcpy(copy, list, count * sizeof(*copy));
	qsort(copy, count, sizeof(*copy), compare);
	p99 = copy[count * 99 / 100];
	base_free(copy);
	return p99;
}

/* Events come in as fast as they go out. */
static void
held_turns(struct bench *b, struct held *h, size_t turns)
{
	for (size_t i = 0; i < turns && h->count < HELD_MOST; i++) {
		fill_group(b, 4);
		apply(b, b->store, b->group.ops, GROUP);
		work_once(b, b->store);
		h->times[h->count++] = (double)b->claim_us / 1000;
	}
}

/* ... at a pace; a turn takes what it takes where that is longer. */
static void
held_minutes(struct bench *b, struct held *h)
{
	int64_t next = clock_mono_us(),
	        until = next + HELD_MINUTES * (int64_t)60000000;

	for (; next < until; next += 1000000 / HELD_GROUPS_A_SECOND) {
		while (clock_mono_us() < next)
			usleep((useconds_t)(next - clock_mono_us()));
		held_turns(b, h, 1);
	}
}

static void
held_million(struct bench *b, struct held *h)
{
	held_turns(b, h, 1000000 / GROUP);
}

static void
held_short(struct bench *b, struct held *h)
{
	held_turns(b, h, 50000 / GROUP);
}

/* Entries of the index of what is due that scans have gone through. */
static int64_t
entries_read(struct bench *b)
{
	PGresult *r = pg_exec(b->store->conn,
	    "SELECT pg_stat_force_next_flush()", clock_mono_us() + 9999999);
	int64_t read;

	PQclear(r);
	r = PQexec(b->bare,
	    "SELECT pg_stat_clear_snapshot(), idx_tup_read"
	    " FROM pg_stat_user_indexes WHERE indexrelname = 'lane_due'");
	read = PQntuples(r) == 1 ? atoll(PQgetvalue(r, 0, 1)) : 0;
	PQclear(r);
	return read;
}

/*
 * A stranger's transaction sees all that was there when it began, so that
 * nothing of what is over since can be cleared away; and it has locked a lane.
 */
static void
hold(struct bench *b)
{
	say(b, "BEGIN ISOLATION LEVEL REPEATABLE READ");
	say(b, "SELECT count(*) FROM leadbridge.item");
	say(b,
	    "SELECT FROM leadbridge.lane ORDER BY due_ms LIMIT 1 FOR UPDATE");
}

static void
tell_tenth(const char *which, const double *list, size_t count, double before)
{
	double p99 = p99_of(list, count);

	printf("held: the %s tenth p99 %.1f ms, %.2f times as long as without "
	       "(bar 2)\n",
	    which, p99, p99 / before);
}

static void
measure_held_by(struct bench *b, void (*work)(struct bench *b, struct held *h))
{
	struct held *h = base_alloc(sizeof(*h));
	double before;
	size_t tenth;

	for (int i = 0; i < HELD_DEPTH; i++) {
		fill_group(b, 4);
		apply(b, b->store, b->group.ops, GROUP);
	}
	held_turns(b, h, HELD_WINDOW);
	h->count = 0;
	held_turns(b, h, 2 * HELD_WINDOW);
	before = p99_of(h->times, h->count);
	printf("held: a claim takes %.1f ms, p99 %.1f\n",
	    median(h->times, h->count), before);
	h->count = 0;
	h->read = entries_read(b);
	hold(b);
	work(b, h);
	tenth = h->count / 10;
	tell_tenth("first", h->times, tenth, before);
	tell_tenth("last", h->times + h->count - tenth, tenth, before);
	printf("held: %zu jobs, median %.1f ms, %lld entries of the index a "
	       "claim\n",
	    h->count * GROUP, median(h->times, h->count),
	    (long long)((entries_read(b) - h->read) / (int64_t)h->count));
	say(b, "ROLLBACK");
	base_free(h);
}

static void
measure_held(struct bench *b, const char *url)
{
	(void)url;
	measure_held_by(b, held_short);
}

static void
measure_held_minutes(struct bench *b, const char *url)
{
	(void)url;
	measure_held_by(b, held_minutes);
}

static void
measure_held_million(struct bench *b, const char *url)
{
	(void)url;
	measure_held_by(b, held_million);
}

static const struct {
	const char *name;
	void (*measure)(struct bench *b, const char *url);
} parts[] = {
	{ "accepts", measure_accepts },
	{ "work", measure_work },
	{ "million", measure_million },
	{ "held", measure_held },
	{ "held-minutes", measure_held_minutes },
	{ "held-million", measure_held_million },
};

int
main(int argc, char **argv)
{
	struct bench *b = base_alloc(sizeof(*b));
	struct fault why = { 0 };

	if (argc < 3)
		die("usage",
		    "bench_journal_postgres URL accepts|work|million|held|"
		    "held-minutes|held-million");
	fill_text(b->event, EVENT_BYTES, 88172645463325252u);
	fill_text(b->body, BODY_BYTES, 1181783497276652981u);
	b->settings = (struct journal_settings){ .keep_done = 7 * 24 * HOUR,
		.keep_bodies = 24 * HOUR,
		.keep_keys = 7 * 24 * HOUR,
		.keep_refused = 1000 };
	b->arena = arena_new(64 << 20);
	b->store = journal_postgres.open(argv[1], &b->settings, &why);
	if (b->store == NULL)
		die("open", why.text);
	b->bare = PQconnectdb(argv[1]);
	for (int i = 2; i < argc; i++)
		for (size_t k = 0; k < COUNT_OF(parts); k++)
			if (strcmp(argv[i], parts[k].name) == 0)
				parts[k].measure(b, argv[1]);
	PQfinish(b->bare);
	journal_postgres.close(b->store);
	pg_params_done(&b->params);
	arena_free(b->arena);
	base_free(b);
	return 0;
}
