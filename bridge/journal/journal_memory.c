/*
 * journal/journal_memory.c - the reference backend: rules, and no disk.
 *
 * What it holds is gone with the process. It is what the other backends are
 * measured against, and good for trying things out.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "journal/journal_memory.h"

static void *
open_store(const char *url, const struct journal_settings *settings,
    struct fault *why)
{
	struct mem_store *s = base_alloc(sizeof(*s));

	(void)url;
	(void)why;
	journal_clock_set(&s->clock, 0);
	s->keep_done = settings->keep_done;
	s->keep_bodies = settings->keep_bodies;
	s->keep_keys = settings->keep_keys;
	s->keep_dead = settings->keep_dead;
	s->keep_refused = settings->keep_refused;
	TAILQ_INIT(&s->all);
	LIST_INIT(&s->lanes);
	TAILQ_INIT(&s->keys);
	return s;
}

static void
close_store(void *store)
{
	struct mem_store *s = store;
	struct mem_item *item;
	struct mem_key *key;

	while ((item = TAILQ_FIRST(&s->all)) != NULL)
		mem_item_delete(s, item, 0);
	while ((key = TAILQ_FIRST(&s->keys)) != NULL)
		mem_key_delete(s, key);
	base_free(s);
}

static void
refuse(struct journal_op *op)
{
	op->result = JOURNAL_UNAVAILABLE;
	fault_set(&op->fault, FAULT_BUSY, "journal", "out of memory");
}

/* Whether the key is known; then the op's result says how. */
static bool
known_key(struct mem_store *s, struct journal_accept *a)
{
	const struct mem_key *key = a->key.at != NULL
	    ? mem_find_key(s, a->key.at)
	    : NULL;
	const struct mem_item *first;

	if (key == NULL)
		return false;
	if (strcmp(key->id, a->id) == 0)
		return true; /* the same accept, come again */
	a->op.result = memcmp(key->body, a->digest, JOURNAL_HASH) == 0
	    ? JOURNAL_DUPLICATE
	    : JOURNAL_CONFLICT;
	memcpy(a->first.id, key->id, sizeof(a->first.id));
	a->first.state = JOURNAL_DONE;
	a->first.status = 0;
	if (key->delivery != NULL) {
		first = TAILQ_FIRST(&key->delivery->items);
		a->first.state = first->state;
		a->first.status = first->status;
	}
	return true;
}

static void
lease_lane(struct mem_store *s, struct mem_item *head, int64_t lease_ms,
    struct journal_lease *out, int64_t now_ms)
{
	struct mem_lane *lane = head->lane;

	lane->fence = ++s->last_fence;
	lane->due_ms = now_ms + lease_ms;
	head->attempts++;
	mem_item_move(head, JOURNAL_SENDING, now_ms);
	out->fence = lane->fence;
	out->order = head->order;
	snprintf(out->lead, sizeof(out->lead), "%.*s", STR_ARG(head->lead));
}

static struct mem_delivery *
build_delivery(const struct journal_accept *a, int64_t now_ms)
{
	struct mem_delivery *d = mem_delivery_new(a);

	for (size_t i = 0; d != NULL && i < a->update_count; i++)
		if (mem_item_new(d, &a->updates[i], a->flags, now_ms) == NULL) {
			mem_delivery_discard(d);
			d = NULL;
		}
	return d;
}

static void
accept_event(struct mem_store *s, struct journal_op *op, int64_t now_ms)
{
	struct journal_accept *a = (void *)op;
	struct mem_delivery *d;
	struct mem_item *item;
	size_t i = 0;

	if (a->lease)
		memset(a->leases, 0, a->update_count * sizeof(a->leases[0]));
	if (known_key(s, a) || mem_find_delivery(s, a->id) != NULL)
		return;
	d = build_delivery(a, now_ms);
	if (d == NULL) {
		refuse(op);
		return;
	}
	mem_delivery_link(s, d);
	if (a->key.at != NULL)
		mem_key_add(s, a, d, now_ms);
	TAILQ_FOREACH (item, &d->items, in_delivery) {
		mem_item_enter(s, item, now_ms);
		if (a->lease && item->lane != NULL &&
		    TAILQ_FIRST(&item->lane->items) == item)
			lease_lane(s, item, a->lease_ms, &a->leases[i], now_ms);
		i++;
	}
}

/* The holder let it run out. Its head may be given up for it. */
static void
strike(struct mem_store *s, struct mem_item *head, int64_t now_ms)
{
	char reason[JOURNAL_REASON_SIZE];

	head->lane->fence = 0;
	head->strikes++;
	mem_item_move(head, JOURNAL_WAITING, now_ms);
	if (!journal_struck_out(head->flags, head->strikes, reason))
		return;
	mem_item_move(head, JOURNAL_DEAD, now_ms);
	memcpy(head->reason, reason, sizeof(reason));
	if ((head->flags & JOURNAL_BLOCKS) == 0)
		mem_item_leave(s, head, now_ms);
}

