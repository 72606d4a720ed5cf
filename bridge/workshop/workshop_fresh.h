/*
 * workshop/workshop_fresh.h - a sample as another event of its sender's.
 */
#ifndef BRIDGE_WORKSHOP_FRESH_H
#define BRIDGE_WORKSHOP_FRESH_H

#include "base/base.h"

/*
 * Gives the sample another id wherever the one it has stands as a word, in
 * headers and body: as long, and digits, letters and marks where they were.
 * All in the arena. -1 with why where it has none (id.at == NULL), or where it
 * is not written as it reads.
 */
int sample_renew(struct request *sample, struct str id, struct arena *arena,
    struct fault *why) MUST_CHECK;

#endif
