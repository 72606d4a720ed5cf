/*
 * mapping/mapping_compile_value.c - a setting becomes a node: literals, texts,
 * groups, lists and each.
 */
#include <string.h>

#include "mapping/mapping_expr.h"

/* A float as JSON has it; libconfig reads 1e999 as infinity. */
static bool
float_value(struct compiler *c, const struct place *p, struct value *out)
{
	struct bytes text;
	bool ok;

	bytes_init(&text, 64);
	bytes_add_double(&text, config_setting_get_float(p->at));
	ok = bytes_ok(&text);
	if (ok)
		*out = value_number(mapping_keep(c->m, bytes_str(&text)));
	else
		place_fault(c, p, "is too large for a number");
	bytes_done(&text);
	return ok;
}

static struct value
integer_value(struct compiler *c, long long n)
{
	return value_number(str_of(mapping_keep_print(c->m, "%lld", n)));
}

bool
compile_scalar(struct compiler *c, const struct place *p, struct value *out)
{
	const config_setting_t *s = p->at;

	switch (config_setting_type(s)) {
	case CONFIG_TYPE_INT:
		*out = integer_value(c, config_setting_get_int(s));
		return true;
	case CONFIG_TYPE_INT64:
		*out = integer_value(c, config_setting_get_int64(s));
		return true;
	case CONFIG_TYPE_FLOAT:
		return float_value(c, p, out);
	case CONFIG_TYPE_BOOL:
		*out = value_boolean(config_setting_get_bool(s) != 0);
		return true;
	case CONFIG_TYPE_STRING:
		*out = value_string(str_of(config_setting_get_string(s)));
		if (utf8_valid(out->text))
			return true;
		place_fault(c, p, "is not UTF-8");
		return false;
	default:
		place_fault(c, p, "is no text, number or boolean");
		return false;
	}
}

static struct node *
new_node(struct compiler *c, const struct place *p, enum node_kind kind)
{
	struct node *n = mapping_take(c->m, sizeof(*n));

	n->kind = kind;
	n->where = p->where;
	n->at = p->at;
	n->field = p->field;
	return n;
}

/* A literal is printed once, here. */
static const struct node *
finish_literal(struct compiler *c, const struct place *p, struct node *n)
{
	struct bytes json;

	if (n->literal.kind == VALUE_NULL) {
		place_fault(c, p,
		    "null alone is never sent; "
		    "write {null | keep_null}");
		return NULL;
	}
	bytes_init(&json, (size_t)1 << 20);
	value_print(&n->literal, &json);
	n->text = mapping_keep(c->m, bytes_str(&json));
	bytes_done(&json);
	return n;
}

static bool
starts_path(struct str text)
{
	return str_starts(text, STR("$.")) || str_starts(text, STR("$[")) ||
	    str_starts(text, STR("@.")) || str_starts(text, STR("@["));
}

/* Two braces before a path, as other languages of templates have it. */
static bool
has_double_braces(struct str text)
{
	for (; text.len > 2; text = str_skip(text, 1)) {
		struct str inside = str_skip(text, 2);

		while (str_starts(inside, STR(" ")))
			inside = str_skip(inside, 1);
		if (str_starts(text, STR("{{")) && starts_path(inside))
			return true;
	}
	return false;
}

bool
compile_meant(struct compiler *c, const struct place *p, struct str text)
{
	if (starts_path(text))
		place_fault(c, p,
		    "this path would be sent as it stands: braces compute it, "
		    "as in \"{$.name}\"; meant as a text it is \"{'$.name'}\"");
	else if (has_double_braces(text))
		place_fault(c, p,
		    "this path would be sent as it stands: one pair of braces "
		    "computes it, two are braces that mean nothing");
	else
		return true;
	return false;
}

static const struct node *
compile_string(struct compiler *c, const struct place *p)
{
	struct str text = str_of(config_setting_get_string(p->at));
	struct node *n = compile_text(c, p, text);

	if (n == NULL || n->kind != NODE_LITERAL)
		return n;
	return compile_meant(c, p, text) ? finish_literal(c, p, n) : NULL;
}

static const struct node *
compile_constant(struct compiler *c, const struct place *p)
{
	struct node *n = new_node(c, p, NODE_LITERAL);

	return compile_scalar(c, p, &n->literal) ? finish_literal(c, p, n)
	                                         : NULL;
}

/* Members of a group or list under construction. */
struct builder {
	const struct place *place;
	struct node *node;
	const struct member **tail;
	bool any; /* something was written, good or bad */
};

/* A place one level below the group's or list's own. */
static struct place
place_below(const struct builder *b, const config_setting_t *at)
{
	return (struct place){ .at = at,
		.where = b->place->where,
		.item = b->place->item,
		.depth = b->place->depth + 1 };
}

