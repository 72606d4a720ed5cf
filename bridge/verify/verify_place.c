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

/* One header, or several by name; in no name of a header is a brace. */
static enum place_kind
header_kind(struct str names)
{
	if (!names_are_whole(names) || memchr(names.at, '{', names.len) != NULL)
		return PLACE_NOWHERE;
	return memchr(names.at, ',', names.len) != NULL ? PLACE_HEADERS
	                                                : PLACE_HEADER;
}

bool
place_parse(struct str text, struct place *to)
{
	struct str kind;
	int value;

	if (!str_cut(&text, ':', &kind) || text.at == NULL || text.len == 0)
		return false;
	value = name_value(place_kinds, kind);
	if (value == -1 || (value == PLACE_JSON && !json_path_fits(text)))
		return false;
	if (value == PLACE_HEADER)
		value = (int)header_kind(text);
	if (value == PLACE_NOWHERE)
		return false;
	*to = (struct place){ (enum place_kind)value, text };
	return true;
}

/* A kind and its colon, which no header's name has. */
static bool
begins_place(struct str s)
{
	struct str kind;

	return str_cut(&s, ':', &kind) && s.at != NULL &&
	    name_value(place_kinds, kind) != -1;
}

bool
place_cut(struct str *rest, struct str *text)
{
	struct str all = *rest;

	if (all.at == NULL)
		return false;
	*rest = STR_NONE;
	*text = str_trim(all);
	for (size_t i = 0; i < all.len; i++) {
		struct str behind = str_trim(str_skip(all, i + 1));

		if (all.at[i] != ',' || !begins_place(behind))
			continue;
		*text = str_trim((struct str){ all.at, i });
		*rest = behind;
		break;
	}
	return true;
}

/* Cuts "X-{n}-Y" at its number; false when there is not just one. */
static bool
cut_number(struct str name, struct str *before, struct str *behind)
{
	const struct str mark = STR("{n}");

	if (!str_cut(&name, '{', before) || name.at == NULL)
		return false;
	*behind = (struct str){ name.at - 1, name.len + 1 };
	if (!str_starts(*behind, mark))
		return false;
	*behind = str_skip(*behind, mark.len);
	return behind->len == 0 ||
	    (memchr(behind->at, '{', behind->len) == NULL &&
	        memchr(behind->at, ',', behind->len) == NULL);
}

bool
place_parse_signature(struct str text, struct place *to)
{
	const struct str kind = STR("header:");
	struct str name = str_skip(text, kind.len), before, behind;

	if (!str_starts(text, kind) || !cut_number(name, &before, &behind) ||
	    memchr(before.at, ',', before.len) != NULL)
		return place_parse(text, to);
	*to = (struct place){ PLACE_NUMBERED, name };
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
place_name(const struct place *p, struct arena *arena)
{
	struct str rest = p->name, name = p->name, behind;
	struct bytes text;

	if (p->kind == PLACE_HEADERS)
		(void)next_name(&rest, &name);
	if (p->kind != PLACE_NUMBERED || !cut_number(rest, &name, &behind))
		return name;
	bytes_init_in(&text, arena, p->name.len);
	bytes_add_str(&text, name);
	bytes_add_char(&text, '1');
	bytes_add_str(&text, behind);
	return bytes_ok(&text) ? bytes_str(&text) : STR_NONE;
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
	return json_path(r->body, p->name, arena, value);
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

	if (p->kind == PLACE_NOWHERE || p->kind == PLACE_NUMBERED)
		bug("a value is read from nowhere");
	return readers[p->kind](p, r, arena, value);
}

/* Every header of "X, Y" that is there. */
static enum verify_result
read_several(const struct place *p, const struct request *r, struct str *values,
    size_t max, size_t *count)
{
	struct str rest = p->name, name;
	enum verify_result result;

	while (next_name(&rest, &name)) {
		if (*count == max)
			return VERIFY_MALFORMED;
		result = named_header(name, r, &values[*count]);
		if (result == VERIFY_MALFORMED)
			return result;
		*count += result == VERIFY_OK;
	}
	return *count > 0 ? VERIFY_OK : VERIFY_MISSING;
}

/* The number in a header's name, from 1; 0 when it is another header. */
static size_t
header_number(struct str name, struct str before, struct str behind, size_t max)
{
	struct str digits;
	int64_t n;

	if (name.len <= before.len + behind.len ||
	    !str_eq_nocase((struct str){ name.at, before.len }, before) ||
	    !str_eq_nocase(str_skip(name, name.len - behind.len), behind))
		return 0;
	digits = (struct str){ name.at + before.len,
		name.len - before.len - behind.len };
	n = digits.at[0] != '0' ? str_number(digits, (int64_t)max) : -1;
	return n > 0 ? (size_t)n : 0;
}

/*
 * Every ... that is there, in whatever order they came; a number
 * past `max` is another header's name.
 */
static enum verify_result
read_numbered(const struct place *p, const struct request *r,
    struct str *values, size_t max, size_t *count)
{
	struct str before, behind, value;

	for (size_t i = 0; i < max; i++)
		values[i] = STR_NONE;
	if (!cut_number(p->name, &before, &behind))
		bug("a place has no number");
	for (size_t i = 0; i < r->header_count; i++) {
		size_t n = header_number(r->headers[i].name, before, behind,
		    max);

		value = str_trim(r->headers[i].value);
		if (n == 0 || value.len == 0)
			continue;
		if (values[n - 1].at != NULL)
			return VERIFY_MALFORMED;
		values[n - 1] = value;
	}
	for (size_t i = 0; i < max; i++)
		if (values[i].at != NULL)
			values[(*count)++] = values[i];
	return *count > 0 ? VERIFY_OK : VERIFY_MISSING;
}

enum verify_result
place_read_all(const struct place *p, const struct request *r,
    struct arena *arena, struct str *values, size_t max, size_t *count)
{
	enum verify_result result;

	*count = 0;
	if (p->kind == PLACE_HEADERS)
		return read_several(p, r, values, max, count);
	if (p->kind == PLACE_NUMBERED)
		return read_numbered(p, r, values, max, count);
	result = place_read(p, r, arena, &values[0]);
	*count = result == VERIFY_OK;
	return result;
}
