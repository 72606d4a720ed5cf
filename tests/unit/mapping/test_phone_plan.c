/* Tables of a library that are not what ours are made for: none are used. */
#include "unit/cmocka_all.h"
#include "mapping/mapping_phone_plan.h"

static const struct phone_row good = { .region = "CH",
	.code = 41,
	.international = { .text = "00" },
	.national = { .text = "0" },
	.leading = { .text = "" },
	.transform = "",
	.number = { "[2-9]\\d{8}", BIT(9) },
	.kinds = { { "44\\d{7}", BIT(9) } },
	.kind_count = 1 };

static struct phone_row given;

static bool
rows(bool (*take)(const struct phone_row *row, void *to), void *to)
{
	return take(&given, to);
}

static bool
makes(struct phone_row row)
{
	const struct phone_library library = { .rows = rows };

	given = row;
	return phone_plans_make(&library);
}

/* Each is good but for one thing. */
#define BAD(change)                                                            \
	do {                                                                   \
		struct phone_row bad = good;                                   \
		bad.change;                                                    \
		if (makes(bad))                                                \
			fail_msg("%s was taken", #change);                     \
	} while (0)

static void
a_row_that_cannot_be_read_closes_the_short_way(void **state)
{
	(void)state;
	BAD(code = 0);
	BAD(code = 1000);
	BAD(region = "CHCH");
	BAD(kind_count = PHONE_KINDS + 1);
	BAD(number.text = "[2-9");
	BAD(kinds[0].text = "(44");
	BAD(leading.text = "+");
	BAD(international.text = ""); /* would match every number */
	BAD(international.text = "(?<");
	BAD(national.text = "(1)(2)(3)(4)(5)(6)(7)(8)(9)(0)");
	BAD(transform = "9$1"); /* no such group */
	BAD(local_lengths = BIT(10));
	BAD(number.lengths = BIT(9) | BIT(5); bad.local_lengths = BIT(5));
	BAD(number.lengths = 0);
	BAD(transform = "9$");
	BAD(transform = "9");
	BAD(transform = "x$1");
	BAD(transform = "123456789$1");
}

static bool
no_rows(bool (*take)(const struct phone_row *row, void *to), void *to)
{
	(void)take, (void)to;
	return false;
}

static void
a_library_without_tables_closes_it_too(void **state)
{
	const struct phone_library library = { .rows = no_rows };

	(void)state;
	assert_false(phone_plans_make(&library));
}

static void
a_good_row_is_found_by_region_and_code(void **state)
{
	struct phone_row row = good;
	const struct phone_plan *plan;

	(void)state;
	assert_true(makes(row));
	plan = phone_plan_of_region("CH");
	assert_non_null(plan);
	assert_int_equal(plan->code, 41);
	assert_non_null(phone_plan_of_code(41));
	assert_null(phone_plan_of_region("ZZ"));
	assert_null(phone_plan_of_region(""));
	assert_null(phone_plan_of_region("C"));
	assert_null(phone_plan_of_region("CHE"));
	assert_null(phone_plan_of_region("ch"));
	assert_null(phone_plan_of_code(42));
	assert_null(phone_plan_of_code(1000));
	assert_false(makes(row)); /* a second one of a region is one too many */
}

/* A code of three regions, as no library has it today. */
static const struct phone_row shared[] = {
	{ .region = "XA",
	    .code = 990,
	    .international = { .text = "00" },
	    .national = { .text = "8" },
	    .leading = { .text = "" },
	    .transform = "",
	    .number = { "\\d{5,7}", BIT(5) | BIT(6) | BIT(7) },
	    .kinds = { { "1\\d{5}", BIT(6) } },
	    .kind_count = 1 },
	{ .region = "XB",
	    .code = 990,
	    .international = { .text = "00" },
	    .national = { .text = "0" },
	    .leading = { .text = "2" },
	    .transform = "",
	    .number = { "[1-9]\\d{4}", BIT(5) },
	    .kinds = { { "2[0-4]\\d{3}", BIT(5) } },
	    .kind_count = 1 },
	{ .region = "XC",
	    .code = 990,
	    .international = { .text = "00" },
	    .national = { .text = "" },
	    .leading = { .text = "" },
	    .transform = "",
	    .number = { "[23]\\d{4}", BIT(5) },
	    .kinds = { { "[23]\\d{4}", BIT(5) } },
	    .kind_count = 1 },
};

static void
expect(const char *region, const char *text, bool assigned, const char *number)
{
	char out[PHONE_E164] = "";
	enum phone_result result;

	assert_true(
	    phone_short(text, strlen(text), region, assigned, out, &result));
	assert_string_equal(out, number);
	assert_int_equal(result, number[0] != '\0' ? PHONE_OK : PHONE_NONE);
}

static void
plans_of_one_code_are_asked_as_the_library_does(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(shared); i++)
		assert_true(makes(shared[i]));
	assert_string_equal(phone_plan_of_code(990)->region, "XA");
	/* the first that its leading digits name has it, or nobody */
	expect("XA", "+990 22345", true, "+99022345");
	expect("XA", "+990 29345", true, "");
	expect("XA", "+990 32345", true, "+99032345");
	expect("XA", "+990 42345", true, "");
	expect("XA", "+990 42345", false, "+99042345");
	/* read at home, counted by the main one */
	expect("XB", "0 123456", false, "+990123456");
	expect("XB", "123", false, "");
	/* with its own code in front it is the main one's */
	expect("XB", "990 8 12345", false, "+99012345");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_row_that_cannot_be_read_closes_the_short_way),
		cmocka_unit_test(a_library_without_tables_closes_it_too),
		cmocka_unit_test(a_good_row_is_found_by_region_and_code),
		cmocka_unit_test(
		    plans_of_one_code_are_asked_as_the_library_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
