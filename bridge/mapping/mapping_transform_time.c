/* mapping/mapping_transform_time.c - dates and date-times. */
#include "mapping/mapping_time.h"
#include "mapping/mapping_timezone.h"
#include "mapping/mapping_transform_tools.h"

static int
prepare_formats(const struct transform_setup *s, const char *step, void **out,
    struct fault *why)
{
	struct time_formats *made = base_alloc(sizeof(*made));

	if (time_formats_read(made, step, s, why) == -1) {
		base_free(made);
		return -1;
	}
	*out = made;
	return 0;
}

static int
prepare_date(const struct transform_setup *s, void **out, struct fault *why)
{
	return prepare_formats(s, "date", out, why);
}

static int
prepare_datetime(const struct transform_setup *s, void **out, struct fault *why)
{
	return prepare_formats(s, "datetime", out, why);
}

/* The first of the declared formats the text has; NULL when it has none. */
static const struct time_format *
read_any(const struct time_formats *f, struct str text, struct moment *m)
{
	for (size_t i = 0; i < f->count; i++)
		if (time_read(&f->format[i], text, m))
			return &f->format[i];
	return NULL;
}

static bool
is_object(const struct value *v)
{
	return v->kind == VALUE_NODE &&
	    doc_kind(v->document, v->node) == DOC_OBJECT;
}

static int
read_date(const struct transform_call *c, const struct value *v,
    struct moment *m, struct fault *why)
{
	struct str text;

	if (is_object(v)) {
		if (time_read_object(v, m))
			return 0;
		return step_fault(c, why,
		    "date: the object has no year, month and day that are a "
		    "date%s",
		    time_object_empty(v) ? "; empty = \"absent\" leaves out "
		                           "one that was not answered"
		                         : "");
	}
	if (step_text(c, "date", v, &text, why) == -1)
		return -1;
	if (read_any(c->prepared, trim_blanks(text), m) != NULL)
		return 0;
	if (c->arg_count > 0)
		return step_fault(c, why,
		    "date: is not a date in a format that is declared");
	return step_fault(c, why,
	    "date: is not a date as YYYY-MM-DD; other formats must be "
	    "declared, as in date('MM/DD/YYYY') or date('ms')");
}

/* A date that was not answered, where such texts are absent. */
static bool
is_unanswered(const struct transform_call *c, const struct value *v)
{
	const struct time_formats *f = c->prepared;

	return f->drop_empty && is_object(v) && time_object_empty(v);
}

static int
run_date(const struct transform_call *c, struct value *v, struct fault *why)
{
	struct moment m;
	struct bytes out;

	if (is_unanswered(c, v)) {
		*v = (struct value){ .kind = VALUE_ABSENT };
		return 0;
	}
	if (read_date(c, v, &m, why) == -1)
		return -1;
	step_bytes(c, &out);
	time_print_date(&m, &out);
	return step_give(c, "date", &out, v, why);
}

/* ISO must say its time and its offset; a declared format without is UTC. */
static bool
is_whole(const struct time_format *f, const struct moment *m)
{
	unsigned needed = BIT(TIME_HOUR) | BIT(TIME_OFFSET);

	return f->kind != TIME_ISO || (m->seen & needed) == needed;
}

static int
run_datetime(const struct transform_call *c, struct value *v, struct fault *why)
{
	const struct time_format *f;
	struct moment m;
	struct bytes out;
	struct str text;

	if (step_text(c, "datetime", v, &text, why) == -1)
		return -1;
	f = read_any(c->prepared, trim_blanks(text), &m);
	if (f == NULL && c->arg_count > 0)
		return step_fault(c, why,
		    "datetime: is not a date-time in a format that is "
		    "declared");
	if (f == NULL)
		return step_fault(c, why,
		    "datetime: is not an ISO 8601 date-time; other formats "
		    "must be declared, as in datetime('MM/DD/YYYY HH:mm') or "
		    "datetime('s')");
	if (!is_whole(f, &m))
		return step_fault(c, why,
		    "datetime: has no time or no offset; declare "
		    "datetime('YYYY-MM-DDTHH:mm:ss') to take it as UTC");
	step_bytes(c, &out);
	if (!time_print_utc(&m, &out))
		return step_fault(c, why,
		    "datetime: is outside of the years 0001 to 9999 in UTC");
	return step_give(c, "datetime", &out, v, why);
}

