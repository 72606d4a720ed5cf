/*
 * delivery/delivery_blame.c - what the API refused, back to its source.
 *
 * A detail names a field in words that are not published: "email: Invalid",
 * "body.address.city must ...", or an object with a path. Only names of the
 * contract are looked for in it, and only names of the mapping come out:
 * whatever else a detail says may be a lead's value.
 */
#include <stdio.h>
#include <string.h>

#include "delivery/delivery_envelope.h"
#include "delivery/delivery_life.h"

#define BLAME_FIELDS 16
#define BLAME_STEPS 8
/* Places told of one field: one that is refused whole may have many. */
#define BLAME_PLACES 8
#define BLAME_SOURCE 512
/*
 * Of an answer, as large as it may be: details that are looked at, of each
 * what its text begins with, and of its path so many parts.
 */
#define BLAME_DETAILS 256
#define BLAME_TEXT 256
#define BLAME_PATH 32

/* A field in its steps, "questionnaire", "answer"; indexes are left out. */
struct steps {
	struct str at[BLAME_STEPS];
	size_t count;
};

struct blame {
	struct mapping_watch watch;
	blame_tell *tell;
	void *arg;
	struct bytes source; /* what gave the place that is being told */
	struct refused {
		struct steps steps;
		const char *last; /* told last; the items of an each share it */
		unsigned places;
	} list[BLAME_FIELDS];
	size_t count;
};

static bool
is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') || c == '_';
}

/*
 * Takes the next word; *joined where it goes on from the one before, as in
 * "a.b", "a[0]", "a['b']".
 */
static bool
take_word(struct str *rest, struct str *word, bool *joined)
{
	static const char joints[] = ".[]'\"/";
	const char *at = rest->at, *end = at + rest->len, *start;

	*joined = true;
	for (; at < end && !is_word(*at); at++)
		*joined = *joined &&
		    memchr(joints, *at, sizeof(joints) - 1) != NULL;
	start = at;
	while (at < end && is_word(*at))
		at++;
	*word = str_span(start, at);
	*rest = str_span(at, end);
	return word->len > 0;
}

/*
 * An index says little: what is absent is left out of a list, so the API's
 * second may be the mapping's third.
 */
static bool
is_index(struct str word)
{
	return str_number(word, INT32_MAX) >= 0;
}

/* The next word that goes on from the one before and is no index. */
static bool
take_name(struct str *rest, struct str *word)
{
	bool joined;

	do
		if (!take_word(rest, word, &joined) || !joined)
			return false;
	while (is_index(*word));
	return true;
}

/* Names that go on from the first; what is deeper does not matter. */
static void
take_steps(struct str rest, struct str first, struct steps *out)
{
	out->at[0] = first;
	out->count = 1;
	while (
	    out->count < BLAME_STEPS && take_name(&rest, &out->at[out->count]))
		out->count++;
}

/* The first name of the contract in a text, and what follows it. */
static bool
find_steps(struct str text, struct steps *out)
{
	struct str word;
	bool joined;

	if (text.len > BLAME_TEXT)
		text.len = BLAME_TEXT;
	while (take_word(&text, &word, &joined))
		if (lead_field_find(word) != NULL) {
			take_steps(text, word, out);
			return true;
		}
	return false;
}

/* [ "questionnaire", 0, "answer" ] */
static bool
steps_of_list(const struct document *d, doc_node list, struct steps *out)
{
	unsigned looked = 0;

	out->count = 0;
	DOC_FOREACH (d, list, n) {
		struct str text = doc_text(d, n);

		if (looked++ == BLAME_PATH)
			break;
		if (text.at == NULL || is_index(text))
			continue;
		if (out->count == BLAME_STEPS)
			break;
		/* It may begin with where it was: "body", "update". */
		if (out->count > 0 || lead_field_find(text) != NULL)
			out->at[out->count++] = text;
	}
	return out->count > 0;
}

static bool
steps_of_detail(const struct document *d, doc_node detail, struct steps *out)
{
	static const struct str names[] = { STR("path"), STR("field"),
		STR("message") };

	if (doc_kind(d, detail) == DOC_STRING)
		return find_steps(doc_text(d, detail), out);
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		doc_node n = doc_member(d, detail, names[i]);

		if (doc_kind(d, n) == DOC_ARRAY
		        ? steps_of_list(d, n, out)
		        : doc_kind(d, n) == DOC_STRING &&
		            find_steps(doc_text(d, n), out))
			return true;
	}
	return false;
}

/*
 * True where a place of the mapping ("questionnaire[].answer") and a field
 * are the same, or one of them is inside the other.
 */
static bool
is_within(const char *place, const struct steps *field)
{
	struct str rest = str_of(place), word;

	for (size_t i = 0; i < field->count; i++) {
		if (!take_name(&rest, &word))
			return true;
		if (!str_eq(word, field->at[i]))
			return false;
	}
	return true;
}

/* where: of the target, "update.address.city". */
static void
tell_place(struct blame *b, const char *where, struct str source,
    const config_setting_t *at)
{
	static const struct str update = STR("update.");
	struct blamed one = { .field = str_of(where),
		.source = source,
		.file = settings_where(at),
		.line = settings_line(at) };
	bool found = false;

	if (!str_starts(one.field, update))
		return;
	one.field = str_skip(one.field, update.len);
	for (size_t i = 0; i < b->count; i++) {
		struct refused *r = &b->list[i];

		if (r->last == where || r->places == BLAME_PLACES ||
		    !is_within(one.field.at, &r->steps))
			continue;
		r->last = where;
		r->places++;
		found = true;
	}
	if (found)
		b->tell(b->arg, &one);
}

