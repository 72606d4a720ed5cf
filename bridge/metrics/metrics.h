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
	METRIC_TLS_FAILURES, /* upstream handshakes or checks that failed */
	METRIC_CONNECTIONS,  /* gauge: open inbound connections */
	METRIC_ACCEPTED,     /* inbound connections accepted */
	METRIC_TIMEOUTS,     /* inbound connections cut at a deadline */
	METRIC_BAD_REQUESTS, /* refused by the strict scanner */
	METRICS
};

enum metric_outcome {
	OUTCOME_RELAYED,
	OUTCOME_REFUSED,
	OUTCOME_IGNORED,
	OUTCOME_FAILED,
	OUTCOME_ANSWERED, /* handshakes and pings */
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

void metrics_add(enum metric m, unsigned label, int64_t n);
int64_t metrics_value(enum metric m, unsigned label);
/* Prometheus text format 0.0.4, HELP and TYPE for every row. */
void metrics_print(struct bytes *out);

#endif
