/* tests/unit/journal/suite_lanes.c - order, leases, fences, strikes, delays. */
#include "unit/journal/suite.h"

static const char *const leads[] = { "ann", "ben", "cid", "dov" };

static struct journal_item
claim_for_nothing(struct world *w)
{
	assert_int_equal(claim_with(w,
	                     (struct journal_claim){ .most = 1,
	                         .again = 1,
	                         .lease_ms = 0 }),
	    1);
	return w->claim.items[0];
}

static void
test_an_item_comes_with_all_it_needs(void **state)
{
	struct world *w = *state;
	const struct journal_item *item;

	give(w, .number = 7, .lead = "ann", .route = "/hooks/b",
	    .body = "{\"x\":1}", .flags = JOURNAL_ONCE);
	item = claim_one(w);
	assert_id(item->id, 7);
	assert_int_equal(item->n, 0);
	assert_str(item->route, "/hooks/b");
	assert_str(item->body, "{\"x\":1}");
	assert_string_equal(item->lease.lead, "ann");
	assert_true(item->lease.fence > 0);
	assert_int_equal(item->lease.order, item->order);
	assert_int_equal(item->flags, JOURNAL_ONCE);
	assert_int_equal(item->attempts, 1);
	assert_true(item->age_ms >= 0 && item->age_ms < HOUR);
	assert_false(item->follows);
	assert_int_equal(row_of(w, 7)->state, JOURNAL_SENDING);
	assert_int_equal(row_of(w, 7)->attempts, 1);
	assert_int_equal(row_of(w, 7)->order, w->claim.items[0].order);
}

static void
test_a_lane_is_first_in_first_out(void **state)
{
	struct world *w = *state;

	for (unsigned i = 1; i <= 4; i++)
		give(w, .number = i, .lead = "ann");
	for (unsigned i = 1; i <= 4; i++) {
		struct journal_item head = *claim_one(w);

		assert_id(head.id, i);
		assert_int_equal(claim_most(w, 10), 0);
		assert_int_equal(settle_to(w, &head, JOURNAL_DONE), JOURNAL_OK);
		assert_int_equal(w->settle.next_ms, i < 4 ? 0 : -1);
	}
	assert_int_equal(claim_most(w, 10), 0);
	assert_int_equal(w->claim.next_ms, -1);
}

static void
test_lanes_go_side_by_side(void **state)
{
	struct world *w = *state;

	give(w, .number = 1, .lead = "ann");
	give(w, .number = 2, .lead = "ben");
	give(w, .number = 3, .lead = "ann", .target = "other");
	give(w, .number = 4, .lead = "cid");
	assert_int_equal(claim_most(w, 2), 2);
	assert_int_equal(w->claim.next_ms, 0); /* one is left over */
	assert_int_equal(claim_most(w, 2), 1);
	assert_true(w->claim.next_ms > HOUR - 600000); /* the leases' end */
	assert_int_equal(claim_with(w,
	                     (struct journal_claim){ .target = STR("other"),
	                         .most = 5,
	                         .again = 5,
	                         .lease_ms = HOUR }),
	    1);
	assert_id(w->claim.items[0].id, 3);
	assert_int_equal(claim_with(w,
	                     (struct journal_claim){ .target = STR("none"),
	                         .most = 5 }),
	    0);
	assert_int_equal(w->claim.next_ms, -1);
}

static void
test_who_waits_longest_is_first(void **state)
{
	struct world *w = *state;

	give(w, .number = 1, .lead = "zoe");
	next_tick();
	give(w, .number = 2, .lead = "ann");
	next_tick();
	give(w, .number = 3, .lead = "zoe");
	next_tick();
	assert_int_equal(claim_most(w, 1), 1);
	assert_id(w->claim.items[0].id, 1);
	assert_int_equal(settle_to(w, &w->claim.items[0], JOURNAL_DONE),
	    JOURNAL_OK);
	next_tick();
	/* Lanes take turns: zoe's next is older, ann's lane waited longer. */
	assert_int_equal(claim_most(w, 1), 1);
	assert_id(w->claim.items[0].id, 2);
}

