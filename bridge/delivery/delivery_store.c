/*
 * delivery/delivery_store.c - an event into the journal, and what its sender
 * is told for it.
 *
 * All its updates are made before anything is stored, so that what is stored
 * needs no mapping to be delivered. The sender hears of it when it is on
 * stable storage and not before; where the route relays if it can, when the
 * API has answered or its patience is nearly over.
 */
#include <event2/event.h>
#include <event2/event_struct.h>
#include <openssl/evp.h>

#include "delivery/delivery_count.h"
#include "delivery/delivery_event.h"
#include "delivery/delivery_life.h"
#include "delivery/delivery_updates.h"

/* One event on its way into the journal; lives in the exchange's arena. */
struct store {
	struct journal_accept accept;
	struct delivery *d;
	struct journal_update *updates;
	struct journal_lease lease; /* of the only update, or none */
	struct sender *sender;      /* the lease was taken from; or NULL */
	struct flight *flight;      /* told is awaited; or NULL */
	struct event patience;
	/* Of an event that is kept and refused: */
	struct fault why;
	const char *reason;
	struct arena *kept;    /* of a batch: its updates; or NULL */
	struct gate_pass pass; /* of the sender */
};

/* How much longer than its body an event's text may be. */
#define EVENT_HEAD_MAX ((size_t)128 << 10)
/* What a sender of unknown patience is given. */
#define BUDGET_MS 5000
/* All updates of a batch. */
#define UPDATES_MAX ((size_t)64 << 20)

static int
make_updates(struct store *s, struct fault *why)
{
	struct delivery *d = s->d;
	const struct upstream_target *target = d->era->routes
	                                           ->targets[d->route->target];
	const struct updates_of of = { .route = d->route,
		.target = upstream_target_name(target),
		.id = d->id,
		.input = &d->input,
		.events = &d->events,
		.kept = s->kept };

	return updates_make(&of, s->updates, &s->accept.update_count, &d->next,
	    why);
}

/*
 * What the event says, all of it: where parameters of the path or the query
 * tell which lead it is, the same body is not the same event. A query beside
 * a body is left out, as some sign each try there.
 */
static int
digest(const struct request *r, unsigned char *out, struct fault *why)
{
	EVP_MD_CTX *c = EVP_MD_CTX_new();
	struct str parts[] = { r->method, r->path, r->body };
	bool ok = c != NULL && EVP_DigestInit_ex(c, EVP_sha256(), NULL) == 1;

	if (r->body.len == 0 && r->query.at != NULL)
		parts[2] = r->query;
	for (size_t i = 0; ok && i < COUNT_OF(parts); i++)
		ok = EVP_DigestUpdate(c, parts[i].at, parts[i].len) == 1 &&
		    EVP_DigestUpdate(c, "", 1) == 1;
	ok = ok && EVP_DigestFinal_ex(c, out, NULL) == 1;
	EVP_MD_CTX_free(c);
	return ok ? 0 : fault_set(why, FAULT_INTERNAL, NULL, "no SHA-256");
}

/*
 * Of the method, too: a path may be two routes'. What is kept to be refused
 * has none, so that the event is taken when the mapping is mended, or the
 * sender. accept.digest is set already.
 */
static int
key_of(const struct store *s, struct str *out)
{
	struct delivery *d = s->d;
	struct arena *arena = d->exchange->arena;
	struct dedupe_event event = { .document = d->input.document,
		.digest = { (const char *)s->accept.digest,
		    sizeof(s->accept.digest) } };
	struct bytes key;
	struct str found;

	*out = STR_NONE;
	if (s->why.code != FAULT_NONE)
		return 0;
	if (dedupe_by_id(d->route->dedupe))
		event.id = route_delivery_id(d->route, &d->exchange->request,
		    arena);
	if (dedupe_key(d->route->dedupe, &event, arena, &found) == -1)
		return -1;
	if (found.at == NULL)
		return 0;
	bytes_init_in(&key, arena, found.len + 64);
	bytes_add_str(&key, str_of(route_method(d->route)));
	bytes_add_char(&key, ' ');
	bytes_add_str(&key, found);
	*out = bytes_str(&key);
	return bytes_ok(&key) ? 0 : -1;
}

