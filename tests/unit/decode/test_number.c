/* The values of JSON's number texts. */
#include <math.h>

#include "unit/cmocka_all.h"
#include "decode/decode.h"

static int
setup(void **state)
{
	*state = arena_new((size_t)1 << 20);
	return 0;
}

static int
teardown(void **state)
{
	arena_free(*state);
	return 0;
}

static struct document *
decoded(void **state, const char *text)
{
	struct fault why = { 0 };
	struct document *d;

	arena_reset(*state);
	d = decode_json(*state, str_of(text), &decode_limits_default, &why);
	assert_non_null(d);
	return d;
}

static void
reads_integers_that_fit(void **state)
{
	static const struct {
		const char *text;
		int64_t value;
	} rows[] = {
		{ "0", 0 },
		{ "-0", 0 },
		{ "7", 7 },
		{ "-42", -42 },
		{ "9007199254740993", INT64_C(9007199254740993) },
		{ "9223372036854775807", INT64_MAX },
		{ "-9223372036854775808", INT64_MIN },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		int64_t value = 99;

		assert_true(
		    doc_integer(decoded(state, rows[i].text), 0, &value));
		assert_true(value == rows[i].value);
	}
}

static void
refuses_integers_that_do_not_fit(void **state)
{
	static const char *const texts[] = { "9223372036854775808",
		"-9223372036854775809", "18446744073709551616", "1.0", "1e3",
		"1E0", "0.5", "12345678901234567890123",
		"100000000000000000000000000000000000000000" };

	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		int64_t value = 99;

		assert_false(doc_integer(decoded(state, texts[i]), 0, &value));
		assert_int_equal(value, 99);
	}
}

static void
reads_doubles(void **state)
{
	static const struct {
		const char *text;
		double value;
	} rows[] = {
		{ "0", 0 },
		{ "19.99", 19.99 },
		{ "-1.5e3", -1500 },
		{ "1e308", 1e308 },
		{ "1e400", HUGE_VAL },
		{ "-1e400", -HUGE_VAL },
		{ "1e-400", 0 },
		{ "9007199254740993", 9007199254740992.0 },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++)
		assert_true(doc_double(decoded(state, rows[i].text), 0) ==
		    rows[i].value);
	assert_true(signbit(doc_double(decoded(state, "-0"), 0)));
}

/* Longer than any buffer for it, and still rounded by its last digit. */
static void
reads_doubles_of_any_length(void **state)
{
	struct bytes text;
	double up = nextafter(1, 2);

	bytes_init(&text, 1 << 16);
	/* The midpoint between 1 and the next double: ties go to even. */
	bytes_add_text(&text,
	    "1.00000000000000011102230246251565404236316680908203125");
	for (int i = 0; i < 2000; i++)
		bytes_add_char(&text, '0');
	assert_true(doc_double(decoded(state, text.data), 0) == 1);
	bytes_add_char(&text, '1');
	assert_true(doc_double(decoded(state, text.data), 0) == up);
	bytes_add_text(&text, "e-3");
	assert_true(doc_double(decoded(state, text.data), 0) ==
	    strtod(text.data, NULL));

	bytes_clear(&text);
	bytes_add_text(&text, "-0.");
	for (int i = 0; i < 3000; i++)
		bytes_add_char(&text, '0');
	bytes_add_text(&text, "25e3002");
	assert_true(doc_double(decoded(state, text.data), 0) == -25);
	bytes_done(&text);
}

static void
compares_numbers(void **state)
{
	/* In rising order; alike: the same value as the row before. */
	static const struct {
		const char *text;
		bool alike;
	} rows[] = {
		{ "-1e999999999999999999999", false },
		{ "-1e9999999999999999999", true },
		{ "-1e400", false },
		{ "-18446744073709551617", false },
		{ "-18446744073709551616", false },
		{ "-2", false },
		{ "-1.5", false },
		{ "-15e-1", true },
		{ "-1", false },
		{ "-0.001", false },
		{ "-1e-400", false },
		{ "0", false },
		{ "-0", true },
		{ "0.000", true },
		{ "-0e999", true },
		{ "1e-999999999999999999999", false },
		{ "1e-9999999999999999999", true },
		{ "1e-400", false },
		{ "0.0001", false },
		{ "0.00010", true },
		{ "1E-4", true },
		{ "0.1", false },
		{ "0.1000000000000000055511151231257827", false },
		{ "0.5", false },
		{ "1", false },
		{ "1.0", true },
		{ "1e0", true },
		{ "10e-1", true },
		{ "0.1e1", true },
		{ "0.0001e+4", true },
		{ "1.05", false },
		{ "1.5", false },
		{ "9.99", false },
		{ "10", false },
		{ "1e1", true },
		{ "10.000001", false },
		{ "19.99", false },
		{ "1999e-2", true },
		{ "100.10", false },
		{ "100.1", true },
		{ "9007199254740992", false },
		{ "9007199254740993", false },
		{ "9007199254740993.0", true },
		{ "12345678901234567890122", false },
		{ "12345678901234567890123", false },
		{ "1.2345678901234567890123e22", true },
		{ "1e400", false },
		{ "1e401", false },
		{ "10e400", true },
		{ "1e999999999999999999", false },
		{ "1e9999999999999999999", true },
		{ "1e99999999999999999999", true },
		{ "1e999999999999999999999", true },
	};
	int rank[COUNT_OF(rows)];

	(void)state;
	rank[0] = 0;
	for (size_t i = 1; i < COUNT_OF(rows); i++)
		rank[i] = rank[i - 1] + !rows[i].alike;
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		for (size_t j = 0; j < COUNT_OF(rows); j++) {
			int want = (rank[i] > rank[j]) - (rank[i] < rank[j]);

			if (number_compare(str_of(rows[i].text),
			        str_of(rows[j].text)) != want)
				fail_msg("%s and %s", rows[i].text,
				    rows[j].text);
		}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(reads_integers_that_fit),
		TEST(refuses_integers_that_do_not_fit),
		TEST(reads_doubles),
		TEST(reads_doubles_of_any_length),
		TEST(compares_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
