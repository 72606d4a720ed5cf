/* settings/settings_place.c - where a setting stands in its file's text. */
#include <string.h>

#include "settings/settings_place.h"
#include "settings/settings_token.h"

static bool
is_mark(const struct token *t, const char *marks)
{
	return t->kind == TOKEN_MARK && strchr(marks, t->text.at[0]) != NULL;
}

/* What comes next, and stays. */
static struct token
token_peek(struct str rest)
{
	return token_next(&rest);
}

/* A group, a list, or strings side by side, are one value. */
static void
skip_value(struct str *rest)
{
	struct token t = token_next(rest);
	size_t depth = is_mark(&t, "{([");

	if (t.kind == TOKEN_STRING)
		while (token_peek(*rest).kind == TOKEN_STRING)
			token_next(rest);
	while (depth > 0 && t.kind != TOKEN_END) {
		t = token_next(rest);
		depth += is_mark(&t, "{([");
		depth -= is_mark(&t, "})]");
	}
}

/* The member of that name, in what stands inside of a group. */
static bool
find_member(struct str rest, const char *name, struct spot *out)
{
	for (;;) {
		struct token t = token_next(&rest), equals;

		if (t.kind == TOKEN_END || is_mark(&t, "}"))
			return false;
		if (t.kind != TOKEN_NAME)
			continue;
		equals = token_next(&rest);
		if (!is_mark(&equals, "=:"))
			return false;
		if (str_eq(t.text, str_of(name))) {
			*out = (struct spot){ t.text.at,
				token_peek(rest).text.at };
			return true;
		}
		skip_value(&rest);
	}
}

/* The element at the index, in what stands inside of a list. */
static bool
find_element(struct str rest, int index, struct spot *out)
{
	for (;;) {
		struct token t = token_peek(rest);

		/* An included file would bring elements of its own. */
		if (t.kind == TOKEN_END || t.kind == TOKEN_INCLUDE ||
		    is_mark(&t, ")]"))
			return false;
		if (is_mark(&t, ",")) {
			token_next(&rest);
			continue;
		}
		if (index-- == 0) {
			*out = (struct spot){ NULL, t.text.at };
			return true;
		}
		skip_value(&rest);
	}
}

static bool
same_file(const config_setting_t *a, const config_setting_t *b)
{
	const char *one = settings_where(a), *other = settings_where(b);

	return one == other ||
	    (one != NULL && other != NULL && strcmp(one, other) == 0);
}

/*
 * As deep as the file nests. What an included file brings stands at the top
 * of that file, whatever group it joins.
 */
bool
place_find(struct str text, const config_setting_t *s, struct spot *out)
{
	const config_setting_t *parent = config_setting_parent(s);
	const char *name = config_setting_name(s);
	struct str inside = text;

	if (parent == NULL)
		return false;
	if (!config_setting_is_root(parent) && same_file(parent, s)) {
		if (!place_find(text, parent, out))
			return false;
		inside = str_span(out->value, text.at + text.len);
		token_next(&inside); /* the bracket */
	}
	if (name != NULL)
		return find_member(inside, name, out);
	return find_element(inside, config_setting_index(s), out);
}

/*
 * One character of a string as libconfig 1.5 reads it; a backslash before
 * anything else stays one. Returns what is used up.
 */
static size_t
read_char(struct str s, char *c)
{
	static const char plain[] = "n\nr\rt\tf\f\\\\\"\"";

	*c = s.at[0];
	if (s.at[0] != '\\' || s.len < 2)
		return 1;
	if (s.at[1] == 'x' && s.len >= 4 && hex_digit(s.at[2]) >= 0 &&
	    hex_digit(s.at[3]) >= 0) {
		*c = (char)(hex_digit(s.at[2]) * 16 + hex_digit(s.at[3]));
		return 4;
	}
	for (const char *p = plain; *p != '\0'; p += 2)
		if (s.at[1] == p[0]) {
			*c = p[1];
			return 2;
		}
	return 1;
}

/* The whole string is compared: only then is the place sure. */
const char *
place_in_string(struct str text, const char *value, struct str string,
    size_t at)
{
	struct str rest = str_span(value, text.at + text.len);
	const char *found = NULL, *end = NULL;
	size_t read = 0;

	while (token_peek(rest).kind == TOKEN_STRING) {
		struct token t = token_next(&rest);
		struct str part;

		if (t.text.len < 2)
			return NULL; /* another file than was loaded */
		part = (struct str){ t.text.at + 1, t.text.len - 2 };
		while (part.len > 0) {
			char c;
			size_t used = read_char(part, &c);

			if (read == string.len || c != string.at[read])
				return NULL;
			if (read++ == at)
				found = part.at;
			part = str_skip(part, used);
		}
		end = part.at;
	}
	if (read != string.len)
		return NULL;
	return at == string.len ? end : found;
}
