/* mapping/mapping_value.c - values, wherever they come from. */
#include "mapping/mapping_value.h"

struct value
value_string(struct str text)
{
	return (struct value){ .kind = VALUE_STRING, .text = text };
}

struct value
value_number(struct str text)
{
	return (struct value){ .kind = VALUE_NUMBER, .text = text };
}

struct value
value_boolean(bool yes)
{
	return (struct value){ .kind = yes ? VALUE_TRUE : VALUE_FALSE };
}

const char *
value_kind_name(const struct value *v)
{
	static const char *const names[] = {
		[VALUE_ABSENT] = "nothing",
		[VALUE_NULL] = "null",
		[VALUE_FALSE] = "a boolean",
		[VALUE_TRUE] = "a boolean",
		[VALUE_NUMBER] = "a number",
		[VALUE_STRING] = "a string",
		[VALUE_LIST] = "a list",
	};

	if (v->kind == VALUE_NODE)
		return doc_kind_name(doc_kind(v->document, v->node));
	return names[v->kind];
}

static bool
is_array(const struct value *v)
{
	return v->kind == VALUE_NODE &&
	    doc_kind(v->document, v->node) == DOC_ARRAY;
}

static size_t
value_count(const struct value *v)
{
	return v->kind == VALUE_LIST ? v->count
	                             : doc_count(v->document, v->node);
}

/*
 * A walk over the elements of a list or an array, without a copy of either.
 * The element is the caller's: a list's own or a node made into a value.
 */
struct walk {
	const struct value *of;
	size_t next;
	doc_node node;
};

static struct walk
walk_start(const struct value *v)
{
	struct walk w = { .of = v, .node = DOC_NONE };

	if (v->kind == VALUE_NODE)
		w.node = doc_first(v->document, v->node);
	return w;
}

static bool
walk_next(struct walk *w, struct value *item)
{
	const struct value *v = w->of;

	if (v->kind == VALUE_LIST) {
		if (w->next == v->count)
			return false;
		*item = v->items[w->next++];
		return true;
	}
	if (w->node == DOC_NONE)
		return false;
	*item = value_of_node(v->document, w->node);
	w->node = doc_next(v->document, w->node);
	return true;
}

int
value_items(const struct value *v, struct arena *a, struct value **items,
    size_t *count, struct fault *why)
{
	struct value *copy, item;
	struct walk w;
	size_t n = 0;

	if (v->kind != VALUE_LIST && !is_array(v))
		return fault_set(why, FAULT_MAPPING, NULL,
		    "a list is needed, and this is %s", value_kind_name(v));
	if (value_count(v) > SIZE_MAX / sizeof(*copy))
		return fault_set(why, FAULT_BUSY, NULL, "out of memory");
	copy = arena_take(a, value_count(v) * sizeof(*copy));
	if (copy == NULL)
		return fault_set(why, FAULT_BUSY, NULL,
		    "out of memory for a list of %zu", value_count(v));
	for (w = walk_start(v); walk_next(&w, &item);)
		copy[n++] = item;
	*items = copy;
	*count = n;
	return 0;
}

static bool
lists_equal(const struct value *a, const struct value *b)
{
	struct walk one = walk_start(a), other = walk_start(b);
	struct value x, y;

	if (value_count(a) != value_count(b))
		return false;
	while (walk_next(&one, &x) && walk_next(&other, &y))
		if (!value_equal(&x, &y))
			return false;
	return true;
}

static bool
is_list(const struct value *v)
{
	return v->kind == VALUE_LIST || is_array(v);
}

int
value_pour(struct value *v, struct arena *a)
{
	struct value *all, item;
	size_t count = 0, n = 0;

	for (size_t i = 0; i < v->count; i++)
		count += is_list(&v->items[i]) ? value_count(&v->items[i]) : 1;
	all = arena_take(a, count * sizeof(*all));
	if (all == NULL)
		return -1;
	for (size_t i = 0; i < v->count; i++) {
		struct walk w = walk_start(&v->items[i]);

		if (!is_list(&v->items[i]))
			all[n++] = v->items[i];
		else
			while (walk_next(&w, &item))
				all[n++] = item;
	}
	v->items = all;
	v->count = n;
	return 0;
}

/*
 * Members in whatever order. Objects of one origin have the same order, so
 * the member that stands next is tried before b is searched.
 */
static bool
objects_equal(const struct value *a, const struct value *b)
{
	doc_node next = doc_first(b->document, b->node);

	if (value_count(a) != value_count(b))
		return false;
	DOC_FOREACH (a->document, a->node, child) {
		struct str key = doc_key(a->document, child);
		doc_node twin = next;
		struct value x, y;

		if (twin == DOC_NONE ||
		    !str_eq(doc_key(b->document, twin), key))
			twin = doc_member(b->document, b->node, key);
		if (twin == DOC_NONE)
			return false;
		x = value_of_node(a->document, child);
		y = value_of_node(b->document, twin);
		if (!value_equal(&x, &y))
			return false;
		next = doc_next(b->document, twin);
	}
	return true;
}

