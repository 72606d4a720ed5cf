/*
 * workshop/workshop_propose.c - a mapping, guessed from a capture.
 *
 * The body is walked once into members; the rules of workshop_propose_names.c
 * pick theirs. What was picked is then printed as a mapping and run on the
 * capture: a field that is refused goes on to its next step, and becomes a
 * comment when it has none left. Each round ends a step, so the trial ends.
 */
#include <string.h>

#include "terminal/terminal.h"
#include "workshop/workshop_propose.h"
#include "workshop/workshop_propose_parts.h"

#define LEAD_FOR_TESTS "lead_example"

static bool
is_scalar(enum doc_kind kind)
{
	return kind != DOC_ARRAY && kind != DOC_OBJECT && kind != DOC_ABSENT;
}

static bool
is_empty(const struct proposing *p, const struct member *m)
{
	enum doc_kind kind = doc_kind(p->document, m->node);

	return kind == DOC_NULL ||
	    (kind == DOC_STRING &&
	        str_trim(doc_text(p->document, m->node)).len == 0);
}

static bool
is_list_of_texts(const struct proposing *p, const struct member *m)
{
	DOC_FOREACH (p->document, m->node, item)
		if (doc_kind(p->document, item) != DOC_STRING)
			return false;
	return doc_count(p->document, m->node) > 0;
}

bool
propose_fits(const struct proposing *p, const struct propose_rule *r,
    const struct member *m, struct str name)
{
	bool right_kind = r->is_list
	    ? is_list_of_texts(p, m)
	    : is_scalar(doc_kind(p->document, m->node));

	return m->writable && right_kind &&
	    ((str_eq(name, str_of(m->own)) && (!r->vague || m->among_people)) ||
	        str_eq(name, str_of(m->joined)));
}

/* The likeliest member: by the order of the names, then of the body. */
static struct member *
member_for(struct proposing *p, const struct propose_rule *r, bool empty)
{
	struct str rest = str_of(r->names), name;

	while (str_cut(&rest, ' ', &name))
		for (size_t i = 0; i < p->count; i++)
			if (propose_fits(p, r, &p->members[i], name) &&
			    is_empty(p, &p->members[i]) == empty)
				return &p->members[i];
	return NULL;
}

static bool
is_same_field(const struct propose_rule *a, const struct propose_rule *b)
{
	return strcmp(a->group, b->group) == 0 &&
	    strcmp(a->target, b->target) == 0;
}

/* The first rule of a field that finds a member wins. */
static bool
is_picked(const struct proposing *p, size_t rule)
{
	for (size_t k = 0; k < rule; k++)
		if (p->picks[k].member != NULL &&
		    is_same_field(&propose_rules[rule], &propose_rules[k]))
			return true;
	return false;
}

static bool
is_lead_id(const struct proposing *p, const struct member *m)
{
	struct str id = doc_text(p->document, m->node);

	if (doc_kind(p->document, m->node) == DOC_NUMBER)
		id = doc_number(p->document, m->node);
	return m->writable && lead_id_valid(id) &&
	    (propose_has_word(propose_lead_names, m->own) ||
	        propose_has_word(propose_lead_names, m->joined));
}

size_t
propose_pick(struct proposing *p)
{
	size_t picked = 0;

	p->lead = NULL;
	memset(p->picks, 0, sizeof(p->picks));
	for (size_t i = 0; i < p->count && p->lead == NULL; i++)
		if (is_lead_id(p, &p->members[i]))
			p->lead = &p->members[i];
	if (p->lead != NULL)
		p->lead->taken = true;
	for (size_t i = 0; propose_rules[i].target != NULL; i++) {
		struct pick *pick = &p->picks[i];

		if (i >= PROPOSE_RULES)
			bug("more rules than PROPOSE_RULES");
		if (is_picked(p, i))
			continue;
		pick->member = member_for(p, &propose_rules[i], false);
		if (pick->member == NULL)
			pick->member = member_for(p, &propose_rules[i], true);
		if (pick->member == NULL)
			continue;
		pick->member->taken = true;
		picked++;
	}
	return picked;
}

static int
run_events(const struct mapping *m, const struct mapping_input *in,
    struct bytes *out, struct fault *why)
{
	struct mapping_events events;
	const char *comma = "";

	if (mapping_split(m, in, &events, why) == -1)
		return -1;
	bytes_add_text(out, events.batch ? "[" : "");
	for (size_t i = 0; i < events.count; i++) {
		doc_node event = events.at != NULL ? events.at[i] : DOC_NONE;
		struct mapping_update u = { 0 };

		if (mapping_run(m, in, event, &u, why) == -1)
			return -1;
		if (u.skipped)
			continue;
		bytes_addf(out, "%s{\"leadId\":", comma);
		bytes_add_json(out, u.lead_id);
		bytes_addf(out, ",\"update\":%.*s}", STR_ARG(u.body));
		comma = ",\n";
	}
	bytes_add_text(out, events.batch ? "]\n" : "\n");
	return 0;
}

/* Runs the mapping on the capture; -1 with why. */
static int
run(const struct proposing *p, const struct request *r, struct str text,
    struct bytes *out, struct fault *why)
{
	struct faults all = { 0 };
	struct settings_file *f = settings_parse(text, "the proposal", &all);
	struct mapping *m = f != NULL ? mapping_compile(settings_root(f), &all)
	                              : NULL;
	struct mapping_input in = { .document = p->document,
		.request = r,
		.received_ms = r->received_ms,
		.arena = p->arena };
	int rc = -1;

