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
 * What a 2xx says for itself. BROKEN: it is no JSON, or only the beginning of
 * one; what is merely odd (a key that comes twice, say), or too large for the
 * arena, is none of these. What begins as a success does is not read any
 * further, but for whether its end is there.
 */
enum envelope_word {
	ENVELOPE_FINE,
	ENVELOPE_DECLINES, /* {"success":false, ...} */
	ENVELOPE_BROKEN,
};
enum envelope_word envelope_word(struct str body, struct arena *arena);

#endif
