/*
 * test_mapping_limits.c - what a stranger can make large stays bounded, and
 * what the case folders cannot say: derived settings, memory, reuse.
 */
#include "unit/mapping/one_mapping.h"

#include <pthread.h>
#include <stdio.h>

/* Runs the mapping once on a JSON text, all of it in the arena. */
static int
run(const struct mapping *m, struct arena *arena, struct str json,
    struct mapping_update *out, struct fault *why)
{
	struct mapping_input in = { .arena = arena };
	struct mapping_events events;

	in.document = decode_json(arena, json, &decode_limits_default, why);
	if (in.document == NULL || mapping_split(m, &in, &events, why) == -1)
		return -1;
	assert_int_equal(events.count, 1);
	return mapping_run(m, &in, events.at[0], out, why);
}

/* [{},{},...] of so many items. */
static struct str
many_items(const char *item, size_t count)
{
	struct bytes text;
	size_t len;

	bytes_init(&text, (size_t)64 << 20);
	bytes_add_char(&text, '[');
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			bytes_add_char(&text, ',');
		bytes_add_text(&text, item);
	}
	bytes_add_char(&text, ']');
	len = text.len;
	return (struct str){ bytes_take(&text), len };
}

static void
expect_too_large(const char *mapping, struct str json, const char *text)
{
	struct compiled c = compile(mapping);
	struct arena *arena = arena_new((size_t)256 << 20);
	struct mapping_update u;
	struct fault why = { 0 };

	assert_int_equal(run(c.mapping, arena, json, &u, &why), -1);
	assert_int_equal(why.code, FAULT_TOO_LARGE);
	assert_non_null(strstr(why.text, text));
	arena_free(arena);
	drop(&c);
}

static void
each_is_bounded(void **state)
{
	struct str json = many_items("1", 10001);

	(void)state;
	expect_too_large("lead_id = \"a\";"
	                 "update: { tags: { each = \"$[*]\"; as = \"{@}\"; }; "
	                 "};",
	    json, "$[*] goes over more than 10000 items");
	base_free((void *)(uintptr_t)json.at);
}

/* What json has read is counted as what the body brought. */
static void
each_of_a_text_is_bounded(void **state)
{
	struct str list = many_items("1", 10001);
	char *json = base_print("{\"raw\":\"%.*s\"}", STR_ARG(list));

	(void)state;
	expect_too_large("lead_id = \"a\";"
	                 "update: { tags: { each = \"$.raw | json\";"
	                 " as = \"{@}\"; }; };",
	    str_of(json), "$.raw | json goes over more than 10000 items");
	base_free(json);
	base_free((void *)(uintptr_t)list.at);
}

/*
 * Each of 5,000 items has a text that is laid behind the event: it takes
 * memory for what is laid down, and not for all of it once more.
 */
static void
texts_of_items_take_their_own_room(void **state)
{
	struct str json = many_items("\"[1]\"", 5000);
	struct compiled c = compile(
	    "lead_id = \"a\"; update: { customFields: { x: { each = \"$[*]\";"
	    " as: { each = \"@ | json\"; as = \"{@}\"; }; }; }; };");
	struct arena *arena = arena_new((size_t)8 << 20);
	struct mapping_update u;
	struct fault why = { 0 };

	(void)state;
	if (run(c.mapping, arena, json, &u, &why) == -1)
		fail_msg("%s", why.text);
	assert_int_equal(u.body.len,
	    strlen("{\"customFields\":{\"x\":[]}}") + 5000 * 4 - 1);
	arena_free(arena);
	drop(&c);
	base_free((void *)(uintptr_t)json.at);
}

/* The ceiling is the update's, not one each's: nesting does not multiply. */
static void
nested_each_is_bounded_as_a_whole(void **state)
{
	struct str json = many_items("1", 150);

	(void)state;
	expect_too_large("lead_id = \"a\";"
	                 "update: { tags: { each = \"$[*]\";"
	                 " as: { each = \"$[*]\"; as = \"{@}\"; }; }; };",
	    json, "goes over more than 10000 items");
	base_free((void *)(uintptr_t)json.at);
}

