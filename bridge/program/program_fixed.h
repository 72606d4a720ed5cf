/*
 * program/program_fixed.h - what settings say that a running bridge cannot
 * change any more: sockets, threads, the journal.
 *
 * As texts, by name, without a secret: to compare what runs with what is
 * written, and to tell.
 */
#ifndef BRIDGE_PROGRAM_FIXED_H
#define BRIDGE_PROGRAM_FIXED_H

#include "program/program_load.h"

struct fixed {
	char **names, **texts;
	size_t count;
};

void fixed_read(const struct program *p, struct fixed *f);
void fixed_done(struct fixed *f);
/* One more; both texts are its own from here on. */
void fixed_add(struct fixed *f, char *name, char *text);
/* The text of a name, or NULL. */
const char *fixed_text(const struct fixed *f, const char *name);

/*
 * What is written and takes a restart, a line each; NULL past the end.
 * base_free it.
 */
char *fixed_difference(const struct fixed *runs, const struct fixed *written,
    size_t *at) MUST_CHECK;

#endif
