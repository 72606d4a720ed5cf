/* tests/unit/journal/suite_coalesce.c - updates that may go along. */
#include "unit/journal/suite.h"

static size_t
claim_merging(struct world *w, size_t merge)
{
	return claim_with(w,
	    (struct journal_claim){ .most = 10,
	        .again = 10,
	        .merge = merge,
	        .lease_ms = HOUR });
}

static void
give_row(struct world *w, unsigned count, unsigned flags)
{
	for (unsigned i = 1; i <= count; i++)
		give(w, .number = i, .lead = "ann", .flags = flags);
}

static void
test_those_behind_a_head_come_with_it(void **state)
{
	struct world *w = *state;
	const struct journal_item *items;

	give_row(w, 4, JOURNAL_COALESCE);
	assert_int_equal(claim_merging(w, 2), 3);
	items = w->claim.items;
	for (unsigned i = 0; i < 3; i++) {
		assert_id(items[i].id, i + 1);
		assert_int_equal(items[i].follows, i > 0);
		assert_int_equal(items[i].lease.fence, items[0].lease.fence);
	}
	assert_true(items[0].order < items[1].order);
	assert_true(items[1].order < items[2].order);
	assert_int_equal(row_of(w, 2)->state, JOURNAL_WAITING);
	assert_int_equal(row_of(w, 2)->attempts, 0);
}

static void
test_only_those_that_may_follow(void **state)
{
	struct world *w = *state;

	give(w, .number = 1, .lead = "ann", .flags = JOURNAL_COALESCE);
	give(w, .number = 2, .lead = "ann", .flags = JOURNAL_COALESCE);
	give(w, .number = 3, .lead = "ann");
	give(w, .number = 4, .lead = "ann", .flags = JOURNAL_COALESCE);
	give(w, .number = 5, .lead = "ben");
	give(w, .number = 6, .lead = "ben", .flags = JOURNAL_COALESCE);
	give(w, .number = 7, .lead = "cid", .flags = JOURNAL_COALESCE);
	give(w, .number = 8, .lead = "cid", .flags = JOURNAL_COALESCE,
	    .route = "/hooks/other");
	assert_int_equal(claim_merging(w, 10), 4);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(w->claim.items[i].follows,
		    strcmp(w->claim.items[i].id, id_of(2)) == 0);
}

static void
test_a_settle_takes_along_what_it_names(void **state)
{
	struct world *w = *state;
	struct journal_item items[3];

	give_row(w, 4, JOURNAL_COALESCE);
	assert_int_equal(claim_merging(w, 2), 3);
	memcpy(items, w->claim.items, sizeof(items));
	assert_int_equal(settle_with(w, &items[0],
	                     (struct journal_settle){ .to = JOURNAL_DONE,
	                         .through = items[1].order,
	                         .status = 200 }),
	    JOURNAL_OK);
	assert_int_equal(w->settle.next_ms, 0);
	assert_int_equal(row_of(w, 1)->state, JOURNAL_DONE);
	assert_int_equal(row_of(w, 2)->state, JOURNAL_DONE);
	assert_int_equal(row_of(w, 2)->attempts, 1);
	assert_int_equal(row_of(w, 2)->status, 200);
	assert_int_equal(row_of(w, 3)->state, JOURNAL_WAITING);
	assert_int_equal(row_of(w, 3)->attempts, 0);
	assert_id(claim_one(w)->id, 3);
}

static void
test_without_naming_only_the_head_is_settled(void **state)
{
	struct world *w = *state;

	give_row(w, 3, JOURNAL_COALESCE);
	assert_int_equal(claim_merging(w, 2), 3);
	assert_int_equal(settle_to(w, &w->claim.items[0], JOURNAL_DEAD),
	    JOURNAL_OK);
	assert_int_equal(row_of(w, 1)->state, JOURNAL_DEAD);
	assert_int_equal(row_of(w, 2)->state, JOURNAL_WAITING);
}

static void
test_those_along_wait_and_die_with_the_head(void **state)
{
	struct world *w = *state;
	struct journal_settle how = { .to = JOURNAL_WAITING,
		.status = 503,
		.reason = "busy" };

	give_row(w, 2, JOURNAL_COALESCE);
	assert_int_equal(claim_merging(w, 2), 2);
	how.through = w->claim.items[1].order;
	how.notes = JOURNAL_NOTES;
	assert_int_equal(settle_with(w, &w->claim.items[0], how), JOURNAL_OK);
	/* Notes are of the one that was tried, not of those along. */
	assert_int_equal(row_of(w, 1)->flags, JOURNAL_COALESCE | JOURNAL_NOTES);
	assert_int_equal(row_of(w, 2)->flags, JOURNAL_COALESCE);
	for (unsigned i = 1; i <= 2; i++) {
		assert_int_equal(row_of(w, i)->state, JOURNAL_WAITING);
		assert_int_equal(row_of(w, i)->attempts, 1);
		assert_str(row_of(w, i)->reason, "busy");
	}
	assert_int_equal(claim_merging(w, 2), 2);
	how.unburnt = true;
	assert_int_equal(settle_with(w, &w->claim.items[0], how), JOURNAL_OK);
	for (unsigned i = 1; i <= 2; i++)
		assert_int_equal(row_of(w, i)->attempts, 1);
	assert_int_equal(claim_merging(w, 2), 2);
	how = (struct journal_settle){ .to = JOURNAL_DEAD,
		.through = how.through };
	assert_int_equal(settle_with(w, &w->claim.items[0], how), JOURNAL_OK);
	for (unsigned i = 1; i <= 2; i++) {
		assert_int_equal(row_of(w, i)->state, JOURNAL_DEAD);
		assert_int_equal(row_of(w, i)->attempts, 2);
	}
}

/* What was forgotten meanwhile must not be replaced by what came since. */
static void
test_nothing_that_came_later_is_taken_along(void **state)
{
	struct world *w = *state;
	struct journal_item items[2];
	struct journal_forget forget = { .op = { .verb = JOURNAL_FORGET },
		.lead = STR("ann") };

	give_row(w, 2, JOURNAL_COALESCE);
	assert_int_equal(claim_merging(w, 2), 2);
	memcpy(items, w->claim.items, sizeof(items));
	assert_int_equal(apply_one(w, &forget.op), JOURNAL_OK);
	assert_int_equal(forget.held, 1);
	assert_int_equal(forget.items, 1);
	give(w, .number = 3, .lead = "ann", .flags = JOURNAL_COALESCE);
	assert_int_equal(settle_with(w, &items[0],
	                     (struct journal_settle){ .to = JOURNAL_DONE,
	                         .through = items[1].order }),
	    JOURNAL_OK);
	assert_int_equal(row_of(w, 3)->state, JOURNAL_WAITING);
	assert_id(claim_one(w)->id, 3);
}

const struct CMUnitTest suite_coalesce[] = {
	cmocka_unit_test(test_those_behind_a_head_come_with_it),
	cmocka_unit_test(test_only_those_that_may_follow),
	cmocka_unit_test(test_a_settle_takes_along_what_it_names),
	cmocka_unit_test(test_without_naming_only_the_head_is_settled),
	cmocka_unit_test(test_those_along_wait_and_die_with_the_head),
	cmocka_unit_test(test_nothing_that_came_later_is_taken_along),
	{ .name = NULL },
};
