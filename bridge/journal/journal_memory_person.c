/* journal/journal_memory_person.c - what a person asks for, and the broom. */
#include <string.h>

#include "journal/journal_memory.h"

static bool
received_within(const struct mem_item *item, const struct journal_filter *f,
    int64_t now_ms)
{
	int64_t age = now_ms - item->delivery->received_ms;

	return (f->since_ms == 0 || age <= f->since_ms) &&
	    (f->before_ms == 0 || age > f->before_ms);
}

static bool
same_or_any(struct str wanted, struct str got)
{
	return wanted.at == NULL || str_eq(wanted, got);
}

static bool
passes(const struct mem_item *item, const struct journal_filter *f,
    int64_t now_ms)
{
	return (f->states == 0 || (f->states & BIT(item->state)) != 0) &&
	    same_or_any(f->route, item->delivery->route) &&
	    same_or_any(f->lead, item->lead) &&
	    same_or_any(f->target, item->target) &&
	    same_or_any(f->id, str_of(item->delivery->id)) &&
	    received_within(item, f, now_ms);
}

/* Of a lane's head only: when the others are due nobody knows. */
static int64_t
due_in(const struct mem_item *item, int64_t now_ms)
{
	const struct mem_lane *lane = item->lane;

	if (lane == NULL || item->state != JOURNAL_WAITING ||
	    TAILQ_FIRST(&lane->items) != item)
		return -1;
	return lane->due_ms > now_ms ? lane->due_ms - now_ms : 0;
}

/* False when it does not fit: nothing is taken of the arena then. */
static bool
copy_row(const struct mem_item *item, struct arena *arena, bool whole,
    struct journal_row *row, int64_t now_ms)
{
	const struct mem_delivery *d = item->delivery;
	struct arena_mark mark = arena_mark(arena);

	*row = (struct journal_row){ .n = item->n,
		.order = item->order,
		.state = item->state,
		.flags = item->flags,
		.attempts = item->attempts,
		.strikes = item->strikes,
		.status = item->status,
		.received_ms = d->received_ms,
		.updated_ms = item->updated_ms,
		.due_ms = due_in(item, now_ms) };
	memcpy(row->id, d->id, sizeof(row->id));
	if (journal_copy_text(arena, d->route, &row->route) &&
	    journal_copy_text(arena, item->target, &row->target) &&
	    journal_copy_text(arena, item->lead, &row->lead) &&
	    journal_copy_text(arena, d->verdict, &row->verdict) &&
	    journal_copy_text(arena, str_of(item->reason), &row->reason) &&
	    (!whole ||
	        (journal_copy_text(arena, item->body, &row->body) &&
	            journal_copy_text(arena, d->event, &row->event))))
		return true;
	arena_rewind(arena, mark);
	return false;
}

static struct mem_item *
list_start(const struct mem_store *s, const struct journal_list *l)
{
	return l->newest ? TAILQ_LAST(&s->all, mem_items)
	                 : TAILQ_FIRST(&s->all);
}

static struct mem_item *
list_next(const struct mem_item *item, bool newest)
{
	return newest ? TAILQ_PREV(item, mem_items, in_all)
	              : TAILQ_NEXT(item, in_all);
}

static bool
is_behind(const struct mem_item *item, const struct journal_list *l)
{
	return l->after == 0 ||
	    (l->newest ? item->order < l->after : item->order > l->after);
}

void
mem_list(struct mem_store *s, struct journal_op *op, int64_t now_ms)
{
	struct journal_list *l = (void *)op;
	struct mem_item *item = list_start(s, l);

	l->count = 0;
	l->next = 0;
	l->rows = arena_take(l->arena, l->most * sizeof(l->rows[0]));
	if (l->rows == NULL) {
		journal_too_small(op);
		return;
	}
	for (; item != NULL; item = list_next(item, l->newest)) {
		if (!is_behind(item, l) || !passes(item, &l->filter, now_ms))
			continue;
		if (l->count == l->most ||
		    !copy_row(item, l->arena, l->whole, &l->rows[l->count],
		        now_ms)) {
			if (l->count == 0)
				journal_too_small(op);
			else
				l->next = l->rows[l->count - 1].order;
			return;
		}
		l->count++;
	}
}

void
mem_show(struct mem_store *s, struct journal_op *op, int64_t now_ms)
{
	struct journal_show *show = (void *)op;
	const struct mem_delivery *d = mem_find_delivery(s, show->id);
	const struct mem_item *item;
	size_t count = 0;

	show->count = 0;
	if (d == NULL) {
		op->result = JOURNAL_NOT_FOUND;
		return;
	}
	TAILQ_FOREACH (item, &d->items, in_delivery)
		count++;
	show->rows = arena_take(show->arena, count * sizeof(show->rows[0]));
	TAILQ_FOREACH (item, &d->items, in_delivery) {
		if (show->rows == NULL ||
		    !copy_row(item, show->arena, true, &show->rows[show->count],
		        now_ms)) {
			journal_too_small(op);
			return;
		}
		show->count++;
	}
}

