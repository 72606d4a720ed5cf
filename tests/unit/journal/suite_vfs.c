/* tests/unit/journal/suite_vfs.c - a disk that fails, for SQLite. */
#include <errno.h>
#include <string.h>

#include <sqlite3.h>

#include "base/base.h"
#include "unit/journal/suite_vfs.h"

/* What a write covered. */
struct before {
	struct before *next;
	sqlite3_int64 at, size; /* where, and of the file before */
	int len, had;           /* bytes written, bytes that were there */
	char bytes[];
};

struct file {
	sqlite3_file base; /* first: it is what SQLite knows */
	struct before *unsynced;
	struct file *next;
	sqlite3_file *real;
};

static struct {
	sqlite3_vfs vfs, *real;
	sqlite3_io_methods methods;
	enum vfs_trouble trouble;
	unsigned kinds, n, count;
	bool hit, dead;
	struct file *files;
	unsigned dice;
} disk;

void (*vfs_at_close)(void);

static sqlite3_file *
real_of(sqlite3_file *f)
{
	return ((struct file *)f)->real;
}

static void
forget_writes(struct file *f)
{
	struct before *b;

	while ((b = f->unsynced) != NULL) {
		f->unsynced = b->next;
		base_free(b);
	}
}

static void
undo_writes(struct file *f, bool some)
{
	struct before *b;

	for (b = f->unsynced; b != NULL; b = b->next) {
		disk.dice = disk.dice * 1103515245u + 12345u;
		if (some && (disk.dice >> 16) % 2 == 0)
			continue;
		if (b->had > 0)
			f->real->pMethods->xWrite(f->real, b->bytes, b->had,
			    b->at);
		if (!some)
			f->real->pMethods->xTruncate(f->real, b->size);
	}
	forget_writes(f);
}

static void
cut(bool some)
{
	for (struct file *f = disk.files; f != NULL; f = f->next)
		undo_writes(f, some);
	disk.dead = true;
}

void
vfs_die(void)
{
	disk.dead = true;
}

static bool
is_ever(void)
{
	return disk.trouble == VFS_EIO_EVER || disk.trouble == VFS_FULL_EVER;
}

static bool
is_full(void)
{
	return disk.trouble == VFS_FULL || disk.trouble == VFS_FULL_EVER;
}

/* Whether something happens at this call. */
static bool
strikes(unsigned kind)
{
	if (disk.trouble == VFS_NONE || (disk.kinds & kind) == 0)
		return false;
	if (++disk.count != disk.n && !(is_ever() && disk.count > disk.n))
		return false;
	disk.hit = true;
	return true;
}

/* Before a call; SQLITE_OK: let it happen. */
static int
before_call(unsigned kind, int eio)
{
	if (disk.dead)
		return eio;
	if (disk.trouble == VFS_CUT_AFTER || !strikes(kind))
		return SQLITE_OK;
	if (is_full())
		return kind == VFS_SYNC ? SQLITE_OK : SQLITE_FULL;
	if (disk.trouble == VFS_CUT_BEFORE || disk.trouble == VFS_CUT_SOME)
		cut(disk.trouble == VFS_CUT_SOME);
	if (disk.trouble == VFS_QUOTA)
		errno = EDQUOT;
	return eio;
}

static void
after_call(unsigned kind)
{
	if (!disk.dead && disk.trouble == VFS_CUT_AFTER && strikes(kind))
		cut(false);
}

static void
keep_before(struct file *f, int len, sqlite3_int64 at)
{
	struct before *b = base_alloc(sizeof(*b) + (size_t)len);
	sqlite3_int64 size = 0;

	f->real->pMethods->xFileSize(f->real, &size);
	b->at = at;
	b->size = size;
	b->len = len;
	b->had = at >= size                  ? 0
	    : size - at < (sqlite3_int64)len ? (int)(size - at)
	                                     : len;
	if (b->had > 0)
		f->real->pMethods->xRead(f->real, b->bytes, b->had, at);
	b->next = f->unsynced;
	f->unsynced = b;
}

static int
vfs_write(sqlite3_file *file, const void *data, int len, sqlite3_int64 at)
{
	struct file *f = (struct file *)file;
	int rc = before_call(VFS_WRITE, SQLITE_IOERR_WRITE);

	if (rc != SQLITE_OK)
		return rc;
	keep_before(f, len, at);
	rc = f->real->pMethods->xWrite(f->real, data, len, at);
	after_call(VFS_WRITE);
	return rc;
}

/* What counts as synced is what a cut leaves alone: no disk has to spin. */
static int
vfs_sync(sqlite3_file *file, int flags)
{
	int rc = before_call(VFS_SYNC, SQLITE_IOERR_FSYNC);

	(void)flags;
	if (rc != SQLITE_OK)
		return rc;
	forget_writes((struct file *)file);
	after_call(VFS_SYNC);
	return rc;
}

