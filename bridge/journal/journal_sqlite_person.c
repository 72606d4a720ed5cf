/* journal/journal_sqlite_person.c - revive, drop, forget, and the broom. */
#include <stdio.h>
#include <string.h>

#include "journal/journal_sqlite.h"

static void
collect_delivery(struct lite_store *s, const char *id)
{
	lite_ask(s, SQL_OF_DELIVERY, lite_id(id));
	lite_collect(s, SQL_OF_DELIVERY);
}

/* In its place when its lane waits for it, else at the end. */
static void
revive_item(struct lite_store *s, const struct lite_place *p)
{
	struct lite_lane *lane = p->lane;
	struct lite_item *item = p->item;
	unsigned flags = journal_noted(p->flags, 0);
	uint64_t order = p->order;

	lite_count_move(s, p->state, JOURNAL_WAITING);
	if (item == NULL) {
		order = lite_next_order(s);
		lane = lite_lane_get(&s->lanes, str_of(p->target),
		    str_of(p->lead));
		(void)lite_item_add(&s->lanes, lane, order, flags, s->now_ms);
	} else {
		lite_item_save(&s->lanes, item);
		lite_lane_save(&s->lanes, lane);
		item->state = JOURNAL_WAITING;
		item->flags = (uint16_t)flags;
		item->attempts = 0;
		item->strikes = 0;
		if (lane->now.first == item)
			lane->now.due_ms = s->now_ms;
		lite_lane_place(&s->lanes, lane);
	}
	lane->target->live++;
	lite_run(s, SQL_ITEM_REVIVED, lite_order(p->order), lite_order(order),
	    lite_number(s->now_ms), lite_number(flags));
}

static void
revive_as_they_are(struct lite_store *s, struct journal_revive *r)
{
	struct lite_place p;

	collect_delivery(s, r->id);
	for (size_t i = 0; i < s->order_count; i++)
		if (lite_place_find(s, s->orders[i], &p) &&
		    p.state == JOURNAL_DEAD) {
			revive_item(s, &p);
			r->revived++;
		}
}

/* Not sent, or by a holder whose lease is over: nobody claims it there. */
static bool
waits_at(const struct lite_store *s, const struct lite_place *p,
    struct str from)
{
	return from.at != NULL && p->item != NULL &&
	    str_eq(str_of(p->target), from) &&
	    (p->state == JOURNAL_WAITING ||
	        (p->state == JOURNAL_SENDING &&
	            p->lane->now.due_ms <= s->now_ms));
}

static bool
may_be_replaced(const struct lite_store *s, const struct lite_place *p,
    struct str from)
{
	return p->state == JOURNAL_DEAD || p->state == JOURNAL_REFUSED ||
	    waits_at(s, p, from);
}

/* The dead head that the update's lane waits for, if it is of its own. */
static bool
blocking_head(struct lite_store *s, const char *id,
    const struct journal_update *u, struct lite_place *p)
{
	const struct lite_lane *lane = lite_lane_find(&s->lanes, u->target,
	    u->lead);

	return lane != NULL && lane->now.first != NULL &&
	    lite_lane_blocked(lane) &&
	    lite_place_find(s, lane->now.first->order, p) &&
	    strcmp(p->id, id) == 0;
}

/* The new update in the row, and the place, of the old one. */
static void
replace_head(struct lite_store *s, const struct lite_place *p,
    const struct journal_revive *r, uint64_t text, int64_t n)
{
	lite_count_move(s, p->state, JOURNAL_WAITING);
	lite_item_save(&s->lanes, p->item);
	lite_lane_save(&s->lanes, p->lane);
	p->item->state = JOURNAL_WAITING;
	p->item->attempts = 0;
	p->item->strikes = 0;
	p->item->flags = (uint16_t)r->flags;
	p->lane->target->live++;
	p->lane->now.due_ms = s->now_ms;
	lite_lane_place(&s->lanes, p->lane);
	lite_run(s, SQL_ITEM_REPLACED, lite_order(p->order), lite_order(text),
	    lite_number(n), lite_number(r->flags), lite_number(s->now_ms));
	lite_run(s, p->text == p->seq ? SQL_TEXT_NO_BODY : SQL_TEXT_DELETE,
	    lite_order(p->text));
}

