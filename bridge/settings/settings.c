/* settings/settings.c - reading a group through its table of options. */
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "settings/settings.h"

struct unit {
	const char *text;
	int64_t factor;
};

static const struct unit durations[] = {
	{ "ms", 1 },
	{ "s", 1000 },
	{ "m", 60 * 1000 },
	{ "h", 3600 * 1000 },
	{ "d", 86400 * 1000 },
	{ NULL, 0 },
};

static const struct unit sizes[] = {
	{ "", 1 },
	{ "K", 1 << 10 },
	{ "M", 1 << 20 },
	{ "G", 1 << 30 },
	{ NULL, 0 },
};

/* A whole number and one of the units behind it; -1 when it is not. */
static int64_t
with_unit(struct str text, const struct unit *units)
{
	size_t digits = 0;
	int64_t n;

	while (digits < text.len && text.at[digits] >= '0' &&
	    text.at[digits] <= '9')
		digits++;
	n = str_number((struct str){ text.at, digits }, INT64_MAX);
	text = str_skip(text, digits);
	for (; n >= 0 && units->text != NULL; units++)
		if (str_eq(text, str_of(units->text)))
			return n > INT64_MAX / units->factor
			    ? -1
			    : n * units->factor;
	return -1;
}

int64_t
settings_duration(struct str text)
{
	return with_unit(text, durations);
}

int64_t
settings_size(struct str text)
{
	return with_unit(text, sizes);
}

/* One value on its way from the file, or from a row's fallback. */
struct reading {
	const struct setting *row;
	const config_setting_t *from; /* NULL: the fallback */
	const char *what;             /* the group, for faults */
	char *into;
	struct faults *all;
};

static bool
refuse(const struct reading *r, const char *expected)
{
	if (r->from == NULL)
		bug("%s: the default of %s is no good", r->what, r->row->name);
	settings_fault(r->all, r->from, "%s%s%s: %s is expected", r->what,
	    r->what[0] != '\0' ? "." : "", r->row->name, expected);
	return false;
}

static struct str
given_text(const struct reading *r)
{
	if (r->from == NULL)
		return str_of(r->row->fallback);
	return str_of(config_setting_get_string(r->from));
}

/* "1s", in the words of the file. */
static void
print_bound(struct bytes *out, int64_t n, const struct unit *units)
{
	const struct unit *best = units;

	for (const struct unit *u = units; u->text != NULL; u++)
		if (n != 0 && n % u->factor == 0)
			best = u;
	bytes_add_int(out, n / best->factor);
	bytes_add_text(out, best->text);
}

static const struct unit plain[] = { { "", 1 }, { NULL, 0 } };

static bool
has_range(const struct setting *row)
{
	return row->min != 0 || row->max != 0;
}

static void
print_range(struct bytes *out, const struct setting *row,
    const struct unit *units)
{
	bytes_add_text(out, " between ");
	print_bound(out, row->min, units);
	bytes_add_text(out, " and ");
	print_bound(out, row->max, units);
}

static bool
store_number(const struct reading *r, int64_t n, const struct unit *units)
{
	const struct setting *row = r->row;
	char text[96];
	struct bytes words = { .data = text,
		.room = sizeof(text),
		.ceiling = sizeof(text) - 1 };

	if (has_range(row) && (n < row->min || n > row->max)) {
		bytes_add_text(&words, "a value");
		print_range(&words, row, units);
		return refuse(r, text);
	}
	memcpy(r->into + row->at, &n, sizeof(n));
	return true;
}

static const char *const kind_words[] = {
	[SETTING_COUNT] = "a whole number",
	[SETTING_BOOLEAN] = "true or false",
	[SETTING_TEXT] = "a text",
	[SETTING_DURATION] = "a duration",
	[SETTING_SIZE] = "a size",
	[SETTING_NAME] = "one of ",
};

static const char *const shape_words[] = {
	[SETTING_GROUP] = "a group",
	[SETTING_GROUPS] = "a list of groups",
	[SETTING_NAMED] = "a group of named groups",
};

void
settings_print_kind(const struct setting *row, struct bytes *out)
{
	const struct unit *units = row->kind == SETTING_DURATION ? durations
	    : row->kind == SETTING_SIZE                          ? sizes
	                                                         : plain;

	if (row->kind == SETTING_TREE) {
		bytes_add_text(out,
		    row->rows != NULL ? shape_words[row->shape]
		                      : "a setting of several forms");
		return;
	}
	bytes_add_text(out, kind_words[row->kind]);
	for (const struct name *n = row->names; n != NULL && n->text != NULL;
	     n++)
		bytes_addf(out, "%s%s", n > row->names ? ", " : "", n->text);
	if (has_range(row))
		print_range(out, row, units);
}

static bool
is_integer(const config_setting_t *s)
{
	return s != NULL &&
	    (config_setting_type(s) == CONFIG_TYPE_INT ||
	        config_setting_type(s) == CONFIG_TYPE_INT64);
}

static bool
read_count(const struct reading *r)
{
	int64_t n;

	if (is_integer(r->from))
		return store_number(r, config_setting_get_int64(r->from),
		    plain);
	if (r->from != NULL)
		return refuse(r, "a whole number");
	n = str_number(given_text(r), INT64_MAX);
	return n < 0 ? refuse(r, "a whole number") : store_number(r, n, plain);
}

