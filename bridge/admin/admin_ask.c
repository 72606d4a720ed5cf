/* admin/admin_ask.c - what a request of the admin endpoint asks. */
#include "admin/admin_ask.h"

#include "admin/admin_job.h"
#include "decode/decode.h"

/* One member of a query or a body. */
struct said {
	const struct document *doc;
	doc_node node;
	const char *name;
	struct str text; /* of a string or a number; else at == NULL */
	struct arena *arena;
	struct fault *why;
};

static int
refuse(const struct said *s, const char *expected)
{
	return fault_set(s->why, FAULT_REQUEST, s->name, "%s is expected",
	    expected);
}

static int
read_state(const struct said *s, struct ask *out)
{
	struct str rest = s->text, one;

	while (str_cut(&rest, ',', &one)) {
		int state = name_value(journal_states, one);

		if (state == -1)
			return refuse(s,
			    "some of waiting, sending, done, dead, refused, "
			    "with commas between,");
		out->filter.states |= BIT(state);
	}
	return s->text.len > 0 ? 0 : refuse(s, "a state");
}

static int
read_text(const struct said *s, struct str *out)
{
	if (s->text.at == NULL || s->text.len == 0)
		return refuse(s, "a text");
	*out = s->text;
	return 0;
}

static int
read_route(const struct said *s, struct ask *out)
{
	return read_text(s, &out->filter.route);
}

static int
read_filter_lead(const struct said *s, struct ask *out)
{
	return read_text(s, &out->filter.lead);
}

static int
read_filter_upstream(const struct said *s, struct ask *out)
{
	return read_text(s, &out->filter.target);
}

static int
read_upstream(const struct said *s, struct ask *out)
{
	return read_text(s, &out->upstream);
}

static int
read_id(const struct said *s, struct ask *out)
{
	out->filter.id = s->text;
	return str_is_uuid(s->text) ? 0 : refuse(s, "a delivery's id");
}

static int
read_lead(const struct said *s, struct ask *out)
{
	return read_text(s, &out->lead);
}

static int
read_email(const struct said *s, struct ask *out)
{
	out->email = str_trim(s->text);
	if (out->email.len < 3 ||
	    memchr(out->email.at, '@', out->email.len) == NULL)
		return refuse(s, "an e-mail address");
	return 0;
}

static int
read_duration(const struct said *s, int64_t *out)
{
	*out = settings_duration(s->text);
	return *out > 0 ? 0 : refuse(s, "a time such as 30m, 24h or 7d");
}

static int
read_since(const struct said *s, struct ask *out)
{
	return read_duration(s, &out->filter.since_ms);
}

static int
read_before(const struct said *s, struct ask *out)
{
	return read_duration(s, &out->filter.before_ms);
}

static int
read_after(const struct said *s, struct ask *out)
{
	int64_t n = str_number(s->text, INT64_MAX);

	if (n < 0)
		return refuse(s, "the \"next\" of a page before");
	out->after = (uint64_t)n;
	return 0;
}

static int
read_limit(const struct said *s, struct ask *out)
{
	int64_t n = str_number(s->text, JOB_MOST);

	if (n < 1)
		return refuse(s, "a number from 1 to 1000");
	out->most = (size_t)n;
	return 0;
}

static int
read_flag(const struct said *s, bool *out)
{
	enum doc_kind kind = doc_kind(s->doc, s->node);
	bool yes = kind == DOC_TRUE || str_eq(s->text, STR("1"));

	if (!yes && kind != DOC_FALSE && !str_eq(s->text, STR("0")))
		return refuse(s, "true or false, in a query 1 or 0,");
	*out = yes;
	return 0;
}

static int
read_newest(const struct said *s, struct ask *out)
{
	return read_flag(s, &out->newest);
}

static int
read_remap(const struct said *s, struct ask *out)
{
	return read_flag(s, &out->remap);
}

static int
read_dry_run(const struct said *s, struct ask *out)
{
	return read_flag(s, &out->dry_run);
}

static int
read_ids(const struct said *s, struct ask *out)
{
	size_t count = doc_count(s->doc, s->node), n = 0;
	struct str *ids;

	if (doc_kind(s->doc, s->node) != DOC_ARRAY || count == 0 ||
	    count > JOB_MOST)
		return refuse(s, "a list of 1 to 1000 ids of deliveries");
	ids = arena_take(s->arena, count * sizeof(*ids));
	if (ids == NULL)
		return fault_set(s->why, FAULT_BUSY, NULL, "%s", "");
	DOC_FOREACH (s->doc, s->node, id) {
		ids[n] = doc_text(s->doc, id);
		if (!str_is_uuid(ids[n++]))
			return refuse(s, "a list of ids of deliveries");
	}
	out->ids = ids;
	out->id_count = n;
	return 0;
}