static int
fill_accept(struct store *s, struct fault *why)
{
	struct delivery *d = s->d;
	const struct request *request = &d->exchange->request;
	struct journal_accept *a = &s->accept;
	struct bytes event;

	memcpy(a->id, d->id, sizeof(a->id));
	a->route = str_of(route_path(d->route));
	a->received_ms = request->received_ms;
	a->verdict = STR("proven");
	if (verifier_is_open(d->route->verifier))
		a->verdict = STR("open");
	a->flags = d->route->journal_flags | delivery_trace_flags(d);
	a->updates = s->updates;
	if (digest(request, a->digest, why) == -1)
		return -1;
	if (key_of(s, &a->key) == -1) /* or what is the same came twice */
		return fault_set(why, FAULT_BUSY, NULL, "%s", "");
	bytes_init_in(&event, d->exchange->arena,
	    request->body.len + EVENT_HEAD_MAX);
	event_print(request, d->route->verifier, d->exchange->arena, &event);
	a->event = bytes_str(&event);
	if (!bytes_ok(&event))
		return fault_set(why, FAULT_BUSY, NULL, "%s", "");
	return 0;
}

/* {"success":true,"data":{"delivery":"..."}}, and where to ask for it. */
static void
reply_stored(struct delivery *d, const char *id)
{
	struct template_facts facts = delivery_facts(d);
	struct answer a = { .status = 202, .extra_name = STR("Location") };
	struct bytes body, location;

	bytes_init_in(&body, d->exchange->arena, 256);
	bytes_addf(&body, "{\"success\":true,\"data\":{\"delivery\":\"%s\"}}",
	    id);
	bytes_init_in(&location, d->exchange->arena, 256);
	bytes_addf(&location, DELIVERY_STATES_PATH "%s", id);
	a.body = bytes_str(&body);
	a.extra_value = bytes_str(&location);
	reply_apply(d->route->reply, REPLY_DELIVERED, &facts, &a);
	delivery_move(d, DELIVERY_QUEUED);
	delivery_log(d, LOG_LEVEL_INFO, "queued", NULL, a.status);
	delivery_reply(d, &a);
}

static void
on_told(void *arg, unsigned n, const struct upstream_answer *answer,
    const struct retry_verdict *verdict)
{
	struct store *s = arg;
	struct delivery *d = s->d;

	(void)n;
	evtimer_del(&s->patience);
	delivery_heard(d, answer);
	if (verdict->to == JOURNAL_WAITING)
		reply_stored(d, d->id);
	else
		delivery_relay(d, answer);
}

static void
on_patience(evutil_socket_t fd, short what, void *arg)
{
	struct store *s = arg;

	(void)fd;
	(void)what;
	flight_forget(s->flight);
	reply_stored(s->d, s->d->id);
}

/* What is left of the sender's patience. */
static struct timeval
patience_of(const struct delivery *d)
{
	int64_t now = clock_mono_us();
	int64_t until = d->deadline_us != INT64_MAX
	    ? d->deadline_us
	    : d->started_us + BUDGET_MS * INT64_C(1000);
	int64_t left = until > now ? until - now : 0;

	return (struct timeval){ .tv_sec = left / 1000000,
		.tv_usec = left % 1000000 };
}

/* Waits for the API no longer than the sender does. */
static void
wait_for_answer(struct store *s)
{
	struct timeval in = patience_of(s->d);

	evtimer_assign(&s->patience, s->d->worker->base, on_patience, s);
	evtimer_add(&s->patience, &in);
}

/*
 * Sends what was leased while it was accepted. True when the sender is told
 * later, by the flight or the end of its patience.
 */
static bool
send_leased(struct store *s)
{
	struct delivery *d = s->d;
	struct sender_update u = { .id = d->id,
		.route = s->accept.route,
		.lease = &s->lease,
		.leased_us = d->started_us,
		.pass = s->pass,
		.body = s->updates[0].body,
		.flags = s->accept.flags,
		.trace = &d->trace.call };

	if (d->route->settings.mode == ROUTE_RELAY_OR_QUEUE) {
		u.told = on_told;
		u.arg = s;
	}
	s->flight = sender_send(s->sender, &u);
	if (s->flight == NULL || u.told == NULL)
		return false;
	wait_for_answer(s);
	return true;
}

