/* program/program_files.c - the files that settings name, looked at. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "program/program_files.h"

/* Settings whose text is a file, wherever they stand. */
static const char *const file_settings[] = { "ca", "certificate", "client_ca",
	"crl", "file", "key", "ocsp" };

/* Zeroed: it is not there. */
struct look {
	dev_t device;
	ino_t inode;
	off_t size;
	struct timespec changed;
};

struct file {
	char *path;
	struct look loaded, last;
};

struct files {
	struct file *list;
	size_t count;
};

static struct look
look_at(const char *path)
{
	struct stat s;

	if (stat(path, &s) == -1)
		return (struct look){ 0 };
	return (struct look){ s.st_dev, s.st_ino, s.st_size, s.st_mtim };
}

static bool
is_same(const struct look *a, const struct look *b)
{
	return a->device == b->device && a->inode == b->inode &&
	    a->size == b->size && a->changed.tv_sec == b->changed.tv_sec &&
	    a->changed.tv_nsec == b->changed.tv_nsec;
}

static void
add(struct files *f, char *path)
{
	struct look now = look_at(path);

	f->list = base_grow(f->list, f->count + 1, sizeof(f->list[0]));
	f->list[f->count++] = (struct file){ path, now, now };
}

bool
files_is_setting(const char *name)
{
	for (size_t i = 0; name != NULL && i < COUNT_OF(file_settings); i++)
		if (strcmp(name, file_settings[i]) == 0)
			return true;
	return false;
}

static void
add_setting(struct files *f, const config_setting_t *s)
{
	const char *text = config_setting_get_string(s);
	const char *name = config_setting_name(s);
	const char *dir = getenv("CREDENTIALS_DIRECTORY");

	if (text == NULL || text[0] == '\0' || name == NULL)
		return;
	if (files_is_setting(name))
		add(f, settings_named(s, text));
	else if (strcmp(name, "credential") == 0 && dir != NULL)
		add(f, base_print("%s/%s", dir, text));
}

static void
walk(struct files *f, const config_setting_t *s)
{
	int count = config_setting_is_aggregate(s) ? config_setting_length(s)
	                                           : 0;

	add_setting(f, s);
	for (int i = 0; i < count; i++)
		walk(f, config_setting_get_elem(s, (unsigned)i));
}

struct files *
files_of(const char *settings)
{
	struct files *f = base_alloc(sizeof(*f));
	struct faults unread = { 0 };
	struct settings_file *file = settings_open(settings, &unread);

	if (file != NULL)
		walk(f, settings_root(file));
	settings_close(file);
	faults_done(&unread);
	return f;
}

void
files_free(struct files *f)
{
	if (f == NULL)
		return;
	for (size_t i = 0; i < f->count; i++)
		base_free(f->list[i].path);
	base_free(f->list);
	base_free(f);
}

size_t
files_count(const struct files *f)
{
	return f->count;
}

enum files_news
files_look(struct files *f, const char **which)
{
	enum files_news news = FILES_SAME;

	*which = NULL;
	for (size_t i = 0; i < f->count; i++) {
		struct file *file = &f->list[i];
		struct look now = look_at(file->path);
		bool moves = !is_same(&now, &file->last);

		file->last = now;
		if (moves)
			news = FILES_CHANGING;
		if (is_same(&now, &file->loaded))
			continue;
		*which = file->path;
		if (news == FILES_SAME)
			news = FILES_CHANGED;
	}
	return *which != NULL ? news : FILES_SAME;
}