/* As if it were synced at once: what was cut off does not come back. */
static int
vfs_truncate(sqlite3_file *file, sqlite3_int64 size)
{
	struct file *f = (struct file *)file;
	int rc = before_call(VFS_TRUNCATE, SQLITE_IOERR_TRUNCATE);

	if (rc != SQLITE_OK)
		return rc;
	forget_writes(f);
	rc = f->real->pMethods->xTruncate(f->real, size);
	after_call(VFS_TRUNCATE);
	return rc;
}

static int
vfs_close(sqlite3_file *file)
{
	struct file *f = (struct file *)file, **at = &disk.files;
	int rc;

	if (vfs_at_close != NULL)
		vfs_at_close();
	rc = f->real->pMethods->xClose(f->real);
	while (*at != f)
		at = &(*at)->next;
	*at = f->next;
	forget_writes(f);
	return rc;
}

static int
vfs_read(sqlite3_file *f, void *data, int len, sqlite3_int64 at)
{
	return real_of(f)->pMethods->xRead(real_of(f), data, len, at);
}

static int
vfs_size(sqlite3_file *f, sqlite3_int64 *size)
{
	return real_of(f)->pMethods->xFileSize(real_of(f), size);
}

static int
vfs_lock(sqlite3_file *f, int lock)
{
	return real_of(f)->pMethods->xLock(real_of(f), lock);
}

static int
vfs_unlock(sqlite3_file *f, int lock)
{
	return real_of(f)->pMethods->xUnlock(real_of(f), lock);
}

static int
vfs_reserved(sqlite3_file *f, int *out)
{
	return real_of(f)->pMethods->xCheckReservedLock(real_of(f), out);
}

static int
vfs_control(sqlite3_file *f, int op, void *arg)
{
	return real_of(f)->pMethods->xFileControl(real_of(f), op, arg);
}

static int
vfs_sector(sqlite3_file *f)
{
	return real_of(f)->pMethods->xSectorSize(real_of(f));
}

static int
vfs_device(sqlite3_file *f)
{
	return real_of(f)->pMethods->xDeviceCharacteristics(real_of(f));
}

static int
vfs_open(sqlite3_vfs *vfs, sqlite3_filename name, sqlite3_file *file, int flags,
    int *out)
{
	struct file *f = (struct file *)file;
	int rc = before_call(VFS_OPEN, SQLITE_CANTOPEN);

	(void)vfs;
	memset(f, 0, sizeof(*f));
	if (rc != SQLITE_OK)
		return rc;
	f->real = (sqlite3_file *)(f + 1);
	rc = disk.real->xOpen(disk.real, name, f->real, flags, out);
	if (rc != SQLITE_OK)
		return rc;
	f->base.pMethods = &disk.methods;
	f->next = disk.files;
	disk.files = f;
	after_call(VFS_OPEN);
	return rc;
}

static int
vfs_delete(sqlite3_vfs *vfs, const char *name, int sync)
{
	(void)vfs;
	return disk.dead ? SQLITE_IOERR_DELETE
	                 : disk.real->xDelete(disk.real, name, sync);
}

static const sqlite3_io_methods methods = {
	.iVersion = 1,
	.xClose = vfs_close,
	.xRead = vfs_read,
	.xWrite = vfs_write,
	.xTruncate = vfs_truncate,
	.xSync = vfs_sync,
	.xFileSize = vfs_size,
	.xLock = vfs_lock,
	.xUnlock = vfs_unlock,
	.xCheckReservedLock = vfs_reserved,
	.xFileControl = vfs_control,
	.xSectorSize = vfs_sector,
	.xDeviceCharacteristics = vfs_device,
};

/* Version 1 has no shared memory: a WAL without it is what exclusive means. */
void
vfs_install(void)
{
	disk.real = sqlite3_vfs_find(NULL);
	disk.vfs = *disk.real;
	disk.vfs.zName = "faulty";
	disk.vfs.szOsFile = (int)sizeof(struct file) + disk.real->szOsFile;
	disk.vfs.xOpen = vfs_open;
	disk.vfs.xDelete = vfs_delete;
	disk.methods = methods;
	sqlite3_vfs_register(&disk.vfs, 1);
}

void
vfs_arm(enum vfs_trouble trouble, unsigned kinds, unsigned n)
{
	disk.trouble = trouble;
	disk.kinds = kinds;
	disk.n = n;
	disk.count = 0;
	disk.hit = false;
	disk.dice = n;
}

bool
vfs_hit(void)
{
	return disk.hit;
}

void
vfs_reset(void)
{
	vfs_arm(VFS_NONE, 0, 0);
	disk.dead = false;
}
