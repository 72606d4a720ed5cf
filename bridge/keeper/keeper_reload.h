/*
 * keeper/keeper_reload.h - the settings, loaded again. Private.
 *
 * All is loaded and checked before anything changes; a fault anywhere, and
 * what ran goes on.
 */
#ifndef BRIDGE_KEEPER_RELOAD_H
#define BRIDGE_KEEPER_RELOAD_H

#include "keeper/keeper_bridge.h"

/* What became of one. */
struct reload {
	struct program
	    *program;         /* that is served by now; NULL: it was refused */
	struct faults faults; /* why */
	char **warnings;
	size_t warning_count;
};

/* `cause` is for the log: "SIGHUP". level: of the command line, or NULL. */
void reload_run(struct bridge *b, const char *path, const char *level,
    const char *cause, struct reload *r);
/* Lets go of the program, too. */
void reload_done(struct reload *r);
/* As the admin endpoint answers. */
int reload_status(const struct reload *r);
void reload_print(const struct reload *r, struct bytes *out);

#endif
