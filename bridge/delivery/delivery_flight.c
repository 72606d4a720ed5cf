/* delivery/delivery_flight.c - from a lease to what became of it. */
#include <event2/event.h>

#include "delivery/delivery_flight.h"
#include "delivery/delivery_life.h"
#include "delivery/delivery_merge.h"
#include "metrics/metrics.h"

/* Of what the API asks one update to wait, the share of all the others. */
#define THROTTLE_MAX_MS INT64_C(60000)
/* ... where it does not say. */
#define THROTTLE_MS INT64_C(1000)
/* What was leased and cannot be sent, as we are stopping. */
#define STOPPING_MS 1000
/* What is sealed under another key waits for a person. */
#define SEALED_MS 60000
/*
 * Of a lease, what calls leave to their settlement. It began when it was asked
 * for: what a slow disk took of it, or a process that stood still, is gone.
 */
#define SETTLE_SPARE_MS 10000
/* A settlement that could not be stored is tried again, while it counts. */
#define SETTLE_AGAIN_MS 250

static const enum gate_event gate_events[RETRY_CLASSES] = {
	[RETRY_DONE] = GATE_WELL,
	[RETRY_UNSENT] = GATE_FAILED,
	[RETRY_THROTTLED] = GATE_THROTTLED,
	[RETRY_AMBIGUOUS] = GATE_FAILED,
	[RETRY_TARGET] = GATE_REDIRECT,
	[RETRY_KEY] = GATE_FORBIDDEN,
	[RETRY_MISSING] = GATE_WELL,
	[RETRY_CONFLICT] = GATE_WELL,
	[RETRY_REFUSED] = GATE_WELL,
};

/* xorshift64*: jitter has to be uneven, not secret. */
static uint64_t
next_random(struct sender *s)
{
	s->seed ^= s->seed >> 12;
	s->seed ^= s->seed << 25;
	s->seed ^= s->seed >> 27;
	return s->seed * UINT64_C(0x2545F4914F6CDD1D);
}

static struct flight *
flight_new(struct sender *s, const char *id, unsigned n, struct str route,
    int64_t leased_us)
{
	struct flight *f = base_alloc(sizeof(*f));

	f->sender = s;
	f->n = n;
	f->begun_us = clock_mono_us();
	f->lease_until_us = leased_us + sender_lease_ms(s) * 1000;
	memcpy(f->id, id, sizeof(f->id));
	snprintf(f->route, sizeof(f->route), "%.*s", STR_ARG(route));
	f->next = s->flights;
	if (f->next != NULL)
		f->next->before = f;
	s->flights = f;
	return f;
}

void
flight_free(struct flight *f)
{
	if (f->before != NULL)
		f->before->next = f->next;
	else
		f->sender->flights = f->next;
	if (f->next != NULL)
		f->next->before = f->before;
	if (f->again != NULL)
		event_free(f->again);
	base_free(f->alone);
	base_free(f);
}

static void
on_again(evutil_socket_t fd, short what, void *arg)
{
	struct flight *f = arg;

	(void)fd;
	(void)what;
	f->settle.op.fault = (struct fault){ 0 };
	journal_submit(f->sender->port, &f->settle.op);
}

/*
 * The disk was full, say. The lease holds its lane until it ends, and then the
 * update goes out a second time: worth trying until then.
 */
static bool
settle_again(struct flight *f)
{
	struct timeval in = { .tv_usec = SETTLE_AGAIN_MS * 1000 };

	if (f->sender->stopped || clock_mono_us() >= f->lease_until_us)
		return false;
	if (f->again == NULL)
		f->again = evtimer_new(f->sender->base, on_again, f);
	return f->again != NULL && evtimer_add(f->again, &in) == 0;
}

static void
on_settled(struct journal_op *op)
{
	struct flight *f = op->arg;
	struct sender *s = f->sender;

	if (op->result == JOURNAL_UNAVAILABLE && settle_again(f))
		return;
	/* Not settled is not lost: the lease ends, and it is sent again. */
	if (op->result != JOURNAL_OK)
		log_event(LOG_LEVEL_WARNING, "not settled", "delivery", f->id,
		    "reason",
		    op->result == JOURNAL_FENCED ? "its lease had ended"
		                                 : op->fault.text,
		    NULL);
	flight_free(f);
	sender_look(s);
}

