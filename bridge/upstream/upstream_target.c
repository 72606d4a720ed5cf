/* upstream/upstream_target.c - one leads API, as the settings describe it. */
#include <string.h>

#include "metrics/metrics.h"
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
	{ .name = "certificate",
	    .kind = SETTING_TEXT,
	    .at = AT(certificate),
	    .help = "PEM chain that is shown to an API that asks for one "
	            "(mutual TLS)." },
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
	{ .name = "crl",
	    .kind = SETTING_TEXT,
	    .at = AT(crl),
	    .help = "PEM file of revocation lists, one of every authority of "
	            "the API's chain; without one that holds today, the API "
	            "is not spoken to." },
	{ .name = "idle_timeout",
	    .kind = SETTING_DURATION,
	    .at = AT(idle_timeout_ms),
	    .min = 100,
	    .max = 3600000,
	    .fallback = "30s",
	    .help = "Close a connection that nobody used for this long." },
	{ .name = "key",
	    .kind = SETTING_TEXT,
	    .at = AT(key),
	    .help = "Private key of the certificate, in PEM." },
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
	{ .name = "pins",
	    .kind = SETTING_TREE,
	    .at = AT(pins),
	    .help = "Public keys, [ \"sha256/...\" ]: one of them has to be "
	            "in the API's chain, which is verified besides." },
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

static bool
load_url(const struct loading *l)
{
	struct upstream_target *t = l->target;
	const char *problem = NULL;

	if (!url_parse(str_of(t->options.url), &t->url, &problem)) {
		settings_fault(l->all, settings_member(l->group, "url"),
		    "upstreams.%s.url: %s", t->name, problem);
		return false;
	}
	t->address = base_copy(t->options.url);
	return true;
}

/* What only TLS looks at, written for a url without: a slip. */
static bool
refuse_tls_options(const struct loading *l)
{
	static const char *const names[] = { "ca", "certificate", "crl", "key",
		"pins" };
	bool ok = true;

	for (size_t i = 0; i < COUNT_OF(names); i++) {
		if (config_setting_get_member(l->group, names[i]) == NULL)
			continue;
		settings_fault(l->all, settings_member(l->group, names[i]),
		    "upstreams.%s.%s: an http:// url has no certificate to "
		    "check or to show; leave %s out, or write https://",
		    l->target->name, names[i], names[i]);
		ok = false;
	}
	return ok;
}

/* Stands beside the settings; NULL stays NULL. */
static char *
beside(const struct loading *l, const char *path)
{
	return path != NULL ? settings_named(l->group, path) : NULL;
}

/* Of the certificate we show. */
static void
note_age(struct upstream_target *t, const char *file)
{
	char text[CERT_AGE_TEXT];

	if (cert_is_over_soon(SSL_CTX_get0_certificate(t->tls),
	        clock_wall_ms() / 1000, text))
		t->note = base_print("%s: %s", file, text);
}

/* A fault has of a long path the end, behind three dots. */
static bool
is_where(const char *file, const char *where)
{
	size_t len = strlen(file), end;

	if (!str_starts(str_of(where), STR("...")))
		return strcmp(file, where) == 0;
	where += strlen("...");
	end = strlen(where);
	return end < len && strcmp(file + len - end, where) == 0;
}

/* The setting that names the file to blame; that of the roots names none. */
static const config_setting_t *
blamed(const struct loading *l, const struct tls_rules *rules, const char *file)
{
	const struct {
		const char *name, *file;
	} files[] = { { "certificate", rules->certificate },
		{ "key", rules->key }, { "crl", rules->crl } };

	for (size_t i = 0; i < COUNT_OF(files); i++)
		if (files[i].file != NULL && is_where(files[i].file, file))
			return settings_member(l->group, files[i].name);
	return settings_member(l->group, "ca");
}

static bool
load_context(const struct loading *l)
{
	struct upstream_target *t = l->target;
	const struct upstream_options *o = &t->options;
	char *ca = beside(l, o->ca), *crl = beside(l, o->crl);
	char *certificate = beside(l, o->certificate), *key = beside(l, o->key);
	const struct tls_rules rules = { ca, certificate, key, crl, &t->pins,
		o->tls_min };
	struct fault why = { 0 };

	t->tls = tls_context_new(&t->url, &rules, &why);
	if (t->tls == NULL)
		settings_fault(l->all, blamed(l, &rules, why.where),
		    "upstreams.%s: %s%s%s", t->name, why.where,
		    why.where[0] != '\0' ? ": " : "", why.text);
	else if (certificate != NULL)
		note_age(t, certificate);
	base_free(ca);
	base_free(certificate);
	base_free(key);
	base_free(crl);
	return t->tls != NULL;
}

