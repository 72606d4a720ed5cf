/* delivery/delivery_event.c - requests to text and back. */
#include "delivery/delivery_event.h"

#define PEER_HEADER "X-Leadbridge-Peer"
#define EVENT_HEADERS_MAX 256

/* Credentials, and what holds for one connection only. */
static const char *const left_out[] = {
	"Authorization",
	"Connection",
	"Content-Length",
	"Cookie",
	"Expect",
	"Keep-Alive",
	"Proxy-Authorization",
	"Transfer-Encoding",
	"X-API-Key",
	PEER_HEADER,
};

static bool
is_left_out(const struct header *h, const struct verifier *verifier)
{
	for (size_t i = 0; i < COUNT_OF(left_out); i++)
		if (str_eq_nocase(h->name, str_of(left_out[i])))
			return true;
	return verifier_is_token_header(verifier, h->name);
}

static void
print_line(struct bytes *out, struct str name, struct str value)
{
	bytes_add_str(out, name);
	bytes_add_text(out, ": ");
	bytes_add_str(out, value);
	bytes_add_text(out, "\r\n");
}

/* The query without parameters that are secrets. */
static void
print_query(struct bytes *out, struct str query,
    const struct verifier *verifier, struct arena *arena)
{
	struct str rest = query, part;
	char before = '?';

	while (str_cut(&rest, '&', &part)) {
		struct str value = part, name;

		(void)str_cut(&value, '=', &name);
		if (percent_decode(arena, name, true, &name) == -1 ||
		    verifier_is_token_query(verifier, name))
			continue;
		bytes_add_char(out, before);
		bytes_add_str(out, part);
		before = '&';
	}
}

static void
print_body(struct bytes *out, struct str body, struct str token)
{
	size_t from = out->len;

	bytes_add_str(out, body);
	if (token.len == 0 || !bytes_ok(out))
		return;
	for (;;) {
		char *at = memmem(out->data + from, out->len - from, token.at,
		    token.len);

		if (at == NULL)
			return;
		memset(at, '*', token.len);
	}
}

void
event_print(const struct request *r, const struct verifier *verifier,
    struct arena *arena, struct bytes *out)
{
	struct str token = verifier_body_token(verifier, r, arena);

	bytes_add_str(out, r->method);
	bytes_add_char(out, ' ');
	bytes_add_str(out, r->path);
	if (r->query.at != NULL)
		print_query(out, r->query, verifier, arena);
	bytes_add_text(out, " HTTP/1.1\r\n");
	if (r->peer.at != NULL)
		print_line(out, STR(PEER_HEADER), r->peer);
	for (size_t i = 0; i < r->header_count; i++)
		if (!is_left_out(&r->headers[i], verifier))
			print_line(out, r->headers[i].name,
			    r->headers[i].value);
	bytes_add_text(out, "\r\n");
	print_body(out, r->body, token);
}

/* A line of the head, without its end; false when there is none. */
static bool
next_line(struct str *rest, struct str *line)
{
	const char *end = rest->len > 0 ? memchr(rest->at, '\n', rest->len)
	                                : NULL;

	if (end == NULL)
		return false;
	*line = str_span(rest->at, end);
	*rest = str_skip(*rest, line->len + 1);
	if (line->len > 0 && line->at[line->len - 1] == '\r')
		line->len--;
	return true;
}

static int
not_an_event(struct fault *why)
{
	return fault_set(why, FAULT_INTERNAL, NULL,
	    "the journal holds an event that cannot be read");
}

static int
parse_first(struct str line, struct request *out, struct fault *why)
{
	struct str rest = line, target;

	if (!str_cut(&rest, ' ', &out->method) ||
	    !str_cut(&rest, ' ', &target) || !str_eq(rest, STR("HTTP/1.1")) ||
	    target.len == 0)
		return not_an_event(why);
	out->target = target;
	out->query = target;
	(void)str_cut(&out->query, '?', &out->path);
	if (out->path.len == target.len)
		out->query = STR_NONE;
	return 0;
}

static int
parse_headers(struct str *rest, struct header *headers, struct request *out,
    struct fault *why)
{
	struct str line;

	for (;;) {
		struct header h;

		if (!next_line(rest, &line))
			return not_an_event(why);
		if (line.len == 0)
			return 0;
		h.value = line;
		if (!str_cut(&h.value, ':', &h.name) ||
		    out->header_count == EVENT_HEADERS_MAX)
			return not_an_event(why);
		h.value = str_trim(h.value);
		if (str_eq(h.name, STR(PEER_HEADER)))
			out->peer = h.value;
		else
			headers[out->header_count++] = h;
	}
}

int
event_parse(struct str text, struct arena *arena, struct request *out,
    struct fault *why)
{
	struct str rest = text, line;
	struct header *headers = arena_take(arena,
	    EVENT_HEADERS_MAX * sizeof(*headers));

	*out = (struct request){ .headers = headers };
	if (headers == NULL)
		return fault_set(why, FAULT_BUSY, NULL, "%s", "");
	if (!next_line(&rest, &line) || parse_first(line, out, why) == -1 ||
	    parse_headers(&rest, headers, out, why) == -1)
		return not_an_event(why);
	out->body = rest;
	return 0;
}
