/* settings/settings_file.c - a loaded libconfig file, and its places. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "settings/settings.h"
#include "settings/settings_numbers.h"
#include "settings/settings_place.h"
#include "settings/settings_syntax.h"

/* Settings are written by hand; a file past this is not one. */
#define FILE_CEILING ((off_t)1 << 20)

struct settings_file {
	config_t config;
	char *path;
	char *text; /* of one that came from memory */
};

static struct settings_file *
file_new(const char *path)
{
	struct settings_file *f = base_alloc(sizeof(*f));

	f->path = base_copy(path);
	config_init(&f->config);
	config_setting_set_hook(config_root_setting(&f->config), f);
	return f;
}

void
settings_close(struct settings_file *f)
{
	if (f == NULL)
		return;
	config_destroy(&f->config);
	base_free(f->path);
	base_free(f->text);
	base_free(f);
}

static bool
readable(const char *path, struct faults *all)
{
	struct stat st;

	if (stat(path, &st) == -1) {
		faults_add(all, path, 0, "cannot be read: %s", strerror(errno));
		return false;
	}
	if (!S_ISREG(st.st_mode)) {
		faults_add(all, path, 0, "is not a regular file");
		return false;
	}
	if (st.st_size > FILE_CEILING) {
		faults_add(all, path, 0, "is larger than 1 MiB");
		return false;
	}
	return true;
}

/* The text, base_free(text.at) frees it; empty when it cannot be read. */
static struct str
read_text(const char *path)
{
	FILE *f = fopen(path, "re");
	char *text = base_alloc(FILE_CEILING);
	size_t len = f != NULL ? fread(text, 1, FILE_CEILING, f) : 0;

	if (f != NULL)
		fclose(f);
	return (struct str){ text, len };
}

/* libconfig's own words, or better ones where the text tells more. */
static void
add_syntax_fault(const struct settings_file *f, struct str text, bool shown,
    struct faults *all)
{
	const char *file = config_error_file(&f->config);
	struct fault_place place = { .file = file != NULL ? file : f->path,
		.line = (unsigned)config_error_line(&f->config) };
	struct syntax_fault found;
	struct bytes excerpt;

	bytes_init(&excerpt, 4096);
	if (syntax_find(text, &found)) {
		place_count(text, found.at, &place.line, &place.column);
		if (shown)
			place_excerpt(text, found.at, &excerpt);
		place.excerpt = shown ? bytes_str(&excerpt).at : NULL;
		faults_add_at(all, &place, "%s", found.text);
	} else {
		faults_add_at(all, &place, "%s", config_error_text(&f->config));
	}
	bytes_done(&excerpt);
}

/* The file that broke: the one that was opened, or one that it includes. */
static struct str
broken_text(const struct settings_file *f)
{
	const char *file = config_error_file(&f->config);
	struct str text;
	char *path;

	if (f->text != NULL)
		return str_of(base_copy(f->text));
	path = file != NULL && strcmp(file, f->path) != 0
	    ? settings_beside(f->path, file)
	    : base_copy(f->path);
	text = read_text(path);
	base_free(path);
	return text;
}

static struct settings_file *
parse_failed(struct settings_file *f, bool shown, struct faults *all)
{
	struct str text;

	if (config_error_type(&f->config) == CONFIG_ERR_FILE_IO) {
		faults_add(all, f->path, 0, "cannot be read: %s",
		    strerror(errno));
	} else {
		text = broken_text(f);
		add_syntax_fault(f, text, shown, all);
		base_free((void *)(uintptr_t)text.at);
	}
	settings_close(f);
	return NULL;
}

/* The numbers of one file: the named one, or one it includes. */
static void
check_file(const char *path, struct faults *all)
{
	struct str text = read_text(path);

	numbers_check(text, path, all);
	base_free((void *)(uintptr_t)text.at);
}

