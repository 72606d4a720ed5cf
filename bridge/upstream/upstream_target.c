/* upstream/upstream_target.c - one leads API, as the settings describe it. */
#include <string.h>

#include "upstream/upstream_target.h"

#define AT(member) offsetof(struct upstream_options, member)

static const struct name tls_versions[] = {
	{ "1.2", TLS1_2_VERSION },
	{ "1.3", TLS1_3_VERSION },
	{ NULL, -1 },
};

/* Alphabetical. */
const struct setting upstream_settings[] = {
	{ .name = "api_key",
	    .kind = SETTING_TEXT,
	    .at = AT(api_key),
	    .required = true,
	    .help = "Name, among the secrets, of the key sent as X-API-Key." },
	{ .name = "ca",
	    .kind = SETTING_TEXT,
	    .at = AT(ca),
	    .help = "PEM file of the roots to trust in place of the "
	            "system's; relative to the settings file." },
	{ .name = "connect_timeout",
	    .kind = SETTING_DURATION,
	    .at = AT(connect_timeout_ms),
	    .min = 50,
	    .max = 120000,
	    .fallback = "5s",
	    .help = "Give up on a connection, TLS handshake included, after "
	            "this long." },
	{ .name = "connections",
	    .kind = SETTING_COUNT,
	    .at = AT(connections),
	    .min = 1,
	    .max = 1024,
	    .fallback = "16",
	    .help = "Connections a worker may hold to this API." },
	{ .name = "idle_timeout",
	    .kind = SETTING_DURATION,
	    .at = AT(idle_timeout_ms),
	    .min = 100,
	    .max = 3600000,
	    .fallback = "30s",
	    .help = "Close a connection that nobody used for this long." },
	{ .name = "max_answer",
	    .kind = SETTING_SIZE,
	    .at = AT(max_answer),
	    .min = 1024,
	    .max = 64 << 20,
	    .fallback = "1M",
	    .help = "Largest body of an answer." },
	{ .name = "max_answer_headers",
	    .kind = SETTING_SIZE,
	    .at = AT(max_answer_headers),
	    .min = 1024,
	    .max = 256 << 10,
	    .fallback = "16K",
	    .help = "Largest header block of an answer." },
	{ .name = "queue",
	    .kind = SETTING_COUNT,
	    .at = AT(queue),
	    .min = 0,
	    .max = 65536,
	    .fallback = "256",
	    .help = "Calls a worker lets wait for a free connection; more are "
	            "refused as busy." },
	{ .name = "rate",
	    .kind = SETTING_COUNT,
	    .at = AT(rate),
	    .min = 0,
	    .max = 100000,
	    .fallback = "0",
	    .help = "Most journalled updates a second, over all workers; 0: "
	            "any number." },
	{ .name = "timeout",
	    .kind = SETTING_DURATION,
	    .at = AT(timeout_ms),
	    .min = 50,
	    .max = 600000,
	    .fallback = "10s",
	    .help = "Deadline of a call, from its start to the last byte of "
	            "the answer, waiting included." },
	{ .name = "tls_min",
	    .kind = SETTING_NAME,
	    .at = AT(tls_min),
	    .names = tls_versions,
	    .fallback = "1.2",
	    .help = "Lowest TLS version spoken." },
	{ .name = "url",
	    .kind = SETTING_TEXT,
	    .at = AT(url),
	    .required = true,
	    .help = "https://host[:port][/prefix]; http:// only for this "
	            "machine." },
	{ .name = NULL },
};

/* A group being read, and where its faults go. */
struct loading {
	struct upstream_target *target;
	const config_setting_t *group;
	const struct secrets *secrets;
	struct faults *all;
};

static const config_setting_t *
member(const struct loading *l, const char *name)
{
	const config_setting_t *s = config_setting_get_member(l->group, name);

	return s != NULL ? s : l->group;
}

static bool
load_url(const struct loading *l)
{
	struct upstream_target *t = l->target;
	const char *problem = NULL;

	if (!url_parse(str_of(t->options.url), &t->url, &problem)) {
		settings_fault(l->all, member(l, "url"), "upstreams.%s.url: %s",
		    t->name, problem);
		return false;
	}
	t->address = base_copy(t->options.url);
	return true;
}

static bool
load_tls(const struct loading *l)
{
	struct upstream_target *t = l->target;
	struct fault why = { 0 };
	char *ca = NULL;

	if (!t->url.tls && t->options.ca != NULL) {
		settings_fault(l->all, member(l, "ca"),
		    "upstreams.%s.ca: an http:// url has no certificate to "
		    "check; leave ca out, or write https://",
		    t->name);
		return false;
	}
	if (!t->url.tls)
		return true;
	if (t->options.ca != NULL) {
		const char *file = settings_where(member(l, "ca"));

		ca = settings_beside(file != NULL ? file : "", t->options.ca);
	}
	t->tls = tls_context_new(&t->url, ca, t->options.tls_min, &why);
	base_free(ca);
	if (t->tls == NULL)
		settings_fault(l->all, member(l, "ca"), "upstreams.%s: %s",
		    t->name, why.text);
	return t->tls != NULL;
}

