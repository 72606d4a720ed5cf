/* tests/unit/journal/suite_person.c - list, show, revive, drop, forget. */
#include "unit/journal/suite.h"

static enum journal_result
revive(struct world *w, unsigned number, const struct journal_update *updates,
    size_t count, size_t *revived)
{
	struct journal_revive r = { .op = { .verb = JOURNAL_REVIVE },
		.updates = updates,
		.update_count = count };

	memcpy(r.id, id_of(number), sizeof(r.id));
	apply_one(w, &r.op);
	*revived = r.revived;
	return r.op.result;
}

static enum journal_result
drop(struct world *w, unsigned number, size_t *dropped)
{
	struct journal_drop d = { .op = { .verb = JOURNAL_DROP } };

	memcpy(d.id, id_of(number), sizeof(d.id));
	apply_one(w, &d.op);
	*dropped = d.dropped;
	return d.op.result;
}

static struct journal_forget
forget(struct world *w, const char *lead)
{
	struct journal_forget f = { .op = { .verb = JOURNAL_FORGET },
		.lead = str_of(lead) };

	assert_int_equal(apply_one(w, &f.op), JOURNAL_OK);
	return f;
}

static void
test_a_list_comes_in_pages_both_ways(void **state)
{
	struct world *w = *state;
	uint64_t after = 0;

	for (unsigned i = 1; i <= 5; i++)
		give(w, .number = i);
	for (unsigned page = 0; page < 3; page++) {
		size_t count = list_with(w,
		    (struct journal_list){ .most = 2, .after = after });

		assert_int_equal(count, page < 2 ? 2 : 1);
		assert_id(w->list.rows[0].id, page * 2 + 1);
		assert_int_equal(w->list.next == 0, page == 2);
		after = w->list.next;
	}
	after = 0;
	for (unsigned page = 0; page < 3; page++) {
		size_t count = list_with(w,
		    (struct journal_list){ .most = 2,
		        .after = after,
		        .newest = true });

		assert_int_equal(count, page < 2 ? 2 : 1);
		assert_id(w->list.rows[0].id, 5 - page * 2);
		assert_int_equal(w->list.next == 0, page == 2);
		after = w->list.next;
	}
	assert_int_equal(list_with(w, (struct journal_list){ .most = 5 }), 5);
	assert_int_equal(w->list.next, 0);
}

static void
test_a_list_may_be_filtered(void **state)
{
	struct world *w = *state;
	static const struct {
		struct journal_filter filter;
		size_t count;
	} rows[] = {
		{ { .states = 0 }, 5 },
		{ { .states = BIT(JOURNAL_DEAD) }, 1 },
		{ { .states = BIT(JOURNAL_DEAD) | BIT(JOURNAL_REFUSED) }, 2 },
		{ { .states = BIT(JOURNAL_DONE) }, 0 },
		{ { .route = { "/b", 2 } }, 2 },
		{ { .route = { "/", 1 } }, 0 },
		{ { .lead = { "ann", 3 } }, 2 },
		{ { .lead = { "an", 2 } }, 0 },
		{ { .lead = { "ann", 3 }, .route = { "/b", 2 } }, 1 },
		{ { .target = { "api", 3 } }, 4 },
		{ { .target = { "old", 3 } }, 1 },
		{ { .target = { "ol", 2 } }, 0 },
		{ { .target = { "old", 3 }, .route = { "/a", 2 } }, 0 },
		{ { .id = { "01930000-0000-7000-8000-000000000003", 36 } }, 1 },
		{ { .id = { "01930000", 8 } }, 0 },
		{ { .since_ms = HOUR }, 4 },
		{ { .before_ms = HOUR }, 1 },
		{ { .since_ms = 3 * HOUR, .before_ms = HOUR }, 1 },
		{ { .since_ms = 3 * HOUR }, 5 },
	};

	give(w, .number = 1, .lead = "ann", .route = "/a");
	claim_and_settle(w, JOURNAL_DEAD);
	give(w, .number = 2, .lead = "ann", .route = "/b");
	give(w, .number = 3, .lead = "ben", .route = "/b", .target = "old");
	give(w, .number = 4, .lead = "cid", .route = "/a", .age_ms = 2 * HOUR);
	give(w, .number = 5, .lead = "dov", .route = "/a", .refused = "no");
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		if (list_with(w,
		        (struct journal_list){ .filter = rows[i].filter }) !=
		    rows[i].count)
			fail_msg("filter %zu: %zu rows", i, w->list.count);
	/* A page is filled with what passes, not with what is passed over. */
	assert_int_equal(list_with(w,
	                     (struct journal_list){ .most = 1,
	                         .filter = { .route = STR("/b") } }),
	    1);
	assert_true(w->list.next > 0);
	assert_int_equal(list_with(w,
	                     (struct journal_list){ .most = 1,
	                         .after = w->list.next,
	                         .filter = { .route = STR("/b") } }),
	    1);
	assert_id(w->list.rows[0].id, 3);
	assert_int_equal(w->list.next, 0);
}