/* libconfig names an included file as it is written, beside the first. */
char *
settings_file_of(const config_setting_t *s)
{
	const struct settings_file *f = config_setting_get_hook(
	    config_root_setting(s->config));
	const char *file = settings_where(s);

	if (f == NULL || file == NULL || strcmp(file, f->path) == 0)
		return base_copy(file);
	return settings_beside(f->path, file);
}

/* Included files stand in the tree; each is looked at once. */
static void
check_included(const config_setting_t *s, const char *own, const char **last,
    struct faults *all)
{
	const char *file = config_setting_source_file(s);
	int count = config_setting_is_aggregate(s) ? config_setting_length(s)
	                                           : 0;

	if (file != NULL && strcmp(file, own) != 0 &&
	    (*last == NULL || strcmp(file, *last) != 0)) {
		char *path = settings_file_of(s);

		*last = file;
		check_file(path, all);
		base_free(path);
	}
	for (int i = 0; i < count; i++)
		check_included(config_setting_get_elem(s, (unsigned)i), own,
		    last, all);
}

static struct settings_file *
open_file(const char *path, bool shown, struct faults *all)
{
	struct settings_file *f;
	size_t before = all->count;
	const char *last = NULL;
	char *dir;
	int ok;

	if (!readable(path, all))
		return NULL;
	f = file_new(path);
	dir = settings_beside(path, ".");
	config_set_include_dir(&f->config, dir);
	base_free(dir);
	ok = config_read_file(&f->config, path);
	if (ok != CONFIG_TRUE)
		return parse_failed(f, shown, all);
	config_setting_set_hook(config_root_setting(&f->config), f);
	check_file(path, all);
	check_included(settings_root(f), path, &last, all);
	if (all->count > before) {
		settings_close(f);
		return NULL;
	}
	return f;
}

struct settings_file *
settings_open(const char *path, struct faults *all)
{
	return open_file(path, false, all);
}

struct settings_file *
settings_open_shown(const char *path, struct faults *all)
{
	size_t len = strlen(path);

	return open_file(path, len > 4 && strcmp(path + len - 4, ".cfg") == 0,
	    all);
}

struct settings_file *
settings_parse(struct str text, const char *name, struct faults *all)
{
	struct settings_file *f = file_new(name);
	size_t before = all->count;
	int ok;

	f->text = base_print("%.*s", STR_ARG(text));
	ok = config_read_string(&f->config, f->text);
	if (ok != CONFIG_TRUE)
		return parse_failed(f, false, all);
	config_setting_set_hook(config_root_setting(&f->config), f);
	numbers_check(text, name, all);
	if (all->count > before) {
		settings_close(f);
		return NULL;
	}
	return f;
}

const config_setting_t *
settings_root(const struct settings_file *f)
{
	return config_root_setting(&f->config);
}

const char *
settings_path(const struct settings_file *f)
{
	return f->path;
}

const char *
settings_where(const config_setting_t *s)
{
	const char *file = config_setting_source_file(s);
	const struct settings_file *f;

	if (file != NULL)
		return file;
	f = config_setting_get_hook(config_root_setting(s->config));
	return f != NULL ? f->path : NULL;
}

unsigned
settings_line(const config_setting_t *s)
{
	return config_setting_source_line(s);
}

struct str
settings_text(const config_setting_t *s)
{
	const struct settings_file *f = config_setting_get_hook(
	    config_root_setting(s->config));

	struct str text;
	char *path;

	if (f != NULL && f->text != NULL &&
	    config_setting_source_file(s) == NULL)
		return str_of(base_copy(f->text));
	path = settings_file_of(s);
	text = read_text(path != NULL ? path : "");
	base_free(path);
	return text;
}

char *
settings_beside(const char *file, const char *path)
{
	const char *slash = strrchr(file, '/');

	if (path[0] == '/' || slash == NULL)
		return base_copy(path);
	return base_print("%.*s/%s", (int)(slash - file), file, path);
}

char *
settings_named(const config_setting_t *s, const char *path)
{
	const struct settings_file *f = config_setting_get_hook(
	    config_root_setting(s->config));

	return settings_beside(f != NULL ? f->path : "", path);
}
