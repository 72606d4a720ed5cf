/* mapping/mapping_run.c - the runner's doors: which updates, and each one. */
#include "mapping/mapping_run.h"

/* The most we send for one event; the API's own ceiling is not published. */
#define BODY_CEILING ((size_t)1 << 20)

int
mapping_split(const struct mapping *m, const struct mapping_input *in,
    struct mapping_events *out, struct fault *why)
{
	static const doc_node whole = DOC_NONE;
	struct run r = { .in = in, .item = DOC_NONE, .why = why };
	struct mapping_events events = { .batch = m->events != NULL };
	struct jsonpath_nodes items = { &whole, 1 };
	int wanted = map_when(&r, m->when, "when");

	if (wanted == -1)
		return -1;
	if (wanted == 1 && m->events != NULL &&
	    map_items(&r, m->events, "events", &items) == -1)
		return -1;
	if (wanted == 1) {
		events.at = items.at;
		events.count = items.count;
	}
	*out = events;
	return 0;
}

static void
add_sources(const struct chain *chain, struct bytes *out)
{
	for (const struct source *s = chain->sources; s != NULL; s = s->next) {
		if (out->len > 0)
			bytes_add_text(out, ", ");
		bytes_add_str(out, s->text);
	}
}

/* Names everything that could have given the id. Always -1. */
static int
no_lead_id(struct run *r, const struct node *n)
{
	struct bytes tried;

	bytes_init_in(&tried, r->in->arena, 4096);
	for (const struct part *p = n->parts; p != NULL; p = p->next)
		if (p->chain != NULL)
			add_sources(p->chain, &tried);
	return fault_set(r->why, FAULT_MAPPING, n->where,
	    "the event names no lead: there is nothing at %.*s",
	    STR_ARG(bytes_str(&tried)));
}

static int
run_lead_id(struct run *r, const struct node *n, struct str *out)
{
	struct result id;
	struct str text;

	if (map_value(r, n, &id) == -1)
		return -1;
	if (id.value.kind == VALUE_ABSENT || id.value.kind == VALUE_NULL)
		return no_lead_id(r, n);
	if (id.value.kind == VALUE_LIST && id.value.matches)
		return map_several(r, n->where, id.from, id.value.count);
	if (value_text(&id.value, &text) && lead_id_valid(text) &&
	    (value_lead_type(&id.value) & (LEAD_STRING | LEAD_INTEGER)) != 0) {
		*out = text;
		return 0;
	}
	return fault_set(r->why, FAULT_MAPPING, n->where,
	    "is no lead id (1 to 64 letters, digits, '-' or '_'); from %.*s",
	    STR_ARG(id.from != NULL ? id.from->text : n->text));
}

int
mapping_run(const struct mapping *m, const struct mapping_input *in,
    doc_node event, struct mapping_update *out, struct fault *why)
{
	struct mapping_update made = { .lead_id = STR_NONE };
	struct bytes body;
	struct run r = { .in = in, .item = event, .out = &body, .why = why };
	int printed, wanted = map_when(&r, m->update->when, "update");

	if (wanted == -1)
		return -1;
	if (wanted == 0) {
		made.skipped = true;
		*out = made;
		return 0;
	}
	if (run_lead_id(&r, m->lead_id, &made.lead_id) == -1)
		return -1;
	bytes_init_in(&body, in->arena, BODY_CEILING);
	printed = map_print_group(&r, m->update);
	if (printed == -1)
		return -1;
	if (printed == 0)
		return fault_set(why, FAULT_MAPPING, "update",
		    "the event sets no field");
	made.body = bytes_str(&body);
	*out = made;
	return 0;
}
