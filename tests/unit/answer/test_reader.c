/* The reader of answers: what it takes, what it refuses, and how it is cut. */
#include "unit/cmocka_all.h"

#include "answer/answer.h"

static const struct answer_limits limits = { .headers = 1024, .body = 64 };

#define OK "HTTP/1.1 200 OK\r\n"
#define CHUNKED OK "Transfer-Encoding: chunked\r\n\r\n"

/* Reads `text`, at most `step` bytes at a time; the stream does not end. */
static size_t
read_in(struct answer_reader *r, struct str text, size_t step)
{
	size_t used = 0;

	answer_reader_init(r, limits);
	while (used < text.len && r->verdict == VERDICT_MORE) {
		size_t n = text.len - used < step ? text.len - used : step;

		used += answer_reader_feed(r, text.at + used, n);
	}
	return used;
}

struct good {
	struct str text;
	int status;
	const char *body;
	bool reusable;
	size_t surplus;
};

#define GOOD(text, ...)                                                        \
	{                                                                      \
		{ text, sizeof(text) - 1 }, __VA_ARGS__                        \
	}

static const struct good goods[] = {
	GOOD(OK "Content-Length: 2\r\n\r\nok", 200, "ok", true, 0),
	GOOD("HTTP/1.1 200\r\nContent-Length:0\r\n\r\n", 200, "", true, 0),
	GOOD("HTTP/1.1 404 \r\ncontent-length: 2 \t\r\n\r\nno", 404, "no", true,
	    0),
	GOOD("HTTP/1.1 599 Odd\r\nContent-Length: 0\r\n\r\n", 599, "", true, 0),
	GOOD(OK "Content-Length: 2\r\nConnection: close\r\n\r\nok", 200, "ok",
	    false, 0),
	GOOD(OK "Content-Length: 2\r\nConnection: x, CLOSE , y\r\n\r\nok", 200,
	    "ok", false, 0),
	GOOD("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", 200, "ok", false,
	    0),
	GOOD(OK "Content-Length: 2\r\n\r\nokHTTP", 200, "ok", true, 4),
	GOOD("HTTP/1.1 204 None\r\n\r\n", 204, "", true, 0),
	GOOD("HTTP/1.1 204 None\r\nContent-Length: 0\r\n\r\n", 204, "", true,
	    0),
	GOOD("HTTP/1.1 204 None\r\nContent-Length: 4\r\n\r\nbody", 204, "",
	    false, 4),
	GOOD("HTTP/1.1 304 Same\r\nContent-Length: 4\r\n\r\n", 304, "", false,
	    0),
	GOOD("HTTP/1.1 204 None\r\nTransfer-Encoding: chunked\r\n\r\n", 204, "",
	    false, 0),
	GOOD(CHUNKED "0\r\n\r\n", 200, "", true, 0),
	GOOD(CHUNKED "3\r\nabc\r\n00A;x=\"y\"\r\n0123456789\r\n0\r\n\r\n", 200,
	    "abc0123456789", true, 0),
	GOOD(CHUNKED "1\r\nx\r\n0\r\nX-Sum: 1\r\nConnection: close\r\n\r\n+",
	    200, "x", true, 1),
	GOOD("HTTP/1.1 100 Continue\r\n\r\n"
	     "HTTP/1.1 103 Hints\r\nLink: </a>\r\nContent-Type: x\r\n\r\n" OK
	     "Content-Length: 1\r\n\r\nx",
	    200, "x", true, 0),
	GOOD(OK "X: \t\x80\xff high and tab\r\nContent-Length: 0\r\n\r\n", 200,
	    "", true, 0),
};

static void
reads_what_is_well_formed(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(goods); i++)
		for (size_t step = 1; step < 200; step += 1 + step / 4) {
			const struct good *g = &goods[i];
			struct answer_reader r;
			size_t used = read_in(&r, g->text, step);

			if (r.verdict != VERDICT_WHOLE)
				fail_msg("case %zu, step %zu: %s", i, step,
				    r.problem != NULL ? r.problem : "not done");
			assert_int_equal(r.status, g->status);
			assert_str(bytes_str(&r.body), g->body);
			assert_int_equal(r.reusable, g->reusable);
			assert_int_equal(g->text.len - used, g->surplus);
			answer_reader_done(&r);
		}
}

