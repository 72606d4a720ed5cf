/* tests/unit/mapping/test_timezone.c - which zones there are. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "unit/cmocka_all.h"
#include "mapping/mapping_timezone.h"

/* A list as tzdata.zi has it. */
static struct zone_names
read_list(const char *text)
{
	char path[] = "/tmp/test_timezone.XXXXXX";
	int fd = mkstemp(path);
	struct zone_names z;

	assert_true(fd != -1);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	z = zone_names_read(path);
	unlink(path);
	return z;
}

static void
expect(const struct zone_names *known, const char *text, const char *want)
{
	struct str got = timezone_find_among(known, str_of(text));

	if (want == NULL ? got.at != NULL : !str_eq(got, str_of(want)))
		fail_msg("%s: %.*s", text, STR_ARG(got));
}

static void
a_name_has_to_be_in_the_list(void **state)
{
	struct zone_names z = read_list("# version\nR d 1916 o - Jun 14 23s 1\n"
	                                "Z America/Port-au-Prince -4:49 - LMT\n"
	                                "-5 - E%sT\n"
	                                "Z Etc/GMT+5 -5 - -05\n"
	                                "L America/New_York US/Eastern\n"
	                                "L Etc/UTC UTC\nL Broken\nZ\n"
	                                "Z EST -5 - EST");

	(void)state;
	assert_int_equal(z.count, 5);
	expect(&z, "America/Port-au-Prince", "America/Port-au-Prince");
	expect(&z, "america/port-AU-prince", "America/Port-au-Prince");
	expect(&z, "Etc/GMT+5", "Etc/GMT+5");
	expect(&z, "US/Eastern", "US/Eastern");
	expect(&z, "America/Foobar", NULL);
	expect(&z, "America/Port-au-Princ", NULL);
	expect(&z, "America/Port-au-Prince2", NULL);
	expect(&z, "EST", NULL);
	/* what our own table says, whatever the list has */
	expect(&z, "UTC", "Etc/UTC");
	expect(&z, "Eastern Time (US & Canada)", "America/New_York");
	zone_names_done(&z);
}

static void
without_a_list_the_form_decides(void **state)
{
	struct zone_names none = zone_names_read("/nonexistent/tzdata.zi");
	struct zone_names other = read_list("nothing of that kind\n");

	(void)state;
	assert_int_equal(none.count, 0);
	assert_int_equal(other.count, 0);
	expect(&none, "America/Foobar", "America/Foobar");
	expect(&none, "Amerika/Foobar", NULL);
	expect(&none, "America/foo bar", NULL);
	zone_names_done(&none);
	zone_names_done(&other);
}

/* Every name that we give is one. */
static void
the_machine_has_the_zones_of_the_table(void **state)
{
	static const char *const names[] = { "alaska", "Kyiv", "Buenos Aires",
		"(GMT+05:30) Kolkata", "Hawaii", "Nuuk", "Samoa" };
	const struct zone_names *z = zone_names();

	(void)state;
	if (z->count == 0) {
		print_message("skipped: tzdata is not installed\n");
		skip();
	}
	assert_true(z->count > 400 && z->count < 2000);
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		struct str found = timezone_find(str_of(names[i]));

		if (found.at == NULL || zone_names_find(z, found).at == NULL)
			fail_msg("%s: %.*s", names[i], STR_ARG(found));
	}
	expect(z, "America/Foobar", NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_name_has_to_be_in_the_list),
		cmocka_unit_test(without_a_list_the_form_decides),
		cmocka_unit_test(the_machine_has_the_zones_of_the_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
