/* console/console_verb_schema.c - the contract, as JSON Schema. */
#include "console/console_verb.h"
#include "lead/lead.h"

static const struct option_row options[] = {
	{ .name = NULL },
};

static int
schema(const struct given *g)
{
	struct bytes out;

	(void)g;
	bytes_init(&out, (size_t)1 << 20);
	lead_print_schema(&out);
	print_bytes(&out);
	return EXIT_OK;
}

const struct verb verb_schema = {
	.name = "schema",
	.args = "",
	.help = "Print the contract of a lead update as JSON Schema.",
	.example = "  leadbridge schema > lead-update.schema.json\n",
	.options = options,
	.run = schema,
};