static void
the_body_is_bounded(void **state)
{
	struct bytes text;
	struct str json;

	(void)state;
	bytes_init(&text, 4096);
	bytes_add_char(&text, '"');
	for (int i = 0; i < 1000; i++)
		bytes_add_char(&text, 'x');
	bytes_add_char(&text, '"');
	json = many_items(bytes_str(&text).at, 1100);
	expect_too_large("lead_id = \"a\"; update: { tags = \"{$}\"; };", json,
	    "1048576 bytes");
	base_free((void *)(uintptr_t)json.at);
	bytes_done(&text);
}

/*
 * With an arena of every size from nothing up: a fault that is no bug, or
 * the whole update; never a part of it.
 */
static void
short_memory_is_a_fault(void **state)
{
	static const char mapping
	    [] = "lead_id = \"{$.id}\";"
	         "update: {"
	         " detail = \"{$.a[*] | join('-')} {received_at()}\";"
	         " tags = \"{$.a[*]}\";"
	         " questionnaire: { each = \"$.a\"; as: { key = \"k{@}\"; }; };"
	         " customFields: { r: { each = \"remainder($.raw | json)\";"
	         "  as = \"{key()}\"; }; x: { each = \"$.raw | json |"
	         "  get('$.*')\"; as = \"{@}\"; }; }; };";
	static const char json[] = "{\"id\":\"lead_1\",\"a\":[1,2,3,4,5,6,7,8],"
	                           "\"raw\":\"{\\\"b\\\":1,\\\"c\\\":2}\"}";
	struct compiled c = compile(mapping);
	size_t failed = 0;
	bool done = false;

	(void)state;
	for (size_t size = 0; !done; size += 16) {
		struct arena *arena = arena_new(size);
		struct mapping_update u;
		struct fault why = { 0 };

		done = run(c.mapping, arena, str_of(json), &u, &why) == 0;
		if (done) {
			assert_str(u.lead_id, "lead_1");
			assert_int_equal(u.body.at[u.body.len - 1], '}');
		} else {
			failed++;
			assert_true(why.code == FAULT_BUSY ||
			    why.code == FAULT_TOO_LARGE);
		}
		arena_free(arena);
		assert_true(size < ((size_t)1 << 20));
	}
	assert_true(failed > 10);
	drop(&c);
}

static enum mapping_writes
writes_of(const char *text)
{
	struct compiled c = compile(text);
	enum mapping_writes writes = mapping_writes(c.mapping);

	drop(&c);
	return writes;
}

/* Notes add: a mapping that sets them says "append", unless told better. */
static void
writes_follow_the_fields(void **state)
{
	(void)state;
	assert_int_equal(writes_of("lead_id = \"a\";"
	                           "update: { firstName = \"x\"; };"),
	    MAPPING_SET);
	assert_int_equal(writes_of(
	                     "lead_id = \"a\";"
	                     "update: { notes = ( { text = \"x\"; } ); };"),
	    MAPPING_APPEND);
	assert_int_equal(writes_of(
	                     "lead_id = \"a\"; writes = \"set\";"
	                     "update: { notes = ( { text = \"x\"; } ); };"),
	    MAPPING_SET);
	assert_int_equal(writes_of("lead_id = \"a\"; writes = \"append\";"
	                           "update: { firstName = \"x\"; };"),
	    MAPPING_APPEND);
}

/* The rest of a route's file is somebody else's. */
static void
other_settings_are_left_alone(void **state)
{
	struct compiled c = compile("route = \"/x\"; sender = \"generic\";"
	                            "verify: { type = \"none\"; }; mode = 5;"
	                            "lead_id = \"a\";"
	                            "update: { firstName = \"x\"; };");

	(void)state;
	drop(&c);
}