/* The list of zones is read when a mapping loads, not by its first event. */
static int
prepare_timezone(const struct transform_setup *s UNUSED, void **out UNUSED,
    struct fault *why UNUSED)
{
	(void)zone_names();
	return 0;
}

static int
run_timezone(const struct transform_call *c, struct value *v, struct fault *why)
{
	struct str text, found;

	if (step_text(c, "timezone", v, &text, why) == -1)
		return -1;
	found = timezone_find(trim_blanks(text));
	if (found.at == NULL)
		return step_fault(c, why,
		    "timezone: is no time zone's name, such as "
		    "America/New_York or Eastern Time (US & Canada)");
	*v = value_string(found);
	return 0;
}

const struct transform transforms_time[] = {
	{ .name = "date",
	    .max_args = TRANSFORM_ARGS,
	    .flags = TRANSFORM_LITERAL_ARGS,
	    .takes = "text, or an object with year, month and day",
	    .gives = "text",
	    .help = "Makes YYYY-MM-DD of an ISO date or date-time, or of a "
	            "date in one of the formats given, such as 'MM/DD/YYYY', "
	            "'D MMMM YYYY', 's', 'ms' (since 1970) or 'auto' (either, "
	            "by 10 or 13 digits).",
	    .examples = EXAMPLES({ "\"1985-04-12\"", "date", "\"1985-04-12\"" },
	        { "\"1985-04-12T23:20:50.52-08:00\"", "date",
	            "\"1985-04-12\"" },
	        { "\"04/12/1985\"", "date('MM/DD/YYYY')", "\"1985-04-12\"" },
	        { "\"12/04/1985\"", "date('DD/MM/YYYY')", "\"1985-04-12\"" },
	        { "\"4/12/1985\"", "date('M/D/YYYY')", "\"1985-04-12\"" },
	        { "\"12 april 1985\"", "date('D MMMM YYYY')",
	            "\"1985-04-12\"" },
	        { "\"Apr 12, 1985\"", "date('iso', 'MMM D, YYYY')",
	            "\"1985-04-12\"" },
	        { "482196050", "date('s')", "\"1985-04-12\"" },
	        { "482196050520", "date('ms')", "\"1985-04-12\"" },
	        { "-1", "date('ms')", "\"1969-12-31\"" },
	        { "1714555800", "date('auto')", "\"2024-05-01\"" },
	        { "\"1714555800000\"", "date('auto')", "\"2024-05-01\"" },
	        { "171455580000", "date('auto')", "!that is declared" },
	        { "\"-714555800\"", "date('auto')", "!that is declared" },
	        { "{\"year\": \"1985\", \"month\": \"4\", \"day\": 12}", "date",
	            "\"1985-04-12\"" },
	        { "{\"year\": 1985, \"month\": \"April\", \"day\": 12}", "date",
	            "\"1985-04-12\"" },
	        { "\"2024-02-29\"", "date", "\"2024-02-29\"" },
	        { "\"2023-02-29\"", "date", "!is not a date as YYYY-MM-DD" },
	        { "\"13/01/2024\"", "date('MM/DD/YYYY')",
	            "!in a format that is declared" },
	        { "\"4/12/1985\"", "date('MM/DD/YYYY')",
	            "!in a format that is declared" },
	        { "482196050", "date", "!must be declared" },
	        { "{\"year\": 85, \"month\": 4, \"day\": 12}", "date",
	            "!the object has no year" },
	        { "\"\"", "date('MM/DD/YY')", "!which century" },
	        { "\"\"", "date('MM/DD/YYYY', 'DD/MM/YYYY')",
	            "!two different dates" },
	        { "\"\"", "date('MM/YYYY')", "!needs year, month and day" },
	        { "\"\"", "date('bogus')", "!stands for nothing" }),
	    .prepare = prepare_date,
	    .release = base_free,
	    .run = run_date },

	{ .name = "datetime",
	    .max_args = TRANSFORM_ARGS,
	    .flags = TRANSFORM_LITERAL_ARGS,
	    .takes = "text",
	    .gives = "text",
	    .help = "Makes an ISO 8601 date-time in UTC of one with an offset, "
	            "or of one of the formats given, taken as UTC where they "
	            "have no offset.",
	    .examples = EXAMPLES({ "\"2026-01-31T23:30:00-05:00\"", "datetime",
	                             "\"2026-02-01T04:30:00Z\"" },
	        { "\"2026-01-31T09:30:00.120Z\"", "datetime",
	            "\"2026-01-31T09:30:00.120Z\"" },
	        { "\"2026-01-31T09:30:00+0530\"", "datetime",
	            "\"2026-01-31T04:00:00Z\"" },
	        { "\"2026-01-31 09:30Z\"", "datetime",
	            "\"2026-01-31T09:30:00Z\"" },
	        { "1714555800", "datetime('s')", "\"2024-05-01T09:30:00Z\"" },
	        { "1714555800.25", "datetime('s')",
	            "\"2024-05-01T09:30:00.25Z\"" },
	        { "\"1714555800007\"", "datetime('ms')",
	            "\"2024-05-01T09:30:00.007Z\"" },
	        { "1714555800", "datetime('epoch')",
	            "\"2024-05-01T09:30:00Z\"" },
	        { "1714555800007", "datetime('iso', 'auto')",
	            "\"2024-05-01T09:30:00.007Z\"" },
	        { "1714555800", "datetime('auto', 'ms')",
	            "!two different dates" },
	        { "\"01/31/2026 09:30 pm\"", "datetime('MM/DD/YYYY hh:mm A')",
	            "\"2026-01-31T21:30:00Z\"" },
	        { "\"12/31/2025 12:05 AM\"", "datetime('MM/DD/YYYY hh:mm A')",
	            "\"2025-12-31T00:05:00Z\"" },
	        { "\"2026-01-31\"", "datetime('YYYY-MM-DD')",
	            "\"2026-01-31T00:00:00Z\"" },
	        { "\"2026-01-31T09:30:00\"", "datetime", "!to take it as UTC" },
	        { "\"2026-01-31\"", "datetime", "!to take it as UTC" },
	        { "\"2026-01-31T24:00:00Z\"", "datetime",
	            "!is not an ISO 8601 date-time" },
	        { "\"9999-12-31T23:59:59-01:00\"", "datetime",
	            "!outside of the years" },
	        { "1714555800", "datetime", "!must be declared" },
	        { "1714555800", "datetime('s', 'ms')", "!two different dates" },
	        { "true", "datetime", "!was given a boolean" }),
	    .prepare = prepare_datetime,
	    .release = base_free,
	    .run = run_datetime },

	{ .name = "timezone",
	    .takes = "text",
	    .gives = "text",
	    .help = "Makes the IANA name of a time zone's name on the web or "
	            "in Windows, or of its city; leaves an IANA name as it "
	            "is.",
	    .examples = EXAMPLES({ "\"Eastern Time (US & Canada)\"", "timezone",
	                             "\"America/New_York\"" },
	        { "\"(GMT-08:00) Pacific Time (US & Canada)\"", "timezone",
	            "\"America/Los_Angeles\"" },
	        { "\"Central Standard Time\"", "timezone",
	            "\"America/Chicago\"" },
	        { "\"new york\"", "timezone", "\"America/New_York\"" },
	        { "\"Arizona\"", "timezone", "\"America/Phoenix\"" },
	        { "\"Nuku'alofa\"", "timezone", "\"Pacific/Tongatapu\"" },
	        { "\"UTC\"", "timezone", "\"Etc/UTC\"" },
	        { "\"America/Kentucky/Louisville\"", "timezone",
	            "\"America/Kentucky/Louisville\"" },
	        { "\"america/new_york\"", "timezone", "\"America/New_York\"" },
	        { "\"EST\"", "timezone", "!no time zone's name" },
	        { "\"GMT+12\"", "timezone", "!no time zone's name" },
	        { "\"\u041c\u043e\u0441\u043a\u0432\u0430 GMT\"", "timezone",
	            "!no time zone's name" },
	        { "\"Europe/\"", "timezone", "!no time zone's name" },
	        { "\"\"", "timezone", "!no time zone's name" },
	        { "-5", "timezone", "!no time zone's name" }),
	    .prepare = prepare_timezone,
	    .run = run_timezone },

	{ .name = NULL },
};
