/* tests/unit/settings/test_syntax.c - what is said of a file that is none. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "unit/cmocka_all.h"
#include "settings/settings.h"

/* libconfig 1.5 forgets a text that is never closed. */
const char *__lsan_default_suppressions(void);

const char *
__lsan_default_suppressions(void)
{
	return "leak:libconfig.so";
}

static char *
faults_printed(struct faults *all)
{
	struct bytes out;
	char *text;

	bytes_init(&out, 100000);
	faults_print(all, &out);
	text = base_copy(bytes_str(&out).at);
	bytes_done(&out);
	faults_done(all);
	return text;
}

/* What is printed of the text, "x.cfg:" in front and the line's end apart. */
static void
expect(const char *text, const char *want)
{
	struct faults all = { 0 };
	struct settings_file *f = settings_parse(str_of(text), "x.cfg", &all);
	char *line = base_print("x.cfg:%s\n", want), *got;

	if (f != NULL)
		fail_msg("%s: was taken", text);
	got = faults_printed(&all);
	assert_string_equal(got, line);
	base_free(got);
	base_free(line);
}

#define QUOTES "a text stands in double quotes, a path as \"{$.name}\""

static void
a_mistake_is_told_where_it_is_and_what_is_written_instead(void **state)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{ "a = {$.x};", "1:6: " QUOTES },
		{ "a = $.x;", "1:5: " QUOTES },
		{ "a = @.x;", "1:5: " QUOTES },
		{ "a = '{$.x}';",
		    "1:5: a text stands in double quotes, not in single ones" },
		{ "a = hot;",
		    "1:5: a text stands in double quotes; without them there "
		    "are only numbers, true and false" },
		{ "a = \"{$['b\"]}\";",
		    "1:11: the text ends here; a \" within it is written \\\", "
		    "and in a path ' does as well" },
		{ "g: {\n a = \"{$[\"b\"]}\"; };",
		    "2:10: the text ends here; a \" within it is written \\\", "
		    "and in a path ' does as well" },
		{ "a = \"{$.x};\nb = \"{$.y}\";",
		    "1:5: this text goes on to line 2; its closing \" is "
		    "missing" },
		{ "a = \"x",
		    "1:5: this text is never closed; a \" is missing" },
		{ "a = \"x\\\"",
		    "1:5: this text is never closed; a \" is missing" },
		{ "a = ;", "1:5: a value is missing here" },
		{ "a = ( 1, );", "1:10: a value is missing here" },
		{ "a = ( 1 2 );", "1:9: ',' or ')' is expected here" },
		{ "a = [ 1; ];", "1:8: ',' or ']' is expected here" },
		{ "a = [ 1, \"b\" ];",
		    "1:10: the values of [ ] are of one kind; ( ) takes any" },
		{ "a = [ { b = 1; } ];",
		    "1:7: [ ] is for plain values; groups and lists stand in "
		    "( )" },
		{ "a = ( 1,\n 2", "1:5: this '(' is never closed" },
		{ "a: { b = 1;\n", "1:4: this '{' is never closed" },
		{ "a = 1; };", "1:8: nothing is open that this '}' ends" },
		{ "a.b = 1;",
		    "1:2: '=' is expected behind a name, which is of letters, "
		    "digits, '-' and '_'" },
		{ "a \"x\";", "1:3: '=' is expected behind a name" },
		{ "{ \"a\": 1 }",
		    "1:1: a name is expected here; it begins with a letter" },
		{ "a: { \"b\": 1 };",
		    "1:6: a name is expected here; it has no quotes" },
		{ "2nd = 1;",
		    "1:1: a name is expected here; it begins with a letter" },
		{ "_b = 1;",
		    "1:1: a name is expected here; it begins with a letter" },
		{ "true = 1;",
		    "1:1: a name is expected here; it begins with a letter" },
		{ "g: {\n a = 1;\n b: { a = 2; };\n a = 3;\n};",
		    "4:2: 'a' stands twice in this group, first in line 2" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		expect(rows[i].text, rows[i].want);
}

