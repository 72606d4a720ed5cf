/*
 * listener/listener_answer.c - an answer as the peer gets it: one block.
 *
 * Head and body stand in a row in the request's arena, so that most answers
 * are one write and, over TLS, one record.
 */
#include <event2/util.h>
#include <string.h>
#include <time.h>

#include "listener/listener_worker.h"

/* All of a head but the values a service gives. */
#define HEAD_ROOM 256

/* "Date: ...\r\n", printed once a second. */
static struct str
date_line(struct worker *w)
{
	time_t now = time(NULL);
	char text[40];
	struct bytes line = { .data = w->date,
		.room = sizeof(w->date),
		.ceiling = sizeof(w->date) - 1 };
	struct tm tm;

	if (now != w->date_of) {
		w->date_of = now;
		evutil_date_rfc1123(text, sizeof(text), gmtime_r(&now, &tm));
		bytes_addf(&line, "Date: %s\r\n", text);
		w->date_len = line.len;
	}
	return (struct str){ w->date, w->date_len };
}

static bool
one_line(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.at[i] == '\r' || s.at[i] == '\n' || s.at[i] == '\0')
			return false;
	return true;
}

static void
add_header(struct bytes *out, const struct worker *w, struct str name,
    struct str value)
{
	if (!one_line(name) || !one_line(value)) {
		log_event(LOG_LEVEL_ERROR, "header not sent", "listener",
		    w->name, "reason", "it holds a line end", NULL);
		return;
	}
	bytes_add_str(out, name);
	bytes_add_str(out, STR(": "));
	bytes_add_str(out, value);
	bytes_add_str(out, STR("\r\n"));
}

static void
add_number(struct bytes *out, struct str name, uint64_t n)
{
	bytes_add_str(out, name);
	bytes_add_int(out, (int64_t)n);
	bytes_add_str(out, STR("\r\n"));
}

static void
add_head(struct bytes *out, struct worker *w, const struct answer *a,
    bool close)
{
	const char *reason = http_reason(a->status);

	bytes_add_str(out, STR("HTTP/1.1 "));
	bytes_add_int(out, a->status);
	bytes_add_char(out, ' ');
	bytes_add_text(out, reason);
	bytes_add_str(out, STR("\r\n"));
	bytes_add_str(out, date_line(w));
	if (a->status != 204) {
		add_header(out, w, STR("Content-Type"),
		    a->content_type.at != NULL ? a->content_type
		                               : STR("application/json"));
		add_number(out, STR("Content-Length: "), a->body.len);
	}
	if (a->retry_after > 0)
		add_number(out, STR("Retry-After: "), (uint64_t)a->retry_after);
	if (a->allow.at != NULL)
		add_header(out, w, STR("Allow"), a->allow);
	if (a->extra_name.at != NULL)
		add_header(out, w, a->extra_name, a->extra_value);
	if (close)
		bytes_add_str(out, STR("Connection: close\r\n"));
	bytes_add_str(out, STR("\r\n"));
}

struct str
answer_print(struct incoming *in, const struct answer *a, bool close)
{
	bool body = a->status != 204 && !in->no_body;
	struct bytes out;

	bytes_init_in(&out, in->exchange.arena, SIZE_MAX / 2);
	(void)bytes_reserve(&out,
	    HEAD_ROOM + a->content_type.len + a->allow.len + a->extra_name.len +
	        a->extra_value.len + (body ? a->body.len : 0));
	add_head(&out, in->worker, a, close);
	if (body)
		bytes_add_str(&out, a->body);
	return bytes_ok(&out) ? bytes_str(&out) : STR_NONE;
}
