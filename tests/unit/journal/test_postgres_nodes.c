/*
 * tests/unit/journal/test_postgres_nodes.c - several nodes on one database:
 * each lead's updates in their order, by one node at a time, none lost, none
 * twice; and all nodes get work.
 */
#include <pthread.h>
#include <stdatomic.h>

#include "unit/journal/postgres.h"
#include "unit/journal/postgres_nodes.h"

static void
test_a_lease_is_one_nodes(void **state)
{
	struct world *w = *state;
	struct journal_item first;

	give(&w[0], .number = 1, .lead = "ann");
	give(&w[1], .number = 2, .lead = "ann");
	first = *claim_one(&w[0]);
	assert_int_equal(claim_most(&w[1], 10), 0);
	assert_true(w[1].claim.next_ms > HOUR / 2);
	assert_int_equal(settle_to(&w[0], &first, JOURNAL_DONE), JOURNAL_OK);
	assert_id(claim_one(&w[1])->id, 2);
}

static void
test_a_dead_nodes_lease_is_taken_over_and_fenced(void **state)
{
	struct world *w = *state;
	struct journal_item old;

	give(&w[0], .number = 1, .lead = "ann");
	assert_int_equal(claim_with(&w[0],
	                     (struct journal_claim){ .most = 1,
	                         .again = 1,
	                         .lease_ms = 0 }),
	    1);
	old = w[0].claim.items[0];
	assert_int_equal(claim_one(&w[1])->attempts, 2);
	assert_int_equal(settle_to(&w[0], &old, JOURNAL_DONE), JOURNAL_FENCED);
	assert_int_equal(row_of(&w[0], 1)->state, JOURNAL_SENDING);
	assert_int_equal(row_of(&w[0], 1)->strikes, 1);
	assert_int_equal(settle_to(&w[1], &w[1].claim.items[0], JOURNAL_DONE),
	    JOURNAL_OK);
}

/*
 * What the nodes say they did. Leads are numbers; each is accepted by one
 * node only, so that its updates have an order to be kept.
 */
#define LEADS 40
#define EACH 25 /* updates of a lead */

static struct {
	pthread_mutex_t lock;
	bool held[LEADS];
	unsigned done[LEADS]; /* updates that were delivered, from 0 */
	unsigned total, by_node[2];
	unsigned asked[2]; /* claims of each node */
	bool wrong;
} ledger = { .lock = PTHREAD_MUTEX_INITIALIZER };

/* One update of each of four leads of its own, in one group. */
static void
accept_some(struct worker *k, unsigned step)
{
	struct journal_accept a[4];
	struct journal_update u[4];
	struct journal_op *ops[4];
	char leads[4][8];

	for (unsigned i = 0; i < 4; i++) {
		unsigned lead = (k->node * 4 + i + step / EACH * 8) % LEADS;

		snprintf(leads[i], sizeof(leads[i]), "%u", lead);
		fill(&a[i], &u[i], (struct put){ .lead = leads[i] });
		name(a[i].id, lead, step % EACH);
		ops[i] = &a[i].op;
	}
	apply(k->w, ops, 4);
	for (unsigned i = 0; i < 4; i++)
		if (a[i].op.result != JOURNAL_OK)
			ledger.wrong = true;
}

static unsigned
lead_of(const struct journal_item *item)
{
	return (unsigned)str_number(str_of(item->lease.lead), LEADS);
}

static void
take(const struct journal_item *item)
{
	unsigned lead = lead_of(item);
	char id[JOURNAL_ID_SIZE];

	pthread_mutex_lock(&ledger.lock);
	name(id, lead, ledger.done[lead]);
	if (ledger.held[lead] || strcmp(id, item->id) != 0)
		ledger.wrong = true;
	ledger.held[lead] = true;
	pthread_mutex_unlock(&ledger.lock);
}

static void
drop(struct worker *k, const struct journal_item *item, bool done)
{
	unsigned lead = lead_of(item);

	pthread_mutex_lock(&ledger.lock);
	ledger.held[lead] = false;
	ledger.done[lead] += done;
	ledger.total += done;
	ledger.by_node[k->node] += done;
	pthread_mutex_unlock(&ledger.lock);
}

static void
deliver_some(struct worker *k)
{
	struct journal_settle s[8];
	struct journal_op *ops[8];
	size_t count = claim_most(k->w, 1 + roll(k, 8));

	pthread_mutex_lock(&ledger.lock);
	ledger.asked[k->node]++;
	pthread_mutex_unlock(&ledger.lock);
	for (size_t i = 0; i < count; i++) {
		const struct journal_item *item = &k->w->claim.items[i];
		bool done = roll(k, 4) > 0;

		take(item);
		s[i] = (struct journal_settle){
			.op = { .verb = JOURNAL_SETTLE },
			.target = STR("api"),
			.lease = item->lease,
			.to = done ? JOURNAL_DONE : JOURNAL_WAITING
		};
		ops[i] = &s[i].op;
		/* Before the next one may have it. */
		drop(k, item, done);
	}
	if (count > 0)
		apply(k->w, ops, count);
	for (size_t i = 0; i < count; i++)
		if (s[i].op.result != JOURNAL_OK)
			ledger.wrong = true;
}

