/*
 * workshop/workshop_propose_print.c - a proposal as a mapping's text.
 */
#include <string.h>

#include "workshop/workshop_propose_parts.h"
#include "base/base.h"

/* Groups of the update, as they nest; printed in this order. */
static const struct {
	const char *name, *parent, *where;
} groups[] = {
	{ "address", "", "update.address." },
	{ "compliance", "", "update.compliance." },
	{ "attribution", "", "update.attribution." },
	{ "params", "attribution", "update.attribution.params." },
};

const char *
propose_where(const struct propose_rule *r)
{
	for (size_t i = 0; i < COUNT_OF(groups); i++)
		if (strcmp(groups[i].name, r->group) == 0)
			return groups[i].where;
	return "update.";
}

bool
propose_one_lead(const struct proposing *p)
{
	return p->events.at != NULL && p->lead == NULL;
}

static void
print_lead(const struct proposing *p, struct bytes *out)
{
	if (propose_one_lead(p))
		bytes_add_text(out,
		    "# Each event of a webhook would go to the same lead: "
		    "write here where an\n# event says its own, such as "
		    "\"{@.lead_id}\".\n");
	bytes_add_text(out, "lead_id  = \"{");
	if (p->lead != NULL)
		bytes_addf(out, "%.*s ?? ", STR_ARG(p->lead->path));
	bytes_add_text(out, "query('lead_id') ?? header('X-Lead-Id')");
	if (p->lead != NULL &&
	    doc_kind(p->document, p->lead->node) == DOC_NUMBER)
		bytes_add_text(out, " | string");
	bytes_add_text(out, "}\";\n\n");
}

static void
print_field(const struct propose_rule *r, const struct pick *pick,
    const char *indent, struct bytes *out)
{
	const char *step = r->steps[pick->step];

	if (pick->refused) {
		bytes_addf(out, "%s# %s: %.*s was refused: %s\n", indent,
		    r->target, STR_ARG(pick->member->path), pick->why.text);
		return;
	}
	bytes_addf(out, "%s%s = \"{%.*s%s%s}\";\n", indent, r->target,
	    STR_ARG(pick->member->path), step[0] != '\0' ? " | " : "", step);
}

static bool
print_fields(const struct proposing *p, const char *group, const char *indent,
    struct bytes *out)
{
	size_t before = out->len;

	for (size_t i = 0; propose_rules[i].target != NULL; i++)
		if (p->picks[i].member != NULL &&
		    strcmp(propose_rules[i].group, group) == 0)
			print_field(&propose_rules[i], &p->picks[i], indent,
			    out);
	return out->len > before;
}

/* A group with what nests in it; nothing when it has nothing. */
static void
print_group(const struct proposing *p, size_t at, size_t depth,
    struct bytes *out)
{
	char indent[64];
	struct bytes inner;

	memset(indent, ' ', sizeof(indent));
	bytes_init_in(&inner, p->arena, PROPOSE_TEXT);
	indent[depth * 2 + 2] = '\0';
	for (size_t i = 0; i < COUNT_OF(groups); i++)
		if (strcmp(groups[i].parent, groups[at].name) == 0)
			print_group(p, i, depth + 1, &inner);
	print_fields(p, groups[at].name, indent, &inner);
	indent[depth * 2] = '\0';
	if (inner.len > 0)
		bytes_addf(out, "%s%s: {\n%.*s%s};\n", indent, groups[at].name,
		    STR_ARG(bytes_str(&inner)), indent);
}

/* A region that no number needs is refused when a mapping is loaded. */
static bool
has_phone(const struct proposing *p)
{
	for (size_t i = 0; propose_rules[i].target != NULL; i++)
		if (p->picks[i].member != NULL && !p->picks[i].refused &&
		    strcmp(propose_rules[i].target, "phone") == 0)
			return true;
	return false;
}

/* Of several events some may hold nothing of a lead. */
static void
print_guard(const struct proposing *p, struct bytes *out)
{
	const char *before = "  when = \"";

	for (size_t i = 0; propose_rules[i].target != NULL; i++) {
		const struct pick *pick = &p->picks[i];

		if (pick->member == NULL || pick->refused ||
		    pick->member->path.at[0] != '@')
			continue;
		bytes_addf(out, "%s%.*s", before, STR_ARG(pick->member->path));
		before = " || ";
	}
	if (before[0] == ' ' && before[1] == '|')
		bytes_add_text(out, "\";\n");
}

void
propose_print(const struct proposing *p, struct bytes *out)
{
	bytes_add_text(out,
	    "# A text with nothing in it is a question not answered.\n"
	    "empty    = \"absent\";\n");
	if (has_phone(p))
		bytes_add_text(out,
		    "# Where phone numbers without a country's code are at "
		    "home.\n"
		    "region   = \"US\";\n");
	if (p->events.at != NULL)
		bytes_addf(out,
		    "\n# Each of these is an update of its own; '@' is the "
		    "one at hand.\n"
		    "events   = \"%.*s\";\n",
		    STR_ARG(p->events));
	bytes_add_char(out, '\n');
	print_lead(p, out);
	bytes_add_text(out, "update: {\n");
	if (p->guarded)
		print_guard(p, out);
	print_fields(p, "", "  ", out);
	for (size_t i = 0; i < COUNT_OF(groups); i++)
		if (groups[i].parent[0] == '\0')
			print_group(p, i, 1, out);
	bytes_add_text(out, "};\n");
}

