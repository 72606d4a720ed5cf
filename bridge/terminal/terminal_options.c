/* terminal/terminal_options.c - argv, read through the rows of a verb. */
#include <getopt.h>
#include <string.h>
#include <unistd.h>

#include "terminal/terminal_part.h"

#define OPTIONS_MAX 24
#define VALUES_MAX 64

struct given {
	const struct verb *verb;
	char **args;
	size_t arg_count;
	struct {
		const struct option_row *row;
		const char *value;
	} values[VALUES_MAX];
	size_t value_count;
	size_t part; /* of the verb's, where it has some */
};

const char *
given_each(const struct given *g, const char *name, size_t i)
{
	for (size_t k = 0; k < g->value_count; k++)
		if (strcmp(g->values[k].row->name, name) == 0 && i-- == 0)
			return g->values[k].value;
	return NULL;
}

const char *
given_option(const struct given *g, const char *name)
{
	return given_each(g, name, 0);
}

bool
given_flag(const struct given *g, const char *name)
{
	return given_option(g, name) != NULL;
}

const char *
given_arg(const struct given *g, size_t i)
{
	return i < g->arg_count ? g->args[i] : NULL;
}

size_t
given_count(const struct given *g)
{
	return g->arg_count;
}

size_t
given_part(const struct given *g)
{
	return g->part;
}

const char *
config_choose(const char *here, const char *elsewhere)
{
	return access(here, F_OK) != 0 && access(elsewhere, F_OK) == 0
	    ? elsewhere
	    : here;
}

const char *
given_config(const struct given *g)
{
	const char *config = given_option(g, "config");

	return config != NULL ? config
	                      : config_choose(CONFIG_USUAL, CONFIG_SYSTEM);
}

bool
given_json(const struct given *g)
{
	const char *output = given_option(g, "output");

	return output != NULL && strcmp(output, "json") == 0;
}

/* getopt's tables from the verb's rows; row i answers to value 256 + i. */
static void
make_tables(const struct verb *v, struct option *longs, char *letters)
{
	size_t n = 0;

	*letters++ = ':';
	for (; v->options[n].name != NULL; n++) {
		const struct option_row *row = &v->options[n];

		if (n + 2 == OPTIONS_MAX)
			bug("%s has more options than fit", v->name);
		longs[n] = (struct option){ .name = row->name,
			.has_arg = row->value != NULL ? required_argument
			                              : no_argument,
			.val = 256 + (int)n };
		if (row->letter == 0)
			continue;
		*letters++ = row->letter;
		if (row->value != NULL)
			*letters++ = ':';
	}
	*letters++ = 'h';
	*letters = '\0';
	longs[n] = (struct option){ .name = "help", .val = 'h' };
	longs[n + 1] = (struct option){ 0 };
}

static const struct option_row *
row_of(const struct verb *v, int code)
{
	if (code >= 256)
		return &v->options[code - 256];
	for (const struct option_row *row = v->options; row->name != NULL;
	     row++)
		if (row->letter == code)
			return row;
	return NULL;
}

static int
usage_error(const struct verb *v, const char *what, const char *which)
{
	return complain(EXIT_USAGE, "%s: %s%s%s; see 'leadbridge %s --help'",
	    v->name, what, which[0] != '\0' ? " " : "", which, v->name);
}

/* What other tools call it, where the verb has the option. */
static const struct {
	const char *said, *meant;
} elsewhere[] = {
	{ "conf", "config" },
	{ "file", "config" },
	{ "force", "yes" },
	{ "format", "output" },
	{ "json", "output json" },
	{ "noop", "dry-run" },
	{ "url", "to" },
};

static bool
has_option(const struct verb *v, struct str name)
{
	for (const struct option_row *row = v->options; row->name != NULL;
	     row++)
		if (str_eq(str_of(row->name), name))
			return true;
	return false;
}

