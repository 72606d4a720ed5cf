/*
 * console/console_deliveries_summary.c - how many of which kind, and why.
 *
 * It pages through what `list` shows and keeps a line a kind: what it takes of
 * memory is kinds, not updates.
 */
#include <stdlib.h>
#include <string.h>

#include "console/console_deliveries_summary.h"
#include "base/base.h"

#define PAGE_ROWS 1000
#define COUNT_USUAL 1000000
#define COUNT_MOST 100000000
/* All but what is over, and needs nobody. */
#define STATES_USUAL "waiting,sending,dead,refused"

static const char *const part_names[KIND_PARTS] = {
	[KIND_STATE] = "state",
	[KIND_ROUTE] = "route",
	[KIND_UPSTREAM] = "upstream",
	[KIND_STATUS] = "status",
	[KIND_REASON] = "reason",
};

static bool
is_word_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
}

/* A number says which of many; the status says what it is about. */
static void
add_word(struct bytes *out, struct str word, struct str status)
{
	if (str_is_uuid(word))
		bytes_add_text(out, "ID");
	else if (str_number(word, INT64_MAX) >= 0 && !str_eq(word, status))
		bytes_add_char(out, 'N');
	else
		bytes_add_str(out, word);
}

static void
add_alike(struct bytes *out, struct str reason, struct str status)
{
	for (size_t i = 0, end; i < reason.len; i = end) {
		for (end = i; end < reason.len && is_word_char(reason.at[end]);)
			end++;
		if (end == i)
			bytes_add_char(out, reason.at[end++]);
		else
			add_word(out, (struct str){ reason.at + i, end - i },
			    status);
	}
}

static struct kind *
find_kind(const struct summary *s)
{
	struct str key = bytes_str(&s->key);

	for (size_t i = 0; i < s->kind_count; i++) {
		struct kind *k = &s->kinds[i];

		if (str_eq((struct str){ k->key, k->key_len }, key))
			return k;
	}
	return NULL;
}

static struct kind *
add_kind(struct summary *s, const struct str *parts, bool stranded)
{
	struct kind *k;

	s->kinds = base_grow(s->kinds, s->kind_count + 1, sizeof(*s->kinds));
	k = &s->kinds[s->kind_count++];
	*k = (struct kind){ .key = base_alloc(s->key.len + 1),
		.key_len = s->key.len,
		.alike = s->alike,
		.stranded = stranded };
	memcpy(k->key, s->key.data, s->key.len);
	for (size_t i = 0; i < KIND_PARTS; i++)
		k->parts[i] = base_print("%.*s", STR_ARG(parts[i]));
	return k;
}

/* Where this one differs, what is alike of all takes its place. */
static void
share_reason(struct kind *k, struct str reason)
{
	const char *alike = k->key + k->alike;

	if (str_eq(str_of(k->parts[KIND_REASON]), reason) ||
	    strcmp(k->parts[KIND_REASON], alike) == 0)
		return;
	base_free(k->parts[KIND_REASON]);
	k->parts[KIND_REASON] = base_copy(alike);
}

/* Times of one form: their order is that of their texts. */
static void
note_time(struct kind *k, struct str time)
{
	char text[sizeof(k->oldest)];

	snprintf(text, sizeof(text), "%.*s", STR_ARG(time));
	if (k->count == 0 || strcmp(text, k->oldest) < 0)
		memcpy(k->oldest, text, sizeof(text));
	if (k->count == 0 || strcmp(text, k->newest) > 0)
		memcpy(k->newest, text, sizeof(text));
}

static void
make_key(struct summary *s, const struct str *parts)
{
	bytes_clear(&s->key);
	for (size_t i = 0; i < KIND_REASON; i++) {
		bytes_add_str(&s->key, parts[i]);
		bytes_add_char(&s->key, '\0');
	}
	s->alike = s->key.len;
	add_alike(&s->key, parts[KIND_REASON], parts[KIND_STATUS]);
}

static void
count_item(struct summary *s, const struct document *d, doc_node item)
{
	struct str parts[KIND_PARTS];
	struct kind *k;

	for (size_t i = 0; i < KIND_PARTS; i++)
		parts[i] = client_text(d, item, part_names[i]);
	parts[KIND_REASON] = deliveries_reason(d, item);
	make_key(s, parts);
	k = find_kind(s);
	s->updates++;
	if (k == NULL && s->kind_count == KINDS_MOST) {
		s->others++;
		return;
	}
	if (k == NULL)
		k = add_kind(s, parts, deliveries_is_stranded(d, item));
	share_reason(k, parts[KIND_REASON]);
	note_time(k, client_text(d, item, "received"));
	k->count++;
}

/* Newest first: a revived one, which goes to the end, is not seen twice. */
static int
count_all(struct client *c, const struct given *g, size_t most,
    struct summary *s)
{
	struct page page = { .states = given_option(g, "state"),
		.newest = true };
	struct client_answer a;
	int code;

	if (page.states == NULL)
		page.states = STATES_USUAL;
	do {
		page.most = most - s->updates < PAGE_ROWS ? most - s->updates
		                                          : PAGE_ROWS;
		code = deliveries_page(c, g, &page, &a);
		if (code != EXIT_OK)
			return code;
		DOC_FOREACH (a.doc, doc_member(a.doc, a.data, STR("items")),
		    item)
			count_item(s, a.doc, item);
	} while (page.after[0] != '\0' && s->updates < most);
	s->complete = page.after[0] == '\0';
	return EXIT_OK;
}

static int
most_first(const void *left, const void *right)
{
	const struct kind *a = left, *b = right;

	if (a->count != b->count)
		return a->count > b->count ? -1 : 1;
	return str_cmp((struct str){ a->key, a->key_len },
	    (struct str){ b->key, b->key_len });
}

static void
summary_done(struct summary *s)
{
	for (size_t i = 0; i < s->kind_count; i++) {
		base_free(s->kinds[i].key);
		for (size_t p = 0; p < KIND_PARTS; p++)
			base_free(s->kinds[i].parts[p]);
	}
	base_free(s->kinds);
	bytes_done(&s->key);
}

int
deliveries_summary(struct client *c, const struct given *g)
{
	struct summary s = { 0 };
	size_t most = 0;
	int code = deliveries_limit(g, COUNT_USUAL, COUNT_MOST, &most);

	if (code != EXIT_OK)
		return code;
	bytes_init(&s.key, SIZE_MAX / 2);
	code = count_all(c, g, most, &s);
	if (code == EXIT_OK && s.kind_count > 1)
		qsort(s.kinds, s.kind_count, sizeof(*s.kinds), most_first);
	if (code == EXIT_OK && given_json(g))
		summary_print_json(&s);
	else if (code == EXIT_OK)
		summary_print_text(&s, g);
	summary_done(&s);
	return code;
}
