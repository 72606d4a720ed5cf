/*
 * settings/settings.h - libconfig files, read through tables of options.
 *
 * An option is one row: name, kind, range, default, help. Each room owns the
 * table of its own group and the struct it fills; this room owns only the
 * machinery: loading, ranges, unknown names with the nearest known one, all
 * faults of a file at once with file:line:column. Texts point into the loaded
 * file, which must outlive whatever was read from it.
 */
#ifndef BRIDGE_SETTINGS_H
#define BRIDGE_SETTINGS_H

#include <libconfig.h>

#include "base/base.h"

enum setting_kind {
	SETTING_COUNT,    /* int64_t; a whole number */
	SETTING_BOOLEAN,  /* bool */
	SETTING_TEXT,     /* const char *; NULL when absent and no default */
	SETTING_DURATION, /* int64_t, milliseconds; "200ms", "5s", "2m", "7d" */
	SETTING_SIZE,     /* int64_t, bytes; 4096, "16K", "1M", "2G" (1024s) */
	SETTING_NAME,     /* int; one of .names */
	SETTING_TREE, /* const config_setting_t *; the room reads it itself */
};

/* What a SETTING_TREE holds, for those who read of it. */
enum setting_shape {
	SETTING_GROUP,  /* { ... }, of .rows */
	SETTING_GROUPS, /* ( { ... }, { ... } ), each of .rows */
	SETTING_NAMED,  /* { any = { ... }; other = { ... }; } */
};

struct setting {
	const char *name;
	enum setting_kind kind;
	size_t at; /* offset in the room's own struct */
	bool required;
	int64_t min, max;         /* both 0: no range; ms and bytes as above */
	const char *fallback;     /* parsed by the same code as the file */
	const struct name *names; /* SETTING_NAME */
	/* SETTING_TREE: the table of its groups, where it has groups. */
	const struct setting *rows;
	enum setting_shape shape;
	const char *help; /* one sentence, ends with a full stop */
};

/*
 * Fills `into` from the group by the table (ended by a row without a name):
 * defaults first, then what is written. NULL group: defaults only. Adds every
 * fault to `all`; returns true when it added none. `what` names the group in
 * faults ("upstreams.leadsail").
 */
bool settings_read(const config_setting_t *group, const char *what,
    const struct setting *table, void *into, struct faults *all);

/*
 * Like settings_read, but the names in `also` (NULL-ended) are left alone:
 * somebody else reads them from the same group.
 */
bool settings_read_with(const config_setting_t *group, const char *what,
    const struct setting *table, const char *const *also, void *into,
    struct faults *all);

/* "a duration between 50ms and 2m": what a row takes, for help. */
void settings_print_kind(const struct setting *row, struct bytes *out);

/* Parses as SETTING_DURATION and SETTING_SIZE do; -1 when it is neither. */
int64_t settings_duration(struct str text);
int64_t settings_size(struct str text);

/* A loaded file. Includes (@include) are allowed, beside the file. */
struct settings_file;
/* NULL with faults added: unreadable, too large (1 MiB), not libconfig. */
struct settings_file *settings_open(const char *path,
    struct faults *all) MUST_CHECK;
/*
 * The same, and a fault of the grammar shows its line: not for a file where a
 * secret may stand. Nor is it shown of what is no *.cfg, as a capture that was
 * named by mistake.
 */
struct settings_file *settings_open_shown(const char *path,
    struct faults *all) MUST_CHECK;
/* The same from memory; `name` stands for the file in faults. */
struct settings_file *settings_parse(struct str text, const char *name,
    struct faults *all) MUST_CHECK;
void settings_close(struct settings_file *f); /* NULL is fine */
const config_setting_t *settings_root(const struct settings_file *f);
const char *settings_path(const struct settings_file *f);

/* Where a setting stands, for faults: its file and 1-based line. */
const char *settings_where(const config_setting_t *s);
unsigned settings_line(const config_setting_t *s);
/* Whom to blame for an option: the group, where it does not have it. */
const config_setting_t *settings_member(const config_setting_t *group,
    const char *name);
/*
 * Adds a fault at the setting's value, of a group or list at its name; line
 * and column are looked up in the file, the line alone is libconfig's where
 * that fails. settings_fault_name: always at the name.
 */
void settings_fault(struct faults *all, const config_setting_t *s,
    const char *fmt, ...) PRINTF(3, 4);
void settings_fault_name(struct faults *all, const config_setting_t *s,
    const char *fmt, ...) PRINTF(3, 4);
/*
 * The same, and the source line is shown with a mark under the place: not for
 * where a secret may stand. `at`: a byte of the setting's text as libconfig
 * read it, up to and with its length; or one of the two below.
 */
void settings_fault_in(struct faults *all, const config_setting_t *s, size_t at,
    const char *fmt, ...) PRINTF(4, 5);
#define SETTINGS_NAME (SIZE_MAX - 1)
#define SETTINGS_VALUE SIZE_MAX /* as settings_fault has it */

/* "dir of this file" + relative path; absolute stays. Yours to base_free. */
char *settings_beside(const char *file, const char *path) MUST_CHECK;
/*
 * The same for a file that the setting names: beside the file that was opened,
 * also where the setting stands in an included one, as includes themselves do.
 */
char *settings_named(const config_setting_t *s, const char *path) MUST_CHECK;

#endif
