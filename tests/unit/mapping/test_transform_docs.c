/* tests/unit/mapping/test_transform_docs.c - the README lists every row. */
#include <stdio.h>

#include "unit/cmocka_all.h"

#include "mapping/mapping_transform.h"

static char text[1 << 16];

static int
read_page(void **state)
{
	FILE *f = fopen(TOP "/mappings/README.md", "rb");

	(void)state;
	assert_non_null(f);
	assert_true(fread(text, 1, sizeof(text) - 1, f) > 0);
	fclose(f);
	return 0;
}

static void
test_each_transform_stands_there_in_its_own_words(void **state)
{
	(void)state;
	for (size_t i = 0; transform_at(i) != NULL; i++) {
		const struct transform *t = transform_at(i);
		char *start = base_print("\n| `%s`", t->name);
		char *rest = base_print("| %s | %s | %s |\n", t->takes,
		    t->gives, t->help);
		const char *row = strstr(text, start);

		if (row == NULL || strstr(row, rest) == NULL ||
		    strstr(row, rest) > strchr(row + 1, '\n'))
			fail_msg("mappings/README.md: %s is not, or not "
			         "rightly, listed",
			    t->name);
		base_free(start);
		base_free(rest);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    test_each_transform_stands_there_in_its_own_words),
	};

	return cmocka_run_group_tests(tests, read_page, NULL);
}
