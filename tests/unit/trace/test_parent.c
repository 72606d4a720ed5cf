/* W3C Trace Context: what is read, what is passed on, what is refused. */
#include "unit/cmocka_all.h"

#include "trace/trace.h"

#define T "4bf92f3577b34da6a3ce929d0e0e4736"
#define S "00f067aa0ba902b7"
#define ID "019ac000-1234-7abc-8def-0123456789ab"

/* printed: as it is sent on; NULL: it is refused. */
static const struct {
	struct str text;
	const char *printed;
} parents[] = {
	{ STR("00-" T "-" S "-01"), "00-" T "-" S "-01" },
	{ STR("00-" T "-" S "-00"), "00-" T "-" S "-00" },
	{ STR("00-" T "-" S "-ff"), "00-" T "-" S "-ff" },
	/* A later version: its first fields, and of its flags the one we know.
	 */
	{ STR("01-" T "-" S "-01"), "00-" T "-" S "-01" },
	{ STR("cc-" T "-" S "-03-what-the-future"), "00-" T "-" S "-01" },
	{ STR("fe-" T "-" S "-fe-"), "00-" T "-" S "-00" },
	{ STR("cc-" T "-" S "-01.what"), NULL },
	{ STR("cc-" T "-" S "-0"), NULL },
	{ STR("ff-" T "-" S "-01"), NULL },
	{ STR("00-" T "-" S "-01-"), NULL },
	{ STR("00-" T "-" S "-01-more"), NULL },
	{ STR("00-" T "-" S "-01 "), NULL },
	{ STR(" 00-" T "-" S "-01"), NULL },
	{ STR("00-" T "-" S "-1"), NULL },
	{ STR("00-" T "-" S "-0g"), NULL },
	{ STR("00-" T "-" S), NULL },
	{ STR("0g-" T "-" S "-01"), NULL },
	{ STR("00-00000000000000000000000000000000-" S "-01"), NULL },
	{ STR("00-" T "-0000000000000000-01"), NULL },
	{ STR("00-4BF92F3577B34DA6A3CE929D0E0E4736-" S "-01"), NULL },
	{ STR("00-" T "-00F067AA0BA902B7-01"), NULL },
	{ STR("00-" T "-" S "-0A"), NULL },
	{ STR("00_" T "-" S "-01"), NULL },
	{ STR("00-" T "_" S "-01"), NULL },
	{ STR("00-" T "-" S "_01"), NULL },
	{ STR("00-" T "-" S "-0\0"), NULL },
	{ STR("00-4bf92f3577b34da6a3ce929d0e0e473\0-" S "-01"), NULL },
	{ STR("00-" T "-" S "\r\nX"), NULL },
	{ STR(""), NULL },
	{ STR("-"), NULL },
	{ { NULL, 0 }, NULL },
};

static void
a_parent_is_read_by_its_grammar(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(parents); i++) {
		struct str text = parents[i].text;
		/* Exactly its bytes, so that a read past them is seen. */
		char *own = text.len > 0 ? malloc(text.len) : NULL;
		char printed[TRACE_PARENT_SIZE];
		struct trace_context c;

		if (own != NULL)
			memcpy(own, text.at, text.len);
		text.at = own;
		if (trace_parent_parse(text, &c) !=
		    (parents[i].printed != NULL))
			fail_msg("'%.*s'", STR_ARG(parents[i].text));
		if (parents[i].printed != NULL) {
			trace_parent_print(&c, printed);
			assert_string_equal(printed, parents[i].printed);
		}
		free(own);
	}
}

#define X16 "xxxxxxxxxxxxxxxx"
#define X64 X16 X16 X16 X16
#define X256 X64 X64 X64 X64

static const struct {
	const char *text;
	bool valid;
} states[] = {
	{ "a=1", true },
	{ "congo=t61rcWkgMzE,rojo=00f067aa0ba902b7", true },
	{ "a=1, b=2 ,\tc=3", true },
	{ "a=1,,b=2", true },
	{ "a= 1", true },
	{ "fw529a3039@dt=FfFf/-_*", true },
	{ "0tenant@v=1", true },
	{ "a_-*/9=!~", true },
	{ "a=" X256, true },
	{ "a=" X256 "x", false },
	{ X256 "=1", true },
	{ X256 "x=1", false },
	{ "", false },
	{ ",", false },
	{ "a", false },
	{ "a=", false },
	{ "=1", false },
	{ "A=1", false },
	{ "9a=1", false },
	{ "a b=1", false },
	{ "a=1=2", false },
	{ "a=\"\x7f\"", false },
	{ "a=\xc3\xa4", false },
	{ "a=1\r\nX: y", false },
	{ "a=1\x01", false },
	{ "a@=1", false },
	{ "@a=1", false },
	{ "a@b@c=1", false },
	{ "a@9=1", false },
	{ "a@abcdefghijklmn=1", true },
	{ "a@abcdefghijklmno=1", false },
	{ "a=1,B=2", false },
};

