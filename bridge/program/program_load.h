/*
 * program/program_load.h - a settings file and all that hangs off it,
 * loaded and checked: what `run` runs, what `check` checks.
 */
#ifndef BRIDGE_PROGRAM_LOAD_H
#define BRIDGE_PROGRAM_LOAD_H

#include "program/program_log.h"
#include "delivery/delivery.h"
#include "listener/listener.h"
#include "trace/trace.h"

struct program_settings {
	int confine; /* program_confine.h has its names */
	const char *user, *group;
	int64_t workers; /* 0: one a core */
	const char *routes;
	int64_t drain_timeout; /* ms */
	int64_t watch_files;   /* ms between two looks; 0: none */
	const config_setting_t *listen;
	const config_setting_t *admin;
	const config_setting_t *journal;
	const config_setting_t *key_store; /* secrets_load() reads it */
	const config_setting_t *limits;
	const config_setting_t *log;
	const config_setting_t *upstreams;
	const config_setting_t *secrets;
	const config_setting_t *tracing;
};

struct program {
	struct share share; /* of all that hangs off it */
	bool strict;        /* see program_check() */
	struct settings_file *file;
	struct program_settings settings;
	struct listener_limits limits;
	struct listener_address *listen; /* files resolved */
	size_t listen_count;
	struct listener_address admin;
	const struct secret *admin_token; /* NULL: on this machine only */
	struct log_settings log;
	struct journal_settings journal; /* url NULL: there is none */
	char *journal_url;               /* what its url points to */
	struct str journal_key;          /* at == NULL: nothing is sealed */
	struct secrets *secrets;
	struct upstream_target **targets;
	size_t target_count;
	struct routes *routes;
	struct trace_rules *trace; /* NULL: nothing is traced */
	char **notes;              /* told by program_warning() */
	size_t note_count;
};

/* The file of a journal's url; NULL: it is kept elsewhere. */
const char *journal_file(const char *url);

/* The table of the main file, for help and for the settings reference. */
extern const struct setting program_table[];

/* Loads everything; NULL with every fault of every file added. */
struct program *program_load(const char *path, struct faults *all) MUST_CHECK;
/*
 * The same for a person who can still mend it: a certificate of ours that is
 * over is a fault, where a bridge would serve it with a warning.
 */
struct program *program_check(const char *path, struct faults *all) MUST_CHECK;
/* Lets go of it, the last one frees. NULL is fine. */
void program_free(struct program *p);

/*
 * Only what `send` and `map` may want of a settings file: its secrets. NULL
 * path: none are read and NULL is returned with no fault.
 */
struct secrets *program_secrets(const char *path, struct settings_file **file,
    struct faults *all) MUST_CHECK;

/*
 * What is right and yet to be warned of, one by one; NULL past the end. The
 * program's.
 */
const char *program_warning(const struct program *p, size_t i);
/* Adds to them; the text is the program's from here on. */
void program_note(struct program *p, char *text);

#endif
