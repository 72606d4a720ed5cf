/*
 * tests/unit/listener/one_worker.h - a listener with one worker, and clients
 * of it. Include it after cmocka; self_signed.h with it, where it has TLS.
 */
#ifndef UNIT_ONE_WORKER_H
#define UNIT_ONE_WORKER_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/ssl.h>

#include "listener/listener.h"

/* How the test serves; `begun`, which may be NULL, runs on the worker. */
struct one_worker {
	void (*serve)(void *mine, struct exchange *x);
	void (*begun)(void);
	const char *certificate, *key; /* NULL: plain HTTP */
	int64_t timeout_ms;            /* of head and body; 0: as usual */
};

static inline void *
one_worker_start(void *shared, void *event_base, unsigned worker)
{
	const struct one_worker *o = shared;

	(void)event_base;
	(void)worker;
	if (o->begun != NULL)
		o->begun();
	return shared;
}

static inline void
one_worker_stop(void *mine)
{
	(void)mine;
}

/* `o` has to outlive it. */
static inline struct listener *
one_worker_listen(struct one_worker *o)
{
	static struct service service;
	const struct listener_address address = { .address = "127.0.0.1:0",
		.certificate = o->certificate,
		.key = o->key };
	struct listener_setup setup = { .name = "one",
		.addresses = &address,
		.address_count = 1,
		.workers = 1,
		.service = &service };
	struct fault why = { .code = FAULT_NONE };
	struct faults all = { 0 };
	struct listener *l;

	service = (struct service){ .start = one_worker_start,
		.serve = o->serve,
		.stop = one_worker_stop,
		.shared = o };
	log_set_level(LOG_LEVEL_ERROR);
	assert_true(settings_read(NULL, "limits", listener_limits_settings,
	    &setup.limits, &all));
	if (o->timeout_ms > 0)
		setup.limits.header_timeout = setup.limits
		                                  .body_timeout = o->timeout_ms;
	l = listener_start(&setup, &why);
	if (l == NULL)
		fail_msg("%s", why.text);
	return l;
}

static inline int
connect_to(unsigned port)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	return fd;
}

static inline SSL *
tls_dial(SSL_CTX *tls, unsigned port)
{
	SSL *ssl = SSL_new(tls);

	SSL_set_fd(ssl, connect_to(port));
	assert_int_equal(SSL_connect(ssl), 1);
	return ssl;
}

static inline void
tls_hang_up(SSL *ssl)
{
	int fd = SSL_get_fd(ssl);

	SSL_free(ssl);
	close(fd);
}

static inline void
tls_say(SSL *ssl, const char *text)
{
	int len = (int)strlen(text);

	assert_int_equal(SSL_write(ssl, text, len), len);
}

/* To the word that its body is. */
static inline void
tls_read_answer(SSL *ssl, const char *word)
{
	char text[1024];
	int got = 0, n;

	do {
		n = SSL_read(ssl, text + got, (int)sizeof(text) - 1 - got);
		assert_true(n > 0);
		got += n;
		text[got] = '\0';
	} while (strstr(text, word) == NULL);
}

#endif
