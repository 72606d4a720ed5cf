/*
 * secrets/secrets_file.c - opening a file nobody else can read or replace.
 *
 * The folder is opened first and the file through it, so that what was
 * checked is what is read.
 */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "secrets/secrets_source.h"

/* A file on its way to being trusted. */
struct candidate {
	const char *path;
	enum secret_file_kind kind;
	const char *what;
	const config_setting_t *place;
	struct faults *all;
};

static bool
ours(uid_t uid)
{
	return uid == 0 || uid == geteuid();
}

static bool
acl_entry_is_ours(const struct posix_acl_xattr_entry *e)
{
	switch (le16toh(e->e_tag)) {
	case ACL_USER_OBJ:
	case ACL_MASK:
		return true;
	case ACL_USER:
		return ours(le32toh(e->e_id));
	default:
		return e->e_perm == 0;
	}
}

/*
 * systemd keeps credentials as files of root's, mode 0400, with an access
 * list that lets the service's user read them. stat() then shows the list's
 * mask as the group's bits: 0440, and the group itself may read nothing.
 */
static bool
acl_lets_only_us(int fd)
{
	struct {
		struct posix_acl_xattr_header head;
		struct posix_acl_xattr_entry entries[32];
	} acl;
	ssize_t len = fgetxattr(fd, "system.posix_acl_access", &acl,
	    sizeof(acl));
	size_t count;

	if (len < (ssize_t)sizeof(acl.head) ||
	    le32toh(acl.head.a_version) != POSIX_ACL_XATTR_VERSION)
		return false;
	count = ((size_t)len - sizeof(acl.head)) / sizeof(acl.entries[0]);
	for (size_t i = 0; i < count; i++)
		if (!acl_entry_is_ours(&acl.entries[i]))
			return false;
	return count > 0;
}

static bool
file_is_ours(const struct candidate *c, int fd)
{
	struct stat st;

	if (fstat(fd, &st) == -1 || !S_ISREG(st.st_mode)) {
		settings_fault(c->all, c->place, "%s: %s is not a regular file",
		    c->what, c->path);
		return false;
	}
	if (!ours(st.st_uid) &&
	    !(c->kind == SECRET_FILE_SEALED && geteuid() == 0)) {
		settings_fault(c->all, c->place,
		    "%s: %s belongs to user %u, neither to root nor to the "
		    "bridge's user %u; use chown",
		    c->what, c->path, st.st_uid, geteuid());
		return false;
	}
	if ((st.st_mode & 077) == 0 ||
	    ((st.st_mode & 037) == 0 && acl_lets_only_us(fd)))
		return true;
	settings_fault(c->all, c->place,
	    "%s: other users may read or write %s (mode %04o); "
	    "use chmod 600",
	    c->what, c->path, st.st_mode & 07777u);
	return false;
}

/* The sticky bit (/tmp) keeps others from replacing what is not theirs. */
static bool
folder_is_safe(const struct candidate *c, int dir, const char *folder)
{
	struct stat st;

	if (fstat(dir, &st) == 0 &&
	    ((st.st_mode & S_IWOTH) == 0 || (st.st_mode & S_ISVTX) != 0))
		return true;
	settings_fault(c->all, c->place,
	    "%s: anybody can replace files in %s (mode %04o); use chmod o-w",
	    c->what, folder, st.st_mode & 07777u);
	return false;
}

static int
cannot_open(const struct candidate *c, const char *path, int error)
{
	if (error == ELOOP)
		settings_fault(c->all, c->place,
		    "%s: %s is a symbolic link; name the file itself", c->what,
		    path);
	else
		settings_fault(c->all, c->place, "%s: %s cannot be opened: %s",
		    c->what, path, strerror(error));
	return -1;
}

static int
open_in(const struct candidate *c, int dir, const char *folder,
    const char *name)
{
	/* O_NONBLOCK: a FIFO must not hang the start. */
	const int flags = O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK;
	int fd;

	if (!folder_is_safe(c, dir, folder))
		return -1;
	fd = openat(dir, name, flags);
	if (fd == -1)
		return cannot_open(c, c->path, errno);
	if (!file_is_ours(c, fd)) {
		close(fd);
		return -1;
	}
	return fd;
}

int
secret_file_open(const char *path, enum secret_file_kind kind,
    const config_setting_t *s, const char *what, struct faults *all)
{
	const struct candidate c = { path, kind, what, s, all };
	const char *slash = strrchr(path, '/');
	char *folder = slash == NULL ? base_copy(".")
	    : slash == path          ? base_copy("/")
	                    : base_print("%.*s", (int)(slash - path), path);
	int dir = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int fd;

	fd = dir == -1
	    ? cannot_open(&c, folder, errno)
	    : open_in(&c, dir, folder, slash != NULL ? slash + 1 : path);
	if (dir != -1)
		close(dir);
	base_free(folder);
	return fd;
}
