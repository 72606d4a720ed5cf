/*
 * tests/support/case_mapping.c - runs one folder of tests/cases/mapping.
 *
 *	mapping.cfg		the mapping part of a route's file
 *	check			the faults of compiling, all of them; or
 *	input.json, input.form	the event, and
 *	request.headers		"Name: value" lines, if the mapping asks
 *	query			the query string, likewise
 *	expected.json		{"leadId", "update"}; a list for a batch; or
 *	fault			the fault of the run, as a line
 *
 * An item that its own `when` skipped is null in a batch's list. Functions of
 * the sender see sender "case", delivery "d-1", 192.0.2.7, and receive at
 * 2026-01-31T09:30:00.250Z. param('tenant') is "acme".
 */
#include <stdio.h>
#include <stdlib.h>

#include "case.h"
#include "mapping/mapping.h"

#define HEADERS_MAX 16
#define RECEIVED_MS INT64_C(1769851800250)

/* Whatever is read stays until the end: values borrow from it. */
static struct str files[8];
static size_t file_count;

static struct str
read_kept(const char *folder, const char *name)
{
	return files[file_count++] = case_read(folder, name);
}

static void
drop_files(void)
{
	while (file_count > 0)
		free((void *)(uintptr_t)files[--file_count].at);
}

struct event {
	struct header headers[HEADERS_MAX];
	struct request request;
	struct header param;
	struct mapping_input input;
	struct arena *arena;
};

static void
read_headers(struct event *e, const char *folder)
{
	struct str rest, line;

	if (!case_has(folder, "request.headers"))
		return;
	rest = read_kept(folder, "request.headers");
	while (rest.len > 0) {
		struct str name;
		struct header *h = &e->headers[e->request.header_count];

		if (!str_cut(&rest, '\n', &line)) {
			line = rest;
			rest = STR_NONE;
		}
		if (!str_cut(&line, ':', &name))
			continue;
		*h = (struct header){ name, str_trim(line) };
		if (++e->request.header_count == HEADERS_MAX)
			return;
	}
}

static void
read_event(struct event *e, const char *folder, struct fault *why)
{
	bool form = case_has(folder, "input.form");
	struct str body = read_kept(folder, form ? "input.form" : "input.json");

	e->arena = arena_new((size_t)64 << 20);
	e->request = (struct request){ .method = STR("POST"),
		.headers = e->headers,
		.body = body,
		.peer = STR("192.0.2.7") };
	read_headers(e, folder);
	if (case_has(folder, "query"))
		e->request.query = str_trim(read_kept(folder, "query"));
	e->param = (struct header){ STR("tenant"), STR("acme") };
	e->input = (struct mapping_input){ .request = &e->request,
		.params = &e->param,
		.param_count = 1,
		.sender = STR("case"),
		.delivery_id = STR("d-1"),
		.received_ms = RECEIVED_MS,
		.arena = e->arena };
	e->input.document = form
	    ? decode_form(e->arena, str_trim(body), &decode_limits_default, why)
	    : decode_json(e->arena, body, &decode_limits_default, why);
}

static void
print_update(const struct mapping_update *u, struct bytes *out)
{
	if (u->skipped) {
		bytes_add_text(out, "null");
		return;
	}
	bytes_add_text(out, "{\"leadId\":");
	bytes_add_json(out, u->lead_id);
	bytes_add_text(out, ",\"update\":");
	bytes_add_str(out, u->body);
	bytes_add_char(out, '}');
}

/* The updates of the event as JSON; a list for a batch or for none. */
static int
run(const struct mapping *m, struct event *e, struct bytes *out,
    struct fault *why)
{
	struct mapping_events events;
	bool list;

	if (e->input.document == NULL ||
	    mapping_split(m, &e->input, &events, why) == -1)
		return -1;
	list = events.batch || events.count == 0;
	if (list)
		bytes_add_char(out, '[');
	for (size_t i = 0; i < events.count; i++) {
		struct mapping_update u;

		if (mapping_run(m, &e->input, events.at[i], &u, why) == -1)
			return -1;
		if (i > 0)
			bytes_add_char(out, ',');
		print_update(&u, out);
	}
	if (list)
		bytes_add_char(out, ']');
	return 0;
}

static int
compare_run(const struct mapping *m, const char *folder)
{
	struct event e = { .arena = NULL };
	struct fault why = { 0 };
	struct bytes out;
	int bad;

	bytes_init(&out, (size_t)16 << 20);
	read_event(&e, folder, &why);
	if (run(m, &e, &out, &why) == -1) {
		bytes_clear(&out);
		fault_print(&why, &out);
		bytes_add_char(&out, '\n');
		if (!case_has(folder, "fault"))
			printf("%.*s", STR_ARG(bytes_str(&out)));
		bad = case_has(folder, "fault")
		    ? case_compare_text(folder, "fault", bytes_str(&out).at)
		    : 1;
	} else
		bad = case_compare_json(folder, "expected.json",
		    bytes_str(&out));
	bytes_done(&out);
	arena_free(e.arena);
	return bad;
}

int
main(int argc, char **argv)
{
	struct faults all = { 0 };
	struct settings_file *file;
	struct mapping *m = NULL;
	struct bytes text;
	int bad = 1;

	if (argc != 2) {
		fprintf(stderr, "usage: case_mapping <folder>\n");
		return 2;
	}
	file = settings_parse(read_kept(argv[1], "mapping.cfg"), "mapping.cfg",
	    &all);
	if (file != NULL)
		m = mapping_compile(settings_root(file), &all);
	bytes_init(&text, (size_t)1 << 20);
	faults_print(&all, &text);
	if (case_has(argv[1], "check"))
		bad = case_compare_text(argv[1], "check", bytes_str(&text).at);
	else if (m == NULL)
		printf("%.*s", STR_ARG(bytes_str(&text)));
	else
		bad = compare_run(m, argv[1]);
	bytes_done(&text);
	mapping_free(m);
	settings_close(file);
	faults_done(&all);
	drop_files();
	return bad;
}
