/* Dates and date-times: formats, their faults, and the calendar's edges. */
#include <stdio.h>

#include "unit/mapping/transform_step.h"
#include "mapping/mapping_time.h"

static void
dates_are_of_the_calendar(void **state)
{
	(void)state;
	step_expect("\"2000-02-29\"", "date", "\"2000-02-29\"");
	step_expect("\"0007-01-09\"", "date", "\"0007-01-09\"");
	step_expect("\"0000-01-09\"", "date", "!is not a date");
	step_expect("\"01/09/0000\"", "date('MM/DD/YYYY')", "!is declared");
	step_expect("\"1900-02-29\"", "date", "!is not a date");
	step_expect("\"2024-04-31\"", "date", "!is not a date");
	step_expect("\"2024-00-10\"", "date", "!is not a date");
	step_expect("\"2024-01-01x\"", "date", "!is not a date");
	step_expect("\"24-01-01\"", "date", "!is not a date");
	step_expect("\"2024-01-01T25:00:00Z\"", "date", "!is not a date");
	step_expect("\"2024-01-01T10:00\"", "date", "\"2024-01-01\"");
	step_expect("\" 2024-01-01 \"", "date", "\"2024-01-01\"");
	step_expect("[]", "date", "!was given an array");
	step_expect("\"\"", "date", "!is not a date");
}

static void
objects_need_all_three_parts(void **state)
{
	(void)state;
	step_expect("{\"day\": 1, \"month\": 2, \"year\": 1990, \"x\": 1}",
	    "date('MM/DD/YYYY')", "\"1990-02-01\"");
	step_expect("{\"day\": 1, \"month\": 2}", "date", "!the object has");
	step_expect("{\"day\": \"\", \"month\": \"\", \"year\": \"\"}", "date",
	    "!the object has");
	step_expect("{\"day\": \" \", \"month\": null, \"year\": \"\"}", "date",
	    "!leaves out one that was not answered");
	step_expect("{\"day\": 31, \"month\": 2, \"year\": 1990}", "date",
	    "!the object has");
	step_expect("{\"day\": 1.5, \"month\": 2, \"year\": 1990}", "date",
	    "!the object has");
	step_expect("{\"day\": 1, \"month\": \"MAR\", \"year\": 1990}", "date",
	    "\"1990-03-01\"");
	step_expect("{\"day\": 1, \"month\": \"march\", \"year\": 1990}",
	    "date", "\"1990-03-01\"");
	step_expect("{\"day\": 1, \"month\": \"Marc\", \"year\": 1990}", "date",
	    "!the object has");
	step_expect("{\"day\": \"May\", \"month\": 1, \"year\": 1990}", "date",
	    "!the object has");
	step_expect("{\"day\": 1, \"month\": 2, \"year\": \"0000\"}", "date",
	    "!the object has");
	step_expect("{}", "datetime", "!was given an object");
}

static void
tokens_read_what_they_say(void **state)
{
	(void)state;
	step_expect("\"1/2/2024\"", "date('D/M/YYYY')", "\"2024-02-01\"");
	step_expect("\"20240201\"", "date('YYYYMMDD')", "\"2024-02-01\"");
	step_expect("\"FEB 01 2024\"", "date('MMM DD YYYY')", "\"2024-02-01\"");
	step_expect("\"may 1 2024\"", "date('MMMM D YYYY')", "\"2024-05-01\"");
	step_expect("\"2024年2月1日\"", "date('YYYY年M月D日')",
	    "\"2024-02-01\"");
	step_expect("\"2024-02-01T10:20:30.5\"",
	    "datetime('YYYY-MM-DDTHH:mm:ss.SSS')",
	    "\"2024-02-01T10:20:30.5Z\"");
	step_expect("\"2024-02-01 7:05\"", "datetime('YYYY-MM-DD H:mm')",
	    "\"2024-02-01T07:05:00Z\"");
	step_expect("\"2024-02-01 7:05 +02:00\"",
	    "datetime('YYYY-MM-DD H:mm Z')", "\"2024-02-01T05:05:00Z\"");
	step_expect("\"2024-02-01 12 PM\"", "datetime('YYYY-MM-DD h A')",
	    "\"2024-02-01T12:00:00Z\"");
	step_expect("\"2024-02-01 13 PM\"", "datetime('YYYY-MM-DD h A')",
	    "!in a format that is declared");
	step_expect("\"2024-02-01 0 AM\"", "datetime('YYYY-MM-DD h A')",
	    "!in a format that is declared");
	step_expect("\"2024-02-01 10:60\"", "datetime('YYYY-MM-DD H:mm')",
	    "!in a format that is declared");
}

static void
offsets_are_read_in_all_their_spellings(void **state)
{
	(void)state;
	step_expect("\"2024-05-01T00:00:00z\"", "datetime",
	    "\"2024-05-01T00:00:00Z\"");
	step_expect("\"2024-05-01t00:00:00+01\"", "datetime",
	    "\"2024-04-30T23:00:00Z\"");
	step_expect("\"2024-05-01T00:00:00.000+00:30\"", "datetime",
	    "\"2024-04-30T23:30:00.000Z\"");
	step_expect("\"2024-05-01T00:00:00+24:00\"", "datetime", "!is not");
	step_expect("\"2024-05-01T00:00:00+00:60\"", "datetime", "!is not");
	step_expect("\"2024-05-01T00:00:00+0\"", "datetime", "!is not");
	step_expect("\"2024-05-01T00:00:00+000\"", "datetime", "!is not");
	step_expect("\"2024-05-01T00:00:00.1234567890Z\"", "datetime",
	    "!is not");
	step_expect("\"2024-05-01T00:00:60Z\"", "datetime", "!is not");
	step_expect("\"0000-01-01T00:00:00Z\"", "datetime", "!is not");
	step_expect("\"0001-01-01T00:00:00+01:00\"", "datetime", "!outside");
	step_expect("-62167219200", "datetime('s')", "!is declared");
	step_expect("-62135596800", "datetime('s')",
	    "\"0001-01-01T00:00:00Z\"");
}

