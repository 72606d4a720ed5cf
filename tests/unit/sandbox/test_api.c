/* tests/unit/sandbox/test_api.c - requests in, the API's words out. */
#include <stdio.h>

#include "unit/cmocka_all.h"

#include "sandbox/sandbox_parts.h"

#define KEY "key-of-this-test-0123456789"
#define UPDATED "{\"success\":true,\"data\":null}"
#define INVALID(details)                                                       \
	"{\"success\":false,\"error\":{\"code\":\"VALIDATION_ERROR\","         \
	"\"message\":\"Invalid input data\",\"details\":[" details "]}}"
#define UNAUTHORIZED                                                           \
	"{\"success\":false,\"error\":{\"code\":\"UNAUTHORIZED\","             \
	"\"message\":\"Authentication required\"}}"
#define NOT_FOUND                                                              \
	"{\"success\":false,\"error\":{\"code\":\"NOT_FOUND\","                \
	"\"message\":\"Resource not found\"}}"

/* 2026-01-02T03:04:05.678Z */
#define NOW_MS 1767323045678

struct rig {
	struct api *api;
	struct arena *arena;
	struct header headers[8];
	struct request request;
	struct answer answer;
	char length[24];
};

static const char *const known[] = { "lead_abc123", "lead_2", NULL };

static struct rig *
rig_new(bool any)
{
	struct rig *r = base_alloc(sizeof(*r));

	r->arena = arena_new((size_t)4 << 20);
	r->api = api_new(STR(KEY), known, any);
	assert_non_null(r->arena);
	assert_non_null(r->api);
	return r;
}

static int
set_up(void **state)
{
	*state = rig_new(false);
	return 0;
}

static int
set_up_any(void **state)
{
	*state = rig_new(true);
	return 0;
}

static int
tear_down(void **state)
{
	struct rig *r = *state;

	api_free(r->api);
	arena_free(r->arena);
	base_free(r);
	return 0;
}

/* A request with nothing wrong about it, for a test to spoil. */
static void
compose(struct rig *r, const char *method, const char *path, struct str body)
{
	const struct header headers[] = {
		{ STR("Host"), STR("localhost") },
		{ STR("x-api-key"), STR(KEY) },
		{ STR("Content-Type"), STR("application/json") },
		{ STR("Content-Length"), str_of(r->length) },
	};

	snprintf(r->length, sizeof(r->length), "%zu", body.len);
	memcpy(r->headers, headers, sizeof(headers));
	r->headers[3].value = str_of(r->length);
	r->request = (struct request){ .method = str_of(method),
		.target = str_of(path),
		.path = str_of(path),
		.headers = r->headers,
		.header_count = COUNT_OF(headers),
		.body = body,
		.received_ms = NOW_MS };
}

static void
ask(struct rig *r)
{
	arena_reset(r->arena);
	r->answer = (struct answer){ 0 };
	api_answer(r->api, &r->request, r->arena, &r->answer);
}

static void
patch(struct rig *r, const char *path, const char *body)
{
	compose(r, "PATCH", path, str_of(body));
	ask(r);
}

#define assert_answer(r, want_status, want_body)                               \
	do {                                                                   \
		assert_str((r)->answer.body, want_body);                       \
		assert_int_equal((r)->answer.status, want_status);             \
	} while (0)

/* PATCHes lead_2 and wants success. */
static void
update(struct rig *r, const char *body)
{
	patch(r, "/api/v1/leads/lead_2", body);
	assert_answer(r, 200, UPDATED);
}

/* PATCHes lead_2 and wants a refusal with these details. */
static void
refuse(struct rig *r, const char *body, const char *details)
{
	char *want = base_print(INVALID("%s"), details);

	patch(r, "/api/v1/leads/lead_2", body);
	assert_answer(r, 400, want);
	base_free(want);
}

