/* keeper/keeper_bridge.c - a loaded program, running. */
#include <string.h>

#include "admin/admin.h"
#include "keeper/keeper_bridge.h"
#include "program/program.h"
#include "metrics/metrics.h"

/* Its thread comes round every ten seconds; a transaction may take longer. */
#define JOURNAL_QUIET_MS 60000

/* One state of the settings, and what the services are given of it. */
struct snapshot {
	struct share share;
	struct program *program;
	struct delivery_setup delivery;
	struct admin admin;
};

struct bridge {
	struct snapshot *now;
	struct fixed fixed;
	struct asks *asks;
	struct journal *journal; /* or NULL */
	struct trace *trace;     /* or NULL */
	char *journal_url;       /* what it was opened with */
	atomic_bool ready;
	struct listener *listener;
	struct listener *admin_listener;
};

static void
free_snapshot(struct share *share)
{
	struct snapshot *s = (struct snapshot *)((char *)share -
	    offsetof(struct snapshot, share));

	program_free(s->program);
	base_free(s);
	metrics_add(METRIC_SNAPSHOTS, 0, -1);
}

static struct snapshot *
new_snapshot(struct bridge *b, struct program *p)
{
	struct snapshot *s = base_alloc(sizeof(*s));

	share_init(&s->share, free_snapshot);
	s->program = p;
	share_hold(&p->share);
	s->delivery = (struct delivery_setup){ .routes = p->routes,
		.journal = b->journal,
		.share = &s->share,
		.trace = b->trace,
		.trace_rules = p->trace };
	s->admin = (struct admin){ .journal = b->journal,
		.routes = p->routes,
		.token = p->admin_token,
		.share = &s->share,
		.ready = &b->ready,
		.asks = b->asks,
		.fixed = &b->fixed,
		.settings = settings_path(p->file) };
	metrics_add(METRIC_SNAPSHOTS, 0, 1);
	return s;
}

/* What the two listeners are set up with; the service lives in *service. */
static struct listener_setup
admin_setup(struct snapshot *s, struct service *service)
{
	*service = admin_service(&s->admin);
	return (struct listener_setup){ .name = "admin",
		.addresses = &s->program->admin,
		.address_count = 1,
		.workers = 1,
		.limits = admin_limits(s->program),
		.service = service,
		.share = &s->share };
}

static struct listener_setup
delivery_setup(struct snapshot *s, struct service *service)
{
	*service = delivery_service(&s->delivery);
	return (struct listener_setup){ .name = "listen",
		.addresses = s->program->listen,
		.address_count = s->program->listen_count,
		.workers = (unsigned)s->program->settings.workers,
		.limits = s->program->limits,
		.service = service,
		.share = &s->share };
}

/* The socket that is bound to the address, or -1; used up. */
static int
take_socket(const char *address, int *sockets, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (sockets[i] != -1 &&
		    listener_socket_at(sockets[i], address)) {
			int fd = sockets[i];

			sockets[i] = -1;
			return fd;
		}
	return -1;
}

static struct listener *
open_listener(struct listener_setup *setup, int *sockets, size_t count,
    struct fault *why)
{
	int *own = base_alloc(setup->address_count * sizeof(own[0]));
	struct listener *l;

	for (size_t i = 0; i < setup->address_count; i++)
		own[i] = take_socket(setup->addresses[i].address, sockets,
		    count);
	setup->sockets = own;
	l = listener_open(setup, why);
	base_free(own);
	return l;
}

static void
warn_of_strangers(const int *sockets, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (sockets[i] != -1)
			log_event(LOG_LEVEL_WARNING, "a socket is not used",
			    "reason",
			    "the service manager handed one over that is "
			    "bound to no address of listen or admin",
			    "do",
			    "write the same address in ListenStream= and in "
			    "the settings",
			    NULL);
}

/* All that needs a right which the process may give up behind it. */
static bool
open_all(struct bridge *b, const struct bridge_setup *given, struct fault *why)
{
	int *sockets = base_alloc(given->socket_count * sizeof(sockets[0]));
	struct service admin, delivery;
	struct listener_setup setup = admin_setup(b->now, &admin);

	for (size_t i = 0; i < given->socket_count; i++)
		sockets[i] = given->sockets[i];
	b->admin_listener = open_listener(&setup, sockets, given->socket_count,
	    why);
	if (b->admin_listener != NULL) {
		setup = delivery_setup(b->now, &delivery);
		b->listener = open_listener(&setup, sockets,
		    given->socket_count, why);
	}
	if (b->listener != NULL)
		warn_of_strangers(sockets, given->socket_count);
	base_free(sockets);
	return b->listener != NULL;
}

/* What waits for an upstream that is not among them is told of. */
static void
serve_targets(struct bridge *b, const struct program *p)
{
	const char **names;

	if (b->journal == NULL)
		return;
	names = base_alloc(p->target_count * sizeof(names[0]));
	for (size_t i = 0; i < p->target_count; i++)
		names[i] = upstream_target_name(p->targets[i]);
	journal_serve(b->journal, names, p->target_count);
	base_free(names);
}

