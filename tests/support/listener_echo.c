/*
 * tests/support/listener_echo.c - a listener that tells what it was sent.
 *
 *	listener_echo ADDRESS [CERTIFICATE KEY] [NAME=VALUE...]
 *
 * NAME is one of the limits as a settings file writes them, or workers, or
 * drain (a duration), or listen (a group, whose address counts for nothing),
 * or wants: then bodies of /unknown... are not wanted. Prints "port N" once it
 * listens; SIGHUP loads its certificates anew and prints "renewed", SIGTERM
 * drains and ends it. Paths with a meaning: /slow answers after "?ms=N", and
 * holds "n=N" bytes until then; /never not before the service stops, /later
 * only a while after that, /big with "?n=N" bytes, /close closes, /metrics
 * tells the counters; all others tell the request, as JSON.
 */
#include <event2/event.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "listener/listener.h"
#include "metrics/metrics.h"

struct waiting {
	TAILQ_ENTRY(waiting) link;
	struct exchange *exchange;
	struct event *timer;
};

struct echo {
	struct event_base *base;
	TAILQ_HEAD(, waiting) waiting;
};

static void *
start(void *shared, void *event_base, unsigned worker)
{
	struct echo *e = base_alloc(sizeof(*e));

	(void)shared;
	(void)worker;
	e->base = event_base;
	TAILQ_INIT(&e->waiting);
	return e;
}

static void
add_text(struct bytes *out, const char *key, struct str value)
{
	bytes_add_json(out, str_of(key));
	bytes_add_char(out, ':');
	bytes_add_json(out, value);
	bytes_add_char(out, ',');
}

static void
add_request(struct bytes *out, const struct request *r)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < r->body.len; i++)
		sum = sum * 31 + (unsigned char)r->body.at[i];
	bytes_add_char(out, '{');
	add_text(out, "method", r->method);
	add_text(out, "target", r->target);
	add_text(out, "path", r->path);
	add_text(out, "query", r->query);
	add_text(out, "peer", r->peer);
	if (r->hop.at != NULL)
		add_text(out, "hop", r->hop);
	if (r->client_name.at != NULL)
		add_text(out, "client", r->client_name);
	add_text(out, "x", request_header(r, STR("X")));
	bytes_addf(out, "\"tls\":%s,\"headers\":%zu,\"body\":%zu,",
	    r->tls ? "true" : "false", r->header_count, r->body.len);
	bytes_addf(out, "\"sum\":\"%llx\"}", (unsigned long long)sum);
}

static int64_t
number(struct exchange *x, struct str name)
{
	int64_t n = str_number(request_query(&x->request, name, x->arena),
	    1 << 26);

	return n < 0 ? 0 : n;
}

static void
answer(struct exchange *x)
{
	struct answer a = { .status = 200 };
	struct bytes out;

	bytes_init_in(&out, x->arena, 1 << 20);
	if (str_eq(x->request.path, STR("/metrics")))
		metrics_print(&out);
	else if (str_eq(x->request.path, STR("/big")))
		for (int64_t n = number(x, STR("n")); n > 0; n -= 64)
			bytes_addf(&out, "%63d\n", 0);
	else
		add_request(&out, &x->request);
	a.body = bytes_str(&out);
	a.close = str_eq(x->request.path, STR("/close"));
	a.extra_name = STR("X-Echo");
	a.extra_value = STR("yes");
	x->reply(x, &a);
}

static void
forget(struct echo *e, struct waiting *w)
{
	TAILQ_REMOVE(&e->waiting, w, link);
	if (w->timer != NULL)
		event_free(w->timer);
	base_free(w);
}

static void
on_time(evutil_socket_t fd, short what, void *arg)
{
	struct waiting *w = arg;

	(void)fd;
	(void)what;
	answer(w->exchange);
	w->exchange = NULL;
	event_del(w->timer);
}

static void
serve(void *mine, struct exchange *x)
{
	bool never = str_eq(x->request.path, STR("/never")) ||
	    str_eq(x->request.path, STR("/later"));
	struct echo *e = mine;
	struct waiting *w;

	if (!never && !str_eq(x->request.path, STR("/slow"))) {
		answer(x);
		return;
	}
	(void)!arena_take(x->arena, (size_t)number(x, STR("n")));
	w = base_alloc(sizeof(*w));
	w->exchange = x;
	TAILQ_INSERT_TAIL(&e->waiting, w, link);
	if (!never) {
		int64_t ms = number(x, STR("ms"));
		struct timeval tv = { ms / 1000, ms % 1000 * 1000 };

		w->timer = evtimer_new(e->base, on_time, w);
		evtimer_add(w->timer, &tv);
	}
}

static bool
wants_body(void *mine, const struct request *r, struct arena *arena)
{
	(void)mine;
	return arena_take(arena, 5000) != NULL &&
	    !str_starts(r->path, STR("/unknown"));
}

static void
refuse(struct exchange *x)
{
	struct fault why = { .code = FAULT_BUSY };
	struct answer a;

	answer_fault(&a, &why, x->arena);
	x->reply(x, &a);
}

static void
on_later(evutil_socket_t fd, short what, void *arg)
{
	struct waiting *w = arg;

	(void)fd;
	(void)what;
	refuse(w->exchange);
	event_free(w->timer);
	base_free(w);
}

