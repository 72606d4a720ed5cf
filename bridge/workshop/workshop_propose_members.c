/*
 * workshop/workshop_propose_members.c - the members of an event, by which a
 * mapping is guessed. Lists of answers are opened: an answer's name is what
 * it is called by, and its path a filter.
 */
#include <string.h>

#include "workshop/workshop_propose_parts.h"
#include "base/base.h"

/* What an answer is called by, the likeliest first. */
static const char *const answer_keys[] = { "key", "ref", "column_id", "label",
	"name", "title", "question", "id", "field" };
/* What it says. */
static const char *const answer_values[] = { "value", "answer", "string_value",
	"text", "values" };

/* Small letters and digits alone: "First_Name" and "first name" are one. */
static void
plain_name(struct str from, char out[PROPOSE_NAME])
{
	size_t n = strlen(out);

	for (size_t i = 0; i < from.len && n < PROPOSE_NAME - 1; i++) {
		char c = from.at[i];

		if (c >= 'A' && c <= 'Z')
			c = (char)(c - 'A' + 'a');
		if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
		    (unsigned char)c >= 0x80)
			out[n++] = c;
	}
	out[n] = '\0';
}

bool
propose_has_word(const char *words, const char *word)
{
	struct str rest = str_of(words), one;

	while (str_cut(&rest, ' ', &one))
		if (str_eq(one, str_of(word)))
			return true;
	return false;
}

bool
propose_identifier(struct str key)
{
	for (size_t i = 0; i < key.len; i++) {
		char c = key.at[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		        c == '_' || (i > 0 && c >= '0' && c <= '9')))
			return false;
	}
	return key.len > 0;
}

bool
propose_quotable(struct str key)
{
	for (size_t i = 0; i < key.len; i++)
		if (key.at[i] == '\0' || strchr("\"'\\{}", key.at[i]) != NULL)
			return false;
	return shown_plain(key);
}

/* The path of a child; where it cannot be written, the normalized one. */
static struct str
path_of(struct proposing *p, const struct member *up, doc_node child, bool ok)
{
	struct str key = doc_key(p->document, child);
	struct bytes path;

	bytes_init_in(&path, p->arena, PROPOSE_TEXT);
	if (!ok)
		doc_print_path(p->document, child, &path);
	else if (propose_identifier(key))
		bytes_addf(&path, "%.*s.%.*s", STR_ARG(up->path), STR_ARG(key));
	else
		bytes_addf(&path, "%.*s['%.*s']", STR_ARG(up->path),
		    STR_ARG(key));
	return bytes_str(&path);
}

static struct member
member_below(struct proposing *p, const struct member *up, doc_node child)
{
	struct str key = doc_key(p->document, child);
	struct member m = { .node = child };

	m.writable = up->writable && propose_quotable(key);
	m.path = path_of(p, up, child, m.writable);
	m.among_people = up->own[0] == '\0' ||
	    propose_has_word(propose_people, up->own);
	plain_name(key, m.own);
	memcpy(m.joined, up->own, sizeof(m.joined));
	plain_name(key, m.joined);
	if (strcmp(m.own, "value") == 0) /* {"email": {"value": ...}} */
		memcpy(m.own, up->own, sizeof(m.own));
	return m;
}

static bool
says_something(const struct document *d, doc_node n)
{
	struct str text;

	switch (doc_look(d, n, &text)) {
	case DOC_ABSENT:
	case DOC_NULL:
		return false;
	case DOC_STRING:
		return str_trim(text).len > 0;
	default:
		return true;
	}
}

/* Events of one batch have the same paths: the one that says more is kept. */
static void
keep(struct proposing *p, const struct member *m)
{
	for (size_t i = 0; i < p->count; i++) {
		struct member *old = &p->members[i];

		if (!str_eq(old->path, m->path))
			continue;
		if (!says_something(p->document, old->node))
			*old = *m;
		return;
	}
	if (p->count < PROPOSE_MEMBERS)
		p->members[p->count++] = *m;
	else
		p->many = true;
}

const char *
propose_answer_key(const struct document *d, doc_node item)
{
	for (size_t i = 0; i < COUNT_OF(answer_keys); i++)
		if (doc_member(d, item, str_of(answer_keys[i])) != DOC_NONE)
			return answer_keys[i];
	return NULL;
}

/* {"type": "email", "email": ...}: the value stands under its kind. */
static doc_node
value_by_kind(const struct document *d, doc_node item, struct bytes *out)
{
	struct str kind = doc_text(d, doc_member(d, item, STR("type")));
	doc_node value = kind.at != NULL ? doc_member(d, item, kind) : DOC_NONE;
	doc_node label = doc_member(d, value, STR("label"));

	if (value == DOC_NONE || !propose_identifier(kind))
		return DOC_NONE;
	bytes_addf(out, ".%.*s%s", STR_ARG(kind),
	    label != DOC_NONE ? ".label" : "");
	return label != DOC_NONE ? label : value;
}

