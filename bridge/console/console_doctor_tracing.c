/*
 * console/console_doctor_tracing.c - the way to the collector of spans, and
 * whether it takes them. None of it is a fault: nothing waits for it.
 */
#include "console/console_doctor.h"
#include "trace/trace.h"

static const char *const remedies[UPSTREAM_STEPS] = {
	[UPSTREAM_STEP_NAME] = "look at tracing.url, and at /etc/resolv.conf "
	                       "of this machine",
	[UPSTREAM_STEP_CONNECT] = "look whether the collector runs, and at "
	                          "firewalls on the way",
	[UPSTREAM_STEP_TLS] = "the certificate has to name the host and be of "
	                      "an authority this machine trusts: see "
	                      "tracing.ca, and the clock",
	[UPSTREAM_STEP_ANSWER] = "look whether tracing.url is OTLP over HTTP, "
	                         "not gRPC: port 4318, not 4317",
};

static const char *
remedy_of(const struct trace_proof *p)
{
	if (p->later || p->status >= 500 || p->status == 0)
		return "try again later";
	if (p->status == 401 || p->status == 403)
		return "see tracing.authorization";
	if (p->status == 404 || p->status == 405)
		return "see the path of tracing.url: it is /v1/traces with "
		       "most";
	return "look whether it takes OTLP over HTTP as JSON";
}

void
doctor_tracing(struct doctor *d)
{
	const struct trace_rules *r = d->program->trace;
	struct upstream_look l;
	struct trace_proof p;

	if (r == NULL) {
		doctor_say(d, DOCTOR_OK, "tracing", NULL,
		    "there is none: no span is made");
		return;
	}
	if (!doctor_walk(d, r->collector, DOCTOR_WARNING, remedies, &l))
		return;
	trace_try(r, &p);
	if (p.taken)
		doctor_say(d, DOCTOR_OK, "tracing", NULL,
		    "the collector takes what it is sent (it answered %d)",
		    p.status);
	else if (p.status != 0)
		doctor_say(d, DOCTOR_WARNING, "tracing", remedy_of(&p),
		    "the collector does not take an empty export (%d)",
		    p.status);
	else
		doctor_say(d, DOCTOR_WARNING, "tracing", remedy_of(&p),
		    "the collector was sent an empty export in vain: %s",
		    p.reason);
}