static void
on_stored(struct store *s)
{
	struct delivery *d = s->d;
	struct sender *due = d->era->senders[d->route->target];

	delivery_move(d, DELIVERY_STORED);
	if (s->sender != NULL && s->lease.fence != 0) {
		if (send_leased(s))
			return;
	} else {
		if (s->sender != NULL)
			sender_leave(s->sender, s->pass);
		sender_wake(due);
	}
	if (s->why.code != FAULT_NONE)
		delivery_refuse(d, &s->why, s->reason);
	else
		reply_stored(d, d->id);
}

/*
 * Seen before: answered as the first was. What the API said then is known by
 * its status only; while that is not known, neither is its end.
 */
static void
reply_duplicate(struct store *s)
{
	struct delivery *d = s->d;
	enum journal_state state = s->accept.first.state;
	struct template_facts facts = delivery_facts(d);
	struct answer a = { .status = s->accept.first.status,
		.body = STR("{\"success\":true,\"data\":null}") };

	delivery_log(d, LOG_LEVEL_INFO, "duplicate", NULL, 0);
	/* What was queued was told 202, and so are several updates always. */
	if (d->route->settings.mode == ROUTE_QUEUE ||
	    s->accept.update_count > 1) {
		reply_stored(d, s->accept.first.id);
		return;
	}
	if (state == JOURNAL_DEAD) {
		a.body = STR("{\"success\":false,\"error\":{\"code\":"
		             "\"REFUSED\",\"message\":\"Refused when it first "
		             "came\",\"details\":[]}}");
		if (a.status < 400)
			a.status = 422;
	} else if (state != JOURNAL_DONE || a.status == 0) {
		reply_stored(d, s->accept.first.id);
		return;
	}
	reply_apply_status(d->route->reply, &facts, &a);
	delivery_move(d, DELIVERY_DUPLICATE);
	delivery_reply(d, &a);
}

/* In place of its updates the event itself is kept, and refused. */
static void
keep_only(struct store *s, const struct fault *why, const char *reason)
{
	struct arena *arena = s->d->exchange->arena;

	s->why = *why;
	s->reason = arena_copy(arena, str_of(reason)).at;
	s->updates[0] = (struct journal_update){
		.refused = updates_reason(arena, why)
	};
	s->accept.update_count = 1;
}

/*
 * The same id with other bytes: whose fault that is, a person has to see; it
 * is kept for one, and its sender told. Where anybody may send, anybody may
 * bring this about: the line is one that can be held back, as its reason is
 * always the same.
 */
static void
keep_conflict(struct store *s)
{
	static const char reason[] = "its id came before with another body";
	enum log_level level = verifier_is_open(s->d->route->verifier)
	    ? LOG_LEVEL_WARNING
	    : LOG_LEVEL_ERROR;
	struct fault why = { 0 };

	fault_set(&why, FAULT_CONFLICT, NULL, "%s, as delivery %s", reason,
	    s->accept.first.id);
	delivery_log(s->d, level, "same id, other body", reason, 0);
	keep_only(s, &why, reason);
	s->accept.key = STR_NONE;
	s->accept.lease = false;
	s->accept.op.fault = (struct fault){ 0 };
	s->d->exchange->lent = true;
	journal_submit(s->d->worker->port, &s->accept.op);
}

static void
on_result(struct store *s, const struct journal_op *op)
{
	struct fault why = { 0 };

	if (op->result == JOURNAL_OK) {
		on_stored(s);
		return;
	}
	if (s->sender != NULL)
		sender_leave(s->sender, s->pass);
	s->sender = NULL;
	if (op->result == JOURNAL_DUPLICATE || op->result == JOURNAL_CONFLICT)
		s->d->first = s->accept.first.id;
	if (op->result == JOURNAL_DUPLICATE) {
		reply_duplicate(s);
	} else if (op->result == JOURNAL_CONFLICT) {
		keep_conflict(s);
	} else {
		fault_set(&why, FAULT_BUSY, NULL, "%s", "");
		/* The journal has told it, once. */
		log_event(LOG_LEVEL_WARNING, "not stored", "delivery",
		    s->accept.id, "reason", op->fault.text, NULL);
		delivery_refuse(s->d, &why, "not stored");
	}
}