static const struct name told_as[] = {
	{ "delivered", JOURNAL_DONE },
	{ "put off", JOURNAL_WAITING },
	{ "dead letter", JOURNAL_DEAD },
	{ NULL, -1 },
};

/* Since it was accepted. */
static int64_t
age_us(const struct flight *f)
{
	return f->age_ms * 1000 + clock_mono_us() - f->begun_us;
}

static void
log_attempt(const struct flight *f, const struct upstream_answer *a,
    const struct retry_verdict *v)
{
	enum log_level level = v->to == JOURNAL_DONE ? LOG_LEVEL_INFO
	    : v->to == JOURNAL_WAITING               ? LOG_LEVEL_WARNING
	                                             : LOG_LEVEL_ERROR;
	char attempts[16], status[16], delay[24], took[24], age[24];

	if (!log_wants(level))
		return;
	snprintf(attempts, sizeof(attempts), "%u", f->attempts);
	snprintf(status, sizeof(status), "%d", f->settle.status);
	snprintf(delay, sizeof(delay), "%.3f", (double)v->delay_ms / 1000);
	snprintf(took, sizeof(took), "%.3f", (double)a->took_us / 1000);
	snprintf(age, sizeof(age), "%.3f", (double)age_us(f) / 1000);
	log_event(level, name_text(told_as, (int)v->to), "delivery", f->id,
	    "lead", f->settle.lease.lead, "upstream", f->sender->name.at,
	    "attempt", attempts, "status",
	    f->settle.status != 0 ? status : NULL, "class",
	    retry_class_name(v->class), "reason",
	    f->settle.reason[0] != '\0' ? f->settle.reason : NULL, "retry_in",
	    v->to == JOURNAL_WAITING ? delay : NULL, "upstream_ms",
	    a->took_us > 0 ? took : NULL, "ms", age, NULL);
}

/* Whoever waits for the answer has told its fields, by the event itself. */
static void
name_refused(struct flight *f, const struct upstream_answer *a)
{
	struct sender *s = f->sender;

	refused_tell(&(struct refused_update){ .routes = s->routes,
	                 .route = f->route,
	                 .id = f->id,
	                 .answer = a->body,
	                 .scratch = s->scratch,
	                 .log = f->told == NULL ? &s->refused : NULL },
	    f->settle.reason, sizeof(f->settle.reason));
	arena_reset(s->scratch);
}

/* Why an attempt failed, for a person; never what the API said of values. */
static void
give_reason(struct flight *f, const struct upstream_answer *a,
    const struct fault *why, const struct retry_verdict *v)
{
	char *out = f->settle.reason;
	size_t room = sizeof(f->settle.reason);

	if (v->to == JOURNAL_DONE)
		return;
	if (a->outcome != UPSTREAM_ANSWERED)
		snprintf(out, room, "%s%s%s", upstream_outcome_name(a->outcome),
		    a->reason != NULL ? ": " : "",
		    a->reason != NULL ? a->reason : "");
	else if (why->code != FAULT_NONE)
		snprintf(out, room, "%s", why->text);
	else
		snprintf(out, room, "the API answered %d %s%s%s", a->status,
		    http_reason(a->status), a->reason != NULL ? "; " : "",
		    a->reason != NULL ? a->reason : "");
	if (v->class == RETRY_REFUSED)
		name_refused(f, a);
}

static void
settle(struct flight *f, const struct upstream_answer *a,
    const struct fault *why, const struct retry_verdict *v)
{
	struct journal_settle *op = &f->settle;

	op->to = v->to;
	op->delay_ms = v->delay_ms;
	op->unburnt = v->unburnt;
	op->notes = v->notes;
	op->status = a->status;
	if (v->to == JOURNAL_DONE)
		metrics_observe(METRIC_DELIVER, 0, age_us(f));
	give_reason(f, a, why, v);
	log_attempt(f, a, v);
	op->op.verb = JOURNAL_SETTLE;
	op->op.done = on_settled;
	op->op.arg = f;
	op->target = f->sender->name;
	journal_submit(f->sender->port, &op->op);
}