static void
epochs_count_from_1970(void **state)
{
	(void)state;
	step_expect("0", "datetime('s')", "\"1970-01-01T00:00:00Z\"");
	step_expect("-1", "datetime('s')", "\"1969-12-31T23:59:59Z\"");
	step_expect("\"-1\"", "datetime('ms')", "\"1969-12-31T23:59:59.999Z\"");
	step_expect("-1000", "datetime('ms')", "\"1969-12-31T23:59:59.000Z\"");
	step_expect("253402300799", "datetime('s')",
	    "\"9999-12-31T23:59:59Z\"");
	step_expect("253402300800", "datetime('s')", "!is declared");
	step_expect("253402300799999", "datetime('ms')",
	    "\"9999-12-31T23:59:59.999Z\"");
	step_expect("253402300800000", "datetime('ms')", "!is declared");
	step_expect("-1.5", "datetime('s')", "!is declared");
	step_expect("1e9", "datetime('s')", "!is declared");
	step_expect("1.5", "datetime('ms')", "!is declared");
	step_expect("\"99999999999999999999\"", "date('ms')", "!is declared");
	step_expect("\"-\"", "date('s')", "!is declared");
}

/* What the formats' fault says, or NULL when they are fine together. */
static void
formats(const char *one, const char *other, const char *problem)
{
	struct value args[] = { value_string(str_of(one)),
		value_string(str_of(other != NULL ? other : "")) };
	struct transform_setup setup = { .args = args,
		.arg_count = other != NULL ? 2 : 1 };
	struct time_formats f;
	struct fault why = { 0 };
	int rc = time_formats_read(&f, "date", &setup, &why);

	if (rc != (problem != NULL ? -1 : 0) ||
	    (problem != NULL && strstr(why.text, problem) == NULL))
		fail_msg("%s, %s: %s", one, other != NULL ? other : "",
		    rc == -1 ? why.text : "no fault");
}

static void
a_format_that_is_none_is_said_at_load(void **state)
{
	(void)state;
	formats("YY-MM-DD", NULL, "which century");
	formats("DD.MM", NULL, "needs year, month and day");
	formats("", NULL, "needs year, month and day");
	formats("YYYY-MM-DD MM", NULL, "has a part twice");
	formats("YYYY-MM-DD q", NULL, "a letter that stands for nothing");
	formats("YYYY-MM-DD hh", NULL, "needs A");
	formats("YYYY-MM-DD HH A", NULL, "needs A");
	formats("YYYY-MM-DD HH hh A", NULL, "has the hour twice");
	formats("YYYYMDD", NULL, "no fixed length");
	formats("YYYY-MM-DD--------------------------------", NULL,
	    "is too long");
	formats("YYYY-MM-DDTHH:mm:ss.SSSZ", NULL, NULL);
	formats("D MMMM YYYY, h:mm A", NULL, NULL);
}

static void
formats_that_could_be_confused_are_said_at_load(void **state)
{
	static const char both[] = "two different dates";

	(void)state;
	formats("MM/DD/YYYY", "DD/MM/YYYY", both);
	formats("M/D/YYYY", "DD/MM/YYYY", both);
	formats("YYYYMMDD", "DDMMYYYY", both);
	formats("YYYYMMDD", "s", both);
	formats("ms", "DDMMYYYY", both);
	formats("s", "ms", both);
	formats("iso", "YYYY-DD-MM", both);
	formats("YYYY-DD-MM HH:mm", "iso", both);
	formats("MM/DD/YYYY", "DD.MM.YYYY", NULL);
	formats("MM/DD/YYYY", "M/D/YYYY", NULL);
	formats("MM/DD/YYYY", "MM/DD/YYYY", NULL);
	formats("DD MMM YYYY", "DD MM YYYY", NULL);
	formats("YYYY-MM-DD", "s", NULL);
	formats("iso", "MM/DD/YYYY", NULL);
	formats("iso", "YYYY-MM-DD HH:mm", NULL);
	formats("iso", "s", NULL);
	formats("iso", "iso", NULL);
}

/* Each day of four centuries, there and back. */
static void
every_day_survives_the_epoch(void **state)
{
	struct time_format s = { .kind = TIME_EPOCH_S };

	(void)state;
	for (int64_t day = 0; day < 146097; day += 1) {
		struct moment m, again;
		struct bytes out;
		char text[24];

		snprintf(text, sizeof(text), "%lld", (long long)day * 86400);
		assert_true(time_read(&s, str_of(text), &m));
		bytes_init(&out, 100);
		time_print_date(&m, &out);
		assert_true(time_read(&(struct time_format){ .kind = TIME_ISO },
		    bytes_str(&out), &again));
		bytes_clear(&out);
		assert_true(time_print_utc(&again, &out));
		assert_memory_equal(again.part, m.part, 3 * sizeof(m.part[0]));
		assert_int_equal(out.len, strlen("1970-01-01T00:00:00Z"));
		bytes_done(&out);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dates_are_of_the_calendar),
		cmocka_unit_test(objects_need_all_three_parts),
		cmocka_unit_test(tokens_read_what_they_say),
		cmocka_unit_test(offsets_are_read_in_all_their_spellings),
		cmocka_unit_test(epochs_count_from_1970),
		cmocka_unit_test(a_format_that_is_none_is_said_at_load),
		cmocka_unit_test(
		    formats_that_could_be_confused_are_said_at_load),
		cmocka_unit_test(every_day_survives_the_epoch),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
