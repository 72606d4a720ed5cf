/* Each row of the contract, from both sides of each edge. */
#include "unit/cmocka_all.h"
#include "lead/lead.h"

#define LABEL63                                                                \
	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define LOCAL64 LABEL63 "a"

static const struct check {
	const char *field;
	enum lead_type type;
	const char *text;
	const char *problem; /* NULL: the value fits */
} checks[] = {
	{ "firstName", LEAD_STRING, "A", NULL },
	{ "firstName", LEAD_STRING, "", "must not be empty" },
	{ "firstName", LEAD_NULL, "", "must be a string" },
	{ "firstName", LEAD_NUMBER, "1", "must be a string" },
	{ "lastName", LEAD_STRING, "Ø", NULL },
	{ "lastName", LEAD_STRING, "", "must not be empty" },

	/* length counts characters: ten of two bytes, then nine */
	{ "phone", LEAD_STRING, "+155512345", NULL },
	{ "phone", LEAD_STRING, "155512345", "must be at least 10 characters" },
	{ "phone", LEAD_STRING, "éééééééééé", NULL },
	{ "phone", LEAD_STRING, "ééééééééé", "must be at least 10 characters" },
	{ "phone", LEAD_STRING,
	    "\U0001F600\U0001F600\U0001F600\U0001F600"
	    "\U0001F600\U0001F600\U0001F600\U0001F600"
	    "\U0001F600",
	    "must be at least 10 characters" },
	{ "phone", LEAD_INTEGER, "15551234567", "must be a string" },

	{ "country", LEAD_STRING, "US", NULL },
	{ "country", LEAD_STRING, "éé", NULL },
	{ "country", LEAD_STRING, "U", "must be exactly 2 characters" },
	{ "country", LEAD_STRING, "é", "must be exactly 2 characters" },
	{ "country", LEAD_STRING, "USA", "must be exactly 2 characters" },

	{ "address", LEAD_OBJECT, "", NULL },
	{ "address", LEAD_ARRAY, "", "must be an object" },
	{ "address", LEAD_STRING, "x", "must be an object" },

	{ "dateOfBirth", LEAD_STRING, "2000-02-29", NULL },
	{ "dateOfBirth", LEAD_STRING, "2024-02-29", NULL },
	{ "dateOfBirth", LEAD_STRING, "1900-02-29",
	    "must be a date of the calendar as YYYY-MM-DD" },
	{ "dateOfBirth", LEAD_STRING, "2023-02-29",
	    "must be a date of the calendar as YYYY-MM-DD" },
	{ "dateOfBirth", LEAD_STRING, "1985-12-31", NULL },
	{ "dateOfBirth", LEAD_STRING, "1985-12-32",
	    "must be a date of the calendar as YYYY-MM-DD" },
	{ "dateOfBirth", LEAD_STRING, "1985-13-01",
	    "must be a date of the calendar as YYYY-MM-DD" },
	{ "dateOfBirth", LEAD_STRING, "1985-00-01",
	    "must be a date of the calendar as YYYY-MM-DD" },
	{ "dateOfBirth", LEAD_STRING, "1985-01-00",
	    "must be a date of the calendar as YYYY-MM-DD" },
	{ "dateOfBirth", LEAD_STRING, "1985-04-31",
	    "must be a date of the calendar as YYYY-MM-DD" },
	{ "dateOfBirth", LEAD_STRING, "1985-1-01",
	    "must be a date of the calendar as YYYY-MM-DD" },
	{ "dateOfBirth", LEAD_STRING, "1985/01/01",
	    "must be a date of the calendar as YYYY-MM-DD" },
	{ "dateOfBirth", LEAD_STRING, "1985-01-01 ",
	    "must be a date of the calendar as YYYY-MM-DD" },
	{ "dateOfBirth", LEAD_STRING, "+985-01-01",
	    "must be a date of the calendar as YYYY-MM-DD" },
	{ "dateOfBirth", LEAD_STRING, "",
	    "must be a date of the calendar as YYYY-MM-DD" },

	{ "timezone", LEAD_STRING, "", NULL },
	{ "timezone", LEAD_NUMBER, "1", "must be a string" },
	{ "timezoneSource", LEAD_STRING, "ip", NULL },
	{ "timezoneSource", LEAD_STRING, "inferred", NULL },
	{ "timezoneSource", LEAD_STRING, "IP",
	    "must be one of ip, zip, area_code, user_input, inferred" },
	{ "timezoneSource", LEAD_STRING, "",
	    "must be one of ip, zip, area_code, user_input, inferred" },

	{ "questionnaire", LEAD_ARRAY, "", NULL },
	{ "questionnaire", LEAD_OBJECT, "", "must be an array" },
	{ "deleteQuestionnaireKeys", LEAD_ARRAY, "", NULL },
	{ "deleteQuestionnaireKeys", LEAD_STRING, "x", "must be an array" },
	{ "notes", LEAD_ARRAY, "", NULL },
	{ "notes", LEAD_STRING, "x", "must be an array" },
	{ "customFields", LEAD_OBJECT, "", NULL },
	{ "customFields", LEAD_NULL, "", NULL },
	{ "customFields", LEAD_ARRAY, "", "must be an object or null" },
	{ "attribution", LEAD_OBJECT, "", NULL },
	{ "attribution", LEAD_BOOLEAN, "", "must be an object or null" },
	{ "compliance", LEAD_OBJECT, "", NULL },
	{ "compliance", LEAD_STRING, "yes", "must be an object or null" },

	{ "status", LEAD_STRING, "new", NULL },
	{ "status", LEAD_STRING, "pending_signature", NULL },
	{ "status", LEAD_STRING, "dnc", NULL },
	{ "status", LEAD_STRING, "hot",
	    "must be one of new, pending, processing, qualified, disqualified, "
	    "missing_data, queued, pending_action, no_answer, voicemail, "
	    "contacted, scheduled_callback, no_contact, pending_signature, "
	    "document_sent, signed, delivered, accepted, duplicate, failed, "
	    "error, rejected, dnc" },
	{ "status", LEAD_NULL, "", "must be a string" },

	{ "detail", LEAD_STRING, "", NULL },
	{ "detail", LEAD_BOOLEAN, "", "must be a string" },
	{ "flags", LEAD_ARRAY, "", NULL },
	{ "flags", LEAD_OBJECT, "", NULL },
	{ "flags", LEAD_STRING, "x", NULL },
	{ "flags", LEAD_NUMBER, "1.5", NULL },
	{ "flags", LEAD_NULL, "", NULL },
	{ "approval", LEAD_OBJECT, "", NULL },
	{ "approval", LEAD_STRING, "x", "must be an object or null" },
	{ "campaign", LEAD_OBJECT, "", NULL },
	{ "campaign", LEAD_STRING, "HXZ", "must be an object or null" },
	{ "tags", LEAD_ARRAY, "", NULL },
	{ "tags", LEAD_STRING, "x", "must be an array" },
	{ "tags", LEAD_NULL, "", "must be an array" },
	{ "clientLeadId", LEAD_STRING, "", NULL },
	{ "clientLeadId", LEAD_INTEGER, "7", "must be a string" },
	{ "repostedTo", LEAD_ARRAY, "", NULL },
	{ "repostedTo", LEAD_OBJECT, "", "must be an array" },

	{ "latestSubmittedAt", LEAD_NULL, "", NULL },
	{ "lastActivityAt", LEAD_INTEGER, "1714555800000", NULL },
	{ "lastActivityAt", LEAD_INTEGER, "-1", NULL },
	{ "deliveredAt", LEAD_NUMBER, "1.5",
	    "must be a string, an integer or null" },
	{ "deliveredAt", LEAD_OBJECT, "",
	    "must be a string, an integer or null" },

	{ "submissionCount", LEAD_INTEGER, "0", NULL },
	{ "submissionCount", LEAD_INTEGER, "-0", NULL },
	{ "submissionCount", LEAD_NUMBER, "5", NULL },
	{ "submissionCount", LEAD_INTEGER, "99999999999999999999", NULL },
	{ "submissionCount", LEAD_INTEGER, "-1", "must be at least 0" },
	{ "submissionCount", LEAD_INTEGER, "-99999999999999999999",
	    "must be at least 0" },
	{ "submissionCount", LEAD_INTEGER, "5.0", "must be an integer" },
	{ "submissionCount", LEAD_INTEGER, "1e1", "must be an integer" },
	{ "submissionCount", LEAD_INTEGER, "-", "must be an integer" },
	{ "submissionCount", LEAD_STRING, "5", "must be an integer" },
	{ "submissionCount", LEAD_NULL, "", "must be an integer" },
};

