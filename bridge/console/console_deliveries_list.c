/* console/console_deliveries_list.c - pages of the journal, and finding. */
#include <string.h>

#include "console/console_deliveries.h"
#include "base/base.h"

#define PAGE_MOST 1000
#define LIST_USUAL 50
#define FIND_MOST 100000

static void
add_parameter(struct bytes *query, const char *name, const char *value)
{
	if (value == NULL)
		return;
	bytes_addf(query, "&%s=", name);
	bytes_add_percent(query, str_of(value));
}

int
deliveries_page(struct client *c, const struct given *g, struct page *page,
    struct client_answer *out)
{
	static const char *const same[] = { "route", "lead", "upstream",
		"since", "before" };
	struct bytes target;
	struct str next;
	int code;

	bytes_init(&target, 65536);
	bytes_addf(&target, "/deliveries?limit=%zu", page->most);
	if (page->newest)
		bytes_add_text(&target, "&newest=1");
	add_parameter(&target, "state", page->states);
	for (size_t i = 0; i < COUNT_OF(same); i++)
		add_parameter(&target, same[i], given_option(g, same[i]));
	if (page->after[0] != '\0')
		add_parameter(&target, "after", page->after);
	bytes_add_str(&target, page->extra);
	code = client_get(c, bytes_str(&target), out);
	bytes_done(&target);
	if (code != EXIT_OK)
		return code;
	next = client_text(out->doc, out->data, "next");
	snprintf(page->after, sizeof(page->after), "%.*s", STR_ARG(next));
	return EXIT_OK;
}

int
deliveries_get(struct client *c, const char *id, struct client_answer *out)
{
	struct bytes target;
	int code;

	bytes_init(&target, 65536);
	bytes_add_text(&target, "/deliveries/");
	bytes_add_percent(&target, str_of(id));
	code = client_get(c, bytes_str(&target), out);
	bytes_done(&target);
	return code;
}

int
deliveries_limit(const struct given *g, size_t usual, size_t most, size_t *out)
{
	const char *limit = given_option(g, "limit");
	int64_t n = limit != NULL ? str_number(str_of(limit), (int64_t)most)
	                          : (int64_t)usual;

	if (n < 1)
		return complain(EXIT_USAGE,
		    "deliveries: --limit takes a number from 1 to %zu", most);
	*out = (size_t)n;
	return EXIT_OK;
}

static void
print_items(const struct client_answer *a, bool json, size_t *printed,
    size_t most)
{
	doc_node items = doc_member(a->doc, a->data, STR("items"));
	struct item_widths widths = { { 0 } };
	struct bytes out;

	bytes_init(&out, SIZE_MAX / 2);
	if (!json)
		DOC_FOREACH (a->doc, items, item)
			deliveries_measure(a->doc, item, &widths);
	DOC_FOREACH (a->doc, items, item) {
		if ((*printed)++ >= most)
			break;
		if (!json) {
			deliveries_print_item(a->doc, item, &widths, &out);
			continue;
		}
		bytes_add_text(&out, *printed > 1 ? ",\n" : "\n");
		doc_print(a->doc, item, &out);
	}
	print_bytes(&out);
}

static bool
is_filtered(const struct given *g)
{
	static const char *const filters[] = { "state", "route", "lead",
		"upstream", "since", "before" };

	for (size_t i = 0; i < COUNT_OF(filters); i++)
		if (given_flag(g, filters[i]))
			return true;
	return false;
}

/* Nothing at all may be no fault: not every route keeps what came. */
static void
say_nothing_there(const struct given *g)
{
	fputs(is_filtered(g)
	        ? "There is nothing of that kind.\n"
	        : "There is nothing in the journal. It has what came in at "
	          "routes whose mapping\nsays mode = \"queue\" or "
	          "\"relay-or-queue\"; of all others the log tells.\n",
	    stderr);
}

int
deliveries_list(struct client *c, const struct given *g)
{
	struct page page = { .states = given_option(g, "state"),
		.newest = true };
	struct client_answer a;
	size_t most = 0, printed = 0;
	int code = deliveries_limit(g, LIST_USUAL, FIND_MOST, &most);
	bool json = given_json(g);

	if (code != EXIT_OK)
		return code;
	do {
		page.most = most - printed < PAGE_MOST ? most - printed
		                                       : PAGE_MOST;
		code = deliveries_page(c, g, &page, &a);
		if (code != EXIT_OK)
			return code;
		if (json && printed == 0)
			printf("[");
		print_items(&a, json, &printed, most);
	} while (page.after[0] != '\0' && printed < most);
	if (json)
		printf("%s]\n", printed > 0 ? "\n" : "");
	else if (printed == 0)
		say_nothing_there(g);
	else if (page.after[0] != '\0')
		fprintf(stderr, "There are more: --limit N shows them.\n");
	return EXIT_OK;
}

