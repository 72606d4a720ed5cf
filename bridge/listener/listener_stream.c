/* listener/listener_stream.c - reads and writes, without a buffer of ours. */
#include <errno.h>
#include <openssl/err.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "bio/bio.h"
#include "listener/listener_stream.h"

/* Past so many no read is begun; one brings about as many, at most. */
#define TURN_BYTES ((size_t)16 << 10)

struct stream_tls {
	struct bio_socket socket; /* first: it is this one's */
	SSL *ssl;
	size_t turn;        /* bytes read for it in this turn */
	struct hello hello; /* of its handshake ... */
	bool met;           /* ... which is over */
	bool heard;         /* a byte of its peer's, at least */
	bool failed;        /* its handshake, or what was to be one ... */
	struct handshake_failure failure; /* ... for this reason */
};

static bool
lets_read(struct bio_socket *socket)
{
	struct stream_tls *s = (void *)socket;

	if (SSL_is_init_finished(s->ssl))
		s->met = true;
	return s->turn < TURN_BYTES;
}

/*
 * Of TLS 1.2 only the hello is looked at: what comes behind it is encrypted
 * without saying so. Until OpenSSL has read a hello the version is 1.3.
 */
static bool
takes_bytes(struct bio_socket *socket, const char *at, size_t n)
{
	struct stream_tls *s = (void *)socket;

	s->turn += n;
	s->heard = true;
	if (s->met || SSL_version(s->ssl) != TLS1_3_VERSION ||
	    hello_fits(&s->hello, at, n))
		return true;
	s->failed = true;
	s->failure = (struct handshake_failure){ METRIC_HANDSHAKE_OTHER,
		"a message of more than 16 KiB was to come" };
	return false;
}

static const struct bio_guard guard = { .lets = lets_read,
	.takes = takes_bytes };

void
stream_open(struct stream *s, int fd, SSL_CTX *tls)
{
	struct stream_tls *t;

	*s = (struct stream){ .fd = fd };
	if (tls == NULL)
		return;
	s->tls = t = base_alloc(sizeof(*t));
	t->socket = (struct bio_socket){ .fd = fd, .guard = &guard };
	t->ssl = SSL_new(tls);
	if (t->ssl == NULL || !bio_set_socket(t->ssl, &t->socket))
		bug("out of memory for a connection");
	SSL_set_accept_state(t->ssl);
}

void
stream_turn(struct stream *s)
{
	if (s->tls != NULL)
		s->tls->turn = 0;
}

void
stream_close(struct stream *s)
{
	if (s->tls == NULL)
		return;
	SSL_free(s->tls->ssl);
	base_free(s->tls);
	s->tls = NULL;
}

SSL *
stream_ssl(const struct stream *s)
{
	return s->tls != NULL ? s->tls->ssl : NULL;
}

const struct handshake_failure *
stream_failure(const struct stream *s)
{
	return s->tls != NULL && s->tls->failed ? &s->tls->failure : NULL;
}

static bool
meets(const struct stream_tls *s)
{
	return s->heard && !s->met;
}

bool
stream_meets(const struct stream *s)
{
	return s->tls != NULL && meets(s->tls);
}

/* What SSL_get_error says is right only if no older error is queued. */
static enum stream_state
tls_state(struct stream_tls *s, int rc)
{
	int error = SSL_get_error(s->ssl, rc);

	if (error == SSL_ERROR_WANT_READ)
		return STREAM_WAITS_READ;
	if (error == SSL_ERROR_WANT_WRITE)
		return STREAM_WAITS_WRITE;
	if (!s->failed && meets(s)) {
		s->failed = true;
		s->failure = handshake_failure();
	}
	ERR_clear_error();
	return error == SSL_ERROR_ZERO_RETURN ? STREAM_ENDED : STREAM_BROKEN;
}

static enum stream_state
plain_state(ssize_t got, enum stream_state wait)
{
	if (got == 0)
		return STREAM_ENDED;
	return errno == EAGAIN || errno == EINTR ? wait : STREAM_BROKEN;
}

enum stream_state
stream_read(struct stream *s, char *at, size_t room, size_t *n)
{
	ssize_t got;
	int rc;

	if (s->tls != NULL) {
		rc = SSL_read_ex(s->tls->ssl, at, room, n);
		return rc == 1 ? STREAM_MOVED : tls_state(s->tls, rc);
	}
	got = recv(s->fd, at, room, 0);
	if (got <= 0)
		return plain_state(got, STREAM_WAITS_READ);
	*n = (size_t)got;
	return STREAM_MOVED;
}

enum stream_state
stream_write(struct stream *s, const char *at, size_t len, size_t *n)
{
	ssize_t put;
	int rc;

	if (s->tls != NULL) {
		rc = SSL_write_ex(s->tls->ssl, at, len, n);
		return rc == 1 ? STREAM_MOVED : tls_state(s->tls, rc);
	}
	put = send(s->fd, at, len, MSG_NOSIGNAL);
	if (put <= 0)
		return plain_state(put, STREAM_WAITS_WRITE);
	*n = (size_t)put;
	return STREAM_MOVED;
}

void
stream_keep_buffers(struct stream *s, bool keep)
{
	SSL *ssl = s->tls->ssl;

	if (keep) {
		SSL_clear_mode(ssl, SSL_MODE_RELEASE_BUFFERS);
	} else {
		SSL_set_mode(ssl, SSL_MODE_RELEASE_BUFFERS);
		(void)SSL_free_buffers(ssl); /* no: after the next record */
	}
}

void
stream_give_up(const struct stream *s)
{
	struct linger at_once = { .l_onoff = 1, .l_linger = 0 };
	int waiting = 0;

	if (ioctl(s->fd, SIOCOUTQ, &waiting) == 0 && waiting > 0)
		(void)setsockopt(s->fd, SOL_SOCKET, SO_LINGER, &at_once,
		    sizeof(at_once));
}

bool
stream_holds(const struct stream *s)
{
	return s->tls != NULL && SSL_has_pending(s->tls->ssl) == 1;
}

void
stream_goodbye(struct stream *s)
{
	if (s->tls == NULL)
		return;
	(void)SSL_shutdown(s->tls->ssl);
	ERR_clear_error();
}
