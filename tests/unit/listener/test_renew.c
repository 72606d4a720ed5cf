/* tests/unit/listener/test_renew.c - workers that serve by new settings. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "listener/listener.h"
#include "unit/cmocka_all.h"

#define WORKERS 3

struct settings {
	struct share share;
	int number;
};

static struct settings all[3];
static atomic_uint freed;
static atomic_int renewed[WORKERS]; /* each worker's number */
static sem_t held;                  /* a request waits for it, */
static sem_t holding;               /* ... which this tells */

struct mine {
	unsigned worker;
	const struct settings *settings;
	struct exchange *open;
};
static struct mine mines[WORKERS];

static void
on_done(struct share *s)
{
	(void)s;
	atomic_fetch_add(&freed, 1);
}

static void *
start(void *shared, void *event_base, unsigned worker)
{
	(void)event_base;
	mines[worker] = (struct mine){ worker, shared, NULL };
	share_hold(&((struct settings *)shared)->share);
	return &mines[worker];
}

static void
let_go(const struct settings *s)
{
	share_drop((struct share *)(uintptr_t)&s->share);
}

static void
renew(void *mine, void *shared)
{
	struct mine *m = mine;

	let_go(m->settings);
	m->settings = shared;
	share_hold(&((struct settings *)shared)->share);
	atomic_store(&renewed[m->worker], m->settings->number);
}

static void
serve(void *mine, struct exchange *x)
{
	struct mine *m = mine;
	char text[16];
	struct answer a = { .status = 200 };

	snprintf(text, sizeof(text), "%d", m->settings->number);
	a.body = str_of(text);
	if (str_eq(x->request.path, STR("/peer")))
		a.body = x->request.peer;
	if (str_eq(x->request.path, STR("/stuck"))) {
		sem_post(&holding);
		sem_wait(&held);
	}
	if (str_eq(x->request.path, STR("/never"))) {
		m->open = x;
		sem_post(&holding);
	} else {
		x->reply(x, &a);
	}
}

static void
stop(void *mine)
{
	struct mine *m = mine;

	if (m->open != NULL)
		exchange_refuse(m->open, FAULT_BUSY);
	let_go(m->settings);
}

static struct service service = { .start = start,
	.serve = serve,
	.renew = renew,
	.stop = stop };
static struct listener_address address = { .address = "127.0.0.1:0" };

static struct listener_setup
setup_of(int i, unsigned workers)
{
	service.shared = &all[i];
	return (struct listener_setup){ .name = "renew",
		.addresses = &address,
		.address_count = 1,
		.workers = workers,
		.limits = { .body = 1024 << i,
		    .headers = 1 << 14,
		    .connections = 100,
		    .memory = 1 << 28,
		    .header_timeout = 60000,
		    .body_timeout = 60000,
		    .idle_timeout = 60000,
		    .write_timeout = 60000 },
		.service = &service,
		.share = &all[i].share };
}

static struct listener *l;

static void
open_it(unsigned workers)
{
	struct listener_setup setup = setup_of(0, workers);
	struct fault why = { 0 };

	l = listener_open(&setup, &why);
	assert_non_null(l);
	assert_int_equal(listener_run(l, &why), 0);
}

static int
begin(void **state)
{
	(void)state;
	atomic_store(&freed, 0);
	for (int i = 0; i < 3; i++) {
		share_init(&all[i].share, on_done);
		all[i].number = i;
	}
	for (int i = 0; i < WORKERS; i++)
		atomic_store(&renewed[i], 0);
	address.certificate = address.key = NULL;
	sem_init(&held, 0, 0);
	sem_init(&holding, 0, 0);
	return 0;
}

static void
renew_to(int i, unsigned workers)
{
	struct listener_setup setup = setup_of(i, workers);
	struct fault why = { 0 };
	struct listener_change *c = listener_prepare(l, &setup, &why);

	assert_non_null(c);
	listener_renew(l, c);
}

static int
dial(void)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)listener_port(l, 0)),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	return fd;
}

static void
say(int fd, const char *path, size_t body)
{
	char text[8192];
	int len = snprintf(text, sizeof(text),
	    "POST %s HTTP/1.1\r\nHost: a\r\nContent-Length: %zu\r\n\r\n%*s",
	    path, body, (int)body, "");

	assert_int_equal(write(fd, text, (size_t)len), len);
}

