/*
 * upstream/upstream_url.h - the url of a target, taken apart and checked.
 * Private to this room.
 */
#ifndef BRIDGE_UPSTREAM_URL_H
#define BRIDGE_UPSTREAM_URL_H

#include "base/base.h"

#define URL_HOST_MAX 253 /* RFC 1035 */
#define URL_PREFIX_MAX 512

struct url {
	bool tls;
	bool numeric;  /* host is an IP address */
	bool loopback; /* ... of this machine, or "localhost" */
	bool open;     /* http:// to another machine; not of url_parse() */
	uint16_t port;
	char host[URL_HOST_MAX + 1];     /* lower case; no brackets */
	char prefix[URL_PREFIX_MAX + 1]; /* "" or "/v2", no slash at its end */
};

/*
 * https://host[:port][/prefix], or http:// for a loopback host. False with
 * *problem set (a constant text), and *url in no particular state.
 */
bool url_parse(struct str text, struct url *url,
    const char **problem) MUST_CHECK;
/* The same, and http:// for any host: see `open`. */
bool url_parse_open(struct str text, struct url *url,
    const char **problem) MUST_CHECK;
/* "host", "host:8443" or "[::1]:8443", as the Host field wants it. */
void url_print_host(const struct url *url, struct bytes *out);

#endif
