/*
 * trace/trace_json.c - spans as an OTLP request, in JSON.
 *
 * The OTLP mapping: ids are hex, whole numbers of 64 bits are strings, enums
 * are numbers. Names of attributes are OpenTelemetry's HTTP conventions; ours
 * begin with "leadbridge.".
 */
#include <stdio.h>
#include <string.h>

#include "trace/trace_exporter.h"

#define STATUS_ERROR 2 /* of a span */

/* OTLP's SpanKind, and the name of those that have always the same. */
static const struct {
	int kind;
	const char *name;
} kinds[TRACE_KINDS] = {
	[TRACE_SERVER] = { 2, NULL },
	[TRACE_RECEIVE] = { 1, "receive" },
	[TRACE_VERIFY] = { 1, "verify" },
	[TRACE_MAP] = { 1, "map" },
	[TRACE_ATTEMPT] = { 3, NULL },
};

struct attributes {
	struct bytes *out;
	bool any;
};

static void
begin_attribute(struct attributes *a, const char *key)
{
	bytes_add_text(a->out, a->any ? ",{\"key\":\"" : "{\"key\":\"");
	bytes_add_text(a->out, key);
	bytes_add_text(a->out, "\",\"value\":{");
	a->any = true;
}

static void
add_text(struct attributes *a, const char *key, const char *text)
{
	if (text == NULL || text[0] == '\0')
		return;
	begin_attribute(a, key);
	bytes_add_text(a->out, "\"stringValue\":");
	bytes_add_json(a->out, str_of(text));
	bytes_add_text(a->out, "}}");
}

static void
add_number(struct attributes *a, const char *key, int64_t n)
{
	if (n == 0)
		return;
	begin_attribute(a, key);
	bytes_add_text(a->out, "\"intValue\":\"");
	bytes_add_int(a->out, n);
	bytes_add_text(a->out, "\"}}");
}

/* As the log writes it. */
static void
add_delivery(struct attributes *a, const unsigned char *id)
{
	static const size_t parts[] = { 4, 2, 2, 2, 6 };

	begin_attribute(a, "leadbridge.delivery.id");
	bytes_add_text(a->out, "\"stringValue\":\"");
	for (size_t i = 0; i < COUNT_OF(parts); i++) {
		bytes_add_text(a->out, i > 0 ? "-" : "");
		bytes_add_hex(a->out, id, parts[i]);
		id += parts[i];
	}
	bytes_add_text(a->out, "\"}}");
}

static void
add_error(struct attributes *a, const struct trace_span *s)
{
	char status[16];

	if (!s->failed)
		return;
	snprintf(status, sizeof(status), "%d", s->status);
	if (s->error != NULL || s->status != 0)
		add_text(a, "error.type", s->error != NULL ? s->error : status);
}

static void
add_server(struct attributes *a, const struct trace_span *s)
{
	add_text(a, "http.request.method", s->method);
	add_text(a, "http.route", s->place);
	add_number(a, "http.response.status_code", s->status);
	add_text(a, "url.scheme", s->tls ? "https" : "http");
	add_text(a, "leadbridge.sender", s->name);
	add_text(a, "leadbridge.outcome", s->outcome);
}

static void
add_attempt(struct attributes *a, const struct trace_span *s)
{
	add_text(a, "http.request.method", s->method);
	add_text(a, "server.address", s->place);
	add_number(a, "server.port", s->port);
	add_number(a, "http.response.status_code", s->status);
	add_number(a, "http.request.resend_count", s->resent);
	add_text(a, "leadbridge.upstream", s->name);
}

static void
print_attributes(const struct trace_span *s, struct bytes *out)
{
	struct attributes a = { .out = out };

	bytes_add_text(out, "\"attributes\":[");
	if (s->kind == TRACE_SERVER)
		add_server(&a, s);
	else if (s->kind == TRACE_ATTEMPT)
		add_attempt(&a, s);
	add_error(&a, s);
	add_delivery(&a, s->delivery);
	bytes_add_char(out, ']');
}

static void
print_name(const struct trace_span *s, struct bytes *out)
{
	char text[sizeof(s->place) + 32];
	struct bytes name = { .data = text,
		.room = sizeof(text),
		.ceiling = sizeof(text) - 1 };

	if (kinds[s->kind].name != NULL) {
		bytes_add_text(&name, kinds[s->kind].name);
	} else {
		bytes_add_text(&name,
		    strcmp(s->method, TRACE_METHOD_OTHER) == 0 ? "HTTP"
		                                               : s->method);
		if (s->kind == TRACE_SERVER)
			bytes_addf(&name, " %s", s->place);
	}
	bytes_add_json(out, bytes_str(&name));
}

static void
add_id(struct bytes *out, const char *name, const unsigned char *id, size_t n)
{
	bytes_addf(out, "\"%s\":\"", name);
	bytes_add_hex(out, id, n);
	bytes_add_text(out, "\",");
}

static bool
has_parent(const struct trace_span *s)
{
	static const unsigned char none[TRACE_SPAN_SIZE];

	return memcmp(s->parent, none, sizeof(none)) != 0;
}

static void
add_time(struct bytes *out, const char *name, int64_t us)
{
	bytes_addf(out, ",\"%s\":\"%lld000\"", name, (long long)us);
}

static void
print_span(const struct trace_span *s, int64_t ahead_us, struct bytes *out)
{
	bytes_add_char(out, '{');
	add_id(out, "traceId", s->trace, TRACE_ID_SIZE);
	add_id(out, "spanId", s->span, TRACE_SPAN_SIZE);
	if (has_parent(s))
		add_id(out, "parentSpanId", s->parent, TRACE_SPAN_SIZE);
	bytes_add_text(out, "\"name\":");
	print_name(s, out);
	bytes_addf(out, ",\"kind\":%d", kinds[s->kind].kind);
	add_time(out, "startTimeUnixNano", ahead_us + s->start_us);
	add_time(out, "endTimeUnixNano", ahead_us + s->end_us);
	bytes_add_char(out, ',');
	print_attributes(s, out);
	if (s->failed)
		bytes_addf(out, ",\"status\":{\"code\":%d}", STATUS_ERROR);
	bytes_add_char(out, '}');
}

void
trace_print(const struct trace_span *spans, size_t count,
    const char *service_name, int64_t ahead_us, struct bytes *out)
{
	struct attributes resource = { .out = out };

	bytes_add_text(out,
	    "{\"resourceSpans\":[{\"resource\":{\"attributes\":[");
	add_text(&resource, "service.name", service_name);
	add_text(&resource, "service.version", BRIDGE_VERSION);
	bytes_add_text(out,
	    "]},\"scopeSpans\":[{\"scope\":{\"name\":\"leadbridge\","
	    "\"version\":\"" BRIDGE_VERSION "\"},\"spans\":[");
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			bytes_add_char(out, ',');
		print_span(&spans[i], ahead_us, out);
	}
	bytes_add_text(out, "]}]}]}");
}
