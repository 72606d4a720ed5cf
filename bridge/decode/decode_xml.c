/*
 * decode/decode_xml.c - XML and SOAP through expat; the shape is told in
 * decode.h.
 *
 * There is no DTD: a DOCTYPE ends the reading before anything in it is
 * looked at, so there are no entities but the five, nothing expands, and
 * nothing outside is opened.
 */
#include <limits.h>
#include <string.h>

#include "decode/decode_expat.h"
#include "decode/decode_form_tree.h"
#include "decode/decode_text.h"

#define WHERE "body"
#define NIL "http://www.w3.org/2001/XMLSchema-instance" EXPAT_BETWEEN "nil"

/*
 * SOAP senders write a handful of attributes, with addresses in them. Not
 * what protects memory (the arena does), but what no webhook looks like.
 */
#define ATTRIBUTES_MAX 256
#define ATTRIBUTE_BYTES_MAX ((size_t)64 << 10)
#define NAME_BYTES_MAX ((size_t)1 << 10)

/* An open element. */
struct level {
	struct branch *branch;
	size_t text; /* where its own text begins in xml.text */
	bool nil;
};

struct xml {
	XML_Parser parser;
	struct tree tree;
	struct arena *arena;
	struct level *levels; /* 0 is the document, around the root element */
	uint32_t depth;       /* of the innermost that is open */
	/*
	 * The text of all open elements, outermost first: a child's is
	 * taken off when it ends, so that its parent's goes on behind.
	 */
	struct bytes text;
	struct fault *why;
	bool stopped;
};

static unsigned
line_now(const struct xml *x)
{
	return (unsigned)XML_GetCurrentLineNumber(x->parser);
}

static unsigned
column_now(const struct xml *x)
{
	return (unsigned)XML_GetCurrentColumnNumber(x->parser) + 1;
}

/* Expat may call once or twice more before it stops: see `stopped`. */
static void
stop(struct xml *x)
{
	x->stopped = true;
	XML_StopParser(x->parser, XML_FALSE);
}

static int
refuse(struct xml *x, enum fault_code code, const char *what)
{
	fault_at(x->why, code, WHERE, line_now(x), column_now(x), "%s", what);
	stop(x);
	return -1;
}

/* 0 when nothing stood in the way. */
static int
check(struct xml *x, enum tape_trouble trouble)
{
	if (trouble == TAPE_FINE)
		return 0;
	tape_fault(&x->tree.tape, trouble, x->why, WHERE, line_now(x),
	    column_now(x));
	stop(x);
	return -1;
}

/* A name without its namespace. */
static struct str
local_name(const char *name)
{
	const char *between = strrchr(name, EXPAT_BETWEEN[0]);

	return str_of(between != NULL ? between + 1 : name);
}

static int
copy(struct xml *x, struct str s, struct str *out)
{
	*out = s.len > 0 ? arena_copy(x->arena, s) : STR("");
	return check(x, out->at != NULL ? TAPE_FINE : TAPE_NO_MEMORY);
}

/* A new child; the key is copied, the text must be there to stay. */
static int
add(struct xml *x, struct branch *up, struct str key, struct branch **out)
{
	if (copy(x, key, &key) == -1)
		return -1;
	return check(x, branch_add(&x->tree, up, BRANCH_TEXT, key, out));
}

static int
add_text(struct xml *x, struct branch *up, struct str key, struct str text)
{
	struct branch *b;

	if (copy(x, text, &text) == -1 || add(x, up, key, &b) == -1)
		return -1;
	b->text = text;
	return 0;
}

/* What is a text so far gets something beside it. */
static int
make_group(struct xml *x, struct branch *b)
{
	if (b->kind == BRANCH_GROUP)
		return 0;
	return check(x, branch_open(&x->tree, b));
}

/* An element that comes again makes a list, wherever it stands. */
static int
add_element(struct xml *x, struct branch *up, struct str name,
    struct branch **out)
{
	struct branch *same = branch_find(up, name);

	if (same == NULL)
		return add(x, up, name, out);
	if (same->kind != BRANCH_LIST &&
	    check(x, branch_widen(&x->tree, same)) == -1)
		return -1;
	return check(x, branch_add(&x->tree, same, BRANCH_TEXT, STR_NONE, out));
}

