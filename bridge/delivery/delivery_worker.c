/* delivery/delivery_worker.c - the service: what each worker has, and its end.
 */
#include <sys/random.h>

#include "delivery/delivery_life.h"

static void
on_work(void *arg)
{
	struct worker *w = arg;

	for (size_t i = 0; i < w->routes->target_count; i++)
		sender_wake(w->senders[i]);
}

static void
start_senders(struct worker *w, struct journal *journal)
{
	const struct routes *routes = w->routes;

	w->port = journal_port_new(journal, w->base, on_work, w);
	w->senders = base_alloc(routes->target_count * sizeof(w->senders[0]));
	for (size_t i = 0; i < routes->target_count; i++)
		w->senders[i] = sender_new(&(struct sender_setup){
		    .base = w->base,
		    .journal = journal,
		    .port = w->port,
		    .target = routes->targets[i],
		    .pool = w->pools[i],
		    .seed = w->seed[1] + i,
		});
}

static void *
start(void *shared, void *event_base, unsigned index)
{
	const struct delivery_setup *setup = shared;
	const struct routes *routes = setup->routes;
	struct worker *w = base_alloc(sizeof(*w));

	w->routes = routes;
	w->base = event_base;
	if (getrandom(w->seed, sizeof(w->seed), 0) != sizeof(w->seed)) {
		w->seed[0] = (uint64_t)clock_wall_ms() << 8 | index;
		w->seed[1] = (uint64_t)clock_mono_us();
	}
	w->pools = base_alloc(routes->target_count * sizeof(w->pools[0]));
	for (size_t i = 0; i < routes->target_count; i++)
		w->pools[i] = upstream_pool_new(event_base, routes->targets[i]);
	if (setup->journal != NULL)
		start_senders(w, setup->journal);
	return w;
}

/* Calls of the journal's that the API has got may end as they will. */
static bool
busy(void *mine)
{
	struct worker *w = mine;
	bool any = false;

	for (size_t i = 0; w->port != NULL && i < w->routes->target_count;
	     i++) {
		sender_stop(w->senders[i]);
		any |= sender_busy(w->senders[i]);
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
	size_t count = w->routes->target_count;

	for (size_t i = 0; w->port != NULL && i < count; i++)
		sender_stop(w->senders[i]);
	for (size_t i = 0; i < count; i++)
		upstream_pool_free(w->pools[i]);
	journal_port_free(w->port);
	for (size_t i = 0; w->port != NULL && i < count; i++)
		sender_free(w->senders[i]);
	base_free(w->senders);
	base_free(w->pools);
	base_free(w);
}

struct service
delivery_service(const struct delivery_setup *setup)
{
	return (struct service){ .start = start,
		.serve = delivery_serve,
		.busy = busy,
		.stop = stop,
		.shared = (void *)(uintptr_t)setup };
}
