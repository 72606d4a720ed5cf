/* console/console.c - the table of verbs, and finding one's way in it. */
#include <getopt.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "console/console_verb.h"
#include "secrets/secrets.h"

#define OPTIONS_MAX 16
#define VALUES_MAX 64

/* Alphabetical: the usage text prints in this order. */
static const struct verb *const verbs[] = {
	&verb_check,
	&verb_completion,
	&verb_coverage,
	&verb_deliveries,
	&verb_demo,
	&verb_doctor,
	&verb_explain,
	&verb_forget,
	&verb_journal,
	&verb_key,
	&verb_manual,
	&verb_map,
	&verb_new,
	&verb_query,
	&verb_reload,
	&verb_run,
	&verb_sandbox,
	&verb_schema,
	&verb_send,
	&verb_senders,
	&verb_test,
	&verb_transforms,
	&verb_version,
	NULL,
};

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

const struct option_row option_help = {
	.name = "help",
	.letter = 'h',
	.help = "Show this help.",
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
given_config(const struct given *g)
{
	const char *config = given_option(g, "config");

	return config != NULL ? config : CONFIG_USUAL;
}

bool
given_json(const struct given *g)
{
	const char *output = given_option(g, "output");

	return output != NULL && strcmp(output, "json") == 0;
}

int
complain(int code, const char *fmt, ...)
{
	va_list ap;

	fputs("leadbridge: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	return code;
}

int
complain_faults(struct faults *all, int code)
{
	struct bytes out;

	bytes_init(&out, (size_t)1 << 20);
	faults_print(all, &out);
	fwrite(bytes_str(&out).at, 1, out.len, stderr);
	bytes_done(&out);
	faults_done(all);
	return code;
}

int
complain_fault(const struct fault *f, int code)
{
	struct bytes out;

	bytes_init(&out, 4096);
	fault_print(f, &out);
	complain(code, "%s", bytes_str(&out).at);
	bytes_done(&out);
	return code;
}

void
print_bytes(struct bytes *b)
{
	fwrite(bytes_str(b).at, 1, b->len, stdout);
	bytes_done(b);
}

/* Of an option with its value; a longer one has a line of its own. */
#define OPTION_WIDTH 28

static void
print_usage(FILE *out)
{
	fputs("Usage: leadbridge VERB [OPTION...] [ARGUMENT...]\n\n"
	      "Webhooks in, lead updates out.\n\nVerbs:\n",
	    out);
	for (size_t i = 0; verbs[i] != NULL; i++)
		fprintf(out, "  %-10s %s\n", verbs[i]->name, verbs[i]->help);
	fputs("\n'leadbridge VERB --help' tells more of one; --version (-V) is "
	      "a verb too.\n" EXIT_CODES,
	    out);
}

static void
print_option(const struct option_row *row)
{
	char left[64];
	const char *gap = row->value != NULL ? " " : "";
	const char *value = row->value != NULL ? row->value : "";

	if (row->letter != 0)
		snprintf(left, sizeof(left), "-%c, --%s%s%s", row->letter,
		    row->name, gap, value);
	else
		snprintf(left, sizeof(left), "    --%s%s%s", row->name, gap,
		    value);
	if (strlen(left) > OPTION_WIDTH)
		printf("  %s\n  %-*s %s\n", left, OPTION_WIDTH, "", row->help);
	else
		printf("  %-*s %s\n", OPTION_WIDTH, left, row->help);
}

static int
print_help(const struct verb *v)
{
	printf("Usage: leadbridge %s [OPTION...]%s%s\n\n%s\n", v->name,
	    v->args[0] != '\0' ? " " : "", v->args, v->help);
	if (v->more != NULL)
		printf("\n%s", v->more);
	printf("\nOptions:\n");
	for (const struct option_row *row = v->options; row->name != NULL;
	     row++)
		print_option(row);
	print_option(&option_help);
	printf("\nFor example:\n%s\n%s", v->example, EXIT_CODES);
	return EXIT_OK;
}

const struct verb *
verb_at(size_t i)
{
	return i < COUNT_OF(verbs) ? verbs[i] : NULL;
}

static const struct verb *
find_verb(const char *name)
{
	for (size_t i = 0; verbs[i] != NULL; i++)
		if (strcmp(verbs[i]->name, name) == 0)
			return verbs[i];
	return NULL;
}

static int
unknown_verb(const char *name)
{
	struct nearest near;
	const char *found;

	nearest_start(&near, str_of(name));
	for (size_t i = 0; verbs[i] != NULL; i++)
		nearest_try(&near, verbs[i]->name);
	found = nearest_found(&near);
	return complain(EXIT_USAGE,
	    "there is no verb '%s'%s%s%s; see 'leadbridge --help'", name,
	    MEANT_ARG(found));
}

/* getopt's tables from the verb's rows; row i answers to value 256 + i. */
static void
make_tables(const struct verb *v, struct option *longs, char *letters)
{
	size_t n = 0;

	*letters++ = ':';
	for (; v->options[n].name != NULL; n++) {
		const struct option_row *row = &v->options[n];

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
		return usage_error(g->verb, "given twice: --", row->name);
	if (value != NULL && !value_fits(row, value))
		return complain(EXIT_USAGE, "%s: --%s takes %s, not '%s'",
		    g->verb->name, row->name, row->value, value);
	if (g->value_count == VALUES_MAX)
		return usage_error(g->verb, "too many options", "");
	g->values[g->value_count].row = row;
	g->values[g->value_count++].value = value != NULL ? value : "";
	return EXIT_OK;
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
	optind = 1;
	while ((code = getopt_long(argc, argv, letters, longs, NULL)) != -1) {
		const struct option_row *row;

		if (code == 'h')
			return print_help(g->verb);
		if (code == ':')
			return usage_error(g->verb, "a value is missing after",
			    argv[optind - 1]);
		row = code != '?' ? row_of(g->verb, code) : NULL;
		if (row == NULL)
			return usage_error(g->verb, "there is no option",
			    argv[optind - 1]);
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

/* What was printed must have been printed: a full disk is a failure. */
static int
flush_output(int code)
{
	if (fflush(stdout) != 0 || ferror(stdout))
		return complain(EXIT_CANNOT, "cannot write standard output");
	return code;
}

static bool
is_word_for(const char *word, const char *name, const char *letter)
{
	return strcmp(word, name) == 0 || strcmp(word, letter) == 0;
}

/* "help" and "--help" alone are of all verbs; "help send" is of one. */
static int
help_on(int argc, char **argv)
{
	const struct verb *v = argc > 2 ? find_verb(argv[2]) : NULL;

	if (v != NULL)
		return print_help(v);
	if (argc > 2)
		return unknown_verb(argv[2]);
	print_usage(stdout);
	return EXIT_OK;
}

int
console_run(int argc, char **argv)
{
	struct given g = { 0 };
	int code;

	secrets_guard_process();
	/* Before libevent's first allocation; see base_pool.h. */
	event_set_mem_functions(pool_malloc, pool_realloc, pool_free);
	json_set_alloc_funcs(pool_malloc, pool_free);
	if (argc < 2) {
		print_usage(stderr);
		return EXIT_USAGE;
	}
	if (is_word_for(argv[1], "--help", "-h") ||
	    is_word_for(argv[1], "help", "help"))
		return flush_output(help_on(argc, argv));
	g.verb = find_verb(
	    is_word_for(argv[1], "--version", "-V") ? "version" : argv[1]);
	if (g.verb == NULL)
		return unknown_verb(argv[1]);
	code = read_options(&g, argc - 1, argv + 1);
	if (code == -1)
		code = g.verb->run(&g);
	return flush_output(code);
}
