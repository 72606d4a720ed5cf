/* workshop/workshop_sign.h - a sample, signed as its sender signs. */
#ifndef BRIDGE_WORKSHOP_SIGN_H
#define BRIDGE_WORKSHOP_SIGN_H

#include "delivery/delivery.h"
#include "verify/verify.h"

/*
 * The request with the sender's proof in place of what the sample carried,
 * for the target; all in the arena. The time of signing is now.
 */
int sign_sample(const struct route *r, const struct request *sample,
    struct str target, struct arena *arena, struct request *out,
    struct fault *why) MUST_CHECK;
/* The same by a verifier alone, where there is no route. */
int sign_by(const struct verifier *v, const struct request *sample,
    struct str target, struct arena *arena, struct request *out,
    struct fault *why) MUST_CHECK;

#endif
