/* console/console_verb_coverage.c - what no sample of a mapping tries. */
#include <stdlib.h>
#include <string.h>

#include "console/console_file.h"
#include "console/console_outcome.h"
#include "console/console_verb.h"

#define SAMPLE_CEILING ((size_t)64 << 20)
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

struct rule {
	struct mapping_rule is;
	size_t number; /* of the order they were listed in */
	bool fired;
};

/* A path of a sample, with [*] for every index. */
struct path {
	char *text;
	bool mapped;
};

struct coverage {
	const struct route *route;
	struct rule *rules; /* by id while samples run, then by number */
	size_t rule_count;
	struct path *paths;
	size_t path_count, path_room;
	bool *written; /* by row of lead_fields() */
	size_t samples, updates, refused, ignored;
};

/* One sample on its way; its document's nodes that gave a value. */
struct trial {
	struct coverage *c;
	const struct document *document;
	bool *used;
	size_t used_count;
};

static void
add_rule(void *context, const struct mapping_rule *rule)
{
	struct coverage *c = context;

	c->rules = base_grow(c->rules, c->rule_count + 1, sizeof(*c->rules));
	c->rules[c->rule_count] = (struct rule){ *rule, c->rule_count, false };
	c->rule_count++;
}

static int
by_id(const void *a, const void *b)
{
	const struct rule *one = a, *other = b;
	uintptr_t x = (uintptr_t)one->is.id, y = (uintptr_t)other->is.id;

	return (x > y) - (x < y);
}

static int
by_number(const void *a, const void *b)
{
	const struct rule *one = a, *other = b;

	return (one->number > other->number) - (one->number < other->number);
}

static int
by_path(const void *a, const void *b)
{
	const struct path *one = a, *other = b;

	return strcmp(one->text, other->text);
}

static void
mark(struct trial *t, doc_node n)
{
	size_t count = (size_t)n * 2 + 64;

	if (n >= t->used_count) {
		t->used = base_grow(t->used, count, sizeof(*t->used));
		memset(t->used + t->used_count, 0,
		    (count - t->used_count) * sizeof(*t->used));
		t->used_count = count;
	}
	t->used[n] = true;
}

/* The item of an update is what '@' is, and no value of it yet. */
static void
tell(void *context, const struct mapping_told *told)
{
	struct trial *t = context;
	struct rule key = { .is = { .id = told->rule } }, *rule;

	for (size_t i = 0;
	     i < told->node_count && told->kind != MAPPING_TOLD_UPDATE; i++)
		mark(t, told->nodes[i]);
	if (told->rule == NULL || t->c->rule_count == 0)
		return;
	rule = bsearch(&key, t->c->rules, t->c->rule_count, sizeof(key), by_id);
	if (rule != NULL)
		rule->fired = true;
}