static void
test_a_lease_that_ran_out_is_anothers(void **state)
{
	struct world *w = *state;
	struct journal_item first, second;

	give(w, .number = 1, .lead = "ann");
	give(w, .number = 2, .lead = "ann");
	first = claim_for_nothing(w);
	second = *claim_one(w);
	assert_id(second.id, 1);
	assert_int_equal(second.attempts, 2);
	assert_true(first.lease.fence != second.lease.fence);
	assert_int_equal(row_of(w, 1)->strikes, 1);
	assert_int_equal(settle_to(w, &first, JOURNAL_DONE), JOURNAL_FENCED);
	assert_int_equal(row_of(w, 1)->state, JOURNAL_SENDING);
	assert_int_equal(settle_to(w, &second, JOURNAL_DONE), JOURNAL_OK);
	assert_int_equal(settle_to(w, &second, JOURNAL_DONE), JOURNAL_FENCED);
	assert_int_equal(row_of(w, 1)->state, JOURNAL_DONE);
	assert_int_equal(row_of(w, 2)->state, JOURNAL_WAITING);
}

static void
test_a_late_settle_is_taken_while_nobody_else_came(void **state)
{
	struct world *w = *state;
	struct journal_item item;

	give(w, .number = 1);
	item = claim_for_nothing(w);
	next_tick();
	assert_int_equal(settle_to(w, &item, JOURNAL_DONE), JOURNAL_OK);
	assert_int_equal(row_of(w, 1)->state, JOURNAL_DONE);
}

static void
test_what_nobody_leased_cannot_be_settled(void **state)
{
	struct world *w = *state;
	struct journal_item item = { .lease = { .lead = "ann" } };

	assert_int_equal(settle_to(w, &item, JOURNAL_DONE), JOURNAL_FENCED);
	give(w, .number = 1, .lead = "ann");
	assert_int_equal(settle_to(w, &item, JOURNAL_DONE), JOURNAL_FENCED);
	item = *claim_one(w);
	item.lease.fence++;
	assert_int_equal(settle_to(w, &item, JOURNAL_DONE), JOURNAL_FENCED);
	item.lease.fence--;
	assert_int_equal(settle_with(w, &item,
	                     (struct journal_settle){ .to = JOURNAL_DONE,
	                         .target = STR("other") }),
	    JOURNAL_FENCED);
	assert_int_equal(settle_to(w, &item, JOURNAL_DONE), JOURNAL_OK);
}

/* Claims until something is handed out, or there is nothing to be had. */
static size_t
claim_on(struct world *w)
{
	for (int i = 0; i < 3; i++)
		if (claim_most(w, 10) > 0)
			return w->claim.count;
	return 0;
}

static void
test_who_is_abandoned_too_often_is_dead(void **state)
{
	struct world *w = *state;

	give(w, .number = 1, .lead = "ann");
	give(w, .number = 2, .lead = "ann");
	for (int i = 0; i < JOURNAL_STRIKES; i++)
		assert_id(claim_for_nothing(w).id, 1);
	assert_int_equal(row_of(w, 1)->strikes, JOURNAL_STRIKES - 1);
	assert_int_equal(claim_on(w), 1);
	assert_id(w->claim.items[0].id, 2);
	assert_int_equal(w->claim.items[0].attempts, 1);
	assert_int_equal(row_of(w, 1)->state, JOURNAL_DEAD);
	assert_int_equal(row_of(w, 1)->attempts, JOURNAL_STRIKES);
	assert_str(row_of(w, 1)->reason, "abandoned 5 times");
}

/* It may have been applied: that is for a person to find out. */
static void
test_what_may_be_tried_once_is_dead_when_it_is_abandoned(void **state)
{
	struct world *w = *state;

	give(w, .number = 1, .lead = "ann", .flags = JOURNAL_ONCE);
	give(w, .number = 2, .lead = "ann");
	assert_id(claim_for_nothing(w).id, 1);
	assert_int_equal(claim_on(w), 1);
	assert_id(w->claim.items[0].id, 2);
	give(w, .number = 3, .lead = "ben",
	    .flags = JOURNAL_ONCE | JOURNAL_BLOCKS, .lease = true);
	give(w, .number = 4, .lead = "ben");
	assert_int_equal(claim_on(w), 0);
	for (unsigned i = 1; i <= 3; i += 2) {
		assert_int_equal(row_of(w, i)->state, JOURNAL_DEAD);
		assert_int_equal(row_of(w, i)->strikes, 1);
		assert_str(row_of(w, i)->reason,
		    "abandoned, and it may have been applied");
	}
	assert_int_equal(row_of(w, 4)->state, JOURNAL_WAITING);
}

