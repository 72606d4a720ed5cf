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
 * Deadlines are absolute: a peer that drips bytes gains nothing by it. What is
 * limited is so over all workers, by numbers they share without a lock: open
 * connections, those of a client address, its requests a second, and bytes
 * of requests under way (listener_crowd.h). The client is the connection's
 * peer; or whom a proxy, of those the address names, says it was called by, in
 * a PROXY header or in X-Forwarded-For (listener_front.h).
 */
#ifndef BRIDGE_LISTENER_H
#define BRIDGE_LISTENER_H

#include "base/base.h"
#include "settings/settings.h"

/* A certificate that is served; all of them files. */
struct listener_certificate {
	const char *certificate; /* PEM chain */
	const char *key;         /* PEM */
	const char *ocsp;        /* DER, to be stapled; or NULL */
};

enum client_certificate { CLIENT_REQUIRED, CLIENT_OPTIONAL };
enum unknown_name { UNKNOWN_NAME_DEFAULT, UNKNOWN_NAME_REFUSE };

struct listener_address {
	const char *address;     /* "0.0.0.0:8443", "[::1]:0" */
	const char *certificate; /* PEM chain */
	const char *key;         /* PEM */
	const char *ocsp;        /* of the certificate; or NULL */
	/* More of them, behind that one; without any, plain HTTP. */
	struct listener_certificate *certificates;
	size_t certificate_count;
	const char *client_ca; /* PEM; NULL: clients are not asked for one */
	int client;            /* enum client_certificate */
	int unknown_name;      /* enum: no certificate has the name asked for */
	const config_setting_t *certificate_tree; /* while it is read */
	int tls_min;         /* TLS1_3_VERSION; 0: TLS 1.2 */
	const char *proxies; /* networks: whose word is taken; or NULL */
	int forwarded;       /* enum forward: what they write */
	bool proxy_protocol; /* connections begin with a PROXY header */
};

struct listener_limits {
	int64_t body;        /* bytes */
	int64_t headers;     /* bytes, request line included */
	int64_t connections; /* over all workers; each may take one more */
	int64_t connections_per_address; /* 0: any number */
	int64_t memory; /* bytes of requests under way, over all workers */
	int64_t requests_per_address; /* a second; 0: any number */
	int64_t header_timeout; /* ms from accept or from the first byte */
	int64_t body_timeout;   /* ms from the end of the headers */
	int64_t idle_timeout;   /* ms between requests */
	int64_t write_timeout;  /* ms for the peer to take an answer */
};
extern const struct setting listener_limits_settings[];
/* `listen` entries, and each of their `certificates`. */
extern const struct setting listener_address_settings[];
extern const struct setting listener_certificate_settings[];
/*
 * Reads an entry of `listen`; files stand beside the settings. False with
 * faults added, and nothing to free. address and proxies point into that
 * file, which has to outlive *to.
 */
bool listener_address_read(const config_setting_t *entry, const char *what,
    struct listener_address *to, struct faults *all);
/* Frees its files' names, however they came here by base_copy. */
void listener_address_done(struct listener_address *a);

struct listener_setup {
	const char *name; /* for logs: "listen", "admin" */
	const struct listener_address *addresses;
	size_t address_count;
	unsigned workers;
	struct listener_limits limits;
	const struct service *service;
	struct share *share; /* what service->shared is of; NULL: it stays */
	/*
	 * Sockets that are open already, one an address, -1: none; NULL: none
	 * at all. Each listens at its address, is shared by the workers, and
	 * stays the caller's.
	 */
	const int *sockets;
};

struct listener;

/*
 * Binds and loads certificates; no thread runs yet, and what comes in waits in
 * the kernel. NULL with why when an address cannot be had. Warns, in the log,
 * when this process may not open as many files as the limits allow
 * connections. listener_stop ends it, run or not.
 */
struct listener *listener_open(const struct listener_setup *setup,
    struct fault *why) MUST_CHECK;
/*
 * Starts the threads, once; returns when all of them serve. -1 with why when
 * one could not start its service: then none runs any more.
 */
int listener_run(struct listener *l, struct fault *why) MUST_CHECK;
/* Both, one after the other. */
struct listener *listener_start(const struct listener_setup *setup,
    struct fault *why) MUST_CHECK;
/*
 * New settings: certificates, proxies, limits and what the service is given
 * (service.renew). Addresses, workers and the service itself stay; what
 * belongs to an address is found by it. prepare loads what can fail, and
 * changes nothing: NULL with why. renew has it served by from now on, and
 * returns once all workers have it, or after some seconds of one that is held
 * up; what is shared is held until each has. Open connections keep their
 * certificate; where others are asked for than they were, what comes on them
 * is answered 503, and they are closed. On the thread that called
 * listener_run, as is all that follows.
 */
struct listener_change;
struct listener_change *listener_prepare(const struct listener *l,
    const struct listener_setup *setup, struct fault *why) MUST_CHECK;
void listener_renew(struct listener *l, struct listener_change *c);
void listener_forget(struct listener_change *c); /* NULL is fine */
/*
 * True when the loop of every worker that runs has come round since this was
 * last asked, and asks again; false: one has not yet. One that has serves by
 * what listener_renew() was given before.
 */
bool listener_beats(struct listener *l);
/* The port of the i-th address: what port 0 became. */
unsigned listener_port(const struct listener *l, size_t i);
/*
 * Begins what listener_stop then waits for: with it, whoever has other things
 * to do meanwhile waits for listener_ended_fd to be readable. Said again,
 * with less time, it hurries.
 */
void listener_drain(struct listener *l, int64_t drain_ms);
int listener_ended_fd(const struct listener *l);
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

/* Reads the proxies of an address as listener_start would, for `check`. */
int listener_check_front(const struct listener_address *a,
    struct fault *why) MUST_CHECK;

/*
 * What a listener may hold at the worst, by its limits: bytes, with the parts
 * they come from. No more than an estimate of what the system's libraries
 * add (listener_worst.c says what is counted).
 */
struct listener_worst {
	int64_t connections; /* their own, and what TLS keeps of each */
	int64_t heads;       /* requests too small to be counted as they come */
	int64_t requests;    /* limits.memory, and what may go past it */
	int64_t workers;     /* what each keeps for the next request */
};
struct listener_worst listener_worst(const struct listener_limits *limits,
    unsigned workers, bool tls);

/* Whether a socket, of whatever origin, is bound to the address. */
bool listener_socket_at(int fd, const char *address);

/* What works and is yet to be looked at: a file, and what is the matter. */
typedef void listener_note(void *arg, const char *file, const char *text);
/*
 * Loads the certificates of an address as listener_start would: -1 with why
 * (unreadable, not PEM, a key of another, never served). note, which may be
 * NULL, is told of what will be over soon, and of a certificate that is over,
 * for it is served all the same; where one is strict, that is a fault.
 */
int listener_check_tls(const struct listener_address *a, bool strict,
    listener_note *note, void *arg, struct fault *why) MUST_CHECK;

#endif
