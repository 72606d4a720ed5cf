/* delivery/delivery_route.c - the path of a route, compiled and read. */
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

bool
route_param(struct str text, struct arena *arena, struct str *value)
{
	return text.len > 0 && percent_decode(arena, text, false, value) == 0 &&
	    utf8_valid(*value);
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
		if (!route_param(text, arena, &params[n].value))
			return false;
		n++;
	}
	*count = n;
	return i == r->segment_count;
}

const struct document *
route_decode(const struct request *r, struct arena *arena, struct fault *why)
{
	struct str type = request_header(r, STR("Content-Type"));

	/* A GET has its event in the query. */
	if (r->body.len == 0 && type.at == NULL &&
	    str_eq(r->method, STR("GET")))
		return decode_query(arena, r->query, &decode_limits_default,
		    why);
	return decode_body(arena, type, r->body, &decode_limits_default, why);
}

size_t
route_params(const struct route *r, struct str path, struct arena *arena,
    struct header params[ROUTE_PARAMS])
{
	size_t count = 0;

	return match_segments(r, path, arena, params, &count) ? count : 0;
}
