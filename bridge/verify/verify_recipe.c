/*
 * verify/verify_recipe.c - what is signed, as text with parts in braces:
 * "v0:{timestamp}:{body}". "{{" and "}}" are braces.
 */
#include <string.h>

#include "verify/verify_scheme.h"

static const struct name part_names[] = {
	{ "body", PART_BODY },
	{ "form", PART_FORM },
	{ "header", PART_HEADER },
	{ "id", PART_ID },
	{ "json", PART_JSON },
	{ "method", PART_METHOD },
	{ "path", PART_PATH },
	{ "query", PART_QUERY },
	{ "secret", PART_SECRET },
	{ "sorted_form", PART_SORTED_FORM },
	{ "timestamp", PART_TIMESTAMP },
	{ "url", PART_URL },
	{ NULL, -1 },
};

static int
unknown_part(struct str name, struct fault *why)
{
	struct nearest near;
	const char *found;

	nearest_start(&near, name);
	for (const struct name *n = part_names; n->text != NULL; n++)
		nearest_try(&near, n->text);
	found = nearest_found(&near);
	return fault_set(why, FAULT_SETTINGS, NULL,
	    "there is no part {%.*s}%s%s%s", STR_ARG(name),
	    found != NULL ? "; did you mean {" : "", found != NULL ? found : "",
	    found != NULL ? "}?" : "");
}

/* What stands between braces. */
static int
parse_part(struct str text, struct part *to, struct fault *why)
{
	struct str name;
	bool named;
	int kind;

	if (!str_cut(&text, ':', &name))
		return -1;
	kind = name_value(part_names, name);
	if (kind == -1)
		return unknown_part(name, why);
	named = kind == PART_HEADER || kind == PART_QUERY ||
	    kind == PART_FORM || kind == PART_JSON;
	if (named != (text.at != NULL && text.len > 0))
		return fault_set(why, FAULT_SETTINGS, NULL,
		    named ? "{%.*s:NAME} is expected, with a name"
		          : "{%.*s} takes no name",
		    STR_ARG(name));
	if (kind == PART_JSON && !json_path_fits(text))
		return fault_set(why, FAULT_SETTINGS, NULL,
		    "{json:%.*s}: a path like a.b, a[0].b or ['a.b'] is "
		    "expected",
		    STR_ARG(text));
	*to = (struct part){ (enum part_kind)kind, named ? text : STR("") };
	return 0;
}

/* Text up to the next part, "{{" and "}}" undone; -1 for a lone '}'. */
static int
take_literal(struct str *rest, struct arena *own, struct str *out,
    struct fault *why)
{
	struct bytes text;

	bytes_init_in(&text, own, rest->len);
	while (rest->len > 0) {
		char c = rest->at[0];
		bool twice = rest->len > 1 && rest->at[1] == c;

		if (c == '{' && !twice)
			break;
		if (c == '}' && !twice)
			return fault_set(why, FAULT_SETTINGS, NULL,
			    "a '}' without its '{'; write '}}' for a brace");
		bytes_add_char(&text, c);
		*rest = str_skip(*rest, c == '{' || c == '}' ? 2 : 1);
	}
	if (!bytes_ok(&text))
		return fault_set(why, FAULT_SETTINGS, NULL, "too long");
	*out = bytes_str(&text);
	return 0;
}

static int
add_part(struct recipe *t, struct part p, struct fault *why)
{
	if (t->count == PARTS_MAX)
		return fault_set(why, FAULT_SETTINGS, NULL,
		    "more than %d parts", PARTS_MAX);
	t->parts[t->count++] = p;
	return 0;
}

int
recipe_parse(struct str text, struct arena *own, struct recipe *to,
    struct fault *why)
{
	struct str rest = arena_copy(own, text);

	to->count = 0;
	while (rest.len > 0) {
		struct part p = { PART_LITERAL, STR_NONE };
		const char *end;

		if (take_literal(&rest, own, &p.text, why) == -1)
			return -1;
		if (p.text.len > 0 && add_part(to, p, why) == -1)
			return -1;
		if (rest.len == 0)
			break;
		end = memchr(rest.at, '}', rest.len);
		if (end == NULL)
			return fault_set(why, FAULT_SETTINGS, NULL,
			    "a '{' without its '}'; write '{{' for a brace");
		if (parse_part(str_span(rest.at + 1, end), &p, why) == -1 ||
		    add_part(to, p, why) == -1)
			return -1;
		rest = str_skip(rest, (size_t)(end + 1 - rest.at));
	}
	return 0;
}

bool
recipe_has(const struct recipe *t, enum part_kind kind)
{
	for (size_t i = 0; i < t->count; i++)
		if (t->parts[i].kind == kind)
			return true;
	return false;
}
