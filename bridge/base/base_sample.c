/* base/base_sample.c - a request, read from what was captured of it. */
#include <string.h>

#include "base/base_clock.h"
#include "base/base_sample.h"

#define SAMPLE_HEADERS 100

/* One line without its end; false at the end of the text. */
static bool
take_line(struct str *rest, struct str *line)
{
	if (!str_cut(rest, '\n', line))
		return false;
	if (line->len > 0 && line->at[line->len - 1] == '\r')
		line->len--;
	return true;
}

void
sample_set_target(struct request *r, struct str target)
{
	r->target = r->query = target;
	str_cut(&r->query, '?', &r->path);
}

static int
parse_request_line(struct str line, struct request *out)
{
	struct str rest = line, target;

	if (!str_cut(&rest, ' ', &out->method) ||
	    !str_cut(&rest, ' ', &target) || target.len == 0 ||
	    target.at[0] != '/')
		return -1;
	sample_set_target(out, target);
	return str_starts(rest, STR("HTTP/1.")) ? 0 : -1;
}

static int
parse_http(struct str text, const char *name, struct arena *arena,
    struct request *out, struct fault *why)
{
	struct header *headers = arena_take(arena,
	    SAMPLE_HEADERS * sizeof(*headers));
	struct str rest = text, line;
	unsigned number = 1;
	size_t n = 0;

	if (headers == NULL)
		return fault_set(why, FAULT_BUSY, name, "out of memory");
	if (!take_line(&rest, &line) || parse_request_line(line, out) == -1)
		return fault_at(why, FAULT_SETTINGS, name, 1, 0,
		    "a request line is expected: POST /path HTTP/1.1");
	while (take_line(&rest, &line) && line.len > 0) {
		struct str value = line, key;

		number++;
		if (n == SAMPLE_HEADERS || !str_cut(&value, ':', &key) ||
		    value.at == NULL)
			return fault_at(why, FAULT_SETTINGS, name, number, 0,
			    "a header is expected: Name: value");
		headers[n++] = (struct header){ key, str_trim(value) };
	}
	out->headers = headers;
	out->header_count = n;
	out->body = rest.at != NULL ? rest : STR("");
	return 0;
}

static bool
ends_with(const char *name, const char *end)
{
	size_t a = strlen(name), b = strlen(end);

	return a >= b && strcmp(name + a - b, end) == 0;
}

static int
body_alone(struct str text, const char *name, struct arena *arena,
    struct request *out, struct fault *why)
{
	struct header *header = arena_take(arena, sizeof(*header));
	struct str start = str_trim(text);
	bool form = ends_with(name, ".form");

	if (header == NULL)
		return fault_set(why, FAULT_BUSY, name, "out of memory");
	if (!form && !ends_with(name, ".json"))
		form = start.len > 0 && strchr("{[\"", start.at[0]) == NULL;
	header->name = STR("Content-Type");
	header->value = form ? STR("application/x-www-form-urlencoded")
	                     : STR("application/json");
	out->method = STR("POST");
	out->target = out->path = STR("/");
	out->headers = header;
	out->header_count = 1;
	out->body = form ? start : text;
	return 0;
}

int
sample_parse(struct str text, const char *name, struct arena *arena,
    struct request *out, struct fault *why)
{
	*out = (struct request){ .received_ms = clock_wall_ms(),
		.peer = STR("127.0.0.1") };
	if (ends_with(name, ".http"))
		return parse_http(text, name, arena, out, why);
	return body_alone(text, name, arena, out, why);
}