static bool
is_nil(const char *const *attributes)
{
	for (; *attributes != NULL; attributes += 2)
		if (strcmp(attributes[0], NIL) == 0)
			return strcmp(attributes[1], "true") == 0 ||
			    strcmp(attributes[1], "1") == 0;
	return false;
}

/* "@name", in room for both. */
static struct str
attribute_key(struct str name, char room[NAME_BYTES_MAX + 1])
{
	room[0] = '@';
	memcpy(room + 1, name.at, name.len);
	return (struct str){ room, name.len + 1 };
}

static int
add_attribute(struct xml *x, struct branch *b, const char *full,
    struct str text)
{
	char room[NAME_BYTES_MAX + 1];
	struct str name = local_name(full), key;

	if (name.len > NAME_BYTES_MAX || text.len > ATTRIBUTE_BYTES_MAX)
		return refuse(x, FAULT_TOO_LARGE,
		    "an attribute is longer than 64 KiB, or its name than "
		    "1 KiB");
	key = attribute_key(name, room);
	if (make_group(x, b) == -1)
		return -1;
	if (branch_find(b, key) != NULL)
		return refuse(x, FAULT_BODY,
		    "two attributes have the same name but for their prefix");
	return add_text(x, b, key, text);
}

static int
add_attributes(struct xml *x, struct branch *b, const char *const *attributes)
{
	for (unsigned n = 0; *attributes != NULL; n++, attributes += 2) {
		if (n == ATTRIBUTES_MAX)
			return refuse(x, FAULT_TOO_LARGE,
			    "an element has more than 256 attributes");
		/* Said by what the element becomes. */
		if (strcmp(attributes[0], NIL) == 0)
			continue;
		if (add_attribute(x, b, attributes[0], str_of(attributes[1])) ==
		    -1)
			return -1;
	}
	return 0;
}

static void
on_start(void *arg, const char *full, const char **attributes)
{
	struct xml *x = arg;
	struct level *up = &x->levels[x->depth], *mine = up + 1;
	struct str name = local_name(full);

	if (x->stopped)
		return;
	if (up->nil) {
		refuse(x, FAULT_BODY,
		    "an element that is xsi:nil has something in it");
		return;
	}
	if (name.len > NAME_BYTES_MAX) {
		refuse(x, FAULT_TOO_LARGE,
		    "the name of an element is longer than 1 KiB");
		return;
	}
	/* So there is a level for it: a group is never deeper than those. */
	if (make_group(x, up->branch) == -1 ||
	    add_element(x, up->branch, name, &mine->branch) == -1)
		return;
	mine->text = x->text.len;
	mine->nil = is_nil((const char *const *)attributes);
	x->depth++;
	if (!mine->nil)
		add_attributes(x, mine->branch,
		    (const char *const *)attributes);
}

static void
on_text(void *arg, const char *text, int len)
{
	struct xml *x = arg;

	if (x->stopped)
		return;
	bytes_add(&x->text, text, (size_t)len);
	if (!bytes_ok(&x->text))
		check(x, TAPE_NO_MEMORY);
}

/* What the element becomes, now that its text is whole. */
static void
close_element(struct xml *x, const struct level *l, struct str text)
{
	struct branch *b = l->branch;
	struct str bare = str_trim(text);

	if (l->nil && bare.len > 0) {
		refuse(x, FAULT_BODY,
		    "an element that is xsi:nil has something in it");
	} else if (l->nil) {
		b->kind = BRANCH_NULL;
	} else if (b->kind == BRANCH_TEXT) {
		(void)!copy(x, text, &b->text);
	} else if (bare.len > 0) {
		(void)!add_text(x, b, STR("#text"), bare);
	}
}

static void
on_end(void *arg, const char *name)
{
	struct xml *x = arg;
	const struct level *l = &x->levels[x->depth];
	struct str text;

	(void)name;
	if (x->stopped)
		return;
	text = (struct str){ "", 0 };
	if (x->text.len > l->text)
		text = str_skip(bytes_str(&x->text), l->text);
	close_element(x, l, text);
	x->text.len = l->text;
	x->depth--;
}