static struct retry_verdict
judge(const struct flight *f, const struct upstream_answer *a,
    const struct fault *why)
{
	return retry_judge(&(struct retry_attempt){
	    .answer = a,
	    .not_success = why->code != FAULT_NONE,
	    .attempts = f->attempts,
	    .notes = f->flags & JOURNAL_NOTES,
	    .age_ms = f->age_ms,
	    .now_ms = clock_wall_ms(),
	    .once = (f->flags & JOURNAL_ONCE) != 0,
	    .random = next_random(f->sender),
	});
}

/* The API has nothing to do with our own ceiling or our own end. */
static enum gate_event
gate_event(const struct upstream_answer *a, enum retry_class class)
{
	if (a->outcome == UPSTREAM_BUSY || a->outcome == UPSTREAM_STOPPED)
		return GATE_UNUSED;
	if (a->outcome == UPSTREAM_NO_TLS)
		return GATE_TARGET;
	if (a->status == 401)
		return GATE_KEY;
	if (a->status == 402)
		return GATE_PAYMENT;
	return gate_events[class];
}

static void on_answer(void *arg, const struct upstream_answer *a);

/* When no call may be under way any more. */
static int64_t
calls_until_us(const struct flight *f)
{
	return f->lease_until_us - SETTLE_SPARE_MS * INT64_C(1000);
}

/*
 * One key for the same bytes: the delivery, which of its updates, and the
 * last that was merged with it. No call outlives the lease, or another would
 * send the same meanwhile: a flight's second call has what the first left.
 */
static void
send_call(struct flight *f, struct upstream_call *call)
{
	char key[JOURNAL_ID_SIZE + 48];

	snprintf(key, sizeof(key), "%s-%u-%llu", f->id, f->n,
	    (unsigned long long)f->settle.through);
	upstream_until(call, calls_until_us(f));
	call_trace_begin(&f->trace, &f->sender->tracer, call);
	upstream_send(call, str_of(f->settle.lease.lead), str_of(key),
	    on_answer, f);
}

static void
send_body(struct flight *f, struct str body)
{
	struct upstream_call *call = upstream_begin(f->sender->pool, body.len);

	bytes_add_str(upstream_body(call), body);
	send_call(f, call);
}

/*
 * Several in one were refused: one of them may be to blame. The first goes
 * again by itself; the rest, whose turn comes then, are as they were. It is
 * leased already and cannot wait for the rate: those that come do.
 */
static void
send_alone(struct flight *f)
{
	f->settle.through = 0;
	upstream_gate_charge(f->sender->target);
	send_body(f, str_of(f->alone));
}

/* How long all updates leave the API alone, for what it asked of one. */
static int64_t
throttle_ms(const struct upstream_answer *a)
{
	int64_t asked = retry_after_ms(a->retry_after, clock_wall_ms());

	if (asked < 0)
		return THROTTLE_MS;
	return asked < THROTTLE_MAX_MS ? asked : THROTTLE_MAX_MS;
}

/* It is over: the gate, who waits for it, and the journal hear how. */
static void
land(struct flight *f, const struct upstream_answer *a, const struct fault *why,
    const struct retry_verdict *v)
{
	struct sender *s = f->sender;

	upstream_gate_note(s->target, f->pass, gate_event(a, v->class),
	    throttle_ms(a));
	s->busy--;
	if (f->attempts > 1)
		s->again--;
	if (f->told != NULL)
		f->told(f->arg, f->n, a, v);
	settle(f, a, why, v);
}

/*
 * What went along is not given up with its head, which has had its tries: it
 * has not had its own. Where one of them was refused, and it is too late to
 * find out which, nothing is counted and all of them wait.
 */
