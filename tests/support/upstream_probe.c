/*
 * tests/support/upstream_probe.c - the upstream client alone, for tests.
 *
 *	upstream_probe [-s SETTINGS] [-b BYTES] [-i KEY] URL CA KEYFILE
 *[LEAD...]
 *
 * Every LEAD gets a PATCH, one after the other. Without any, leads come
 * from standard input: those of a line are sent at once, and the next line
 * is read when all have ended; a lead written "!lead" is cancelled as soon
 * as it is sent. Each answer is a line of JSON on standard output. It tells,
 * too, how the loop's heart, a timer of 10 ms, has beaten since the last one:
 * `beats`, how many of them came `late`, by 50 ms, and the worst, `stall_us`.
 *
 *	-s  more settings of the target: 'timeout = "1s"; connections = 1;'
 *	-b  size of the body (default: a small one)
 *	-i  Idempotency-Key
 *	CA  a PEM file, or - for none
 *
 * Names below .test are this machine: 127.0.0.1, and for both.test
 * 127.0.0.2 before it; fades.test is found once and never again.
 */
#include <dlfcn.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/event.h>

#include "upstream/upstream.h"

struct probe {
	struct event_base *base;
	struct upstream_pool *pool;
	struct event *input;
	char **leads; /* what is left of argv, or NULL */
	struct str idempotency_key;
	struct bytes body;
	struct bytes line;
	unsigned out; /* calls that have not ended */
	struct event *heart;
	struct {
		int64_t last_us, stall_us;
		unsigned beats, late;
	} heard;
};

struct asked {
	struct probe *probe;
	char lead[65];
};

static void next(struct probe *p);

static void
die(const char *what, const char *why)
{
	fprintf(stderr, "upstream_probe: %s: %s\n", what, why);
	exit(3);
}

#define BEAT_US 10000
#define LATE_US 50000

static void
on_beat(evutil_socket_t fd, short what, void *arg)
{
	struct probe *p = arg;
	int64_t now = clock_mono_us();
	int64_t late = now - p->heard.last_us - BEAT_US;

	(void)fd;
	(void)what;
	p->heard.last_us = now;
	p->heard.beats++;
	p->heard.late += late > LATE_US;
	if (late > p->heard.stall_us)
		p->heard.stall_us = late;
}

static void
tell_heart(struct probe *p, struct bytes *out)
{
	on_beat(-1, 0, p); /* the one that is due now, late or not */
	bytes_addf(out, ",\"beats\":%u,\"late\":%u,\"stall_us\":%lld",
	    p->heard.beats, p->heard.late, (long long)p->heard.stall_us);
	p->heard.beats = p->heard.late = 0;
	p->heard.stall_us = 0;
}

static void
start_heart(struct probe *p)
{
	static const struct timeval every = { 0, BEAT_US };

	p->heard.last_us = clock_mono_us();
	p->heart = event_new(p->base, -1, EV_PERSIST, on_beat, p);
	event_add(p->heart, &every);
}

typedef int resolver(const char *host, const char *port,
    const struct addrinfo *hints, struct addrinfo **all);

/* Stands before the C library's, for the names below .test. */
int
getaddrinfo(const char *host, const char *port, const struct addrinfo *hints,
    struct addrinfo **all)
{
	void *found = dlsym(RTLD_NEXT, "getaddrinfo");
	static bool faded;
	resolver *real;
	size_t len = strlen(host);
	int rc;

	memcpy(&real, &found, sizeof(real));
	if (strcmp(host, "fades.test") == 0) {
		if (faded)
			return EAI_AGAIN;
		faded = true;
	}
	if (strcmp(host, "both.test") == 0) {
		rc = real("127.0.0.2", port, hints, all);
		return rc != 0
		    ? rc
		    : real("127.0.0.1", port, hints, &(*all)->ai_next);
	}
	if (len > 5 && strcmp(host + len - 5, ".test") == 0)
		host = "127.0.0.1";
	return real(host, port, hints, all);
}

static void
add_member(struct bytes *out, const char *name, struct str value)
{
	bytes_addf(out, ",\"%s\":", name);
	if (value.at == NULL)
		bytes_add_text(out, "null");
	else if (utf8_valid(value))
		bytes_add_json(out, value);
	else
		bytes_add_text(out, "\"(not UTF-8)\"");
}

static void
on_done(void *arg, const struct upstream_answer *a)
{
	struct asked *asked = arg;
	struct probe *p = asked->probe;
	struct str body = a->body;
	struct bytes out;

	bytes_init(&out, 1 << 20);
	bytes_add_text(&out, "{\"lead\":");
	bytes_add_json(&out, str_of(asked->lead));
	add_member(&out, "outcome", str_of(upstream_outcome_name(a->outcome)));
	bytes_addf(&out, ",\"status\":%d,\"took_us\":%lld,\"size\":%zu",
	    a->status, (long long)a->took_us, body.len);
	if (body.len > 4096)
		body.len = 4096;
	tell_heart(p, &out);
	add_member(&out, "reason", str_of(a->reason));
	add_member(&out, "type", a->content_type);
	add_member(&out, "retry_after", a->retry_after);
	add_member(&out, "body", body);
	bytes_add_text(&out, "}");
	puts(bytes_str(&out).at);
	fflush(stdout);
	bytes_done(&out);
	base_free(asked);
	if (--p->out == 0)
		next(p);
}