static void
test_a_list_has_bodies_only_when_asked(void **state)
{
	struct world *w = *state;

	give(w, .number = 1, .body = "{\"a\":1}");
	list_with(w, (struct journal_list){ .whole = false });
	assert_null(w->list.rows[0].body.at);
	assert_null(w->list.rows[0].event.at);
	list_with(w, (struct journal_list){ .whole = true });
	assert_str(w->list.rows[0].body, "{\"a\":1}");
	assert_str(w->list.rows[0].event, "the event");
}

static void
test_a_page_ends_where_the_arena_does(void **state)
{
	struct world *w = *state;
	struct arena *small = arena_new(32 << 10);
	char *big = base_alloc(20001);

	memset(big, 'x', 20000);
	give(w, .number = 1, .bytes = big);
	give(w, .number = 2, .bytes = big);
	assert_int_equal(list_with(w,
	                     (struct journal_list){ .whole = true,
	                         .most = 10,
	                         .arena = small }),
	    1);
	assert_int_equal(w->list.next, w->list.rows[0].order);
	arena_free(small);
	small = arena_new(8 << 10);
	w->list = (struct journal_list){ .op = { .verb = JOURNAL_LIST },
		.whole = true,
		.most = 2,
		.arena = small };
	assert_int_equal(apply_one(w, &w->list.op), JOURNAL_UNAVAILABLE);
	assert_int_equal(w->list.op.fault.code, FAULT_TOO_LARGE);
	memset(&w->show, 0, sizeof(w->show));
	w->show.op.verb = JOURNAL_SHOW;
	w->show.arena = small;
	memcpy(w->show.id, id_of(1), sizeof(w->show.id));
	assert_int_equal(apply_one(w, &w->show.op), JOURNAL_UNAVAILABLE);
	assert_int_equal(w->show.op.fault.code, FAULT_TOO_LARGE);
	arena_free(small);
	base_free(big);
}

static void
test_what_is_not_there_is_not_found(void **state)
{
	struct world *w = *state;
	size_t n;

	give(w, .number = 1);
	assert_false(is_there(w, 2));
	assert_int_equal(w->show.op.result, JOURNAL_NOT_FOUND);
	assert_int_equal(revive(w, 2, NULL, 0, &n), JOURNAL_NOT_FOUND);
	assert_int_equal(drop(w, 2, &n), JOURNAL_NOT_FOUND);
	/* ... and what waits needs no help. */
	assert_int_equal(revive(w, 1, NULL, 0, &n), JOURNAL_NOT_FOUND);
	assert_int_equal(drop(w, 1, &n), JOURNAL_NOT_FOUND);
	assert_int_equal(forget(w, "nobody").items, 0);
	assert_int_equal(claim_most(w, 10), 1);
}

static void
test_a_dead_item_goes_to_the_end_of_its_lane(void **state)
{
	struct world *w = *state;
	size_t revived;
	uint64_t order;

	give(w, .number = 1, .lead = "ann");
	give(w, .number = 2, .lead = "ann");
	assert_int_equal(settle_with(w, claim_one(w),
	                     (struct journal_settle){ .to = JOURNAL_DEAD,
	                         .status = 500,
	                         .reason = "no" }),
	    JOURNAL_OK);
	order = row_of(w, 1)->order;
	assert_int_equal(revive(w, 1, NULL, 0, &revived), JOURNAL_OK);
	assert_int_equal(revived, 1);
	assert_int_equal(row_of(w, 1)->state, JOURNAL_WAITING);
	assert_int_equal(row_of(w, 1)->attempts, 0);
	assert_int_equal(row_of(w, 1)->status, 0);
	assert_str(row_of(w, 1)->reason, "");
	assert_true(row_of(w, 1)->order > order);
	assert_id(claim_one(w)->id, 2);
	assert_int_equal(settle_to(w, &w->claim.items[0], JOURNAL_DONE),
	    JOURNAL_OK);
	assert_id(claim_one(w)->id, 1);
	assert_int_equal(w->claim.items[0].attempts, 1);
	assert_str(w->claim.items[0].body, "{\"status\":\"new\"}");
}

