/* bio/bio.c - a socket, as OpenSSL reads and writes it. */
#include <errno.h>
#include <pthread.h>
#include <sys/socket.h>

#include "bio/bio.h"

static bool
may_try_again(void)
{
	return errno == EAGAIN || errno == EINTR;
}

static int
put_bytes(BIO *b, const char *at, size_t len, size_t *put)
{
	struct bio_socket *s = BIO_get_data(b);
	ssize_t n = send(s->fd, at, len, MSG_NOSIGNAL);

	BIO_clear_retry_flags(b);
	if (n >= 0) {
		*put = (size_t)n;
		return 1;
	}
	if (may_try_again())
		BIO_set_retry_write(b);
	return -1;
}

static int
try_later(BIO *b)
{
	BIO_set_retry_read(b);
	return -1;
}

/* An end is told by a flag: OpenSSL asks whether there was a close_notify. */
static int
get_bytes(BIO *b, char *at, size_t room, size_t *got)
{
	struct bio_socket *s = BIO_get_data(b);
	ssize_t n;

	BIO_clear_retry_flags(b);
	if (s->guard != NULL && !s->guard->lets(s))
		return try_later(b);
	n = recv(s->fd, at, room, 0);
	if (n == 0) {
		BIO_set_flags(b, BIO_FLAGS_IN_EOF);
		return 0;
	}
	if (n == -1)
		return may_try_again() ? try_later(b) : -1;
	*got = (size_t)n;
	return s->guard == NULL || s->guard->takes(s, at, *got) ? 1 : -1;
}

/* What else OpenSSL asks, as for kTLS, is answered with no. */
static long
control_socket(BIO *b, int what, long number, void *more)
{
	(void)number, (void)more;
	if (what == BIO_CTRL_EOF)
		return BIO_test_flags(b, BIO_FLAGS_IN_EOF) != 0;
	return what == BIO_CTRL_FLUSH; /* nothing is held back */
}

static BIO_METHOD *method;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void
make_method(void)
{
	method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK,
	    "leadbridge socket");
	if (method == NULL || BIO_meth_set_write_ex(method, put_bytes) != 1 ||
	    BIO_meth_set_read_ex(method, get_bytes) != 1 ||
	    BIO_meth_set_ctrl(method, control_socket) != 1)
		bug("OpenSSL has no room for a kind of BIO");
}

bool
bio_set_socket(SSL *ssl, struct bio_socket *s)
{
	BIO *b;

	pthread_once(&once, make_method);
	b = BIO_new(method);
	if (b == NULL)
		return false;
	BIO_set_data(b, s);
	BIO_set_init(b, 1);
	SSL_set_bio(ssl, b, b);
	return true;
}