static bool
is_word(struct str key)
{
	for (size_t i = 0; i < key.len; i++) {
		char ch = key.at[i];

		if (!((ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') ||
		        ch == '_' || (i > 0 && ch >= '0' && ch <= '9')))
			return false;
	}
	return key.len > 0;
}

/* As a mapping would write it: .name or ['na me']. */
static void
add_key(struct bytes *path, struct str key)
{
	if (is_word(key)) {
		bytes_add_char(path, '.');
		bytes_add_str(path, key);
		return;
	}
	bytes_add_text(path, "['");
	for (size_t i = 0; i < key.len; i++) {
		unsigned char ch = (unsigned char)key.at[i];

		if (ch < 0x20 || ch == 0x7f) {
			bytes_addf(path, "\\u%04x", ch);
			continue;
		}
		if (ch == '\'' || ch == '\\')
			bytes_add_char(path, '\\');
		bytes_add_char(path, key.at[i]);
	}
	bytes_add_text(path, "']");
}

static void
add_path(struct coverage *c, struct str text, bool mapped)
{
	if (c->path_count == c->path_room) {
		c->path_room = c->path_room * 2 + 64;
		c->paths = base_grow(c->paths, c->path_room, sizeof(*c->paths));
	}
	c->paths[c->path_count++] = (struct path){
		base_print("%.*s", STR_ARG(text)), mapped
	};
}

/* Every value without parts; as deep as the document, whose ceiling holds. */
static void
add_paths(struct trial *t, doc_node n, struct bytes *path, bool mapped)
{
	const struct document *d = t->document;
	size_t len = path->len;

	mapped = mapped || (n < t->used_count && t->used[n]);
	if (doc_count(d, n) == 0)
		add_path(t->c, bytes_str(path), mapped);
	DOC_FOREACH (d, n, child) {
		if (doc_kind(d, n) == DOC_OBJECT)
			add_key(path, doc_key(d, child));
		else
			bytes_add_text(path, "[*]");
		add_paths(t, child, path, mapped);
		path->len = len;
	}
}

/* Sorts, and makes one of what came again: mapped when any of it was. */
static void
merge_paths(struct coverage *c)
{
	size_t kept = 0;

	if (c->path_count == 0)
		return;
	qsort(c->paths, c->path_count, sizeof(*c->paths), by_path);
	for (size_t i = 1; i < c->path_count; i++) {
		if (by_path(&c->paths[kept], &c->paths[i]) != 0) {
			c->paths[++kept] = c->paths[i];
			continue;
		}
		c->paths[kept].mapped |= c->paths[i].mapped;
		base_free(c->paths[i].text);
	}
	c->path_count = kept + 1;
}

/*
 * What is null or empty in one sample and has parts in another is mapped when
 * any of these is. Sorted, all that begins alike stands behind it.
 */
static void
settle_paths(struct coverage *c)
{
	for (size_t i = 0; i < c->path_count; i++) {
		const char *text = c->paths[i].text, *rest;
		size_t len = strlen(text);

		for (size_t k = i + 1;
		     k < c->path_count && !c->paths[i].mapped &&
		     strncmp(c->paths[k].text, text, len) == 0;
		     k++) {
			rest = c->paths[k].text + len;
			c->paths[i].mapped = c->paths[k].mapped &&
			    (*rest == '.' || *rest == '[');
		}
	}
}

static void
add_written(struct coverage *c, struct str body, struct arena *arena)
{
	size_t count;
	const struct lead_field *fields = lead_fields(&count), *field;
	struct fault why = { 0 };
	const struct document *d = decode_json(arena, body,
	    &decode_limits_default, &why);

	if (d == NULL)
		return;
	DOC_FOREACH (d, doc_root(d), child) {
		field = lead_field_find(doc_key(d, child));
		if (field != NULL)
			c->written[field - fields] = true;
	}
}

static void
add_outcome(struct coverage *c, const struct outcome *o, struct arena *arena)
{
	c->samples++;
	c->refused += o->fault.code != FAULT_NONE;
	c->ignored += o->fault.code == FAULT_NONE && o->count == 0;
	for (size_t i = 0; i < o->count; i++) {
		const struct outcome_update *u = &o->updates[i];

		if (u->fault.code != FAULT_NONE) {
			c->refused++;
		} else if (u->update.skipped) {
			c->ignored++;
		} else {
			c->updates++;
			add_written(c, u->update.body, arena);
		}
	}
}

static void
try_request(struct coverage *c, const struct request *request,
    struct arena *arena)
{
	struct trial t = { .c = c };
	struct mapping_watch watch = { tell, &t };
	struct outcome outcome;
	struct bytes path;

	outcome_watched(c->route, request, arena, &watch, &outcome);
	add_outcome(c, &outcome, arena);
	t.document = outcome.document;
	bytes_init(&path, SIZE_MAX / 4);
	bytes_add_char(&path, '$');
	if (t.document != NULL)
		add_paths(&t, doc_root(t.document), &path, false);
	merge_paths(c);
	bytes_done(&path);
	base_free(t.used);
}

static int
try_sample(struct coverage *c, const char *file)
{
	struct arena *arena = arena_new((size_t)1 << 30);
	struct fault why = { 0 };
	struct str text = file_read(file, SAMPLE_CEILING, &why);
	struct request request;
	int code = EXIT_OK;

	if (text.at == NULL)
		code = complain_fault(&why, EXIT_CANNOT);
	else if (sample_parse(text, file, arena, &request, &why) == -1)
		code = complain_fault(&why, EXIT_FAULTS);
	else
		try_request(c, &request, arena);
	if (text.at != NULL)
		file_done(text);
	arena_free(arena);
	return code;
}

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
		bytes_add_text(out, c->paths[i].text);
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
	bytes_addf(out, "%s%s", kinds[rule->kind].room, rule->where);
	do
		bytes_add_char(out, ' ');
	while (out->len - start < WHERE_WIDTH && bytes_ok(out));
	bytes_add_text(out, kinds[rule->kind].before);
	bytes_add_str(out, rule->text);
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
		one = try_sample(c, given_arg(g, i));
		code = one > code ? one : code;
	}
	if (code != EXIT_OK)
		return code;
	if (c->samples == 0)
		return complain(EXIT_CANNOT,
		    "no sample is among the files: *.expected.json is what "
		    "samples make; name the samples themselves");
	settle_paths(c);
	if (c->rule_count > 0)
		qsort(c->rules, c->rule_count, sizeof(*c->rules), by_number);
	open = print_coverage(c, g);
	return open > 0 && given_flag(g, "strict") ? EXIT_FAULTS : EXIT_OK;
}

static int
cover_route(const struct route *r, const struct given *g)
{
	struct coverage c = { .route = r };
	int code;

	c.written = base_alloc(field_total(&c) * sizeof(*c.written));
	mapping_rules(route_mapping(r), add_rule, &c);
	if (c.rule_count > 0)
		qsort(c.rules, c.rule_count, sizeof(*c.rules), by_id);
	code = cover(&c, g);
	for (size_t i = 0; i < c.path_count; i++)
		base_free(c.paths[i].text);
	base_free(c.paths);
	base_free(c.rules);
	base_free(c.written);
	return code;
}

static int
coverage(const struct given *g)
{
	return with_mapping(g, cover_route);
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
	.options = options,
	.min_args = 2,
	.max_args = 10000,
	.run = coverage,
};
