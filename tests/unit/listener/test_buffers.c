/*
 * tests/unit/listener/test_buffers.c - what TLS connections hold for records:
 * busy ones their buffers, up to a number of them; those at rest nothing.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "unit/cmocka_all.h"

#include "listener/listener.h"
#include "unit/self_signed.h"

#define KEPT 64 /* connections of a worker that keep theirs */
#define MORE 6

static void *
start(void *shared, void *event_base, unsigned worker)
{
	(void)event_base;
	(void)worker;
	counts_records = true;
	return shared;
}

static void
serve(void *mine, struct exchange *x)
{
	(void)mine;
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
	struct listener_setup setup = { .name = "buffers",
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
	l = listener_start(&setup, &why);
	assert_non_null(l);
	return l;
}

static SSL *
dial(SSL_CTX *tls, unsigned port)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	SSL *ssl = SSL_new(tls);

	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	SSL_set_fd(ssl, fd);
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
ask(SSL *ssl)
{
	static const char request[] = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
	char text[1024];
	int got = 0, n;

	assert_int_equal(SSL_write(ssl, request, sizeof(request) - 1),
	    sizeof(request) - 1);
	do {
		n = SSL_read(ssl, text + got, (int)sizeof(text) - 1 - got);
		assert_true(n > 0);
		got += n;
		text[got] = '\0';
	} while (strstr(text, "served") == NULL);
}

/* The worker has gone on when the answer is here: hence the wait. */
static void
wait_for_held(int want)
{
	const struct timespec pause = { 0, 10000000 };

	for (int i = 0; i < 2000 && records_held != want; i++)
		nanosleep(&pause, NULL);
	assert_int_equal(records_held, want);
}

static void
test_busy_connections_keep_them_until_they_rest(void **state)
{
	struct listener *l = listen_with_tls();
	SSL_CTX *tls = SSL_CTX_new(TLS_client_method());
	SSL *peers[KEPT + MORE];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(peers); i++) {
		peers[i] = dial(tls, listener_port(l, 0));
		ask(peers[i]);
	}
	for (size_t i = 0; i < COUNT_OF(peers); i++)
		ask(peers[i]);
	wait_for_held(KEPT);
	wait_for_held(0); /* a second later */
	for (size_t i = 0; i < COUNT_OF(peers); i++) {
		ask(peers[i]); /* begins to keep them ... */
		ask(peers[i]);
	}
	wait_for_held(KEPT);
	for (size_t i = 0; i < COUNT_OF(peers); i++)
		hang_up(peers[i]); /* ... until it is closed */
	wait_for_held(0);
	SSL_CTX_free(tls);
	listener_stop(l, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    test_busy_connections_keep_them_until_they_rest),
	};

	count_records();
	return cmocka_run_group_tests(tests, make_files, drop_files);
}