static bool
plain_key(struct str key)
{
	for (size_t i = 0; i < key.len; i++)
		if (strchr("[]'. \t\r\n", key.at[i]) != NULL)
			return false;
	return key.len > 0;
}

static const char *
key_where(struct compiler *c, const char *group, struct str key)
{
	if (plain_key(key))
		return mapping_keep_print(c->m, "%s.%.*s", group, STR_ARG(key));
	return mapping_keep_print(c->m, "%s['%.*s']", group, STR_ARG(key));
}

/* ",\"city\":", ready to print; the first of a group goes without the comma. */
static struct str
printed_key(struct compiler *c, struct str key)
{
	struct bytes json;
	struct str kept;

	bytes_init(&json, (size_t)1 << 20);
	bytes_add_char(&json, ',');
	bytes_add_json(&json, key);
	bytes_add_char(&json, ':');
	kept = mapping_keep(c->m, bytes_str(&json));
	bytes_done(&json);
	return kept;
}

static void
add_member(struct compiler *c, struct builder *b, struct str key,
    const struct node *node)
{
	struct member *m = mapping_take(c->m, sizeof(*m));

	m->key = key;
	m->node = node;
	*b->tail = m;
	b->tail = &m->next;
}

static bool
is_twice(const struct builder *b, struct str key)
{
	for (const struct member *m = b->node->members; m != NULL; m = m->next)
		if (str_eq(m->key, key))
			return true;
	return false;
}

/* The field of the contract; false, with the fault, when there is none. */
static bool
find_field(struct compiler *c, struct place *p, struct str key)
{
	struct place name = *p;

	name.mark = PLACE_NAME;
	p->field = lead_field_find(key);
	if (p->field == NULL) {
		place_fault(c, &name,
		    "there is no field '%.*s' in the lead "
		    "contract%s",
		    STR_ARG(key), did_you_mean(c, lead_field_nearest(key)));
		return false;
	}
	c->appends = c->appends || p->field->appends;
	return true;
}

/* One "key = value" of a group, written as a setting or as an entry. */
static void
compile_field(struct compiler *c, struct builder *b,
    const config_setting_t *value, struct str key)
{
	struct place p = place_below(b, value);
	const struct node *node;
	struct str printed;
	bool known;

	b->any = true;
	if (!utf8_valid(key)) {
		place_fault(c, &p, "a key is not UTF-8");
		return;
	}
	p.where = key_where(c, b->place->where, key);
	printed = printed_key(c, key);
	if (is_twice(b, printed)) {
		place_fault(c, &p, "is set twice");
		return;
	}
	known = b->place->depth > 0 || find_field(c, &p, key);
	node = compile_value(c, &p); /* also for its own faults */
	if (!known)
		return;
	if (node != NULL && p.field != NULL)
		check_node(c, &p, node);
	add_member(c, b, printed, node);
}

/* ("key", value); NULL when the pair is neither. */
static const config_setting_t *
entry_key(const config_setting_t *pair)
{
	const config_setting_t *key;

	if (!config_setting_is_list(pair) || config_setting_length(pair) != 2)
		return NULL;
	key = config_setting_get_elem(pair, 0);
	return config_setting_type(key) == CONFIG_TYPE_STRING ? key : NULL;
}

/* ( ("key", value), ... ) */
static void
compile_entries(struct compiler *c, struct builder *b,
    const config_setting_t *entries)
{
	struct place p = place_below(b, entries);
	int count = config_setting_length(entries);

	b->any = b->any || count > 0;
	p.where = key_where(c, b->place->where, STR("entries"));
	if (!config_setting_is_list(entries)) {
		b->any = true;
		place_fault(c, &p,
		    "a list ( (\"key\", value), ... ) is "
		    "expected");
		return;
	}
	for (int i = 0; i < count; i++) {
		const config_setting_t *key;

		p.at = config_setting_get_elem(entries, (unsigned)i);
		key = entry_key(p.at);
		if (key == NULL)
			place_fault(c, &p,
			    "entry %d: (\"key\", value) is "
			    "expected",
			    i + 1);
		else
			compile_field(c, b, config_setting_get_elem(p.at, 1),
			    str_of(config_setting_get_string(key)));
	}
}

static void
compile_when(struct compiler *c, struct builder *b,
    const config_setting_t *when)
{
	struct place p = place_below(b, when);

	p.where = key_where(c, b->place->where, STR("when"));
	if (config_setting_type(when) != CONFIG_TYPE_STRING)
		place_fault(c, &p, "a condition in double quotes is expected");
	else
		b->node->when = compile_test(c, &p,
		    str_of(config_setting_get_string(when)));
}