static void
on_doctype(void *arg, const char *name, const char *system, const char *public,
    int internal)
{
	(void)name, (void)system, (void)public, (void)internal;
	refuse(arg, FAULT_BODY,
	    "a document type (DOCTYPE) is not read; send the XML without it");
}

/*
 * The first half of a surrogate pair that stands without its other one in
 * UTF-16, or the size: expat takes whatever follows for the other half.
 */
static size_t
utf16_bad(struct str s)
{
	const unsigned char *p = (const unsigned char *)s.at;
	unsigned high; /* the place of the high byte: XML begins in ASCII */

	if (s.len < 2 || (p[0] != 0 && p[1] != 0 && p[0] < 0xFE))
		return s.len;
	high = p[0] == 0xFF || p[1] == 0;
	for (size_t i = 0; s.len - i >= 2; i += 2) {
		if ((p[i + high] & 0xF8) != 0xD8)
			continue;
		if ((p[i + high] & 0x04) != 0 || s.len - i < 4 ||
		    (p[i + 2 + high] & 0xFC) != 0xDC)
			return i;
		i += 2;
	}
	return s.len;
}

/* Reads the text up to what expat would take wrongly. */
static int
parse(struct xml *x, struct str text)
{
	size_t good = utf16_bad(text);
	enum XML_Status status = XML_Parse(x->parser, text.at, (int)good, 1);
	enum XML_Error error = XML_GetErrorCode(x->parser);

	if (x->stopped)
		return -1;
	if (good < text.len)
		return refuse(x, FAULT_BODY, "half of a surrogate pair");
	if (status == XML_STATUS_OK)
		return 0;
	if (error == XML_ERROR_NO_MEMORY)
		return check(x, TAPE_NO_MEMORY);
	return refuse(x, FAULT_BODY, XML_ErrorString(error));
}

/* NULL: as the text itself says. */
static const char *const encodings[] = {
	[CHARSET_UTF8] = "UTF-8",
	[CHARSET_LATIN1] = "ISO-8859-1",
	[CHARSET_UTF16] = "UTF-16",
	[CHARSET_UTF16BE] = "UTF-16BE",
	[CHARSET_UTF16LE] = "UTF-16LE",
};

static int
start(struct xml *x, const struct body *body,
    const struct decode_limits *limits)
{
	enum tape_trouble trouble;
	size_t levels;

	trouble = tree_start(&x->tree, x->arena, limits, body->text.len);
	if (trouble != TAPE_FINE)
		return tape_fault(&x->tree.tape, trouble, x->why, WHERE, 0, 0);
	if (body->text.len > INT_MAX)
		return fault_set(x->why, FAULT_TOO_LARGE, WHERE,
		    "the XML is longer than 2 GiB");
	levels = (size_t)x->tree.tape.depth_max + 1;
	x->levels = arena_take(x->arena, levels * sizeof(x->levels[0]));
	if (x->levels != NULL)
		x->parser = expat_open(x->arena, encodings[body->charset]);
	if (x->levels == NULL || x->parser == NULL)
		return tape_fault(&x->tree.tape, TAPE_NO_MEMORY, x->why, WHERE,
		    0, 0);
	x->levels[0] = (struct level){ .branch = x->tree.root };
	/* One byte of latin-1 is two of UTF-8; nothing else grows more. */
	bytes_init_in(&x->text, x->arena, body->text.len * 2);
	XML_SetUserData(x->parser, x);
	XML_SetElementHandler(x->parser, on_start, on_end);
	XML_SetCharacterDataHandler(x->parser, on_text);
	XML_SetStartDoctypeDeclHandler(x->parser, on_doctype);
	return 0;
}

struct document *
body_xml(struct arena *arena, const struct body *body,
    const struct decode_limits *limits, struct fault *why)
{
	struct xml x = { .arena = arena, .why = why };
	struct str text = body->text.at != NULL ? body->text : STR("");
	struct document *d = NULL;

	if (start(&x, body, limits) == 0 && parse(&x, text) == 0 &&
	    check(&x, tree_lay(&x.tree)) == 0)
		d = tape_finish(&x.tree.tape);
	expat_close(x.parser);
	return d;
}
