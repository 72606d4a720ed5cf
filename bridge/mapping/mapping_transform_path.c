/* mapping/mapping_transform_path.c - into what a step before has made. */
#include <string.h>

#include "mapping/mapping_transform_tools.h"

static void
release_path(void *path)
{
	jsonpath_free(path);
}

/* True when '$' stands in a filter, too. */
static bool
names_root_again(struct str path)
{
	char quote = '\0';

	for (size_t i = 1; i < path.len; i++) {
		char c = path.at[i];

		if (quote != '\0') {
			i += c == '\\';
			quote = c == quote ? '\0' : quote;
		} else if (c == '\'' || c == '"') {
			quote = c;
		} else if (c == '$') {
			return true;
		}
	}
	return false;
}

/*
 * '$' is the value, which may be a part of its document: the path is compiled
 * as one that begins at the current node. Where '$' comes again, that would
 * still be the document; the path then stays as it is, for run_get.
 */
static int
prepare_get(const struct transform_setup *s, void **out, struct fault *why)
{
	struct fault inner = { 0 };
	struct jsonpath *path;
	struct str text;
	char *own;

	if (!setup_text(s, 0, &text) || !str_starts(text, STR("$")))
		return fault_set(why, FAULT_SETTINGS, NULL,
		    "get: takes a path from the value, as in get('$.a[0].b')");
	own = base_print("%c%.*s", names_root_again(text) ? '$' : '@',
	    STR_ARG(str_skip(text, 1)));
	path = jsonpath_compile(str_of(own),
	    JSONPATH_STRICT | JSONPATH_RELATIVE, NULL, &inner);
	base_free(own);
	if (path == NULL)
		return fault_set(why, FAULT_SETTINGS, NULL,
		    "get: its path at character %u: %s",
		    inner.column > 0 ? inner.column : 1, inner.text);
	*out = path;
	return 0;
}

/* A value that is a part of a document becomes one; -1: no memory. */
static int
make_root(const struct transform_call *c, struct value *v)
{
	struct document *made = NULL;
	struct fault why = { 0 };
	struct bytes json;

	if (v->node == doc_root(v->document))
		return 0;
	step_bytes(c, &json);
	doc_print(v->document, v->node, &json);
	if (bytes_ok(&json))
		made = decode_json(c->in->arena, bytes_str(&json),
		    &decode_limits_default, &why);
	if (made == NULL)
		return -1;
	*v = value_of_node(made, doc_root(made));
	return 0;
}

static int
give_nodes(const struct transform_call *c, const struct document *d,
    const struct jsonpath_nodes *nodes, struct value *v, struct fault *why)
{
	struct value *items = arena_take(c->in->arena,
	    (nodes->count + 1) * sizeof(*items));

	if (items == NULL)
		return step_full(c, "get", why);
	items[0] = (struct value){ .kind = VALUE_ABSENT };
	for (size_t i = 0; i < nodes->count; i++)
		items[i] = value_of_node(d, nodes->at[i]);
	*v = items[0];
	if (nodes->count > 1)
		*v = (struct value){ .kind = VALUE_LIST,
			.matches = true,
			.items = items,
			.count = nodes->count };
	return 0;
}

static int
run_get(const struct transform_call *c, struct value *v, struct fault *why)
{
	const struct jsonpath *path = c->prepared;
	struct jsonpath_scope scope = { .arena = c->in->arena };
	struct jsonpath_nodes nodes;
	struct fault inner = { 0 };

	if (v->kind != VALUE_NODE)
		return step_fault(c, why,
		    "get: takes an object or an array, and was given %s; text "
		    "is read by json",
		    value_kind_name(v));
	if (!jsonpath_is_relative(path) && make_root(c, v) == -1)
		return step_full(c, "get", why);
	scope.document = v->document;
	scope.current = v->node;
	if (jsonpath_select(path, &scope, &nodes, &inner) == -1)
		return fault_set(why, inner.code, c->where, "get: %s",
		    inner.text);
	return give_nodes(c, scope.document, &nodes, v, why);
}

const struct transform transforms_path[] = {
	{ .name = "get",
	    .min_args = 1,
	    .max_args = 1,
	    .flags = TRANSFORM_LITERAL_ARGS,
	    .takes = "an object or an array",
	    .gives = "any value",
	    .help = "Takes what a JSONPath selects in the value, such as what "
	            "json has read, where '$' is the value, also in filters; "
	            "nothing when it selects nothing.",
	    .examples = EXAMPLES({ "{\"a\": {\"b\": 7}}", "get('$.a.b')", "7" },
	        { "{\"a\": [1, 2]}", "get('$.a[-1]')", "2" },
	        { "[{\"k\": 1}, {\"k\": 2}]", "get('$[*].k')", "[1,2]" },
	        { "[{\"k\": 1}, {\"k\": 2}]", "get('$[?@.k==2].k')", "2" },
	        { "{\"of\": 2, \"l\": [{\"k\": 1}, {\"k\": 2}]}",
	            "get('$.l[?@.k==$.of].k')", "2" },
	        { "{\"a\": 1}", "get('$')", "{\"a\":1}" },
	        { "{\"a\": 1}", "get('$.b')", "" }, { "{}", "get('$.a')", "" },
	        { "\"{}\"", "get('$.a')", "!is read by json" },
	        { "{}", "get('a')", "!takes a path from the value" },
	        { "{}", "get('$.')", "!its path at character" }),
	    .prepare = prepare_get,
	    .release = release_path,
	    .run = run_get },

	{ .name = NULL },
};
