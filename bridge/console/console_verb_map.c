/* console/console_verb_map.c - a dry run: a sample through a mapping. */
#include "terminal/terminal.h"
#include "workshop/workshop.h"
#include "program/program.h"
#include "console/console_verb.h"

#define SAMPLE_CEILING ((size_t)64 << 20)

static const struct option_row options[] = {
	{ .name = "config",
	    .letter = 'c',
	    .value = "FILE",
	    .help = "Check these settings first (default: none)." },
	OPTION_OUTPUT,
	{ .name = NULL },
};

/* Two lines an update: the lead id, the PATCH body. */
static int
print_text(const struct outcome *o, const char *mapping)
{
	if (o->fault.code != FAULT_NONE)
		return complain_in_mapping(mapping, &o->fault, EXIT_FAULTS);
	if (o->count == 0)
		fputs("ignored: the mapping wants nothing of this event\n",
		    stderr);
	for (size_t i = 0; i < o->count; i++) {
		const struct outcome_update *u = &o->updates[i];

		if (u->fault.code != FAULT_NONE)
			complain_in_mapping(mapping, &u->fault, EXIT_FAULTS);
		else if (u->update.skipped)
			fputs("ignored: an event its 'when' does not want\n",
			    stderr);
		else
			printf("%.*s\n%.*s\n", STR_ARG(u->update.lead_id),
			    STR_ARG(u->update.body));
	}
	return outcome_failed(o) ? EXIT_FAULTS : EXIT_OK;
}

static int
print_json(const struct outcome *o)
{
	struct bytes out;

	bytes_init(&out, SIZE_MAX / 2);
	outcome_print(o, &out);
	bytes_add_char(&out, '\n');
	print_bytes(&out);
	return outcome_failed(o) ? EXIT_FAULTS : EXIT_OK;
}

static int
map_sample(const struct route *r, const char *mapping, const struct given *g,
    struct arena *arena)
{
	const char *file = given_arg(g, 1);
	struct fault why = { 0 };
	struct str text = file_read(file, SAMPLE_CEILING, &why);
	struct request request;
	struct outcome outcome;
	int code;

	if (text.at == NULL)
		return complain_fault(&why, EXIT_CANNOT);
	if (sample_parse(text, file, arena, &request, &why) == -1) {
		code = complain_fault(&why, EXIT_FAULTS);
	} else {
		outcome_of(r, &request, arena, &outcome);
		code = given_json(g) ? print_json(&outcome)
		                     : print_text(&outcome, mapping);
	}
	file_done(text);
	return code;
}

static int
map_by_mapping(const struct given *g)
{
	char *file = mapping_file(given_arg(g, 0));
	const char *config = given_option(g, "config");
	struct faults all = { 0 };
	struct route *r = NULL;
	struct arena *arena = arena_new((size_t)1 << 30);
	int code;

	if (config != NULL)
		program_free(program_load(config, &all));
	if (all.count == 0)
		r = route_open(file, NULL, &all);
	if (r == NULL)
		code = complain_faults(&all, EXIT_FAULTS);
	else
		code = map_sample(r, file, g, arena);
	route_close(r);
	arena_free(arena);
	base_free(file);
	return code;
}

static int
map(const struct given *g)
{
	int code = kind_check_samples(&verb_map, g);

	return code == EXIT_OK ? map_by_mapping(g) : code;
}

const struct verb verb_map = {
	.name = "map",
	.args = "MAPPING SAMPLE",
	.help = "Put a sample through a mapping; print lead id and PATCH body.",
	.more =
	    "MAPPING is a mapping file or the folder it is in. SAMPLE is a\n"
	    "raw request (*.http) or a body (- is standard input). Nothing\n"
	    "is sent and no signature is asked for. With -c the settings\n"
	    "are checked first.\n",
	.example = "  leadbridge map mappings/typeform "
	           "mappings/typeform/samples/response.http\n",
	.options = options,
	.min_args = 2,
	.max_args = 2,
	.run = map,
};