static void
test_the_last_of_a_lane_may_be_abandoned(void **state)
{
	struct world *w = *state;

	give(w, .number = 1, .lead = "ann");
	for (int i = 0; i < JOURNAL_STRIKES; i++)
		claim_for_nothing(w);
	assert_int_equal(claim_on(w), 0);
	assert_int_equal(w->claim.next_ms, -1);
	assert_int_equal(row_of(w, 1)->state, JOURNAL_DEAD);
	give(w, .number = 2, .lead = "ann");
	assert_id(claim_one(w)->id, 2);
}

static void
test_an_abandoned_head_may_block(void **state)
{
	struct world *w = *state;

	give(w, .number = 1, .lead = "ann", .flags = JOURNAL_BLOCKS);
	give(w, .number = 2, .lead = "ann");
	for (int i = 0; i < JOURNAL_STRIKES; i++)
		claim_for_nothing(w);
	assert_int_equal(claim_on(w), 0);
	assert_int_equal(w->claim.next_ms, -1);
	assert_int_equal(row_of(w, 1)->state, JOURNAL_DEAD);
}

static void
test_a_settle_forgives_strikes(void **state)
{
	struct world *w = *state;
	struct journal_item item;

	give(w, .number = 1);
	for (int i = 0; i < JOURNAL_STRIKES; i++)
		item = claim_for_nothing(w);
	assert_int_equal(settle_to(w, &item, JOURNAL_WAITING), JOURNAL_OK);
	assert_int_equal(row_of(w, 1)->strikes, 0);
	for (int i = 0; i < JOURNAL_STRIKES; i++)
		assert_id(claim_for_nothing(w).id, 1);
}

static void
test_a_delay_holds_the_lane_and_no_other(void **state)
{
	struct world *w = *state;

	give(w, .number = 1, .lead = "ann");
	give(w, .number = 2, .lead = "ann");
	assert_int_equal(settle_with(w, claim_one(w),
	                     (struct journal_settle){ .to = JOURNAL_WAITING,
	                         .delay_ms = HOUR,
	                         .status = 503,
	                         .reason = "busy" }),
	    JOURNAL_OK);
	assert_true(w->settle.next_ms > HOUR - 600000);
	assert_true(w->settle.next_ms <= HOUR);
	assert_int_equal(claim_most(w, 10), 0);
	assert_true(w->claim.next_ms > HOUR - 600000);
	assert_true(w->claim.next_ms <= HOUR);
	assert_true(row_of(w, 1)->due_ms > HOUR - 600000);
	assert_int_equal(row_of(w, 1)->state, JOURNAL_WAITING);
	assert_int_equal(row_of(w, 1)->attempts, 1);
	assert_int_equal(row_of(w, 1)->status, 503);
	assert_str(row_of(w, 1)->reason, "busy");
	assert_int_equal(row_of(w, 2)->due_ms, -1);
	give(w, .number = 3, .lead = "ben");
	assert_id(claim_one(w)->id, 3);
}

static void
test_without_a_delay_the_next_try_is_now(void **state)
{
	struct world *w = *state;

	give(w, .number = 1);
	claim_and_settle(w, JOURNAL_WAITING);
	assert_int_equal(w->settle.next_ms, 0);
	assert_int_equal(claim_one(w)->attempts, 2);
}

static void
test_only_those_that_wait_are_delayed(void **state)
{
	struct world *w = *state;

	for (unsigned i = 1; i <= 3; i++)
		give(w, .number = i, .lead = "ann");
	for (unsigned i = 1; i <= 2; i++) {
		assert_id(claim_one(w)->id, i);
		assert_int_equal(settle_with(w, &w->claim.items[0],
		                     (struct journal_settle){ .to = i == 1
		                             ? JOURNAL_DONE
		                             : JOURNAL_DEAD,
		                         .delay_ms = HOUR }),
		    JOURNAL_OK);
		assert_int_equal(w->settle.next_ms, 0);
	}
	assert_id(claim_one(w)->id, 3);
}

static void
test_an_attempt_that_is_not_burnt_does_not_count(void **state)
{
	struct world *w = *state;

	give(w, .number = 1);
	assert_int_equal(settle_with(w, claim_one(w),
	                     (struct journal_settle){ .to = JOURNAL_WAITING,
	                         .unburnt = true,
	                         .status = 401 }),
	    JOURNAL_OK);
	assert_int_equal(row_of(w, 1)->attempts, 0);
	assert_int_equal(row_of(w, 1)->status, 401);
	assert_int_equal(claim_one(w)->attempts, 1);
}

