/* console/console_verb_forget.c - a person, erased from the journal. */
#include <string.h>

#include "console/console_client.h"
#include "base/base.h"

static const struct option_row options[] = {
	OPTIONS_CLIENT,
	OPTION_OUTPUT,
	{ .name = "lead", .value = "ID", .help = "Of this lead." },
	{ .name = "email",
	    .value = "ADDRESS",
	    .help = "Of every lead with this address." },
	{ .name = "yes", .letter = 'y', .help = "Ask nothing." },
	{ .name = NULL },
};

static int
ask(struct client *c, const struct given *g, bool dry_run,
    struct client_answer *a)
{
	const char *lead = given_option(g, "lead");
	const char *email = given_option(g, "email");
	struct bytes body;
	int code;

	bytes_init(&body, 65536);
	bytes_addf(&body, "{\"%s\":", lead != NULL ? "lead" : "email");
	bytes_add_json(&body, str_of(lead != NULL ? lead : email));
	bytes_addf(&body, "%s}", dry_run ? ",\"dry_run\":true" : "");
	code = client_post(c, "/forget", bytes_str(&body), a);
	bytes_done(&body);
	return code;
}

/* " a, b", or the name of the list with nothing behind. */
static void
print_list(const struct client_answer *a, const char *name, const char *text)
{
	doc_node list = doc_member(a->doc, a->data, str_of(name));
	const char *gap = " ";
	struct bytes out;

	if (doc_count(a->doc, list) == 0)
		return;
	bytes_init(&out, SIZE_MAX / 2);
	bytes_add_text(&out, text);
	DOC_FOREACH (a->doc, list, one) {
		bytes_add_text(&out, gap);
		shown_add(&out, doc_text(a->doc, one));
		gap = ", ";
	}
	fprintf(stderr, "%.*s\n", STR_ARG(bytes_str(&out)));
	bytes_done(&out);
}

static size_t
count_of(const struct client_answer *a, const char *name)
{
	return doc_count(a->doc, doc_member(a->doc, a->data, str_of(name)));
}

/* What was found, before anything is erased. False: it was not confirmed. */
static bool
confirmed(const struct given *g, const struct client_answer *found)
{
	char question[128];

	print_list(found, "leads", "Leads:");
	print_list(found, "refused", "Events that made no update:");
	snprintf(question, sizeof(question),
	    "Erase %lld updates, with their events and dedupe keys?",
	    (long long)client_number(found->doc, found->data, "items"));
	return client_confirm(g, question);
}

static int
print_erased(const struct given *g, const struct client_answer *a)
{
	long long held = (long long)client_number(a->doc, a->data, "held");
	size_t unclear = count_of(a, "unclear");
	struct bytes out;

	bytes_init(&out, SIZE_MAX / 2);
	if (given_json(g))
		doc_print(a->doc, a->data, &out);
	else
		bytes_addf(&out,
		    "erased: %zu leads, %lld updates, %lld events, %lld "
		    "dedupe keys",
		    count_of(a, "leads"),
		    (long long)client_number(a->doc, a->data, "items"),
		    (long long)client_number(a->doc, a->data, "events"),
		    (long long)client_number(a->doc, a->data, "keys"));
	bytes_add_char(&out, '\n');
	print_bytes(&out);
	print_list(a, "unclear",
	    "Left, as they are batches of several leads and none of their "
	    "updates holds the address (forget --lead, or deliveries drop):");
	if (held > 0)
		complain(EXIT_FAULTS,
		    "%lld updates are being sent at this moment and are "
		    "still there; say it again",
		    held);
	if (doc_kind(a->doc, doc_member(a->doc, a->data, STR("more"))) ==
	    DOC_TRUE)
		return complain(EXIT_FAULTS, "there is more; say it again");
	return held > 0 || unclear > 0 ? EXIT_FAULTS : EXIT_OK;
}

static int
forget_found(struct client *c, const struct given *g)
{
	struct client_answer a;
	int code;

	if (!given_flag(g, "yes")) {
		code = ask(c, g, true, &a);
		if (code != EXIT_OK)
			return code;
		if (!confirmed(g, &a))
			return EXIT_FAULTS;
	}
	code = ask(c, g, false, &a);
	return code == EXIT_OK ? print_erased(g, &a) : code;
}

static int
forget(const struct given *g)
{
	struct client *c;
	int code;

	if (given_flag(g, "lead") == given_flag(g, "email"))
		return complain(EXIT_USAGE,
		    "forget: either --lead ID or --email ADDRESS says who; "
		    "see 'leadbridge forget --help'");
	if (!utf8_valid(str_of(given_option(g, "lead"))) ||
	    !utf8_valid(str_of(given_option(g, "email"))))
		return complain(EXIT_USAGE, "forget: that is no UTF-8");
	c = client_open(g, &code);
	if (c == NULL)
		return code;
	code = forget_found(c, g);
	client_close(c);
	return code;
}

const struct verb verb_forget = {
	.name = "forget",
	.args = "",
	.help = "Erase a person from the journal of a running bridge.",
	.more =
	    "Erased are a lead's updates in any state, the events they came\n"
	    "from, and their dedupe keys; an event of several leads goes with\n"
	    "the first that is forgotten. By --email all updates and events\n"
	    "are looked through for that address as a whole value, in any\n"
	    "case; what is found is shown and asked about. Backups, the API\n"
	    "and what the sender has are not the bridge's. Exit 1: something\n"
	    "is being sent and was left, say it again; or it was not\n"
	    "confirmed.\n",
	.example = "  leadbridge forget --lead lead_abc123\n"
	           "  leadbridge forget --email laura@example.com -y\n",
	.options = options,
	.run = forget,
};
