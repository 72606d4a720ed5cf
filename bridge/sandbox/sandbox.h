/*
 * sandbox/sandbox.h - a stand-in for the leads API, on this machine.
 *
 * Serves PATCH and GET /api/v1/leads/{leadId} over TLS 1.3, as strict as the
 * contract: unknown fields, wrong types and wrong keys are refused in the
 * API's own words. Leads live in memory. For the demo, for trying mappings
 * and for tests; not a server to put on a network.
 */
#ifndef BRIDGE_SANDBOX_H
#define BRIDGE_SANDBOX_H

#include "base/base.h"

struct sandbox;

struct sandbox_setup {
	const char *address;     /* "127.0.0.1:0" */
	const char *certificate; /* NULL: plain HTTP (loopback only) */
	const char *key;
	struct str api_key;
	const char *const *leads; /* ids that exist, NULL-ended */
	bool any_lead;            /* every valid id exists */
};

struct sandbox *sandbox_start(const struct sandbox_setup *setup,
    struct fault *why) MUST_CHECK;
unsigned sandbox_port(const struct sandbox *s);
void sandbox_stop(struct sandbox *s); /* NULL is fine */

/*
 * The lead as it is now, indented JSON; yours to base_free; NULL: none. This
 * and the next may be called from any thread while the sandbox serves.
 */
char *sandbox_lead(struct sandbox *s, const char *id) MUST_CHECK;
/*
 * The last PATCH as it arrived: request line, headers (key masked) and body;
 * yours to base_free; NULL: none yet.
 */
char *sandbox_last_request(struct sandbox *s) MUST_CHECK;

/*
 * A development CA and certificates it signed, for 127.0.0.1, ::1 and
 * localhost: dev-ca.pem, dev-ca.key, server.pem, server.key (bridge),
 * sandbox.pem, sandbox.key in dir; keys 0600. Files that are there and good
 * for 7 days more are kept.
 */
int sandbox_make_certificates(const char *dir, struct fault *why) MUST_CHECK;

#endif
