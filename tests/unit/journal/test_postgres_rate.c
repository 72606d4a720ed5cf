/*
 * tests/unit/journal/test_postgres_rate.c - so many calls a second, however
 * many nodes there are.
 */
#include "unit/journal/postgres.h"
#include "unit/journal/postgres_nodes.h"

#define RATE 40
#define EVENTS 400

static void
give_leads(struct world *w, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		char lead[16];

		snprintf(lead, sizeof(lead), "l%u", i);
		give(w, .number = i, .lead = lead);
	}
}

static size_t
claim_at_rate(struct world *w, size_t most, int64_t rate)
{
	return claim_with(w,
	    (struct journal_claim){ .most = most,
	        .again = most,
	        .lease_ms = HOUR,
	        .rate = rate });
}

/* Both ask all the time, and never get more than that between them. */
static void
test_two_nodes_share_a_rate(void **state)
{
	struct world *w = *state;
	size_t got[2] = { 0, 0 };
	int64_t start, took, rows;

	give_leads(w, EVENTS);
	start = clock_mono_us();
	for (unsigned i = 0; got[0] + got[1] < 3 * RATE; i++)
		got[i % 2] += claim_at_rate(&w[i % 2], 8, RATE);
	took = clock_mono_us() - start;
	/* The first second's worth was saved up: two seconds for the rest. */
	assert_true(took > 1900000);
	assert_in_range(got[0] + got[1], 3 * RATE, 3 * RATE + 8);
	assert_true(got[0] > 0 && got[1] > 0);
	/* A row a second: of none there are many versions. */
	rows = str_number(str_of(postgres_ask(
	                      "SELECT count(*) FROM leadbridge.rate")),
	    INT32_MAX);
	assert_in_range(rows, 2, took / 1000000 + 2);
}

static void
test_who_gets_none_is_told_when_to_ask(void **state)
{
	struct world *w = *state;
	unsigned left = 10;
	int64_t start;

	give_leads(w, left);
	start = clock_mono_us();
	assert_int_equal(claim_at_rate(&w[0], 64, 1), 1);
	/* Where a second has passed meanwhile, there is another. */
	while (--left > 0 && claim_at_rate(&w[1], 64, 1) > 0) {
		assert_int_equal(w[1].claim.count, 1);
		assert_true(clock_mono_us() - start > (10 - left) * 990000);
	}
	assert_in_range(w[1].claim.next_ms, 1, 1001);
	/* Without a rate there is nothing to wait for. */
	assert_int_equal(claim_at_rate(&w[1], 64, 0), left);
}

static void
test_who_finds_nothing_takes_nothing(void **state)
{
	struct world *w = *state;

	for (unsigned i = 0; i < 2 * RATE; i++)
		assert_int_equal(claim_at_rate(&w[i % 2], 64, RATE), 0);
	assert_int_equal(w[0].claim.next_ms, -1);
	give_leads(w, 2 * RATE);
	assert_in_range(claim_at_rate(&w[0], 64, RATE), RATE, RATE);
}

/* A target's calls are no other's. */
static void
test_each_target_has_its_own(void **state)
{
	struct world *w = *state;
	struct journal_claim other = { .target = STR("other"),
		.most = 64,
		.again = 64,
		.lease_ms = HOUR,
		.rate = 5 };

	give_leads(w, 2 * RATE);
	for (unsigned i = 0; i < 8; i++)
		give(w, .number = 1000 + i, .lead = id_of(i) + 30,
		    .target = "other");
	assert_int_equal(claim_at_rate(&w[0], 64, RATE), RATE);
	assert_int_equal(claim_with(&w[1], other), 5);
}

/* Another node's group has counted its calls, and is not committed yet. */
static void
test_who_finds_it_in_use_does_not_wait(void **state)
{
	struct world *w = *state;
	PGconn *other = postgres_client();

	give_leads(w, 3);
	assert_int_equal(claim_at_rate(&w[0], 1, RATE), 1);
	PQclear(PQexec(other, "BEGIN"));
	PQclear(PQexec(other,
	    "SELECT leadbridge.tokens('api', 40, leadbridge.now_ms())"));
	/* The other's is open until below: whoever waited would be refused. */
	assert_int_equal(claim_at_rate(&w[0], 64, RATE), 0);
	assert_in_range(w[0].claim.next_ms, 1, 1 + 1000 / RATE);
	PQclear(PQexec(other, "COMMIT"));
	PQfinish(other);
	assert_int_equal(claim_at_rate(&w[0], 64, RATE), 2);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		CASE(test_two_nodes_share_a_rate),
		CASE(test_who_gets_none_is_told_when_to_ask),
		CASE(test_who_finds_nothing_takes_nothing),
		CASE(test_each_target_has_its_own),
		CASE(test_who_finds_it_in_use_does_not_wait),
	};

	if (!postgres_start())
		return POSTGRES_SKIP;
	return cmocka_run_group_tests_name("journal.postgres_rate", tests, NULL,
	    NULL);
}
