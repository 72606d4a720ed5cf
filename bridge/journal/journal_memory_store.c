/* journal/journal_memory_store.c - what there is, and how it hangs together. */
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "journal/journal_memory.h"

static int
compare_deliveries(const void *a, const void *b)
{
	const struct mem_delivery *x = a, *y = b;

	return strcmp(x->id, y->id);
}

static int
compare_lanes(const void *a, const void *b)
{
	const struct mem_lane *x = a, *y = b;
	int by_lead = str_cmp(x->lead, y->lead);

	return by_lead != 0 ? by_lead : str_cmp(x->target, y->target);
}

static int
compare_keys(const void *a, const void *b)
{
	const struct mem_key *x = a, *y = b;

	return memcmp(x->hash, y->hash, JOURNAL_HASH);
}

static void *
find(void *const *tree, const void *like,
    int (*compare)(const void *a, const void *b))
{
	void *const *node = tfind(like, tree, compare);

	return node != NULL ? *node : NULL;
}

static void
insert(void **tree, void *what, int (*compare)(const void *a, const void *b))
{
	if (tsearch(what, tree, compare) == NULL)
		bug("out of memory");
}

struct mem_delivery *
mem_find_delivery(struct mem_store *s, const char *id)
{
	struct mem_delivery like = { .next_n = 0 };

	snprintf(like.id, sizeof(like.id), "%s", id);
	return find(&s->deliveries_tree, &like, compare_deliveries);
}

struct mem_lane *
mem_find_lane(struct mem_store *s, struct str target, struct str lead)
{
	struct mem_lane like = { .target = target, .lead = lead };

	return find(&s->lanes_tree, &like, compare_lanes);
}

struct mem_key *
mem_find_key(struct mem_store *s, const char *hash)
{
	struct mem_key like = { .at_ms = 0 };

	memcpy(like.hash, hash, JOURNAL_HASH);
	return find(&s->keys_tree, &like, compare_keys);
}

/* False: out of memory. An absent text stays absent. */
static bool
text_copy(struct str *to, struct str from)
{
	char *copy;

	*to = STR_NONE;
	if (from.at == NULL)
		return true;
	copy = malloc(from.len + 1);
	if (copy == NULL)
		return false;
	memcpy(copy, from.at, from.len);
	copy[from.len] = '\0';
	to->at = copy;
	to->len = from.len;
	return true;
}

void
mem_text_free(struct str *text)
{
	free((void *)(uintptr_t)text->at); /* text_copy() made it */
	*text = STR_NONE;
}

static struct mem_lane *
lane_of(struct mem_store *s, const struct mem_item *item, int64_t now_ms)
{
	struct mem_lane *lane = mem_find_lane(s, item->target, item->lead);

	if (lane != NULL)
		return lane;
	lane = base_alloc(sizeof(*lane));
	if (!text_copy(&lane->target, item->target) ||
	    !text_copy(&lane->lead, item->lead))
		bug("out of memory");
	TAILQ_INIT(&lane->items);
	lane->due_ms = now_ms;
	insert(&s->lanes_tree, lane, compare_lanes);
	LIST_INSERT_HEAD(&s->lanes, lane, in_lanes);
	return lane;
}

static void
lane_free(struct mem_store *s, struct mem_lane *lane)
{
	tdelete(lane, &s->lanes_tree, compare_lanes);
	LIST_REMOVE(lane, in_lanes);
	mem_text_free(&lane->target);
	mem_text_free(&lane->lead);
	base_free(lane);
}

bool
mem_lane_blocked(const struct mem_lane *lane)
{
	return TAILQ_FIRST(&lane->items)->state == JOURNAL_DEAD;
}

struct mem_delivery *
mem_delivery_new(const struct journal_accept *a)
{
	struct mem_delivery *d = base_alloc(sizeof(*d));

	memcpy(d->id, a->id, sizeof(d->id));
	d->received_ms = a->received_ms;
	TAILQ_INIT(&d->items);
	if (text_copy(&d->route, a->route) && text_copy(&d->event, a->event) &&
	    text_copy(&d->verdict, a->verdict))
		return d;
	mem_delivery_discard(d);
	return NULL;
}

void
mem_delivery_link(struct mem_store *s, struct mem_delivery *d)
{
	insert(&s->deliveries_tree, d, compare_deliveries);
}

void
mem_item_discard(struct mem_item *item)
{
	TAILQ_REMOVE(&item->delivery->items, item, in_delivery);
	mem_text_free(&item->target);
	mem_text_free(&item->lead);
	mem_text_free(&item->body);
	base_free(item);
}

