/*
 * upstream/upstream_bio.h - a socket, as OpenSSL reads and writes it. Private
 * to this room.
 *
 * OpenSSL's own goes by read() and write(): those go through the kernel's files
 * before they come to the socket, and a peer that is gone raises SIGPIPE.
 */
#ifndef BRIDGE_UPSTREAM_BIO_H
#define BRIDGE_UPSTREAM_BIO_H

#include <openssl/ssl.h>

#include "base/base.h"

/* From here on ssl talks over *fd, the caller's. False: there is no memory. */
bool bio_set_socket(SSL *ssl, const int *fd) MUST_CHECK;

#endif
