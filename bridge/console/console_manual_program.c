/* console/console_manual_program.c - leadbridge(1), of the table of verbs. */
#include <string.h>

#include "console/console_manual.h"
#include "console/console_verb.h"

static void
add_option(struct bytes *out, const struct option_row *row)
{
	char *names = row->letter != 0
	    ? base_print(".It Fl %c , Fl \\-%s", row->letter, row->name)
	    : base_print(".It Fl \\-%s", row->name);

	if (row->value != NULL) {
		char *with = base_print("%s Ar", names);

		mdoc_macro(out, with, row->value);
		base_free(with);
	} else {
		mdoc(out, names);
	}
	mdoc_text(out, row->help);
	base_free(names);
}

static void
add_verb(struct bytes *out, const struct verb *v)
{
	mdoc_macro(out, ".Ss", v->name);
	bytes_addf(out, ".Nm Cm %s Op Ar option ...\n", v->name);
	if (v->args[0] != '\0')
		mdoc_macro(out, ".Ar", v->args);
	mdoc(out, ".Pp");
	mdoc_text(out, v->help);
	if (v->more != NULL)
		mdoc_paragraphs(out, v->more);
	mdoc(out, ".Bl -tag -width Ds");
	for (const struct option_row *row = v->options; row->name != NULL;
	     row++)
		add_option(out, row);
	add_option(out, &option_help);
	mdoc(out, ".El");
	mdoc(out, ".Pp\nFor example:");
	mdoc_display(out, v->example);
}

static void
add_verbs(struct bytes *out)
{
	mdoc(out, ".Sh VERBS");
	for (size_t i = 0; verb_at(i) != NULL; i++)
		add_verb(out, verb_at(i));
}

static const struct {
	const char *name, *help;
} environment[] = {
	{ "CREDENTIALS_DIRECTORY",
	    "The folder of systemd's credentials, for secrets that are one." },
	{ "PGPASSFILE",
	    "The password file of libpq, for a journal in PostgreSQL." },
	{ "SOURCE_DATE_EPOCH",
	    "The date of the pages that the verb manual prints." },
};

static void
add_environment(struct bytes *out)
{
	mdoc(out, ".Sh ENVIRONMENT\n.Bl -tag -width Ds");
	for (size_t i = 0; i < COUNT_OF(environment); i++) {
		mdoc_macro(out, ".It Ev", environment[i].name);
		mdoc_text(out, environment[i].help);
	}
	mdoc(out, ".El");
}

void
manual_program(struct bytes *out)
{
	mdoc(out,
	    ".Sh SYNOPSIS\n.Nm\n.Ar verb\n.Op Ar option ...\n"
	    ".Op Ar argument ...\n.Sh DESCRIPTION\n.Nm");
	mdoc_text(out,
	    "takes webhooks of CRMs and form builders, proves who sent them, "
	    "maps their fields to the update of a lead, checks that against "
	    "the API's contract, and sends it to the API over TLS, or keeps "
	    "it in a journal until the API has taken it.");
	mdoc(out,
	    ".Pp\nWhat it serves is said in\n.Xr leadbridge.cfg 5 ,\n"
	    "what becomes of a webhook in\n.Xr leadbridge-mapping 5 .");
	mdoc_text(out,
	    "The verb check finds the faults of both, demo shows the main job "
	    "on this machine.");
	add_verbs(out);
	add_environment(out);
	mdoc(out, ".Sh FILES\n.Bl -tag -width Ds");
	mdoc_macro(out, ".It Pa", CONFIG_USUAL);
	mdoc_text(out,
	    "The settings, in the current folder, where "
	    "--config names no others.");
	mdoc_macro(out, ".It Pa", CONFIG_SYSTEM);
	mdoc_text(out, "The settings where there are none in that folder.");
	mdoc(out, ".El\n.Sh EXIT STATUS");
	mdoc_text(out, EXIT_CODES);
	mdoc(out,
	    ".Sh SEE ALSO\n.Xr leadbridge-mapping 5 ,\n.Xr leadbridge.cfg 5");
}
