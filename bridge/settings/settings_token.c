/* settings/settings_token.c - the words of a libconfig file. */
#include <string.h>

#include "settings/settings_token.h"

static char
peek(struct str s, size_t i)
{
	return i < s.len ? s.at[i] : '\0';
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_word(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'z') ||
	    (c >= 'A' && c <= 'Z') || c == '_' || c == '*';
}

/* Up to and with `end`, or to the end of the text. */
static size_t
length_past(struct str s, const char *end)
{
	size_t len = strlen(end);
	const char *at = s.len > 0 ? memmem(s.at, s.len, end, len) : NULL;

	return at != NULL ? (size_t)(at - s.at) + len : s.len;
}

static size_t
string_length(struct str s)
{
	size_t n = 1;

	while (n < s.len && s.at[n] != '"')
		n += s.at[n] == '\\' ? 2 : 1;
	return n + 1 < s.len ? n + 1 : s.len;
}

/* 0 when there is none. */
static size_t
number_length(struct str s)
{
	size_t n = peek(s, 0) == '-' || peek(s, 0) == '+';

	if (!is_digit(peek(s, n)) &&
	    !(peek(s, n) == '.' && is_digit(peek(s, n + 1))))
		return 0;
	while (is_word(peek(s, n)) || peek(s, n) == '.' ||
	    ((peek(s, n) == '-' || peek(s, n) == '+') &&
	        (peek(s, n - 1) == 'e' || peek(s, n - 1) == 'E')))
		n++;
	return n;
}

static size_t
name_length(struct str s)
{
	size_t n = 0;

	while (is_word(peek(s, n)) || (n > 0 && peek(s, n) == '-'))
		n++;
	return n;
}

static size_t
gap_length(struct str s)
{
	char c = peek(s, 0), next = peek(s, 1);

	if (c == '#' || (c == '/' && next == '/'))
		return length_past(s, "\n");
	if (c == '/' && next == '*')
		return length_past(s, "*/");
	return s.len > 0 && (c == '\0' || strchr(" \t\r\n\f\v", c) != NULL);
}

struct token
token_next(struct str *rest)
{
	struct token t = { .kind = TOKEN_MARK };
	size_t n;

	while ((n = gap_length(*rest)) > 0)
		*rest = str_skip(*rest, n);
	if (rest->len == 0) {
		t.kind = TOKEN_END;
	} else if (rest->at[0] == '"') {
		t.kind = TOKEN_STRING;
		n = string_length(*rest);
	} else if (rest->at[0] == '@') {
		t.kind = TOKEN_INCLUDE;
		n = length_past(*rest, "\n");
	} else if ((n = number_length(*rest)) > 0) {
		t.kind = TOKEN_NUMBER;
	} else if ((n = name_length(*rest)) > 0) {
		t.kind = TOKEN_NAME;
	} else {
		n = 1;
	}
	t.text = (struct str){ rest->at, n };
	*rest = str_skip(*rest, n);
	return t;
}
