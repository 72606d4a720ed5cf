/*
 * console/console_propose.c - a mapping, guessed from a capture.
 *
 * The body is walked once into members; the rules of console_propose_names.c
 * pick theirs. What was picked is then printed as a mapping and run on the
 * capture: a field that is refused goes on to its next step, and becomes a
 * comment when it has none left. Each round ends a step, so the trial ends.
 */
#include <string.h>

#include "console/console_propose.h"
#include "console/console_propose_names.h"
#include "mapping/mapping.h"

#define TEXT_CEILING ((size_t)4 << 20)
#define RULES_MAX 64
#define MEMBERS_MAX 500
#define NAME_MAX_LEN 64
#define LEAD_FOR_TESTS "lead_example"

/* A member of the body that may be a field: a scalar, or a list. */
struct member {
	doc_node node;
	struct str path;           /* as the mapping language writes it */
	char own[NAME_MAX_LEN];    /* its name, made plain */
	char joined[NAME_MAX_LEN]; /* its parent's and its own */
	bool among_people;         /* its parent is the body, or a person */
	bool writable;             /* the path can stand in a mapping */
	bool taken;
};

/* What a rule has picked. */
struct pick {
	struct member *member; /* NULL: nothing */
	size_t step;
	bool refused;
	struct fault why;
};

struct proposing {
	const struct document *document;
	struct arena *arena;
	struct member members[MEMBERS_MAX];
	size_t count;
	bool many; /* there are more members than we look at */
	struct member *lead;
	struct pick picks[RULES_MAX];
};

/* Groups of the update, as they nest; printed in this order. */
static const struct {
	const char *name, *parent, *where;
} groups[] = {
	{ "address", "", "update.address." },
	{ "compliance", "", "update.compliance." },
	{ "attribution", "", "update.attribution." },
	{ "params", "attribution", "update.attribution.params." },
};

/* Small letters and digits alone: "First_Name" and "first name" are one. */
static void
plain_name(struct str from, char out[NAME_MAX_LEN])
{
	size_t n = strlen(out);

	for (size_t i = 0; i < from.len && n < NAME_MAX_LEN - 1; i++) {
		char c = from.at[i];

		if (c >= 'A' && c <= 'Z')
			c = (char)(c - 'A' + 'a');
		if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
		    (unsigned char)c >= 0x80)
			out[n++] = c;
	}
	out[n] = '\0';
}

static bool
has_word(const char *words, const char *word)
{
	struct str rest = str_of(words), one;

	while (str_cut(&rest, ' ', &one))
		if (str_eq(one, str_of(word)))
			return true;
	return false;
}

static bool
is_identifier(struct str key)
{
	for (size_t i = 0; i < key.len; i++) {
		char c = key.at[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		        c == '_' || (i > 0 && c >= '0' && c <= '9')))
			return false;
	}
	return key.len > 0;
}

/* A name with one of these would need the quoting of three languages. */
static bool
is_quotable(struct str key)
{
	for (size_t i = 0; i < key.len; i++)
		if ((unsigned char)key.at[i] < ' ' || key.at[i] == 0x7f ||
		    strchr("\"'\\{}", key.at[i]) != NULL)
			return false;
	return true;
}

/* The path of a child; where it cannot be written, the normalized one. */
static struct str
path_of(struct proposing *p, const struct member *up, doc_node child, bool ok)
{
	struct str key = doc_key(p->document, child);
	struct bytes path;

	bytes_init_in(&path, p->arena, TEXT_CEILING);
	if (!ok)
		doc_print_path(p->document, child, &path);
	else if (is_identifier(key))
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

	m.writable = up->writable && is_quotable(key);
	m.path = path_of(p, up, child, m.writable);
	m.among_people = up->own[0] == '\0' ||
	    has_word(propose_people, up->own);
	plain_name(key, m.own);
	memcpy(m.joined, up->own, sizeof(m.joined));
	plain_name(key, m.joined);
	if (strcmp(m.own, "value") == 0) /* {"email": {"value": ...}} */
		memcpy(m.own, up->own, sizeof(m.own));
	return m;
}

/* As deep as the document, whose ceiling decode has checked. */
static void
collect(struct proposing *p, const struct member *up)
{
	DOC_FOREACH (p->document, up->node, child) {
		struct member m = member_below(p, up, child);

		if (doc_kind(p->document, child) == DOC_OBJECT)
			collect(p, &m);
		else if (p->count < MEMBERS_MAX)
			p->members[p->count++] = m;
		else
			p->many = true;
	}
}

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

