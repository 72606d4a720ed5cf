/*
 * mapping/mapping_compile.c - from a group of settings to a program.
 *
 * Every value is compiled even when one before it failed: `check` wants all
 * faults of a file at once. A failed value is NULL and takes its member out
 * of the tree; the mapping is thrown away at the end.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "mapping/mapping_compile.h"
#include "mapping/mapping_country.h"

void
place_fault(const struct compiler *c, const struct place *p, const char *fmt,
    ...)
{
	size_t at = SETTINGS_VALUE;
	struct bytes words;
	va_list ap;

	bytes_init(&words, 1024);
	va_start(ap, fmt);
	bytes_addv(&words, fmt, ap);
	va_end(ap);
	if (p->mark == PLACE_NAME)
		at = SETTINGS_NAME;
	else if (p->mark > 0)
		at = p->mark - 1;
	settings_fault_in(c->all, p->at, at, "%s: %.*s", p->where,
	    STR_ARG(bytes_str(&words)));
	bytes_done(&words);
}

struct place
place_part(const struct place *p, struct str part)
{
	const char *string = config_setting_get_string(p->at);
	struct str whole = string != NULL ? str_of(string) : STR_NONE;
	struct place within = *p;

	if (whole.at != NULL && part.at >= whole.at &&
	    part.at <= whole.at + whole.len)
		within.mark = (size_t)(part.at - whole.at) + 1;
	return within;
}

struct place
place_column(const struct place *p, struct str text, unsigned column)
{
	uint32_t cp;

	if (!utf8_valid(text))
		return *p;
	for (; column > 1; column--)
		text = str_skip(text, utf8_get(text, &cp));
	return place_part(p, text);
}

const char *
did_you_mean(struct compiler *c, const char *near)
{
	if (near == NULL)
		return "";
	return mapping_keep_print(c->m, "; did you mean '%s'?", near);
}

const struct jsonpath *
compile_path(struct compiler *c, const struct place *p, struct str text)
{
	unsigned flags = JSONPATH_STRICT | (p->item ? JSONPATH_RELATIVE : 0);
	struct fault why = { 0 };
	struct jsonpath *path = jsonpath_compile(text, flags, NULL, &why);

	if (path == NULL) {
		struct place at = place_column(p, text, why.column);

		place_fault(c, &at, "%s", why.text);
	} else {
		mapping_own_path(c->m, path);
		compile_remember(c, jsonpath_text(path));
	}
	return path;
}

const struct jsonpath_test *
compile_test(struct compiler *c, const struct place *p, struct str text)
{
	unsigned flags = JSONPATH_STRICT | (p->item ? JSONPATH_RELATIVE : 0);
	struct fault why = { 0 };
	struct jsonpath_test *test = jsonpath_test_compile(text, flags, &why);

	if (test == NULL) {
		struct place at = place_column(p, text, why.column);

		place_fault(c, &at, "%s", why.text);
	} else {
		mapping_own_test(c->m, test);
		compile_remember(c, text);
	}
	return test;
}

/* The setting as a text; STR_NONE with the fault added when it is none. */
static struct str
text_setting(struct compiler *c, const struct place *p)
{
	if (config_setting_type(p->at) == CONFIG_TYPE_STRING)
		return str_of(config_setting_get_string(p->at));
	place_fault(c, p, "a text in double quotes is expected");
	return STR_NONE;
}

static void
compile_empty(struct compiler *c, const struct place *p)
{
	static const struct name words[] = {
		{ "absent", true },
		{ "kept", false },
		{ NULL, -1 },
	};
	const char *text = config_setting_get_string(p->at);
	int drop = name_value(words, str_of(text != NULL ? text : ""));

	if (drop == -1)
		place_fault(c, p, "\"absent\" or \"kept\" is expected");
	else
		c->m->drop_empty = drop == 1;
}

/* Any name of the country; which have phone numbers, phone() knows. */
static void
compile_region(struct compiler *c, const struct place *p)
{
	struct str text = text_setting(c, p);
	const struct country *country;

	if (text.at == NULL)
		return;
	country = country_find(text);
	if (country == NULL)
		place_fault(c, p,
		    "is no country; its two letters of ISO 3166-1 are "
		    "expected, as in \"US\"");
	else
		c->m->region = str_of(country->alpha_2);
}

