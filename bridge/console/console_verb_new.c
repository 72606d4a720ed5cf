/* console/console_verb_new.c - a mapping's folder to start from. */
#include <string.h>

#include "terminal/terminal.h"
#include "workshop/workshop.h"
#include "console/console_verb.h"

static const struct option_row options[] = {
	{ .name = "from",
	    .value = "CAPTURE",
	    .help = "Propose the mapping from a captured request ('-': "
	            "standard input)." },
	{ .name = NULL },
};

static bool
has_template(const char *folder)
{
	for (size_t i = 0; template_files[i].folder != NULL; i++)
		if (strcmp(template_files[i].folder, folder) == 0)
			return true;
	return false;
}

/* A line of the generic mapping, as the sender's own. */
static void
adapt_line(const struct scaffold *s, struct str line, struct bytes *out)
{
	if (str_starts(line, STR("route "))) {
		scaffold_print_head(s, out);
	} else if (!str_starts(line, STR("sender ")) &&
	    !str_starts(line, STR("secret "))) {
		bytes_add_str(out, line);
		bytes_add_char(out, '\n');
	}
}

/* The generic mapping behind another head; its own comment is left out. */
static struct str
adapt_mapping(const struct scaffold *s, struct str text, struct bytes *out)
{
	struct str rest = text, line;
	bool head = true;

	bytes_addf(out,
	    "# A start for the sender %s. The fields on the left are "
	    "LeadSail's; the paths\n"
	    "# on the right are examples: change them to what %s posts, and "
	    "the samples with\n"
	    "# them ('leadbridge senders show %s' tells how it signs).\n\n",
	    s->sender, s->sender, s->sender);
	while (str_cut(&rest, '\n', &line)) {
		head = head && (line.len == 0 || line.at[0] == '#');
		if (!head && (line.len > 0 || rest.len > 0))
			adapt_line(s, line, out);
	}
	return bytes_str(out);
}

/* A sample of the generic mapping, posted to the route and signed. */
static int
adapt_sample(struct scaffold *s, const struct template_file *f,
    struct str *made, struct fault *why)
{
	struct str text = { f->data, f->len };
	struct request sample;

	if (sample_parse(text, f->path, s->arena, &sample, why) == -1)
		return -1;
	scaffold_drop_proof(&sample);
	sample.path = sample.target = s->path;
	*made = scaffold_sample(s, &sample);
	return 0;
}

static int
add_adapted(struct scaffold *s, const struct template_file *f,
    struct fault *why)
{
	struct str text = { f->data, f->len };
	struct bytes out;

	bytes_init_in(&out, s->arena, SCAFFOLD_TEXT);
	if (strcmp(f->path, "mapping.cfg") == 0)
		text = adapt_mapping(s, text, &out);
	else if (strstr(f->path, ".http") != NULL &&
	    adapt_sample(s, f, &text, why) == -1)
		return -1;
	return folder_add(&s->folder, f->path, text, why);
}

/* All files of the sender's template, or of the generic one. */
static int
add_files(struct scaffold *s, struct fault *why)
{
	bool adapted = !has_template(s->sender);
	const char *folder = adapted ? SCAFFOLD_FALLBACK : s->sender;
	int rc = 0;

	if (adapted)
		scaffold_open_verifier(s);
	for (size_t i = 0; template_files[i].folder != NULL && rc == 0; i++) {
		const struct template_file *f = &template_files[i];

		if (strcmp(f->folder, folder) != 0)
			continue;
		rc = adapted ? add_adapted(s, f, why)
		             : folder_add(&s->folder, f->path,
		                   (struct str){ f->data, f->len }, why);
	}
	return rc;
}

static int
unknown_sender(const char *name)
{
	struct nearest near;
	const char *found;

	nearest_start(&near, str_of(name));
	for (size_t i = 0; verify_preset_name(i) != NULL; i++)
		nearest_try(&near, verify_preset_name(i));
	for (size_t i = 0; template_files[i].folder != NULL; i++)
		nearest_try(&near, template_files[i].folder);
	found = nearest_found(&near);
	return complain(EXIT_FAULTS,
	    "there is no sender '%s'%s%s%s; 'leadbridge senders' lists them, "
	    "and 'generic' is for any other",
	    name, MEANT_ARG(found));
}

static int
make(const char *sender, const char *folder)
{
	struct scaffold s;
	struct fault why = { 0 };
	int code = EXIT_OK;

	scaffold_start(&s, sender);
	if (folder_begin(&s.folder, folder, &why) == -1 ||
	    add_files(&s, &why) == -1 || scaffold_end(&s, &why) == -1)
		code = complain_fault(&why, EXIT_CANNOT);
	scaffold_done(&s);
	return code;
}

static int
new_from_sender(const char *sender, const char *folder)
{
	char *path;
	int code;

	if (!has_template(sender) && verify_preset_text(sender) == NULL)
		return unknown_sender(sender);
	path = folder != NULL ? base_copy(folder)
	                      : base_print("mappings/%s", sender);
	code = make(sender, path);
	base_free(path);
	return code;
}

static int
new_folder(const struct given *g)
{
	const char *sender = given_arg(g, 0), *folder = given_arg(g, 1);
	const char *capture = given_option(g, "from");
	int code;

	if (capture != NULL && folder != NULL)
		return complain(EXIT_USAGE,
		    "new: --from tells the sender: leadbridge new --from "
		    "CAPTURE [FOLDER]");
	if (capture == NULL && sender == NULL)
		return complain(EXIT_USAGE,
		    "new: name a sender, as 'leadbridge senders' lists them, "
		    "or --from CAPTURE; see 'leadbridge new --help'");
	if (capture != NULL)
		folder = sender;
	if (folder != NULL && folder[0] == '\0')
		return complain(EXIT_USAGE, "new: the folder has no name");
	if (capture == NULL)
		return new_from_sender(sender, folder);
	code = kind_check_sample(&verb_new, capture);
	return code == EXIT_OK ? scaffold_from_capture(capture, folder) : code;
}

const struct verb verb_new = {
	.name = "new",
	.args = "SENDER|--from CAPTURE [FOLDER]",
	.help = "Make a sender's mapping with samples to start from.",
	.more =
	    "SENDER is one of 'leadbridge senders', or a mapping that comes\n"
	    "with the program. FOLDER (default: mappings/SENDER) must not be\n"
	    "there, or be empty: it is made whole, or not at all.\n"
	    "A sender without a mapping of its own gets the generic one, with\n"
	    "samples signed its way by a secret for tests.\n"
	    "\n"
	    "With --from the mapping is proposed from a captured request, by\n"
	    "the names in its body, with the capture as a sample, signed "
	    "anew.\n"
	    "The body may be JSON, a form, multipart or XML, and hold one "
	    "event\n"
	    "or a list of them; answers in a list are known by their names.\n"
	    "What was not taken is listed in comments.\n",
	.example = "  leadbridge new typeform\n"
	           "  leadbridge new --from captured.http mappings/mine\n",
	.options = options,
	.max_args = 2,
	.run = new_folder,
};
