/*
 * verify/verify_client.c - whose certificate the client has shown.
 *
 * That it is genuine, and who may issue one, is for the listener to say; here
 * its name is compared. Behind a proxy that ends TLS there is none.
 */
#include "verify/verify_scheme.h"

bool
clients_parse(struct str text, struct arena *own, struct clients *to)
{
	size_t max = 1;
	struct str name;

	for (size_t i = 0; i < text.len; i++)
		max += text.at[i] == ',';
	if (max > CLIENTS_MAX)
		return false;
	to->count = 0;
	to->list = arena_take(own, max * sizeof(*to->list));
	if (to->list == NULL)
		return false;
	while (str_cut(&text, ',', &name)) {
		name = str_trim(name);
		if (name.len == 0)
			return false;
		to->list[to->count++] = name;
	}
	return true;
}

bool
client_fits(const struct verifier *v, const struct request *r)
{
	/* Whoever shows none has an empty one, which is none of the list. */
	for (size_t i = 0; i < v->clients.count; i++)
		if (str_eq(v->clients.list[i], r->client_name))
			return true;
	return false;
}
