/* delivery/delivery_reply.c - the reply group: outcomes to answers. */
#include <stdio.h>
#include <string.h>

#include "delivery/delivery_reply.h"

static const struct name outcomes[] = {
	{ "delivered", REPLY_DELIVERED },
	{ "ignored", REPLY_IGNORED },
	{ "ping", REPLY_PING },
	{ "unproven", REPLY_UNPROVEN },
	{ "unreadable", REPLY_UNREADABLE },
	{ "mapping", REPLY_MAPPING },
	{ "contract", REPLY_CONTRACT },
	{ "declined", REPLY_DECLINED },
	{ "partial", REPLY_PARTIAL },
	{ "busy", REPLY_BUSY },
	{ "unavailable", REPLY_UNAVAILABLE },
	{ "late", REPLY_LATE },
	{ "internal", REPLY_INTERNAL },
	{ "failed", REPLY_FAILED },
	{ NULL, -1 },
};

static const enum reply_outcome of_fault[FAULT_CODES] = {
	[FAULT_NONE] = REPLY_FAILED,
	[FAULT_SETTINGS] = REPLY_INTERNAL,
	[FAULT_REQUEST] = REPLY_UNREADABLE,
	[FAULT_UNSIGNED] = REPLY_UNPROVEN,
	[FAULT_FORBIDDEN] = REPLY_UNPROVEN,
	[FAULT_ROUTE] = REPLY_FAILED,
	[FAULT_METHOD] = REPLY_FAILED,
	[FAULT_BODY] = REPLY_UNREADABLE,
	[FAULT_BODY_KIND] = REPLY_UNREADABLE,
	[FAULT_TOO_LARGE] = REPLY_UNREADABLE,
	[FAULT_MAPPING] = REPLY_MAPPING,
	[FAULT_CONTRACT] = REPLY_CONTRACT,
	[FAULT_CONFLICT] = REPLY_FAILED,
	[FAULT_RATE] = REPLY_BUSY,
	[FAULT_BUSY] = REPLY_BUSY,
	[FAULT_UPSTREAM] = REPLY_UNAVAILABLE,
	[FAULT_UPSTREAM_LATE] = REPLY_LATE,
	[FAULT_INTERNAL] = REPLY_INTERNAL,
};

/* Keys of statuses of the API: 400..599, and the classes 4 and 5. */
#define CLASS_KEY(class) (1000 + (class))
#define STATUS_KEY(status) (1000 + (status))

struct rule {
	int64_t status;   /* 0: as it is */
	const char *body; /* NULL: as it is */
	const char *type;
	const config_setting_t *at; /* the last to speak of it */
};

struct reply_map {
	struct keyed_rule {
		int key;
		struct rule rule;
	} * list;
	size_t count;
	struct arena *own;
};

const struct setting reply_settings[] = {
	{ .name = "body",
	    .kind = SETTING_TEXT,
	    .at = offsetof(struct rule, body),
	    .help = "The answer's body, with {placeholders}." },

	{ .name = "status",
	    .kind = SETTING_COUNT,
	    .at = offsetof(struct rule, status),
	    .min = 200,
	    .max = 599,
	    .help = "The answer's status." },

	{ .name = "type",
	    .kind = SETTING_TEXT,
	    .at = offsetof(struct rule, type),
	    .help = "The content type of body." },

	{ .name = NULL },
};

/* "upstream_404", "upstream_5xx"; -1 when it is neither. */
static int
key_of(const char *name)
{
	int key = name_value(outcomes, str_of(name));
	struct str text = str_of(name);
	int64_t status;

	if (key != -1)
		return key;
	if (!str_starts(text, STR("upstream_")))
		return -1;
	text = str_skip(text, sizeof("upstream_") - 1);
	if (str_eq(text, STR("4xx")) || str_eq(text, STR("5xx")))
		return CLASS_KEY(text.at[0] - '0');
	status = text.len == 3 ? str_number(text, 599) : -1;
	return status >= 400 ? STATUS_KEY((int)status) : -1;
}

static void
unknown_key(const config_setting_t *s, struct faults *all)
{
	const char *name = config_setting_name(s), *found;
	struct nearest near;

	nearest_start(&near, str_of(name));
	for (const struct name *n = outcomes; n->text != NULL; n++)
		nearest_try(&near, n->text);
	nearest_try(&near, "upstream_404");
	nearest_try(&near, "upstream_4xx");
	nearest_try(&near, "upstream_5xx");
	found = nearest_found(&near);
	settings_fault(all, s,
	    "reply.%s: there is no outcome of that name%s%s%s", name,
	    MEANT_ARG(found));
}

static struct rule *
rule_for(struct reply_map *m, int key)
{
	for (size_t i = 0; i < m->count; i++)
		if (m->list[i].key == key)
			return &m->list[i].rule;
	m->list = base_grow(m->list, m->count + 1, sizeof(m->list[0]));
	m->list[m->count] = (struct keyed_rule){ .key = key };
	return &m->list[m->count++].rule;
}

static const char *
keep(struct reply_map *m, const char *text)
{
	struct str copy = arena_copy(m->own, str_of(text));

	if (copy.at == NULL)
		bug("replies have no room");
	return copy.at;
}

