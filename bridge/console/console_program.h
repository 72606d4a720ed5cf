/*
 * console/console_program.h - a settings file and all that hangs off it,
 * loaded and checked: what `run` runs, what `check` checks. Private.
 */
#ifndef BRIDGE_CONSOLE_PROGRAM_H
#define BRIDGE_CONSOLE_PROGRAM_H

#include "delivery/delivery.h"
#include "listener/listener.h"

struct program_settings {
	int64_t workers; /* 0: one a core */
	const char *routes;
	int64_t drain_timeout; /* ms */
	const config_setting_t *listen;
	const config_setting_t *admin;
	const config_setting_t *journal;
	const config_setting_t *limits;
	const config_setting_t *log;
	const config_setting_t *upstreams;
	const config_setting_t *secrets;
};

struct program {
	struct settings_file *file;
	struct program_settings settings;
	struct listener_limits limits;
	struct listener_address *listen; /* files resolved */
	size_t listen_count;
	struct listener_address admin;
	const struct secret *admin_token; /* NULL: on this machine only */
	int log_level, log_format;
	struct journal_settings journal; /* url NULL: there is none */
	char *journal_url;               /* what its url points to */
	struct str journal_key;          /* at == NULL: nothing is sealed */
	struct secrets *secrets;
	struct upstream_target **targets;
	size_t target_count;
	struct routes *routes;
};

/* The table of the main file, for help and for the settings reference. */
extern const struct setting program_table[];

/* Loads everything; NULL with every fault of every file added. */
struct program *program_load(const char *path, struct faults *all) MUST_CHECK;
void program_free(struct program *p); /* NULL is fine */

/*
 * Only what `send` and `map` may want of a settings file: its secrets. NULL
 * path: none are read and NULL is returned with no fault.
 */
struct secrets *program_secrets(const char *path, struct settings_file **file,
    struct faults *all) MUST_CHECK;

/*
 * What is right and yet to be warned of, one by one; NULL past the end. A
 * constant text.
 */
const char *program_warning(const struct program *p, size_t i);

#endif
