/* mapping/mapping_run.c - the runner's doors: which updates, and each one. */
#include "mapping/mapping_run.h"

int
mapping_split(const struct mapping *m, const struct mapping_input *in,
    struct mapping_events *out, struct fault *why)
{
	static const doc_node whole = DOC_NONE;
	struct run r = { .in = in,
		.scope = map_scope(in, DOC_NONE, NULL),
		.why = why };
	struct mapping_events events = { .batch = m->events != NULL };
	struct jsonpath_nodes items = { &whole, 1 };
	int wanted = map_when(&r, m->when, "when");

	if (in->watch != NULL)
		map_tell_when(&r, m->when, "when");
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

/* 1 printed, 0 this item is not wanted, -1 with why. */
static int
make_update(struct run *r, const struct mapping *m, struct mapping_update *made)
{
	int wanted = map_when(r, m->update->when, "update");

	if (wanted != 1)
		return wanted;
	if (run_lead_id(r, m->lead_id, &made->lead_id) == -1)
		return -1;
	wanted = map_print_group(r, m->update);
	if (wanted == 0)
		return fault_set(r->why, FAULT_MAPPING, "update",
		    "the event sets no field");
	return wanted;
}

int
mapping_print(const struct mapping *m, const struct mapping_input *in,
    doc_node event, struct bytes *body, struct mapping_update *out,
    struct fault *why)
{
	struct mapping_update made = { .lead_id = STR_NONE };
	struct run r = { .in = in,
		.scope = map_scope(in, event,
		    jsonpath_notes_new(m->family, in->document, in->arena)),
		.out = body,
		.start = body->len,
		.why = why,
		.family = m->family };
	int rc;

	if (in->watch != NULL)
		map_tell_update(&r, m);
	rc = make_update(&r, m, &made);
	if (rc == 1)
		made.body = str_skip(bytes_str(body), r.start);
	else
		map_cut(body, r.start);
	if (rc == -1)
		return -1;
	made.skipped = rc == 0;
	*out = made;
	return 0;
}

int
mapping_run(const struct mapping *m, const struct mapping_input *in,
    doc_node event, struct mapping_update *out, struct fault *why)
{
	struct bytes body;

	bytes_init_in(&body, in->arena, MAPPING_BODY_MAX);
	return mapping_print(m, in, event, &body, out, why);
}
