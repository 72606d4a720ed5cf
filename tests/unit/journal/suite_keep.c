/* tests/unit/journal/suite_keep.c - how long what is kept. */
#include "unit/journal/suite.h"

static size_t
prune(struct world *w, size_t most)
{
	struct journal_prune p = { .op = { .verb = JOURNAL_PRUNE },
		.most = most };

	assert_int_equal(apply_one(w, &p.op), JOURNAL_OK);
	return p.pruned;
}

/* Everything that is old after a moment is gone. */
static void
prune_all(struct world *w)
{
	next_tick();
	while (prune(w, 100) == 100)
		;
}

static void
test_nothing_young_is_pruned(void **state)
{
	struct world *w = *state;

	w->settings.keep_dead = HOUR;
	world_reopen(w);
	give(w, .number = 1, .key = "k");
	claim_and_settle(w, JOURNAL_DONE);
	give(w, .number = 2);
	claim_and_settle(w, JOURNAL_DEAD);
	give(w, .number = 3, .refused = "no");
	give(w, .number = 4);
	prune_all(w);
	for (unsigned i = 1; i <= 4; i++)
		assert_str(row_of(w, i)->event, "the event");
	assert_str(row_of(w, 1)->body, "{\"status\":\"new\"}");
	assert_int_equal(put(w, (struct put){ .number = 5, .key = "k" }),
	    JOURNAL_DUPLICATE);
}

static void
test_done_items_are_pruned_in_time(void **state)
{
	struct world *w = *state;

	w->settings.keep_done = 1;
	world_reopen(w);
	give(w, .number = 1, .lead = "ann");
	claim_and_settle(w, JOURNAL_DONE);
	give(w, .number = 2, .lead = "ann");
	claim_and_settle(w, JOURNAL_DEAD);
	give(w, .number = 3, .lead = "ann");
	give(w, .number = 4, .refused = "no");
	prune_all(w);
	assert_false(is_there(w, 1));
	for (unsigned i = 2; i <= 4; i++)
		assert_true(is_there(w, i));
	assert_id(claim_one(w)->id, 3);
}

/* A batch of which one is delivered, and one is dead. */
static void
give_half_delivered(struct world *w)
{
	struct journal_update u[2] = {
		{ STR("api"), STR("ann"), STR("{\"a\":1}"), STR_NONE },
		{ STR("api"), STR("ben"), STR("{\"b\":1}"), STR_NONE },
	};
	struct journal_update one;

	put_fill(&w->accept, &one, &(struct put){ .number = 1 });
	w->accept.updates = u;
	w->accept.update_count = 2;
	assert_int_equal(apply_one(w, &w->accept.op), JOURNAL_OK);
	assert_int_equal(claim_most(w, 10), 2);
	for (size_t i = 0; i < 2; i++) {
		bool ann = strcmp(w->claim.items[i].lease.lead, "ann") == 0;

		assert_int_equal(settle_to(w, &w->claim.items[i],
		                     ann ? JOURNAL_DONE : JOURNAL_DEAD),
		    JOURNAL_OK);
	}
}

static void
revive_one(struct world *w)
{
	struct journal_revive r = { .op = { .verb = JOURNAL_REVIVE } };

	memcpy(r.id, id_of(1), sizeof(r.id));
	assert_int_equal(apply_one(w, &r.op), JOURNAL_OK);
}

/* A retry of the rest has to know what was delivered. */
static void
keep_for_the_rest(struct world *w)
{
	world_reopen(w);
	give_half_delivered(w);
	prune_all(w);
	assert_true(is_there(w, 1));
	assert_int_equal(w->show.count, 2);
	assert_int_equal(w->show.rows[0].state, JOURNAL_DONE);
	assert_int_equal(w->show.rows[0].n, 0);
	assert_int_equal(w->show.rows[1].state, JOURNAL_DEAD);
	revive_one(w);
	claim_and_settle(w, JOURNAL_DONE);
	prune_all(w);
	assert_false(is_there(w, 1));
}

static void
test_what_was_delivered_is_known_while_the_rest_is_not(void **state)
{
	struct world *w = *state;

	w->settings.keep_done = 1;
	keep_for_the_rest(w);
}

static void
test_nothing_kept_is_known_while_the_rest_is_not(void **state)
{
	struct world *w = *state;

	w->settings.keep_done = 0;
	keep_for_the_rest(w);
	/* Of what is delivered as a whole nothing waits for a broom. */
	give_half_delivered(w);
	revive_one(w);
	claim_and_settle(w, JOURNAL_DONE);
	assert_false(is_there(w, 1));
}

static void
test_done_bodies_are_pruned_in_time(void **state)
{
	struct world *w = *state;

	w->settings.keep_bodies = 1;
	world_reopen(w);
	give(w, .number = 1, .lead = "ann");
	claim_and_settle(w, JOURNAL_DONE);
	give(w, .number = 2, .lead = "ann");
	claim_and_settle(w, JOURNAL_DEAD);
	prune_all(w);
	assert_int_equal(row_of(w, 1)->state, JOURNAL_DONE);
	assert_null(row_of(w, 1)->body.at);
	assert_null(row_of(w, 1)->event.at);
	assert_non_null(row_of(w, 2)->body.at);
	assert_str(row_of(w, 2)->event, "the event");
	assert_int_equal(prune(w, 100), 0); /* once is enough */
}

