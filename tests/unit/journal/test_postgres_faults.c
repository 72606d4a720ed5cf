/*
 * tests/unit/journal/test_postgres_faults.c - lost connections, and servers
 * that go away. Each case has an empty store behind a wire that can be cut.
 */
/* First: what it calls of libpq is libpq's own, not what the journal loads. */
#include "unit/journal/postgres_proxy.h"

#include "journal/journal_postgres.h"

static char *
fresh_proxied(void)
{
	char *url = postgres_fresh();

	base_free(url);
	return base_print("postgresql://leadbridge@/postgres?host=%s/run"
	                  "&port=7000&connect_timeout=60",
	    postgres_folder);
}

static const struct suite_backend proxied = { &journal_postgres, fresh_proxied,
	postgres_sound, true };

/* What became of a group is found out, however slow this machine is. */
static int
setup(void **state)
{
	int rc = suite_setup(state, &proxied);
	struct world *w = *state;
	struct pg_store *s = w->store;

	s->group_ms = s->resolve_ms = 60000;
	return rc;
}

static int
teardown(void **state)
{
	atomic_store(&proxy.cut, CUT_NOTHING);
	return suite_teardown(state);
}

static int
try_put(struct world *w, struct put p, struct fault *why)
{
	struct journal_update u;
	struct journal_op *op = &w->accept.op;

	put_fill(&w->accept, &u, &p);
	return journal_postgres.apply(w->store, &op, 1, why);
}

static int64_t
count_of(const char *table)
{
	char sql[128];

	snprintf(sql, sizeof(sql), "SELECT count(*) FROM leadbridge.%s", table);
	return str_number(str_of(postgres_ask(sql)), INT32_MAX);
}

/*
 * A group of all that changes something: an accept that leases, one that
 * came before, a settle, a claim.
 */
struct mixed {
	struct journal_accept a[2];
	struct journal_update u[2];
	struct journal_lease leases[1];
	struct journal_settle settle;
	struct journal_claim claim;
	struct journal_op *ops[4];
};

static void
mix(struct world *w, struct mixed *m)
{
	static const char key[JOURNAL_HASH] = "k";
	struct put p[2] = {
		{ .number = 3, .lead = "cid", .lease = true, .lease_ms = HOUR },
		{ .number = 4, .key = key }
	};

	give(w, .number = 1, .lead = "ann", .key = "k", .bytes = "the event");
	m->settle = (struct journal_settle){ .op = { .verb = JOURNAL_SETTLE },
		.target = STR("api"),
		.lease = claim_one(w)->lease,
		.to = JOURNAL_DONE };
	give(w, .number = 2, .lead = "ben");
	for (size_t i = 0; i < 2; i++)
		put_fill(&m->a[i], &m->u[i], &p[i]);
	m->a[0].leases = m->leases;
	m->claim = (struct journal_claim){ .op = { .verb = JOURNAL_CLAIM },
		.target = STR("api"),
		.most = 10,
		.again = 10,
		.lease_ms = HOUR,
		.arena = w->arena };
	m->ops[0] = &m->a[0].op;
	m->ops[1] = &m->a[1].op;
	m->ops[2] = &m->settle.op;
	m->ops[3] = &m->claim.op;
}

static void
assert_mixed(struct world *w, const struct mixed *m)
{
	assert_int_equal(m->a[0].op.result, JOURNAL_OK);
	assert_int_equal(m->a[1].op.result, JOURNAL_DUPLICATE);
	assert_id(m->a[1].first.id, 1);
	assert_int_equal(m->settle.op.result, JOURNAL_OK);
	assert_int_equal(row_of(w, 1)->state, JOURNAL_DONE);
	assert_int_equal(row_of(w, 1)->attempts, 1);
	assert_int_equal(count_of("delivery"), 3);
	assert_int_equal(count_of("item"), 3);
}

