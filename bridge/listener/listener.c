/* listener/listener.c - sockets and certificates first, then threads. */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include "listener/listener_inside.h"
#include "listener/listener_socket.h"
#include "listener/listener_tls.h"

static void
on_event_log(int severity, const char *text)
{
	static const enum log_level levels[] = {
		[EVENT_LOG_DEBUG] = LOG_LEVEL_DEBUG,
		[EVENT_LOG_MSG] = LOG_LEVEL_INFO,
		[EVENT_LOG_WARN] = LOG_LEVEL_WARNING,
		[EVENT_LOG_ERR] = LOG_LEVEL_ERROR,
	};

	/* libevent's own debugging prints header values. */
	if (severity > EVENT_LOG_DEBUG && severity <= EVENT_LOG_ERR)
		log_event(levels[severity], "libevent", "text", text, NULL);
}

static NORETURN void
on_event_fatal(int error)
{
	(void)error; /* its text came through on_event_log */
	abort();
}

void
listener_reports(struct listener *l, bool runs)
{
	pthread_mutex_lock(&l->lock);
	if (runs)
		l->running++;
	else
		l->failed++;
	pthread_cond_signal(&l->reported);
	pthread_mutex_unlock(&l->lock);
}

/* The last to go tells whoever waits for all of them. */
void
listener_ends(struct listener *l, struct worker *w)
{
	atomic_store(&w->bell.gone, true);
	pthread_mutex_lock(&l->lock);
	if (++l->ended == l->worker_count &&
	    eventfd_write(l->ended_fd, 1) == -1)
		bug("cannot tell the end: %s", strerror(errno));
	pthread_mutex_unlock(&l->lock);
}

static void
new_worker(struct listener *l, unsigned n, const struct listener_setup *s)
{
	struct worker *w = &l->workers[n];

	w->number = n;
	w->listener = l;
	w->name = l->name;
	w->service = *s->service;
	w->entry_count = s->address_count;
	w->entries = base_alloc(s->address_count * sizeof(*w->entries));
	for (size_t i = 0; i < s->address_count; i++)
		w->entries[i] = (struct entry){ .worker = w, .fd = -1 };
	w->crowd = l->crowd;
	worker_prepare(w);
	worker_limit(w, &s->limits);
}

static struct listener *
new_listener(const struct listener_setup *s)
{
	struct listener *l = base_alloc(sizeof(*l));
	pthread_condattr_t clock; /* that is never set */

	l->name = base_copy(s->name);
	l->address_count = s->address_count;
	l->addresses = base_alloc(s->address_count * sizeof(char *));
	for (size_t i = 0; i < s->address_count; i++)
		l->addresses[i] = base_copy(s->addresses[i].address);
	l->tls = base_alloc(s->address_count * sizeof(SSL_CTX *));
	l->ports = base_alloc(s->address_count * sizeof(*l->ports));
	l->fronts = base_alloc(s->address_count * sizeof(*l->fronts));
	l->crowd = crowd_new();
	crowd_limit(l->crowd, &s->limits);
	l->ended_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (l->ended_fd == -1)
		bug("no eventfd: %s", strerror(errno));
	pthread_mutex_init(&l->lock, NULL);
	pthread_condattr_init(&clock);
	pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
	pthread_cond_init(&l->reported, &clock);
	pthread_condattr_destroy(&clock);
	l->worker_count = s->workers > 0 ? s->workers : 1;
	l->workers = base_alloc(l->worker_count * sizeof(*l->workers));
	for (unsigned n = 0; n < l->worker_count; n++)
		new_worker(l, n, s);
	return l;
}

static void
free_listener(struct listener *l)
{
	for (unsigned n = 0; n < l->worker_count; n++)
		worker_free(&l->workers[n]);
	for (size_t i = 0; i < l->address_count; i++) {
		SSL_CTX_free(l->tls[i]);
		base_free(l->addresses[i]);
		front_drop(l->fronts[i]);
	}
	pthread_cond_destroy(&l->reported);
	pthread_mutex_destroy(&l->lock);
	crowd_free(l->crowd);
	base_free(l->fronts);
	close(l->ended_fd);
	base_free(l->workers);
	base_free(l->ports);
	base_free(l->tls);
	base_free(l->addresses);
	base_free(l->name);
	base_free(l);
}

static int
open_address(struct listener *l, size_t i, const struct listener_setup *s,
    struct fault *why)
{
	const struct listener_address *a = &s->addresses[i];
	int given = s->sockets != NULL ? s->sockets[i] : -1;

	l->fronts[i] = front_new(a, why);
	if (l->fronts[i] == NULL || tls_load(a, &l->tls[i], why) == -1)
		return -1;
	for (unsigned n = 0; n < l->worker_count; n++) {
		struct entry *e = &l->workers[n].entries[i];

		e->front = l->fronts[i];
		share_hold(&e->front->share);
		e->tls = l->tls[i];
		if (e->tls != NULL)
			SSL_CTX_up_ref(e->tls);
		e->fd = given != -1
		    ? socket_adopt(given, a->address, &l->ports[i], why)
		    : socket_listen(a->address, &l->ports[i], why);
		if (e->fd == -1)
			return -1;
	}
	return 0;
}

