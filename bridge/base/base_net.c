/* base/base_net.c - addresses and networks, read and compared. */
#include <arpa/inet.h>
#include <string.h>

#include "base/base.h"

#define ADDRESS_BITS 128
#define IPV4_FROM 96 /* bits in front of the IPv4 address */

static const unsigned char mapped[12] = { [10] = 0xff, [11] = 0xff };

bool
net_parse(struct str text, struct net_address *to)
{
	struct net_address read;
	char copy[NET_TEXT_SIZE];

	if (text.len == 0 || text.len >= sizeof(copy) ||
	    memchr(text.at, '\0', text.len) != NULL)
		return false;
	memcpy(copy, text.at, text.len);
	copy[text.len] = '\0';
	memcpy(read.bytes, mapped, sizeof(mapped));
	if (inet_pton(AF_INET, copy, read.bytes + sizeof(mapped)) != 1 &&
	    inet_pton(AF_INET6, copy, read.bytes) != 1)
		return false;
	*to = read;
	return true;
}

bool
net_is_ipv4(const struct net_address *a)
{
	return memcmp(a->bytes, mapped, sizeof(mapped)) == 0;
}

size_t
net_print(const struct net_address *a, char out[NET_TEXT_SIZE])
{
	bool ipv4 = net_is_ipv4(a);

	if (inet_ntop(ipv4 ? AF_INET : AF_INET6,
	        a->bytes + (ipv4 ? sizeof(mapped) : 0), out,
	        NET_TEXT_SIZE) == NULL)
		out[0] = '\0';
	return strlen(out);
}

static bool
same_bits(const struct net_address *a, const struct net_range *r)
{
	unsigned whole = r->bits / 8, more = r->bits % 8;

	if (memcmp(a->bytes, r->address.bytes, whole) != 0)
		return false;
	return more == 0 ||
	    (a->bytes[whole] ^ r->address.bytes[whole]) >> (8 - more) == 0;
}

/* What stands behind the prefix has to be zero: else it is mistyped. */
static bool
is_whole(const struct net_range *r)
{
	for (unsigned bit = r->bits; bit < ADDRESS_BITS; bit++)
		if ((r->address.bytes[bit / 8] & 0x80u >> bit % 8) != 0)
			return false;
	return true;
}

/* Without a colon it was written as IPv4, and so are its bits. */
static bool
parse_range(struct str text, struct net_range *to)
{
	struct str address;
	bool ipv4;
	int64_t bits;

	if (!str_cut(&text, '/', &address) || !net_parse(address, &to->address))
		return false;
	to->bits = ADDRESS_BITS;
	if (text.at == NULL)
		return true;
	ipv4 = memchr(address.at, ':', address.len) == NULL;
	bits = str_number(text, ipv4 ? ADDRESS_BITS - IPV4_FROM : ADDRESS_BITS);
	if (bits < 1)
		return false;
	to->bits = (unsigned)bits + (ipv4 ? IPV4_FROM : 0);
	return is_whole(to);
}

bool
net_ranges_parse(struct str text, struct arena *own, struct net_ranges *to,
    struct str *wrong)
{
	size_t max = 1;

	for (size_t i = 0; i < text.len; i++)
		max += text.at[i] == ',';
	*wrong = text;
	if (max > NET_RANGES_MAX)
		return false;
	to->count = 0;
	to->list = arena_take(own, max * sizeof(*to->list));
	if (to->list == NULL)
		return false;
	while (str_cut(&text, ',', wrong)) {
		*wrong = str_trim(*wrong);
		if (!parse_range(*wrong, &to->list[to->count]))
			return false;
		to->count++;
	}
	return true;
}

bool
net_ranges_hold(const struct net_ranges *all, const struct net_address *a)
{
	for (size_t i = 0; i < all->count; i++)
		if (same_bits(a, &all->list[i]))
			return true;
	return false;
}