static bool
fits_header(struct str key)
{
	for (size_t i = 0; i < key.len; i++)
		if (key.at[i] <= ' ' || key.at[i] > '~')
			return false;
	return key.len > 0;
}

static bool
find_key(const struct loading *l, struct str *key)
{
	const struct upstream_options *o = &l->target->options;
	const struct secret *secret = secrets_find(l->secrets, o->api_key);
	const char *near;

	if (secret == NULL) {
		near = secrets_nearest(l->secrets, o->api_key);
		/* Not repeated: it may be the key itself. */
		settings_fault(l->all, member(l, "api_key"),
		    "upstreams.%s.api_key: there is no secret of that "
		    "name%s%s%s",
		    l->target->name, near != NULL ? "; did you mean '" : "",
		    near != NULL ? near : "", near != NULL ? "'?" : "");
		return false;
	}
	*key = secret_value(secret, 0);
	if (!fits_header(*key)) {
		settings_fault(l->all, member(l, "api_key"),
		    "upstreams.%s.api_key: the secret '%s' holds characters "
		    "an HTTP header cannot carry; a key is letters, digits "
		    "and marks of ASCII without spaces",
		    l->target->name, o->api_key);
		return false;
	}
	return true;
}

/*
 * Room for all of it is taken at once: growing would leave copies of the
 * key behind.
 */
static void
print_fields(struct upstream_target *t, struct str key)
{
	struct bytes out;

	bytes_init(&out, 16384);
	if (bytes_reserve(&out, 1024 + key.len) == NULL)
		bug("upstreams.%s: no memory for its request", t->name);
	bytes_add_text(&out, " HTTP/1.1\r\nHost: ");
	url_print_host(&t->url, &out);
	bytes_add_text(&out, "\r\nX-API-Key: ");
	bytes_add_str(&out, key);
	bytes_add_text(&out,
	    "\r\nContent-Type: application/json"
	    "\r\nAccept: application/json"
	    "\r\nAccept-Encoding: identity"
	    "\r\nUser-Agent: leadbridge/" BRIDGE_VERSION
	    "\r\nContent-Length: ");
	if (!bytes_ok(&out))
		bug("upstreams.%s: its request does not fit", t->name);
	t->fields_len = out.len;
	t->fields = bytes_take(&out);
}

static bool
load_request(const struct loading *l)
{
	struct upstream_target *t = l->target;
	struct str key;

	if (!find_key(l, &key))
		return false;
	print_fields(t, key);
	t->start = base_print("PATCH %s/api/v1/leads/", t->url.prefix);
	t->start_len = strlen(t->start);
	t->head_room = t->start_len + UPSTREAM_ID_MAX + t->fields_len +
	    UPSTREAM_DIGITS_MAX + strlen("\r\n\r\n");
	return true;
}

struct upstream_target *
upstream_target_new(const char *name, const config_setting_t *group,
    const struct secrets *secrets, struct faults *all)
{
	struct upstream_target *t = base_alloc(sizeof(*t));
	struct loading l = { t, group, secrets, all };
	char *what = base_print("upstreams.%s", name);
	bool ok;

	t->name = base_copy(name);
	ok = settings_read(group, what, upstream_settings, &t->options, all);
	gate_init(&t->gate, t->options.rate);
	base_free(what);
	if (ok) {
		bool url = load_url(&l) && load_tls(&l);

		ok = load_request(&l) && url;
	}
	t->options.url = t->options.api_key = t->options.ca = NULL;
	if (ok)
		return t;
	upstream_target_free(t);
	return NULL;
}

void
upstream_target_free(struct upstream_target *t)
{
	if (t == NULL)
		return;
	if (t->fields != NULL)
		explicit_bzero(t->fields, t->fields_len);
	gate_done(&t->gate);
	SSL_CTX_free(t->tls);
	base_free(t->fields);
	base_free(t->start);
	base_free(t->address);
	base_free(t->name);
	base_free(t);
}

const char *
upstream_target_name(const struct upstream_target *t)
{
	return t->name;
}

int64_t
upstream_target_timeout_ms(const struct upstream_target *t)
{
	return t->options.timeout_ms;
}

size_t
upstream_target_connections(const struct upstream_target *t)
{
	return (size_t)t->options.connections;
}