static void
a_state_is_passed_on_by_its_grammar(void **state)
{
	char text[600];
	size_t len = 0;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(states); i++)
		if (trace_state_valid(str_of(states[i].text)) !=
		    states[i].valid)
			fail_msg("'%s'", states[i].text);
	/* 32 members, and no more. */
	for (int i = 0; i < 33; i++) {
		assert_int_equal(trace_state_valid((struct str){ text, len }),
		    i > 0);
		memcpy(text + len, ",a=1", 4);
		len += 4;
	}
	assert_false(trace_state_valid((struct str){ text, len }));
	/* 512 bytes, and no more. */
	memset(text, 'x', sizeof(text));
	memcpy(text, "a=", 2);
	memcpy(text + 258, ",b=", 3);
	assert_true(trace_state_valid((struct str){ text, 512 }));
	memcpy(text + 400, ",c=", 3);
	assert_false(trace_state_valid((struct str){ text, 513 }));
}

static struct request
request_of(const struct header *headers, size_t count)
{
	return (struct request){ .headers = headers, .header_count = count };
}

static void
several_states_are_one(void **state)
{
	const struct header headers[] = {
		{ STR("TraceState"), STR("a=1") },
		{ STR("Traceparent"), STR("00-" T "-" S "-01") },
		{ STR("tracestate"), STR("b=2,c=3") },
		{ STR("tracestate"), STR("D=4") },
	};
	struct arena *arena = arena_new(4096);
	struct trace_context c;
	struct request r = request_of(headers, 3);
	struct str found;

	(void)state;
	assert_true(trace_of_request(&r, arena, &c, &found));
	assert_str(found, "a=1,b=2,c=3");
	r = request_of(headers, 2); /* one is not copied */
	assert_true(trace_of_request(&r, arena, &c, &found));
	assert_ptr_equal(found.at, headers[0].value.at);
	r = request_of(headers, 4); /* one is not right: none is passed on */
	assert_true(trace_of_request(&r, arena, &c, &found));
	assert_null(found.at);
	r = request_of(headers, 1); /* none counts without a parent */
	assert_false(trace_of_request(&r, arena, &c, &found));
	assert_null(found.at);
	arena_free(arena);
}

static void
states_that_are_too_much_together_are_left_out(void **state)
{
	static char text[301] = "a=";
	struct header headers[3] = {
		{ STR("traceparent"), STR("00-" T "-" S "-01") },
		{ STR("tracestate"), { text, 250 } },
		{ STR("tracestate"), { text, 250 } },
	};
	struct request r = request_of(headers, 3);
	struct arena *arena = arena_new(4096);
	struct trace_context c;
	struct str found;

	(void)state;
	memset(text + 2, 'x', sizeof(text) - 2);
	assert_true(trace_of_request(&r, arena, &c, &found));
	assert_int_equal(found.len, 501);
	headers[1].value.len = headers[2].value.len = 258;
	assert_true(trace_of_request(&r, arena, &c, &found));
	assert_null(found.at);
	arena_free(arena);
}

static void
two_parents_are_none(void **state)
{
	const struct header headers[] = {
		{ STR("traceparent"), STR("00-" T "-" S "-01") },
		{ STR("TRACEPARENT"), STR("00-" T "-" S "-01") },
	};
	struct request r = request_of(headers, 2);
	struct arena *arena = arena_new(4096);
	struct trace_context c;
	struct str found;

	(void)state;
	assert_false(trace_of_request(&r, arena, &c, &found));
	r = request_of(headers, 1);
	assert_true(trace_of_request(&r, arena, &c, &found));
	assert_null(found.at);
	r = request_of(NULL, 0);
	assert_false(trace_of_request(&r, arena, &c, &found));
	arena_free(arena);
}

static void
a_delivery_has_a_trace_by_its_id(void **state)
{
	struct trace_context c;
	char text[TRACE_PARENT_SIZE];

	(void)state;
	assert_true(trace_of_delivery(ID, &c));
	trace_parent_print(&c, text);
	assert_string_equal(text,
	    "00-019ac00012347abc8def0123456789ab-8def0123456789ab-00");
	assert_false(trace_of_delivery("", &c));
	assert_false(trace_of_delivery("019ac000", &c));
	assert_false(trace_of_delivery(ID "0", &c));
	assert_false(
	    trace_of_delivery("019ac000-1234-7abc-0000-000000000000", &c));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_parent_is_read_by_its_grammar),
		cmocka_unit_test(a_state_is_passed_on_by_its_grammar),
		cmocka_unit_test(several_states_are_one),
		cmocka_unit_test(
		    states_that_are_too_much_together_are_left_out),
		cmocka_unit_test(two_parents_are_none),
		cmocka_unit_test(a_delivery_has_a_trace_by_its_id),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
