/* journal/journal_sqlite_send.c - accept, claim, settle. */
#include <stdio.h>
#include <string.h>

#include "journal/journal_sqlite.h"

/* Whether the key is known; then the op's result says how. */
static bool
known_key(struct lite_store *s, struct journal_accept *a)
{
	struct lite_key key;

	if (a->key.at == NULL || !lite_key_find(s, a->key.at, &key))
		return false;
	if (strcmp(key.id, a->id) == 0)
		return true; /* the same accept, come again */
	a->op.result = memcmp(key.body, a->digest, JOURNAL_HASH) == 0
	    ? JOURNAL_DUPLICATE
	    : JOURNAL_CONFLICT;
	memcpy(a->first.id, key.id, sizeof(a->first.id));
	a->first.state = JOURNAL_DONE;
	a->first.status = 0;
	lite_ask(s, SQL_ITEM_FIRST, lite_id(key.id), lite_order(key.seq));
	if (lite_row(s, SQL_ITEM_FIRST)) {
		a->first.state = (enum journal_state)lite_get(s, SQL_ITEM_FIRST,
		    0);
		a->first.status = (int)lite_get(s, SQL_ITEM_FIRST, 1);
	}
	lite_end(s, SQL_ITEM_FIRST);
	return true;
}

/*
 * Ids ascend with time, but for some: one above all that was there when the
 * group began is new, or else of this group, where its first row is found when
 * it is entered again.
 */
static bool
known_id(struct lite_store *s, const struct lite_value *id)
{
	bool known;

	if (id->kind == LITE_BLOB &&
	    memcmp(id->text.at, s->begin_top_id, LITE_ID_BYTES) > 0) {
		if (memcmp(id->text.at, s->top_id, LITE_ID_BYTES) > 0)
			memcpy(s->top_id, id->text.at, LITE_ID_BYTES);
		return false;
	}
	lite_bind(s, SQL_ID_SEEN, id, 1);
	known = lite_row(s, SQL_ID_SEEN);
	lite_end(s, SQL_ID_SEEN);
	return known;
}

/* What the row of an update says of it when it is accepted. */
struct entry {
	struct lite_lane *lane; /* NULL: refused */
	bool lease;
	uint64_t order, seq;
	const struct lite_value *id;
};

static struct entry
entry_of(struct lite_store *s, const struct journal_accept *a, size_t i,
    uint64_t seq, const struct lite_value *id)
{
	const struct journal_update *u = &a->updates[i];
	struct entry e = { .order = i == 0 ? seq : lite_next_order(s),
		.seq = seq,
		.id = id };

	if (u->refused.at != NULL)
		return e;
	e.lane = lite_lane_get(&s->lanes, u->target, u->lead);
	e.lease = a->lease && e.lane->now.first == NULL;
	return e;
}

/* False: it is there already. */
static bool
add_row(struct lite_store *s, const struct journal_accept *a, size_t i,
    const struct entry *e)
{
	const struct journal_update *u = &a->updates[i];
	enum journal_state state = e->lane == NULL ? JOURNAL_REFUSED
	    : e->lease                             ? JOURNAL_SENDING
	                                           : JOURNAL_WAITING;

	lite_run(s, SQL_ITEM_ADD, lite_order(e->order), lite_order(e->seq),
	    lite_number((int64_t)i), lite_number(e->lane != NULL),
	    lite_number(state), lite_number(a->flags), lite_number(e->lease),
	    lite_number(a->received_ms), lite_number(s->now_ms), *e->id,
	    lite_text(u->target), lite_text(u->lead), lite_text(a->route),
	    lite_text(a->verdict), lite_reason(u));
	return sqlite3_changes(s->db) != 0;
}

static void
add_text(struct lite_store *s, const struct journal_accept *a, size_t i,
    uint64_t order)
{
	struct str key = { a->key.at, JOURNAL_HASH };

	lite_run(s, SQL_TEXT_ADD, lite_order(order),
	    lite_number((int64_t)a->update_count),
	    lite_blob(i == 0 && a->key.at != NULL ? key : STR_NONE),
	    lite_blob(i == 0 ? a->event : STR_NONE),
	    lite_blob(a->updates[i].body));
}

/* In memory, and leased where that is wanted and its lane was idle. */
static void
add_to_lane(struct lite_store *s, const struct journal_accept *a, size_t i,
    const struct entry *e)
{
	if (e->lane == NULL) {
		s->count[JOURNAL_REFUSED]++;
		return;
	}
	s->count[JOURNAL_WAITING]++;
	e->lane->target->live++;
	lite_item_add(&s->lanes, e->lane, e->order, a->flags, s->now_ms);
	if (e->lease)
		lite_lease(s, e->lane, a->lease_ms, &a->leases[i]);
}

