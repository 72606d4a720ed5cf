/*
 * settings/settings_syntax.c - what is wrong in a file that libconfig refuses.
 *
 * libconfig says "syntax error" and a line, which may be the one behind. The
 * file is read once more by the same grammar, to the first thing that does not
 * fit. Texts and words without quotes are not repeated: one may be a secret.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "settings/settings_place.h"
#include "settings/settings_syntax.h"
#include "settings/settings_token.h"

/* Nested deeper than any file is, we leave it to libconfig's words. */
#define DEPTH 64
/* Names of a group that a further one is compared with. */
#define COMPARED 256

#define QUOTED "a text stands in double quotes, a path as \"{$.name}\""

struct reader {
	struct str text, rest;
	struct syntax_fault *fault;
	struct str *names; /* of the groups that are open, innermost last */
	size_t name_count;
	unsigned depth;
	char closing; /* of the innermost that is open; NUL: none is */
};

static bool PRINTF(3, 4)
    say(struct reader *r, const char *at, const char *fmt, ...)
{
	va_list ap;

	r->fault->at = at;
	va_start(ap, fmt);
	vsnprintf(r->fault->text, sizeof(r->fault->text), fmt, ap);
	va_end(ap);
	return false;
}

static bool
is_mark(const struct token *t, const char *marks)
{
	return t->kind == TOKEN_MARK && strchr(marks, t->text.at[0]) != NULL;
}

static struct token
peek(const struct reader *r)
{
	struct str rest = r->rest;

	return token_next(&rest);
}

static unsigned
line_of(const struct reader *r, const char *at)
{
	unsigned line, column;

	place_count(r->text, at, &line, &column);
	return line;
}

/* What is a text or a path, and not quoted as one. */
static bool
lacks_quotes(const struct token *t)
{
	return is_mark(t, "$'") ||
	    (t->kind == TOKEN_INCLUDE && !str_starts(t->text, STR("@include")));
}

static bool
say_quotes(struct reader *r, const struct token *t)
{
	if (is_mark(t, "'"))
		return say(r, t->text.at,
		    "a text stands in double quotes, not in single ones");
	return say(r, t->text.at, QUOTED);
}

/* A text whose end was a quote within it, or that goes on to another's. */
static bool
check_end(struct reader *r, struct str string)
{
	const char *end = string.at + string.len;
	struct token next = peek(r);

	const char ends[] = { ';', ',', r->closing, '\0' };

	if (next.text.at != end || next.kind == TOKEN_END ||
	    is_mark(&next, ends))
		return true;
	if (memchr(string.at, '\n', string.len) != NULL)
		return say(r, string.at,
		    "this text goes on to line %u; its closing \" is missing",
		    line_of(r, end));
	return say(r, end - 1,
	    "the text ends here; a \" within it is written \\\", and in a path "
	    "' does as well");
}

static bool
is_closed(struct str string)
{
	size_t i = 1;

	while (i < string.len && string.at[i] != '"')
		i += string.at[i] == '\\' ? 2 : 1;
	return i < string.len;
}

/* Texts side by side are one. */
static bool
read_strings(struct reader *r, struct token t)
{
	for (;;) {
		if (!is_closed(t.text))
			return say(r, t.text.at,
			    "this text is never closed; a \" is missing");
		if (peek(r).kind != TOKEN_STRING)
			return check_end(r, t.text);
		t = token_next(&r->rest);
	}
}

static bool read_settings(struct reader *r, const char *opening);
static bool read_value(struct reader *r);

static bool
read_group(struct reader *r, const char *opening)
{
	size_t names = r->name_count;
	bool ok = read_settings(r, opening);

	r->name_count = names;
	return ok;
}

/* An array holds plain values of one kind. */
static bool
check_element(struct reader *r, const struct token *first)
{
	struct token t = peek(r);

	if (is_mark(&t, "{[("))
		return say(r, t.text.at,
		    "[ ] is for plain values; groups and lists stand in ( )");
	if (t.kind != first->kind &&
	    (t.kind == TOKEN_STRING || t.kind == TOKEN_NUMBER ||
	        t.kind == TOKEN_NAME))
		return say(r, t.text.at,
		    "the values of [ ] are of one kind; ( ) takes any");
	return true;
}