static void
test_a_dead_head_that_blocks_keeps_its_place(void **state)
{
	struct world *w = *state;
	size_t revived;

	give(w, .number = 1, .lead = "ann", .flags = JOURNAL_BLOCKS);
	give(w, .number = 2, .lead = "ann");
	claim_and_settle(w, JOURNAL_DEAD);
	assert_int_equal(revive(w, 1, NULL, 0, &revived), JOURNAL_OK);
	assert_id(claim_one(w)->id, 1);
	assert_int_equal(settle_to(w, &w->claim.items[0], JOURNAL_DONE),
	    JOURNAL_OK);
	assert_id(claim_one(w)->id, 2);
}

static void
test_an_event_may_be_mapped_anew(void **state)
{
	struct world *w = *state;
	struct journal_update u[2] = {
		{ STR("api"), STR("ben"), STR("{\"new\":1}"), STR_NONE },
		{ STR("api"), STR("ann"), STR("{\"new\":2}"), STR_NONE },
	};
	size_t revived;

	give(w, .number = 1, .lead = "ann");
	give(w, .number = 2, .lead = "ann");
	claim_and_settle(w, JOURNAL_DEAD);
	assert_int_equal(revive(w, 1, u, 2, &revived), JOURNAL_OK);
	assert_int_equal(revived, 2);
	assert_true(is_there(w, 1));
	assert_int_equal(w->show.count, 2);
	assert_int_equal(w->show.rows[0].n, 1);
	assert_int_equal(w->show.rows[1].n, 2);
	assert_str(w->show.rows[0].event, "the event");
	assert_int_equal(claim_most(w, 10), 2);
	for (size_t i = 0; i < 2; i++) {
		const struct journal_item *item = &w->claim.items[i];

		if (strcmp(item->lease.lead, "ann") == 0)
			assert_id(item->id, 2); /* which was there before */
		else
			assert_str(item->body, "{\"new\":1}");
	}
}

static void
test_a_refused_event_may_be_mapped_anew(void **state)
{
	struct world *w = *state;
	struct journal_update u = { STR("api"), STR("ben"), STR("{\"a\":1}"),
		STR_NONE };
	struct journal_update still = { .refused = STR("no lead_id") };
	size_t revived;

	give(w, .number = 1, .refused = "no lead_id");
	assert_int_equal(revive(w, 1, NULL, 0, &revived), JOURNAL_NOT_FOUND);
	assert_int_equal(row_of(w, 1)->state, JOURNAL_REFUSED);
	assert_int_equal(revive(w, 1, &still, 1, &revived), JOURNAL_OK);
	assert_int_equal(revived, 0);
	assert_int_equal(row_of(w, 1)->state, JOURNAL_REFUSED);
	assert_int_equal(revive(w, 1, &u, 1, &revived), JOURNAL_OK);
	assert_int_equal(revived, 1);
	assert_true(is_there(w, 1));
	assert_int_equal(w->show.count, 1);
	assert_str(claim_one(w)->body, "{\"a\":1}");
	assert_string_equal(w->claim.items[0].lease.lead, "ben");
}

