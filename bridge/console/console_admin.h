/*
 * console/console_admin.h - the admin endpoint. Private.
 *
 *	GET  /healthz			the process lives
 *	GET  /readyz			it takes webhooks (503 before start and
 *					while draining, or without a journal
 *					that can be written)
 *	GET  /metrics			Prometheus text
 *	GET  /deliveries?state=...	the journal's items, a page
 *	GET  /deliveries/{id}		one delivery, with bodies and event
 *	POST /deliveries/retry		{ids | filter, remap, dry_run}
 *	POST /deliveries/drop		{ids | filter, dry_run}
 *	POST /forget			{lead | email, dry_run}
 *
 * Who may: with a token, who sends it (Authorization: Bearer), but for
 * /healthz and /readyz; without one, who is on this machine and asks for it by
 * its name, so that no web page can ask by a name of its own (DNS rebinding).
 * A POST has to be JSON, which no web page may send elsewhere unasked.
 */
#ifndef BRIDGE_CONSOLE_ADMIN_H
#define BRIDGE_CONSOLE_ADMIN_H

#include <stdatomic.h>

#include "base/base.h"
#include "delivery/delivery.h"

/* All but ready is set before it starts. */
struct admin {
	struct journal *journal;     /* or NULL */
	const struct routes *routes; /* to map events anew */
	const struct secret *token;  /* or NULL */
	atomic_bool ready;
};

struct service admin_service(struct admin *a);

#endif
