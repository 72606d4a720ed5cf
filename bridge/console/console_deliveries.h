/*
 * console/console_deliveries.h - the parts of `deliveries`. Private.
 *
 * Each is a word behind the verb; console_verb_deliveries.c has their table.
 * All are clients of a running bridge.
 */
#ifndef BRIDGE_CONSOLE_DELIVERIES_H
#define BRIDGE_CONSOLE_DELIVERIES_H

#include "console/console_client.h"

/* Each returns an exit code; the client is open. */
int deliveries_list(struct client *c, const struct given *g);
int deliveries_summary(struct client *c, const struct given *g);
int deliveries_show(struct client *c, const struct given *g);
int deliveries_tail(struct client *c, const struct given *g);
int deliveries_retry(struct client *c, const struct given *g);
int deliveries_drop(struct client *c, const struct given *g);
int deliveries_export(struct client *c, const struct given *g);

/* Deliveries to act on; base_free(at). */
struct delivery_ids {
	char (*at)[40];
	size_t count;
	bool by_filter; /* nobody named them */
};

/*
 * Adds one as `list` prints it: the delivery of "ID/N" where an update's
 * number is allowed. An exit code, with what is wrong said.
 */
int deliveries_take(const char *word, bool numbered,
    struct delivery_ids *out) MUST_CHECK;
/*
 * Those named from the `from`th argument on, or else those the filter's
 * options find: dead and refused ones where no state is given. An exit code.
 */
int deliveries_find(struct client *c, const struct given *g, size_t from,
    struct delivery_ids *out) MUST_CHECK;

/* A page of a list; route, lead and times are the options'. */
struct page {
	const char *states; /* NULL: all */
	bool newest;
	size_t most;      /* items, 1 to 1000 */
	char after[24];   /* "": from the start */
	struct str extra; /* more of the query, "&id=..."; or STR_NONE */
};
/* Asks for it; page.after is what comes behind, "" when nothing does. */
int deliveries_page(struct client *c, const struct given *g, struct page *page,
    struct client_answer *out) MUST_CHECK;
/* --limit, 1 to most; an exit code. */
int deliveries_limit(const struct given *g, size_t usual, size_t most,
    size_t *out) MUST_CHECK;

/* Asks for one delivery, whole. */
int deliveries_get(struct client *c, const char *id,
    struct client_answer *out) MUST_CHECK;

/* "2026-11-28 11:02:03Z" of an RFC 3339 time in UTC. */
void deliveries_add_time(struct bytes *out, struct str time);
/* It waits for an upstream that the settings do not name. */
bool deliveries_is_stranded(const struct document *d, doc_node item);
/* Why it is where it is, for people; "" where there is nothing to say. */
struct str deliveries_reason(const struct document *d, doc_node item);
/* One line an item, for people, its columns as wide as that, or as it takes. */
enum item_column {
	ITEM_UPDATE,
	ITEM_ATTEMPTS,
	ITEM_LEAD,
	ITEM_ROUTE,
	ITEM_COLUMNS
};
struct item_widths {
	size_t of[ITEM_COLUMNS]; /* characters */
};
/* Makes them as wide as this item takes. */
void deliveries_measure(const struct document *d, doc_node item,
    struct item_widths *w);
void deliveries_print_item(const struct document *d, doc_node item,
    const struct item_widths *w, struct bytes *out);
/* Lines of "- field: value", "+ field: value"; nothing when they are equal. */
void deliveries_print_diff(const struct document *d, doc_node was, doc_node now,
    struct bytes *out);

#endif