static void
add_id(struct delivery_ids *ids, struct str id)
{
	ids->at = base_grow(ids->at, ids->count + 1, sizeof(ids->at[0]));
	snprintf(ids->at[ids->count++], sizeof(ids->at[0]), "%.*s",
	    STR_ARG(id));
}

/* Where no state is given: of what waits, that which nobody will send. */
static bool
is_meant(const struct client_answer *a, doc_node item)
{
	struct str state = client_text(a->doc, item, "state");

	return (!str_eq(state, STR("waiting")) &&
	           !str_eq(state, STR("sending"))) ||
	    deliveries_is_stranded(a->doc, item);
}

/* Once each: a delivery may have many updates. */
static void
note_ids(const struct client_answer *a, bool all, struct delivery_ids *out,
    size_t most)
{
	doc_node items = doc_member(a->doc, a->data, STR("items"));

	DOC_FOREACH (a->doc, items, item) {
		struct str id = client_text(a->doc, item, "delivery");
		bool known = false;

		for (size_t i = out->count; i > 0 && !known; i--)
			known = str_eq(str_of(out->at[i - 1]), id);
		if (known || out->count == most ||
		    id.len >= sizeof(out->at[0]) || !(all || is_meant(a, item)))
			continue;
		add_id(out, id);
	}
}

static int
find_by_filter(struct client *c, const struct given *g,
    struct delivery_ids *out)
{
	const char *states = given_option(g, "state");
	struct page page = { .states = states, .most = PAGE_MOST };
	struct client_answer a;
	size_t most = 0;
	int code = deliveries_limit(g, 1000, FIND_MOST, &most);

	out->by_filter = true;
	if (states == NULL)
		page.states = given_option(g, "upstream") != NULL
		    ? "waiting,sending,dead,refused"
		    : "dead,refused";
	while (code == EXIT_OK) {
		code = deliveries_page(c, g, &page, &a);
		if (code == EXIT_OK)
			note_ids(&a, states != NULL, out, most);
		if (page.after[0] == '\0' || out->count == most)
			break;
	}
	return code;
}

/* What was typed is shown as it can be. */
static int
say_no_id(struct str word)
{
	struct bytes text;

	bytes_init(&text, 4096);
	shown_add(&text, word);
	complain(EXIT_USAGE,
	    "deliveries: '%.*s' is no delivery's id, which is 36 characters as "
	    "'deliveries list' and the log have it",
	    STR_ARG(bytes_str(&text)));
	bytes_done(&text);
	return EXIT_USAGE;
}

int
deliveries_take(const char *word, bool numbered, struct delivery_ids *out)
{
	struct str id = str_of(word), rest = id;

	if (strchr(word, '/') != NULL)
		(void)!str_cut(&rest, '/', &id);
	if (!str_is_uuid(id))
		return say_no_id(id);
	if (id.len < strlen(word) && !numbered)
		return complain(EXIT_USAGE,
		    "deliveries: that is one update; a delivery is acted on as "
		    "a whole: %.*s",
		    STR_ARG(id));
	add_id(out, id);
	return EXIT_OK;
}

static int
take_named(const struct given *g, size_t from, struct delivery_ids *out)
{
	int code = EXIT_OK;

	for (size_t i = from; i < given_count(g) && code == EXIT_OK; i++)
		code = deliveries_take(given_arg(g, i), false, out);
	return code;
}

int
deliveries_find(struct client *c, const struct given *g, size_t from,
    struct delivery_ids *out)
{
	bool filtered = is_filtered(g);

	*out = (struct delivery_ids){ 0 };
	if (filtered == (given_count(g) > from))
		return complain(EXIT_USAGE,
		    "deliveries: either IDs or a filter (--state, --route, "
		    "--lead, --upstream, --since, --before) say which");
	return filtered ? find_by_filter(c, g, out) : take_named(g, from, out);
}
