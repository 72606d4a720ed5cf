/*
 * upstream/upstream_look.c - the way to an API, walked once, step by step.
 *
 * For a person who wants to know where it ends. It goes the pool's own way,
 * over a wire, but waits, and asks for nothing: HEAD without a key, whose
 * answer, whatever it is, has a Date.
 */
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "certs/certs.h"
#include "upstream/upstream_wire.h"

#define ANSWER_MOST 8192

struct walk {
	const struct upstream_target *target;
	struct upstream_look *out;
	struct wire wire;
	int64_t until_us;
	struct addrinfo *addresses;
};

static bool
failed(struct walk *w, const char *text)
{
	snprintf(w->out->problem, sizeof(w->out->problem), "%s", text);
	return false;
}

/* Waits for what the wire needs; false: the time is over. */
static bool
ready(struct walk *w, enum wire_result needs)
{
	struct pollfd fd = { .fd = w->wire.socket.fd,
		.events = needs == WIRE_NEEDS_READ ? POLLIN : POLLOUT };
	int64_t left_ms = (w->until_us - clock_mono_us()) / 1000;
	int rc;

	do
		rc = poll(&fd, 1, left_ms > 0 ? (int)left_ms : 0);
	while (rc == -1 && errno == EINTR);
	return rc == 1 || failed(w, "no answer in time");
}

static bool
needs_more(enum wire_result r)
{
	return r == WIRE_NEEDS_READ || r == WIRE_NEEDS_WRITE;
}

static bool
find_name(struct walk *w)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
		.ai_flags = AI_ADDRCONFIG };
	char port[8];
	int rc;

	snprintf(port, sizeof(port), "%u", w->target->url.port);
	rc = getaddrinfo(w->target->url.host, port, &hints, &w->addresses);
	if (rc != 0)
		return failed(w,
		    rc == EAI_SYSTEM ? strerror(errno) : gai_strerror(rc));
	for (const struct addrinfo *a = w->addresses; a != NULL; a = a->ai_next)
		w->out->addresses++;
	return true;
}

static bool
connect_to(struct walk *w, const struct addrinfo *a)
{
	struct wire_address to = { .len = a->ai_addrlen };
	enum wire_result r;

	memcpy(&to.at, a->ai_addr, a->ai_addrlen);
	(void)getnameinfo(a->ai_addr, a->ai_addrlen, w->out->address,
	    sizeof(w->out->address), NULL, 0, NI_NUMERICHOST);
	r = wire_open(&w->wire, &to);
	if (r == WIRE_NEEDS_WRITE) {
		if (!ready(w, r))
			return false;
		r = wire_opened(&w->wire);
	}
	return r == WIRE_DONE || failed(w, w->wire.problem);
}

/* One address after the other, all of them within the time. */
static bool
open_connection(struct walk *w)
{
	for (const struct addrinfo *a = w->addresses; a != NULL;
	     a = a->ai_next) {
		if (connect_to(w, a))
			return true;
		wire_close(&w->wire);
	}
	return false;
}

/* Of the chain that was believed, what is over first. */
static void
note_chain(struct walk *w)
{
	int at;

	w->out->tls = SSL_get_version(w->wire.ssl);
	w->out->certificate_s = cert_list_seconds_left(SSL_get0_verified_chain(
	                                                   w->wire.ssl),
	    clock_wall_ms() / 1000, &at);
	w->out->certificate_own = at == 0;
}

static bool
secure(struct walk *w)
{
	enum wire_result r;

	if (w->target->tls == NULL)
		return true;
	while (needs_more(r = wire_secure(&w->wire, w->target)))
		if (!ready(w, r))
			return false;
	if (r != WIRE_DONE)
		return failed(w, w->wire.problem);
	note_chain(w);
	return true;
}

static bool
ask(struct walk *w)
{
	struct bytes out;
	size_t put = 0, n = 0;
	enum wire_result r = WIRE_DONE;

	bytes_init(&out, ANSWER_MOST);
	bytes_addf(&out, "HEAD %s/ HTTP/1.1\r\nHost: ", w->target->url.prefix);
	url_print_host(&w->target->url, &out);
	bytes_add_text(&out,
	    "\r\nUser-Agent: leadbridge/" BRIDGE_VERSION
	    "\r\nConnection: close\r\n\r\n");
	while (put < out.len) {
		r = wire_write(&w->wire, out.data + put, out.len - put, &n);
		if (r == WIRE_DONE)
			put += n;
		else if (!needs_more(r) || !ready(w, r))
			break;
	}
	bytes_done(&out);
	if (put < out.len && w->out->problem[0] == '\0')
		failed(w, w->wire.problem);
	return w->out->problem[0] == '\0';
}

/* The head of the answer, or as much of it as there is room for. */
static bool
hear(struct walk *w, char *head, size_t room)
{
	size_t len = 0, n = 0;

	while (len + 1 < room && strstr(head, "\r\n\r\n") == NULL) {
		const enum wire_result r = wire_read(&w->wire, head + len,
		    room - 1 - len, &n);

		if (needs_more(r)) {
			if (!ready(w, r))
				return false;
			continue;
		}
		if (r != WIRE_DONE)
			break;
		len += n;
		head[len] = '\0';
	}
	return strncmp(head, "HTTP/1.", 7) == 0 ||
	    failed(w, "what answers there does not speak HTTP/1.1");
}

/* In seconds; -1: there is none. */
static int64_t
date_of(const char *head)
{
	const char *at = strcasestr(head, "\r\ndate:");

	if (at == NULL)
		return -1;
	at += strlen("\r\ndate:");
	return http_date(str_trim((struct str){ at, strcspn(at, "\r\n") }));
}

static bool
exchange(struct walk *w)
{
	char head[ANSWER_MOST] = "";
	const int64_t asked_ms = clock_wall_ms();
	int64_t date;

	if (!ask(w) || !hear(w, head, sizeof(head)))
		return false;
	date = date_of(head);
	if (date == -1)
		return true;
	w->out->has_date = true;
	/* It was said in between, and has no fractions. */
	w->out->ahead_ms = (asked_ms + clock_wall_ms()) / 2 -
	    (date * 1000 + 500);
	return true;
}

void
upstream_look(const struct upstream_target *t, struct upstream_look *out)
{
	static bool (*const steps[UPSTREAM_STEPS])(struct walk * w) = {
		[UPSTREAM_STEP_NAME] = find_name,
		[UPSTREAM_STEP_CONNECT] = open_connection,
		[UPSTREAM_STEP_TLS] = secure,
		[UPSTREAM_STEP_ANSWER] = exchange,
	};
	struct wire_memory memory = { .session = NULL };
	struct walk w = { .target = t, .out = out };

	*out = (struct upstream_look){ .done = 0 };
	wire_init(&w.wire, &memory);
	w.until_us = clock_mono_us() + t->options.timeout_ms * 1000;
	while (out->done < UPSTREAM_STEPS) {
		const int64_t from = clock_mono_us();
		const bool well = steps[out->done](&w);

		out->took_us[out->done] = clock_mono_us() - from;
		if (!well)
			break;
		out->problem[0] = '\0'; /* of an address before */
		out->done++;
	}
	wire_close(&w.wire);
	wire_forget_session(&memory);
	if (w.addresses != NULL)
		freeaddrinfo(w.addresses);
}