/* What GET says of lead_2, without its envelope and id. */
static void
holds(struct rig *r, const char *fields)
{
	char *want = base_print("{\"success\":true,\"data\":"
	                        "{\"leadId\":\"lead_2\"%s}}",
	    fields);

	compose(r, "GET", "/api/v1/leads/lead_2", STR(""));
	ask(r);
	assert_answer(r, 200, want);
	base_free(want);
}

static void
updates_and_reads(void **state)
{
	struct rig *r = *state;

	holds(r, "");
	update(r,
	    "{\"firstName\":\" ada \",\"email\":\"Ada@Example.com\","
	    "\"submissionCount\":3}");
	update(r, "{}");
	/* Values stay as sent: no trimming, no case of our own. */
	holds(r,
	    ",\"firstName\":\" ada \",\"email\":\"Ada@Example.com\","
	    "\"submissionCount\":3");
}

static void
numbers_and_texts_stay_exact(void **state)
{
	struct rig *r = *state;

	update(r,
	    "{\"customFields\":{\"a\":19.99,\"b\":0.1,\"c\":-0.5e-7,"
	    "\"d\":9007199254740993,\"e\":\"\\u00e9\\u0000\\\"\","
	    "\"f\":[true,false,null,[],{}]}}");
	holds(r,
	    ",\"customFields\":{\"a\":19.99,\"b\":0.1,\"c\":-5e-08,"
	    "\"d\":9007199254740993,\"e\":\"\xc3\xa9\\u0000\\\"\","
	    "\"f\":[true,false,null,[],{}]}");
}

static void
objects_and_tags_replace(void **state)
{
	struct rig *r = *state;

	update(r,
	    "{\"tags\":[\"a\",\"b\"],\"address\":{\"city\":\"Oslo\","
	    "\"zip\":\"0150\"},\"lastActivityAt\":5}");
	update(r,
	    "{\"tags\":[\"c\"],\"address\":{\"city\":\"Bergen\"},"
	    "\"lastActivityAt\":null}");
	holds(r,
	    ",\"tags\":[\"c\"],\"address\":{\"city\":\"Bergen\"},"
	    "\"lastActivityAt\":null");
}

static void
answers_merge_by_key(void **state)
{
	struct rig *r = *state;

	update(r,
	    "{\"questionnaire\":[{\"key\":\"a\",\"answer\":1},"
	    "{\"key\":\"b\",\"answer\":[2]}]}");
	update(r,
	    "{\"questionnaire\":[{\"key\":\"c\",\"answer\":null},"
	    "{\"key\":\"a\",\"question\":\"A?\",\"answer\":9}]}");
	holds(r,
	    ",\"questionnaire\":[{\"key\":\"a\",\"question\":\"A?\","
	    "\"answer\":9},{\"key\":\"b\",\"answer\":[2]},"
	    "{\"key\":\"c\",\"answer\":null}]");
}

static void
answers_are_deleted_before_others_are_given(void **state)
{
	struct rig *r = *state;

	update(r, "{\"deleteQuestionnaireKeys\":[\"a\"]}");
	holds(r, "");
	update(r,
	    "{\"questionnaire\":[{\"key\":\"a\",\"answer\":1},"
	    "{\"key\":\"b\",\"answer\":2}]}");
	update(r,
	    "{\"questionnaire\":[{\"key\":\"b\",\"answer\":3}],"
	    "\"deleteQuestionnaireKeys\":[\"a\",\"b\",\"none\"]}");
	holds(r, ",\"questionnaire\":[{\"key\":\"b\",\"answer\":3}]");
}

