/* mapping/mapping_transform_web.c - addresses of pages, and parts of them. */
#include <string.h>

#include "mapping/mapping_transform_tools.h"

/* What stands between '?' and '#'; at == NULL when there is no '?'. */
static struct str
query_of(struct str url)
{
	struct str rest = url, part;

	str_cut(&rest, '#', &part);
	str_cut(&part, '?', &rest);
	return part;
}

static bool
escapes_ok(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.at[i] == '%' &&
		    (s.len - i < 3 || hex_digit(s.at[i + 1]) < 0 ||
		        hex_digit(s.at[i + 2]) < 0))
			return false;
	return true;
}

/*
 * The parameter's value as it is written; at == NULL: there is none. A name
 * with broken escapes is one that nobody asks for. -1: no memory.
 */
static int
find_parameter(struct arena *a, struct str query, struct str name,
    struct str *found)
{
	struct str pair, key;

	*found = STR_NONE;
	while (str_cut(&query, '&', &pair)) {
		str_cut(&pair, '=', &key);
		if (!escapes_ok(key))
			continue;
		if (percent_decode(a, key, true, &key) == -1)
			return -1;
		if (!str_eq(key, name))
			continue;
		*found = pair.at != NULL ? pair : STR("");
		return 0;
	}
	return 0;
}

static int
run_url_query(const struct transform_call *c, struct value *v,
    struct fault *why)
{
	struct str text, name, found;

	if (step_text(c, "url_query", v, &text, why) == -1 ||
	    step_arg_text(c, "url_query", 0, &name, why) == -1)
		return -1;
	if (find_parameter(c->in->arena, query_of(text), name, &found) == -1)
		return step_full(c, "url_query", why);
	if (found.at == NULL) {
		*v = (struct value){ .kind = VALUE_ABSENT };
		return 0;
	}
	if (!escapes_ok(found))
		return step_fault(c, why, "url_query: an escape is broken");
	if (percent_decode(c->in->arena, found, true, &found) == -1)
		return step_full(c, "url_query", why);
	if (!utf8_valid(found))
		return step_fault(c, why,
		    "url_query: the parameter is not UTF-8");
	*v = value_string(found);
	return 0;
}

const struct transform transforms_web[] = {
	{ .name = "url_query",
	    .min_args = 1,
	    .max_args = 1,
	    .takes = "text",
	    .gives = "text",
	    .help = "Takes a parameter out of a page's address, decoded; "
	            "nothing when it is not there.",
	    .examples = EXAMPLES(
	        { "\"https://a.example/x?utm_source=spring+sale&b=1#c\"",
	            "url_query('utm_source')", "\"spring sale\"" },
	        { "\"/x?a=1&a=2\"", "url_query('a')", "\"1\"" },
	        { "\"/x?n%C3%A4me=%C3%A9%26\"", "url_query('näme')", "\"é&\"" },
	        { "\"/x?a\"", "url_query('a')", "\"\"" },
	        { "\"/x?b=1\"", "url_query('a')", "" },
	        { "\"/x#?a=1\"", "url_query('a')", "" },
	        { "\"a=1\"", "url_query('a')", "" },
	        { "\"/x?a=%zz\"", "url_query('a')", "!escape is broken" },
	        { "\"/x?a=%ff\"", "url_query('a')", "!is not UTF-8" },
	        { "{}", "url_query('a')", "!was given an object" }),
	    .run = run_url_query },

	{ .name = NULL },
};
