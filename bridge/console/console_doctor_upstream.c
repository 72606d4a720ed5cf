/* console/console_doctor_upstream.c - the way to each API, and its key. */
#include <stdlib.h>

#include "certs/certs.h"
#include "console/console_doctor.h"
#include "console/console_key.h"

#define DAY ((int64_t)24 * 60 * 60)
/* Signatures are good for minutes; certificates begin at a second. */
#define AHEAD_WARNING_MS 5000
#define AHEAD_FAULT_MS 60000

/* What is said before the reason. */
static const char *const failed[UPSTREAM_STEPS] = {
	[UPSTREAM_STEP_NAME] = "has no address",
	[UPSTREAM_STEP_CONNECT] = "cannot be connected to",
	[UPSTREAM_STEP_TLS] = "TLS fails",
	[UPSTREAM_STEP_ANSWER] = "does not answer",
};
static const char *const remedies_of_apis[UPSTREAM_STEPS] = {
	[UPSTREAM_STEP_NAME] = "look at the url, and at /etc/resolv.conf of "
	                       "this machine",
	[UPSTREAM_STEP_CONNECT] = "look at firewalls on the way, and whether "
	                          "the API is up",
	[UPSTREAM_STEP_TLS] = "the certificate has to name the host and be of "
	                      "an authority this machine trusts: see "
	                      "upstreams.<name>.ca, and the clock",
	[UPSTREAM_STEP_ANSWER] = "look whether the url is the API's",
};

static void
tell_tls(struct doctor *d, const char *name, const struct upstream_look *l)
{
	const int64_t days = l->certificate_s / DAY;

	if (days < CERT_DAYS_ENOUGH)
		doctor_say(d, DOCTOR_WARNING, name,
		    "tell who runs it, unless it renews by itself",
		    "%s, and %s certificate is over in %lld day%s", l->tls,
		    l->certificate_own ? "its" : "an authority's",
		    (long long)days, days == 1 ? "" : "s");
	else
		doctor_say(d, DOCTOR_OK, name, NULL, "%s, %lld days left",
		    l->tls, (long long)days);
}

static void
tell_clock(struct doctor *d, const char *name, const struct upstream_look *l)
{
	const int64_t off = llabs(l->ahead_ms);
	const enum doctor_verdict v = off >= AHEAD_FAULT_MS ? DOCTOR_FAULT
	    : off >= AHEAD_WARNING_MS                       ? DOCTOR_WARNING
	                                                    : DOCTOR_OK;

	if (!l->has_date)
		doctor_say(d, DOCTOR_OK, name, NULL,
		    "its answer has no Date to compare the clock with");
	else if (off < 1000)
		doctor_say(d, DOCTOR_OK, name, NULL,
		    "the clock here is within a second of the API's");
	else
		doctor_say(d, v, name,
		    v == DOCTOR_OK ? NULL
		                   : "set this machine's clock: timedatectl "
		                     "set-ntp true",
		    "the clock here is %lld s %s the API's",
		    (long long)(off / 1000),
		    l->ahead_ms > 0 ? "ahead of" : "behind");
}

bool
doctor_walk(struct doctor *d, const struct upstream_target *t,
    enum doctor_verdict v, const char *const remedies[UPSTREAM_STEPS],
    struct upstream_look *l)
{
	const char *name = upstream_target_name(t);

	upstream_look(t, l);
	if (l->done > UPSTREAM_STEP_NAME)
		doctor_say(d, DOCTOR_OK, name, NULL,
		    "%s has %u address%s, found in %lld ms",
		    upstream_target_host(t), l->addresses,
		    l->addresses == 1 ? "" : "es",
		    (long long)(l->took_us[UPSTREAM_STEP_NAME] / 1000));
	if (l->done > UPSTREAM_STEP_CONNECT)
		doctor_say(d, DOCTOR_OK, name, NULL,
		    "%s port %u, connected in %lld ms", l->address,
		    upstream_target_port(t),
		    (long long)(l->took_us[UPSTREAM_STEP_CONNECT] / 1000));
	if (l->done > UPSTREAM_STEP_TLS && l->tls != NULL)
		tell_tls(d, name, l);
	if (l->done < UPSTREAM_STEPS)
		doctor_say(d, v, name, remedies[l->done], "%s %s: %s",
		    upstream_target_host(t), failed[l->done], l->problem);
	return l->done == UPSTREAM_STEPS;
}

void
doctor_upstreams(struct doctor *d)
{
	for (size_t i = 0; i < d->program->target_count; i++) {
		const struct upstream_target *t = d->program->targets[i];
		struct upstream_look l;

		if (doctor_walk(d, t, DOCTOR_FAULT, remedies_of_apis, &l))
			tell_clock(d, upstream_target_name(t), &l);
	}
}

static void
tell_key(struct doctor *d, const struct key_proof *p)
{
	if (p->verdict == KEY_UNREACHABLE)
		doctor_say(d, DOCTOR_FAULT, p->upstream,
		    "see what is said of the upstream", "not asked: %s",
		    p->reason);
	else if (p->verdict == KEY_REFUSED)
		doctor_say(d, DOCTOR_FAULT, p->upstream,
		    "get a key that is valid (LeadSail: dashboard, Settings), "
		    "and put it where upstreams.<name>.api_key leads to",
		    "the API refuses the key (%d)", p->status);
	else if (p->verdict == KEY_UNCLEAR)
		doctor_say(d, DOCTOR_WARNING, p->upstream, "try again later",
		    "the API answered %d, which says nothing of the key",
		    p->status);
	else
		doctor_say(d, DOCTOR_OK, p->upstream, NULL,
		    "the API accepts the key (it answered %d)", p->status);
}

void
doctor_keys(struct doctor *d)
{
	for (size_t i = 0; i < d->program->target_count; i++) {
		struct key_proof p;

		key_prove(d->program->targets[i], &p);
		tell_key(d, &p);
	}
}
