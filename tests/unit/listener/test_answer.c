/* tests/unit/listener/test_answer.c - answers, byte by byte. */
#include <string.h>

#include "listener/listener_worker.h"
#include "unit/cmocka_all.h"

struct stand {
	struct worker worker;
	struct incoming in;
};

static struct stand *
stand_new(size_t room)
{
	struct stand *s = base_alloc(sizeof(*s));

	s->worker.name = "test";
	s->in.worker = &s->worker;
	s->in.exchange.arena = arena_new(room);
	return s;
}

static void
stand_free(struct stand *s)
{
	arena_free(s->in.exchange.arena);
	base_free(s);
}

/* Prints, and compares all but the date, which has to look like one. */
static void
check_block(struct stand *s, const struct answer *a, bool close,
    const char *status, const char *rest)
{
	static const char shape[] = "Date: Aaa, 00 Aaa 0000 00:00:00 GMT\r\n";
	struct str got = answer_print(&s->in, a, close);
	struct str line = STR_NONE;

	assert_non_null(got.at);
	assert_true(got.len > strlen(status) + sizeof(shape) - 1);
	assert_memory_equal(got.at, status, strlen(status));
	line = str_skip(got, strlen(status));
	for (size_t i = 0; i < sizeof(shape) - 1; i++)
		if (shape[i] == '0')
			assert_in_range(line.at[i], '0', '9');
		else if (shape[i] != 'A' && shape[i] != 'a')
			assert_int_equal(line.at[i], shape[i]);
	assert_str(str_skip(line, sizeof(shape) - 1), rest);
}

static void
test_an_answer_is_one_block(void **state)
{
	struct stand *s = stand_new(1 << 20);
	const struct answer plain = { .status = 200, .body = STR("{}") };
	const struct answer full = { .status = 405,
		.content_type = STR("text/plain"),
		.body = STR("no"),
		.retry_after = 17,
		.allow = STR("POST"),
		.extra_name = STR("X-A"),
		.extra_value = STR("b c") };

	(void)state;
	check_block(s, &plain, false, "HTTP/1.1 200 OK\r\n",
	    "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}");
	check_block(s, &full, true, "HTTP/1.1 405 Method Not Allowed\r\n",
	    "Content-Type: text/plain\r\nContent-Length: 2\r\n"
	    "Retry-After: 17\r\nAllow: POST\r\nX-A: b c\r\n"
	    "Connection: close\r\n\r\nno");
	stand_free(s);
}

static void
test_no_body_where_none_may_be(void **state)
{
	struct stand *s = stand_new(1 << 20);
	struct answer a = { .status = 204, .body = STR("{}") };

	(void)state;
	check_block(s, &a, false, "HTTP/1.1 204 No Content\r\n", "\r\n");
	s->in.no_body = true;
	a.status = 200;
	check_block(s, &a, false, "HTTP/1.1 200 OK\r\n",
	    "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n");
	stand_free(s);
}

static void
test_values_cannot_end_a_line(void **state)
{
	static const struct str bad[] = { { "a\r\nX: y", 7 }, { "a\n", 2 },
		{ "\r", 1 }, { "a\0b", 3 } };
	struct stand *s = stand_new(1 << 20);

	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		struct answer a = { .status = 200,
			.body = STR("{}"),
			.extra_name = STR("X-A"),
			.extra_value = bad[i] };

		check_block(s, &a, false, "HTTP/1.1 200 OK\r\n",
		    "Content-Type: application/json\r\n"
		    "Content-Length: 2\r\n\r\n{}");
	}
	stand_free(s);
}

static void
test_no_room_is_told(void **state)
{
	static const char body[5000];
	struct stand *s = stand_new(4096);
	const struct answer a = { .status = 200,
		.body = { body, sizeof(body) } };

	(void)state;
	assert_null(answer_print(&s->in, &a, false).at);
	stand_free(s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_an_answer_is_one_block),
		cmocka_unit_test(test_no_body_where_none_may_be),
		cmocka_unit_test(test_values_cannot_end_a_line),
		cmocka_unit_test(test_no_room_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
