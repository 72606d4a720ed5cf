/*
 * tests/unit/journal/suite_story.h - a few groups for SQLite, told again and
 * again.
 *
 * Each time something else goes wrong, at the first call to the disk, at the
 * second ... until a telling meets no fault at all. After each the file is
 * opened on a disk that is well: what the story was promised has to be there,
 * and what it was refused must have left nothing behind.
 */
#ifndef TESTS_JOURNAL_SUITE_STORY_H
#define TESTS_JOURNAL_SUITE_STORY_H

#include <sqlite3.h>

#include "unit/journal/suite.h"
#include "unit/journal/suite_vfs.h"

#define EVENTS 24
#define RUNS_MOST 20000

/* What one telling was promised. */
struct story {
	struct journal_settings settings;
	void *store;
	struct arena *arena;
	bool accepted[EVENTS]; /* ... that the event is kept */
	bool begun[EVENTS];    /* ... once there has been a sync */
	bool forgotten, fatal;
	bool late;        /* groups are begun, and synced later */
	unsigned refused; /* groups */
	enum journal_state settled[EVENTS];
	bool is_settled[EVENTS];
};

extern bool story_is_late; /* those that are told from now on */

/* In a folder of its own; what main() returns. */
int story_suite(const char *name, const struct CMUnitTest *tests, size_t count);
bool story_open(struct story *t, struct fault *why);
void story_clean(void);
/* SQLite's memory: the n-th time it asks for some there is none. */
void story_memory(unsigned n);
/* What is armed happens in one telling; false: it met no fault. */
bool story_run_once(enum vfs_trouble trouble, const char *what, unsigned n);
/* At every call of these kinds. */
void story_run_all(enum vfs_trouble trouble, unsigned kinds, const char *what);

#endif
