/* A batch as a collector is sent it, byte for byte. */
#include "unit/cmocka_all.h"

#include "trace/trace_exporter.h"

#define TRACE                                                                  \
	{                                                                      \
		0x4b, 0xf9, 0x2f, 0x35, 0x77, 0xb3, 0x4d, 0xa6, 0xa3, 0xce,    \
		    0x92, 0x9d, 0x0e, 0x0e, 0x47, 0x36                         \
	}
#define DELIVERY                                                               \
	{                                                                      \
		0x01, 0x9a, 0xc0, 0x00, 0x12, 0x34, 0x7a, 0xbc, 0x8d, 0xef,    \
		    0x01, 0x23, 0x45, 0x67, 0x89, 0xab                         \
	}
#define AHEAD INT64_C(1700000000000000)

static const struct trace_span spans[] = {
	{ .kind = TRACE_SERVER,
	    .trace = TRACE,
	    .span = { 0xab, 1 },
	    .delivery = DELIVERY,
	    .start_us = 10,
	    .end_us = 2000010,
	    .status = 502,
	    .failed = true,
	    .outcome = "failed",
	    .method = "POST",
	    .tls = true,
	    .place = "/hooks/\"x\"",
	    .name = "typeform" },
	{ .kind = TRACE_VERIFY,
	    .trace = TRACE,
	    .span = { 2 },
	    .parent = { 0xab, 1 },
	    .delivery = DELIVERY,
	    .start_us = 20,
	    .end_us = 30 },
	{ .kind = TRACE_ATTEMPT,
	    .trace = TRACE,
	    .span = { 3 },
	    .parent = { 0xab, 1 },
	    .delivery = DELIVERY,
	    .start_us = 40,
	    .end_us = 50,
	    .failed = true,
	    .error = "late",
	    .method = "PATCH",
	    .port = 443,
	    .resent = 2,
	    .place = "api.test",
	    .name = "leadsail" },
};

#define HEAD(name)                                                             \
	"{\"resourceSpans\":[{\"resource\":{\"attributes\":["                  \
	"{\"key\":\"service.name\",\"value\":{\"stringValue\":\"" name         \
	"\"}},{\"key\":\"service.version\",\"value\":{\"stringValue\":"        \
	"\"" BRIDGE_VERSION "\"}}]},\"scopeSpans\":[{\"scope\":{\"name\":"     \
	"\"leadbridge\",\"version\":\"" BRIDGE_VERSION "\"},\"spans\":["
#define TEXT(key, value)                                                       \
	"{\"key\":\"" key "\",\"value\":{\"stringValue\":\"" value "\"}}"
#define NUMBER(key, value)                                                     \
	"{\"key\":\"" key "\",\"value\":{\"intValue\":\"" value "\"}}"
#define OF_DELIVERY                                                            \
	TEXT("leadbridge.delivery.id", "019ac000-1234-7abc-8def-0123456789ab")

