/* Upper and lower case: each character, in each place of a text. */
#include "unit/mapping/transform_step.h"

/* Texts are read eight characters at a time: twice that, and a rest. */
#define LENGTH_MAX 20
#define BIG_E_ACUTE "\xC3\x89"
#define SMALL_E_ACUTE "\xC3\xA9"

/* Of a block of its own size, so that the address sanitizer sees its end. */
static void
expect_case(const char *step, const char *text, size_t len, const char *want,
    size_t want_len)
{
	char *exact = malloc(len);
	struct step_room room;
	struct fault why = { 0 };
	struct value v;

	assert_non_null(exact);
	memcpy(exact, text, len);
	step_room_start(&room, 1 << 16);
	v = value_string((struct str){ exact, len });
	assert_int_equal(step_run(&room, step, &v, &why), 0);
	if (!str_eq(v.text, (struct str){ want, want_len }))
		fail_msg("%.*s | %s: %.*s", (int)len, text, step,
		    STR_ARG(v.text));
	step_room_end(&room);
	free(exact);
}

static void
ascii_letters_change_and_nothing_else_does(void **state)
{
	char text[LENGTH_MAX], low[LENGTH_MAX], high[LENGTH_MAX];

	(void)state;
	for (size_t len = 1; len <= LENGTH_MAX; len++) {
		for (int c = 0; c < 0x80; c++) {
			/* Each in each place: they go by one another. */
			for (size_t i = 0; i < len; i++) {
				int at = (c + 37 * (int)i) % 0x80;

				text[i] = (char)at;
				low[i] = (char)(at >= 'A' && at <= 'Z'
				        ? at + 0x20
				        : at);
				high[i] = (char)(at >= 'a' && at <= 'z'
				        ? at - 0x20
				        : at);
			}
			expect_case("lower", text, len, low, len);
			expect_case("upper", text, len, high, len);
		}
	}
}

/* One character past ASCII, wherever it stands, is seen. */
static void
other_letters_change_in_each_place(void **state)
{
	char text[LENGTH_MAX + 2], want[LENGTH_MAX + 2];

	(void)state;
	for (size_t len = 0; len <= LENGTH_MAX; len++) {
		for (size_t at = 0; at <= len; at++) {
			memset(text, 'B', len + 2);
			memset(want, 'b', len + 2);
			memcpy(text + at, BIG_E_ACUTE, 2);
			memcpy(want + at, SMALL_E_ACUTE, 2);
			expect_case("lower", text, len + 2, want, len + 2);
			expect_case("upper", want, len + 2, text, len + 2);
		}
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(ascii_letters_change_and_nothing_else_does),
		cmocka_unit_test(other_letters_change_in_each_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
