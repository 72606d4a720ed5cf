/* verify/verify_place.c - where in a request a value stands. */
#include <string.h>

#include "verify/verify_scheme.h"

static const struct name place_kinds[] = {
	{ "form", PLACE_FORM },
	{ "header", PLACE_HEADER },
	{ "json", PLACE_JSON },
	{ "query", PLACE_QUERY },
	{ NULL, -1 },
};

/* Takes the next of "X, Y"; false past the last. */
static bool
next_name(struct str *rest, struct str *name)
{
	if (!str_cut(rest, ',', name))
		return false;
	*name = str_trim(*name);
	return true;
}

static bool
names_are_whole(struct str names)
{
	struct str name;

	while (next_name(&names, &name))
		if (name.len == 0)
			return false;
	return true;
}

bool
place_parse(struct str text, struct place *to)
{
	struct str kind;
	int value;

	if (!str_cut(&text, ':', &kind) || text.at == NULL || text.len == 0)
		return false;
	value = name_value(place_kinds, kind);
	if (value == -1)
		return false;
	if (value == PLACE_HEADER && !names_are_whole(text))
		return false;
	if (value == PLACE_HEADER && memchr(text.at, ',', text.len) != NULL)
		value = PLACE_HEADERS;
	*to = (struct place){ (enum place_kind)value, text };
	return true;
}

static enum verify_result
named_header(struct str name, const struct request *r, struct str *value)
{
	struct str found = STR_NONE;

	for (size_t i = 0; i < r->header_count; i++) {
		if (!str_eq_nocase(r->headers[i].name, name))
			continue;
		if (found.at != NULL)
			return VERIFY_MALFORMED;
		found = r->headers[i].value;
	}
	found = str_trim(found);
	if (found.len == 0)
		return VERIFY_MISSING;
	*value = found;
	return VERIFY_OK;
}

enum verify_result
place_header(const struct place *p, const struct request *r, struct str *value)
{
	enum verify_result result = VERIFY_MISSING;
	struct str rest = p->name, name;

	if (p->kind == PLACE_HEADER)
		return named_header(p->name, r, value);
	while (result == VERIFY_MISSING && next_name(&rest, &name))
		result = named_header(name, r, value);
	return result;
}

bool
place_in_body(const struct place *p)
{
	return p->kind == PLACE_FORM || p->kind == PLACE_JSON;
}

struct str
place_name(const struct place *p)
{
	struct str rest = p->name, name;

	return p->kind == PLACE_HEADERS && next_name(&rest, &name) ? name
	                                                           : p->name;
}

static enum verify_result
read_header(const struct place *p, const struct request *r, struct arena *arena,
    struct str *value)
{
	(void)arena;
	return place_header(p, r, value);
}

static enum verify_result
read_query(const struct place *p, const struct request *r, struct arena *arena,
    struct str *value)
{
	return form_field(r->query, p->name, arena, value);
}

static enum verify_result
read_form(const struct place *p, const struct request *r, struct arena *arena,
    struct str *value)
{
	return form_field(r->body, p->name, arena, value);
}

static enum verify_result
read_json(const struct place *p, const struct request *r, struct arena *arena,
    struct str *value)
{
	return json_member(r->body, p->name, arena, value);
}

enum verify_result
place_read(const struct place *p, const struct request *r, struct arena *arena,
    struct str *value)
{
	static enum verify_result (*const readers[])(const struct place *p,
	    const struct request *r, struct arena *arena, struct str *value) = {
		[PLACE_HEADER] = read_header,
		[PLACE_HEADERS] = read_header,
		[PLACE_QUERY] = read_query,
		[PLACE_FORM] = read_form,
		[PLACE_JSON] = read_json,
	};

	if (p->kind == PLACE_NOWHERE)
		bug("a value is read from nowhere");
	return readers[p->kind](p, r, arena, value);
}

enum verify_result
place_deep(const struct place *p, const struct request *r, struct arena *arena,
    struct str *value)
{
	struct str rest = p->name, name, at = r->body;
	enum verify_result result = VERIFY_OK;

	if (p->kind != PLACE_JSON)
		return place_read(p, r, arena, value);
	while (result == VERIFY_OK && str_cut(&rest, '.', &name))
		result = json_member(at, name, arena, &at);
	*value = at;
	return result;
}
