/*
 * journal/journal_port.c - a worker's way in and out.
 *
 * Ops come home through the port's inbox: the journal's thread adds a whole
 * batch and writes the eventfd once, the port's loop takes all there is. The
 * fd is written under the lock, so that a port which is freed by what it
 * found there is not written to any more.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <event2/event.h>

#include "journal/journal_front.h"

void
op_list_init(struct op_list *list)
{
	list->first = NULL;
	list->last = &list->first;
	list->count = 0;
}

void
op_list_add(struct op_list *list, struct journal_op *op)
{
	op->next = NULL;
	*list->last = op;
	list->last = &op->next;
	list->count++;
}

struct journal_op *
op_list_take(struct op_list *list)
{
	struct journal_op *op = list->first;

	if (op == NULL)
		return NULL;
	list->first = op->next;
	list->count--;
	if (list->first == NULL)
		list->last = &list->first;
	op->next = NULL;
	return op;
}

void
op_list_move(struct op_list *to, struct op_list *from)
{
	if (from->first == NULL)
		return;
	*to->last = from->first;
	to->last = from->last;
	to->count += from->count;
	op_list_init(from);
}

/* Under the inbox's lock. It cannot fail: the count never gets near 2^64. */
static void
ring(struct journal_port *p)
{
	if (eventfd_write(p->fd, 1) != 0)
		bug("eventfd: %s", strerror(errno));
}

void
port_return(struct journal_port *p, struct op_list *done)
{
	bool first;

	pthread_mutex_lock(&p->lock);
	first = p->inbox.first == NULL && !p->woken;
	op_list_move(&p->inbox, done);
	if (first)
		ring(p);
	pthread_mutex_unlock(&p->lock);
}

void
port_wake(struct journal_port *p)
{
	pthread_mutex_lock(&p->lock);
	if (p->inbox.first == NULL && !p->woken)
		ring(p);
	p->woken = true;
	pthread_mutex_unlock(&p->lock);
}

static void
deliver(struct journal_port *p, struct journal_op *op)
{
	unprepare(p->journal, op);
	p->busy--;
	if (op->done != NULL)
		op->done(op);
}

/* Takes what the inbox holds; true when the port was woken, too. */
static bool
take_inbox(struct journal_port *p)
{
	struct op_list home;
	struct journal_op *op;
	eventfd_t count;
	bool woken;

	op_list_init(&home);
	pthread_mutex_lock(&p->lock);
	(void)!eventfd_read(p->fd, &count);
	op_list_move(&home, &p->inbox);
	woken = p->woken;
	p->woken = false;
	pthread_mutex_unlock(&p->lock);
	while ((op = op_list_take(&home)) != NULL)
		deliver(p, op);
	return woken;
}

static void
on_inbox(evutil_socket_t fd, short what, void *arg)
{
	struct journal_port *p = arg;

	(void)fd;
	(void)what;
	if (take_inbox(p) && p->on_work != NULL)
		p->on_work(p->arg);
}

struct journal_port *
journal_port_new(struct journal *j, struct event_base *base,
    void (*on_work)(void *arg), void *arg)
{
	struct journal_port *p = base_alloc(sizeof(*p));

	p->journal = j;
	p->on_work = on_work;
	p->arg = arg;
	pthread_mutex_init(&p->lock, NULL);
	op_list_init(&p->inbox);
	p->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (p->fd == -1)
		bug("no eventfd for the journal: %s", strerror(errno));
	if (base != NULL) {
		p->event = event_new(base, p->fd, EV_READ | EV_PERSIST,
		    on_inbox, p);
		if (p->event == NULL || event_add(p->event, NULL) == -1)
			bug("no event for the journal");
	}
	pthread_mutex_lock(&j->ports_lock);
	p->next = j->ports;
	j->ports = p;
	pthread_mutex_unlock(&j->ports_lock);
	return p;
}

static void
unlink_port(struct journal_port *p)
{
	struct journal *j = p->journal;
	struct journal_port **at = &j->ports;

	pthread_mutex_lock(&j->ports_lock);
	while (*at != p)
		at = &(*at)->next;
	*at = p->next;
	if (j->woken_last == p)
		j->woken_last = NULL;
	pthread_mutex_unlock(&j->ports_lock);
}

static void
wait_for_all(struct journal_port *p)
{
	struct pollfd home = { .fd = p->fd, .events = POLLIN };

	while (p->busy > 0)
		if (poll(&home, 1, -1) > 0)
			(void)take_inbox(p);
}

void
journal_port_free(struct journal_port *p)
{
	if (p == NULL)
		return;
	wait_for_all(p);
	unlink_port(p);
	/* Whoever rang last has let go of the lock when we have had it. */
	pthread_mutex_lock(&p->lock);
	pthread_mutex_unlock(&p->lock);
	if (p->event != NULL)
		event_free(p->event);
	close(p->fd);
	pthread_mutex_destroy(&p->lock);
	base_free(p->hungers);
	base_free(p);
}

void
journal_submit(struct journal_port *p, struct journal_op *op)
{
	struct op_list back;

	op->port = p;
	p->busy++;
	if (prepare(p->journal, op) == 0) {
		if (thread_hand_in(p->journal, op))
			return;
		op_refuse(op, FAULT_BUSY,
		    "more is waiting to be stored than the disk takes");
	}
	op_list_init(&back);
	op_list_add(&back, op);
	port_return(p, &back);
}

size_t
journal_port_busy(const struct journal_port *p)
{
	return p->busy;
}

void
journal_do(struct journal *j, struct journal_op *op)
{
	struct journal_port *p = journal_port_new(j, NULL, NULL, NULL);

	journal_submit(p, op);
	journal_port_free(p);
}