static void
test_what_is_mapped_anew_keeps_the_place_it_blocks(void **state)
{
	struct world *w = *state;
	struct journal_update u[2] = {
		{ STR("api"), STR("ann"), STR("{\"new\":1}"), STR_NONE },
		{ STR("api"), STR("ann"), STR("{\"new\":2}"), STR_NONE },
	};
	static const char *const bodies[] = { "{\"new\":1}", "{\"old\":2}",
		"{\"new\":2}" };
	size_t revived;
	uint64_t order;

	give(w, .number = 1, .lead = "ann", .flags = JOURNAL_BLOCKS);
	give(w, .number = 2, .lead = "ann", .body = "{\"old\":2}");
	claim_and_settle(w, JOURNAL_DEAD);
	order = row_of(w, 1)->order;
	assert_int_equal(revive(w, 1, u, 2, &revived), JOURNAL_OK);
	assert_int_equal(row_of(w, 1)->order, order);
	for (size_t i = 0; i < COUNT_OF(bodies); i++) {
		assert_str(claim_one(w)->body, bodies[i]);
		assert_int_equal(settle_to(w, &w->claim.items[0], JOURNAL_DONE),
		    JOURNAL_OK);
	}
}

static void
test_a_dropped_delivery_is_gone(void **state)
{
	struct world *w = *state;
	size_t dropped;

	give(w, .number = 1, .key = "k", .lead = "ann",
	    .flags = JOURNAL_BLOCKS);
	give(w, .number = 2, .lead = "ann");
	claim_and_settle(w, JOURNAL_DEAD);
	assert_int_equal(drop(w, 1, &dropped), JOURNAL_OK);
	assert_int_equal(dropped, 1);
	assert_false(is_there(w, 1));
	assert_id(claim_one(w)->id, 2); /* its lane is free */
	/* The event was seen, all the same. */
	assert_int_equal(put(w, (struct put){ .number = 3, .key = "k" }),
	    JOURNAL_DUPLICATE);
}

static void
test_drop_leaves_what_is_on_its_way(void **state)
{
	struct world *w = *state;
	struct journal_update unused,
	    u[2] = {
		    { STR("api"), STR("ann"), STR("{}"), STR_NONE },
		    { STR("api"), STR("ben"), STR("{}"), STR_NONE },
	    };
	struct put p = { .number = 1 };
	size_t dropped;

	put_fill(&w->accept, &unused, &p);
	w->accept.updates = u;
	w->accept.update_count = 2;
	assert_int_equal(apply_one(w, &w->accept.op), JOURNAL_OK);
	assert_int_equal(claim_most(w, 1), 1);
	assert_int_equal(settle_to(w, &w->claim.items[0], JOURNAL_DEAD),
	    JOURNAL_OK);
	assert_int_equal(drop(w, 1, &dropped), JOURNAL_OK);
	assert_int_equal(dropped, 1);
	assert_true(is_there(w, 1));
	assert_int_equal(w->show.count, 1);
	assert_int_equal(w->show.rows[0].state, JOURNAL_WAITING);
}

static void
test_a_forgotten_lead_leaves_no_trace(void **state)
{
	struct world *w = *state;
	struct journal_forget f;

	give(w, .number = 1, .lead = "ann", .key = "k");
	claim_and_settle(w, JOURNAL_DONE);
	give(w, .number = 2, .lead = "ann");
	claim_and_settle(w, JOURNAL_DEAD);
	give(w, .number = 3, .lead = "ann");
	give(w, .number = 4, .lead = "ben", .key = "l");
	f = forget(w, "ann");
	assert_int_equal(f.items, 3);
	assert_int_equal(f.events, 3);
	assert_int_equal(f.keys, 1);
	assert_int_equal(f.held, 0);
	for (unsigned i = 1; i <= 3; i++)
		assert_false(is_there(w, i));
	give(w, .number = 5, .key = "k");
	assert_int_equal(put(w, (struct put){ .number = 6, .key = "l" }),
	    JOURNAL_DUPLICATE);
	assert_str(row_of(w, 4)->event, "the event");
	assert_int_equal(forget(w, "ann").items, 0);
}

static void
test_what_is_being_sent_is_forgotten_later(void **state)
{
	struct world *w = *state;
	struct journal_item item;
	struct journal_forget f;

	give(w, .number = 1, .lead = "ann", .key = "k");
	give(w, .number = 2, .lead = "ann");
	item = *claim_one(w);
	f = forget(w, "ann");
	assert_int_equal(f.items, 1);
	assert_int_equal(f.held, 1);
	assert_int_equal(f.events, 2);
	assert_int_equal(f.keys, 1);
	assert_null(row_of(w, 1)->event.at);
	assert_int_equal(settle_to(w, &item, JOURNAL_DONE), JOURNAL_OK);
	f = forget(w, "ann");
	assert_int_equal(f.items, 1);
	assert_int_equal(f.held, 0);
	assert_int_equal(f.events, 0);
	assert_false(is_there(w, 1));
}