static void
notes_append_with_a_stamp(void **state)
{
	struct rig *r = *state;

	update(r, "{\"notes\":[{\"text\":\"one\"}]}");
	update(r,
	    "{\"notes\":[\"two\",{\"text\":\"three\","
	    "\"createdBy\":\"form\"}]}");
	holds(r,
	    ",\"notes\":["
	    "{\"id\":\"note_1\",\"createdAt\":\"2026-01-02T03:04:05.678Z\""
	    ",\"createdBy\":\"api\",\"text\":\"one\"},"
	    "{\"id\":\"note_2\",\"createdAt\":\"2026-01-02T03:04:05.678Z\""
	    ",\"createdBy\":\"api\",\"text\":\"two\"},"
	    "{\"id\":\"note_3\",\"createdAt\":\"2026-01-02T03:04:05.678Z\""
	    ",\"createdBy\":\"form\",\"text\":\"three\"}]");
}

static void
a_lead_has_a_ceiling_and_an_update_is_whole(void **state)
{
	struct rig *r = *state;
	struct bytes body;

	bytes_init(&body, (size_t)1 << 20);
	bytes_add_text(&body, "{\"notes\":[\"0\"");
	for (int i = 1; i < STORE_ITEMS_MAX; i++)
		bytes_addf(&body, ",\"%d\"", i);
	bytes_add_text(&body, "]}");
	update(r, bytes_str(&body).at);
	/* Answers merge before notes do, and must not stay behind. */
	refuse(r,
	    "{\"questionnaire\":[{\"key\":\"a\"}],"
	    "\"notes\":[\"one more\"]}",
	    "\"sandbox: it keeps at most 10000 leads, and 1000 notes or "
	    "answers a lead; restart it to begin anew\"");
	compose(r, "GET", "/api/v1/leads/lead_2", STR(""));
	ask(r);
	assert_null(
	    memmem(r->answer.body.at, r->answer.body.len, "questionnaire", 13));

	bytes_clear(&body);
	bytes_add_text(&body, "{\"tags\":[],\"notes\":[\"0\"");
	for (int i = 1; i < STORE_ITEMS_MAX + 1; i++)
		bytes_addf(&body, ",\"%d\"", i);
	bytes_add_text(&body, "]}");
	refuse(r, bytes_str(&body).at,
	    "\"notes: must have at most 1000 items\"");
	bytes_done(&body);
}

static void
problems_name_every_field(void **state)
{
	struct rig *r = *state;

	refuse(r, "{\"frstName\":\"Ada\"}",
	    "\"frstName: is not a field of a lead; did you mean "
	    "'firstName'?\"");
	refuse(r, "{\"zzzzzzzzzzzzzzzzzzz\":1}",
	    "\"zzzzzzzzzzzzzzzzzzz: is not a field of a lead\"");
	refuse(r, "{\"firstName\":\"\",\"phone\":5,\"status\":\"hot\"}",
	    "\"firstName: must not be empty\","
	    "\"phone: must be a string\","
	    "\"status: must be one of new, pending, processing, qualified, "
	    "disqualified, missing_data, queued, pending_action, no_answer, "
	    "voicemail, contacted, scheduled_callback, no_contact, "
	    "pending_signature, document_sent, signed, delivered, accepted, "
	    "duplicate, failed, error, rejected, dnc\"");
	refuse(r, "{\"submissionCount\":1.5}",
	    "\"submissionCount: must be an integer\"");
	refuse(r, "{\"submissionCount\":-1}",
	    "\"submissionCount: must be at least 0\"");
	update(r, "{\"submissionCount\":3.0}");
	refuse(r,
	    "{\"questionnaire\":[{\"key\":\"a\"},{\"answer\":1}],"
	    "\"deleteQuestionnaireKeys\":[1],\"notes\":[[]]}",
	    "\"deleteQuestionnaireKeys[0]: must be a string\","
	    "\"questionnaire[1]: must be an object with a \\\"key\\\" that is "
	    "a string\","
	    "\"notes[0]: must be an object or a string\"");
	holds(r, ",\"submissionCount\":3");
}

