/*
 * upstream/upstream.h - the one way to the leads API.
 *
 * A target is one API: its address, its key, its TLS rules; built when the
 * settings load, read-only, shared. A pool is one worker's connections to a
 * target; it lives on that worker's loop and is touched by no other thread.
 *
 * The client is small and strict HTTP/1.1 over TLS: one request in flight a
 * connection; reuse only after a complete, self-delimited, final answer with
 * nothing behind it, so that no answer is ever credited to another lead;
 * Content-Length on every request; redirects are answers, not instructions;
 * bounded answers; one deadline over everything. A connection that fails
 * before a byte of the request was written is tried once more on a new one;
 * nothing is retried after that. The key goes to the configured host only.
 * Names are resolved on a helper thread.
 *
 * A request is printed once: its body into the bytes it will be sent from,
 * the head in front of it when the lead is known. The bytes are kept by the
 * pool from call to call, wiped of the key.
 */
#ifndef BRIDGE_UPSTREAM_H
#define BRIDGE_UPSTREAM_H

#include "base/base.h"
#include "secrets/secrets.h"
#include "settings/settings.h"

struct event_base;
struct upstream_target;
struct upstream_pool;
struct upstream_call;

/*
 * One row of `upstreams`. NULL with faults added. The url is https://host
 * [:port][/prefix]; http:// only for a loopback address.
 */
struct upstream_target *upstream_target_new(const char *name,
    const config_setting_t *group, const struct secrets *secrets,
    struct faults *all) MUST_CHECK;
void upstream_target_free(struct upstream_target *t); /* NULL is fine */
/*
 * Before a target is used: it takes the place of another of its name. What
 * held that one's calls holds its own, unless it was the way or the key, and
 * that changed; of a way that was refused nobody knows, it is tried again.
 */
void upstream_target_follow(struct upstream_target *t,
    struct upstream_target *before);
const char *upstream_target_name(const struct upstream_target *t);
/* What works and is yet to be looked at, for `check`; or NULL. */
const char *upstream_target_note(const struct upstream_target *t);
const char *upstream_target_host(const struct upstream_target *t);
uint16_t upstream_target_port(const struct upstream_target *t);

/*
 * A server that takes reports: POST of JSON to one path, with what is said
 * above of names and certificates, and nothing counted as a call of the leads
 * API. upstream_send and the gate are not for it. NULL with faults added.
 */
struct upstream_collector {
	const char *what; /* its group, in faults */
	const char *url;  /* as of a target */
	const char *path; /* where the url has none */
	const char *ca;   /* beside the group's file; NULL: the system's */
	const char *authorization; /* name of a secret; NULL: none is sent */
	int64_t timeout_ms;        /* of a call */
	/*
	 * Its option plain_http: an http:// url may lead to another machine.
	 * Nothing secret goes there.
	 */
	bool plain;
};
struct upstream_target *
upstream_collector_new(const struct upstream_collector *given,
    const config_setting_t *group, const struct secrets *secrets,
    struct faults *all) MUST_CHECK;

/* Plain HTTP to another machine: whoever is on the way reads it. */
bool upstream_collector_open(const struct upstream_target *t);

/* The target must outlive the pool. */
struct upstream_pool *upstream_pool_new(struct event_base *base,
    const struct upstream_target *t) MUST_CHECK;
/*
 * Goes on with the addresses that a pool of the same loop found for the same
 * host; of another host it has no use.
 */
void upstream_pool_follow(struct upstream_pool *p,
    const struct upstream_pool *before);
/*
 * Ends calls in flight (their callbacks run with UPSTREAM_STOPPED, before
 * this returns, and must start no new ones). Fine from inside a callback.
 */
void upstream_pool_free(struct upstream_pool *p);

enum upstream_outcome {
	UPSTREAM_ANSWERED, /* a complete final answer, whatever its status */
	/* The API has read nothing of the request: */
	UPSTREAM_BUSY,       /* all connections taken and the queue full */
	UPSTREAM_NO_ADDRESS, /* name not resolved */
	UPSTREAM_NO_CONNECT,
	UPSTREAM_NO_TLS, /* handshake failed or the certificate is wrong */
	UPSTREAM_LATE_UNSENT,
	/* The request may have been applied: */
	UPSTREAM_LATE,    /* written, no answer in time */
	UPSTREAM_BROKEN,  /* connection lost, or an answer that is not HTTP */
	UPSTREAM_STOPPED, /* the pool was freed */
	UPSTREAM_OUTCOMES
};
const char *upstream_outcome_name(enum upstream_outcome o);
/* True when the API cannot have read a byte of the request. */
bool upstream_outcome_unsent(enum upstream_outcome o);

struct upstream_answer {
	enum upstream_outcome outcome;
	int status; /* 0 unless ANSWERED */
	struct str content_type;
	struct str retry_after; /* as sent; STR_NONE when absent */
	struct str body;        /* valid during the callback */
	const char *reason;     /* for the log when not ANSWERED, and when a
	                           body was left out; else NULL. Static or
	                           valid during the callback */
	int64_t took_us;
	bool unsent; /* not a byte of the request was written */
};

