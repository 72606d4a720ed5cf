/*
 * tests/unit/verify/test_parts.c - the small parsers, each by itself: times,
 * addresses, forms, JSON members, recipes, hashes.
 */
#include "unit/cmocka_all.h"

#include "verify/verify_scheme.h"

static struct arena *arena;

static int
setup(void **state)
{
	(void)state;
	arena = arena_new((size_t)4 << 20);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	arena_free(arena);
	return 0;
}

struct time_row {
	enum time_unit unit;
	const char *text;
	int64_t ms; /* -1: refused */
};

static const struct time_row times[] = {
	{ TIME_S, "1700000000", 1700000000000 },
	{ TIME_S, "0", 0 },
	{ TIME_S, "9999999999999", 9999999999999000 },
	{ TIME_S, "10000000000000", -1 }, /* fourteen digits */
	{ TIME_S, "", -1 },
	{ TIME_S, "-1", -1 },
	{ TIME_S, "+1", -1 },
	{ TIME_S, " 1", -1 },
	{ TIME_S, "1.5", -1 },
	{ TIME_S, "1e9", -1 },
	{ TIME_S, "0x10", -1 },
	{ TIME_S, "Infinity", -1 },
	{ TIME_S, "NaN", -1 },
	{ TIME_MS, "1700000000123", 1700000000123 },
	{ TIME_MS, "17000000001234", -1 },
	{ TIME_AUTO, "1700000000", 1700000000000 },
	{ TIME_AUTO, "1700000000123", 1700000000123 },
	{ TIME_AUTO, "99999999999", 99999999999000 },
	{ TIME_AUTO, "100000000000", 100000000000 },
	{ TIME_AUTO, "soon", -1 },
	{ TIME_ISO8601, "2023-11-14T22:13:20Z", 1700000000000 },
	{ TIME_ISO8601, "2023-11-14 22:13:20Z", 1700000000000 },
	{ TIME_ISO8601, "2023-11-14T22:13:20.5Z", 1700000000500 },
	{ TIME_ISO8601, "2023-11-14T22:13:20.123456789Z", 1700000000123 },
	{ TIME_ISO8601, "2023-11-14T22:13:20.1234567891Z", -1 },
	{ TIME_ISO8601, "2023-11-14T22:13:20.Z", -1 },
	{ TIME_ISO8601, "2023-11-15T00:13:20+02:00", 1700000000000 },
	{ TIME_ISO8601, "2023-11-14T17:13:20-0500", 1700000000000 },
	{ TIME_ISO8601, "2023-11-14T22:13:20", -1 }, /* where? */
	{ TIME_ISO8601, "2023-11-14T22:13:20z", -1 },
	{ TIME_ISO8601, "2023-11-14T22:13:20+2:00", -1 },
	{ TIME_ISO8601, "2023-11-14T22:13:20+24:00", -1 },
	{ TIME_ISO8601, "2023-11-14T22:13:20Zx", -1 },
	{ TIME_ISO8601, "2023-13-14T22:13:20Z", -1 },
	{ TIME_ISO8601, "2023-00-14T22:13:20Z", -1 },
	{ TIME_ISO8601, "2023-11-32T22:13:20Z", -1 },
	{ TIME_ISO8601, "2023-11-14T24:13:20Z", -1 },
	{ TIME_ISO8601, "2023-11-14T22:60:20Z", -1 },
	{ TIME_ISO8601, "1969-11-14T22:13:20Z", -1 },
	{ TIME_ISO8601, "2023-11-14", -1 },
	{ TIME_ISO8601, "2023-11-14T", -1 },
	{ TIME_ISO8601, "1700000000", -1 },
	{ TIME_ISO8601, "", -1 },
};

static void
times_are_strict(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(times); i++) {
		const struct time_row *t = &times[i];
		int64_t got = time_parse(t->unit, str_of(t->text));

		if (got < 0 ? t->ms != -1 : got != t->ms)
			fail_msg("'%s' is %lld", t->text, (long long)got);
	}
}

static void
times_print_as_they_parse(void **state)
{
	static const enum time_unit units[] = { TIME_S, TIME_MS, TIME_ISO8601,
		TIME_AUTO };
	struct bytes text;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(units); i++) {
		bytes_init_in(&text, arena, 64);
		time_print(units[i], 1700000000000, &text);
		assert_int_equal(time_parse(units[i], bytes_str(&text)),
		    1700000000000);
	}
	assert_str(bytes_str(&text), "1700000000");
}

