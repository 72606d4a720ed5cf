/*
 * delivery/delivery_event.h - an event as it is kept: the request itself.
 *
 * The text is a raw HTTP/1.1 request, so that what is exported can be mapped
 * and tested as a captured sample is. The sender's address goes with it as a
 * header of ours, the time stands in the journal's row. Left out are headers
 * that hold credentials, and what proves the sender by being a secret; in a
 * body it is overwritten with '*', unless it is written there with escapes.
 */
#ifndef BRIDGE_DELIVERY_EVENT_H
#define BRIDGE_DELIVERY_EVENT_H

#include "base/base.h"
#include "verify/verify.h"

/*
 * Prints it behind what `out` holds, in the arena or not. verifier: NULL, or
 * the route's, which it was proved by.
 */
void event_print(const struct request *r, const struct verifier *verifier,
    struct arena *arena, struct bytes *out);

/*
 * Reads what event_print wrote; the request points into text and the arena.
 * received_ms is the caller's to set. -1 with why when it is none.
 */
int event_parse(struct str text, struct arena *arena, struct request *out,
    struct fault *why) MUST_CHECK;

#endif