typedef void upstream_done(void *arg, const struct upstream_answer *a);

/*
 * A request with a body of at most so many bytes. Print it into the bytes of
 * upstream_body(), behind what is there; then send it, or cancel it, before
 * control goes back to the loop.
 */
struct upstream_call *upstream_begin(struct upstream_pool *p,
    size_t most) MUST_CHECK;
struct bytes *upstream_body(struct upstream_call *call);
/*
 * The call ends at that time of the monotonic clock, in us, where its target's
 * timeout does not end it before. To be said before it is sent.
 */
void upstream_until(struct upstream_call *call, int64_t us);
/*
 * PATCH {prefix}/api/v1/leads/{lead_id} with the body. done runs exactly
 * once, on this loop, never from inside this call. lead_id must satisfy
 * lead_id_valid(); it is asserted. idempotency_key may be STR_NONE; what is
 * not visible ASCII in it is sent as %XX, so a key that a stranger chose does
 * no harm.
 */
void upstream_send(struct upstream_call *call, struct str lead_id,
    struct str idempotency_key, upstream_done *done, void *arg);
/*
 * The trace that the next send goes on with, as fields of those names; each
 * may be STR_NONE. Whoever says it has checked their grammar; that they are
 * printable is asserted. Not copied: they stay until it is sent.
 */
void upstream_context(struct upstream_call *call, struct str traceparent,
    struct str tracestate);
/* Sends the body to a collector; done as above. */
void upstream_post(struct upstream_call *call, upstream_done *done, void *arg);
/* All of it at once, for a body that lies elsewhere: it is copied. */
struct upstream_call *upstream_patch(struct upstream_pool *p,
    struct str lead_id, struct str body, struct str idempotency_key,
    upstream_done *done, void *arg);
/* done will not run; the connection, if any, is closed. */
void upstream_cancel(struct upstream_call *call);

/*
 * The gate of a target, shared by all workers, for calls that can wait (the
 * journal's): a circuit breaker, the API's own Retry-After, pauses while the
 * key or the way itself is refused, and the target's `rate`. Any thread.
 */
enum gate_event {
	GATE_UNUSED,    /* there was nothing to send */
	GATE_WELL,      /* answered, whatever it said of the update */
	GATE_FAILED,    /* no answer, or a 5xx */
	GATE_THROTTLED, /* come back later */
	GATE_KEY,       /* the key is refused */
	GATE_PAYMENT,   /* ... until its account has paid */
	GATE_TARGET,    /* a certificate: the way is wrong */
	/* The same, said of one lead; of several in a row it is the key. */
	GATE_FORBIDDEN,
	GATE_REDIRECT,
	GATE_EVENTS
};
/* What is given with a call that may start: when it was let through. */
struct gate_pass {
	unsigned epoch;
};
/*
 * How many of `wanted` calls may start now; how each ended has to be noted
 * once, with the pass. 0: *wait_ms says when to ask again.
 */
size_t upstream_gate_ask(struct upstream_target *t, size_t wanted,
    struct gate_pass *pass, int64_t *wait_ms);
/* One call more than was asked for: those that come wait for it. */
void upstream_gate_charge(struct upstream_target *t);
int64_t upstream_gate_rate(const struct upstream_target *t); /* 0: any */
/* delay_ms: of GATE_THROTTLED, how long the API wants to be left alone. */
void upstream_gate_note(struct upstream_target *t, struct gate_pass pass,
    enum gate_event event, int64_t delay_ms);

/* Of the settings: the deadline of a call, connections a worker may hold. */
int64_t upstream_target_timeout_ms(const struct upstream_target *t);
size_t upstream_target_connections(const struct upstream_target *t);
/*
 * What one worker's calls of it may hold at the worst, in bytes; most: of a
 * request's body (upstream_worst.c says what is counted).
 */
int64_t upstream_worst(const struct upstream_target *t, size_t most);

/*
 * Walks the way to the API, step by step, to tell a person where it ends. It
 * waits, for a target's timeout at most beside the lookup of the name; asks
 * for nothing, and sends no key.
 */
enum upstream_step {
	UPSTREAM_STEP_NAME,
	UPSTREAM_STEP_CONNECT,
	UPSTREAM_STEP_TLS,
	UPSTREAM_STEP_ANSWER,
	UPSTREAM_STEPS
};
struct upstream_look {
	unsigned done;     /* steps that went well; UPSTREAM_STEPS: all */
	char problem[256]; /* of the one that did not */
	int64_t took_us[UPSTREAM_STEPS];
	unsigned addresses;    /* that the name has */
	char address[64];      /* the one that was tried last */
	const char *tls;       /* "TLSv1.3"; static. NULL: there is none */
	int64_t certificate_s; /* until what is over first of the chain is */
	bool certificate_own;  /* ... and that is the server's own */
	bool has_date;         /* the answer said what time it is */
	int64_t ahead_ms; /* of it our clock is; half a second is nothing */
};
void upstream_look(const struct upstream_target *t, struct upstream_look *out);

/* Fits a settings table row: what `upstreams.<name>` may hold. */
extern const struct setting upstream_settings[];

#endif