	bytes_clear(out);
	if (m != NULL)
		rc = run_events(m, &in, out, why);
	else if (all.kept > 0)
		*why = all.list[0];
	mapping_free(m);
	settings_close(f);
	faults_done(&all);
	return rc;
}

/* The pick a fault is of; NULL when it is of none. */
static struct pick *
pick_at(struct proposing *p, const char *where, const struct propose_rule **r)
{
	for (size_t i = 0; propose_rules[i].target != NULL; i++) {
		const char *group = propose_where(&propose_rules[i]);
		size_t n = strlen(group);

		*r = &propose_rules[i];
		if (p->picks[i].member != NULL && !p->picks[i].refused &&
		    strncmp(where, group, n) == 0 &&
		    strcmp(where + n, (*r)->target) == 0)
			return &p->picks[i];
	}
	return NULL;
}

/* -1 with why: what stays when no field is left to be changed. */
static int
no_mapping(const struct proposing *p, const struct fault *f, struct fault *why)
{
	bool any = false;

	for (size_t i = 0; i < PROPOSE_RULES; i++)
		any = any ||
		    (p->picks[i].member != NULL && !p->picks[i].refused);
	if (any && strcmp(f->where, "update") != 0)
		return fault_set(why, f->code, f->where, "%s", f->text);
	return fault_set(why, FAULT_MAPPING, "body",
	    "no member that looks like a field holds a value it takes; "
	    "capture a request that is filled in");
}

/* Says a lead id in the address, where not every event has one. */
static bool
add_lead(const struct proposing *p, struct request *r)
{
	struct bytes target;

	if (request_query(r, STR("lead_id"), p->arena).at != NULL ||
	    request_header(r, STR("X-Lead-Id")).at != NULL)
		return false;
	bytes_init_in(&target, p->arena, PROPOSE_TEXT);
	bytes_addf(&target, "%.*s%clead_id=" LEAD_FOR_TESTS, STR_ARG(r->target),
	    r->query.at != NULL ? '&' : '?');
	sample_set_target(r, bytes_str(&target));
	return true;
}

/* The next step of a field that was refused; its end is a comment. */
static void
step_on(struct pick *pick, const struct propose_rule *rule,
    const struct fault *now)
{
	if (pick->step == 0)
		pick->why = *now;
	if (pick->step + 1 < PROPOSE_STEPS &&
	    rule->steps[pick->step + 1] != NULL)
		pick->step++;
	else
		pick->refused = true;
}

/* What can be changed about a refusal; false: nothing is left. */
static bool
mend(struct proposing *p, struct request *r, const struct fault *now,
    bool *lead_added)
{
	const struct propose_rule *rule;
	struct pick *pick = pick_at(p, now->where, &rule);

	if (pick != NULL) {
		step_on(pick, rule, now);
		return true;
	}
	if (strcmp(now->where, "lead_id") == 0 && !*lead_added) {
		*lead_added = add_lead(p, r);
		return *lead_added;
	}
	if (strcmp(now->where, "update") == 0 && p->events.at != NULL &&
	    !p->guarded) {
		p->guarded = true;
		return true;
	}
	return false;
}

static int
try_out(struct proposing *p, struct request *r, struct bytes *text,
    struct bytes *expected, bool *lead_added, struct fault *why)
{
	for (;;) {
		struct fault now = { 0 };

		bytes_clear(text);
		propose_print(p, text);
		if (run(p, r, bytes_str(text), expected, &now) == 0)
			return 0;
		if (!mend(p, r, &now, lead_added))
			return no_mapping(p, &now, why);
	}
}

static bool
is_xml(struct str type)
{
	struct str kind;

	str_cut(&type, ';', &kind);
	kind = str_trim(kind);
	return kind.len >= 3 &&
	    str_eq_nocase(str_skip(kind, kind.len - 3), STR("xml"));
}

static int
find(struct proposing *p, const struct request *r, struct fault *why)
{
	struct str type = request_header(r, STR("Content-Type"));

	p->document = decode_body(p->arena, type, r->body,
	    &decode_limits_default, why);
	if (p->document == NULL)
		return -1;
	p->xml = is_xml(type);
	propose_find_events(p);
	if (propose_pick(p) == 0)
		return fault_set(why, FAULT_MAPPING, "body",
		    "no member has a name that says which field it is; start "
		    "with leadbridge new generic, and write the paths");
	return 0;
}

int
propose_mapping(struct request *r, struct arena *arena, struct proposal *out,
    struct fault *why)
{
	struct proposing *p = base_alloc(sizeof(*p));
	struct bytes text, expected;
	int rc;

	*out = (struct proposal){ 0 };
	p->arena = arena;
	bytes_init_in(&text, arena, PROPOSE_TEXT);
	bytes_init_in(&expected, arena, PROPOSE_TEXT);
	rc = find(p, r, why);
	if (rc == 0) {
		out->lead_found = p->lead != NULL;
		out->one_lead = propose_one_lead(p);
		out->lead_added = !out->lead_found && add_lead(p, r);
		rc = try_out(p, r, &text, &expected, &out->lead_added, why);
	}
	if (rc == 0) {
		propose_print_rest(p, &out->taken, &out->left, &text);
		out->fields = bytes_str(&text);
		out->expected = bytes_str(&expected);
	}
	base_free(p);
	return rc;
}