static void
the_other_port_is_found(void **state)
{
	static const char *const rows[][2] = {
		{ "https://a.example", "https://a.example:443" },
		{ "https://a.example:443", "https://a.example" },
		{ "http://a.example", "http://a.example:80" },
		{ "http://a.example:80/x/", "http://a.example/x/" },
		{ "https://a.example/x", "https://a.example:443/x" },
		{ "https://[2001:db8::1]", "https://[2001:db8::1]:443" },
		{ "https://[2001:db8::1]:443", "https://[2001:db8::1]" },
		{ "https://a.example:8443", NULL },
		{ "https://a.example:80", NULL },
		{ "http://a.example:443", NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct str got = url_other_port(str_of(rows[i][0]), arena);

		assert_null(url_problem(str_of(rows[i][0])));
		if (rows[i][1] == NULL)
			assert_null(got.at);
		else
			assert_str(got, rows[i][1]);
	}
}

static void
hubspot_decodes_twelve_escapes_and_no_more(void **state)
{
	struct verifier v = { .bases = { STR("https://a.example") },
		.base_count = 1,
		.decode_url = true };
	const struct request r = { .peer = STR("192.0.2.1") };
	struct urls urls;

	(void)state;
	assert_int_equal(urls_make(&v, &r,
	                     STR("/h%3A%2F%3F%40%21%24%27%28%29%2A%2C%3B?q=%3a"
	                         "%20%25%41%&%2"),
	                     arena, &urls),
	    VERIFY_OK);
	assert_int_equal(urls.count, 2);
	assert_str(urls.list[0],
	    "https://a.example/h:/?@!$'()*,;?q=:%20%25%41%&%2");
	assert_str(urls.list[1],
	    "https://a.example"
	    "/h%3A%2F%3F%40%21%24%27%28%29%2A%2C%3B?q=%3a%20%25%41%&%2");
	assert_int_equal(urls_make(&v, &r, STR("/plain"), arena, &urls),
	    VERIFY_OK);
	assert_int_equal(urls.count, 1);
}

struct field_row {
	const char *text;
	const char *name;
	const char *value; /* or NULL */
	enum verify_result result;
};

static const struct field_row forms[] = {
	{ "a=1&token=x+y%21", "token", "x y!", VERIFY_OK },
	{ "t%6Fken=x", "token", "x", VERIFY_OK },
	{ "%74%6F%6B%65%6E=x", "token", "x", VERIFY_OK },
	{ "my+name=x", "my name", "x", VERIFY_OK },
	{ "token=a=b", "token", "a=b", VERIFY_OK },
	{ "&&token=x&", "token", "x", VERIFY_OK },
	{ "", "token", NULL, VERIFY_MISSING },
	{ "token", "token", NULL, VERIFY_MISSING },
	{ "token=", "token", NULL, VERIFY_MISSING },
	{ "Token=x", "token", NULL, VERIFY_MISSING },
	{ "tokens=x", "token", NULL, VERIFY_MISSING },
	{ "t%6ken=x", "token", NULL, VERIFY_MISSING },
	{ "token=x&token=x", "token", NULL, VERIFY_MALFORMED },
	{ "token=x&t%6Fken=y", "token", NULL, VERIFY_MALFORMED },
	{ "token=&token=y", "token", NULL, VERIFY_MALFORMED },
	{ "token=%zz", "token", NULL, VERIFY_MALFORMED },
	{ "token=%2", "token", NULL, VERIFY_MALFORMED },
};

static const struct field_row jsons[] = {
	{ "{\"token\":\"x\"}", "token", "x", VERIFY_OK },
	{ " {\n\t\"a\" : [1, {\"token\":\"no\"}], \"token\" : \"x\" } ",
	    "token", "x", VERIFY_OK },
	{ "{\"a\":\"}\\\"]\",\"token\":\"x\"}", "token", "x", VERIFY_OK },
	{ "{\"a\":{\"b\":[\"}\"]},\"token\":\"x\",\"c\":null}", "token", "x",
	    VERIFY_OK },
	{ "{\"token\":1700000000}", "token", "1700000000", VERIFY_OK },
	{ "{\"token\": 12 ,\"b\":1}", "token", "12", VERIFY_OK },
	{ "{\"t\\u006fken\":\"x\"}", "token", "x", VERIFY_OK },
	{ "{\"token\":\"a\\/b\\n\\u00e9\\ud83d\\ude00\\\\\"}", "token",
	    "a/b\n\xc3\xa9\xf0\x9f\x98\x80\\", VERIFY_OK },
	{ "", "token", NULL, VERIFY_MISSING },
	{ "[{\"token\":\"x\"}]", "token", NULL, VERIFY_MISSING },
	{ "\"token\"", "token", NULL, VERIFY_MISSING },
	{ "{}", "token", NULL, VERIFY_MISSING },
	{ "{\"token\":\"\"}", "token", NULL, VERIFY_MISSING },
	{ "{\"Token\":\"x\"}", "token", NULL, VERIFY_MISSING },
	{ "{\"a\":{\"token\":\"x\"}}", "token", NULL, VERIFY_MISSING },
	{ "{\"token\":\"x\",\"token\":\"x\"}", "token", NULL,
	    VERIFY_MALFORMED },
	{ "{\"token\":\"x\",\"t\\u006fken\":\"y\"}", "token", NULL,
	    VERIFY_MALFORMED },
	{ "{\"token\":\"x", "token", NULL, VERIFY_MALFORMED },
	{ "{\"token\":\"x\\\"}", "token", NULL, VERIFY_MALFORMED },
	{ "{\"token\":\"x\"", "token", NULL, VERIFY_MALFORMED },
	{ "{\"token\" \"x\"}", "token", NULL, VERIFY_MALFORMED },
	{ "{token:\"x\"}", "token", NULL, VERIFY_MALFORMED },
	{ "{\"token\":\"\\q\"}", "token", NULL, VERIFY_MALFORMED },
	{ "{\"token\":\"\\u12\"}", "token", NULL, VERIFY_MALFORMED },
	{ "{\"token\":\"\\ud83d\"}", "token", NULL, VERIFY_MALFORMED },
	{ "{\"token\":\"\\ude00\"}", "token", NULL, VERIFY_MALFORMED },
	{ "{\"token\":\"\\ud83d\\u0041\"}", "token", NULL, VERIFY_MALFORMED },
	{ "{\"a\":[1,2", "token", NULL, VERIFY_MALFORMED },
	{ "{\"a\":1,\"b\"", "token", NULL, VERIFY_MALFORMED },
};

static const struct field_row paths[] = {
	{ "{\"a\":{\"b\":\"x\"}}", "a.b", "x", VERIFY_OK },
	{ "[\"p\", {\"id\": 7}, [true]]", "[1].id", "7", VERIFY_OK },
	{ "[\"p\", {\"id\": 7}, [true]]", "[2][0]", "true", VERIFY_OK },
	{ "[\"p\\u0041\"]", "[0]", "pA", VERIFY_OK },
	{ " { \"a\" : [ { } , { \"b\" : [ 1 , \"x\" ] } ] } ", "a[1].b[1]", "x",
	    VERIFY_OK },
	{ "{\"a.b\":{\"c[0]\":\"x\"}}", "['a.b']['c[0]']", "x", VERIFY_OK },
	{ "{\"a\":{\"b\":1}}", "a", "{\"b\":1}", VERIFY_OK },
	{ "{\"a\":[\"]\",\"}\",\"x\"]}", "a[2]", "x", VERIFY_OK },
	{ "{\"a\":[1,2]}", "a[2]", NULL, VERIFY_MISSING },
	{ "{\"a\":[]}", "a[0]", NULL, VERIFY_MISSING },
	{ "{\"a\":[\"\"]}", "a[0]", NULL, VERIFY_MISSING },
	{ "{\"a\":{\"0\":1}}", "a[0]", NULL, VERIFY_MISSING },
	{ "{\"a\":[1]}", "a.0", NULL, VERIFY_MISSING },
	{ "{\"a\":7}", "a.b", NULL, VERIFY_MISSING },
	{ "{\"a\":null}", "a.b", NULL, VERIFY_MISSING },
	/* A text that somebody typed is no object. */
	{ "{\"a\":\"{\\\"b\\\":1}\"}", "a.b", NULL, VERIFY_MISSING },
	{ "{\"a\":{\"b\":1},\"a\":{\"b\":1}}", "a.b", NULL, VERIFY_MALFORMED },
	{ "{\"a\":{\"b\":1,\"b\":1}}", "a.b", NULL, VERIFY_MALFORMED },
	{ "[1", "[0]", NULL, VERIFY_MALFORMED },
	{ "[1 2]", "[5]", NULL, VERIFY_MISSING },
	{ "[\"a\" \"b\"]", "[1]", NULL, VERIFY_MALFORMED },
	{ "[1}", "[0]", NULL, VERIFY_MALFORMED },
	{ "[\"x", "[0]", NULL, VERIFY_MALFORMED },
	{ "", "[0]", NULL, VERIFY_MISSING },
	{ "[", "[0]", NULL, VERIFY_MISSING },
};

static void
paths_are_whole(void **state)
{
	static const char *const good[] = { "a", "a.b", "a[0]", "[0]", "[0][1]",
		"a[0].b", "['a b'].c", "a['.']", "a-b_c", "a[9999]" };
	static const char *const bad[] = { "", ".", "a.", ".a", "a..b", "a[",
		"a[]", "a[x]", "a[-1]", "a[1", "a[0]b", "a['b]", "a['']",
		"a['b'", "a.[0]", "a[10000]" };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(good); i++)
		if (!json_path_fits(str_of(good[i])))
			fail_msg("'%s' is refused", good[i]);
	for (size_t i = 0; i < COUNT_OF(bad); i++)
		if (json_path_fits(str_of(bad[i])))
			fail_msg("'%s' is taken", bad[i]);
}

