/*
 * mapping/mapping_timezone_names.h - the zones that there are. Private.
 *
 * IANA's own list, as Debian's tzdata brings it. It is read once a process;
 * on a machine without it nobody knows which names exist.
 */
#ifndef BRIDGE_MAPPING_TIMEZONE_NAMES_H
#define BRIDGE_MAPPING_TIMEZONE_NAMES_H

#include "base/base.h"

struct zone_names {
	char *text; /* the names, each ended */
	const char **list;
	size_t count; /* 0: not known */
};

/* From a file in the form of tzdata.zi; none when it cannot be read. */
struct zone_names zone_names_read(const char *path);
void zone_names_done(struct zone_names *z);
/* The name in IANA's own letters, of one in any; STR_NONE: not in the list. */
struct str zone_names_find(const struct zone_names *z, struct str name);

/* The machine's list; the first call reads it. */
const struct zone_names *zone_names(void);

#endif