static void
test_done_bodies_may_go_at_once(void **state)
{
	struct world *w = *state;
	struct journal_update unused,
	    u[2] = {
		    { STR("api"), STR("ann"), STR("{}"), STR_NONE },
		    { STR("api"), STR("ben"), STR("{}"), STR_NONE },
	    };
	struct put p = { .number = 1 };

	w->settings.keep_bodies = 0;
	world_reopen(w);
	put_fill(&w->accept, &unused, &p);
	w->accept.updates = u;
	w->accept.update_count = 2;
	assert_int_equal(apply_one(w, &w->accept.op), JOURNAL_OK);
	assert_int_equal(claim_most(w, 1), 1);
	assert_int_equal(settle_to(w, &w->claim.items[0], JOURNAL_DONE),
	    JOURNAL_OK);
	/* The event stays as long as a part of it may be needed. */
	assert_str(row_of(w, 1)->event, "the event");
	claim_and_settle(w, JOURNAL_DONE);
	assert_true(is_there(w, 1));
	for (size_t i = 0; i < 2; i++) {
		assert_null(w->show.rows[i].body.at);
		assert_null(w->show.rows[i].event.at);
		assert_int_equal(w->show.rows[i].state, JOURNAL_DONE);
	}
}

static void
test_done_items_may_go_at_once(void **state)
{
	struct world *w = *state;

	w->settings.keep_done = 0;
	world_reopen(w);
	give(w, .number = 1, .lead = "ann");
	give(w, .number = 2, .lead = "ann");
	claim_and_settle(w, JOURNAL_DONE);
	assert_false(is_there(w, 1));
	claim_and_settle(w, JOURNAL_DEAD);
	assert_true(is_there(w, 2));
}

static void
test_keys_are_pruned_in_time(void **state)
{
	struct world *w = *state;

	w->settings.keep_keys = 1;
	world_reopen(w);
	give(w, .number = 1, .key = "k");
	prune_all(w);
	assert_true(is_there(w, 1));
	give(w, .number = 2, .key = "k");
	assert_true(is_there(w, 2));
}

/* What one delivery is forgotten with is not what another is known by. */
static void
test_a_key_that_is_anothers_by_now_stays(void **state)
{
	struct world *w = *state;
	struct journal_forget f = { .op = { .verb = JOURNAL_FORGET },
		.lead = STR("ann") };

	w->settings.keep_keys = 1;
	world_reopen(w);
	give(w, .number = 1, .lead = "ann", .key = "k");
	prune_all(w);
	give(w, .number = 2, .lead = "ben", .key = "k");
	assert_int_equal(apply_one(w, &f.op), JOURNAL_OK);
	assert_int_equal(f.items, 1);
	assert_int_equal(f.keys, 0);
	assert_int_equal(put(w, (struct put){ .number = 3, .key = "k" }),
	    JOURNAL_DUPLICATE);
	assert_id(w->accept.first.id, 2);
}

static void
test_the_dead_are_kept_for_ever_or_pruned(void **state)
{
	struct world *w = *state;

	give(w, .number = 1, .lead = "ann", .flags = JOURNAL_BLOCKS);
	claim_and_settle(w, JOURNAL_DEAD);
	prune_all(w);
	assert_true(is_there(w, 1));
	w->settings.keep_dead = 1;
	world_reopen(w);
	if (!w->with->durable) {
		give(w, .number = 1, .lead = "ann", .flags = JOURNAL_BLOCKS);
		claim_and_settle(w, JOURNAL_DEAD);
	}
	give(w, .number = 2, .lead = "ann");
	prune_all(w);
	assert_false(is_there(w, 1));
	assert_id(claim_one(w)->id, 2); /* it blocked, and is gone */
}

static void
test_the_oldest_refused_go_first(void **state)
{
	struct world *w = *state;

	w->settings.keep_refused = 2;
	world_reopen(w);
	for (unsigned i = 1; i <= 5; i++)
		give(w, .number = i, .refused = "no");
	prune_all(w);
	for (unsigned i = 1; i <= 5; i++)
		assert_int_equal(is_there(w, i), i > 3);
}

static void
test_pruning_goes_in_slices(void **state)
{
	struct world *w = *state;

	w->settings.keep_refused = 0;
	world_reopen(w);
	for (unsigned i = 1; i <= 5; i++)
		give(w, .number = i, .refused = "no");
	assert_int_equal(prune(w, 2), 2);
	assert_int_equal(list_with(w, (struct journal_list){ .after = 0 }), 3);
	assert_int_equal(prune(w, 2), 2);
	assert_int_equal(prune(w, 2), 1);
	assert_int_equal(prune(w, 2), 0);
	assert_int_equal(list_with(w, (struct journal_list){ .after = 0 }), 0);
}

const struct CMUnitTest suite_keep[] = {
	cmocka_unit_test(test_nothing_young_is_pruned),
	cmocka_unit_test(test_done_items_are_pruned_in_time),
	cmocka_unit_test(
	    test_what_was_delivered_is_known_while_the_rest_is_not),
	cmocka_unit_test(test_nothing_kept_is_known_while_the_rest_is_not),
	cmocka_unit_test(test_done_bodies_are_pruned_in_time),
	cmocka_unit_test(test_done_bodies_may_go_at_once),
	cmocka_unit_test(test_done_items_may_go_at_once),
	cmocka_unit_test(test_keys_are_pruned_in_time),
	cmocka_unit_test(test_a_key_that_is_anothers_by_now_stays),
	cmocka_unit_test(test_the_dead_are_kept_for_ever_or_pruned),
	cmocka_unit_test(test_the_oldest_refused_go_first),
	cmocka_unit_test(test_pruning_goes_in_slices),
	{ .name = NULL },
};
