/*
 * tests/unit/program/test_files.c - files that settings name, and what counts
 * as a change of one.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "unit/cmocka_all.h"

#include "program/program_files.h"

static char folder[] = "/tmp/leadbridge-unit-XXXXXX";
static char settings[64], secret[64], other[64];

static void
write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static struct stat
stat_of(const char *path)
{
	struct stat s;

	assert_int_equal(stat(path, &s), 0);
	return s;
}

static int
make_files(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(settings, sizeof(settings), "%s/leadbridge.cfg", folder);
	snprintf(secret, sizeof(secret), "%s/a.key", folder);
	snprintf(other, sizeof(other), "%s/b.key", folder);
	write_file(settings,
	    "listen = ( { key = \"a.key\"; name = \"no.file\"; } );\n");
	write_file(secret, "one");
	return 0;
}

static int
drop_files(void **state)
{
	(void)state;
	unlink(settings);
	unlink(secret);
	unlink(other);
	return rmdir(folder);
}

/* Other bytes, as many, under the times the content had: `cp -p` over it. */
static void
copy_over(const char *text)
{
	struct stat before = stat_of(secret), now;
	const struct timespec times[2] = { before.st_atim, before.st_mtim };

	do { /* the clock of a file system may tick some times a second only */
		write_file(secret, text);
		assert_int_equal(utimensat(AT_FDCWD, secret, times, 0), 0);
		now = stat_of(secret);
	} while (now.st_ctim.tv_sec == before.st_ctim.tv_sec &&
	    now.st_ctim.tv_nsec == before.st_ctim.tv_nsec);
	assert_int_equal(now.st_ino, before.st_ino);
	assert_int_equal(now.st_size, before.st_size);
	assert_int_equal(now.st_mtim.tv_sec, before.st_mtim.tv_sec);
	assert_int_equal(now.st_mtim.tv_nsec, before.st_mtim.tv_nsec);
}

static void
put_in_its_place(const char *text)
{
	write_file(other, text);
	assert_int_equal(rename(other, secret), 0);
}

static void
remove_it(const char *text)
{
	(void)text;
	assert_int_equal(unlink(secret), 0);
}

static const struct row {
	const char *name;
	void (*change)(const char *text);
} rows[] = {
	{ "copied over, with its times", copy_over },
	{ "renamed to", put_in_its_place },
	{ "removed", remove_it },
};

static void
test_a_change_is_told_until_it_is_loaded(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const char *which = "";
		struct files *f;

		write_file(secret, "one");
		f = files_of(settings);
		assert_int_equal(files_count(f), 1);
		assert_int_equal(files_look(f, &which), FILES_SAME);
		assert_null(which);
		rows[i].change("two");
		if (files_look(f, &which) != FILES_CHANGING)
			fail_msg("%s: is no change", rows[i].name);
		assert_string_equal(which, secret);
		assert_int_equal(files_look(f, &which), FILES_CHANGED);
		assert_string_equal(which, secret);
		files_free(f);
	}
}

/* What backups do to files, and who tidies up. */
static void
link_to_it(void)
{
	assert_int_equal(link(secret, other), 0);
	assert_int_equal(unlink(other), 0);
}

static void
copy_the_same_over(void)
{
	copy_over("one");
}

static void
test_the_same_content_is_no_change(void **state)
{
	void (*const changes[])(void) = { link_to_it, copy_the_same_over };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(changes); i++) {
		const char *which = "";
		struct files *f;

		write_file(secret, "one");
		f = files_of(settings);
		changes[i]();
		assert_int_equal(files_look(f, &which), FILES_SAME);
		assert_null(which);
		copy_over("two"); /* the next one is, though */
		assert_int_equal(files_look(f, &which), FILES_CHANGING);
		files_free(f);
	}
}

/* Nor is there anything to wait for in a pipe. */
static void
test_what_is_no_file_is_not_read(void **state)
{
	const char *which = "";
	struct files *f;

	(void)state;
	unlink(secret);
	assert_int_equal(mkfifo(secret, 0600), 0);
	f = files_of(settings);
	assert_int_equal(files_look(f, &which), FILES_SAME);
	files_free(f);
	unlink(secret);
}

static void
test_without_settings_there_are_none(void **state)
{
	const char *which = "";
	struct files *f = files_of("/nonexistent/leadbridge.cfg");

	(void)state;
	assert_int_equal(files_count(f), 0);
	assert_int_equal(files_look(f, &which), FILES_SAME);
	assert_null(which);
	files_free(f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_change_is_told_until_it_is_loaded),
		cmocka_unit_test(test_the_same_content_is_no_change),
		cmocka_unit_test(test_what_is_no_file_is_not_read),
		cmocka_unit_test(test_without_settings_there_are_none),
	};

	return cmocka_run_group_tests(tests, make_files, drop_files);
}