static void
settings_are_named_for_the_route(void **state)
{
	static const char *const names[] = { "empty", "events", "lead_id",
		"region", "tables", "update", "when", "writes" };
	size_t i = 0;

	(void)state;
	for (; mapping_settings[i] != NULL; i++)
		assert_string_equal(mapping_settings[i], names[i]);
	assert_int_equal(i, COUNT_OF(names));
}

static void
free_takes_null(void **state)
{
	(void)state;
	mapping_free(NULL);
}

/* Every fault of a file, in one go; none of them ends the compiling. */
static void
all_faults_are_found_at_once(void **state)
{
	static const char text[] = "when = \"$.\"; lead_id = \"{$\";"
	                           "update: { emial = 1; email = 2; };"
	                           "tables: { unused = ( (1, 2) ); };";
	struct faults all = { 0 };
	struct settings_file *f = settings_parse(str_of(text), "x.cfg", &all);

	(void)state;
	assert_non_null(f);
	assert_null(mapping_compile(settings_root(f), &all));
	assert_int_equal(all.count, 5);
	settings_close(f);
	faults_done(&all);
}

/* A fault of somebody else's before ours does not fail the mapping. */
static void
faults_before_are_not_ours(void **state)
{
	static const char text[] = "lead_id = \"a\";"
	                           "update: { firstName = \"x\"; };";
	struct faults all = { 0 };
	struct settings_file *f = settings_parse(str_of(text), "x.cfg", &all);
	struct mapping *m;

	(void)state;
	faults_add(&all, "other.cfg", 1, "something else");
	m = mapping_compile(settings_root(f), &all);
	assert_non_null(m);
	assert_int_equal(all.count, 1);
	mapping_free(m);
	settings_close(f);
	faults_done(&all);
}

/* Nothing of a lead may be in a fault's text, wherever it goes wrong. */
static void
faults_never_show_values(void **state)
{
	static const char *const updates[] = {
		"email = \"{$.v}\"",
		"phone = \"{$.v}\"",
		"country = \"{$.v}\"",
		"status = \"{$.v}\"",
		"dateOfBirth = \"{$.v}\"",
		"address = \"{$.v}\"",
		"submissionCount = \"{$.v}\"",
		"firstName = \"{$.v[*]}\"",
		"phone = \"{$.v}{$.v}\"",
		"lastName = \"{$.v | lookup($.v, 'a', 'b') | required}\"",
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(updates); i++) {
		char *text = base_print("lead_id = \"a\"; update: { %s; };",
		    updates[i]);
		struct compiled c = compile(text);
		struct arena *arena = arena_new((size_t)1 << 20);
		struct mapping_update u;
		struct fault why = { 0 };

		if (run(c.mapping, arena, STR("{\"v\":\"SECRET\"}"), &u,
		        &why) == -1) {
			assert_null(strstr(why.text, "SECRET"));
			assert_null(strstr(why.where, "SECRET"));
			assert_int_not_equal(why.where[0], '\0');
		}
		arena_free(arena);
		drop(&c);
		base_free(text);
	}
}

#define THREADS 4

static void *
run_many(void *arg)
{
	const struct mapping *m = arg;
	struct arena *arena = arena_new((size_t)1 << 20);

	for (int i = 0; i < 200; i++) {
		struct mapping_update u;
		struct fault why = { 0 };

		arena_reset(arena);
		if (run(m, arena, STR("{\"id\":\"l\",\"a\":[1,2]}"), &u,
		        &why) != 0 ||
		    !str_eq(u.body,
		        STR("{\"detail\":\"1, 2\",\"tags\":[1,2]}")))
			break;
		if (i == 199) {
			arena_free(arena);
			return arg;
		}
	}
	arena_free(arena);
	return NULL;
}

static void
threads_may_share_a_mapping(void **state)
{
	struct compiled c = compile("lead_id = \"{$.id}\"; update: {"
	                            " detail = \"{$.a[*] | join(', ')}\";"
	                            " tags = \"{$.a}\"; };");
	pthread_t threads[THREADS];

	(void)state;
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, run_many,
		                     c.mapping),
		    0);
	for (int i = 0; i < THREADS; i++) {
		void *got = NULL;

		pthread_join(threads[i], &got);
		assert_ptr_equal(got, c.mapping);
	}
	drop(&c);
}

