/* base/base_utf8.c - UTF-8 as RFC 3629 has it. */
#include <string.h>

#include "base/base.h"

/*
 * Length of the well-formed sequence at p, or 0. Overlong forms, surrogates
 * and code points past U+10FFFF are what the second byte's range keeps out.
 */
static size_t
sequence(const unsigned char *p, size_t left)
{
	unsigned char low = 0x80, high = 0xBF;
	size_t need;

	if (p[0] < 0x80)
		return 1;
	if (p[0] < 0xC2 || p[0] > 0xF4)
		return 0;
	need = p[0] < 0xE0 ? 2 : p[0] < 0xF0 ? 3 : 4;
	if (left < need)
		return 0;
	if (p[0] == 0xE0)
		low = 0xA0;
	else if (p[0] == 0xED)
		high = 0x9F;
	else if (p[0] == 0xF0)
		low = 0x90;
	else if (p[0] == 0xF4)
		high = 0x8F;
	if (p[1] < low || p[1] > high)
		return 0;
	for (size_t i = 2; i < need; i++)
		if ((p[i] & 0xC0) != 0x80)
			return 0;
	return need;
}

/* True when all eight bytes at p are ASCII. */
static bool
ascii8(const char *p)
{
	uint64_t word;

	memcpy(&word, p, sizeof(word));
	return (word & UINT64_C(0x8080808080808080)) == 0;
}

size_t
utf8_bad(struct str s)
{
	size_t i = 0;

	while (i < s.len) {
		size_t n;

		if (s.len - i >= 8 && ascii8(s.at + i)) {
			i += 8;
			continue;
		}
		if (s.len - i < 8 && short_ascii(s.at + i, s.len - i))
			break;
		n = sequence((const unsigned char *)s.at + i, s.len - i);
		if (n == 0)
			return i;
		i += n;
	}
	return s.len;
}

bool
utf8_valid(struct str s)
{
	return utf8_bad(s) == s.len;
}

size_t
utf8_count(struct str s)
{
	size_t count = 0;

	for (size_t i = 0; i < s.len; i++)
		count += ((unsigned char)s.at[i] & 0xC0) != 0x80;
	return count;
}

size_t
utf8_put(char out[4], uint32_t cp)
{
	if (cp < 0x80) {
		out[0] = (char)cp;
		return 1;
	}
	if (cp < 0x800) {
		out[0] = (char)(0xC0 | cp >> 6);
		out[1] = (char)(0x80 | (cp & 0x3F));
		return 2;
	}
	if (cp < 0x10000) {
		out[0] = (char)(0xE0 | cp >> 12);
		out[1] = (char)(0x80 | (cp >> 6 & 0x3F));
		out[2] = (char)(0x80 | (cp & 0x3F));
		return 3;
	}
	out[0] = (char)(0xF0 | cp >> 18);
	out[1] = (char)(0x80 | (cp >> 12 & 0x3F));
	out[2] = (char)(0x80 | (cp >> 6 & 0x3F));
	out[3] = (char)(0x80 | (cp & 0x3F));
	return 4;
}

size_t
utf8_get(struct str s, uint32_t *cp)
{
	static const unsigned char lead_bits[] = { 0, 0x7F, 0x1F, 0x0F, 0x07 };
	const unsigned char *p = (const unsigned char *)s.at;
	size_t n;

	if (s.len == 0)
		return 0;
	n = p[0] < 0x80 ? 1 : p[0] < 0xE0 ? 2 : p[0] < 0xF0 ? 3 : 4;
	if (n > s.len)
		n = 1;
	*cp = p[0] & lead_bits[n];
	for (size_t i = 1; i < n; i++)
		*cp = *cp << 6 | (p[i] & 0x3F);
	return n;
}
