/* console/console_verb_reload.c - a running bridge, told to load again. */
#include "console/console_client.h"
#include "base/base.h"
#include "settings/settings.h"

static const struct option_row options[] = {
	OPTIONS_CLIENT,
	OPTION_OUTPUT,
	{ .name = NULL },
};

/* Where the bridge is stands in the file, too: it has to be readable. */
static int
read_settings(const struct given *g)
{
	struct faults all = { 0 };
	struct settings_file *file;

	if (given_option(g, "to") != NULL && given_option(g, "config") == NULL)
		return EXIT_OK;
	file = settings_open(given_config(g), &all);
	settings_close(file);
	return file != NULL ? EXIT_OK : complain_faults(&all, EXIT_FAULTS);
}

/* A fault and the lines it shows. */
static void
add_lines(struct bytes *out, struct str text)
{
	struct str line;

	while (str_cut(&text, '\n', &line)) {
		shown_add(out, line);
		bytes_add_char(out, '\n');
	}
}

/* Each text of a list on lines of its own. */
static void
print_lines(const struct client_answer *a, const char *list, const char *before,
    FILE *to)
{
	struct bytes out;

	bytes_init(&out, SIZE_MAX / 2);
	DOC_FOREACH (a->doc, doc_member(a->doc, a->data, str_of(list)), one) {
		bytes_add_text(&out, before);
		add_lines(&out, doc_text(a->doc, one));
	}
	fwrite(bytes_str(&out).at, 1, out.len, to);
	bytes_done(&out);
}

static void
tell(const struct given *g, const struct client_answer *a, int code)
{
	long long routes = client_number(a->doc, a->data, "routes");
	struct bytes out;

	if (given_json(g)) {
		bytes_init(&out, SIZE_MAX / 2);
		doc_print(a->doc, a->data, &out);
		bytes_add_char(&out, '\n');
		print_bytes(&out);
	} else if (code == EXIT_OK) {
		print_lines(a, "warnings", "warning: ", stderr);
		printf("reloaded, %lld route%s\n", routes,
		    routes == 1 ? "" : "s");
	} else {
		print_lines(a, "details", "", stderr);
		complain(code,
		    "the settings are not right; those that ran go "
		    "on");
	}
}

static int
reload(const struct given *g)
{
	struct client_answer a;
	int code = read_settings(g);
	struct client *c;

	if (code != EXIT_OK)
		return code;
	c = client_open(g, &code);
	if (c == NULL)
		return code;
	code = client_try(c, "/reload", STR("{}"), 422, &a);
	if (code == EXIT_OK || (code == EXIT_FAULTS && a.doc != NULL))
		tell(g, &a, code);
	client_close(c);
	return code;
}

const struct verb verb_reload = {
	.name = "reload",
	.args = "",
	.help = "Have a running bridge load its settings again.",
	.more =
	    "The bridge loads and checks the settings, mappings, certificates\n"
	    "and secrets that it was started with, and serves by them from "
	    "then\n"
	    "on; what is under way ends as it began. When something is wrong\n"
	    "it is told as check does (exit 1), and nothing changes. What "
	    "takes\n"
	    "a restart is told as a warning, beforehand by 'leadbridge check\n"
	    "--against-running'.\n",
	.example = "  leadbridge reload -c leadbridge.cfg\n",
	.options = options,
	.run = reload,
};
