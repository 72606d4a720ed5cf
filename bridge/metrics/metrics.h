/*
 * metrics/metrics.h - the one table of counters, and their Prometheus text.
 *
 * Cells are process-wide atomics, cheap enough for the hot path, and no lock
 * is taken there; any thread. Prometheus' base units: durations are handed
 * over in microseconds and told in seconds.
 *
 * A metric may have a label whose values are known (an outcome), one whose
 * values the settings bring (a route), or both: metric_of() makes one number
 * of them. What a stranger chooses is never a label.
 */
#ifndef BRIDGE_METRICS_H
#define BRIDGE_METRICS_H

#include "base/base.h"

enum metric {
	METRIC_REQUESTS,        /* label: HTTP status class, 0..5 */
	METRIC_REFUSED,         /* label: enum fault_code */
	METRIC_EVENTS,          /* route; enum metric_outcome */
	METRIC_UNPROVEN,        /* route; enum metric_unproven */
	METRIC_MAPPING_FAULTS,  /* field */
	METRIC_RECEIVE,         /* histogram: first to last byte of a request */
	METRIC_MAP,             /* histogram: proof, decoding, mapping */
	METRIC_ANSWER_TIME,     /* histogram: last byte to our answer */
	METRIC_DELIVER,         /* histogram: accepted to delivered */
	METRIC_UPSTREAM,        /* upstream; enum metric_answer */
	METRIC_UPSTREAM_STATUS, /* upstream; metric_status() */
	METRIC_UPSTREAM_FAILURES, /* upstream; enum metric_unanswered */
	METRIC_UPSTREAM_TIME,     /* histogram; upstream */
	METRIC_UPSTREAM_CONNECTS,
	METRIC_UPSTREAM_REUSES,
	METRIC_TLS_FAILURES,    /* upstream handshakes or checks that failed */
	METRIC_UPSTREAM_CONNS,  /* gauge; upstream; enum metric_conn */
	METRIC_UPSTREAM_QUEUE,  /* gauge; upstream */
	METRIC_GATES,           /* gauge; label: enum metric_gate */
	METRIC_GATE,            /* gauge, 0 or 1; upstream; enum metric_gate */
	METRIC_HOLDS,           /* upstream; enum metric_gate */
	METRIC_RATE_WAITS,      /* upstream */
	METRIC_CONNECTIONS,     /* gauge: open inbound connections */
	METRIC_ACCEPTED,        /* inbound connections accepted */
	METRIC_TIMEOUTS,        /* inbound connections cut at a deadline */
	METRIC_HANDSHAKES,      /* inbound, failed; enum metric_handshake */
	METRIC_BAD_REQUESTS,    /* refused by the strict scanner */
	METRIC_LIMITED,         /* label: enum metric_limit */
	METRIC_JOURNAL_ITEMS,   /* gauge; label: enum journal_state */
	METRIC_JOURNAL_LANES,   /* gauge: leads with something to be sent */
	METRIC_JOURNAL_OLDEST,  /* gauge: age of the oldest waiting item, s */
	METRIC_STRANDED,        /* gauge; an upstream that is none any more */
	METRIC_JOURNAL_COMMITS, /* label: 0 done, 1 failed */
	METRIC_JOURNAL_COMMIT_TIME, /* histogram: of those that were done */
	METRIC_JOURNAL_OPS,         /* in those that were done */
	METRIC_JOURNAL_ACCEPTS,     /* label: enum journal_result */
	METRIC_JOURNAL_DEAD,        /* items given up */
	METRIC_JOURNAL_FENCED, /* attempts whose lease was another's by then */
	METRIC_CERTIFICATES,   /* gauge; file; enum metric_side: Unix time, s */
	METRIC_MEMORY_WORST,   /* gauge: bytes, by the limits of the settings */
	METRIC_MEMORY_ALLOWED, /* gauge: bytes, by unit, container or machine */
	METRIC_LOG_DROPPED,    /* lines nobody took in time */
	METRIC_START_TIME,     /* gauge: Unix time, s */
	METRIC_RELOADS,        /* label: 0 done, 1 refused */
	METRIC_RELOAD_WELL,    /* gauge: 1 when the last one was done */
	METRIC_RELOAD_TIME,    /* gauge: of the last that was done; Unix time */
	METRIC_SNAPSHOTS,      /* gauge: states of the settings still in use */
	METRIC_CONFINED,       /* gauge, 0 or 1; label: enum metric_confined */
	METRIC_TRACE_SPANS,    /* label: enum metric_span */
	METRIC_TRACE_EXPORTS,  /* label: enum metric_export */
	METRICS
};

enum metric_outcome {
	OUTCOME_RELAYED,
	OUTCOME_REFUSED,
	OUTCOME_IGNORED,
	OUTCOME_FAILED,
	OUTCOME_ANSWERED, /* handshakes and pings */
	OUTCOME_QUEUED,   /* told 202: the journal has it */
	OUTCOME_DUPLICATE,
	OUTCOMES
};
enum metric_answer {
	ANSWER_2XX,
	ANSWER_3XX,
	ANSWER_4XX,
	ANSWER_5XX,
	ANSWER_NONE,
	ANSWERS
};

/* The value for an HTTP status, of the few that are told apart; 0: "other". */
unsigned metric_status(int status);

