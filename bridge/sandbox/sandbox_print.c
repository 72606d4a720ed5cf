/*
 * sandbox/sandbox_print.c - JSON as text.
 *
 * jansson's own printer writes 19.99 as 19.989999999999998; whoever tries a
 * mapping wants to see the number that was sent.
 */
#include "sandbox/sandbox_parts.h"

/* Two spaces a level; -1 for a value on one line. */
static void
print_break(int level, struct bytes *out)
{
	if (level >= 0)
		bytes_addf(out, "\n%*s", level * 2, "");
}

static int
inner(int level)
{
	return level >= 0 ? level + 1 : -1;
}

static void print_value(json_t *v, int level, struct bytes *out);

static void
print_object(json_t *v, int level, struct bytes *out)
{
	const char *key;
	size_t key_len;
	json_t *member;
	bool first = true;

	bytes_add_char(out, '{');
	json_object_keylen_foreach(v, key, key_len, member)
	{
		if (!first)
			bytes_add_char(out, ',');
		first = false;
		print_break(inner(level), out);
		bytes_add_json(out, (struct str){ key, key_len });
		bytes_add_text(out, level >= 0 ? ": " : ":");
		print_value(member, inner(level), out);
	}
	if (!first)
		print_break(level, out);
	bytes_add_char(out, '}');
}

static void
print_array(json_t *v, int level, struct bytes *out)
{
	size_t size = json_array_size(v);

	bytes_add_char(out, '[');
	for (size_t i = 0; i < size; i++) {
		if (i > 0)
			bytes_add_char(out, ',');
		print_break(inner(level), out);
		print_value(json_array_get(v, i), inner(level), out);
	}
	if (size > 0)
		print_break(level, out);
	bytes_add_char(out, ']');
}

static void
print_value(json_t *v, int level, struct bytes *out)
{
	switch (json_typeof(v)) {
	case JSON_OBJECT:
		print_object(v, level, out);
		break;
	case JSON_ARRAY:
		print_array(v, level, out);
		break;
	case JSON_STRING:
		bytes_add_json(out,
		    (struct str){ json_string_value(v),
		        json_string_length(v) });
		break;
	case JSON_INTEGER:
		bytes_add_int(out, json_integer_value(v));
		break;
	case JSON_REAL:
		bytes_add_double(out, json_real_value(v));
		break;
	case JSON_TRUE:
	case JSON_FALSE:
		bytes_add_text(out, json_is_true(v) ? "true" : "false");
		break;
	case JSON_NULL:
		bytes_add_text(out, "null");
		break;
	}
}

void
print_json(json_t *v, bool indented, struct bytes *out)
{
	print_value(v, indented ? 0 : -1, out);
}
