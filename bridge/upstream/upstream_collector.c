/*
 * upstream/upstream_collector.c - a server that takes reports by POST, with
 * the same care for names, certificates and keys as a leads API.
 */
#include <string.h>

#include "upstream/upstream_target.h"

/* Reports go one at a time; their answers say little. */
#define CONNECT_MS 5000
#define IDLE_MS 60000
#define ANSWER_MAX ((int64_t)64 << 10)
#define ANSWER_HEADERS_MAX ((int64_t)16 << 10)

struct loading {
	struct upstream_target *target;
	const struct upstream_collector *given;
	const config_setting_t *group;
	const struct secrets *secrets;
	struct faults *all;
};

static bool
refuse(const struct loading *l, const char *option, const char *problem)
{
	settings_fault(l->all, settings_member(l->group, option), "%s.%s: %s",
	    l->given->what, option, problem);
	return false;
}

static bool
take_url(const struct loading *l)
{
	struct upstream_target *t = l->target;
	const char *problem = NULL;

	if (!url_parse_open(str_of(l->given->url), &t->url, &problem))
		return refuse(l, "url", problem);
	if (t->url.open && !l->given->plain)
		return refuse(l, "url",
		    "must begin with https://: http:// is for this machine; "
		    "plain_http = true lets it go to another, where whoever "
		    "is on the way can read it");
	if (t->url.open && l->given->authorization != NULL)
		return refuse(l, "authorization",
		    "a secret is not sent by http:// to another machine; "
		    "write https://, or leave it out");
	t->address = base_copy(l->given->url);
	return true;
}

static bool
load_url(const struct loading *l)
{
	struct upstream_target *t = l->target;

	if (!take_url(l))
		return false;
	t->start = base_print("POST %s",
	    t->url.prefix[0] != '\0' ? t->url.prefix : l->given->path);
	t->start_len = strlen(t->start);
	return true;
}

static bool
load_tls(const struct loading *l)
{
	struct upstream_target *t = l->target;
	const char *ca = l->given->ca;
	struct tls_rules rules = { .tls_min = t->options.tls_min };
	struct fault why = { 0 };
	char *file;

	if (!t->url.tls && ca == NULL)
		return true;
	if (!t->url.tls) {
		settings_fault(l->all, settings_member(l->group, "ca"),
		    "%s.ca: an http:// url has no certificate to check; leave "
		    "ca out, or write https://",
		    l->given->what);
		return false;
	}
	file = ca != NULL ? settings_named(l->group, ca) : NULL;
	rules.ca = file;
	t->tls = tls_context_new(&t->url, &rules, &why);
	base_free(file);
	if (t->tls == NULL)
		settings_fault(l->all, settings_member(l->group, "ca"),
		    "%s: %s", l->given->what, why.text);
	return t->tls != NULL;
}

/* What is wrong with it, or NULL; "Bearer abc" has a space within. */
static const char *
header_problem(struct str value)
{
	for (size_t i = 0; i < value.len; i++)
		if (value.at[i] < ' ' || value.at[i] > '~')
			return "holds characters an HTTP header cannot carry";
	if (value.len == 0 || value.at[0] == ' ' ||
	    value.at[value.len - 1] == ' ')
		return "begins or ends with a space, or is empty";
	return NULL;
}

/* As of an API's key: one of the key store goes where it is bound to. */
static const char *
host_problem(const struct secret *secret, const char *host)
{
	const char *bound = secret_host(secret, 0);

	if (bound == NULL || strcmp(bound, host) == 0)
		return NULL;
	return "is bound to another host by the key store";
}

static bool
load_authorization(const struct loading *l)
{
	struct upstream_target *t = l->target;
	const char *name = l->given->authorization, *problem;
	const struct secret *secret;
	struct str value;

	if (name == NULL || l->secrets == NULL)
		return true;
	secret = secrets_find(l->secrets, name);
	if (secret == NULL) {
		/* Not repeated: it may be the value itself. */
		settings_fault(l->all,
		    settings_member(l->group, "authorization"),
		    "%s.authorization: there is no secret of that name",
		    l->given->what);
		return false;
	}
	value = secret_value(secret, 0);
	problem = host_problem(secret, t->url.host);
	if (problem == NULL)
		problem = header_problem(value);
	if (problem != NULL) {
		settings_fault(l->all,
		    settings_member(l->group, "authorization"),
		    "%s.authorization: the secret '%s' %s", l->given->what,
		    name, problem);
		return false;
	}
	t->key = secrets_alloc(value.len);
	if (t->key == NULL)
		bug("%s: no memory for its authorization", l->given->what);
	memcpy(t->key, value.at, value.len);
	secrets_seal(t->key);
	t->key_len = value.len;
	return true;
}

static void
print_fields(struct upstream_target *t)
{
	struct bytes out;

	bytes_init(&out, (size_t)64 << 10);
	bytes_add_text(&out, " HTTP/1.1\r\nHost: ");
	url_print_host(&t->url, &out);
	bytes_add_text(&out, t->key_len > 0 ? "\r\nAuthorization: " : "");
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
		bug("%s: its request does not fit", t->name);
	t->fields_len = out.len;
	t->fields = bytes_take(&out);
	t->head_room = t->start_len + t->fields_len + UPSTREAM_DIGITS_MAX +
	    strlen("\r\n\r\n");
}

struct upstream_target *
upstream_collector_new(const struct upstream_collector *given,
    const config_setting_t *group, const struct secrets *secrets,
    struct faults *all)
{
	struct upstream_target *t = base_alloc(sizeof(*t));
	const struct loading l = { t, given, group, secrets, all };

	t->name = base_copy(given->what);
	t->metric = UPSTREAM_UNCOUNTED;
	t->options = (struct upstream_options){
		.timeout_ms = given->timeout_ms,
		.connect_timeout_ms = CONNECT_MS,
		.idle_timeout_ms = IDLE_MS,
		.connections = 1,
		.max_answer = ANSWER_MAX,
		.max_answer_headers = ANSWER_HEADERS_MAX,
		.tls_min = TLS1_2_VERSION,
	};
	if (load_url(&l) && load_tls(&l) && load_authorization(&l)) {
		print_fields(t);
		return t;
	}
	upstream_target_free(t);
	return NULL;
}

bool
upstream_collector_open(const struct upstream_target *t)
{
	return t->url.open;
}
