/* base/base_codec.c - hex, base64 (RFC 4648) and percent (RFC 3986). */
#include <string.h>

#include "base/base.h"

/* Value + 1 of each hex digit; 0: none. */
static const unsigned char digits16[256] = {
	['0'] = 1,
	['1'] = 2,
	['2'] = 3,
	['3'] = 4,
	['4'] = 5,
	['5'] = 6,
	['6'] = 7,
	['7'] = 8,
	['8'] = 9,
	['9'] = 10,
	['a'] = 11,
	['b'] = 12,
	['c'] = 13,
	['d'] = 14,
	['e'] = 15,
	['f'] = 16,
	['A'] = 11,
	['B'] = 12,
	['C'] = 13,
	['D'] = 14,
	['E'] = 15,
	['F'] = 16,
};

int
hex_digit(char c)
{
	return digits16[(unsigned char)c] - 1;
}

int64_t
hex_decode(struct str s, unsigned char *out, size_t size)
{
	if (s.len % 2 != 0 || s.len / 2 > size)
		return -1;
	for (size_t i = 0; i < s.len; i += 2) {
		int high = hex_digit(s.at[i]), low = hex_digit(s.at[i + 1]);

		if (high < 0 || low < 0)
			return -1;
		out[i / 2] = (unsigned char)(high << 4 | low);
	}
	return (int64_t)(s.len / 2);
}

static const char alphabet[2][65] = {
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
};

static int
sextet(char c, bool url)
{
	const char *at;

	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	at = c != '\0' ? strchr(alphabet[url] + 62, c) : NULL;
	return at != NULL ? (int)(at - alphabet[url]) : -1;
}

/* Strips "=" padding; false when there is padding and it is wrong. */
static bool
strip_padding(struct str *s)
{
	size_t padding = 0;

	while (padding < 2 && padding < s->len &&
	    s->at[s->len - 1 - padding] == '=')
		padding++;
	if (padding > 0 && s->len % 4 != 0)
		return false;
	s->len -= padding;
	return padding == 0 || s->len % 4 == 4 - padding;
}

int64_t
base64_decode(struct str s, bool url, unsigned char *out, size_t size)
{
	uint32_t bits = 0;
	size_t n = 0;
	unsigned have = 0;

	if (!strip_padding(&s) || s.len % 4 == 1)
		return -1;
	for (size_t i = 0; i < s.len; i++) {
		int value = sextet(s.at[i], url);

		if (value < 0)
			return -1;
		bits = bits << 6 | (uint32_t)value;
		have += 6;
		if (have < 8)
			continue;
		have -= 8;
		if (n == size)
			return -1;
		out[n++] = (unsigned char)(bits >> have);
		bits &= (1u << have) - 1;
	}
	return bits == 0 ? (int64_t)n : -1;
}

void
bytes_add_hex(struct bytes *b, const void *data, size_t n)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *p = data;

	for (size_t i = 0; i < n; i++) {
		char pair[2] = { digits[p[i] >> 4], digits[p[i] & 15] };

		bytes_add(b, pair, 2);
	}
}

void
bytes_add_base64(struct bytes *b, const void *data, size_t n, bool url)
{
	const char *letters = alphabet[url];
	const unsigned char *p = data;

	for (size_t i = 0; i < n; i += 3) {
		size_t left = n - i < 3 ? n - i : 3;
		uint32_t bits = (uint32_t)p[i] << 16;
		char four[4];

		if (left > 1)
			bits |= (uint32_t)p[i + 1] << 8;
		if (left > 2)
			bits |= p[i + 2];
		for (unsigned k = 0; k < 4; k++)
			four[k] = letters[bits >> (18 - 6 * k) & 63];
		if (left < 3)
			memset(four + left + 1, '=', 3 - left);
		bytes_add(b, four, url ? left + 1 : 4);
	}
}

int
percent_decode(struct arena *a, struct str s, bool plus, struct str *out)
{
	char *to = arena_take(a, s.len + 1);
	size_t n = 0;

	if (to == NULL)
		return -1;
	for (size_t i = 0; i < s.len; i++) {
		char c = s.at[i];

		if (c == '+' && plus) {
			c = ' ';
		} else if (c == '%') {
			bool whole = s.len - i > 2;
			int high = whole ? hex_digit(s.at[i + 1]) : -1;
			int low = whole ? hex_digit(s.at[i + 2]) : -1;

			if (high < 0 || low < 0)
				return -1;
			c = (char)(high << 4 | low);
			i += 2;
		}
		to[n++] = c;
	}
	to[n] = '\0';
	*out = (struct str){ to, n };
	return 0;
}

static bool
is_unreserved(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	    (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' ||
	    c == '~';
}

void
bytes_add_percent(struct bytes *b, struct str s)
{
	static const char digits[] = "0123456789ABCDEF";

	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.at[i];
		char code[3] = { '%', digits[c >> 4], digits[c & 15] };

		if (is_unreserved((char)c))
			bytes_add_char(b, (char)c);
		else
			bytes_add(b, code, 3);
	}
}
