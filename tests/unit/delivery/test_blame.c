/* tests/unit/delivery/test_blame.c - refused fields, back to the mapping. */
#include "unit/cmocka_all.h"

#include "delivery/delivery_envelope.h"
#include "delivery/delivery.h"

/* Line by line, so that places can be told. */
#define MAPPING                                                                \
	"lead_id = \"l\";\n"                                                   \
	"update: {\n"                                                          \
	"  email = \"{$.mail ?? $.email | lower}\";\n"                         \
	"  firstName = \"{$.first} {$.second}\";\n"                            \
	"  lastName = \"{$.none}\";\n"                                         \
	"  detail = \"fixed\";\n"                                              \
	"  address: {\n"                                                       \
	"    city = \"{$.town}\";\n"                                           \
	"    zip = \"{$.zip}\";\n"                                             \
	"  };\n"                                                               \
	"  questionnaire: { each = \"$.answers[*]\"; as: {\n"                  \
	"    key = \"{@.id}\";\n"                                              \
	"    answer = \"{@.value}\"; }; };\n"                                  \
	"  tags = [ \"a\", \"{$.zip}\" ];\n"                                   \
	"};\n"

#define EVENT                                                                  \
	"{\"email\":\"SECRET@X.ORG\",\"first\":\"SECRET\",\"second\":\"b\","   \
	"\"town\":\"SECRET\",\"zip\":\"1\",\"answers\":[{\"id\":\"i\","        \
	"\"value\":\"SECRET\"},{\"id\":\"j\",\"value\":\"SECRET\"}]}"

static void
on_blamed(void *arg, const struct blamed *one)
{
	struct bytes *out = arg;

	bytes_addf(out, "%.*s=%.*s", STR_ARG(one->field), STR_ARG(one->source));
	if (one->file != NULL)
		bytes_addf(out, "@%s:%u", one->file, one->line);
	bytes_add_char(out, '\n');
}

/* Runs the mapping again, or has none to run it with. */
enum how { RUN, LOOK_UP };

/* What is told of an answer with these details. */
static void
told_of(const char *details, enum how how, struct bytes *out)
{
	struct faults all = { 0 };
	struct settings_file *f = settings_parse(STR(MAPPING), "m.cfg", &all);
	struct mapping *m = mapping_compile(settings_root(f), &all);
	struct arena *arena = arena_new(8 << 20);
	char *body = base_print("{\"success\":false,\"error\":{\"code\":"
	                        "\"VALIDATION_ERROR\",\"details\":%s}}",
	    details);
	struct request request = { .method = STR("POST") };
	struct fault why = { 0 };
	struct mapping_update update;
	struct mapping_input in = { .request = &request, .arena = arena };
	struct blame *b;

	assert_non_null(m);
	in.document = decode_json(arena, STR(EVENT), &decode_limits_default,
	    &why);
	b = blame_new(str_of(body), arena, on_blamed, out);
	assert_non_null(b);
	in.watch = blame_watch(b);
	if (how == LOOK_UP)
		blame_lookup(b, m);
	else
		assert_int_equal(mapping_run(m, &in, DOC_NONE, &update, &why),
		    0);
	blame_rest(b);
	base_free(body);
	arena_free(arena);
	mapping_free(m);
	settings_close(f);
}

