/*
 * tests/bench/instructions.c - one part of a request's way, over and over.
 *
 *	bench_instructions PART COUNT FILES
 *
 * The rooms that cost instructions, without sockets, on the benchmark's
 * webhook (FILES/typeform.json) and mapping; the last three parts on
 * transforms.json and a mapping each, filled with the lines of transforms.txt
 * in turn. tests/bench/instructions runs it under callgrind with N and 2N
 * rounds: the difference, by N, is what a round costs, and what starting
 * costs cancels.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "delivery/delivery.h"
#include "metrics/metrics.h"

#define CEILING ((size_t)64 << 20)
#define FILE_MAX ((size_t)2 << 20)
#define NOW_MS INT64_C(1772360141000)

#define EVENTS_MAX 64

struct event {
	struct request request;
	struct header headers[8];
};

struct bench {
	struct route *route;
	struct arena *arena; /* reset behind every round, as a request's is */
	struct arena *kept;  /* the requests, and what a part starts from */
	struct event events[EVENTS_MAX];
	size_t event_count;
	const struct request *request; /* this round's */
	const struct document *document;
	struct str form;
};

static void
die(const char *what, const struct fault *why)
{
	fprintf(stderr, "bench_instructions: %s %s %s\n", what,
	    why != NULL ? why->where : "", why != NULL ? why->text : "");
	exit(1);
}

static struct str
read_file(struct arena *a, const char *folder, const char *name)
{
	char path[4096];
	char *text = arena_take(a, FILE_MAX);
	size_t len;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	f = fopen(path, "rb");
	if (f == NULL || text == NULL)
		die("cannot read", NULL);
	len = fread(text, 1, FILE_MAX, f);
	fclose(f);
	return str_trim((struct str){ text, len });
}

static void
verify(struct bench *b)
{
	if (verifier_check(route_verifier(b->route), b->request, b->arena) !=
	    VERIFY_OK)
		die("the webhook does not verify", NULL);
}

static const struct document *
decode_with(struct bench *b, struct str type, struct str body)
{
	struct fault why = { 0 };
	const struct document *d = decode_body(b->arena, type, body,
	    &decode_limits_default, &why);

	if (d == NULL)
		die("does not decode:", &why);
	return d;
}

static void
decode(struct bench *b)
{
	decode_with(b, request_header(b->request, STR("Content-Type")),
	    b->request->body);
}

static void
decode_a_form(struct bench *b)
{
	decode_with(b, STR("application/x-www-form-urlencoded"), b->form);
}

static void
map_document(struct bench *b, const struct document *document)
{
	struct mapping_input in = { .document = document,
		.request = b->request,
		.sender = str_of(route_sender(b->route)),
		.delivery_id = STR("01J0000000000000000000000"),
		.received_ms = b->request->received_ms,
		.arena = b->arena };
	struct mapping_events events = { 0 };
	struct mapping_update update = { 0 };
	struct fault why = { 0 };

	if (mapping_split(route_mapping(b->route), &in, &events, &why) == -1 ||
	    events.count != 1 ||
	    mapping_run(route_mapping(b->route), &in, DOC_NONE, &update,
	        &why) == -1)
		die("does not map:", &why);
	if (update.skipped || update.body.len == 0)
		die("maps to nothing", NULL);
}

static void
map(struct bench *b)
{
	map_document(b, b->document);
}

static void
whole(struct bench *b)
{
	verify(b);
	map_document(b,
	    decode_with(b, request_header(b->request, STR("Content-Type")),
	        b->request->body));
}

/* What is said of an event that was relayed; see delivery_log(). */
static void
tell(struct bench *b)
{
	(void)b;
	log_event(LOG_LEVEL_INFO, "relayed", "delivery",
	    "01a222cd-9745-76e6-94f9-842f495a4554", "route", "/hooks/typeform",
	    "sender", "typeform", "client", "127.0.0.1", "lead", "lead_abc123",
	    "status", "200", "upstream_status", "200", "receive_ms", "0.080",
	    "map_ms", "0.085", "upstream_ms", "18.498", "ms", "18.600", NULL);
}

/* ... and what is counted for it, from its first byte to its answer. */
static void
tally(struct bench *b)
{
	unsigned name = metric_of(1, 0);

	(void)b;
	metrics_observe(METRIC_RECEIVE, 0, 80);
	metrics_observe(METRIC_MAP, 0, 85);
	metrics_add(METRIC_UPSTREAM_CONNS, metric_of(1, METRIC_CONN_IDLE), -1);
	metrics_add(METRIC_UPSTREAM_CONNS, metric_of(1, METRIC_CONN_BUSY), 1);
	metrics_add(METRIC_UPSTREAM_REUSES, 0, 1);
	metrics_add(METRIC_UPSTREAM_CONNS, metric_of(1, METRIC_CONN_BUSY), -1);
	metrics_add(METRIC_UPSTREAM_CONNS, metric_of(1, METRIC_CONN_IDLE), 1);
	metrics_add(METRIC_UPSTREAM, metric_of(1, ANSWER_2XX), 1);
	metrics_observe(METRIC_UPSTREAM_TIME, name, 18498);
	metrics_add(METRIC_EVENTS, metric_of(1, OUTCOME_RELAYED), 1);
	metrics_observe(METRIC_ANSWER_TIME, 0, 18600);
	metrics_add(METRIC_REQUESTS, 2, 1);
}

