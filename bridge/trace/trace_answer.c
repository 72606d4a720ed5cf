/*
 * trace/trace_answer.c - what a collector's answer means, by the rules of
 * OTLP over HTTP.
 */
#include "decode/decode.h"
#include "trace/trace_exporter.h"

#define FIRST_MS INT64_C(1000)
#define MOST_MS INT64_C(16000)
/* However long it asks for: it may have been told wrong itself. */
#define ASKED_MOST_MS INT64_C(300000)

static bool
is_passing(int status)
{
	return status == 429 || status == 502 || status == 503 || status == 504;
}

enum trace_verdict
trace_judge(const struct upstream_answer *a)
{
	if (a->outcome != UPSTREAM_ANSWERED || is_passing(a->status))
		return TRACE_AGAIN;
	return a->status >= 200 && a->status < 300 ? TRACE_TAKEN
	                                           : TRACE_REFUSED;
}

int64_t
trace_wait_ms(const struct upstream_answer *a, unsigned n, int64_t now_ms)
{
	int64_t asked, wait = FIRST_MS;

	for (; n > 1 && wait < MOST_MS; n--)
		wait *= 2;
	if (!http_retry_after(a->retry_after, now_ms, &asked))
		return wait;
	if (asked > ASKED_MOST_MS)
		asked = ASKED_MOST_MS;
	return asked > wait ? asked : wait;
}

/* {"partialSuccess":{"rejectedSpans":"3","errorMessage":"..."}} */
size_t
trace_rejected(struct str body, size_t count, struct arena *arena)
{
	struct fault why = { 0 };
	const struct document *d;
	struct str text;
	doc_node n;
	int64_t rejected;

	if (body.len == 0)
		return 0;
	d = decode_json(arena, body, &decode_limits_default, &why);
	if (d == NULL)
		return 0;
	n = doc_member(d, doc_root(d), STR("partialSuccess"));
	n = doc_member(d, n, STR("rejectedSpans"));
	text = doc_kind(d, n) == DOC_NUMBER ? doc_number(d, n) : doc_text(d, n);
	rejected = text.at != NULL ? str_number(text, INT64_MAX) : 0;
	if (rejected < 0)
		return 0;
	return (size_t)rejected < count ? (size_t)rejected : count;
}