static void
add_anew(struct lite_store *s, const struct journal_revive *r,
    const struct journal_update *u, uint64_t order, int64_t n)
{
	bool refused = u->refused.at != NULL;

	s->count[refused ? JOURNAL_REFUSED : JOURNAL_WAITING]++;
	if (!refused) {
		struct lite_lane *lane = lite_lane_get(&s->lanes, u->target,
		    u->lead);

		lite_item_add(&s->lanes, lane, order, r->flags, s->now_ms);
		lane->target->live++;
	}
	lite_run(s, SQL_ITEM_ANEW, lite_id(r->id), lite_order(order),
	    lite_number(n), lite_number(!refused),
	    lite_number(refused ? JOURNAL_REFUSED : JOURNAL_WAITING),
	    lite_number(r->flags), lite_number(s->now_ms), lite_text(u->target),
	    lite_text(u->lead), lite_reason(u));
}

static void
enter_new(struct lite_store *s, struct journal_revive *r, size_t i, int64_t n)
{
	const struct journal_update *u = &r->updates[i];
	uint64_t text = lite_next_order(s);
	struct lite_place p;

	if (u->refused.at == NULL && blocking_head(s, r->id, u, &p))
		replace_head(s, &p, r, text, n);
	else
		add_anew(s, r, u, text, n);
	lite_run(s, SQL_TEXT_ADD, lite_order(text), lite_number(0),
	    lite_blob(STR_NONE), lite_blob(STR_NONE), lite_blob(u->body));
	r->revived += u->refused.at == NULL;
}

static int64_t
next_n(struct lite_store *s, uint64_t seq)
{
	int64_t n = 0;

	lite_ask(s, SQL_TEXT_HOLDER, lite_order(seq));
	if (lite_row(s, SQL_TEXT_HOLDER))
		n = lite_get(s, SQL_TEXT_HOLDER, 0);
	lite_end(s, SQL_TEXT_HOLDER);
	return n;
}

/* Those that were dead or refused before: one may live on as another. */
static void
delete_replaced(struct lite_store *s, const struct journal_revive *r,
    int64_t from_n)
{
	struct lite_place p;

	collect_delivery(s, r->id);
	for (size_t i = 0; i < s->order_count; i++)
		if (lite_place_find(s, s->orders[i], &p) && p.n < from_n &&
		    may_be_replaced(s, &p, r->from))
			lite_item_delete(s, &p);
}

static void
replace_items(struct lite_store *s, struct journal_revive *r)
{
	struct lite_place first;
	int64_t n;

	collect_delivery(s, r->id);
	if (s->order_count == 0 || !lite_place_find(s, s->orders[0], &first))
		return;
	n = next_n(s, first.seq);
	for (size_t i = 0; i < r->update_count; i++)
		enter_new(s, r, i, n + (int64_t)i);
	delete_replaced(s, r, n);
	lite_run(s, SQL_TEXT_NEXT, lite_order(first.seq),
	    lite_number(n + (int64_t)r->update_count));
}

/* Whether there is anything for it to revive, and all that it is to. */
static enum journal_result
may_revive(struct lite_store *s, const struct journal_revive *r)
{
	size_t some = 0, waiting = 0;
	struct lite_place p;

	collect_delivery(s, r->id);
	for (size_t i = 0; i < s->order_count; i++) {
		if (!lite_place_find(s, s->orders[i], &p))
			continue;
		some += r->updates != NULL ? may_be_replaced(s, &p, r->from)
		                           : p.state == JOURNAL_DEAD;
		waiting += waits_at(s, &p, r->from);
	}
	if (r->from.at != NULL && s->order_count > 0 &&
	    waiting != r->from_count)
		return JOURNAL_FENCED;
	return some > 0 ? JOURNAL_OK : JOURNAL_NOT_FOUND;
}

void
lite_revive(struct lite_store *s, struct journal_op *op)
{
	struct journal_revive *r = (void *)op;

	r->revived = 0;
	op->result = may_revive(s, r);
	if (op->result != JOURNAL_OK)
		return;
	if (r->updates != NULL)
		replace_items(s, r);
	else
		revive_as_they_are(s, r);
}

void
lite_drop(struct lite_store *s, struct journal_op *op)
{
	struct journal_drop *drop = (void *)op;
	struct lite_place p;

	drop->dropped = 0;
	collect_delivery(s, drop->id);
	for (size_t i = 0; i < s->order_count; i++)
		if (lite_place_find(s, s->orders[i], &p) &&
		    (may_be_replaced(s, &p, drop->from) ||
		        p.state == JOURNAL_DONE)) {
			lite_item_delete(s, &p);
			drop->dropped++;
		}
	if (drop->dropped == 0)
		op->result = JOURNAL_NOT_FOUND;
}