struct broken {
	struct str text;
	const char *problem;
};

#define BROKEN(text, problem)                                                  \
	{                                                                      \
		{ text, sizeof(text) - 1 }, problem                            \
	}
#define END "\r\nContent-Length: 0\r\n\r\n"

static const struct broken brokens[] = {
	BROKEN("HTTP/2 200\r\n\r\n", "not HTTP/1.1"),
	BROKEN("HTTP/1.2 200 OK" END, "not HTTP/1.1"),
	BROKEN("HTTP/1.10 200 OK" END, "not HTTP/1.1"),
	BROKEN("http/1.1 200 OK" END, "not HTTP/1.1"),
	BROKEN("HTTP/1.1  200 OK" END, "status"),
	BROKEN("<html>", "not HTTP/1.1"),
	BROKEN("S", "not HTTP/1.1"),
	BROKEN("\r\nHTTP/1.1 200 OK" END, "not HTTP/1.1"),
	BROKEN("HTTP/1.1 -200 OK" END, "status"),
	BROKEN("HTTP/1.1 +20 OK" END, "status"),
	BROKEN("HTTP/1.1 99999 OK" END, "status"),
	BROKEN("HTTP/1.1 2x0 OK" END, "status"),
	BROKEN("HTTP/1.1 20" END, "status"),
	BROKEN("HTTP/1.1 099 OK" END, "status"),
	BROKEN("HTTP/1.1 600 OK" END, "status"),
	BROKEN("HTTP/1.1 200OK" END, "status"),
	BROKEN("HTTP/1.1 200 OK\n", "CR LF"),
	BROKEN(OK "X: a\nContent-Length: 0\r\n\r\n", "CR LF"),
	BROKEN(OK "X: a\rb" END, "control character"),
	BROKEN(OK "X: a\0b" END, "control character"),
	BROKEN(OK "X: a\x7f" END, "control character"),
	BROKEN("HTTP/1.1 200 O\0K" END, "control character"),
	BROKEN(OK "X: a\r\n b" END, "folded"),
	BROKEN(OK "\tX: a" END, "folded"),
	BROKEN(OK "Content-Length : 2\r\n\r\nok", "no valid name"),
	BROKEN(OK "no colon" END, "no valid name"),
	BROKEN(OK ": x" END, "no valid name"),
	BROKEN(OK "X(A)@: x" END, "no valid name"),
	BROKEN(OK "X\x80: x" END, "no valid name"),
	BROKEN(OK "Content-Length: 2\r\nContent-Length: 2\r\n\r\nok",
	    "more than one Content-Length"),
	BROKEN(OK "Content-Length: 2\r\nContent-Length: 3\r\n\r\nok",
	    "more than one Content-Length"),
	BROKEN(OK "Content-Length: 2, 2\r\n\r\nok", "not a number"),
	BROKEN(OK "Content-Length: +2\r\n\r\nok", "not a number"),
	BROKEN(OK "Content-Length: -0\r\n\r\nok", "not a number"),
	BROKEN(OK "Content-Length: 0x2\r\n\r\nok", "not a number"),
	BROKEN(OK "Content-Length:\r\n\r\nok", "not a number"),
	BROKEN(OK "Content-Length: 99999999999999999999\r\n\r\n",
	    "not a number"),
	BROKEN(OK "Content-Length: 65\r\n\r\n", "larger than the limit"),
	BROKEN(OK "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n",
	    "Content-Length and Transfer-Encoding"),
	BROKEN(OK "Transfer-Encoding: gzip, chunked\r\n\r\n", "not chunked"),
	BROKEN(OK "Transfer-Encoding: identity\r\n\r\n", "not chunked"),
	BROKEN(OK "Transfer-Encoding: \"chunked\"\r\n\r\n", "not chunked"),
	BROKEN(OK "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"
	          "\r\n\r\n",
	    "more than one Transfer-Encoding"),
	BROKEN("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
	    "HTTP/1.0"),
	BROKEN(OK "Content-Type: text/plain\r\n\r\n", "where its body ends"),
	BROKEN(OK "Connection: keep-alive\r\n\r\n", "where its body ends"),
	BROKEN("HTTP/1.1 101 Switching Protocols\r\n\r\n", "101"),
	BROKEN("HTTP/1.1 103 Hints\r\nContent-Length: 5\r\n\r\n",
	    "announces a body"),
	BROKEN(CHUNKED "0x3\r\n", "no valid size"),
	BROKEN(CHUNKED "+3\r\n", "no valid size"),
	BROKEN(CHUNKED "-3\r\n", "no valid size"),
	BROKEN(CHUNKED "3 \r\n", "no valid size"),
	BROKEN(CHUNKED " 3\r\n", "no valid size"),
	BROKEN(CHUNKED "\r\n", "no valid size"),
	BROKEN(CHUNKED ";x\r\n", "no valid size"),
	BROKEN(CHUNKED "10000000000000000\r\n", "no valid size"),
	BROKEN(CHUNKED "0000000000000003\r\n", "no valid size"),
	BROKEN(CHUNKED "fffffffffffffff\r\n", "larger than the limit"),
	BROKEN(CHUNKED "3\nabc", "CR LF"),
	BROKEN(CHUNKED "3\r\nabcd\r\n", "longer than its size"),
	BROKEN(CHUNKED "3\r\nabc\n\n", "CR LF"),
	BROKEN(CHUNKED "40\r\n0123456789012345678901234567890123456789"
	               "012345678901234567890123\r\n1\r\n",
	    "larger than the limit"),
	BROKEN(CHUNKED "0\r\nX : y\r\n\r\n", "no valid name"),
	BROKEN(CHUNKED "0\r\n X: y\r\n\r\n", "folded"),
};

