/*
 * tests/unit/journal/test_postgres_holder.c - a stranger's transaction that
 * stands still keeps all that is over: what is looked for is looked for past
 * it. Index entries are counted, not time.
 */
#include "unit/journal/postgres.h"

#include "journal/journal_postgres.h"

#define PILE 20000
#define PILE_TEXT "20000"

static struct world *
world_of(void **state)
{
	return *state;
}

/* Who stands still; gone with the case, also where that fails. */
static PGconn *holder;

/* From now on nothing that ends is cleared away. */
static void
hold(void)
{
	holder = postgres_client();
	PQclear(PQexec(holder, "BEGIN ISOLATION LEVEL REPEATABLE READ"));
	PQclear(PQexec(holder, "SELECT count(*) FROM leadbridge.item"));
}

static int
teardown(void **state)
{
	PQfinish(holder);
	holder = NULL;
	return suite_teardown(state);
}

/* Entries of an index that scans have gone through so far. */
static int64_t
entries_read(struct world *w, const char *index)
{
	struct pg_store *s = w->store;
	PGresult *r = pg_exec(s->conn, "SELECT pg_stat_force_next_flush()",
	    clock_mono_us() + 60000000);
	char sql[128];

	assert_non_null(r);
	PQclear(r);
	snprintf(sql, sizeof(sql),
	    "SELECT idx_tup_read FROM pg_stat_user_indexes"
	    " WHERE indexrelname = '%s'",
	    index);
	return (int64_t)str_number(str_of(postgres_ask(sql)), INT64_MAX);
}

/* What a lead's event goes through. */
static void
deliver(struct world *w, unsigned number, const char *lead)
{
	give(w, .number = number, .lead = lead);
	assert_int_equal(claim_most(w, 8), 1);
	assert_int_equal(settle_to(w, &w->claim.items[0], JOURNAL_DONE),
	    JOURNAL_OK);
}

/* Lanes that were due long ago, and leases that ended before their time. */
static const char pile_of_lanes[] =
    "INSERT INTO leadbridge.lane SELECT 0, 0, 0, n, false, false, 'api',"
    " 'past' || n FROM generate_series(1, " PILE_TEXT ") n;"
    "INSERT INTO leadbridge.lane SELECT 0, 1, 0, leadbridge.now_ms() + 60000"
    " + n, true, false, 'api', 'ahead' || n"
    " FROM generate_series(1, " PILE_TEXT ") n;"
    "DELETE FROM leadbridge.lane";

static void
test_claims_pass_over_what_is_over(void **state)
{
	struct world *w = world_of(state);
	int64_t before, start, looks;

	hold();
	postgres_ask(pile_of_lanes);
	assert_int_equal(claim_most(w, 8), 0);
	before = entries_read(w, "lane_due");
	assert_true(before >= 2 * PILE);
	start = clock_mono_us();
	for (unsigned i = 0; i < 50; i++)
		deliver(w, i, "ann");
	/* Some may look at everything: on a slow machine it takes long. */
	looks = 2 + (clock_mono_us() - start) / PG_LOOK_LEAST_US;
	assert_in_range(entries_read(w, "lane_due") - before, 1,
	    (looks * 2 + 1) * PILE);
}

/* It waited for the commit for longer than claims look back. */
static void
test_what_is_committed_late_is_found(void **state)
{
	struct world *w = world_of(state);
	int64_t until;

	give(w, .number = 1);
	hold();
	PQclear(PQexec(holder,
	    "UPDATE leadbridge.lane SET due_ms = due_ms - 60000"));
	assert_int_equal(claim_most(w, 8), 0);
	PQclear(PQexec(holder, "COMMIT"));
	until = clock_mono_us() + 2 * PG_LOOK_MOST_US;
	while (claim_most(w, 8) == 0)
		assert_true(clock_mono_us() < until);
	assert_id(w->claim.items[0].id, 1);
}

