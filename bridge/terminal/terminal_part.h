/*
 * terminal/terminal_part.h - a verb's part, found. Private.
 */
#ifndef BRIDGE_TERMINAL_PART_H
#define BRIDGE_TERMINAL_PART_H

#include "terminal/terminal.h"

/* The part that is given, with what goes with it: -1, or an exit code. */
int verb_part_find(const struct verb *v, const struct given *g,
    size_t *which) MUST_CHECK;

#endif