/* "200", and the number that was answered behind it. */
static void
hear(int fd, const char *status, const char *body)
{
	char text[2048];
	size_t got = 0;

	do {
		ssize_t n = read(fd, text + got, sizeof(text) - 1 - got);

		assert_true(n > 0);
		got += (size_t)n;
		text[got] = '\0';
	} while (
	    strstr(text, "\r\n\r\n") == NULL || strstr(text, body) == NULL);
	assert_memory_equal(text + 9, status, 3);
}

/* So long it waits for its workers: see listener_renew.c. */
#define RENEW_WAIT_US 5000000

static void
renew_all_to(int number)
{
	int64_t start = clock_mono_us();

	renew_to(number, WORKERS);
	/* What has no time for so long has it later. */
	if (clock_mono_us() - start >= RENEW_WAIT_US)
		for (int i = 0; i < 2; i++)
			while (!listener_beats(l))
				usleep(1000);
	for (int i = 0; i < WORKERS; i++)
		assert_int_equal(atomic_load(&renewed[i]), number);
}

static void
test_all_workers_have_it_when_it_returns(void **state)
{
	(void)state;
	open_it(WORKERS);
	renew_all_to(1);
	renew_all_to(2);
	/* Nobody has the first ones but who made them. */
	for (int i = 0; i < 2; i++) {
		share_drop(&all[i].share);
		assert_int_equal(atomic_load(&freed), i + 1);
	}
	listener_stop(l, 0);
	share_drop(&all[2].share);
	assert_int_equal(atomic_load(&freed), 3);
}

/* An open connection has the new limits, and the new service. */
static void
test_connections_go_on_by_the_new_ones(void **state)
{
	int fd;

	(void)state;
	open_it(1);
	fd = dial();
	say(fd, "/", 1024);
	hear(fd, "200", "0");
	renew_to(2, 1);
	say(fd, "/", 4096);
	hear(fd, "200", "2");
	close(fd);
	listener_stop(l, 0);
}

/* What workers share, too: who is in counts from before. */
static void
test_an_address_has_the_new_limit(void **state)
{
	struct listener_setup setup;
	struct fault why = { 0 };
	struct listener_change *c;
	char byte;
	int fd, other;

	(void)state;
	open_it(2);
	fd = dial();
	say(fd, "/", 10);
	hear(fd, "200", "0");
	setup = setup_of(1, 2);
	setup.limits.connections_per_address = 1;
	c = listener_prepare(l, &setup, &why);
	assert_non_null(c);
	listener_renew(l, c);
	other = dial();
	assert_int_equal(read(other, &byte, 1), 0);
	close(other);
	say(fd, "/", 10);
	hear(fd, "200", "1");
	close(fd);
	listener_stop(l, 0);
}

static void
renew_by(const struct listener_setup *setup)
{
	struct fault why = { 0 };
	struct listener_change *c = listener_prepare(l, setup, &why);

	assert_non_null(c);
	listener_renew(l, c);
}

/* Somebody who rests for hours does not keep others out after a reload. */
static void
test_who_rests_is_held_to_the_new_limits(void **state)
{
	struct listener_setup setup = setup_of(0, 1);
	struct fault why = { 0 };
	struct pollfd gone = { .events = POLLIN }, answer = gone;
	char byte;

	(void)state;
	setup.limits.idle_timeout = 3600000;
	l = listener_start(&setup, &why);
	assert_non_null(l);
	gone.fd = dial();
	say(gone.fd, "/", 0);
	hear(gone.fd, "200", "0");
	setup.limits.connections = 1; /* as many as there are */
	setup.limits.idle_timeout = 1800000;
	renew_by(&setup);
	answer.fd = dial();
	say(answer.fd, "/", 0);
	assert_int_equal(poll(&answer, 1, 20000), 1);
	hear(answer.fd, "200", "0");
	assert_int_equal(read(gone.fd, &byte, 1), 0);
	close(gone.fd);
	setup.limits.connections = 100;
	setup.limits.idle_timeout = 100;
	renew_by(&setup);
	assert_int_equal(poll(&answer, 1, 20000), 1);
	assert_int_equal(read(answer.fd, &byte, 1), 0);
	close(answer.fd);
	listener_stop(l, 0);
}

