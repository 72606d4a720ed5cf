/*
 * mapping/mapping_transform_list.c - lists: several matches of a path, arrays
 * of a document, and what split makes.
 */
#include <string.h>

#include "mapping/mapping_transform_tools.h"

/* The item at index, from the end when negative; nothing past either end. */
static int
pick(const struct transform_call *c, const char *step, int64_t index,
    struct value *v, struct fault *why)
{
	struct value *items;
	size_t count;

	if (step_items(c, step, v, &items, &count, why) == -1)
		return -1;
	if (index < 0)
		index += (int64_t)count;
	if (index < 0 || (size_t)index >= count)
		*v = (struct value){ .kind = VALUE_ABSENT };
	else
		*v = items[index];
	return 0;
}

static int
run_first(const struct transform_call *c, struct value *v, struct fault *why)
{
	return pick(c, "first", 0, v, why);
}

static int
run_last(const struct transform_call *c, struct value *v, struct fault *why)
{
	return pick(c, "last", -1, v, why);
}

static int
run_at(const struct transform_call *c, struct value *v, struct fault *why)
{
	int64_t index;

	if (step_arg_int(c, "at", 0, -INT32_MAX, INT32_MAX, &index, why) == -1)
		return -1;
	return pick(c, "at", index, v, why);
}

static int
run_list(const struct transform_call *c, struct value *v, struct fault *why)
{
	struct value *items;
	size_t count;

	if (step_items(c, "list", v, &items, &count, why) == -1)
		return -1;
	*v = value_list(items, count);
	return 0;
}

static int
run_join(const struct transform_call *c, struct value *v, struct fault *why)
{
	struct str separator = STR(", "), text;
	struct value *items;
	struct bytes out;
	size_t count, joined = 0;

	if (c->arg_count > 0 &&
	    step_arg_text(c, "join", 0, &separator, why) == -1)
		return -1;
	if (step_items(c, "join", v, &items, &count, why) == -1)
		return -1;
	step_bytes(c, &out);
	for (size_t i = 0; i < count; i++) {
		if (items[i].kind == VALUE_NULL ||
		    items[i].kind == VALUE_ABSENT)
			continue;
		if (!value_text(&items[i], &text))
			return step_fault(c, why,
			    "join: item %zu is %s, and has no text", i + 1,
			    value_kind_name(&items[i]));
		if (joined++ > 0)
			bytes_add_str(&out, separator);
		bytes_add_str(&out, text);
	}
	return step_give(c, "join", &out, v, why);
}

static int
prepare_split(const struct transform_setup *s, void **out, struct fault *why)
{
	struct str separator;

	(void)out;
	if (!setup_text(s, 0, &separator) || separator.len == 0)
		return fault_set(why, FAULT_SETTINGS, NULL,
		    "split: takes the text between the pieces, not empty");
	return 0;
}

static size_t
count_pieces(struct str text, struct str by)
{
	size_t count = 1;
	const char *at;

	while ((at = memmem(text.at, text.len, by.at, by.len)) != NULL) {
		text = str_span(at + by.len, text.at + text.len);
		count++;
	}
	return count;
}

static int
run_split(const struct transform_call *c, struct value *v, struct fault *why)
{
	struct str rest, by;
	struct value *items;
	size_t count, n = 0;
	const char *at;

	if (step_text(c, "split", v, &rest, why) == -1 ||
	    step_arg_text(c, "split", 0, &by, why) == -1)
		return -1;
	if (by.len == 0)
		return step_fault(c, why,
		    "split: the text between the pieces is empty");
	count = count_pieces(rest, by);
	items = arena_take(c->in->arena, count * sizeof(*items));
	if (items == NULL)
		return step_full(c, "split", why);
	while ((at = memmem(rest.at, rest.len, by.at, by.len)) != NULL) {
		items[n++] = value_string(trim_blanks(str_span(rest.at, at)));
		rest = str_span(at + by.len, rest.at + rest.len);
	}
	items[n++] = value_string(trim_blanks(rest));
	*v = value_list(items, n);
	return 0;
}

