/*
 * verify/verify_address.c - where a request comes from.
 *
 * Behind a proxy of ours every request comes from it, and whom it talked to
 * stands in X-Forwarded-For. Anybody may write that header, so it is believed
 * of the addresses of the front alone, and read from behind: what the front
 * added comes last.
 */
#include "verify/verify_scheme.h"

static bool
is_among(const struct net_ranges *all, struct str text)
{
	struct net_address address;

	return all->count > 0 && net_parse(text, &address) &&
	    net_ranges_hold(all, &address);
}

bool
is_fronted(const struct verifier *v, const struct request *r)
{
	return is_among(&v->front, r->peer) || is_among(&v->front, r->hop);
}

/* Behind a front of its own, or as the listener has found out. */
bool
address_fits(const struct verifier *v, const struct request *r)
{
	struct net_address client;

	if (!is_fronted(v, r))
		return is_among(&v->addresses, r->peer);
	return forward_client(r, FORWARD_X, &v->front, &client) &&
	    net_ranges_hold(&v->addresses, &client);
}
