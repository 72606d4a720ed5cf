/*
 * workshop/workshop_report_sarif.c - what `test` found, as SARIF 2.1.0: a
 * result a finding, at the line of the mapping or sample to be mended.
 */
#include <ctype.h>
#include <string.h>

#include "workshop/workshop_report.h"
#include "base/base.h"

/* A path as a URI reference: a file's when absolute, else relative. */
static void
add_uri(struct bytes *out, const char *path)
{
	bytes_add_text(out, path[0] == '/' ? "\"file://" : "\"");
	while (strncmp(path, "./", 2) == 0)
		path += 2;
	for (; *path != '\0'; path++) {
		unsigned char c = (unsigned char)*path;

		if (c < 0x80 && (isalnum(c) || strchr("-._~/", c) != NULL))
			bytes_add_char(out, (char)c);
		else
			bytes_addf(out, "%%%02X", c);
	}
	bytes_add_char(out, '"');
}

static void
add_location(struct bytes *out, const char *file, unsigned line,
    unsigned column)
{
	bytes_add_text(out,
	    "[{\"physicalLocation\":{\"artifactLocation\":{\"uri\":");
	add_uri(out, file);
	bytes_addf(out, "},\"region\":{\"startLine\":%u", line > 0 ? line : 1);
	if (column > 0)
		bytes_addf(out, ",\"startColumn\":%u", column);
	bytes_add_text(out, "}}}]");
}

static void
add_result(const struct report_case *c, const struct report_finding *f,
    struct bytes *out)
{
	bytes_addf(out,
	    "{\"ruleId\":\"%s\",\"ruleIndex\":%d,\"level\":\"error\","
	    "\"message\":{\"text\":",
	    report_rules[f->rule].id, (int)f->rule);
	shown_add_json(out, str_of(f->text));
	bytes_add_text(out, "},\"locations\":");
	add_location(out, f->file, f->line, f->column);
	if (strcmp(c->file, f->file) != 0) {
		bytes_add_text(out, ",\"relatedLocations\":");
		add_location(out, c->file, 1, 0);
	}
	bytes_add_char(out, '}');
}

static void
add_rules(struct bytes *out)
{
	for (size_t i = 0; i < RULE_COUNT; i++)
		bytes_addf(out,
		    "%s{\"id\":\"%s\",\"shortDescription\":{\"text\":\"%s\"}}",
		    i > 0 ? "," : "", report_rules[i].id, report_rules[i].help);
}

void
report_sarif(const struct report *r, struct bytes *out)
{
	const char *comma = "\n";

	bytes_add_text(out,
	    "{\"version\":\"2.1.0\",\"$schema\":"
	    "\"https://json.schemastore.org/sarif-2.1.0.json\",\n"
	    "\"runs\":[{\"tool\":{\"driver\":{\"name\":\"leadbridge\","
	    "\"version\":\"" BRIDGE_VERSION "\",\"rules\":[");
	add_rules(out);
	bytes_add_text(out,
	    "]}},\"columnKind\":\"unicodeCodePoints\",\n"
	    "\"results\":[");
	for (size_t i = 0; i < r->count; i++)
		for (size_t k = 0; k < r->cases[i].count; k++) {
			bytes_add_text(out, comma);
			add_result(&r->cases[i], &r->cases[i].findings[k], out);
			comma = ",\n";
		}
	bytes_add_text(out, "]}]}\n");
}
