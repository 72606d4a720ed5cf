/*
 * base/base_shown.h - text of strangers, for a person's terminal.
 *
 * What cannot be seen, or moves what can, is written out as in JSON: control
 * characters (C0, DEL, C1, with which a terminal can be told to do things),
 * marks of direction, blanks that are no space, characters without width.
 */
#ifndef BRIDGE_BASE_SHOWN_H
#define BRIDGE_BASE_SHOWN_H

#include "base/base_bytes.h"

/* "\u202e" for what is not to be seen; U+FFFD for what is no UTF-8. */
void shown_add(struct bytes *out, struct str text);
/* For machines: a JSON string of any bytes; U+FFFD for what is no UTF-8. */
void shown_add_json(struct bytes *out, struct str text);
/* True when shown_add changes nothing. */
bool shown_plain(struct str text);
/* The first code point of the rest, taken off it; U+FFFD for no UTF-8. */
uint32_t shown_point(struct str *rest);

#endif
