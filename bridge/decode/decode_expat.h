/*
 * decode/decode_expat.h - expat with its memory in an arena. Private to
 * this room.
 *
 * So a parser is bounded by its request's ceiling, and nothing of it can
 * leak. What it frees is given back with the rest of the request.
 */
#ifndef BRIDGE_DECODE_EXPAT_H
#define BRIDGE_DECODE_EXPAT_H

#include <expat.h>

#include "base/base.h"

/* One character between a name's namespace and the name itself. */
#define EXPAT_BETWEEN "\n"

/*
 * NULL when there is no memory. Between open and close the thread has no
 * other parser: expat's allocator is not told whose memory is wanted.
 */
XML_Parser expat_open(struct arena *arena, const char *encoding) MUST_CHECK;
void expat_close(XML_Parser parser); /* NULL is fine */

#endif