/* NULL where nothing is near. */
static const char *
meant_option(const struct verb *v, struct str name)
{
	struct nearest near;

	for (size_t i = 0; i < COUNT_OF(elsewhere); i++) {
		struct str rest = str_of(elsewhere[i].meant), first;

		if (str_eq(str_of(elsewhere[i].said), name) &&
		    str_cut(&rest, ' ', &first) && has_option(v, first))
			return elsewhere[i].meant;
	}
	nearest_start(&near, name);
	for (const struct option_row *row = v->options; row->name != NULL;
	     row++)
		nearest_try(&near, row->name);
	return nearest_found(&near);
}

/* Without what stands behind "=": it may be a key. */
static int
unknown_option(const struct verb *v, const char *word)
{
	struct str rest = str_of(word), name;
	const char *found = NULL;

	if (!str_cut(&rest, '=', &name))
		name = str_of(word);
	if (str_starts(name, STR("--")))
		found = meant_option(v, str_skip(name, 2));
	return complain(EXIT_USAGE,
	    "%s: there is no option %.*s%s%s%s; see 'leadbridge %s --help'",
	    v->name, STR_ARG(name), found != NULL ? "; did you mean '--" : "",
	    found != NULL ? found : "", found != NULL ? "'?" : "", v->name);
}

/* "text|json": one of the words. */
static bool
value_fits(const struct option_row *row, const char *value)
{
	struct str rest = str_of(row->value), word;

	if (row->value == NULL || strchr(row->value, '|') == NULL)
		return true;
	while (str_cut(&rest, '|', &word))
		if (str_eq(word, str_of(value)))
			return true;
	return false;
}

static int
take_option(struct given *g, const struct option_row *row, const char *value)
{
	if (!row->many && given_option(g, row->name) != NULL)
		return complain(EXIT_USAGE,
		    "%s: --%s is given twice; see 'leadbridge %s --help'",
		    g->verb->name, row->name, g->verb->name);
	if (value != NULL && !value_fits(row, value))
		return complain(EXIT_USAGE, "%s: --%s takes %s, not '%s'",
		    g->verb->name, row->name, row->value, value);
	if (g->value_count == VALUES_MAX)
		return usage_error(g->verb, "too many options", "");
	g->values[g->value_count].row = row;
	g->values[g->value_count++].value = value != NULL ? value : "";
	return EXIT_OK;
}

/* The part, if any, whose help is asked for: all is not read yet. */
static const char *
named_part(const struct verb *v, int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (verb_part_named(v, argv[i]) != NULL)
			return argv[i];
	return NULL;
}

/* Reads argv through the rows; -1: go on, else an exit code. */
static int
read_options(struct given *g, int argc, char **argv)
{
	struct option longs[OPTIONS_MAX];
	char letters[2 * OPTIONS_MAX + 4];
	int code;

	make_tables(g->verb, longs, letters);
	opterr = 0;
	optind = 0; /* glibc's way to begin anew */
	while ((code = getopt_long(argc, argv, letters, longs, NULL)) != -1) {
		const struct option_row *row;

		if (code == 'h')
			return verb_help(g->verb,
			    named_part(g->verb, argc, argv));
		if (code == ':')
			return usage_error(g->verb, "a value is missing after",
			    argv[optind - 1]);
		row = code != '?' ? row_of(g->verb, code) : NULL;
		if (row == NULL)
			return unknown_option(g->verb, argv[optind - 1]);
		if (take_option(g, row, optarg) != EXIT_OK)
			return EXIT_USAGE;
	}
	g->args = argv + optind;
	g->arg_count = (size_t)(argc - optind);
	if (g->arg_count < g->verb->min_args)
		return usage_error(g->verb,
		    "too few arguments:", g->verb->args);
	if (g->verb->parts != NULL)
		return verb_part_find(g->verb, g, &g->part);
	if (g->arg_count > g->verb->max_args)
		return usage_error(g->verb, "too many arguments", "");
	return -1;
}

int
verb_call(const struct verb *v, int argc, char **argv, verb_guard *guard)
{
	struct given g = { .verb = v };
	int code = read_options(&g, argc, argv);

	if (code != -1)
		return code;
	code = guard != NULL ? guard(v, &g) : EXIT_OK;
	return code == EXIT_OK ? v->run(&g) : code;
}
