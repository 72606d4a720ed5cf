/*
 * journal/journal_sqlite_reserve.c - room for what was promised.
 *
 * To deliver is to write: that an update is leased, and what became of it. So
 * that a full disk does not stop what was accepted before, some of it is held
 * by a file beside the journal, and nothing is accepted unless that file is
 * whole. When a group finds no room, the file is cut to nothing, and claims and
 * settlements go on with what it held. It is made again, and events are
 * accepted again, when the disk has room for it and for more: what it gave up
 * itself is not enough.
 *
 * What they need: all of a WAL that could not be brought into the database when
 * the disk became full (see WAL_FULL), and what rows grow by when they move. A
 * WAL that is over is written over from its start.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "journal/journal_sqlite.h"

#define SPARE_BYTES ((int64_t)16 << 20)

static void
open_file(struct lite_reserve *r)
{
	if (r->fd == -1)
		r->fd = open(r->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW,
		    0600);
}

static bool
cut(struct lite_reserve *r)
{
	r->whole = false;
	return r->fd != -1 && ftruncate(r->fd, 0) == 0;
}

/* What a process that was killed has left is room for opening the journal. */
int
lite_reserve_open(struct lite_reserve *r, const char *journal, int64_t bytes,
    struct fault *why)
{
	r->bytes = bytes;
	r->path = base_print("%s-reserve", journal);
	r->fd = -1;
	if (bytes > 0)
		open_file(r);
	cut(r);
	if (bytes == 0 || r->fd != -1 || errno == ENOSPC || errno == EDQUOT)
		return 0;
	return fault_set(why, FAULT_SETTINGS, r->path,
	    "the room for a full disk cannot be held there: %s; move away what "
	    "is there, or set journal.reserve to 0",
	    strerror(errno));
}

void
lite_reserve_close(struct lite_reserve *r)
{
	if (r->path == NULL)
		return;
	if (r->fd != -1) {
		unlink(r->path);
		close(r->fd);
	}
	base_free(r->path);
}

static bool
is_room(const struct lite_reserve *r)
{
	struct statvfs fs;

	return r->fd != -1 && fstatvfs(r->fd, &fs) == 0 &&
	    (uint64_t)fs.f_bavail * fs.f_frsize >=
	    (uint64_t)(r->bytes + SPARE_BYTES);
}

/* A part of it would be of no use, and others may need the room. */
bool
lite_reserve_fill(struct lite_reserve *r)
{
	if (r->whole || r->bytes == 0)
		return true;
	open_file(r);
	r->whole = is_room(r) &&
	    posix_fallocate(r->fd, 0, (off_t)r->bytes) == 0;
	if (!r->whole)
		cut(r);
	return r->whole;
}

bool
lite_reserve_spend(struct lite_reserve *r)
{
	return r->whole && cut(r);
}
