/*
 * listener/listener_hello.h - how long a client says that its hello is.
 *
 * OpenSSL has room for a message of a handshake as soon as it has read how
 * long it is to be, and allows a ClientHello 128 KiB: nine bytes of nobody
 * knows whom would hold 170 KiB. Here the lengths are looked at before OpenSSL
 * sees them. What a handshake has besides is bounded (SSL_CTX_set_max_cert_list
 * and OpenSSL's own), or comes encrypted. Quiet: bytes in, a verdict out.
 * Private to this room.
 */
#ifndef BRIDGE_LISTENER_HELLO_H
#define BRIDGE_LISTENER_HELLO_H

#include "base/base.h"

/*
 * The longest message: as much as OpenSSL has room for from the start. In
 * practice a hello has 2 KiB at most, tickets and large keys included.
 */
#define HELLO_MAX ((size_t)16 << 10)

/* A record's header, or a message's; zeroed: at its first byte. */
struct hello_head {
	unsigned char bytes[5];
	size_t have; /* of the header */
	size_t left; /* of what it is the header of, not read yet */
};

struct hello {
	struct hello_head record, message;
};

/*
 * The next bytes of a connection, from its first on, whatever they are cut
 * into. False: a message is longer than HELLO_MAX, and nothing more is to be
 * read.
 */
bool hello_fits(struct hello *h, const char *at, size_t n) MUST_CHECK;

#endif