/* Goes as deep as documents may nest: decode's limit bounds it. */
bool
value_equal(const struct value *a, const struct value *b)
{
	bool lists = a->kind == VALUE_LIST || is_array(a);

	if (lists != (b->kind == VALUE_LIST || is_array(b)))
		return false;
	if (lists)
		return lists_equal(a, b);
	if (a->kind != b->kind)
		return false;
	if (a->kind == VALUE_STRING)
		return str_eq(a->text, b->text);
	if (a->kind == VALUE_NUMBER)
		return number_compare(a->text, b->text) == 0;
	return a->kind != VALUE_NODE || objects_equal(a, b);
}

static void
print_list(const struct value *v, struct bytes *out)
{
	bool open = false;

	bytes_add_char(out, '[');
	for (size_t i = 0; i < v->count; i++) {
		if (v->items[i].kind == VALUE_ABSENT)
			continue;
		if (open)
			bytes_add_char(out, ',');
		value_print(&v->items[i], out);
		open = true;
	}
	bytes_add_char(out, ']');
}

void
value_print(const struct value *v, struct bytes *out)
{
	switch (v->kind) {
	case VALUE_ABSENT:
		bug("an absent value has no JSON");
	case VALUE_NULL:
		bytes_add_text(out, "null");
		break;
	case VALUE_FALSE:
		bytes_add_text(out, "false");
		break;
	case VALUE_TRUE:
		bytes_add_text(out, "true");
		break;
	case VALUE_NUMBER:
		bytes_add_str(out, v->text);
		break;
	case VALUE_STRING:
		bytes_add_json(out, v->text);
		break;
	case VALUE_NODE:
		doc_print(v->document, v->node, out);
		break;
	case VALUE_LIST:
		print_list(v, out);
		break;
	}
}

static bool print_said(const struct document *d, doc_node n, bool member,
    struct bytes *out);

/* What was printed from `mark` on is taken back. */
static void
take_back(struct bytes *out, size_t mark)
{
	if (bytes_ok(out)) {
		out->len = mark;
		out->data[mark] = '\0';
	}
}

static void
print_children(const struct document *d, doc_node n, bool members,
    struct bytes *out)
{
	size_t open = out->len;

	DOC_FOREACH (d, n, child) {
		size_t mark = out->len;

		if (mark > open)
			bytes_add_char(out, ',');
		if (members) {
			bytes_add_json(out, doc_key(d, child));
			bytes_add_char(out, ':');
		}
		if (!print_said(d, child, members, out))
			take_back(out, mark);
	}
}

/*
 * Recursion is as deep as the document, whose ceiling decode has checked.
 * member: null and {} here say nothing; in an array they hold a place.
 */
static bool
print_said(const struct document *d, doc_node n, bool member, struct bytes *out)
{
	enum doc_kind kind = doc_kind(d, n);
	size_t open = out->len + 1;

	if (kind == DOC_NULL && member)
		return false;
	if (kind != DOC_OBJECT && kind != DOC_ARRAY) {
		doc_print(d, n, out);
		return true;
	}
	bytes_add_char(out, kind == DOC_OBJECT ? '{' : '[');
	print_children(d, n, kind == DOC_OBJECT, out);
	if (kind == DOC_OBJECT && member && out->len == open) {
		take_back(out, open - 1);
		return false;
	}
	bytes_add_char(out, kind == DOC_OBJECT ? '}' : ']');
	return true;
}

static bool
print_list_said(const struct value *v, struct bytes *out)
{
	size_t open = out->len + 1;

	bytes_add_char(out, '[');
	for (size_t i = 0; i < v->count; i++) {
		const struct value *item = &v->items[i];
		size_t mark = out->len;

		if (mark > open)
			bytes_add_char(out, ',');
		if (item->kind == VALUE_ABSENT ||
		    (item->kind == VALUE_NULL && !item->kept) ||
		    !value_print_said(item, out))
			take_back(out, mark);
	}
	if (out->len == open) {
		take_back(out, open - 1);
		return false;
	}
	bytes_add_char(out, ']');
	return true;
}

static __attribute__((noinline)) bool
print_no_string(const struct value *v, struct bytes *out)
{
	if (v->kind == VALUE_LIST && !v->kept)
		return print_list_said(v, out);
	if (v->kind == VALUE_NODE && !v->kept)
		return doc_count(v->document, v->node) > 0 &&
		    print_said(v->document, v->node, true, out);
	value_print(v, out);
	return true;
}

/* Nearly all are strings, and go without the others' frame. */
bool
value_print_said(const struct value *v, struct bytes *out)
{
	if (v->kind != VALUE_STRING)
		return print_no_string(v, out);
	bytes_add_json(out, v->text);
	return true;
}

bool
value_text(const struct value *v, struct str *out)
{
	if (v->kind == VALUE_STRING || v->kind == VALUE_NUMBER)
		*out = v->text;
	else if (v->kind == VALUE_TRUE)
		*out = STR("true");
	else if (v->kind == VALUE_FALSE)
		*out = STR("false");
	else
		return false;
	return true;
}
