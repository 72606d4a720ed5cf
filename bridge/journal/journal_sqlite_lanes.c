/*
 * journal/journal_sqlite_lanes.c - who is next, in memory.
 *
 *	target ── heaps ─▶ lane ⇄ item ⇄ item	by order
 *	buckets ─────────▶ lane			by target and lead
 *
 * Before an item or a lane is written to, what it was goes on the undo list;
 * a rollback puts it all back in reverse. Items that left are freed at the
 * commit, those that came at the rollback, empty lanes at both.
 */
#include <stdlib.h>
#include <string.h>

#include "journal/journal_sqlite.h"

#define BUCKETS_FIRST 1024

struct lite_undo {
	enum { UNDO_LANE, UNDO_ITEM, UNDO_NEW_ITEM, UNDO_OLD_ITEM } kind;
	void *at;
	union {
		struct lite_lane_now lane;
		struct lite_item item;
	} was;
};

void
lite_lanes_init(struct lite_lanes *l)
{
	*l = (struct lite_lanes){ .bucket_count = BUCKETS_FIRST };
	l->buckets = base_alloc(BUCKETS_FIRST * sizeof(l->buckets[0]));
	sqlite3_randomness(sizeof(l->seed), &l->seed);
}

static void
lane_free(struct lite_lane *lane)
{
	struct lite_item *item, *next;

	for (item = lane->now.first; item != NULL; item = next) {
		next = item->next;
		base_free(item);
	}
	base_free(lane);
}

void
lite_lanes_done(struct lite_lanes *l)
{
	struct lite_target *t, *next_target;
	struct lite_lane *lane, *next;

	for (size_t i = 0; i < l->bucket_count; i++)
		for (lane = l->buckets[i]; lane != NULL; lane = next) {
			next = lane->chain;
			lane_free(lane);
		}
	for (t = l->targets; t != NULL; t = next_target) {
		next_target = t->next;
		base_free(t->heaps[LITE_FRESH].lanes);
		base_free(t->heaps[LITE_TRIED].lanes);
		base_free(t);
	}
	base_free(l->buckets);
	base_free(l->undo);
}

/* Changes, and their undoing. */

static struct lite_undo *
undo_add(struct lite_lanes *l, struct lite_undo what)
{
	if (l->undo_count == l->undo_room) {
		l->undo_room = l->undo_room * 2 + 256;
		l->undo = base_grow(l->undo, l->undo_room, sizeof(l->undo[0]));
	}
	l->undo[l->undo_count] = what;
	return &l->undo[l->undo_count++];
}

void
lite_item_save(struct lite_lanes *l, struct lite_item *item)
{
	if (item != NULL)
		undo_add(l, (struct lite_undo){ .kind = UNDO_ITEM, .at = item })
		    ->was.item = *item;
}

void
lite_lane_save(struct lite_lanes *l, struct lite_lane *lane)
{
	undo_add(l, (struct lite_undo){ .kind = UNDO_LANE, .at = lane })
	    ->was.lane = lane->now;
	if (lane->is_touched)
		return;
	lane->is_touched = true;
	lane->touched = l->touched;
	l->touched = lane;
}

/* Seeded: which leads share a bucket is not for a sender to choose. */
static uint64_t
hash_of(const struct lite_lanes *l, const struct lite_target *t,
    struct str lead)
{
	uint64_t h = l->seed ^ (uintptr_t)t;

	for (size_t i = 0; i < lead.len; i++) {
		h = (h ^ (unsigned char)lead.at[i]) * 0x9E3779B97F4A7C15u;
		h ^= h >> 29;
	}
	return h;
}

struct str
lite_lane_lead(const struct lite_lane *lane)
{
	return (struct str){ lane->lead, lane->lead_len };
}

struct lite_target *
lite_target_find(struct lite_lanes *l, struct str name)
{
	struct lite_target *t = l->targets;

	while (t != NULL && !str_eq((struct str){ t->name, t->name_len }, name))
		t = t->next;
	return t;
}

static struct lite_target *
target_get(struct lite_lanes *l, struct str name)
{
	struct lite_target *t = lite_target_find(l, name);

	if (t != NULL)
		return t;
	t = base_alloc(sizeof(*t) + name.len);
	memcpy(t->name, name.at, name.len);
	t->name_len = name.len;
	t->next = l->targets;
	l->targets = t;
	return t;
}

static struct lite_lane **
bucket_of(const struct lite_lanes *l, const struct lite_target *t,
    struct str lead)
{
	return &l->buckets[hash_of(l, t, lead) & (l->bucket_count - 1)];
}