static void
spare_those_along(struct flight *f, struct retry_verdict *v)
{
	if (v->class != RETRY_REFUSED)
		f->settle.through = 0;
	else
		*v = (struct retry_verdict){ .class = v->class,
			.to = JOURNAL_WAITING,
			.delay_ms = STOPPING_MS,
			.unburnt = true,
			.notes = f->flags & JOURNAL_NOTES };
}

static void
on_answer(void *arg, const struct upstream_answer *a)
{
	struct flight *f = arg;
	struct sender *s = f->sender;
	struct fault why = { 0 };
	struct retry_verdict v;

	call_trace_end(&f->trace, &s->tracer,
	    &(struct call_traced){ .target = s->target,
	        .id = f->id,
	        .resent = f->attempts - 1,
	        .got = a });
	(void)delivery_use(a, s->scratch, &why);
	arena_reset(s->scratch);
	v = judge(f, a, &why);
	if (v.to == JOURNAL_DEAD && f->settle.through != 0) {
		if (v.class == RETRY_REFUSED && !s->stopped) {
			send_alone(f);
			return;
		}
		spare_those_along(f, &v);
	}
	land(f, a, &why, &v);
	sender_look(s);
}

/* Leased, and not to be sent now: put off, and nothing is counted. */
static void
put_off(struct flight *f, const char *reason, int64_t delay_ms)
{
	const struct upstream_answer answer = { .outcome = UPSTREAM_BUSY,
		.reason = reason };
	const struct fault none = { 0 };
	const struct retry_verdict v = { .class = RETRY_UNSENT,
		.to = JOURNAL_WAITING,
		.delay_ms = delay_ms,
		.unburnt = true,
		.notes = f->flags & JOURNAL_NOTES };

	land(f, &answer, &none, &v);
}

/* What was leased cannot be sent any more; NULL: it can. */
static const char *
too_late(const struct flight *f)
{
	if (f->sender->stopped)
		return "stopping";
	return f->begun_us >= calls_until_us(f) ? "its lease has nearly ended"
	                                        : NULL;
}

struct flight *
sender_send(struct sender *s, const struct sender_update *u)
{
	struct flight *f = flight_new(s, u->id, u->n, u->route, u->leased_us);

	f->attempts = 1;
	f->pass = u->pass;
	f->flags = u->flags;
	f->settle.lease = *u->lease;
	if (too_late(f) != NULL) {
		put_off(f, too_late(f), STOPPING_MS);
		return NULL;
	}
	if (u->trace != NULL)
		f->trace = *u->trace;
	f->told = u->told;
	f->arg = u->arg;
	send_body(f, u->body);
	return f;
}

void
flight_forget(struct flight *f)
{
	f->told = NULL;
}

static void
send_merged(struct flight *f, const struct journal_item *items, size_t count)
{
	struct sender *s = f->sender;
	struct str bodies[CLAIM_MERGE + 1];
	struct upstream_call *call;
	size_t room = 0, n = 0, merged;

	for (; n < count && items[n].body.at != NULL; n++) {
		bodies[n] = items[n].body;
		room += items[n].body.len + 2;
	}
	call = upstream_begin(s->pool, room);
	merged = merge_updates(bodies, n, s->arena, upstream_body(call));
	if (merged > 1) {
		f->settle.through = items[merged - 1].order;
		f->alone = base_print("%.*s", STR_ARG(items[0].body));
	}
	send_call(f, call);
}

void
flight_send(struct sender *s, const struct journal_item *items, size_t count)
{
	struct flight *f = flight_new(s, items[0].id, items[0].n,
	    items[0].route, s->claimed_us);

	f->attempts = items[0].attempts;
	f->pass = s->pass;
	f->flags = items[0].flags;
	f->age_ms = items[0].age_ms;
	f->settle.lease = items[0].lease;
	call_trace_of_item(&f->trace, &s->tracer, f->id, f->flags);
	s->again += f->attempts > 1;
	if (too_late(f) != NULL)
		put_off(f, too_late(f), STOPPING_MS);
	else if (items[0].body.at == NULL)
		put_off(f, s->claim.op.fault.text, SEALED_MS);
	else
		send_merged(f, items, count);
}