static void
refuse_later(struct echo *e, struct waiting *w)
{
	struct timeval tv = { 1, 200000 };

	TAILQ_REMOVE(&e->waiting, w, link);
	w->timer = evtimer_new(e->base, on_later, w);
	evtimer_add(w->timer, &tv);
}

static void
stop(void *mine)
{
	struct echo *e = mine;
	struct waiting *w;

	while ((w = TAILQ_FIRST(&e->waiting)) != NULL) {
		if (w->exchange != NULL &&
		    str_eq(w->exchange->request.path, STR("/later"))) {
			refuse_later(e, w);
			continue;
		}
		if (w->exchange != NULL)
			refuse(w->exchange);
		forget(e, w);
	}
	base_free(e);
}

struct options {
	struct listener_limits limits;
	struct listener_address address; /* texts are the file's */
	const config_setting_t *listen;
	struct settings_file *file;
	int64_t workers;
	int64_t drain;
	bool wants;
};

static const struct setting own_settings[] = {
	{ .name = "drain",
	    .kind = SETTING_DURATION,
	    .at = offsetof(struct options, drain),
	    .fallback = "2s",
	    .help = "How long open requests may take at the end." },
	{ .name = "listen",
	    .kind = SETTING_TREE,
	    .at = offsetof(struct options, listen),
	    .help = "Of the address, what is not given as an argument." },
	{ .name = "wants",
	    .kind = SETTING_BOOLEAN,
	    .at = offsetof(struct options, wants),
	    .fallback = "false",
	    .help = "Whether bodies of paths in /unknown are not wanted." },
	{ .name = "workers",
	    .kind = SETTING_COUNT,
	    .at = offsetof(struct options, workers),
	    .fallback = "1",
	    .help = "Threads." },
	{ .name = NULL },
};

/* The arguments from `at` on are a settings file, a line each. */
static bool
read_options(struct options *o, char **at)
{
	static const char *const own[] = { "drain", "listen", "workers",
		"wants", NULL };
	static const char *const limits[] = { "body", "body_timeout",
		"connections", "connections_per_address", "header_timeout",
		"headers", "idle_timeout", "memory", "requests_per_address",
		"write_timeout", NULL };
	struct settings_file *f;
	struct faults all = { 0 };
	struct bytes text, words;

	bytes_init(&text, 65536);
	bytes_init(&words, 4096);
	for (; *at != NULL; at++)
		bytes_addf(&text, "%s;\n", *at);
	f = settings_parse(bytes_str(&text), "arguments", &all);
	if (f != NULL) {
		settings_read_with(settings_root(f), "",
		    listener_limits_settings, own, &o->limits, &all);
		settings_read_with(settings_root(f), "", own_settings, limits,
		    o, &all);
		if (o->listen != NULL)
			(void)listener_address_read(o->listen, "listen",
			    &o->address, &all);
		o->file = f;
	}
	faults_print(&all, &words);
	fprintf(stderr, "%.*s", STR_ARG(bytes_str(&words)));
	bytes_done(&words);
	bytes_done(&text);
	faults_done(&all);
	return all.count == 0;
}

/* The files may have changed; what is served by is told on a line. */
static void
renew(struct listener *l, const struct listener_setup *setup)
{
	struct fault why = { .code = FAULT_NONE };
	struct listener_change *c = listener_prepare(l, setup, &why);

	if (c != NULL) {
		listener_renew(l, c);
		puts("renewed");
	} else {
		printf("not renewed: %s: %s\n", why.where, why.text);
	}
	fflush(stdout);
}

static void
wait_for_the_end(struct listener *l, const struct listener_setup *setup)
{
	sigset_t ends;
	int got;

	sigemptyset(&ends);
	sigaddset(&ends, SIGTERM);
	sigaddset(&ends, SIGINT);
	sigaddset(&ends, SIGHUP);
	while (sigwait(&ends, &got) == 0 && got == SIGHUP)
		renew(l, setup);
}

int
main(int argc, char **argv)
{
	struct service service = { .start = start,
		.serve = serve,
		.stop = stop };
	struct options options = { 0 };
	struct listener_address *address = &options.address;
	struct fault why = { .code = FAULT_NONE };
	struct listener_setup setup;
	struct listener *l;
	sigset_t ends;
	int at = 2;

	if (argc < 2)
		return 2;
	if (argc > 3 && strchr(argv[2], '=') == NULL)
		at = 4;
	if (!read_options(&options, argv + at))
		return 2;
	address->address = argv[1];
	if (at == 4) {
		address->certificate = base_copy(argv[2]);
		address->key = base_copy(argv[3]);
	}
	service.wants_body = options.wants ? wants_body : NULL;
	sigemptyset(&ends);
	sigaddset(&ends, SIGTERM);
	sigaddset(&ends, SIGINT);
	sigaddset(&ends, SIGHUP);
	sigprocmask(SIG_BLOCK, &ends, NULL);
	setup = (struct listener_setup){ .name = "echo",
		.addresses = address,
		.address_count = 1,
		.workers = (unsigned)options.workers,
		.limits = options.limits,
		.service = &service };
	l = listener_start(&setup, &why);
	if (l == NULL) {
		fprintf(stderr, "%s: %s\n", why.where, why.text);
		listener_address_done(address);
		settings_close(options.file);
		return 3;
	}
	printf("port %u\n", listener_port(l, 0));
	fflush(stdout);
	wait_for_the_end(l, &setup);
	listener_stop(l, options.drain);
	listener_address_done(address);
	settings_close(options.file);
	return 0;
}
