/* tests/unit/delivery/test_route.c - paths, parameters, which route is it. */
#include <stdio.h>

#include "unit/cmocka_all.h"

#include "delivery/delivery_life.h"

/* Routes made by hand: what routes_load makes, without files. */
struct table {
	struct settings_file *file;
	struct route routes[2000];
	struct route *list[2000];
	struct routes all;
	struct arena *arena;
};

static void
add(struct table *t, const char *method, const char *path)
{
	struct route *r = &t->routes[t->all.count];
	struct faults faults = { 0 };

	r->file = t->file;
	r->settings.method = method;
	r->settings.path = path;
	assert_true(route_compile_path(r, &faults));
	t->list[t->all.count++] = r;
}

static void
on_twins(void *arg, const struct route *r, const struct route *earlier)
{
	unsigned *count = arg;

	assert_string_not_equal(r->settings.path, "");
	assert_ptr_not_equal(r, earlier);
	++*count;
}

static unsigned
index_all(struct table *t)
{
	unsigned twins = 0;

	routes_index_free(t->all.index);
	for (size_t i = 0; i < t->all.count; i++)
		t->routes[i].beside = NULL;
	routes_index(&t->all, on_twins, &twins);
	return twins;
}

static int
setup(void **state)
{
	struct table *t = base_alloc(sizeof(*t));
	struct faults faults = { 0 };

	t->file = settings_parse(STR("route = \"/x\";"), "x.cfg", &faults);
	t->arena = arena_new(1 << 20);
	t->all.list = t->list;
	add(t, "POST", "/hooks/a");
	add(t, "PUT", "/hooks/a");
	add(t, "POST", "/hooks/b");
	add(t, "POST", "/hooks/{form}/leads/{lead}");
	add(t, "POST", "/{any}");
	assert_int_equal(index_all(t), 0);
	*state = t;
	return 0;
}

static int
teardown(void **state)
{
	struct table *t = *state;

	for (size_t i = 0; i < t->all.count; i++)
		base_free(t->routes[i].segments);
	routes_index_free(t->all.index);
	settings_close(t->file);
	arena_free(t->arena);
	base_free(t);
	return 0;
}

static enum route_match
match(struct table *t, const char *method, const char *path,
    const struct route **found, struct header params[ROUTE_PARAMS], size_t *n)
{
	struct request r = { .method = str_of(method), .path = str_of(path) };

	return routes_match(&t->all, &r, t->arena, found, params, n);
}

static void
test_method_and_path_find_their_route(void **state)
{
	struct table *t = *state;
	struct header params[ROUTE_PARAMS];
	const struct route *found;
	size_t n;

	assert_int_equal(match(t, "POST", "/hooks/a", &found, params, &n),
	    ROUTE_FOUND);
	assert_ptr_equal(found, &t->routes[0]);
	assert_int_equal(match(t, "PUT", "/hooks/a", &found, params, &n),
	    ROUTE_FOUND);
	assert_ptr_equal(found, &t->routes[1]);
	assert_int_equal(match(t, "GET", "/hooks/b", &found, params, &n),
	    ROUTE_WRONG_METHOD);
	assert_ptr_equal(found, &t->routes[2]);
	assert_int_equal(match(t, "POST", "/hooks/c", &found, params, &n),
	    ROUTE_NOT_FOUND);
	assert_int_equal(match(t, "POST", "/hooks/a/", &found, params, &n),
	    ROUTE_NOT_FOUND);
	assert_int_equal(match(t, "POST", "/hooks", &found, params, &n),
	    ROUTE_FOUND); /* /{any} */
}

static void
test_parameters_are_decoded(void **state)
{
	struct table *t = *state;
	struct header params[ROUTE_PARAMS];
	const struct route *found;
	size_t n;

	assert_int_equal(match(t, "POST", "/hooks/f%20x/leads/l-1", &found,
	                     params, &n),
	    ROUTE_FOUND);
	assert_int_equal(n, 2);
	assert_str(params[0].name, "form");
	assert_str(params[0].value, "f x");
	assert_str(params[1].name, "lead");
	assert_str(params[1].value, "l-1");
}

static void
test_a_parameter_is_neither_empty_nor_broken(void **state)
{
	static const char *const paths[] = { "/hooks//leads/x",
		"/hooks/a/leads/", "/hooks/%zz/leads/x", "/hooks/%ff/leads/x",
		"/hooks/a/leads/x/y" };
	struct table *t = *state;
	struct header params[ROUTE_PARAMS];
	const struct route *found;
	size_t n;

	for (size_t i = 0; i < COUNT_OF(paths); i++)
		assert_int_equal(match(t, "POST", paths[i], &found, params, &n),
		    ROUTE_NOT_FOUND);
}

