/*
 * terminal/terminal_part.h - a verb's part, found. Private.
 */
#ifndef BRIDGE_TERMINAL_PART_H
#define BRIDGE_TERMINAL_PART_H

#include "terminal/terminal.h"

/* The part of that name; NULL where there is none, or the name is NULL. */
const struct verb_part *verb_part_named(const struct verb *v,
    const char *name) MUST_CHECK;
/* What usage shows of it: "show ID" of "list | show ID | tail". */
struct str verb_part_args(const struct verb *v, const struct verb_part *p);
/* Does the option go with it? */
bool verb_part_takes(const struct verb *v, const struct verb_part *p,
    const char *option);

/* The part that is given, with what goes with it: -1, or an exit code. */
int verb_part_find(const struct verb *v, const struct given *g,
    size_t *which) MUST_CHECK;

/* The first of the two files that is there; `here` where neither is. */
const char *config_choose(const char *here, const char *elsewhere);

#endif