typedef enum verify_result (*field_reader)(struct str text, struct str name,
    struct arena *arena, struct str *value);

static void
check_fields(const struct field_row *rows, size_t count, field_reader read)
{
	for (size_t i = 0; i < count; i++) {
		const struct field_row *row = &rows[i];
		struct str value = STR("untouched");
		enum verify_result got = read(str_of(row->text),
		    str_of(row->name), arena, &value);

		if (got != row->result)
			fail_msg("'%s' is %s", row->text,
			    verify_result_name(got));
		if (got == VERIFY_OK)
			assert_str(value, row->value);
	}
}

static void
form_fields_are_found_once_or_not_at_all(void **state)
{
	(void)state;
	check_fields(forms, COUNT_OF(forms), form_field);
}

static void
json_members_are_found_once_or_not_at_all(void **state)
{
	(void)state;
	check_fields(jsons, COUNT_OF(jsons), json_path);
}

static void
json_paths_are_followed(void **state)
{
	(void)state;
	check_fields(paths, COUNT_OF(paths), json_path);
}

static void
forms_are_sorted_and_doubles_dropped(void **state)
{
	static const char *const rows[][2] = {
		{ "b=2&a=1", "a1b2" },
		{ "a=2&a=1&a=2", "a1a2" },
		{ "Sid=x&SidAccount=y", "SidxSidAccounty" },
		{ "a=%2B1+2&&b", "a+1 2b" },
		{ "", "" },
		{ "&", "" },
	};
	struct str out;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		assert_true(form_sorted(str_of(rows[i][0]), arena, &out));
		assert_str(out, rows[i][1]);
	}
	assert_false(form_sorted(STR("a=%"), arena, &out));
}