/* Committed, but nobody told us: it is found out, and nothing is lost. */
static void
test_a_commit_without_an_answer_is_found_out(void **state)
{
	struct world *w = *state;
	struct mixed m;

	mix(w, &m);
	atomic_store(&proxy.cut, CUT_ANSWER);
	apply(w, m.ops, 4);
	assert_int_equal(atomic_load(&proxy.cut), CUT_NOTHING);
	assert_mixed(w, &m);
	/* What nobody heard of is not leased to anybody. */
	assert_int_equal(m.leases[0].fence, 0);
	assert_int_equal(m.claim.count, 0);
	assert_int_equal(m.claim.next_ms, 0);
	assert_int_equal(claim_most(w, 10), 2);
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(w->claim.items[i].attempts, 1);
	assert_int_equal(row_of(w, 2)->strikes, 0);
	assert_int_equal(row_of(w, 3)->strikes, 0);
}

static void
test_a_group_that_was_cut_short_is_done_again(void **state)
{
	struct world *w = *state;
	struct mixed m;

	mix(w, &m);
	atomic_store(&proxy.cut, CUT_REQUEST);
	apply(w, m.ops, 4);
	assert_int_equal(atomic_load(&proxy.cut), CUT_NOTHING);
	assert_mixed(w, &m);
	assert_true(m.leases[0].fence > 0);
	assert_int_equal(m.claim.count, 1);
	assert_id(m.claim.items[0].id, 2);
	assert_int_equal(m.claim.items[0].attempts, 1);
}

#define AT_SIGN "TRIGGER mine AFTER INSERT OR UPDATE ON leadbridge.node"
#define AT_COMMIT                                                              \
	"CONSTRAINT TRIGGER mine AFTER INSERT ON leadbridge.item "             \
	"DEFERRABLE INITIALLY DEFERRED"
#define KILL "PERFORM pg_terminate_backend(pg_backend_pid(), 5000)"

static void
test_a_killed_backend_is_not_the_end(void **state)
{
	static const struct {
		const char *when, *key;
	} moments[] = {
		{ AT_ONCE, "k1" },
		{ AT_SIGN, "k2" },
		{ AT_COMMIT, "k3" },
	};
	struct world *w = *state;

	for (unsigned i = 0; i < COUNT_OF(moments); i++) {
		plant(moments[i].when, KILL);
		give(w, .number = i, .lead = "ann", .key = moments[i].key);
		/* Once when it was killed, once when it came again. */
		assert_string_equal(postgres_ask(
		                        "SELECT last_value FROM public.once"),
		    "2");
		assert_int_equal(count_of("delivery"), i + 1);
		assert_int_equal(row_of(w, i)->attempts, 0);
		unplant();
	}
}

/* start() of the group with that token, told by another connection. */
static const char *
start_again(const struct pg_store *s, int64_t token)
{
	static char state[8];
	char *sql = base_print("SELECT leadbridge.start(%lld, %lld, '9000',"
	                       " '9000')",
	    (long long)s->owner, (long long)token);
	PGconn *other = postgres_client();
	PGresult *r = PQexec(other, sql);
	const char *got = PQresultErrorField(r, PG_DIAG_SQLSTATE);

	snprintf(state, sizeof(state), "%s", got != NULL ? got : "");
	PQclear(r);
	PQfinish(other);
	base_free(sql);
	return state;
}

/* A lost group that reaches the server when it has been done again. */
static void
test_a_group_that_comes_too_late_is_not_done(void **state)
{
	struct world *w = *state;
	const struct pg_store *s = w->store;

	give(w, .number = 1);
	assert_string_equal(start_again(s, s->token - 1), "55000");
	assert_string_equal(start_again(s, s->token), "55000");
	assert_string_equal(start_again(s, s->token + 1), "");
}

/* Another node sent it, and kept nothing, before we had found out. */
static void
test_what_is_done_and_gone_meanwhile_does_not_come_again(void **state)
{
	static const char *const keys[] = { NULL, "k" };
	struct world *w = *state;

	for (unsigned i = 0; i < COUNT_OF(keys); i++) {
		plant(AT_COMMIT,
		    "DELETE FROM leadbridge.item; DELETE FROM leadbridge.lane;"
		    " DELETE FROM leadbridge.delivery");
		atomic_store(&proxy.cut, CUT_ANSWER);
		memset(w->leases, 0xff, sizeof(w->leases));
		give(w, .number = i, .key = keys[i], .lease = true,
		    .lease_ms = HOUR);
		assert_int_equal(atomic_load(&proxy.cut), CUT_NOTHING);
		assert_int_equal(w->leases[0].fence, 0);
		assert_int_equal(count_of("delivery"), 0);
		unplant();
	}
}

