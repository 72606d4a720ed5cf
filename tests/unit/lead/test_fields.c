/* The table itself: what the page of the API says, and nothing beside it. */
#include "unit/cmocka_all.h"
#include "lead/lead.h"

static void
the_fields_are_those_of_the_page_in_its_order(void **state)
{
	static const char *const page[] = { "firstName", "lastName", "email",
		"phone", "country", "address", "dateOfBirth", "timezone",
		"timezoneSource", "questionnaire", "deleteQuestionnaireKeys",
		"notes", "customFields", "attribution", "compliance", "status",
		"detail", "flags", "approval", "campaign", "tags",
		"clientLeadId", "repostedTo", "latestSubmittedAt",
		"lastActivityAt", "deliveredAt", "submissionCount" };
	size_t count;
	const struct lead_field *f = lead_fields(&count);

	(void)state;
	assert_int_equal(count, COUNT_OF(page));
	for (size_t i = 0; i < count; i++)
		assert_string_equal(f[i].name, page[i]);
}

static void
every_row_is_whole(void **state)
{
	size_t count;
	const struct lead_field *f = lead_fields(&count);

	(void)state;
	for (size_t i = 0; i < count; i++) {
		size_t len = strlen(f[i].help);

		assert_true(len > 1 && f[i].help[len - 1] == '.');
		assert_true(f[i].types != 0 && f[i].types <= LEAD_ANY);
		assert_true(
		    f[i].max_length == 0 || f[i].min_length <= f[i].max_length);
		assert_true(f[i].values == NULL || f[i].types == LEAD_STRING);
		assert_true(f[i].keys == NULL ||
		    (f[i].types & (LEAD_OBJECT | LEAD_ARRAY)) != 0);
		/* minimum: only integers have one, and 0 is not "none" */
		assert_true(
		    f[i].minimum == INT64_MIN || f[i].types == LEAD_INTEGER);
	}
}

static void
only_notes_append(void **state)
{
	size_t count;
	const struct lead_field *f = lead_fields(&count);

	(void)state;
	for (size_t i = 0; i < count; i++)
		assert_int_equal(f[i].appends, strcmp(f[i].name, "notes") == 0);
}

static void
find_is_exact(void **state)
{
	size_t count;
	const struct lead_field *f = lead_fields(&count);

	(void)state;
	for (size_t i = 0; i < count; i++)
		assert_ptr_equal(lead_field_find(str_of(f[i].name)), &f[i]);
	assert_null(lead_field_find(STR("Email")));
	assert_null(lead_field_find(STR("emai")));
	assert_null(lead_field_find(STR("")));
	assert_null(lead_field_find(STR_NONE));
}

static void
nearest_names_what_was_meant(void **state)
{
	(void)state;
	assert_string_equal(lead_field_nearest(STR("first_name")), "firstName");
	assert_string_equal(lead_field_nearest(STR("e-mail")), "email");
	assert_string_equal(lead_field_nearest(STR("custom_fields")),
	    "customFields");
	assert_null(lead_field_nearest(STR("xyzzy")));
}

static void
known_keys_are_those_the_api_shows(void **state)
{
	const struct lead_field *f = lead_field_find(STR("address"));

	(void)state;
	assert_string_equal(f->keys[0], "street");
	assert_string_equal(f->keys[5], "country");
	assert_null(f->keys[6]);
	f = lead_field_find(STR("questionnaire"));
	assert_string_equal(f->keys[2], "answer");
	assert_null(f->keys[3]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_fields_are_those_of_the_page_in_its_order),
		cmocka_unit_test(every_row_is_whole),
		cmocka_unit_test(only_notes_append),
		cmocka_unit_test(find_is_exact),
		cmocka_unit_test(nearest_names_what_was_meant),
		cmocka_unit_test(known_keys_are_those_the_api_shows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
