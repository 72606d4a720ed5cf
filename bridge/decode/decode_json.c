/*
 * decode/decode_json.c - RFC 8259, in one pass.
 *
 * The functions that read take the place to read from and give the one behind
 * what they read, or NULL with the fault set: so it stays in a register. Those
 * on the way of every value are part of the loop, and move the place instead:
 * it need not be compared with NULL at each step. Lines and columns are
 * counted only when there is a fault to place.
 */
#include <string.h>

#include "decode/decode_string.h"
#include "decode/decode_tape.h"

#define WHERE "body"
/* Keeps what is done once, at the end of a bad text, out of the way. */
#define COLD __attribute__((cold, noinline))

struct reader {
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

/* These three give NULL. */
COLD static const char *
refuse(const struct reader *r, const char *place, const char *what)
{
	unsigned line, column;

	find_place(r, place, &line, &column);
	fault_at(r->why, FAULT_BODY, WHERE, line, column, "%s", what);
	return NULL;
}

/* Where something else should stand, or nothing does. */
COLD static const char *
refuse_want(const struct reader *r, const char *place, const char *want)
{
	const char *before = place == r->end ? "the text ends where " : "";
	unsigned line, column;

	find_place(r, place, &line, &column);
	fault_at(r->why, FAULT_BODY, WHERE, line, column, "%s%s is expected",
	    before, want);
	return NULL;
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

COLD static const char *
refuse_entry(const struct reader *r, const char *place,
    enum tape_trouble trouble)
{
	unsigned line, column;

	if (trouble == TAPE_KEY_TWICE)
		place = find_string(r, r->tape.twice);
	find_place(r, place, &line, &column);
	tape_fault(&r->tape, trouble, r->why, WHERE, line, column);
	return NULL;
}

static INLINE enum tape_trouble
lay(struct tape *t, uint32_t kind, struct str text)
{
	return kind == ENTRY_KEY ? tape_put_key(t, text)
	                         : tape_put(t, (enum doc_kind)kind, text);
}

/* A value, or a key, that stands from p up to `behind`. */
static INLINE const char *
put(struct reader *r, uint32_t kind, struct str text, const char *p,
    const char *behind)
{
	enum tape_trouble trouble = lay(&r->tape, kind, text);

	return trouble == TAPE_FINE ? behind : refuse_entry(r, p, trouble);
}

/* Moves *p there, unless what was read has been refused. */
static INLINE bool
go_on(const char **p, const char *there)
{
	if (there == NULL)
		return false;
	*p = there;
	return true;
}

/*
 * Moves *p to the first byte that is no white space, and gives it; 0, which
 * is none, at the end.
 */
static inline char
look(const struct reader *r, const char **p)
{
	for (; *p < r->end; ++*p) {
		char c = **p;

		if ((unsigned char)c > ' ' ||
		    (c != ' ' && c != '\n' && c != '\t' && c != '\r'))
			return c;
	}
	return '\0';
}

/* The same where one character should come: mostly it does, without blanks. */
static INLINE bool
look_for(const struct reader *r, const char **p, char want)
{
	return (*p < r->end && **p == want) || look(r, p) == want;
}

COLD static const char *
refuse_stop(const struct reader *r, const char *quote, const char *stop)
{
	if (stop >= r->end)
		return refuse(r, quote,
		    "the string that begins here has no closing quote");
	return refuse(r, stop,
	    "a control character in a string must be written as an escape, "
	    "like \\n");
}

/*
 * The quote that ends the string from `from` on, or whatever else stops it.
 * Of an escape only the backslash is stepped over here, with a quote or a
 * backslash behind it; string_resolve() looks at the rest.
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
static __attribute__((noinline)) const char *
read_hard_string(struct reader *r, const char *quote, uint32_t kind)
{
	uint64_t seen = 0;
	bool escapes = false;
	const char *stop = string_end(quote + 1, r->end, &seen, &escapes);
	struct string_fault bad = { 0 };
	struct str text;

	if (stop >= r->end || *stop != '"')
		return refuse_stop(r, quote, stop);
	text = str_span(quote + 1, stop);
	if (seen != 0 && !utf8_valid(text))
		return refuse(r, text.at + utf8_bad(text),
		    "this byte is not UTF-8; send the body as UTF-8");
	if (escapes && string_resolve(r->tape.arena, &text, &bad) == -1)
		return bad.what != NULL
		    ? refuse(r, bad.at, bad.what)
		    : refuse_entry(r, quote, TAPE_NO_MEMORY);
	return put(r, kind, text, quote, stop + 1);
}

/* One that is plain, of a step or more; or else as above. */
static __attribute__((noinline)) const char *
read_long_string(struct reader *r, const char *quote, uint32_t kind)
{
	const char *from = quote + 1, *stop = from;
	unsigned plain = JSON_STEP;

	for (; plain == JSON_STEP && r->end - stop >= JSON_STEP; stop += plain)
		plain = json_plain_ascii(stop);
	if (plain == JSON_STEP || *stop != '"')
		return read_hard_string(r, quote, kind);
	return put(r, kind, str_span(from, stop), quote, stop + 1);
}

/*
 * A string, or the key of a member. Nearly all are plain and shorter than a
 * step, and keep everything in registers here; whatever else there is to say
 * of the others is said above, where they begin anew.
 */
static INLINE bool
read_string(struct reader *r, const char **p, uint32_t kind)
{
	const char *quote = *p, *from = quote + 1;
	size_t len = JSON_STEP;

	if (r->end - from >= JSON_STEP)
		len = json_plain_ascii(from);
	if (len < JSON_STEP && from[len] == '"' &&
	    lay(&r->tape, kind, (struct str){ from, len }) == TAPE_FINE) {
		*p = from + len + 1;
		return true;
	}
	return go_on(p, read_long_string(r, quote, kind));
}

static bool
is_digit(const struct reader *r, const char *p)
{
	return p < r->end && *p >= '0' && *p <= '9';
}

/* Digits, of which there must be one. */
static const char *
skip_digits(const struct reader *r, const char *p)
{
	if (!is_digit(r, p))
		return refuse_want(r, p, "a digit");
	do
		p++;
	while (is_digit(r, p));
	return p;
}

/* An exponent, should there be one. */
static const char *
skip_exponent(const struct reader *r, const char *p)
{
	if (p == r->end || (*p != 'e' && *p != 'E'))
		return p;
	p++;
	if (p < r->end && (*p == '+' || *p == '-'))
		p++;
	return skip_digits(r, p);
}

static const char *
read_number(struct reader *r, const char *from)
{
	const char *digits = from + (*from == '-');
	const char *p = skip_digits(r, digits);

	if (p == NULL)
		return NULL;
	if (*digits == '0' && p - digits > 1)
		return refuse(r, digits,
		    "a number begins with a zero too many");
	if (p < r->end && *p == '.')
		p = skip_digits(r, p + 1);
	if (p != NULL)
		p = skip_exponent(r, p);
	if (p == NULL)
		return NULL;
	return put(r, DOC_NUMBER, str_span(from, p), from, p);
}

/* true, false, null; anything else is no value. */
static const char *
read_word(struct reader *r, const char *p)
{
	static const struct {
		struct str text;
		enum doc_kind kind;
	} words[] = {
		{ { "true", 4 }, DOC_TRUE },
		{ { "false", 5 }, DOC_FALSE },
		{ { "null", 4 }, DOC_NULL },
	};
	struct str rest = str_span(p, r->end);

	for (size_t i = 0; i < COUNT_OF(words); i++)
		if (str_starts(rest, words[i].text))
			return put(r, words[i].kind, STR_NONE, p,
			    p + words[i].text.len);
	return refuse_want(r, p, "a value");
}

static INLINE bool
read_scalar(struct reader *r, const char **p, char first)
{
	if (first == '"')
		return read_string(r, p, DOC_STRING);
	if (first == '-' || (first >= '0' && first <= '9'))
		return go_on(p, read_number(r, *p));
	return go_on(p, read_word(r, *p));
}

/* A key and its colon. */
static INLINE bool
read_key(struct reader *r, const char **p)
{
	if (!look_for(r, p, '"'))
		return go_on(p, refuse_want(r, *p, "a key in double quotes"));
	if (!read_string(r, p, ENTRY_KEY))
		return false;
	if (!look_for(r, p, ':'))
		return go_on(p, refuse_want(r, *p, "a colon"));
	++*p;
	return true;
}

/* Opens a container; one that is empty it closes again, and has not entered. */
static INLINE bool
enter(struct reader *r, const char **p, enum doc_kind kind, bool *entered)
{
	enum tape_trouble trouble = tape_open(&r->tape, kind);
	const char *first = *p + 1;

	if (trouble == TAPE_FINE) {
		*entered = look(r, &first) != (kind == DOC_OBJECT ? '}' : ']');
		if (!*entered) {
			first++;
			trouble = tape_close(&r->tape);
		}
	}
	if (trouble != TAPE_FINE)
		return go_on(p, refuse_entry(r, *p, trouble));
	*p = first;
	return true;
}

/*
 * Behind a value: closes containers until one goes on, and steps over its
 * comma; or until the outermost value is complete.
 */
static INLINE bool
leave(struct reader *r, const char **p, bool *complete)
{
	enum tape_trouble trouble = TAPE_FINE;

	while (trouble == TAPE_FINE) {
		uint32_t kind = r->tape.open->kind;
		char c = look(r, p);

		*complete = kind == DOC_ABSENT;
		if (*complete)
			return true;
		if (c != ',' && c != (kind == DOC_OBJECT ? '}' : ']'))
			return go_on(p,
			    refuse_want(r, *p,
			        kind == DOC_OBJECT ? "a comma or }"
			                           : "a comma or ]"));
		++*p;
		if (c == ',')
			return true;
		trouble = tape_close(&r->tape);
	}
	return go_on(p, refuse_entry(r, *p - 1, trouble));
}

/* The value and all that is in it. */
static const char *
read_value(struct reader *r, const char *p)
{
	bool complete = false;

	while (!complete) {
		bool entered = false;
		char c;

		if (r->tape.open->kind == DOC_OBJECT && !read_key(r, &p))
			return NULL;
		c = look(r, &p);
		if (c == '{' || c == '[') {
			if (!enter(r, &p, c == '{' ? DOC_OBJECT : DOC_ARRAY,
			        &entered))
				return NULL;
		} else if (!read_scalar(r, &p, c)) {
			return NULL;
		}
		if (!entered && !leave(r, &p, &complete))
			return NULL;
	}
	return p;
}

static int
read_text(struct reader *r)
{
	const char *p = r->start;

	if (str_starts(str_span(p, r->end), STR("\xEF\xBB\xBF"))) {
		refuse(r, p,
		    "the text begins with a byte order mark; send it without");
		return -1;
	}
	p = read_value(r, p);
	if (p == NULL)
		return -1;
	if (p == r->end)
		return 0;
	refuse(r, p,
	    "the value is complete, and more text follows; send one value");
	return -1;
}

struct document *
decode_json(struct arena *arena, struct str text,
    const struct decode_limits *limits, struct fault *why)
{
	struct reader r = { .why = why };
	enum tape_trouble trouble;

	r.start = text.len > 0 ? text.at : "";
	r.end = r.start + text.len;
	trouble = tape_start(&r.tape, arena, limits, text.len);
	if (trouble != TAPE_FINE) {
		refuse_entry(&r, r.start, trouble);
		return NULL;
	}
	return read_text(&r) == 0 ? tape_finish(&r.tape) : NULL;
}
