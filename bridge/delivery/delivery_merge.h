/*
 * delivery/delivery_merge.h - what the journal does to a PATCH body.
 *
 * Bodies are JSON objects that mapping_print() made. Results are printed
 * behind what `out` holds; scratch is the arena's.
 */
#ifndef BRIDGE_DELIVERY_MERGE_H
#define BRIDGE_DELIVERY_MERGE_H

#include "base/base.h"

/*
 * Notes without an `id` get one made of the delivery and their place, so that
 * the same note sent twice can be told for one. True when anything was
 * printed; false when the body has no such notes.
 */
bool merge_note_ids(struct str body, const char *delivery, unsigned n,
    struct arena *arena, struct bytes *out);

/*
 * Several updates of one lead, in order, as one: a later field wins. How many
 * of them, from the first on, could be merged: an object or a list that two
 * of them name ends it, because whether the API replaces or adds is not
 * known. 1: the first alone.
 */
size_t merge_updates(const struct str *bodies, size_t count,
    struct arena *arena, struct bytes *out);

#endif