/* What is in a list ( ) or an array [ ]. */
static bool
read_elements(struct reader *r, struct str opening)
{
	bool array = opening.at[0] == '[';
	struct token first = peek(r), t = first;

	if (is_mark(&t, array ? "]" : ")")) {
		token_next(&r->rest);
		return true;
	}
	do {
		if ((array && !check_element(r, &first)) || !read_value(r))
			return false;
		t = token_next(&r->rest);
		if (is_mark(&t, array ? "]" : ")"))
			return true;
	} while (is_mark(&t, ","));
	if (t.kind == TOKEN_END)
		return say(r, opening.at, "this '%c' is never closed",
		    opening.at[0]);
	return say(r, t.text.at, "',' or '%c' is expected here",
	    array ? ']' : ')');
}

static bool
read_nested(struct reader *r, const struct token *t)
{
	char closing = r->closing;
	bool ok;

	if (r->depth == DEPTH)
		return false;
	r->depth++;
	r->closing = is_mark(t, "{") ? '}' : is_mark(t, "[") ? ']' : ')';
	ok = is_mark(t, "{") ? read_group(r, t->text.at)
	                     : read_elements(r, t->text);
	r->depth--;
	r->closing = closing;
	return ok;
}

static bool
is_boolean(struct str word)
{
	return str_eq_nocase(word, STR("true")) ||
	    str_eq_nocase(word, STR("false"));
}

static bool
read_value(struct reader *r)
{
	struct token t = token_next(&r->rest);

	if (t.kind == TOKEN_NUMBER ||
	    (t.kind == TOKEN_NAME && is_boolean(t.text)))
		return true;
	if (t.kind == TOKEN_STRING)
		return read_strings(r, t);
	if (is_mark(&t, "{[("))
		return read_nested(r, &t);
	if (t.kind == TOKEN_NAME)
		return say(r, t.text.at,
		    "a text stands in double quotes; without them there are "
		    "only numbers, true and false");
	if (lacks_quotes(&t))
		return say_quotes(r, &t);
	return say(r, t.text.at, "a value is missing here");
}

/* In a group each name stands once. */
static bool
take_name(struct reader *r, struct str name, size_t group)
{
	size_t from = r->name_count > group + COMPARED
	    ? r->name_count - COMPARED
	    : group;

	for (size_t i = from; i < r->name_count; i++)
		if (str_eq(r->names[i], name))
			return say(r, name.at,
			    "'%.*s' stands twice in this group, first in line "
			    "%u",
			    (int)(name.len < 64 ? name.len : 64), name.at,
			    line_of(r, r->names[i].at));
	r->names = base_grow(r->names, r->name_count + 1, sizeof(name));
	r->names[r->name_count++] = name;
	return true;
}

static bool
read_setting(struct reader *r, struct str name, size_t group)
{
	struct token equals, mark;

	if (!take_name(r, name, group))
		return false;
	equals = token_next(&r->rest);
	if (!is_mark(&equals, "=:"))
		return say(r, equals.text.at, "'=' is expected behind a name%s",
		    is_mark(&equals, ".")
		        ? ", which is of letters, digits, '-' and '_'"
		        : "");
	if (!read_value(r))
		return false;
	mark = peek(r);
	if (is_mark(&mark, ";,"))
		token_next(&r->rest);
	return true;
}

/* What stands where a name is expected, and is none. */
static bool
say_no_name(struct reader *r, const struct token *t, const char *opening)
{
	if (t->kind == TOKEN_END)
		return say(r, opening, "this '{' is never closed");
	if (lacks_quotes(t))
		return say_quotes(r, t);
	if (t->kind == TOKEN_STRING)
		return say(r, t->text.at,
		    "a name is expected here; it has no quotes");
	if (is_mark(t, "}") && opening == NULL)
		return say(r, t->text.at, "nothing is open that this '}' ends");
	return say(r, t->text.at,
	    "a name is expected here; it begins with a letter");
}

/* Until the group ends that was opened there; NULL: the file. */
static bool
read_settings(struct reader *r, const char *opening)
{
	size_t group = r->name_count;

	for (;;) {
		struct token t = token_next(&r->rest);

		if (opening != NULL ? is_mark(&t, "}") : t.kind == TOKEN_END)
			return true;
		if (t.kind == TOKEN_INCLUDE && !lacks_quotes(&t))
			continue;
		if (t.kind != TOKEN_NAME || t.text.at[0] == '_' ||
		    is_boolean(t.text))
			return say_no_name(r, &t, opening);
		if (!read_setting(r, t.text, group))
			return false;
	}
}

bool
syntax_find(struct str text, struct syntax_fault *out)
{
	struct reader r = { .text = text, .rest = text, .fault = out };

	*out = (struct syntax_fault){ 0 };
	(void)read_settings(&r, NULL);
	base_free(r.names);
	return out->at != NULL;
}