static bool
is_answer_of(const struct member *answer, const struct member *list)
{
	return answer->list.at != NULL && str_eq(answer->list, list->path);
}

/* A word as it stands in the pattern of match(), inside two quotings. */
static void
add_pattern(struct bytes *out, struct str word)
{
	for (size_t i = 0; i < word.len; i++) {
		char c = word.at[i];

		if (strchr(".*+?()[]{}|^$-", c) != NULL)
			bytes_addf(out, "[%c]", c);
		else
			bytes_add_char(out, c);
	}
}

/* The filter of the answers that no field takes: [?!match(@.ref, 'a|b')]. */
static void
print_other_answers(const struct proposing *p, const struct member *list,
    const char *key, struct bytes *out)
{
	bool any = false;

	for (size_t i = 0; i < p->count; i++) {
		const struct member *m = &p->members[i];

		if (!m->taken || !is_answer_of(m, list))
			continue;
		if (any)
			bytes_add_char(out, '|');
		else
			bytes_addf(out, "[?!match(@.%s, '", key);
		add_pattern(out, m->called);
		any = true;
	}
	if (any)
		bytes_add_text(out, "')]");
}

/* A list of answers, ready to be taken into the update. */
static void
print_answers(const struct proposing *p, const struct member *m,
    struct bytes *out)
{
	const struct document *d = p->document;
	doc_node item = doc_first(d, m->node);
	struct bytes value;
	const char *key;
	bool by_ref;

	if (!m->writable || !propose_is_answers(d, m->node))
		return;
	key = propose_answer_key(d, item);
	by_ref = doc_kind(d, doc_member(d, item, str_of(key))) == DOC_OBJECT;
	key = by_ref ? "field.ref" : key;
	bytes_init_in(&value, p->arena, PROPOSE_TEXT);
	(void)propose_answer_value(d, item, &value);
	bytes_addf(out,
	    "#     looks like answers; inside update:\n"
	    "#     questionnaire: { each = \"%.*s",
	    STR_ARG(m->path));
	print_other_answers(p, m, key, out);
	bytes_addf(out,
	    "\";\n"
	    "#       as: { key = \"{@.%s}\"; answer = \"{@%.*s}\"; }; };\n",
	    key, STR_ARG(bytes_str(&value)));
}

/* The field a member is not, because another one is. */
static const char *
field_of(const struct proposing *p, const struct member *m)
{
	for (size_t i = 0; propose_rules[i].target != NULL; i++) {
		struct str rest = str_of(propose_rules[i].names), name;

		while (str_cut(&rest, ' ', &name))
			if (propose_fits(p, &propose_rules[i], m, name))
				return propose_rules[i].target;
	}
	return NULL;
}

/* A list of answers is taken when each of them is. */
static bool
is_taken(const struct proposing *p, const struct member *list)
{
	bool any = false;

	if (list->taken || !propose_is_answers(p->document, list->node))
		return list->taken;
	for (size_t i = 0; i < p->count; i++) {
		if (!is_answer_of(&p->members[i], list))
			continue;
		if (!p->members[i].taken)
			return false;
		any = true;
	}
	return any;
}

/* A text that is JSON, which the mapping can look into. */
static bool
holds_json(const struct proposing *p, const struct member *m)
{
	struct str text = str_trim(doc_text(p->document, m->node));

	return text.len > 1 &&
	    ((text.at[0] == '{' && text.at[text.len - 1] == '}') ||
	        (text.at[0] == '[' && text.at[text.len - 1] == ']'));
}

static void
print_member(const struct proposing *p, const struct member *m,
    struct bytes *out)
{
	const char *field = field_of(p, m);

	bytes_add_text(out, "#   ");
	shown_add(out, m->path);
	bytes_addf(out, "%s%s\n", field != NULL ? "  a second " : "",
	    field != NULL ? field : "");
	if (m->writable && holds_json(p, m))
		bytes_addf(out,
		    "#     JSON in a text: {%.*s | json | get('$.NAME')}\n",
		    STR_ARG(m->path));
	print_answers(p, m, out);
}

void
propose_print_rest(const struct proposing *p, size_t *taken, size_t *left,
    struct bytes *out)
{
	for (size_t i = 0; i < p->count; i++) {
		const struct member *m = &p->members[i];

		if (is_taken(p, m)) {
			++*taken;
			continue;
		}
		if ((*left)++ == 0)
			bytes_add_text(out,
			    "\n# Not taken; 'leadbridge explain' shows what "
			    "they hold:\n");
		print_member(p, m, out);
	}
	if (p->many)
		bytes_addf(out, "#   and more: the first %d were looked at\n",
		    PROPOSE_MEMBERS);
}
