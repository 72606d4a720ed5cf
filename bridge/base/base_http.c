/* base/base_http.c - requests, answers and the envelope. */
#include <string.h>

#include "base/base.h"

struct str
request_header(const struct request *r, struct str name)
{
	for (size_t i = 0; i < r->header_count; i++)
		if (str_eq_nocase(r->headers[i].name, name))
			return r->headers[i].value;
	return STR_NONE;
}

size_t
request_header_count(const struct request *r, struct str name)
{
	size_t count = 0;

	for (size_t i = 0; i < r->header_count; i++)
		count += str_eq_nocase(r->headers[i].name, name);
	return count;
}

struct str
request_query(const struct request *r, struct str name, struct arena *a)
{
	struct str rest = r->query, pair;

	while (str_cut(&rest, '&', &pair)) {
		struct str key, decoded;

		if (pair.len == 0 || !str_cut(&pair, '=', &key))
			continue;
		if (percent_decode(a, key, true, &decoded) == -1 ||
		    !str_eq(decoded, name))
			continue;
		if (pair.at == NULL)
			return STR("");
		if (percent_decode(a, pair, true, &decoded) == -1)
			return STR_NONE;
		return decoded;
	}
	return STR_NONE;
}

static const struct name reasons[] = {
	{ "OK", 200 },
	{ "Created", 201 },
	{ "Accepted", 202 },
	{ "No Content", 204 },
	{ "Bad Request", 400 },
	{ "Unauthorized", 401 },
	{ "Payment Required", 402 },
	{ "Forbidden", 403 },
	{ "Not Found", 404 },
	{ "Method Not Allowed", 405 },
	{ "Request Timeout", 408 },
	{ "Conflict", 409 },
	{ "Gone", 410 },
	{ "Length Required", 411 },
	{ "Content Too Large", 413 },
	{ "URI Too Long", 414 },
	{ "Unsupported Media Type", 415 },
	{ "Expectation Failed", 417 },
	{ "Unprocessable Content", 422 },
	{ "Too Many Requests", 429 },
	{ "Request Header Fields Too Large", 431 },
	{ "Internal Server Error", 500 },
	{ "Not Implemented", 501 },
	{ "Bad Gateway", 502 },
	{ "Service Unavailable", 503 },
	{ "Gateway Timeout", 504 },
	{ "HTTP Version Not Supported", 505 },
	{ NULL, -1 },
};

const char *
http_reason(int status)
{
	const char *text = name_text(reasons, status);

	return text != NULL ? text : "Status";
}

void
envelope_print(const struct fault *f, struct bytes *out)
{
	const struct fault_kind *kind = fault_kind(f->code);
	char detail[sizeof(f->where) + sizeof(f->text) + 32];
	struct bytes text = { .data = detail,
		.room = sizeof(detail),
		.ceiling = sizeof(detail) - 1 };

	bytes_add_text(out, "{\"success\":false,\"error\":{\"code\":");
	bytes_add_json(out, str_of(kind->name));
	bytes_add_text(out, ",\"message\":");
	bytes_add_json(out, str_of(kind->text));
	bytes_add_text(out, ",\"details\":[");
	if (f->text[0] != '\0') {
		fault_print(f, &text);
		bytes_add_json(out, bytes_str(&text));
	}
	bytes_add_text(out, "]}}");
}

void
answer_fault(struct answer *a, const struct fault *f, struct arena *arena)
{
	const struct fault_kind *kind = fault_kind(f->code);
	struct bytes body;

	bytes_init_in(&body, arena, 2048);
	envelope_print(f, &body);
	*a = (struct answer){ .status = kind->status,
		.body = bytes_str(&body),
		.retry_after = kind->again ? 5 : 0 };
	if (!bytes_ok(&body))
		a->body = STR(
		    "{\"success\":false,\"error\":{\"code\":\"BUSY\","
		    "\"message\":\"Try again later\",\"details\":[]}}");
}

void
exchange_refuse(struct exchange *x, enum fault_code code)
{
	struct fault why = { 0 };
	struct answer a;

	fault_set(&why, code, NULL, "%s", "");
	answer_fault(&a, &why, x->arena);
	x->reply(x, &a);
}
