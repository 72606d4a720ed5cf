/* base/base_shown.c - text of strangers, for a person's terminal. */
#include "base/base_shown.h"

#define REPLACEMENT 0xfffd

/* Ascending. Unicode's controls, formats, ignorables and wide blanks. */
static const struct {
	uint32_t first, last;
} hidden[] = {
	{ 0x0000, 0x001f },   /* C0 */
	{ 0x007f, 0x00a0 },   /* DEL, C1, no-break space */
	{ 0x00ad, 0x00ad },   /* soft hyphen */
	{ 0x034f, 0x034f },   /* combining grapheme joiner */
	{ 0x061c, 0x061c },   /* Arabic letter mark */
	{ 0x115f, 0x1160 },   /* Hangul fillers */
	{ 0x1680, 0x1680 },   /* Ogham space */
	{ 0x17b4, 0x17b5 },   /* Khmer inherent vowels */
	{ 0x180b, 0x180f },   /* Mongolian selectors */
	{ 0x2000, 0x200f },   /* blanks, zero widths, marks of direction */
	{ 0x2028, 0x202f },   /* line ends, embeddings, overrides */
	{ 0x205f, 0x206f },   /* invisible operators, isolates */
	{ 0x2800, 0x2800 },   /* Braille blank */
	{ 0x3000, 0x3000 },   /* ideographic space */
	{ 0x3164, 0x3164 },   /* Hangul filler */
	{ 0xfe00, 0xfe0f },   /* variation selectors */
	{ 0xfeff, 0xfeff },   /* byte order mark */
	{ 0xffa0, 0xffa0 },   /* half-width Hangul filler */
	{ 0xfff0, 0xfffb },   /* interlinear annotations */
	{ 0x1bca0, 0x1bca3 }, /* shorthand controls */
	{ 0x1d173, 0x1d17a }, /* musical controls */
	{ 0xe0000, 0xe0fff }, /* tags, variation selectors */
};

static bool
is_hidden(uint32_t point)
{
	for (size_t i = 0; i < COUNT_OF(hidden); i++)
		if (point >= hidden[i].first && point <= hidden[i].last)
			return true;
	return false;
}

uint32_t
shown_point(struct str *rest)
{
	struct str next = { rest->at, rest->len < 4 ? rest->len : 4 };
	uint32_t point = REPLACEMENT;
	size_t used = utf8_bad(next) > 0 ? utf8_get(next, &point) : 1;

	*rest = str_skip(*rest, used);
	return point;
}

/* As JSON has it: past U+FFFF two halves. */
static void
add_escaped(struct bytes *out, uint32_t point)
{
	if (point < 0x10000) {
		bytes_addf(out, "\\u%04x", (unsigned)point);
		return;
	}
	point -= 0x10000;
	bytes_addf(out, "\\u%04x\\u%04x", (unsigned)(0xd800 + (point >> 10)),
	    (unsigned)(0xdc00 + (point & 0x3ff)));
}

void
shown_add(struct bytes *out, struct str text)
{
	while (text.len > 0) {
		uint32_t point = shown_point(&text);
		char utf8[4];

		if (is_hidden(point))
			add_escaped(out, point);
		else
			bytes_add(out, utf8, utf8_put(utf8, point));
	}
}

void
shown_add_json(struct bytes *out, struct str text)
{
	struct bytes mended;
	char utf8[4];

	if (utf8_valid(text)) {
		bytes_add_json(out, text);
		return;
	}
	bytes_init(&mended, 3 * text.len + 1);
	while (text.len > 0)
		bytes_add(&mended, utf8, utf8_put(utf8, shown_point(&text)));
	bytes_add_json(out, bytes_str(&mended));
	bytes_done(&mended);
}

bool
shown_plain(struct str text)
{
	while (text.len > 0)
		if (is_hidden(shown_point(&text)))
			return false;
	return true;
}
