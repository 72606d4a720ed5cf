/* verify/verify_place.c - where in a request a value stands. */
#include "verify/verify_scheme.h"

static const struct name place_kinds[] = {
	{ "form", PLACE_FORM },
	{ "header", PLACE_HEADER },
	{ "json", PLACE_JSON },
	{ "query", PLACE_QUERY },
	{ NULL, -1 },
};

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
	*to = (struct place){ (enum place_kind)value, text };
	return true;
}

static enum verify_result
read_header(const struct place *p, const struct request *r, struct arena *arena,
    struct str *value)
{
	struct str found = STR_NONE;

	(void)arena;
	for (size_t i = 0; i < r->header_count; i++) {
		if (!str_eq_nocase(r->headers[i].name, p->name))
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
		[PLACE_QUERY] = read_query,
		[PLACE_FORM] = read_form,
		[PLACE_JSON] = read_json,
	};

	if (p->kind == PLACE_NOWHERE)
		bug("a value is read from nowhere");
	return readers[p->kind](p, r, arena, value);
}
