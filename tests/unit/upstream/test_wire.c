/*
 * TLS over a wire, with a server of ours on the other end, both driven from
 * here: when the wire holds memory for records.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "unit/cmocka_all.h"

#include "unit/self_signed.h"
#include "upstream/upstream_wire.h"

struct stage {
	int listener;
	SSL_CTX *serving;
	SSL *peer;
	struct upstream_target target;
	struct wire_memory memory;
	struct wire wire;
};

static void
listen_somewhere(struct stage *s)
{
	const struct sockaddr_in in = { .sin_family = AF_INET,
		.sin_addr = { htonl(INADDR_LOOPBACK) } };

	s->listener = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(s->listener, (const struct sockaddr *)&in,
	                     sizeof(in)),
	    0);
	assert_int_equal(listen(s->listener, 1), 0);
}

static void
open_server(struct stage *s)
{
	s->serving = SSL_CTX_new(TLS_server_method());
	SSL_CTX_use_certificate_file(s->serving, certificate, SSL_FILETYPE_PEM);
	SSL_CTX_use_PrivateKey_file(s->serving, key, SSL_FILETYPE_PEM);
}

static void
open_peer(struct stage *s)
{
	s->peer = SSL_new(s->serving);
	SSL_set_fd(s->peer,
	    accept4(s->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC));
	SSL_set_accept_state(s->peer);
}

static void
open_wire(struct stage *s)
{
	struct wire_address at = { .len = sizeof(at.at) };
	enum wire_result result;

	getsockname(s->listener, (struct sockaddr *)&at.at, &at.len);
	wire_init(&s->wire, &s->memory);
	assert_true(wire_open(&s->wire, &at) != WIRE_LOST);
	open_peer(s);
	counts_records = true;
	do {
		result = wire_secure(&s->wire, &s->target);
		counts_records = false;
		(void)SSL_do_handshake(s->peer);
		counts_records = true;
	} while (result == WIRE_NEEDS_READ || result == WIRE_NEEDS_WRITE);
	assert_int_equal(result, WIRE_DONE);
}

static void
close_wire(struct stage *s)
{
	wire_close(&s->wire);
	close(SSL_get_fd(s->peer));
	SSL_free(s->peer);
}

static void
open_stage(struct stage *s)
{
	struct fault why = { .code = FAULT_NONE };

	*s = (struct stage){ .target.url = { .host = "127.0.0.1",
		                 .numeric = true,
		                 .tls = true } };
	s->target.tls = tls_context_new(&s->target.url,
	    &(struct tls_rules){ .ca = certificate, .tls_min = TLS1_2_VERSION },
	    &why);
	assert_non_null(s->target.tls);
	listen_somewhere(s);
	open_server(s);
	open_wire(s);
}

static void
close_stage(struct stage *s)
{
	close_wire(s);
	wire_forget_session(&s->memory);
	SSL_CTX_free(s->serving);
	SSL_CTX_free(s->target.tls);
	close(s->listener);
	counts_records = false;
	assert_int_equal(records_held, 0);
}

/* Waits for what comes, or for the end. */
static enum wire_result
read_next(struct stage *s, char *text, size_t room, size_t *n)
{
	enum wire_result result;

	do
		result = wire_read(&s->wire, text, room, n);
	while (result == WIRE_NEEDS_READ);
	return result;
}

/* There and back; only what the wire takes is counted. */
static void
exchange(struct stage *s)
{
	char text[64];
	size_t n = 0;

	assert_int_equal(wire_write(&s->wire, "ping", 4, &n), WIRE_DONE);
	counts_records = false;
	while (SSL_read(s->peer, text, sizeof(text)) != 4)
		continue;
	assert_int_equal(SSL_write(s->peer, "pong", 4), 4);
	counts_records = true;
	assert_int_equal(read_next(s, text, sizeof(text), &n), WIRE_DONE);
	assert_memory_equal(text, "pong", n);
}

static void
buffers_are_given_back_unless_they_are_kept(void **state)
{
	struct stage s;

	(void)state;
	open_stage(&s);
	exchange(&s);
	assert_int_equal(records_held, 0);
	wire_keep_buffers(&s.wire, true);
	exchange(&s);
	exchange(&s);
	assert_int_equal(records_held, 1);
	wire_keep_buffers(&s.wire, false);
	assert_int_equal(records_held, 0);
	exchange(&s);
	assert_int_equal(records_held, 0);
	close_stage(&s);
}

/* What failed elsewhere on this thread is no failure of the wire. */
static void
an_old_error_is_not_the_wires(void **state)
{
	struct stage s;
	char text[64];
	size_t n;

	(void)state;
	open_stage(&s);
	exchange(&s);
	ERR_raise(ERR_LIB_SSL, SSL_R_BAD_LENGTH);
	assert_int_equal(wire_read(&s.wire, text, sizeof(text), &n),
	    WIRE_NEEDS_READ);
	ERR_raise(ERR_LIB_SSL, SSL_R_BAD_LENGTH);
	exchange(&s);
	close_stage(&s);
}