/* What is kept may be sent yet; s is gone where its sender was answered. */
static void
on_accepted(struct journal_op *op)
{
	struct store *s = op->arg;
	struct arena *kept = s->kept;

	s->kept = NULL;
	on_result(s, op);
	arena_free(kept);
}

static struct store *
store_new(struct delivery *d, size_t updates)
{
	struct store *s = arena_take(d->exchange->arena, sizeof(*s));
	size_t size = updates * sizeof(struct journal_update);

	if (s == NULL)
		return NULL;
	memset(s, 0, sizeof(*s));
	s->d = d;
	s->updates = arena_take(d->exchange->arena, size);
	if (s->updates == NULL)
		return NULL;
	memset(s->updates, 0, size);
	if (updates > 1)
		s->kept = arena_new(UPDATES_MAX);
	s->accept.op = (struct journal_op){ .verb = JOURNAL_ACCEPT,
		.done = on_accepted,
		.arg = s };
	return s;
}

/*
 * An update that is sent at once is one that no claim counts: of a rate that
 * nodes share only where a sender waits for the API's answer.
 */
static bool
is_sent_at_once(const struct store *s, const struct sender *sender)
{
	return s->accept.update_count == 1 &&
	    s->updates[0].refused.at == NULL &&
	    (s->d->route->settings.mode == ROUTE_RELAY_OR_QUEUE ||
	        !sender_shares_rate(sender));
}

/* Hands it in; with one update, its lane is leased where it is idle. */
static int
submit(struct store *s, bool may_lease, struct fault *why)
{
	struct sender *sender = s->d->era->senders[s->d->route->target];

	if (fill_accept(s, why) == -1)
		return -1;
	if (may_lease && is_sent_at_once(s, sender) &&
	    sender_take(sender, &s->pass)) {
		s->sender = sender;
		s->accept.lease = true;
		s->accept.lease_ms = sender_lease_ms(sender);
		s->accept.leases = &s->lease;
	}
	delivery_count_mapped(s->d);
	s->d->exchange->lent = true;
	journal_submit(s->d->worker->port, &s->accept.op);
	return 0;
}

/* A batch of which nothing could be mapped is refused as one event is. */
static int
submit_all(struct store *s, struct fault *why)
{
	size_t i = 0;

	while (i < s->accept.update_count && s->updates[i].refused.at != NULL)
		i++;
	if (i == s->accept.update_count) {
		fault_set(&s->why, FAULT_MAPPING, NULL,
		    "none of its %zu updates can be mapped; the first: %.*s", i,
		    STR_ARG(s->updates[0].refused));
		s->reason = s->why.text;
	} else if (s->kept == NULL) { /* what is kept goes before the answer */
		s->d->update.lead_id = s->updates[i].lead;
	}
	return submit(s, true, why);
}

int
delivery_store(struct delivery *d, struct fault *why)
{
	struct store *s = store_new(d, d->events.count);

	if (s == NULL)
		return fault_set(why, FAULT_BUSY, NULL, "%s", "");
	if (make_updates(s, why) == -1 ||
	    (s->accept.update_count > 0 && submit_all(s, why) == -1)) {
		arena_free(s->kept);
		return -1;
	}
	if (s->accept.update_count == 0) {
		arena_free(s->kept);
		delivery_ignore(d);
	}
	return 0;
}

bool
delivery_keep(struct delivery *d, const struct fault *wrong, const char *reason)
{
	struct fault why = { 0 };
	struct store *s;

	if (d->route == NULL || d->route->settings.mode == ROUTE_RELAY ||
	    !d->proven || fault_kind(wrong->code)->again)
		return false;
	s = store_new(d, 1);
	if (s == NULL)
		return false;
	keep_only(s, wrong, reason);
	return submit(s, false, &why) == 0;
}
