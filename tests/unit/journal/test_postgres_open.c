/* tests/unit/journal/test_postgres_open.c - what must not be opened, and who
 * is told why. Each case has an empty store. */
#include <pthread.h>

#include "unit/journal/postgres.h"

extern const char journal_postgres_tables_sql[]; /* of version 1 */

static void
assert_refused(struct world *w, const char *url, const char *text)
{
	struct fault why = { 0 };
	void *store = journal_postgres.open(url, &w->settings, &why);

	if (store != NULL || strstr(why.text, text) == NULL)
		fail_msg("%s", store != NULL ? "it opened" : why.text);
}

static void
test_what_cannot_promise_is_not_opened(void **state)
{
	struct world *w = *state;

	postgres_ask("ALTER SYSTEM SET fsync = off");
	postgres_ask("SELECT pg_reload_conf()");
	while (strcmp(postgres_ask("SHOW fsync"), "off") != 0)
		;
	assert_refused(w, w->url, "fsync = off");
	postgres_ask("ALTER SYSTEM RESET fsync");
	postgres_ask("SELECT pg_reload_conf()");
	while (strcmp(postgres_ask("SHOW fsync"), "on") != 0)
		;
	postgres_ask("UPDATE leadbridge.meta SET version = 99");
	assert_refused(w, w->url, "of version 99, and this program knows 6");
	postgres_ask("UPDATE leadbridge.meta SET version = 6");
}

static void
test_a_database_that_is_not_utf8_is_not_opened(void **state)
{
	struct world *w = *state;
	char *url = base_print("postgresql://leadbridge@/latin?host=%s/run",
	    postgres_folder);

	postgres_ask("CREATE DATABASE latin TEMPLATE template0"
	             " ENCODING 'LATIN1' LOCALE 'C'");
	assert_refused(w, url, "encoding is not UTF8");
	base_free(url);
}

static void
test_a_user_that_may_not_make_tables_is_told(void **state)
{
	struct world *w = *state;
	char *url = base_print("postgresql://guest@/postgres?host=%s/run",
	    postgres_folder);

	base_free(postgres_fresh());
	postgres_ask("CREATE USER guest");
	assert_refused(w, url, "GRANT CREATE ON DATABASE");
	base_free(url);
	world_reopen(w);
}

static void
test_no_password_is_ever_printed(void **state)
{
	static const char *const urls[] = {
		"postgresql://me:gehe@im@localhost/db",
		"postgresql://me:geheim@localhost:port/db",
		"postgresql://me:gehe%zzim@localhost/db",
		"postgresql://me:geheim@[::1/db",
		"postgresql://me:geheim@/db?host=/nowhere&port=1",
		"postgresql://me@/db?host=/nowhere&password=geheim&nope=1",
	};
	struct world *w = *state;

	for (size_t i = 0; i < COUNT_OF(urls); i++) {
		struct fault why = { 0 };

		assert_null(journal_postgres.open(urls[i], &w->settings, &why));
		assert_null(strstr(why.text, "geheim"));
		assert_null(strstr(why.text, "im@"));
		assert_null(strstr(why.where, "geheim"));
		assert_true(why.text[0] != '\0');
	}
}

/* A journal of the first version, with an update that waits in it. */
static void
make_first_version(void)
{
	postgres_ask("DROP SCHEMA leadbridge CASCADE");
	postgres_ask(journal_postgres_tables_sql);
	postgres_ask("CREATE FUNCTION leadbridge.claim(a int) RETURNS int"
	             " LANGUAGE sql AS 'SELECT 1'");
	postgres_ask(
	    "INSERT INTO leadbridge.delivery VALUES"
	    " ('01930000-0000-7000-8000-000000000001', '/hooks/a', 'hmac', 1,"
	    " 1, NULL, 'event');"
	    "INSERT INTO leadbridge.item (ord, since_ms, updated_ms, id, n,"
	    " attempts, flags, state, laned, sending, target, lead, reason,"
	    " body) VALUES (nextval('leadbridge.ord'), 1, 1,"
	    " '01930000-0000-7000-8000-000000000001', 0, 0, 0, 0, true, false,"
	    " 'api', 'ann', '', '{}');"
	    "INSERT INTO leadbridge.lane VALUES (1, 0, 0, 1, false, false,"
	    " 'api', 'ann')");
}

