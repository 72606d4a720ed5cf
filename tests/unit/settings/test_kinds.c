/* tests/unit/settings/test_kinds.c - what a row takes, in words. */
#include "unit/cmocka_all.h"

#include "settings/settings.h"

static const struct name words[] = {
	{ "text", 0 },
	{ "json", 1 },
	{ NULL, -1 },
};

static const struct setting none[] = { { .name = NULL } };

static const struct {
	struct setting row;
	const char *told;
} cases[] = {
	{ { .kind = SETTING_TEXT }, "a text" },
	{ { .kind = SETTING_BOOLEAN }, "true or false" },
	{ { .kind = SETTING_COUNT }, "a whole number" },
	{ { .kind = SETTING_COUNT, .max = 256 },
	    "a whole number between 0 and 256" },
	{ { .kind = SETTING_DURATION, .min = 1500, .max = 86400000 },
	    "a duration between 1500ms and 1d" },
	{ { .kind = SETTING_SIZE, .min = 1000, .max = 64 << 20 },
	    "a size between 1000 and 64M" },
	{ { .kind = SETTING_NAME, .names = words }, "one of text, json" },
	{ { .kind = SETTING_TREE }, "a setting of several forms" },
	{ { .kind = SETTING_TREE, .rows = none }, "a group" },
	{ { .kind = SETTING_TREE, .rows = none, .shape = SETTING_GROUPS },
	    "a list of groups" },
	{ { .kind = SETTING_TREE, .rows = none, .shape = SETTING_NAMED },
	    "a group of named groups" },
};

static void
a_row_is_told_in_words(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct bytes out;

		bytes_init(&out, 256);
		settings_print_kind(&cases[i].row, &out);
		assert_str(bytes_str(&out), cases[i].told);
		bytes_done(&out);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_row_is_told_in_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
