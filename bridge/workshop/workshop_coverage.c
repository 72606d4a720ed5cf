/* workshop/workshop_coverage.c - what the samples of a mapping try. */
#include <stdlib.h>
#include <string.h>

#include "workshop/workshop_coverage.h"
#include "terminal/terminal.h"
#include "workshop/workshop_outcome.h"

#define SAMPLE_CEILING ((size_t)64 << 20)

/* One sample on its way; its document's nodes that gave a value. */
struct trial {
	struct coverage *c;
	const struct document *document;
	bool *used;
	size_t used_count;
};

static void
add_rule(void *context, const struct mapping_rule *rule)
{
	struct coverage *c = context;

	c->rules = base_grow(c->rules, c->rule_count + 1, sizeof(*c->rules));
	c->rules[c->rule_count] = (struct rule){ *rule, c->rule_count, false };
	c->rule_count++;
}

static int
by_id(const void *a, const void *b)
{
	const struct rule *one = a, *other = b;
	uintptr_t x = (uintptr_t)one->is.id, y = (uintptr_t)other->is.id;

	return (x > y) - (x < y);
}

static int
by_number(const void *a, const void *b)
{
	const struct rule *one = a, *other = b;

	return (one->number > other->number) - (one->number < other->number);
}

static int
by_path(const void *a, const void *b)
{
	const struct path *one = a, *other = b;

	return strcmp(one->text, other->text);
}

static void
mark(struct trial *t, doc_node n)
{
	size_t count = (size_t)n * 2 + 64;

	if (n >= t->used_count) {
		t->used = base_grow(t->used, count, sizeof(*t->used));
		memset(t->used + t->used_count, 0,
		    (count - t->used_count) * sizeof(*t->used));
		t->used_count = count;
	}
	t->used[n] = true;
}

/* The item of an update is what '@' is, and no value of it yet. */
static void
tell(void *context, const struct mapping_told *told)
{
	struct trial *t = context;
	struct rule key = { .is = { .id = told->rule } }, *rule;

	for (size_t i = 0;
	     i < told->node_count && told->kind != MAPPING_TOLD_UPDATE; i++)
		mark(t, told->nodes[i]);
	if (told->rule == NULL || t->c->rule_count == 0)
		return;
	rule = bsearch(&key, t->c->rules, t->c->rule_count, sizeof(key), by_id);
	if (rule != NULL)
		rule->fired = true;
}

