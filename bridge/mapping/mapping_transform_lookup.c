/* mapping/mapping_transform_lookup.c - what a list of the event has for it. */
#include "mapping/mapping_transform_tools.h"

/* Each may go through a list of the event's own; no form has as many. */
#define LOOKUPS_MAX 1000
/* Of lists that have no index, in a whole update: each may hold a lookup. */
#define LOOKED_AT_MAX 1000000

static int
prepare_lookup(const struct transform_setup *s, void **out, struct fault *why)
{
	(void)s;
	(void)out;
	return fault_set(why, FAULT_SETTINGS, NULL,
	    "lookup: its first argument is a path to a list, as in "
	    "lookup($.fields, 'id', 'title')");
}

/* The item's member `give` when its member `key` equals v. */
static bool
matches_key(const struct value *item, struct str key, struct str give,
    const struct value *v, struct value *found)
{
	struct value member;

	if (item->kind != VALUE_NODE)
		return false;
	member = value_of_node(item->document,
	    doc_member(item->document, item->node, key));
	if (!value_equal(&member, v))
		return false;
	value_set_node(found, item->document,
	    doc_member(item->document, item->node, give));
	return true;
}

/*
 * The item of the document's array whose member is that text, with what the
 * notes of this event know; false when they know nothing.
 */
static bool
find_noted(const struct transform_call *c, struct str key, struct str give,
    const struct value *v, struct value *found)
{
	const struct value *in = &c->args[0];
	const struct document *d = in->document;
	doc_node item;

	if (v->kind != VALUE_STRING || d != c->document ||
	    doc_kind(d, in->node) != DOC_ARRAY ||
	    !jsonpath_find(c->notes, in->node, key, v->text, &item))
		return false;
	value_set_node(found, d, doc_member(d, item, give));
	return true;
}

static void
find_in_node(const struct transform_call *c, struct str key, struct str give,
    const struct value *v, struct value *found)
{
	const struct value *in = &c->args[0];

	DOC_FOREACH (in->document, in->node, child) {
		struct value item = value_of_node(in->document, child);

		if (++*c->compared > LOOKED_AT_MAX ||
		    matches_key(&item, key, give, v, found))
			break;
	}
}

/* What the list has for one value; absent when it has nothing. */
static void
look_up(const struct transform_call *c, struct str key, struct str give,
    const struct value *v, struct value *found)
{
	const struct value *in = &c->args[0];

	*found = (struct value){ .kind = VALUE_ABSENT };
	if (in->kind == VALUE_LIST) {
		for (size_t i = 0; i < in->count; i++)
			if (++*c->compared > LOOKED_AT_MAX ||
			    matches_key(&in->items[i], key, give, v, found))
				break;
	} else if (in->kind == VALUE_NODE &&
	    !find_noted(c, key, give, v, found))
		find_in_node(c, key, give, v, found);
}

static int
looked_enough(const struct transform_call *c, struct fault *why)
{
	return step_fault(c, why,
	    "lookup: the lookups of this update go through more than %d items",
	    LOOKED_AT_MAX);
}

/*
 * Every item's own; what the list does not have is left out. A list comes out
 * however many were found, so that the kind does not hang on the event; where
 * of several matches none was found, nothing is selected.
 */
static int
look_up_all(const struct transform_call *c, struct str key, struct str give,
    struct value *v, struct fault *why)
{
	bool matches = v->kind == VALUE_LIST && v->matches;
	struct value *items;
	size_t count, found = 0;

	if (step_items(c, "lookup", v, &items, &count, why) == -1)
		return -1;
	if (count > LOOKUPS_MAX)
		return step_fault(c, why,
		    "lookup: more than %d values to look up", LOOKUPS_MAX);
	for (size_t i = 0; i < count; i++) {
		struct value one;

		look_up(c, key, give, &items[i], &one);
		if (*c->compared > LOOKED_AT_MAX)
			return looked_enough(c, why);
		if (one.kind != VALUE_ABSENT)
			items[found++] = one;
	}
	*v = value_list(items, found);
	v->matches = matches;
	if (matches && found == 0)
		*v = (struct value){ .kind = VALUE_ABSENT };
	return 0;
}

static int
run_lookup(const struct transform_call *c, struct value *v, struct fault *why)
{
	const struct value *in = &c->args[0];
	struct value found;
	struct str key, give;

	if (step_arg_text(c, "lookup", 1, &key, why) == -1 ||
	    step_arg_text(c, "lookup", 2, &give, why) == -1)
		return -1;
	if (in->kind != VALUE_LIST && in->kind != VALUE_NODE &&
	    in->kind != VALUE_ABSENT && in->kind != VALUE_NULL)
		return step_fault(c, why,
		    "lookup: argument 1 is %s, not a list of objects",
		    value_kind_name(in));
	/* A member may be a list, and then it is the whole that is meant. */
	look_up(c, key, give, v, &found);
	if (*c->compared > LOOKED_AT_MAX)
		return looked_enough(c, why);
	if (found.kind == VALUE_ABSENT && value_is_list(v))
		return look_up_all(c, key, give, v, why);
	*v = found;
	return 0;
}

const struct transform transforms_lookup[] = {
	{ .name = "lookup",
	    .min_args = 3,
	    .max_args = 3,
	    .flags = TRANSFORM_TAKES_LIST,
	    .takes = "any scalar, or a list",
	    .gives = "any value",
	    .help = "Finds the item of a list whose member of one name equals "
	            "the value, and gives its member of another name; of a "
	            "list, for each of its items.",
	    .body = "{\"options\": [{\"id\": \"a\", \"text\": \"Red\"}, "
	            "{\"id\": \"b\", \"text\": \"Blue\"}]}",
	    .examples = EXAMPLES({ "\"b\"", "lookup($.options, 'id', 'text')",
	                             "\"Blue\"" },
	        { "\"Red\"", "lookup($.options, 'text', 'id')", "\"a\"" },
	        { "\"c\"", "lookup($.options, 'id', 'text')", "" },
	        { "[\"b\", \"c\", \"a\"]", "lookup($.options, 'id', 'text')",
	            "[\"Blue\",\"Red\"]" },
	        { "[\"a\"]", "lookup($.options, 'id', 'text')", "[\"Red\"]" },
	        { "\"a\"", "lookup($.nothing, 'id', 'text')", "" },
	        { "\"a\"", "lookup('x', 'id', 'text')", "!a path to a list" }),
	    .prepare = prepare_lookup,
	    .run = run_lookup },

	{ .name = NULL },
};