static void
problems_have_a_ceiling(void **state)
{
	struct rig *r = *state;
	struct bytes body;
	size_t problems = 0;

	bytes_init(&body, (size_t)1 << 20);
	for (int i = 0; i < 1000; i++) {
		bytes_add_text(&body, i == 0 ? "{" : ",");
		/* Two-byte characters: the cut must not fall into one. */
		bytes_addf(&body, "\"%04d_", i);
		for (int n = 0; n < 60; n++)
			bytes_add_text(&body, "\xc3\xa9");
		bytes_add_text(&body, "\":1");
	}
	bytes_add_char(&body, '}');
	patch(r, "/api/v1/leads/lead_2", bytes_str(&body).at);
	assert_int_equal(r->answer.status, 400);
	assert_true(utf8_valid(r->answer.body));
	for (size_t i = 0; i + 3 < r->answer.body.len; i++)
		problems += memcmp(r->answer.body.at + i, ": is", 4) == 0;
	assert_int_equal(problems, PROBLEMS_MAX);
	assert_true(r->answer.body.len < 150 * PROBLEMS_MAX);
	bytes_done(&body);
}

static void
bodies_that_are_no_update(void **state)
{
	struct rig *r = *state;

	refuse(r, "", "\"body: is not valid JSON (line 1, column 0)\"");
	refuse(r, "{\"email\":\"secret@x.y\"",
	    "\"body: is not valid JSON (line 1, column 21)\"");
	refuse(r, "[]", "\"body: must be an object\"");
	refuse(r, "\"text\"", "\"body: must be an object\"");
	refuse(r, "{} {}", "\"body: is not valid JSON (line 1, column 4)\"");
	refuse(r, "{\"tags\":[],\"tags\":[]}",
	    "\"body: a key stands twice in one object (line 1, column 17)\"");
	refuse(r, "{\"customFields\":{\"a\":1,\"a\":1}}",
	    "\"body: a key stands twice in one object (line 1, column 26)\"");
	refuse(r, "{\"submissionCount\":123456789012345678901234567890}",
	    "\"body: a number is out of range (line 1, column 49)\"");
	refuse(r, "{\"firstName\":\"\xff\"}",
	    "\"body: is not UTF-8 (line 1, column 14)\"");
}

static void
deep_bodies_are_refused(void **state)
{
	struct rig *r = *state;
	struct bytes body;

	bytes_init(&body, (size_t)1 << 20);
	bytes_add_text(&body, "{\"customFields\":{\"a\":");
	for (int i = 0; i < 100000; i++)
		bytes_add_char(&body, '[');
	patch(r, "/api/v1/leads/lead_2", bytes_str(&body).at);
	assert_int_equal(r->answer.status, 400);
	assert_non_null(memmem(r->answer.body.at, r->answer.body.len,
	    "body: is nested too deeply", 26));
	bytes_done(&body);
}

static void
headers_are_asked_for(void **state)
{
	struct rig *r = *state;

	compose(r, "PATCH", "/api/v1/leads/lead_2", STR("{}"));
	r->headers[2].value = STR("Application/JSON; charset=utf-8");
	ask(r);
	assert_answer(r, 200, UPDATED);

	compose(r, "PATCH", "/api/v1/leads/lead_2", STR("{}"));
	r->headers[2].value = STR("text/json");
	ask(r);
	assert_answer(r, 400,
	    INVALID("\"Content-Type: must be application/json\""));

	compose(r, "PATCH", "/api/v1/leads/lead_2", STR("{}"));
	r->request.header_count = 2; /* neither type nor length */
	ask(r);
	assert_answer(r, 400,
	    INVALID("\"Content-Type: must be application/json\","
	            "\"Content-Length: is required\""));

	compose(r, "PATCH", "/api/v1/leads/lead_2", STR("{}"));
	r->headers[3].value = STR("3");
	ask(r);
	assert_answer(r, 400, INVALID("\"Content-Length: is not the body's\""));
}

