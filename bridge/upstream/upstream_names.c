/*
 * upstream/upstream_names.c - the addresses of one host, for one loop.
 *
 * A lookup is held by the loop and, while it runs, by its thread; whoever
 * lets go last frees it, so a pool can go while getaddrinfo() still waits
 * for a server that does not answer. The thread writes the result, then the
 * eventfd; the loop reads in the other order.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <event2/event.h>

#include "upstream/upstream_names.h"

/* A changed address is used within this time; resolvers cache for us. */
#define NAMES_AGE_US ((int64_t)60 * 1000000)
/* Addresses this new are not looked up again because none answers. */
#define NAMES_AGE_MIN_US ((int64_t)1000000)
/* A lookup that failed is tried again; the last addresses serve meanwhile. */
#define NAMES_AGAIN_US ((int64_t)5000000)

struct lookup {
	atomic_int holders;
	int done; /* eventfd */
	struct url url;
	struct names_list found;
	char problem[160]; /* "" when something was found */
};

struct names {
	struct url url;
	struct names_list known; /* count == 0: nothing was ever found */
	int64_t looked_us;       /* when a lookup ended */
	int64_t fresh_until_us;  /* then it is looked up again */
	struct lookup *lookup;   /* NULL: a numeric host */
	bool looking;            /* its thread has not reported yet */
	struct event *done;
	names_ready *ready;
	void *arg;
};

static void
lookup_release(struct lookup *l)
{
	if (atomic_fetch_sub(&l->holders, 1) > 1)
		return;
	close(l->done);
	base_free(l);
}

/*
 * Plain HTTP is for this machine, wherever the name may lead; but for an url
 * that is for another.
 */
static bool
is_loopback(const struct addrinfo *a)
{
	const void *at = a->ai_addr; /* aligned by getaddrinfo() */

	if (a->ai_family == AF_INET) {
		const struct sockaddr_in *v4 = at;

		return ntohl(v4->sin_addr.s_addr) >> 24 == 127;
	}
	return a->ai_family == AF_INET6 &&
	    IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)at)->sin6_addr);
}

static void
keep_address(struct names_list *list, const struct addrinfo *a, bool anywhere)
{
	struct wire_address *to = &list->list[list->count];

	if (list->count == NAMES_MAX || a->ai_addrlen > sizeof(to->at) ||
	    (a->ai_family != AF_INET && a->ai_family != AF_INET6) ||
	    (!anywhere && !is_loopback(a)))
		return;
	memcpy(&to->at, a->ai_addr, a->ai_addrlen);
	to->len = a->ai_addrlen;
	list->count++;
}

/* Fills found, or problem; blocks unless the host is numeric. */
static void
look_up(const struct url *url, struct names_list *found, char *problem,
    size_t room)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
		.ai_flags = AI_NUMERICSERV |
		    (url->numeric ? AI_NUMERICHOST : AI_ADDRCONFIG) };
	struct addrinfo *all = NULL;
	char port[8];
	int rc;

	snprintf(port, sizeof(port), "%u", url->port);
	rc = getaddrinfo(url->host, port, &hints, &all);
	if (rc != 0) {
		snprintf(problem, room, "%s",
		    rc == EAI_SYSTEM ? strerror(errno) : gai_strerror(rc));
		return;
	}
	for (const struct addrinfo *a = all; a != NULL; a = a->ai_next)
		keep_address(found, a, url->tls || url->open);
	freeaddrinfo(all);
	if (found->count == 0)
		snprintf(problem, room, "it has no address we may use");
}

static void
lookup_finish(struct lookup *l)
{
	static const uint64_t one = 1;

	/* Cannot fail: an eventfd of ours, written once. */
	if (write(l->done, &one, sizeof(one)) != (ssize_t)sizeof(one))
		bug("eventfd: %s", strerror(errno));
	lookup_release(l);
}

static void *
lookup_run(void *arg)
{
	struct lookup *l = arg;

	look_up(&l->url, &l->found, l->problem, sizeof(l->problem));
	lookup_finish(l);
	return NULL;
}

static void
start_lookup(struct names *n)
{
	struct lookup *l = n->lookup;
	struct fault why = { 0 };
	pthread_t thread;

	l->found.count = 0;
	l->problem[0] = '\0';
	n->looking = true;
	atomic_fetch_add(&l->holders, 1);
	if (thread_begin(&thread, lookup_run, l, "names", &why) == 0) {
		pthread_detach(thread); /* it is not waited for */
		return;
	}
	snprintf(l->problem, sizeof(l->problem), "%.150s", why.text);
	lookup_finish(l);
}

/* A name server that fails has not moved the API. */
static void
keep_last(struct names *n)
{
	n->fresh_until_us = n->looked_us + NAMES_AGAIN_US;
	log_event(LOG_LEVEL_WARNING, "upstream name not found", "host",
	    n->url.host, "reason", n->lookup->problem, "do",
	    "look at this machine's name servers; its last addresses are used",
	    NULL);
}

static void
on_done(evutil_socket_t fd, short what, void *arg)
{
	struct names *n = arg;
	uint64_t count;

	(void)what;
	if (read(fd, &count, sizeof(count)) != (ssize_t)sizeof(count))
		return;
	n->looking = false;
	n->looked_us = clock_mono_us();
	if (n->lookup->found.count > 0) {
		n->known = n->lookup->found;
		n->fresh_until_us = n->looked_us + NAMES_AGE_US;
	} else if (n->known.count > 0) {
		keep_last(n);
	}
	n->ready(n->arg, n->known.count == 0 ? n->lookup->problem : NULL);
}

static struct lookup *
lookup_new(const struct url *url)
{
	struct lookup *l = base_alloc(sizeof(*l));

	atomic_init(&l->holders, 1);
	l->url = *url;
	l->done = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (l->done == -1)
		bug("no eventfd for name lookups: %s", strerror(errno));
	return l;
}

struct names *
names_new(struct event_base *base, const struct url *url, names_ready *ready,
    void *arg)
{
	struct names *n = base_alloc(sizeof(*n));
	char problem[160] = "";

	n->url = *url;
	n->ready = ready;
	n->arg = arg;
	if (url->numeric) {
		look_up(url, &n->known, problem, sizeof(problem));
		if (n->known.count == 0)
			bug("%s: %s", url->host, problem);
		return n;
	}
	n->lookup = lookup_new(url);
	n->done = event_new(base, n->lookup->done, EV_READ | EV_PERSIST,
	    on_done, n);
	if (n->done == NULL || event_add(n->done, NULL) == -1)
		bug("no event for name lookups");
	return n;
}

void
names_free(struct names *n)
{
	if (n == NULL)
		return;
	if (n->done != NULL)
		event_free(n->done);
	if (n->lookup != NULL)
		lookup_release(n->lookup);
	base_free(n);
}

const struct names_list *
names_get(struct names *n)
{
	bool fresh = n->url.numeric || clock_mono_us() < n->fresh_until_us;

	if (!n->looking && n->known.count > 0 && fresh)
		return &n->known;
	if (!n->looking)
		start_lookup(n);
	return NULL;
}

void
names_forget(struct names *n)
{
	int64_t now = clock_mono_us();

	if (now - n->looked_us > NAMES_AGE_MIN_US)
		n->fresh_until_us = now;
}

void
names_follow(struct names *n, const struct names *before)
{
	const struct url *a = &n->url, *b = &before->url;

	if (n->lookup == NULL || a->tls != b->tls || a->port != b->port ||
	    strcmp(a->host, b->host) != 0)
		return;
	n->known = before->known;
	n->looked_us = before->looked_us;
	n->fresh_until_us = before->fresh_until_us;
}
