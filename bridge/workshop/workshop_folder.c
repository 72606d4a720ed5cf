/* workshop/workshop_folder.c - a new folder: there whole, or not at all. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "workshop/workshop_folder.h"

static int
cannot(struct fault *why, const char *path, const char *what)
{
	return fault_set(why, FAULT_SETTINGS, path,
	    "cannot be %s: %s; nothing was left of it", what, strerror(errno));
}

static void
remember(struct folder *f, const char *path)
{
	f->made = base_grow(f->made, f->made_count + 1, sizeof(*f->made));
	f->made[f->made_count++] = base_copy(path);
}

static int
make_one(struct folder *f, const char *path, struct fault *why)
{
	if (mkdir(path, 0777) == 0)
		remember(f, path);
	else if (errno != EEXIST)
		return cannot(why, path, "made");
	return 0;
}

/* Makes the folders in front of the path's last name, as mkdir -p does. */
static int
make_above(struct folder *f, const char *path, struct fault *why)
{
	char *part = base_copy(path);
	int rc = 0;

	for (char *at = strchr(part + 1, '/'); at != NULL && rc == 0;
	     at = strchr(at + 1, '/')) {
		*at = '\0';
		rc = make_one(f, part, why);
		*at = '/';
	}
	base_free(part);
	return rc;
}

static bool
is_empty_folder(const char *path)
{
	DIR *d = opendir(path);
	const struct dirent *e;
	bool empty = d != NULL;

	if (d == NULL)
		return false;
	while (empty && (e = readdir(d)) != NULL)
		empty = strcmp(e->d_name, ".") == 0 ||
		    strcmp(e->d_name, "..") == 0;
	closedir(d);
	return empty;
}

static int
refuse_existing(const char *path, struct fault *why)
{
	struct stat st;

	if (lstat(path, &st) == -1)
		return 0; /* what else it is, making it will say */
	if (!S_ISDIR(st.st_mode))
		return fault_set(why, FAULT_SETTINGS, path,
		    "is there already and is no folder; nothing was written");
	if (!is_empty_folder(path))
		return fault_set(why, FAULT_SETTINGS, path,
		    "is there already and has something in it; nothing was "
		    "written; name another FOLDER");
	return 0;
}

/* "a/b" gives "a/.b.new-PID": beside it, so that a rename is one step. */
static char *
hidden_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	int above = slash != NULL ? (int)(slash + 1 - path) : 0;

	return base_print("%.*s.%s.new-%ld", above, path, path + above,
	    (long)getpid());
}

int
folder_begin(struct folder *f, const char *path, struct fault *why)
{
	size_t len = strlen(path);

	while (len > 1 && path[len - 1] == '/')
		len--;
	*f = (struct folder){ .path = base_print("%.*s", (int)len, path) };
	f->hidden = hidden_name(f->path);
	if (refuse_existing(f->path, why) == -1 ||
	    make_above(f, f->path, why) == -1)
		return -1;
	if (mkdir(f->hidden, 0777) == -1)
		return cannot(why, f->hidden, "made");
	remember(f, f->hidden);
	return 0;
}

static bool
write_all(int fd, struct str rest)
{
	while (rest.len > 0) {
		ssize_t done = write(fd, rest.at, rest.len);

		if (done == -1 && errno == EINTR)
			continue;
		if (done == -1)
			return false;
		rest = str_skip(rest, (size_t)done);
	}
	return true;
}

static int
write_file(struct folder *f, const char *path, struct str text,
    struct fault *why)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	int rc = 0;

	if (fd == -1)
		return cannot(why, path, "written");
	remember(f, path);
	if (!write_all(fd, text))
		rc = cannot(why, path, "written");
	if (close(fd) == -1 && rc == 0)
		rc = cannot(why, path, "written");
	return rc;
}

int
folder_add(struct folder *f, const char *name, struct str text,
    struct fault *why)
{
	char *path = base_print("%s/%s", f->hidden, name);
	int rc = make_above(f, path, why);

	if (rc == 0)
		rc = write_file(f, path, text, why);
	if (rc == 0) {
		f->names = base_grow(f->names, f->name_count + 1,
		    sizeof(*f->names));
		f->names[f->name_count++] = base_copy(name);
	}
	base_free(path);
	return rc;
}

static void
forget_made(struct folder *f)
{
	for (size_t i = 0; i < f->made_count; i++)
		base_free(f->made[i]);
	f->made_count = 0;
}

int
folder_end(struct folder *f, struct fault *why)
{
	if (rename(f->hidden, f->path) == -1)
		return cannot(why, f->path, "made");
	forget_made(f);
	for (size_t i = 0; i < f->name_count; i++)
		printf("%s/%s\n", f->path, f->names[i]);
	return 0;
}

void
folder_done(struct folder *f)
{
	for (size_t i = f->made_count; i > 0; i--)
		(void)remove(f->made[i - 1]); /* a folder others use stays */
	forget_made(f);
	for (size_t i = 0; i < f->name_count; i++)
		base_free(f->names[i]);
	base_free(f->names);
	base_free(f->made);
	base_free(f->path);
	base_free(f->hidden);
	*f = (struct folder){ 0 };
}