/*
 * Without one no route may need it, which the routes' loading has checked. It
 * is opened once; what it goes on using is not the snapshot's.
 */
static bool
open_journal(struct bridge *b, struct fault *why)
{
	const struct program *p = b->now->program;
	struct journal_settings settings = p->journal;
	const struct journal_setup setup = { .settings = &settings,
		.key = p->journal_key };

	if (p->journal.url == NULL)
		return true;
	b->journal_url = base_copy(p->journal.url);
	settings.url = b->journal_url;
	settings.encrypt = NULL;
	b->journal = journal_open(&setup, why);
	b->now->admin.journal = b->journal;
	b->now->delivery.journal = b->journal;
	serve_targets(b, p);
	return b->journal != NULL;
}

/* As the journal: opened once, where the settings of the start have it. */
static bool
open_trace(struct bridge *b, struct fault *why)
{
	struct snapshot *s = b->now;

	if (s->program->trace == NULL)
		return true;
	b->trace = trace_open(s->program->trace, &s->share, why);
	s->delivery.trace = b->trace;
	return b->trace != NULL;
}

static bool
run_all(struct bridge *b, struct fault *why)
{
	return open_journal(b, why) && open_trace(b, why) &&
	    listener_run(b->admin_listener, why) == 0 &&
	    listener_run(b->listener, why) == 0;
}

struct bridge *
bridge_start(const struct bridge_setup *setup, struct fault *why)
{
	struct bridge *b = base_alloc(sizeof(*b));

	b->asks = setup->asks;
	fixed_read(setup->program, &b->fixed);
	b->now = new_snapshot(b, setup->program);
	if (!open_all(b, setup, why))
		goto fail;
	/*
	 * The process gives up what it does not need any more. Sockets and
	 * keys are open; there is no thread yet, and no journal.
	 */
	if (program_confine(setup->program, why) == -1 || !run_all(b, why))
		goto fail;
	atomic_store(&b->ready, true);
	return b;

fail:
	bridge_stop(b);
	return NULL;
}

unsigned
bridge_port(const struct bridge *b, size_t i)
{
	return listener_port(b->listener, i);
}

/* What the API said of itself goes on to be true. */
static void
follow_targets(const struct program *p, const struct program *before)
{
	for (size_t i = 0; i < p->target_count; i++)
		for (size_t k = 0; k < before->target_count; k++)
			if (strcmp(upstream_target_name(p->targets[i]),
			        upstream_target_name(before->targets[k])) == 0)
				upstream_target_follow(p->targets[i],
				    before->targets[k]);
}

int
bridge_renew(struct bridge *b, struct program *p, struct fault *why)
{
	struct snapshot *s = new_snapshot(b, p), *before = b->now;
	struct service admin, delivery;
	struct listener_setup setup = admin_setup(s, &admin);
	struct listener_change *change, *admin_change;

	admin_change = listener_prepare(b->admin_listener, &setup, why);
	setup = delivery_setup(s, &delivery);
	change = admin_change != NULL
	    ? listener_prepare(b->listener, &setup, why)
	    : NULL;
	if (change == NULL) {
		listener_forget(admin_change);
		share_drop(&s->share);
		return -1;
	}
	follow_targets(p, before->program);
	listener_renew(b->listener, change);
	listener_renew(b->admin_listener, admin_change);
	serve_targets(b, p);
	if (b->trace != NULL)
		trace_renew(b->trace, p->trace, &s->share);
	b->now = s;
	share_drop(&before->share);
	return 0;
}

const struct fixed *
bridge_fixed(const struct bridge *b)
{
	return &b->fixed;
}

bool
bridge_has_journal(const struct bridge *b)
{
	return b->journal != NULL;
}

bool
bridge_beats(struct bridge *b)
{
	bool listens = listener_beats(b->listener);
	bool answers = listener_beats(b->admin_listener);

	return listens && answers &&
	    (b->journal == NULL ||
	        journal_quiet_ms(b->journal) < JOURNAL_QUIET_MS);
}

void
bridge_drain(struct bridge *b, int64_t drain_ms)
{
	atomic_store(&b->ready, false);
	listener_drain(b->listener, drain_ms);
}

int
bridge_drained_fd(const struct bridge *b)
{
	return listener_ended_fd(b->listener);
}

void
bridge_stop(struct bridge *b)
{
	if (b == NULL)
		return;
	atomic_store(&b->ready, false);
	if (b->listener != NULL)
		listener_stop(b->listener,
		    b->now->program->settings.drain_timeout);
	if (b->admin_listener != NULL)
		listener_stop(b->admin_listener, 0);
	trace_close(b->trace);
	journal_close(b->journal);
	share_drop(&b->now->share);
	fixed_done(&b->fixed);
	base_free(b->journal_url);
	base_free(b);
}
