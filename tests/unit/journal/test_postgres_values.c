/* tests/unit/journal/test_postgres_values.c - what goes over the wire, and how
 * much of it. */
/* First: what it calls of libpq is libpq's own, not what the journal loads. */
#include "unit/journal/postgres.h"

#include "journal/journal_postgres.h"

static void
test_bad_texts_are_made_good(void **state)
{
	struct world *w = *state;
	struct journal_update u;
	struct put p = { .number = 1 };
	struct journal_settle how = { .to = JOURNAL_DEAD,
		.reason = "cut in a charact\xc3" };

	put_fill(&w->accept, &u, &p);
	u.refused = STR("a\xff"
	                "b\0c");
	assert_int_equal(apply_one(w, &w->accept.op), JOURNAL_OK);
	assert_str(row_of(w, 1)->reason, "a?b?c");
	give(w, .number = 2);
	assert_int_equal(settle_with(w, claim_one(w), how), JOURNAL_OK);
	assert_str(row_of(w, 2)->reason, "cut in a charact?");
}

static void
test_an_id_that_is_none_is_nobodys(void **state)
{
	struct world *w = *state;

	give(w, .number = 1);
	memset(&w->show, 0, sizeof(w->show));
	w->show.op.verb = JOURNAL_SHOW;
	w->show.arena = w->arena;
	memcpy(w->show.id, "'; DROP SCHEMA leadbridge; --       ", 37);
	assert_int_equal(apply_one(w, &w->show.op), JOURNAL_NOT_FOUND);
	assert_true(is_there(w, 1));
}

/* A database that is set to lose commits is not asked for its opinion. */
static void
test_commits_are_synchronous_whatever_is_set(void **state)
{
	struct world *w = *state;

	postgres_ask("ALTER DATABASE postgres SET synchronous_commit = off");
	plant(AT_ONCE,
	    "IF current_setting('synchronous_commit') <> 'on' THEN"
	    " RAISE 'a commit may be lost'; END IF");
	world_reopen(w);
	postgres_ask("ALTER DATABASE postgres RESET synchronous_commit");
	give(w, .number = 1);
	unplant();
}

/* A page of texts that are too many ends early, and goes on. */
static void
test_a_page_has_a_ceiling_of_its_own(void **state)
{
	struct world *w = *state;
	struct arena *large = arena_new(256 << 20);
	char *big = base_alloc((20 << 20) + 1);
	struct journal_list how = { .whole = true, .most = 10, .arena = large };

	memset(big, 'x', 20 << 20);
	for (unsigned i = 0; i < 3; i++)
		give(w, .number = i,
		    .lead = i == 0 ? "ann"
		        : i == 1   ? "ben"
		                   : "cid",
		    .body = big);
	assert_int_equal(list_with(w, how), 1);
	assert_int_equal(w->list.next, w->list.rows[0].order);
	how.after = w->list.next;
	assert_int_equal(list_with(w, how), 1);
	assert_id(w->list.rows[0].id, 1);
	arena_reset(large);
	assert_int_equal(claim_with(w,
	                     (struct journal_claim){ .most = 10,
	                         .lease_ms = HOUR,
	                         .arena = large }),
	    2);
	assert_int_equal(w->claim.next_ms, 0);
	arena_free(large);
	base_free(big);
}

#define CASE(f)                                                                \
	cmocka_unit_test_setup_teardown(f, postgres_setup, suite_teardown)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		CASE(test_bad_texts_are_made_good),
		CASE(test_an_id_that_is_none_is_nobodys),
		CASE(test_commits_are_synchronous_whatever_is_set),
		CASE(test_a_page_has_a_ceiling_of_its_own),
	};

	if (!postgres_start())
		return POSTGRES_SKIP;
	return cmocka_run_group_tests_name("journal.postgres.values", tests,
	    NULL, NULL);
}
