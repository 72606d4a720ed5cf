/* console/console_manual_mapping.c - leadbridge-mapping(5), of the tables. */
#include <string.h>

#include "console/console_demo.h"
#include "console/console_manual.h"
#include "delivery/delivery.h"
#include "lead/lead.h"
#include "mapping/mapping.h"
#include "verify/verify.h"

#define LIST ".Bl -tag -width Ds"

static void
add_words(struct bytes *out, bool (*at)(size_t i, struct mapping_word *word),
    bool functions)
{
	struct mapping_word w;

	mdoc(out, LIST);
	for (size_t i = 0; at(i, &w); i++) {
		char *name = functions ? base_print("%s(%s)", w.name,
		                             w.argument != NULL ? "'...'" : "")
		                       : base_copy(w.name);

		mdoc_macro(out, ".It Cm", name);
		mdoc_text(out, w.help);
		base_free(name);
	}
	mdoc(out, ".El");
}

static void
add_language(struct bytes *out)
{
	mdoc(out, ".Sh THE MAPPING");
	mdoc_text(out,
	    "The group update looks like the lead: on the left its fields, on "
	    "the right what they get. A string is text; what stands in braces "
	    "is computed; a string that is only one pair of braces keeps the "
	    "value's own type. {{ and }} are braces that mean nothing. A path "
	    "is a JSONPath (RFC 9535): of the body from $, of the current item "
	    "from @. Behind it | sends the value through transforms, from left "
	    "to right; a ?? b is the first of the two that is there; a ? "
	    "behind a transform leaves out what it refuses. What is absent "
	    "stays absent, and the lead keeps what it has.");
	mdoc(out, ".Pp");
	mdoc_text(out,
	    "In update, a group { each = \"$.list\"; as: { ... }; } makes a "
	    "list with an entry for every item, when in a group is its "
	    "condition, and entries = ( (\"a key\", \"a value\") ) holds keys "
	    "that are no names.");
	mdoc(out, ".Pp\nThe mapping's own settings are:");
	add_words(out, mapping_setting_at, false);
	mdoc(out, ".Ss Functions");
	mdoc_text(out, "Where a path may stand, these may:");
	add_words(out, mapping_function_at, true);
}

static void
add_example(struct bytes *out, const struct mapping_example *e)
{
	bytes_addf(out, "%s | %s  %s %s\n", e->in != NULL ? e->in : "absent",
	    e->step, e->fault != NULL ? "is refused:" : "->",
	    e->fault != NULL     ? e->fault
	        : e->out != NULL ? e->out
	                         : "absent");
}

static void
add_examples(struct bytes *out, size_t i, const struct mapping_transform *t)
{
	struct bytes lines;

	if (t->examples == 0)
		return;
	bytes_init(&lines, (size_t)1 << 16);
	if (t->body != NULL)
		bytes_addf(&lines, "of the body $ = %s\n", t->body);
	for (size_t k = 0; k < t->examples; k++) {
		struct mapping_example e = mapping_transform_example(i, k);

		add_example(&lines, &e);
	}
	mdoc_display(out, bytes_str(&lines).at);
	bytes_done(&lines);
}

static void
add_transform(struct bytes *out, size_t i, const struct mapping_transform *t)
{
	char *form = t->min_args == t->max_args
	    ? base_print("Arguments: %u, takes %s, gives %s.", t->min_args,
	          t->takes, t->gives)
	    : base_print("Arguments: %u to %u, takes %s, gives %s.",
	          t->min_args, t->max_args, t->takes, t->gives);

	mdoc_macro(out, ".It Cm", t->name);
	mdoc_text(out, t->help);
	mdoc_text(out, form);
	add_examples(out, i, t);
	base_free(form);
}

static void
add_transforms(struct bytes *out)
{
	struct mapping_transform t;

	mdoc(out, ".Sh TRANSFORMS");
	mdoc_text(out, "The examples are tests of the program.");
	mdoc(out, LIST);
	for (size_t i = 0; mapping_transform_at(i, &t); i++)
		add_transform(out, i, &t);
	mdoc(out, ".El");
}

static void
add_field(struct bytes *out, const struct lead_field *f)
{
	struct bytes words;

	bytes_init(&words, 4096);
	bytes_add_text(&words, "It takes ");
	lead_print_types(f, &words);
	bytes_add_text(&words, ".");
	mdoc_macro(out, ".It Cm", f->name);
	mdoc_text(out, f->help);
	mdoc_text(out, bytes_str(&words).at);
	bytes_done(&words);
}

static void
add_fields(struct bytes *out)
{
	size_t count;
	const struct lead_field *fields = lead_fields(&count);

	mdoc(out, ".Sh FIELDS OF A LEAD");
	mdoc_text(out, "leadbridge schema prints them with all their limits.");
	mdoc(out, LIST);
	for (size_t i = 0; i < count; i++)
		add_field(out, &fields[i]);
	mdoc(out, ".El");
}

static void
add_senders(struct bytes *out)
{
	const char *name;

	mdoc(out, ".Sh SENDERS");
	mdoc_text(out,
	    "The names that sender takes; leadbridge senders NAME tells of "
	    "one.");
	mdoc(out, ".Bl -item -compact -offset indent");
	for (size_t i = 0; (name = verify_preset_name(i)) != NULL; i++)
		mdoc_macro(out, ".It\n.Cm", name);
	mdoc(out, ".El\n.Pp");
	mdoc_text(out,
	    "A preset is a file of the settings of verify, with handshake, "
	    "reply and ping where the sender has them, and of:");
	mdoc_settings(out, sender_facts_settings);
}

void
manual_mapping(struct bytes *out)
{
	mdoc(out, ".Sh DESCRIPTION");
	mdoc_text(out,
	    "A mapping is a file of libconfig: the route that a sender posts "
	    "to, how the sender proves itself, and what becomes of what it "
	    "sends. leadbridge new makes one to start from, map and explain "
	    "try it on a sample, test runs all of its samples.");
	mdoc(out, ".Sh THE ROUTE");
	mdoc_settings(out, route_settings_table);
	mdoc_groups(out, route_settings_table, "");
	add_language(out);
	add_transforms(out);
	add_fields(out);
	add_senders(out);
	mdoc(out, ".Sh EXAMPLES");
	mdoc_display(out, demo_mapping);
	mdoc(out, ".Sh SEE ALSO\n.Xr leadbridge 1 ,\n.Xr leadbridge.cfg 5");
}
