/* tests/unit/journal/test_memory.c - the reference does what it says. */
#include "unit/journal/suite.h"

static char *
fresh(void)
{
	return base_copy("memory:");
}

int
main(void)
{
	static const struct suite_backend memory = { &journal_memory, fresh,
		NULL, false };

	return suite_run("journal.memory", &memory);
}
