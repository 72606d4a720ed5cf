/* delivery/delivery_updates.c - all updates of an event, and of a kept one. */
#include "delivery/delivery_count.h"
#include "delivery/delivery_event.h"
#include "delivery/delivery_merge.h"
#include "delivery/delivery_updates.h"

struct str
updates_reason(struct arena *arena, const struct fault *why)
{
	struct bytes text;

	bytes_init_in(&text, arena, JOURNAL_REASON_SIZE - 1);
	fault_print(why, &text);
	return text.len > 0 ? bytes_str(&text) : STR("it cannot be mapped");
}

/*
 * Without its id a note that is sent twice is there twice. By its event's place
 * among all of them: which of these make an update, a mended mapping changes.
 */
static int
name_notes(const struct updates_of *of, size_t i, struct str *body,
    struct fault *why)
{
	struct arena *arena = of->input->arena;
	struct bytes out;

	bytes_init_in(&out, arena, MAPPING_BODY_MAX);
	if (!merge_note_ids(*body, of->id, (unsigned)i, arena, &out))
		return 0;
	if (!bytes_ok(&out))
		return fault_set(why, FAULT_TOO_LARGE, "update.notes",
		    "with an id for each note the update is larger than %zu "
		    "bytes",
		    MAPPING_BODY_MAX);
	*body = bytes_str(&out);
	return 0;
}

/* Maps one event. 1 it is in *to, 0 it makes no update, -1 why. */
static int
make_one(const struct updates_of *of, size_t i, struct journal_update *to,
    struct fault *why)
{
	doc_node event = of->events->at != NULL ? of->events->at[i] : DOC_NONE;
	struct mapping_update made = { 0 };

	if (mapping_run(of->route->mapping, of->input, event, &made, why) ==
	    -1) {
		delivery_count_fault(why);
		return -1;
	}
	if (made.skipped)
		return 0;
	*to = (struct journal_update){ .target = str_of(of->target),
		.lead = made.lead_id,
		.body = made.body };
	return name_notes(of, i, &to->body, why) == -1 ? -1 : 1;
}

/* Out of the scratch, which is given back. */
static int
keep(const struct updates_of *of, struct arena_mark mark,
    struct journal_update *u, struct fault *why)
{
	struct str *texts[] = { &u->lead, &u->body, &u->refused };

	if (of->kept == NULL)
		return 0;
	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		if (texts[i]->at == NULL)
			continue;
		*texts[i] = arena_copy(of->kept, *texts[i]);
		if (texts[i]->at == NULL)
			return fault_set(why, FAULT_TOO_LARGE, "events",
			    "all its updates together are too large to be "
			    "stored");
	}
	arena_rewind(of->input->arena, mark);
	return 0;
}

int
updates_make(const struct updates_of *of, struct journal_update *to,
    size_t *count, size_t *last, struct fault *why)
{
	size_t n = 0;

	*last = 0;
	for (size_t i = 0; i < of->events->count; i++) {
		struct fault wrong = { 0 };
		struct arena_mark mark = arena_mark(of->input->arena);
		int rc = make_one(of, i, &to[n], &wrong);

		if (rc == -1 &&
		    (!of->events->batch || fault_kind(wrong.code)->again)) {
			*why = wrong;
			return -1;
		}
		if (rc == -1)
			to[n] = (struct journal_update){
				.refused = updates_reason(of->input->arena,
				    &wrong)
			};
		if (rc != 0 && keep(of, mark, &to[n], why) == -1)
			return -1;
		if (rc == 1)
			*last = i + 1;
		n += rc != 0;
	}
	*count = n;
	return 0;
}

/* The route as it is now, and the event as it would come in. */
static int
read_kept(const struct routes *all, const struct delivery_kept *kept,
    struct updates_of *of, struct mapping_input *in, struct fault *why)
{
	struct request *request = arena_take(in->arena, sizeof(*request));
	struct header *params = arena_take(in->arena,
	    ROUTE_PARAMS * sizeof(*params));

	if (request == NULL || params == NULL)
		return fault_set(why, FAULT_BUSY, NULL, "%s", "");
	if (event_parse(kept->event, in->arena, request, why) == -1)
		return -1;
	if (routes_match(all, request, in->arena, &of->route, params,
	        &in->param_count) != ROUTE_FOUND)
		return fault_set(why, FAULT_ROUTE, NULL,
		    "no mapping serves %.*s any more", STR_ARG(request->path));
	request->received_ms = kept->received_ms;
	in->request = request;
	in->params = params;
	in->received_ms = kept->received_ms;
	in->sender = str_of(of->route->settings.sender);
	in->document = route_decode(request, in->arena, why);
	if (in->document == NULL)
		return -1;
	in->delivery_id = route_delivery_id(of->route, request, in->arena);
	if (in->delivery_id.at == NULL)
		in->delivery_id = str_of(kept->id);
	return 0;
}

int
delivery_remap(const struct routes *all, const struct delivery_kept *kept,
    struct arena *arena, struct delivery_remapped *out, struct fault *why)
{
	struct mapping_input in = { .arena = arena };
	struct updates_of of = { .id = kept->id, .input = &in };
	struct mapping_events events;
	struct journal_update *to;
	size_t last;

	if (read_kept(all, kept, &of, &in, why) == -1 ||
	    mapping_split(of.route->mapping, &in, &events, why) == -1)
		return -1;
	of.events = &events;
	of.target = upstream_target_name(all->targets[of.route->target]);
	to = arena_take(arena, (events.count + 1) * sizeof(*to));
	if (to == NULL)
		return fault_set(why, FAULT_BUSY, NULL, "%s", "");
	*out = (struct delivery_remapped){ .updates = to,
		.flags = of.route->journal_flags |
		    (kept->flags & (JOURNAL_TRACED | JOURNAL_UNSAMPLED)) };
	return updates_make(&of, to, &out->count, &last, why);
}
