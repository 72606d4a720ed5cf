/* lead/lead_format.h - shapes of strings the contract names. Private. */
#ifndef BRIDGE_LEAD_FORMAT_H
#define BRIDGE_LEAD_FORMAT_H

#include "lead/lead.h"

struct lead_format {
	const char *name;    /* as JSON Schema calls it */
	const char *pattern; /* the contract's own, for the schema; or NULL */
	const char *reason;  /* what a string that has it not is told */
	bool (*has)(struct str s);
};

/* The format of that name; a name the table of fields made up is a bug. */
const struct lead_format *lead_format_get(const char *name);

#endif