static void
test_text_goes_before_a_parameter(void **state)
{
	struct table *t = *state;
	struct header params[ROUTE_PARAMS];
	const struct route *found;
	size_t n;

	add(t, "POST", "/x/{a}/{b}");
	add(t, "POST", "/x/{a}/text");
	add(t, "POST", "/x/text/{b}");
	add(t, "PUT", "/x/text/text");
	assert_int_equal(index_all(t), 0);
	match(t, "POST", "/x/1/2", &found, params, &n);
	assert_string_equal(found->settings.path, "/x/{a}/{b}");
	assert_int_equal(n, 2);
	match(t, "POST", "/x/1/text", &found, params, &n);
	assert_string_equal(found->settings.path, "/x/{a}/text");
	/* The method sends it on to what else fits. */
	match(t, "POST", "/x/text/text", &found, params, &n);
	assert_string_equal(found->settings.path, "/x/text/{b}");
	assert_int_equal(n, 1);
	assert_str(params[0].name, "b");
	assert_str(params[0].value, "text");
	assert_int_equal(match(t, "GET", "/x/text/text", &found, params, &n),
	    ROUTE_WRONG_METHOD);
	assert_string_equal(found->settings.method, "PUT");
	assert_int_equal(match(t, "POST", "x/text/text", &found, params, &n),
	    ROUTE_NOT_FOUND);
}

static void
test_routes_that_cannot_be_told_apart_are_found(void **state)
{
	struct table *t = *state;

	add(t, "PUT", "/hooks/b");
	add(t, "POST", "/{other}");
	assert_int_equal(index_all(t), 1);
	add(t, "PUT", "/hooks/b");
	assert_int_equal(index_all(t), 2);
}

#define MANY 1000

/* Every one of many is found, among others that look like it. */
static void
test_a_thousand_routes_are_told_apart(void **state)
{
	struct table *t = *state;
	struct header params[ROUTE_PARAMS];
	char paths[MANY][48], path[64];
	const struct route *found;
	size_t n, first = t->all.count;

	for (unsigned i = 0; i < MANY; i++) {
		snprintf(paths[i], sizeof(paths[i]),
		    i % 2 == 0 ? "/many/route-%u" : "/many/route-%u/{lead}/x",
		    i);
		add(t, "POST", paths[i]);
	}
	assert_int_equal(index_all(t), 0);
	for (unsigned i = 0; i < MANY; i++) {
		snprintf(path, sizeof(path),
		    i % 2 == 0 ? "/many/route-%u" : "/many/route-%u/l%%20%u/x",
		    i, i);
		assert_int_equal(match(t, "POST", path, &found, params, &n),
		    ROUTE_FOUND);
		assert_ptr_equal(found, &t->routes[first + i]);
		assert_int_equal(n, i % 2);
		arena_reset(t->arena);
	}
	assert_int_equal(match(t, "POST", "/many/route-1000", &found, params,
	                     &n),
	    ROUTE_NOT_FOUND);
}

static void
test_paths_that_are_none_are_faults(void **state)
{
	static const char *const paths[] = { "hooks", "/a//b", "/a/", "/a b",
		"/a?b", "/{", "/{}", "/{a-b}", "/a%20b",
		"/{a}/{b}/{c}/{d}/{e}/{f}/{g}/{h}/{i}" };
	struct table *t = *state;

	for (size_t i = 0; i < COUNT_OF(paths); i++) {
		struct route r = { .file = t->file,
			.settings = { .path = paths[i] } };
		struct faults faults = { 0 };

		assert_false(route_compile_path(&r, &faults));
		assert_int_equal(faults.count, 1);
		assert_string_equal(faults.list[0].where, "x.cfg");
		assert_int_equal(faults.list[0].line, 1);
		faults_done(&faults);
		base_free(r.segments);
	}
}

static void
test_ids_are_uuids_of_version_7_and_differ(void **state)
{
	struct worker w = { .seed = { 1, 2 } };
	char a[DELIVERY_ID_SIZE], b[DELIVERY_ID_SIZE];

	(void)state;
	delivery_make_id(&w, INT64_C(0x0123456789AB), a);
	delivery_make_id(&w, INT64_C(0x0123456789AB), b);
	assert_int_equal(strlen(a), 36);
	assert_memory_equal(a, "01234567-89ab-7", 15);
	assert_non_null(strchr("89ab", a[19]));
	assert_string_not_equal(a, b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    test_method_and_path_find_their_route, setup, teardown),
		cmocka_unit_test_setup_teardown(test_parameters_are_decoded,
		    setup, teardown),
		cmocka_unit_test_setup_teardown(
		    test_a_parameter_is_neither_empty_nor_broken, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(
		    test_text_goes_before_a_parameter, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    test_routes_that_cannot_be_told_apart_are_found, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(
		    test_a_thousand_routes_are_told_apart, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    test_paths_that_are_none_are_faults, setup, teardown),
		cmocka_unit_test(test_ids_are_uuids_of_version_7_and_differ),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
