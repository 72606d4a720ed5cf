/* lead/lead_print.c - the contract in words, and as JSON Schema. */
#include "lead/lead_format.h"

static const struct {
	unsigned type;
	const char *json;  /* as JSON Schema calls it */
	const char *words; /* in a sentence */
} types[] = {
	{ LEAD_STRING, "string", "a string" },
	{ LEAD_INTEGER | LEAD_NUMBER, "number", "a number" },
	{ LEAD_INTEGER, "integer", "an integer" },
	{ LEAD_BOOLEAN, "boolean", "a boolean" },
	{ LEAD_OBJECT, "object", "an object" },
	{ LEAD_ARRAY, "array", "an array" },
	{ LEAD_NULL, "null", "null" },
};

/*
 * The rows of `types` that make up the field's types, as bits by index. A
 * wider row is taken before the rows it contains.
 */
static unsigned
type_rows(const struct lead_field *f, size_t *count)
{
	unsigned left = f->types, rows = 0;

	*count = 0;
	for (size_t i = 0; i < COUNT_OF(types); i++)
		if ((left & types[i].type) == types[i].type) {
			left &= ~types[i].type;
			rows |= BIT(i);
			++*count;
		}
	return rows;
}

void
lead_print_types(const struct lead_field *f, struct bytes *out)
{
	size_t count, printed = 0;
	unsigned rows = type_rows(f, &count);

	if (f->types == LEAD_ANY) {
		bytes_add_text(out, "any value");
		return;
	}
	for (size_t i = 0; i < COUNT_OF(types); i++) {
		if ((rows & BIT(i)) == 0)
			continue;
		if (printed > 0)
			bytes_add_text(out,
			    printed + 1 == count ? " or " : ", ");
		bytes_add_text(out, types[i].words);
		printed++;
	}
}

/*
 * A printer of indented JSON: `open` says whether the group at hand has a
 * member already, which is what decides on commas.
 */
struct schema {
	struct bytes *out;
	int depth;
	bool open;
};

static void
new_line(struct schema *s)
{
	bytes_add_char(s->out, '\n');
	for (int i = 0; i < s->depth; i++)
		bytes_add_text(s->out, "  ");
}

static void
member(struct schema *s, const char *key)
{
	if (s->open)
		bytes_add_char(s->out, ',');
	new_line(s);
	bytes_add_json(s->out, str_of(key));
	bytes_add_text(s->out, ": ");
	s->open = true;
}

static void
member_text(struct schema *s, const char *key, const char *text)
{
	member(s, key);
	bytes_add_json(s->out, str_of(text));
}

static void
member_int(struct schema *s, const char *key, int64_t n)
{
	member(s, key);
	bytes_add_int(s->out, n);
}

static void
open_group(struct schema *s)
{
	bytes_add_char(s->out, '{');
	s->depth++;
	s->open = false;
}

static void
close_group(struct schema *s)
{
	s->depth--;
	new_line(s);
	bytes_add_char(s->out, '}');
	s->open = true;
}

static void
print_type(struct schema *s, const struct lead_field *f)
{
	size_t count, printed = 0;
	unsigned rows = type_rows(f, &count);

	if (f->types == LEAD_ANY)
		return; /* no "type" is any type */
	member(s, "type");
	if (count > 1)
		bytes_add_char(s->out, '[');
	for (size_t i = 0; i < COUNT_OF(types); i++) {
		if ((rows & BIT(i)) == 0)
			continue;
		if (printed++ > 0)
			bytes_add_text(s->out, ", ");
		bytes_add_json(s->out, str_of(types[i].json));
	}
	if (count > 1)
		bytes_add_char(s->out, ']');
}

static void
print_values(struct schema *s, const struct lead_field *f)
{
	member(s, "enum");
	bytes_add_char(s->out, '[');
	for (size_t i = 0; f->values[i] != NULL; i++) {
		if (i > 0)
			bytes_add_text(s->out, ", ");
		bytes_add_json(s->out, str_of(f->values[i]));
	}
	bytes_add_char(s->out, ']');
}

/* Known members constrain nothing: they are there for editors to offer. */
static void
print_keys(struct schema *s, const struct lead_field *f)
{
	bool items = (f->types & LEAD_ARRAY) != 0;

	if (items) {
		member(s, "items");
		open_group(s);
	}
	member(s, "properties");
	open_group(s);
	for (size_t i = 0; f->keys[i] != NULL; i++) {
		member(s, f->keys[i]);
		bytes_add_text(s->out, "{}");
	}
	close_group(s);
	if (items)
		close_group(s);
}

static void
print_format(struct schema *s, const struct lead_field *f)
{
	const struct lead_format *format = lead_format_get(f->format);

	member_text(s, "format", format->name);
	if (format->pattern != NULL)
		member_text(s, "pattern", format->pattern);
}

static void
print_field(struct schema *s, const struct lead_field *f)
{
	member(s, f->name);
	open_group(s);
	member_text(s, "description", f->help);
	print_type(s, f);
	if (f->min_length > 0)
		member_int(s, "minLength", (int64_t)f->min_length);
	if (f->max_length > 0)
		member_int(s, "maxLength", (int64_t)f->max_length);
	if (f->minimum != INT64_MIN)
		member_int(s, "minimum", f->minimum);
	if (f->format != NULL)
		print_format(s, f);
	if (f->values != NULL)
		print_values(s, f);
	if (f->keys != NULL)
		print_keys(s, f);
	close_group(s);
}

void
lead_print_schema(struct bytes *out)
{
	struct schema s = { .out = out };
	size_t count;
	const struct lead_field *f = lead_fields(&count);

	open_group(&s);
	member_text(&s, "$schema",
	    "https://json-schema.org/draft/2020-12/schema");
	member_text(&s, "$id", "urn:leadbridge:lead-update");
	member_text(&s, "title", "Lead update");
	member_text(&s, "description",
	    "Body of PATCH /api/v1/leads/{leadId}: absent means unchanged.");
	member_text(&s, "type", "object");
	member(&s, "additionalProperties");
	bytes_add_text(out, "false");
	member(&s, "properties");
	open_group(&s);
	for (size_t i = 0; i < count; i++)
		print_field(&s, &f[i]);
	close_group(&s);
	close_group(&s);
	bytes_add_char(out, '\n');
}