static bool
load_tls(const struct loading *l)
{
	struct upstream_target *t = l->target;
	const struct upstream_options *o = &t->options;
	char *what;
	bool ok;

	if (!t->url.tls)
		return refuse_tls_options(l);
	if ((o->certificate == NULL) != (o->key == NULL)) {
		settings_fault(l->all,
		    settings_member(l->group,
		        o->key == NULL ? "certificate" : "key"),
		    "upstreams.%s: certificate and key go together", t->name);
		return false;
	}
	what = base_print("upstreams.%s", t->name);
	ok = pins_read(o->pins, what, &t->pins, l->all);
	base_free(what);
	return load_context(l) && ok;
}

static bool
fits_header(struct str key)
{
	for (size_t i = 0; i < key.len; i++)
		if (key.at[i] <= ' ' || key.at[i] > '~')
			return false;
	return key.len > 0;
}

/* A key of the key store goes to the host it is bound to, and to no other. */
static bool
may_go(const struct loading *l, const struct secret *secret)
{
	const char *bound = secret_host(secret, 0);
	const char *host = l->target->url.host;

	if (bound == NULL || host[0] == '\0' || strcmp(bound, host) == 0)
		return true;
	settings_fault(l->all, settings_member(l->group, "api_key"),
	    "upstreams.%s.api_key: the key '%s' of the key store is bound to "
	    "%s, and this upstream is %s; 'leadbridge key add' binds another "
	    "one to it",
	    l->target->name, secret_name(secret),
	    bound[0] != '\0' ? bound : "no host", host);
	return false;
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
		settings_fault(l->all, settings_member(l->group, "api_key"),
		    "upstreams.%s.api_key: there is no secret of that "
		    "name%s%s%s",
		    l->target->name, MEANT_ARG(near));
		return false;
	}
	if (!may_go(l, secret))
		return false;
	*key = secret_value(secret, 0);
	if (!fits_header(*key)) {
		settings_fault(l->all, settings_member(l->group, "api_key"),
		    "upstreams.%s.api_key: the secret '%s' holds characters "
		    "an HTTP header cannot carry; a key is letters, digits "
		    "and marks of ASCII without spaces",
		    l->target->name, o->api_key);
		return false;
	}
	return true;
}

static void
keep_key(struct upstream_target *t, struct str key)
{
	t->key = secrets_alloc(key.len);
	if (t->key == NULL)
		bug("upstreams.%s: no memory for its key", t->name);
	memcpy(t->key, key.at, key.len);
	secrets_seal(t->key);
	t->key_len = key.len;
}

static void
print_fields(struct upstream_target *t)
{
	struct bytes out;

	bytes_init(&out, 16384);
	bytes_add_text(&out, " HTTP/1.1\r\nHost: ");
	url_print_host(&t->url, &out);
	bytes_add_text(&out, "\r\nX-API-Key: ");
	t->key_at = out.len;
	for (size_t i = 0; i < t->key_len; i++)
		bytes_add_char(&out, '*');
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
	keep_key(t, key);
	print_fields(t);
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
	t->metric = metrics_name(METRIC_UPSTREAMS, name);
	gate_init(&t->gate, t->options.rate, t->metric);
	base_free(what);
	if (ok) {
		bool url = load_url(&l) && load_tls(&l);

		ok = load_request(&l) && url;
	}
	t->options.url = t->options.api_key = t->options.ca = NULL;
	t->options.certificate = t->options.key = t->options.crl = NULL;
	t->options.pins = NULL;
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
	secrets_wipe(t->key);
	if (t->metric != UPSTREAM_UNCOUNTED) {
		gate_done(&t->gate);
		metrics_unname(METRIC_UPSTREAMS, t->metric);
	}
	SSL_CTX_free(t->tls);
	pins_done(&t->pins);
	base_free(t->note);
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

const char *
upstream_target_note(const struct upstream_target *t)
{
	return t->note;
}

const char *
upstream_target_host(const struct upstream_target *t)
{
	return t->url.host;
}

uint16_t
upstream_target_port(const struct upstream_target *t)
{
	return t->url.port;
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
