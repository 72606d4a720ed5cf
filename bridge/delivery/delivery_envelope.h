/*
 * delivery/delivery_envelope.h - the API's envelope, read where it has to be.
 *
 *	{"success":false,"error":{"code":"","message":"","details":[]}}
 */
#ifndef BRIDGE_DELIVERY_ENVELOPE_H
#define BRIDGE_DELIVERY_ENVELOPE_H

#include "decode/decode.h"

struct envelope {
	const struct document *document;
	doc_node error; /* DOC_NONE: none is in it */
};

/* False when the body is no JSON, or the arena is full. */
bool envelope_read(struct str body, struct arena *arena,
    struct envelope *out) MUST_CHECK;
/* A text of the error; STR_NONE when it has none of the name. */
struct str envelope_text(const struct envelope *e, struct str name);
/*
 * True for {"success":false, ...}. What begins as a success does is not read
 * any further.
 */
bool envelope_declines(struct str body, struct arena *arena);

#endif