static struct lite_lane *
find_in(const struct lite_lanes *l, const struct lite_target *t,
    struct str lead)
{
	struct lite_lane *lane = *bucket_of(l, t, lead);

	while (lane != NULL &&
	    (lane->target != t || !str_eq(lite_lane_lead(lane), lead)))
		lane = lane->chain;
	return lane;
}

struct lite_lane *
lite_lane_find(struct lite_lanes *l, struct str target, struct str lead)
{
	const struct lite_target *t = lite_target_find(l, target);

	return t != NULL ? find_in(l, t, lead) : NULL;
}

static void
bucket_put(struct lite_lanes *l, struct lite_lane *lane)
{
	struct lite_lane **bucket = bucket_of(l, lane->target,
	    lite_lane_lead(lane));

	lane->chain = *bucket;
	*bucket = lane;
}

static void
more_buckets(struct lite_lanes *l)
{
	struct lite_lane **old = l->buckets, *lane, *next;
	size_t count = l->bucket_count;

	l->bucket_count *= 2;
	l->buckets = base_alloc(l->bucket_count * sizeof(l->buckets[0]));
	for (size_t i = 0; i < count; i++)
		for (lane = old[i]; lane != NULL; lane = next) {
			next = lane->chain;
			bucket_put(l, lane);
		}
	base_free(old);
}

struct lite_lane *
lite_lane_get(struct lite_lanes *l, struct str target, struct str lead)
{
	struct lite_target *t = target_get(l, target);
	struct lite_lane *lane = find_in(l, t, lead);

	if (lane != NULL)
		return lane;
	if (l->count >= l->bucket_count)
		more_buckets(l);
	lane = base_alloc(sizeof(*lane) + lead.len);
	lane->target = t;
	lane->heap = LITE_HEAPS;
	lane->lead_len = (uint8_t)lead.len;
	memcpy(lane->lead, lead.at, lead.len);
	bucket_put(l, lane);
	l->count++;
	lite_lane_save(l, lane); /* it may stay empty */
	return lane;
}

bool
lite_lane_blocked(const struct lite_lane *lane)
{
	return lane->now.first->state == JOURNAL_DEAD;
}

/* Who asks wants one near the head, or leaves with all of them. */
struct lite_item *
lite_lane_item(const struct lite_lane *lane, uint64_t order)
{
	struct lite_item *item = lane->now.first;

	while (item != NULL && item->order != order)
		item = item->next;
	return item;
}

/* Heaps. */

static void
heap_set(struct lite_heap *h, size_t at, struct lite_lane *lane)
{
	h->lanes[at] = lane;
	lane->heap_at = (uint32_t)at;
}

static void
heap_up(struct lite_heap *h, size_t at)
{
	struct lite_lane *lane = h->lanes[at];

	while (
	    at > 0 && h->lanes[(at - 1) / 2]->now.due_ms > lane->now.due_ms) {
		heap_set(h, at, h->lanes[(at - 1) / 2]);
		at = (at - 1) / 2;
	}
	heap_set(h, at, lane);
}

static void
heap_down(struct lite_heap *h, size_t at)
{
	struct lite_lane *lane = h->lanes[at];
	size_t child;

	while ((child = 2 * at + 1) < h->count) {
		if (child + 1 < h->count &&
		    h->lanes[child + 1]->now.due_ms <
		        h->lanes[child]->now.due_ms)
			child++;
		if (h->lanes[child]->now.due_ms >= lane->now.due_ms)
			break;
		heap_set(h, at, h->lanes[child]);
		at = child;
	}
	heap_set(h, at, lane);
}

static void
heap_add(struct lite_heap *h, struct lite_lane *lane)
{
	if (h->count == h->room) {
		h->room = h->room * 2 + 16;
		h->lanes = base_grow(h->lanes, h->room, sizeof(h->lanes[0]));
	}
	heap_set(h, h->count++, lane);
	heap_up(h, h->count - 1);
}

void
lite_lane_lift(struct lite_lane *lane)
{
	struct lite_heap *h;
	size_t at = lane->heap_at;
	struct lite_lane *last;

	if (lane->heap == LITE_HEAPS)
		return;
	h = &lane->target->heaps[lane->heap];
	lane->heap = LITE_HEAPS;
	last = h->lanes[--h->count];
	if (last == lane)
		return;
	heap_set(h, at, last);
	heap_up(h, at);
	heap_down(h, last->heap_at);
}