/* False: the delivery is there already, as its first row tells. */
static bool
add_item(struct lite_store *s, const struct journal_accept *a, size_t i,
    uint64_t seq, const struct lite_value *id)
{
	struct entry e = entry_of(s, a, i, seq, id);

	if (!add_row(s, a, i, &e)) {
		if (i > 0)
			lite_note(s, SQLITE_CONSTRAINT_UNIQUE);
		return false;
	}
	add_text(s, a, i, e.order);
	add_to_lane(s, a, i, &e);
	return true;
}

void
lite_accept(struct lite_store *s, struct journal_op *op)
{
	struct journal_accept *a = (void *)op;
	unsigned char packed[LITE_ID_BYTES];
	struct lite_value id = lite_packed(a->id, packed);
	uint64_t seq;

	if (a->lease)
		memset(a->leases, 0, a->update_count * sizeof(a->leases[0]));
	if (known_key(s, a) || known_id(s, &id))
		return;
	seq = lite_next_order(s);
	for (size_t i = 0; i < a->update_count; i++)
		if (!add_item(s, a, i, seq, &id))
			return;
	if (a->key.at != NULL)
		lite_key_add(s, a, &id, seq);
}

/* Into the claim's arena; false when it does not fit. */
static bool
copy_item(struct lite_store *s, const struct lite_item *from,
    struct arena *arena, struct journal_item *to)
{
	struct arena_mark mark = arena_mark(arena);
	struct str body = STR_NONE;

	*to = (struct journal_item){ .order = from->order,
		.flags = from->flags,
		.attempts = from->attempts };
	lite_ask(s, SQL_ITEM_SENT, lite_order(from->order));
	if (lite_row(s, SQL_ITEM_SENT)) {
		lite_get_id(s, SQL_ITEM_SENT, 0, to->id);
		to->n = (unsigned)lite_get(s, SQL_ITEM_SENT, 1);
		to->route = arena_copy(arena,
		    lite_get_text(s, SQL_ITEM_SENT, 2));
		to->age_ms = s->now_ms - lite_get(s, SQL_ITEM_SENT, 3);
		body = lite_get_text(s, SQL_ITEM_SENT, 4);
		to->body = body.at != NULL ? arena_copy(arena, body) : body;
	}
	if (body.at == NULL)
		lite_note(s, SQLITE_CORRUPT); /* it is in memory, and was */
	lite_end(s, SQL_ITEM_SENT);
	if (to->route.at != NULL && to->body.at != NULL)
		return true;
	arena_rewind(arena, mark);
	return false;
}

static void
add_followers(struct lite_store *s, struct journal_claim *c,
    const struct lite_item *item, const struct journal_item *head)
{
	for (size_t i = 0; i < c->merge && item != NULL; i++) {
		struct arena_mark mark = arena_mark(c->arena);
		struct journal_item *to = &c->items[c->count];

		if (item->state != JOURNAL_WAITING ||
		    (item->flags & JOURNAL_COALESCE) == 0 ||
		    !copy_item(s, item, c->arena, to))
			return;
		if (!str_eq(to->route, head->route)) {
			arena_rewind(c->arena, mark);
			return;
		}
		to->follows = true;
		to->lease = head->lease;
		c->count++;
		item = item->next;
	}
}

/* False when the arena is full. */
static bool
hand_out(struct lite_store *s, struct journal_claim *c, struct lite_lane *lane)
{
	struct lite_item *head = lane->now.first;
	struct journal_item *to = &c->items[c->count];

	if (!copy_item(s, head, c->arena, to))
		return false;
	lite_lease(s, lane, c->lease_ms, &to->lease);
	lite_run(s, SQL_ITEM_HELD, lite_order(head->order),
	    lite_number(head->attempts), lite_number(s->now_ms));
	to->attempts = head->attempts;
	c->count++;
	if ((head->flags & JOURNAL_COALESCE) != 0)
		add_followers(s, c, head->next, to);
	return true;
}

static struct lite_lane *
due_first(const struct lite_store *s, const struct lite_heap *h)
{
	return h->count > 0 && h->lanes[0]->now.due_ms <= s->now_ms
	    ? h->lanes[0]
	    : NULL;
}

/* The lane that is due the longest, out of its heap; NULL: none. */
static struct lite_lane *
lift_due(const struct lite_store *s, struct lite_target *t, size_t *again)
{
	struct lite_lane *fresh = due_first(s, &t->heaps[LITE_FRESH]);
	struct lite_lane *tried = *again > 0
	    ? due_first(s, &t->heaps[LITE_TRIED])
	    : NULL;
	struct lite_lane *lane = fresh;

	if (tried != NULL &&
	    (fresh == NULL || tried->now.due_ms < fresh->now.due_ms)) {
		lane = tried;
		--*again;
	}
	if (lane != NULL)
		lite_lane_lift(lane);
	return lane;
}

/*
 * All of them first: one that is leased for no time at all would be due at
 * once, and be handed out twice. The list is in the claim's arena.
 */
