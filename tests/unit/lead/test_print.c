/* The contract in words, and the schema against the kept one, byte by byte. */
#include <stdio.h>

#include "unit/cmocka_all.h"
#include "lead/lead.h"

#define SCHEMA TOP "/tests/unit/lead/lead-update.schema.json"

static void
types_of(const char *field, const char *want)
{
	struct bytes out;

	bytes_init(&out, 1000);
	lead_print_types(lead_field_find(str_of(field)), &out);
	assert_str(bytes_str(&out), want);
	bytes_done(&out);
}

static void
types_read_as_words(void **state)
{
	(void)state;
	types_of("email", "a string");
	types_of("submissionCount", "an integer");
	types_of("tags", "an array");
	types_of("address", "an object");
	types_of("campaign", "an object or null");
	types_of("deliveredAt", "a string, an integer or null");
	types_of("flags", "any value");
}

static void
a_number_is_said_once(void **state)
{
	static const struct lead_field made = { .name = "made",
		.types = LEAD_INTEGER | LEAD_NUMBER | LEAD_NULL };
	struct bytes out;

	(void)state;
	bytes_init(&out, 1000);
	lead_print_types(&made, &out);
	assert_str(bytes_str(&out), "a number or null");
	bytes_done(&out);
}

/* The kept file is the published schema: a difference is a new contract. */
static void
the_schema_is_the_kept_one(void **state)
{
	FILE *file = fopen(SCHEMA, "r");
	char kept[16384];
	struct bytes out;
	size_t n;

	(void)state;
	assert_non_null(file);
	n = fread(kept, 1, sizeof(kept) - 1, file);
	fclose(file);
	kept[n] = '\0';
	bytes_init(&out, 1 << 20);
	lead_print_schema(&out);
	assert_true(bytes_ok(&out));
	assert_str(bytes_str(&out), kept);
	bytes_done(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(types_read_as_words),
		cmocka_unit_test(a_number_is_said_once),
		cmocka_unit_test(the_schema_is_the_kept_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