static bool
one_line(const char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text < ' ')
			return false;
	return true;
}

static void
read_rule(struct reply_map *m, const config_setting_t *s, struct faults *all)
{
	int key = key_of(config_setting_name(s));
	struct rule got = { 0 }, *to;

	if (key == -1) {
		unknown_key(s, all);
		return;
	}
	if (config_setting_type(s) == CONFIG_TYPE_INT)
		got.status = config_setting_get_int(s);
	else if (!settings_read(s, "reply", reply_settings, &got, all))
		return;
	if (got.status != 0 &&
	    (got.status < 200 || got.status > 599 || got.status / 100 == 3)) {
		settings_fault(all, s,
		    "reply.%s: a status from 200 to 299 or 400 to 599 is "
		    "expected",
		    config_setting_name(s));
		return;
	}
	if (got.type != NULL && !one_line(got.type)) {
		settings_fault(all, s, "reply.%s: type: one line is expected",
		    config_setting_name(s));
		return;
	}
	to = rule_for(m, key);
	to->at = s;
	if (got.status != 0)
		to->status = got.status;
	if (got.body != NULL)
		to->body = keep(m, got.body);
	if (got.type != NULL)
		to->type = keep(m, got.type);
}

static void
read_group(struct reply_map *m, const config_setting_t *group,
    struct faults *all)
{
	if (group == NULL)
		return;
	if (!config_setting_is_group(group)) {
		settings_fault(all, group,
		    "reply: a group is expected: "
		    "{ upstream_404 = 422; }");
		return;
	}
	for (int i = 0; i < config_setting_length(group); i++)
		read_rule(m, config_setting_get_elem(group, (unsigned)i), all);
}

/* When both groups are read: one may have the type, the other the body. */
static void
check_rules(const struct reply_map *m, struct faults *all)
{
	for (size_t i = 0; i < m->count; i++) {
		const struct rule *r = &m->list[i].rule;
		char what[64];

		snprintf(what, sizeof(what), "reply.%s",
		    config_setting_name(r->at));
		if (r->body != NULL)
			(void)template_check(r->at, what, r->body, r->type,
			    all);
		else if (r->type != NULL)
			settings_fault(all, r->at,
			    "%s: type says what body is, and there is none; "
			    "add a body, or take the type out",
			    what);
	}
}

struct reply_map *
reply_map_new(const config_setting_t *preset, const config_setting_t *group,
    struct faults *all)
{
	struct reply_map *m;
	size_t before = all->count;

	if (preset == NULL && group == NULL)
		return NULL;
	m = base_alloc(sizeof(*m));
	m->own = arena_new((size_t)8 << 20);
	read_group(m, preset, all);
	read_group(m, group, all);
	if (all->count == before)
		check_rules(m, all);
	if (all->count == before)
		return m;
	reply_map_free(m);
	return NULL;
}

void
reply_map_free(struct reply_map *m)
{
	if (m == NULL)
		return;
	arena_free(m->own);
	base_free(m->list);
	base_free(m);
}

/* What the narrower key has said stays. */
static void
add_rule(const struct reply_map *m, int key, struct rule *to)
{
	for (size_t i = 0; i < m->count; i++) {
		const struct rule *r = &m->list[i].rule;

		if (m->list[i].key != key)
			continue;
		if (to->status == 0)
			to->status = r->status;
		if (to->body == NULL && r->body != NULL) {
			to->body = r->body;
			to->type = r->type;
		}
	}
}

static void
put(const struct rule *r, const struct template_facts *facts, struct answer *a)
{
	struct str body = STR_NONE;

	if (r->body != NULL)
		body = template_fill(r->body, r->type, facts, a);
	if (r->status != 0)
		a->status = (int)r->status;
	if (body.at == NULL)
		return;
	a->body = body;
	a->content_type = str_of(r->type); /* none: JSON */
}

static struct rule
rule_of(const struct reply_map *m, enum reply_outcome o)
{
	struct rule r = { 0 };

	if (m == NULL)
		return r;
	add_rule(m, (int)o, &r);
	if (o >= REPLY_UNPROVEN)
		add_rule(m, REPLY_FAILED, &r);
	return r;
}

static struct rule
rule_of_status(const struct reply_map *m, int status)
{
	struct rule r = { 0 };

	if (status < 400)
		return rule_of(m, REPLY_DELIVERED);
	if (m == NULL)
		return r;
	add_rule(m, STATUS_KEY(status), &r);
	add_rule(m, CLASS_KEY(status / 100), &r);
	add_rule(m, REPLY_FAILED, &r);
	return r;
}

void
reply_apply(const struct reply_map *m, enum reply_outcome o,
    const struct template_facts *facts, struct answer *a)
{
	struct rule r = rule_of(m, o);

	put(&r, facts, a);
}

void
reply_apply_status(const struct reply_map *m,
    const struct template_facts *facts, struct answer *a)
{
	struct rule r = rule_of_status(m, a->status);

	put(&r, facts, a);
}

int
reply_status(const struct reply_map *m, int status)
{
	struct rule r = rule_of_status(m, status);

	return r.status != 0 ? (int)r.status : status;
}

enum reply_outcome
reply_of_fault(enum fault_code code)
{
	return of_fault[code];
}
