/* journal/journal_sqlite_rows.c - an item in the file and in memory. */
#include <stdio.h>
#include <string.h>

#include "journal/journal_sqlite.h"

uint64_t
lite_next_order(struct lite_store *s)
{
	return ++s->last_order;
}

void
lite_count_move(struct lite_store *s, enum journal_state from,
    enum journal_state to)
{
	if (!journal_may_move(from, to))
		bug("an item cannot go from %s to %s",
		    name_text(journal_states, (int)from),
		    name_text(journal_states, (int)to));
	s->count[from]--;
	s->count[to]++;
}

struct lite_value
lite_reason(const struct journal_update *u)
{
	struct str reason = u->refused.at != NULL ? u->refused : STR("");

	if (reason.len >= JOURNAL_REASON_SIZE)
		reason.len = JOURNAL_REASON_SIZE - 1;
	return lite_text(reason);
}

bool
lite_place_find(struct lite_store *s, uint64_t order, struct lite_place *p)
{
	struct str target, lead;

	*p = (struct lite_place){ .order = order };
	lite_ask(s, SQL_ITEM_PLACE, lite_order(order));
	if (!lite_row(s, SQL_ITEM_PLACE))
		return false;
	lite_get_id(s, SQL_ITEM_PLACE, 0, p->id);
	p->text = (uint64_t)lite_get(s, SQL_ITEM_PLACE, 1);
	p->seq = (uint64_t)lite_get(s, SQL_ITEM_PLACE, 2);
	p->state = (enum journal_state)lite_get(s, SQL_ITEM_PLACE, 3);
	target = lite_get_text(s, SQL_ITEM_PLACE, 5);
	lead = lite_get_text(s, SQL_ITEM_PLACE, 6);
	snprintf(p->target, sizeof(p->target), "%.*s", STR_ARG(target));
	snprintf(p->lead, sizeof(p->lead), "%.*s", STR_ARG(lead));
	p->n = lite_get(s, SQL_ITEM_PLACE, 7);
	p->flags = (unsigned)lite_get(s, SQL_ITEM_PLACE, 8);
	if (lite_get(s, SQL_ITEM_PLACE, 4) != 0)
		p->lane = lite_lane_find(&s->lanes, target, lead);
	if (p->lane != NULL)
		p->item = lite_lane_item(p->lane, order);
	lite_end(s, SQL_ITEM_PLACE);
	return s->rc == SQLITE_OK;
}

void
lite_collect(struct lite_store *s, enum lite_sql sql)
{
	s->order_count = 0;
	while (lite_row(s, sql)) {
		if (s->order_count == s->order_room) {
			s->order_room = s->order_room * 2 + 64;
			s->orders = base_grow(s->orders, s->order_room,
			    sizeof(s->orders[0]));
		}
		s->orders[s->order_count++] = (uint64_t)lite_get(s, sql, 0);
	}
}

static bool
any_row(struct lite_store *s, enum lite_sql sql, const char *id)
{
	bool any;

	lite_ask(s, sql, lite_id(id));
	any = lite_row(s, sql);
	lite_end(s, sql);
	return any;
}

/* The body; and the event, once no item of the delivery needs it. */
void
lite_item_drop_body(struct lite_store *s, uint64_t order)
{
	struct lite_place p;

	if (!lite_place_find(s, order, &p))
		return;
	lite_run(s, SQL_ITEM_BARE, lite_order(order));
	if (p.text == p.seq)
		lite_run(s, SQL_TEXT_NO_BODY, lite_order(p.text));
	else
		lite_run(s, SQL_TEXT_DELETE, lite_order(p.text));
	if (!any_row(s, SQL_NEEDS_EVENT, p.id))
		lite_run(s, SQL_TEXT_NO_EVENT, lite_order(p.seq));
}

void
lite_item_delete(struct lite_store *s, const struct lite_place *p)
{
	if (p->item != NULL) {
		p->lane->target->live -= p->state != JOURNAL_DEAD;
		lite_item_leave(&s->lanes, p->lane, p->item, s->now_ms);
	}
	s->count[p->state]--;
	lite_run(s, SQL_ITEM_DELETE, lite_order(p->order));
	if (p->text != p->seq)
		lite_run(s, SQL_TEXT_DELETE, lite_order(p->text));
	if (!any_row(s, SQL_ID_SEEN, p->id))
		lite_run(s, SQL_TEXT_DELETE, lite_order(p->seq));
	else if (p->text == p->seq)
		lite_run(s, SQL_TEXT_NO_BODY, lite_order(p->seq));
}

void
lite_delete_done(struct lite_store *s, const char *id)
{
	struct lite_place p;

	if (any_row(s, SQL_NOT_DONE, id))
		return;
	lite_ask(s, SQL_OF_DELIVERY, lite_id(id));
	lite_collect(s, SQL_OF_DELIVERY);
	for (size_t i = 0; i < s->order_count; i++)
		if (lite_place_find(s, s->orders[i], &p))
			lite_item_delete(s, &p);
}

void
lite_lease(struct lite_store *s, struct lite_lane *lane, int64_t lease_ms,
    struct journal_lease *out)
{
	struct lite_item *head = lane->now.first;

	lite_lane_save(&s->lanes, lane);
	lite_item_save(&s->lanes, head);
	lane->now.fence = ++s->last_fence;
	lane->now.due_ms = s->now_ms + lease_ms;
	lite_count_move(s, head->state, JOURNAL_SENDING);
	head->state = JOURNAL_SENDING;
	head->attempts++;
	lite_lane_place(&s->lanes, lane);
	out->fence = lane->now.fence;
	out->order = head->order;
	snprintf(out->lead, sizeof(out->lead), "%.*s",
	    STR_ARG(lite_lane_lead(lane)));
}

void
lite_strike(struct lite_store *s, struct lite_lane *lane)
{
	struct lite_item *head = lane->now.first;
	char reason[JOURNAL_REASON_SIZE];
	bool stays;

	lite_lane_save(&s->lanes, lane);
	lite_item_save(&s->lanes, head);
	lane->now.fence = 0;
	head->strikes++;
	lite_count_move(s, head->state, JOURNAL_WAITING);
	head->state = JOURNAL_WAITING;
	if (journal_struck_out(head->flags, head->strikes, reason)) {
		lite_count_move(s, head->state, JOURNAL_DEAD);
		lane->target->live--;
		head->state = JOURNAL_DEAD;
	}
	stays = head->state != JOURNAL_DEAD ||
	    (head->flags & JOURNAL_BLOCKS) != 0;
	lite_run(s, SQL_ITEM_STRUCK, lite_order(head->order),
	    lite_number(stays), lite_number(head->state),
	    lite_number(head->strikes), lite_number(s->now_ms),
	    head->state == JOURNAL_DEAD ? lite_text(str_of(reason))
	                                : lite_text(STR_NONE));
	if (stays)
		lite_lane_place(&s->lanes, lane);
	else
		lite_item_leave(&s->lanes, lane, head, s->now_ms);
}
