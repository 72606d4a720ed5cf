/*
 * TLS over a wire, with a server of ours on the other end, both driven from
 * here: when the wire holds memory for records.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/err.h>
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
listen_somewhere(struct stage *s, struct wire_address *at)
{
	struct sockaddr_in *in = (struct sockaddr_in *)&at->at;

	*in = (struct sockaddr_in){ .sin_family = AF_INET,
		.sin_addr = { htonl(INADDR_LOOPBACK) } };
	at->len = sizeof(*in);
	s->listener = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(s->listener, (struct sockaddr *)in, at->len), 0);
	assert_int_equal(listen(s->listener, 1), 0);
	getsockname(s->listener, (struct sockaddr *)in, &at->len);
}

static void
open_peer(struct stage *s)
{
	s->serving = SSL_CTX_new(TLS_server_method());
	SSL_CTX_use_certificate_file(s->serving, certificate, SSL_FILETYPE_PEM);
	SSL_CTX_use_PrivateKey_file(s->serving, key, SSL_FILETYPE_PEM);
	s->peer = SSL_new(s->serving);
	SSL_set_fd(s->peer,
	    accept4(s->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC));
	SSL_set_accept_state(s->peer);
}

static void
open_stage(struct stage *s)
{
	struct fault why = { .code = FAULT_NONE };
	struct wire_address at;
	enum wire_result result;

	*s = (struct stage){ .target.url = { .host = "127.0.0.1",
		                 .numeric = true,
		                 .tls = true } };
	s->target.tls = tls_context_new(&s->target.url, certificate,
	    TLS1_2_VERSION, &why);
	assert_non_null(s->target.tls);
	listen_somewhere(s, &at);
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
close_stage(struct stage *s)
{
	wire_close(&s->wire);
	wire_forget_session(&s->memory);
	close(SSL_get_fd(s->peer));
	SSL_free(s->peer);
	SSL_CTX_free(s->serving);
	SSL_CTX_free(s->target.tls);
	close(s->listener);
	counts_records = false;
	assert_int_equal(records_held, 0);
}

/* There and back; only what the wire takes is counted. */
static void
exchange(struct stage *s)
{
	enum wire_result result;
	char text[64];
	size_t n = 0;

	assert_int_equal(wire_write(&s->wire, "ping", 4, &n), WIRE_DONE);
	counts_records = false;
	while (SSL_read(s->peer, text, sizeof(text)) != 4)
		continue;
	assert_int_equal(SSL_write(s->peer, "pong", 4), 4);
	counts_records = true;
	do
		result = wire_read(&s->wire, text, sizeof(text), &n);
	while (result == WIRE_NEEDS_READ);
	assert_int_equal(result, WIRE_DONE);
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(buffers_are_given_back_unless_they_are_kept),
		cmocka_unit_test(an_old_error_is_not_the_wires),
	};

	count_records();
	return cmocka_run_group_tests(tests, make_files, drop_files);
}
