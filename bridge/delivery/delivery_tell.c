/* delivery/delivery_tell.c - GET /deliveries/{id}: what became of a delivery.
 */
#include "delivery/delivery_life.h"

#define TELL_CEILING ((size_t)1 << 20)
/* Anybody may ask; the journal's thread has better to do. */
#define TELL_MOST 8

/* A question under way; lives in the exchange's arena. */
struct question {
	struct journal_show show;
	struct worker *worker;
	struct exchange *exchange;
};

/* The least finished of its updates speaks for the delivery. */
static enum journal_state
state_of(const struct journal_row *rows, size_t count)
{
	static const enum journal_state order[] = { JOURNAL_SENDING,
		JOURNAL_WAITING, JOURNAL_DEAD, JOURNAL_REFUSED, JOURNAL_DONE };

	for (size_t i = 0; i < COUNT_OF(order); i++)
		for (size_t k = 0; k < count; k++)
			if (rows[k].state == order[i])
				return order[i];
	return JOURNAL_DONE;
}

/* No lead, no field, no reason: whoever knows the id may read this. */
static void
print_row(const struct journal_row *row, struct bytes *out)
{
	bytes_addf(out, "{\"state\":\"%s\",\"attempts\":%u",
	    name_text(journal_states, (int)row->state), row->attempts);
	if (row->status != 0)
		bytes_addf(out, ",\"status\":%d", row->status);
	bytes_add_char(out, '}');
}

static void
print_state(const struct journal_show *show, struct bytes *out)
{
	bytes_addf(out,
	    "{\"success\":true,\"data\":{\"delivery\":\"%s\",\"state\":"
	    "\"%s\",\"updates\":[",
	    show->id,
	    name_text(journal_states, (int)state_of(show->rows, show->count)));
	for (size_t i = 0; i < show->count; i++) {
		if (i > 0)
			bytes_add_char(out, ',');
		print_row(&show->rows[i], out);
	}
	bytes_add_text(out, "]}}");
}

static void
on_shown(struct journal_op *op)
{
	struct question *q = op->arg;
	struct exchange *x = q->exchange;
	struct answer a = { .status = 200 };
	struct bytes body;

	q->worker->asked--;
	if (op->result != JOURNAL_OK) {
		exchange_refuse(x,
		    op->result == JOURNAL_NOT_FOUND ? FAULT_ROUTE : FAULT_BUSY);
		return;
	}
	bytes_init_in(&body, x->arena, TELL_CEILING);
	print_state(&q->show, &body);
	if (!bytes_ok(&body)) {
		exchange_refuse(x, FAULT_BUSY);
		return;
	}
	a.body = bytes_str(&body);
	x->reply(x, &a);
}

bool
delivery_tell_state(struct worker *w, struct exchange *x)
{
	struct str path = x->request.path, id;
	struct question *q;

	if (!str_starts(path, STR(DELIVERY_STATES_PATH)) ||
	    !str_eq(x->request.method, STR("GET")))
		return false;
	id = str_skip(path, sizeof(DELIVERY_STATES_PATH) - 1);
	if (!str_is_uuid(id))
		return false;
	q = w->asked < TELL_MOST ? arena_take(x->arena, sizeof(*q)) : NULL;
	if (q == NULL) {
		exchange_refuse(x, FAULT_BUSY);
		return true;
	}
	w->asked++;
	*q = (struct question){ .worker = w,
		.exchange = x,
		.show = {
		    .op = { .verb = JOURNAL_SHOW, .done = on_shown, .arg = q },
		    .arena = x->arena } };
	memcpy(q->show.id, id.at, id.len);
	x->lent = true;
	journal_submit(w->port, &q->show.op);
	return true;
}
