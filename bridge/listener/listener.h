/*
 * listener/listener.h - strict HTTP/1.1 in, exchanges out.
 *
 * Owns threads: `workers` of them, each with its own event base and its own
 * SO_REUSEPORT socket an address. A byte scanner judges requests as RFC 9112
 * does, and keeps their bytes; evhttp, which would misread many, accepts,
 * holds and closes connections, and is given a line of ours for each
 * (listener_worker.h tells how). No other room sees evhttp. Every request
 * that passes becomes one exchange for the service; requests that do
 * not are answered here, in the API's envelope, and the connection is closed.
 *
 * Deadlines are absolute: a peer that drips bytes gains nothing by it.
 */
#ifndef BRIDGE_LISTENER_H
#define BRIDGE_LISTENER_H

#include "base/base.h"
#include "settings/settings.h"

struct listener_address {
	const char *address;     /* "0.0.0.0:8443", "[::1]:0" */
	const char *certificate; /* PEM chain; NULL: plain HTTP */
	const char *key;         /* PEM */
	int tls_min;             /* TLS1_3_VERSION; 0: TLS 1.2 */
};

struct listener_limits {
	int64_t body;           /* bytes */
	int64_t headers;        /* bytes, request line included */
	int64_t connections;    /* over all workers */
	int64_t header_timeout; /* ms from accept or from the first byte */
	int64_t body_timeout;   /* ms from the end of the headers */
	int64_t idle_timeout;   /* ms between requests */
	int64_t write_timeout;  /* ms for the peer to take an answer */
};
extern const struct setting listener_limits_settings[];
/* `listen` entries: address, certificate, key; files beside `file`. */
extern const struct setting listener_address_settings[];

struct listener_setup {
	const char *name; /* for logs: "listen", "admin" */
	const struct listener_address *addresses;
	size_t address_count;
	unsigned workers;
	struct listener_limits limits;
	const struct service *service;
};

struct listener;

/*
 * Binds, loads certificates, starts the threads. Returns when all addresses
 * are listening; NULL with why when one cannot. Warns, in the log, when this
 * process may not open as many files as the limits allow connections.
 */
struct listener *listener_start(const struct listener_setup *setup,
    struct fault *why) MUST_CHECK;
/* The port of the i-th address: what port 0 became. */
unsigned listener_port(const struct listener *l, size_t i);
/*
 * Closes the listening sockets and lets open exchanges finish for at most
 * drain_ms. Then service.stop is called, on each worker, and has to answer
 * those still open; nothing is freed before it has. Last, closes what is
 * left, joins the threads and frees. NULL is fine.
 */
void listener_stop(struct listener *l, int64_t drain_ms);

/*
 * Reads an address as listener_start would, for `check`: -1 with why when it
 * is not host:port, or when `loopback` is asked for and it is another.
 */
int listener_check_address(const char *address, bool loopback,
    struct fault *why) MUST_CHECK;

/*
 * Loads certificate and key as listener_start would, for `check`: -1 with
 * why (unreadable, not PEM, key does not match, expired).
 */
int listener_check_certificate(const char *certificate, const char *key,
    struct fault *why) MUST_CHECK;

#endif
