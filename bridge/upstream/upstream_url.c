/* upstream/upstream_url.c - the url of a target, taken apart and checked. */
#include <arpa/inet.h>
#include <string.h>

#include "upstream/upstream_url.h"

static bool
refuse(const char **problem, const char *text)
{
	*problem = text;
	return false;
}

static bool
cut_scheme(struct str *rest, struct url *url, const char **problem)
{
	if (str_starts(*rest, STR("https://")))
		url->tls = true;
	else if (!str_starts(*rest, STR("http://")))
		return refuse(problem, "must begin with https://");
	*rest = str_skip(*rest, url->tls ? 8 : 7);
	url->port = url->tls ? 443 : 80;
	return true;
}

static bool
read_port(struct str text, struct url *url, const char **problem)
{
	int64_t port = str_number(text, 65535);

	if (port < 1)
		return refuse(problem, "its port must be a number 1 to 65535");
	url->port = (uint16_t)port;
	return true;
}

/* Cuts "host", "host:port" or "[v6]:port" off the front. */
static bool
cut_host(struct str *rest, struct str *host, struct url *url,
    const char **problem)
{
	struct str authority = *rest;
	struct str port = STR_NONE;

	for (size_t i = 0; i < rest->len; i++)
		if (rest->at[i] == '/') {
			authority.len = i;
			break;
		}
	*rest = str_skip(*rest, authority.len);
	if (memchr(authority.at, '@', authority.len) != NULL)
		return refuse(problem, "may not carry a user or a password");
	if (str_starts(authority, STR("["))) {
		struct str inside = str_skip(authority, 1);

		if (!str_cut(&inside, ']', host) || inside.at == NULL)
			return refuse(problem, "its [address] has no end");
		url->numeric = true;
		if (inside.len == 0)
			return true;
		if (inside.at[0] != ':')
			return refuse(problem, "junk behind its [address]");
		return read_port(str_skip(inside, 1), url, problem);
	}
	port = authority;
	str_cut(&port, ':', host);
	return port.at == NULL || read_port(port, url, problem);
}

static char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool
is_host_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
	    c == '_' || c == '.';
}

/* Letters, digits, '-' and '_' in labels of 1 to 63. */
static bool
is_name(const char *host)
{
	size_t label = 0;

	for (const char *p = host; *p != '\0'; p++) {
		if (!is_host_char(*p))
			return false;
		label = *p == '.' ? 0 : label + 1;
		if (label > 63 || (*p == '.' && (p == host || p[-1] == '.')))
			return false;
	}
	return label > 0;
}

static void
note_address(struct url *url)
{
	struct in_addr v4;
	struct in6_addr v6;
	bool six = url->numeric; /* it stood in brackets */

	url->numeric = false;
	if (six && inet_pton(AF_INET6, url->host, &v6) == 1) {
		url->numeric = true;
		url->loopback = IN6_IS_ADDR_LOOPBACK(&v6);
	} else if (!six && inet_pton(AF_INET, url->host, &v4) == 1) {
		url->numeric = true;
		url->loopback = ntohl(v4.s_addr) >> 24 == 127;
	}
}

static bool
read_host(struct str host, struct url *url, const char **problem)
{
	bool bracketed = url->numeric;

	if (host.len == 0)
		return refuse(problem, "names no host");
	if (host.len > URL_HOST_MAX)
		return refuse(problem, "its host is too long");
	for (size_t i = 0; i < host.len; i++)
		url->host[i] = lower(host.at[i]);
	url->host[host.len] = '\0';
	note_address(url);
	if (bracketed && !url->numeric)
		return refuse(problem, "its [address] is not an IPv6 address");
	if (!url->numeric && !is_name(url->host))
		return refuse(problem,
		    "its host is not a name or an address "
		    "(write other alphabets as xn--...)");
	if (strcmp(url->host, "localhost") == 0)
		url->loopback = true;
	return true;
}

static bool
is_path_char(char c)
{
	static const char marks[] = "-._~!$&'()*+,;=:@/";

	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') || (c != '\0' && strchr(marks, c) != NULL);
}

/* "." and ".." would be taken out by somebody on the way. */
static bool
has_dots(struct str path)
{
	struct str segment;

	while (str_cut(&path, '/', &segment))
		if (str_eq(segment, STR(".")) || str_eq(segment, STR("..")))
			return true;
	return false;
}

static bool
read_prefix(struct str path, struct url *url, const char **problem)
{
	while (path.len > 0 && path.at[path.len - 1] == '/')
		path.len--;
	if (path.len > URL_PREFIX_MAX)
		return refuse(problem, "its path is longer than 512 bytes");
	for (size_t i = 0; i < path.len; i++)
		if (!is_path_char(path.at[i]))
			return refuse(problem,
			    "its path may hold only letters, "
			    "digits and -._~!$&'()*+,;=:@/ "
			    "(no query, no fragment)");
	if (has_dots(path))
		return refuse(problem, "its path may not hold '.' or '..'");
	if (path.len > 0)
		memcpy(url->prefix, path.at, path.len);
	url->prefix[path.len] = '\0';
	return true;
}

bool
url_parse_open(struct str text, struct url *url, const char **problem)
{
	struct str host = STR_NONE;

	*url = (struct url){ 0 };
	if (!cut_scheme(&text, url, problem) ||
	    !cut_host(&text, &host, url, problem) ||
	    !read_host(host, url, problem) || !read_prefix(text, url, problem))
		return false;
	url->open = !url->tls && !url->loopback;
	return true;
}

bool
url_parse(struct str text, struct url *url, const char **problem)
{
	if (!url_parse_open(text, url, problem))
		return false;
	if (url->open)
		return refuse(problem,
		    "must begin with https://: http:// would "
		    "show the key to the network, and is for "
		    "localhost, 127.0.0.1 and [::1] only");
	return true;
}

void
url_print_host(const struct url *url, struct bytes *out)
{
	bool six = strchr(url->host, ':') != NULL;

	bytes_addf(out, six ? "[%s]" : "%s", url->host);
	if (url->port != (url->tls ? 443 : 80))
		bytes_addf(out, ":%u", url->port);
}