static bool
is_word(struct str key)
{
	for (size_t i = 0; i < key.len; i++) {
		char ch = key.at[i];

		if (!((ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') ||
		        ch == '_' || (i > 0 && ch >= '0' && ch <= '9')))
			return false;
	}
	return key.len > 0;
}

void
path_add_name(struct bytes *path, struct str key)
{
	if (is_word(key)) {
		bytes_add_char(path, '.');
		bytes_add_str(path, key);
		return;
	}
	bytes_add_text(path, "['");
	for (size_t i = 0; i < key.len; i++) {
		unsigned char ch = (unsigned char)key.at[i];

		if (ch < 0x20 || ch == 0x7f) {
			bytes_addf(path, "\\u%04x", ch);
			continue;
		}
		if (ch == '\'' || ch == '\\')
			bytes_add_char(path, '\\');
		bytes_add_char(path, key.at[i]);
	}
	bytes_add_text(path, "']");
}

static void
add_path(struct coverage *c, struct str text, bool mapped)
{
	if (c->path_count == c->path_room) {
		c->path_room = c->path_room * 2 + 64;
		c->paths = base_grow(c->paths, c->path_room, sizeof(*c->paths));
	}
	c->paths[c->path_count++] = (struct path){
		base_print("%.*s", STR_ARG(text)), mapped
	};
}

/* Every value without parts; as deep as the document, whose ceiling holds. */
static void
add_paths(struct trial *t, doc_node n, struct bytes *path, bool mapped)
{
	const struct document *d = t->document;
	size_t len = path->len;

	mapped = mapped || (n < t->used_count && t->used[n]);
	if (doc_count(d, n) == 0)
		add_path(t->c, bytes_str(path), mapped);
	DOC_FOREACH (d, n, child) {
		if (doc_kind(d, n) == DOC_OBJECT)
			path_add_name(path, doc_key(d, child));
		else
			bytes_add_text(path, "[*]");
		add_paths(t, child, path, mapped);
		path->len = len;
	}
}

/* Sorts, and makes one of what came again: mapped when any of it was. */
static void
merge_paths(struct coverage *c)
{
	size_t kept = 0;

	if (c->path_count == 0)
		return;
	qsort(c->paths, c->path_count, sizeof(*c->paths), by_path);
	for (size_t i = 1; i < c->path_count; i++) {
		if (by_path(&c->paths[kept], &c->paths[i]) != 0) {
			c->paths[++kept] = c->paths[i];
			continue;
		}
		c->paths[kept].mapped |= c->paths[i].mapped;
		base_free(c->paths[i].text);
	}
	c->path_count = kept + 1;
}

/*
 * What is null or empty in one sample and has parts in another is mapped when
 * any of these is. Sorted, all that begins alike stands behind it.
 */
static void
settle_paths(struct coverage *c)
{
	for (size_t i = 0; i < c->path_count; i++) {
		const char *text = c->paths[i].text, *rest;
		size_t len = strlen(text);

		for (size_t k = i + 1;
		     k < c->path_count && !c->paths[i].mapped &&
		     strncmp(c->paths[k].text, text, len) == 0;
		     k++) {
			rest = c->paths[k].text + len;
			c->paths[i].mapped = c->paths[k].mapped &&
			    (*rest == '.' || *rest == '[');
		}
	}
}

static void
add_written(struct coverage *c, struct str body, struct arena *arena)
{
	size_t count;
	const struct lead_field *fields = lead_fields(&count), *field;
	struct fault why = { 0 };
	const struct document *d = decode_json(arena, body,
	    &decode_limits_default, &why);

	if (d == NULL)
		return;
	DOC_FOREACH (d, doc_root(d), child) {
		field = lead_field_find(doc_key(d, child));
		if (field != NULL)
			c->written[field - fields] = true;
	}
}

static void
add_outcome(struct coverage *c, const struct outcome *o, struct arena *arena)
{
	c->samples++;
	c->refused += o->fault.code != FAULT_NONE;
	c->ignored += o->fault.code == FAULT_NONE && o->count == 0;
	for (size_t i = 0; i < o->count; i++) {
		const struct outcome_update *u = &o->updates[i];

		if (u->fault.code != FAULT_NONE) {
			c->refused++;
		} else if (u->update.skipped) {
			c->ignored++;
		} else {
			c->updates++;
			add_written(c, u->update.body, arena);
		}
	}
}

static void
try_request(struct coverage *c, const struct request *request,
    struct arena *arena)
{
	struct trial t = { .c = c };
	struct mapping_watch watch = { tell, &t };
	struct outcome outcome;
	struct bytes path;

	outcome_watched(c->route, request, arena, &watch, &outcome);
	add_outcome(c, &outcome, arena);
	t.document = outcome.document;
	bytes_init(&path, SIZE_MAX / 4);
	bytes_add_char(&path, '$');
	if (t.document != NULL)
		add_paths(&t, doc_root(t.document), &path, false);
	merge_paths(c);
	bytes_done(&path);
	base_free(t.used);
}

int
coverage_try(struct coverage *c, const char *file)
{
	struct arena *arena = arena_new((size_t)1 << 30);
	struct fault why = { 0 };
	struct str text = file_read(file, SAMPLE_CEILING, &why);
	struct request request;
	int code = EXIT_OK;

	if (text.at == NULL)
		code = complain_fault(&why, EXIT_CANNOT);
	else if (sample_parse(text, file, arena, &request, &why) == -1)
		code = complain_fault(&why, EXIT_FAULTS);
	else
		try_request(c, &request, arena);
	if (text.at != NULL)
		file_done(text);
	arena_free(arena);
	return code;
}

void
coverage_start(struct coverage *c, const struct route *r)
{
	size_t fields;

	(void)lead_fields(&fields);
	*c = (struct coverage){ .route = r };
	c->written = base_alloc(fields * sizeof(*c->written));
	mapping_rules(route_mapping(r), add_rule, c);
	if (c->rule_count > 0)
		qsort(c->rules, c->rule_count, sizeof(*c->rules), by_id);
}

void
coverage_settle(struct coverage *c)
{
	settle_paths(c);
	if (c->rule_count > 0)
		qsort(c->rules, c->rule_count, sizeof(*c->rules), by_number);
}

void
coverage_done(struct coverage *c)
{
	for (size_t i = 0; i < c->path_count; i++)
		base_free(c->paths[i].text);
	base_free(c->paths);
	base_free(c->rules);
	base_free(c->written);
}
