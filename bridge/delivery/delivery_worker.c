/* delivery/delivery_worker.c - the service: what each worker has, and its end.
 */
#include <event2/event.h>
#include <sys/random.h>

#include "delivery/delivery_life.h"

/* How often eras that retired are looked at, while there are any. */
#define REAP_MS 50

static void
on_work(void *arg)
{
	struct worker *w = arg;

	era_wake(w->era);
}

static void
reap_later(struct worker *w)
{
	struct timeval in = { .tv_usec = REAP_MS * 1000 };

	evtimer_add(w->reaper, &in);
}

/* From the loop, where no era is in the middle of anything. */
static void
on_reap(evutil_socket_t fd, short what, void *arg)
{
	struct worker *w = arg;
	struct era **at = &w->era->before;

	(void)fd;
	(void)what;
	while (*at != NULL) {
		struct era *e = *at;

		if (era_over(e)) {
			*at = e->before;
			era_free(e);
		} else {
			at = &e->before;
		}
	}
	if (w->era->before != NULL)
		reap_later(w);
}

static void *
start(void *shared, void *event_base, unsigned index)
{
	const struct delivery_setup *setup = shared;
	struct worker *w = base_alloc(sizeof(*w));

	w->base = event_base;
	w->journal = setup->journal;
	if (getrandom(w->seed, sizeof(w->seed), 0) != sizeof(w->seed)) {
		w->seed[0] = (uint64_t)clock_wall_ms() << 8 | index;
		w->seed[1] = (uint64_t)clock_mono_us();
	}
	w->reaper = evtimer_new(w->base, on_reap, w);
	if (w->reaper == NULL)
		bug("no event for a worker");
	if (w->journal != NULL)
		w->port = journal_port_new(w->journal, w->base, on_work, w);
	if (setup->trace != NULL)
		w->trace_port = trace_port_new(setup->trace);
	w->era = era_new(w, setup);
	return w;
}

/* The journal stays as it is: it was opened once, for all eras. */
static void
renew(void *mine, void *shared)
{
	struct worker *w = mine;
	struct era *e = era_new(w, shared);

	era_follow(e, w->era);
	era_retire(w->era);
	e->before = w->era;
	w->era = e;
	reap_later(w);
}

/* Calls of the journal's that the API has got may end as they will. */
static bool
busy(void *mine)
{
	struct worker *w = mine;
	bool any = false;

	for (struct era *e = w->era; e != NULL; e = e->before) {
		era_stop(e);
		any |= era_busy(e);
	}
	return any;
}

/*
 * What is under way ends first, so that all of it is settled; then nothing
 * is handed in any more, and the port can go.
 */
static void
stop(void *mine)
{
	struct worker *w = mine;

	event_free(w->reaper);
	for (struct era *e = w->era; e != NULL; e = e->before)
		era_stop(e);
	for (struct era *e = w->era; e != NULL; e = e->before)
		era_end_calls(e);
	journal_port_free(w->port);
	while (w->era != NULL) {
		struct era *e = w->era;

		w->era = e->before;
		era_free(e);
	}
	base_free(w);
}

struct service
delivery_service(const struct delivery_setup *setup)
{
	return (struct service){ .start = start,
		.serve = delivery_serve,
		.wants_body = delivery_wants_body,
		.renew = renew,
		.busy = busy,
		.stop = stop,
		.shared = (void *)(uintptr_t)setup };
}