static void
every_check_says_what_the_contract_says(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(checks); i++) {
		const struct check *c = &checks[i];
		const char *got = lead_problem(lead_field_find(
		                                   str_of(c->field)),
		    c->type, str_of(c->text));

		if ((got == NULL) != (c->problem == NULL))
			fail_msg("%s \"%s\": %s", c->field, c->text,
			    got != NULL ? got : "taken");
		if (got != NULL)
			assert_string_equal(got, c->problem);
	}
}

static void
every_status_of_the_page_is_taken(void **state)
{
	const struct lead_field *f = lead_field_find(STR("status"));
	size_t n = 0;

	(void)state;
	for (; f->values[n] != NULL; n++)
		assert_null(lead_problem(f, LEAD_STRING, str_of(f->values[n])));
	assert_int_equal(n, 23);
}

/* Walks a list of texts that all fit, or all do not. */
static void
all_of(const char *field, const char *const *texts, bool fit)
{
	const struct lead_field *f = lead_field_find(str_of(field));

	for (; *texts != NULL; texts++) {
		const char *got = lead_problem(f, LEAD_STRING, str_of(*texts));

		if ((got == NULL) != fit)
			fail_msg("%s \"%s\": %s", field, *texts,
			    got != NULL ? got : "taken");
	}
}

