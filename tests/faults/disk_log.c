/*
 * tests/faults/disk_log.c - LD_PRELOAD: a disk's diary.
 *
 * What a process does to the files of a journal, and what it promises to
 * others, is logged in the order in which it happens: writes with their
 * bytes, new lengths, syncs (as they begin, and as they end: what is written in
 * between may be part of them, or not), and replies whose status is 202.
 * disk_log.py makes of it what a disk would hold had the power failed at any of
 * these moments. The log survives a SIGKILL: the page cache does.
 *
 *	DISK_LOG=path		where to
 *	DISK_LOG_FILES=name	files whose last part begins so
 *	DISK_LOG_NO_SYNC=1	syncs of them do nothing, and say that they did
 *	DISK_LOG_SLOW=ms	syncs of them take so much longer
 *	DISK_LOG_SHORT=n	every n-th write of them stops half-way
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define FILES 1024
#define REPLY "HTTP/1.1 202"

enum kind {
	OPENED,
	MADE,
	WROTE,
	CUT,
	SYNC_BEGUN,
	SYNCED,
	FOLDER_SYNCED,
	REPLIED,
	REMOVED,
};

/* disk_log.py reads the same, little-endian. */
struct record {
	uint32_t kind, file;
	uint64_t offset, length;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static bool is_ours[FILES]; /* by descriptor; only under the lock */
static uint32_t number[FILES];
static uint32_t opened;
static unsigned writes;
static uint64_t syncs;

static int
log_fd(void)
{
	static int fd = -1;
	const char *path = getenv("DISK_LOG");

	if (fd == -1 && path != NULL)
		fd = (int)syscall(SYS_openat, AT_FDCWD, path,
		    O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	return fd;
}

/* Under the lock. */
static void
put(enum kind kind, uint32_t file, uint64_t offset, const void *data,
    size_t length)
{
	struct record r = { .kind = kind,
		.file = file,
		.offset = offset,
		.length = length };
	struct iovec parts[2] = { { &r, sizeof(r) }, { (void *)data, length } };

	if (syscall(SYS_writev, log_fd(), parts, data != NULL ? 2 : 1) == -1)
		abort();
}

static bool
ours(int fd)
{
	bool yes;

	pthread_mutex_lock(&lock);
	yes = fd >= 0 && fd < FILES && is_ours[fd];
	pthread_mutex_unlock(&lock);
	return yes;
}

static void
note(enum kind kind, int fd, uint64_t offset, const void *data, size_t length)
{
	pthread_mutex_lock(&lock);
	put(kind, number[fd], offset, data, length);
	pthread_mutex_unlock(&lock);
}

static const char *
name_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? slash + 1 : path;
}

static bool
wanted(const char *name)
{
	const char *files = getenv("DISK_LOG_FILES");

	return files != NULL && strncmp(name, files, strlen(files)) == 0;
}

static void
note_open(int fd, const char *path, bool is_new)
{
	const char *name = name_of(path);

	if (fd < 0 || fd >= FILES)
		return;
	pthread_mutex_lock(&lock);
	is_ours[fd] = wanted(name);
	if (is_ours[fd]) {
		number[fd] = opened++;
		put(is_new ? MADE : OPENED, number[fd], 0, name, strlen(name));
	}
	pthread_mutex_unlock(&lock);
}

static int
open_it(int at, const char *path, int flags, mode_t mode)
{
	bool is_new = (flags & O_CREAT) != 0 &&
	    syscall(SYS_faccessat, at, path, F_OK) == -1;
	int fd = (int)syscall(SYS_openat, at, path, flags, mode);

	note_open(fd, path, is_new);
	return fd;
}

#define MODE_OF(flags, mode)                                                   \
	do {                                                                   \
		va_list rest;                                                  \
		va_start(rest, flags);                                         \
		mode = ((flags)&O_CREAT) != 0 ? va_arg(rest, mode_t) : 0;      \
		va_end(rest);                                                  \
	} while (0)

int
open(const char *path, int flags, ...)
{
	mode_t mode;

	MODE_OF(flags, mode);
	return open_it(AT_FDCWD, path, flags, mode);
}

int
open64(const char *path, int flags, ...)
{
	mode_t mode;

	MODE_OF(flags, mode);
	return open_it(AT_FDCWD, path, flags | O_LARGEFILE, mode);
}

int
close(int fd)
{
	pthread_mutex_lock(&lock);
	if (fd >= 0 && fd < FILES)
		is_ours[fd] = false;
	pthread_mutex_unlock(&lock);
	return (int)syscall(SYS_close, fd);
}

int
unlink(const char *path)
{
	const char *name = name_of(path);
	int rc = (int)syscall(SYS_unlink, path);

	if (rc == 0 && wanted(name)) {
		pthread_mutex_lock(&lock);
		put(REMOVED, 0, 0, name, strlen(name));
		pthread_mutex_unlock(&lock);
	}
	return rc;
}

static ssize_t
write_at(int fd, const void *data, size_t length, off_t offset)
{
	const char *every = getenv("DISK_LOG_SHORT");
	ssize_t done;

	if (!ours(fd))
		return syscall(SYS_pwrite64, fd, data, length, offset);
	if (every != NULL && length > 1 &&
	    ++writes % (unsigned)atoi(every) == 0)
		length /= 2;
	done = syscall(SYS_pwrite64, fd, data, length, offset);
	if (done > 0)
		note(WROTE, fd, (uint64_t)offset, data, (size_t)done);
	return done;
}

ssize_t
pwrite(int fd, const void *data, size_t length, off_t offset)
{
	return write_at(fd, data, length, offset);
}

ssize_t
pwrite64(int fd, const void *data, size_t length, off64_t offset)
{
	return write_at(fd, data, length, offset);
}

static int
cut(int fd, off_t length)
{
	int rc = (int)syscall(SYS_ftruncate, fd, length);

	if (rc == 0 && ours(fd))
		note(CUT, fd, (uint64_t)length, NULL, 0);
	return rc;
}

int
ftruncate(int fd, off_t length)
{
	return cut(fd, length);
}

int
ftruncate64(int fd, off64_t length)
{
	return cut(fd, length);
}

static uint64_t
note_sync(int fd)
{
	const char *slow = getenv("DISK_LOG_SLOW");
	uint64_t which;

	pthread_mutex_lock(&lock);
	which = ++syncs;
	put(SYNC_BEGUN, number[fd], which, NULL, 0);
	pthread_mutex_unlock(&lock);
	if (slow != NULL)
		usleep((useconds_t)atoi(slow) * 1000);
	return which;
}

static int
sync_by(long call, int fd)
{
	bool mine = ours(fd);
	uint64_t which = 0;
	struct stat st;
	int rc;

	if (mine && getenv("DISK_LOG_NO_SYNC") != NULL)
		return 0;
	if (mine)
		which = note_sync(fd);
	rc = (int)syscall(call, fd);
	if (rc != 0)
		return rc;
	if (mine)
		note(SYNCED, fd, which, NULL, 0);
	else if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode) && fd < FILES)
		note(FOLDER_SYNCED, fd, 0, NULL, 0);
	return 0;
}

int
fsync(int fd)
{
	return sync_by(SYS_fsync, fd);
}

int
fdatasync(int fd)
{
	return sync_by(SYS_fdatasync, fd);
}

/* Replies go out in one piece. */
ssize_t
send(int fd, const void *data, size_t length, int flags)
{
	if (fd >= 0 && fd < FILES && length > strlen(REPLY) &&
	    memcmp(data, REPLY, strlen(REPLY)) == 0)
		note(REPLIED, fd, 0, data, length);
	return syscall(SYS_sendto, fd, data, length, flags, NULL, 0);
}