static void
refuses_what_could_be_read_two_ways(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(brokens); i++)
		for (size_t step = 1; step < 200; step += 1 + step / 4) {
			const struct broken *b = &brokens[i];
			struct answer_reader r;

			read_in(&r, b->text, step);
			if (r.verdict != VERDICT_BAD)
				fail_msg("case %zu (%s) is taken", i,
				    b->problem);
			if (strstr(r.problem, b->problem) == NULL)
				fail_msg("case %zu, step %zu: \"%s\"", i, step,
				    r.problem);
			answer_reader_done(&r);
		}
}

#define NO "HTTP/1.1 422 No\r\nContent-Type: a/b\r\nRetry-After: 7\r\n"
#define X64 "0123456789012345678901234567890123456789012345678901234567890123"

/* Its status says all of it; the connection is of no more use. */
static void
what_is_definite_is_so_whatever_its_length(void **state)
{
	static const struct good rows[] = {
		GOOD(NO "Content-Length: 65\r\n\r\n", 422, "", false, 0),
		GOOD(NO "Content-Length: 9223372036854775807\r\n\r\nbody", 422,
		    "", false, 4),
		GOOD(NO
		    "Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n40\r\nmore",
		    422, "", false, 4),
		GOOD(NO "Connection: close\r\n\r\n" X64 "x", 422, "", false, 1),
		GOOD("HTTP/1.1 302 No\r\nContent-Type: a/b\r\nRetry-After: "
		     "7\r\n"
		     "Content-Length: 65\r\n\r\n",
		    302, "", false, 0),
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		for (size_t step = 1; step < 200; step += 1 + step / 4) {
			struct answer_reader r;
			size_t used = read_in(&r, rows[i].text, step);

			assert_int_equal(r.verdict, VERDICT_WHOLE);
			assert_true(r.cut);
			assert_int_equal(r.status, rows[i].status);
			assert_int_equal(r.body.len, 0);
			assert_false(r.reusable);
			assert_false(r.content_type.there);
			assert_true(r.retry_after.there);
			assert_int_equal(rows[i].text.len - used,
			    rows[i].surplus);
			answer_reader_done(&r);
		}
}

/* As much as there may be is taken, and the next answer is not cut for it. */
static void
what_is_as_long_as_may_be_is_whole(void **state)
{
	struct answer_reader r;

	(void)state;
	read_in(&r, STR(NO "Content-Length: 65\r\n\r\n"), 100);
	assert_true(r.cut);
	answer_reader_again(&r, limits);
	answer_reader_feed(&r, NO "Content-Length: 64\r\n\r\n" X64,
	    sizeof(NO "Content-Length: 64\r\n\r\n" X64) - 1);
	assert_int_equal(r.verdict, VERDICT_WHOLE);
	assert_false(r.cut);
	assert_str(bytes_str(&r.body), X64);
	assert_true(r.reusable);
	answer_reader_done(&r);
}

/* Of a connection's last request: only the stream's end says so. */
static void
without_a_length_the_last_ends_with_the_stream(void **state)
{
	struct answer_limits last = limits;
	struct answer_reader r;

	(void)state;
	last.last = true;
	answer_reader_init(&r, last);
	answer_reader_feed(&r, OK "\r\nbody", sizeof(OK "\r\nbody") - 1);
	assert_int_equal(r.verdict, VERDICT_MORE);
	answer_reader_end(&r);
	assert_int_equal(r.verdict, VERDICT_WHOLE);
	assert_str(bytes_str(&r.body), "body");
	assert_false(r.reusable);
	answer_reader_done(&r);
	read_in(&r, STR(OK "\r\nbody"), 100);
	assert_int_equal(r.verdict, VERDICT_BAD);
	answer_reader_done(&r);
}

static void
skips_interim_answers_up_to_a_limit(void **state)
{
	struct answer_reader r;

	(void)state;
	for (int count = 8; count <= 9; count++) {
		answer_reader_init(&r, limits);
		for (int i = 0; i < count; i++)
			answer_reader_feed(&r, "HTTP/1.1 102 P\r\n\r\n", 18);
		answer_reader_feed(&r, OK "Content-Length: 0\r\n\r\n", 38);
		assert_int_equal(r.verdict,
		    count == 8 ? VERDICT_WHOLE : VERDICT_BAD);
		answer_reader_done(&r);
	}
}

static void
forgets_the_fields_of_an_interim_answer(void **state)
{
	struct answer_reader r;

	(void)state;
	read_in(&r,
	    STR("HTTP/1.1 103 H\r\nContent-Type: a/b\r\nRetry-After: 9\r\n\r\n"
	        "HTTP/1.1 503 No\r\nContent-Length: 0\r\nRetry-After: 7\r\n"
	        "Retry-After: 8\r\n\r\n"),
	    1000);
	assert_int_equal(r.verdict, VERDICT_WHOLE);
	assert_false(r.content_type.there);
	assert_true(r.retry_after.there);
	assert_str(((struct str){ r.retry_after.at, r.retry_after.len }), "7");
	answer_reader_done(&r);
}

static void
bounds_headers_fields_and_extensions(void **state)
{
	struct answer_reader r;
	char line[900];

	(void)state;
	memset(line, 'x', sizeof(line));
	memcpy(line, "X: ", 3);
	memcpy(line + sizeof(line) - 2, "\r\n", 2);
	read_in(&r, STR(OK), 100);
	answer_reader_feed(&r, line, sizeof(line));
	assert_int_equal(r.verdict, VERDICT_MORE);
	answer_reader_feed(&r, line, sizeof(line));
	assert_int_equal(r.verdict, VERDICT_BAD);
	assert_string_equal(r.problem,
	    "the answer's headers are larger than the limit");
	answer_reader_done(&r);

	read_in(&r, STR(OK), 100);
	for (int i = 0; i < 100; i++)
		answer_reader_feed(&r, "a:\r\n", 4);
	assert_int_equal(r.verdict, VERDICT_MORE);
	answer_reader_feed(&r, "a:\r\n", 4);
	assert_int_equal(r.verdict, VERDICT_BAD);
	answer_reader_done(&r);
}

/* A stream of chunks that is all extension is cut, line by line and in all. */
static void
bounds_chunk_lines(void **state)
{
	struct answer_reader r;
	char line[300];
	int lines = 0;

	(void)state;
	memset(line, 'x', sizeof(line));
	memcpy(line, "1;", 2);
	read_in(&r, STR(CHUNKED), 100);
	answer_reader_feed(&r, line, sizeof(line));
	assert_int_equal(r.verdict, VERDICT_BAD);
	answer_reader_done(&r);

	memcpy(line + 200, "\r\nx\r\n", 5);
	read_in(&r, STR(CHUNKED), 100);
	while (r.verdict == VERDICT_MORE && lines < 60) {
		answer_reader_feed(&r, line, 205);
		lines++;
	}
	assert_int_equal(r.verdict, VERDICT_BAD);
	assert_in_range(lines, 20, 22); /* 4096 / 199 */
	answer_reader_done(&r);
}

/* However it is cut, a body without an end is refused at the same size. */
static void
bounds_a_body_that_ends_with_the_stream(void **state)
{
	struct answer_reader r;
	char body[65];

	(void)state;
	memset(body, 'x', sizeof(body));
	read_in(&r, STR(OK "Connection: close\r\n\r\n"), 100);
	answer_reader_feed(&r, body, 64);
	assert_int_equal(r.verdict, VERDICT_MORE);
	answer_reader_end(&r);
	assert_int_equal(r.verdict, VERDICT_WHOLE);
	assert_false(r.reusable);
	assert_int_equal(r.body.len, 64);
	answer_reader_done(&r);

	read_in(&r, STR(OK "Connection: close\r\n\r\n"), 100);
	answer_reader_feed(&r, body, 65);
	assert_int_equal(r.verdict, VERDICT_BAD);
	answer_reader_done(&r);
}

static void
a_stream_that_ends_early_is_no_answer(void **state)
{
	static const char text[] = CHUNKED "3\r\nabc\r\n0\r\n\r\n";
	struct answer_reader r;

	(void)state;
	for (size_t len = 0; len < sizeof(text) - 1; len++) {
		read_in(&r, (struct str){ text, len }, 7);
		assert_int_equal(r.verdict, VERDICT_MORE);
		answer_reader_end(&r);
		assert_int_equal(r.verdict, VERDICT_BAD);
		assert_non_null(strstr(r.problem,
		    len == 0 ? "without an answer" : "within the answer"));
		answer_reader_done(&r);
	}
}

static void
a_field_too_long_to_relay_counts_as_absent(void **state)
{
	struct answer_reader r;
	char line[400];
	size_t n = ANSWER_TYPE_MAX + 1;

	(void)state;
	memset(line, 'x', sizeof(line));
	memcpy(line, "Content-Type: ", 14);
	memcpy(line + 14 + n, "\r\n", 2);
	read_in(&r, STR(OK "Content-Length: 0\r\n"), 100);
	answer_reader_feed(&r, line, 14 + n + 2);
	answer_reader_feed(&r, "\r\n", 2);
	assert_int_equal(r.verdict, VERDICT_WHOLE);
	assert_false(r.content_type.there);
	answer_reader_done(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_what_is_well_formed),
		cmocka_unit_test(refuses_what_could_be_read_two_ways),
		cmocka_unit_test(what_is_definite_is_so_whatever_its_length),
		cmocka_unit_test(what_is_as_long_as_may_be_is_whole),
		cmocka_unit_test(
		    without_a_length_the_last_ends_with_the_stream),
		cmocka_unit_test(skips_interim_answers_up_to_a_limit),
		cmocka_unit_test(forgets_the_fields_of_an_interim_answer),
		cmocka_unit_test(bounds_headers_fields_and_extensions),
		cmocka_unit_test(bounds_chunk_lines),
		cmocka_unit_test(bounds_a_body_that_ends_with_the_stream),
		cmocka_unit_test(a_stream_that_ends_early_is_no_answer),
		cmocka_unit_test(a_field_too_long_to_relay_counts_as_absent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