void
mem_delivery_discard(struct mem_delivery *d)
{
	struct mem_item *item;

	while ((item = TAILQ_FIRST(&d->items)) != NULL)
		mem_item_discard(item);
	mem_text_free(&d->route);
	mem_text_free(&d->event);
	mem_text_free(&d->verdict);
	base_free(d);
}

struct mem_item *
mem_item_new(struct mem_delivery *d, const struct journal_update *u,
    unsigned flags, int64_t now_ms)
{
	struct mem_item *item = base_alloc(sizeof(*item));

	item->delivery = d;
	item->n = d->next_n++;
	item->state = JOURNAL_WAITING;
	item->flags = flags;
	item->since_ms = now_ms;
	item->updated_ms = now_ms;
	TAILQ_INSERT_TAIL(&d->items, item, in_delivery);
	if (u->refused.at != NULL) {
		item->state = JOURNAL_REFUSED;
		snprintf(item->reason, sizeof(item->reason), "%.*s",
		    STR_ARG(u->refused));
	}
	if (text_copy(&item->target, u->target) &&
	    text_copy(&item->lead, u->lead) && text_copy(&item->body, u->body))
		return item;
	mem_item_discard(item);
	return NULL;
}

void
mem_item_enter(struct mem_store *s, struct mem_item *item, int64_t now_ms)
{
	item->order = ++s->last_order;
	TAILQ_INSERT_TAIL(&s->all, item, in_all);
	if (item->state != JOURNAL_WAITING)
		return;
	item->lane = lane_of(s, item, now_ms);
	TAILQ_INSERT_TAIL(&item->lane->items, item, in_lane);
}

void
mem_item_replace(struct mem_store *s, struct mem_item *item,
    struct mem_item *old, int64_t now_ms)
{
	item->order = old->order;
	item->lane = old->lane;
	TAILQ_INSERT_BEFORE(old, item, in_all);
	TAILQ_INSERT_BEFORE(old, item, in_lane);
	item->lane->due_ms = now_ms;
	mem_item_leave(s, old, now_ms);
}

void
mem_item_leave(struct mem_store *s, struct mem_item *item, int64_t now_ms)
{
	struct mem_lane *lane = item->lane;

	if (lane == NULL)
		return;
	if (TAILQ_FIRST(&lane->items) == item) {
		lane->due_ms = now_ms;
		lane->fence = 0;
	}
	TAILQ_REMOVE(&lane->items, item, in_lane);
	item->lane = NULL;
	if (TAILQ_EMPTY(&lane->items))
		lane_free(s, lane);
}

void
mem_item_delete(struct mem_store *s, struct mem_item *item, int64_t now_ms)
{
	struct mem_delivery *d = item->delivery;

	mem_item_leave(s, item, now_ms);
	TAILQ_REMOVE(&s->all, item, in_all);
	mem_item_discard(item);
	if (!TAILQ_EMPTY(&d->items))
		return;
	if (d->key != NULL)
		d->key->delivery = NULL;
	tdelete(d, &s->deliveries_tree, compare_deliveries);
	mem_delivery_discard(d);
}

void
mem_item_move(struct mem_item *item, enum journal_state to, int64_t now_ms)
{
	if (!journal_may_move(item->state, to))
		bug("an item cannot go from %s to %s",
		    name_text(journal_states, (int)item->state),
		    name_text(journal_states, (int)to));
	item->state = to;
	item->updated_ms = now_ms;
}

void
mem_item_drop_body(struct mem_item *item)
{
	struct mem_delivery *d = item->delivery;
	const struct mem_item *other;

	mem_text_free(&item->body);
	TAILQ_FOREACH (other, &d->items, in_delivery)
		if (other->state != JOURNAL_DONE || other->body.at != NULL)
			return;
	mem_text_free(&d->event);
}

void
mem_key_add(struct mem_store *s, const struct journal_accept *a,
    struct mem_delivery *d, int64_t now_ms)
{
	struct mem_key *key = base_alloc(sizeof(*key));

	memcpy(key->hash, a->key.at, JOURNAL_HASH);
	memcpy(key->body, a->digest, JOURNAL_HASH);
	memcpy(key->id, a->id, sizeof(key->id));
	key->delivery = d;
	key->at_ms = now_ms;
	d->key = key;
	insert(&s->keys_tree, key, compare_keys);
	TAILQ_INSERT_TAIL(&s->keys, key, in_keys);
}

void
mem_key_delete(struct mem_store *s, struct mem_key *key)
{
	if (key->delivery != NULL)
		key->delivery->key = NULL;
	tdelete(key, &s->keys_tree, compare_keys);
	TAILQ_REMOVE(&s->keys, key, in_keys);
	base_free(key);
}
