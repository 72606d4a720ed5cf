/* console/console_admin.c - health, readiness, metrics. */
#include "console/console_admin.h"
#include "metrics/metrics.h"

#define METRICS_CEILING ((size_t)1 << 20)

static void
healthz(const struct admin *a, struct exchange *x, struct answer *out)
{
	(void)a, (void)x;
	out->body = STR("{\"success\":true,\"data\":{\"status\":\"ok\"}}\n");
}

static void
readyz(const struct admin *a, struct exchange *x, struct answer *out)
{
	(void)x;
	if (atomic_load(&a->ready)) {
		out->body = STR(
		    "{\"success\":true,\"data\":{\"status\":\"ready\"}}\n");
		return;
	}
	out->status = 503;
	out->retry_after = 1;
	out->body = STR("{\"success\":false,\"error\":{\"code\":\"NOT_READY\","
	                "\"message\":\"Starting or draining\",\"details\":[]}}"
	                "\n");
}

static void
metrics(const struct admin *a, struct exchange *x, struct answer *out)
{
	struct bytes text;

	(void)a;
	bytes_init_in(&text, x->arena, METRICS_CEILING);
	metrics_print(&text);
	out->body = bytes_str(&text);
	out->content_type = STR("text/plain; version=0.0.4; charset=utf-8");
}

static const struct page {
	const char *path;
	void (*show)(const struct admin *a, struct exchange *x,
	    struct answer *out);
} pages[] = {
	{ "/healthz", healthz },
	{ "/readyz", readyz },
	{ "/metrics", metrics },
	{ NULL, NULL },
};

static void
serve(void *mine, struct exchange *x)
{
	const struct request *r = &x->request;
	struct answer a = { .status = 200 };
	struct fault why = { 0 };
	const struct page *page = pages;

	while (page->path != NULL && !str_eq(str_of(page->path), r->path))
		page++;
	if (page->path == NULL) {
		fault_set(&why, FAULT_ROUTE, NULL, "%s", "");
		answer_fault(&a, &why, x->arena);
	} else if (!str_eq(r->method, STR("GET")) &&
	    !str_eq(r->method, STR("HEAD"))) {
		fault_set(&why, FAULT_METHOD, NULL, "%s", "");
		answer_fault(&a, &why, x->arena);
		a.allow = STR("GET, HEAD");
	} else {
		page->show(mine, x, &a);
	}
	x->reply(x, &a);
}

static void *
start(void *shared, void *event_base, unsigned worker)
{
	(void)event_base, (void)worker;
	return shared;
}

static void
stop(void *mine)
{
	(void)mine;
}

struct service
admin_service(struct admin *a)
{
	return (struct service){ .start = start,
		.serve = serve,
		.stop = stop,
		.shared = a };
}
