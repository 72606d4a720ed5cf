/*
 * tests/unit/console/test_keeper.c - what the keeper goes by: files that
 * change, when they are tried again, what takes a restart, who asks.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "program/program_files.h"
#include "program/program_fixed.h"
#include "keeper/keeper.h"
#include "unit/cmocka_all.h"

static char folder[64];

static void
write_file(const char *name, const char *text)
{
	char *path = base_print("%s/%s", folder, name);
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	base_free(path);
}

/* As those who renew do: the new one takes the old one's name. */
static void
replace_file(const char *name, const char *text)
{
	char *from = base_print("%s/new", folder);
	char *to = base_print("%s/%s", folder, name);

	write_file("new", text);
	assert_int_equal(rename(from, to), 0);
	base_free(from);
	base_free(to);
}

static struct files *files;

static int
begin(void **state)
{
	char *path;

	(void)state;
	strcpy(folder, "/tmp/test-keeper-XXXXXX");
	assert_non_null(mkdtemp(folder));
	setenv("CREDENTIALS_DIRECTORY", folder, 1);
	write_file("a.pem", "a");
	write_file("a.key", "k");
	write_file("secret", "s");
	write_file("cred", "c");
	write_file("part.cfg", "other = { file = \"secret\"; };");
	write_file("leadbridge.cfg",
	    "listen = ( { certificate = \"a.pem\"; key = \"a.key\"; } );\n"
	    "secrets = {\n@include \"part.cfg\"\n"
	    "  one = { credential = \"cred\"; }; two = { env = \"X\"; }; };\n"
	    "upstreams = { api = { ca = \"not-there.pem\"; }; };\n"
	    "routes = \"*.cfg\";\n");
	path = base_print("%s/leadbridge.cfg", folder);
	files = files_of(path);
	base_free(path);
	return 0;
}

static int
end(void **state)
{
	char *command = base_print("rm -r %s", folder);

	(void)state;
	files_free(files);
	assert_int_equal(system(command), 0);
	base_free(command);
	return 0;
}

static void
look(enum files_news wanted, const char *name)
{
	const char *which;

	assert_int_equal(files_look(files, &which), wanted);
	assert_int_equal(which != NULL, name != NULL);
	if (name != NULL)
		assert_string_equal(strrchr(which, '/') + 1, name);
}

static void
test_certificates_keys_and_secrets_are_looked_at(void **state)
{
	(void)state;
	/* The one of the included file is among them. */
	assert_int_equal(files_count(files), 5);
	look(FILES_SAME, NULL);
	replace_file("leadbridge.cfg", "routes = 1;");
	look(FILES_SAME, NULL);
}

static void
test_it_is_news_once_it_rests(void **state)
{
	static const char *const names[] = { "a.pem", "a.key", "secret", "cred",
		"not-there.pem" };

	for (size_t i = 0; i < COUNT_OF(names); i++) {
		replace_file(names[i], "another");
		look(FILES_CHANGING, names[i]);
		look(FILES_CHANGED, names[i]);
		look(FILES_CHANGED, names[i]);
		end(state);
		begin(state);
	}
}

static void
test_what_is_changed_back_is_no_news(void **state)
{
	char *from = base_print("%s/a.pem", folder);
	char *aside = base_print("%s/aside", folder);

	(void)state;
	assert_int_equal(rename(from, aside), 0);
	look(FILES_CHANGING, "a.pem");
	assert_int_equal(rename(aside, from), 0);
	look(FILES_SAME, NULL);
	base_free(from);
	base_free(aside);
}

/* Written over in place, with as many bytes. */
static void
test_the_same_size_is_seen_by_its_time(void **state)
{
	(void)state;
	usleep(20000);
	write_file("a.key", "x");
	look(FILES_CHANGING, "a.key");
}

/* As unpacked from an archive: of the same time, and another file. */
static void
test_another_file_of_the_same_time_is_seen(void **state)
{
	char *path = base_print("%s/a.key", folder);
	struct timespec times[2];
	struct stat was;

	(void)state;
	assert_int_equal(stat(path, &was), 0);
	times[0] = was.st_atim;
	times[1] = was.st_mtim;
	replace_file("a.key", "x");
	assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
	look(FILES_CHANGING, "a.key");
	base_free(path);
}

static void
test_settings_that_cannot_be_read_have_none(void **state)
{
	struct files *none = files_of("/nowhere/at/all.cfg");
	const char *which;

	(void)state;
	assert_int_equal(files_count(none), 0);
	assert_int_equal(files_look(none, &which), FILES_SAME);
	files_free(none);
}

static void
test_what_is_refused_is_tried_later_and_later(void **state)
{
	struct keeper_again a = { 0 };
	int64_t now = 1000, before = 0;

	(void)state;
	assert_true(again_due(&a, false, now));
	for (int i = 0; i < 20; i++) {
		again_refused(&a, now);
		assert_false(again_due(&a, false, now));
		assert_true(again_due(&a, true, now)); /* a file moved */
		assert_true(a.next_ms - now >= before);
		before = a.next_ms - now;
		now = a.next_ms;
		assert_true(again_due(&a, false, now));
	}
	assert_int_equal(before, 300000);
}

