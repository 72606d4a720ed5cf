/* console/console_verb_manual.c - the manual, printed for man. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "console/console_manual.h"
#include "console/console_verb.h"

static const struct option_row options[] = {
	{ .name = NULL },
};

static const struct manual_page pages[] = {
	{ "leadbridge", "1", "webhooks in, lead updates out", manual_program },
	{ "leadbridge.cfg", "5", "settings of leadbridge", manual_settings },
	{ "leadbridge-mapping", "5", "what becomes of a webhook",
	    manual_mapping },
};

static const struct manual_page *
find_page(const char *name)
{
	for (size_t i = 0; i < COUNT_OF(pages); i++)
		if (strcmp(pages[i].name, name) == 0)
			return &pages[i];
	return NULL;
}

static int
unknown_page(const char *name)
{
	return complain(EXIT_USAGE,
	    "manual: there is no page '%s'; there are leadbridge, "
	    "leadbridge.cfg and leadbridge-mapping",
	    name);
}

/* Of today, or of SOURCE_DATE_EPOCH where a build is to be the same again. */
static time_t
date_of_pages(void)
{
	const char *given = getenv("SOURCE_DATE_EPOCH");
	int64_t epoch = given != NULL ? str_number(str_of(given), INT32_MAX)
	                              : -1;

	return epoch >= 0 ? (time_t)epoch : time(NULL);
}

static void
add_head(struct bytes *out, const struct manual_page *page)
{
	static const char *const months[] = { "January", "February", "March",
		"April", "May", "June", "July", "August", "September",
		"October", "November", "December" };
	time_t when = date_of_pages();
	struct tm tm = { 0 };

	(void)gmtime_r(&when, &tm);
	bytes_addf(out, ".Dd %s %d, %d\n.Dt ", months[tm.tm_mon], tm.tm_mday,
	    tm.tm_year + 1900);
	for (const char *c = page->name; *c != '\0'; c++)
		bytes_add_char(out, *c >= 'a' && *c <= 'z' ? *c - 32 : *c);
	bytes_addf(out, " %s\n.Os leadbridge %s\n.Sh NAME\n.Nm %s\n.Nd %s\n",
	    page->section, BRIDGE_VERSION, page->name, page->about);
}

static int
manual(const struct given *g)
{
	const char *name = given_arg(g, 0);
	const struct manual_page *page = find_page(
	    name != NULL ? name : pages[0].name);
	struct bytes out;

	if (page == NULL)
		return unknown_page(name);
	bytes_init(&out, (size_t)1 << 20);
	add_head(&out, page);
	page->print(&out);
	print_bytes(&out);
	return EXIT_OK;
}

const struct verb verb_manual = {
	.name = "manual",
	.args = "[leadbridge|leadbridge.cfg|leadbridge-mapping]",
	.help = "Print a page of the manual, for man.",
	.more = "leadbridge (1) is of the verbs, leadbridge.cfg (5) of the "
	        "settings,\n"
	        "leadbridge-mapping (5) of mapping files. What is printed is "
	        "mdoc(7),\n"
	        "made of what this very program reads.\n",
	.example = "  leadbridge manual leadbridge.cfg | man -l -\n",
	.options = options,
	.max_args = 1,
	.run = manual,
};
