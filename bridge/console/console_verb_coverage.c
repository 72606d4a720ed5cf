/* console/console_verb_coverage.c - what no sample of a mapping tries. */
#include <string.h>

#include "workshop/workshop.h"
#include "base/base.h"
#include "console/console_verb.h"

#define WHERE_WIDTH 24

static const struct option_row options[] = {
	{ .name = "only",
	    .value = "paths|rules|fields",
	    .help = "Look at these alone; may be given again.",
	    .many = true },
	{ .name = "strict",
	    .help = "Exit with 1 when anything looked at is uncovered." },
	OPTION_OUTPUT,
	{ .name = NULL },
};

/* The three things looked at, as one list each of all and of what is open. */

static size_t
path_total(const struct coverage *c)
{
	return c->path_count;
}

static bool
path_open(const struct coverage *c, size_t i)
{
	return !c->paths[i].mapped;
}

static void
path_print(const struct coverage *c, size_t i, bool json, struct bytes *out)
{
	if (json)
		bytes_add_json(out, str_of(c->paths[i].text));
	else
		shown_add(out, str_of(c->paths[i].text));
}

static size_t
rule_total(const struct coverage *c)
{
	return c->rule_count;
}

static bool
rule_open(const struct coverage *c, size_t i)
{
	return !c->rules[i].fired;
}

static void
rule_print_json(const struct mapping_rule *rule, const char *kind,
    const char *room, struct bytes *out)
{
	bytes_addf(out, "{\"kind\":\"%s\",\"field\":\"%s", kind, room);
	bytes_addf(out, "%s\"", rule->where);
	if (rule->text.at != NULL) {
		bytes_add_text(out, ",\"text\":");
		bytes_add_json(out, rule->text);
	}
	bytes_add_char(out, '}');
}

static void
rule_print(const struct coverage *c, size_t i, bool json, struct bytes *out)
{
	static const struct {
		const char *name, *before, *room;
	} kinds[MAPPING_RULE_KINDS] = {
		[MAPPING_RULE_WHEN] = { "when", "when", "" },
		[MAPPING_RULE_FIELD] = { "field", "", "" },
		[MAPPING_RULE_ALTERNATIVE] = { "alternative", "?? ", "" },
		[MAPPING_RULE_ROW] = { "row", "row ", "tables." },
	};
	const struct mapping_rule *rule = &c->rules[i].is;
	size_t start = out->len;

	if (json) {
		rule_print_json(rule, kinds[rule->kind].name,
		    kinds[rule->kind].room, out);
		return;
	}
	bytes_add_text(out, kinds[rule->kind].room);
	shown_add(out, str_of(rule->where));
	do
		bytes_add_char(out, ' ');
	while (out->len - start < WHERE_WIDTH && bytes_ok(out));
	bytes_add_text(out, kinds[rule->kind].before);
	shown_add(out, rule->text);
}

static size_t
field_total(const struct coverage *c)
{
	size_t count;

	(void)c;
	(void)lead_fields(&count);
	return count;
}

static bool
field_open(const struct coverage *c, size_t i)
{
	return !c->written[i];
}

static void
field_print(const struct coverage *c, size_t i, bool json, struct bytes *out)
{
	size_t count;
	const char *name = lead_fields(&count)[i].name;

	(void)c;
	bytes_addf(out, json ? "\"%s\"" : "%s", name);
}

static const struct part {
	const char *name, *what, *done;
	size_t (*total)(const struct coverage *c);
	bool (*open)(const struct coverage *c, size_t i);
	void (*print)(const struct coverage *c, size_t i, bool json,
	    struct bytes *out);
} parts[] = {
	{ "paths", "input paths", "mapped", path_total, path_open, path_print },
	{ "rules", "rules", "fired", rule_total, rule_open, rule_print },
	{ "fields", "contract fields", "written", field_total, field_open,
	    field_print },
};

static size_t
count_open(const struct coverage *c, const struct part *p)
{
	size_t open = 0;

	for (size_t i = 0; i < p->total(c); i++)
		open += p->open(c, i);
	return open;
}

static void
print_text(const struct coverage *c, const struct part *p, struct bytes *out)
{
	size_t open = count_open(c, p), total = p->total(c);

	bytes_addf(out, "%s: %zu of %zu %s%s\n", p->what, total - open, total,
	    p->done, open > 0 ? ", never:" : "");
	for (size_t i = 0; i < total; i++) {
		if (!p->open(c, i))
			continue;
		bytes_add_text(out, "  ");
		p->print(c, i, false, out);
		bytes_add_char(out, '\n');
	}
}

