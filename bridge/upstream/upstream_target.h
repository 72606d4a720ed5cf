/*
 * upstream/upstream_target.h - one leads API, ready to be called.
 * Private to this room.
 */
#ifndef BRIDGE_UPSTREAM_TARGET_H
#define BRIDGE_UPSTREAM_TARGET_H

#include <openssl/ssl.h>

#include "upstream/upstream.h"
#include "upstream/upstream_gate.h"
#include "upstream/upstream_pins.h"
#include "upstream/upstream_url.h"

#define UPSTREAM_ID_MAX ((size_t)64)     /* of a lead id */
#define UPSTREAM_DIGITS_MAX ((size_t)20) /* of a Content-Length */

/* What `upstreams.<name>` says; filled by upstream_settings. */
struct upstream_options {
	const char *url;
	const char *api_key;
	const char *ca;
	const char *certificate; /* ours, and its key: where the API asks */
	const char *key;
	const char *crl;
	const config_setting_t *pins;
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
 *	fields " HTTP/1.1" CR LF, every field that never changes, with room
 *	       for the key among them, "Content-Length: "
 *	       digits, CR LF, Idempotency-Key or nothing, CR LF, body
 */
struct upstream_target {
	char *name;
	char *address; /* the url as it was written */
	struct url url;
	struct upstream_options options; /* its texts are not kept */
	SSL_CTX *tls;                    /* NULL: http:// on this machine */
	struct pins pins;
	char *note; /* see upstream_target_note() */
	char *start;
	char *fields; /* asterisks where the key goes */
	char *key;    /* secrets_alloc; put into a request as it is written */
	size_t key_len;
	size_t key_at; /* of fields */
	size_t start_len;
	size_t fields_len;
	unsigned metric;  /* its number among the metrics' names */
	struct gate gate; /* not of a collector */
	size_t head_room; /* the longest head without an Idempotency-Key */
};

/*
 * In place of `metric`, of a collector: a number that no metric has. What is
 * told of the leads API says nothing of it.
 */
#define UPSTREAM_UNCOUNTED (1u << 20)

/* What of TLS is a target's own; files' names are whole. */
struct tls_rules {
	const char *ca;                /* NULL: the system's roots */
	const char *certificate, *key; /* NULL: we show none */
	const char *crl;               /* NULL: nobody asks for revocation */
	const struct pins *pins;       /* has to outlive the context */
	int tls_min;
};

/*
 * How TLS is spoken to a target: certificates are verified against the
 * system's roots, or those of the file `ca` in their place, and must name
 * the host. There is no way to turn that off. With `crl`, every authority of
 * a chain needs a list that has not run out. NULL with why set.
 */
SSL_CTX *tls_context_new(const struct url *url, const struct tls_rules *rules,
    struct fault *why) MUST_CHECK;

#endif
