/* base/base_names.h - names and numbers meet in one table. */
#ifndef BRIDGE_BASE_NAMES_H
#define BRIDGE_BASE_NAMES_H

#include "base/base_str.h"

struct name {
	const char *text; /* NULL ends the table */
	int value;
};

/* The value, or -1 when nobody answers to that name (exact case). */
int name_value(const struct name *table, struct str text);
const char *name_text(const struct name *table, int value); /* or NULL */

/*
 * Finds what somebody may have meant: feed it candidates, then ask. Near
 * means an edit distance of at most a third of the word's length.
 */
struct nearest {
	struct str word;
	const char *best;
	size_t distance;
};
void nearest_start(struct nearest *n, struct str word);
void nearest_try(struct nearest *n, const char *candidate);
const char *nearest_found(const struct nearest *n); /* or NULL */
/* For "%s%s%s": "; did you mean 'x'?", or nothing where it is NULL. */
#define MEANT_ARG(found)                                                       \
	(found) != NULL ? "; did you mean '" : "",                             \
	    (found) != NULL ? (found) : "", (found) != NULL ? "'?" : ""

#endif
