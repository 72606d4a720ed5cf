/* upstream/upstream_call.c - one PATCH, from its request to its end. */
#include <stdio.h>
#include <string.h>

#include "metrics/metrics.h"
#include "upstream/upstream_pool.h"

static void
on_deadline(evutil_socket_t fd, short what, void *arg)
{
	struct upstream_call *call = arg;

	(void)fd, (void)what;
	if (call->wrote)
		call_end(call, UPSTREAM_LATE,
		    "the deadline passed without a complete answer");
	else if (call->conn != NULL)
		call_end(call, UPSTREAM_LATE_UNSENT,
		    "the deadline passed before the request was written");
	else
		call_end(call, UPSTREAM_LATE_UNSENT,
		    "the deadline passed in the queue for a connection");
}

struct upstream_call *
call_new(struct upstream_pool *p, upstream_done *done, void *arg)
{
	const struct upstream_options *o = &p->target->options;
	struct upstream_call *call = base_alloc(sizeof(*call));

	call->pool = p;
	call->done = done;
	call->arg = arg;
	call->started_us = clock_mono_us();
	answer_reader_init(&call->reader,
	    (struct answer_limits){ .headers = (size_t)o->max_answer_headers,
	        .body = (size_t)o->max_answer });
	evtimer_assign(&call->deadline, p->base, on_deadline, call);
	evtimer_add(&call->deadline, p->deadline);
	return call;
}

void
call_forget_request(struct upstream_call *call)
{
	if (call->request.data != NULL)
		explicit_bzero(call->request.data, call->request.room);
	bytes_done(&call->request);
}

void
call_free(struct upstream_call *call)
{
	call_move(call, NULL);
	event_del(&call->deadline);
	call_forget_request(call);
	answer_reader_done(&call->reader);
	base_free(call);
}

/* A sender may have chosen it: only visible ASCII goes as it is. */
static void
add_header_text(struct bytes *out, struct str s)
{
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.at[i];

		if (c > ' ' && c <= '~' && c != '%')
			bytes_add_char(out, s.at[i]);
		else
			bytes_addf(out, "%%%02X", c);
	}
}

/*
 * Room is taken once and for all: growing would leave copies of the key in
 * freed memory.
 */
bool
call_print(struct upstream_call *call, struct str lead_id, struct str body,
    struct str idempotency_key)
{
	const struct upstream_target *t = call->pool->target;
	struct bytes *out = &call->request;
	size_t most = t->start_len + lead_id.len + t->fields_len + 64 +
	    3 * idempotency_key.len + body.len;

	bytes_init(out, most);
	if (bytes_reserve(out, most) == NULL)
		return false;
	bytes_add(out, t->start, t->start_len);
	bytes_add_str(out, lead_id);
	bytes_add(out, t->fields, t->fields_len);
	bytes_add_int(out, (int64_t)body.len);
	if (idempotency_key.at != NULL) {
		bytes_add_text(out, "\r\nIdempotency-Key: ");
		add_header_text(out, idempotency_key);
	}
	bytes_add_text(out, "\r\n\r\n");
	bytes_add_str(out, body);
	return bytes_ok(out);
}

void
call_move(struct upstream_call *call, struct call_list *to)
{
	if (call->list != NULL) {
		TAILQ_REMOVE(&call->list->calls, call, link);
		call->list->count--;
	}
	call->list = to;
	if (to != NULL) {
		TAILQ_INSERT_TAIL(&to->calls, call, link);
		to->count++;
	}
}

void
call_end(struct upstream_call *call, enum upstream_outcome outcome,
    const char *reason)
{
	struct conn *c = call->conn;

	call->outcome = outcome;
	snprintf(call->reason, sizeof(call->reason), "%s", reason);
	event_del(&call->deadline);
	call_forget_request(call);
	call_move(call, &call->pool->ended);
	pool_wake(call->pool);
	if (c == NULL)
		return;
	call->conn = NULL;
	c->call = NULL;
	conn_close(c);
}

/* done may free the pool: then the last frame of user code does. */
static void
run_done(struct upstream_call *call, struct upstream_answer *a)
{
	struct upstream_pool *p = call->pool;

	call_move(call, NULL);
	event_del(&call->deadline);
	a->took_us = clock_mono_us() - call->started_us;
	p->running++;
	call->done(call->arg, a);
	p->running--;
	call_free(call);
	if (p->buried && p->running == 0)
		upstream_pool_free(p);
}

static enum metric_answer
answer_class(int status)
{
	static const enum metric_answer classes[] = { [2] = ANSWER_2XX,
		[3] = ANSWER_3XX,
		[4] = ANSWER_4XX,
		[5] = ANSWER_5XX };

	return classes[status / 100];
}

static struct str
text_str(const struct answer_text *text)
{
	return text->there ? (struct str){ text->at, text->len } : STR_NONE;
}

void
call_answer(struct upstream_call *call)
{
	const struct answer_reader *r = &call->reader;
	struct upstream_answer a = { .outcome = UPSTREAM_ANSWERED,
		.status = r->status,
		.content_type = text_str(&r->content_type),
		.retry_after = text_str(&r->retry_after),
		.body = bytes_str(&r->body) };

	metrics_add(METRIC_UPSTREAM, answer_class(r->status), 1);
	run_done(call, &a);
}

void
call_report_end(struct upstream_call *call)
{
	struct upstream_answer a = { .outcome = call->outcome,
		.reason = call->reason };

	metrics_add(METRIC_UPSTREAM, ANSWER_NONE, 1);
	run_done(call, &a);
}