static bool
read_boolean(const struct reading *r)
{
	bool yes;

	if (r->from != NULL && config_setting_type(r->from) != CONFIG_TYPE_BOOL)
		return refuse(r, "true or false");
	yes = r->from != NULL ? config_setting_get_bool(r->from) != 0
	                      : str_eq(given_text(r), STR("true"));
	memcpy(r->into + r->row->at, &yes, sizeof(yes));
	return true;
}

static bool
read_text(const struct reading *r)
{
	struct str text = given_text(r);

	if (text.at == NULL)
		return refuse(r, "a text in double quotes");
	if (r->from != NULL && r->row->required && text.len == 0)
		return refuse(r, "a text that is not empty");
	memcpy(r->into + r->row->at, &text.at, sizeof(text.at));
	return true;
}

static bool
read_duration(const struct reading *r)
{
	struct str text = given_text(r);
	int64_t n = text.at != NULL ? settings_duration(text) : -1;

	if (n < 0)
		return refuse(r, "a duration like \"500ms\", \"5s\" or \"2m\"");
	return store_number(r, n, durations);
}

static bool
read_size(const struct reading *r)
{
	struct str text = given_text(r);
	int64_t n = text.at != NULL ? settings_size(text) : -1;

	if (is_integer(r->from))
		n = config_setting_get_int64(r->from);
	if (n < 0)
		return refuse(r, "a size like 4096, \"16K\" or \"1M\"");
	return store_number(r, n, sizes);
}

static bool
read_name(const struct reading *r)
{
	struct str text = given_text(r);
	int value = text.at != NULL ? name_value(r->row->names, text) : -1;
	char list[160];
	struct bytes words = { .data = list,
		.room = sizeof(list),
		.ceiling = sizeof(list) - 1 };

	if (value >= 0) {
		memcpy(r->into + r->row->at, &value, sizeof(value));
		return true;
	}
	bytes_add_text(&words, "one of ");
	for (const struct name *n = r->row->names; n->text != NULL; n++)
		bytes_addf(&words, "%s\"%s\"", n == r->row->names ? "" : ", ",
		    n->text);
	return refuse(r, list);
}

static bool
read_tree(const struct reading *r)
{
	memcpy(r->into + r->row->at, &r->from, sizeof(r->from));
	return true;
}

static bool (*const readers[])(const struct reading *r) = {
	[SETTING_COUNT] = read_count,
	[SETTING_BOOLEAN] = read_boolean,
	[SETTING_TEXT] = read_text,
	[SETTING_DURATION] = read_duration,
	[SETTING_SIZE] = read_size,
	[SETTING_NAME] = read_name,
	[SETTING_TREE] = read_tree,
};

static bool
read_row(const config_setting_t *group, const char *what,
    const struct setting *row, void *into, struct faults *all)
{
	struct reading r = { .row = row,
		.from = group != NULL
		    ? config_setting_get_member(group, row->name)
		    : NULL,
		.what = what,
		.into = into,
		.all = all };

	if (r.from == NULL && row->required) {
		if (group == NULL)
			faults_add(all, NULL, 0, "%s: %s is missing", what,
			    row->name);
		else
			settings_fault(all, group, "%s%s%s is missing", what,
			    what[0] != '\0' ? "." : "", row->name);
		return false;
	}
	if (r.from == NULL && row->fallback == NULL)
		return true; /* stays as the caller zeroed it */
	return readers[row->kind](&r);
}

/* True, with the fault added, when nobody reads a setting of that name. */
static bool
unknown_name(const config_setting_t *s, const char *what,
    const struct setting *table, const char *const *also, struct faults *all)
{
	struct nearest near;
	const char *name = config_setting_name(s);
	const char *found;

	nearest_start(&near, str_of(name));
	for (const struct setting *row = table; row->name != NULL; row++) {
		if (strcmp(row->name, name) == 0)
			return false;
		nearest_try(&near, row->name);
	}
	for (; *also != NULL; also++) {
		if (strcmp(*also, name) == 0)
			return false;
		nearest_try(&near, *also);
	}
	found = nearest_found(&near);
	settings_fault_name(all, s, "%s%s%s: there is no such setting%s%s%s",
	    what, what[0] != '\0' ? "." : "", name, MEANT_ARG(found));
	return true;
}

bool
settings_read_with(const config_setting_t *group, const char *what,
    const struct setting *table, const char *const *also, void *into,
    struct faults *all)
{
	int count = 0;
	bool ok = true;

	if (group != NULL && !config_setting_is_group(group)) {
		settings_fault(all, group, "%s: a group { ... } is expected",
		    what);
		return false;
	}
	for (const struct setting *row = table; row->name != NULL; row++)
		ok = read_row(group, what, row, into, all) && ok;
	if (group != NULL)
		count = config_setting_length(group);
	for (int i = 0; i < count; i++)
		if (unknown_name(config_setting_get_elem(group, (unsigned)i),
		        what, table, also, all))
			ok = false;
	return ok;
}

bool
settings_read(const config_setting_t *group, const char *what,
    const struct setting *table, void *into, struct faults *all)
{
	static const char *const none[] = { NULL };

	return settings_read_with(group, what, table, none, into, all);
}