static void
keys_are_proved(void **state)
{
	static const struct str wrong[] = { { "", 0 },
		{ "key-of-this-test-012345678", 26 },
		{ "key-of-this-test-01234567890", 28 },
		{ "Key-of-this-test-0123456789", 27 },
		{ "key-of-this-test-0123456788", 27 } };
	struct rig *r = *state;

	for (size_t i = 0; i < COUNT_OF(wrong); i++) {
		compose(r, "PATCH", "/api/v1/leads/lead_2", STR("no JSON"));
		r->headers[1].value = wrong[i];
		ask(r);
		assert_answer(r, 401, UNAUTHORIZED);
	}
	compose(r, "GET", "/api/v1/leads/none", STR(""));
	r->headers[1].name = STR("Authorization");
	ask(r);
	assert_answer(r, 401, UNAUTHORIZED);

	compose(r, "GET", "/api/v1/leads/lead_2", STR(""));
	r->headers[0] = (struct header){ STR("X-API-Key"), STR(KEY) };
	ask(r); /* twice is once too often */
	assert_answer(r, 401, UNAUTHORIZED);
	holds(r, "");
}

static void
leads_that_are_not_there(void **state)
{
	static const char *const paths[] = { "/api/v1/leads/lead_3",
		"/api/v1/leads/lead_2/", "/api/v1/leads/", "/api/v1/leads",
		"/api/v1/leads/a%2fb", "/api/v1/leads/..", "/", "" };
	struct rig *r = *state;

	for (size_t i = 0; i < COUNT_OF(paths); i++) {
		patch(r, paths[i], "{}");
		assert_answer(r, 404, NOT_FOUND);
		compose(r, "GET", paths[i], STR(""));
		ask(r);
		assert_answer(r, 404, NOT_FOUND);
	}
	/* A wrong body is told of before a wrong lead. */
	patch(r, "/api/v1/leads/lead_3", "{\"x\":1}");
	assert_int_equal(r->answer.status, 400);
}

static void
any_valid_id_exists(void **state)
{
	struct rig *r = *state;
	char *lead;

	patch(r, "/api/v1/leads/new-one", "{\"country\":\"NO\"}");
	assert_answer(r, 200, UPDATED);
	lead = api_lead(r->api, STR("new-one"));
	assert_string_equal(lead,
	    "{\n  \"leadId\": \"new-one\",\n  \"country\": \"NO\"\n}");
	base_free(lead);
	patch(r, "/api/v1/leads/not.valid", "{}");
	assert_answer(r, 404, NOT_FOUND);
}

static void
the_store_has_a_ceiling(void **state)
{
	struct rig *r = *state;
	char path[64];

	for (int i = 0; i < STORE_LEADS_MAX - 2; i++) {
		snprintf(path, sizeof(path), "/api/v1/leads/n%d", i);
		patch(r, path, "{}");
		assert_int_equal(r->answer.status, 200);
	}
	patch(r, "/api/v1/leads/one-more", "{}");
	assert_int_equal(r->answer.status, 400);
	update(r, "{\"detail\":\"those that are there go on\"}");
}

static void
other_methods_are_not_allowed(void **state)
{
	static const char *const methods[] = { "POST", "PUT", "DELETE", "HEAD",
		"patch" };
	struct rig *r = *state;

	for (size_t i = 0; i < COUNT_OF(methods); i++) {
		compose(r, methods[i], "/api/v1/leads/lead_2", STR("{}"));
		ask(r);
		assert_answer(r, 405,
		    "{\"success\":false,\"error\":"
		    "{\"code\":\"METHOD_NOT_ALLOWED\","
		    "\"message\":\"Method not allowed\"}}");
		assert_str(r->answer.allow, "GET, PATCH");
	}
}

