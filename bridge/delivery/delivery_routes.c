/* delivery/delivery_routes.c - all route files, and what is between them. */
#include <glob.h>
#include <stdlib.h>
#include <string.h>

#include "delivery/delivery_route.h"

/* By path, then by file: faults come in an order that does not change. */
static int
by_path(const void *a, const void *b)
{
	const struct route *const *x = a, *const *y = b;
	int order = strcmp((*x)->settings.path, (*y)->settings.path);

	if (order != 0)
		return order;
	return strcmp(settings_path((*x)->file), settings_path((*y)->file));
}

static void
on_twins(void *arg, const struct route *r, const struct route *earlier)
{
	struct faults *all = arg;

	settings_fault(all,
	    config_setting_get_member(settings_root(r->file), "route"),
	    "route: %s is taken by %s", r->settings.path,
	    settings_path(earlier->file));
}

static void
load_file(struct routes *r, const char *file, const struct secrets *secrets,
    struct faults *all)
{
	struct route *route = route_load(file, secrets,
	    r->targets != NULL ? r : NULL, all);

	if (route == NULL)
		return;
	r->list = base_grow(r->list, r->count + 1, sizeof(struct route *));
	r->list[r->count++] = route;
}

static void
load_all(struct routes *r, const struct routes_setup *setup, struct faults *all)
{
	char *pattern = settings_beside(setup->settings_file, setup->pattern);
	glob_t files;

	if (glob(pattern, 0, NULL, &files) != 0)
		faults_add(all, setup->settings_file, 0,
		    "routes: no file matches %s", pattern);
	else {
		for (size_t i = 0; i < files.gl_pathc; i++)
			load_file(r, files.gl_pathv[i], setup->secrets, all);
		globfree(&files);
	}
	base_free(pattern);
}

/* No handshake signs for strangers what is an event on another route. */
static void
check_oracles(const struct routes *r, struct faults *all)
{
	for (size_t i = 0; i < r->count; i++)
		for (size_t k = 0;
		     r->list[i]->handshake != NULL && k < r->count; k++) {
			const struct route *signs = r->list[i];
			const struct route *takes = r->list[k];

			if (k == i || takes->verifier == NULL ||
			    !handshake_oracle(signs->handshake,
			        takes->verifier))
				continue;
			settings_fault(all, settings_root(signs->file),
			    "handshake: what it signs for anybody could be a "
			    "signed event of %s, which has the same secret; "
			    "name another secret in one of the two",
			    settings_path(takes->file));
		}
}

struct routes *
routes_load(const struct routes_setup *setup, struct faults *all)
{
	struct routes *r = base_alloc(sizeof(*r));
	size_t before = all->count;

	r->targets = setup->targets;
	r->target_count = setup->target_count;
	r->journalled = setup->journalled;
	load_all(r, setup, all);
	if (r->count > 0)
		qsort(r->list, r->count, sizeof(struct route *), by_path);
	routes_index(r, on_twins, all);
	check_oracles(r, all);
	if (all->count > before) {
		routes_free(r);
		r = NULL;
	}
	return r;
}

void
routes_free(struct routes *r)
{
	if (r == NULL)
		return;
	for (size_t i = 0; i < r->count; i++)
		route_close(r->list[i]);
	routes_index_free(r->index);
	base_free(r->list);
	base_free(r);
}

size_t
routes_count(const struct routes *r)
{
	return r->count;
}

bool
routes_have_upstream(const struct routes *r, struct str name)
{
	for (size_t i = 0; i < r->target_count; i++)
		if (str_eq(str_of(upstream_target_name(r->targets[i])), name))
			return true;
	return false;
}

bool
routes_journalled(const struct routes *r)
{
	for (size_t i = 0; i < r->count; i++)
		if (r->list[i]->settings.mode != ROUTE_RELAY)
			return true;
	return false;
}

const char *
routes_ask_client(const struct routes *r)
{
	for (size_t i = 0; i < r->count; i++)
		if (r->list[i]->verifier != NULL &&
		    verifier_asks_client(r->list[i]->verifier))
			return route_path(r->list[i]);
	return NULL;
}
