/*
 * settings/settings_excerpt.c - a line of a file, with a mark under a place.
 *
 * Whatever the file holds, what is shown is UTF-8 without control characters
 * or what turns the direction of writing; the mark stays under its place
 * where characters are wide, or have no width.
 */
#include <string.h>
#include <unictype.h>
#include <uniwidth.h>

#include "settings/settings_place.h"

/* Characters of a line that are shown; of a cut one, how many where. */
#define SHOWN 72
#define SHOWN_BEFORE 40
#define SHOWN_BEHIND 8

#define REPLACEMENT 0xFFFD

/* One character; what is not UTF-8 is one a byte. Returns its bytes. */
static size_t
read_point(struct str s, uint32_t *cp)
{
	struct str front = { s.at, s.len < 4 ? s.len : 4 };

	if (utf8_bad(front) > 0)
		return utf8_get(s, cp);
	*cp = REPLACEMENT;
	return 1;
}

static size_t
count_points(struct str s)
{
	size_t count = 0;
	uint32_t cp;

	for (; s.len > 0; s = str_skip(s, read_point(s, &cp)))
		count++;
	return count;
}

static struct str
skip_points(struct str s, size_t count)
{
	uint32_t cp;

	for (; s.len > 0 && count > 0; count--)
		s = str_skip(s, read_point(s, &cp));
	return s;
}

/* The line of the text in which the byte stands, without its end. */
static struct str
line_of(struct str text, const char *at)
{
	const char *from = at, *to = at, *end = text.at + text.len;

	while (from > text.at && from[-1] != '\n')
		from--;
	while (to < end && *to != '\n')
		to++;
	if (to > from && to[-1] == '\r')
		to--;
	return str_span(from, to);
}

void
place_count(struct str text, const char *at, unsigned *line, unsigned *column)
{
	const char *from = text.at;

	*line = 1;
	for (const char *p = text.at; p < at; p++)
		if (*p == '\n') {
			++*line;
			from = p + 1;
		}
	*column = (unsigned)count_points(str_span(from, at)) + 1;
}

/* As it may be shown. */
static uint32_t
shown(uint32_t cp)
{
	if (cp == '\t' ||
	    !uc_is_general_category_withtable(cp, UC_CATEGORY_MASK_C))
		return cp;
	return REPLACEMENT;
}

static void
add_shown(struct str s, struct bytes *out)
{
	char utf8[4];
	uint32_t cp;

	while (s.len > 0) {
		s = str_skip(s, read_point(s, &cp));
		bytes_add(out, utf8, utf8_put(utf8, shown(cp)));
	}
}

/* Blanks as wide as the text; a tab is as wide as a tab. */
static void
add_blanks(struct str s, struct bytes *out)
{
	uint32_t cp;

	while (s.len > 0) {
		int width;

		s = str_skip(s, read_point(s, &cp));
		width = cp == '\t' ? 1 : uc_width(shown(cp), "UTF-8");
		for (; width > 0; width--)
			bytes_add_char(out, cp == '\t' ? '\t' : ' ');
	}
}

void
place_excerpt(struct str text, const char *at, struct bytes *out)
{
	struct str line = line_of(text, at), before, rest;
	unsigned number, column;
	size_t cut = 0;

	place_count(text, at, &number, &column);
	if (column + SHOWN_BEHIND > SHOWN && count_points(line) > SHOWN)
		cut = column - SHOWN_BEFORE;
	line = skip_points(line, cut);
	rest = skip_points(line, SHOWN);
	line = str_span(line.at, rest.at);
	before = str_span(line.at, at > line.at ? at : line.at);
	bytes_addf(out, "%5u | %s", number, cut > 0 ? "..." : "");
	add_shown(line, out);
	bytes_addf(out, "%s\n      | %s", rest.len > 0 ? "..." : "",
	    cut > 0 ? "   " : "");
	add_blanks(before, out);
	bytes_add_text(out, "^\n");
}
