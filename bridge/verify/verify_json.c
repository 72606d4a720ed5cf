/*
 * verify/verify_json.c - one value of a JSON body, before it is decoded.
 *
 * Senders such as Google put their shared secret into the body. Proof comes
 * before decoding, so this finds the member by skipping over everything else;
 * it does not judge whether the rest is JSON, the decoder does that later.
 */
#include <string.h>

#include "verify/verify_scheme.h"

static struct str
skip_blank(struct str s)
{
	while (
	    s.len > 0 && strchr(" \t\r\n", s.at[0]) != NULL && s.at[0] != '\0')
		s = str_skip(s, 1);
	return s;
}

/* Takes what stands between quotes, escapes as they are. */
static bool
take_string(struct str *s, struct str *text)
{
	size_t end = 1;

	if (s->len == 0 || s->at[0] != '"')
		return false;
	while (end < s->len && s->at[end] != '"')
		end += s->at[end] == '\\' ? 2 : 1;
	if (end >= s->len)
		return false;
	*text = (struct str){ s->at + 1, end - 1 };
	*s = str_skip(*s, end + 1);
	return true;
}

/* Takes a value that is no string: up to the ',' or '}' behind it. */
static bool
take_other(struct str *s, struct str *text)
{
	struct str rest = *s, inner;
	size_t depth = 0;

	while (rest.len > 0) {
		char c = rest.at[0];

		if (c == '"') {
			if (!take_string(&rest, &inner))
				return false;
			continue;
		}
		if (depth == 0 && (c == ',' || c == '}' || c == ']'))
			break;
		depth += c == '{' || c == '[';
		depth -= c == '}' || c == ']';
		rest = str_skip(rest, 1);
	}
	*text = str_trim(str_span(s->at, rest.at));
	*s = rest;
	return rest.len > 0;
}

struct member {
	struct str name; /* escapes as they are */
	struct str value;
	bool is_string;
};

static bool
take_member(struct str *s, struct member *m)
{
	*s = skip_blank(*s);
	if (!take_string(s, &m->name))
		return false;
	*s = skip_blank(*s);
	if (s->len == 0 || s->at[0] != ':')
		return false;
	*s = skip_blank(str_skip(*s, 1));
	m->is_string = s->len > 0 && s->at[0] == '"';
	if (m->is_string ? !take_string(s, &m->value)
	                 : !take_other(s, &m->value))
		return false;
	*s = skip_blank(*s);
	return s->len > 0 && (s->at[0] == ',' || s->at[0] == '}');
}

/* Four hex digits; -1 when they are not. */
static int32_t
take_unit(struct str *s)
{
	int32_t unit = 0;

	if (s->len < 4)
		return -1;
	for (size_t i = 0; i < 4; i++) {
		int digit = hex_digit(s->at[i]);

		if (digit == -1)
			return -1;
		unit = unit << 4 | digit;
	}
	*s = str_skip(*s, 4);
	return unit;
}

/* What follows "\u": one code point, from one unit or a pair; -1. */
static int32_t
take_code_point(struct str *s)
{
	int32_t high = take_unit(s), low;

	if (high < 0xd800 || high > 0xdfff)
		return high;
	if (high > 0xdbff || !str_starts(*s, STR("\\u")))
		return -1;
	*s = str_skip(*s, 2);
	low = take_unit(s);
	if (low < 0xdc00 || low > 0xdfff)
		return -1;
	return 0x10000 + ((high - 0xd800) << 10 | (low - 0xdc00));
}

static bool
take_escape(struct str *s, struct bytes *out)
{
	static const char letters[] = "\"\\/bfnrt", means[] = "\"\\/\b\f\n\r\t";
	const char *letter;
	char text[4];
	int32_t cp;

	*s = str_skip(*s, 1);
	if (s->len == 0 || s->at[0] == '\0')
		return false;
	letter = strchr(letters, s->at[0]);
	if (letter != NULL) {
		bytes_add_char(out, means[letter - letters]);
		*s = str_skip(*s, 1);
		return true;
	}
	if (s->at[0] != 'u')
		return false;
	*s = str_skip(*s, 1);
	cp = take_code_point(s);
	if (cp < 0)
		return false;
	bytes_add(out, text, utf8_put(text, (uint32_t)cp));
	return true;
}

