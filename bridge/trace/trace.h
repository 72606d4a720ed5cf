/*
 * trace/trace.h - one event's way as spans, for a tracing system.
 *
 * W3C Trace Context in and out, spans out as OTLP/HTTP JSON. What is recorded
 * here has names, times, ids and statuses; never a lead's value or its id, a
 * query, a path as it came, or a header's value.
 *
 * A trace that no sender began has the 16 bytes of the delivery's id as its
 * own, and the span that serves the request the last 8 of them: whoever has a
 * delivery id of the log finds the trace, and an attempt out of the journal
 * its parent, on any node and after any restart.
 *
 * A worker has a port: a ring of spans that it alone fills and the exporter's
 * thread alone empties. A full ring drops the span and counts it; nothing
 * here waits, takes a lock or memory on a worker. The exporter has a thread
 * and a loop of its own, and the strict client of `upstream`.
 */
#ifndef BRIDGE_TRACE_H
#define BRIDGE_TRACE_H

#include "base/base.h"
#include "secrets/secrets.h"
#include "settings/settings.h"
#include "upstream/upstream.h"

/* ------------------------------------------------------------ contexts */

#define TRACE_ID_SIZE 16
#define TRACE_SPAN_SIZE 8
#define TRACE_PARENT_SIZE 56 /* "00-...-...-01" and its NUL */
#define TRACE_SAMPLED 1u     /* of the flags; the others are not ours */
#define TRACE_STATE_MAX ((size_t)512)

struct trace_context {
	unsigned char trace[TRACE_ID_SIZE];
	unsigned char span[TRACE_SPAN_SIZE]; /* all zero: of none */
	unsigned char flags;
};

/*
 * A traceparent of version 00; of a later one its first fields. False for all
 * else, with *out in no particular state: ff, upper case, an id of zeros.
 */
bool trace_parent_parse(struct str text, struct trace_context *out) MUST_CHECK;
/* As version 00, with the flags as they are. */
void trace_parent_print(const struct trace_context *c,
    char out[TRACE_PARENT_SIZE]);
/* A tracestate as its grammar has it, 512 bytes and 32 members at most. */
bool trace_state_valid(struct str text) MUST_CHECK;
/*
 * The context a request came with; false where it has none, or not exactly
 * one that is right. *state: its tracestate, several fields as one (in the
 * arena), STR_NONE where it is not right or too long.
 */
bool trace_of_request(const struct request *r, struct arena *arena,
    struct trace_context *out, struct str *state) MUST_CHECK;
/* That of a delivery, see above; false: it is no id of ours. */
bool trace_of_delivery(const char *id, struct trace_context *out) MUST_CHECK;

/* ------------------------------------------------------------ settings */

/* `tracing` of the main file. */
struct trace_settings {
	const char *url;
	const char *authorization; /* name of a secret; or NULL */
	const char *ca;
	const char *service_name;
	const config_setting_t *sample;
	bool plain_http; /* url may be http:// to another machine */
	int64_t interval_ms;
	int64_t queue; /* spans a worker may have waiting */
};
extern const struct setting trace_settings_table[];

/* Loaded, read-only; the texts are the settings file's. */
struct trace_rules {
	struct trace_settings settings;
	/* Sampled: 7 random bytes of its id are at least this. */
	uint64_t bar;
	struct upstream_target *collector;
};
/* NULL with faults added. */
struct trace_rules *trace_rules_load(const config_setting_t *group,
    const struct secrets *secrets, struct faults *all) MUST_CHECK;
void trace_rules_free(struct trace_rules *r); /* NULL is fine */
/* Of its id alone, so that all nodes decide alike. */
bool trace_is_sampled(const struct trace_rules *r,
    const unsigned char trace[TRACE_ID_SIZE]);
/* Bytes that rings, batch and exporter may take. */
int64_t trace_worst(const struct trace_rules *r, unsigned workers);

/* --------------------------------------------------------------- spans */

enum trace_kind {
	TRACE_SERVER, /* a request, to its answer */
	TRACE_RECEIVE,
	TRACE_VERIFY,
	TRACE_MAP,
	TRACE_ATTEMPT, /* a call of the API */
	TRACE_KINDS
};

/*
 * Copied whole into the ring: no pointer but to constants. Of SERVER, `place`
 * is the route and `name` the sender; of ATTEMPT, the host and the upstream.
 */
struct trace_span {
	enum trace_kind kind;
	unsigned char trace[TRACE_ID_SIZE];
	unsigned char span[TRACE_SPAN_SIZE];
	unsigned char parent[TRACE_SPAN_SIZE]; /* zeros: none */
	unsigned char delivery[TRACE_ID_SIZE];
	int64_t start_us, end_us; /* clock_mono_us() */
	int status;               /* HTTP; 0: none */
	bool failed;
	const char *error;   /* constant; NULL: the status, where it failed */
	const char *outcome; /* constant, or NULL */
	const char *method;  /* constant; of SERVER and ATTEMPT */
	bool tls;
	uint16_t port;   /* of ATTEMPT */
	unsigned resent; /* of ATTEMPT: times it was sent before */
	char place[128];
	char name[48];
};
/* Of a method that HTTP does not name. */
#define TRACE_METHOD_OTHER "_OTHER"
/* Cut where there is no room, between two characters. */
void trace_text(char *out, size_t size, struct str text);

/* ---------------------------------------------------------- the exporter */

struct trace;
struct trace_port;

/* Begins its thread. The share is held: of the rules. NULL: they stay. */
struct trace *trace_open(const struct trace_rules *r, struct share *share,
    struct fault *why) MUST_CHECK;
/*
 * Goes on by other rules; NULL: what waits is dropped. Their queue does not
 * count. For the thread that opened it.
 */
void trace_renew(struct trace *t, const struct trace_rules *r,
    struct share *share);
/* Sends what waits, for two seconds at most. No port is used any more. */
void trace_close(struct trace *t); /* NULL is fine */

/*
 * Sends a batch of no spans, for a person who wants to know; waits, for a
 * call's timeout at most beside the lookup of the name.
 */
struct trace_proof {
	bool taken;
	bool later; /* it is busy, and says to come again */
	int status; /* HTTP; 0: no answer, and why in reason */
	char reason[256];
};
void trace_try(const struct trace_rules *r, struct trace_proof *out);

/* For one thread; lives as long as the exporter. */
struct trace_port *trace_port_new(struct trace *t) MUST_CHECK;
void trace_make_id(struct trace_port *p, unsigned char out[TRACE_SPAN_SIZE]);
void trace_record(struct trace_port *p, const struct trace_span *span);

#endif