static void
on_told(void *context, const struct mapping_told *told)
{
	struct blame *b = context;

	if (told->kind == MAPPING_TOLD_SOURCE && told->rule != NULL) {
		if (b->source.len > 0)
			bytes_add_text(&b->source, ", ");
		bytes_add_str(&b->source, told->text);
	}
	if (told->kind != MAPPING_TOLD_FIELD &&
	    told->kind != MAPPING_TOLD_FAULT)
		return;
	if (told->rule != NULL && told->at != NULL)
		tell_place(b, told->where,
		    b->source.len > 0 ? bytes_str(&b->source) : told->text,
		    told->at);
	bytes_clear(&b->source);
}

static void
on_rule(void *context, const struct mapping_rule *rule)
{
	if (rule->kind == MAPPING_RULE_FIELD && rule->at != NULL)
		tell_place(context, rule->where, rule->text, rule->at);
}

static bool
is_known(const struct blame *b, const struct steps *field)
{
	for (size_t i = 0; i < b->count; i++) {
		const struct steps *other = &b->list[i].steps;
		size_t n = 0;

		while (n < field->count && n < other->count &&
		    str_eq(field->at[n], other->at[n]))
			n++;
		if (n == field->count && n == other->count)
			return true;
	}
	return false;
}

/* One field may be refused for several reasons. */
static void
add_details(struct blame *b, const struct envelope *e)
{
	doc_node details = doc_member(e->document, e->error, STR("details"));
	struct steps field;
	unsigned looked = 0;

	DOC_FOREACH (e->document, details, n) {
		if (looked++ == BLAME_DETAILS || b->count == BLAME_FIELDS)
			return;
		if (steps_of_detail(e->document, n, &field) &&
		    !is_known(b, &field))
			b->list[b->count++].steps = field;
	}
}

struct blame *
blame_new(struct str body, struct arena *arena, blame_tell *tell, void *arg)
{
	struct envelope e;
	struct blame *b;

	if (!envelope_read(body, arena, &e) ||
	    !str_eq(envelope_text(&e, STR("code")), STR("VALIDATION_ERROR")))
		return NULL;
	b = arena_take(arena, sizeof(*b));
	if (b == NULL)
		return NULL;
	memset(b, 0, sizeof(*b));
	b->watch = (struct mapping_watch){ .tell = on_told, .context = b };
	b->tell = tell;
	b->arg = arg;
	bytes_init_in(&b->source, arena, BLAME_SOURCE);
	add_details(b, &e);
	return b;
}

const struct mapping_watch *
blame_watch(const struct blame *b)
{
	return &b->watch;
}

void
blame_lookup(struct blame *b, const struct mapping *m)
{
	mapping_rules(m, on_rule, b);
}

/* It or another part of its field, of those before the i-th. */
static bool
is_told(const struct blame *b, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (b->list[k].places == 0 &&
		    str_eq(b->list[k].steps.at[0], b->list[i].steps.at[0]))
			return true;
	return false;
}

void
blame_rest(const struct blame *b)
{
	for (size_t i = 0; i < b->count; i++) {
		const struct refused *r = &b->list[i];
		const struct lead_field *f = lead_field_find(r->steps.at[0]);
		struct blamed one = { .field = str_of(f->name) };

		if (r->places == 0 && !is_told(b, i))
			b->tell(b->arg, &one);
	}
	if (b->count == 0)
		b->tell(b->arg, &(struct blamed){ .field = STR_NONE });
}

void
blame_log(const char *delivery, const char *route, const struct blamed *one)
{
	char field[128], source[512], at[256];

	snprintf(field, sizeof(field), "%.*s", STR_ARG(one->field));
	snprintf(source, sizeof(source), "%.*s", STR_ARG(one->source));
	snprintf(at, sizeof(at), "%s:%u", one->file, one->line);
	log_event(LOG_LEVEL_WARNING, "field refused", "delivery", delivery,
	    "route", route, "field", one->field.at != NULL ? field : NULL,
	    "source", one->source.at != NULL ? source : NULL, "at",
	    one->file != NULL ? at : NULL, NULL);
}

static void
on_blamed(void *arg, const struct blamed *one)
{
	struct delivery *d = arg;

	if (d->blamed < BLAME_LINES) {
		d->blamed++;
		blame_log(d->id, route_path(d->route), one);
	}
}

void
delivery_blame(struct delivery *d, const struct upstream_answer *got)
{
	doc_node event = d->events.at != NULL ? d->events.at[d->next - 1]
	                                      : DOC_NONE;
	struct mapping_update again;
	struct fault why = { 0 };
	struct blame *b;

	if (got->outcome != UPSTREAM_ANSWERED || got->status < 400 ||
	    got->status >= 500 || d->blamed == BLAME_LINES ||
	    !log_wants(LOG_LEVEL_WARNING))
		return;
	b = blame_new(got->body, d->exchange->arena, on_blamed, d);
	if (b == NULL)
		return;
	d->input.watch = blame_watch(b);
	(void)!mapping_run(d->route->mapping, &d->input, event, &again, &why);
	d->input.watch = NULL;
	blame_rest(b);
}
