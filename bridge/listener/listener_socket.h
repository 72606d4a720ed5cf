/*
 * listener/listener_socket.h - listening sockets and certificates.
 * Private to this room.
 */
#ifndef BRIDGE_LISTENER_SOCKET_H
#define BRIDGE_LISTENER_SOCKET_H

#include <openssl/ssl.h>

#include "base/base.h"

/*
 * A socket that listens at "host:port" or "[v6]:port", shared by all that
 * ask for the same (SO_REUSEPORT). *port: 0 takes the address's own, any
 * other goes before it; what it became is stored there. -1 with why.
 */
int socket_listen(const char *address, unsigned *port,
    struct fault *why) MUST_CHECK;

/*
 * What a TLS address serves with, or NULL with why. *expired: the
 * certificate's time is over (or not yet come), which is for the caller to
 * judge.
 */
SSL_CTX *tls_load(const char *certificate, const char *key, bool *expired,
    struct fault *why) MUST_CHECK;

#endif
