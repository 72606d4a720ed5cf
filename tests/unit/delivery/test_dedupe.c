/* tests/unit/delivery/test_dedupe.c - what makes two webhooks the same. */
#include "unit/cmocka_all.h"

#include "delivery/delivery_dedupe.h"

static struct dedupe *
load(const char *text, struct settings_file **file, struct faults *all)
{
	*file = settings_parse(str_of(text), "unit.cfg", all);
	assert_non_null(*file);
	return dedupe_new(config_setting_get_member(settings_root(*file),
	                      "dedupe"),
	    all);
}

/* The key of a body, into out; "" when there is none. */
static void
key_of(const char *setting, const char *body, char *out, size_t size)
{
	struct faults all = { 0 };
	struct fault why = { 0 };
	struct settings_file *file;
	struct dedupe *d = load(setting, &file, &all);
	struct arena *arena = arena_new((size_t)1 << 20);
	struct dedupe_event event = { .id = STR("the id"),
		.digest = STR("the digest") };
	struct str key;

	assert_non_null(d);
	event.document = decode_json(arena, str_of(body),
	    &decode_limits_default, &why);
	assert_int_equal(dedupe_key(d, &event, arena, &key), 0);
	snprintf(out, size, "%.*s", STR_ARG(key));
	arena_free(arena);
	dedupe_free(d);
	settings_close(file);
}

static void
assert_key(const char *setting, const char *body, const char *wanted)
{
	char key[256];

	key_of(setting, body, key, sizeof(key));
	assert_string_equal(key, wanted);
}

static void
each_kind_has_its_key(void **state)
{
	(void)state;
	assert_key("", "{}", "the id");
	assert_key("dedupe = \"id\";", "{}", "the id");
	assert_key("dedupe = \"body\";", "{}", "the digest");
	assert_key("dedupe = \"none\";", "{}", "");
}

static void
paths_give_their_values(void **state)
{
	static const char two[] = "dedupe = ( \"$.a\", \"$.b.c\" );";

	(void)state;
	assert_key(two, "{\"a\":\"x\",\"b\":{\"c\":1.50}}", "\"x\"\n1.50\n");
	assert_key(two, "{\"a\":\"x\\n1\",\"b\":{\"c\":true}}",
	    "\"x\\n1\"\ntrue\n");
}

static void
a_value_that_is_missing_makes_no_key(void **state)
{
	static const char two[] = "dedupe = ( \"$.a\", \"$.b\" );";

	(void)state;
	assert_key(two, "{\"a\":\"x\"}", "");
	assert_key(two, "{\"a\":\"x\",\"b\":null}", "");
	assert_key(two, "{\"a\":\"x\",\"b\":{}}", "");
	assert_key(two, "no json", "");
}

static void
an_empty_id_is_none(void **state)
{
	struct faults all = { 0 };
	struct settings_file *file;
	struct dedupe *d = load("", &file, &all);
	struct dedupe_event event = { .id = STR("") };
	struct str key = STR("x");

	(void)state;
	assert_int_equal(dedupe_key(d, &event, NULL, &key), 0);
	assert_null(key.at);
	dedupe_free(d);
	settings_close(file);
}

/* Long values tell events apart, too; and where there is no room, all end. */
static void
values_may_be_long(void **state)
{
	struct faults all = { 0 };
	struct fault why = { 0 };
	struct settings_file *file;
	struct dedupe *d = load("dedupe = ( \"$.a\" );", &file, &all);
	struct arena *arena = arena_new((size_t)1 << 20);
	struct arena *small = arena_new(4096);
	static char body[100000];
	struct dedupe_event event = { 0 };
	struct str key;

	(void)state;
	memset(body, 'x', sizeof(body) - 1);
	memcpy(body, "{\"a\":\"", 6);
	memcpy(body + sizeof(body) - 3, "\"}", 2);
	event.document = decode_json(arena, str_of(body),
	    &decode_limits_default, &why);
	assert_non_null(event.document);
	assert_int_equal(dedupe_key(d, &event, arena, &key), 0);
	assert_int_equal(key.len, sizeof(body) - 1 - 5);
	assert_int_equal(dedupe_key(d, &event, small, &key), -1);
	arena_free(small);
	arena_free(arena);
	dedupe_free(d);
	settings_close(file);
}

#define FIVE "\"$.a\", \"$.a\", \"$.a\", \"$.a\", \"$.a\""

static void
what_is_wrong_is_said(void **state)
{
	static const char *const wrong[] = {
		"dedupe = \"ids\";",
		"dedupe = 7;",
		"dedupe = ( );",
		"dedupe = ( \"$.a[*]\" );",
		"dedupe = ( \"a\" );",
		"dedupe = ( 1 );",
		"dedupe = ( " FIVE ", " FIVE " );",
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(wrong); i++) {
		struct faults all = { 0 };
		struct settings_file *file;

		assert_null(load(wrong[i], &file, &all));
		assert_int_equal(all.count, 1);
		assert_non_null(strstr(all.list[0].text, "dedupe: "));
		faults_done(&all);
		settings_close(file);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_kind_has_its_key),
		cmocka_unit_test(paths_give_their_values),
		cmocka_unit_test(a_value_that_is_missing_makes_no_key),
		cmocka_unit_test(an_empty_id_is_none),
		cmocka_unit_test(values_may_be_long),
		cmocka_unit_test(what_is_wrong_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
