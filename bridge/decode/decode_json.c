/*
 * decode/decode_json.c - RFC 8259, in one pass.
 *
 * `at` is the place that is looked at next. The functions that read move it
 * behind what they read; on a fault it does not matter any more. Lines and
 * columns are counted only when there is a fault to place.
 */
#include <string.h>

#include "decode/decode_tape.h"

#define WHERE "body"
/* Keeps what is done once, at the end of a bad text, out of the way. */
#define COLD __attribute__((cold, noinline))

struct reader {
	const char *at;
	const char *end;
	const char *start;
	struct tape tape;
	struct fault *why;
};

/* Line and column of a place: the text before it is valid UTF-8. */
static void
find_place(const struct reader *r, const char *place, unsigned *line,
    unsigned *column)
{
	const char *begin = r->start;

	*line = 1;
	for (const char *p = begin; p < place; p++) {
		if (*p == '\n') {
			++*line;
			begin = p + 1;
		}
	}
	*column = (unsigned)utf8_count(str_span(begin, place)) + 1;
}

COLD static int
refuse(const struct reader *r, const char *place, const char *what)
{
	unsigned line, column;

	find_place(r, place, &line, &column);
	return fault_at(r->why, FAULT_BODY, WHERE, line, column, "%s", what);
}

/* At `at`, where something else should stand, or nothing does. */
COLD static int
refuse_want(const struct reader *r, const char *want)
{
	unsigned line, column;

	find_place(r, r->at, &line, &column);
	if (r->at == r->end)
		return fault_at(r->why, FAULT_BODY, WHERE, line, column,
		    "the text ends where %s is expected", want);
	return fault_at(r->why, FAULT_BODY, WHERE, line, column,
	    "%s is expected", want);
}

/*
 * Where the text of a KEY or STRING entry is written. Its `at` may be a copy
 * without escapes, so this counts: strings are laid down as they come.
 */
static const char *
find_string(const struct reader *r, uint32_t entry)
{
	const struct entry *e = r->tape.entries;
	const char *p = memchr(r->start, '"', (size_t)(r->end - r->start));
	uint32_t before = 0;

	for (uint32_t i = 0; i < entry; i++)
		before += e[i].kind == ENTRY_KEY || e[i].kind == DOC_STRING;
	while (before-- > 0) {
		for (p++; *p != '"'; p++)
			p += *p == '\\';
		p = memchr(p + 1, '"', (size_t)(r->end - p - 1));
	}
	return p;
}

COLD static int
refuse_entry(const struct reader *r, enum tape_trouble trouble)
{
	const char *place = r->at;
	unsigned line, column;

	if (trouble == TAPE_KEY_TWICE)
		place = find_string(r, r->tape.twice);
	find_place(r, place, &line, &column);
	return tape_fault(&r->tape, trouble, r->why, WHERE, line, column);
}

static inline int
put(struct reader *r, uint32_t kind, struct str text)
{
	enum tape_trouble trouble = tape_put(&r->tape, kind, text);

	return trouble == TAPE_FINE ? 0 : refuse_entry(r, trouble);
}

/* The first byte that is no white space; 0, which is none, at the end. */
static inline char
look(struct reader *r)
{
	for (; r->at < r->end; r->at++) {
		char c = *r->at;

		if ((unsigned char)c > ' ' ||
		    (c != ' ' && c != '\n' && c != '\t' && c != '\r'))
			return c;
	}
	return '\0';
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

/*
 * A \u escape, with its second half if it is the first of a pair. *p stands
 * on the backslash, and behind the escape afterwards.
 */
static int
read_unicode(const struct reader *r, const char **p, uint32_t *cp)
{
	int32_t high = read_hex4(*p + 2), low;

	if (high < 0)
		return refuse(r, *p, "\\u wants four hex digits behind it");
	*cp = (uint32_t)high;
	if (high < 0xD800 || high > 0xDFFF) {
		*p += 6;
		return 0;
	}
	low = (*p)[6] == '\\' && (*p)[7] == 'u' ? read_hex4(*p + 8) : -1;
	if (high > 0xDBFF || low < 0xDC00 || low > 0xDFFF)
		return refuse(r, *p,
		    "half of a surrogate pair stands alone; it is no "
		    "character");
	*cp = 0x10000 +
	    (((uint32_t)high & 0x3FF) << 10 | ((uint32_t)low & 0x3FF));
	*p += 12;
	return 0;
}

/* Resolves the escape at *p into to; returns the bytes written, or -1. */
static int
read_escape(const struct reader *r, const char **p, char to[4])
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
	unsigned char letter = (unsigned char)(*p)[1];
	uint32_t cp = 0;

	if (plain[letter] != '\0') {
		*to = plain[letter];
		*p += 2;
		return 1;
	}
	if (letter != 'u')
		return refuse(r, *p,
		    "JSON has no such escape; a backslash is written \\\\");
	if (read_unicode(r, p, &cp) == -1)
		return -1;
	return (int)utf8_put(to, cp);
}

