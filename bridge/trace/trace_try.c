/* trace/trace_try.c - does the collector take what it is sent? */
#include <stdio.h>

#include <event2/event.h>

#include "trace/trace_exporter.h"

static void
on_answer(void *arg, const struct upstream_answer *a)
{
	struct trace_proof *out = arg;

	out->status = a->status;
	out->taken = trace_judge(a) == TRACE_TAKEN;
	out->later = a->outcome == UPSTREAM_ANSWERED &&
	    trace_judge(a) == TRACE_AGAIN;
	if (a->outcome != UPSTREAM_ANSWERED)
		snprintf(out->reason, sizeof(out->reason), "%s%s%s",
		    upstream_outcome_name(a->outcome),
		    a->reason != NULL ? ": " : "",
		    a->reason != NULL ? a->reason : "");
}

void
trace_try(const struct trace_rules *r, struct trace_proof *out)
{
	struct event_base *base = event_base_new();
	struct upstream_pool *pool;
	struct upstream_call *call;

	*out = (struct trace_proof){ .status = 0 };
	if (base == NULL)
		bug("no event loop for a question");
	pool = upstream_pool_new(base, r->collector);
	call = upstream_begin(pool, TRACE_BODY_MAX);
	trace_print(NULL, 0, r->settings.service_name, 0, upstream_body(call));
	upstream_post(call, on_answer, out);
	while (out->status == 0 && out->reason[0] == '\0')
		if (event_base_loop(base, EVLOOP_ONCE) != 0)
			break;
	upstream_pool_free(pool);
	event_base_free(base);
}
