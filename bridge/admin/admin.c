/* admin/admin.c - the admin endpoint: who may, and what is there. */
#include <openssl/crypto.h>
#include <string.h>

#include "admin/admin_job.h"
#include "metrics/metrics.h"
#include "secrets/secrets.h"

#define METRICS_CEILING ((size_t)1 << 20)

static void
healthz(struct admin_worker *w, struct exchange *x)
{
	const struct answer a = { .status = 200,
		.body = STR(
		    "{\"success\":true,\"data\":{\"status\":\"ok\"}}\n") };

	(void)w;
	x->reply(x, &a);
}

static void
not_ready(struct exchange *x, struct str body)
{
	const struct answer a = { .status = 503,
		.retry_after = 1,
		.body = body };

	x->reply(x, &a);
}

static void
readyz(struct admin_worker *w, struct exchange *x)
{
	const struct answer a = { .status = 200,
		.body = STR(
		    "{\"success\":true,\"data\":{\"status\":\"ready\"}}\n") };

	if (w->admin->journal != NULL && !journal_healthy(w->admin->journal))
		not_ready(x,
		    STR("{\"success\":false,\"error\":{\"code\":"
		        "\"NOT_READY\",\"message\":\"The journal "
		        "cannot be written\",\"details\":[]}}\n"));
	else if (!atomic_load(w->admin->ready))
		not_ready(x,
		    STR("{\"success\":false,\"error\":{\"code\":"
		        "\"NOT_READY\",\"message\":\"Starting or "
		        "draining\",\"details\":[]}}\n"));
	else
		x->reply(x, &a);
}

static void
metrics(struct admin_worker *w, struct exchange *x)
{
	struct answer a = { .status = 200,
		.content_type = STR(
		    "text/plain; version=0.0.4; charset=utf-8") };
	struct bytes text;

	(void)w;
	bytes_init_in(&text, x->arena, METRICS_CEILING);
	metrics_print(&text);
	a.body = bytes_str(&text);
	x->reply(x, &a);
}

/* A path that ends in '/' stands for all below it; the first row counts. */
static const struct page {
	const char *path;
	const char *method; /* HEAD goes with GET */
	bool open;          /* anybody may */
	bool journal;       /* there has to be one */
	void (*serve)(struct admin_worker *w, struct exchange *x);
} pages[] = {
	{ "/healthz", "GET", true, false, healthz },
	{ "/readyz", "GET", true, false, readyz },
	{ "/metrics", "GET", false, false, metrics },
	{ "/deliveries", "GET", false, true, admin_list },
	{ "/deliveries/retry", "POST", false, true, admin_retry },
	{ "/deliveries/drop", "POST", false, true, admin_drop },
	{ "/deliveries/", "GET", false, true, admin_show },
	{ "/forget", "POST", false, true, admin_forget },
	{ "/reload", "POST", false, false, admin_reload },
	{ "/settings", "GET", false, false, admin_settings_show },
	{ "/log", "POST", false, false, admin_log },
	{ NULL, NULL, false, false, NULL },
};

static const struct page *
find_page(struct str path)
{
	for (const struct page *p = pages; p->path != NULL; p++) {
		struct str at = str_of(p->path);

		if (str_eq(at, path) ||
		    (at.at[at.len - 1] == '/' && str_starts(path, at)))
			return p;
	}
	return NULL;
}

static bool
method_fits(const struct page *p, struct str method)
{
	return str_eq(method, str_of(p->method)) ||
	    (str_eq(method, STR("HEAD")) &&
	        str_eq(str_of(p->method), STR("GET")));
}

/* localhost, 127.x.y.z or [::1], with any port. */
static bool
is_loopback_name(struct str host)
{
	struct str rest = host, name;

	if (str_eq(host, STR("[::1]")) || str_starts(host, STR("[::1]:")))
		return true;
	if (!str_cut(&rest, ':', &name))
		return false;
	if (str_eq_nocase(name, STR("localhost")))
		return true;
	for (size_t i = 0; i < name.len; i++)
		if (name.at[i] != '.' && (name.at[i] < '0' || name.at[i] > '9'))
			return false;
	return str_starts(name, STR("127."));
}

