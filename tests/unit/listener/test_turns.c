/*
 * tests/unit/listener/test_turns.c - a peer that sends many requests at once
 * does not keep the others waiting.
 */
#include <semaphore.h>
#include <stdatomic.h>

#include "unit/cmocka_all.h"

#include "unit/listener/one_worker.h"

#define MANY 500
#define FIRST "GET /first HTTP/1.1\r\nHost: a\r\n\r\n"
#define NEXT "GET /next HTTP/1.1\r\nHost: a\r\n\r\n"
#define OTHER "GET /other HTTP/1.1\r\nHost: a\r\n\r\n"

static sem_t first_is_here, other_is_sent;
static atomic_uint served, served_before_other;

/* Behind the first, the worker stands until the other request is there. */
static void
serve(void *mine, struct exchange *x)
{
	(void)mine;
	if (str_eq(x->request.path, STR("/first"))) {
		sem_post(&first_is_here);
		sem_wait(&other_is_sent);
	}
	if (str_eq(x->request.path, STR("/other")))
		served_before_other = served;
	served++;
	x->reply(x, &(struct answer){ .status = 204 });
}

static void
say(int fd, const char *text, size_t len)
{
	assert_int_equal(write(fd, text, len), len);
}

static void
read_answer(int fd)
{
	char text[512];

	assert_true(read(fd, text, sizeof(text)) > 0);
}

static void
test_pipelined_requests_take_turns(void **state)
{
	static char burst[sizeof(FIRST) + MANY * sizeof(NEXT)];
	struct one_worker how = { .serve = serve, .timeout_ms = 60000 };
	struct listener *l = one_worker_listen(&how);
	int one = connect_to(listener_port(l, 0));
	int two = connect_to(listener_port(l, 0));
	size_t len = sizeof(FIRST) - 1;

	(void)state;
	sem_init(&first_is_here, 0, 0);
	sem_init(&other_is_sent, 0, 0);
	say(two, NEXT, sizeof(NEXT) - 1); /* it is accepted, and read from */
	read_answer(two);
	served = 0;
	memcpy(burst, FIRST, len);
	for (int i = 0; i < MANY; i++, len += sizeof(NEXT) - 1)
		memcpy(burst + len, NEXT, sizeof(NEXT) - 1);
	say(one, burst, len);
	sem_wait(&first_is_here);
	say(two, OTHER, sizeof(OTHER) - 1);
	sem_post(&other_is_sent);
	read_answer(two);
	assert_in_range(served_before_other, 1, 3);
	close(one);
	close(two);
	listener_stop(l, 1000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pipelined_requests_take_turns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
