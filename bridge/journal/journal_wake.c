/*
 * journal/journal_wake.c - who is hungry for what, and who is woken.
 *
 * A port is hungry at a target when its last claim there got fewer heads than
 * it asked for. When something becomes due, one hungry port is woken, the one
 * after the last; its claim tells whether more was due, and then the next is
 * woken. Should it not claim (its target is paused, say), the next is tried a
 * while later. So a lone event wakes one worker and not all of them.
 */
#include <string.h>

#include "journal/journal_front.h"

#define NEVER INT64_MAX
/* A port that was woken and did nothing is passed over after this time. */
#define PATIENCE_US ((int64_t)1000000)
/* A claim that left due lanes alone is not asked for again sooner. */
#define LEFT_OVER_US ((int64_t)250000)
/* Where other nodes make things due that we hear nothing of. */
#define POLL_US ((int64_t)500000)

static struct hunger *
find_hunger(const struct journal_port *p, struct str target)
{
	for (size_t i = 0; i < p->hunger_count; i++)
		if (str_eq(str_of(p->hungers[i].target), target))
			return &p->hungers[i];
	return NULL;
}

/* Targets are upstreams of the settings: a few. */
static struct hunger *
make_hunger(struct journal_port *p, struct str target)
{
	struct hunger *h = find_hunger(p, target);

	if (h != NULL || target.len > JOURNAL_NAME_MAX)
		return h;
	p->hungers = base_grow(p->hungers, p->hunger_count + 1,
	    sizeof(*p->hungers));
	h = &p->hungers[p->hunger_count++];
	*h = (struct hunger){ .wake_us = NEVER };
	memcpy(h->target, target.at, target.len);
	return h;
}

static int64_t
earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* The port after the last that was woken; round and round. */
static struct journal_port *
next_port(const struct journal *j, const struct journal_port *p)
{
	return p != NULL && p->next != NULL ? p->next : j->ports;
}

/* Wakes one; the others of the target look again if that one does not. */
static void
wake_one(struct journal *j, struct str target, int64_t now_us)
{
	struct journal_port *start = next_port(j, j->woken_last), *p = start;
	bool woken = false;

	if (p == NULL)
		return;
	do {
		struct hunger *h = find_hunger(p, target);

		if (h != NULL && h->hungry && !woken) {
			woken = true;
			h->hungry = false;
			h->wake_us = NEVER;
			j->woken_last = p;
			port_wake(p);
		} else if (h != NULL && h->hungry) {
			h->wake_us = h->wake_us <= now_us
			    ? now_us + PATIENCE_US
			    : earlier(h->wake_us, now_us + PATIENCE_US);
		}
		p = next_port(j, p);
	} while (p != start);
}

/* Something is due at the target then. */
static void
wake_at(struct journal *j, struct str target, int64_t at_us, int64_t now_us)
{
	if (at_us <= now_us) {
		wake_one(j, target, now_us);
		return;
	}
	for (struct journal_port *p = j->ports; p != NULL; p = p->next) {
		struct hunger *h = find_hunger(p, target);

		if (h == NULL || !h->hungry)
			continue;
		h->wake_us = earlier(h->wake_us, at_us);
		return;
	}
}

/* A person acted, and that does not tell where: whoever is hungry looks. */
static void
wake_all(struct journal *j, int64_t now_us)
{
	for (struct journal_port *p = j->ports; p != NULL; p = p->next)
		for (size_t i = 0; i < p->hunger_count; i++)
			if (p->hungers[i].hungry)
				wake_one(j, str_of(p->hungers[i].target),
				    now_us);
}

static size_t
heads_of(const struct journal_claim *c)
{
	size_t heads = 0;

	for (size_t i = 0; i < c->count; i++)
		heads += !c->items[i].follows;
	return heads;
}

static int64_t
in_ms(int64_t now_us, int64_t ms)
{
	return ms < 0 || ms > (NEVER - now_us) / 1000 ? NEVER
	                                              : now_us + ms * 1000;
}

static void
after_claim(struct journal *j, const struct journal_op *op, int64_t now_us)
{
	const struct journal_claim *c = (const void *)op;
	struct hunger *h = make_hunger(op->port, c->target);

	if (h == NULL)
		return;
	h->hungry = heads_of(c) < c->most;
	h->wake_us = NEVER;
	if (!h->hungry) {
		if (c->next_ms == 0)
			wake_one(j, c->target, now_us);
		return;
	}
	h->wake_us = in_ms(now_us, c->next_ms);
	if (c->next_ms == 0)
		h->wake_us = now_us + LEFT_OVER_US;
	if (j->backend->shared)
		h->wake_us = earlier(h->wake_us, now_us + POLL_US);
}

/* An update that was not leased at once may be its lane's head. */
static void
after_accept(struct journal *j, const struct journal_op *op, int64_t now_us)
{
	const struct journal_accept *a = (const void *)op;

	if (a->lease)
		return;
	for (size_t i = 0; i < a->update_count; i++)
		if (a->updates[i].refused.at == NULL)
			wake_one(j, a->updates[i].target, now_us);
}

static void
after_settle(struct journal *j, const struct journal_op *op, int64_t now_us)
{
	const struct journal_settle *s = (const void *)op;

	wake_at(j, s->target, in_ms(now_us, s->next_ms), now_us);
}

static void
after_repair(struct journal *j, const struct journal_op *op, int64_t now_us)
{
	(void)op;
	wake_all(j, now_us);
}

static void (*const afters[JOURNAL_VERBS])(struct journal *j,
    const struct journal_op *op, int64_t now_us) = {
	[JOURNAL_ACCEPT] = after_accept,
	[JOURNAL_CLAIM] = after_claim,
	[JOURNAL_SETTLE] = after_settle,
	[JOURNAL_REVIVE] = after_repair,
	[JOURNAL_DROP] = after_repair,
	[JOURNAL_FORGET] = after_repair,
};

void
wake_after(struct journal *j, struct journal_op *const *ops, size_t count,
    int64_t now_us)
{
	pthread_mutex_lock(&j->ports_lock);
	for (size_t i = 0; i < count; i++)
		if (ops[i]->result == JOURNAL_OK &&
		    afters[ops[i]->verb] != NULL)
			afters[ops[i]->verb](j, ops[i], now_us);
	pthread_mutex_unlock(&j->ports_lock);
}

/* The earliest hunger that has a time, or NULL. */
static struct hunger *
earliest(struct journal *j)
{
	struct hunger *best = NULL;

	for (struct journal_port *p = j->ports; p != NULL; p = p->next)
		for (size_t i = 0; i < p->hunger_count; i++) {
			struct hunger *h = &p->hungers[i];

			if (h->hungry && h->wake_us != NEVER &&
			    (best == NULL || h->wake_us < best->wake_us))
				best = h;
		}
	return best;
}

int64_t
wake_by_time(struct journal *j, int64_t now_us)
{
	struct hunger *h;
	int64_t next;

	pthread_mutex_lock(&j->ports_lock);
	while ((h = earliest(j)) != NULL && h->wake_us <= now_us)
		wake_one(j, str_of(h->target), now_us);
	next = h != NULL ? h->wake_us : NEVER;
	pthread_mutex_unlock(&j->ports_lock);
	return next;
}
