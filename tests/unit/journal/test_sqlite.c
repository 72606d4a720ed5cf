/* tests/unit/journal/test_sqlite.c - the sqlite backend does what it has to. */
#include "unit/journal/sqlite.h"

int
main(void)
{
	return suite_run("journal.sqlite", &sqlite_it);
}
