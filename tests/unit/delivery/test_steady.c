/*
 * tests/unit/delivery/test_steady.c - a steady load takes nothing from malloc.
 *
 * Deliveries go through the service one after another, as the listener hands
 * them over: matched, verified, decoded, mapped, sent to a server of ours on
 * the same loop, relayed. Every allocation of the process is counted.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/event.h>

#include "unit/loopback.h"

#include "delivery/delivery_life.h"

#define FILES TOP "/tests/bench/files/"
#define WARM_UP 100
#define COUNTED 3000

static size_t allocations;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif

#ifdef SANITIZED
int __sanitizer_install_malloc_and_free_hooks(void (
                                                  *taken)(const volatile void *,
                                                  size_t),
    void (*given)(const volatile void *));

static void
on_taken(const volatile void *block, size_t size)
{
	(void)block, (void)size;
	allocations++;
}

static void
on_given(const volatile void *block)
{
	(void)block;
}

static void
count_allocations(void)
{
	(void)__sanitizer_install_malloc_and_free_hooks(on_taken, on_given);
}
#else
/* The C library's, which the names below stand before. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *block, size_t size);

void *
malloc(size_t size)
{
	allocations++;
	return __libc_malloc(size);
}

void *
calloc(size_t count, size_t size)
{
	allocations++;
	return __libc_calloc(count, size);
}

void *
realloc(void *block, size_t size)
{
	allocations++;
	return __libc_realloc(block, size);
}

static void
count_allocations(void)
{
}
#endif

/* One loop: a server that answers, and a service that calls it. */
struct stage {
	struct event_base *base;
	struct event *accepting, *reading;
	int listener, fd;
	unsigned connections;
	struct secrets *api_key, *sender;
	struct settings_file *file;
	struct upstream_target *target;
	struct routes *routes;
	struct delivery_setup setup;
	struct service service;
	void *worker;
	struct bytes body;
	struct header headers[1 + VERIFY_HEADERS_MAX];
	size_t header_count;
	struct arena *kept;   /* what all requests share */
	struct exchange next; /* the one being served */
	unsigned replies;
	int status;
};

static void
on_request(evutil_socket_t fd, short what, void *arg)
{
	static const char answer
	    [] = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
	         "Content-Length: 28\r\n\r\n{\"success\":true,\"data\":null}";
	char text[4096];
	ssize_t n = read(fd, text, sizeof(text));

	(void)what, (void)arg;
	if (n > 0)
		assert_int_equal(write(fd, answer, sizeof(answer) - 1),
		    sizeof(answer) - 1);
}

static void
on_accept(evutil_socket_t fd, short what, void *arg)
{
	struct stage *s = arg;

	(void)what;
	s->fd = accept4(fd, NULL, NULL, SOCK_NONBLOCK);
	assert_int_equal(s->connections++, 0);
	s->reading = event_new(s->base, s->fd, EV_READ | EV_PERSIST, on_request,
	    s);
	event_add(s->reading, NULL);
}

static uint16_t
listen_somewhere(struct stage *s)
{
	uint16_t port;

	s->listener = loopback_listen(4, &port);
	s->accepting = event_new(s->base, s->listener, EV_READ | EV_PERSIST,
	    on_accept, s);
	event_add(s->accepting, NULL);
	return port;
}

static void
load(struct stage *s)
{
	struct faults all = { 0 };
	struct fault why = { 0 };
	struct routes_setup setup = { .settings_file = FILES "bridge.cfg",
		.pattern = "mapping.cfg",
		.targets = &s->target,
		.target_count = 1 };
	char *text = base_print("leadsail = { url = \"http://127.0.0.1:%u\"; "
	                        "api_key = \"key\"; };",
	    listen_somewhere(s));

	s->api_key = secrets_of("key", STR("unit-key"), &why);
	s->sender = secrets_of("typeform", STR("unit-secret"), &why);
	setup.secrets = s->sender;
	s->file = settings_parse(str_of(text), "unit.cfg", &all);
	base_free(text);
	s->target = upstream_target_new("leadsail",
	    config_setting_get_member(settings_root(s->file), "leadsail"),
	    s->api_key, &all);
	assert_non_null(s->target);
	s->routes = routes_load(&setup, &all);
	assert_non_null(s->routes);
}

static void
read_body(struct stage *s)
{
	FILE *f = fopen(FILES "typeform.json", "re");

	assert_non_null(f);
	bytes_init(&s->body, 65536);
	assert_non_null(bytes_reserve(&s->body, 16384));
	s->body.len = fread(s->body.data, 1, 16384, f);
	fclose(f);
}

static void
sign(struct stage *s)
{
	struct request r = { .method = STR("POST"),
		.target = STR("/hooks/typeform"),
		.path = STR("/hooks/typeform"),
		.peer = STR("127.0.0.1"),
		.body = bytes_str(&s->body),
		.received_ms = clock_wall_ms() };
	struct fault why = { 0 };
	struct str target;
	size_t count = 0;

	s->headers[0] = (struct header){ STR("Content-Type"),
		STR("application/json") };
	assert_int_equal(verifier_sign(route_verifier(s->routes->list[0]), &r,
	                     s->kept, s->headers + 1, VERIFY_HEADERS_MAX,
	                     &count, &target, &why),
	    0);
	r.headers = s->headers;
	r.header_count = count + 1;
	s->next.request = r;
}

static void
on_reply(struct exchange *x, const struct answer *a)
{
	struct stage *s = (struct stage *)((char *)x -
	    offsetof(struct stage, next));

	s->replies++;
	s->status = a->status;
}

static void
open_stage(struct stage *s)
{
	*s = (struct stage){ .base = event_base_new() };
	s->kept = arena_new(1 << 20);
	load(s);
	read_body(s);
	sign(s);
	s->next.arena = arena_new(1 << 20);
	s->next.reply = on_reply;
	s->setup.routes = s->routes;
	s->service = delivery_service(&s->setup);
	s->worker = s->service.start(s->service.shared, s->base, 0);
}

static void
close_stage(struct stage *s)
{
	s->service.stop(s->worker);
	event_free(s->reading);
	event_free(s->accepting);
	close(s->fd);
	close(s->listener);
	event_base_free(s->base);
	routes_free(s->routes);
	upstream_target_free(s->target);
	settings_close(s->file);
	secrets_free(s->api_key);
	secrets_free(s->sender);
	bytes_done(&s->body);
	arena_free(s->next.arena);
	arena_free(s->kept);
}

static void
deliver(struct stage *s)
{
	unsigned before = s->replies;

	arena_reset(s->next.arena);
	s->service.serve(s->worker, &s->next);
	while (s->replies == before)
		event_base_loop(s->base, EVLOOP_ONCE);
}

static void
a_steady_load_takes_nothing_from_malloc(void **state)
{
	struct stage s;
	size_t before;

	(void)state;
	log_set_level(LOG_LEVEL_WARNING); /* no line a delivery */
	open_stage(&s);
	for (unsigned i = 0; i < WARM_UP; i++)
		deliver(&s);
	assert_int_equal(s.status, 200);
	before = allocations;
	for (unsigned i = 0; i < COUNTED; i++)
		deliver(&s);
	assert_int_equal(allocations - before, 0);
	assert_int_equal(s.status, 200);
	assert_int_equal(s.connections, 1);
	close_stage(&s);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_steady_load_takes_nothing_from_malloc),
	};

	count_allocations();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