static void
test_who_gives_way_to_another_comes_again(void **state)
{
	static const char *const states[] = { "serialization_failure",
		"deadlock_detected" };
	struct world *w = *state;
	char does[80];

	for (unsigned i = 0; i < COUNT_OF(states); i++) {
		snprintf(does, sizeof(does), "RAISE %s", states[i]);
		plant(AT_ONCE, does);
		give(w, .number = i);
		unplant();
	}
	assert_int_equal(count_of("delivery"), 2);
}

static void
test_what_cannot_be_stored_is_told_from_a_store_that_cannot(void **state)
{
	static const struct {
		const char *raise;
		enum fault_code code;
	} rows[] = {
		{ "numeric_value_out_of_range", FAULT_REQUEST },
		{ "program_limit_exceeded", FAULT_REQUEST },
		{ "disk_full", FAULT_BUSY },
		{ "insufficient_privilege", FAULT_BUSY },
		{ "query_canceled", FAULT_BUSY },
	};
	struct world *w = *state;
	char does[80];

	for (unsigned i = 0; i < COUNT_OF(rows); i++) {
		struct fault why = { 0 };

		snprintf(does, sizeof(does), "RAISE %s", rows[i].raise);
		plant(AT_ONCE, does);
		assert_int_equal(try_put(w, (struct put){ .number = i }, &why),
		    -1);
		assert_int_equal(why.code, rows[i].code);
		unplant();
		assert_int_equal(count_of("item"), i);
		give(w, .number = i);
	}
}

struct
try {
	struct world *w;
	struct fault why;
	int rc;
};

static void *
put_in_a_thread(void *arg)
{
	struct try *t = arg;

	t->rc = try_put(t->w, (struct put){ .number = 1, .lead = "ann" },
	    &t->why);
	return NULL;
}

static void
test_a_server_may_restart_in_the_middle(void **state)
{
	struct world *w = *state;
	struct pg_store *s = w->store;
	struct try t = { .w = w };
	PGconn *other = postgres_client();
	pthread_t thread;

	/* A restart takes as long as it takes. */
	s->group_ms = s->resolve_ms = 120000;
	PQclear(PQexec(other, "BEGIN"));
	PQclear(PQexec(other, "LOCK TABLE leadbridge.item"));
	pthread_create(&thread, NULL, put_in_a_thread, &t);
	postgres_await_waiting();
	postgres_do("restart");
	pthread_join(thread, NULL);
	PQfinish(other);
	if (t.rc != 0)
		fail_msg("%s", t.why.text);
	assert_int_equal(count_of("item"), 1);
	assert_id(claim_one(w)->id, 1);
}

static void
test_a_server_that_is_gone_is_waited_for_elsewhere(void **state)
{
	struct world *w = *state;
	struct pg_store *s = w->store;
	struct fault why = { 0 };

	s->resolve_ms = 200;
	postgres_do("stop");
	for (unsigned i = 0; i < 3; i++) {
		int64_t start = clock_mono_us();

		why.code = FAULT_NONE;
		assert_int_equal(try_put(w, (struct put){ .number = i }, &why),
		    -1);
		assert_int_equal(why.code, FAULT_BUSY);
		/* Not all the time that a group has. */
		assert_true(clock_mono_us() - start < 15000000);
	}
	postgres_do("start");
	/* ... and found again, within the back-off's longest pause. */
	for (int i = 0; i < 400; i++) {
		why.code = FAULT_NONE;
		if (try_put(w, (struct put){ .number = 9 }, &why) == 0)
			break;
		poll(NULL, 0, 10);
	}
	assert_int_equal(why.code, FAULT_NONE);
	assert_int_equal(count_of("item"), 1);
}