/* All values are looked at, so that time tells nothing. */
static bool
knows_token(const struct secret *token, const struct request *r)
{
	struct str rest = request_header(r, STR("Authorization")), scheme;
	bool known = false;

	if (!str_cut(&rest, ' ', &scheme) ||
	    !str_eq_nocase(scheme, STR("Bearer")))
		return false;
	rest = str_trim(rest);
	for (size_t i = 0; i < secret_count(token); i++) {
		struct str value = secret_value(token, i);

		if (value.len == rest.len &&
		    CRYPTO_memcmp(value.at, rest.at, rest.len) == 0)
			known = true;
	}
	/* A job may wait for the journal: not with the token. */
	if (rest.len > 0)
		memset((void *)(uintptr_t)rest.at, '*', rest.len);
	return known;
}

static void
refuse_unknown(struct exchange *x)
{
	struct fault why = { 0 };
	struct answer a;

	fault_set(&why, FAULT_UNSIGNED, NULL,
	    "the admin token is missing or another: Authorization: Bearer ...");
	answer_fault(&a, &why, x->arena);
	a.extra_name = STR("WWW-Authenticate");
	a.extra_value = STR("Bearer");
	x->reply(x, &a);
}

/* False when it may not, which it was told. */
static bool
may(const struct admin *admin, struct exchange *x)
{
	const struct request *r = &x->request;

	if (admin->token != NULL) {
		if (knows_token(admin->token, r))
			return true;
		admin_audit_refused(x, "the token is missing or another");
		refuse_unknown(x);
		return false;
	}
	if (is_loopback_name(request_header(r, STR("Host"))))
		return true;
	admin_audit_refused(x, "asked for by another name than this machine's");
	admin_refuse(x, FAULT_FORBIDDEN,
	    "without a token the admin endpoint is asked for as localhost or "
	    "by a loopback address");
	return false;
}

static void
refuse_method(const struct page *p, struct exchange *x)
{
	struct fault why = { 0 };
	struct answer a;

	fault_set(&why, FAULT_METHOD, NULL, "%s", "");
	answer_fault(&a, &why, x->arena);
	a.allow = str_of(p->method[0] == 'G' ? "GET, HEAD" : p->method);
	x->reply(x, &a);
}

static void
serve(void *mine, struct exchange *x)
{
	struct admin_worker *w = mine;
	const struct page *p = find_page(x->request.path);

	if (p == NULL)
		admin_refuse(x, FAULT_ROUTE, "%s", "");
	else if (!method_fits(p, x->request.method))
		refuse_method(p, x);
	else if (!p->open && !may(w->admin, x))
		return;
	else if (p->journal && w->port == NULL)
		admin_refuse(x, FAULT_ROUTE,
		    "there is no journal: the settings have none");
	else
		p->serve(w, x);
}

static void *
start(void *shared, void *event_base, unsigned worker)
{
	struct admin_worker *w = base_alloc(sizeof(*w));

	(void)worker;
	w->admin = shared;
	share_hold(w->admin->share);
	if (w->admin->journal != NULL)
		w->port = journal_port_new(w->admin->journal, event_base, NULL,
		    NULL);
	if (w->admin->asks != NULL)
		reloads_watch(w, event_base);
	return w;
}

/* Jobs under way hold what they began with. */
static void
renew(void *mine, void *shared)
{
	struct admin_worker *w = mine;
	const struct admin *before = w->admin;

	w->admin = shared;
	share_hold(w->admin->share);
	share_drop(before->share);
}

/* Jobs come back, see that the bridge stops, and answer so. */
static void
stop(void *mine)
{
	struct admin_worker *w = mine;

	w->stopping = true;
	reloads_refuse(w);
	journal_port_free(w->port);
	share_drop(w->admin->share);
	base_free(w);
}

struct service
admin_service(struct admin *a)
{
	return (struct service){ .start = start,
		.serve = serve,
		.renew = renew,
		.stop = stop,
		.shared = a };
}
