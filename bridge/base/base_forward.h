/*
 * base/base_forward.h - for whom a proxy speaks.
 *
 * Each proxy puts the address it was called from behind what is there, and
 * anybody may write the header before it gets to the first of ours. So the
 * header is read from behind, and believed only as far as those go that are
 * trusted: what the last of them was called from is the client.
 */
#ifndef BRIDGE_BASE_FORWARD_H
#define BRIDGE_BASE_FORWARD_H

#include "base/base_http.h"
#include "base/base_names.h"
#include "base/base_net.h"

/* Which header the proxies write. Never two: one of them is a stranger's. */
enum forward { FORWARD_X, FORWARD_RFC7239, FORWARD_NONE };
extern const struct name forward_names[];

/*
 * The right-most address that is not a trusted one. False when there is
 * none, or when what stands there first is no address: *client is untouched.
 * Of a request that did not come from a trusted address the header means
 * nothing, which the caller has looked at.
 */
bool forward_client(const struct request *r, enum forward header,
    const struct net_ranges *trusted, struct net_address *client) MUST_CHECK;

#endif