static struct lite_lane **
lift_all(const struct lite_store *s, struct journal_claim *c,
    struct lite_target *t, size_t *count)
{
	size_t most = t->heaps[LITE_FRESH].count + t->heaps[LITE_TRIED].count;
	size_t again = c->again;
	struct lite_lane **lanes, *lane;

	*count = 0;
	most = most < c->most ? most : c->most;
	lanes = arena_take(c->arena, most * sizeof(lanes[0]));
	while (lanes != NULL && *count < most &&
	    (lane = lift_due(s, t, &again)) != NULL)
		lanes[(*count)++] = lane;
	return lanes;
}

static int64_t
next_due(const struct lite_store *s, const struct lite_target *t)
{
	int64_t next = -1;

	for (size_t i = 0; i < LITE_HEAPS; i++) {
		const struct lite_heap *h = &t->heaps[i];
		int64_t in;

		if (h->count == 0)
			continue;
		in = h->lanes[0]->now.due_ms - s->now_ms;
		in = in > 0 ? in : 0;
		next = next < 0 || in < next ? in : next;
	}
	return next;
}

static void
claim_lanes(struct lite_store *s, struct journal_claim *c,
    struct lite_target *t)
{
	size_t count;
	struct lite_lane **lanes = lift_all(s, c, t, &count);
	bool room;

	c->items = arena_take(c->arena,
	    count * (1 + c->merge) * sizeof(c->items[0]));
	room = c->items != NULL;
	for (size_t i = 0; i < count; i++) {
		struct lite_lane *lane = lanes[i];

		if (room && lane->now.fence != 0)
			lite_strike(s, lane);
		if (room && lane->now.first != NULL && !lite_lane_blocked(lane))
			room = hand_out(s, c, lane);
		lite_lane_place(&s->lanes, lane);
	}
}

void
lite_claim(struct lite_store *s, struct journal_op *op)
{
	struct journal_claim *c = (void *)op;
	struct lite_target *t = lite_target_find(&s->lanes, c->target);

	c->count = 0;
	c->items = NULL;
	c->next_ms = -1;
	if (t == NULL)
		return;
	claim_lanes(s, c, t);
	c->next_ms = next_due(s, t);
}

static void
settle_item(struct lite_store *s, struct lite_lane *lane,
    struct lite_item *item, const struct journal_settle *how, int64_t due_ms)
{
	uint64_t order = item->order;
	bool stays = how->to == JOURNAL_WAITING ||
	    (how->to == JOURNAL_DEAD && (item->flags & JOURNAL_BLOCKS) != 0);
	struct lite_place p;

	lite_count_move(s, item->state, how->to);
	lane->target->live -= how->to != JOURNAL_WAITING;
	item->state = (uint8_t)how->to;
	item->strikes = 0;
	lite_run(s, SQL_ITEM_SETTLED, lite_order(order), lite_number(stays),
	    lite_number(how->to), lite_number(item->attempts),
	    lite_number(how->status), lite_number(s->now_ms),
	    lite_number(due_ms), lite_text(str_of(how->reason)),
	    lite_number(item->flags));
	if (!stays)
		lite_item_leave(&s->lanes, lane, item, s->now_ms);
	if (how->to != JOURNAL_DONE)
		return;
	if (s->settings.keep_bodies == 0)
		lite_item_drop_body(s, order);
	if (s->settings.keep_done == 0 && lite_place_find(s, order, &p))
		lite_delete_done(s, p.id);
}

void
lite_settle(struct lite_store *s, struct journal_op *op)
{
	struct journal_settle *how = (void *)op;
	struct lite_lane *lane = lite_lane_find(&s->lanes, how->target,
	    str_of(how->lease.lead));
	struct lite_item *item, *next;

	how->next_ms = -1;
	if (lane == NULL || how->lease.fence == 0 ||
	    lane->now.fence != how->lease.fence) {
		op->result = JOURNAL_FENCED;
		return;
	}
	lite_lane_save(&s->lanes, lane);
	lane->now.fence = 0;
	lane->now.due_ms = s->now_ms + how->delay_ms;
	item = lane->now.first;
	next = item->next;
	lite_item_save(&s->lanes, item);
	item->attempts -= how->unburnt;
	item->flags = (uint16_t)journal_noted(item->flags, how->notes);
	settle_item(s, lane, item, how,
	    how->to == JOURNAL_WAITING ? lane->now.due_ms : 0);
	for (item = next; item != NULL && item->order <= how->through;
	     item = next) {
		next = item->next;
		lite_item_save(&s->lanes, item);
		item->attempts += !how->unburnt;
		settle_item(s, lane, item, how, 0);
	}
	lite_lane_place(&s->lanes, lane);
	if (lane->now.first != NULL && !lite_lane_blocked(lane))
		how->next_ms = lane->now.due_ms > s->now_ms
		    ? lane->now.due_ms - s->now_ms
		    : 0;
}
