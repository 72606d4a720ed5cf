/* tests/bench/journal_disk.c - the disk that the journal is measured on. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include <sqlite3.h>

#include "journal_disk.h"

#define BARE_BYTES ((off_t)32 << 20)

void
die(const char *what, const struct fault *why)
{
	fprintf(stderr, "bench_journal: %s: %s: %s\n", what,
	    why != NULL ? why->where : "", why != NULL ? why->text : "failed");
	exit(1);
}

static sqlite3_vfs slow_vfs;
/* Of the database, and of the files beside it, which are not locked. */
static sqlite3_io_methods slow_methods[2];
static int (*real_sync)(sqlite3_file *file, int flags);
static long sync_us; /* a time more */

void
disk_syncs_longer(long us)
{
	sync_us = us;
}

static void
sync_longer(void)
{
	struct timespec nap = { 0, sync_us * 1000 };

	if (sync_us > 0)
		nanosleep(&nap, NULL);
}

static int
slow_sync(sqlite3_file *file, int flags)
{
	sync_longer();
	return real_sync(file, flags);
}

static int
slow_open(sqlite3_vfs *vfs, sqlite3_filename name, sqlite3_file *file,
    int flags, int *out)
{
	sqlite3_vfs *real = vfs->pAppData;
	int rc = real->xOpen(real, name, file, flags, out);
	sqlite3_io_methods *m;

	if (rc != SQLITE_OK)
		return rc;
	m = &slow_methods[(flags & SQLITE_OPEN_MAIN_DB) != 0];
	real_sync = file->pMethods->xSync;
	*m = *file->pMethods;
	m->xSync = slow_sync;
	file->pMethods = m;
	return rc;
}

void
disk_register(void)
{
	sqlite3_vfs *real = sqlite3_vfs_find(NULL);

	slow_vfs = *real;
	slow_vfs.zName = "slow";
	slow_vfs.pAppData = real;
	slow_vfs.xOpen = slow_open;
	sqlite3_vfs_register(&slow_vfs, 1);
}

void
bare_open(struct bare *f, const char *path, size_t bytes)
{
	char block[65536];

	f->bytes = bytes;
	f->data = base_alloc(f->bytes);
	if (getrandom(f->data, f->bytes, 0) != (ssize_t)f->bytes)
		die("random bytes", NULL);
	memset(block, 1, sizeof(block));
	f->at = 0;
	f->fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	for (off_t n = 0; n < BARE_BYTES; n += (off_t)sizeof(block))
		if (write(f->fd, block, sizeof(block)) != sizeof(block))
			die(path, NULL);
	if (fsync(f->fd) == -1)
		die(path, NULL);
	unlink(path);
}

void
bare_write(struct bare *f)
{
	if (f->at + (off_t)f->bytes > BARE_BYTES)
		f->at = 0;
	if (pwrite(f->fd, f->data, f->bytes, f->at) != (ssize_t)f->bytes)
		die("bare write", NULL);
	sync_longer();
	if (fdatasync(f->fd) == -1)
		die("bare sync", NULL);
	f->at += (off_t)f->bytes;
}

void
bare_close(struct bare *f)
{
	close(f->fd);
	base_free(f->data);
}
