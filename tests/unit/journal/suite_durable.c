/* tests/unit/journal/suite_durable.c - what is there after a restart. */
#include "unit/journal/suite.h"

static void
test_what_was_accepted_outlives_a_restart(void **state)
{
	struct world *w = *state;
	struct journal_stats stats;

	give(w, .number = 1, .key = "k", .lead = "ann");
	give(w, .number = 2, .lead = "ann");
	world_reopen(w);
	assert_int_equal(put(w, (struct put){ .number = 3, .key = "k" }),
	    JOURNAL_DUPLICATE);
	assert_str(row_of(w, 1)->event, "the event");
	get_stats(w, &stats);
	assert_int_equal(live_of(&stats, "api"), 2);
	assert_id(claim_one(w)->id, 1);
	assert_int_equal(settle_to(w, &w->claim.items[0], JOURNAL_DONE),
	    JOURNAL_OK);
	world_reopen(w);
	assert_int_equal(row_of(w, 1)->state, JOURNAL_DONE);
	assert_id(claim_one(w)->id, 2);
}

static void
test_attempts_and_delays_outlive_a_restart(void **state)
{
	struct world *w = *state;

	give(w, .number = 1, .lead = "ann");
	assert_int_equal(settle_with(w, claim_one(w),
	                     (struct journal_settle){ .to = JOURNAL_WAITING,
	                         .delay_ms = HOUR,
	                         .status = 503,
	                         .reason = "upstream is busy" }),
	    JOURNAL_OK);
	world_reopen(w);
	assert_int_equal(claim_most(w, 10), 0);
	assert_true(w->claim.next_ms > HOUR - 600000);
	assert_true(w->claim.next_ms <= HOUR);
	assert_int_equal(row_of(w, 1)->attempts, 1);
	assert_int_equal(row_of(w, 1)->status, 503);
	assert_str(row_of(w, 1)->reason, "upstream is busy");
}

static void
test_notes_outlive_a_restart(void **state)
{
	struct world *w = *state;

	give(w, .number = 1, .flags = JOURNAL_COALESCE);
	assert_int_equal(settle_with(w, claim_one(w),
	                     (struct journal_settle){ .to = JOURNAL_WAITING,
	                         .notes = JOURNAL_NOTES }),
	    JOURNAL_OK);
	world_reopen(w);
	assert_int_equal(claim_one(w)->flags, JOURNAL_COALESCE | JOURNAL_NOTES);
}

static void
test_a_dead_head_blocks_after_a_restart(void **state)
{
	struct world *w = *state;

	give(w, .number = 1, .lead = "ann", .flags = JOURNAL_BLOCKS);
	give(w, .number = 2, .lead = "ann");
	claim_and_settle(w, JOURNAL_DEAD);
	world_reopen(w);
	assert_int_equal(claim_most(w, 10), 0);
	assert_int_equal(w->claim.next_ms, -1);
}

/* A lease of before is void, or goes on: its fence is never given again. */
static void
test_fences_are_not_given_again_after_a_restart(void **state)
{
	struct world *w = *state;
	struct journal_item old;

	give(w, .number = 1, .lead = "ann");
	assert_int_equal(claim_with(w,
	                     (struct journal_claim){ .most = 1,
	                         .again = 1,
	                         .lease_ms = 0 }),
	    1);
	old = w->claim.items[0];
	world_reopen(w);
	assert_int_equal(claim_one(w)->attempts, 2);
	assert_true(w->claim.items[0].lease.fence != old.lease.fence);
	assert_int_equal(row_of(w, 1)->strikes, 1);
	assert_int_equal(settle_to(w, &old, JOURNAL_DONE), JOURNAL_FENCED);
}

const struct CMUnitTest suite_durable[] = {
	cmocka_unit_test(test_what_was_accepted_outlives_a_restart),
	cmocka_unit_test(test_attempts_and_delays_outlive_a_restart),
	cmocka_unit_test(test_notes_outlive_a_restart),
	cmocka_unit_test(test_a_dead_head_blocks_after_a_restart),
	cmocka_unit_test(test_fences_are_not_given_again_after_a_restart),
	{ .name = NULL },
};
