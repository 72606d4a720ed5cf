/* test_transform_docs.c - the README lists every row; its examples compile. */
#include <stdio.h>

#include "unit/cmocka_all.h"

#include "mapping/mapping.h"
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

/* A mapping of its own; what an example leaves out is added. */
static void
compile_example(struct str example)
{
	bool named = memmem(example.at, example.len, "lead_id", 7) != NULL;
	char *whole = base_print("%s%.*s", named ? "" : "lead_id = \"x\";\n",
	    STR_ARG(example));
	struct faults all = { 0 };
	struct mapping *m;
	config_t file;

	config_init(&file);
	if (config_read_string(&file, whole) != CONFIG_TRUE)
		fail_msg("%s\n%s", config_error_text(&file), whole);
	m = mapping_compile(config_root_setting(&file), &all);
	if (m == NULL)
		fail_msg("%s\n%s", all.list[0].text, whole);
	mapping_free(m);
	faults_done(&all);
	config_destroy(&file);
	base_free(whole);
}

static void
test_each_example_of_a_mapping_compiles(void **state)
{
	struct str rest = str_of(text);
	size_t count = 0;
	const char *at;

	(void)state;
	while ((at = strstr(rest.at, "\n```cfg\n")) != NULL) {
		const char *start = at + strlen("\n```cfg\n");
		const char *end = strstr(start, "\n```\n");
		struct str example;

		assert_non_null(end);
		example = str_span(start, end + 1);
		rest = str_of(end + 1);
		if (memmem(example.at, example.len, "update", 6) == NULL)
			continue; /* of the route, not of the mapping */
		compile_example(example);
		count++;
	}
	assert_true(count >= 10);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    test_each_transform_stands_there_in_its_own_words),
		cmocka_unit_test(test_each_example_of_a_mapping_compiles),
	};

	return cmocka_run_group_tests(tests, read_page, NULL);
}