/* Whatever else is tried later, and in one group, too. */
static void
test_the_next_try_is_told(void **state)
{
	struct world *w = world_of(state);
	struct journal_settle how = { .op = { .verb = JOURNAL_SETTLE },
		.target = STR("api"),
		.to = JOURNAL_WAITING,
		.delay_ms = 30000 };
	struct journal_claim c = { .op = { .verb = JOURNAL_CLAIM },
		.target = STR("api"),
		.most = 8,
		.again = 8,
		.lease_ms = HOUR,
		.arena = w->arena };
	struct journal_op *ops[] = { &how.op, &c.op };

	give(w, .number = 1, .lead = "ann");
	give(w, .number = 2, .lead = "ben");
	assert_int_equal(claim_most(w, 8), 2);
	assert_true(w->claim.next_ms > HOUR / 2);
	how.lease = w->claim.items[0].lease;
	apply(w, ops, 2);
	assert_in_range(c.next_ms, 1, 30000);
	assert_int_equal(claim_most(w, 8), 0);
	assert_in_range(w->claim.next_ms, 1, 30000);
	give(w, .number = 3, .lead = "cat", .lease = true, .lease_ms = 20000);
	assert_int_equal(claim_most(w, 8), 0);
	assert_in_range(w->claim.next_ms, 1, 20000);
}

/* A lead with a long past. */
static void
test_a_lane_is_read_from_its_head_on(void **state)
{
	struct world *w = world_of(state);
	int64_t before;

	hold();
	postgres_ask("INSERT INTO leadbridge.item (ord, since_ms, updated_ms,"
	             " id, n, attempts, flags, state, laned, sending, target,"
	             " lead, reason) SELECT -n, 1, 1, gen_random_uuid(), 0, 0,"
	             " 0, 0, true, false, 'api', 'ann', ''"
	             " FROM generate_series(1, " PILE_TEXT ") n;"
	             "DELETE FROM leadbridge.item");
	before = entries_read(w, "item_lane") + entries_read(w, "item_lead");
	for (unsigned i = 0; i < 10; i++)
		deliver(w, i, "ann");
	assert_in_range(entries_read(w, "item_lane") +
	        entries_read(w, "item_lead") - before,
	    0, PILE);
}

#define OF_NUMBER " FROM generate_series(1, current_setting('my.count')::int) n"
#define AT " leadbridge.now_ms() - current_setting('my.age')::bigint + n / 100"

static const char keys_sql[] = "INSERT INTO leadbridge.key SELECT "
                               "gen_random_uuid(), gen_random_uuid(),"
                               " gen_random_uuid()," AT OF_NUMBER;
static const char items_sql[] =
    "INSERT INTO leadbridge.delivery SELECT md5(n || 'x')::uuid, '/hooks/a',"
    " 'hmac', 1, 1, NULL, NULL" OF_NUMBER " ON CONFLICT DO NOTHING;"
    "INSERT INTO leadbridge.item (ord, since_ms, updated_ms, ended_ms, id, n,"
    " attempts, flags, state, laned, sending, target, lead, reason, body)"
    " SELECT nextval('leadbridge.ord'), 1, 1," AT ", md5(n || 'x')::uuid, 0,"
    " 1, 0, 2, false, false, 'api', 'lead', '', '{}'" OF_NUMBER;

static const struct {
	const char *index, *sql, *end;
	int64_t age_ms;
} prunes[] = {
	{ "key_at", keys_sql, "DELETE FROM leadbridge.key", 2 * HOUR },
	{ "item_ended", items_sql, "DELETE FROM leadbridge.item", 2 * HOUR },
	{ "item_bodies", items_sql, "UPDATE leadbridge.item SET body = NULL",
	    HOUR / 2 },
};

static void
make(const char *sql, int count, int64_t age_ms)
{
	char *made = base_print("SET my.count = %d; SET my.age = %lld; %s",
	    count, (long long)age_ms, sql);

	postgres_ask(made);
	base_free(made);
}

/* A round, slice by slice. */
static size_t
prune_all(struct world *w)
{
	size_t pruned = 0, got;

	do {
		struct journal_prune p = { .op = { .verb = JOURNAL_PRUNE },
			.most = 100 };

		assert_int_equal(apply_one(w, &p.op), JOURNAL_OK);
		got = p.pruned;
		pruned += got;
	} while (got == 100);
	return pruned;
}

