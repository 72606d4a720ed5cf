/* tests/unit/journal/suite_accept.c - what is promised, and to whom again. */
#include "unit/journal/suite.h"

static void
test_an_event_is_kept_as_it_came(void **state)
{
	struct world *w = *state;
	const struct journal_row *row;

	give(w, .number = 1, .lead = "ann", .bytes = "POST \"it's\" \xc3\xa4",
	    .flags = JOURNAL_ONCE, .body = "{\"a\":\"\\u0000'\"}");
	row = row_of(w, 1);
	assert_id(row->id, 1);
	assert_int_equal(row->n, 0);
	assert_int_equal(row->state, JOURNAL_WAITING);
	assert_str(row->route, "/hooks/a");
	assert_str(row->target, "api");
	assert_str(row->lead, "ann");
	assert_str(row->verdict, "hmac");
	assert_str(row->body, "{\"a\":\"\\u0000'\"}");
	assert_str(row->event, "POST \"it's\" \xc3\xa4");
	assert_str(row->reason, "");
	assert_int_equal(row->flags, JOURNAL_ONCE);
	assert_int_equal(row->attempts, 0);
	assert_int_equal(row->strikes, 0);
	assert_int_equal(row->status, 0);
	assert_int_equal(row->due_ms, 0);
	assert_int_equal(row->received_ms, w->accept.received_ms);
	assert_true(row->order > 0);
	assert_true(row->updated_ms > clock_wall_ms() - HOUR);
}

static void
test_events_are_bytes(void **state)
{
	struct world *w = *state;
	struct journal_update u;
	struct put p = { .number = 1 };
	char event[256], *big = base_alloc(1 << 20);
	const struct journal_row *row;

	for (size_t i = 0; i < sizeof(event); i++)
		event[i] = (char)i;
	memset(big, 'x', 1 << 20);
	put_fill(&w->accept, &u, &p);
	w->accept.event = (struct str){ event, sizeof(event) };
	u.body = (struct str){ big, 1 << 20 };
	assert_int_equal(apply_one(w, &w->accept.op), JOURNAL_OK);
	row = row_of(w, 1);
	assert_int_equal(row->event.len, sizeof(event));
	assert_memory_equal(row->event.at, event, sizeof(event));
	assert_int_equal(row->body.len, 1 << 20);
	assert_memory_equal(row->body.at, big, 1 << 20);
	base_free(big);
}

static void
test_an_event_that_comes_again_is_known(void **state)
{
	struct world *w = *state;

	give(w, .number = 1, .key = "k", .bytes = "same");
	assert_int_equal(put(w,
	                     (struct put){ .number = 2,
	                         .key = "k",
	                         .bytes = "same",
	                         .lead = "other" }),
	    JOURNAL_DUPLICATE);
	assert_id(w->accept.first.id, 1);
	assert_int_equal(w->accept.first.state, JOURNAL_WAITING);
	assert_int_equal(w->accept.first.status, 0);
	assert_false(is_there(w, 2));
	assert_int_equal(claim_most(w, 10), 1);
}

static void
test_a_known_key_with_other_bytes_is_a_conflict(void **state)
{
	struct world *w = *state;

	give(w, .number = 1, .key = "k", .bytes = "one");
	assert_int_equal(put(w,
	                     (struct put){ .number = 2,
	                         .key = "k",
	                         .bytes = "two" }),
	    JOURNAL_CONFLICT);
	assert_id(w->accept.first.id, 1);
	assert_false(is_there(w, 2));
}

static void
test_without_a_key_or_with_another_nothing_is_the_same(void **state)
{
	struct world *w = *state;

	give(w, .number = 1);
	give(w, .number = 2);
	give(w, .number = 3, .key = "k");
	give(w, .number = 4, .key = "l");
	assert_int_equal(list_with(w, (struct journal_list){ .after = 0 }), 4);
}