static void
revive_item(struct mem_store *s, struct mem_item *item, int64_t now_ms)
{
	mem_item_move(item, JOURNAL_WAITING, now_ms);
	item->flags = journal_noted(item->flags, 0);
	item->attempts = 0;
	item->strikes = 0;
	item->status = 0;
	item->reason[0] = '\0';
	item->since_ms = now_ms;
	if (item->lane != NULL) {
		if (TAILQ_FIRST(&item->lane->items) == item)
			item->lane->due_ms = now_ms;
		return;
	}
	TAILQ_REMOVE(&s->all, item, in_all);
	mem_item_enter(s, item, now_ms);
}

/* Not sent, or by a holder whose lease is over: nobody claims it there. */
static bool
waits_at(const struct mem_item *item, struct str from, int64_t now_ms)
{
	return from.at != NULL && str_eq(item->target, from) &&
	    (item->state == JOURNAL_WAITING ||
	        (item->state == JOURNAL_SENDING &&
	            item->lane->due_ms <= now_ms));
}

static bool
may_be_replaced(const struct mem_item *item, struct str from, int64_t now_ms)
{
	return item->state == JOURNAL_DEAD || item->state == JOURNAL_REFUSED ||
	    waits_at(item, from, now_ms);
}

/* The dead head that the new item's lane waits for, if it is of its own. */
static struct mem_item *
blocking_head(struct mem_store *s, const struct mem_item *item)
{
	struct mem_lane *lane = mem_find_lane(s, item->target, item->lead);
	struct mem_item *head = lane != NULL ? TAILQ_FIRST(&lane->items) : NULL;

	return head != NULL && head->state == JOURNAL_DEAD &&
	        head->delivery == item->delivery
	    ? head
	    : NULL;
}

static void
enter_new(struct mem_store *s, struct mem_item *item, int64_t now_ms)
{
	struct mem_item *head = item->state == JOURNAL_WAITING
	    ? blocking_head(s, item)
	    : NULL;

	if (head != NULL)
		mem_item_replace(s, item, head, now_ms);
	else
		mem_item_enter(s, item, now_ms);
}

/* Those from next_n `from` on are new: all or, out of memory, none. */
static bool
add_new(struct mem_delivery *d, const struct journal_revive *r, int64_t now_ms)
{
	struct mem_items *all = &d->items;
	unsigned from = d->next_n;

	for (size_t i = 0; i < r->update_count; i++)
		if (mem_item_new(d, &r->updates[i], r->flags, now_ms) == NULL) {
			while (TAILQ_LAST(all, mem_items)->n >= from)
				mem_item_discard(TAILQ_LAST(all, mem_items));
			return false;
		}
	return true;
}

static void
replace_items(struct mem_store *s, struct mem_delivery *d,
    struct journal_revive *r, int64_t now_ms)
{
	unsigned from = d->next_n;
	struct mem_item *item, *next;

	if (!add_new(d, r, now_ms)) {
		r->op.result = JOURNAL_UNAVAILABLE;
		fault_set(&r->op.fault, FAULT_BUSY, "journal", "out of memory");
		return;
	}
	TAILQ_FOREACH (item, &d->items, in_delivery)
		if (item->n >= from) {
			enter_new(s, item, now_ms);
			r->revived += item->state == JOURNAL_WAITING;
		}
	for (item = TAILQ_FIRST(&d->items); item->n < from; item = next) {
		next = TAILQ_NEXT(item, in_delivery);
		if (may_be_replaced(item, r->from, now_ms))
			mem_item_delete(s, item, now_ms);
	}
}

static bool
is_dead(const struct mem_item *item)
{
	return item->state == JOURNAL_DEAD;
}

/* Whether there is anything for it to revive, and all that it is to. */
static enum journal_result
may_revive(const struct mem_delivery *d, const struct journal_revive *r,
    int64_t now_ms)
{
	const struct mem_item *item;
	size_t some = 0, waiting = 0;

	TAILQ_FOREACH (item, &d->items, in_delivery) {
		some += r->updates != NULL
		    ? may_be_replaced(item, r->from, now_ms)
		    : is_dead(item);
		waiting += waits_at(item, r->from, now_ms);
	}
	if (r->from.at != NULL && waiting != r->from_count)
		return JOURNAL_FENCED;
	return some > 0 ? JOURNAL_OK : JOURNAL_NOT_FOUND;
}

void
mem_revive(struct mem_store *s, struct journal_op *op, int64_t now_ms)
{
	struct journal_revive *r = (void *)op;
	struct mem_delivery *d = mem_find_delivery(s, r->id);
	struct mem_item *item;

	r->revived = 0;
	op->result = d != NULL ? may_revive(d, r, now_ms) : JOURNAL_NOT_FOUND;
	if (op->result != JOURNAL_OK)
		return;
	if (r->updates != NULL) {
		replace_items(s, d, r, now_ms);
		return;
	}
	TAILQ_FOREACH (item, &d->items, in_delivery)
		if (is_dead(item)) {
			revive_item(s, item, now_ms);
			r->revived++;
		}
}

