/* mapping/mapping_timezone.h - time zones, and what people call them. Private.
 */
#ifndef BRIDGE_MAPPING_TIMEZONE_H
#define BRIDGE_MAPPING_TIMEZONE_H

#include "base/base.h"

/*
 * The IANA name: of a name that looks like one, itself; of a city, of what web
 * frameworks and Windows call a zone, with or without "(GMT-05:00)" in front,
 * the one that is meant. STR_NONE when nothing is. Abbreviations are not
 * taken: EST and CST are several zones each.
 */
struct str timezone_find(struct str text);

#endif