/* The key may have been pruned, and be another delivery's by now. */
static bool
has_key(struct lite_store *s, const char *id, const char *hash)
{
	struct lite_key key;

	return lite_key_find(s, hash, &key) && strcmp(key.id, id) == 0;
}

static void
forget_delivery(struct lite_store *s, const struct lite_place *p,
    struct journal_forget *f)
{
	char hash[JOURNAL_HASH];
	bool had_key = false;

	lite_ask(s, SQL_TEXT_HOLDER, lite_order(p->seq));
	if (lite_row(s, SQL_TEXT_HOLDER)) {
		struct str key = lite_get_text(s, SQL_TEXT_HOLDER, 1);

		had_key = key.len == JOURNAL_HASH;
		if (had_key)
			memcpy(hash, key.at, JOURNAL_HASH);
		f->events += lite_get(s, SQL_TEXT_HOLDER, 2) != 0;
	}
	lite_end(s, SQL_TEXT_HOLDER);
	if (had_key && has_key(s, p->id, hash))
		f->keys += lite_key_delete(s, hash);
	lite_run(s, SQL_TEXT_FORGET, lite_order(p->seq));
}

/*
 * Looks at every row, for there is no index by lead: one would cost each
 * accept a page of its own, see journal_sqlite_keys.c.
 */
void
lite_forget(struct lite_store *s, struct journal_op *op)
{
	struct journal_forget *f = (void *)op;
	struct lite_place p;

	f->items = f->events = f->keys = f->held = 0;
	lite_ask(s, SQL_OF_LEAD, lite_text(f->lead));
	lite_collect(s, SQL_OF_LEAD);
	for (size_t i = 0; i < s->order_count; i++) {
		if (!lite_place_find(s, s->orders[i], &p))
			continue;
		forget_delivery(s, &p, f);
		if (p.state == JOURNAL_SENDING) {
			f->held++;
			continue;
		}
		lite_item_delete(s, &p);
		f->items++;
	}
	s->erased = true;
}

/* Items of a state that are as old as that, the oldest first. */
static size_t
prune_items(struct lite_store *s, enum journal_state state, int64_t before_ms,
    size_t most)
{
	enum lite_sql sql = state == JOURNAL_DONE ? SQL_OLD_DONE : SQL_OLD;
	struct lite_place p;

	lite_ask(s, sql, lite_number(state), lite_number(before_ms),
	    lite_number((int64_t)most));
	lite_collect(s, sql);
	for (size_t i = 0; i < s->order_count; i++)
		if (lite_place_find(s, s->orders[i], &p))
			lite_item_delete(s, &p);
	return s->order_count;
}

static size_t
prune_refused(struct lite_store *s, size_t most)
{
	int64_t surplus = s->count[JOURNAL_REFUSED] - s->settings.keep_refused;

	if (surplus <= 0)
		return 0;
	if ((size_t)surplus < most)
		most = (size_t)surplus;
	return prune_items(s, JOURNAL_REFUSED, INT64_MAX, most);
}

static size_t
prune_bodies(struct lite_store *s, size_t most)
{
	lite_ask(s, SQL_OLD_BODIES,
	    lite_number(s->now_ms - s->settings.keep_bodies),
	    lite_number((int64_t)most));
	lite_collect(s, SQL_OLD_BODIES);
	for (size_t i = 0; i < s->order_count; i++)
		lite_item_drop_body(s, s->orders[i]);
	return s->order_count;
}

void
lite_prune(struct lite_store *s, struct journal_op *op)
{
	struct journal_prune *p = (void *)op;
	const struct journal_settings *keep = &s->settings;
	size_t n = lite_keys_prune(s, p->most);

	n += prune_items(s, JOURNAL_DONE, s->now_ms - keep->keep_done,
	    p->most - n);
	if (keep->keep_dead > 0)
		n += prune_items(s, JOURNAL_DEAD, s->now_ms - keep->keep_dead,
		    p->most - n);
	n += prune_refused(s, p->most - n);
	n += prune_bodies(s, p->most - n);
	p->pruned = n;
}
