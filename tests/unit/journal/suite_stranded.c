/* tests/unit/journal/suite_stranded.c - items of targets there are no more. */
#include "unit/journal/suite.h"

/* Targets that a count is not to tell of. */
static void
count_but(struct world *w, struct journal_stats *stats, const char *served)
{
	const char *const names[] = { served };

	*stats = (struct journal_stats){ .op = { .verb = JOURNAL_STATS },
		.served = names,
		.served_count = 1 };
	assert_int_equal(apply_one(w, &stats->op), JOURNAL_OK);
}

static void
test_a_count_tells_what_each_target_has(void **state)
{
	struct world *w = *state;
	struct journal_stats stats;

	get_stats(w, &stats);
	assert_int_equal(stats.live_count, 0);
	give(w, .number = 1, .lead = "ann");
	give(w, .number = 2, .lead = "ann", .target = "old");
	give(w, .number = 3, .lead = "ann", .target = "old");
	give(w, .number = 4, .lead = "ben", .target = "old");
	give(w, .number = 5, .lead = "ben", .target = "old", .refused = "no");
	get_stats(w, &stats);
	assert_int_equal(stats.live_count, 2);
	assert_int_equal(live_of(&stats, "api"), 1);
	assert_int_equal(live_of(&stats, "old"), 3);
	count_but(w, &stats, "api");
	assert_int_equal(stats.live_count, 1);
	assert_int_equal(live_of(&stats, "old"), 3);
	count_but(w, &stats, "old");
	assert_int_equal(stats.live_count, 1);
	/* What is being sent is not over; what is over is. */
	claim_one(w);
	get_stats(w, &stats);
	assert_int_equal(live_of(&stats, "api"), 1);
	settle_to(w, &w->claim.items[0], JOURNAL_DONE);
	get_stats(w, &stats);
	assert_int_equal(live_of(&stats, "api"), 0);
	assert_int_equal(stats.live_count, 1);
}

static void
test_a_dead_one_that_blocks_is_not_counted(void **state)
{
	struct world *w = *state;
	struct journal_stats stats;
	struct journal_revive r = { .op = { .verb = JOURNAL_REVIVE } };
	const struct journal_update u = { .target = STR("api"),
		.lead = STR("ann"),
		.body = STR("{\"b\":2}") };

	give(w, .number = 1, .lead = "ann", .flags = JOURNAL_BLOCKS);
	give(w, .number = 2, .lead = "ann");
	claim_and_settle(w, JOURNAL_DEAD);
	get_stats(w, &stats);
	assert_int_equal(live_of(&stats, "api"), 1);
	memcpy(r.id, id_of(1), sizeof(r.id));
	assert_int_equal(apply_one(w, &r.op), JOURNAL_OK);
	get_stats(w, &stats);
	assert_int_equal(live_of(&stats, "api"), 2);
	/* Nor is the one that takes its place counted beside it. */
	claim_and_settle(w, JOURNAL_DEAD);
	r.updates = &u;
	r.update_count = 1;
	assert_int_equal(apply_one(w, &r.op), JOURNAL_OK);
	get_stats(w, &stats);
	assert_int_equal(live_of(&stats, "api"), 2);
}

/* One more target than a count can tell of costs the others nothing. */
static void
test_many_targets_are_counted_as_far_as_there_is_room(void **state)
{
	struct world *w = *state;
	struct journal_stats stats;

	for (unsigned i = 0; i <= JOURNAL_TARGETS; i++) {
		char name[16];

		snprintf(name, sizeof(name), "t%u", i);
		give(w, .number = i + 1, .lead = "ann", .target = name);
	}
	get_stats(w, &stats);
	assert_int_equal(stats.live_count, JOURNAL_TARGETS);
	for (size_t i = 0; i < stats.live_count; i++)
		assert_int_equal(stats.live[i].count, 1);
	assert_int_equal(stats.count[JOURNAL_WAITING], JOURNAL_TARGETS + 1);
}

/* With one new update for `api`, where it replaces so many at `old`. */
static enum journal_result
revive_from(struct world *w, unsigned number, const char *lead, size_t count)
{
	const struct journal_update u = { .target = STR("api"),
		.lead = str_of(lead),
		.body = STR("{\"b\":2}") };
	struct journal_revive r = { .op = { .verb = JOURNAL_REVIVE },
		.updates = &u,
		.update_count = 1,
		.from = STR("old"),
		.from_count = count };

	memcpy(r.id, id_of(number), sizeof(r.id));
	apply_one(w, &r.op);
	assert_int_equal(r.revived, r.op.result == JOURNAL_OK);
	return r.op.result;
}

static enum journal_result
drop_from(struct world *w, unsigned number, const char *target)
{
	struct journal_drop d = { .op = { .verb = JOURNAL_DROP },
		.from = str_of(target) };

	memcpy(d.id, id_of(number), sizeof(d.id));
	apply_one(w, &d.op);
	assert_int_equal(d.dropped, d.op.result == JOURNAL_OK);
	return d.op.result;
}

