/* trace/trace_settings.c - `tracing` of the main file, and who is sampled. */
#include "trace/trace_exporter.h"

#define AT(member) offsetof(struct trace_settings, member)

/* Alphabetical. */
const struct setting trace_settings_table[] = {
	{ .name = "authorization",
	    .kind = SETTING_TEXT,
	    .at = AT(authorization),
	    .help = "Name, among the secrets, of what the collector is sent "
	            "as Authorization, \"Bearer ...\" as a whole." },
	{ .name = "ca",
	    .kind = SETTING_TEXT,
	    .at = AT(ca),
	    .help = "PEM file of the roots to trust in place of the "
	            "system's; relative to the settings file." },
	{ .name = "interval",
	    .kind = SETTING_DURATION,
	    .at = AT(interval_ms),
	    .min = 100,
	    .max = 60000,
	    .fallback = "5s",
	    .help = "How long spans may wait for others to go with, 512 at "
	            "most." },
	{ .name = "plain_http",
	    .kind = SETTING_BOOLEAN,
	    .at = AT(plain_http),
	    .fallback = "false",
	    .help = "Lets url be http:// to another machine, as collectors "
	            "inside a cluster are: whoever is on the way can read the "
	            "spans. Not with authorization." },
	{ .name = "queue",
	    .kind = SETTING_COUNT,
	    .at = AT(queue),
	    .min = 64,
	    .max = 65536,
	    .fallback = "2048",
	    .help = "Spans a worker may have waiting; more are dropped and "
	            "counted." },
	{ .name = "sample",
	    .kind = SETTING_TREE,
	    .at = AT(sample),
	    .help = "Share of the traces begun here that is recorded, 0.0 to "
	            "1.0; without it all. A trace that its sender began is "
	            "recorded where the sender says so." },
	{ .name = "service_name",
	    .kind = SETTING_TEXT,
	    .at = AT(service_name),
	    .fallback = "leadbridge",
	    .help = "The service.name that spans carry." },
	{ .name = "url",
	    .kind = SETTING_TEXT,
	    .at = AT(url),
	    .required = true,
	    .help = "The collector, OTLP over HTTP: "
	            "https://host[:port][/path]; "
	            "http:// only for this machine, or with plain_http. "
	            "Without a path: "
	            "/v1/traces." },
	{ .name = NULL },
};

#define ALL ((uint64_t)1 << (8 * TRACE_RANDOM_BYTES))

/* A row has no kind for it: it is the only fraction there is. */
static bool
read_sample(const config_setting_t *s, uint64_t *bar, struct faults *all)
{
	double share = 1;

	if (s != NULL && config_setting_type(s) == CONFIG_TYPE_FLOAT)
		share = config_setting_get_float(s);
	else if (s != NULL && config_setting_type(s) == CONFIG_TYPE_INT)
		share = config_setting_get_int(s);
	else if (s != NULL)
		share = -1;
	if (!(share >= 0 && share <= 1)) {
		settings_fault(all, s,
		    "tracing.sample: a number between 0.0 and 1.0 is "
		    "expected");
		return false;
	}
	*bar = (uint64_t)((1 - share) * (double)ALL);
	return true;
}

static bool
read_name(const struct trace_rules *r, const config_setting_t *group,
    struct faults *all)
{
	if (utf8_valid(str_of(r->settings.service_name)))
		return true;
	settings_fault(all, config_setting_get_member(group, "service_name"),
	    "tracing.service_name: it is not UTF-8");
	return false;
}

struct trace_rules *
trace_rules_load(const config_setting_t *group, const struct secrets *secrets,
    struct faults *all)
{
	struct trace_rules *r = base_alloc(sizeof(*r));
	struct trace_settings *s = &r->settings;
	bool ok = settings_read(group, "tracing", trace_settings_table, s, all);

	ok = ok && read_sample(s->sample, &r->bar, all);
	ok = ok && read_name(r, group, all);
	if (ok)
		r->collector = upstream_collector_new(
		    &(struct upstream_collector){ .what = "tracing",
		        .url = s->url,
		        .path = "/v1/traces",
		        .ca = s->ca,
		        .authorization = s->authorization,
		        .plain = s->plain_http,
		        .timeout_ms = TRACE_TIMEOUT_MS },
		    group, secrets, all);
	if (r->collector != NULL)
		return r;
	trace_rules_free(r);
	return NULL;
}

void
trace_rules_free(struct trace_rules *r)
{
	if (r == NULL)
		return;
	upstream_target_free(r->collector);
	base_free(r);
}

int64_t
trace_worst(const struct trace_rules *r, unsigned workers)
{
	return (int64_t)sizeof(struct trace_span) *
	    (r->settings.queue * workers + (int64_t)TRACE_BATCH) +
	    upstream_worst(r->collector, TRACE_BODY_MAX);
}