doc_node
propose_answer_value(const struct document *d, doc_node item, struct bytes *out)
{
	for (size_t i = 0; i < COUNT_OF(answer_values); i++) {
		doc_node value = doc_member(d, item, str_of(answer_values[i]));
		bool one = doc_kind(d, value) == DOC_ARRAY &&
		    doc_count(d, value) == 1;

		if (value == DOC_NONE)
			continue;
		bytes_addf(out, ".%s%s", answer_values[i], one ? "[0]" : "");
		return one ? doc_first(d, value) : value;
	}
	return value_by_kind(d, item, out);
}

static bool
is_answer(const struct document *d, doc_node item)
{
	struct bytes path;
	doc_node value;

	if (propose_answer_key(d, item) == NULL)
		return false;
	bytes_init(&path, PROPOSE_TEXT);
	value = propose_answer_value(d, item, &path);
	bytes_done(&path);
	return value != DOC_NONE && doc_kind(d, value) != DOC_OBJECT;
}

bool
propose_is_answers(const struct document *d, doc_node array)
{
	if (doc_kind(d, array) == DOC_ARRAY)
		DOC_FOREACH (d, array, item)
			if (is_answer(d, item))
				return true;
	return false;
}

/* What the answer is called, and by which path of it: ".field.ref". */
static struct str
name_of_answer(const struct document *d, doc_node item, struct bytes *path)
{
	const char *key = propose_answer_key(d, item);
	doc_node name = DOC_NONE;

	if (key == NULL)
		return STR_NONE;
	name = doc_member(d, item, str_of(key));
	bytes_addf(path, ".%s", key);
	if (doc_kind(d, name) == DOC_OBJECT) {
		bytes_add_text(path, ".ref");
		name = doc_member(d, name, STR("ref"));
	}
	return doc_text(d, name);
}

static void
collect_answer(struct proposing *p, const struct member *list, doc_node item)
{
	struct member m = { .list = list->path, .among_people = true };
	struct bytes key, value, path;

	bytes_init_in(&key, p->arena, PROPOSE_TEXT);
	bytes_init_in(&value, p->arena, PROPOSE_TEXT);
	bytes_init_in(&path, p->arena, PROPOSE_TEXT);
	m.called = name_of_answer(p->document, item, &key);
	m.node = propose_answer_value(p->document, item, &value);
	if (m.called.at == NULL || m.node == DOC_NONE)
		return;
	m.writable = list->writable && propose_quotable(m.called);
	plain_name(m.called, m.own);
	plain_name(m.called, m.joined);
	if (m.writable)
		bytes_addf(&path, "%.*s[?@%.*s=='%.*s']%.*s",
		    STR_ARG(list->path), STR_ARG(bytes_str(&key)),
		    STR_ARG(m.called), STR_ARG(bytes_str(&value)));
	else
		doc_print_path(p->document, m.node, &path);
	m.path = bytes_str(&path);
	keep(p, &m);
}

static void
collect_answers(struct proposing *p, const struct member *list)
{
	DOC_FOREACH (p->document, list->node, item)
		collect_answer(p, list, item);
}

/* As deep as the document, whose ceiling decode has checked. */
static void
collect(struct proposing *p, const struct member *up)
{
	DOC_FOREACH (p->document, up->node, child) {
		struct member m = member_below(p, up, child);

		if (doc_kind(p->document, child) == DOC_OBJECT) {
			collect(p, &m);
			continue;
		}
		keep(p, &m);
		if (propose_is_answers(p->document, child))
			collect_answers(p, &m);
	}
}

/* The events are below: the list of them, or one that is no list. */
static bool
is_events(const struct proposing *p, doc_node n)
{
	for (size_t i = 0; i < p->item_count; i++)
		if (p->items[i] == n ||
		    (doc_kind(p->document, n) == DOC_ARRAY &&
		        doc_first(p->document, n) == p->items[i]))
			return true;
	return false;
}

/*
 * What stands around the events. In a list, only to be told of: which item
 * would be an event's own, a path from '$' cannot say.
 */
static void
collect_around(struct proposing *p, const struct member *up)
{
	DOC_FOREACH (p->document, up->node, child) {
		struct member m = member_below(p, up, child);
		doc_node first = doc_first(p->document, child);

		if (is_events(p, child))
			continue;
		if (doc_kind(p->document, child) == DOC_OBJECT) {
			collect_around(p, &m);
		} else if (doc_kind(p->document, child) == DOC_ARRAY &&
		    doc_kind(p->document, first) == DOC_OBJECT) {
			m.node = first;
			m.writable = false;
			collect_around(p, &m);
		} else {
			keep(p, &m);
		}
	}
}

void
propose_collect(struct proposing *p)
{
	struct member root = { .node = doc_root(p->document),
		.path = STR("$"),
		.writable = true };
	struct member item = { .path = STR("@"), .writable = true };

	p->count = 0;
	p->many = false;
	for (size_t i = 0; i < p->item_count; i++) {
		item.node = p->items[i];
		collect(p, &item);
	}
	if (p->events.at != NULL)
		collect_around(p, &root);
	else if (propose_is_answers(p->document, root.node))
		collect_answers(p, &root);
	else
		collect(p, &root);
}