static void
test_a_server_that_is_silent_costs_the_deadline(void **state)
{
	struct world *w = *state;
	struct pg_store *s = w->store;
	struct fault why = { 0 };
	int64_t start = clock_mono_us();

	s->group_ms = 500;
	s->resolve_ms = 100;
	s->url = (base_free(s->url),
	    base_print("%s&connect_timeout=2", w->url));
	atomic_store(&proxy.cut, CUT_ALL);
	assert_int_equal(try_put(w, (struct put){ .number = 1 }, &why), -1);
	assert_int_equal(why.code, FAULT_BUSY);
	assert_true(clock_mono_us() - start < 30000000);
	atomic_store(&proxy.cut, CUT_NOTHING);
	/* The first may be done only now, and this one waits for it. */
	s->group_ms = s->resolve_ms = 60000;
	s->url = (base_free(s->url), base_copy(w->url));
	s->connect_us = 0;
	give(w, .number = 2);
	assert_true(is_there(w, 2));
}

/* Somebody stands in a transaction on what we need. */
static void
test_a_lock_that_is_not_given_up_costs_the_deadline(void **state)
{
	struct world *w = *state;
	struct pg_store *s = w->store;
	struct fault why = { 0 };
	PGconn *other = postgres_client();

	PQclear(PQexec(other, "BEGIN"));
	PQclear(PQexec(other, "LOCK TABLE leadbridge.item"));
	s->group_ms = 8000; /* a quarter of it, for the lock */
	assert_int_equal(try_put(w, (struct put){ .number = 1 }, &why), -1);
	assert_int_equal(why.code, FAULT_BUSY);
	assert_non_null(strstr(why.text, "lock timeout"));
	PQclear(PQexec(other, "ROLLBACK"));
	PQfinish(other);
	s->group_ms = 20000;
	give(w, .number = 1);
}

/* As after a failover: what is read-only is not the primary. */
static void
test_a_read_only_server_is_left(void **state)
{
	struct world *w = *state;
	struct pg_store *s = w->store;
	struct fault why = { 0 };

	s->resolve_ms = 100;
	postgres_ask("ALTER DATABASE postgres"
	             " SET default_transaction_read_only = on");
	postgres_ask("SELECT count(pg_terminate_backend(pid, 5000))"
	             " FROM pg_stat_activity WHERE backend_type ="
	             " 'client backend' AND pid <> pg_backend_pid()");
	assert_int_equal(try_put(w, (struct put){ .number = 1 }, &why), -1);
	assert_int_equal(why.code, FAULT_BUSY);
	assert_non_null(strstr(why.text, "read-only"));
	postgres_ask("ALTER DATABASE postgres"
	             " RESET default_transaction_read_only");
	s->resolve_ms = 6000;
	s->connect_us = 0;
	give(w, .number = 1);
}

/* A session that turns read-only under us, too. */
static void
test_a_session_that_turned_read_only_is_left(void **state)
{
	struct world *w = *state;
	struct pg_store *s = w->store;
	PGresult *r;

	r = pg_exec(s->conn,
	    "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY",
	    clock_mono_us() + 60000000);
	assert_int_equal(PQresultStatus(r), PGRES_COMMAND_OK);
	PQclear(r);
	give(w, .number = 1);
	assert_int_equal(count_of("item"), 1);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		CASE(test_a_commit_without_an_answer_is_found_out),
		CASE(test_a_group_that_was_cut_short_is_done_again),
		CASE(test_a_killed_backend_is_not_the_end),
		CASE(test_a_group_that_comes_too_late_is_not_done),
		CASE(test_what_is_done_and_gone_meanwhile_does_not_come_again),
		CASE(test_who_gives_way_to_another_comes_again),
		CASE(
		    test_what_cannot_be_stored_is_told_from_a_store_that_cannot),
		CASE(test_a_server_may_restart_in_the_middle),
		CASE(test_a_server_that_is_gone_is_waited_for_elsewhere),
		CASE(test_a_server_that_is_silent_costs_the_deadline),
		CASE(test_a_lock_that_is_not_given_up_costs_the_deadline),
		CASE(test_a_read_only_server_is_left),
		CASE(test_a_session_that_turned_read_only_is_left),
	};
	int failed;

	if (!postgres_start())
		return POSTGRES_SKIP;
	proxy_start();
	failed = cmocka_run_group_tests_name("journal.postgres.faults", tests,
	    NULL, NULL);
	proxy_end();
	postgres_end();
	return failed;
}
