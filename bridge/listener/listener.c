/* listener/listener.c - sockets and certificates first, then threads. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>

#include "listener/listener_socket.h"
#include "listener/listener_worker.h"

struct listener {
	char *name;
	SSL_CTX **tls; /* an address each; NULL: plain */
	unsigned *ports;
	size_t address_count;
	struct worker *workers;
	unsigned worker_count;

	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t reported;
	unsigned running, failed;
};

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

static int
load_tls(struct listener *l, size_t i, const struct listener_address *a,
    struct fault *why)
{
	bool expired = false;

	if ((a->certificate == NULL) != (a->key == NULL))
		return fault_set(why, FAULT_SETTINGS, a->address,
		    "certificate and key belong together: give both, or "
		    "neither for plain HTTP");
	if (a->certificate == NULL)
		return 0;
	l->tls[i] = tls_load(a->certificate, a->key, &expired, why);
	if (l->tls[i] != NULL && a->tls_min != 0 &&
	    SSL_CTX_set_min_proto_version(l->tls[i], a->tls_min) != 1)
		bug("OpenSSL does not speak TLS version 0x%x", a->tls_min);
	if (expired)
		log_event(LOG_LEVEL_WARNING, "certificate out of date", "file",
		    a->certificate, "do",
		    "renew it: senders will refuse the connection", NULL);
	return l->tls[i] != NULL ? 0 : -1;
}

static struct listener *
new_listener(const struct listener_setup *s)
{
	struct listener *l = base_alloc(sizeof(*l));
	int64_t share;

	l->name = base_copy(s->name);
	l->address_count = s->address_count;
	l->tls = base_alloc(s->address_count * sizeof(SSL_CTX *));
	l->ports = base_alloc(s->address_count * sizeof(*l->ports));
	l->worker_count = s->workers > 0 ? s->workers : 1;
	l->workers = base_alloc(l->worker_count * sizeof(*l->workers));
	pthread_mutex_init(&l->lock, NULL);
	pthread_cond_init(&l->reported, NULL);
	share = (s->limits.connections + l->worker_count - 1) / l->worker_count;
	for (unsigned n = 0; n < l->worker_count; n++) {
		struct worker *w = &l->workers[n];

		w->number = n;
		w->listener = l;
		w->name = l->name;
		w->limits = s->limits;
		w->service = *s->service;
		w->ceiling = (unsigned)share;
		w->entry_count = s->address_count;
		w->entries = base_alloc(s->address_count * sizeof(*w->entries));
		for (size_t i = 0; i < s->address_count; i++)
			w->entries[i] = (struct entry){ .worker = w, .fd = -1 };
		worker_prepare(w);
	}
	return l;
}

static void
free_listener(struct listener *l)
{
	for (unsigned n = 0; n < l->worker_count; n++)
		worker_free(&l->workers[n]);
	for (size_t i = 0; i < l->address_count; i++)
		SSL_CTX_free(l->tls[i]);
	pthread_cond_destroy(&l->reported);
	pthread_mutex_destroy(&l->lock);
	base_free(l->workers);
	base_free(l->ports);
	base_free(l->tls);
	base_free(l->name);
	base_free(l);
}

static int
open_address(struct listener *l, size_t i, const struct listener_address *a,
    struct fault *why)
{
	if (load_tls(l, i, a, why) == -1)
		return -1;
	for (unsigned n = 0; n < l->worker_count; n++) {
		struct entry *e = &l->workers[n].entries[i];

		e->tls = l->tls[i];
		e->fd = socket_listen(a->address, &l->ports[i], why);
		if (e->fd == -1)
			return -1;
	}
	return 0;
}

/* How many threads run; signals are for the thread that started us. */
static unsigned
start_threads(struct listener *l)
{
	sigset_t all, before;
	unsigned n = 0;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	while (n < l->worker_count &&
	    pthread_create(&l->workers[n].thread, NULL, worker_run,
	        &l->workers[n]) == 0)
		n++;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_mutex_lock(&l->lock);
	while (l->running + l->failed < n)
		pthread_cond_wait(&l->reported, &l->lock);
	pthread_mutex_unlock(&l->lock);
	return n;
}

/* Ones that failed have ended by themselves, and read nothing. */
static void
stop_threads(struct listener *l, unsigned count, int64_t drain_ms)
{
	if (drain_ms < 0)
		drain_ms = 0;
	for (unsigned n = 0; n < count; n++)
		if (eventfd_write(l->workers[n].stop_fd,
		        (eventfd_t)drain_ms + 1) == -1)
			bug("cannot stop a worker: %s", strerror(errno));
	for (unsigned n = 0; n < count; n++)
		pthread_join(l->workers[n].thread, NULL);
}

/* With the port it got, where port 0 was asked for. */
static void
log_listening(const struct listener *l, size_t i, const char *address)
{
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
static void
check_files(const struct listener_setup *s)
{
	char wanted[24], files[24];
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == -1 ||
	    limit.rlim_cur == RLIM_INFINITY ||
	    limit.rlim_cur >= (rlim_t)s->limits.connections + FILES_BESIDE)
		return;
	snprintf(wanted, sizeof(wanted), "%lld",
	    (long long)s->limits.connections);
	snprintf(files, sizeof(files), "%llu",
	    (unsigned long long)limit.rlim_cur);
	log_event(LOG_LEVEL_WARNING, "too few open files", "listener", s->name,
	    "limits.connections", wanted, "files", files, "do",
	    "raise the limit of open files (LimitNOFILE=), or lower "
	    "limits.connections",
	    NULL);
}

struct listener *
listener_start(const struct listener_setup *setup, struct fault *why)
{
	struct listener *l = new_listener(setup);
	unsigned threads;

	event_set_log_callback(on_event_log);
	event_set_fatal_callback(on_event_fatal);
	check_files(setup);
	for (size_t i = 0; i < setup->address_count; i++)
		if (open_address(l, i, &setup->addresses[i], why) == -1) {
			free_listener(l);
			return NULL;
		}
	threads = start_threads(l);
	if (l->running < l->worker_count) {
		fault_set(why, FAULT_INTERNAL, setup->name,
		    "a worker could not start its service");
		stop_threads(l, threads, 0);
		free_listener(l);
		return NULL;
	}
	for (size_t i = 0; i < setup->address_count; i++)
		log_listening(l, i, setup->addresses[i].address);
	return l;
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
	stop_threads(l, l->worker_count, drain_ms);
	log_event(LOG_LEVEL_INFO, "stopped listening", "listener", l->name,
	    NULL);
	free_listener(l);
}
