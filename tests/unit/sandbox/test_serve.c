/*
 * tests/unit/sandbox/test_serve.c - the sandbox as a client meets it: over
 * TLS, on a port of its own.
 */
#include <arpa/inet.h>
#include <dirent.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "unit/cmocka_all.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "sandbox/sandbox.h"

#define KEY "key-of-this-test-0123456789"

static const char *const leads[] = { "lead_abc123", NULL };

struct rig {
	char dir[32];
	char *certificate, *key, *ca;
	struct sandbox *sandbox;
};

static int
set_up(void **state)
{
	struct rig *r = base_alloc(sizeof(*r));
	struct fault why = { 0 };
	struct sandbox_setup setup = { .address = "127.0.0.1:0",
		.api_key = STR(KEY),
		.leads = leads };

	signal(SIGPIPE, SIG_IGN);
	snprintf(r->dir, sizeof(r->dir), "/tmp/sandbox.XXXXXX");
	assert_non_null(mkdtemp(r->dir));
	r->ca = base_print("%s/dev-ca.pem", r->dir);
	setup.certificate = r->certificate = base_print("%s/sandbox.pem",
	    r->dir);
	setup.key = r->key = base_print("%s/sandbox.key", r->dir);
	assert_int_equal(sandbox_make_certificates(r->dir, &why), 0);
	r->sandbox = sandbox_start(&setup, &why);
	if (r->sandbox == NULL)
		fail_msg("%s: %s", why.where, why.text);
	*state = r;
	return 0;
}

static int
tear_down(void **state)
{
	struct rig *r = *state;
	DIR *dir = opendir(r->dir);
	struct dirent *entry;

	sandbox_stop(r->sandbox);
	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		char *path = base_print("%s/%s", r->dir, entry->d_name);

		unlink(path);
		base_free(path);
	}
	if (dir != NULL)
		closedir(dir);
	rmdir(r->dir);
	base_free(r->certificate);
	base_free(r->key);
	base_free(r->ca);
	base_free(r);
	return 0;
}

static int
dial(unsigned port)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr = { htonl(INADDR_LOOPBACK) } };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	return fd;
}

/* A connection whose other end proved that name, or NULL. */
static SSL *
shake_hands(const struct rig *r, SSL_CTX *ctx, int fd, const char *name)
{
	SSL *ssl;

	assert_int_equal(SSL_CTX_load_verify_file(ctx, r->ca), 1);
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
	ssl = SSL_new(ctx);
	SSL_set1_host(ssl, name);
	SSL_set_fd(ssl, fd);
	if (SSL_connect(ssl) == 1)
		return ssl;
	ERR_clear_error();
	SSL_free(ssl);
	return NULL;
}

/* Sends one request on a connection of its own; the whole answer, yours. */
static char *
ask(const struct rig *r, const char *method, const char *path, const char *key,
    const char *body)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	int fd = dial(sandbox_port(r->sandbox));
	SSL *ssl = shake_hands(r, ctx, fd, "localhost");
	char *request = base_print("%s %s HTTP/1.1\r\nHost: localhost\r\n"
	                           "X-API-Key: %s\r\n"
	                           "Content-Type: application/json\r\n"
	                           "Content-Length: %zu\r\n"
	                           "Connection: close\r\n\r\n%s",
	    method, path, key, strlen(body), body);
	struct bytes answer;
	char part[4096];
	int n;

	assert_non_null(ssl);
	bytes_init(&answer, 1 << 20);
	n = (int)strlen(request);
	assert_int_equal(SSL_write(ssl, request, n), n);
	while ((n = SSL_read(ssl, part, sizeof(part))) > 0)
		bytes_add(&answer, part, (size_t)n);
	SSL_free(ssl);
	SSL_CTX_free(ctx);
	close(fd);
	base_free(request);
	return bytes_take(&answer);
}

static void
assert_answer(char *answer, const char *line, const char *body)
{
	char *end = strstr(answer, "\r\n\r\n");

	if (strncmp(answer, line, strlen(line)) != 0)
		fail_msg("wanted %s, got: %s", line, answer);
	assert_non_null(strcasestr(answer,
	    "\r\nContent-Type: "
	    "application/json\r\n"));
	assert_non_null(end);
	assert_string_equal(end + 4, body);
	base_free(answer);
}

static void
a_lead_is_updated_and_read(void **state)
{
	struct rig *r = *state;
	char *text;

	assert_answer(ask(r, "PATCH", "/api/v1/leads/lead_abc123", KEY,
	                  "{\"firstName\":\"Ada\"}"),
	    "HTTP/1.1 200 OK\r\n", "{\"success\":true,\"data\":null}");
	assert_answer(ask(r, "GET", "/api/v1/leads/lead_abc123", KEY, ""),
	    "HTTP/1.1 200 OK\r\n",
	    "{\"success\":true,\"data\":{\"leadId\":\"lead_abc123\","
	    "\"firstName\":\"Ada\"}}");
	text = sandbox_lead(r->sandbox, "lead_abc123");
	assert_string_equal(text,
	    "{\n  \"leadId\": \"lead_abc123\",\n"
	    "  \"firstName\": \"Ada\"\n}");
	base_free(text);
	text = sandbox_last_request(r->sandbox);
	assert_non_null(strstr(text,
	    "PATCH /api/v1/leads/lead_abc123 HTTP/1.1"
	    "\nHost: localhost\n"
	    "X-API-Key: ********\n"));
	assert_non_null(strstr(text, "\n\n{\"firstName\":\"Ada\"}"));
	assert_null(strstr(text, KEY));
	base_free(text);
}