static uint64_t
mix(uint64_t hash, struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		hash = (hash ^ (unsigned char)s.at[i]) *
		    UINT64_C(0x100000001B3);
	return hash ^ hash >> 29;
}

/*
 * The digits from the first to the last that is not 0, without sign, point
 * and exponent: 1, 1.0 and 10e-1 must hash alike; 1 and 10 may.
 */
static uint64_t
mix_number(uint64_t hash, struct str s)
{
	size_t zeros = 0;
	bool begun = false;

	for (size_t i = 0; i < s.len && (s.at[i] | 0x20) != 'e'; i++) {
		if (s.at[i] == '0') {
			zeros++;
		} else if (s.at[i] >= '1' && s.at[i] <= '9') {
			for (; begun && zeros > 0; zeros--)
				hash = mix(hash, STR("0"));
			hash = mix(hash, (struct str){ s.at + i, 1 });
			begun = true;
			zeros = 0;
		}
	}
	return hash;
}

static uint64_t hash_of(const struct value *v);

/* Items in their order; members in any, so theirs are added up. */
static uint64_t
hash_node(uint64_t hash, const struct document *d, doc_node n)
{
	uint64_t sum = 0;

	DOC_FOREACH (d, n, child) {
		struct value item = value_of_node(d, child);
		struct str key = doc_key(d, child);

		if (key.at != NULL)
			sum += mix(hash_of(&item), key);
		else
			sum = (sum ^ hash_of(&item)) * UINT64_C(0x100000001B3);
	}
	return hash ^ sum;
}

/* Equal values have equal hashes. */
static uint64_t
hash_of(const struct value *v)
{
	uint64_t hash = UINT64_C(0xCBF29CE484222325) ^ (uint64_t)v->kind;

	if (v->kind == VALUE_STRING)
		return mix(hash, v->text);
	if (v->kind == VALUE_NUMBER)
		return mix_number(hash, v->text);
	if (v->kind == VALUE_NODE)
		return hash_node(hash, v->document, v->node);
	return hash; /* a list in a list has no maker: kind is enough */
}

/*
 * Values that are no text may share a hash without being equal (1 and 10)
 * and are compared then, so their number is bounded; no list of tags or
 * answers comes near.
 */
#define COMPARED_MAX 1000

/* Open addressing over indexes into items, at most half full. */
struct distinct {
	const struct value *items;
	uint32_t *slots; /* index + 1; 0: free */
	size_t mask;
};

static bool
is_new(struct distinct *d, const struct value *v, size_t kept)
{
	size_t slot = (size_t)hash_of(v) & d->mask;

	for (; d->slots[slot] != 0; slot = (slot + 1) & d->mask)
		if (value_equal(&d->items[d->slots[slot] - 1], v))
			return false;
	d->slots[slot] = (uint32_t)kept + 1;
	return true;
}

static int
distinct_start(const struct transform_call *c, struct distinct *d, size_t count,
    struct fault *why)
{
	size_t slots = 16;

	while (slots < count * 2)
		slots *= 2;
	d->mask = slots - 1;
	d->slots = arena_take(c->in->arena, slots * sizeof(*d->slots));
	if (d->slots == NULL)
		return step_full(c, "unique", why);
	memset(d->slots, 0, slots * sizeof(*d->slots));
	return 0;
}

static int
run_unique(const struct transform_call *c, struct value *v, struct fault *why)
{
	struct distinct d;
	struct value *items;
	size_t count, kept = 0, compared = 0;

	if (step_items(c, "unique", v, &items, &count, why) == -1)
		return -1;
	if (distinct_start(c, &d, count, why) == -1)
		return -1;
	d.items = items;
	for (size_t i = 0; i < count; i++) {
		if (!is_new(&d, &items[i], kept))
			continue;
		compared += items[i].kind != VALUE_STRING;
		if (compared > COMPARED_MAX)
			return step_fault(c, why,
			    "unique: more than %d different items that are "
			    "no text",
			    COMPARED_MAX);
		items[kept++] = items[i];
	}
	*v = value_list(items, kept);
	return 0;
}

