/*
 * metrics/metrics_table.c - the rows.
 *
 * To add one: a value in enum metric, a row here, a line in deploy/METRICS.md
 * (a test compares them). CELLS says how many cells it takes.
 */
#include "metrics/metrics_table.h"

static const char *const status_classes[] = { "none", "1xx", "2xx", "3xx",
	"4xx", "5xx" };
static const char *const outcomes[] = { "relayed", "refused", "ignored",
	"failed", "answered", "queued", "duplicate" };
static const char *const answers[] = { "2xx", "3xx", "4xx", "5xx", "none" };
static const char *const unanswered[] = { "busy", "no_address", "no_connection",
	"no_tls", "late_unsent", "late", "broken", "stopped" };
static const char *const states[] = { "waiting", "sending", "done", "dead",
	"refused" };
static const char *const gates[] = { "closed", "failing", "throttled",
	"key_refused", "payment_required", "target_refused" };
static const char *const conns[] = { "opening", "busy", "idle" };
static const char *const commits[] = { "done", "failed" };
static const char *const results[] = { "ok", "duplicate", "conflict", "fenced",
	"not_found", "unavailable" };
static const char *const unproven[] = { "missing", "malformed", "forged",
	"stale", "stranger", "certificate" };
static const char *const sides[] = { "in", "out" };
static const char *const reasons[] = { "none", "settings", "request",
	"unsigned", "forbidden", "route", "method", "body", "body_kind",
	"too_large", "mapping", "contract", "conflict", "rate", "busy",
	"upstream", "upstream_late", "internal" };
static const char *const reloads[] = { "done", "refused" };
static const char *const confined[] = { "files", "ports", "signals",
	"system_calls" };
static const char *const spans[] = { "exported", "dropped", "refused" };
static const char *const exports[] = { "done", "failed" };
static const char *const limits[] = { "address_connections", "address_requests",
	"memory", "proxy_header", "connections", "files", "displaced" };
static const char *const handshakes[] = { "alert", "certificate", "cipher",
	"late", "left", "name", "no_tls", "other", "protocol", "version" };

_Static_assert(COUNT_OF(handshakes) == METRIC_HANDSHAKE_KINDS,
    "a name a reason");
_Static_assert(COUNT_OF(reasons) == FAULT_CODES, "a name a fault code");
_Static_assert(COUNT_OF(spans) == METRIC_SPANS, "a name an outcome");
_Static_assert(COUNT_OF(exports) == METRIC_EXPORTS, "a name an outcome");
_Static_assert(COUNT_OF(limits) == LIMITS, "a name a limit");
_Static_assert(COUNT_OF(outcomes) == OUTCOMES, "a name an outcome");
_Static_assert(COUNT_OF(answers) == ANSWERS, "a name an answer");
_Static_assert(COUNT_OF(unanswered) == UNANSWEREDS, "a name a reason");
_Static_assert(COUNT_OF(gates) == METRIC_GATES_KINDS, "a name a gate");
_Static_assert(COUNT_OF(conns) == METRIC_CONNS, "a name a state");
_Static_assert(COUNT_OF(unproven) == UNPROVENS, "a name a reason");
_Static_assert(COUNT_OF(sides) == METRIC_SIDES, "a name a side");
_Static_assert(COUNT_OF(confined) == METRIC_CONFINED_KINDS, "a name a kind");

/* Work of ours and calls: tenths of a millisecond to the longest deadline. */
static const int64_t call_bounds[] = { 100, 250, 500, 1000, 2500, 5000, 10000,
	25000, 50000, 100000, 250000, 500000, 1000000, 2500000, 5000000,
	10000000, 30000000 };
/* What may wait for an API that is down: a tenth of a second to a day. */
static const int64_t wait_bounds[] = { 100000, 250000, 500000, 1000000, 2500000,
	5000000, 15000000, 60000000, 300000000, 900000000, 3600000000,
	21600000000, 86400000000 };

#define CELLS(n) .cells = (metric_cell[(n)]){ 0 }, .cell_count = (n)
#define PLAIN .value_count = 1
#define LABEL(text, list)                                                      \
	.label = (text), .values = (list), .value_count = COUNT_OF(list)
#define BOUNDS(list) .bounds = (list), .bound_count = COUNT_OF(list)
#define CALL_CELLS (COUNT_OF(call_bounds) + 2)
#define WAIT_CELLS (COUNT_OF(wait_bounds) + 2)

/* The shapes there are. */
#define ONE PLAIN, CELLS(1)
#define EACH(text, list) LABEL(text, list), CELLS(COUNT_OF(list))
#define NAMED(kind, most) .names = (kind), PLAIN, CELLS(most)
#define NAMED_EACH(kind, most, text, list)                                     \
	.names = (kind), LABEL(text, list), CELLS((most)*COUNT_OF(list))
#define CALLS PLAIN, BOUNDS(call_bounds), CELLS(CALL_CELLS)
#define WAITS PLAIN, BOUNDS(wait_bounds), CELLS(WAIT_CELLS)
#define NAMED_CALLS(kind, most)                                                \
	.names = (kind), PLAIN, BOUNDS(call_bounds), CELLS((most)*CALL_CELLS)