/* Others' bytes stand before the body; what fails leaves them alone. */
static void
a_body_is_printed_behind_what_is_there(void **state)
{
	static const struct {
		const char *json;
		int rc;
		const char *bytes;
	} cases[] = {
		{ "{\"id\":\"l\",\"a\":\"x\"}", 0, "head{\"detail\":\"x\"}" },
		{ "{\"id\":\"l\",\"a\":[]}", -1, "head" },
		{ "{\"id\":\"l\"}", -1, "head" },
		{ "{\"a\":\"x\"}", -1, "head" },
		{ "{\"id\":\"l\",\"a\":\"xxxxxxxxxxxxxxx\"}", -1, "head" },
	};
	struct compiled c = compile(
	    "lead_id = \"{$.id}\"; update: { detail = \"{$.a}\"; };");
	struct arena *arena = arena_new(1 << 16);
	struct mapping_input in = { .arena = arena };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct mapping_update u = { 0 };
		struct fault why = { 0 };
		struct bytes body;

		bytes_init(&body, 24);
		bytes_add_text(&body, "head");
		in.document = decode_json(arena, str_of(cases[i].json),
		    &decode_limits_default, &why);
		assert_int_equal(mapping_print(c.mapping, &in, DOC_NONE, &body,
		                     &u, &why),
		    cases[i].rc);
		assert_str(bytes_str(&body), cases[i].bytes);
		if (cases[i].rc == 0)
			assert_str(u.body, cases[i].bytes + 4);
		bytes_done(&body);
	}
	arena_free(arena);
	drop(&c);
}

/* An object of 20,000 bytes, asked for by each of 2,000 items. */
static void
a_remainder_is_made_once_an_update(void **state)
{
	static char json[1 << 16];
	struct compiled c = compile(
	    "lead_id = \"l\"; update: { tags: { each = \"$.items\"; as = "
	    "\"{remainder($.rest) | get('$.small')}\"; }; };");
	struct arena *arena = arena_new((size_t)2 << 20);
	struct mapping_update u;
	struct fault why = { 0 };
	size_t len = (size_t)snprintf(json, sizeof(json),
	    "{\"rest\":{\"small\":\"s\",\"large\":\"%020000d\"},"
	    "\"items\":[0",
	    1);

	(void)state;
	for (size_t i = 1; i < 2000; i++) {
		json[len++] = ',';
		json[len++] = '0';
	}
	memcpy(json + len, "]}", sizeof("]}"));
	if (run(c.mapping, arena, str_of(json), &u, &why) == -1)
		fail_msg("%s", why.text);
	assert_int_equal(u.body.len, strlen("{\"tags\":[]}") + 2000 * 4 - 1);
	arena_free(arena);
	drop(&c);
}

/* At each place: "mapping.cfg:2:..: update.detail: remainder() is it". */
static void
a_remainder_is_refused_where_it_stands(void **state)
{
	struct compiled c = compile(
	    "lead_id = \"l\"; update: { detail = \"{ remainder ( ) }\";\n"
	    "  customFields: { a = \"{$.x ?? remainder($.a)}\";\n"
	    "    b: { each = \"remainder($.b)\"; as = \"{@}\"; };\n"
	    "    c: { each = \"$.y ?? remainder($.b)\"; as = \"{@}\"; }; }; "
	    "};");
	struct faults all = { 0 };
	struct bytes text;

	(void)state;
	mapping_refuse_rest(c.mapping, STR("{\"z\":1,\"b\":{\"c\":1}}"),
	    "is it", &all);
	bytes_init(&text, 1 << 20);
	faults_print(&all, &text);
	assert_non_null(strstr(text.data,
	    "test.cfg:1:38: update.detail: remainder() is it\n"));
	assert_non_null(strstr(text.data,
	    "test.cfg:3:18: update.customFields.b.each: remainder() is it\n"));
	assert_non_null(strstr(text.data,
	    "test.cfg:4:25: update.customFields.c.each: remainder() is it\n"));
	assert_int_equal(all.count, 3);
	bytes_done(&text);
	faults_done(&all);
	drop(&c);
}

