/*
 * upstream/upstream_wire.h - bytes over one non-blocking connection, TLS or
 * not. Private to this room.
 *
 * Nothing here waits: what cannot go on now says which readiness it needs.
 * After WIRE_LOST or WIRE_END a wire is only good for wire_close().
 */
#ifndef BRIDGE_UPSTREAM_WIRE_H
#define BRIDGE_UPSTREAM_WIRE_H

#include <sys/socket.h>

#include "bio/bio.h"
#include "upstream/upstream_target.h"

enum wire_result {
	WIRE_DONE,
	WIRE_NEEDS_READ,
	WIRE_NEEDS_WRITE,
	WIRE_END,  /* the peer ended the stream in the proper way */
	WIRE_LOST, /* see problem */
};

struct wire_address {
	struct sockaddr_storage at;
	socklen_t len;
};

/* The latest TLS session of a target, to be resumed; one loop's. */
struct wire_memory {
	SSL_SESSION *session;
	int64_t proved_us; /* the certificate it stands for was checked */
};

struct wire {
	struct bio_socket socket; /* fd is -1: closed */
	SSL *ssl;                 /* NULL: plain */
	struct wire_memory *memory;
	bool dead;    /* failed: nothing more may be written */
	bool heard;   /* the peer sent data or a session ticket */
	bool refused; /* TLS: the peer did not accept us; see wire_secure() */
	int64_t proved_us; /* ... of the session that it was to resume */
	char own_pin[PIN_TEXT_SIZE]; /* the server's, where it is not pinned */
	char problem[256];
};

/* Registers with the context that sessions are kept; see wire_memory. */
void wire_remember_sessions(SSL_CTX *tls);
void wire_forget_session(struct wire_memory *memory);

void wire_init(struct wire *w, struct wire_memory *memory);
/* Starts connecting: DONE, NEEDS_WRITE or LOST. The wire was closed. */
enum wire_result wire_open(struct wire *w, const struct wire_address *to);
/* The socket became writable: is it connected? DONE or LOST. */
enum wire_result wire_opened(struct wire *w);
/*
 * The TLS handshake, begun by the first call. A server that wants a client
 * certificate may turn us down after TLS 1.3 has let us finish: then a read
 * is LOST with `refused` set, and the server has read nothing of ours.
 */
enum wire_result wire_secure(struct wire *w, const struct upstream_target *t);

enum wire_result wire_read(struct wire *w, char *at, size_t room, size_t *got);
enum wire_result wire_write(struct wire *w, const char *at, size_t len,
    size_t *put);
/* Bytes were received that no read has looked at yet. */
bool wire_has_more(const struct wire *w);
/*
 * A read would find nothing at all: no byte, no end, no failure. Costs a look
 * at the socket, where a read would set up a record's buffers as well.
 */
bool wire_is_silent(const struct wire *w);
/*
 * TLS has two buffers, 21 KiB together. Kept, they are there for the next
 * call; else they are taken, wiped and given back for each record, as they
 * are from the start.
 */
void wire_keep_buffers(struct wire *w, bool keep);
void wire_close(struct wire *w); /* says goodbye if that does not wait */

#endif
