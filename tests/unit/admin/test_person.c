/* tests/unit/console/test_person.c - whose an event is, however it was sent. */
#include "unit/cmocka_all.h"

#include "admin/admin_person.h"

#define HEAD "POST /h%s HTTP/1.1\r\nContent-Type: %s\r\n%s\r\n%s"

static const struct {
	const char *type, *query, *header, *body;
	bool is;
} events[] = {
	{ "application/json", "", "", "{\"a\":[{\"b\":\"ann@x.example\"}]}",
	    true },
	{ "application/json", "", "", "{\"a\":\" ANN@X.example \"}", true },
	{ "application/json", "", "", "{\"a\":\"ann\\u0040x.example\"}", true },
	{ "application/json", "", "", "{\"a\":\"to ann@x.example\"}", false },
	{ "application/json", "", "", "{\"a\":\"joann@x.example\"}", false },
	{ "application/json", "", "", "{\"ann@x.example\":1}", false },
	{ "application/json", "?e=ann%40x.example", "", "{}", true },
	{ "application/json", "?e=joann%40x.example", "", "{}", false },
	{ "application/json", "", "X-From: Ann@x.example\r\n", "{}", true },
	{ "application/x-www-form-urlencoded", "", "", "n=1&e=Ann%40x.example",
	    true },
	{ "application/x-www-form-urlencoded", "", "", "e=ann%40x.example.org",
	    false },
	{ "application/xml", "", "", "<a><b>ann@x.example</b></a>", true },
	{ "multipart/form-data; boundary=b", "", "",
	    "--b\r\nContent-Disposition: form-data; name=\"e\"\r\n\r\n"
	    "ann@x.example\r\n--b--\r\n",
	    true },
	/* What cannot be read is looked through as bytes. */
	{ "application/json", "", "", "{\"a\":\"ann@x.example\"", true },
	{ "application/json", "", "", "{\"a\":\"ann@x.example.org\"", false },
	{ "application/json", "", "", "{\"a\":\"jo.ann@x.example\"", false },
	{ "image/png", "", "", "ann@x.example", true },
	{ "application/json", "", "", "ann@x.exampl", false },
};

static struct str
print_event(size_t i, struct bytes *out)
{
	bytes_init(out, 4096);
	bytes_addf(out, HEAD, events[i].query, events[i].type, events[i].header,
	    events[i].body);
	return bytes_str(out);
}

static void
an_event_is_who_it_names(void **state)
{
	struct arena *arena = arena_new((size_t)1 << 24);
	struct bytes text;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(events); i++) {
		if (person_in_event(print_event(i, &text), STR("ann@X.example"),
		        arena) != events[i].is)
			fail_msg("event %zu: %s", i, events[i].body);
		bytes_done(&text);
		arena_reset(arena);
	}
	assert_false(person_in_event(STR_NONE, STR("ann@x.example"), arena));
	assert_true(person_in_event(STR("no request: ann@x.example"),
	    STR("ann@x.example"), arena));
	arena_free(arena);
}

static void
an_update_is_who_it_names(void **state)
{
	struct arena *arena = arena_new((size_t)1 << 20);
	struct str ann = STR("ann@x.example");

	(void)state;
	assert_true(
	    person_in_update(STR("{\"email\":\"Ann@x.example\"}"), ann, arena));
	assert_false(person_in_update(STR("{\"detail\":\"of ann@x.example\"}"),
	    ann, arena));
	assert_false(person_in_update(STR_NONE, ann, arena));
	arena_free(arena);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_event_is_who_it_names),
		cmocka_unit_test(an_update_is_who_it_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