static void
the_last_request_is_kept_without_its_key(void **state)
{
	struct rig *r = *state;
	char *last = api_last_request(r->api);

	assert_null(last);
	update(r, "{\"detail\":\"first\"}");
	compose(r, "PATCH", "/api/v1/leads/lead_2?x=1", STR("{\"detail\": 2}"));
	r->request.path = STR("/api/v1/leads/lead_2");
	ask(r);
	assert_int_equal(r->answer.status, 400);
	compose(r, "GET", "/api/v1/leads/lead_2", STR(""));
	ask(r);
	last = api_last_request(r->api);
	assert_string_equal(last,
	    "PATCH /api/v1/leads/lead_2?x=1 HTTP/1.1\n"
	    "Host: localhost\n"
	    "x-api-key: ********\n"
	    "Content-Type: application/json\n"
	    "Content-Length: 13\n"
	    "\n"
	    "{\"detail\": 2}");
	base_free(last);
}

static void
a_lead_is_printed_to_be_read(void **state)
{
	struct rig *r = *state;
	char *lead = api_lead(r->api, STR("none"));

	assert_null(lead);
	update(r,
	    "{\"tags\":[\"a\",1],\"address\":{},\"repostedTo\":[],"
	    "\"compliance\":{\"tcpaConsent\":true}}");
	lead = api_lead(r->api, STR("lead_2"));
	assert_string_equal(lead,
	    "{\n"
	    "  \"leadId\": \"lead_2\",\n"
	    "  \"tags\": [\n"
	    "    \"a\",\n"
	    "    1\n"
	    "  ],\n"
	    "  \"address\": {},\n"
	    "  \"repostedTo\": [],\n"
	    "  \"compliance\": {\n"
	    "    \"tcpaConsent\": true\n"
	    "  }\n"
	    "}");
	base_free(lead);
}

/* jansson's allocations: `left` succeed, the next ones fail. */
static long left;

static void *
scarce(size_t size)
{
	return left-- > 0 ? malloc(size) : NULL;
}

/*
 * With less memory than it takes, an update is refused and leaves nothing
 * behind. (jansson cannot always tell a missing byte from bad syntax.)
 */
static void
an_update_is_whole_however_little_memory_there_is(void **state)
{
	struct rig *r = *state;
	long enough = 0;
	int status;

	update(r, "{\"questionnaire\":[{\"key\":\"a\",\"answer\":1}]}");
	do {
		json_set_alloc_funcs(scarce, free);
		left = enough++;
		patch(r, "/api/v1/leads/lead_2",
		    "{\"deleteQuestionnaireKeys\":[\"a\"],\"tags\":[1.5],"
		    "\"questionnaire\":[{\"key\":\"b\",\"answer\":{}}],"
		    "\"notes\":[{\"text\":\"t\"}]}");
		json_set_alloc_funcs(malloc, free);
		status = r->answer.status;
		assert_true(status == 200 || status == 400 || status == 503);
		if (status != 200)
			holds(r,
			    ",\"questionnaire\":[{\"key\":\"a\","
			    "\"answer\":1}]");
	} while (status != 200 && enough < 1000);
	assert_in_range(enough, 50, 999);
	compose(r, "GET", "/api/v1/leads/lead_2", STR(""));
	ask(r);
	assert_non_null(
	    memmem(r->answer.body.at, r->answer.body.len, "\"key\":\"b\"", 9));
}

#define test(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
#define test_any(f) cmocka_unit_test_setup_teardown(f, set_up_any, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		test(updates_and_reads),
		test(numbers_and_texts_stay_exact),
		test(objects_and_tags_replace),
		test(answers_merge_by_key),
		test(answers_are_deleted_before_others_are_given),
		test(notes_append_with_a_stamp),
		test(a_lead_has_a_ceiling_and_an_update_is_whole),
		test(problems_name_every_field),
		test(problems_have_a_ceiling),
		test(bodies_that_are_no_update),
		test(deep_bodies_are_refused),
		test(headers_are_asked_for),
		test(keys_are_proved),
		test(leads_that_are_not_there),
		test_any(any_valid_id_exists),
		test_any(the_store_has_a_ceiling),
		test(other_methods_are_not_allowed),
		test(the_last_request_is_kept_without_its_key),
		test(an_update_is_whole_however_little_memory_there_is),
		test(a_lead_is_printed_to_be_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
