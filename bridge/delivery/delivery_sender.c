/* delivery/delivery_sender.c - what is due is claimed, and handed to flights.
 */
#include <event2/event.h>

#include "delivery/delivery_flight.h"

/* Lanes one claim asks for at most. */
#define CLAIM_MOST 64
#define CLAIM_ARENA ((size_t)16 << 20)
/* Nothing was handed out: when to look again, where nobody may tell us to. */
#define POLL_MS 1000
#define IDLE_MS 60000
/* A settlement has to be on the disk before the lease ends. */
#define LEASE_SPARE_MS 30000

static void
look_in(struct sender *s, int64_t ms)
{
	struct timeval in = { .tv_sec = ms / 1000,
		.tv_usec = ms % 1000 * 1000 };

	evtimer_add(s->timer, &in);
}

static size_t
group_size(const struct journal_item *items, size_t left)
{
	size_t n = 1;

	while (n < left && n <= CLAIM_MERGE && items[n].follows)
		n++;
	return n;
}

static void
send_all(struct sender *s)
{
	for (size_t i = 0; i < s->claim.count;) {
		size_t n = group_size(s->claim.items + i, s->claim.count - i);

		s->asked--;
		s->busy++;
		flight_send(s, s->claim.items + i, n);
		i += n;
	}
}

/*
 * What is due and was not handed out to free slots is a second try, and waits
 * for an earlier one to end: that looks again by itself.
 */
static int64_t
look_again_ms(const struct sender *s)
{
	const struct journal_claim *c = &s->claim;

	if (c->op.result != JOURNAL_OK || (c->next_ms == 0 && c->count == 0))
		return POLL_MS;
	return c->next_ms < 0 || c->next_ms > IDLE_MS ? IDLE_MS : c->next_ms;
}

static void
on_claimed(struct journal_op *op)
{
	struct sender *s = op->arg;
	int64_t wait = look_again_ms(s);

	s->claiming = false;
	if (op->result == JOURNAL_OK)
		send_all(s);
	for (; s->asked > 0; s->asked--)
		upstream_gate_note(s->target, s->pass, GATE_UNUSED, 0);
	arena_reset(s->arena);
	if (s->retired)
		return;
	if (s->woken)
		wait = 0;
	s->woken = false;
	if (journal_shared(s->journal) && wait > POLL_MS)
		wait = POLL_MS;
	look_in(s, wait > 0 ? wait : 1);
}

/* At most a fifth of the slots, and one at least, goes to second tries. */
static size_t
room_for_again(const struct sender *s)
{
	size_t most = s->slots / 5 > 0 ? s->slots / 5 : 1;

	return most > s->again ? most - s->again : 0;
}

void
sender_look(struct sender *s)
{
	size_t free = s->slots > s->busy ? s->slots - s->busy : 0;
	struct journal_claim *c = &s->claim;
	int64_t wait;

	if (s->claiming || s->retired || free == 0)
		return;
	s->asked = upstream_gate_ask(s->target,
	    free < CLAIM_MOST ? free : CLAIM_MOST, &s->pass, &wait);
	if (s->asked == 0) {
		look_in(s, wait);
		return;
	}
	*c = (struct journal_claim){
		.op = { .verb = JOURNAL_CLAIM, .done = on_claimed, .arg = s },
		.target = s->name,
		.most = s->asked,
		.again = room_for_again(s),
		.merge = CLAIM_MERGE,
		.rate = upstream_gate_rate(s->target),
		.lease_ms = sender_lease_ms(s),
		.arena = s->arena
	};
	s->claiming = true;
	s->claimed_us = clock_mono_us();
	journal_submit(s->port, &c->op);
}

void
sender_wake(struct sender *s)
{
	s->woken = s->claiming;
	sender_look(s);
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	sender_look(arg);
}

int64_t
sender_lease_ms(const struct sender *s)
{
	return upstream_target_timeout_ms(s->target) + LEASE_SPARE_MS;
}

bool
sender_shares_rate(const struct sender *s)
{
	return journal_shared(s->journal) && upstream_gate_rate(s->target) > 0;
}

bool
sender_take(struct sender *s, struct gate_pass *pass)
{
	int64_t wait;

	if (s->retired || s->busy >= s->slots ||
	    upstream_gate_ask(s->target, 1, pass, &wait) == 0)
		return false;
	s->busy++;
	return true;
}

void
sender_leave(struct sender *s, struct gate_pass pass)
{
	s->busy--;
	upstream_gate_note(s->target, pass, GATE_UNUSED, 0);
}

struct sender *
sender_new(const struct sender_setup *setup)
{
	struct sender *s = base_alloc(sizeof(*s));

	s->base = setup->base;
	s->journal = setup->journal;
	s->port = setup->port;
	s->target = setup->target;
	s->pool = setup->pool;
	s->routes = setup->routes;
	s->name = str_of(upstream_target_name(setup->target));
	s->slots = upstream_target_connections(setup->target);
	s->seed = setup->seed | 1;
	s->tracer = setup->tracer;
	s->arena = arena_new(CLAIM_ARENA);
	s->scratch = arena_new(CLAIM_ARENA);
	s->timer = evtimer_new(setup->base, on_timer, s);
	look_in(s, 1);
	return s;
}

void
sender_retire(struct sender *s)
{
	s->retired = true;
	evtimer_del(s->timer);
}

void
sender_stop(struct sender *s)
{
	sender_retire(s);
	s->stopped = true;
}

void
sender_free(struct sender *s)
{
	if (s == NULL)
		return;
	while (s->flights != NULL)
		flight_free(s->flights);
	event_free(s->timer);
	arena_free(s->arena);
	arena_free(s->scratch);
	base_free(s);
}

bool
sender_busy(const struct sender *s)
{
	return s->claiming || s->flights != NULL;
}
