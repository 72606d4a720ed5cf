/* tests/unit/journal/test_sealed.c - what a store gets to see of an event. */
#include "unit/journal/double.h"

static void
test_what_is_sealed_is_sealed_in_the_store_only(void **state)
{
	struct journal *j = double_open((struct journal_settings){ 0 },
	    "0123456789abcdef0123456789abcdef");
	struct event_in *e = event_in(1, "ann"), before;
	struct journal_claim claim = { .op = { .verb = JOURNAL_CLAIM },
		.target = STR("api"),
		.most = 5,
		.again = 5,
		.lease_ms = 0,
		.arena = arena_new(1 << 20) };
	struct journal_show show = { .op = { .verb = JOURNAL_SHOW },
		.arena = claim.arena };
	struct fault why = { 0 };

	(void)state;
	e->a.key = STR("what the sender calls it");
	before = *e;
	journal_do(j, &e->a.op);
	assert_int_equal(e->a.op.result, JOURNAL_OK);
	assert_true(seen.sealed);
	assert_false(seen.bare);
	assert_ptr_equal(e->a.event.at, before.a.event.at);
	assert_ptr_equal(e->a.key.at, before.a.key.at);
	assert_int_equal(e->a.key.len, before.a.key.len);
	assert_ptr_equal(e->a.updates, before.a.updates);
	assert_ptr_equal(e->u.body.at, before.u.body.at);
	journal_do(j, &claim.op);
	assert_int_equal(claim.count, 1);
	assert_str(claim.items[0].body, "{\"secret\":\"of a lead\"}");
	memcpy(show.id, e->a.id, sizeof(show.id));
	journal_do(j, &show.op);
	assert_str(show.rows[0].body, "{\"secret\":\"of a lead\"}");
	assert_str(show.rows[0].event, "the secret event");

	/* With another key it is told, and never taken for a body. */
	seal_free(j->seal);
	j->seal = seal_new(STR("another-key-another-key-another!"), &why);
	assert_non_null(j->seal);
	journal_do(j, &claim.op);
	assert_int_equal(claim.op.result, JOURNAL_OK);
	assert_int_equal(claim.count, 1);
	assert_null(claim.items[0].body.at);
	assert_non_null(strstr(claim.op.fault.text, "another key"));
	journal_do(j, &show.op);
	assert_null(show.rows[0].body.at);
	assert_null(show.rows[0].event.at);
	journal_close(j);
	arena_free(claim.arena);
	base_free(e);
}

static void
test_keys_are_told_apart_by_route(void **state)
{
	struct journal *j = double_open((struct journal_settings){ 0 }, NULL);

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		struct event_in *e = event_in(i, "ann");

		e->a.key = STR("a key longer than the hash that stands for it");
		if (i == 1)
			e->a.route = STR("/hooks/b");
		journal_do(j, &e->a.op);
		assert_int_equal(e->a.op.result,
		    i == 2 ? JOURNAL_DUPLICATE : JOURNAL_OK);
		base_free(e);
	}
	journal_close(j);
}

static void
test_what_is_new_is_sealed_too(void **state)
{
	struct journal *j = double_open((struct journal_settings){ 0 },
	    "0123456789abcdef0123456789abcdef");
	struct event_in *e = event_in(1, "ann");
	struct journal_update u = { STR("api"), STR("ben"), STR("{\"b\":2}"),
		STR_NONE };
	struct journal_revive revive = { .op = { .verb = JOURNAL_REVIVE },
		.updates = &u,
		.update_count = 1 };
	struct journal_show show = { .op = { .verb = JOURNAL_SHOW },
		.arena = arena_new(1 << 20) };

	(void)state;
	e->u.refused = STR("no");
	memcpy(revive.id, e->a.id, sizeof(revive.id));
	memcpy(show.id, e->a.id, sizeof(show.id));
	journal_do(j, &e->a.op);
	journal_do(j, &revive.op);
	assert_int_equal(revive.op.result, JOURNAL_OK);
	assert_ptr_equal(revive.updates, &u);
	assert_false(seen.bare);
	journal_do(j, &show.op);
	assert_int_equal(show.count, 1);
	assert_str(show.rows[0].body, "{\"b\":2}");
	assert_str(show.rows[0].event, "the secret event");
	journal_close(j);
	arena_free(show.arena);
	base_free(e);
}

static void
test_an_event_that_rows_share_is_opened_once(void **state)
{
	struct journal *j = double_open((struct journal_settings){ 0 },
	    "0123456789abcdef0123456789abcdef");
	struct event_in *e = event_in(1, "ann");
	struct journal_update u[3] = { e->u, e->u, e->u };
	struct journal_show show = { .op = { .verb = JOURNAL_SHOW },
		.arena = arena_new(1 << 20) };

	(void)state;
	e->a.updates = u;
	e->a.update_count = 3;
	memcpy(show.id, e->a.id, sizeof(show.id));
	journal_do(j, &e->a.op);
	seen.shares = true;
	journal_do(j, &show.op);
	seen.shares = false;
	assert_int_equal(show.count, 3);
	for (size_t i = 0; i < 3; i++) {
		assert_str(show.rows[i].event, "the secret event");
		assert_str(show.rows[i].body, "{\"secret\":\"of a lead\"}");
	}
	journal_close(j);
	arena_free(show.arena);
	base_free(e);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    test_what_is_sealed_is_sealed_in_the_store_only),
		cmocka_unit_test(test_keys_are_told_apart_by_route),
		cmocka_unit_test(test_what_is_new_is_sealed_too),
		cmocka_unit_test(test_an_event_that_rows_share_is_opened_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