/* From one try to the next; the flags that decide something are not notes. */
static void
test_notes_are_kept_from_try_to_try(void **state)
{
	const unsigned flags = JOURNAL_ONCE | JOURNAL_UNSAMPLED;
	struct world *w = *state;

	give(w, .number = 1, .flags = flags);
	assert_int_equal(settle_with(w, claim_one(w),
	                     (struct journal_settle){ .to = JOURNAL_WAITING,
	                         .notes = JOURNAL_NOTES | JOURNAL_BLOCKS }),
	    JOURNAL_OK);
	assert_int_equal(row_of(w, 1)->flags, flags | JOURNAL_NOTES);
	assert_int_equal(claim_one(w)->flags, flags | JOURNAL_NOTES);
	assert_int_equal(settle_with(w, &w->claim.items[0],
	                     (struct journal_settle){ .to = JOURNAL_WAITING,
	                         .unburnt = true,
	                         .notes = 64 | JOURNAL_COALESCE }),
	    JOURNAL_OK);
	assert_int_equal(claim_one(w)->flags, flags | 64);
}

static void
test_a_revival_begins_without_notes(void **state)
{
	static const unsigned flags[] = { 0, JOURNAL_BLOCKS };
	struct world *w = *state;

	for (unsigned i = 0; i < COUNT_OF(flags); i++) {
		struct journal_revive r = { .op = { .verb = JOURNAL_REVIVE } };

		give(w, .number = i, .lead = leads[i], .flags = flags[i]);
		assert_int_equal(settle_with(w, claim_one(w),
		                     (struct journal_settle){
		                         .to = JOURNAL_DEAD,
		                         .notes = 96 }),
		    JOURNAL_OK);
		assert_int_equal(row_of(w, i)->flags, flags[i] | 96);
		memcpy(r.id, id_of(i), sizeof(r.id));
		assert_int_equal(apply_one(w, &r.op), JOURNAL_OK);
		assert_int_equal(row_of(w, i)->flags, flags[i]);
		assert_int_equal(claim_one(w)->flags, flags[i]);
	}
}

static void
test_only_so_many_are_tried_again(void **state)
{
	struct world *w = *state;

	for (unsigned i = 0; i < 4; i++)
		give(w, .number = i, .lead = leads[i]);
	assert_int_equal(claim_most(w, 4), 4);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(settle_to(w, &w->claim.items[i],
		                     JOURNAL_WAITING),
		    JOURNAL_OK);
	next_tick();
	give(w, .number = 4, .lead = "e");
	/* The fresh one is not held up by those that are passed over. */
	assert_int_equal(claim_with(w,
	                     (struct journal_claim){ .most = 5,
	                         .again = 0,
	                         .lease_ms = HOUR }),
	    1);
	assert_id(w->claim.items[0].id, 4);
	assert_int_equal(w->claim.next_ms, 0);
	assert_int_equal(claim_with(w,
	                     (struct journal_claim){ .most = 5,
	                         .again = 3,
	                         .lease_ms = HOUR }),
	    3);
	assert_int_equal(claim_most(w, 5), 1);
}

static void
test_a_lane_that_is_passed_over_gets_no_strike(void **state)
{
	struct world *w = *state;

	give(w, .number = 1);
	claim_for_nothing(w);
	assert_int_equal(claim_with(w,
	                     (struct journal_claim){ .most = 5, .again = 0 }),
	    0);
	assert_int_equal(row_of(w, 1)->strikes, 0);
	assert_int_equal(claim_one(w)->attempts, 2);
	assert_int_equal(row_of(w, 1)->strikes, 1);
}

static void
test_a_dead_head_lets_the_lane_go_on(void **state)
{
	struct world *w = *state;

	give(w, .number = 1, .lead = "ann");
	give(w, .number = 2, .lead = "ann");
	assert_int_equal(settle_with(w, claim_one(w),
	                     (struct journal_settle){ .to = JOURNAL_DEAD,
	                         .status = 422,
	                         .reason = "VALIDATION_ERROR" }),
	    JOURNAL_OK);
	assert_int_equal(w->settle.next_ms, 0);
	assert_int_equal(row_of(w, 1)->state, JOURNAL_DEAD);
	assert_str(row_of(w, 1)->reason, "VALIDATION_ERROR");
	assert_int_equal(row_of(w, 1)->due_ms, -1);
	assert_id(claim_one(w)->id, 2);
}