static void
test_forgetting_one_of_a_batch_leaves_the_others(void **state)
{
	struct world *w = *state;
	struct journal_update unused,
	    u[2] = {
		    { STR("api"), STR("ann"), STR("{}"), STR_NONE },
		    { STR("api"), STR("ben"), STR("{}"), STR_NONE },
	    };
	struct put p = { .number = 1 };

	put_fill(&w->accept, &unused, &p);
	w->accept.updates = u;
	w->accept.update_count = 2;
	assert_int_equal(apply_one(w, &w->accept.op), JOURNAL_OK);
	assert_int_equal(forget(w, "ann").events, 1);
	assert_true(is_there(w, 1));
	assert_int_equal(w->show.count, 1);
	assert_str(w->show.rows[0].lead, "ben");
	assert_null(w->show.rows[0].event.at);
	assert_string_equal(claim_one(w)->lease.lead, "ben");
}

static void
test_a_forgotten_head_that_blocked_frees_the_next(void **state)
{
	struct world *w = *state;

	give(w, .number = 1, .lead = "ann", .flags = JOURNAL_BLOCKS);
	claim_and_settle(w, JOURNAL_DEAD);
	forget(w, "ann");
	give(w, .number = 2, .lead = "ann");
	assert_id(claim_one(w)->id, 2);
}

static void
test_stats_count_what_there_is(void **state)
{
	struct world *w = *state;
	struct journal_stats stats;

	get_stats(w, &stats);
	for (unsigned s = 0; s < JOURNAL_STATES; s++)
		assert_int_equal(stats.count[s], 0);
	assert_int_equal(stats.oldest_ms, 0);
	assert_int_equal(stats.lanes, 0);
	give(w, .number = 1, .lead = "ann");
	claim_and_settle(w, JOURNAL_DONE);
	give(w, .number = 2, .lead = "ann");
	claim_and_settle(w, JOURNAL_DEAD);
	give(w, .number = 3, .lead = "ann");
	claim_one(w);
	give(w, .number = 4, .lead = "ann");
	give(w, .number = 5, .lead = "ben");
	give(w, .number = 6, .refused = "no");
	next_tick();
	get_stats(w, &stats);
	assert_int_equal(stats.count[JOURNAL_DONE], 1);
	assert_int_equal(stats.count[JOURNAL_DEAD], 1);
	assert_int_equal(stats.count[JOURNAL_SENDING], 1);
	assert_int_equal(stats.count[JOURNAL_WAITING], 2);
	assert_int_equal(stats.count[JOURNAL_REFUSED], 1);
	assert_int_equal(stats.lanes, 2);
	assert_true(stats.oldest_ms > 0 && stats.oldest_ms < HOUR);
}

const struct CMUnitTest suite_person[] = {
	cmocka_unit_test(test_a_list_comes_in_pages_both_ways),
	cmocka_unit_test(test_a_list_may_be_filtered),
	cmocka_unit_test(test_a_list_has_bodies_only_when_asked),
	cmocka_unit_test(test_a_page_ends_where_the_arena_does),
	cmocka_unit_test(test_what_is_not_there_is_not_found),
	cmocka_unit_test(test_a_dead_item_goes_to_the_end_of_its_lane),
	cmocka_unit_test(test_a_dead_head_that_blocks_keeps_its_place),
	cmocka_unit_test(test_an_event_may_be_mapped_anew),
	cmocka_unit_test(test_a_refused_event_may_be_mapped_anew),
	cmocka_unit_test(test_what_is_mapped_anew_keeps_the_place_it_blocks),
	cmocka_unit_test(test_a_dropped_delivery_is_gone),
	cmocka_unit_test(test_drop_leaves_what_is_on_its_way),
	cmocka_unit_test(test_a_forgotten_lead_leaves_no_trace),
	cmocka_unit_test(test_what_is_being_sent_is_forgotten_later),
	cmocka_unit_test(test_forgetting_one_of_a_batch_leaves_the_others),
	cmocka_unit_test(test_a_forgotten_head_that_blocked_frees_the_next),
	cmocka_unit_test(test_stats_count_what_there_is),
	{ .name = NULL },
};
