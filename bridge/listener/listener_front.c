/* listener/listener_front.c - the proxies in front of an address. */
#include "listener/listener_front.h"

/* The list of the ranges, at its longest. */
#define OWN_MAX ((size_t)64 << 10)

int
front_init(struct front *f, const struct listener_address *a, struct fault *why)
{
	struct str wrong;

	*f = (struct front){ .header = (enum forward)a->forwarded,
		.protocol = a->proxy_protocol };
	if (a->proxies == NULL && a->proxy_protocol)
		return fault_set(why, FAULT_SETTINGS, a->address,
		    "proxy_protocol needs proxies: whose word is taken on "
		    "where a connection comes from? proxies = \"10.0.0.7\"");
	if (a->proxies == NULL)
		return 0;
	f->own = arena_new(OWN_MAX);
	if (net_ranges_parse(str_of(a->proxies), f->own, &f->proxies, &wrong))
		return 0;
	return fault_set(why, FAULT_SETTINGS, a->address,
	    "proxies: '%.*s': an address like 192.0.2.7, or a range like "
	    "192.0.2.0/24 or 2001:db8::/32 with nothing behind its prefix, is "
	    "expected (at most %d)",
	    STR_ARG(wrong), NET_RANGES_MAX);
}

void
front_done(struct front *f)
{
	arena_free(f->own);
	*f = (struct front){ .own = NULL };
}

int
listener_check_front(const struct listener_address *a, struct fault *why)
{
	struct front f;
	int rc = front_init(&f, a, why);

	front_done(&f);
	return rc;
}