static void
print_json(const struct coverage *c, const struct part *p, struct bytes *out)
{
	size_t open = count_open(c, p), total = p->total(c);
	const char *comma = "\n";

	bytes_addf(out,
	    ",\n\"%s\":{\"total\":%zu,\"covered\":%zu,\"uncovered\":[", p->name,
	    total, total - open);
	for (size_t i = 0; i < total; i++) {
		if (!p->open(c, i))
			continue;
		bytes_add_text(out, comma);
		p->print(c, i, true, out);
		comma = ",\n";
	}
	bytes_add_text(out, "]}");
}

static bool
is_wanted(const struct given *g, const struct part *p)
{
	const char *only;

	for (size_t i = 0; (only = given_each(g, "only", i)) != NULL; i++)
		if (strcmp(only, p->name) == 0)
			return true;
	return given_option(g, "only") == NULL;
}

/* How many of what was looked at are open. */
static size_t
print_coverage(const struct coverage *c, const struct given *g)
{
	bool json = given_json(g);
	size_t open = 0;
	struct bytes out;

	bytes_init(&out, SIZE_MAX / 4);
	bytes_addf(&out,
	    json ? "{\"samples\":%zu,\"updates\":%zu,\"ignored\":%zu,"
	           "\"refused\":%zu"
	         : "samples: %zu, updates: %zu, ignored: %zu, refused: %zu\n",
	    c->samples, c->updates, c->ignored, c->refused);
	for (size_t i = 0; i < COUNT_OF(parts); i++) {
		if (!is_wanted(g, &parts[i]))
			continue;
		(json ? print_json : print_text)(c, &parts[i], &out);
		open += count_open(c, &parts[i]);
	}
	bytes_add_text(&out, json ? "}\n" : "");
	print_bytes(&out);
	return open;
}

static bool
is_expected(const char *file)
{
	static const char end[] = ".expected.json";
	size_t len = strlen(file);

	return len >= sizeof(end) - 1 &&
	    strcmp(file + len - (sizeof(end) - 1), end) == 0;
}

/* Every sample is tried, and every fault said, before anything is counted. */
static int
cover(struct coverage *c, const struct given *g)
{
	int code = EXIT_OK, one;
	size_t open;

	for (size_t i = 1; i < given_count(g); i++) {
		if (is_expected(given_arg(g, i)))
			continue;
		one = coverage_try(c, given_arg(g, i));
		code = one > code ? one : code;
	}
	if (code != EXIT_OK)
		return code;
	if (c->samples == 0)
		return complain(EXIT_CANNOT,
		    "no sample is among the files: *.expected.json is what "
		    "samples make; name the samples themselves");
	coverage_settle(c);
	open = print_coverage(c, g);
	return open > 0 && given_flag(g, "strict") ? EXIT_FAULTS : EXIT_OK;
}

static int
cover_route(const struct route *r, const struct given *g)
{
	struct coverage c;
	int code;

	coverage_start(&c, r);
	code = cover(&c, g);
	coverage_done(&c);
	return code;
}

static int
coverage(const struct given *g)
{
	int code = kind_check_samples(&verb_coverage, g);

	return code == EXIT_OK ? with_mapping(g, cover_route) : code;
}

const struct verb verb_coverage = {
	.name = "coverage",
	.args = "MAPPING SAMPLE...",
	.help = "Show what no sample of a mapping tries.",
	.more =
	    "MAPPING and SAMPLE are those of 'map'; *.expected.json is passed\n"
	    "over, so that samples/* may be given. Told is what none of them\n"
	    "shows: input paths that no field took, [*] standing for every\n"
	    "index; rules that never fired, which are a 'when' that never was\n"
	    "true, a field that never had a value, an alternative of ?? that\n"
	    "was never taken, a row of a table that was never looked up; and\n"
	    "fields of the contract that no update wrote. A sample that is\n"
	    "refused counts as tried: 'test' judges what samples make.\n",
	.example = "  leadbridge coverage mappings/typeform "
	           "mappings/typeform/samples/*\n",
	.options = options,
	.min_args = 2,
	.max_args = 10000,
	.run = coverage,
};
