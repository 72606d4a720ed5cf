/* workshop/workshop_kind.c - files named in each other's place. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "settings/settings.h"
#include "terminal/terminal.h"
#include "workshop/workshop_kind.h"

/* Of what a file begins with, this tells a request or a document. */
#define LOOK_BYTES 4096

static const char *const kind_names[FILE_KINDS] = {
	[FILE_UNKNOWN] = "no file of that kind",
	[FILE_MAPPING] = "a mapping",
	[FILE_SETTINGS] = "a settings file",
	[FILE_CAPTURE] = "a captured request",
	[FILE_BODY] = "a webhook's body",
};

/* A pipe would lose what is read of it. */
static bool
is_regular(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

static struct str
read_start(const char *path, char room[LOOK_BYTES])
{
	FILE *f = fopen(path, "re");
	size_t len = f != NULL ? fread(room, 1, LOOK_BYTES, f) : 0;

	if (f != NULL)
		fclose(f);
	return str_trim((struct str){ room, len });
}

/* "POST /hooks/x HTTP/1.1": method, target, version. */
static bool
is_request(struct str text)
{
	struct str line, word;

	if (text.len == 0 || text.at[0] < 'A' || text.at[0] > 'Z' ||
	    !str_cut(&text, '\n', &line) || !str_cut(&line, ' ', &word) ||
	    !str_cut(&line, ' ', &word))
		return false;
	return str_starts(line, STR("HTTP/"));
}

/* No file of libconfig begins with one of these. */
static bool
is_document(struct str text)
{
	return text.len > 0 &&
	    (text.at[0] == '{' || text.at[0] == '[' || text.at[0] == '<');
}

static bool
has_any(const config_setting_t *root, const char *const *names)
{
	for (; *names != NULL; names++)
		if (config_setting_get_member(root, *names) != NULL)
			return true;
	return false;
}

/* By names that the one must have, or begins with, and the other has not. */
static enum file_kind
kind_of_settings(const char *path)
{
	static const char *const mapping[] = { "route", "lead_id", "update",
		NULL };
	static const char *const settings[] = { "listen", "upstreams", "routes",
		NULL };
	struct faults unread = { 0 };
	struct settings_file *file = settings_open(path, &unread);
	enum file_kind kind = FILE_UNKNOWN;
	bool maps, sets;

	faults_done(&unread);
	if (file == NULL)
		return FILE_UNKNOWN;
	maps = has_any(settings_root(file), mapping);
	sets = has_any(settings_root(file), settings);
	if (maps != sets)
		kind = maps ? FILE_MAPPING : FILE_SETTINGS;
	settings_close(file);
	return kind;
}

enum file_kind
file_kind_of(const char *path)
{
	char *file = mapping_file(path), room[LOOK_BYTES];
	enum file_kind kind = FILE_UNKNOWN;
	struct str start;

	if (is_regular(file)) {
		start = read_start(file, room);
		kind = is_request(start) ? FILE_CAPTURE
		    : is_document(start) ? FILE_BODY
		                         : kind_of_settings(file);
	}
	base_free(file);
	return kind;
}

static bool
is_sample(enum file_kind kind)
{
	return kind == FILE_CAPTURE || kind == FILE_BODY;
}

/* "; -c FILE takes settings", where the verb has that. */
static const char *
where_settings_go(const struct verb *v, enum file_kind kind)
{
	for (const struct option_row *row = v->options; row->name != NULL;
	     row++)
		if (kind == FILE_SETTINGS && strcmp(row->name, "config") == 0)
			return "; settings are named with -c FILE";
	return "";
}

/* File names are anybody's. */
static int
say_misplaced(const struct verb *v, const char *path, enum file_kind kind,
    const char *expected)
{
	struct bytes name;

	bytes_init(&name, SIZE_MAX / 2);
	shown_add(&name, str_of(path));
	complain(EXIT_USAGE,
	    "%s: %.*s looks like %s, and %s is expected in its place: "
	    "leadbridge %s %s%s",
	    v->name, STR_ARG(bytes_str(&name)), kind_names[kind], expected,
	    v->name, v->args, where_settings_go(v, kind));
	bytes_done(&name);
	return EXIT_USAGE;
}

int
kind_check_mapping(const struct verb *v, const char *path)
{
	enum file_kind kind = file_kind_of(path);

	if (kind == FILE_MAPPING || kind == FILE_UNKNOWN)
		return EXIT_OK;
	return say_misplaced(v, path, kind, "a mapping");
}

int
kind_check_sample(const struct verb *v, const char *path)
{
	enum file_kind kind = file_kind_of(path);

	if (is_sample(kind) || kind == FILE_UNKNOWN)
		return EXIT_OK;
	return say_misplaced(v, path, kind, "a sample");
}

int
kind_check_folder(const struct verb *v, const char *path)
{
	enum file_kind kind = file_kind_of(path);

	if (kind == FILE_UNKNOWN)
		return EXIT_OK;
	return say_misplaced(v, path, kind, "the folder of a mapping");
}

static int
say_swapped(const struct verb *v, const char *first, enum file_kind kind,
    const char *second)
{
	struct bytes names[2];

	for (size_t i = 0; i < COUNT_OF(names); i++) {
		bytes_init(&names[i], SIZE_MAX / 2);
		shown_add(&names[i], str_of(i == 0 ? first : second));
	}
	complain(EXIT_USAGE,
	    "%s: %.*s looks like %s, and %.*s like a mapping: the mapping "
	    "comes first: leadbridge %s %s",
	    v->name, STR_ARG(bytes_str(&names[0])), kind_names[kind],
	    STR_ARG(bytes_str(&names[1])), v->name, v->args);
	for (size_t i = 0; i < COUNT_OF(names); i++)
		bytes_done(&names[i]);
	return EXIT_USAGE;
}

int
kind_check_samples(const struct verb *v, const struct given *g)
{
	enum file_kind first = file_kind_of(given_arg(g, 0));
	int code;

	if (is_sample(first))
		for (size_t i = 1; i < given_count(g); i++)
			if (file_kind_of(given_arg(g, i)) == FILE_MAPPING)
				return say_swapped(v, given_arg(g, 0), first,
				    given_arg(g, i));
	code = kind_check_mapping(v, given_arg(g, 0));
	for (size_t i = 1; i < given_count(g) && code == EXIT_OK; i++)
		code = kind_check_sample(v, given_arg(g, i));
	return code;
}

int
kind_check_settings(const char *path, int code)
{
	enum file_kind kind = file_kind_of(path);
	struct bytes name;

	if (kind == FILE_SETTINGS || kind == FILE_UNKNOWN)
		return EXIT_OK;
	bytes_init(&name, SIZE_MAX / 2);
	shown_add(&name, str_of(path));
	complain(code, "%.*s looks like %s, and -c takes the settings file%s",
	    STR_ARG(bytes_str(&name)), kind_names[kind],
	    kind == FILE_MAPPING
	        ? "; 'leadbridge check MAPPING' checks a mapping"
	        : "");
	bytes_done(&name);
	return code;
}
