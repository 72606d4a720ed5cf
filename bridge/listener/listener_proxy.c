/*
 * listener/listener_proxy.c - "PROXY TCP4 ..." and its binary younger sister.
 *
 *	1	PROXY TCP4 192.0.2.7 198.51.100.1 40000 443 CR LF
 *	2	12 bytes of signature, version and command, family and
 *		transport, length; addresses and ports; then TLVs
 */
#include <string.h>

#include "listener/listener_proxy.h"

#define V1_MAX 107 /* with CR LF */
#define PORT_MAX 65535

static const char v1_start[] = "PROXY ";
static const char v2_start[] = "\r\n\r\n\0\r\nQUIT\n";
#define V1_START (sizeof(v1_start) - 1)
#define V2_START (sizeof(v2_start) - 1)
#define V2_HEAD ((size_t)16)
/* Of version 1 nothing is shorter, and of version 2 nothing at all. */
#define SHORTEST (sizeof("PROXY UNKNOWN\r\n") - 1)

static bool
begins(const char *at, size_t n, const char *start, size_t len)
{
	return memcmp(at, start, n < len ? n : len) == 0;
}

static size_t
number16(const char *at)
{
	return (size_t)(unsigned char)at[0] << 8 | (unsigned char)at[1];
}

/* Two bytes are still to come before a line's end that is not in sight. */
static size_t
v1_length(const char *at, size_t n)
{
	const char *cr = memchr(at, '\r', n);

	if (n > V1_MAX)
		return 0;
	if (cr == NULL)
		return n + 2 <= V1_MAX ? n + 2 : 0;
	if (cr == at + n - 1)
		return n + 1 <= V1_MAX ? n + 1 : 0;
	return cr == at + n - 2 && at[n - 1] == '\n' ? n : 0;
}

static size_t
v2_length(const char *at, size_t n)
{
	size_t all = V2_HEAD;

	if (n >= V2_HEAD)
		all += number16(at + V2_HEAD - 2);
	return all >= n && all <= PROXY_MAX ? all : 0;
}

size_t
proxy_length(const char *at, size_t n)
{
	bool v1, v2;

	if (n == 0)
		return SHORTEST;
	v1 = begins(at, n, v1_start, V1_START);
	v2 = begins(at, n, v2_start, V2_START);
	if (!v1 && !v2)
		return 0;
	if (n < SHORTEST)
		return SHORTEST;
	return v1 ? v1_length(at, n) : v2_length(at, n);
}

/* Version 1 is read by people: the port they would write, and no other. */
static bool
is_port(struct str s)
{
	return s.len > 0 && (s.at[0] != '0' || s.len == 1) &&
	    str_number(s, PORT_MAX) >= 0;
}

static bool
read_address(struct str text, bool ipv4, struct net_address *to)
{
	bool dotted = text.len > 0 && memchr(text.at, ':', text.len) == NULL;

	return dotted == ipv4 && net_parse(text, to);
}

static enum proxy_verdict
read_v1(struct str rest, struct net_address *client)
{
	struct str family, from, to, from_port;
	struct net_address source, ours;
	bool ipv4;

	(void)str_cut(&rest, ' ', &family);
	if (str_eq(family, STR("UNKNOWN")))
		return PROXY_NOBODY; /* what stands behind it is ignored */
	ipv4 = str_eq(family, STR("TCP4"));
	if (!ipv4 && !str_eq(family, STR("TCP6")))
		return PROXY_BAD;
	if (!str_cut(&rest, ' ', &from) || !str_cut(&rest, ' ', &to) ||
	    !str_cut(&rest, ' ', &from_port) || rest.at == NULL ||
	    !read_address(from, ipv4, &source) ||
	    !read_address(to, ipv4, &ours) || !is_port(from_port) ||
	    !is_port(rest))
		return PROXY_BAD;
	*client = source;
	return PROXY_CLIENT;
}

/* Type, length, value, to the last byte; what they say is skipped. */
static bool
are_tlvs(const char *at, size_t n)
{
	while (n >= 3 && number16(at + 1) <= n - 3) {
		size_t all = 3 + number16(at + 1);

		at += all;
		n -= all;
	}
	return n == 0;
}

/* By the byte of family and transport. */
static const struct v2_kind {
	unsigned char byte;
	unsigned char addresses; /* bytes of both, with their ports */
	unsigned char one;       /* bytes of one; 0: none that we know */
} kinds[] = {
	{ 0x00, 0, 0 },   /* unspecified */
	{ 0x11, 12, 4 },  /* TCP over IPv4 */
	{ 0x21, 36, 16 }, /* TCP over IPv6 */
	{ 0x31, 216, 0 }, /* a Unix socket */
};

static const struct v2_kind *
find_kind(char byte)
{
	for (size_t i = 0; i < COUNT_OF(kinds); i++)
		if (kinds[i].byte == (unsigned char)byte)
			return &kinds[i];
	return NULL;
}

static void
take_address(const char *at, const struct v2_kind *kind,
    struct net_address *client)
{
	memset(client->bytes, 0, sizeof(client->bytes));
	if (kind->one == 4)
		memset(client->bytes + 10, 0xff, 2);
	memcpy(client->bytes + sizeof(client->bytes) - kind->one, at,
	    kind->one);
}

/* Of LOCAL all that follows is to be ignored, whatever it is. */
static enum proxy_verdict
read_v2(const char *at, size_t n, struct net_address *client)
{
	const struct v2_kind *kind = find_kind(at[13]);
	const char *rest = at + V2_HEAD;

	n -= V2_HEAD;
	if (at[12] == 0x20)
		return PROXY_LOCAL;
	if (at[12] != 0x21 || kind == NULL || n < kind->addresses ||
	    !are_tlvs(rest + kind->addresses, n - kind->addresses))
		return PROXY_BAD;
	if (kind->one == 0)
		return PROXY_NOBODY;
	take_address(rest, kind, client);
	return PROXY_CLIENT;
}

enum proxy_verdict
proxy_read(const char *at, size_t n, struct net_address *client)
{
	if (n < SHORTEST || proxy_length(at, n) != n)
		return PROXY_BAD;
	if (at[0] == v2_start[0])
		return read_v2(at, n, client);
	return read_v1((struct str){ at + V1_START, n - V1_START - 2 }, client);
}
