/*
 * verify/verify_form.c - fields of a query or of a form body
 * (application/x-www-form-urlencoded), before anything is decoded for good.
 */
#include <stdlib.h>
#include <string.h>

#include "verify/verify_scheme.h"

/* Forms that are signed field by field have dozens. */
#define FIELDS_MAX ((size_t)4096)

/* Whether an encoded name is `name`; a broken escape makes it another. */
static bool
is_name(struct str encoded, struct str name, struct arena *arena)
{
	struct str decoded;

	if (str_eq(encoded, name))
		return true;
	/* An escaped byte is three: longer cannot be it, shorter neither. */
	if (encoded.len < name.len || encoded.len / 3 > name.len)
		return false;
	if (memchr(encoded.at, '%', encoded.len) == NULL &&
	    memchr(encoded.at, '+', encoded.len) == NULL)
		return false;
	return percent_decode(arena, encoded, true, &decoded) == 0 &&
	    str_eq(decoded, name);
}

enum verify_result
form_field(struct str form, struct str name, struct arena *arena,
    struct str *value)
{
	struct str pair, key, found = STR_NONE;

	while (str_cut(&form, '&', &pair)) {
		if (!str_cut(&pair, '=', &key) || !is_name(key, name, arena))
			continue;
		if (found.at != NULL)
			return VERIFY_MALFORMED;
		found = pair.at != NULL ? pair : STR("");
	}
	if (found.len == 0)
		return VERIFY_MISSING;
	if (percent_decode(arena, found, true, value) == -1)
		return VERIFY_MALFORMED;
	return VERIFY_OK;
}

static void
add_pair(struct bytes *out, size_t start, struct str name, struct str value)
{
	if (out->len > start)
		bytes_add_char(out, '&');
	bytes_add_percent(out, name);
	bytes_add_char(out, '=');
	bytes_add_percent(out, value);
}

void
form_put(struct str form, struct str name, struct str value,
    struct arena *arena, struct bytes *out)
{
	size_t start = out->len;
	bool put = false;
	struct str pair;

	while (str_cut(&form, '&', &pair)) {
		struct str rest = pair, key = STR_NONE;
		bool here = str_cut(&rest, '=', &key) &&
		    is_name(key, name, arena);

		if (here && !put)
			add_pair(out, start, name, value);
		else if (!here)
			bytes_addf(out, "%s%.*s", out->len > start ? "&" : "",
			    STR_ARG(pair));
		put = put || here;
	}
	if (!put)
		add_pair(out, start, name, value);
}

/* Without its parameters; STR_NONE when there is none. */
static struct str
media_type(const struct request *r)
{
	struct str type = request_header(r, STR("Content-Type")), bare;

	return str_cut(&type, ';', &bare) ? str_trim(bare) : STR_NONE;
}

bool
request_is_form(const struct request *r)
{
	return str_eq_nocase(media_type(r),
	    STR("application/x-www-form-urlencoded"));
}

bool
request_is_json(const struct request *r)
{
	const struct str end = STR("json");
	struct str type = media_type(r);

	return type.len == 0 || str_eq_nocase(type, STR("text/plain")) ||
	    (type.len > end.len &&
	        str_eq_nocase(str_skip(type, type.len - end.len), end));
}

struct field {
	struct str name;
	struct str value;
};

static int
field_order(const void *a, const void *b)
{
	const struct field *x = a, *y = b;
	int order = str_cmp(x->name, y->name);

	return order != 0 ? order : str_cmp(x->value, y->value);
}

/* Decodes all fields to `list`; how many, or SIZE_MAX. */
static size_t
split(struct str form, struct arena *arena, struct field *list, size_t max)
{
	struct str pair, key;
	size_t count = 0;

	while (str_cut(&form, '&', &pair)) {
		struct field *f = &list[count];

		if (pair.len == 0)
			continue;
		if (count == max || !str_cut(&pair, '=', &key))
			return SIZE_MAX;
		if (pair.at == NULL)
			pair = STR("");
		if (percent_decode(arena, key, true, &f->name) == -1 ||
		    percent_decode(arena, pair, true, &f->value) == -1)
			return SIZE_MAX;
		count++;
	}
	return count;
}

bool
form_sorted(struct str form, struct arena *arena, struct str *out)
{
	struct field *list;
	struct bytes text;
	size_t max = 1, count;

	for (size_t i = 0; i < form.len; i++)
		max += form.at[i] == '&';
	if (max > FIELDS_MAX)
		return false;
	list = arena_take(arena, max * sizeof(*list));
	count = list != NULL ? split(form, arena, list, max) : SIZE_MAX;
	if (count == SIZE_MAX)
		return false;
	qsort(list, count, sizeof(*list), field_order);
	bytes_init_in(&text, arena, form.len);
	for (size_t i = 0; i < count; i++) {
		if (i > 0 && field_order(&list[i - 1], &list[i]) == 0)
			continue;
		bytes_add_str(&text, list[i].name);
		bytes_add_str(&text, list[i].value);
	}
	*out = bytes_str(&text);
	return bytes_ok(&text);
}
