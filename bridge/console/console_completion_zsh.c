/* console/console_completion_zsh.c - completion for zsh. */
#include "console/console_completion.h"

/* In single quotes, where brackets and colons part the fields. */
static void
add_help(struct bytes *out, const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text == '[' || *text == ']' || *text == ':' ||
		    *text == '\\')
			bytes_add_char(out, '\\');
		if (*text == '\'')
			bytes_add_text(out, "'\\''");
		else
			bytes_add_char(out, *text == '\n' ? ' ' : *text);
	}
}

/* ":what:how", the end of a specification; nothing known: any text. */
static void
add_how(struct bytes *out, const char *what, enum completion_kind kind,
    struct bytes *words)
{
	bytes_add_char(out, ':');
	add_help(out, what);
	bytes_add_char(out, ':');
	if (kind == COMPLETES_WORDS)
		bytes_addf(out, "(%s)", bytes_str(words).at);
	if (kind == COMPLETES_FILES)
		bytes_add_text(out, "_files");
	if (kind == COMPLETES_FOLDERS)
		bytes_add_text(out, "_files -/");
	bytes_done(words);
}

static void
add_option(struct bytes *out, const struct option_row *row)
{
	struct bytes words;

	bytes_add_text(out, " \\\n\t\t\t");
	if (row->many)
		bytes_add_text(out, "'*'");
	else if (row->letter != 0)
		bytes_addf(out, "'(-%c --%s)'", row->letter, row->name);
	if (row->letter != 0)
		bytes_addf(out, "{-%c,--%s}'[", row->letter, row->name);
	else
		bytes_addf(out, "'--%s[", row->name);
	add_help(out, row->help);
	bytes_add_char(out, ']');
	if (row->value != NULL) {
		enum completion_kind kind;

		bytes_init(&words, 4096);
		kind = completion_of_value(row->value, &words);
		add_how(out, row->value, kind, &words);
	}
	bytes_add_char(out, '\'');
}

static void
add_verb(struct bytes *out, const struct verb *v)
{
	enum completion_kind kind;
	struct bytes words;

	bytes_addf(out, "\t%s)\n\t\t_arguments", v->name);
	for (const struct option_row *row = v->options; row->name != NULL;
	     row++)
		add_option(out, row);
	add_option(out, &option_help);
	if (v->max_args > 0) {
		bytes_init(&words, (size_t)1 << 16);
		kind = completion_of_args(v, &words);
		bytes_add_text(out, " \\\n\t\t\t'*");
		add_how(out, v->args, kind, &words);
		bytes_add_char(out, '\'');
	}
	bytes_add_text(out, "\n\t\t;;\n");
}

void
completion_zsh(struct bytes *out)
{
	bytes_add_text(out,
	    "#compdef leadbridge\n"
	    "# As 'leadbridge completion zsh' has it.\n"
	    "_leadbridge() {\n"
	    "\tlocal -a verbs\n"
	    "\tverbs=(\n");
	for (size_t i = 0; verb_at(i) != NULL; i++) {
		bytes_addf(out, "\t\t'%s:", verb_at(i)->name);
		add_help(out, verb_at(i)->help);
		bytes_add_text(out, "'\n");
	}
	bytes_add_text(out,
	    "\t)\n"
	    "\tif ((CURRENT == 2)); then\n"
	    "\t\t_describe verb verbs\n"
	    "\t\treturn\n"
	    "\tfi\n"
	    "\tlocal verb=$words[2]\n"
	    "\tshift words\n"
	    "\t((CURRENT--))\n"
	    "\tcase $verb in\n");
	for (size_t i = 0; verb_at(i) != NULL; i++)
		add_verb(out, verb_at(i));
	/* Autoloaded, the file is the function; sourced, it defines one. */
	bytes_add_text(out,
	    "\tesac\n"
	    "}\n"
	    "if [[ $zsh_eval_context[-1] == loadautofunc ]]; then\n"
	    "\t_leadbridge \"$@\"\n"
	    "elif (($+functions[compdef])); then\n"
	    "\tcompdef _leadbridge leadbridge\n"
	    "fi\n");
}