static void
test_a_dead_head_may_block_its_lane(void **state)
{
	struct world *w = *state;

	give(w, .number = 1, .lead = "ann", .flags = JOURNAL_BLOCKS);
	give(w, .number = 2, .lead = "ann");
	claim_and_settle(w, JOURNAL_DEAD);
	assert_int_equal(w->settle.next_ms, -1);
	give(w, .number = 3, .lead = "ben");
	assert_id(claim_one(w)->id, 3);
	give(w, .number = 4, .lead = "ann", .lease = true, .lease_ms = HOUR);
	assert_int_equal(w->leases[0].fence, 0);
	assert_int_equal(claim_most(w, 10), 0);
}

static void
test_what_does_not_fit_is_not_leased(void **state)
{
	struct world *w = *state;
	struct arena *small = arena_new(32 << 10);
	char *big = base_alloc(20001);

	memset(big, 'x', 20000);
	give(w, .number = 1, .lead = "ann", .body = big);
	next_tick();
	give(w, .number = 2, .lead = "ben", .body = big);
	assert_int_equal(claim_with(w,
	                     (struct journal_claim){ .most = 10,
	                         .again = 10,
	                         .lease_ms = HOUR,
	                         .arena = small }),
	    1);
	assert_id(w->claim.items[0].id, 1);
	assert_int_equal(w->claim.next_ms, 0);
	assert_int_equal(row_of(w, 2)->state, JOURNAL_WAITING);
	assert_int_equal(row_of(w, 2)->attempts, 0);
	assert_id(claim_one(w)->id, 2);
	arena_free(small);
	base_free(big);
}

static void
test_claims_in_one_group_never_get_the_same(void **state)
{
	struct world *w = *state;
	struct journal_claim c[2];
	struct journal_op *ops[2] = { &c[0].op, &c[1].op };

	for (unsigned i = 0; i < 3; i++)
		give(w, .number = i, .lead = leads[i]);
	for (size_t i = 0; i < 2; i++)
		c[i] = (struct journal_claim){ .op = { .verb = JOURNAL_CLAIM },
			.target = STR("api"),
			.most = 2,
			.again = 2,
			.lease_ms = HOUR,
			.arena = w->arena };
	apply(w, ops, 2);
	assert_int_equal(c[0].count, 2);
	assert_int_equal(c[1].count, 1);
	for (size_t i = 0; i < 2; i++)
		assert_string_not_equal(c[0].items[i].id, c[1].items[0].id);
}

const struct CMUnitTest suite_lanes[] = {
	cmocka_unit_test(test_an_item_comes_with_all_it_needs),
	cmocka_unit_test(test_a_lane_is_first_in_first_out),
	cmocka_unit_test(test_lanes_go_side_by_side),
	cmocka_unit_test(test_who_waits_longest_is_first),
	cmocka_unit_test(test_a_lease_that_ran_out_is_anothers),
	cmocka_unit_test(test_a_late_settle_is_taken_while_nobody_else_came),
	cmocka_unit_test(test_what_nobody_leased_cannot_be_settled),
	cmocka_unit_test(test_who_is_abandoned_too_often_is_dead),
	cmocka_unit_test(
	    test_what_may_be_tried_once_is_dead_when_it_is_abandoned),
	cmocka_unit_test(test_the_last_of_a_lane_may_be_abandoned),
	cmocka_unit_test(test_an_abandoned_head_may_block),
	cmocka_unit_test(test_a_settle_forgives_strikes),
	cmocka_unit_test(test_a_delay_holds_the_lane_and_no_other),
	cmocka_unit_test(test_without_a_delay_the_next_try_is_now),
	cmocka_unit_test(test_only_those_that_wait_are_delayed),
	cmocka_unit_test(test_an_attempt_that_is_not_burnt_does_not_count),
	cmocka_unit_test(test_notes_are_kept_from_try_to_try),
	cmocka_unit_test(test_a_revival_begins_without_notes),
	cmocka_unit_test(test_only_so_many_are_tried_again),
	cmocka_unit_test(test_a_lane_that_is_passed_over_gets_no_strike),
	cmocka_unit_test(test_a_dead_head_lets_the_lane_go_on),
	cmocka_unit_test(test_a_dead_head_may_block_its_lane),
	cmocka_unit_test(test_what_does_not_fit_is_not_leased),
	cmocka_unit_test(test_claims_in_one_group_never_get_the_same),
	{ .name = NULL },
};