static int
read_level(const struct said *s, struct ask *out)
{
	int level = s->text.at != NULL ? name_value(log_levels, s->text) : -1;

	if (level == -1)
		return refuse(s, "one of error, warning, info, debug");
	out->level = (enum log_level)level;
	out->levelled = true;
	return 0;
}

static int read_filter(const struct said *s, struct ask *out);

/* Alphabetical. */
static const struct {
	const char *name;
	unsigned who;
	int (*read)(const struct said *s, struct ask *out);
} words[] = {
	{ "after", ASK_LIST | ASK_FILTER, read_after },
	{ "before", ASK_LIST | ASK_FILTER, read_before },
	{ "dry_run", ASK_RETRY | ASK_DROP | ASK_FORGET, read_dry_run },
	{ "email", ASK_FORGET, read_email },
	{ "filter", ASK_RETRY | ASK_DROP, read_filter },
	{ "id", ASK_LIST, read_id },
	{ "ids", ASK_RETRY | ASK_DROP, read_ids },
	{ "lead", ASK_LIST | ASK_FILTER, read_filter_lead },
	{ "lead", ASK_FORGET, read_lead },
	{ "level", ASK_LOG, read_level },
	{ "limit", ASK_LIST, read_limit },
	{ "newest", ASK_LIST, read_newest },
	{ "remap", ASK_RETRY, read_remap },
	{ "route", ASK_LIST | ASK_FILTER, read_route },
	{ "since", ASK_LIST | ASK_FILTER, read_since },
	{ "state", ASK_LIST | ASK_FILTER, read_state },
	{ "upstream", ASK_LIST | ASK_FILTER, read_filter_upstream },
	{ "upstream", ASK_RETRY | ASK_DROP, read_upstream },
};

static int
unknown_word(struct str name, unsigned who, struct fault *why)
{
	struct nearest near;
	const char *found;

	nearest_start(&near, name);
	for (size_t i = 0; i < COUNT_OF(words); i++)
		if ((words[i].who & who) != 0)
			nearest_try(&near, words[i].name);
	found = nearest_found(&near);
	if (!utf8_valid(name) || name.len > 40)
		name = STR("that");
	return fault_set(why, FAULT_REQUEST, NULL,
	    "there is no '%.*s' here%s%s%s", STR_ARG(name), MEANT_ARG(found));
}

static int
read_member(const struct document *d, doc_node node, unsigned who,
    struct arena *arena, struct ask *out, struct fault *why)
{
	struct str name = doc_key(d, node);
	struct said s = { .doc = d, .node = node, .arena = arena, .why = why };

	(void)doc_look(d, node, &s.text);
	if (doc_kind(d, node) != DOC_STRING && doc_kind(d, node) != DOC_NUMBER)
		s.text = STR_NONE;
	for (size_t i = 0; i < COUNT_OF(words); i++)
		if ((words[i].who & who) != 0 &&
		    str_eq(str_of(words[i].name), name)) {
			s.name = words[i].name;
			return words[i].read(&s, out);
		}
	return unknown_word(name, who, why);
}

static int
read_members(const struct document *d, doc_node object, unsigned who,
    struct arena *arena, struct ask *out, struct fault *why)
{
	DOC_FOREACH (d, object, member)
		if (read_member(d, member, who, arena, out, why) == -1)
			return -1;
	return 0;
}

static int
read_filter(const struct said *s, struct ask *out)
{
	if (doc_kind(s->doc, s->node) != DOC_OBJECT ||
	    doc_count(s->doc, s->node) == 0)
		return refuse(s, "an object that names something");
	out->filtered = true;
	return read_members(s->doc, s->node, ASK_FILTER, s->arena, out, s->why);
}

int
ask_query(const struct request *r, unsigned who, struct arena *arena,
    struct ask *out, struct fault *why)
{
	const struct document *d = decode_query(arena, r->query,
	    &decode_limits_default, why);

	*out = (struct ask){ .remap = true };
	if (d == NULL)
		return -1;
	return read_members(d, doc_root(d), who, arena, out, why);
}

/* "application/json; charset=utf-8" is one. */
bool
ask_is_json(const struct request *r)
{
	struct str rest = request_header(r, STR("Content-Type")), kind;

	return str_cut(&rest, ';', &kind) &&
	    str_eq_nocase(str_trim(kind), STR("application/json"));
}

int
ask_body(const struct request *r, unsigned who, struct arena *arena,
    struct ask *out, struct fault *why)
{
	const struct document *d;

	*out = (struct ask){ .remap = true };
	if (!ask_is_json(r))
		return fault_set(why, FAULT_BODY_KIND, NULL,
		    "application/json is expected");
	d = decode_json(arena, r->body, &decode_limits_default, why);
	if (d == NULL)
		return -1;
	if (doc_kind(d, doc_root(d)) != DOC_OBJECT)
		return fault_set(why, FAULT_REQUEST, NULL,
		    "an object is expected");
	return read_members(d, doc_root(d), who, arena, out, why);
}
