/* tests/unit/journal/test_postgres_broom.c - a person and the broom, while two
 * nodes are at work. */
#include <pthread.h>
#include <stdatomic.h>

#include "unit/journal/postgres_nodes.h"

static atomic_bool broom_rests;

static void
ask_one(struct world *w, struct journal_op *op, enum journal_verb verb)
{
	op->verb = verb;
	apply_one(w, op);
}

/* What a person and the broom do, whatever else goes on. */
static void *
sweep(void *arg)
{
	struct worker *k = arg;

	while (!atomic_load(&broom_rests)) {
		struct journal_update u = { STR("api"), STR("5"), STR("{}"),
			STR_NONE };
		struct journal_prune prune = { .most = 20 };
		struct journal_stats stats = { .lanes = 0 };
		struct journal_forget forget = { .lead = STR("3") };
		struct journal_revive revive = { .update_count = 0 };
		struct journal_drop dropped = { .dropped = 0 };

		name(revive.id, roll(k, 2), roll(k, 200));
		name(dropped.id, roll(k, 2), roll(k, 200));
		if (roll(k, 2) == 0) {
			revive.updates = &u;
			revive.update_count = 1;
		}
		ask_one(k->w, &revive.op, JOURNAL_REVIVE);
		ask_one(k->w, &dropped.op, JOURNAL_DROP);
		ask_one(k->w, &prune.op, JOURNAL_PRUNE);
		ask_one(k->w, &stats.op, JOURNAL_STATS);
		if (roll(k, 8) == 0)
			ask_one(k->w, &forget.op, JOURNAL_FORGET);
	}
	return NULL;
}

static void *
busy(void *arg)
{
	static const enum journal_state ends[] = { JOURNAL_DONE, JOURNAL_DEAD,
		JOURNAL_WAITING };
	struct worker *k = arg;

	for (unsigned n = 0; n < 200; n++) {
		char lead[8];
		struct journal_settle s[4];
		struct journal_op *ops[4];
		struct journal_update u;
		size_t count;

		snprintf(lead, sizeof(lead), "%u", roll(k, 8));
		fill(&k->w->accept, &u,
		    (struct put){ .lead = lead, .flags = roll(k, 8) });
		name(k->w->accept.id, k->node, n);
		apply_one(k->w, &k->w->accept.op);
		count = claim_most(k->w, 4);
		for (size_t i = 0; i < count; i++) {
			s[i] = (struct journal_settle){
				.op = { .verb = JOURNAL_SETTLE },
				.target = STR("api"),
				.lease = k->w->claim.items[i].lease,
				.to = ends[roll(k, COUNT_OF(ends))]
			};
			ops[i] = &s[i].op;
		}
		if (count > 0)
			apply(k->w, ops, count);
	}
	return NULL;
}

/* The rules of postgres_sound() hold in the end: see teardown. */
static void
test_a_person_and_the_broom_may_do_all_meanwhile(void **state)
{
	struct world *w = *state;
	struct world broom;
	struct worker k[3] = { { &w[0], 0, 3 }, { &w[1], 1, 5 },
		{ &broom, 2, 9 } };
	pthread_t threads[3];

	join(&broom, &w[0]);
	atomic_store(&broom_rests, false);
	pthread_create(&threads[2], NULL, sweep, &k[2]);
	for (size_t i = 0; i < 2; i++)
		pthread_create(&threads[i], NULL, busy, &k[i]);
	for (size_t i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	atomic_store(&broom_rests, true);
	pthread_join(threads[2], NULL);
	leave(&broom);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		CASE(test_a_person_and_the_broom_may_do_all_meanwhile),
	};

	if (!postgres_start())
		return POSTGRES_SKIP;
	return cmocka_run_group_tests_name("journal.postgres.broom", tests,
	    NULL, NULL);
}
