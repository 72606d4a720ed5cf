/* tests/unit/journal/test_postgres.c - PostgreSQL does what the suite says. */
#include "unit/journal/postgres.h"

int
main(void)
{
	static const struct suite_backend postgres = { &journal_postgres,
		postgres_fresh, postgres_sound, true };
	int failed;

	if (!postgres_start())
		return POSTGRES_SKIP;
	failed = suite_run("journal.postgres", &postgres);
	postgres_end();
	return failed;
}
