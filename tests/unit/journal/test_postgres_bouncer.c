/*
 * tests/unit/journal/test_postgres_bouncer.c - ... and so it does through
 * PgBouncer in transaction mode, which may hand each transaction to another
 * server process.
 */
#include "unit/journal/postgres.h"

static char *
fresh_bounced(void)
{
	base_free(postgres_fresh());
	return postgres_url(true);
}

int
main(void)
{
	static const struct suite_backend bounced = { &journal_postgres,
		fresh_bounced, postgres_sound, true };
	int failed;

	if (!postgres_start())
		return POSTGRES_SKIP;
	postgres_do("bouncer");
	failed = suite_run("journal.postgres.bouncer", &bounced);
	postgres_end();
	return failed;
}