static bool
unescape(struct str s, struct arena *arena, struct str *out)
{
	struct bytes text;

	if (s.len == 0 || memchr(s.at, '\\', s.len) == NULL) {
		*out = s;
		return true;
	}
	bytes_init_in(&text, arena, s.len);
	while (s.len > 0) {
		if (s.at[0] == '\\') {
			if (!take_escape(&s, &text))
				return false;
			continue;
		}
		bytes_add_char(&text, s.at[0]);
		s = str_skip(s, 1);
	}
	*out = bytes_str(&text);
	return bytes_ok(&text);
}

static bool
is_name(struct str escaped, struct str name, struct arena *arena)
{
	struct str plain;

	/* An escaped character is at most "\u" and four digits. */
	if (escaped.len < name.len || escaped.len / 6 > name.len)
		return false;
	return unescape(escaped, arena, &plain) && str_eq(plain, name);
}

/* A value found, still as it is written. */
struct found {
	struct str value;
	bool is_string;
};

static enum verify_result
find_member(struct str body, struct str name, struct arena *arena,
    struct found *to)
{
	struct member m, found = { STR_NONE, STR_NONE, false };

	body = skip_blank(body);
	if (body.len == 0 || body.at[0] != '{')
		return VERIFY_MISSING;
	body = skip_blank(str_skip(body, 1));
	while (body.len > 0 && body.at[0] != '}') {
		if (!take_member(&body, &m))
			return VERIFY_MALFORMED;
		if (is_name(m.name, name, arena)) {
			if (found.name.at != NULL)
				return VERIFY_MALFORMED;
			found = m;
		}
		if (body.at[0] == ',')
			body = str_skip(body, 1);
	}
	*to = (struct found){ found.value, found.is_string };
	return found.value.len > 0 ? VERIFY_OK : VERIFY_MISSING;
}

static enum verify_result
find_item(struct str body, int64_t index, struct found *to)
{
	struct found item;

	body = skip_blank(body);
	if (body.len == 0 || body.at[0] != '[')
		return VERIFY_MISSING;
	body = skip_blank(str_skip(body, 1));
	while (body.len > 0 && body.at[0] != ']') {
		item.is_string = body.at[0] == '"';
		if (item.is_string ? !take_string(&body, &item.value)
		                   : !take_other(&body, &item.value))
			return VERIFY_MALFORMED;
		body = skip_blank(body);
		if (body.len == 0 || (body.at[0] != ',' && body.at[0] != ']'))
			return VERIFY_MALFORMED;
		if (index-- == 0) {
			*to = item;
			return item.value.len > 0 ? VERIFY_OK : VERIFY_MISSING;
		}
		if (body.at[0] == ',')
			body = skip_blank(str_skip(body, 1));
	}
	return VERIFY_MISSING;
}

static enum verify_result
plain_value(const struct found *found, struct arena *arena, struct str *value)
{
	if (found->is_string)
		return unescape(found->value, arena, value) ? VERIFY_OK
		                                            : VERIFY_MALFORMED;
	*value = found->value;
	return VERIFY_OK;
}

/* One step of a path: a member, or an item of a list. */
struct step {
	struct str name; /* at == NULL: an item */
	int64_t index;
};

#define INDEX_MAX 9999

/* What stands between brackets: [0] or ['a.b']. */
static bool
take_bracket(struct str *path, struct step *to)
{
	struct str rest = str_skip(*path, 1), text;

	if (str_starts(rest, STR("'"))) {
		rest = str_skip(rest, 1);
		if (!str_cut(&rest, '\'', &to->name) || to->name.len == 0 ||
		    !str_starts(rest, STR("]")))
			return false;
		*path = str_skip(rest, 1);
		return true;
	}
	if (!str_cut(&rest, ']', &text) || rest.at == NULL)
		return false;
	to->index = str_number(text, INDEX_MAX);
	*path = rest;
	return to->index >= 0;
}