static void
test_a_slice_goes_on_where_the_last_ended(void **state)
{
	struct world *w = world_of(state);

	hold();
	w->settings.keep_bodies = 60000;
	world_reopen(w);
	for (size_t i = 0; i < COUNT_OF(prunes); i++) {
		int64_t before, read;

		make(prunes[i].sql, PILE, prunes[i].age_ms);
		postgres_ask(prunes[i].end);
		make(prunes[i].sql, 650, prunes[i].age_ms);
		before = entries_read(w, prunes[i].index);
		assert_int_equal(prune_all(w), 650);
		read = entries_read(w, prunes[i].index) - before;
		if (read < 650 || read > 3 * PILE)
			fail_msg("%s: %lld entries", prunes[i].index,
			    (long long)read);
		assert_int_equal(prune_all(w), 0);
	}
	postgres_ask("DELETE FROM leadbridge.item");
	postgres_ask("DELETE FROM leadbridge.delivery");
}

/* ... and reads no more than it deletes, of however many. */
static void
test_a_slice_reads_its_own(void **state)
{
	struct world *w = world_of(state);
	struct journal_prune p = { .op = { .verb = JOURNAL_PRUNE },
		.most = 100 };

	make(keys_sql, PILE, 2 * HOUR);
	assert_int_equal(apply_one(w, &p.op), JOURNAL_OK);
	assert_int_equal(p.pruned, 100);
	assert_in_range(entries_read(w, "key_at"), 100, PILE / 10);
}

/* Each leaves a version of a row, which must not be the same for ever. */
static void
test_groups_leave_their_proofs_in_many_rows(void **state)
{
	struct world *w = world_of(state);

	for (unsigned i = 0; i < 600; i++)
		give(w, .number = i);
	assert_string_equal(postgres_ask("SELECT count(*)"
	                                 " FROM leadbridge.node"),
	    "3");
	postgres_ask("INSERT INTO leadbridge.rate VALUES ('api 1', 1, 1)");
	postgres_ask("UPDATE leadbridge.node SET seen_ms = 1");
	postgres_ask("UPDATE leadbridge.meta SET pruned_ms = 1");
	assert_int_equal(prune_all(w), 0);
	/* All are gone but that of the group that did it. */
	assert_string_equal(postgres_ask("SELECT (SELECT count(*)"
	                                 " FROM leadbridge.node) || ' ' ||"
	                                 " (SELECT count(*)"
	                                 " FROM leadbridge.rate)"),
	    "1 0");
}

static void
test_looking_at_everything_takes_its_share(void **state)
{
	static const struct {
		int64_t took_us, rest_us;
	} cases[] = {
		{ 0, PG_LOOK_LEAST_US }, { 1000, PG_LOOK_LEAST_US },
		{ 1500, 1500000 }, { 30000, PG_LOOK_MOST_US },
		{ 5000000, PG_LOOK_MOST_US }, { INT64_MAX, PG_LOOK_MOST_US },
		{ -1, PG_LOOK_LEAST_US }, /* the clock was set back */
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		assert_int_equal(pg_look_again_us(cases[i].took_us),
		    cases[i].rest_us);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, postgres_setup, teardown)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		CASE(test_claims_pass_over_what_is_over),
		CASE(test_what_is_committed_late_is_found),
		CASE(test_the_next_try_is_told),
		CASE(test_a_lane_is_read_from_its_head_on),
		CASE(test_a_slice_goes_on_where_the_last_ended),
		CASE(test_a_slice_reads_its_own),
		CASE(test_groups_leave_their_proofs_in_many_rows),
		cmocka_unit_test(test_looking_at_everything_takes_its_share),
	};
	int failed;

	if (!postgres_start())
		return POSTGRES_SKIP;
	failed = cmocka_run_group_tests_name("journal.postgres.holder", tests,
	    NULL, NULL);
	postgres_end();
	return failed;
}
