/*
 * tests/unit/listener/test_records.c - a peer that sends records which carry
 * nothing, without end, does not keep a worker from others.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "unit/cmocka_all.h"

#include "listener/listener.h"
#include "unit/self_signed.h"

#define MANY 20000
#define BEGUN ((size_t)64 << 10) /* bytes of them that are on their way */

static atomic_uint floods, floods_before_other;

static void *
start(void *shared, void *event_base, unsigned worker)
{
	(void)event_base;
	(void)worker;
	return shared;
}

static void
serve(void *mine, struct exchange *x)
{
	(void)mine;
	if (str_eq(x->request.path, STR("/flood")))
		floods++;
	if (str_eq(x->request.path, STR("/other")))
		floods_before_other = floods;
	x->reply(x, &(struct answer){ .status = 200, .body = STR("served") });
}

static void
stop(void *mine)
{
	(void)mine;
}

static struct listener *
listen_with_tls(void)
{
	static struct service service = { .start = start,
		.serve = serve,
		.stop = stop,
		.shared = &service };
	const struct listener_address address = { .address = "127.0.0.1:0",
		.certificate = certificate,
		.key = key };
	struct listener_setup setup = { .name = "records",
		.addresses = &address,
		.address_count = 1,
		.workers = 1,
		.service = &service };
	struct fault why = { .code = FAULT_NONE };
	struct faults all = { 0 };
	struct listener *l;

	log_set_level(LOG_LEVEL_ERROR);
	assert_true(settings_read(NULL, "limits", listener_limits_settings,
	    &setup.limits, &all));
	/* The time it takes is not what this is about. */
	setup.limits.header_timeout = setup.limits.body_timeout = 60000;
	l = listener_start(&setup, &why);
	assert_non_null(l);
	return l;
}

static int
connect_to(unsigned port)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	return fd;
}

static SSL *
dial(SSL_CTX *tls, unsigned port)
{
	SSL *ssl = SSL_new(tls);

	SSL_set_fd(ssl, connect_to(port));
	assert_int_equal(SSL_connect(ssl), 1);
	return ssl;
}

static void
hang_up(SSL *ssl)
{
	int fd = SSL_get_fd(ssl);

	SSL_free(ssl);
	close(fd);
}

static void
say(SSL *ssl, const char *text)
{
	int len = (int)strlen(text);

	assert_int_equal(SSL_write(ssl, text, len), len);
}

static void
read_answer(SSL *ssl)
{
	char text[1024];
	int got = 0, n;

	do {
		n = SSL_read(ssl, text + got, (int)sizeof(text) - 1 - got);
		assert_true(n > 0);
		got += n;
		text[got] = '\0';
	} while (strstr(text, "served") == NULL);
}

static void
ask(SSL *ssl, const char *path)
{
	char request[64];

	snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nHost: a\r\n\r\n",
	    path);
	say(ssl, request);
	read_answer(ssl);
}

/* What the peer writes from now on, kept instead of sent. */
static BIO *
hold_back(SSL *ssl)
{
	BIO *kept = BIO_new(BIO_s_mem());

	assert_non_null(kept);
	SSL_set0_wbio(ssl, kept);
	return kept;
}

/* Key updates, each of which has new keys made, and a request behind them. */
static void
write_updates(SSL *ssl)
{
	for (int i = 0; i < MANY; i++) {
		assert_int_equal(SSL_key_update(ssl,
		                     SSL_KEY_UPDATE_NOT_REQUESTED),
		    1);
		assert_int_equal(SSL_do_handshake(ssl), 1);
	}
	say(ssl, "GET /flood HTTP/1.1\r\nHost: a\r\n\r\n");
}

struct sending {
	int fd;
	const char *at;
	size_t len;
	atomic_size_t sent;
};

static void *
send_all(void *arg)
{
	struct sending *s = arg;
	ssize_t n = 1;

	while (s->sent < s->len && n > 0) {
		n = send(s->fd, s->at + s->sent, s->len - s->sent,
		    MSG_NOSIGNAL);
		if (n > 0)
			s->sent += (size_t)n;
	}
	return NULL;
}

static void
test_others_are_served_between_key_updates(void **state)
{
	struct listener *l = listen_with_tls();
	SSL_CTX *tls = SSL_CTX_new(TLS_client_method());
	SSL *one = dial(tls, listener_port(l, 0));
	SSL *two = dial(tls, listener_port(l, 0));
	struct sending s = { .fd = SSL_get_fd(one) };
	pthread_t sender;
	char *at = NULL;
	BIO *kept;

	(void)state;
	ask(one, "/before");
	ask(two, "/before");
	floods = floods_before_other = 0;
	kept = hold_back(one);
	write_updates(one);
	s.len = (size_t)BIO_get_mem_data(kept, &at);
	s.at = at;
	pthread_create(&sender, NULL, send_all, &s);
	while (s.sent < BEGUN)
		sched_yield();
	ask(two, "/other");
	assert_int_equal(floods_before_other, 0);
	pthread_join(sender, NULL);
	read_answer(one); /* nothing is wrong with it, but for its time */
	assert_int_equal(floods, 1);
	hang_up(one);
	hang_up(two);
	SSL_CTX_free(tls);
	listener_stop(l, 1000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_others_are_served_between_key_updates),
	};

	return cmocka_run_group_tests(tests, make_files, drop_files);
}
