/*
 * listener/listener_stream.h - the bytes of one connection, plain or TLS.
 *
 * Non-blocking. Nothing is buffered here; OpenSSL may hold what it read
 * ahead, for which no descriptor becomes readable: ask stream_holds().
 * Private to this room.
 */
#ifndef BRIDGE_LISTENER_STREAM_H
#define BRIDGE_LISTENER_STREAM_H

#include "listener/listener_handshake.h"
#include "listener/listener_hello.h"

/* Thousands are at rest, most of them plain: what only TLS needs is apart. */
struct stream {
	int fd;
	struct stream_tls *tls; /* NULL: plain */
};

enum stream_state {
	STREAM_MOVED,       /* some bytes; *n tells how many, at least one */
	STREAM_WAITS_READ,  /* again once it is readable ... */
	STREAM_WAITS_WRITE, /* ... or writable, which TLS may want to read */
	STREAM_ENDED,       /* by the peer, properly */
	STREAM_BROKEN,
};

/* Plain with tls == NULL, else the server's side of a handshake to come. */
void stream_open(struct stream *s, int fd, SSL_CTX *tls);
/*
 * A turn of the loop begins. OpenSSL reads on and on for as long as there are
 * records that carry nothing for us (a peer may renew its keys in each): past
 * some of them it is told that no more is there, and others have their turn.
 */
void stream_turn(struct stream *s);
/* Leaves the descriptor open: it is the caller's. */
void stream_close(struct stream *s);
enum stream_state stream_read(struct stream *s, char *at, size_t room,
    size_t *n) MUST_CHECK;
enum stream_state stream_write(struct stream *s, const char *at, size_t len,
    size_t *n) MUST_CHECK;
/*
 * TLS has two buffers, 21 KiB together. Kept, they are there for the next
 * record; else they are taken, wiped and given back for each, as they are
 * from the start.
 */
void stream_keep_buffers(struct stream *s, bool keep);
/*
 * It is closed next, as its time is over: what was written, and its peer has
 * not taken, is given up. The system would keep that, and the connection, for
 * minutes.
 */
void stream_give_up(const struct stream *s);
SSL *stream_ssl(const struct stream *s); /* NULL: plain */
/* Why its handshake failed, or what was to be one; NULL: it did not. */
const struct handshake_failure *stream_failure(const struct stream *s);
/* A handshake was begun, and is not over. */
bool stream_meets(const struct stream *s);
bool stream_holds(const struct stream *s);
/* Tells the peer that nothing was cut off (TLS). */
void stream_goodbye(struct stream *s);

#endif