/*
 * Copies a string's text with its escapes resolved; no escape is shorter
 * than what it stands for. A quote stands behind the text.
 */
static int
resolve(struct reader *r, struct str *text)
{
	const char *p = text->at, *end = p + text->len;
	char *copy = arena_take(r->tape.arena, text->len);
	char *to = copy;

	if (copy == NULL)
		return refuse_entry(r, TAPE_NO_MEMORY);
	for (;;) {
		const char *stop = memchr(p, '\\', (size_t)(end - p));
		size_t run = (size_t)((stop != NULL ? stop : end) - p);
		char character[4];
		int n;

		memcpy(to, p, run);
		to += run;
		if (stop == NULL)
			break;
		p = stop;
		n = read_escape(r, &p, character);
		if (n == -1)
			return -1;
		memcpy(to, character, (size_t)n);
		to += n;
	}
	*text = str_span(copy, to);
	return 0;
}

COLD static int
refuse_stop(const struct reader *r, const char *stop)
{
	if (stop >= r->end)
		return refuse(r, r->at,
		    "the string that begins here has no closing quote");
	return refuse(r, stop,
	    "a control character in a string must be written as an escape, "
	    "like \\n");
}

/*
 * The quote that ends the string from `from` on, or whatever else stops it.
 * Of an escape only the backslash is stepped over here, with a quote or a
 * backslash behind it; resolve() looks at the rest.
 */
static const char *
string_end(const char *from, const char *end, uint64_t *seen, bool *escapes)
{
	const char *stop = json_stop(from, end, seen);

	while (stop < end && *stop == '\\') {
		*escapes = true;
		if (end - stop < 2)
			return end;
		stop += stop[1] == '"' || stop[1] == '\\' ? 2 : 1;
		stop = json_stop(stop, end, seen);
	}
	return stop;
}

/* A string with escapes, characters past ASCII, or a fault. */
static __attribute__((noinline)) int
read_hard_string(struct reader *r, uint32_t kind)
{
	const char *from = r->at + 1;
	uint64_t seen = 0;
	bool escapes = false;
	const char *stop = string_end(from, r->end, &seen, &escapes);
	struct str text;

	if (stop >= r->end || *stop != '"')
		return refuse_stop(r, stop);
	text = str_span(from, stop);
	if (seen != 0 && !utf8_valid(text))
		return refuse(r, from + utf8_bad(text),
		    "this byte is not UTF-8; send the body as UTF-8");
	if (escapes && resolve(r, &text) == -1)
		return -1;
	if (put(r, kind, text) == -1)
		return -1;
	r->at = stop + 1;
	return 0;
}

/*
 * A string, or the key of a member; `at` stands on its quote. Nearly all are
 * plain, and keep everything in registers here; the others begin anew.
 */
static inline int
read_string(struct reader *r, uint32_t kind)
{
	const char *from = r->at + 1, *stop = NULL;
	uint64_t seen = 0;

	for (const char *p = from; stop == NULL && r->end - p >= JSON_STEP;
	     p += JSON_STEP)
		stop = json_stop_in(p, &seen);
	if (stop == NULL || *stop != '"' || seen != 0)
		return read_hard_string(r, kind);
	if (put(r, kind, str_span(from, stop)) == -1)
		return -1;
	r->at = stop + 1;
	return 0;
}

static bool
is_digit(const struct reader *r, const char *p)
{
	return p < r->end && *p >= '0' && *p <= '9';
}

/* Moves `at` over digits, of which there must be one. */
static int
skip_digits(struct reader *r)
{
	if (!is_digit(r, r->at))
		return refuse_want(r, "a digit");
	do
		r->at++;
	while (is_digit(r, r->at));
	return 0;
}

static int
read_number(struct reader *r)
{
	const char *from = r->at;
	const char *digits = from + (*from == '-');
	struct str text;

	r->at = digits;
	if (skip_digits(r) == -1)
		return -1;
	if (*digits == '0' && r->at - digits > 1)
		return refuse(r, digits,
		    "a number begins with a zero too many");
	if (r->at < r->end && *r->at == '.') {
		r->at++;
		if (skip_digits(r) == -1)
			return -1;
	}
	if (r->at < r->end && (*r->at == 'e' || *r->at == 'E')) {
		r->at++;
		if (r->at < r->end && (*r->at == '+' || *r->at == '-'))
			r->at++;
		if (skip_digits(r) == -1)
			return -1;
	}
	text = str_span(from, r->at);
	r->at = from; /* where a ceiling is met, should it be met here */
	if (put(r, DOC_NUMBER, text) == -1)
		return -1;
	r->at = from + text.len;
	return 0;
}

