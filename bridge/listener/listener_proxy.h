/*
 * listener/listener_proxy.h - the PROXY protocol's header, versions 1 and 2.
 *
 * A proxy that passes connections through says in front of their bytes whom
 * it was called by. Strict: a header that is not exactly as the protocol
 * writes it is bad, and so is none at all. Quiet: bytes in, an address out.
 * Private to this room.
 */
#ifndef BRIDGE_LISTENER_PROXY_H
#define BRIDGE_LISTENER_PROXY_H

#include "base/base.h"

/* The longest that is read; of version 2 that leaves 2 KB for its TLVs. */
#define PROXY_MAX 2304

/*
 * How long the header is at least, to judge by its first n bytes: more than
 * n, and so many may be read without taking a byte of what is behind it; n
 * when it is whole; 0 when it is none, or too long.
 */
size_t proxy_length(const char *at, size_t n);

enum proxy_verdict {
	PROXY_BAD,
	PROXY_LOCAL,  /* the proxy itself */
	PROXY_NOBODY, /* somebody, of whom it says no address that is one */
	PROXY_CLIENT  /* *client tells */
};

/* A whole one, as proxy_length() has it. */
enum proxy_verdict proxy_read(const char *at, size_t n,
    struct net_address *client);

#endif