static bool
fits(const struct proposing *p, const struct propose_rule *r,
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
			if (fits(p, r, &p->members[i], name) &&
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

static void
pick_all(struct proposing *p)
{
	for (size_t i = 0; propose_rules[i].target != NULL; i++) {
		const struct propose_rule *r = &propose_rules[i];
		bool there = false;

		if (i >= RULES_MAX)
			bug("more rules than RULES_MAX");
		for (size_t k = 0; k < i; k++)
			there = there ||
			    (p->picks[k].member != NULL &&
			        is_same_field(r, &propose_rules[k]));
		if (there)
			continue;
		p->picks[i].member = member_for(p, r, false);
		if (p->picks[i].member == NULL)
			p->picks[i].member = member_for(p, r, true);
		if (p->picks[i].member != NULL)
			p->picks[i].member->taken = true;
	}
}

static void
pick_lead(struct proposing *p)
{
	for (size_t i = 0; i < p->count && p->lead == NULL; i++) {
		struct member *m = &p->members[i];
		struct str id = doc_text(p->document, m->node);

		if (doc_kind(p->document, m->node) == DOC_NUMBER)
			id = doc_number(p->document, m->node);
		if (m->writable && lead_id_valid(id) &&
		    (has_word(propose_lead_names, m->own) ||
		        has_word(propose_lead_names, m->joined)))
			p->lead = m;
	}
	if (p->lead != NULL)
		p->lead->taken = true;
}

static void
print_lead(const struct proposing *p, struct bytes *out)
{
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
	char indent[] = "        ";
	struct bytes inner;

	bytes_init_in(&inner, p->arena, TEXT_CEILING);
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

static void
print_mapping(const struct proposing *p, struct bytes *out)
{
	bytes_add_text(out,
	    "# A text with nothing in it is a question not answered.\n"
	    "empty    = \"absent\";\n");
	if (has_phone(p))
		bytes_add_text(out,
		    "# Where phone numbers without a country's code are at "
		    "home.\n"
		    "region   = \"US\";\n");
	bytes_add_char(out, '\n');
	print_lead(p, out);
	bytes_add_text(out, "update: {\n");
	print_fields(p, "", "  ", out);
	for (size_t i = 0; i < COUNT_OF(groups); i++)
		if (groups[i].parent[0] == '\0')
			print_group(p, i, 1, out);
	bytes_add_text(out, "};\n");
}

/* The members of an answer: what it is called by, and what it says. */
static const char *const answer_keys[] = { "key", "ref", "name", "id", "label",
	"title", "question", "field" };
static const char *const answer_values[] = { "value", "answer", "text" };

static const char *
first_of(const struct proposing *p, doc_node item, const char *const *names,
    size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (doc_member(p->document, item, str_of(names[i])) != DOC_NONE)
			return names[i];
	return NULL;
}

/* A list of answers, ready to be taken into the update. */
static void
print_answers(const struct proposing *p, const struct member *m,
    struct bytes *out)
{
	doc_node item = doc_first(p->document, m->node);
	const char *key, *value;

	if (!m->writable || doc_kind(p->document, item) != DOC_OBJECT)
		return;
	key = first_of(p, item, answer_keys, COUNT_OF(answer_keys));
	value = first_of(p, item, answer_values, COUNT_OF(answer_values));
	if (key == NULL || value == NULL)
		return;
	if (doc_kind(p->document, doc_member(p->document, item, str_of(key))) ==
	    DOC_OBJECT)
		key = "field.ref";
	bytes_addf(out,
	    "#     looks like answers; inside update:\n"
	    "#     questionnaire: { each = \"%.*s\";\n"
	    "#       as: { key = \"{@.%s}\"; answer = \"{@.%s}\"; }; };\n",
	    STR_ARG(m->path), key, value);
}

/* The field a member is not, because another one is. */
static const char *
field_of(const struct proposing *p, const struct member *m)
{
	for (size_t i = 0; propose_rules[i].target != NULL; i++) {
		struct str rest = str_of(propose_rules[i].names), name;

		while (str_cut(&rest, ' ', &name))
			if (fits(p, &propose_rules[i], m, name))
				return propose_rules[i].target;
	}
	return NULL;
}

static void
print_rest(const struct proposing *p, struct proposal *out, struct bytes *to)
{
	for (size_t i = 0; i < p->count; i++) {
		const struct member *m = &p->members[i];
		const char *field = field_of(p, m);

		if (m->taken) {
			out->taken++;
			continue;
		}
		if (out->left++ == 0)
			bytes_add_text(to,
			    "\n# Not taken; 'leadbridge explain' shows what "
			    "they hold:\n");
		bytes_addf(to, "#   %.*s%s%s\n", STR_ARG(m->path),
		    field != NULL ? "  a second " : "",
		    field != NULL ? field : "");
		print_answers(p, m, to);
	}
	if (p->many)
		bytes_addf(to, "#   and more: the first %d were looked at\n",
		    MEMBERS_MAX);
}

/* Runs the mapping on the capture; -1 with why. */
static int
run(const struct proposing *p, const struct request *r, struct str text,
    struct mapping_update *out, struct fault *why)
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

	if (m != NULL)
		rc = mapping_run(m, &in, DOC_NONE, out, why);
	else if (all.kept > 0)
		*why = all.list[0];
	mapping_free(m);
	settings_close(f);
	faults_done(&all);
	return rc;
}

static const char *
where_of(const struct propose_rule *r)
{
	for (size_t i = 0; i < COUNT_OF(groups); i++)
		if (strcmp(groups[i].name, r->group) == 0)
			return groups[i].where;
	return "update.";
}

/* The pick a fault is of; NULL when it is of none. */
static struct pick *
pick_at(struct proposing *p, const char *where, const struct propose_rule **r)
{
	for (size_t i = 0; propose_rules[i].target != NULL; i++) {
		const char *group = where_of(&propose_rules[i]);
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

	for (size_t i = 0; i < RULES_MAX; i++)
		any = any ||
		    (p->picks[i].member != NULL && !p->picks[i].refused);
	if (any && strcmp(f->where, "update") != 0)
		return fault_set(why, f->code, f->where, "%s", f->text);
	return fault_set(why, FAULT_MAPPING, "body",
	    "no member that looks like a field holds a value it takes; "
	    "capture a request that is filled in");
}

static int
try_out(struct proposing *p, const struct request *r, struct bytes *text,
    struct mapping_update *update, struct fault *why)
{
	for (;;) {
		const struct propose_rule *rule;
		struct fault now = { 0 };
		struct pick *pick;

		bytes_clear(text);
		print_mapping(p, text);
		if (run(p, r, bytes_str(text), update, &now) == 0)
			return 0;
		pick = pick_at(p, now.where, &rule);
		if (pick == NULL)
			return no_mapping(p, &now, why);
		if (pick->step == 0)
			pick->why = now;
		if (pick->step + 1 < PROPOSE_STEPS &&
		    rule->steps[pick->step + 1] != NULL)
			pick->step++;
		else
			pick->refused = true;
	}
}

/* Says a lead id in the address, where neither body nor request has one. */
static bool
add_lead(const struct proposing *p, struct request *r)
{
	struct bytes target;
	struct str rest;

	if (p->lead != NULL ||
	    request_query(r, STR("lead_id"), p->arena).at != NULL ||
	    request_header(r, STR("X-Lead-Id")).at != NULL)
		return false;
	bytes_init_in(&target, p->arena, TEXT_CEILING);
	bytes_addf(&target, "%.*s%clead_id=" LEAD_FOR_TESTS, STR_ARG(r->target),
	    r->query.at != NULL ? '&' : '?');
	r->target = rest = bytes_str(&target);
	str_cut(&rest, '?', &r->path);
	r->query = rest;
	return true;
}

static int
find(struct proposing *p, const struct request *r, struct fault *why)
{
	struct member root = { .path = STR("$"), .writable = true };
	size_t picked = 0;

	p->document = decode_body(p->arena,
	    request_header(r, STR("Content-Type")), r->body,
	    &decode_limits_default, why);
	if (p->document == NULL)
		return -1;
	root.node = doc_root(p->document);
	if (doc_kind(p->document, root.node) != DOC_OBJECT)
		return fault_set(why, FAULT_BODY, "body",
		    "is %s, and not one event with names; start with "
		    "leadbridge new generic, and 'events'",
		    doc_kind_name(doc_kind(p->document, root.node)));
	collect(p, &root);
	pick_lead(p);
	pick_all(p);
	for (size_t i = 0; i < RULES_MAX; i++)
		picked += p->picks[i].member != NULL;
	if (picked == 0)
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
	struct mapping_update update = { 0 };
	struct bytes text, expected;
	int rc;

	*out = (struct proposal){ 0 };
	p->arena = arena;
	bytes_init_in(&text, arena, TEXT_CEILING);
	bytes_init_in(&expected, arena, TEXT_CEILING);
	rc = find(p, r, why);
	if (rc == 0) {
		out->lead_added = add_lead(p, r);
		rc = try_out(p, r, &text, &update, why);
	}
	if (rc == 0) {
		print_rest(p, out, &text);
		bytes_add_text(&expected, "{\"leadId\":");
		bytes_add_json(&expected, update.lead_id);
		bytes_addf(&expected, ",\"update\":%.*s}\n",
		    STR_ARG(update.body));
		out->fields = bytes_str(&text);
		out->expected = bytes_str(&expected);
	}
	base_free(p);
	return rc;
}
