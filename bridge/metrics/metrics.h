/*
 * metrics/metrics.h - the one table of counters, and their Prometheus text.
 *
 * Counters are process-wide atomics, cheap enough for the hot path; any
 * thread. A metric with a label has one slot a label value, named by the row
 * in metrics.c.
 */
#ifndef BRIDGE_METRICS_H
#define BRIDGE_METRICS_H

#include "base/base.h"

enum metric {
	METRIC_REQUESTS, /* label: HTTP status class, 0..5 */
	METRIC_REFUSED,  /* label: enum fault_code */
	METRIC_EVENTS,   /* label: enum metric_outcome */
	METRIC_UPSTREAM, /* label: enum metric_answer */
	METRIC_UPSTREAM_CONNECTS,
	METRIC_UPSTREAM_REUSES,
	METRIC_TLS_FAILURES,    /* upstream handshakes or checks that failed */
	METRIC_GATES,           /* gauge; label: enum metric_gate */
	METRIC_CONNECTIONS,     /* gauge: open inbound connections */
	METRIC_ACCEPTED,        /* inbound connections accepted */
	METRIC_TIMEOUTS,        /* inbound connections cut at a deadline */
	METRIC_BAD_REQUESTS,    /* refused by the strict scanner */
	METRIC_JOURNAL_ITEMS,   /* gauge; label: enum journal_state */
	METRIC_JOURNAL_LANES,   /* gauge: leads with something to be sent */
	METRIC_JOURNAL_OLDEST,  /* gauge: age of the oldest waiting item, s */
	METRIC_JOURNAL_COMMITS, /* label: 0 done, 1 failed */
	METRIC_JOURNAL_COMMIT_US, /* time they took, summed */
	METRIC_JOURNAL_OPS,       /* in those that were done */
	METRIC_JOURNAL_ACCEPTS,   /* label: enum journal_result */
	METRIC_JOURNAL_DEAD,      /* items given up */
	METRIC_JOURNAL_FENCED, /* attempts whose lease was another's by then */
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

/* Of an upstream, for updates from the journal. */
enum metric_gate {
	METRIC_GATE_CLOSED, /* calls go */
	METRIC_GATE_FAILING,
	METRIC_GATE_THROTTLED,
	METRIC_GATE_KEY,
	METRIC_GATE_TARGET,
	METRIC_GATES_KINDS
};

void metrics_add(enum metric m, unsigned label, int64_t n);
/* For a gauge that one thread alone keeps. */
void metrics_set(enum metric m, unsigned label, int64_t n);
int64_t metrics_value(enum metric m, unsigned label);
/* Prometheus text format 0.0.4, HELP and TYPE for every row. */
void metrics_print(struct bytes *out);

#endif
