/*
 * metrics/metrics.c - the table of counters and gauges.
 *
 * To add one: a value in enum metric, a row here. A row with labels names
 * each slot's label value.
 */
#include <stdatomic.h>

#include "metrics/metrics.h"

#define SLOTS 32

static const char *const status_classes[] = { "none", "1xx", "2xx", "3xx",
	"4xx", "5xx", NULL };
static const char *const outcomes[] = { "relayed", "refused", "ignored",
	"failed", "answered", "queued", "duplicate", NULL };
static const char *const answers[] = { "2xx", "3xx", "4xx", "5xx", "none",
	NULL };
static const char *const states[] = { "waiting", "sending", "done", "dead",
	"refused", NULL };
static const char *const gates[] = { "closed", "failing", "throttled",
	"key_refused", "target_refused", NULL };
static const char *const commits[] = { "done", "failed", NULL };
static const char *const results[] = { "ok", "duplicate", "conflict", "fenced",
	"not_found", "unavailable", NULL };
static const char *const reasons[] = { "none", "settings", "request",
	"unsigned", "forbidden", "route", "method", "body", "body_kind",
	"too_large", "mapping", "contract", "conflict", "busy", "upstream",
	"upstream_late", "internal", NULL };

_Static_assert(COUNT_OF(reasons) == FAULT_CODES + 1, "a name a fault code");
_Static_assert(COUNT_OF(outcomes) == OUTCOMES + 1, "a name an outcome");
_Static_assert(COUNT_OF(answers) == ANSWERS + 1, "a name an answer");
_Static_assert(COUNT_OF(gates) == METRIC_GATES_KINDS + 1, "a name a gate");
_Static_assert(FAULT_CODES <= SLOTS, "a slot a fault code");

struct row {
	const char *name;
	const char *type;
	const char *help;
	const char *label;         /* NULL: one slot, no label */
	const char *const *values; /* a slot each, NULL-ended */
};

static const struct row rows[METRICS] = {
	[METRIC_REQUESTS] = { "leadbridge_requests_total", "counter",
	    "Requests answered, by class of the status sent.", "status",
	    status_classes },
	[METRIC_REFUSED] = { "leadbridge_refused_total", "counter",
	    "Events refused by the bridge itself, by reason.", "reason",
	    reasons },
	[METRIC_EVENTS] = { "leadbridge_events_total", "counter",
	    "Webhook events, by what became of them.", "outcome", outcomes },
	[METRIC_UPSTREAM] = { "leadbridge_upstream_answers_total", "counter",
	    "Calls of the leads API, by class of the answer.", "status",
	    answers },
	[METRIC_UPSTREAM_CONNECTS] = { "leadbridge_upstream_connects_total",
	    "counter", "Connections opened to the leads API.", NULL, NULL },
	[METRIC_UPSTREAM_REUSES] = { "leadbridge_upstream_reuses_total",
	    "counter", "Calls sent on a connection kept open.", NULL, NULL },
	[METRIC_TLS_FAILURES] = { "leadbridge_upstream_tls_failures_total",
	    "counter", "TLS handshakes with the leads API that failed.", NULL,
	    NULL },
	[METRIC_GATES] = { "leadbridge_upstreams", "gauge",
	    "Upstreams by what holds their queued updates; closed: nothing.",
	    "gate", gates },
	[METRIC_CONNECTIONS] = { "leadbridge_connections", "gauge",
	    "Inbound connections open now.", NULL, NULL },
	[METRIC_ACCEPTED] = { "leadbridge_connections_accepted_total",
	    "counter", "Inbound connections accepted.", NULL, NULL },
	[METRIC_TIMEOUTS] = { "leadbridge_connections_timed_out_total",
	    "counter", "Inbound connections cut at a deadline.", NULL, NULL },
	[METRIC_BAD_REQUESTS] = { "leadbridge_bad_requests_total", "counter",
	    "Requests refused as malformed HTTP.", NULL, NULL },
	[METRIC_JOURNAL_ITEMS] = { "leadbridge_journal_items", "gauge",
	    "Lead updates in the journal, by state.", "state", states },
	[METRIC_JOURNAL_LANES] = { "leadbridge_journal_lanes", "gauge",
	    "Leads with an update waiting or being sent.", NULL, NULL },
	[METRIC_JOURNAL_OLDEST] = { "leadbridge_journal_oldest_seconds",
	    "gauge", "Age of the oldest waiting update.", NULL, NULL },
	[METRIC_JOURNAL_COMMITS] = { "leadbridge_journal_commits_total",
	    "counter", "Transactions of the journal, by result.", "result",
	    commits },
	[METRIC_JOURNAL_COMMIT_US] = { "leadbridge_journal_commit_microseconds_"
	                               "total",
	    "counter", "Time the journal's transactions took.", NULL, NULL },
	[METRIC_JOURNAL_OPS] = { "leadbridge_journal_operations_total",
	    "counter", "Operations in the transactions that were done.", NULL,
	    NULL },
	[METRIC_JOURNAL_ACCEPTS] = { "leadbridge_journal_accepts_total",
	    "counter", "Events handed to the journal, by result.", "result",
	    results },
	[METRIC_JOURNAL_DEAD] = { "leadbridge_journal_dead_total", "counter",
	    "Lead updates given up.", NULL, NULL },
	[METRIC_JOURNAL_FENCED] = { "leadbridge_journal_fenced_total",
	    "counter", "Attempts that ended after their lease was lost.", NULL,
	    NULL },
};

static atomic_llong slots[METRICS][SLOTS];

void
metrics_add(enum metric m, unsigned label, int64_t n)
{
	atomic_fetch_add_explicit(&slots[m][label % SLOTS], n,
	    memory_order_relaxed);
}

void
metrics_set(enum metric m, unsigned label, int64_t n)
{
	atomic_store_explicit(&slots[m][label % SLOTS], n,
	    memory_order_relaxed);
}

int64_t
metrics_value(enum metric m, unsigned label)
{
	return atomic_load_explicit(&slots[m][label % SLOTS],
	    memory_order_relaxed);
}

static void
print_row(struct bytes *out, enum metric m)
{
	const struct row *row = &rows[m];

	bytes_addf(out, "# HELP %s %s\n# TYPE %s %s\n", row->name, row->help,
	    row->name, row->type);
	if (row->label == NULL) {
		bytes_addf(out, "%s %lld\n", row->name,
		    (long long)metrics_value(m, 0));
		return;
	}
	for (unsigned i = 0; row->values[i] != NULL; i++)
		bytes_addf(out, "%s{%s=\"%s\"} %lld\n", row->name, row->label,
		    row->values[i], (long long)metrics_value(m, i));
}

void
metrics_print(struct bytes *out)
{
	for (enum metric m = 0; m < METRICS; m++)
		print_row(out, m);
	bytes_addf(out,
	    "# HELP leadbridge_build_info The version running.\n"
	    "# TYPE leadbridge_build_info gauge\n"
	    "leadbridge_build_info{version=\"%s\"} 1\n",
	    BRIDGE_VERSION);
}
