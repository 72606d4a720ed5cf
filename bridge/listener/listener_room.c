/*
 * listener/listener_room.c - who goes for the next one, at the ceiling.
 *
 * Some addresses may hold all the connections there may be, each for as long
 * as its deadline lets it. So at the ceiling, while somebody waits to be
 * accepted, those are closed of whom nothing good is known: they have had no
 * request accepted, and we wait for them. Of these, the ones of the address
 * that has the most connections go first; of its own, the oldest. Who comes
 * with less than the attackers have each is not touched, and needs not be
 * quick; where they come one from an address, he has a second at least.
 *
 * Proxies are not counted by address, and are let alone. Who waits at another
 * worker's socket is helped by that one, or, where it has nobody to close, by
 * all; only then are connections closed that rest, which have done no harm.
 */
#include <poll.h>

#include "listener/listener_worker.h"

/* Closed at once, at most, and of the connections there may be: one in 64. */
#define GO_MAX 128
#define GO_SHARE 64
#define GRACE_MS 1000

struct leaver {
	struct guard *guard;
	unsigned crowd; /* connections of its address */
};

struct leavers {
	bool for_others; /* who wait at another worker */
	int64_t now;
	struct leaver list[GO_MAX]; /* who goes first comes first */
	size_t count, max;
};

/*
 * Who is alone, of his address, has a second: of one worker's connections his
 * may be the only one. So has everybody where another worker may have more to
 * choose from.
 */
static bool
may_go(const struct leavers *all, const struct leaver *one)
{
	const struct guard *g = one->guard;

	return !g->accepted && g->phase <= PHASE_BODY &&
	    (all->now >= g->since + GRACE_MS ||
	        (!all->for_others && one->crowd > 1));
}

static bool
goes_before(const struct leaver *a, const struct leaver *b)
{
	if (a->crowd != b->crowd)
		return a->crowd > b->crowd;
	return a->guard->since < b->guard->since;
}

/* Where there is no room for all, the last ones go out at the end. */
static void
add(struct leavers *all, struct leaver one)
{
	size_t at = all->count;

	while (at > 0 && goes_before(&one, &all->list[at - 1])) {
		if (at < all->max)
			all->list[at] = all->list[at - 1];
		at--;
	}
	if (at < all->max)
		all->list[at] = one;
	if (all->count < all->max)
		all->count++;
}

static size_t
most_at_once(const struct worker *w)
{
	size_t n = (size_t)w->limits.connections / GO_SHARE;

	if (n < 1)
		return 1;
	return n < GO_MAX ? n : GO_MAX;
}

/* How many went. */
static size_t
close_some(struct worker *w, bool for_others)
{
	struct leavers all = { .for_others = for_others,
		.now = worker_now(),
		.max = most_at_once(w) };

	for (unsigned i = 0; i < w->slots; i++) {
		struct leaver one = { .guard = w->guards[i] };

		if (one.guard == NULL || !one.guard->entered)
			continue;
		one.crowd = crowd_entered(w->crowd, &one.guard->address);
		if (may_go(&all, &one))
			add(&all, one);
	}
	for (size_t i = 0; i < all.count; i++)
		guard_turn_away(all.list[i].guard, LIMIT_DISPLACED,
		    "limits.connections are open; no request of it was "
		    "accepted yet, and nobody has more connections");
	return all.count;
}

bool
worker_is_awaited(const struct worker *w)
{
	for (size_t i = 0; i < w->entry_count; i++) {
		struct evhttp_bound_socket *bound = w->entries[i].bound;
		struct pollfd at = { .events = POLLIN };

		if (bound == NULL)
			continue;
		at.fd = evhttp_bound_socket_get_fd(bound);
		if (poll(&at, 1, 0) == 1)
			return true;
	}
	return false;
}

static void
ask(struct worker *w, bool asks)
{
	if (asks != w->asking)
		crowd_ask(w->crowd, asks ? 1 : -1);
	w->asking = asks;
}

void
worker_make_room(struct worker *w)
{
	bool full = !w->stopping && w->accept_again == 0 &&
	    !crowd_has_room(w->crowd);
	bool waited_for = full && worker_is_awaited(w);

	if (waited_for)
		ask(w, close_some(w, false) == 0);
	else
		ask(w, false);
	if (full && !waited_for && crowd_is_asked(w->crowd))
		(void)close_some(w, true);
}