static void
a_batch_is_otlp(void **state)
{
	struct bytes out;

	(void)state;
	bytes_init(&out, TRACE_BODY_MAX);
	trace_print(spans, COUNT_OF(spans), "br\"idge", AHEAD, &out);
	assert_string_equal(out.data,
	    HEAD(
	        "br\\\"idge") "{\"traceId\":"
	                      "\"4bf92f3577b34da6a3ce929d0e0e4736\","
	                      "\"spanId\":\"ab01000000000000\","
	                      "\"name\":\"POST /hooks/\\\"x\\\"\",\"kind\":2,"
	                      "\"startTimeUnixNano\":\"1700000000000010000\","
	                      "\"endTimeUnixNano\":\"1700000002000010000\","
	                      "\"attributes\":[" TEXT("http.request.method",
	                          "POST") "," TEXT("http.route",
	                          "/hooks/\\\"x\\\"") "," NUMBER("http."
	                                                         "response."
	                                                         "status_code",
	                          "502") "," TEXT("url.scheme",
	                          "https") "," TEXT("leadbridge.sender",
	                          "typeform") "," TEXT("leadbridge.outcome",
	                          "failed") "," TEXT("error.type",
	                          "502") "," OF_DELIVERY
	                                 "],\"status\":{\"code\":2}},"
	                                 "{\"traceId\":"
	                                 "\"4bf92f3577b34da6a3ce929d0e0e4736\","
	                                 "\"spanId\":\"0200000000000000\","
	                                 "\"parentSpanId\":"
	                                 "\"ab01000000000000\","
	                                 "\"name\":\"verify\",\"kind\":1,"
	                                 "\"startTimeUnixNano\":"
	                                 "\"1700000000000020000\","
	                                 "\"endTimeUnixNano\":"
	                                 "\"1700000000000030000\","
	                                 "\"attributes\":[" OF_DELIVERY "]},"
	                                 "{\"traceId\":"
	                                 "\"4bf92f3577b34da6a3ce929d0e0e4736\","
	                                 "\"spanId\":\"0300000000000000\","
	                                 "\"parentSpanId\":"
	                                 "\"ab01000000000000\","
	                                 "\"name\":\"PATCH\",\"kind\":3,"
	                                 "\"startTimeUnixNano\":"
	                                 "\"1700000000000040000\","
	                                 "\"endTimeUnixNano\":"
	                                 "\"1700000000000050000\","
	                                 "\"attributes\":[" TEXT("http.request."
	                                                         "method",
	                                     "PATCH") "," TEXT("server.address",
	                                     "api.test") "," NUMBER("server."
	                                                            "port",
	                                     "443") "," NUMBER("http.request."
	                                                       "resend_count",
	                                     "2") "," TEXT("leadbridge."
	                                                   "upstream",
	                                     "leadsail") "," TEXT("error.type",
	                                     "late") "," OF_DELIVERY
	                                             "],\"status\":{\"code\":2}"
	                                             "}]}]}]}");
	bytes_done(&out);
}

static void
a_method_that_is_none_is_no_name(void **state)
{
	struct trace_span s = spans[0];
	struct bytes out;

	(void)state;
	s.method = TRACE_METHOD_OTHER;
	bytes_init(&out, TRACE_BODY_MAX);
	trace_print(&s, 1, "x", AHEAD, &out);
	assert_non_null(strstr(out.data, "\"name\":\"HTTP /hooks/"));
	assert_non_null(
	    strstr(out.data, TEXT("http.request.method", "_OTHER")));
	bytes_done(&out);
}

/* The worst that texts can be: all of it escapes. */
static void
the_largest_batch_has_room(void **state)
{
	static struct trace_span all[TRACE_BATCH];
	struct bytes out;

	(void)state;
	for (size_t i = 0; i < TRACE_BATCH; i++) {
		all[i] = spans[i % 2 == 0 ? 0 : 2];
		all[i].error = "a_long_name_of_an_error";
		all[i].start_us = all[i].end_us = INT64_MAX / 2;
		memset(all[i].place, 1, sizeof(all[i].place) - 1);
		memset(all[i].name, 1, sizeof(all[i].name) - 1);
	}
	bytes_init(&out, TRACE_BODY_MAX);
	trace_print(all, TRACE_BATCH, "leadbridge", 0, &out);
	assert_true(bytes_ok(&out));
	bytes_done(&out);
}

static void
a_text_is_cut_between_characters(void **state)
{
	char out[5];

	(void)state;
	trace_text(out, sizeof(out), STR("abcd"));
	assert_string_equal(out, "abcd");
	trace_text(out, sizeof(out), STR("abcde"));
	assert_string_equal(out, "abcd");
	trace_text(out, sizeof(out), STR("abc\xc3\xa4"));
	assert_string_equal(out, "abc");
	trace_text(out, sizeof(out), STR("a\xe2\x82\xac"));
	assert_string_equal(out, "a\xe2\x82\xac");
	trace_text(out, sizeof(out),
	    STR("a\xff"
	        "b"));
	assert_string_equal(out, "a");
	trace_text(out, sizeof(out), STR_NONE);
	assert_string_equal(out, "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_batch_is_otlp),
		cmocka_unit_test(a_method_that_is_none_is_no_name),
		cmocka_unit_test(the_largest_batch_has_room),
		cmocka_unit_test(a_text_is_cut_between_characters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
