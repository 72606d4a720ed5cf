/*
 * secrets/secrets_keys_file.c - the key store on disk: one writer, and either
 * the old file or the new one, whenever the power goes.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "secrets/secrets_keys_file.h"
#include "secrets/secrets_keys_text.h"

/* Yours to base_free. */
static char *
folder_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash == NULL
	    ? base_copy(".")
	    : base_print("%.*s", (int)(slash - path + 1), path);
}

/*
 * What root makes for it is the folder's owner's, who has to open it, too. Only
 * what was made here: what lies there already may be a trap of that owner's.
 */
static int
open_lock(const char *name, const char *path)
{
	const int flags = O_RDWR | O_NOFOLLOW | O_CLOEXEC;
	int fd = open(name, flags | O_CREAT | O_EXCL, 0600);
	char *folder;
	struct stat st;

	if (fd == -1 && errno == EEXIST)
		return open(name, flags);
	if (fd == -1 || geteuid() != 0)
		return fd;
	folder = folder_of(path);
	if (stat(folder, &st) == 0 && st.st_uid != 0)
		(void)!fchown(fd, st.st_uid, st.st_gid);
	base_free(folder);
	return fd;
}

int
keys_file_lock(const char *path, struct fault *why)
{
	char *name = base_print("%s.lock", path);
	int fd = open_lock(name, path);

	if (fd == -1) {
		fault_set(why, FAULT_SETTINGS, name, "cannot be opened: %s",
		    strerror(errno));
	} else if (flock(fd, LOCK_EX | LOCK_NB) == -1) {
		fault_set(why, FAULT_BUSY, path,
		    errno == EWOULDBLOCK
		        ? "another 'leadbridge key' is changing it; try again "
		          "when that has ended"
		        : "cannot be locked");
		close(fd);
		fd = -1;
	}
	base_free(name);
	return fd;
}

static int
read_all(int fd, struct bytes *out)
{
	ssize_t got;

	do {
		char *room = bytes_reserve(out, 65536);

		if (room == NULL) {
			errno = EFBIG;
			return -1;
		}
		got = read(fd, room, 65536);
		if (got > 0)
			out->len += (size_t)got;
	} while (got > 0 || (got == -1 && errno == EINTR));
	return got == 0 ? 0 : -1;
}

int
keys_file_read(const char *path, const config_setting_t *group,
    struct bytes *out, bool *absent, struct faults *all)
{
	struct stat st;
	int fd, rc;

	*absent = lstat(path, &st) == -1 && errno == ENOENT;
	if (*absent)
		return -1;
	fd = secret_file_open(path, SECRET_FILE_SEALED, group, "key_store",
	    all);
	if (fd == -1)
		return -1;
	rc = read_all(fd, out);
	if (rc == -1)
		settings_fault(all, group, "key_store: %s cannot be read: %s",
		    path, strerror(errno));
	close(fd);
	return rc;
}

/* A write on its way; everything is done through the folder. */
struct writing {
	int dir, fd;
	const char *name; /* in the folder */
	char *new;        /* likewise */
};

/* So that the bridge can read what root has written for it. */
static bool
give_to_owner(const struct writing *w)
{
	struct stat st;

	if (geteuid() != 0)
		return true;
	if (fstatat(w->dir, w->name, &st, AT_SYMLINK_NOFOLLOW) == -1 &&
	    fstat(w->dir, &st) == -1)
		return false;
	return st.st_uid == 0 || fchown(w->fd, st.st_uid, st.st_gid) == 0;
}

static bool
write_all(int fd, struct str text)
{
	while (text.len > 0) {
		ssize_t n = write(fd, text.at, text.len);

		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		text = str_skip(text, (size_t)n);
	}
	return true;
}

/* Left behind by a writer that was killed: nobody has it open. */
static bool
make_new(struct writing *w)
{
	const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;

	if (unlinkat(w->dir, w->new, 0) == -1 && errno != ENOENT)
		return false;
	w->fd = openat(w->dir, w->new, flags, 0600);
	return w->fd != -1;
}

static bool
replace(struct writing *w, struct str text)
{
	return w->dir != -1 && make_new(w) && give_to_owner(w) &&
	    write_all(w->fd, text) && fsync(w->fd) == 0 &&
	    renameat(w->dir, w->new, w->dir, w->name) == 0 &&
	    fsync(w->dir) == 0;
}

int
keys_file_write(const char *path, struct str text, struct fault *why)
{
	const char *slash = strrchr(path, '/');
	char *folder = folder_of(path);
	struct writing w = { .fd = -1,
		.name = slash != NULL ? slash + 1 : path };
	int rc = 0;

	w.dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	w.new = base_print("%s.new", w.name);
	if (!replace(&w, text))
		rc = fault_set(why, FAULT_SETTINGS, path,
		    "cannot be written: %s", strerror(errno));
	if (w.fd != -1)
		close(w.fd);
	if (w.dir != -1)
		close(w.dir);
	base_free(w.new);
	base_free(folder);
	return rc;
}