/* By the names that stand in instructions.txt. */
static const struct part {
	const char *name;
	void (*run)(struct bench *b);
	const char *mapping, *event, *lines; /* of FILES */
} parts[] = {
	/* HMAC-SHA256 of the raw body */
	{ "verify", verify, "mapping.cfg", "typeform.json", NULL },
	/* JSON to a tape */
	{ "decode", decode, "mapping.cfg", "typeform.json", NULL },
	/* the same event's answers as a form */
	{ "form", decode_a_form, "mapping.cfg", "typeform.json", NULL },
	/* when, paths, checks, PATCH printed */
	{ "map", map, "mapping.cfg", "typeform.json", NULL },
	/* verify, decode, map */
	{ "whole", whole, "mapping.cfg", "typeform.json", NULL },
	/* its line in the log, and what is counted for it */
	{ "log", tell, "mapping.cfg", "typeform.json", NULL },
	{ "count", tally, "mapping.cfg", "typeform.json", NULL },
	/* the whole way without, with two and with three costly transforms */
	{ "untransformed", whole, "untransformed.cfg", "transforms.json",
	    "transforms.txt" },
	{ "date-country", whole, "date-country.cfg", "transforms.json",
	    "transforms.txt" },
	{ "transforms", whole, "transforms.cfg", "transforms.json",
	    "transforms.txt" },
};

static const struct part *
find_part(const char *name)
{
	for (size_t i = 0; i < COUNT_OF(parts); i++) {
		if (strcmp(parts[i].name, name) == 0)
			return &parts[i];
	}
	die("no such part:", NULL);
	return NULL;
}

static void
open_route(struct bench *b, const char *folder, const char *name)
{
	struct secrets *secrets = secrets_of("typeform",
	    STR("bench-secret-0123456789"), NULL);
	struct faults all = { 0 };
	char path[4096];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	b->route = route_open(path, secrets, &all);
	if (b->route == NULL)
		die("the mapping is wrong:", all.list);
	faults_done(&all);
	secrets_free(secrets);
}

static void
add_event(struct bench *b, struct str body)
{
	struct event *e = &b->events[b->event_count];
	size_t signed_by = 0;
	struct header *h = e->headers;

	if (b->event_count == EVENTS_MAX)
		die("too many events", NULL);
	b->event_count++;
	h[0] = (struct header){ STR("Host"), STR("hooks.example.com") };
	h[1] = (struct header){ STR("Content-Type"), STR("application/json") };
	h[2] = (struct header){ STR("User-Agent"), STR("Typeform Webhooks") };
	h[3] = (struct header){ STR("Accept"), STR("*/*") };
	e->request = (struct request){ .method = STR("POST"),
		.target = STR("/hooks/typeform"),
		.path = STR("/hooks/typeform"),
		.headers = h,
		.header_count = 4,
		.body = body,
		.peer = STR("127.0.0.1"),
		.received_ms = NOW_MS };
	if (verifier_sign(route_verifier(b->route), &e->request, b->kept, h + 4,
	        COUNT_OF(e->headers) - 4, &signed_by, &e->request.target,
	        NULL) == -1)
		die("the webhook cannot be signed", NULL);
	e->request.header_count += signed_by;
}

/* The template with each <name> in it filled, in the order they stand. */
static struct str
filled(struct bench *b, struct str template, struct str line)
{
	struct str text, value;
	struct bytes out;

	bytes_init_in(&out, b->kept, FILE_MAX);
	while (str_cut(&template, '<', &text)) {
		bytes_add_str(&out, text);
		if (template.at == NULL)
			break;
		if (!str_cut(&line, '\t', &value) ||
		    !str_cut(&template, '>', &text))
			die("a line has too few values", NULL);
		bytes_add_str(&out, value);
	}
	return bytes_str(&out);
}

/* One event, or as many as there are lines to fill it with. */
static void
add_events(struct bench *b, const struct part *part, const char *folder)
{
	struct str event = read_file(b->kept, folder, part->event), rest, line;

	if (part->lines == NULL) {
		add_event(b, event);
		return;
	}
	rest = read_file(b->kept, folder, part->lines);
	while (str_cut(&rest, '\n', &line))
		if (!str_starts(line, STR("#")))
			add_event(b, filled(b, event, line));
}

static void
fill(struct bench *b, const struct part *part, const char *folder)
{
	struct arena *scratch = b->arena;

	open_route(b, folder, part->mapping);
	add_events(b, part, folder);
	b->request = &b->events[0].request;
	b->form = read_file(b->kept, folder, "form.txt");
	b->arena = b->kept; /* the document must outlive the rounds */
	b->document = decode_with(b, STR("application/json"), b->request->body);
	b->arena = scratch;
}

int
main(int argc, char **argv)
{
	static struct bench b;
	const struct part *part;
	long rounds;

	if (argc != 4) {
		fprintf(stderr, "usage: bench_instructions PART COUNT FILES\n");
		return 2;
	}
	b.arena = arena_new(CEILING);
	b.kept = arena_new(CEILING);
	part = find_part(argv[1]);
	rounds = strtol(argv[2], NULL, 10);
	fill(&b, part, argv[3]);
	for (long i = 0; i < rounds; i++) {
		b.request = &b.events[(size_t)i % b.event_count].request;
		part->run(&b);
		arena_reset(b.arena);
	}
	route_close(b.route);
	arena_free(b.arena);
	arena_free(b.kept);
	return 0;
}
