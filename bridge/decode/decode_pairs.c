/*
 * decode/decode_pairs.c - where a name says that its value stands.
 *
 *	a=1                     {"a":"1"}
 *	a=1&a=2, a[]=1&a[]=2    {"a":["1","2"]}
 *	a[b][c]=1               {"a":{"b":{"c":"1"}}}
 *	a[][x]=1&a[][y]=2       {"a":[{"x":"1","y":"2"}]}
 *	a[][x]=1&a[][x]=2       {"a":[{"x":"1"},{"x":"2"}]}
 *	a[1]=2&a[0]=1           {"a":["1","2"]}
 *	a[1]=2&a[7]=1           {"a":{"1":"2","7":"1"}}
 *
 * Brackets are looked for in the decoded key, since browsers send %5B. A key
 * whose brackets do not match is one flat key, as it stands.
 */
#include <stdio.h>
#include <string.h>

#include "decode/decode_pairs.h"

/* The fault's `where` of a place in the text. */
struct spot {
	char text[48];
};

static struct spot
spot_of(const struct pairs *p, const char *place)
{
	struct spot s;

	snprintf(s.text, sizeof(s.text), "%s, byte offset %zu", p->source,
	    (size_t)(place - p->start));
	return s;
}

int
pairs_refuse(const struct pairs *p, const char *place, const char *what)
{
	return fault_set(p->why, FAULT_BODY, spot_of(p, place).text, "%s",
	    what);
}

int
pairs_too_large(const struct pairs *p, const char *place, const char *what)
{
	return fault_set(p->why, FAULT_TOO_LARGE, spot_of(p, place).text, "%s",
	    what);
}

int
pairs_trouble(const struct pairs *p, enum tape_trouble trouble)
{
	return tape_fault(&p->tree.tape, trouble, p->why,
	    spot_of(p, p->pair).text, 0, 0);
}

int
pairs_start(struct pairs *p, struct arena *arena, const char *source,
    struct str text, const struct decode_limits *limits, struct fault *why)
{
	enum tape_trouble trouble;

	*p = (struct pairs){ .arena = arena,
		.source = source,
		.start = text.at,
		.pair = text.at,
		.why = why };
	trouble = tree_start(&p->tree, arena, limits, text.len);
	return trouble == TAPE_FINE ? 0 : pairs_trouble(p, trouble);
}

struct document *
pairs_finish(struct pairs *p)
{
	enum tape_trouble trouble = tree_lay(&p->tree);

	if (trouble == TAPE_FINE)
		return tape_finish(&p->tree.tape);
	pairs_trouble(p, trouble);
	return NULL;
}

/*
 * True for a[b][]...: a name, then pairs of brackets up to the end. The last
 * byte has to be a ']', so no name can be read past it.
 */
static bool
has_brackets(struct str key)
{
	const char *p = key.at, *end = p + key.len;

	if (key.len == 0 || end[-1] != ']')
		return false;
	while (*p != '[' && *p != ']')
		p++;
	if (p == key.at)
		return false;
	while (p < end && *p == '[') {
		for (p++; *p != ']'; p++)
			if (*p == '[')
				return false;
		p++;
	}
	return p == end;
}

/*
 * Takes the first name of a key that has brackets, or of its rest "[b][]";
 * it is empty for [].
 */
static struct str
take_name(struct str *rest)
{
	bool bracket = rest->at[0] == '[';
	const char *from = rest->at + bracket, *stop = from;

	while (*stop != (bracket ? ']' : '['))
		stop++;
	*rest = str_span(stop + bracket, rest->at + rest->len);
	return str_span(from, stop);
}

/* What stands under a name, by what follows it in the key. */
static enum branch_kind
kind_by(struct str rest)
{
	if (rest.len == 0)
		return BRANCH_TEXT;
	return str_starts(rest, STR("[]")) ? BRANCH_LIST : BRANCH_GROUP;
}

/* True when the whole rest of a key leads somewhere already. */
static bool
is_taken(const struct branch *b, struct str rest)
{
	while (rest.len > 0 && b != NULL) {
		struct str name = take_name(&rest);

		if (b->kind != BRANCH_GROUP)
			return false;
		b = branch_find(b, name);
	}
	return b != NULL;
}

/*
 * The item of a list that a[]... goes on with: the last one, until what is
 * being set is set in it.
 */
static struct branch *
open_item(const struct branch *list, enum branch_kind kind, struct str rest)
{
	struct branch *b = list->last;

	if (b == NULL || b->kind != kind || is_taken(b, rest))
		return NULL;
	return b;
}

static int
refuse_conflict(const struct pairs *p)
{
	return pairs_refuse(p, p->pair,
	    "this key stands for one value in one place and for a group of "
	    "values in another");
}

static int
add(struct pairs *p, struct branch *up, enum branch_kind kind, struct str key,
    struct branch **out)
{
	enum tape_trouble trouble = branch_add(&p->tree, up, kind, key, out);

	return trouble == TAPE_FINE ? 0 : pairs_trouble(p, trouble);
}

/* What comes again, or what a[] adds to, becomes a list. */
static int
widen(struct pairs *p, struct branch *b)
{
	enum tape_trouble trouble = TAPE_FINE;

	if (b->kind == BRANCH_TEXT || b->kind == BRANCH_FILE)
		trouble = branch_widen(&p->tree, b);
	return trouble == TAPE_FINE ? 0 : pairs_trouble(p, trouble);
}

/* A value at the end of its key. */
static int
put_value(struct pairs *p, struct branch *up, struct str name,
    enum branch_kind kind, struct branch **out)
{
	struct branch *b = NULL;

	if (up->kind == BRANCH_GROUP)
		b = branch_find(up, name);
	if (b == NULL)
		return add(p, up, kind, name, out);
	if (b->kind == BRANCH_GROUP)
		return refuse_conflict(p);
	if (widen(p, b) == -1)
		return -1;
	return add(p, b, kind, name, out);
}

/* The child that a name on the way to a value leads to. */
static struct branch *
step(struct pairs *p, struct branch *up, struct str name, struct str rest)
{
	enum branch_kind kind = kind_by(rest);
	struct branch *b;

	if (up->kind == BRANCH_GROUP)
		b = branch_find(up, name);
	else
		b = open_item(up, kind, rest);
	if (b == NULL)
		return add(p, up, kind, name, &b) == 0 ? b : NULL;
	if (kind == BRANCH_LIST && widen(p, b) == -1)
		return NULL;
	if (b->kind != kind) {
		refuse_conflict(p);
		return NULL;
	}
	return b;
}

int
pairs_put(struct pairs *p, struct str key, enum branch_kind kind,
    struct branch **out)
{
	struct branch *up = p->tree.root;
	struct str rest = key, name;

	if (!has_brackets(key))
		return put_value(p, up, key, kind, out);
	for (name = take_name(&rest); rest.len > 0; name = take_name(&rest)) {
		up = step(p, up, name, rest);
		if (up == NULL)
			return -1;
	}
	return put_value(p, up, name, kind, out);
}