/* What stands where nobody names it, and a remainder is of that object. */
static void
a_mapping_knows_what_its_remainders_send(void **state)
{
	static const struct {
		const char *field, *body;
		size_t faults;
	} rows[] = {
		{ "{remainder()}", "{\"key\":\"\"}", 1 },
		{ "{remainder()} {$.key}", "{\"key\":\"\"}", 0 },
		{ "{remainder()} {$.a.key}", "{\"a\":{\"key\":\"\"}}", 0 },
		{ "{remainder()} {$.b}", "{\"a\":{\"key\":\"\"}}", 1 },
		{ "{remainder($.a)}", "{\"key\":\"\"}", 0 },
		{ "{remainder($.a)}", "{\"a\":\"\"}", 0 },
		{ "{remainder($.a)}", "{\"a\":{\"key\":\"\"}}", 1 },
		{ "{remainder($.a)} {$.a.key}", "{\"a\":{\"key\":\"\"}}", 0 },
		{ "{remainder($.b)} {remainder($.a)}", "{\"a\":{\"key\":\"\"}}",
		    1 },
		{ "{remainder($.a)}", "{\"a\":{\"b\":{\"key\":\"\"}}}", 1 },
		{ "{remainder($.a[1])}", "{\"a\":[null,{\"key\":\"\"}]}", 1 },
		{ "{remainder($.a[0])}", "{\"a\":[null,{\"key\":\"\"}]}", 0 },
		{ "{remainder($.a)}", "", 1 },
		{ "{remainder($.a | json)}", "{\"key\":\"\"}", 0 },
		{ "{remainder($.a | json)}", "{\"a\":\"{\\\"k\\\":1}\"}", 1 },
		{ "{remainder($.a, 'key')}", "{\"a\":{\"key\":\"\"}}", 0 },
		{ "{remainder($, 'key')}", "{\"key\":\"\"}", 0 },
		{ "{$.a}", "", 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char *text = base_print("lead_id = \"l\"; update: { detail = "
		                        "\"%s\"; };",
		    rows[i].field);
		struct compiled c = compile(text);
		struct faults all = { 0 };

		mapping_refuse_rest(c.mapping, str_of(rows[i].body), "is it",
		    &all);
		if (all.count != rows[i].faults)
			fail_msg("%s of %s: %zu", rows[i].field, rows[i].body,
			    all.count);
		faults_done(&all);
		drop(&c);
		base_free(text);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_body_is_printed_behind_what_is_there),
		cmocka_unit_test(each_is_bounded),
		cmocka_unit_test(each_of_a_text_is_bounded),
		cmocka_unit_test(texts_of_items_take_their_own_room),
		cmocka_unit_test(nested_each_is_bounded_as_a_whole),
		cmocka_unit_test(the_body_is_bounded),
		cmocka_unit_test(short_memory_is_a_fault),
		cmocka_unit_test(writes_follow_the_fields),
		cmocka_unit_test(other_settings_are_left_alone),
		cmocka_unit_test(settings_are_named_for_the_route),
		cmocka_unit_test(free_takes_null),
		cmocka_unit_test(all_faults_are_found_at_once),
		cmocka_unit_test(faults_before_are_not_ours),
		cmocka_unit_test(faults_never_show_values),
		cmocka_unit_test(threads_may_share_a_mapping),
		cmocka_unit_test(a_remainder_is_made_once_an_update),
		cmocka_unit_test(a_remainder_is_refused_where_it_stands),
		cmocka_unit_test(a_mapping_knows_what_its_remainders_send),
	};

	return cmocka_run_group_tests_name("mapping limits", tests, NULL, NULL);
}
