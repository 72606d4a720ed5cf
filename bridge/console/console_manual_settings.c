/* console/console_manual_settings.c - leadbridge.cfg(5), of the tables. */
#include "console/console_manual.h"
#include "program/program.h"

static const char example[] =
    "listen    = ( { address = \"0.0.0.0:8443\";\n"
    "                certificate = \"server.pem\"; key = \"server.key\"; } );\n"
    "upstreams = { leadsail = { url = \"https://api.leadsail.app\";\n"
    "                           api_key = \"leadsail\"; }; };\n"
    "secrets   = { leadsail = { file = \"leadsail.key\"; };\n"
    "              typeform = { file = \"typeform.secret\"; }; };\n"
    "journal   = { url = \"sqlite:journal.db\"; };\n"
    "routes    = \"mappings/*/mapping.cfg\";\n";

void
manual_settings(struct bytes *out)
{
	mdoc(out, ".Sh DESCRIPTION");
	mdoc_text(out,
	    "A file of libconfig: names, \"=\", values, each ended by a "
	    "semicolon. Another file is taken in by @include. A relative path "
	    "stands beside the settings file, also where an included file "
	    "names it. A name that nobody knows "
	    "is a fault, not a comment: leadbridge check shows every fault of "
	    "every file at once, with its line and column.");
	mdoc(out, ".Pp");
	mdoc_text(out,
	    "A duration is a whole number and ms, s, m, h or d: \"200ms\", "
	    "\"7d\". A size is a number of bytes, or of K, M or G of 1024: "
	    "4096, \"16K\". Both stand in quotes where they have a unit.");
	mdoc(out, ".Sh SETTINGS");
	mdoc_settings(out, program_table);
	mdoc_groups(out, program_table, "");
	mdoc(out, ".Sh EXAMPLES");
	mdoc_display(out, example);
	mdoc(out, ".Sh SEE ALSO\n.Xr leadbridge 1 ,\n.Xr leadbridge-mapping 5");
}