/* False where the path is none; it ends when nothing is left of it. */
static bool
take_step(struct str *path, bool first, struct step *to)
{
	size_t end = 0;

	*to = (struct step){ STR_NONE, -1 };
	if (path->at[0] == '[')
		return take_bracket(path, to);
	if (!first) {
		if (path->at[0] != '.')
			return false;
		*path = str_skip(*path, 1);
	}
	while (end < path->len && path->at[end] != '.' && path->at[end] != '[')
		end++;
	to->name = (struct str){ path->at, end };
	*path = str_skip(*path, end);
	return end > 0;
}

bool
json_path_fits(struct str path)
{
	struct step step;
	bool first = true;

	for (; path.len > 0; first = false)
		if (!take_step(&path, first, &step))
			return false;
	return !first;
}

/*
 * One step of the path on from a value; a text is no object, also where it
 * looks like one.
 */
static enum verify_result
find_step(const struct found *at, const struct step *step, struct arena *arena,
    struct found *to)
{
	if (at->is_string)
		return VERIFY_MISSING;
	return step->name.at != NULL
	    ? find_member(at->value, step->name, arena, to)
	    : find_item(at->value, step->index, to);
}

enum verify_result
json_path(struct str body, struct str path, struct arena *arena,
    struct str *value)
{
	struct found at = { body, false };
	enum verify_result result = VERIFY_OK;
	struct step step;

	for (bool first = true; path.len > 0; first = false) {
		if (!take_step(&path, first, &step))
			bug("a path is none");
		result = find_step(&at, &step, arena, &at);
		if (result != VERIFY_OK)
			return result;
	}
	return plain_value(&at, arena, value);
}

/* With the quotes of a string. */
static struct str
as_written(const struct found *at)
{
	if (!at->is_string)
		return str_trim(at->value);
	return (struct str){ at->value.at - 1, at->value.len + 2 };
}

static bool
is_object(struct str value)
{
	return value.len > 1 && value.at[0] == '{' &&
	    value.at[value.len - 1] == '}';
}

enum verify_result
json_path_span(struct str body, struct str path, struct arena *arena,
    struct str *value, struct str *left)
{
	struct found at = { body, false };
	struct step step;

	for (bool first = true; path.len > 0; first = false) {
		struct found next = { STR_NONE, false };
		struct str whole = path;
		enum verify_result result;

		if (!take_step(&path, first, &step))
			bug("a path is none");
		result = find_step(&at, &step, arena, &next);
		if (result == VERIFY_MALFORMED || at.is_string)
			return result;
		if (next.value.at == NULL) {
			*value = as_written(&at);
			*left = whole;
			return step.name.at != NULL && is_object(*value)
			    ? VERIFY_OK
			    : VERIFY_MISSING;
		}
		at = next;
	}
	*value = as_written(&at);
	*left = STR("");
	return VERIFY_OK;
}

void
json_path_print(struct str path, struct str text, struct bytes *out)
{
	struct bytes behind;
	struct step step;

	bytes_init(&behind, (size_t)1 << 20);
	for (bool first = true; path.len > 0; first = false) {
		if (!take_step(&path, first, &step))
			bug("a path is none");
		bytes_add_char(out, step.name.at != NULL ? '{' : '[');
		for (int64_t i = 0; i < step.index; i++)
			bytes_add_text(out, "null,");
		if (step.name.at != NULL) {
			bytes_add_json(out, step.name);
			bytes_add_char(out, ':');
		}
		bytes_add_char(&behind, step.name.at != NULL ? '}' : ']');
	}
	bytes_add_json(out, text);
	while (behind.len > 0)
		bytes_add_char(out, behind.data[--behind.len]);
	bytes_done(&behind);
}