static int
start_thread(struct worker *w, struct fault *why)
{
	char name[THREAD_NAME_SIZE];

	snprintf(name, sizeof(name), "%.9s-%u", w->name, w->number);
	return thread_begin(&w->thread, worker_run, w, name, why);
}

/* How many threads run; fewer than there are workers: why. */
static unsigned
start_threads(struct listener *l, struct fault *why)
{
	unsigned n = 0;

	while (n < l->worker_count && start_thread(&l->workers[n], why) == 0)
		n++;
	pthread_mutex_lock(&l->lock);
	while (l->running + l->failed < n)
		pthread_cond_wait(&l->reported, &l->lock);
	pthread_mutex_unlock(&l->lock);
	return n;
}

void
listener_drain(struct listener *l, int64_t drain_ms)
{
	for (unsigned n = 0; n < l->worker_count; n++) {
		atomic_store(&l->workers[n].bell.drain_ms,
		    drain_ms > 0 ? drain_ms : 0);
		bell_ring(&l->workers[n].bell);
	}
}

/* Ones that failed have ended by themselves, and hear nothing. */
static void
stop_threads(struct listener *l, unsigned count, int64_t drain_ms)
{
	listener_drain(l, drain_ms);
	for (unsigned n = 0; n < count; n++)
		pthread_join(l->workers[n].thread, NULL);
}

/* With the port it got, where port 0 was asked for. */
static void
log_listening(const struct listener *l, size_t i)
{
	const char *address = l->addresses[i];
	const char *colon = strrchr(address, ':');
	char *real = base_print("%.*s:%u", (int)(colon - address), address,
	    listener_port(l, i));

	log_event(LOG_LEVEL_INFO, "listening", "listener", l->name, "address",
	    real, "tls", l->tls[i] != NULL ? "yes" : "no", NULL);
	base_free(real);
}

/* What else a process has open: upstreams, events, the log, its settings. */
#define FILES_BESIDE 64

/* The kernel would refuse what the settings allow: told before it happens. */
void
listener_check_files(const struct listener *l,
    const struct listener_limits *limits)
{
	char wanted[24], files[24];
	struct rlimit now;

	if (getrlimit(RLIMIT_NOFILE, &now) == -1 ||
	    now.rlim_cur == RLIM_INFINITY ||
	    now.rlim_cur >= (rlim_t)limits->connections + FILES_BESIDE)
		return;
	snprintf(wanted, sizeof(wanted), "%lld",
	    (long long)limits->connections);
	snprintf(files, sizeof(files), "%llu",
	    (unsigned long long)now.rlim_cur);
	log_event(LOG_LEVEL_WARNING, "too few open files", "listener", l->name,
	    "limits.connections", wanted, "files", files, "do",
	    "raise the limit of open files (LimitNOFILE=), or lower "
	    "limits.connections",
	    NULL);
}

struct listener *
listener_open(const struct listener_setup *setup, struct fault *why)
{
	struct listener *l = new_listener(setup);

	event_set_log_callback(on_event_log);
	event_set_fatal_callback(on_event_fatal);
	listener_check_files(l, &setup->limits);
	for (size_t i = 0; i < setup->address_count; i++)
		if (open_address(l, i, setup, why) == -1) {
			free_listener(l);
			return NULL;
		}
	return l;
}

int
listener_run(struct listener *l, struct fault *why)
{
	unsigned threads = start_threads(l, why);

	if (l->running < l->worker_count) {
		stop_threads(l, threads, 0);
		if (threads < l->worker_count)
			return -1;
		return fault_set(why, FAULT_INTERNAL, l->name,
		    "a worker could not start its service");
	}
	l->runs = true;
	for (size_t i = 0; i < l->address_count; i++)
		log_listening(l, i);
	return 0;
}

struct listener *
listener_start(const struct listener_setup *setup, struct fault *why)
{
	struct listener *l = listener_open(setup, why);

	if (l != NULL && listener_run(l, why) == -1) {
		free_listener(l);
		return NULL;
	}
	return l;
}

int
listener_ended_fd(const struct listener *l)
{
	return l->ended_fd;
}

unsigned
listener_port(const struct listener *l, size_t i)
{
	return l->ports[i];
}

void
listener_stop(struct listener *l, int64_t drain_ms)
{
	if (l == NULL)
		return;
	if (l->runs) {
		stop_threads(l, l->worker_count, drain_ms);
		log_event(LOG_LEVEL_INFO, "stopped listening", "listener",
		    l->name, NULL);
	}
	free_listener(l);
}
