/*
 * tests/unit/listener/test_records.c - a peer that sends records which carry
 * nothing, without end, does not keep a worker from others.
 */
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>

#include "unit/cmocka_all.h"

#include "unit/listener/one_worker.h"
#include "unit/self_signed.h"

#define MANY 20000
#define BEGUN ((size_t)64 << 10) /* bytes of them that are on their way */

static atomic_uint floods, floods_before_other;
static sem_t inside, held;

/* /held stands, and its worker with it, until both others have been sent. */
static void
serve(void *mine, struct exchange *x)
{
	(void)mine;
	if (str_eq(x->request.path, STR("/held"))) {
		sem_post(&inside);
		sem_wait(&held);
	}
	if (str_eq(x->request.path, STR("/flood")))
		floods++;
	if (str_eq(x->request.path, STR("/other")))
		floods_before_other = floods;
	x->reply(x, &(struct answer){ .status = 200, .body = STR("served") });
}

static void
say(SSL *ssl, const char *path)
{
	char request[64];

	snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nHost: a\r\n\r\n",
	    path);
	tls_say(ssl, request);
}

static void
ask(SSL *ssl, const char *path)
{
	say(ssl, path);
	tls_read_answer(ssl, "served");
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
	say(ssl, "/flood");
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
	/* The time it takes is not what this is about. */
	struct one_worker served = { .serve = serve,
		.certificate = certificate,
		.key = key,
		.timeout_ms = 60000 };
	struct listener *l = one_worker_listen(&served);
	SSL_CTX *tls = SSL_CTX_new(TLS_client_method());
	SSL *one = tls_dial(tls, listener_port(l, 0));
	SSL *two = tls_dial(tls, listener_port(l, 0));
	SSL *three = tls_dial(tls, listener_port(l, 0));
	struct sending s = { .fd = SSL_get_fd(one) };
	pthread_t sender;
	char *at = NULL;
	BIO *kept;

	(void)state;
	sem_init(&inside, 0, 0);
	sem_init(&held, 0, 0);
	ask(one, "/before");
	ask(two, "/before");
	floods = floods_before_other = 0;
	kept = hold_back(one);
	write_updates(one);
	s.len = (size_t)BIO_get_mem_data(kept, &at);
	s.at = at;
	say(three, "/held");
	sem_wait(&inside);
	pthread_create(&sender, NULL, send_all, &s);
	while (s.sent < BEGUN)
		sched_yield();
	say(two, "/other");
	sem_post(&held);
	tls_read_answer(two, "served");
	assert_int_equal(floods_before_other, 0);
	pthread_join(sender, NULL);
	tls_read_answer(one,
	    "served"); /* nothing is wrong with it, but for its time */
	assert_int_equal(floods, 1);
	tls_read_answer(three, "served");
	tls_hang_up(one);
	tls_hang_up(two);
	tls_hang_up(three);
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
