/*
 * verify/verify_address.c - where a request comes from.
 *
 * Behind a proxy of ours every request comes from it, and whom it talked to
 * stands in X-Forwarded-For. Anybody may write that header, so it is believed
 * of the addresses of the front alone, and read from behind: what the front
 * added comes last.
 */
#include <arpa/inet.h>
#include <string.h>

#include "verify/verify_scheme.h"

#define ADDRESS_BITS 128
#define IPV4_FROM 96 /* bits in front of the IPv4 address */

/* Takes "192.0.2.7" or "2001:db8::7", without a port or a zone. */
static bool
parse_address(struct str text, unsigned char bytes[16], bool *is_ipv4)
{
	static const unsigned char mapped[12] = { [10] = 0xff, [11] = 0xff };
	char copy[INET6_ADDRSTRLEN];

	if (text.len == 0 || text.len >= sizeof(copy))
		return false;
	memcpy(copy, text.at, text.len);
	copy[text.len] = '\0';
	memcpy(bytes, mapped, sizeof(mapped));
	*is_ipv4 = inet_pton(AF_INET, copy, bytes + sizeof(mapped)) == 1;
	return *is_ipv4 || inet_pton(AF_INET6, copy, bytes) == 1;
}

/* The first `bits` of `bytes` are those of the range. */
static bool
same_bits(const unsigned char *bytes, const struct range *r)
{
	unsigned whole = r->bits / 8, more = r->bits % 8;

	for (unsigned i = 0; i < whole; i++)
		if (bytes[i] != r->bytes[i])
			return false;
	return more == 0 || (bytes[whole] ^ r->bytes[whole]) >> (8 - more) == 0;
}

/* What stands behind the prefix has to be zero: else it is mistyped. */
static bool
is_whole(const struct range *r)
{
	for (unsigned bit = r->bits; bit < ADDRESS_BITS; bit++)
		if ((r->bytes[bit / 8] & 0x80u >> bit % 8) != 0)
			return false;
	return true;
}

static bool
parse_range(struct str text, struct range *to)
{
	struct str address;
	bool is_ipv4;
	int64_t bits;

	if (!str_cut(&text, '/', &address) ||
	    !parse_address(address, to->bytes, &is_ipv4))
		return false;
	to->bits = ADDRESS_BITS;
	if (text.at == NULL)
		return true;
	bits = str_number(text,
	    is_ipv4 ? ADDRESS_BITS - IPV4_FROM : ADDRESS_BITS);
	if (bits < 1)
		return false;
	to->bits = (unsigned)bits + (is_ipv4 ? IPV4_FROM : 0);
	return is_whole(to);
}

bool
ranges_parse(struct str text, struct arena *own, struct ranges *to,
    struct str *wrong)
{
	size_t max = 1;

	for (size_t i = 0; i < text.len; i++)
		max += text.at[i] == ',';
	*wrong = text;
	if (max > RANGES_MAX)
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
ranges_hold(const struct ranges *all, struct str address)
{
	unsigned char bytes[16];
	bool is_ipv4;

	if (!parse_address(address, bytes, &is_ipv4))
		return false;
	for (size_t i = 0; i < all->count; i++)
		if (same_bits(bytes, &all->list[i]))
			return true;
	return false;
}

bool
is_fronted(const struct verifier *v, const struct request *r)
{
	return ranges_hold(&v->front, r->peer);
}

/* Takes the last of "a, b, c". */
static struct str
take_last(struct str *list)
{
	size_t start = list->len;
	struct str last;

	while (start > 0 && list->at[start - 1] != ',')
		start--;
	last = str_trim(str_skip(*list, start));
	list->len = start > 0 ? start - 1 : 0;
	return last;
}

/* From the last header and its end: the first that is not a front of ours. */
static struct str
forwarded_for(const struct verifier *v, const struct request *r)
{
	for (size_t i = r->header_count; i > 0; i--) {
		struct str list = r->headers[i - 1].value;

		if (!str_eq_nocase(r->headers[i - 1].name,
		        STR("X-Forwarded-For")))
			continue;
		while (list.len > 0) {
			struct str address = take_last(&list);

			if (!ranges_hold(&v->front, address))
				return address;
		}
	}
	return STR_NONE;
}

bool
address_fits(const struct verifier *v, const struct request *r)
{
	struct str client = r->peer;

	if (is_fronted(v, r))
		client = forwarded_for(v, r);
	return ranges_hold(&v->addresses, client);
}