/* Into the claim's arena; false when it does not fit. */
static bool
copy_item(const struct mem_item *from, struct arena *arena,
    struct journal_item *to, int64_t now_ms)
{
	struct arena_mark mark = arena_mark(arena);

	*to = (struct journal_item){ .n = from->n,
		.order = from->order,
		.route = arena_copy(arena, from->delivery->route),
		.body = arena_copy(arena, from->body),
		.flags = from->flags,
		.attempts = from->attempts,
		.age_ms = now_ms - from->since_ms };
	memcpy(to->id, from->delivery->id, sizeof(to->id));
	if (to->route.at != NULL && to->body.at != NULL)
		return true;
	arena_rewind(arena, mark);
	return false;
}

static bool
may_follow(const struct mem_item *item, const struct mem_item *head)
{
	return item != NULL && item->state == JOURNAL_WAITING &&
	    (item->flags & JOURNAL_COALESCE) != 0 &&
	    str_eq(item->delivery->route, head->delivery->route);
}

static void
add_followers(struct journal_claim *c, const struct mem_item *head,
    int64_t now_ms)
{
	const struct journal_item *first = &c->items[c->count - 1];
	const struct mem_item *item = TAILQ_NEXT(head, in_lane);

	if ((head->flags & JOURNAL_COALESCE) == 0)
		return;
	for (size_t i = 0; i < c->merge && may_follow(item, head); i++) {
		struct journal_item *to = &c->items[c->count];

		if (!copy_item(item, c->arena, to, now_ms))
			return;
		to->follows = true;
		to->lease = first->lease;
		c->count++;
		item = TAILQ_NEXT(item, in_lane);
	}
}

/* False when the arena is full. */
static bool
hand_out(struct mem_store *s, struct journal_claim *c, struct mem_item *head,
    int64_t now_ms)
{
	struct journal_item *to = &c->items[c->count];

	if (!copy_item(head, c->arena, to, now_ms))
		return false;
	lease_lane(s, head, c->lease_ms, &to->lease, now_ms);
	to->attempts = head->attempts;
	c->count++;
	add_followers(c, head, now_ms);
	return true;
}

static bool
is_due(const struct mem_lane *lane, struct str target, int64_t now_ms)
{
	return str_eq(lane->target, target) && !mem_lane_blocked(lane) &&
	    lane->due_ms <= now_ms;
}

static int
compare_due(const void *a, const void *b)
{
	struct mem_lane *const *x = a, *const *y = b;

	return ((*x)->due_ms > (*y)->due_ms) - ((*x)->due_ms < (*y)->due_ms);
}

/* Those due, longest due first; base_free it. */
static struct mem_lane **
due_lanes(const struct mem_store *s, struct str target, int64_t now_ms,
    size_t *count)
{
	struct mem_lane *lane, **list = NULL;

	*count = 0;
	LIST_FOREACH(lane, &s->lanes, in_lanes)
	{
		if (!is_due(lane, target, now_ms))
			continue;
		if ((*count & (*count + 1)) == 0)
			list = base_grow(list, *count * 2 + 1, sizeof(*list));
		list[(*count)++] = lane;
	}
	if (list != NULL)
		qsort(list, *count, sizeof(*list), compare_due);
	return list;
}

static int64_t
next_due(const struct mem_store *s, struct str target, int64_t now_ms)
{
	const struct mem_lane *lane;
	int64_t next = -1;

	LIST_FOREACH(lane, &s->lanes, in_lanes)
	{
		int64_t in = lane->due_ms - now_ms;

		if (!str_eq(lane->target, target) || mem_lane_blocked(lane))
			continue;
		in = in > 0 ? in : 0;
		next = next < 0 || in < next ? in : next;
	}
	return next;
}

/*
 * Strikes first: it may give the lane another head, or none. False when the
 * arena is full.
 */
static bool
claim_lane(struct mem_store *s, struct journal_claim *c, struct mem_lane *lane,
    size_t *again, int64_t now_ms)
{
	struct mem_item *head = TAILQ_FIRST(&lane->items);

	if (head->attempts > 0 && *again == 0)
		return true;
	if (lane->fence != 0) {
		struct mem_item *next = TAILQ_NEXT(head, in_lane);

		strike(s, head, now_ms);
		if (head->state == JOURNAL_DEAD && head->lane == NULL)
			head = next;
		if (head == NULL || head->state == JOURNAL_DEAD)
			return true;
	}
	if (!hand_out(s, c, head, now_ms))
		return false;
	*again -= head->attempts > 1;
	return true;
}