static void
ask_for_peer(int fd, const char *before)
{
	dprintf(fd,
	    "%sGET /peer HTTP/1.1\r\nHost: a\r\n"
	    "X-Forwarded-For: 192.0.2.7\r\n\r\n",
	    before);
}

/* Whose word is taken: for open connections, too, but not how they begin. */
static void
test_proxies_are_the_new_ones(void **state)
{
	static const char header[] = "PROXY TCP4 192.0.2.9 192.0.2.1 1 1\r\n";
	struct listener_setup setup = setup_of(0, 1);
	struct fault why = { 0 };
	int fd, other;
	char byte;

	(void)state;
	open_it(1);
	fd = dial();
	ask_for_peer(fd, "");
	hear(fd, "200", "127.0.0.1");
	address.proxies = "127.0.0.1";
	renew_by(&setup);
	ask_for_peer(fd, "");
	hear(fd, "200", "192.0.2.7");
	address.proxy_protocol = true;
	renew_by(&setup);
	ask_for_peer(fd, "");
	hear(fd, "200", "192.0.2.7");
	other = dial();
	ask_for_peer(other, header);
	hear(other, "200", "192.0.2.9");
	close(other);
	other = dial();
	ask_for_peer(other, "");
	assert_true(read(other, &byte, 1) <= 0);
	close(other);
	/* Refused: nothing has changed. */
	address.proxies = "nonsense";
	assert_null(listener_prepare(l, &setup, &why));
	ask_for_peer(fd, "");
	hear(fd, "200", "192.0.2.7");
	address.proxies = NULL;
	address.proxy_protocol = false;
	renew_by(&setup);
	ask_for_peer(fd, "");
	hear(fd, "200", "127.0.0.1");
	close(fd);
	listener_stop(l, 0);
}