/* Why there was none: enum upstream_outcome without the first. */
enum metric_unanswered {
	UNANSWERED_BUSY,
	UNANSWERED_NO_ADDRESS,
	UNANSWERED_NO_CONNECT,
	UNANSWERED_NO_TLS,
	UNANSWERED_LATE_UNSENT,
	UNANSWERED_LATE,
	UNANSWERED_BROKEN,
	UNANSWERED_STOPPED,
	UNANSWEREDS
};

/* As enum verify_result has them, without the first. */
enum metric_unproven {
	UNPROVEN_MISSING,
	UNPROVEN_MALFORMED,
	UNPROVEN_FORGED,
	UNPROVEN_STALE,
	UNPROVEN_STRANGER,
	UNPROVEN_CLIENT,
	UNPROVENS
};

/* Of an upstream, for updates from the journal. */
enum metric_gate {
	METRIC_GATE_CLOSED, /* calls go */
	METRIC_GATE_FAILING,
	METRIC_GATE_THROTTLED,
	METRIC_GATE_KEY,
	METRIC_GATE_PAYMENT,
	METRIC_GATE_TARGET,
	METRIC_GATES_KINDS
};

/* What turned a connection or a request away. */
enum metric_limit {
	LIMIT_ADDRESS_CONNECTIONS,
	LIMIT_ADDRESS_REQUESTS,
	LIMIT_MEMORY,
	LIMIT_PROXY_HEADER,
	LIMIT_CONNECTIONS, /* times that a worker stopped accepting for it */
	LIMIT_FILES,       /* times that it could not accept */
	LIMIT_DISPLACED,   /* connections closed to make room for others */
	LIMITS
};

/* Why a client and we could not agree. */
enum metric_handshake {
	METRIC_HANDSHAKE_ALERT, /* it said so: mostly, it does not trust us */
	METRIC_HANDSHAKE_CERTIFICATE, /* it has none that we trust */
	METRIC_HANDSHAKE_CIPHER,      /* nor curve, signature in common */
	METRIC_HANDSHAKE_LATE,        /* by our deadline */
	METRIC_HANDSHAKE_LEFT,        /* it began, and left */
	METRIC_HANDSHAKE_NAME,        /* it asked for one not served */
	METRIC_HANDSHAKE_NO_TLS,      /* it speaks something else */
	METRIC_HANDSHAKE_OTHER,
	METRIC_HANDSHAKE_PROTOCOL, /* it does not want HTTP/1.1 (ALPN) */
	METRIC_HANDSHAKE_VERSION,  /* none of TLS in common */
	METRIC_HANDSHAKE_KINDS
};

enum metric_conn {
	METRIC_CONN_OPENING,
	METRIC_CONN_BUSY,
	METRIC_CONN_IDLE,
	METRIC_CONNS
};

/* What the process gave up, as far as the kernel holds it to that. */
enum metric_confined {
	METRIC_CONFINED_FILES,
	METRIC_CONFINED_PORTS,
	METRIC_CONFINED_SIGNALS,
	METRIC_CONFINED_CALLS,
	METRIC_CONFINED_KINDS
};

/* What became of a span that was recorded. */
enum metric_span {
	METRIC_SPAN_EXPORTED,
	METRIC_SPAN_DROPPED, /* no room, or no collector */
	METRIC_SPAN_REFUSED, /* the collector does not take it */
	METRIC_SPANS
};
enum metric_export { METRIC_EXPORT_DONE, METRIC_EXPORT_FAILED, METRIC_EXPORTS };

/* Whose certificate: ours, of the servers we call, of clients. */
enum metric_side { METRIC_SIDE_IN, METRIC_SIDE_OUT, METRIC_SIDES };

/*
 * Names that the settings bring. What nobody holds any more keeps its number
 * and its counts, for a reload may bring it again, until a new name finds all
 * places taken. Where each is held, and for what has no name, the number is 0,
 * "other".
 */
enum metric_names {
	METRIC_NAMES_NONE,
	METRIC_ROUTES,
	METRIC_UPSTREAMS,
	METRIC_FIELDS, /* of the contract */
	METRIC_FILES,
	METRIC_NAMES
};
/* Yours to metrics_unname(), when nothing counts by it any more. */
unsigned metrics_name(enum metric_names kind, const char *name);
void metrics_unname(enum metric_names kind, unsigned name); /* 0 is fine */
/* Its number, without holding it; 0: it has none. */
unsigned metrics_named(enum metric_names kind, const char *name);

/* The label of a metric that has a name: with a value, or with 0. */
static inline unsigned
metric_of(unsigned name, unsigned value)
{
	return name << 8 | value;
}
static inline unsigned
metric_name_of(unsigned label)
{
	return label >> 8;
}

void metrics_add(enum metric m, unsigned label, int64_t n);
/* For a gauge that one thread alone keeps. */
void metrics_set(enum metric m, unsigned label, int64_t n);
/* What has none of these labels is no longer there: 0. Of no histogram. */
void metrics_keep(enum metric m, const unsigned *labels, size_t count);
/* One duration, for a histogram. */
void metrics_observe(enum metric m, unsigned label, int64_t us);
/* Of a histogram: how many were observed. */
int64_t metrics_value(enum metric m, unsigned label);
/* Prometheus text format 0.0.4, HELP and TYPE for every row. */
void metrics_print(struct bytes *out);

#endif
