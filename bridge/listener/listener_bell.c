/*
 * listener/listener_bell.c - what other threads want of a worker.
 *
 * To live, to serve by new settings, to drain. Each has a place of its own
 * in the bell, so that ringing twice loses nothing: the latest counts.
 */
#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "listener/listener_inside.h"

void
bell_init(struct bell *b)
{
	b->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (b->fd == -1)
		bug("no eventfd: %s", strerror(errno));
	atomic_init(&b->drain_ms, -1);
	atomic_init(&b->renewal, NULL);
	atomic_init(&b->asked, 0);
	atomic_init(&b->answered, 0);
	atomic_init(&b->gone, false);
}

void
bell_ring(struct bell *b)
{
	if (eventfd_write(b->fd, 1) == -1)
		bug("cannot call a worker: %s", strerror(errno));
}

/* What was there before is left in r, and goes with it. */
static void
take_addresses(struct worker *w, struct renewal *r)
{
	for (size_t i = 0; i < w->entry_count && i < r->count; i++) {
		struct entry *e = &w->entries[i];
		struct front *front = e->front;
		SSL_CTX *tls = e->tls;

		e->front = r->fronts[i];
		r->fronts[i] = front;
		if (r->tls[i] == NULL)
			continue;
		e->tls = r->tls[i];
		r->tls[i] = tls;
	}
}

/* Connections that are open keep what they were accepted with. */
static void
take_renewal(struct worker *w, struct renewal *r)
{
	worker_limit(w, &r->limits);
	take_addresses(w, r);
	if (w->service.renew != NULL && !w->stopped)
		w->service.renew(w->mine, r->shared);
	listener_renewed(w->listener, w, r->number);
	renewal_free(r);
}

static void
on_bell(evutil_socket_t fd, short what, void *arg)
{
	struct worker *w = arg;
	struct bell *b = &w->bell;
	struct renewal *r;
	int64_t drain_ms;
	eventfd_t count;
	unsigned asked;

	(void)what;
	if (eventfd_read(fd, &count) == -1)
		return;
	asked = atomic_load(&b->asked);
	r = atomic_exchange(&b->renewal, NULL);
	if (r != NULL)
		take_renewal(w, r);
	drain_ms = atomic_exchange(&b->drain_ms, -1);
	if (drain_ms >= 0)
		worker_stop(w, drain_ms);
	/* Last: who sees it answered sees what was wanted before it, too. */
	atomic_store(&b->answered, asked);
}

void
bell_hang(struct bell *b, struct worker *w)
{
	b->event = event_new(w->base, b->fd, EV_READ | EV_PERSIST, on_bell, w);
	if (b->event == NULL || event_add(b->event, NULL) == -1)
		bug("out of memory for events");
}

void
bell_take_down(struct bell *b)
{
	event_free(b->event);
}

void
bell_done(struct bell *b)
{
	renewal_free(atomic_load(&b->renewal));
	close(b->fd);
}
