/*
 * base/base_net.h - addresses of machines, and networks of them.
 *
 * IPv4 and IPv6 are one kind: 192.0.2.7 is ::ffff:192.0.2.7, so an address
 * is the same however the system or a proxy writes it.
 */
#ifndef BRIDGE_BASE_NET_H
#define BRIDGE_BASE_NET_H

#include "base/base_arena.h"

struct net_address {
	unsigned char bytes[16]; /* network order; IPv4 as ::ffff:a.b.c.d */
};

/* The longest text of an address, and its NUL. */
#define NET_TEXT_SIZE 46

/* Takes "192.0.2.7" or "2001:db8::7": no port, no zone, no brackets. */
bool net_parse(struct str text, struct net_address *to) MUST_CHECK;
bool net_is_ipv4(const struct net_address *a);
/* As net_parse takes it; IPv4 with dots. NUL-ended; its length. */
size_t net_print(const struct net_address *a, char out[NET_TEXT_SIZE]);

struct net_range {
	struct net_address address;
	unsigned bits; /* of its 128 that count */
};

#define NET_RANGES_MAX 256

struct net_ranges {
	struct net_range *list; /* in the arena of net_ranges_parse() */
	size_t count;
};

/*
 * "192.0.2.0/24, 2001:db8::/32, 198.51.100.7", at most NET_RANGES_MAX of
 * them, none with a bit set behind its prefix; false with *wrong, an item.
 */
bool net_ranges_parse(struct str text, struct arena *own, struct net_ranges *to,
    struct str *wrong) MUST_CHECK;
bool net_ranges_hold(const struct net_ranges *all, const struct net_address *a);

#endif
