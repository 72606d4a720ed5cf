/* tests/unit/journal/sqlite.h - a journal's file, in a folder of its own. */
#ifndef TESTS_JOURNAL_SQLITE_H
#define TESTS_JOURNAL_SQLITE_H

#include <stdio.h>
#include <unistd.h>

#include "unit/journal/suite.h"

static inline char *
sqlite_fresh(void)
{
	char folder[] = "/tmp/journal.XXXXXX";

	if (mkdtemp(folder) == NULL)
		bug("no folder");
	return base_print("sqlite:%s/journal.db", folder);
}

/* Nothing may be left beside it. */
static inline void
sqlite_gone(const char *url)
{
	char *path = base_copy(url + strlen("sqlite:"));

	unlink(path);
	*strrchr(path, '/') = '\0';
	if (rmdir(path) == -1)
		bug("%s: something is left there", path);
	base_free(path);
}

static const struct suite_backend sqlite_it = { &journal_sqlite, sqlite_fresh,
	sqlite_gone, true };

static inline const char *
path_of(const struct world *w)
{
	return w->url + strlen("sqlite:");
}

/* Whether all of a group was done. */
static inline bool
try_all(struct world *w, struct journal_op *const *ops, size_t count,
    struct fault *why)
{
	if (journal_sqlite.apply(w->store, ops, count, why) == -1)
		return false;
	for (size_t i = 0; i < count; i++) {
		if (ops[i]->result != JOURNAL_UNAVAILABLE)
			continue;
		*why = ops[i]->fault;
		return false;
	}
	return true;
}

static inline bool
try_one(struct world *w, struct journal_op *op)
{
	struct fault why = { 0 };

	return try_all(w, &op, 1, &why);
}

/* An accept that cannot be stored for now. */
static inline void
refuse_one(struct world *w)
{
	struct put p = { .number = 7777777 };
	struct journal_op *op = &w->accept.op;
	struct journal_update u;
	struct fault why = { 0 };

	put_fill(&w->accept, &u, &p);
	assert_false(try_all(w, &op, 1, &why));
	assert_int_equal(why.code, FAULT_BUSY);
	assert_non_null(strstr(why.text, "the disk is full"));
}

#endif
