/*
 * program/program_files.h - the files that settings name, and whether they
 * changed since.
 *
 * Files of certificates, keys and secrets: what others renew. Not the settings
 * and mappings themselves, which a person changes in more than one step.
 */
#ifndef BRIDGE_PROGRAM_FILES_H
#define BRIDGE_PROGRAM_FILES_H

#include "settings/settings.h"

/* Whether the text of a setting of that name is a file, wherever it stands. */
bool files_is_setting(const char *name);

struct files;

/*
 * As they are now: to be called before they are loaded, so that no change is
 * missed. None, where the settings cannot be read.
 */
struct files *files_of(const char *settings) MUST_CHECK;
void files_free(struct files *f); /* NULL is fine */
size_t files_count(const struct files *f);

enum files_news {
	FILES_SAME,     /* as they were when they were loaded */
	FILES_CHANGING, /* ... not, and they changed since the last look */
	FILES_CHANGED   /* ... not, and they rest: time to load them */
};
/* *which: one that is not as it was; or NULL. */
enum files_news files_look(struct files *f, const char **which);

#endif
