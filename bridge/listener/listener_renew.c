/*
 * listener/listener_renew.c - new settings for workers that serve.
 *
 * All that can fail is done first, on the caller's thread; what a worker does
 * with it cannot.
 */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "listener/listener_inside.h"
#include "listener/listener_tls.h"

/* Workers take what is new between two events. */
#define RENEW_WAIT_S 5

void
renewal_free(struct renewal *r)
{
	if (r == NULL)
		return;
	for (size_t i = 0; i < r->count; i++) {
		SSL_CTX_free(r->tls[i]);
		front_drop(r->fronts[i]);
	}
	base_free(r->tls);
	base_free(r->fronts);
	share_drop(r->share);
	base_free(r);
}

struct listener_change {
	struct share *share;
	void *shared;
	struct listener_limits limits;
	SSL_CTX **tls;         /* NULL: stays */
	struct front **fronts; /* NULL: stays */
	size_t count;
};

static struct renewal *
renewal_new(const struct listener *l, const struct listener_change *c)
{
	struct renewal *r = base_alloc(sizeof(*r));

	r->number = l->renewals;
	r->share = c->share;
	share_hold(r->share);
	r->shared = c->shared;
	r->limits = c->limits;
	r->count = l->address_count;
	r->tls = base_alloc(r->count * sizeof(SSL_CTX *));
	r->fronts = base_alloc(r->count * sizeof(struct front *));
	for (size_t i = 0; i < r->count; i++) {
		r->fronts[i] = l->fronts[i];
		share_hold(&r->fronts[i]->share);
		r->tls[i] = l->tls[i];
		if (r->tls[i] != NULL)
			SSL_CTX_up_ref(r->tls[i]);
	}
	return r;
}

static const struct listener_address *
find_address(const struct listener_setup *s, const char *address)
{
	for (size_t i = 0; i < s->address_count; i++)
		if (strcmp(s->addresses[i].address, address) == 0)
			return &s->addresses[i];
	return NULL;
}

/*
 * By address: one that is not there any more, or is not spoken to as before,
 * stays as it is.
 */
static int
load_all(const struct listener *l, const struct listener_setup *s,
    struct listener_change *c, struct fault *why)
{
	for (size_t i = 0; i < l->address_count; i++) {
		const struct listener_address *a = find_address(s,
		    l->addresses[i]);

		if (a == NULL)
			continue;
		c->fronts[i] = front_new(a, why);
		if (c->fronts[i] == NULL ||
		    (l->tls[i] != NULL && tls_load(a, &c->tls[i], why) == -1))
			return -1;
	}
	return 0;
}

struct listener_change *
listener_prepare(const struct listener *l, const struct listener_setup *setup,
    struct fault *why)
{
	struct listener_change *c = base_alloc(sizeof(*c));

	c->share = setup->share;
	share_hold(c->share);
	c->shared = setup->service->shared;
	c->limits = setup->limits;
	c->count = l->address_count;
	c->tls = base_alloc(c->count * sizeof(SSL_CTX *));
	c->fronts = base_alloc(c->count * sizeof(struct front *));
	if (load_all(l, setup, c, why) == 0)
		return c;
	listener_forget(c);
	return NULL;
}

void
listener_forget(struct listener_change *c)
{
	if (c == NULL)
		return;
	for (size_t i = 0; i < c->count; i++) {
		SSL_CTX_free(c->tls[i]);
		front_drop(c->fronts[i]);
	}
	base_free(c->tls);
	base_free(c->fronts);
	share_drop(c->share);
	base_free(c);
}

/* What was there before is left in c, and goes with it. */
static void
keep_addresses(struct listener *l, struct listener_change *c)
{
	for (size_t i = 0; i < l->address_count; i++) {
		SSL_CTX *tls = l->tls[i];
		struct front *front = l->fronts[i];

		if (c->tls[i] != NULL) {
			l->tls[i] = c->tls[i];
			c->tls[i] = tls;
		}
		if (c->fronts[i] != NULL) {
			l->fronts[i] = c->fronts[i];
			c->fronts[i] = front;
		}
	}
}

void
listener_renewed(struct listener *l, struct worker *w, unsigned number)
{
	pthread_mutex_lock(&l->lock);
	w->renewed = number;
	pthread_cond_signal(&l->reported);
	pthread_mutex_unlock(&l->lock);
}

static bool
all_renewed(const struct listener *l)
{
	for (unsigned n = 0; n < l->worker_count; n++)
		if (l->workers[n].renewed != l->renewals)
			return false;
	return true;
}

/* A worker that is held up has it in its bell, and takes it yet. */
static void
wait_for_workers(struct listener *l)
{
	struct timespec until;
	bool all;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += RENEW_WAIT_S;
	pthread_mutex_lock(&l->lock);
	while (!all_renewed(l) &&
	    pthread_cond_timedwait(&l->reported, &l->lock, &until) == 0)
		;
	all = all_renewed(l);
	pthread_mutex_unlock(&l->lock);
	if (!all)
		log_event(LOG_LEVEL_WARNING, "a worker is busy", "listener",
		    l->name, "do",
		    "nothing: it takes the new settings as soon as it is free",
		    NULL);
}

void
listener_renew(struct listener *l, struct listener_change *c)
{
	keep_addresses(l, c);
	listener_check_files(l, &c->limits);
	crowd_limit(l->crowd, &c->limits);
	l->renewals++;
	for (unsigned n = 0; n < l->worker_count; n++) {
		struct bell *b = &l->workers[n].bell;

		renewal_free(atomic_exchange(&b->renewal, renewal_new(l, c)));
		bell_ring(b);
	}
	wait_for_workers(l);
	listener_forget(c);
}

bool
listener_beats(struct listener *l)
{
	for (unsigned n = 0; n < l->worker_count; n++)
		if (atomic_load(&l->workers[n].bell.answered) != l->beats &&
		    !atomic_load(&l->workers[n].bell.gone))
			return false;
	l->beats++;
	for (unsigned n = 0; n < l->worker_count; n++) {
		atomic_store(&l->workers[n].bell.asked, l->beats);
		bell_ring(&l->workers[n].bell);
	}
	return true;
}
