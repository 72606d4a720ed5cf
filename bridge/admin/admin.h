/*
 * admin/admin.h - the admin endpoint.
 *
 *	GET  /healthz			the process lives
 *	GET  /readyz			it takes webhooks (503 before start and
 *					while draining, or without a journal
 *					that can be written)
 *	GET  /metrics			Prometheus text
 *	GET  /deliveries?state=...	the journal's items, a page
 *	GET  /deliveries/{id}		one delivery, with bodies and event
 *	POST /deliveries/retry		{ids | filter, upstream, remap, dry_run}
 *	POST /deliveries/drop		{ids | filter, upstream, dry_run};
 *					upstream: where the settings name none
 *					such, also what waits for it
 *	POST /forget			{lead | email, dry_run}
 *	GET  /settings			what runs and cannot be changed
 *	POST /reload			{}: loads the settings again, and is
 *					answered when that is done or refused
 *	POST /log			{level}
 *
 * Who may: with a token, who sends it (Authorization: Bearer), but for
 * /healthz and /readyz; without one, who is on this machine and asks for it by
 * its name, so that no web page can ask by a name of its own (DNS rebinding).
 * A POST has to be JSON, which no web page may send elsewhere unasked.
 */
#ifndef BRIDGE_ADMIN_H
#define BRIDGE_ADMIN_H

#include <stdatomic.h>

#include "base/base.h"
#include "admin/admin_asks.h"
#include "program/program.h"
#include "delivery/delivery.h"

/* Read-only once it serves, but for ready; renewed with the settings. */
struct admin {
	struct journal *journal;     /* or NULL; not renewed */
	const struct routes *routes; /* to map events anew */
	const struct secret *token;  /* or NULL */
	struct share *share;         /* of both; or NULL: they outlive it */
	atomic_bool *ready;
	struct asks *asks;         /* NULL: nobody loads the settings again */
	const struct fixed *fixed; /* what runs, whatever is written */
	const char *settings;      /* their file */
};

struct service admin_service(struct admin *a);

#endif
