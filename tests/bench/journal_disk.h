/*
 * tests/bench/journal_disk.h - the disk that the journal is measured on: the
 * system's, and a time more for each sync; and what it can do at best.
 */
#ifndef TESTS_BENCH_JOURNAL_DISK_H
#define TESTS_BENCH_JOURNAL_DISK_H

#include <sys/types.h>

#include "base/base.h"

_Noreturn void die(const char *what, const struct fault *why);

/* Before a store is opened: SQLite's files are on this disk from now on. */
void disk_register(void);
void disk_syncs_longer(long us);

/*
 * The floor of anything that promises durability: so many bytes written to a
 * file that has its length, and fdatasync.
 */
struct bare {
	int fd;
	off_t at;
	size_t bytes; /* a write */
	char *data;
};
void bare_open(struct bare *f, const char *path, size_t bytes);
void bare_write(struct bare *f);
void bare_close(struct bare *f);

#endif
