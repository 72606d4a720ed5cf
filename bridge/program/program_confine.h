/*
 * program/program_confine.h - what a program needs of the machine, so that
 * the process can give up the rest.
 *
 *	the settings	the files they name, and the folders of those: files
 *			are replaced by renaming, and read again by a reload
 *	the journal	its folder, to write; or its servers' ports
 *	the upstreams	their ports, and the tracing collector's
 *	the system	names, roots of trust, time zones, libraries: a table
 */
#ifndef BRIDGE_PROGRAM_CONFINE_H
#define BRIDGE_PROGRAM_CONFINE_H

#include "confine/confine.h"
#include "program/program_load.h"

enum { CONFINE_ON, CONFINE_OFF, CONFINE_REQUIRED };
extern const struct name confine_modes[];

struct need {
	char *path;
	const config_setting_t *at; /* what names it; NULL: nobody, or env */
	bool write;
	dev_t device; /* which it was; 0, 0: it was not there */
	ino_t inode;
};
struct need_port {
	uint16_t port;
	const config_setting_t *at;
};
struct needs {
	struct need *paths;
	size_t path_count;
	struct need_port *ports;
	size_t port_count;
	bool any_port; /* which ones is a matter of files that libpq reads */
};

/* "." where the path has no folder; yours to base_free. */
char *folder_of(const char *path) MUST_CHECK;
/* Of a program that was not loaded whole: what is there of it. */
void needs_of(const struct program *p, struct needs *n);
void needs_done(struct needs *n);
/* For needs_of: the parts that are more than a few lines. */
void needs_add_folder(struct needs *n, const char *path, bool write,
    const config_setting_t *at);
/* ... of a file, and that of what it links to: either may be replaced. */
void needs_add_file(struct needs *n, const char *path,
    const config_setting_t *at);
/* Both without links and dots; a folder is below itself, too. */
bool needs_is_below(const char *path, const char *folder);
void needs_add_port(struct needs *n, uint16_t port, const config_setting_t *at);
void needs_of_postgres(const struct program *p, struct needs *n);

/*
 * Gives up all but that, as the settings say, and logs what is in force. Once,
 * with one thread. -1 with why: it is not to go on.
 */
int program_confine(const struct program *p, struct fault *why) MUST_CHECK;
/*
 * What settings loaded later need and this process has given up: a fault
 * each, that says to restart. Nothing where it is not confined.
 */
void program_check_confined(const struct program *p, struct faults *all);

#endif
