/* console/console_verb_deliveries.c - what the journal of a bridge holds. */
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
	{ .name = "upstream",
	    .value = "NAME",
	    .help = "For this upstream; of one the settings lack, retry and "
	            "drop take what waits, too." },
	{ .name = "since",
	    .value = "TIME",
	    .help = "That came in the last 30m, 24h, 7d." },
	{ .name = "before",
	    .value = "TIME",
	    .help = "That came longer ago than this." },
	{ .name = "limit",
	    .value = "N",
	    .help = "No more than N (list: 50, summary: 1000000, else "
	            "1000)." },
	{ .name = "as-stored",
	    .help = "Send the stored PATCH, map nothing anew (retry)." },
	{ .name = "dry-run",
	    .help = "Tell, and change nothing (retry, drop)." },
	{ .name = "yes", .letter = 'y', .help = "Ask nothing." },
	{ .name = NULL },
};

#define FILTER "state route lead upstream since before limit"

enum { LIST, SUMMARY, SHOW, TAIL, RETRY, DROP, EXPORT };

static const struct verb_part parts[] = {
	[LIST] = { "list", 0, 0, FILTER " output" },
	[SUMMARY] = { "summary", 0, 0, FILTER " output" },
	[SHOW] = { "show", 1, 1, "output" },
	[TAIL] = { "tail", 0, 0, "state route lead upstream output" },
	[RETRY] = { "retry", 0, 1000, FILTER " output as-stored dry-run yes" },
	[DROP] = { "drop", 0, 1000, FILTER " output dry-run yes" },
	[EXPORT] = { "export", 1, 1001, FILTER },
	{ .name = NULL },
};

static int (*const acts[])(struct client *c, const struct given *g) = {
	[LIST] = deliveries_list,
	[SUMMARY] = deliveries_summary,
	[SHOW] = deliveries_show,
	[TAIL] = deliveries_tail,
	[RETRY] = deliveries_retry,
	[DROP] = deliveries_drop,
	[EXPORT] = deliveries_export,
};

static int
deliveries(const struct given *g)
{
	struct client *c;
	int code;

	c = client_open(g, &code);
	if (c == NULL)
		return code;
	code = acts[given_part(g)](c, g);
	client_close(c);
	return code;
}

const struct verb verb_deliveries = {
	.name = "deliveries",
	.args = "list | summary | show ID | tail | retry [ID...] | "
	        "drop [ID...] | export DIR [ID...]",
	.help = "See and mend what the journal of a running bridge holds.",
	.more =
	    "summary counts the updates that wait for the API or for a person\n"
	    "(with --state: of these states), by state, route, upstream and\n"
	    "reason, the most frequent first. Reasons that differ by a number\n"
	    "or an id are one, with N or ID there.\n"
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
	.example = "  leadbridge deliveries summary\n"
	           "  leadbridge deliveries list --state dead --since 24h\n"
	           "  leadbridge deliveries retry --dry-run --route "
	           "/hooks/typeform\n",
	.options = options,
	.min_args = 1,
	.max_args = 1002,
	.parts = parts,
	.run = deliveries,
};