static void
emails_are_told_from_what_is_none(void **state)
{
	static const char *const good[] = { "a@b.co", "ann@example.com",
		"o'neil+tag_1@mail.example.co.uk", "x.y.z@a-b.example",
		"1@2.com", "jörg@müller.example", "用户@例え.jp",
		"a@xn--bcher-kva.example", LOCAL64 "@example.com",
		"a@" LABEL63 ".com", NULL };
	static const char *const bad[] = { "", "@", "a", "a@", "@b.co", "a@b",
		"a@localhost", "a@b.", "a@.co", "a@b..co", "a b@c.de",
		" a@b.co", "a@b.co ", "a@b@c.de", ".a@b.co", "a.@b.co",
		"a..b@c.de", "a@-b.co", "a@b-.co", "a@b_c.de", "a@1.2.3.4",
		"a@b.c", "a@b.co\n", "a\t@b.co", "a\x7f@b.co", "<a@b.co>",
		"a,b@c.de", "\"a\"@b.co", "a@[1.2.3.4]", "mailto:a@b.co",
		LOCAL64 "a@example.com", "a@" LABEL63 "a.com", NULL };

	(void)state;
	all_of("email", good, true);
	all_of("email", bad, false);
}

static void
an_email_has_at_most_254_characters(void **state)
{
	static const char tail[] = "@" LABEL63 "." LABEL63 "." LABEL63;
	const struct lead_field *f = lead_field_find(STR("email"));
	char *fits = base_print("%.62s%s", LABEL63, tail);
	char *long_by_one = base_print("%.63s%s", LABEL63, tail);

	(void)state;
	assert_int_equal(strlen(fits), 254);
	assert_null(lead_problem(f, LEAD_STRING, str_of(fits)));
	assert_string_equal(lead_problem(f, LEAD_STRING, str_of(long_by_one)),
	    "must be at most 254 characters");
	base_free(fits);
	base_free(long_by_one);
}

