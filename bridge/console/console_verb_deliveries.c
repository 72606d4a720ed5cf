/* console/console_verb_deliveries.c - what the journal of a bridge holds. */
#include <string.h>

#include "console/console_deliveries.h"

static const struct option_row options[] = {
	OPTIONS_CLIENT,
	OPTION_OUTPUT,
	{ .name = "state",
	    .value = "STATE[,STATE]",
	    .help = "Of waiting, sending, done, dead, refused." },
	{ .name = "route",
	    .value = "PATH",
	    .help = "That came in at this route." },
	{ .name = "lead", .value = "ID", .help = "Updates of this lead." },
	{ .name = "since",
	    .value = "TIME",
	    .help = "That came in the last 30m, 24h, 7d." },
	{ .name = "before",
	    .value = "TIME",
	    .help = "That came longer ago than this." },
	{ .name = "limit",
	    .value = "N",
	    .help = "No more than N (list: 50, else 1000)." },
	{ .name = "as-stored",
	    .help = "Send the stored PATCH, map nothing anew (retry)." },
	{ .name = "dry-run",
	    .help = "Tell, and change nothing (retry, drop)." },
	{ .name = "yes", .letter = 'y', .help = "Ask nothing." },
	{ .name = NULL },
};

#define FILTER "state route lead since before limit "

/* `takes`: the options of its own, beside those of every client. */
static const struct part {
	const char *name;
	unsigned min_args, max_args;
	const char *takes;
	int (*run)(struct client *c, const struct given *g);
} parts[] = {
	{ "list", 0, 0, FILTER "output ", deliveries_list },
	{ "show", 1, 1, "output ", deliveries_show },
	{ "tail", 0, 0, "state route lead output ", deliveries_tail },
	{ "retry", 0, 1000, FILTER "output as-stored dry-run yes ",
	    deliveries_retry },
	{ "drop", 0, 1000, FILTER "output dry-run yes ", deliveries_drop },
	{ "export", 1, 1001, FILTER, deliveries_export },
};

static const struct part *
find_part(const char *name)
{
	for (size_t i = 0; i < COUNT_OF(parts); i++)
		if (strcmp(parts[i].name, name) == 0)
			return &parts[i];
	return NULL;
}

static int
unknown_part(const char *name)
{
	struct nearest near;
	const char *found;

	nearest_start(&near, str_of(name));
	for (size_t i = 0; i < COUNT_OF(parts); i++)
		nearest_try(&near, parts[i].name);
	found = nearest_found(&near);
	return complain(EXIT_USAGE,
	    "deliveries: list, show, tail, retry, drop or export, not "
	    "'%s'%s%s%s",
	    name, found != NULL ? "; did you mean '" : "",
	    found != NULL ? found : "", found != NULL ? "'?" : "");
}

/* Whole words, each with a space behind. */
static bool
takes(const struct part *p, const char *option)
{
	char word[32];

	snprintf(word, sizeof(word), "%s ", option);
	return strstr(p->takes, word) != NULL;
}

/* The client's options come first in the table, up to "output". */
static int
check_usage(const struct part *p, const struct given *g)
{
	size_t count = given_count(g) - 1;
	bool own = false;

	if (count < p->min_args || count > p->max_args)
		return complain(EXIT_USAGE,
		    "deliveries %s: %s; see 'leadbridge deliveries --help'",
		    p->name,
		    count < p->min_args ? "too few arguments"
		                        : "too many arguments");
	for (const struct option_row *row = options; row->name != NULL; row++) {
		own = own || strcmp(row->name, "output") == 0;
		if (own && given_flag(g, row->name) && !takes(p, row->name))
			return complain(EXIT_USAGE,
			    "deliveries %s: --%s does not go with it; see "
			    "'leadbridge deliveries --help'",
			    p->name, row->name);
	}
	return EXIT_OK;
}

static int
deliveries(const struct given *g)
{
	const struct part *p = find_part(given_arg(g, 0));
	struct client *c;
	int code;

	if (p == NULL)
		return unknown_part(given_arg(g, 0));
	code = check_usage(p, g);
	if (code != EXIT_OK)
		return code;
	c = client_open(g, &code);
	if (c == NULL)
		return code;
	code = p->run(c, g);
	client_close(c);
	return code;
}

const struct verb verb_deliveries = {
	.name = "deliveries",
	.args = "list | show ID | tail | retry [ID...] | drop [ID...] | "
	        "export DIR [ID...]",
	.help = "See and mend what the journal of a running bridge holds.",
	.more =
	    "list prints updates, newest first, show all of one delivery: its\n"
	    "attempts, the PATCH and the event. tail prints updates as they\n"
	    "end, until it is interrupted. retry maps the stored event "
	    "through\n"
	    "the mapping as it is now and queues what it makes; --dry-run\n"
	    "prints which fields would differ. drop deletes a delivery's "
	    "dead,\n"
	    "refused and done updates. export writes each event as ID.http, a\n"
	    "sample for 'map' and 'test', and what is known of it as ID.json.\n"
	    "Without IDs the filter's options choose, of dead and refused "
	    "ones\n"
	    "where --state is not given, and what is found is counted and "
	    "asked\n"
	    "about. Asks the admin endpoint that the settings name. Exit 1:\n"
	    "some could not be acted on, or it was not confirmed.\n",
	.example = "  leadbridge deliveries list --state dead --since 24h\n"
	           "  leadbridge deliveries retry --dry-run --route "
	           "/hooks/typeform\n",
	.options = options,
	.min_args = 1,
	.max_args = 1002,
	.run = deliveries,
};
