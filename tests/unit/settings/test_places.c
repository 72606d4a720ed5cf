/* tests/unit/settings/test_places.c - line and column of a setting's fault. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "unit/cmocka_all.h"
#include "settings/settings.h"

static char folder[] = "/tmp/test_places.XXXXXX";

static int
make_folder(void **state)
{
	(void)state;
	return mkdtemp(folder) != NULL ? 0 : -1;
}

static int
drop_folder(void **state)
{
	static const char *const names[] = { "main.cfg", "part.cfg" };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		char *path = base_print("%s/%s", folder, names[i]);

		unlink(path);
		base_free(path);
	}
	return rmdir(folder);
}

/* The file's path, yours to base_free. */
static char *
write_file(const char *name, const char *text)
{
	char *path = base_print("%s/%s", folder, name);
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
	return path;
}

static const config_setting_t *
lookup(const struct settings_file *f, const char *path)
{
	const config_setting_t *s = config_lookup(settings_root(f)->config,
	    path);

	if (s == NULL)
		fail_msg("%s is not there", path);
	return s;
}

/* What one fault at the place prints, the folder apart. */
static void
expect(const struct settings_file *f, const char *path, size_t at,
    const char *want)
{
	struct faults all = { 0 };
	struct bytes out;
	struct str got;

	settings_fault_in(&all, lookup(f, path), at, "wrong");
	bytes_init(&out, 10000);
	faults_print(&all, &out);
	got = bytes_str(&out);
	if (str_starts(got, str_of(folder)))
		got = str_skip(got, strlen(folder) + 1);
	assert_string_equal(got.at, want);
	bytes_done(&out);
	faults_done(&all);
}

static struct settings_file *
parse(const char *text)
{
	struct faults all = { 0 };
	struct settings_file *f = settings_parse(str_of(text), "m.cfg", &all);

	if (f == NULL)
		fail_msg("%s", all.list[0].text);
	return f;
}

static void
a_setting_is_found_by_its_names(void **state)
{
	struct settings_file *f = parse(
	    "a = { x = 1; }; /* x = 2 */ b: { # x = 3\n"
	    "  y = \"x = 4;\"; x = ( 5, [ 6, 7 ], { x = 8 } ) };\n"
	    "c = \"one\" \"two\"; x = 9");

	(void)state;
	expect(f, "a.x", SETTINGS_VALUE,
	    "m.cfg:1:11: wrong\n"
	    "    1 | a = { x = 1; }; /* x = 2 */ b: { # x = 3\n"
	    "      |           ^\n");
	expect(f, "b.x.[1].[1]", SETTINGS_VALUE,
	    "m.cfg:2:31: wrong\n"
	    "    2 |   y = \"x = 4;\"; x = ( 5, [ 6, 7 ], { x = 8 } ) };\n"
	    "      |                               ^\n");
	expect(f, "b.x.[2].x", SETTINGS_NAME,
	    "m.cfg:2:38: wrong\n"
	    "    2 |   y = \"x = 4;\"; x = ( 5, [ 6, 7 ], { x = 8 } ) };\n"
	    "      |                                      ^\n");
	expect(f, "b.x", SETTINGS_VALUE,
	    "m.cfg:2:17: wrong\n"
	    "    2 |   y = \"x = 4;\"; x = ( 5, [ 6, 7 ], { x = 8 } ) };\n"
	    "      |                 ^\n");
	expect(f, "x", SETTINGS_VALUE,
	    "m.cfg:3:22: wrong\n"
	    "    3 | c = \"one\" \"two\"; x = 9\n"
	    "      |                      ^\n");
	settings_close(f);
	f = parse("l = ( \"a\" \"b\", \"c\" )");
	expect(f, "l.[1]", 0,
	    "m.cfg:1:17: wrong\n    1 | l = ( \"a\" \"b\", \"c\" )\n"
	    "      |                 ^\n");
	settings_close(f);
}

static void
a_byte_of_a_text_is_found_through_escapes_and_joins(void **state)
{
	static const char line[] = "a = \"\\\"\\x41\\q\" /* \" */ \"z\";";
	struct settings_file *f = parse(line);
	/* "A\qz : quote, A, backslash, q, z, and behind them */
	static const unsigned columns[] = { 6, 8, 12, 13, 25, 26 };

	(void)state;
	assert_string_equal(config_setting_get_string(lookup(f, "a")),
	    "\"A\\qz");
	for (size_t i = 0; i < COUNT_OF(columns); i++) {
		char *want = base_print("m.cfg:1:%u: wrong\n    1 | %s\n"
		                        "      | %*s\n",
		    columns[i], line, (int)columns[i], "^");

		expect(f, "a", i, want);
		base_free(want);
	}
	settings_close(f);
}

