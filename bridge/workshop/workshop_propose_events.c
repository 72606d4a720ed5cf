/*
 * workshop/workshop_propose_events.c - where in a body the leads stand.
 *
 * A body is one event, or holds several: it is a list, or has one somewhere,
 * or lists in lists. Each place is tried, and the one in which most members
 * have the name of a field is it; where it makes no difference, the body is
 * one event. In XML nobody can tell an element that comes once from a list
 * of one, so there the innermost place is taken, by a path that takes both.
 */
#include <string.h>

#include "workshop/workshop_propose_parts.h"

#define PLACES_MAX 32
#define STEPS_MAX 64
#define ITEMS_MAX 100

/* The way to a place: names; an empty one is "each item of a list". */
struct way {
	struct str steps[STEPS_MAX];
	size_t count;
};

struct places {
	const struct document *document;
	struct arena *arena;
	bool xml;
	struct str paths[PLACES_MAX];
	size_t count;
};

static void
add_step(struct bytes *out, struct str step)
{
	if (step.len == 0)
		bytes_add_text(out, "[*]");
	else if (propose_identifier(step))
		bytes_addf(out, ".%.*s", STR_ARG(step));
	else
		bytes_addf(out, "['%.*s']", STR_ARG(step));
}

/* $.entry[*].changes[*] */
static void
print_json_way(const struct way *w, struct bytes *out)
{
	for (size_t i = 0; i < w->count; i++)
		add_step(out, w->steps[i]);
}

/*
 * $.Envelope.Body.notifications..sObject: whether it or its parent comes once
 * or more often. A single list that a path names is its items.
 */
static void
print_xml_way(const struct way *w, struct bytes *out)
{
	struct str names[STEPS_MAX];
	size_t count = 0, first_list = STEPS_MAX;

	for (size_t i = 0; i < w->count; i++) {
		if (w->steps[i].len > 0)
			names[count++] = w->steps[i];
		else if (i + 1 < w->count && count > 0 && count <= first_list)
			first_list = count - 1;
	}
	if (count == 0)
		return; /* the whole document */
	for (size_t i = 0; i < count - 1; i++)
		if (count == 2 || (i < count - 2 && i < first_list))
			add_step(out, names[i]);
	if (count > 2)
		bytes_add_text(out,
		    propose_identifier(names[count - 1]) ? "." : "..");
	add_step(out, names[count - 1]);
}

static void
add_place(struct places *all, const struct way *w)
{
	struct bytes path;

	if (all->count == PLACES_MAX)
		return;
	bytes_init_in(&path, all->arena, PROPOSE_TEXT);
	bytes_add_char(&path, '$');
	(all->xml ? print_xml_way : print_json_way)(w, &path);
	all->paths[all->count++] = bytes_str(&path);
}

static void look_for_places(struct places *all, doc_node n, struct way *w);

static void
look_below(struct places *all, doc_node n, struct str step, struct way *w)
{
	if (w->count == STEPS_MAX)
		return;
	w->steps[w->count++] = step;
	look_for_places(all, n, w);
	w->count--;
}

/*
 * Lists of objects that are no answers; in XML objects inside the root too.
 * A list's items are alike: the first stands for all.
 */
static void
look_for_places(struct places *all, doc_node n, struct way *w)
{
	const struct document *d = all->document;
	bool item = w->count > 0 && w->steps[w->count - 1].len == 0;

	if (doc_kind(d, n) == DOC_ARRAY) {
		if (doc_kind(d, doc_first(d, n)) == DOC_OBJECT &&
		    !propose_is_answers(d, n))
			look_below(all, doc_first(d, n), STR(""), w);
		return;
	}
	if (doc_kind(d, n) != DOC_OBJECT)
		return;
	if (item || (all->xml && w->count >= 2))
		add_place(all, w);
	DOC_FOREACH (d, n, child)
		if (doc_key(d, child).len > 0 &&
		    propose_quotable(doc_key(d, child)))
			look_below(all, child, doc_key(d, child), w);
}

/* The items that a mapping with these events would see; 0: none. */
static size_t
items_of(const struct proposing *p, struct str events, const doc_node **items)
{
	struct mapping_input in = { .document = p->document,
		.arena = p->arena };
	struct faults all = { 0 };
	struct fault why = { 0 };
	struct settings_file *f;
	struct mapping *m = NULL;
	struct mapping_events found = { 0 };
	struct bytes text;

	bytes_init_in(&text, p->arena, PROPOSE_TEXT);
	bytes_addf(&text,
	    "events = \"%.*s\"; lead_id = \"x\"; update: { detail = \"x\"; };",
	    STR_ARG(events));
	f = settings_parse(bytes_str(&text), "events", &all);
	if (f != NULL)
		m = mapping_compile(settings_root(f), &all);
	if (m == NULL || mapping_split(m, &in, &found, &why) == -1)
		found.count = 0;
	mapping_free(m);
	settings_close(f);
	faults_done(&all);
	*items = found.at;
	return found.count < ITEMS_MAX ? found.count : ITEMS_MAX;
}

static bool
try_place(struct proposing *p, struct str events)
{
	p->events = events;
	p->items = NULL;
	p->item_count = events.at != NULL ? items_of(p, events, &p->items) : 0;
	if (events.at != NULL && p->item_count == 0)
		return false;
	propose_collect(p);
	return true;
}

/* How much of a lead is there; what stands around a place counts for none. */
static size_t
score_of(struct proposing *p)
{
	char own = p->events.at != NULL ? '@' : '$';
	size_t score = 0;

	(void)propose_pick(p);
	if (p->lead != NULL && p->lead->path.at[0] == own)
		score += 2;
	for (size_t i = 0; i < PROPOSE_RULES; i++)
		score += p->picks[i].member != NULL &&
		    p->picks[i].member->path.at[0] == own;
	return score;
}

void
propose_find_events(struct proposing *p)
{
	struct places all = { .document = p->document,
		.arena = p->arena,
		.xml = p->xml };
	struct way w = { 0 };
	doc_node root = doc_root(p->document);
	struct str best = STR_NONE;
	size_t most = 0;

	if (doc_kind(p->document, root) == DOC_OBJECT ||
	    propose_is_answers(p->document, root)) {
		try_place(p, STR_NONE);
		most = score_of(p);
	}
	look_for_places(&all, root, &w);
	for (size_t i = 0; i < all.count; i++) {
		size_t score;

		if (!try_place(p, all.paths[i]))
			continue;
		score = score_of(p);
		if (score > most || (p->xml && score > 0 && score == most)) {
			most = score;
			best = all.paths[i];
		}
	}
	try_place(p, best);
}
