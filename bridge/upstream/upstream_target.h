/*
 * upstream/upstream_target.h - one leads API, ready to be called.
 * Private to this room.
 */
#ifndef BRIDGE_UPSTREAM_TARGET_H
#define BRIDGE_UPSTREAM_TARGET_H

#include <openssl/ssl.h>

#include "upstream/upstream.h"
#include "upstream/upstream_gate.h"
#include "upstream/upstream_url.h"

#define UPSTREAM_ID_MAX ((size_t)64)     /* of a lead id */
#define UPSTREAM_DIGITS_MAX ((size_t)20) /* of a Content-Length */

/* What `upstreams.<name>` says; filled by upstream_settings. */
struct upstream_options {
	const char *url;
	const char *api_key;
	const char *ca;
	int64_t timeout_ms;
	int64_t connect_timeout_ms;
	int64_t idle_timeout_ms;
	int64_t connections;
	int64_t queue;
	int64_t rate;
	int64_t max_answer;
	int64_t max_answer_headers;
	int tls_min;
};

/*
 * The request is printed once, when the settings load, but for what differs
 * from call to call:
 *
 *	start  "PATCH {prefix}/api/v1/leads/"
 *	       lead id
 *	fields " HTTP/1.1" CR LF, every field that never changes, with the
 *	       key among them, "Content-Length: "
 *	       digits, CR LF, Idempotency-Key or nothing, CR LF, body
 */
struct upstream_target {
	char *name;
	char *address; /* the url as it was written */
	struct url url;
	struct upstream_options options; /* its texts are not kept */
	SSL_CTX *tls;                    /* NULL: http:// on this machine */
	char *start;
	char *fields; /* holds the key: wiped when freed */
	size_t start_len;
	size_t fields_len;
	struct gate gate;
	size_t head_room; /* the longest head without an Idempotency-Key */
};

/*
 * How TLS is spoken to a target: certificates are verified against the
 * system's roots, or those of the file `ca` in their place, and must name
 * the host. There is no way to turn that off. NULL with why set.
 */
SSL_CTX *tls_context_new(const struct url *url, const char *ca, int tls_min,
    struct fault *why) MUST_CHECK;

#endif
