/* mapping/mapping_timezone.h - time zones, and what people call them. Private.
 */
#ifndef BRIDGE_MAPPING_TIMEZONE_H
#define BRIDGE_MAPPING_TIMEZONE_H

#include "mapping/mapping_timezone_names.h"

/*
 * The IANA name: of one that tzdata's list has, in any case, itself; of a city,
 * of what web frameworks and Windows call a zone, with or without "(GMT-05:00)"
 * in front, the one that is meant. STR_NONE when nothing is. Abbreviations are
 * not taken: EST and CST are several zones each. On a machine without tzdata
 * whatever has the form of a name in one of IANA's areas is taken for one.
 */
struct str timezone_find(struct str text);
/* The same with a list of one's own. */
struct str timezone_find_among(const struct zone_names *known, struct str text);

#endif