static void
ask(struct probe *p, const char *lead)
{
	struct asked *asked = base_alloc(sizeof(*asked));
	struct upstream_call *call;
	bool cancel = lead[0] == '!';

	asked->probe = p;
	snprintf(asked->lead, sizeof(asked->lead), "%s", lead + cancel);
	p->out++;
	call = upstream_patch(p->pool, str_of(asked->lead), bytes_str(&p->body),
	    p->idempotency_key, on_done, asked);
	if (!cancel)
		return;
	upstream_cancel(call);
	base_free(asked);
	p->out--;
}

/* Takes the first line of what was read; false when there is none. */
static bool
ask_line(struct probe *p)
{
	struct str rest = bytes_str(&p->line), line, lead;
	struct bytes left;

	if (memchr(rest.at, '\n', rest.len) == NULL)
		return false;
	str_cut(&rest, '\n', &line);
	while (str_cut(&line, ' ', &lead)) {
		char name[66];

		snprintf(name, sizeof(name), "%.*s", STR_ARG(lead));
		if (lead.len > 0)
			ask(p, name);
	}
	bytes_init(&left, 1 << 20);
	bytes_add_str(&left, rest);
	bytes_done(&p->line);
	p->line = left;
	return true;
}

static void
next(struct probe *p)
{
	if (p->leads == NULL) {
		while (p->out == 0 && ask_line(p))
			continue;
		return;
	}
	if (*p->leads == NULL)
		event_base_loopbreak(p->base);
	else
		ask(p, *p->leads++);
}

static void
on_input(evutil_socket_t fd, short what, void *arg)
{
	struct probe *p = arg;
	char text[4096];
	ssize_t n = read(fd, text, sizeof(text));

	(void)what;
	if (n <= 0) { /* what is under way is stopped, and reported so */
		event_base_loopbreak(p->base);
		return;
	}
	bytes_add(&p->line, text, (size_t)n);
	if (p->out == 0)
		next(p);
}

static struct str
read_key(const char *path, char *key, size_t room)
{
	FILE *f = fopen(path, "re");
	size_t n;

	if (f == NULL)
		die(path, "cannot be read");
	n = fread(key, 1, room, f);
	fclose(f);
	return str_trim((struct str){ key, n });
}

static struct upstream_target *
make_target(const char *url, const char *ca, const char *more,
    const struct secrets *secrets)
{
	struct faults all = { 0 };
	struct bytes text;
	struct settings_file *file;
	struct upstream_target *t = NULL;

	bytes_init(&text, 65536);
	bytes_addf(&text, "probe = { url = \"%s\"; api_key = \"key\"; %s ", url,
	    more);
	if (strcmp(ca, "-") != 0)
		bytes_addf(&text, "ca = \"%s\"; ", ca);
	bytes_add_text(&text, "};");
	file = settings_parse(bytes_str(&text), "probe", &all);
	if (file != NULL)
		t = upstream_target_new("probe",
		    config_setting_get_member(settings_root(file), "probe"),
		    secrets, &all);
	bytes_clear(&text);
	faults_print(&all, &text);
	if (t == NULL)
		die("settings", bytes_str(&text).at);
	settings_close(file);
	faults_done(&all);
	bytes_done(&text);
	return t;
}

static void
make_body(struct bytes *body, size_t size)
{
	char filling[1024];

	memset(filling, 'x', sizeof(filling));
	bytes_init(body, 64 << 20);
	bytes_add_text(body, "{\"detail\":\"");
	while (body->len + 2 < size && bytes_ok(body)) {
		size_t n = size - 2 - body->len;

		bytes_add(body, filling,
		    n < sizeof(filling) ? n : sizeof(filling));
	}
	bytes_add_text(body, "\"}");
}

static void
run(struct probe *p, const struct upstream_target *t)
{
	p->base = event_base_new();
	p->pool = upstream_pool_new(p->base, t);
	bytes_init(&p->line, 1 << 20);
	start_heart(p);
	if (p->leads == NULL) {
		p->input = event_new(p->base, STDIN_FILENO,
		    EV_READ | EV_PERSIST, on_input, p);
		event_add(p->input, NULL);
	} else {
		next(p);
	}
	event_base_dispatch(p->base);
	upstream_pool_free(p->pool);
	event_free(p->heart);
	if (p->input != NULL)
		event_free(p->input);
	event_base_free(p->base);
	bytes_done(&p->line);
	bytes_done(&p->body);
}

int
main(int argc, char **argv)
{
	const char *more = "";
	struct probe p = { .idempotency_key = STR_NONE };
	struct upstream_target *t;
	struct secrets *secrets;
	struct fault why = { 0 };
	char key[4096];
	size_t size = 0;
	int c;

	while ((c = getopt(argc, argv, "s:b:i:")) != -1) {
		if (c == 's')
			more = optarg;
		else if (c == 'b')
			size = (size_t)strtoul(optarg, NULL, 10);
		else if (c == 'i')
			p.idempotency_key = str_of(optarg);
		else
			return 2;
	}
	if (argc - optind < 3) {
		fprintf(stderr,
		    "usage: upstream_probe [-s SETTINGS] [-b BYTES]"
		    " [-i KEY] URL CA KEYFILE [LEAD...]\n");
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	log_set_level(LOG_LEVEL_DEBUG);
	secrets = secrets_of("key",
	    read_key(argv[optind + 2], key, sizeof(key)), &why);
	if (secrets == NULL)
		die("key", why.text);
	t = make_target(argv[optind], argv[optind + 1], more, secrets);
	make_body(&p.body, size);
	p.leads = argc - optind > 3 ? argv + optind + 3 : NULL;
	run(&p, t);
	upstream_target_free(t);
	secrets_free(secrets);
	return 0;
}
