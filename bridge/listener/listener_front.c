/* listener/listener_front.c - the proxies in front of an address. */
#include "listener/listener_front.h"

/* The list of the ranges, at its longest. */
#define OWN_MAX ((size_t)64 << 10)

static void
on_done(struct share *s)
{
	struct front *f = (struct front *)s;

	arena_free(f->own);
	base_free(f);
}

static int
read_proxies(struct front *f, const struct listener_address *a,
    struct fault *why)
{
	struct str wrong;

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

struct front *
front_new(const struct listener_address *a, struct fault *why)
{
	struct front *f = base_alloc(sizeof(*f));

	share_init(&f->share, on_done);
	f->header = (enum forward)a->forwarded;
	f->protocol = a->proxy_protocol;
	if (read_proxies(f, a, why) == 0)
		return f;
	front_drop(f);
	return NULL;
}

void
front_drop(struct front *f)
{
	share_drop(f != NULL ? &f->share : NULL);
}

int
listener_check_front(const struct listener_address *a, struct fault *why)
{
	struct front *f = front_new(a, why);

	front_drop(f);
	return f != NULL ? 0 : -1;
}
