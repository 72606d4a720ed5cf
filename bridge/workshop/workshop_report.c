/* workshop/workshop_report.c - what `test` found, as text and as JSON. */
#include <string.h>

#include "workshop/workshop_report.h"
#include "base/base.h"
#include "terminal/terminal.h"

#define REPORT_CEILING ((size_t)256 << 20)

const struct report_rule_row report_rules[RULE_COUNT] = {
	[RULE_DIFFERS] = { "sample-differs",
	    "The mapping makes something else of the sample than expected." },
	[RULE_UNREADABLE] = { "sample-unreadable",
	    "The sample or what it should make cannot be read or used." },
	[RULE_MAPPING] = { "mapping-wrong", "The mapping file has a fault." },
	[RULE_EMPTY] = { "mapping-untested", "The mapping has no samples." },
};

/* A form prints each case as it ends, or all of them at the end. */
struct report_form {
	const char *name;
	void (*one)(const struct report_case *c);
	void (*all)(const struct report *r, struct bytes *out);
};

/* A line for people; names of files and values are strangers' words. */
static void
print_line(const char *before, const char *text, const char *after)
{
	struct bytes out;

	bytes_init(&out, REPORT_CEILING);
	shown_add(&out, str_of(before));
	shown_add(&out, str_of(text));
	bytes_addf(&out, "%s\n", after);
	print_bytes(&out);
}

/* With the line of the mapping to look at, where there is one. */
static void
print_finding(const struct report_finding *f)
{
	char *before = f->rule == RULE_DIFFERS && f->line > 0
	    ? base_print("    %s:%u: ", f->file, f->line)
	    : base_copy("    ");

	print_line(before, f->text, "");
	base_free(before);
}

static void
text_one(const struct report_case *c)
{
	bool tried = true;

	for (size_t i = 0; i < c->count; i++) {
		const struct report_finding *f = &c->findings[i];

		if (f->rule == RULE_EMPTY || f->rule == RULE_MAPPING)
			tried = false;
		if (f->rule == RULE_EMPTY)
			print_line("FAIL  ", c->folder, ": has no samples");
		else if (f->rule != RULE_MAPPING)
			print_finding(f);
	}
	if (tried)
		print_line(c->count == 0 ? "ok    " : "FAIL  ", c->file, "");
	else if (c->findings[0].rule == RULE_MAPPING)
		print_line("FAIL  ", c->file, "");
}

static void
text_all(const struct report *r, struct bytes *out)
{
	bytes_addf(out, "%zu passed, %zu failed\n", r->count - r->failed,
	    r->failed);
}

static void
json_finding(const struct report_finding *f, struct bytes *out)
{
	bytes_addf(out, "{\"rule\":\"%s\",\"file\":", report_rules[f->rule].id);
	shown_add_json(out, str_of(f->file));
	if (f->line != 0)
		bytes_addf(out, ",\"line\":%u", f->line);
	if (f->column != 0)
		bytes_addf(out, ",\"column\":%u", f->column);
	bytes_add_text(out, ",\"text\":");
	shown_add_json(out, str_of(f->text));
	bytes_add_char(out, '}');
}

static void
json_case(const struct report_case *c, struct bytes *out)
{
	bytes_add_text(out, "{\"mapping\":");
	shown_add_json(out, str_of(c->folder));
	bytes_add_text(out, ",\"file\":");
	shown_add_json(out, str_of(c->file));
	bytes_addf(out, ",\"passed\":%s,\"findings\":[",
	    c->count == 0 ? "true" : "false");
	for (size_t i = 0; i < c->count; i++) {
		bytes_add_text(out, i > 0 ? "," : "");
		json_finding(&c->findings[i], out);
	}
	bytes_add_text(out, "]}");
}

static void
json_all(const struct report *r, struct bytes *out)
{
	bytes_addf(out, "{\"passed\":%zu,\"failed\":%zu,\"cases\":[",
	    r->count - r->failed, r->failed);
	for (size_t i = 0; i < r->count; i++) {
		bytes_add_text(out, i > 0 ? ",\n" : "\n");
		json_case(&r->cases[i], out);
	}
	bytes_add_text(out, "]}\n");
}

static const struct report_form forms[] = {
	{ "text", text_one, text_all },
	{ "junit", NULL, report_junit },
	{ "json", NULL, json_all },
	{ "sarif", NULL, report_sarif },
};

void
report_start(struct report *r, const char *form)
{
	*r = (struct report){ .form = &forms[0] };
	for (size_t i = 0; form != NULL && i < COUNT_OF(forms); i++)
		if (strcmp(forms[i].name, form) == 0)
			r->form = &forms[i];
}

void
report_case(struct report *r, const char *folder, const char *file)
{
	r->cases = base_grow(r->cases, r->count + 1, sizeof(*r->cases));
	r->cases[r->count++] = (struct report_case){ .folder = base_copy(
		                                         folder),
		.file = base_copy(file),
		.took_us = -clock_mono_us() };
}

void
report_find(struct report *r, enum report_rule rule, const char *file,
    unsigned line, unsigned column, const char *fmt, ...)
{
	struct report_case *c = &r->cases[r->count - 1];
	struct bytes text;
	va_list ap;

	bytes_init(&text, REPORT_CEILING);
	va_start(ap, fmt);
	bytes_addv(&text, fmt, ap);
	va_end(ap);
	c->findings = base_grow(c->findings, c->count + 1,
	    sizeof(*c->findings));
	c->findings[c->count++] = (struct report_finding){ .rule = rule,
		.file = base_copy(file),
		.line = line,
		.column = column,
		.text = bytes_take(&text) };
	bytes_done(&text);
}

void
report_case_end(struct report *r)
{
	struct report_case *c = &r->cases[r->count - 1];

	c->took_us += clock_mono_us();
	r->failed += c->count > 0;
	if (r->form->one != NULL)
		r->form->one(c);
}

void
report_print(const struct report *r)
{
	struct bytes out;

	bytes_init(&out, REPORT_CEILING);
	r->form->all(r, &out);
	print_bytes(&out);
}

void
report_done(struct report *r)
{
	for (size_t i = 0; i < r->count; i++) {
		struct report_case *c = &r->cases[i];

		for (size_t k = 0; k < c->count; k++) {
			base_free(c->findings[k].file);
			base_free(c->findings[k].text);
		}
		base_free(c->findings);
		base_free(c->folder);
		base_free(c->file);
	}
	base_free(r->cases);
}
