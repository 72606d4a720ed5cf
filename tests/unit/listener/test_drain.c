/* tests/unit/listener/test_drain.c - who comes as a listener is told to stop.
 */
#include <semaphore.h>

#include "unit/cmocka_all.h"

#include "listener/listener_worker.h"
#include "unit/listener/one_worker.h"

static const char request[] = "POST /%s HTTP/1.1\r\nHost: a\r\n"
                              "Content-Length: 0\r\n\r\n";

static sem_t inside, held, came;
static struct listener *listening;
static int latest;

static int
ask(const struct listener *l, const char *path)
{
	int fd = connect_to(listener_port(l, 0));

	assert_true(dprintf(fd, request, path) > 0);
	return fd;
}

/*
 * /held stands, and its worker with it, until it is let go. As /late is served
 * somebody comes, behind the loop's look at who waits to be accepted.
 */
static void
serve(void *mine, struct exchange *x)
{
	const struct answer a = { .status = 200 };

	(void)mine;
	if (str_eq(x->request.path, STR("/held"))) {
		sem_post(&inside);
		sem_wait(&held);
	} else if (str_eq(x->request.path, STR("/late")) && latest == -1) {
		latest = ask(listening, "latest");
		sem_post(&came);
	}
	x->reply(x, &a);
}

/* Linked in its place: the real one, or somebody who is always there. */
static bool always;
bool __real_worker_is_awaited(const struct worker *w);
bool __wrap_worker_is_awaited(const struct worker *w);

bool
__wrap_worker_is_awaited(const struct worker *w)
{
	return always || __real_worker_is_awaited(w);
}

static void
is_answered(int fd)
{
	static const char line[] = "HTTP/1.1 200 ";
	char got[sizeof(line) - 1];

	assert_int_equal(recv(fd, got, sizeof(got), MSG_WAITALL), sizeof(got));
	assert_memory_equal(got, line, sizeof(got));
	close(fd);
}

/* The word to stop is there first: these wait for a worker that is busy. */
static void
who_was_not_yet_accepted_is_served(void **state)
{
	struct one_worker how = { .serve = serve, .timeout_ms = 60000 };
	struct listener *l = one_worker_listen(&how);
	int first, late[8];

	(void)state;
	sem_init(&inside, 0, 0);
	sem_init(&held, 0, 0);
	sem_init(&came, 0, 0);
	listening = l;
	latest = -1;
	first = ask(l, "held");
	sem_wait(&inside);
	listener_drain(l, 60000);
	for (size_t i = 0; i < 8; i++)
		late[i] = ask(l, "late");
	sem_post(&held);
	is_answered(first);
	for (size_t i = 0; i < 8; i++)
		is_answered(late[i]);
	sem_wait(&came);
	is_answered(latest);
	listener_stop(l, 60000);
}

static void
who_comes_without_end_does_not_keep_it_from_its_end(void **state)
{
	struct one_worker how = { .serve = serve, .timeout_ms = 60000 };
	struct listener *l = one_worker_listen(&how);

	(void)state;
	always = true;
	alarm(300); /* else it would stand for as long as tests may */
	listener_stop(l, 60000);
	alarm(0);
	always = false;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_was_not_yet_accepted_is_served),
		cmocka_unit_test(
		    who_comes_without_end_does_not_keep_it_from_its_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
