/* upstream/upstream_call.c - one PATCH, from its request to its end. */
#include <stdio.h>
#include <string.h>

#include "metrics/metrics.h"
#include "upstream/upstream_pool.h"

/* A usual update: its request is taken at once and never grows. */
#define BODY_FIRST ((size_t)1024)
/* A call that once had more of it does not keep it. */
#define ROOM_KEPT ((size_t)16384)

void
call_end_late(struct upstream_call *call)
{
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

static void
on_deadline(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	call_end_late(arg);
}

struct upstream_call *
call_begin(struct upstream_pool *p, size_t most)
{
	size_t head = p->target->head_room;
	size_t first = most < BODY_FIRST ? most : BODY_FIRST;
	struct upstream_call *call = SLIST_FIRST(&p->spare);

	if (call != NULL) {
		SLIST_REMOVE_HEAD(&p->spare, below);
		p->spare_count--;
	} else {
		call = base_alloc(sizeof(*call));
		call->pool = p;
		evtimer_assign(&call->deadline, p->base, on_deadline, call);
	}
	call->sent = 0;
	call->until_us = INT64_MAX;
	call->traceparent = call->tracestate = STR_NONE;
	call->wrote = call->again = false;
	call->request.ceiling = head + most;
	/* A failure sticks: whoever prints the body, or sends it, sees it. */
	if (bytes_reserve(&call->request, head + first) != NULL)
		call->request.len = head;
	return call;
}

bool
call_is_late(const struct upstream_call *call)
{
	return call->until_us != INT64_MAX && !call->wrote &&
	    clock_mono_us() >= call->until_us;
}

void
upstream_until(struct upstream_call *call, int64_t us)
{
	call->until_us = us;
}

/* The target's timeout, as all calls share it, or less of its own. */
static void
arm_deadline(struct upstream_call *call)
{
	const struct upstream_pool *p = call->pool;
	int64_t left = call->until_us - call->started_us;
	struct timeval own;

	if (left >= p->target->options.timeout_ms * 1000) {
		evtimer_add(&call->deadline, p->deadline);
		return;
	}
	if (left < 0)
		left = 0;
	own = (struct timeval){ .tv_sec = (time_t)(left / 1000000),
		.tv_usec = (suseconds_t)(left % 1000000) };
	evtimer_add(&call->deadline, &own);
}

void
call_start(struct upstream_call *call, upstream_done *done, void *arg)
{
	struct upstream_pool *p = call->pool;
	const struct upstream_options *o = &p->target->options;

	call->done = done;
	call->arg = arg;
	call->started_us = clock_mono_us();
	answer_reader_again(&call->reader,
	    (struct answer_limits){ .headers = (size_t)o->max_answer_headers,
	        .body = (size_t)o->max_answer });
	arm_deadline(call);
}

/* Requests wait, for connections and for peers: the key does not with them. */
void
call_show_key(struct upstream_call *call)
{
	const struct upstream_target *t = call->pool->target;

	if (t->key_len > 0)
		memcpy(call->request.data + call->key, t->key, t->key_len);
}

void
call_hide_key(struct upstream_call *call)
{
	const struct upstream_target *t = call->pool->target;

	if (t->key_len > 0)
		memset(call->request.data + call->key, '*', t->key_len);
	registers_forget();
}

void
call_forget_request(struct upstream_call *call)
{
	if (call->request.data != NULL)
		explicit_bzero(call->request.data, call->request.len);
	bytes_clear(&call->request);
}

static void
call_free(struct upstream_call *call)
{
	bytes_done(&call->request);
	answer_reader_done(&call->reader);
	base_free(call);
}

void
call_retire(struct upstream_call *call)
{
	struct upstream_pool *p = call->pool;

	call_move(call, NULL);
	event_del(&call->deadline);
	call_forget_request(call);
	if (p->spare_count >= (size_t)p->target->options.connections) {
		call_free(call);
		return;
	}
	if (call->request.room > ROOM_KEPT)
		bytes_done(&call->request);
	answer_reader_shrink(&call->reader, ROOM_KEPT);
	SLIST_INSERT_HEAD(&p->spare, call, below);
	p->spare_count++;
}

void
call_free_spare(struct upstream_pool *p)
{
	struct upstream_call *call;

	while ((call = SLIST_FIRST(&p->spare)) != NULL) {
		SLIST_REMOVE_HEAD(&p->spare, below);
		call_free(call);
	}
}

/* The head is printed from its end to its beginning. */
static void
put(char **at, const char *text, size_t len)
{
	*at -= len;
	memcpy(*at, text, len);
}

static void
put_number(char **at, size_t n)
{
	do {
		*--*at = (char)('0' + n % 10);
		n /= 10;
	} while (n > 0);
}

/* A sender may have chosen it: only visible ASCII goes as it is. */
static void
put_header_text(char **at, struct str s)
{
	static const char hex[] = "0123456789ABCDEF";

	for (size_t i = s.len; i-- > 0;) {
		unsigned char c = (unsigned char)s.at[i];
		char coded[3] = { '%', hex[c >> 4], hex[c & 15] };

		if (c > ' ' && c <= '~' && c != '%')
			*--*at = s.at[i];
		else
			put(at, coded, sizeof(coded));
	}
}

/* Moves the body to make more room before it. */
static bool
widen(struct upstream_call *call, size_t more)
{
	struct bytes *r = &call->request;
	size_t head = call->pool->target->head_room;

	r->ceiling += more;
	if (bytes_reserve(r, more) == NULL)
		return false;
	memmove(r->data + head + more, r->data + head, r->len - head);
	r->len += more;
	return true;
}

/* Fields of this call alone; a value that is STR_NONE leaves one out. */
static const struct str key_field = { "\r\nIdempotency-Key: ", 19 };
static const struct str parent_field = { "\r\ntraceparent: ", 15 };
static const struct str state_field = { "\r\ntracestate: ", 14 };

static void
put_field(char **at, struct str name, struct str value)
{
	if (value.at == NULL)
		return;
	put(at, value.at, value.len);
	put(at, name.at, name.len);
}

/* The most that they take. */
static size_t
own_fields(const struct upstream_call *call, struct str idempotency_key)
{
	size_t most = 0;

	if (idempotency_key.at != NULL)
		most += key_field.len + 3 * idempotency_key.len;
	if (call->traceparent.at != NULL)
		most += parent_field.len + call->traceparent.len;
	if (call->tracestate.at != NULL)
		most += state_field.len + call->tracestate.len;
	return most;
}

bool
call_print_head(struct upstream_call *call, struct str lead_id,
    struct str idempotency_key)
{
	const struct upstream_target *t = call->pool->target;
	struct bytes *out = &call->request;
	size_t head = t->head_room, body, more;
	char *at;

	if (!bytes_ok(out))
		return false;
	body = out->len - head;
	more = own_fields(call, idempotency_key);
	if (more > 0 && !widen(call, more))
		return false;
	at = out->data + head + more;
	put(&at, "\r\n\r\n", 4);
	put_field(&at, state_field, call->tracestate);
	put_field(&at, parent_field, call->traceparent);
	if (idempotency_key.at != NULL) {
		put_header_text(&at, idempotency_key);
		put(&at, key_field.at, key_field.len);
	}
	put_number(&at, body);
	put(&at, t->fields, t->fields_len);
	call->key = (size_t)(at - out->data) + t->key_at;
	if (lead_id.len > 0)
		put(&at, lead_id.at, lead_id.len);
	put(&at, t->start, t->start_len);
	call->sent = (size_t)(at - out->data);
	return true;
}

static void
count_queued(const struct upstream_call *call, int n)
{
	const struct upstream_pool *p = call->pool;

	if (call->list == &p->queue)
		metrics_add(METRIC_UPSTREAM_QUEUE,
		    metric_of(p->target->metric, 0), n);
}

static void
leave_list(struct upstream_call *call)
{
	if (call->list == NULL)
		return;
	TAILQ_REMOVE(&call->list->calls, call, link);
	call->list->count--;
	count_queued(call, -1);
	call->list = NULL;
}

static void
join_list(struct upstream_call *call, struct call_list *in)
{
	call->list = in;
	in->count++;
	count_queued(call, 1);
}

void
call_move(struct upstream_call *call, struct call_list *to)
{
	leave_list(call);
	if (to == NULL)
		return;
	TAILQ_INSERT_TAIL(&to->calls, call, link);
	join_list(call, to);
}

void
call_move_first(struct upstream_call *call, struct call_list *to)
{
	leave_list(call);
	TAILQ_INSERT_HEAD(&to->calls, call, link);
	join_list(call, to);
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
run_done(struct upstream_call *call, struct upstream_answer *a, int64_t now_us)
{
	struct upstream_pool *p = call->pool;

	call_move(call, NULL);
	event_del(&call->deadline);
	a->took_us = now_us - call->started_us;
	metrics_observe(METRIC_UPSTREAM_TIME, metric_of(p->target->metric, 0),
	    a->took_us);
	p->running++;
	call->done(call->arg, a);
	p->running--;
	call_retire(call);
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

_Static_assert(UPSTREAM_ANSWERED == 0 && UPSTREAM_OUTCOMES == UNANSWEREDS + 1,
    "all but the first are counted");

static void
count_answer(const struct upstream_call *call, enum metric_answer class)
{
	metrics_add(METRIC_UPSTREAM,
	    metric_of(call->pool->target->metric, class), 1);
}

static struct str
text_str(const struct answer_text *text)
{
	return text->there ? (struct str){ text->at, text->len } : STR_NONE;
}

void
call_answer(struct upstream_call *call, int64_t now_us)
{
	const struct answer_reader *r = &call->reader;
	struct upstream_answer a = { .outcome = UPSTREAM_ANSWERED,
		.status = r->status,
		.content_type = text_str(&r->content_type),
		.retry_after = text_str(&r->retry_after),
		.body = bytes_str(&r->body),
		.reason = r->cut ? "its body is larger than the limit" : NULL };

	count_answer(call, answer_class(r->status));
	metrics_add(METRIC_UPSTREAM_STATUS,
	    metric_of(call->pool->target->metric, metric_status(r->status)), 1);
	run_done(call, &a, now_us);
}

void
call_report_end(struct upstream_call *call)
{
	struct upstream_answer a = { .outcome = call->outcome,
		.reason = call->reason,
		.unsent = !call->wrote };

	count_answer(call, ANSWER_NONE);
	metrics_add(METRIC_UPSTREAM_FAILURES,
	    metric_of(call->pool->target->metric, call->outcome - 1), 1);
	run_done(call, &a, clock_mono_us());
}
