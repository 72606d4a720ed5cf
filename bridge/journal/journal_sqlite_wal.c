/*
 * journal/journal_sqlite_wal.c - the sync of a commit, done later.
 *
 * SQLite ends a commit by a sync of the WAL. Between lite_wal_defer(true) and
 * (false) that one is only noted, and lite_wal_sync() does it, on a thread that
 * has nothing else to do, while the next group is written behind the frames of
 * this one. Until it has returned nobody is told anything of the group; so what
 * is promised is as safe as it was.
 *
 * All other syncs are done when SQLite asks for them, for they keep an order:
 * those of a checkpoint, and that of the WAL's header, which has to be in place
 * before the first frame under it. A header is what is written at offset 0.
 *
 * A sync that failed is told once: whoever asks next is told that all is well,
 * though what was written may be gone. So one asks at a time, and after a
 * failure all are told of it: a checkpoint, too, that would bring what it reads
 * back into the database.
 *
 * The file's methods are a copy of its own with two of them replaced: no VFS
 * has to be registered, and whatever VFS there is lies beneath.
 */
#include <errno.h>

#include "journal/journal_sqlite.h"

/* The copy is the first thing in it. */
static struct lite_wal *
wal_of(const sqlite3_file *file)
{
	return (struct lite_wal *)(uintptr_t)file->pMethods;
}

/* To SQLite a quota that is used up is no full disk; to whom it holds it is. */
static int
wal_write(sqlite3_file *file, const void *data, int len, sqlite3_int64 at)
{
	struct lite_wal *w = wal_of(file);
	int rc;

	if (at == 0)
		w->header = true;
	rc = w->real->xWrite(file, data, len, at);
	return rc == SQLITE_IOERR_WRITE && errno == EDQUOT ? SQLITE_FULL : rc;
}

static int
sync_file(struct lite_wal *w, int flags)
{
	int rc = SQLITE_IOERR_FSYNC;

	pthread_mutex_lock(&w->syncing);
	if (!w->failed)
		rc = w->real->xSync(w->file, flags);
	w->failed = rc != SQLITE_OK;
	pthread_mutex_unlock(&w->syncing);
	return rc;
}

static int
wal_sync(sqlite3_file *file, int flags)
{
	struct lite_wal *w = wal_of(file);
	int rc;

	if (w->defers && !w->header) {
		atomic_store(&w->due, true);
		return SQLITE_OK;
	}
	rc = sync_file(w, flags);
	if (rc == SQLITE_OK)
		w->header = false;
	return rc;
}

int
lite_wal_take(struct lite_store *s)
{
	struct lite_wal *w = &s->wal;
	sqlite3_file *file = NULL;
	int rc = sqlite3_file_control(s->db, NULL, SQLITE_FCNTL_JOURNAL_POINTER,
	    &file);

	if (rc != SQLITE_OK || file == NULL || file->pMethods == NULL)
		return rc != SQLITE_OK ? rc : SQLITE_CANTOPEN;
	pthread_mutex_init(&w->syncing, NULL);
	w->file = file;
	w->real = file->pMethods;
	w->methods = *file->pMethods;
	w->methods.xWrite = wal_write;
	w->methods.xSync = wal_sync;
	/* Who knows what has been synced of it so far. */
	w->header = true;
	file->pMethods = &w->methods;
	return SQLITE_OK;
}

void
lite_wal_done(struct lite_wal *w)
{
	if (w->file != NULL)
		pthread_mutex_destroy(&w->syncing);
}

void
lite_wal_defer(struct lite_store *s, bool defers)
{
	s->wal.defers = defers;
}

/*
 * Taken before the sync: a group that is written while it lasts asks for one of
 * its own, or has been written before it and is part of it.
 */
int
lite_wal_sync(struct lite_wal *w)
{
	if (!atomic_exchange(&w->due, false))
		return SQLITE_OK;
	return sync_file(w, SQLITE_SYNC_NORMAL);
}