/* What a worker keeps for the next request is of the size it was made for. */
static void
test_a_larger_body_has_room(void **state)
{
	static char part[1 << 16];
	struct listener_setup setup;
	struct fault why = { 0 };
	struct listener_change *c;
	size_t left = 20 << 20;
	int fd, other;

	(void)state;
	open_it(1);
	fd = dial();
	/* One is in hand while another lies there. */
	other = dial();
	dprintf(other,
	    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n-");
	say(fd, "/", 10);
	hear(fd, "200", "0");
	setup = setup_of(1, 1);
	setup.limits.body = 32 << 20;
	c = listener_prepare(l, &setup, &why);
	assert_non_null(c);
	listener_renew(l, c);
	assert_int_equal(write(other, "-", 1), 1);
	hear(other, "200", "1");
	close(other);
	dprintf(fd, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %zu\r\n\r\n",
	    left);
	while (left > 0) {
		ssize_t n = write(fd, part,
		    left < sizeof(part) ? left : sizeof(part));

		assert_true(n > 0);
		left -= (size_t)n;
	}
	hear(fd, "200", "1");
	close(fd);
	listener_stop(l, 0);
}

static void
test_what_cannot_be_loaded_changes_nothing(void **state)
{
	struct listener_setup setup;
	struct fault why = { 0 };

	(void)state;
	address.certificate = TOP "/tests/fuzz/corpus/none.pem";
	address.key = address.certificate;
	setup = setup_of(1, 1);
	assert_null(listener_open(&setup, &why));
	/* One that runs plain goes on so: TLS takes a restart. */
	address.certificate = address.key = NULL;
	open_it(1);
	address.certificate = address.key = "/nowhere.pem";
	renew_to(1, 1);
	address.certificate = address.key = NULL;
	assert_int_equal(atomic_load(&renewed[0]), 1);
	listener_stop(l, 0);
}

static void
test_a_forgotten_change_holds_nothing(void **state)
{
	struct listener_setup setup;
	struct fault why = { 0 };
	struct listener_change *c;

	(void)state;
	open_it(1);
	setup = setup_of(1, 1);
	c = listener_prepare(l, &setup, &why);
	share_drop(&all[1].share);
	assert_int_equal(atomic_load(&freed), 0);
	listener_forget(c);
	assert_int_equal(atomic_load(&freed), 1);
	assert_int_equal(atomic_load(&renewed[0]), 0);
	listener_stop(l, 0);
}

/* A worker that is held up has it later; the one it never saw is let go of. */
static void
test_a_stuck_worker_has_the_latest_when_it_is_free(void **state)
{
	int fd;

	(void)state;
	open_it(1);
	fd = dial();
	say(fd, "/stuck", 0);
	sem_wait(&holding);
	renew_to(1, 1);
	renew_to(2, 1);
	assert_int_equal(atomic_load(&renewed[0]), 0);
	share_drop(&all[1].share);
	assert_int_equal(atomic_load(&freed), 1);
	(void)listener_beats(l);
	assert_false(listener_beats(l));
	sem_post(&held);
	hear(fd, "200", "0");
	while (!listener_beats(l))
		usleep(1000);
	assert_int_equal(atomic_load(&renewed[0]), 2);
	close(fd);
	listener_stop(l, 0);
}

static void
wait_for_end(int ms)
{
	struct pollfd ended = { .fd = listener_ended_fd(l), .events = POLLIN };

	assert_int_equal(poll(&ended, 1, ms), 1);
}

static void
test_a_drain_can_be_hurried(void **state)
{
	struct pollfd ended;
	int fd;

	(void)state;
	open_it(2);
	fd = dial();
	say(fd, "/never", 0);
	sem_wait(&holding);
	listener_drain(l, 60000);
	ended = (struct pollfd){ .fd = listener_ended_fd(l), .events = POLLIN };
	assert_int_equal(poll(&ended, 1, 200), 0);
	/* The worker that has nothing is through, and keeps nobody waiting. */
	for (int i = 0; i < 3; i++)
		while (!listener_beats(l))
			usleep(1000);
	listener_drain(l, 0);
	wait_for_end(60000);
	hear(fd, "503", "");
	listener_stop(l, 60000);
	close(fd);
}

static void
test_one_that_never_ran_can_be_stopped(void **state)
{
	struct listener_setup setup = setup_of(0, 2);
	struct fault why = { 0 };

	(void)state;
	l = listener_open(&setup, &why);
	assert_non_null(l);
	assert_true(listener_port(l, 0) != 0);
	listener_stop(l, 1000);
}

static void
test_a_socket_that_is_given_is_served(void **state)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(at);
	int given = socket(AF_INET, SOCK_STREAM, 0), fd;
	char text[32];
	struct listener_setup setup = setup_of(0, 2);
	struct fault why = { 0 };

	(void)state;
	assert_int_equal(bind(given, (struct sockaddr *)&at, len), 0);
	getsockname(given, (struct sockaddr *)&at, &len);
	snprintf(text, sizeof(text), "localhost:%u", ntohs(at.sin_port));
	assert_true(listener_socket_at(given, text));
	assert_false(listener_socket_at(given, "127.0.0.2:80"));
	assert_false(listener_socket_at(given, "127.0.0.1:0"));
	assert_false(listener_socket_at(given, "nonsense"));
	address.address = text;
	setup.sockets = &given;
	assert_null(listener_open(&setup, &why)); /* it does not listen yet */
	assert_non_null(strstr(why.text, "does not listen"));
	assert_int_equal(listen(given, 16), 0);
	l = listener_start(&setup, &why);
	assert_non_null(l);
	fd = dial();
	say(fd, "/", 0);
	hear(fd, "200", "0");
	close(fd);
	listener_stop(l, 0);
	/* It is still the caller's, and takes connections. */
	fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	close(fd);
	close(given);
	address.address = "127.0.0.1:0";
}

#define TEST(f) cmocka_unit_test_setup(f, begin)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_all_workers_have_it_when_it_returns),
		TEST(test_connections_go_on_by_the_new_ones),
		TEST(test_an_address_has_the_new_limit),
		TEST(test_who_rests_is_held_to_the_new_limits),
		TEST(test_proxies_are_the_new_ones),
		TEST(test_a_larger_body_has_room),
		TEST(test_what_cannot_be_loaded_changes_nothing),
		TEST(test_a_forgotten_change_holds_nothing),
		TEST(test_a_stuck_worker_has_the_latest_when_it_is_free),
		TEST(test_a_drain_can_be_hurried),
		TEST(test_one_that_never_ran_can_be_stopped),
		TEST(test_a_socket_that_is_given_is_served),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