/* true, false, null; anything else is no value. */
static int
read_word(struct reader *r)
{
	static const struct {
		struct str text;
		enum doc_kind kind;
	} words[] = {
		{ { "true", 4 }, DOC_TRUE },
		{ { "false", 5 }, DOC_FALSE },
		{ { "null", 4 }, DOC_NULL },
	};
	struct str rest = str_span(r->at, r->end);

	for (size_t i = 0; i < COUNT_OF(words); i++) {
		if (!str_starts(rest, words[i].text))
			continue;
		if (put(r, words[i].kind, STR_NONE) == -1)
			return -1;
		r->at += words[i].text.len;
		return 0;
	}
	return refuse_want(r, "a value");
}

static int
read_scalar(struct reader *r, char first)
{
	if (first == '"')
		return read_string(r, DOC_STRING);
	if (first == '-' || (first >= '0' && first <= '9'))
		return read_number(r);
	return read_word(r);
}

/* A key and its colon. */
static int
read_key(struct reader *r)
{
	if (look(r) != '"')
		return refuse_want(r, "a key in double quotes");
	if (read_string(r, ENTRY_KEY) == -1)
		return -1;
	if (look(r) != ':')
		return refuse_want(r, "a colon");
	r->at++;
	return 0;
}

static bool
in_object(const struct reader *r)
{
	return r->tape.entries[r->tape.open].kind == DOC_OBJECT;
}

static int
close_box(struct reader *r)
{
	enum tape_trouble trouble = tape_close(&r->tape);

	if (trouble != TAPE_FINE)
		return refuse_entry(r, trouble);
	r->at++;
	return 0;
}

/*
 * Opens the container at `at`. 1: its first value is due; 0: it is empty,
 * and closed again.
 */
static int
enter(struct reader *r, enum doc_kind kind)
{
	enum tape_trouble trouble = tape_open(&r->tape, kind);

	if (trouble != TAPE_FINE)
		return refuse_entry(r, trouble);
	r->at++;
	if (look(r) == (kind == DOC_OBJECT ? '}' : ']'))
		return close_box(r);
	if (kind == DOC_OBJECT && read_key(r) == -1)
		return -1;
	return 1;
}

/*
 * Behind a value: closes containers until one goes on. 1: its next value is
 * due; 0: the outermost value is complete.
 */
static int
leave(struct reader *r)
{
	while (r->tape.open != DOC_NONE) {
		bool object = in_object(r);
		char c = look(r);

		if (c == ',') {
			r->at++;
			if (object && read_key(r) == -1)
				return -1;
			return 1;
		}
		if (c != (object ? '}' : ']'))
			return refuse_want(r,
			    object ? "a comma or }" : "a comma or ]");
		if (close_box(r) == -1)
			return -1;
	}
	return 0;
}

/* The value and all that is in it. */
static int
read_value(struct reader *r)
{
	int more;

	do {
		char c = look(r);

		if (c == '{' || c == '[')
			more = enter(r, c == '{' ? DOC_OBJECT : DOC_ARRAY);
		else
			more = read_scalar(r, c);
		if (more == 0)
			more = leave(r);
	} while (more == 1);
	return more;
}

static int
read_text(struct reader *r)
{
	if (str_starts(str_span(r->start, r->end), STR("\xEF\xBB\xBF")))
		return refuse(r, r->start,
		    "the text begins with a byte order mark; send it without");
	if (read_value(r) == -1)
		return -1;
	look(r);
	if (r->at != r->end)
		return refuse(r, r->at,
		    "the value is complete, and more text follows; send one "
		    "value");
	return 0;
}

struct document *
decode_json(struct arena *arena, struct str text,
    const struct decode_limits *limits, struct fault *why)
{
	struct reader r = { .why = why };
	enum tape_trouble trouble;

	r.at = r.start = text.len > 0 ? text.at : "";
	r.end = r.start + text.len;
	trouble = tape_start(&r.tape, arena, limits, text.len);
	if (trouble != TAPE_FINE) {
		refuse_entry(&r, trouble);
		return NULL;
	}
	return read_text(&r) == 0 ? tape_finish(&r.tape) : NULL;
}
