/* delivery/delivery_era.c - what one state of the settings is served by. */
#include "delivery/delivery_era.h"

#include "delivery/delivery_life.h"

static void
start_senders(struct era *e, struct worker *w)
{
	const struct routes *routes = e->routes;

	e->senders = base_alloc(routes->target_count * sizeof(e->senders[0]));
	for (size_t i = 0; i < routes->target_count; i++)
		e->senders[i] = sender_new(&(struct sender_setup){
		    .base = w->base,
		    .journal = w->journal,
		    .port = w->port,
		    .target = routes->targets[i],
		    .pool = e->pools[i],
		    .routes = routes,
		    .seed = w->seed[1] + i,
		    .tracer = e->tracer,
		});
}

struct era *
era_new(struct worker *w, const struct delivery_setup *setup)
{
	struct era *e = base_alloc(sizeof(*e));
	const struct routes *routes = setup->routes;

	e->share = setup->share;
	share_hold(e->share);
	e->routes = routes;
	e->tracer = (struct tracer){ w->trace_port, setup->trace_rules };
	e->pools = base_alloc(routes->target_count * sizeof(e->pools[0]));
	for (size_t i = 0; i < routes->target_count; i++)
		e->pools[i] = upstream_pool_new(w->base, routes->targets[i]);
	if (w->port != NULL)
		start_senders(e, w);
	return e;
}

void
era_follow(struct era *e, const struct era *before)
{
	for (size_t i = 0; i < e->routes->target_count; i++)
		for (size_t k = 0; k < before->routes->target_count; k++)
			upstream_pool_follow(e->pools[i], before->pools[k]);
}

static size_t
sender_count(const struct era *e)
{
	return e->senders != NULL ? e->routes->target_count : 0;
}

void
era_wake(struct era *e)
{
	for (size_t i = 0; i < sender_count(e); i++)
		sender_wake(e->senders[i]);
}

void
era_retire(struct era *e)
{
	for (size_t i = 0; i < sender_count(e); i++)
		sender_retire(e->senders[i]);
}

void
era_stop(struct era *e)
{
	for (size_t i = 0; i < sender_count(e); i++)
		sender_stop(e->senders[i]);
}

bool
era_busy(const struct era *e)
{
	for (size_t i = 0; i < sender_count(e); i++)
		if (sender_busy(e->senders[i]))
			return true;
	return false;
}

bool
era_over(const struct era *e)
{
	return e->deliveries == 0 && !era_busy(e);
}

void
era_end_calls(struct era *e)
{
	for (size_t i = 0; i < e->routes->target_count; i++) {
		upstream_pool_free(e->pools[i]);
		e->pools[i] = NULL;
	}
}

void
era_free(struct era *e)
{
	era_end_calls(e);
	for (size_t i = 0; i < sender_count(e); i++)
		sender_free(e->senders[i]);
	base_free(e->senders);
	base_free(e->pools);
	share_drop(e->share);
	base_free(e);
}
