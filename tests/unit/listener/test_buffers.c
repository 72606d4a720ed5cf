/*
 * tests/unit/listener/test_buffers.c - what TLS connections hold for records:
 * busy ones their buffers, up to a number of them; those at rest nothing.
 */
#include <time.h>

#include "unit/cmocka_all.h"

#include "unit/listener/one_worker.h"
#include "unit/self_signed.h"

#define KEPT 64 /* connections of a worker that keep theirs */
#define MORE 6

static void
count_this_thread(void)
{
	counts_records = true;
}

static void
serve(void *mine, struct exchange *x)
{
	(void)mine;
	x->reply(x, &(struct answer){ .status = 200, .body = STR("served") });
}

static void
ask(SSL *ssl)
{
	tls_say(ssl, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
	tls_read_answer(ssl, "served");
}

/* The worker has gone on when the answer is here: hence the wait. */
static void
wait_for_held(int want)
{
	const struct timespec pause = { 0, 10000000 };

	for (int i = 0; i < 4000 && records_held != want; i++)
		nanosleep(&pause, NULL);
	assert_int_equal(records_held, want);
}

/* Again, where the machine was so slow that some have come to rest. */
static void
ask_until_held(SSL *const *peers, size_t count, int want)
{
	const struct timespec pause = { 0, 10000000 };
	int held; /* as it was seen: the next moment one may rest */

	for (int i = 0; (held = records_held) != want && i < 100; i++) {
		for (size_t k = 0; k < count; k++)
			ask(peers[k]);
		nanosleep(&pause, NULL);
	}
	assert_int_equal(held, want);
}

static void
test_busy_connections_keep_them_until_they_rest(void **state)
{
	struct one_worker served = { .serve = serve,
		.begun = count_this_thread,
		.certificate = certificate,
		.key = key,
		.timeout_ms = 60000 };
	struct listener *l = one_worker_listen(&served);
	SSL_CTX *tls = SSL_CTX_new(TLS_client_method());
	SSL *peers[KEPT + MORE];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(peers); i++) {
		peers[i] = tls_dial(tls, listener_port(l, 0));
		ask(peers[i]);
	}
	ask_until_held(peers, COUNT_OF(peers), KEPT);
	wait_for_held(0); /* a second later */
	/* They begin to keep them again ... */
	ask_until_held(peers, COUNT_OF(peers), KEPT);
	for (size_t i = 0; i < COUNT_OF(peers); i++)
		tls_hang_up(peers[i]); /* ... until it is closed */
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
