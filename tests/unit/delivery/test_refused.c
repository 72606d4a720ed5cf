/* tests/unit/delivery/test_refused.c - what is told of a dead letter. */
#include <stdio.h>
#include <unistd.h>

#include "unit/cmocka_all.h"

#include "delivery/delivery_life.h"
#include "delivery/delivery_refused.h"

#define ID "019ac000-0000-7000-8000-00000000000"
#define SAID "the API answered 422"

#define ROUTE(path, method, update)                                            \
	"route = \"" path "\"; method = \"" method "\"; upstream = \"u\"; "    \
	"verify: { type = \"none\"; }; lead_id = \"l\"; update: { " update     \
	"; };"

static struct route *list[3];
static struct routes routes = { .list = list, .count = COUNT_OF(list) };
static struct refusals log_of;
static struct arena *arena;
static char reason[JOURNAL_REASON_SIZE];

static struct route *
load(const char *text)
{
	char path[] = "/tmp/refused-XXXXXX";
	struct faults all = { 0 };
	int fd = mkstemp(path);
	struct route *r;

	assert_int_not_equal(fd, -1);
	assert_true(dprintf(fd, "%s\n", text) > 0);
	close(fd);
	r = route_open(path, NULL, &all);
	assert_non_null(r);
	unlink(path);
	return r;
}

static int
begin(void **state)
{
	(void)state;
	list[0] = load(ROUTE("/a", "POST",
	    "email = \"{$.e}\"; address: { city = \"{$.c}\"; zip = \"1\"; }"));
	list[1] = load(
	    ROUTE("/a", "PUT", "email = \"{$.mail}\"; firstName = \"{$.f}\""));
	list[2] = load(ROUTE("/b", "POST", "email = \"{$.other}\""));
	arena = arena_new((size_t)1 << 20);
	log_of = (struct refusals){ 0 };
	return 0;
}

static int
end(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(list); i++)
		route_close(list[i]);
	arena_free(arena);
	return 0;
}

/* The reason, and the lines of the delivery so far. */
static unsigned
tell(const char *route, const char *id, const char *details, size_t room)
{
	char *body = base_print("{\"success\":false,\"error\":{\"code\":"
	                        "\"VALIDATION_ERROR\",\"details\":%s}}",
	    details);
	unsigned lines = 0;

	snprintf(reason, sizeof(reason), "%s", SAID);
	refused_tell(&(struct refused_update){ .routes = &routes,
	                 .route = route,
	                 .id = id,
	                 .answer = str_of(body),
	                 .scratch = arena,
	                 .log = &log_of },
	    reason, room);
	base_free(body);
	arena_reset(arena);
	for (unsigned i = 0; i < REFUSALS; i++)
		if (strcmp(log_of.last[i].id, id) == 0)
			lines += log_of.last[i].lines;
	return lines;
}

static void
fields_are_named_in_the_reason(void **state)
{
	static const struct {
		const char *route, *details, *said;
		unsigned lines;
	} rows[] = {
		{ "/b", "[\"email: SECRET\"]", ": email", 1 },
		/* Both methods of the path may have made it. */
		{ "/a", "[\"email: SECRET\"]", ": email", 2 },
		{ "/a", "[\"address: SECRET\",\"firstName\"]",
		    ": address.city, address.zip, firstName", 3 },
		/* What no mapping sets, and what is no field. */
		{ "/b", "[\"address.SECRET: x\"]", ": address", 1 },
		{ "/b", "[\"SECRET\"]", "", 1 },
		/* A route that is gone. */
		{ "/gone", "[\"email: x\",\"phone: x\"]", ": email, phone", 2 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char id[] = ID "0";

		id[sizeof(id) - 2] = (char)('0' + i);
		assert_int_equal(tell(rows[i].route, id, rows[i].details,
		                     sizeof(reason)),
		    rows[i].lines);
		assert_true(str_starts(str_of(reason), STR(SAID)));
		assert_string_equal(reason + strlen(SAID), rows[i].said);
	}
}

static void
a_reason_that_is_full_says_so(void **state)
{
	static const char
	    four[] = "[\"email\",\"phone\",\"status\",\"detail\"]";
	size_t used = strlen(SAID);

	(void)state;
	for (size_t room = used + 1; room < sizeof(reason); room++) {
		tell("/b", ID "0", four, room);
		assert_true(strlen(reason) < room);
		/* Whole names, and a word where one is missing. */
		assert_true(strcmp(reason, SAID) == 0 ||
		    strstr(reason, ", ...") != NULL ||
		    strstr(reason, "detail") != NULL);
		assert_true(strstr(reason, "detail") == NULL ||
		    strstr(reason, "...") == NULL);
	}
	assert_string_equal(reason + used, ": email, phone, status, detail");
	tell("/b", ID "0", four, used + 20);
	assert_string_equal(reason + used, ": email, phone, ...");
}

static void
a_delivery_has_so_many_lines_and_no_more(void **state)
{
	(void)state;
	for (unsigned i = 1; i <= 1000; i++) {
		unsigned lines = tell("/b", ID "0", "[\"email\"]",
		    sizeof(reason));

		assert_int_equal(lines, i < BLAME_LINES ? i : BLAME_LINES);
		assert_string_equal(reason, SAID ": email");
		/* Another between them begins with its own. */
		assert_int_equal(tell("/b", ID "1", "[\"email\"]",
		                     sizeof(reason)),
		    lines);
	}
	for (char c = '2'; c <= '9'; c++) {
		char id[] = ID "0";

		id[sizeof(id) - 2] = c;
		assert_int_equal(tell("/b", id, "[\"email\"]", sizeof(reason)),
		    1);
	}
	assert_int_equal(log_of.next, 10);
}

static void
other_answers_leave_the_reason_alone(void **state)
{
	static const char *const bodies[] = { "", "<html>email</html>",
		"{\"error\":{\"code\":\"NOT_FOUND\",\"details\":[\"email\"]}}",
		"{\"success\":false}" };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(bodies); i++) {
		snprintf(reason, sizeof(reason), "%s", SAID);
		refused_tell(&(struct refused_update){ .route = "/b",
		                 .id = ID "0",
		                 .answer = str_of(bodies[i]),
		                 .scratch = arena,
		                 .log = &log_of },
		    reason, sizeof(reason));
		assert_string_equal(reason, SAID);
	}
	assert_int_equal(log_of.next, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(fields_are_named_in_the_reason),
		TEST(a_reason_that_is_full_says_so),
		TEST(a_delivery_has_so_many_lines_and_no_more),
		TEST(other_answers_leave_the_reason_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
