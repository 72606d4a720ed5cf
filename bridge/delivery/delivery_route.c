/* delivery/delivery_route.c - a route's path, and the route of a request. */
#include <stdlib.h>
#include <string.h>

#include "delivery/delivery_route.h"

static bool
is_path_char(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	    (c >= '0' && c <= '9') || strchr("-._~", c) != NULL;
}

static bool
is_name(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.at[i] == '-' || s.at[i] == '.' || s.at[i] == '~' ||
		    !is_path_char(s.at[i]))
			return false;
	return s.len > 0;
}

/* "users" or "{name}"; NULL or what is wrong with it. */
static const char *
read_segment(struct str text, struct route_segment *out)
{
	*out = (struct route_segment){ .text = text };
	if (text.len == 0)
		return "two slashes in a row, or one at the end";
	if (text.at[0] == '{') {
		if (text.at[text.len - 1] != '}')
			return "a } is missing";
		out->param = true;
		out->text = (struct str){ text.at + 1, text.len - 2 };
		return is_name(out->text)
		    ? NULL
		    : "a parameter's name is letters, digits and _";
	}
	for (size_t i = 0; i < text.len; i++)
		if (text.at[i] == '\0' || !is_path_char(text.at[i]))
			return "only letters, digits, - . _ ~ and {parameters} "
			       "may stand between slashes";
	return NULL;
}

static const char *
compile(struct route *r)
{
	struct str rest = str_of(r->settings.path), text;
	size_t params = 0;

	if (rest.len == 0 || rest.at[0] != '/')
		return "it must begin with /";
	rest = str_skip(rest, 1);
	while (str_cut(&rest, '/', &text)) {
		struct route_segment *s;
		const char *problem;

		r->segments = base_grow(r->segments, r->segment_count + 1,
		    sizeof(r->segments[0]));
		s = &r->segments[r->segment_count++];
		problem = read_segment(text, s);
		if (problem != NULL)
			return problem;
		params += s->param;
	}
	r->has_params = params > 0;
	return params > ROUTE_PARAMS ? "more than 8 parameters" : NULL;
}

bool
route_compile_path(struct route *r, struct faults *all)
{
	const char *problem = compile(r);

	if (problem == NULL)
		return true;
	settings_fault(all,
	    config_setting_get_member(settings_root(r->file), "route"),
	    "route: not a path: %s", problem);
	return false;
}

/* Does the path fit, and what are its parameters then? */
static bool
match_segments(const struct route *r, struct str path, struct arena *arena,
    struct header *params, size_t *count)
{
	struct str rest = str_skip(path, 1), text;
	size_t n = 0, i = 0;

	for (; str_cut(&rest, '/', &text); i++) {
		const struct route_segment *s;

		if (i == r->segment_count)
			return false;
		s = &r->segments[i];
		if (!s->param) {
			if (!str_eq(s->text, text))
				return false;
			continue;
		}
		params[n].name = s->text;
		if (text.len == 0 ||
		    percent_decode(arena, text, false, &params[n].value) ==
		        -1 ||
		    !utf8_valid(params[n].value))
			return false;
		n++;
	}
	*count = n;
	return i == r->segment_count;
}

/* The first plain route that is not before the path. */
static size_t
lower_bound(const struct routes *all, struct str path)
{
	size_t low = 0, high = all->plain;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (str_cmp(str_of(all->list[middle]->settings.path), path) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool
method_fits(const struct route *r, const struct request *request)
{
	return str_eq(str_of(r->settings.method), request->method);
}

enum route_match
routes_match(const struct routes *all, const struct request *request,
    struct arena *arena, const struct route **found,
    struct header params[ROUTE_PARAMS], size_t *param_count)
{
	enum route_match best = ROUTE_NOT_FOUND;

	*param_count = 0;
	for (size_t i = lower_bound(all, request->path); i < all->plain &&
	     str_eq(str_of(all->list[i]->settings.path), request->path);
	     i++) {
		*found = all->list[i];
		if (method_fits(*found, request))
			return ROUTE_FOUND;
		best = ROUTE_WRONG_METHOD;
	}
	for (size_t i = all->plain; i < all->count; i++) {
		const struct route *r = all->list[i];

		if (!match_segments(r, request->path, arena, params,
		        param_count))
			continue;
		*found = r;
		if (method_fits(r, request))
			return ROUTE_FOUND;
		best = ROUTE_WRONG_METHOD;
	}
	return best;
}

size_t
route_params(const struct route *r, struct str path, struct arena *arena,
    struct header params[ROUTE_PARAMS])
{
	size_t count = 0;

	return match_segments(r, path, arena, params, &count) ? count : 0;
}
