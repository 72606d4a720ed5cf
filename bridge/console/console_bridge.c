/* console/console_bridge.c - a loaded program, running. */
#include "console/console_admin.h"
#include "console/console_bridge.h"

struct bridge {
	const struct program *program;
	struct service delivery;
	struct delivery_setup delivery_setup;
	struct journal *journal; /* or NULL */
	struct service admin_service;
	struct admin admin;
	struct listener *listener;
	struct listener *admin_listener;
};

static struct listener *
start_admin(struct bridge *b, struct fault *why)
{
	const struct listener_setup setup = { .name = "admin",
		.addresses = &b->program->admin,
		.address_count = 1,
		.workers = 1,
		.limits = b->program->limits,
		.service = &b->admin_service };

	b->admin.journal = b->journal;
	b->admin.routes = b->program->routes;
	b->admin.token = b->program->admin_token;
	b->admin_service = admin_service(&b->admin);
	return listener_start(&setup, why);
}

static struct listener *
start_delivery(struct bridge *b, struct fault *why)
{
	const struct listener_setup setup = { .name = "listen",
		.addresses = b->program->listen,
		.address_count = b->program->listen_count,
		.workers = (unsigned)b->program->settings.workers,
		.limits = b->program->limits,
		.service = &b->delivery };

	b->delivery_setup = (struct delivery_setup){
		.routes = b->program->routes,
		.journal = b->journal,
	};
	b->delivery = delivery_service(&b->delivery_setup);
	return listener_start(&setup, why);
}

/* Without one no route may need it, which the routes' loading has checked. */
static bool
start_journal(struct bridge *b, struct fault *why)
{
	const struct program *p = b->program;
	const struct journal_setup setup = { .settings = &p->journal,
		.key = p->journal_key };

	if (p->journal.url == NULL)
		return true;
	b->journal = journal_open(&setup, why);
	return b->journal != NULL;
}

struct bridge *
bridge_start(const struct program *p, struct fault *why)
{
	struct bridge *b = base_alloc(sizeof(*b));

	b->program = p;
	if (start_journal(b, why))
		b->admin_listener = start_admin(b, why);
	if (b->admin_listener != NULL)
		b->listener = start_delivery(b, why);
	if (b->listener == NULL) {
		bridge_stop(b);
		return NULL;
	}
	atomic_store(&b->admin.ready, true);
	return b;
}

unsigned
bridge_port(const struct bridge *b, size_t i)
{
	return listener_port(b->listener, i);
}

void
bridge_stop(struct bridge *b)
{
	if (b == NULL)
		return;
	atomic_store(&b->admin.ready, false);
	if (b->listener != NULL)
		listener_stop(b->listener, b->program->settings.drain_timeout);
	if (b->admin_listener != NULL)
		listener_stop(b->admin_listener, 0);
	journal_close(b->journal);
	base_free(b);
}
