/*
 * workshop/workshop_report_junit.c - what `test` found, as JUnit XML: a suite
 * a mapping, a case a sample, a failure with a line for each finding. Only
 * attributes that every published schema of it has, as some readers are strict.
 */
#include <string.h>

#include "workshop/workshop_report.h"
#include "base/base.h"

/* What XML 1.0 has a character for; the rest cannot even be escaped. */
static bool
has_xml(uint32_t point)
{
	return point == '\t' || point == '\n' || point == '\r' ||
	    (point >= 0x20 && point < 0xfffe) || point >= 0x10000;
}

/* For text and for attributes between double quotes. */
static void
add_xml(struct bytes *out, const char *text)
{
	struct str rest = str_of(text);
	char utf8[4];

	while (rest.len > 0) {
		uint32_t point = shown_point(&rest);

		if (!has_xml(point))
			bytes_addf(out, "\\u%04x", (unsigned)point);
		else if (point < 0x20 || strchr("<>&\"'", (int)point) != NULL)
			bytes_addf(out, "&#%u;", (unsigned)point);
		else
			bytes_add(out, utf8, utf8_put(utf8, point));
	}
}

static void
add_time(struct bytes *out, int64_t us)
{
	bytes_addf(out, " time=\"%.3f\"", (double)us / 1e6);
}

/* That of the cases from first to before end. */
static int64_t
time_of(const struct report *r, size_t first, size_t end)
{
	int64_t sum = 0;

	for (size_t i = first; i < end; i++)
		sum += r->cases[i].took_us;
	return sum;
}

static const char *
base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? slash + 1 : path;
}

static void
add_failure(const struct report_case *c, struct bytes *out)
{
	bytes_addf(out, "<failure type=\"%s\" message=\"",
	    report_rules[c->findings[0].rule].id);
	add_xml(out, c->findings[0].text);
	bytes_add_text(out, "\">");
	for (size_t i = 0; i < c->count; i++) {
		const struct report_finding *f = &c->findings[i];

		bytes_add_text(out, i > 0 ? "\n" : "");
		add_xml(out, f->file);
		if (f->line != 0)
			bytes_addf(out, ":%u", f->line);
		bytes_add_text(out, ": ");
		add_xml(out, f->text);
	}
	bytes_add_text(out, "</failure>");
}

static void
add_case(const struct report_case *c, struct bytes *out)
{
	bytes_add_text(out, "    <testcase classname=\"");
	add_xml(out, c->folder);
	bytes_add_text(out, "\" name=\"");
	add_xml(out, base_name(c->file));
	bytes_add_char(out, '"');
	add_time(out, c->took_us);
	bytes_add_char(out, '>');
	if (c->count > 0)
		add_failure(c, out);
	bytes_add_text(out, "</testcase>\n");
}

/* The cases of one mapping follow each other; returns the first behind. */
static size_t
add_suite(const struct report *r, size_t first, struct bytes *out)
{
	const char *folder = r->cases[first].folder;
	size_t end = first, failed = 0;

	for (; end < r->count && strcmp(r->cases[end].folder, folder) == 0;
	     end++)
		failed += r->cases[end].count > 0;
	bytes_add_text(out, "  <testsuite name=\"");
	add_xml(out, folder);
	bytes_addf(out, "\" tests=\"%zu\" failures=\"%zu\" errors=\"0\"",
	    end - first, failed);
	add_time(out, time_of(r, first, end));
	bytes_add_text(out, ">\n");
	for (size_t i = first; i < end; i++)
		add_case(&r->cases[i], out);
	bytes_add_text(out, "  </testsuite>\n");
	return end;
}

void
report_junit(const struct report *r, struct bytes *out)
{
	bytes_addf(out,
	    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
	    "<testsuites name=\"leadbridge test\" tests=\"%zu\" "
	    "failures=\"%zu\" errors=\"0\"",
	    r->count, r->failed);
	add_time(out, time_of(r, 0, r->count));
	bytes_add_text(out, ">\n");
	for (size_t i = 0; i < r->count;)
		i = add_suite(r, i, out);
	bytes_add_text(out, "</testsuites>\n");
}
