/*
 * mapping/mapping_transform_value.c - kinds of values, and what to do with
 * what is absent.
 */
#include "mapping/mapping_transform_tools.h"

static int
run_string(const struct transform_call *c, struct value *v, struct fault *why)
{
	struct str text;

	if (!value_text(v, &text))
		return step_fault(c, why, "string: %s has no text",
		    value_kind_name(v));
	*v = value_string(text);
	return 0;
}

static int
run_json(const struct transform_call *c, struct value *v, struct fault *why)
{
	struct fault inner = { 0 };
	struct document *d;
	struct str text;

	if (step_text(c, "json", v, &text, why) == -1)
		return -1;
	d = decode_json(c->in->arena, text, &decode_limits_default, &inner);
	if (d != NULL) {
		*v = value_of_node(d, doc_root(d));
		return 0;
	}
	if (inner.code == FAULT_BUSY)
		return step_full(c, "json", why);
	return step_fault(c, why,
	    "json: the text is not JSON (line %u, column %u)", inner.line,
	    inner.column);
}

static int
run_default(const struct transform_call *c, struct value *v, struct fault *why)
{
	(void)why;
	if (value_is_missing(v))
		*v = c->args[0];
	return 0;
}

static int
run_required(const struct transform_call *c, struct value *v, struct fault *why)
{
	if (value_is_missing(v))
		return step_fault(c, why,
		    "required: the event does not have it");
	return 0;
}

static int
run_null_if(const struct transform_call *c, struct value *v, struct fault *why)
{
	(void)why;
	for (size_t i = 0; i < c->arg_count; i++)
		if (value_equal(v, &c->args[i])) {
			*v = (struct value){ .kind = VALUE_NULL };
			return 0;
		}
	return 0;
}

static int
run_keep_null(const struct transform_call *c, struct value *v,
    struct fault *why)
{
	(void)c;
	(void)why;
	v->kept = true;
	return 0;
}

const struct transform transforms_value[] = {
	{ .name = "default",
	    .min_args = 1,
	    .max_args = 1,
	    .flags = TRANSFORM_SEES_ABSENT | TRANSFORM_TAKES_LIST,
	    .takes = "any value",
	    .gives = "any value",
	    .help = "Stands in for what is absent or null.",
	    .examples = EXAMPLES({ "", "default('x')", "\"x\"" },
	        { "null", "default(0)", "0" },
	        { "\"\"", "default('x')", "\"\"" },
	        { "[]", "default('x')", "[]" }),
	    .run = run_default },

	{ .name = "json",
	    .takes = "text",
	    .gives = "any value",
	    .help = "Reads JSON that came as text.",
	    .examples = EXAMPLES({ "\"{\\\"a\\\":[1,2.50]}\"", "json",
	                             "{\"a\":[1,2.50]}" },
	        { "\"7\"", "json", "7" },
	        { "\"{\"", "json", "!not JSON (line 1" }),
	    .run = run_json },

	{ .name = "keep_null",
	    .flags = TRANSFORM_SEES_ABSENT | TRANSFORM_TAKES_LIST,
	    .takes = "any value",
	    .gives = "any value",
	    .help = "Lets null through, also inside an object, which clears "
	            "what is there; what is absent stays absent.",
	    .examples = EXAMPLES({ "null", "keep_null", "null" },
	        { "", "keep_null", "" }, { "1", "keep_null", "1" }),
	    .run = run_keep_null },

	{ .name = "null_if",
	    .min_args = 1,
	    .max_args = TRANSFORM_ARGS,
	    .takes = "any scalar",
	    .gives = "any value",
	    .help = "Makes a value null when it equals one of those given, so "
	            "that it is left out.",
	    .examples = EXAMPLES({ "\"N/A\"", "null_if('', 'N/A')", "" },
	        { "\"\"", "null_if('', 'N/A')", "" },
	        { "\"n/a\"", "null_if('', 'N/A')", "\"n/a\"" },
	        { "0.0", "null_if(0)", "" },
	        { "\"0\"", "null_if(0)", "\"0\"" }),
	    .run = run_null_if },

	{ .name = "required",
	    .flags = TRANSFORM_SEES_ABSENT | TRANSFORM_TAKES_LIST,
	    .takes = "any value",
	    .gives = "any value",
	    .help = "Refuses the event when the value is absent or null.",
	    .examples = EXAMPLES({ "", "required", "!does not have it" },
	        { "null", "required", "!does not have it" },
	        { "\"\"", "required", "\"\"" }, { "[1]", "required", "[1]" }),
	    .run = run_required },

	{ .name = "string",
	    .takes = "any scalar",
	    .gives = "text",
	    .help = "Makes text of a number or a boolean, as it was written.",
	    .examples = EXAMPLES({ "1.50", "string", "\"1.50\"" },
	        { "true", "string", "\"true\"" },
	        { "\"a\"", "string", "\"a\"" },
	        { "{}", "string", "!an object has no text" }),
	    .run = run_string },

	{ .name = NULL },
};
