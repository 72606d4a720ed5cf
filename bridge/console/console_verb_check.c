/* console/console_verb_check.c - are the settings and mappings right? */
#include "console/console_against.h"
#include "console/console_client.h"
#include "terminal/terminal.h"
#include "program/program.h"
#include "base/base.h"
#include "console/console_verb.h"
#include "workshop/workshop.h"

static const struct option_row options[] = {
	OPTIONS_CLIENT,
	OPTION_OUTPUT,
	{ .name = "against-running",
	    .help = "Warn of what a reload of the bridge that runs could not "
	            "change." },
	{ .name = NULL },
};

/* What was looked at, and what was found. */
struct checked {
	const char *settings; /* NULL: none were */
	struct program *program;
	size_t mappings; /* given by name */
	struct faults faults;
};

static void
look(struct checked *c, const struct given *g)
{
	if (given_count(g) == 0 || given_flag(g, "config")) {
		c->settings = given_config(g);
		c->program = program_check(c->settings, &c->faults);
	}
	for (; given_arg(g, c->mappings) != NULL; c->mappings++) {
		char *file = mapping_file(given_arg(g, c->mappings));

		route_close(route_open(file, NULL, &c->faults));
		base_free(file);
	}
}

static const char *
plural(size_t count)
{
	return count == 1 ? "" : "s";
}

static void
tell_worst(const struct program *p)
{
	struct bytes out;

	bytes_init(&out, SIZE_MAX / 2);
	worst_print(p, &out);
	print_bytes(&out);
}

static int
tell_text(struct checked *c)
{
	struct program *p = c->program;

	if (c->faults.count > 0)
		return complain_faults(&c->faults, EXIT_FAULTS);
	for (size_t i = 0; p != NULL && program_warning(p, i) != NULL; i++)
		fprintf(stderr, "%s: warning: %s\n", c->settings,
		    program_warning(p, i));
	if (p != NULL)
		printf("%s: ok, %zu route%s\n", c->settings,
		    routes_count(p->routes), plural(routes_count(p->routes)));
	if (p != NULL)
		tell_worst(p);
	if (c->mappings > 0)
		printf("%zu mapping%s ok\n", c->mappings, plural(c->mappings));
	return EXIT_OK;
}

static void
add_fault(const struct fault *f, const char *excerpt, struct bytes *out)
{
	bytes_add_text(out, "{\"file\":");
	shown_add_json(out, str_of(f->where));
	if (f->line > 0)
		bytes_addf(out, ",\"line\":%u", f->line);
	if (f->column > 0)
		bytes_addf(out, ",\"column\":%u", f->column);
	bytes_add_text(out, ",\"text\":");
	shown_add_json(out, str_of(f->text));
	if (excerpt != NULL) {
		bytes_add_text(out, ",\"excerpt\":");
		shown_add_json(out, str_of(excerpt));
	}
	bytes_add_char(out, '}');
}

static int
tell_json(const struct checked *c)
{
	const struct faults *all = &c->faults;
	struct program *p = c->program;
	struct bytes out;

	bytes_init(&out, SIZE_MAX / 2);
	bytes_addf(&out, "{\"ok\":%s,\"count\":%zu,\"faults\":[",
	    all->count == 0 ? "true" : "false", all->count);
	for (size_t i = 0; i < all->kept; i++) {
		bytes_add_text(&out, i > 0 ? ",\n" : "\n");
		add_fault(&all->list[i], all->excerpts[i], &out);
	}
	bytes_add_text(&out, "],\"warnings\":[");
	for (size_t i = 0; p != NULL && program_warning(p, i) != NULL; i++) {
		bytes_add_text(&out, i > 0 ? ",\n" : "\n");
		shown_add_json(&out, str_of(program_warning(p, i)));
	}
	bytes_add_char(&out, ']');
	if (p != NULL) {
		bytes_add_text(&out, ",\n\"worst_case\":");
		worst_print_json(p, &out);
	}
	bytes_add_text(&out, "}\n");
	print_bytes(&out);
	return all->count > 0 ? EXIT_FAULTS : EXIT_OK;
}

static int
check_kinds(const struct given *g)
{
	int code = EXIT_OK;

	for (size_t i = 0; i < given_count(g) && code == EXIT_OK; i++)
		code = kind_check_mapping(&verb_check, given_arg(g, i));
	return code;
}

static int
check(const struct given *g)
{
	struct checked c = { .settings = NULL };
	int code = check_kinds(g), asked = EXIT_OK;

	if (code != EXIT_OK)
		return code;
	look(&c, g);
	if (given_flag(g, "against-running") && c.program != NULL)
		asked = against_running(g, c.program);
	code = given_json(g) ? tell_json(&c) : tell_text(&c);
	if (asked != EXIT_OK)
		code = asked;
	program_free(c.program);
	faults_done(&c.faults);
	return code;
}

const struct verb verb_check = {
	.name = "check",
	.args = "[MAPPING...]",
	.help = "Check the settings and all mappings; show every fault.",
	.more = "With mappings (files, or the folders they are in) and no -c,\n"
	        "checks only these, without the settings around them. A fault\n"
	        "in a mapping shows its line, with a mark under the place.\n"
	        "--against-running asks the bridge that runs, at the admin\n"
	        "address of the settings or at --to.\n",
	.example = "  leadbridge check -c leadbridge.cfg\n",
	.options = options,
	.max_args = 1000,
	.run = check,
};
