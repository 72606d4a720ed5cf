/*
 * decode/decode_string.h - the escapes of a JSON string. Private to this room.
 */
#ifndef BRIDGE_DECODE_STRING_H
#define BRIDGE_DECODE_STRING_H

#include "decode/decode.h"

/* An escape that is none: where it stands, and why. */
struct string_fault {
	const char *at;
	const char *what;
};

/*
 * Makes *text a copy in the arena with its escapes resolved. A quote stands
 * behind the text. -1 with *bad, or with bad->what NULL: the arena is full.
 */
int string_resolve(struct arena *arena, struct str *text,
    struct string_fault *bad) MUST_CHECK;

#endif
