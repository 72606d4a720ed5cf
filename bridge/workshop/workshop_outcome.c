/* workshop/workshop_outcome.c - what a mapping makes of a sample. */
#include "workshop/workshop_outcome.h"

#include "terminal/terminal.h"

static void
run_updates(const struct mapping *m, const struct mapping_input *in,
    const struct mapping_events *events, struct outcome *out)
{
	for (size_t i = 0; i < events->count; i++) {
		struct outcome_update *u = &out->updates[i];
		doc_node event = events->at != NULL ? events->at[i] : DOC_NONE;

		*u = (struct outcome_update){ 0 };
		(void)!mapping_run(m, in, event, &u->update, &u->fault);
		out->count++;
	}
}

/* The sender's; of one that has none what a delivery's own looks like. */
static struct str
delivery_id(const struct route *r, const struct request *request,
    struct arena *arena)
{
	struct str id = route_delivery_id(r, request, arena);

	return id.at != NULL ? id : STR("00000000-0000-7000-8000-000000000000");
}

void
outcome_of(const struct route *r, const struct request *request,
    struct arena *arena, struct outcome *out)
{
	outcome_watched(r, request, arena, NULL, out);
}

void
outcome_watched(const struct route *r, const struct request *request,
    struct arena *arena, const struct mapping_watch *watch, struct outcome *out)
{
	struct header params[ROUTE_PARAMS];
	struct mapping_input in = { .request = request,
		.params = params,
		.sender = str_of(route_sender(r)),
		.delivery_id = delivery_id(r, request, arena),
		.received_ms = request->received_ms,
		.arena = arena,
		.watch = watch };
	struct mapping_events events;

	*out = (struct outcome){ 0 };
	in.param_count = route_params(r, request->path, arena, params);
	in.document = route_decode(request, arena, &out->fault);
	out->document = in.document;
	if (in.document == NULL ||
	    mapping_split(route_mapping(r), &in, &events, &out->fault) == -1)
		return;
	out->batch = events.batch;
	out->updates = arena_take(arena,
	    (events.count + 1) * sizeof(out->updates[0]));
	if (out->updates == NULL)
		fault_set(&out->fault, FAULT_BUSY, NULL, "out of memory");
	else
		run_updates(route_mapping(r), &in, &events, out);
}

bool
outcome_failed(const struct outcome *o)
{
	if (o->fault.code != FAULT_NONE)
		return true;
	for (size_t i = 0; i < o->count; i++)
		if (o->updates[i].fault.code != FAULT_NONE)
			return true;
	return false;
}

static void
print_fault(const struct fault *f, struct bytes *out)
{
	struct bytes text;

	bytes_init(&text, 4096);
	fault_print(f, &text);
	bytes_add_text(out, "{\"error\":{\"code\":");
	bytes_add_json(out, str_of(fault_kind(f->code)->name));
	bytes_add_text(out, ",\"details\":[");
	bytes_add_json(out, bytes_str(&text));
	bytes_add_text(out, "]}}");
	bytes_done(&text);
}

static void
print_update(const struct outcome_update *u, struct bytes *out)
{
	if (u->fault.code != FAULT_NONE) {
		print_fault(&u->fault, out);
	} else {
		bytes_add_text(out, "{\"leadId\":");
		bytes_add_json(out, u->update.lead_id);
		bytes_add_text(out, ",\"update\":");
		bytes_add_str(out, u->update.body);
		bytes_add_char(out, '}');
	}
}

void
outcome_print(const struct outcome *o, struct bytes *out)
{
	const char *comma = "";

	if (o->fault.code != FAULT_NONE) {
		print_fault(&o->fault, out);
		return;
	}
	if (!o->batch && o->count == 1 && !o->updates[0].update.skipped) {
		print_update(&o->updates[0], out);
		return;
	}
	bytes_add_char(out, '[');
	for (size_t i = 0; i < o->count; i++) {
		if (o->updates[i].update.skipped)
			continue;
		bytes_add_text(out, comma);
		print_update(&o->updates[i], out);
		comma = ",";
	}
	bytes_add_char(out, ']');
}

int
with_mapping(const struct given *g,
    int (*run)(const struct route *r, const struct given *g))
{
	char *file = mapping_file(given_arg(g, 0));
	struct faults all = { 0 };
	struct route *r = route_open(file, NULL, &all);
	int code;

	if (r == NULL)
		code = complain_faults(&all, EXIT_FAULTS);
	else
		code = run(r, g);
	route_close(r);
	base_free(file);
	return code;
}