void
mem_drop(struct mem_store *s, struct journal_op *op, int64_t now_ms)
{
	struct journal_drop *drop = (void *)op;
	struct mem_delivery *d = mem_find_delivery(s, drop->id);
	struct mem_item *item, *next;

	drop->dropped = 0;
	for (item = d != NULL ? TAILQ_FIRST(&d->items) : NULL; item != NULL;
	     item = next) {
		next = TAILQ_NEXT(item, in_delivery);
		if (!may_be_replaced(item, drop->from, now_ms) &&
		    item->state != JOURNAL_DONE)
			continue;
		mem_item_delete(s, item, now_ms);
		drop->dropped++;
	}
	if (drop->dropped == 0)
		op->result = JOURNAL_NOT_FOUND;
}

static void
forget_delivery(struct mem_store *s, struct mem_delivery *d,
    struct journal_forget *f)
{
	if (d->event.at != NULL) {
		mem_text_free(&d->event);
		f->events++;
	}
	if (d->key != NULL) {
		mem_key_delete(s, d->key);
		f->keys++;
	}
}

void
mem_forget(struct mem_store *s, struct journal_op *op, int64_t now_ms)
{
	struct journal_forget *f = (void *)op;
	struct mem_item *item, *next;

	f->items = f->events = f->keys = f->held = 0;
	for (item = TAILQ_FIRST(&s->all); item != NULL; item = next) {
		next = TAILQ_NEXT(item, in_all);
		if (!str_eq(item->lead, f->lead))
			continue;
		forget_delivery(s, item->delivery, f);
		if (item->state == JOURNAL_SENDING) {
			f->held++;
			continue;
		}
		mem_item_delete(s, item, now_ms);
		f->items++;
	}
}

static bool
older(const struct mem_item *item, int64_t keep_ms, int64_t now_ms)
{
	return now_ms - item->updated_ms >= keep_ms;
}

static size_t
prune_keys(struct mem_store *s, size_t most, int64_t now_ms)
{
	struct mem_key *key;
	size_t pruned = 0;

	while (pruned < most && (key = TAILQ_FIRST(&s->keys)) != NULL &&
	    now_ms - key->at_ms >= s->keep_keys) {
		mem_key_delete(s, key);
		pruned++;
	}
	return pruned;
}

static int64_t
refused_too_many(const struct mem_store *s)
{
	const struct mem_item *item;
	int64_t count = 0;

	TAILQ_FOREACH (item, &s->all, in_all)
		count += item->state == JOURNAL_REFUSED;
	return count - s->keep_refused;
}

bool
mem_is_all_done(const struct mem_delivery *d)
{
	const struct mem_item *item;

	TAILQ_FOREACH (item, &d->items, in_delivery)
		if (item->state != JOURNAL_DONE)
			return false;
	return true;
}

static bool
is_old(const struct mem_store *s, const struct mem_item *item, int64_t *refused,
    int64_t now_ms)
{
	if (item->state == JOURNAL_DONE)
		return older(item, s->keep_done, now_ms) &&
		    mem_is_all_done(item->delivery);
	if (item->state == JOURNAL_DEAD)
		return s->keep_dead > 0 && older(item, s->keep_dead, now_ms);
	return item->state == JOURNAL_REFUSED && (*refused)-- > 0;
}

void
mem_prune(struct mem_store *s, struct journal_op *op, int64_t now_ms)
{
	struct journal_prune *p = (void *)op;
	int64_t refused = refused_too_many(s);
	struct mem_item *item, *next;

	p->pruned = prune_keys(s, p->most, now_ms);
	for (item = TAILQ_FIRST(&s->all); item != NULL && p->pruned < p->most;
	     item = next) {
		next = TAILQ_NEXT(item, in_all);
		if (is_old(s, item, &refused, now_ms)) {
			mem_item_delete(s, item, now_ms);
			p->pruned++;
		} else if (item->state == JOURNAL_DONE &&
		    item->body.at != NULL &&
		    older(item, s->keep_bodies, now_ms)) {
			mem_item_drop_body(item);
			p->pruned++;
		}
	}
}

void
mem_stats(struct mem_store *s, struct journal_op *op, int64_t now_ms)
{
	struct journal_stats *stats = (void *)op;
	const struct mem_item *item;
	const struct mem_lane *lane;

	memset(stats->count, 0, sizeof(stats->count));
	stats->oldest_ms = 0;
	stats->lanes = 0;
	TAILQ_FOREACH (item, &s->all, in_all) {
		stats->count[item->state]++;
		if (item->state == JOURNAL_WAITING &&
		    now_ms - item->since_ms > stats->oldest_ms)
			stats->oldest_ms = now_ms - item->since_ms;
	}
	stats->live_count = 0;
	LIST_FOREACH(lane, &s->lanes, in_lanes)
	{
		int64_t live = 0;

		TAILQ_FOREACH (item, &lane->items, in_lane)
			live += item->state != JOURNAL_DEAD;
		stats->lanes += live > 0;
		journal_live_add(stats, lane->target, live);
	}
}