static void
a_form_of_absurdly_many_fields_is_refused(void **state)
{
	static char many[2 * 4096 + 1];
	struct str out;

	(void)state;
	for (size_t i = 0; i + 1 < sizeof(many); i += 2) {
		many[i] = 'a';
		many[i + 1] = '&';
	}
	assert_false(
	    form_sorted((struct str){ many, sizeof(many) - 1 }, arena, &out));
	assert_true(
	    form_sorted((struct str){ many, sizeof(many) - 4 }, arena, &out));
	assert_str(out, "a");
}

static void
recipes_keep_literal_braces(void **state)
{
	struct recipe t;
	struct fault why = { 0 };

	(void)state;
	assert_int_equal(recipe_parse(STR("{{v0}}:{header:X-A}{body}"), arena,
	                     &t, &why),
	    0);
	assert_int_equal(t.count, 3);
	assert_int_equal(t.parts[0].kind, PART_LITERAL);
	assert_str(t.parts[0].text, "{v0}:");
	assert_int_equal(t.parts[1].kind, PART_HEADER);
	assert_str(t.parts[1].text, "X-A");
	assert_int_equal(t.parts[2].kind, PART_BODY);
	assert_true(recipe_has(&t, PART_BODY));
	assert_false(recipe_has(&t, PART_URL));
}

/* FIPS 180: "abc" under each. */
static void
hashes_are_what_they_are_called(void **state)
{
	static const char *const want[] = {
		[HASH_SHA1] = "a9993e364706816aba3e25717850c26c9cd0d89d",
		[HASH_SHA256] = "ba7816bf8f01cfea414140de5dae2223"
		                "b00361a396177a9cb410ff61f20015ad",
		[HASH_SHA512] = "ddaf35a193617abacc417349ae204131"
		                "12e6fa4e89a97ea20a9eeee64b55d39a"
		                "2192992a274fc1a836ba3c23a3feebbd"
		                "454d4423643ce80e2a9ac94fa54ca49f",
	};
	unsigned char out[HASH_SIZE_MAX];
	struct bytes hex;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(want); i++) {
		hash_str(&hashes[i], STR("abc"), out);
		bytes_init_in(&hex, arena, 200);
		bytes_add_hex(&hex, out, hashes[i].size);
		assert_str(bytes_str(&hex), want[i]);
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(times_are_strict),
		TEST(times_print_as_they_parse),
		TEST(the_other_port_is_found),
		TEST(hubspot_decodes_twelve_escapes_and_no_more),
		TEST(form_fields_are_found_once_or_not_at_all),
		TEST(json_members_are_found_once_or_not_at_all),
		TEST(json_paths_are_followed),
		TEST(paths_are_whole),
		TEST(forms_are_sorted_and_doubles_dropped),
		TEST(a_form_of_absurdly_many_fields_is_refused),
		TEST(recipes_keep_literal_braces),
		TEST(hashes_are_what_they_are_called),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
