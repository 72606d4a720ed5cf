/*
 * program/program_confine_postgres.c - ports and files of a journal's url.
 *
 *	postgresql://user:password@host1:5433,[::1]/database?port=..&sslkey=..
 *
 * libpq reads it for what it says; this only looks where it leads to.
 */
#include <stdlib.h>
#include <string.h>

#include "program/program_confine.h"

#define POSTGRES 5432

/* Parameters whose value is a file. */
static const char *const files[] = { "passfile", "sslcert", "sslcrl", "sslkey",
	"sslrootcert" };

struct url_parts {
	struct str hosts;      /* "host1:5433,[::1]" */
	struct str parameters; /* "port=5433&sslkey=/etc/key" */
};

/* What is behind the mark, which is then no part of *whole. */
static struct str
cut_behind(struct str *whole, char mark)
{
	const char *at = memchr(whole->at, mark, whole->len);
	struct str rest = STR_NONE;

	if (at != NULL) {
		rest = str_span(at + 1, whole->at + whole->len);
		whole->len = (size_t)(at - whole->at);
	}
	return rest;
}

/* As libpq does: a '?' in a password ends nothing. */
static struct url_parts
take_apart(struct str url)
{
	struct url_parts parts = { .hosts = url };
	const char *at = memmem(url.at, url.len, "://", 3);
	struct str authority, rest;

	if (at != NULL)
		parts.hosts = str_skip(url, (size_t)(at - url.at) + 3);
	rest = parts.hosts;
	(void)str_cut(&rest, '/', &authority);
	at = memrchr(authority.at, '@', authority.len);
	if (at != NULL)
		parts.hosts = str_skip(parts.hosts,
		    (size_t)(at - authority.at) + 1);
	parts.parameters = cut_behind(&parts.hosts, '?');
	(void)cut_behind(&parts.hosts, '/');
	return parts;
}

/* "%2F" as it is meant; yours to base_free. */
static char *
decoded(struct str text)
{
	char *out = base_alloc(text.len + 1), *to = out;

	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.at[i];

		if (c == '%' && i + 2 < text.len &&
		    hex_decode(str_span(text.at + i + 1, text.at + i + 3), &c,
		        1) == 1)
			i += 2;
		*to++ = (char)c;
	}
	return out;
}

/* The value of a parameter; STR_NONE: it is not there. */
static struct str
parameter(struct str rest, const char *name)
{
	struct str one, key;

	while (str_cut(&rest, '&', &one))
		if (str_cut(&one, '=', &key) && str_eq(key, str_of(name)))
			return one;
	return STR_NONE;
}

static void
add_ports(struct needs *n, struct str ports, const config_setting_t *at)
{
	struct str one;

	while (str_cut(&ports, ',', &one)) {
		const int64_t port = str_number(one, UINT16_MAX);

		if (port > 0)
			needs_add_port(n, (uint16_t)port, at);
	}
}

/* Behind the last colon that is not an IPv6 address's own. */
static struct str
port_of(struct str host)
{
	const char *colon = memrchr(host.at, ':', host.len);
	const char *bracket = memrchr(host.at, ']', host.len);

	if (colon == NULL || (bracket != NULL && colon < bracket))
		return STR_NONE;
	return str_skip(host, (size_t)(colon - host.at) + 1);
}

void
needs_of_postgres(const struct program *p, struct needs *n)
{
	const config_setting_t *at = p->settings.journal;
	const struct url_parts parts = take_apart(str_of(p->journal.url));
	const char *usual = getenv("PGPORT");
	struct str rest = parts.hosts, host;

	n->any_port = getenv("PGSERVICE") != NULL ||
	    parameter(parts.parameters, "service").at != NULL;
	needs_add_port(n, POSTGRES, at);
	add_ports(n, str_of(usual), at);
	add_ports(n, parameter(parts.parameters, "port"), at);
	while (str_cut(&rest, ',', &host))
		add_ports(n, port_of(host), at);
	for (size_t i = 0; i < COUNT_OF(files); i++) {
		const struct str value = parameter(parts.parameters, files[i]);
		char *path = decoded(value);

		if (path[0] == '/')
			needs_add_file(n, path, at);
		base_free(path);
	}
}