static void
refusals_are_the_apis(void **state)
{
	struct rig *r = *state;
	char *answer;

	assert_answer(ask(r, "PATCH", "/api/v1/leads/lead_abc123", "no", "{}"),
	    "HTTP/1.1 401 ",
	    "{\"success\":false,\"error\":{\"code\":\"UNAUTHORIZED\","
	    "\"message\":\"Authentication required\"}}");
	assert_answer(ask(r, "PATCH", "/api/v1/leads/other", KEY, "{}"),
	    "HTTP/1.1 404 ",
	    "{\"success\":false,\"error\":{\"code\":\"NOT_FOUND\","
	    "\"message\":\"Resource not found\"}}");
	answer = ask(r, "POST", "/api/v1/leads/lead_abc123", KEY, "{}");
	assert_non_null(strcasestr(answer, "\r\nAllow: GET, PATCH\r\n"));
	assert_answer(answer, "HTTP/1.1 405 ",
	    "{\"success\":false,\"error\":{\"code\":\"METHOD_NOT_ALLOWED\","
	    "\"message\":\"Method not allowed\"}}");
}

static void
tls_1_2_is_not_spoken(void **state)
{
	struct rig *r = *state;
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	int fd = dial(sandbox_port(r->sandbox));

	assert_int_equal(SSL_CTX_set_max_proto_version(ctx, TLS1_2_VERSION), 1);
	assert_null(shake_hands(r, ctx, fd, "localhost"));
	SSL_CTX_free(ctx);
	close(fd);
}

static void
tls_1_3_is_spoken_and_the_name_is_proved(void **state)
{
	struct rig *r = *state;
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	int fd = dial(sandbox_port(r->sandbox));
	SSL *ssl = shake_hands(r, ctx, fd, "localhost");

	assert_non_null(ssl);
	assert_string_equal(SSL_get_version(ssl), "TLSv1.3");
	SSL_free(ssl);
	close(fd);
	fd = dial(sandbox_port(r->sandbox));
	ssl = shake_hands(r, ctx, fd, "api.leadsail.app");
	assert_null(ssl);
	SSL_CTX_free(ctx);
	close(fd);
}

static void *
look(void *arg)
{
	struct sandbox *s = arg;

	for (int i = 0; i < 200; i++) {
		base_free(sandbox_lead(s, "lead_abc123"));
		base_free(sandbox_last_request(s));
	}
	return NULL;
}

/* What the thread sanitizer is for: a reader beside the worker. */
static void
leads_are_read_while_they_change(void **state)
{
	struct rig *r = *state;
	pthread_t reader;

	assert_int_equal(pthread_create(&reader, NULL, look, r->sandbox), 0);
	for (int i = 0; i < 10; i++) {
		char *body = base_print("{\"notes\":[\"%d\"]}", i);

		assert_answer(ask(r, "PATCH", "/api/v1/leads/lead_abc123", KEY,
		                  body),
		    "HTTP/1.1 200 OK\r\n", "{\"success\":true,\"data\":null}");
		base_free(body);
	}
	pthread_join(reader, NULL);
}

static void
assert_no_start(const struct sandbox_setup *setup, const char *where,
    const char *text)
{
	struct fault why = { 0 };
	struct sandbox *s = sandbox_start(setup, &why);

	assert_null(s);
	assert_string_equal(why.where, where);
	assert_string_equal(why.text, text);
}

static void
a_setup_that_cannot_be_is_told(void **state)
{
	static const char *const wrong[] = { "good", "not good", NULL };
	struct sandbox_setup setup = { .address = "0.0.0.0:0",
		.api_key = STR(KEY),
		.leads = leads };

	(void)state;
	assert_no_start(&setup, "0.0.0.0:0",
	    "plain HTTP is for 127.0.0.1 and [::1] only; give a certificate "
	    "and a key, or listen there");
	setup.address = "127.0.0.1:0";
	setup.leads = wrong;
	assert_no_start(&setup, "sandbox",
	    "lead 2 has no valid id: 1 to 64 of A-Z a-z 0-9 _ -");
	setup.leads = leads;
	setup.api_key = STR("");
	assert_no_start(&setup, "sandbox",
	    "needs an API key that callers have to show");
	sandbox_stop(NULL);
}

static void
plain_http_serves_this_machine(void **state)
{
	struct sandbox_setup setup = { .address = "127.0.0.1:0",
		.api_key = STR(KEY),
		.leads = leads };
	struct fault why = { 0 };
	struct sandbox *s = sandbox_start(&setup, &why);
	static const char request[] = "GET /api/v1/leads/lead_abc123 HTTP/1.1"
	                              "\r\nHost: localhost\r\n"
	                              "X-API-Key: " KEY "\r\n\r\n";
	char answer[64];
	int fd;

	(void)state;
	assert_non_null(s);
	fd = dial(sandbox_port(s));
	assert_int_equal(write(fd, request, sizeof(request) - 1),
	    sizeof(request) - 1);
	assert_true(read(fd, answer, sizeof(answer)) > 15);
	assert_memory_equal(answer, "HTTP/1.1 200 OK", 15);
	close(fd);
	sandbox_stop(s);
}

#define test(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		test(a_lead_is_updated_and_read),
		test(refusals_are_the_apis),
		test(tls_1_2_is_not_spoken),
		test(tls_1_3_is_spoken_and_the_name_is_proved),
		test(leads_are_read_while_they_change),
		cmocka_unit_test(a_setup_that_cannot_be_is_told),
		cmocka_unit_test(plain_http_serves_this_machine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
