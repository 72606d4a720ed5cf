/* decode/decode_string.c - the escapes of a JSON string. */
#include <string.h>

#include "decode/decode_string.h"

static const char *
refuse(struct string_fault *bad, const char *at, const char *what)
{
	*bad = (struct string_fault){ at, what };
	return NULL;
}

/*
 * The four digits of a \u escape at p; -1 when they are none. Inside a
 * string there is always a quote to stop at.
 */
static int32_t
read_hex4(const char *p)
{
	int32_t unit = 0;

	for (int i = 0; i < 4; i++) {
		int digit = hex_digit(p[i]);

		if (digit < 0)
			return -1;
		unit = unit << 4 | digit;
	}
	return unit;
}

/* A \u escape, with its second half if it is the first of a pair. */
static const char *
read_unicode(const char *p, uint32_t *cp, struct string_fault *bad)
{
	int32_t high = read_hex4(p + 2), low;

	if (high < 0)
		return refuse(bad, p, "\\u wants four hex digits behind it");
	*cp = (uint32_t)high;
	if (high < 0xD800 || high > 0xDFFF)
		return p + 6;
	low = p[6] == '\\' && p[7] == 'u' ? read_hex4(p + 8) : -1;
	if (high > 0xDBFF || low < 0xDC00 || low > 0xDFFF)
		return refuse(bad, p,
		    "half of a surrogate pair stands alone; it is no "
		    "character");
	*cp = 0x10000 +
	    (((uint32_t)high & 0x3FF) << 10 | ((uint32_t)low & 0x3FF));
	return p + 12;
}

/* Resolves an escape into **to, and moves *to behind it. */
static const char *
read_escape(const char *p, char **to, struct string_fault *bad)
{
	static const char plain[UINT8_MAX + 1] = {
		['"'] = '"',
		['\\'] = '\\',
		['/'] = '/',
		['b'] = '\b',
		['f'] = '\f',
		['n'] = '\n',
		['r'] = '\r',
		['t'] = '\t',
	};
	unsigned char letter = (unsigned char)p[1];
	uint32_t cp = 0;

	if (plain[letter] != '\0') {
		*(*to)++ = plain[letter];
		return p + 2;
	}
	if (letter != 'u')
		return refuse(bad, p,
		    "JSON has no such escape; a backslash is written \\\\");
	p = read_unicode(p, &cp, bad);
	if (p != NULL)
		*to += utf8_put(*to, cp);
	return p;
}

/* No escape is shorter than what it stands for. */
int
string_resolve(struct arena *arena, struct str *text, struct string_fault *bad)
{
	const char *p = text->at, *end = p + text->len;
	char *copy = arena_take(arena, text->len);
	char *to = copy;

	if (copy == NULL)
		return -1;
	for (;;) {
		const char *stop = memchr(p, '\\', (size_t)(end - p));
		size_t run = (size_t)((stop != NULL ? stop : end) - p);

		memcpy(to, p, run);
		to += run;
		if (stop == NULL)
			break;
		p = read_escape(stop, &to, bad);
		if (p == NULL)
			return -1;
	}
	*text = str_span(copy, to);
	return 0;
}
