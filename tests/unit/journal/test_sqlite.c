/* tests/unit/journal/test_sqlite.c - the sqlite backend does what it has to. */
#include <stdio.h>
#include <unistd.h>

#include "unit/journal/suite.h"

static char *
fresh(void)
{
	char folder[] = "/tmp/journal.XXXXXX";

	if (mkdtemp(folder) == NULL)
		bug("no folder");
	return base_print("sqlite:%s/journal.db", folder);
}

static void
gone(const char *url)
{
	char *path = base_copy(url + strlen("sqlite:"));

	unlink(path);
	*strrchr(path, '/') = '\0';
	if (rmdir(path) == -1)
		bug("%s: something is left there", path);
	base_free(path);
}

int
main(void)
{
	static const struct suite_backend sqlite = { &journal_sqlite, fresh,
		gone, true };

	return suite_run("journal.sqlite", &sqlite);
}