/* What nobody reads is nearly always meant for something else. */
static void
compile_region_end(struct compiler *c, const config_setting_t *region)
{
	struct place p = { .at = region, .where = "region" };

	if (region != NULL && !c->region_used)
		place_fault(c, &p, "is never used: there is no phone");
}

static void
compile_route_when(struct compiler *c, const struct place *p)
{
	struct str text = text_setting(c, p);

	if (text.at != NULL)
		c->m->when = compile_test(c, p, text);
}

static void
compile_events(struct compiler *c, const struct place *p)
{
	struct str text = text_setting(c, p);

	if (text.at != NULL)
		c->m->events = compile_path(c, p, text);
}

static void
compile_lead_id(struct compiler *c, const struct place *p)
{
	struct str text = text_setting(c, p);
	struct node *n;

	if (text.at == NULL)
		return;
	n = compile_text(c, p, text);
	c->m->lead_id = n;
	if (n == NULL || n->kind != NODE_LITERAL || !compile_meant(c, p, text))
		return;
	if (!value_text(&n->literal, &text) || !lead_id_valid(text))
		place_fault(c, p,
		    "is no lead id: 1 to 64 letters, digits, "
		    "'-' or '_'");
}

static void
compile_update(struct compiler *c, const struct place *p)
{
	if (!config_setting_is_group(p->at) ||
	    config_setting_get_member(p->at, "each") != NULL)
		place_fault(c, p, "a group of the lead's fields is expected");
	else
		c->m->update = compile_value(c, p);
	if (c->appends)
		c->m->writes = MAPPING_APPEND;
}

static void
compile_writes(struct compiler *c, const struct place *p)
{
	static const struct name words[] = {
		{ "set", MAPPING_SET },
		{ "append", MAPPING_APPEND },
		{ NULL, -1 },
	};
	const char *text = config_setting_get_string(p->at);
	int writes = name_value(words, str_of(text != NULL ? text : ""));

	if (writes == -1)
		place_fault(c, p, "\"set\" or \"append\" is expected");
	else
		c->m->writes = (enum mapping_writes)writes;
}

/*
 * In the order of compiling: `empty` and `region` are there for all texts;
 * `writes` has the last word on what the fields of `update` imply. '@' is an
 * item where there are events.
 */
static const struct {
	const char *name;
	bool required;
	bool item;
	void (*compile)(struct compiler *c, const struct place *p);
} parts[] = {
	{ "empty", false, false, compile_empty },
	{ "region", false, false, compile_region },
	{ "when", false, false, compile_route_when },
	{ "events", false, false, compile_events },
	{ "lead_id", true, true, compile_lead_id },
	{ "update", true, true, compile_update },
	{ "writes", false, false, compile_writes },
};

static void
compile_parts(struct compiler *c, const config_setting_t *group)
{
	bool batch = config_setting_get_member(group, "events") != NULL;

	for (size_t i = 0; i < COUNT_OF(parts); i++) {
		struct place p = { .where = parts[i].name,
			.item = batch && parts[i].item };

		p.at = config_setting_get_member(group, parts[i].name);
		if (p.at != NULL)
			parts[i].compile(c, &p);
		else if (parts[i].required)
			settings_fault(c->all, group, "%s is missing",
			    parts[i].name);
	}
}

struct mapping *
mapping_compile(const config_setting_t *group, struct faults *all)
{
	struct mapping *m = base_alloc(sizeof(*m));
	struct compiler c = { .m = m, .all = all };
	const config_setting_t *tables;
	size_t before = all->count;

	m->arena = arena_new(SIZE_MAX);
	m->family = jsonpath_family_new();
	tables = config_setting_get_member(group, "tables");
	compile_tables(&c, tables);
	compile_parts(&c, group);
	compile_tables_end(&c, tables);
	compile_remainders_end(&c);
	compile_region_end(&c, config_setting_get_member(group, "region"));
	if (all->count == before)
		return m;
	mapping_free(m);
	return NULL;
}
