/* console/console_verb_check.c - are the settings and mappings right? */
#include "console/console_program.h"
#include "console/console_verb.h"

static const struct option_row options[] = {
	OPTION_CONFIG,
	{ .name = NULL },
};

/* Mapping files on their own, without the settings around them. */
static int
check_mappings(const struct given *g)
{
	struct faults all = { 0 };

	for (size_t i = 0; given_arg(g, i) != NULL; i++)
		route_close(route_open(given_arg(g, i), NULL, &all));
	if (all.count > 0)
		return complain_faults(&all, EXIT_FAULTS);
	printf("%zu mapping%s ok\n", given_count(g),
	    given_count(g) == 1 ? "" : "s");
	return EXIT_OK;
}

static int
check(const struct given *g)
{
	const char *file = given_option(g, "config");
	struct faults all = { 0 };
	struct program *p;

	if (given_count(g) > 0 && file == NULL)
		return check_mappings(g);
	if (file == NULL)
		file = PROGRAM_FILE;
	p = program_load(file, &all);
	if (p == NULL)
		return complain_faults(&all, EXIT_FAULTS);
	for (size_t i = 0; program_warning(p, i) != NULL; i++)
		fprintf(stderr, "%s: warning: %s\n", file,
		    program_warning(p, i));
	printf("%s: ok, %zu route%s\n", file, routes_count(p->routes),
	    routes_count(p->routes) == 1 ? "" : "s");
	program_free(p);
	return given_count(g) > 0 ? check_mappings(g) : EXIT_OK;
}

const struct verb verb_check = {
	.name = "check",
	.args = "[MAPPING...]",
	.help = "Check the settings and all mappings; show every fault.",
	.more = "With mapping files and no -c, checks only these, without the\n"
	        "settings around them.\n",
	.options = options,
	.max_args = 1000,
	.run = check,
};
