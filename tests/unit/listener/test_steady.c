/*
 * tests/unit/listener/test_steady.c - a steady load takes no memory.
 *
 * The program's own malloc counts what the worker's thread takes from the
 * system, with libevent on the pool as leadbridge has it.
 */
#include <arpa/inet.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/base_pool.h"
#include "listener/listener.h"
#include "unit/cmocka_all.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#elif defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

#define WARM_UP 50
#define COUNTED 500

static _Thread_local bool counts;
static unsigned taken; /* read once the worker has answered */

#if !SANITIZED
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *p, size_t size);

void *
malloc(size_t size)
{
	taken += counts;
	return __libc_malloc(size);
}

void *
calloc(size_t count, size_t size)
{
	taken += counts;
	return __libc_calloc(count, size);
}

void *
realloc(void *p, size_t size)
{
	taken += counts;
	return __libc_realloc(p, size);
}
#endif

static struct event_base *base;

static void *
start(void *shared, void *event_base, unsigned worker)
{
	(void)worker;
	base = event_base;
	counts = true;
	return shared;
}

static void
answer(struct exchange *x)
{
	struct answer a = { .status = 200, .body = x->request.body };

	x->reply(x, &a);
}

static void
on_later(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	answer(arg);
}

static void
serve(void *mine, struct exchange *x)
{
	struct timeval now = { 0, 0 };

	(void)mine;
	if (str_eq(x->request.path, STR("/later")))
		event_base_once(base, -1, EV_TIMEOUT, on_later, x, &now);
	else
		answer(x);
}

static void
stop(void *mine)
{
	(void)mine;
}

static int
dial(unsigned port)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;

	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	return fd;
}

/* One request, in two pieces when asked; reads until the body is back. */
static void
ask(int fd, const char *path, const char *body, size_t cut)
{
	char text[4096];
	size_t len = (size_t)snprintf(text, sizeof(text),
	    "POST %s HTTP/1.1\r\nHost: a\r\nContent-Length: %zu\r\n\r\n%s",
	    path, strlen(body), body);
	size_t got = 0;

	assert_int_equal(write(fd, text, len - cut), len - cut);
	if (cut > 0)
		assert_int_equal(write(fd, text + len - cut, cut), cut);
	do {
		ssize_t n = read(fd, text + got, sizeof(text) - 1 - got);

		assert_true(n > 0);
		got += (size_t)n;
		text[got] = '\0';
	} while (strstr(text, body) == NULL);
}

static struct service service = { .start = start,
	.serve = serve,
	.stop = stop,
	.shared = &service };
static const struct listener_address address = { .address = "127.0.0.1:0" };
static const struct listener_setup setup = { .name = "steady",
	.addresses = &address,
	.address_count = 1,
	.workers = 1,
	.limits = { .body = 1 << 20,
	    .headers = 1 << 14,
	    .connections = 100,
	    .header_timeout = 60000,
	    .body_timeout = 60000,
	    .idle_timeout = 60000,
	    .write_timeout = 60000 },
	.service = &service };

static struct listener *
listen_plain(void)
{
	struct fault why = { .code = FAULT_NONE };
	struct listener *l = listener_start(&setup, &why);

	assert_non_null(l);
	return l;
}

static void
test_requests_take_nothing_from_the_system(void **state)
{
	struct listener *l = listen_plain();
	int fd = dial(listener_port(l, 0));
	char body[1200] = { 0 };
	unsigned before = 0;

	(void)state;
	memset(body, 'b', sizeof(body) - 1);
	for (int i = 0; i < WARM_UP + COUNTED; i++) {
		if (i == WARM_UP)
			before = taken;
		ask(fd, i % 3 == 0 ? "/later" : "/now", body,
		    i % 5 == 0 ? 700 : 0);
	}
	if (!SANITIZED)
		assert_int_equal(taken, before);
	assert_true(SANITIZED || before > 0);
	close(fd);
	listener_stop(l, 0);
}

/* What was kept is of another size then; what comes is kept as before. */
static void
test_so_it_is_behind_any_number_of_renewals(void **state)
{
	struct listener *l = listen_plain();
	int fd = dial(listener_port(l, 0));
	struct fault why = { .code = FAULT_NONE };
	unsigned before;

	(void)state;
	for (int i = 0; i < 100; i++) {
		struct listener_change *c = listener_prepare(l, &setup, &why);

		assert_non_null(c);
		ask(fd, "/now", "body", 0);
		listener_renew(l, c);
	}
	for (int i = 0; i < WARM_UP; i++)
		ask(fd, "/now", "body", 0);
	before = taken;
	for (int i = 0; i < COUNTED; i++)
		ask(fd, "/now", "body", 0);
	if (!SANITIZED)
		assert_int_equal(taken, before);
	close(fd);
	listener_stop(l, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_requests_take_nothing_from_the_system),
		cmocka_unit_test(test_so_it_is_behind_any_number_of_renewals),
	};

	event_set_mem_functions(pool_malloc, pool_realloc, pool_free);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