static void
a_detail_leads_to_its_source(void **state)
{
	static const struct {
		const char *details, *told;
	} rows[] = {
		/* The alternative that was taken, not the first. */
		{ "[\"email: must be an e-mail address\"]",
		    "email=$.email@m.cfg:3\n" },
		{ "[\"Invalid email\"]", "email=$.email@m.cfg:3\n" },
		{ "[\"body.email is wrong. detail follows\"]",
		    "email=$.email@m.cfg:3\n" },
		{ "[\"\\\"firstName\\\" is too short\"]",
		    "firstName=$.first, $.second@m.cfg:4\n" },
		{ "[\"detail: x\"]", "detail=\"fixed\"@m.cfg:6\n" },
		{ "[\"address.zip: x\"]", "address.zip=$.zip@m.cfg:9\n" },
		{ "[\"address['zip'] x\"]", "address.zip=$.zip@m.cfg:9\n" },
		{ "[\"/address/zip x\"]", "address.zip=$.zip@m.cfg:9\n" },
		/* As a whole, or deeper than the mapping says. */
		{ "[\"address: x\"]",
		    "address.city=$.town@m.cfg:8\naddress.zip=$.zip@m.cfg:"
		    "9\n" },
		{ "[\"email.domain: x\"]", "email=$.email@m.cfg:3\n" },
		/* Items of an each are one place; told once. */
		{ "[\"questionnaire[1].answer: x\"]",
		    "questionnaire[].answer=@.value@m.cfg:13\n" },
		{ "[\"questionnaire.0.key: x\"]",
		    "questionnaire[].key=@.id@m.cfg:12\n" },
		{ "[\"tags[0]: x\"]",
		    "tags[0]=\"a\"@m.cfg:14\ntags[1]=$.zip@m.cfg:14\n" },
		/* Objects with a path. */
		{ "[{\"path\":[\"body\",\"address\",\"city\"]}]",
		    "address.city=$.town@m.cfg:8\n" },
		{ "[{\"path\":[\"questionnaire\",0,\"answer\"]}]",
		    "questionnaire[].answer=@.value@m.cfg:13\n" },
		{ "[{\"field\":\"email\",\"message\":\"status\"}]",
		    "email=$.email@m.cfg:3\n" },
		{ "[{\"path\":[],\"message\":\"zip of address\"}]",
		    "address.city=$.town@m.cfg:8\naddress.zip=$.zip@m.cfg:"
		    "9\n" },
		/* As a whole and in a part; for two reasons. */
		{ "[\"email.SECRET\",\"email: x\",\"address: x\","
		  "\"address.zip: x\"]",
		    "email=$.email@m.cfg:3\naddress.city=$.town@m.cfg:8\n"
		    "address.zip=$.zip@m.cfg:9\n" },
		{ "[\"status.a\",\"phone\",\"status.b\"]",
		    "status=\nphone=\n" },
		/* Not in this update. */
		{ "[\"lastName: is required\"]", "lastName=\n" },
		{ "[\"status: x\",\"email: x\"]",
		    "email=$.email@m.cfg:3\nstatus=\n" },
		/* Of no field; what is there may be a value. */
		{ "[\"SECRET@X.ORG is taken\"]", "=\n" },
		{ "[\"email SECRET.emails.email\"]",
		    "email=$.email@m.cfg:3\n" },
		{ "[]", "=\n" },
		{ "null", "=\n" },
		{ "[1,null,[],{},{\"path\":7}]", "=\n" },
		{ "{\"a\":\"email\"}", "email=$.email@m.cfg:3\n" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct bytes out;

		bytes_init(&out, 65536);
		told_of(rows[i].details, RUN, &out);
		assert_string_equal(out.data, rows[i].told);
		bytes_done(&out);
	}
}

static void
without_the_event_all_that_is_written_there_is_told(void **state)
{
	static const struct {
		const char *details, *told;
	} rows[] = {
		{ "[\"email: must be an e-mail address\"]",
		    "email={$.mail ?? $.email | lower}@m.cfg:3\n" },
		{ "[\"detail: x\"]", "detail=\"fixed\"@m.cfg:6\n" },
		/* Whether this event set it, nobody knows. */
		{ "[\"lastName: is required\"]",
		    "lastName={$.none}@m.cfg:5\n" },
		{ "[\"address: x\"]",
		    "address.city={$.town}@m.cfg:8\n"
		    "address.zip={$.zip}@m.cfg:9\n" },
		{ "[\"questionnaire[1].answer: x\"]",
		    "questionnaire[].answer={@.value}@m.cfg:13\n" },
		{ "[\"tags[0]: x\"]",
		    "tags[0]=\"a\"@m.cfg:14\ntags[1]={$.zip}@m.cfg:14\n" },
		{ "[\"status: x\",\"SECRET@X.ORG\"]", "status=\n" },
		{ "[\"SECRET@X.ORG is taken\"]", "=\n" },
		{ "null", "=\n" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct bytes out;

		bytes_init(&out, 65536);
		told_of(rows[i].details, LOOK_UP, &out);
		assert_string_equal(out.data, rows[i].told);
		bytes_done(&out);
	}
}

static size_t
lines_of(const char *each, bool numbered)
{
	struct bytes details, out;
	size_t lines = 0;

	bytes_init(&details, 1 << 20);
	bytes_init(&out, 1 << 20);
	for (int i = 0; i < 5000; i++) {
		bytes_addf(&details, "%s\"%s", i == 0 ? "[" : ",", each);
		if (numbered)
			bytes_add_int(&details, i);
		bytes_add_char(&details, '"');
	}
	bytes_add_char(&details, ']');
	told_of(details.data, RUN, &out);
	for (size_t i = 0; i < out.len; i++)
		lines += out.data[i] == '\n';
	bytes_done(&details);
	bytes_done(&out);
	return lines;
}

static void
many_details_are_bounded_and_told_once(void **state)
{
	(void)state;
	assert_int_equal(lines_of("email: x", false), 1);
	/* A name that no place of the mapping has is told by its first word. */
	assert_int_equal(lines_of("address.line", true), 1);
	/* Deeper than steps are kept. */
	assert_int_equal(lines_of("email.a.b.c.d.e.f.g.h.i.j.k", true), 1);
}

static void
sixteen_fields_are_told(void **state)
{
	struct bytes details, out;
	size_t count, found = 0;
	const struct lead_field *fields = lead_fields(&count);

	(void)state;
	assert_true(count > 16);
	bytes_init(&details, 65536);
	bytes_init(&out, 65536);
	for (size_t i = 0; i < count; i++)
		bytes_addf(&details, "%s\"%s\"", i == 0 ? "[" : ",",
		    fields[i].name);
	bytes_add_char(&details, ']');
	told_of(details.data, RUN, &out);
	for (size_t i = 0; i < count; i++) {
		char line[128];

		/* By itself, or a part of it by its place. */
		snprintf(line, sizeof(line), "%s=", fields[i].name);
		found += strstr(out.data, line) != NULL;
		if (i >= 16)
			assert_null(strstr(out.data, line));
	}
	assert_in_range(found, 16 - 3, 16);
	bytes_done(&details);
	bytes_done(&out);
}

/* What comes before `email` in an answer, and whether it is still found. */
static bool
is_found_behind(const char *before, const char *each, int times,
    const char *behind)
{
	struct bytes details, out;
	bool found;

	bytes_init(&details, 4 << 20);
	bytes_init(&out, 65536);
	bytes_add_text(&details, before);
	for (int i = 0; i < times; i++)
		bytes_add_text(&details, each);
	bytes_add_text(&details, behind);
	told_of(details.data, RUN, &out);
	found = strstr(out.data, "email") != NULL;
	bytes_done(&details);
	bytes_done(&out);
	return found;
}

static void
of_a_large_answer_the_beginning_counts(void **state)
{
	(void)state;
	assert_true(is_found_behind("[", "\"x\",", 255, "\"email\"]"));
	assert_false(is_found_behind("[", "\"x\",", 256, "\"email\"]"));
	assert_true(is_found_behind("[\"", "x ", 100, "email\"]"));
	assert_false(is_found_behind("[\"", "x ", 400000, "email\"]"));
	assert_true(
	    is_found_behind("[{\"path\":[", "\"x\",", 31, "\"email\"]}]"));
	assert_false(
	    is_found_behind("[{\"path\":[", "\"x\",", 32, "\"email\"]}]"));
}

static void
other_answers_are_none(void **state)
{
	static const char *const bodies[] = { "", "{", "[]", "{\"error\":{}}",
		"{\"error\":{\"code\":\"NOT_FOUND\",\"details\":[\"email\"]}}",
		"{\"error\":{\"code\":[\"VALIDATION_ERROR\"]}}" };
	struct arena *arena = arena_new(1 << 20);

	(void)state;
	for (size_t i = 0; i < COUNT_OF(bodies); i++)
		assert_null(
		    blame_new(str_of(bodies[i]), arena, on_blamed, NULL));
	arena_free(arena);
	arena = arena_new(64);
	assert_null(
	    blame_new(STR("{\"error\":{\"code\":\"VALIDATION_ERROR\"}}"), arena,
	        on_blamed, NULL));
	arena_free(arena);
}

static void
a_success_that_is_none_is_seen(void **state)
{
	static const struct {
		const char *body;
		enum envelope_word word;
	} rows[] = {
		{ "{\"success\":true,\"data\":null}", ENVELOPE_FINE },
		{ "{\"success\":true,\"data\":[{}]} \r\n", ENVELOPE_FINE },
		{ "{ \"success\" : true }", ENVELOPE_FINE },
		{ "{\"success\":true,\"data\":\"}\\\"}{\"}", ENVELOPE_FINE },
		{ "{\"success\":false}", ENVELOPE_DECLINES },
		{ " { \"data\":{\"success\":true}, \"success\" : false }",
		    ENVELOPE_DECLINES },
		{ "{\"error\":{},\"success\":false}", ENVELOPE_DECLINES },
		{ "{\"data\":{\"success\":false}}", ENVELOPE_FINE },
		{ "{\"success\":\"false\"}", ENVELOPE_FINE },
		{ "{}", ENVELOPE_FINE },
		{ "false", ENVELOPE_FINE },
		{ "\"}\"", ENVELOPE_FINE },
		/* Odd, and all of it is there. */
		{ "{\"a\":1,\"a\":2}", ENVELOPE_FINE },
		{ "{\"a\":\"\\ud83d\"}", ENVELOPE_FINE },
		{ "{\"a\":\"\xff\"}", ENVELOPE_FINE },
		{ "{\"success\":true}}", ENVELOPE_BROKEN },
		{ "{\"success\":true,\"data\":\"}\"", ENVELOPE_BROKEN },
		{ "{\"data\":null,\"success\":tr}}", ENVELOPE_BROKEN },
		{ "{}{}", ENVELOPE_BROKEN },
		{ "}", ENVELOPE_BROKEN },
		{ "OK", ENVELOPE_BROKEN },
		{ " ", ENVELOPE_BROKEN },
	};
	struct arena *arena = arena_new(1 << 20);

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		if (envelope_word(str_of(rows[i].body), arena) != rows[i].word)
			fail_msg("%s", rows[i].body);
	arena_free(arena);
	/* What cannot be read is not broken for that. */
	arena = arena_new(64);
	assert_int_equal(envelope_word(STR("{\"data\":[1,2,3,4,5,6,7,8,9]}"),
	                     arena),
	    ENVELOPE_FINE);
	arena_free(arena);
}

/* Wherever the connection, or somebody in between, has cut it. */
static void
every_beginning_of_an_answer_is_broken(void **state)
{
	static const char *const bodies[] = {
		"{\"success\":true,\"data\":{\"a\":[\"}]\\\\\",{\"b\":1}]}}",
		"{\"data\":{\"a\":[\"}]\\\"\",{\"b\":1}]},\"success\":true}",
		"[{\"success\":true}]",
	};
	struct arena *arena = arena_new(1 << 20);

	(void)state;
	for (size_t i = 0; i < COUNT_OF(bodies); i++) {
		struct str body = str_of(bodies[i]);

		assert_int_equal(envelope_word(body, arena), ENVELOPE_FINE);
		while (--body.len > 0)
			if (envelope_word(body, arena) != ENVELOPE_BROKEN)
				fail_msg("%.*s", STR_ARG(body));
	}
	arena_free(arena);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_detail_leads_to_its_source),
		cmocka_unit_test(
		    without_the_event_all_that_is_written_there_is_told),
		cmocka_unit_test(many_details_are_bounded_and_told_once),
		cmocka_unit_test(sixteen_fields_are_told),
		cmocka_unit_test(of_a_large_answer_the_beginning_counts),
		cmocka_unit_test(other_answers_are_none),
		cmocka_unit_test(a_success_that_is_none_is_seen),
		cmocka_unit_test(every_beginning_of_an_answer_is_broken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
