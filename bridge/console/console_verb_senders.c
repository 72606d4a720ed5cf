/* console/console_verb_senders.c - the senders known by name. */
#include <string.h>

#include "workshop/workshop.h"
#include "console/console_verb.h"
#include "verify/verify.h"

static const struct option_row options[] = {
	OPTION_OUTPUT,
	{ .name = "raw",
	    .help = "With NAME: the preset's file, with where it is "
	            "documented." },
	{ .name = NULL },
};

/*
 * The first line of the preset's file, without its comment mark; where the
 * sentence goes on below, only what stands before its last mark.
 */
static struct str
about(const char *name)
{
	struct str rest = str_of(verify_preset_text(name)), line;
	size_t end;

	str_cut(&rest, '\n', &line);
	line = str_trim(str_skip(line, 1));
	end = line.len;
	if (line.len == 0 || line.at[line.len - 1] == '.')
		return line;
	while (end > 1 &&
	    !(line.at[end - 1] == ' ' && strchr(".:,;", line.at[end - 2])))
		end--;
	return end > 1 ? (struct str){ line.at, end - 2 } : line;
}

static int
list_text(void)
{
	const char *name;

	for (size_t i = 0; (name = verify_preset_name(i)) != NULL; i++) {
		struct str text = about(name);

		printf("%-26s %.*s\n", name, STR_ARG(text));
	}
	return EXIT_OK;
}

static int
list_json(void)
{
	struct bytes out;
	const char *name;

	bytes_init(&out, (size_t)1 << 20);
	bytes_add_char(&out, '[');
	for (size_t i = 0; (name = verify_preset_name(i)) != NULL; i++) {
		bytes_add_text(&out, i > 0 ? ",\n{\"name\":" : "{\"name\":");
		bytes_add_json(&out, str_of(name));
		bytes_add_text(&out, ",\"about\":");
		bytes_add_json(&out, about(name));
		bytes_add_char(&out, '}');
	}
	bytes_add_text(&out, "]\n");
	print_bytes(&out);
	return EXIT_OK;
}

static int
unknown(const char *name)
{
	struct nearest near;
	const char *found;

	nearest_start(&near, str_of(name));
	for (size_t i = 0; verify_preset_name(i) != NULL; i++)
		nearest_try(&near, verify_preset_name(i));
	found = nearest_found(&near);
	return complain(EXIT_FAULTS, "there is no sender '%s'%s%s%s", name,
	    MEANT_ARG(found));
}

static int
show(const char *name, bool json)
{
	struct sender_page page = { .name = name, .about = about(name) };
	struct faults all = { 0 };
	struct settings_file *file = verify_preset_open(name, &all);
	struct bytes out;

	if (file != NULL)
		page.preset = settings_root(file);
	if (file == NULL ||
	    !sender_facts_read(page.preset, name, &page.facts, &all)) {
		settings_close(file);
		return complain_faults(&all, EXIT_FAULTS);
	}
	bytes_init(&out, (size_t)1 << 20);
	if (json)
		sender_print_json(&page, &out);
	else
		sender_print(&page, &out);
	print_bytes(&out);
	settings_close(file);
	return EXIT_OK;
}

static int
show_one(const struct given *g, const char *name)
{
	if (verify_preset_text(name) == NULL)
		return unknown(name);
	if (!given_flag(g, "raw"))
		return show(name, given_json(g));
	if (given_json(g))
		return complain(EXIT_USAGE,
		    "senders: --raw is the file as it is, no JSON");
	fputs(verify_preset_text(name), stdout);
	return EXIT_OK;
}

/* "show" in front of the name may be said, and need not be. */
static int
senders(const struct given *g)
{
	const char *first = given_arg(g, 0);
	bool show_word = first != NULL && strcmp(first, "show") == 0;

	if (given_count(g) == (show_word ? 2 : 1))
		return show_one(g, given_arg(g, show_word ? 1 : 0));
	if (given_count(g) > 0 || given_flag(g, "raw"))
		return complain(EXIT_USAGE,
		    "senders: the name of one sender, or nothing, is expected; "
		    "see 'leadbridge senders --help'");
	return given_json(g) ? list_json() : list_text();
}

const struct verb verb_senders = {
	.name = "senders",
	.args = "[[show] NAME]",
	.help = "List the senders known by name, or show one.",
	.more = "A mapping names one in 'sender'. What is shown: how it proves "
	        "itself,\n"
	        "how long it waits, what it is told, and how to set it up at "
	        "its end.\n",
	.example = "  leadbridge senders typeform\n",
	.options = options,
	.max_args = 2,
	.run = senders,
};
