/* decode/decode_text.c - parameters of a content type, and charsets. */
#include <string.h>

#include "decode/decode_text.h"

struct charset_name {
	const char *text;
	enum charset charset;
};

static const struct charset_name charset_names[] = {
	{ "utf-8", CHARSET_UTF8 },
	{ "utf8", CHARSET_UTF8 },
	{ "us-ascii", CHARSET_UTF8 },
	{ "ascii", CHARSET_UTF8 },
	{ "iso-8859-1", CHARSET_LATIN1 },
	{ "iso_8859-1", CHARSET_LATIN1 },
	{ "iso8859-1", CHARSET_LATIN1 },
	{ "latin1", CHARSET_LATIN1 },
	{ "latin-1", CHARSET_LATIN1 },
	{ "windows-1252", CHARSET_WINDOWS_1252 },
	{ "cp1252", CHARSET_WINDOWS_1252 },
	{ "utf-16", CHARSET_UTF16 },
	{ "utf-16be", CHARSET_UTF16BE },
	{ "utf-16le", CHARSET_UTF16LE },
};

/*
 * The bytes 80 to 9F of windows-1252. Where latin-1 is said it is meant too,
 * as the WHATWG Encoding Standard found: nobody sends the controls that
 * latin-1 has there. The five that windows-1252 lacks stay those controls.
 */
static const uint16_t windows_1252[32] = {
	0x20AC, 0x0081, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, /* 80 */
	0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0x008D, 0x017D, 0x008F, /* 88 */
	0x0090, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014, /* 90 */
	0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x009D, 0x017E, 0x0178, /* 98 */
};

enum charset
charset_named(struct str name)
{
	if (name.at == NULL)
		return CHARSET_UNSAID;
	for (size_t i = 0; i < COUNT_OF(charset_names); i++)
		if (str_eq_nocase(name, str_of(charset_names[i].text)))
			return charset_names[i].charset;
	return CHARSET_OTHER;
}

bool
charset_is_simple(enum charset charset)
{
	return charset <= CHARSET_WINDOWS_1252;
}

/* Takes a parameter's value: up to ';', or between quotes. */
static struct str
take_value(struct str *rest)
{
	struct str value = STR("");

	*rest = str_trim(*rest);
	if (rest->len == 0 || rest->at[0] != '"') {
		str_cut(rest, ';', &value);
		return str_trim(value);
	}
	*rest = str_skip(*rest, 1);
	str_cut(rest, '"', &value);
	return value;
}

struct str
param_of(struct str params, struct str wanted)
{
	struct str name;

	while (str_cut(&params, '=', &name)) {
		struct str value = take_value(&params);
		const char *bare = memrchr(name.at, ';', name.len);

		/* What is left of the parameter before, or one without '='. */
		if (bare != NULL)
			name = str_span(bare + 1, name.at + name.len);
		if (str_eq_nocase(str_trim(name), wanted))
			return value;
	}
	return STR_NONE;
}

size_t
escape_bad(struct str s)
{
	size_t i = 0;

	while (i < s.len &&
	    (s.at[i] != '%' ||
	        (s.len - i > 2 && hex_digit(s.at[i + 1]) >= 0 &&
	            hex_digit(s.at[i + 2]) >= 0)))
		i++;
	return i;
}

static uint32_t
code_point(unsigned char c)
{
	return c >= 0x80 && c < 0xA0 ? windows_1252[c - 0x80] : c;
}

static bool
is_ascii(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char)s.at[i] >= 0x80)
			return false;
	return true;
}

int
text_utf8(struct arena *arena, struct str text, enum charset charset,
    struct str *out)
{
	char *to;
	size_t n = 0;

	if (charset <= CHARSET_UTF8 || is_ascii(text)) {
		*out = text;
		return 0;
	}
	/* No character of these charsets takes more than three bytes. */
	to = text.len < SIZE_MAX / 3 ? arena_take(arena, 3 * text.len + 1)
	                             : NULL;
	if (to == NULL)
		return -1;
	for (size_t i = 0; i < text.len; i++)
		n += utf8_put(to + n, code_point((unsigned char)text.at[i]));
	*out = (struct str){ to, n };
	return 0;
}