static void
test_what_is_stranded_may_go_elsewhere(void **state)
{
	struct world *w = *state;
	struct journal_stats stats;

	give(w, .number = 1, .lead = "ann", .target = "old");
	give(w, .number = 2, .lead = "ann", .target = "old");
	give(w, .number = 3, .lead = "ann");
	assert_int_equal(revive_from(w, 1, "ann", 1), JOURNAL_OK);
	/* The other is as it was, and next in its lane. */
	assert_int_equal(row_of(w, 2)->state, JOURNAL_WAITING);
	assert_int_equal(w->show.rows[0].due_ms, 0);
	assert_str(row_of(w, 1)->target, "api");
	assert_int_equal(w->show.count, 1);
	assert_int_equal(w->show.rows[0].n, 1);
	assert_str(w->show.rows[0].body, "{\"b\":2}");
	get_stats(w, &stats);
	assert_int_equal(live_of(&stats, "old"), 1);
	assert_int_equal(live_of(&stats, "api"), 2);
	assert_id(claim_one(w)->id, 3);
	settle_to(w, &w->claim.items[0], JOURNAL_DONE);
	assert_id(claim_one(w)->id, 1);
	settle_to(w, &w->claim.items[0], JOURNAL_DONE);
	assert_int_equal(revive_from(w, 2, "ann", 1), JOURNAL_OK);
	assert_id(claim_one(w)->id, 2);
	get_stats(w, &stats);
	assert_int_equal(live_of(&stats, "old"), 0);
}

/* Nothing is sent twice, for it is replaced as it was seen, or not at all. */
static void
test_what_is_stranded_goes_only_as_it_was_seen(void **state)
{
	struct world *w = *state;

	give(w, .number = 1, .lead = "ann", .target = "old");
	assert_int_equal(revive_from(w, 1, "ann", 2), JOURNAL_FENCED);
	assert_int_equal(claim_with(w,
	                     (struct journal_claim){ .target = STR("old"),
	                         .most = 1,
	                         .again = 1,
	                         .lease_ms = HOUR }),
	    1);
	assert_int_equal(revive_from(w, 1, "ann", 1), JOURNAL_FENCED);
	assert_int_equal(drop_from(w, 1, "old"), JOURNAL_NOT_FOUND);
	assert_int_equal(row_of(w, 1)->state, JOURNAL_SENDING);
	assert_int_equal(settle_with(w, &w->claim.items[0],
	                     (struct journal_settle){ .to = JOURNAL_DONE,
	                         .target = STR("old") }),
	    JOURNAL_OK);
	assert_int_equal(revive_from(w, 1, "ann", 1), JOURNAL_FENCED);
	assert_int_equal(row_of(w, 1)->state, JOURNAL_DONE);
	assert_int_equal(w->show.count, 1);
	assert_int_equal(revive_from(w, 2, "ann", 1), JOURNAL_NOT_FOUND);
	/* Nor has that left a lane behind. */
	give(w, .number = 3, .lead = "ann");
	assert_id(claim_one(w)->id, 3);
}

/* Its holder is no more, and nobody claims what it held. */
static void
test_what_nobody_holds_any_more_may_go_elsewhere(void **state)
{
	struct world *w = *state;
	static const struct journal_claim lost = { .target = STR("old"),
		.most = 1,
		.again = 1 };

	give(w, .number = 1, .lead = "ann", .target = "old");
	give(w, .number = 2, .lead = "ann", .target = "old");
	assert_int_equal(claim_with(w, lost), 1);
	assert_int_equal(row_of(w, 1)->state, JOURNAL_SENDING);
	assert_int_equal(revive_from(w, 1, "ann", 1), JOURNAL_OK);
	assert_id(claim_one(w)->id, 1);
	/* The lane is the next one's. */
	assert_int_equal(claim_with(w, lost), 1);
	assert_id(w->claim.items[0].id, 2);
	assert_int_equal(drop_from(w, 2, "old"), JOURNAL_OK);
	assert_false(is_there(w, 2));
	assert_int_equal(claim_with(w, lost), 0);
}

static void
test_what_is_stranded_may_be_dropped(void **state)
{
	struct world *w = *state;
	struct journal_stats stats;

	give(w, .number = 1, .lead = "ann", .target = "old");
	give(w, .number = 2, .lead = "ann", .target = "old");
	give(w, .number = 3, .lead = "ann");
	assert_int_equal(drop_from(w, 1, "api"), JOURNAL_NOT_FOUND);
	assert_int_equal(drop_from(w, 3, "old"), JOURNAL_NOT_FOUND);
	assert_int_equal(drop_from(w, 1, "old"), JOURNAL_OK);
	assert_false(is_there(w, 1));
	assert_true(is_there(w, 2));
	get_stats(w, &stats);
	assert_int_equal(live_of(&stats, "old"), 1);
	assert_int_equal(live_of(&stats, "api"), 1);
}

const struct CMUnitTest suite_stranded[] = {
	cmocka_unit_test(test_a_count_tells_what_each_target_has),
	cmocka_unit_test(test_a_dead_one_that_blocks_is_not_counted),
	cmocka_unit_test(test_many_targets_are_counted_as_far_as_there_is_room),
	cmocka_unit_test(test_what_is_stranded_may_go_elsewhere),
	cmocka_unit_test(test_what_is_stranded_goes_only_as_it_was_seen),
	cmocka_unit_test(test_what_nobody_holds_any_more_may_go_elsewhere),
	cmocka_unit_test(test_what_is_stranded_may_be_dropped),
	{ .name = NULL },
};