static void
claim(struct mem_store *s, struct journal_op *op, int64_t now_ms)
{
	struct journal_claim *c = (void *)op;
	size_t again = c->again, count, heads = 0;
	struct mem_lane **due = due_lanes(s, c->target, now_ms, &count);

	c->count = 0;
	c->items = arena_take(c->arena,
	    (count < c->most ? count : c->most) * (1 + c->merge) *
	        sizeof(c->items[0]));
	for (size_t i = 0; c->items != NULL && i < count; i++) {
		size_t before = c->count;

		if (heads == c->most ||
		    !claim_lane(s, c, due[i], &again, now_ms))
			break;
		heads += c->count > before;
	}
	base_free(due);
	c->next_ms = next_due(s, c->target, now_ms);
}

/* With the last item its delivery goes, too. */
static void
delete_all(struct mem_store *s, struct mem_delivery *d, int64_t now_ms)
{
	struct mem_item *item, *next;

	for (item = TAILQ_FIRST(&d->items); item != NULL; item = next) {
		next = TAILQ_NEXT(item, in_delivery);
		mem_item_delete(s, item, now_ms);
	}
}

static void
settle_item(struct mem_store *s, struct mem_item *item,
    const struct journal_settle *how, int64_t now_ms)
{
	item->strikes = 0;
	item->status = how->status;
	snprintf(item->reason, sizeof(item->reason), "%s", how->reason);
	mem_item_move(item, how->to, now_ms);
	if (how->to == JOURNAL_WAITING)
		return;
	if (how->to == JOURNAL_DONE || (item->flags & JOURNAL_BLOCKS) == 0)
		mem_item_leave(s, item, now_ms);
	if (how->to == JOURNAL_DONE && s->keep_bodies == 0)
		mem_item_drop_body(item);
	if (how->to == JOURNAL_DONE && s->keep_done == 0 &&
	    mem_is_all_done(item->delivery))
		delete_all(s, item->delivery, now_ms);
}

static void
settle(struct mem_store *s, struct journal_op *op, int64_t now_ms)
{
	struct journal_settle *how = (void *)op;
	struct str lead = str_of(how->lease.lead);
	struct mem_lane *lane = mem_find_lane(s, how->target, lead);
	struct mem_item *item, *next;

	how->next_ms = -1;
	if (lane == NULL || how->lease.fence == 0 ||
	    lane->fence != how->lease.fence) {
		op->result = JOURNAL_FENCED;
		return;
	}
	lane->fence = 0;
	lane->due_ms = now_ms + how->delay_ms;
	item = TAILQ_FIRST(&lane->items);
	item->attempts -= how->unburnt;
	item->flags = journal_noted(item->flags, how->notes);
	next = TAILQ_NEXT(item, in_lane);
	settle_item(s, item, how, now_ms);
	for (item = next; item != NULL && item->order <= how->through;
	     item = next) {
		next = TAILQ_NEXT(item, in_lane);
		item->attempts += !how->unburnt;
		settle_item(s, item, how, now_ms);
	}
	lane = mem_find_lane(s, how->target, lead);
	if (lane != NULL && !mem_lane_blocked(lane))
		how->next_ms = lane->due_ms > now_ms ? lane->due_ms - now_ms
		                                     : 0;
}

static void (*const verbs[JOURNAL_VERBS])(struct mem_store *s,
    struct journal_op *op, int64_t now_ms) = {
	[JOURNAL_ACCEPT] = accept_event,
	[JOURNAL_CLAIM] = claim,
	[JOURNAL_SETTLE] = settle,
	[JOURNAL_LIST] = mem_list,
	[JOURNAL_SHOW] = mem_show,
	[JOURNAL_REVIVE] = mem_revive,
	[JOURNAL_DROP] = mem_drop,
	[JOURNAL_FORGET] = mem_forget,
	[JOURNAL_PRUNE] = mem_prune,
	[JOURNAL_STATS] = mem_stats,
};

static int
apply(void *store, struct journal_op *const *ops, size_t count,
    struct fault *why)
{
	struct mem_store *s = store;

	(void)why;
	for (size_t i = 0; i < count; i++) {
		ops[i]->result = JOURNAL_OK;
		verbs[ops[i]->verb](s, ops[i], journal_clock_now(&s->clock));
	}
	return 0;
}

const struct journal_backend journal_memory = {
	.scheme = "memory:",
	.shared = false,
	.open = open_store,
	.close = close_store,
	.apply = apply,
};
