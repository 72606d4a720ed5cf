/* console/console.c - the table of verbs, and finding one's way in it. */
#include <jansson.h>
#include <string.h>

#include <event2/event.h>

#include "console/console.h"
#include "console/console_verb.h"
#include "secrets/secrets.h"
#include "workshop/workshop.h"

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

/* What other tools call it. */
static const struct {
	const char *said, *meant;
} elsewhere[] = {
	{ "config", "check" },
	{ "delivery", "deliveries" },
	{ "dlq", "deliveries list --state dead" },
	{ "drop", "deliveries drop" },
	{ "erase", "forget" },
	{ "health", "doctor" },
	{ "init", "new" },
	{ "keys", "key list" },
	{ "lint", "check" },
	{ "list", "deliveries list" },
	{ "mock", "sandbox" },
	{ "providers", "senders" },
	{ "queue", "deliveries list" },
	{ "replay", "deliveries retry" },
	{ "restart", "reload" },
	{ "retry", "deliveries retry" },
	{ "rotate", "key rotate" },
	{ "secrets", "key list" },
	{ "serve", "run" },
	{ "simulate", "map" },
	{ "sources", "senders" },
	{ "start", "run" },
	{ "stats", "deliveries summary" },
	{ "status", "doctor" },
	{ "summary", "deliveries summary" },
	{ "tail", "deliveries tail" },
	{ "validate", "check" },
};

static const char *
meant_verb(const char *name)
{
	struct nearest near;

	for (size_t i = 0; i < COUNT_OF(elsewhere); i++)
		if (strcmp(elsewhere[i].said, name) == 0)
			return elsewhere[i].meant;
	nearest_start(&near, str_of(name));
	for (size_t i = 0; verbs[i] != NULL; i++)
		nearest_try(&near, verbs[i]->name);
	return nearest_found(&near);
}

static int
unknown_verb(const char *name)
{
	const char *found = meant_verb(name);

	return complain(EXIT_USAGE,
	    "there is no verb '%s'%s%s%s; see 'leadbridge --help'", name,
	    MEANT_ARG(found));
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
		return verb_help(v, argc > 3 ? argv[3] : NULL);
	if (argc > 2)
		return unknown_verb(argv[2]);
	print_usage(stdout);
	return EXIT_OK;
}

/*
 * A mapping or a capture named as settings. As such it has only faults, or,
 * where few of them are asked for, none: said before it is read.
 */
static int
check_config(const struct verb *v, const struct given *g)
{
	const char *config = given_option(g, "config");

	if (config == NULL)
		return EXIT_OK;
	return kind_check_settings(config,
	    v == &verb_run ? EXIT_SETTINGS : EXIT_USAGE);
}

int
console_run(int argc, char **argv)
{
	const struct verb *v;

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
	v = find_verb(
	    is_word_for(argv[1], "--version", "-V") ? "version" : argv[1]);
	if (v == NULL)
		return unknown_verb(argv[1]);
	return flush_output(verb_call(v, argc - 1, argv + 1, check_config));
}
