/* base/base_str.c - borrowed runs of bytes. */
#include <string.h>
#include <strings.h>

#include "base/base.h"

struct str
str_of(const char *text)
{
	return (struct str){ text, text != NULL ? strlen(text) : 0 };
}

struct str
str_span(const char *at, const char *end)
{
	return (struct str){ at, (size_t)(end - at) };
}

bool
str_eq_nocase(struct str a, struct str b)
{
	return a.len == b.len &&
	    (a.len == 0 || strncasecmp(a.at, b.at, a.len) == 0);
}

int
str_cmp(struct str a, struct str b)
{
	size_t common = a.len < b.len ? a.len : b.len;
	int order = common > 0 ? memcmp(a.at, b.at, common) : 0;

	if (order != 0)
		return order < 0 ? -1 : 1;
	return (a.len > b.len) - (a.len < b.len);
}

bool
str_starts(struct str s, struct str prefix)
{
	return s.len >= prefix.len &&
	    (prefix.len == 0 || memcmp(s.at, prefix.at, prefix.len) == 0);
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct str
str_trim(struct str s)
{
	while (s.len > 0 && is_blank(s.at[0]))
		s = str_skip(s, 1);
	while (s.len > 0 && is_blank(s.at[s.len - 1]))
		s.len--;
	return s;
}

struct str
str_skip(struct str s, size_t n)
{
	if (n > s.len)
		n = s.len;
	if (s.at != NULL)
		s.at += n;
	s.len -= n;
	return s;
}

bool
str_cut(struct str *rest, char by, struct str *head)
{
	const char *at;

	if (rest->at == NULL)
		return false;
	at = rest->len > 0 ? memchr(rest->at, by, rest->len) : NULL;
	if (at == NULL) {
		*head = *rest;
		*rest = STR_NONE;
		return true;
	}
	*head = str_span(rest->at, at);
	*rest = str_skip(*rest, head->len + 1);
	return true;
}

bool
str_is_uuid(struct str s)
{
	for (size_t i = 0; i < s.len; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (dash ? s.at[i] != '-' : hex_digit(s.at[i]) == -1)
			return false;
	}
	return s.len == 36;
}

int64_t
str_number(struct str s, int64_t max)
{
	int64_t n = 0;

	if (s.len == 0)
		return -1;
	for (size_t i = 0; i < s.len; i++) {
		int digit = s.at[i] - '0';

		if (digit < 0 || digit > 9 || digit > max ||
		    n > (max - digit) / 10)
			return -1;
		n = n * 10 + digit;
	}
	return n;
}