static uint8_t
heap_of(const struct lite_lane *lane)
{
	const struct lite_item *head = lane->now.first;

	if (head == NULL || head->state == JOURNAL_DEAD)
		return LITE_HEAPS;
	return head->attempts > 0 ? LITE_TRIED : LITE_FRESH;
}

/* Dead ones that block may stand behind one another. */
static bool
has_work(const struct lite_lane *lane)
{
	const struct lite_item *item = lane->now.first;

	while (item != NULL && item->state == JOURNAL_DEAD)
		item = item->next;
	return item != NULL;
}

void
lite_lane_place(struct lite_lanes *l, struct lite_lane *lane)
{
	uint8_t heap = heap_of(lane);
	bool works = has_work(lane);

	l->working += works;
	l->working -= lane->works;
	lane->works = works;
	if (lane->heap != heap) {
		lite_lane_lift(lane);
		lane->heap = heap;
		if (heap != LITE_HEAPS)
			heap_add(&lane->target->heaps[heap], lane);
	} else if (heap != LITE_HEAPS) {
		heap_up(&lane->target->heaps[heap], lane->heap_at);
		heap_down(&lane->target->heaps[heap], lane->heap_at);
	}
}

struct lite_item *
lite_item_add(struct lite_lanes *l, struct lite_lane *lane, uint64_t order,
    unsigned flags, int64_t now_ms)
{
	struct lite_item *item = base_alloc(sizeof(*item));

	item->order = order;
	item->flags = (uint16_t)flags;
	item->state = JOURNAL_WAITING;
	item->prev = lane->now.last;
	undo_add(l, (struct lite_undo){ .kind = UNDO_NEW_ITEM, .at = item });
	lite_lane_save(l, lane);
	lite_item_save(l, lane->now.last);
	if (lane->now.last != NULL) {
		lane->now.last->next = item;
	} else {
		lane->now.first = item;
		lane->now.fence = 0;
		lane->now.due_ms = now_ms;
	}
	lane->now.last = item;
	lite_lane_place(l, lane);
	return item;
}

void
lite_item_leave(struct lite_lanes *l, struct lite_lane *lane,
    struct lite_item *item, int64_t now_ms)
{
	undo_add(l, (struct lite_undo){ .kind = UNDO_OLD_ITEM, .at = item });
	lite_lane_save(l, lane);
	lite_item_save(l, item->prev);
	lite_item_save(l, item->next);
	if (item->next != NULL)
		item->next->prev = item->prev;
	else
		lane->now.last = item->prev;
	if (item->prev != NULL) {
		item->prev->next = item->next;
	} else {
		lane->now.first = item->next;
		lane->now.fence = 0;
		lane->now.due_ms = now_ms;
	}
	lite_lane_place(l, lane);
}

static void
bucket_take(struct lite_lanes *l, struct lite_lane *lane)
{
	struct lite_lane **at = bucket_of(l, lane->target,
	    lite_lane_lead(lane));

	while (*at != lane)
		at = &(*at)->chain;
	*at = lane->chain;
	l->count--;
}

static void
end_touched(struct lite_lanes *l)
{
	struct lite_lane *lane, *next;

	for (lane = l->touched; lane != NULL; lane = next) {
		next = lane->touched;
		lane->is_touched = false;
		lite_lane_place(l, lane);
		if (lane->now.first != NULL)
			continue;
		bucket_take(l, lane);
		base_free(lane);
	}
	l->touched = NULL;
	l->undo_count = 0;
}

void
lite_lanes_begin(struct lite_lanes *l)
{
	for (struct lite_target *t = l->targets; t != NULL; t = t->next)
		t->begin_live = t->live;
}

void
lite_lanes_commit(struct lite_lanes *l)
{
	for (size_t i = 0; i < l->undo_count; i++)
		if (l->undo[i].kind == UNDO_OLD_ITEM)
			base_free(l->undo[i].at);
	end_touched(l);
}

void
lite_lanes_rollback(struct lite_lanes *l)
{
	/* Out of the heaps first: they sort by what is about to change. */
	for (struct lite_lane *t = l->touched; t != NULL; t = t->touched)
		lite_lane_lift(t);
	for (struct lite_target *t = l->targets; t != NULL; t = t->next)
		t->live = t->begin_live;
	for (size_t i = l->undo_count; i-- > 0;) {
		struct lite_undo *u = &l->undo[i];

		if (u->kind == UNDO_LANE)
			((struct lite_lane *)u->at)->now = u->was.lane;
		else if (u->kind == UNDO_ITEM)
			*(struct lite_item *)u->at = u->was.item;
		else if (u->kind == UNDO_NEW_ITEM)
			base_free(u->at);
	}
	end_touched(l);
}
