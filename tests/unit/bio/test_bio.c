/* What OpenSSL is told of a socket, and by whom. */
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "unit/cmocka_all.h"

#include "bio/bio.h"

struct stage {
	struct bio_socket socket; /* first: a guard is told of it */
	int peer;
	SSL_CTX *context;
	SSL *ssl;
	bool shut;     /* a guard's: nothing is to be read */
	bool refuses;  /* ... what was read is not to be taken */
	char took[16]; /* what it was shown */
	size_t took_len;
};

static bool
lets(struct bio_socket *socket)
{
	const struct stage *s = (const void *)socket;

	return !s->shut;
}

static bool
takes(struct bio_socket *socket, const char *at, size_t n)
{
	struct stage *s = (void *)socket;

	assert_in_range(n, 1, sizeof(s->took) - s->took_len);
	memcpy(s->took + s->took_len, at, n);
	s->took_len += n;
	return !s->refuses;
}

static const struct bio_guard guard = { .lets = lets, .takes = takes };

static BIO *
open_stage(struct stage *s, const struct bio_guard *g)
{
	int pair[2];

	*s = (struct stage){ .context = SSL_CTX_new(TLS_method()) };
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0,
	                     pair),
	    0);
	s->socket = (struct bio_socket){ .fd = pair[0], .guard = g };
	s->peer = pair[1];
	s->ssl = SSL_new(s->context);
	assert_true(bio_set_socket(s->ssl, &s->socket));
	assert_ptr_equal(SSL_get_rbio(s->ssl), SSL_get_wbio(s->ssl));
	return SSL_get_rbio(s->ssl);
}

static void
close_stage(struct stage *s)
{
	SSL_free(s->ssl);
	SSL_CTX_free(s->context);
	/* Still open: it is its owner's. */
	assert_int_equal(close(s->socket.fd), 0);
	if (s->peer != -1)
		assert_int_equal(close(s->peer), 0);
}

static void
tell(int fd, const char *text)
{
	size_t len = strlen(text);

	assert_int_equal(write(fd, text, len), len);
}

static void
reads(BIO *b, const char *text)
{
	char got[16];

	assert_int_equal(BIO_read(b, got, sizeof(got)), strlen(text));
	assert_memory_equal(got, text, strlen(text));
	assert_false(BIO_should_retry(b));
}

static void
reads_nothing_yet(BIO *b)
{
	char got[16];

	assert_int_equal(BIO_read(b, got, sizeof(got)), -1);
	assert_true(BIO_should_read(b));
	assert_false(BIO_eof(b));
}

static void
bytes_go_both_ways(void **state)
{
	struct stage s;
	BIO *b = open_stage(&s, NULL);
	char got[4];

	(void)state;
	reads_nothing_yet(b);
	tell(s.peer, "ping");
	reads(b, "ping");
	assert_int_equal(BIO_write(b, "pong", 4), 4);
	assert_int_equal(BIO_flush(b), 1);
	assert_int_equal(read(s.peer, got, 4), 4);
	assert_memory_equal(got, "pong", 4);
	close_stage(&s);
}

static void
a_full_socket_is_written_to_later(void **state)
{
	static const char much[4096];
	struct stage s;
	BIO *b = open_stage(&s, NULL);
	int rc;

	(void)state;
	while ((rc = BIO_write(b, much, sizeof(much))) > 0)
		continue;
	assert_int_equal(rc, -1);
	assert_true(BIO_should_write(b));
	close_stage(&s);
}

static void
an_end_is_none_that_can_be_waited_for(void **state)
{
	struct stage s;
	BIO *b = open_stage(&s, NULL);
	char got[4];

	(void)state;
	close(s.peer);
	s.peer = -1;
	assert_int_equal(BIO_read(b, got, 4), 0);
	assert_false(BIO_should_retry(b));
	assert_true(BIO_eof(b));
	close_stage(&s);
}

/* With the signal's default it would end the program. */
static void
a_peer_that_is_gone_raises_no_signal(void **state)
{
	struct stage s;
	BIO *b = open_stage(&s, NULL);

	(void)state;
	signal(SIGPIPE, SIG_DFL);
	close(s.peer);
	s.peer = -1;
	assert_int_equal(BIO_write(b, "pong", 4), -1);
	assert_false(BIO_should_retry(b));
	close_stage(&s);
}

static void
a_guard_says_when(void **state)
{
	struct stage s;
	BIO *b = open_stage(&s, &guard);

	(void)state;
	tell(s.peer, "ping");
	s.shut = true;
	reads_nothing_yet(b);
	assert_int_equal(s.took_len, 0);
	s.shut = false;
	reads(b, "ping");
	assert_memory_equal(s.took, "ping", 4);
	close_stage(&s);
}

static void
a_guard_says_whether(void **state)
{
	struct stage s;
	BIO *b = open_stage(&s, &guard);
	char got[4];

	(void)state;
	reads_nothing_yet(b); /* of which it is not asked */
	s.refuses = true;
	tell(s.peer, "ping");
	assert_int_equal(BIO_read(b, got, 4), -1);
	assert_false(BIO_should_retry(b));
	assert_int_equal(s.took_len, 4);
	close_stage(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_go_both_ways),
		cmocka_unit_test(a_full_socket_is_written_to_later),
		cmocka_unit_test(an_end_is_none_that_can_be_waited_for),
		cmocka_unit_test(a_peer_that_is_gone_raises_no_signal),
		cmocka_unit_test(a_guard_says_when),
		cmocka_unit_test(a_guard_says_whether),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
