/* tests/unit/journal/test_postgres.c - PostgreSQL does what the suite says. */
#include "unit/journal/postgres.h"

int
main(void)
{
	int failed;

	if (!postgres_start())
		return POSTGRES_SKIP;
	failed = suite_run("journal.postgres", &postgres_it);
	postgres_end();
	return failed;
}
