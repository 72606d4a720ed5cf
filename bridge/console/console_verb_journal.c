/* console/console_verb_journal.c - a journal, without a bridge. */
#include <string.h>

#include "program/program.h"
#include "console/console_verb.h"

#define PAGE_ROWS 500
#define PAGE_ARENA ((size_t)256 << 20)

static const struct option_row options[] = {
	OPTION_CONFIG,
	OPTION_OUTPUT,
	{ .name = "from",
	    .value = "URL",
	    .help = "Of the journal to copy (migrate)." },
	{ .name = "to",
	    .value = "URL",
	    .help = "Of the journal that is to have it (migrate)." },
	{ .name = NULL },
};

struct census {
	int64_t count[JOURNAL_STATES];
	int64_t unread;      /* what cannot be opened with this key */
	struct fault reason; /* of the first of those */
	int64_t oldest_ms;
};

static int
ask(struct journal *j, struct journal_op *op, const char *what)
{
	journal_do(j, op);
	if (op->result == JOURNAL_OK)
		return EXIT_OK;
	complain_fault(&op->fault, EXIT_FAULTS);
	return complain(EXIT_FAULTS, "the journal cannot be %s", what);
}

static void
take_rows(const struct journal_list *list, struct census *c)
{
	for (size_t i = 0; i < list->count; i++)
		c->count[list->rows[i].state]++;
	if (list->op.fault.code == FAULT_NONE)
		return;
	if (c->unread++ == 0)
		c->reason = list->op.fault;
}

/* Every row, with its texts: what is damaged or sealed shows now. */
static int
read_all(struct journal *j, struct census *c)
{
	struct journal_list list = { .arena = arena_new(PAGE_ARENA) };
	int code;

	do {
		arena_reset(list.arena);
		list.op = (struct journal_op){ .verb = JOURNAL_LIST };
		list.after = list.next;
		list.most = PAGE_ROWS;
		list.whole = true;
		code = ask(j, &list.op, "read");
		if (code == EXIT_OK)
			take_rows(&list, c);
	} while (code == EXIT_OK && list.next != 0);
	arena_free(list.arena);
	return code;
}

/* What is counted on the way has to be what is there. */
static int
compare(struct journal *j, struct census *c)
{
	struct journal_stats stats = { .op = { .verb = JOURNAL_STATS } };
	int code = ask(j, &stats.op, "counted");

	if (code != EXIT_OK)
		return code;
	c->oldest_ms = stats.oldest_ms;
	for (int i = 0; i < JOURNAL_STATES; i++)
		if (stats.count[i] != c->count[i])
			code = complain(EXIT_FAULTS,
			    "%s: %lld updates are there and %lld are counted",
			    name_text(journal_states, i),
			    (long long)c->count[i], (long long)stats.count[i]);
	if (c->unread > 0) {
		complain_fault(&c->reason, EXIT_FAULTS);
		code = complain(EXIT_FAULTS,
		    "some bodies or events cannot be opened: they are sealed "
		    "under another key than journal.encrypt now names");
	}
	return code;
}

static void
print_census(const struct census *c, bool json)
{
	struct bytes out;

	bytes_init(&out, 4096);
	if (json)
		bytes_add_char(&out, '{');
	for (int i = 0; i < JOURNAL_STATES; i++)
		bytes_addf(&out, json ? "\"%s\":%lld," : "%-8s %lld\n",
		    name_text(journal_states, i), (long long)c->count[i]);
	if (json)
		bytes_addf(&out, "\"oldest_ms\":%lld}\n",
		    (long long)c->oldest_ms);
	else if (c->oldest_ms > 0)
		bytes_addf(&out, "the oldest has waited %lld s\n",
		    (long long)c->oldest_ms / 1000);
	print_bytes(&out);
}

static int
check_journal(struct journal *j, bool json)
{
	struct census c = { 0 };
	int code = read_all(j, &c);

	if (code != EXIT_OK)
		return code;
	code = compare(j, &c);
	print_census(&c, json);
	return code;
}

static int
check_program(const struct program *p, const struct given *g)
{
	const struct journal_setup setup = { .settings = &p->journal,
		.key = p->journal_key };
	struct fault why = { 0 };
	struct journal *j;
	int code;

	if (p->journal.url == NULL)
		return complain(EXIT_CANNOT,
		    "journal check: the settings have no journal");
	if (strcmp(p->journal.url, "memory:") == 0)
		return complain(EXIT_CANNOT,
		    "journal check: memory: is gone with its process, there "
		    "is nothing to check");
	j = journal_open(&setup, &why);
	if (j == NULL)
		return complain_fault(&why,
		    why.code == FAULT_INTERNAL ? EXIT_FAULTS : EXIT_CANNOT);
	code = check_journal(j, given_json(g));
	journal_close(j);
	return code;
}

static int
check(const struct given *g)
{
	struct faults all = { 0 };
	struct program *p;
	int code;

	p = program_load(given_config(g), &all);
	if (p == NULL)
		return complain_faults(&all, EXIT_CANNOT);
	log_set_level(LOG_LEVEL_WARNING);
	code = check_program(p, g);
	program_free(p);
	return code;
}

static int
migrate(const struct given *g)
{
	const char *from = given_option(g, "from"), *to = given_option(g, "to");
	struct journal_migrated m;
	struct fault why = { 0 };

	if (from == NULL || to == NULL)
		return complain(EXIT_USAGE,
		    "journal migrate: --from URL and --to URL are needed");
	log_set_level(LOG_LEVEL_WARNING);
	if (journal_migrate(from, to, &m, &why) == -1)
		return complain_fault(&why,
		    why.code == FAULT_INTERNAL ? EXIT_FAULTS : EXIT_CANNOT);
	printf(given_json(g)
	        ? "{\"updates\":%lld,\"keys\":%lld,\"to_updates\":%lld,"
	          "\"to_keys\":%lld}\n"
	        : "%lld updates and %lld dedupe keys are copied; the target "
	          "has %lld and %lld\n",
	    (long long)m.items, (long long)m.keys, (long long)m.to_items,
	    (long long)m.to_keys);
	return EXIT_OK;
}

enum { CHECK, MIGRATE };

static const struct verb_part parts[] = {
	[CHECK] = { "check", 0, 0, "" },
	[MIGRATE] = { "migrate", 0, 0, "from to" },
	{ .name = NULL },
};

static int
journal(const struct given *g)
{
	return given_part(g) == CHECK ? check(g) : migrate(g);
}

const struct verb verb_journal = {
	.name = "journal",
	.args = "check | migrate",
	.help = "Check a journal that no bridge has open, or move it.",
	.more =
	    "check opens the journal of the settings file as a start of the\n"
	    "bridge would, reads all of it with bodies and events, and prints\n"
	    "how many updates are in each state. migrate copies all of a\n"
	    "journal, sqlite: or postgresql:, with its dedupe keys into\n"
	    "another, and counts; what was being sent waits again. Said "
	    "again,\n"
	    "it copies what is not there yet. Stop the bridge first, then let\n"
	    "the settings name the new one. A database's password belongs in\n"
	    "a password file (PGPASSFILE), not in a URL on a command line.\n"
	    "Exit 1: damaged, sealed under another key, or not whole; 3: a\n"
	    "bridge has it open, or it cannot be opened.\n",
	.example = "  leadbridge journal check -c leadbridge.cfg\n"
	           "  leadbridge journal migrate --from sqlite:journal.db --to "
	           "'postgresql://db/leads'\n",
	.options = options,
	.min_args = 1,
	.max_args = 1,
	.parts = parts,
	.run = journal,
};
