/*
 * bio/bio.h - a socket, as OpenSSL reads and writes it.
 *
 * OpenSSL's own goes by read() and write(): those go through the kernel's files
 * before they come to the socket, and a peer that is gone raises SIGPIPE.
 * BIO_s_socket(3), BIO_meth_new(3).
 */
#ifndef BRIDGE_BIO_H
#define BRIDGE_BIO_H

#include <openssl/ssl.h>

#include "base/base.h"

struct bio_socket;

/* Looks at what comes in, as it comes, before OpenSSL does. */
struct bio_guard {
	/* May it be read now? No is told as of a socket that has nothing. */
	bool (*lets)(struct bio_socket *s);
	/* These bytes were read, at least one. No: the stream is broken. */
	bool (*takes)(struct bio_socket *s, const char *at, size_t n);
};

/* The caller's, with its descriptor; both outlive the SSL that uses them. */
struct bio_socket {
	int fd; /* non-blocking; looked up for each call */
	const struct bio_guard *guard; /* NULL: none */
};

/* From here on ssl talks over *s. False: there is no memory. */
bool bio_set_socket(SSL *ssl, struct bio_socket *s) MUST_CHECK;

#endif