static void
test_an_earlier_version_is_brought_up(void **state)
{
	struct world *w = *state;

	world_shut(w);
	make_first_version();
	world_reopen(w);
	assert_string_equal(postgres_ask("SELECT version FROM leadbridge.meta"),
	    "6");
	/* What there was of code is gone, what there was of events is not. */
	assert_string_equal(
	    postgres_ask("SELECT count(*) FROM pg_proc WHERE proname = 'claim'"
	                 " AND pronamespace = 'leadbridge'::regnamespace"),
	    "1");
	assert_int_equal(settle_to(w, claim_one(w), JOURNAL_DONE), JOURNAL_OK);
	assert_id(w->claim.items[0].id, 1);
	give(w, .number = 2);
	/* Nodes of version 4 and of the first call with what they know. */
	postgres_ask("SELECT * FROM leadbridge.claim(1, 'other', 1, 1, 0, 1000,"
	             " 1000, 5, 0)");
	assert_string_equal(postgres_ask("SELECT leadbridge.prune(1, 3600000,"
	                                 " 3600000, 3600000, 0, 100)"),
	    "0");
	/* ... and those of version 5, what a person asks for. */
	assert_string_equal(
	    postgres_ask("SELECT leadbridge.revive('01930000-0000-7000-8000-"
	                 "000000000002', false, 0, '{}', '{}', '{}', '{}')"),
	    "");
	assert_string_equal(postgres_ask("SELECT leadbridge.drop_delivery("
	                                 "'01930000-0000-7000-8000-"
	                                 "000000000002')"),
	    "0");
	postgres_ask("UPDATE leadbridge.item SET flags = 96 WHERE ord = 2");
	postgres_ask("SELECT * FROM leadbridge.claim(1, 'api', 1, 1, 0, 1000,"
	             " 1000, 5)");
	assert_string_equal(
	    postgres_ask("SELECT leadbridge.settle('{api}', '{lead}',"
	                 " (SELECT array_agg(fence) FROM leadbridge.lane),"
	                 " '{0}', '{0}', '{0}', '{0}', '{503}', '{busy}', true,"
	                 " true)"),
	    "0");
	assert_string_equal(postgres_ask("SELECT flags || ' ' || status"
	                                 " FROM leadbridge.item WHERE ord = 2"),
	    "96 503");
}

/* All of it or nothing: what cannot be brought up stays as it was. */
static void
test_a_step_that_fails_changes_nothing(void **state)
{
	struct world *w = *state;

	world_shut(w);
	make_first_version();
	/* In the way of the functions, when the tables are made. */
	postgres_ask("CREATE VIEW leadbridge.v AS SELECT leadbridge.claim(1)");
	assert_refused(w, w->url, "cannot drop function");
	assert_string_equal(postgres_ask("SELECT version FROM leadbridge.meta"),
	    "1");
	assert_string_equal(postgres_ask(
	                        "SELECT to_regclass('leadbridge.rate')"),
	    "");
	postgres_ask("SELECT leadbridge.claim(1)");
	base_free(postgres_fresh());
	world_reopen(w);
}

static void *
open_in_a_thread(void *arg)
{
	struct world *w = arg;
	struct fault why = { 0 };
	void *store = journal_postgres.open(w->url, &w->settings, &why);

	if (store != NULL)
		journal_postgres.close(store);
	return store;
}

static void
test_many_may_open_what_is_not_there_yet(void **state)
{
	struct world *w = *state;
	pthread_t threads[6];
	void *store;

	base_free(postgres_fresh());
	for (size_t i = 0; i < COUNT_OF(threads); i++)
		pthread_create(&threads[i], NULL, open_in_a_thread, w);
	for (size_t i = 0; i < COUNT_OF(threads); i++) {
		pthread_join(threads[i], &store);
		assert_non_null(store);
	}
	give(w, .number = 1);
}

#define CASE(f)                                                                \
	cmocka_unit_test_setup_teardown(f, postgres_setup, suite_teardown)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		CASE(test_what_cannot_promise_is_not_opened),
		CASE(test_a_database_that_is_not_utf8_is_not_opened),
		CASE(test_a_user_that_may_not_make_tables_is_told),
		CASE(test_no_password_is_ever_printed),
		CASE(test_an_earlier_version_is_brought_up),
		CASE(test_a_step_that_fails_changes_nothing),
		CASE(test_many_may_open_what_is_not_there_yet),
	};
	int failed;

	if (!postgres_start())
		return POSTGRES_SKIP;
	failed = cmocka_run_group_tests_name("journal.postgres.open", tests,
	    NULL, NULL);
	postgres_end();
	return failed;
}