static const struct node *
compile_group(struct compiler *c, const struct place *p)
{
	struct node *n = new_node(c, p, NODE_GROUP);
	struct builder b = { p, n, &n->members, false };
	int count = config_setting_length(p->at);

	for (int i = 0; i < count; i++) {
		config_setting_t *s = config_setting_get_elem(p->at,
		    (unsigned)i);
		const char *name = config_setting_name(s);

		if (strcmp(name, "when") == 0)
			compile_when(c, &b, s);
		else if (strcmp(name, "entries") == 0)
			compile_entries(c, &b, s);
		else
			compile_field(c, &b, s, str_of(name));
	}
	if (!b.any)
		place_fault(c, p, "is an empty group: it would never be sent");
	return n;
}

static const struct node *
compile_list(struct compiler *c, const struct place *p)
{
	struct node *n = new_node(c, p, NODE_LIST);
	struct builder b = { p, n, &n->members, false };
	int count = config_setting_length(p->at);

	for (int i = 0; i < count; i++) {
		struct place below = place_below(&b,
		    config_setting_get_elem(p->at, (unsigned)i));

		below.where = mapping_keep_print(c->m, "%s[%d]", p->where, i);
		below.element = true;
		add_member(c, &b, STR(","), compile_value(c, &below));
	}
	if (count == 0)
		place_fault(c, p, "is an empty list: it would never be sent");
	return n;
}

static void
compile_each_path(struct compiler *c, struct builder *b,
    const config_setting_t *each)
{
	struct place p = place_below(b, each);
	const char *string = config_setting_get_string(each);
	struct str text = string != NULL ? str_of(string) : STR_NONE;

	p.where = key_where(c, b->place->where, STR("each"));
	if (text.at == NULL)
		place_fault(c, &p, "a path in double quotes is expected");
	else
		compile_over(c, &p, text, b->node);
}

static void
compile_as(struct compiler *c, struct builder *b, const config_setting_t *as)
{
	struct place p = place_below(b, as);

	p.where = mapping_keep_print(c->m, "%s[]", b->place->where);
	p.item = true;
	b->node->as = compile_value(c, &p);
}

/* What an each may hold; all else would be lost in silence. */
static const struct {
	const char *name;
	void (*compile)(struct compiler *c, struct builder *b,
	    const config_setting_t *s);
} each_words[] = {
	{ "as", compile_as },
	{ "each", compile_each_path },
	{ "when", compile_when },
};

static const struct node *
compile_each(struct compiler *c, const struct place *p)
{
	struct node *n = new_node(c, p, NODE_EACH);
	struct builder b = { p, n, NULL, false };
	int count = config_setting_length(p->at);

	for (size_t i = 0; i < COUNT_OF(each_words); i++) {
		const config_setting_t *s = config_setting_get_member(p->at,
		    each_words[i].name);

		if (s != NULL) {
			each_words[i].compile(c, &b, s);
			count--;
		} else if (strcmp(each_words[i].name, "when") != 0)
			place_fault(c, p,
			    "%s is missing: each = \"$.path\"; "
			    "as: { ... };",
			    each_words[i].name);
	}
	if (count > 0)
		place_fault(c, p,
		    "only each, as and when may stand in a group "
		    "with each; the entry's fields go into as");
	n->poured = p->element;
	return n;
}

static const struct node *
compile_group_or_each(struct compiler *c, const struct place *p)
{
	if (config_setting_get_member(p->at, "each") != NULL ||
	    config_setting_get_member(p->at, "as") != NULL)
		return compile_each(c, p);
	return compile_group(c, p);
}

const struct node *
compile_value(struct compiler *c, const struct place *p)
{
	static const struct node *(*const compilers[])(struct compiler * c,
	    const struct place *p) = {
		[CONFIG_TYPE_NONE] = compile_constant,
		[CONFIG_TYPE_GROUP] = compile_group_or_each,
		[CONFIG_TYPE_INT] = compile_constant,
		[CONFIG_TYPE_INT64] = compile_constant,
		[CONFIG_TYPE_FLOAT] = compile_constant,
		[CONFIG_TYPE_STRING] = compile_string,
		[CONFIG_TYPE_BOOL] = compile_constant,
		[CONFIG_TYPE_ARRAY] = compile_list,
		[CONFIG_TYPE_LIST] = compile_list,
	};

	if (p->depth > MAPPING_DEPTH) {
		place_fault(c, p, "is nested more than %d deep", MAPPING_DEPTH);
		return NULL;
	}
	return compilers[config_setting_type(p->at)](c, p);
}
