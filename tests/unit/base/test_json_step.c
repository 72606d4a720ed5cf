/* json_plain_ascii: at every alignment, each byte in each place of a step. */
#include "base/base.h"
#include "unit/cmocka_all.h"

/* So many starts are every alignment of a step. */
#define STARTS 64

static bool
is_plain(unsigned char c)
{
	return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

/* By the definition, a byte at a time. */
static unsigned
plain_slowly(const char *p)
{
	unsigned n = 0;

	while (n < JSON_STEP && is_plain((unsigned char)p[n]))
		n++;
	return n;
}

/*
 * The step is the end of a block of its own size behind `start`, so that the
 * address sanitizer sees whoever reads past it.
 */
static void
with_step(size_t start, void (*look)(char *step))
{
	char *block = malloc(start + JSON_STEP);

	assert_non_null(block);
	memset(block, '"', start);
	memset(block + start, 'a', JSON_STEP);
	look(block + start);
	free(block);
}

static void
each_byte_in_each_place(char *step)
{
	assert_int_equal(json_plain_ascii(step), JSON_STEP);
	for (unsigned at = 0; at < JSON_STEP; at++) {
		for (unsigned c = 0; c < 256; c++) {
			unsigned want = is_plain((unsigned char)c) ? JSON_STEP
			                                           : at;

			step[at] = (char)c;
			assert_int_equal(json_plain_ascii(step), want);
		}
		step[at] = 'a';
	}
}

static void
finds_each_byte_in_each_place(void **state)
{
	(void)state;
	for (size_t start = 0; start < STARTS; start++)
		with_step(start, each_byte_in_each_place);
}

/* What stands behind a byte may not change what is said of it. */
static void
each_pair(char *step)
{
	for (unsigned at = 0; at + 1 < JSON_STEP; at++) {
		for (unsigned pair = 0; pair < 0x10000; pair++) {
			step[at] = (char)(pair & 0xFF);
			step[at + 1] = (char)(pair >> 8);
			if (json_plain_ascii(step) != plain_slowly(step))
				fail_msg("%02x %02x at %u", pair & 0xFF,
				    pair >> 8, at);
		}
		step[at] = step[at + 1] = 'a';
	}
}

static void
finds_the_first_of_each_two(void **state)
{
	(void)state;
	with_step(0, each_pair);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_each_byte_in_each_place),
		cmocka_unit_test(finds_the_first_of_each_two),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