static void
an_email_with_a_zero_byte_is_none(void **state)
{
	const struct lead_field *f = lead_field_find(STR("email"));

	(void)state;
	assert_non_null(lead_problem(f, LEAD_STRING, STR("a\0b@c.de")));
	assert_non_null(lead_problem(f, LEAD_STRING, STR("a@c.de\0")));
}

static void
instants_need_a_time_and_an_offset(void **state)
{
	static const char *const good[] = { "2026-01-31T09:30:00Z",
		"2026-01-31T09:30:00.123Z", "2026-01-31T23:59:59.999999+05:30",
		"2024-02-29T00:00:00-00:00", "2026-01-31T09:30:00+23:59",
		NULL };
	static const char *const bad[] = { "", "2026-01-31",
		"2026-01-31T09:30:00", "2026-01-31 09:30:00Z",
		"2026-01-31t09:30:00Z", "2026-01-31T09:30:00z",
		"2026-01-31T09:30Z", "2026-01-31T24:00:00Z",
		"2026-01-31T09:60:00Z", "2026-01-31T09:30:60Z",
		"2026-02-29T09:30:00Z", "2026-01-31T09:30:00.Z",
		"2026-01-31T09:30:00+24:00", "2026-01-31T09:30:00+05:60",
		"2026-01-31T09:30:00+0530", "2026-01-31T09:30:00+05",
		"2026-01-31T09:30:00ZZ", "2026-01-31T09:30:00+05:30 ",
		"1714555800000", NULL };

	(void)state;
	all_of("latestSubmittedAt", good, true);
	all_of("latestSubmittedAt", bad, false);
	all_of("lastActivityAt", good, true);
	all_of("lastActivityAt", bad, false);
	all_of("deliveredAt", good, true);
	all_of("deliveredAt", bad, false);
}

static void
a_reason_outlives_the_call(void **state)
{
	const struct lead_field *f = lead_field_find(STR("phone"));
	const char *first = lead_problem(f, LEAD_STRING, STR("1"));

	(void)state;
	assert_ptr_equal(first, lead_problem(f, LEAD_STRING, STR("2")));
}

static void
lead_ids_are_letters_digits_and_two_marks(void **state)
{
	(void)state;
	assert_true(lead_id_valid(STR("lead_abc123")));
	assert_true(lead_id_valid(STR("A-Z_09")));
	assert_true(lead_id_valid(STR("x")));
	assert_true(lead_id_valid(STR(LOCAL64)));
	assert_false(lead_id_valid(STR(LOCAL64 "a")));
	assert_false(lead_id_valid(STR("")));
	assert_false(lead_id_valid(STR_NONE));
	assert_false(lead_id_valid(STR("a/b")));
	assert_false(lead_id_valid(STR("..")));
	assert_false(lead_id_valid(STR("a b")));
	assert_false(lead_id_valid(STR("a\r\n")));
	assert_false(lead_id_valid(STR("a%20")));
	assert_false(lead_id_valid(STR("a?b")));
	assert_false(lead_id_valid(STR("é")));
	assert_false(lead_id_valid(STR("a\0")));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_check_says_what_the_contract_says),
		cmocka_unit_test(every_status_of_the_page_is_taken),
		cmocka_unit_test(emails_are_told_from_what_is_none),
		cmocka_unit_test(an_email_has_at_most_254_characters),
		cmocka_unit_test(an_email_with_a_zero_byte_is_none),
		cmocka_unit_test(instants_need_a_time_and_an_offset),
		cmocka_unit_test(a_reason_outlives_the_call),
		cmocka_unit_test(lead_ids_are_letters_digits_and_two_marks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