const struct metric_row metric_rows[METRICS] = {
	[METRIC_REQUESTS] = { "leadbridge_requests_total", COUNTER,
	    "Requests answered, the admin endpoint's too, by class of the "
	    "status.",
	    EACH("status", status_classes) },
	[METRIC_REFUSED] = { "leadbridge_refused_total", COUNTER,
	    "Events refused by the bridge itself, by reason.",
	    EACH("reason", reasons) },
	[METRIC_EVENTS] = { "leadbridge_events_total", COUNTER,
	    "Webhook events, by route and by what became of them.",
	    NAMED_EACH(METRIC_ROUTES, ROUTES_MAX, "outcome", outcomes) },
	[METRIC_UNPROVEN] = { "leadbridge_verification_failures_total", COUNTER,
	    "Events whose sender did not prove itself, by reason.",
	    NAMED_EACH(METRIC_ROUTES, ROUTES_MAX, "reason", unproven) },
	[METRIC_MAPPING_FAULTS] = { "leadbridge_mapping_faults_total", COUNTER,
	    "Updates that could not be made, by the field that was to blame.",
	    NAMED(METRIC_FIELDS, FIELDS_MAX) },
	[METRIC_RECEIVE] = { "leadbridge_receive_seconds", HISTOGRAM,
	    "From a request's first byte to its last.", CALLS },
	[METRIC_MAP] = { "leadbridge_map_seconds", HISTOGRAM,
	    "Proof, decoding and mapping of an event, to its update.", CALLS },
	[METRIC_ANSWER_TIME] = { "leadbridge_answer_seconds", HISTOGRAM,
	    "From a request's last byte to the answer its sender got.", CALLS },
	[METRIC_DELIVER] = { "leadbridge_delivery_seconds", HISTOGRAM,
	    "From accepting a journalled update to its delivery.", WAITS },
	[METRIC_UPSTREAM] = { "leadbridge_upstream_answers_total", COUNTER,
	    "Calls of the leads API, by class of the answer.",
	    NAMED_EACH(METRIC_UPSTREAMS, UPSTREAMS_MAX, "status", answers) },
	[METRIC_UPSTREAM_STATUS] = { "leadbridge_upstream_statuses_total",
	    COUNTER,
	    "Answers of the leads API, by status; one that never came is "
	    "not there.",
	    NAMED_EACH(METRIC_UPSTREAMS, UPSTREAMS_MAX, "status",
	        metric_statuses),
	    .sparse = true },
	[METRIC_UPSTREAM_FAILURES] = { "leadbridge_upstream_failures_total",
	    COUNTER, "Calls of the leads API without an answer, by why.",
	    NAMED_EACH(METRIC_UPSTREAMS, UPSTREAMS_MAX, "reason", unanswered) },
	[METRIC_UPSTREAM_TIME] = { "leadbridge_upstream_seconds", HISTOGRAM,
	    "Calls of the leads API, waiting for a connection included.",
	    NAMED_CALLS(METRIC_UPSTREAMS, UPSTREAMS_MAX) },
	[METRIC_UPSTREAM_CONNECTS] = { "leadbridge_upstream_connects_total",
	    COUNTER, "Connections opened to the leads API.", ONE },
	[METRIC_UPSTREAM_REUSES] = { "leadbridge_upstream_reuses_total",
	    COUNTER, "Calls sent on a connection kept open.", ONE },
	[METRIC_TLS_FAILURES] = { "leadbridge_upstream_tls_failures_total",
	    COUNTER, "TLS handshakes with the leads API that failed.", ONE },
	[METRIC_UPSTREAM_CONNS] = { "leadbridge_upstream_connections", GAUGE,
	    "Connections to the leads API, by what they do.",
	    NAMED_EACH(METRIC_UPSTREAMS, UPSTREAMS_MAX, "state", conns) },
	[METRIC_UPSTREAM_QUEUE] = { "leadbridge_upstream_queued_calls", GAUGE,
	    "Calls that wait for a connection.",
	    NAMED(METRIC_UPSTREAMS, UPSTREAMS_MAX) },
	[METRIC_GATES] = { "leadbridge_upstreams", GAUGE,
	    "Upstreams by what holds their queued updates; closed: nothing.",
	    EACH("gate", gates) },
	[METRIC_GATE] = { "leadbridge_upstream_gate", GAUGE,
	    "1 for what holds an upstream's queued updates; closed: nothing.",
	    NAMED_EACH(METRIC_UPSTREAMS, UPSTREAMS_MAX, "gate", gates) },
	[METRIC_HOLDS] = { "leadbridge_upstream_holds_total", COUNTER,
	    "Times an upstream's queued updates were held, by why.",
	    NAMED_EACH(METRIC_UPSTREAMS, UPSTREAMS_MAX, "gate", gates) },
	[METRIC_RATE_WAITS] = { "leadbridge_upstream_rate_waits_total", COUNTER,
	    "Times no queued update was taken as the upstream's rate was "
	    "spent.",
	    NAMED(METRIC_UPSTREAMS, UPSTREAMS_MAX) },
	[METRIC_CONNECTIONS] = { "leadbridge_connections", GAUGE,
	    "Inbound connections open now.", ONE },
	[METRIC_ACCEPTED] = { "leadbridge_connections_accepted_total", COUNTER,
	    "Inbound connections accepted.", ONE },
	[METRIC_TIMEOUTS] = { "leadbridge_connections_timed_out_total", COUNTER,
	    "Inbound connections cut at a deadline.", ONE },
	[METRIC_HANDSHAKES] = { "leadbridge_tls_handshakes_failed_total",
	    COUNTER, "Inbound TLS handshakes that failed, by reason.",
	    EACH("reason", handshakes) },
	[METRIC_BAD_REQUESTS] = { "leadbridge_bad_requests_total", COUNTER,
	    "Requests refused as malformed HTTP.", ONE },
	[METRIC_LIMITED] = { "leadbridge_limited_total", COUNTER,
	    "Limits met, by which: connections closed or kept waiting, "
	    "requests refused.",
	    EACH("limit", limits) },
	[METRIC_JOURNAL_ITEMS] = { "leadbridge_journal_items", GAUGE,
	    "Lead updates in the journal, by state.", EACH("state", states) },
	[METRIC_JOURNAL_LANES] = { "leadbridge_journal_lanes", GAUGE,
	    "Leads with an update waiting or being sent.", ONE },
	[METRIC_JOURNAL_OLDEST] = { "leadbridge_journal_oldest_seconds", GAUGE,
	    "Age of the oldest waiting update.", ONE },
	[METRIC_STRANDED] = { "leadbridge_journal_stranded_items", GAUGE,
	    "Updates that wait for an upstream which the settings do not name.",
	    NAMED(METRIC_UPSTREAMS, UPSTREAMS_MAX) },
	[METRIC_JOURNAL_COMMITS] = { "leadbridge_journal_commits_total",
	    COUNTER, "Transactions of the journal, by result.",
	    EACH("result", commits) },
	[METRIC_JOURNAL_COMMIT_TIME] = { "leadbridge_journal_commit_seconds",
	    HISTOGRAM, "Time the journal's transactions took.", CALLS },
	[METRIC_JOURNAL_OPS] = { "leadbridge_journal_operations_total", COUNTER,
	    "Operations in the transactions that were done.", ONE },
	[METRIC_JOURNAL_ACCEPTS] = { "leadbridge_journal_accepts_total",
	    COUNTER, "Events handed to the journal, by result.",
	    EACH("result", results) },
	[METRIC_JOURNAL_DEAD] = { "leadbridge_journal_dead_total", COUNTER,
	    "Lead updates given up.", ONE },
	[METRIC_JOURNAL_FENCED] = { "leadbridge_journal_fenced_total", COUNTER,
	    "Attempts that ended after their lease was lost.", ONE },
	[METRIC_CERTIFICATES] = { "leadbridge_certificate_expiry_timestamp_"
	                          "seconds",
	    GAUGE, "When a certificate ends to be valid, by its file.",
	    NAMED_EACH(METRIC_FILES, FILES_MAX, "side", sides),
	    .sparse = true },
	[METRIC_MEMORY_WORST] = { "leadbridge_memory_worst_bytes", GAUGE,
	    "Most that requests may take, by the limits of the settings.",
	    ONE },
	[METRIC_MEMORY_ALLOWED] = { "leadbridge_memory_allowed_bytes", GAUGE,
	    "Memory the process may take: the ceiling of its unit or "
	    "container, or what the machine has.",
	    ONE },
	[METRIC_LOG_DROPPED] = { "leadbridge_log_dropped_total", COUNTER,
	    "Log lines dropped, as whoever reads them did not in time.", ONE },
	[METRIC_RELOADS] = { "leadbridge_reloads_total", COUNTER,
	    "Times the settings were loaded again, by outcome.",
	    EACH("outcome", reloads) },
	[METRIC_RELOAD_WELL] = { "leadbridge_last_reload_success", GAUGE,
	    "1 when the last loading of the settings was done, 0 refused.",
	    ONE },
	[METRIC_RELOAD_TIME] = { "leadbridge_last_reload_success_timestamp_"
	                         "seconds",
	    GAUGE, "When the settings were last loaded, as Unix time.", ONE },
	[METRIC_SNAPSHOTS] = { "leadbridge_settings_in_use", GAUGE,
	    "States of the settings in use: 1, and those that deliveries end "
	    "by.",
	    ONE },
	[METRIC_CONFINED] = { "leadbridge_confined", GAUGE,
	    "1 where the process gave up what it does not need, by kind.",
	    EACH("of", confined) },
	[METRIC_TRACE_SPANS] = { "leadbridge_trace_spans_total", COUNTER,
	    "Spans recorded for tracing, by what became of them.",
	    EACH("outcome", spans) },
	[METRIC_TRACE_EXPORTS] = { "leadbridge_trace_exports_total", COUNTER,
	    "Requests to the tracing collector, by outcome.",
	    EACH("outcome", exports) },
	[METRIC_START_TIME] = { "process_start_time_seconds", GAUGE,
	    "When the process started, as Unix time.", ONE },
};
