/*
 * delivery/delivery_index.c - the route of a request, at one price.
 *
 * The paths of all routes are one tree of segments, /hooks/{form}/leads
 * being a way down from its root. Its edges are one hash table, keyed by the
 * node and the segment, so a step down costs the same among a thousand
 * routes as among two. A parameter is an edge of its own beside the table.
 *
 *	0 -"hooks"-> 1 -"typeform"-> 2  POST, PUT
 *	             '-{}----------> 3 -"leads"-> 4  POST
 */
#include <string.h>

#include "delivery/delivery_route.h"

#define NO_NODE UINT32_MAX

struct route_node {
	struct str text; /* of the edge that leads here */
	uint32_t parent;
	uint32_t chain;      /* the next node of the same slot */
	uint32_t param;      /* where a parameter leads */
	struct route *first; /* routes that end here, one a method */
};

struct route_index {
	struct route_node *nodes;
	uint32_t count;
	uint32_t *slots;
	uint32_t mask; /* slots - 1, a power of two */
};

/* FNV-1a. The table holds the operator's paths: nobody can fill a slot. */
static uint32_t
hash(uint32_t parent, struct str text)
{
	uint32_t h = 2166136261u ^ parent * 2654435761u;

	for (size_t i = 0; i < text.len; i++)
		h = (h ^ (unsigned char)text.at[i]) * 16777619u;
	return h ^ h >> 15;
}

static uint32_t
find_child(const struct route_index *x, uint32_t parent, struct str text)
{
	uint32_t n = x->slots[hash(parent, text) & x->mask];

	while (n != NO_NODE &&
	    (x->nodes[n].parent != parent || !str_eq(x->nodes[n].text, text)))
		n = x->nodes[n].chain;
	return n;
}

static uint32_t
add_node(struct route_index *x, uint32_t parent, struct str text)
{
	uint32_t n = x->count++;

	x->nodes[n] = (struct route_node){ .text = text,
		.parent = parent,
		.chain = NO_NODE,
		.param = NO_NODE };
	return n;
}

static uint32_t
grow_down(struct route_index *x, uint32_t at, const struct route_segment *s)
{
	uint32_t child, *slot;

	if (s->param) {
		if (x->nodes[at].param == NO_NODE)
			x->nodes[at].param = add_node(x, at, STR_NONE);
		return x->nodes[at].param;
	}
	child = find_child(x, at, s->text);
	if (child != NO_NODE)
		return child;
	child = add_node(x, at, s->text);
	slot = &x->slots[hash(at, s->text) & x->mask];
	x->nodes[child].chain = *slot;
	*slot = child;
	return child;
}

static struct route_index *
index_new(size_t segments)
{
	struct route_index *x = base_alloc(sizeof(*x));
	size_t slots = 16;

	while (slots < 2 * segments)
		slots *= 2;
	x->nodes = base_alloc((segments + 1) * sizeof(x->nodes[0]));
	x->slots = base_alloc(slots * sizeof(x->slots[0]));
	memset(x->slots, 0xff, slots * sizeof(x->slots[0])); /* NO_NODE */
	x->mask = (uint32_t)(slots - 1);
	add_node(x, NO_NODE, STR_NONE);
	return x;
}

void
routes_index(struct routes *all, route_twins *twins, void *arg)
{
	size_t segments = 0;

	for (size_t i = 0; i < all->count; i++)
		segments += all->list[i]->segment_count;
	all->index = index_new(segments);
	for (size_t i = 0; i < all->count; i++) {
		struct route *r = all->list[i], **at;
		uint32_t n = 0;

		for (size_t k = 0; k < r->segment_count; k++)
			n = grow_down(all->index, n, &r->segments[k]);
		at = &all->index->nodes[n].first;
		while (*at != NULL &&
		    strcmp((*at)->settings.method, r->settings.method) != 0)
			at = &(*at)->beside;
		if (*at != NULL)
			twins(arg, r, *at);
		else
			*at = r;
	}
}

void
routes_index_free(struct route_index *x)
{
	if (x == NULL)
		return;
	base_free(x->nodes);
	base_free(x->slots);
	base_free(x);
}

struct search {
	const struct route_index *index;
	const struct request *request;
	struct arena *arena;
	struct header *params;
	size_t count; /* of params, when found */
	const struct route *found;
	enum route_match match;
};

/* Of the routes of a path the one by the method, or by its handshake. */
static const struct route *
by_method(const struct route *first, struct str method)
{
	const struct route *r = first;

	while (r != NULL && !str_eq(str_of(r->settings.method), method))
		r = r->beside;
	if (r != NULL || !str_eq(method, STR("GET")))
		return r;
	r = first;
	while (r != NULL && !handshake_by_get(r->handshake))
		r = r->beside;
	return r;
}

/* The path ends at a node: is there a route of the method? */
static bool
ends_at(struct search *s, uint32_t n, size_t params)
{
	const struct route *r = s->index->nodes[n].first;

	if (r != NULL && s->match == ROUTE_NOT_FOUND) {
		s->found = r;
		s->match = ROUTE_WRONG_METHOD;
	}
	r = by_method(r, s->request->method);
	if (r == NULL)
		return false;
	for (size_t i = 0, k = 0; i < r->segment_count; i++)
		if (r->segments[i].param)
			s->params[k++].name = r->segments[i].text;
	s->count = params;
	s->found = r;
	s->match = ROUTE_FOUND;
	return true;
}

/*
 * Text goes before a parameter. As deep as the routes are, and through no
 * node twice, so a path cannot cost more than there are nodes.
 */
static bool
go_down(struct search *s, uint32_t n, struct str rest, size_t params)
{
	struct str text;
	uint32_t child;

	if (!str_cut(&rest, '/', &text))
		return ends_at(s, n, params);
	child = find_child(s->index, n, text);
	if (child != NO_NODE && go_down(s, child, rest, params))
		return true;
	child = s->index->nodes[n].param;
	return child != NO_NODE &&
	    route_param(text, s->arena, &s->params[params].value) &&
	    go_down(s, child, rest, params + 1);
}

enum route_match
routes_match(const struct routes *all, const struct request *request,
    struct arena *arena, const struct route **found,
    struct header params[ROUTE_PARAMS], size_t *param_count)
{
	struct search s = { .index = all->index,
		.request = request,
		.arena = arena,
		.params = params,
		.match = ROUTE_NOT_FOUND };

	if (request->path.len > 0 && request->path.at[0] == '/')
		(void)go_down(&s, 0, str_skip(request->path, 1), 0);
	*found = s.found;
	*param_count = s.count;
	return s.match;
}