const struct transform transforms_list[] = {
	{ .name = "at",
	    .min_args = 1,
	    .max_args = 1,
	    .flags = TRANSFORM_TAKES_LIST,
	    .takes = "a list",
	    .gives = "an item",
	    .help = "Takes the item at an index from 0, or from the end when "
	            "negative; nothing when there is none.",
	    .examples = EXAMPLES({ "[1, 2, 3]", "at(1)", "2" },
	        { "[1, 2, 3]", "at(-1)", "3" }, { "[1, 2, 3]", "at(3)", "" },
	        { "[1, 2, 3]", "at(-4)", "" }, { "\"a\"", "at(0)", "\"a\"" },
	        { "[1]", "at('x')", "!must be a whole number" }),
	    .run = run_at },

	{ .name = "first",
	    .flags = TRANSFORM_TAKES_LIST,
	    .takes = "a list",
	    .gives = "an item",
	    .help = "Takes the first item; nothing of an empty list.",
	    .examples = EXAMPLES({ "[1, 2]", "first", "1" },
	        { "[]", "first", "" }, { "\"a\"", "first", "\"a\"" }),
	    .run = run_first },

	{ .name = "join",
	    .max_args = 1,
	    .flags = TRANSFORM_TAKES_LIST,
	    .takes = "a list",
	    .gives = "text",
	    .help = "Joins the items' texts, with ', ' or another text between "
	            "them; leaves out null.",
	    .examples = EXAMPLES({ "[\"a\", 1, true]", "join",
	                             "\"a, 1, true\"" },
	        { "[\"a\", null, \"b\"]", "join('-')", "\"a-b\"" },
	        { "[]", "join", "\"\"" }, { "\"a\"", "join", "\"a\"" },
	        { "[[1]]", "join", "!item 1 is an array" }),
	    .run = run_join },

	{ .name = "last",
	    .flags = TRANSFORM_TAKES_LIST,
	    .takes = "a list",
	    .gives = "an item",
	    .help = "Takes the last item; nothing of an empty list.",
	    .examples = EXAMPLES({ "[1, 2]", "last", "2" },
	        { "[]", "last", "" }),
	    .run = run_last },

	{ .name = "list",
	    .flags = TRANSFORM_TAKES_LIST,
	    .takes = "any value",
	    .gives = "a list",
	    .help = "Makes a list of one value or of several matches.",
	    .examples = EXAMPLES({ "\"a\"", "list", "[\"a\"]" },
	        { "[1, 2]", "list", "[1,2]" },
	        { "{\"a\": 1}", "list", "[{\"a\":1}]" }),
	    .run = run_list },

	{ .name = "split",
	    .min_args = 1,
	    .max_args = 1,
	    .takes = "text",
	    .gives = "a list",
	    .help = "Splits at every occurrence of a text, and trims the "
	            "pieces.",
	    .examples = EXAMPLES({ "\"a; b ;c\"", "split(';')",
	                             "[\"a\",\"b\",\"c\"]" },
	        { "\"a,,b\"", "split(',')", "[\"a\",\"\",\"b\"]" },
	        { "\"\"", "split(',')", "[\"\"]" },
	        { "\"a\"", "split('')", "!not empty" }),
	    .prepare = prepare_split,
	    .run = run_split },

	{ .name = "unique",
	    .flags = TRANSFORM_TAKES_LIST,
	    .takes = "a list",
	    .gives = "a list",
	    .help = "Keeps the first of equal items.",
	    .examples = EXAMPLES({ "[\"b\", \"a\", \"b\"]", "unique",
	                             "[\"b\",\"a\"]" },
	        { "[1, 1.0, \"1\"]", "unique", "[1,\"1\"]" },
	        { "[{\"a\": 1, \"b\": 2}, {\"b\": 2, \"a\": 1}]", "unique",
	            "[{\"a\": 1, \"b\": 2}]" },
	        { "[]", "unique", "[]" }),
	    .run = run_unique },

	{ .name = NULL },
};