static void
test_twins_in_one_group_are_told_apart(void **state)
{
	struct world *w = *state;
	static const char key[JOURNAL_HASH] = "k";
	struct put p[3] = { { .number = 1, .key = key, .bytes = "a" },
		{ .number = 2, .key = key, .bytes = "a" },
		{ .number = 3, .key = key, .bytes = "b" } };
	struct journal_accept a[3];
	struct journal_update u[3];
	struct journal_op *ops[3];

	for (size_t i = 0; i < 3; i++) {
		put_fill(&a[i], &u[i], &p[i]);
		ops[i] = &a[i].op;
	}
	apply(w, ops, 3);
	assert_int_equal(a[0].op.result, JOURNAL_OK);
	assert_int_equal(a[1].op.result, JOURNAL_DUPLICATE);
	assert_int_equal(a[2].op.result, JOURNAL_CONFLICT);
	assert_id(a[1].first.id, 1);
	assert_id(a[2].first.id, 1);
	assert_int_equal(list_with(w, (struct journal_list){ .after = 0 }), 1);
}

static void
test_a_duplicate_is_told_how_the_first_went(void **state)
{
	struct world *w = *state;

	give(w, .number = 1, .key = "k");
	assert_int_equal(settle_with(w, claim_one(w),
	                     (struct journal_settle){ .to = JOURNAL_DEAD,
	                         .status = 422 }),
	    JOURNAL_OK);
	assert_int_equal(put(w, (struct put){ .number = 2, .key = "k" }),
	    JOURNAL_DUPLICATE);
	assert_int_equal(w->accept.first.state, JOURNAL_DEAD);
	assert_int_equal(w->accept.first.status, 422);
}

static void
test_a_key_outlives_its_delivery(void **state)
{
	struct world *w = *state;

	w->settings.keep_done = 0;
	world_reopen(w);
	give(w, .number = 1, .key = "k");
	claim_and_settle(w, JOURNAL_DONE);
	assert_false(is_there(w, 1));
	assert_int_equal(put(w, (struct put){ .number = 2, .key = "k" }),
	    JOURNAL_DUPLICATE);
	assert_id(w->accept.first.id, 1);
	assert_int_equal(w->accept.first.state, JOURNAL_DONE);
	assert_int_equal(w->accept.first.status, 0);
}

static void
test_the_same_accept_may_come_again(void **state)
{
	struct world *w = *state;

	give(w, .number = 1, .key = "k", .lease = true, .lease_ms = HOUR);
	give(w, .number = 1, .key = "k", .lease = true, .lease_ms = HOUR);
	assert_int_equal(w->leases[0].fence, 0);
	give(w, .number = 2, .lead = "x");
	give(w, .number = 2, .lead = "x");
	assert_int_equal(list_with(w, (struct journal_list){ .after = 0 }), 2);
}

static void
test_an_idle_lane_is_leased_by_the_accept(void **state)
{
	struct world *w = *state;
	struct journal_item item = { .n = 0 };

	give(w, .number = 1, .lead = "ann", .lease = true, .lease_ms = HOUR);
	assert_true(w->leases[0].fence > 0);
	assert_string_equal(w->leases[0].lead, "ann");
	item.lease = w->leases[0];
	assert_int_equal(row_of(w, 1)->state, JOURNAL_SENDING);
	assert_int_equal(row_of(w, 1)->attempts, 1);
	assert_int_equal(row_of(w, 1)->order, item.lease.order);
	assert_int_equal(claim_most(w, 10), 0);
	assert_int_equal(settle_to(w, &item, JOURNAL_DONE), JOURNAL_OK);
	assert_int_equal(row_of(w, 1)->state, JOURNAL_DONE);
}

static void
test_a_busy_lane_is_not_leased_by_the_accept(void **state)
{
	struct world *w = *state;

	give(w, .number = 1, .lead = "ann");
	give(w, .number = 2, .lead = "ann", .lease = true, .lease_ms = HOUR);
	assert_int_equal(w->leases[0].fence, 0);
	assert_int_equal(row_of(w, 2)->state, JOURNAL_WAITING);
	assert_int_equal(row_of(w, 2)->attempts, 0);
	assert_id(claim_one(w)->id, 1);
	/* ... nor one that is leased, nor one whose lease ran out. */
	give(w, .number = 3, .lead = "ben", .lease = true, .lease_ms = 0);
	assert_true(w->leases[0].fence > 0);
	give(w, .number = 4, .lead = "ben", .lease = true, .lease_ms = HOUR);
	assert_int_equal(w->leases[0].fence, 0);
	assert_id(claim_one(w)->id, 3);
}