/* An answer may end with its stream: then one that was cut would look whole. */
static void
an_end_without_goodbye_is_a_loss(void **state)
{
	struct stage s;
	char text[64];
	size_t n;

	(void)state;
	open_stage(&s);
	exchange(&s);
	shutdown(SSL_get_fd(s.peer), SHUT_WR);
	assert_int_equal(read_next(&s, text, sizeof(text), &n), WIRE_LOST);
	assert_non_null(strstr(s.wire.problem, "no close_notify"));
	close_stage(&s);
}

static void
an_end_with_a_goodbye_is_none(void **state)
{
	struct stage s;
	char text[64];
	size_t n;

	(void)state;
	open_stage(&s);
	exchange(&s);
	(void)SSL_shutdown(s.peer);
	assert_int_equal(read_next(&s, text, sizeof(text), &n), WIRE_END);
	close_stage(&s);
}

/* Nor is it a signal, which would end a process that does not ignore it. */
static void
a_peer_that_is_gone_is_a_loss(void **state)
{
	enum wire_result result;
	struct stage s;
	size_t n;

	(void)state;
	(void)signal(SIGPIPE, SIG_DFL);
	open_stage(&s);
	exchange(&s);
	shutdown(SSL_get_fd(s.peer), SHUT_RDWR);
	do
		result = wire_write(&s.wire, "ping", 4, &n);
	while (result == WIRE_DONE);
	assert_int_equal(result, WIRE_LOST);
	assert_non_null(strstr(s.wire.problem, "the connection was lost"));
	close_stage(&s);
}

/* A write that would wait says so, and goes on where it was. */
static void
a_full_socket_is_waited_for(void **state)
{
	static const char block[65536];
	static char taken[sizeof(block)];
	size_t n, put = 0, got = 0;
	enum wire_result result;
	struct stage s;

	(void)state;
	open_stage(&s);
	exchange(&s);
	while ((result = wire_write(&s.wire, block, sizeof(block), &n)) ==
	    WIRE_DONE)
		put += n;
	assert_int_equal(result, WIRE_NEEDS_WRITE);
	counts_records = false;
	while (result != WIRE_DONE || got < put) {
		int more = SSL_read(s.peer, taken, sizeof(taken));

		if (more > 0)
			got += (size_t)more;
		if (result == WIRE_DONE)
			continue;
		result = wire_write(&s.wire, block, sizeof(block), &n);
		assert_true(result == WIRE_DONE || result == WIRE_NEEDS_WRITE);
		put += result == WIRE_DONE ? n : 0;
	}
	assert_int_equal(got, put);
	counts_records = true;
	close_stage(&s);
}

/* Else a session that is used would never be asked for its certificate. */
static void
a_resumed_session_is_as_old_as_its_proof(void **state)
{
	const int64_t hour = (int64_t)3600 * 1000000;
	const int *version = *state;
	int64_t before;
	struct stage s;

	open_stage(&s);
	close_wire(&s);
	wire_forget_session(&s.memory);
	SSL_CTX_set_max_proto_version(s.target.tls, *version);
	open_wire(&s);
	exchange(&s);
	assert_non_null(s.memory.session);
	assert_true(clock_mono_us() - s.memory.proved_us < hour / 2);
	s.memory.proved_us -= hour / 2;
	before = s.memory.proved_us;
	for (int i = 0; i < 3; i++) {
		close_wire(&s);
		open_wire(&s);
		exchange(&s);
		assert_true(SSL_session_reused(s.wire.ssl) == 1);
		assert_int_equal(s.memory.proved_us, before);
	}
	s.memory.proved_us -= hour;
	close_wire(&s);
	open_wire(&s);
	exchange(&s);
	assert_true(SSL_session_reused(s.wire.ssl) == 0);
	assert_true(s.memory.proved_us > before);
	close_stage(&s);
}

static int tls12 = TLS1_2_VERSION, tls13 = TLS1_3_VERSION;

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(buffers_are_given_back_unless_they_are_kept),
		cmocka_unit_test(an_old_error_is_not_the_wires),
		cmocka_unit_test(an_end_without_goodbye_is_a_loss),
		cmocka_unit_test(an_end_with_a_goodbye_is_none),
		cmocka_unit_test(a_peer_that_is_gone_is_a_loss),
		cmocka_unit_test(a_full_socket_is_waited_for),
		cmocka_unit_test_prestate(
		    a_resumed_session_is_as_old_as_its_proof, &tls12),
		cmocka_unit_test_prestate(
		    a_resumed_session_is_as_old_as_its_proof, &tls13),
	};

	count_records();
	return cmocka_run_group_tests(tests, make_files, drop_files);
}