static struct program
program_of(const char *url, int64_t workers)
{
	static struct listener_address listen = { .address = "127.0.0.1:80" };

	return (struct program){ .listen = &listen,
		.listen_count = 1,
		.admin = { .address = "127.0.0.1:81" },
		.settings = { .workers = workers },
		.journal = { .url = url } };
}

/* The differences, a line each. */
static void
expect(const struct program *runs, const struct program *written,
    const char *wanted)
{
	struct fixed a, b;
	struct bytes out;
	size_t at = 0;
	char *text;

	bytes_init(&out, 4096);
	fixed_read(runs, &a);
	fixed_read(written, &b);
	while ((text = fixed_difference(&a, &b, &at)) != NULL) {
		bytes_addf(&out, "%s\n", text);
		base_free(text);
	}
	assert_string_equal(bytes_str(&out).at != NULL ? bytes_str(&out).at
	                                               : "",
	    wanted);
	bytes_done(&out);
	fixed_done(&a);
	fixed_done(&b);
}

static void
test_what_takes_a_restart_is_told(void **state)
{
	struct program a = program_of("memory:", 2), b = a;
	struct program none = program_of(NULL, 2);
	struct listener_address two[] = { { .address = "127.0.0.1:80" },
		{ .address = "127.0.0.1:8080", .certificate = "x" } };

	(void)state;
	expect(&a, &b, "");
	b.settings.workers = 3;
	expect(&a, &b, "workers: '3' takes a restart; '2' goes on\n");
	b = a;
	b.journal.keep_done = 5000;
	expect(&a, &b,
	    "journal.keep_done: '5000ms' takes a restart; '0ms' goes on\n");
	expect(&a, &none,
	    "journal: to leave it out takes a restart; 'memory:' goes on\n");
	b = a;
	b.listen = two;
	b.listen_count = 2;
	expect(&a, &b,
	    "listen: '127.0.0.1:80, 127.0.0.1:8080' takes a restart; "
	    "'127.0.0.1:80' goes on\n");
	two[0].certificate = "x";
	b.listen_count = 1;
	expect(&a, &b,
	    "listen 127.0.0.1:80 TLS: 'yes' takes a restart; 'no' goes on\n");
}

static void
test_no_password_is_in_a_text(void **state)
{
	static const struct {
		const char *url, *text;
	} cases[] = {
		{ "postgresql://u:pw@h:5433/d", "postgresql://u@h:5433/d" },
		{ "postgresql://u:p:w@h/d?password=pw", "postgresql://u@h/d" },
		{ "postgresql://u:p@w@h/d", "postgresql://u@h/d" },
		{ "postgresql://h:5433/d", "postgresql://h:5433/d" },
		{ "postgresql://u:pw@", "postgresql://u@" },
		{ "postgresql://u:p?w@h/d", "postgresql://u@h/d" },
		{ "postgresql://u:p/w@h/d", "postgresql://u@h/d" },
		{ "postgresql://:pw@h", "postgresql://@h" },
		{ "postgresql://h?password=pw", "postgresql://h" },
		{ "postgresql:///d?password=p@w", "postgresql:///d" },
		{ "postgresql://", "postgresql://" },
		{ "postgresql:", "postgresql:" },
		{ "sqlite:/nowhere/a.db", "sqlite:/nowhere/a.db" },
		{ "memory:", "memory:" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct program p = program_of(cases[i].url, 1);
		struct fixed f;

		fixed_read(&p, &f);
		assert_string_equal(fixed_text(&f, "journal.url"),
		    cases[i].text);
		fixed_done(&f);
	}
}

static void
test_those_who_ask_meanwhile_share_an_answer(void **state)
{
	struct asks *a = asks_new();
	struct bytes body;
	unsigned first = asks_put(a), second = asks_put(a), upto, third;
	int status;

	(void)state;
	bytes_init(&body, 1024);
	upto = asks_take(a);
	assert_int_equal(upto, second);
	third = asks_put(a); /* comes while it is done */
	asks_answer(a, upto, 200, STR("one"));
	upto = asks_told(a, &status, &body);
	assert_true(upto >= first && upto < third);
	assert_int_equal(status, 200);
	assert_true(str_eq(bytes_str(&body), STR("one")));
	bytes_clear(&body);
	asks_answer(a, asks_take(a), 422, STR("two"));
	assert_int_equal(asks_told(a, &status, &body), third);
	assert_true(str_eq(bytes_str(&body), STR("two")));
	bytes_done(&body);
	asks_free(a);
}

#define WITH_FILES(f) cmocka_unit_test_setup_teardown(f, begin, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_FILES(test_certificates_keys_and_secrets_are_looked_at),
		WITH_FILES(test_it_is_news_once_it_rests),
		WITH_FILES(test_what_is_changed_back_is_no_news),
		WITH_FILES(test_the_same_size_is_seen_by_its_time),
		WITH_FILES(test_another_file_of_the_same_time_is_seen),
		cmocka_unit_test(test_settings_that_cannot_be_read_have_none),
		cmocka_unit_test(test_what_is_refused_is_tried_later_and_later),
		cmocka_unit_test(test_what_takes_a_restart_is_told),
		cmocka_unit_test(test_no_password_is_in_a_text),
		cmocka_unit_test(test_those_who_ask_meanwhile_share_an_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
