/* console/console_completion_bash.c - completion for bash. */
#include "console/console_completion.h"

/* $verb, $prev and $cur are what the cases below ask for. */
static const char head[] =
    "# bash completion of leadbridge, as 'leadbridge completion bash' has it.\n"
    "_leadbridge_files() {\n"
    "\tcompopt -o filenames 2>/dev/null\n"
    "\tmapfile -t COMPREPLY < <(compgen \"$1\" -- \"$cur\")\n"
    "}\n"
    "\n"
    "_leadbridge_words() {\n"
    "\tmapfile -t COMPREPLY < <(compgen -W \"$1\" -- \"$cur\")\n"
    "}\n"
    "\n"
    "_leadbridge() {\n"
    "\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}\n"
    "\tlocal verb=${COMP_WORDS[1]} IFS=$' \\t\\n'\n"
    "\tCOMPREPLY=()\n";

static void
add_answer(struct bytes *out, enum completion_kind kind, struct bytes *words)
{
	static const char *const answers[] = {
		[COMPLETES_NOTHING] = ":",
		[COMPLETES_WORDS] = "_leadbridge_words '",
		[COMPLETES_FILES] = "_leadbridge_files -f",
		[COMPLETES_FOLDERS] = "_leadbridge_files -d",
	};

	bytes_add_text(out, answers[kind]);
	if (kind == COMPLETES_WORDS) {
		bytes_add_str(out, bytes_str(words));
		bytes_add_char(out, '\'');
	}
	bytes_add_text(out, " ;;\n");
	bytes_done(words);
}

static void
add_verbs(struct bytes *out)
{
	bytes_add_text(out,
	    "\tif ((COMP_CWORD == 1)); then\n"
	    "\t\t_leadbridge_words '");
	for (size_t i = 0; verb_at(i) != NULL; i++)
		bytes_addf(out, "%s ", verb_at(i)->name);
	bytes_add_text(out, "help --help --version'\n\t\treturn\n\tfi\n");
}

static void
add_value(struct bytes *out, const struct verb *v, const struct option_row *row)
{
	struct bytes words;

	if (row->value == NULL)
		return;
	bytes_init(&words, 4096);
	bytes_addf(out, "\t\"%s --%s\"", v->name, row->name);
	if (row->letter != 0)
		bytes_addf(out, " | \"%s -%c\"", v->name, row->letter);
	bytes_add_text(out, ") ");
	add_answer(out, completion_of_value(row->value, &words), &words);
}

/* Behind an option that takes a value only that value may stand. */
static void
add_values(struct bytes *out)
{
	bytes_add_text(out, "\tcase \"$verb $prev\" in\n");
	for (size_t i = 0; verb_at(i) != NULL; i++)
		for (const struct option_row *row = verb_at(i)->options;
		     row->name != NULL; row++)
			add_value(out, verb_at(i), row);
	bytes_add_text(out, "\t*) _leadbridge_more ;;\n\tesac\n");
}

static void
add_verb(struct bytes *out, const struct verb *v)
{
	struct bytes words;

	bytes_addf(out, "\t\"%s -\"*) _leadbridge_words '", v->name);
	for (const struct option_row *row = v->options; row->name != NULL;
	     row++)
		bytes_addf(out, "--%s ", row->name);
	bytes_addf(out, "--help' ;;\n\t\"%s \"*) ", v->name);
	bytes_init(&words, (size_t)1 << 16);
	add_answer(out, completion_of_args(v, &words), &words);
}

/* Called by _leadbridge, whose variables it sees. */
static void
add_more(struct bytes *out)
{
	bytes_add_text(out,
	    "\n_leadbridge_more() {\n"
	    "\tcase \"$verb $cur\" in\n"
	    "\t\"help \"*) _leadbridge_words '");
	for (size_t i = 0; verb_at(i) != NULL; i++)
		bytes_addf(out, "%s%s", i > 0 ? " " : "", verb_at(i)->name);
	bytes_add_text(out, "' ;;\n");
	for (size_t i = 0; verb_at(i) != NULL; i++)
		add_verb(out, verb_at(i));
	bytes_add_text(out, "\tesac\n}\n\n");
}

void
completion_bash(struct bytes *out)
{
	bytes_add_text(out, head);
	add_verbs(out);
	add_values(out);
	bytes_add_text(out, "}\n");
	add_more(out);
	bytes_add_text(out, "complete -F _leadbridge leadbridge\n");
}
