/*
 * decode/decode_form.c - application/x-www-form-urlencoded, with nesting.
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

#include "decode/decode_form_tree.h"

struct form {
	struct tree tree;
	struct arena *arena;
	const char *start;
	const char *pair; /* the one being read */
	struct fault *why;
};

/* The fault's `where` of a place in the body. */
struct spot {
	char text[48];
};

static struct spot
spot_of(const struct form *f, const char *place)
{
	struct spot s;

	snprintf(s.text, sizeof(s.text), "body, byte offset %zu",
	    (size_t)(place - f->start));
	return s;
}

static int
refuse(const struct form *f, const char *place, const char *what)
{
	return fault_set(f->why, FAULT_BODY, spot_of(f, place).text, "%s",
	    what);
}

static int
refuse_pair(const struct form *f, enum tape_trouble trouble)
{
	return tape_fault(&f->tree.tape, trouble, f->why,
	    spot_of(f, f->pair).text, 0, 0);
}

/* percent_decode would not: an escape is broken, or there is no memory. */
static int
refuse_escape(const struct form *f, struct str raw)
{
	for (size_t i = 0; i < raw.len; i++) {
		if (raw.at[i] != '%')
			continue;
		if (raw.len - i < 3 || hex_digit(raw.at[i + 1]) < 0 ||
		    hex_digit(raw.at[i + 2]) < 0)
			return refuse(f, raw.at + i,
			    "two hex digits are expected behind %; the sign "
			    "itself is written %25");
	}
	return refuse_pair(f, TAPE_NO_MEMORY);
}

/* Where the n-th byte of what raw decodes to is written. */
static const char *
encoded_at(struct str raw, size_t n)
{
	const char *p = raw.at;

	while (n-- > 0)
		p += *p == '%' ? 3 : 1;
	return p;
}

static bool
holds(struct str s, char c)
{
	return s.len > 0 && memchr(s.at, c, s.len) != NULL;
}

/* A name or a value; without escapes it is the body's own bytes. */
static int
decode_part(const struct form *f, struct str raw, struct str *out)
{
	struct str text = raw;
	size_t bad;

	if ((holds(raw, '%') || holds(raw, '+')) &&
	    percent_decode(f->arena, raw, true, &text) == -1)
		return refuse_escape(f, raw);
	bad = utf8_bad(text);
	if (bad < text.len)
		return refuse(f, encoded_at(raw, bad),
		    "this byte is not UTF-8; send the form as UTF-8");
	*out = text;
	return 0;
}

/* True for a[b][]...: a name, then pairs of brackets up to the end. */
static bool
has_brackets(struct str key)
{
	struct str name;

	if (!str_cut(&key, '[', &name) || name.len == 0 || key.at == NULL ||
	    holds(name, ']'))
		return false;
	/* Now behind a '[': its name, its ']', and then the end or a '['. */
	while (str_cut(&key, ']', &name)) {
		if (key.at == NULL || holds(name, '['))
			return false;
		if (key.len == 0)
			return true;
		if (key.at[0] != '[')
			return false;
		key = str_skip(key, 1);
	}
	return false;
}

/*
 * Takes the first name of a key that has brackets, or of its rest "[b][]";
 * it is empty for [].
 */
static struct str
take_name(struct str *rest)
{
	bool bracket = rest->at[0] == '[';
	const char *from = rest->at + bracket;
	const char *stop = memchr(from, bracket ? ']' : '[',
	    rest->len - bracket);

	*rest = str_skip(*rest, (size_t)(stop - rest->at) + bracket);
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
refuse_conflict(const struct form *f)
{
	return refuse(f, f->pair,
	    "this key stands for one value in one place and for a group of "
	    "values in another");
}

static int
add(struct form *f, struct branch *up, enum branch_kind kind, struct str key,
    struct branch **out)
{
	enum tape_trouble trouble = branch_add(&f->tree, up, kind, key, out);

	return trouble == TAPE_FINE ? 0 : refuse_pair(f, trouble);
}

/* A value at the end of its key. A key that comes again makes a list. */
/* A text that comes again, or that a[] adds to, becomes a list. */
static int
widen(struct form *f, struct branch *b)
{
	enum tape_trouble trouble = TAPE_FINE;

	if (b->kind == BRANCH_TEXT)
		trouble = branch_widen(&f->tree, b);
	return trouble == TAPE_FINE ? 0 : refuse_pair(f, trouble);
}

/* A value at the end of its key. */
static int
put_text(struct form *f, struct branch *up, struct str name, struct str value)
{
	struct branch *b = NULL;

	if (up->kind == BRANCH_GROUP)
		b = branch_find(up, name);
	if (b != NULL) {
		if (b->kind == BRANCH_GROUP)
			return refuse_conflict(f);
		if (widen(f, b) == -1)
			return -1;
		up = b;
	}
	if (add(f, up, BRANCH_TEXT, name, &b) == -1)
		return -1;
	b->text = value;
	return 0;
}

/* The child that a name on the way to a value leads to. */
static struct branch *
step(struct form *f, struct branch *up, struct str name, struct str rest)
{
	enum branch_kind kind = kind_by(rest);
	struct branch *b;

	if (up->kind == BRANCH_GROUP)
		b = branch_find(up, name);
	else
		b = open_item(up, kind, rest);
	if (b == NULL)
		return add(f, up, kind, name, &b) == 0 ? b : NULL;
	if (kind == BRANCH_LIST && widen(f, b) == -1)
		return NULL;
	if (b->kind != kind) {
		refuse_conflict(f);
		return NULL;
	}
	return b;
}

static int
put_pair(struct form *f, struct str key, struct str value)
{
	struct branch *up = f->tree.root;
	struct str rest = key, name;

	if (!has_brackets(key))
		return put_text(f, up, key, value);
	for (name = take_name(&rest); rest.len > 0; name = take_name(&rest)) {
		up = step(f, up, name, rest);
		if (up == NULL)
			return -1;
	}
	return put_text(f, up, name, value);
}

static int
read_pair(struct form *f, struct str pair)
{
	struct str rest = pair, name, value;

	f->pair = pair.at;
	str_cut(&rest, '=', &name);
	if (rest.at == NULL)
		rest = STR("");
	if (decode_part(f, name, &name) == -1 ||
	    decode_part(f, rest, &value) == -1)
		return -1;
	return put_pair(f, name, value);
}

static int
read_pairs(struct form *f, struct str text)
{
	struct str pair;

	while (str_cut(&text, '&', &pair))
		if (pair.len > 0 && read_pair(f, pair) == -1)
			return -1;
	return 0;
}

struct document *
decode_form(struct arena *arena, struct str text,
    const struct decode_limits *limits, struct fault *why)
{
	struct form f = { .arena = arena, .why = why };
	enum tape_trouble trouble;

	f.start = f.pair = text.at;
	trouble = tree_start(&f.tree, arena, limits, text.len);
	if (trouble == TAPE_FINE) {
		if (read_pairs(&f, text) == -1)
			return NULL;
		trouble = tree_lay(&f.tree);
	}
	if (trouble != TAPE_FINE) {
		refuse_pair(&f, trouble);
		return NULL;
	}
	return tape_finish(&f.tree.tape);
}