static void
an_included_file_has_places_of_its_own(void **state)
{
	char *part = write_file("part.cfg", "\n  x = \"abc\"; l = ( 1, 2 );\n");
	char *main = write_file("main.cfg",
	    "x = 1;\ng = { y = 1;\n@include \"part.cfg\"\n z = 3; };\n"
	    "list = ( 1,\n@include \"two\"\n 3 );\n");
	char *two = write_file("two", "2,\n");
	struct faults all = { 0 };
	struct settings_file *f = settings_open(main, &all);

	(void)state;
	assert_int_equal(all.count, 0);
	expect(f, "g.x", 1,
	    "part.cfg:2:9: wrong\n"
	    "    2 |   x = \"abc\"; l = ( 1, 2 );\n"
	    "      |         ^\n");
	expect(f, "g.l.[1]", SETTINGS_VALUE,
	    "part.cfg:2:23: wrong\n"
	    "    2 |   x = \"abc\"; l = ( 1, 2 );\n"
	    "      |                       ^\n");
	expect(f, "g.z", SETTINGS_VALUE,
	    "main.cfg:4:6: wrong\n    4 |  z = 3; };\n"
	    "      |      ^\n");
	/* Which element of a list it is, the file alone does not tell. */
	expect(f, "list.[2]", SETTINGS_VALUE, "main.cfg:7: wrong\n");
	settings_close(f);
	unlink(two);
	base_free(two);
	base_free(main);
	base_free(part);
}

static void
a_file_that_changed_or_went_leaves_the_line(void **state)
{
	char *main = write_file("main.cfg", "\na = \"one\";\nb = 1;\n");
	struct faults all = { 0 };
	struct settings_file *f = settings_open(main, &all);

	(void)state;
	assert_non_null(f);
	base_free(write_file("main.cfg", "\n\na = \"on\";"));
	expect(f, "a", 2,
	    "main.cfg:3:5: wrong (at its character 3)\n"
	    "    3 | a = \"on\";\n      |     ^\n");
	expect(f, "b", SETTINGS_VALUE, "main.cfg:3: wrong\n");
	base_free(write_file("main.cfg", "a = \"oxe\";"));
	expect(f, "a", 2,
	    "main.cfg:1:5: wrong (at its character 3)\n"
	    "    1 | a = \"oxe\";\n      |     ^\n");
	base_free(write_file("main.cfg", "a = \""));
	expect(f, "a", 2,
	    "main.cfg:1:5: wrong (at its character 3)\n"
	    "    1 | a = \"\n      |     ^\n");
	unlink(main);
	expect(f, "a", 2, "main.cfg:2: wrong (at its character 3)\n");
	settings_close(f);
	base_free(main);
}

/* Wherever the program was started. */
static void
numbers_of_an_included_file_are_looked_at(void **state)
{
	char *part = write_file("part.cfg", "n = 99999999999;\n");
	char *main = write_file("main.cfg", "@include \"part.cfg\"\n");
	struct faults all = { 0 };

	(void)state;
	assert_null(settings_open(main, &all));
	assert_int_equal(all.count, 1);
	assert_string_equal(all.list[0].where, part);
	assert_int_equal(all.list[0].column, 5);
	faults_done(&all);
	base_free(main);
	base_free(part);
}

/* Past the faults that are kept nothing is looked up any more. */
static void
faults_have_a_ceiling(void **state)
{
	struct settings_file *f = parse("a = 1;");
	struct faults all = { 0 };

	(void)state;
	for (unsigned i = 0; i < 150; i++)
		settings_fault_in(&all, lookup(f, "a"), SETTINGS_VALUE, "x");
	assert_int_equal(all.count, 150);
	assert_true(faults_full(&all));
	assert_int_equal(all.list[all.kept - 1].column, 5);
	assert_non_null(all.excerpts[all.kept - 1]);
	faults_done(&all);
	settings_close(f);
}

/* settings_fault: a secret may stand in the line. */
static void
a_plain_fault_shows_no_line(void **state)
{
	struct settings_file *f = parse("a = 1; key = \"s3cr3t\";");
	struct faults all = { 0 };

	(void)state;
	settings_fault(&all, lookup(f, "key"), "wrong");
	settings_fault_name(&all, lookup(f, "key"), "wrong");
	assert_int_equal(all.list[0].column, 14);
	assert_int_equal(all.list[1].column, 8);
	assert_null(all.excerpts[0]);
	assert_null(all.excerpts[1]);
	faults_done(&all);
	settings_close(f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_setting_is_found_by_its_names),
		cmocka_unit_test(
		    a_byte_of_a_text_is_found_through_escapes_and_joins),
		cmocka_unit_test(an_included_file_has_places_of_its_own),
		cmocka_unit_test(numbers_of_an_included_file_are_looked_at),
		cmocka_unit_test(a_file_that_changed_or_went_leaves_the_line),
		cmocka_unit_test(faults_have_a_ceiling),
		cmocka_unit_test(a_plain_fault_shows_no_line),
	};

	return cmocka_run_group_tests(tests, make_folder, drop_folder);
}