static void
test_a_batch_is_one_delivery(void **state)
{
	struct world *w = *state;
	struct journal_update u[4] = {
		{ STR("api"), STR("ann"), STR("{\"n\":0}"), STR_NONE },
		{ STR("api"), STR("ben"), STR("{\"n\":1}"), STR_NONE },
		{ STR_NONE, STR_NONE, STR_NONE, STR("email: not one") },
		{ STR("api"), STR("ann"), STR("{\"n\":3}"), STR_NONE },
	};
	struct journal_update unused;
	struct put p = { .number = 1, .lease = true, .lease_ms = HOUR };

	put_fill(&w->accept, &unused, &p);
	w->accept.updates = u;
	w->accept.update_count = 4;
	w->accept.leases = w->leases;
	assert_int_equal(apply_one(w, &w->accept.op), JOURNAL_OK);
	assert_true(w->leases[0].fence > 0);
	assert_true(w->leases[1].fence > 0);
	assert_true(w->leases[0].fence != w->leases[1].fence);
	assert_int_equal(w->leases[2].fence, 0);
	assert_int_equal(w->leases[3].fence, 0); /* ann's lane is the first's */
	assert_true(is_there(w, 1));
	assert_int_equal(w->show.count, 4);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(w->show.rows[i].n, i);
	assert_int_equal(w->show.rows[2].state, JOURNAL_REFUSED);
	assert_str(w->show.rows[2].reason, "email: not one");
	assert_str(w->show.rows[3].body, "{\"n\":3}");
	assert_true(w->show.rows[0].order < w->show.rows[3].order);
}

static void
test_a_refused_event_is_kept_and_never_sent(void **state)
{
	struct world *w = *state;

	give(w, .number = 1, .refused = "signature does not match");
	assert_int_equal(row_of(w, 1)->state, JOURNAL_REFUSED);
	assert_str(row_of(w, 1)->reason, "signature does not match");
	assert_str(row_of(w, 1)->event, "the event");
	assert_int_equal(row_of(w, 1)->due_ms, -1);
	assert_int_equal(claim_most(w, 10), 0);
	assert_int_equal(w->claim.next_ms, -1);
}

static void
test_a_group_is_done_in_its_order(void **state)
{
	struct world *w = *state;
	struct put p[2] = { { .number = 1, .lead = "ann" },
		{ .number = 2, .lead = "ben" } };
	struct journal_accept a[2];
	struct journal_update u[2];
	struct journal_claim c[2];
	struct journal_op *ops[4] = { &c[0].op, &a[0].op, &a[1].op, &c[1].op };

	for (size_t i = 0; i < 2; i++) {
		put_fill(&a[i], &u[i], &p[i]);
		c[i] = (struct journal_claim){ .op = { .verb = JOURNAL_CLAIM },
			.target = STR("api"),
			.most = 10,
			.again = 10,
			.lease_ms = HOUR,
			.arena = w->arena };
	}
	apply(w, ops, 4);
	assert_int_equal(c[0].count, 0);
	assert_int_equal(c[0].next_ms, -1);
	assert_int_equal(c[1].count, 2);
}

const struct CMUnitTest suite_accept[] = {
	cmocka_unit_test(test_an_event_is_kept_as_it_came),
	cmocka_unit_test(test_events_are_bytes),
	cmocka_unit_test(test_an_event_that_comes_again_is_known),
	cmocka_unit_test(test_a_known_key_with_other_bytes_is_a_conflict),
	cmocka_unit_test(
	    test_without_a_key_or_with_another_nothing_is_the_same),
	cmocka_unit_test(test_twins_in_one_group_are_told_apart),
	cmocka_unit_test(test_a_duplicate_is_told_how_the_first_went),
	cmocka_unit_test(test_a_key_outlives_its_delivery),
	cmocka_unit_test(test_the_same_accept_may_come_again),
	cmocka_unit_test(test_an_idle_lane_is_leased_by_the_accept),
	cmocka_unit_test(test_a_busy_lane_is_not_leased_by_the_accept),
	cmocka_unit_test(test_a_batch_is_one_delivery),
	cmocka_unit_test(test_a_refused_event_is_kept_and_never_sent),
	cmocka_unit_test(test_a_group_is_done_in_its_order),
	{ .name = NULL },
};