/* A key may stand where it was pasted without quotes, or with too few. */
static void
no_value_is_repeated(void **state)
{
	static const char *const rows[] = { "a = sk_live_hunter2;",
		"a = \"x\"hunter2\";", "a = \"hunter2", "a = 'hunter2';",
		"a = [ 1, \"hunter2\" ];", "\"hunter2\" = 1;", "a hunter2;",
		"a = (\"hunter2\" \"x\" hunter2);" };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct faults all = { 0 };
		char *got;

		assert_null(settings_parse(str_of(rows[i]), "x.cfg", &all));
		got = faults_printed(&all);
		if (strstr(got, "hunter2") != NULL)
			fail_msg("%s: %s", rows[i], got);
		assert_non_null(strstr(got, "x.cfg:1:"));
		base_free(got);
	}
}

/* What libconfig takes is not looked at; what only it refuses, it tells. */
static void
the_words_are_libconfigs_where_there_are_no_better(void **state)
{
	(void)state;
	expect("a = [ 1, 1.5 ];", "1: mismatched element type in array");
}

static void
what_nests_past_all_reason_is_left_to_libconfig(void **state)
{
	struct bytes text;
	struct faults all = { 0 };

	(void)state;
	bytes_init(&text, 1 << 20);
	bytes_add_text(&text, "a = ");
	for (size_t i = 0; i < 200000; i++)
		bytes_add_char(&text, '(');
	assert_null(settings_parse(bytes_str(&text), "x.cfg", &all));
	assert_int_equal(all.count, 1);
	assert_int_equal(all.list[0].column, 0);
	faults_done(&all);
	bytes_done(&text);
}

/* Of a group with more names than are compared, too. */
static void
many_names_are_no_burden(void **state)
{
	struct bytes text;
	struct faults all = { 0 };

	(void)state;
	bytes_init(&text, 1 << 20);
	for (size_t i = 0; i < 2000; i++)
		bytes_addf(&text, "n%zu = 1;\n", i);
	bytes_add_text(&text, "last = ;");
	assert_null(settings_parse(bytes_str(&text), "x.cfg", &all));
	assert_int_equal(all.list[0].line, 2001);
	assert_int_equal(all.list[0].column, 8);
	faults_done(&all);
	bytes_done(&text);
}

static char *
write_temporary(const char *end, const char *text)
{
	char *path = base_print("/tmp/test_syntax.XXXXXX%s", end);
	int fd = mkstemps(path, (int)strlen(end));

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(close(fd), 0);
	return path;
}

/* Of settings it is not: the URL of a journal has a password in it. */
static void
the_line_is_shown_where_that_is_asked_for(void **state)
{
	static const char text[] = "a = \"x\";\nb = {$.c};\n";
	char *path = write_temporary(".cfg", text);
	struct faults all = { 0 };
	char *got;

	(void)state;
	assert_null(settings_open(path, &all));
	got = faults_printed(&all);
	assert_string_equal(got + strlen(path), ":2:6: " QUOTES "\n");
	base_free(got);
	assert_null(settings_open_shown(path, &all));
	got = faults_printed(&all);
	assert_string_equal(got + strlen(path),
	    ":2:6: " QUOTES "\n"
	    "    2 | b = {$.c};\n"
	    "      |      ^\n");
	base_free(got);
	unlink(path);
	base_free(path);
}

static void
no_line_is_shown_of_what_is_no_mapping(void **state)
{
	char *path = write_temporary(".http", "POST /x?token=hunter2 H\n");
	struct faults all = { 0 };
	char *got;

	(void)state;
	assert_null(settings_open_shown(path, &all));
	got = faults_printed(&all);
	assert_null(strstr(got, "hunter2"));
	assert_string_equal(got + strlen(path),
	    ":1:6: '=' is expected behind a name\n");
	base_free(got);
	unlink(path);
	base_free(path);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_mistake_is_told_where_it_is_and_what_is_written_instead),
		cmocka_unit_test(no_value_is_repeated),
		cmocka_unit_test(
		    the_words_are_libconfigs_where_there_are_no_better),
		cmocka_unit_test(
		    what_nests_past_all_reason_is_left_to_libconfig),
		cmocka_unit_test(many_names_are_no_burden),
		cmocka_unit_test(the_line_is_shown_where_that_is_asked_for),
		cmocka_unit_test(no_line_is_shown_of_what_is_no_mapping),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
