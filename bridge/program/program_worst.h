/*
 * program/program_worst.h - how much memory the settings let strangers take,
 * told by `check` and by a metric.
 */
#ifndef BRIDGE_PROGRAM_WORST_H
#define BRIDGE_PROGRAM_WORST_H

#include "program/program_load.h"

/*
 * A line: "worst case: 212 MB of memory: 94 MB for 4096 connections, ...".
 * Every limit reached at once, by hostile senders and a hostile API; not the
 * program itself, nor the journal, whose size is the events'.
 */
void worst_print(const struct program *p, struct bytes *out);
/* The same parts as a JSON object, in bytes. */
void worst_print_json(const struct program *p, struct bytes *out);
int64_t worst_total(const struct program *p);

/* The limits of the admin endpoint: the program's, for far fewer. */
struct listener_limits admin_limits(const struct program *p);

#endif