static unsigned
delivered(void)
{
	unsigned total;

	pthread_mutex_lock(&ledger.lock);
	total = ledger.total;
	pthread_mutex_unlock(&ledger.lock);
	return total;
}

/* The other may have had no time: whoever asks alone gets it all. */
static bool
asks_alone(const struct worker *k)
{
	bool alone;

	pthread_mutex_lock(&ledger.lock);
	alone = ledger.asked[k->node] > ledger.asked[1 - k->node] + 20;
	pthread_mutex_unlock(&ledger.lock);
	return alone;
}

static void *
work(void *arg)
{
	struct worker *k = arg;
	int64_t until = clock_mono_us() + 120000000;
	unsigned steps = LEADS * EACH / 8;

	for (unsigned step = 0; step < steps; step++) {
		accept_some(k, step);
		if (roll(k, 2) == 0)
			deliver_some(k);
	}
	while (delivered() < LEADS * EACH && clock_mono_us() < until)
		if (asks_alone(k))
			next_tick();
		else
			deliver_some(k);
	return NULL;
}

static void
test_two_nodes_share_the_work_and_keep_the_order(void **state)
{
	struct world *w = *state;
	struct worker k[2] = { { &w[0], 0, 7 }, { &w[1], 1, 11 } };
	pthread_t threads[2];

	for (size_t i = 0; i < 2; i++)
		pthread_create(&threads[i], NULL, work, &k[i]);
	for (size_t i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	assert_false(ledger.wrong);
	assert_int_equal(ledger.total, LEADS * EACH);
	assert_string_equal(postgres_ask("SELECT count(*) FROM leadbridge.item"
	                                 " WHERE state = 2"),
	    "1000");
	for (size_t i = 0; i < 2; i++)
		assert_true(ledger.by_node[i] > LEADS * EACH / 20);
}

struct one {
	struct world *w;
	struct journal_item item;
};

static void *
put_ann(void *arg)
{
	struct one *o = arg;

	give(o->w, .number = 2, .lead = "ann");
	return NULL;
}

/* Who had to wait for the lane comes behind whom it waited for. */
static void
test_an_order_is_taken_under_the_lanes_lock(void **state)
{
	struct world *w = *state;
	struct one o = { .w = &w[0] };
	PGconn *other = postgres_client();
	PGresult *r;
	int64_t theirs;
	pthread_t thread;

	give(&w[0], .number = 1, .lead = "ann");
	PQclear(PQexec(other, "BEGIN"));
	PQclear(PQexec(other, "SELECT FROM leadbridge.lane FOR UPDATE"));
	pthread_create(&thread, NULL, put_ann, &o);
	postgres_await_waiting();
	r = PQexec(other, "SELECT nextval('leadbridge.ord')");
	theirs = str_number(str_of(PQgetvalue(r, 0, 0)), INT64_MAX);
	PQclear(r);
	PQclear(PQexec(other, "COMMIT"));
	pthread_join(thread, NULL);
	PQfinish(other);
	assert_true((int64_t)row_of(&w[0], 2)->order > theirs);
}

static void *
settle_item(void *arg)
{
	struct one *o = arg;

	if (settle_to(o->w, &o->item, JOURNAL_DONE) != JOURNAL_OK)
		fail_msg("fenced");
	return NULL;
}

#define TWINS 100

struct twin {
	struct world *w;
	unsigned kind, stored;
	bool wrong;
};

/* The same keys, four times each, under ids of its own. */
static void *
accept_twins(void *arg)
{
	struct twin *t = arg;
	struct journal_update u;

	for (unsigned i = 0; i < TWINS; i++) {
		char key[JOURNAL_HASH + 1] = "";
		enum journal_result got;

		snprintf(key, sizeof(key), "key%u", i / 4);
		fill(&t->w->accept, &u,
		    (struct put){ .lead = key, .key = key });
		name(t->w->accept.id, t->kind, i);
		got = apply_one(t->w, &t->w->accept.op);
		t->stored += got == JOURNAL_OK;
		t->wrong |= got != JOURNAL_OK && got != JOURNAL_DUPLICATE;
	}
	return NULL;
}

static void
test_twins_at_two_nodes_are_stored_once(void **state)
{
	struct world *w = *state;
	struct twin t[2] = { { .w = &w[0], .kind = 1 },
		{ .w = &w[1], .kind = 2 } };
	pthread_t threads[2];

	for (size_t i = 0; i < 2; i++)
		pthread_create(&threads[i], NULL, accept_twins, &t[i]);
	for (size_t i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	assert_false(t[0].wrong || t[1].wrong);
	assert_int_equal(t[0].stored + t[1].stored, TWINS / 4);
	assert_string_equal(postgres_ask("SELECT count(*) FROM "
	                                 "leadbridge.delivery"),
	    "25");
}

static void *
settle_all(void *arg)
{
	struct world *w = arg;
	size_t count = w->claim.count;

	for (size_t i = 0; i < count; i++)
		if (settle_to(w, &w->claim.items[i], JOURNAL_DONE) !=
		    JOURNAL_OK)
			fail_msg("fenced");
	return NULL;
}

/* Two halves of a delivery, deleted by two nodes at the same time. */
static void
test_the_last_one_out_takes_the_delivery_along(void **state)
{
	struct world *w = *state;
	pthread_t threads[2];

	for (size_t i = 0; i < 2; i++) {
		w[i].settings.keep_done = 0;
		world_reopen(&w[i]);
		be_patient(&w[i]);
	}
	for (unsigned n = 0; n < 60; n++) {
		struct journal_update u[2], unused;
		struct put p = { .number = n };
		char leads[2][8];

		put_fill(&w->accept, &unused, &p);
		for (size_t i = 0; i < 2; i++) {
			snprintf(leads[i], sizeof(leads[i]), "%u",
			    n * 2 + (unsigned)i);
			u[i] = (struct journal_update){ STR("api"),
				str_of(leads[i]), STR("{}"), STR_NONE };
		}
		w->accept.updates = u;
		w->accept.update_count = 2;
		assert_int_equal(apply_one(w, &w->accept.op), JOURNAL_OK);
	}
	assert_int_equal(claim_most(&w[0], 60), 60);
	assert_int_equal(claim_most(&w[1], 100), 60);
	for (size_t i = 0; i < 2; i++)
		pthread_create(&threads[i], NULL, settle_all, &w[i]);
	for (size_t i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	assert_string_equal(postgres_ask("SELECT count(*) FROM "
	                                 "leadbridge.delivery"),
	    "0");
}

/* ... and who comes second waits to see what the first has left. */
static void
test_the_second_waits_to_be_the_last(void **state)
{
	struct world *w = *state;
	struct journal_update u[2] = {
		{ STR("api"), STR("ann"), STR("{}"), STR_NONE },
		{ STR("api"), STR("ben"), STR("{}"), STR_NONE },
	};
	struct journal_update unused;
	struct put p = { .number = 1 };
	PGconn *other = postgres_client();
	struct one o = { .w = w };
	pthread_t thread;

	w->settings.keep_done = 0;
	world_reopen(w);
	be_patient(w);
	put_fill(&w->accept, &unused, &p);
	w->accept.updates = u;
	w->accept.update_count = 2;
	assert_int_equal(apply_one(w, &w->accept.op), JOURNAL_OK);
	assert_int_equal(claim_most(w, 2), 2);
	for (size_t i = 0; i < 2; i++)
		if (strcmp(w->claim.items[i].lease.lead, "ben") == 0)
			o.item = w->claim.items[i];
	PQclear(PQexec(other, "BEGIN"));
	PQclear(PQexec(other,
	    "SELECT leadbridge.settle_one('api', 'ann', fence, 0, 2, 0, false,"
	    " 200, '', false, true, 0) FROM leadbridge.lane"
	    " WHERE lead = 'ann'"));
	pthread_create(&thread, NULL, settle_item, &o);
	postgres_await_waiting();
	PQclear(PQexec(other, "COMMIT"));
	pthread_join(thread, NULL);
	PQfinish(other);
	assert_string_equal(postgres_ask("SELECT count(*) FROM "
	                                 "leadbridge.delivery"),
	    "0");
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		CASE(test_a_lease_is_one_nodes),
		CASE(test_a_dead_nodes_lease_is_taken_over_and_fenced),
		CASE(test_two_nodes_share_the_work_and_keep_the_order),
		CASE(test_an_order_is_taken_under_the_lanes_lock),
		CASE(test_twins_at_two_nodes_are_stored_once),
		CASE(test_the_last_one_out_takes_the_delivery_along),
		CASE(test_the_second_waits_to_be_the_last),
	};
	int failed;

	if (!postgres_start())
		return POSTGRES_SKIP;
	failed = cmocka_run_group_tests_name("journal.postgres.nodes", tests,
	    NULL, NULL);
	postgres_end();
	return failed;
}
