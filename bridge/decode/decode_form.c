/*
 * decode/decode_form.c - application/x-www-form-urlencoded, and the query
 * of an address, which is written alike. Where a pair's value stands is told
 * in decode_pairs.c.
 */
#include "decode/decode_pairs.h"
#include "decode/decode_text.h"

struct form {
	struct pairs pairs;
	enum charset charset;
	const char *end;
	char *room; /* what has escapes is decoded to here; NULL: not yet */
};

/* What a byte is in a name or a value; 0: itself, and ASCII. */
enum { ENDS_NAME = 1, ENDS_BOTH = 2, IS_CODED = 4, IS_WIDE = 8 };
static const unsigned char marks[UINT8_MAX + 1] = {
	['='] = ENDS_NAME,
	['&'] = ENDS_BOTH,
	['%'] = IS_CODED,
	['+'] = IS_CODED,
	[0x80 ... UINT8_MAX] = IS_WIDE,
};

static unsigned
mark_of(char c)
{
	return marks[(unsigned char)c];
}

#ifdef __SSE2__
#define STEP 16

/* A bit for each of 16 bytes that has a mark. */
static unsigned
marked(const char *p)
{
	__m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)p);
	__m128i ends = _mm_or_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('=')),
	    _mm_cmpeq_epi8(bytes, _mm_set1_epi8('&')));
	__m128i coded = _mm_or_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('%')),
	    _mm_cmpeq_epi8(bytes, _mm_set1_epi8('+')));

	return (unsigned)_mm_movemask_epi8(
	    _mm_or_si128(bytes, _mm_or_si128(ends, coded)));
}
#endif

/* The first byte from p on that has a mark, or the end. */
static inline const char *
skip_plain(const char *p, const char *end)
{
#ifdef __SSE2__
	for (; end - p >= STEP; p += STEP) {
		unsigned bits = marked(p);

		if (bits != 0)
			return p + __builtin_ctz(bits);
	}
#endif
	while (p < end && mark_of(*p) == 0)
		p++;
	return p;
}

/* A name or a value being read. */
struct piece {
	unsigned ends; /* the marks of what is behind it */
	bool odd;      /* it may have bytes past ASCII */
	struct str raw, text;
};

/* The end of the bytes from p on that stand for themselves. */
static inline const char *
skip_raw(const struct form *f, struct piece *piece, const char *p)
{
	for (;; p++) {
		p = skip_plain(p, f->end);
		if (p == f->end ||
		    (mark_of(*p) & (piece->ends | IS_CODED)) != 0)
			return p;
		piece->odd = true;
	}
}

/* Where the n-th byte of what raw decodes to is written. */
static const char *
encoded_at(struct str raw, size_t n)
{
	const char *p = raw.at;

	while (n-- > 0)
		p += *p == '%' ? 3 : 1;
	return p;
}

/* The byte that a + or an escape at p stands for; -1 when it is broken. */
static int
decode_byte(const struct form *f, const char *p)
{
	int high, low;

	if (*p == '+')
		return ' ';
	if (f->end - p <= 2)
		return -1;
	high = hex_digit(p[1]);
	low = hex_digit(p[2]);
	return high < 0 || low < 0 ? -1 : high << 4 | low;
}

/*
 * Decodes a part that begins at `from` and has its first escape at p. Nothing
 * gets longer by that, so the rest of the form is room enough for the rest of
 * it. The place behind the part, or NULL.
 */
static const char *
decode_coded(struct form *f, struct piece *piece, const char *from,
    const char *p)
{
	size_t plain = (size_t)(p - from);
	char *text = f->room, *to;

	if (text == NULL)
		text = arena_take(f->pairs.arena, (size_t)(f->end - from));
	if (text == NULL) {
		pairs_trouble(&f->pairs, TAPE_NO_MEMORY);
		return NULL;
	}
	short_copy(text, from, plain);
	to = text + plain;
	while (p < f->end && mark_of(*p) == IS_CODED) {
		int byte = decode_byte(f, p);

		if (byte == -1) {
			pairs_refuse(&f->pairs, p,
			    "two hex digits are expected behind %; the sign "
			    "itself is written %25");
			return NULL;
		}
		*to++ = (char)byte;
		piece->odd |= byte >= 0x80;
		from = p + (*p == '%' ? 3 : 1);
		p = skip_raw(f, piece, from);
		plain = (size_t)(p - from);
		short_copy(to, from, plain);
		to += plain;
	}
	f->room = to;
	piece->text = str_span(text, to);
	return p;
}

/* Makes what was decoded UTF-8, or refuses it. */
static int
check_utf8(const struct form *f, struct piece *piece)
{
	size_t bad;

	if (f->charset > CHARSET_UTF8) {
		if (text_utf8(f->pairs.arena, piece->text, f->charset,
		        &piece->text) == 0)
			return 0;
		return pairs_trouble(&f->pairs, TAPE_NO_MEMORY);
	}
	bad = utf8_bad(piece->text);
	if (bad == piece->text.len)
		return 0;
	return pairs_refuse(&f->pairs, encoded_at(piece->raw, bad),
	    "this byte is not UTF-8; send the form as UTF-8");
}

/*
 * A name or a value: up to a byte that ends it, or the end. Without escapes
 * it is the body's own bytes. The place behind it, or NULL.
 */
static const char *
read_part(struct form *f, const char *from, unsigned ends, struct str *out)
{
	struct piece piece = { .ends = ends };
	const char *p = skip_raw(f, &piece, from);

	piece.text = str_span(from, p);
	if (p < f->end && mark_of(*p) == IS_CODED)
		p = decode_coded(f, &piece, from, p);
	if (p == NULL)
		return NULL;
	piece.raw = str_span(from, p);
	if (piece.odd && check_utf8(f, &piece) == -1)
		return NULL;
	*out = piece.text;
	return p;
}

static const char *
read_pair(struct form *f, const char *p)
{
	struct str name, value = STR("");
	struct branch *b;

	f->pairs.pair = p;
	p = read_part(f, p, ENDS_NAME | ENDS_BOTH, &name);
	if (p != NULL && p < f->end && *p == '=')
		p = read_part(f, p + 1, ENDS_BOTH, &value);
	if (p == NULL || pairs_put(&f->pairs, name, BRANCH_TEXT, &b) == -1)
		return NULL;
	b->text = value;
	return p;
}

static struct document *
read_form(struct arena *arena, const char *source, const struct body *body,
    const struct decode_limits *limits, struct fault *why)
{
	const char *p = body->text.len > 0 ? body->text.at : "";
	struct form f = { .charset = body->charset, .end = p + body->text.len };

	if (pairs_start(&f.pairs, arena, source, body->text, limits, why) == -1)
		return NULL;
	while (p != NULL && p < f.end)
		p = *p == '&' ? p + 1 : read_pair(&f, p);
	return p != NULL ? pairs_finish(&f.pairs) : NULL;
}

struct document *
body_form(struct arena *arena, const struct body *body,
    const struct decode_limits *limits, struct fault *why)
{
	return read_form(arena, "body", body, limits, why);
}

struct document *
decode_form(struct arena *arena, struct str text,
    const struct decode_limits *limits, struct fault *why)
{
	return read_form(arena, "body", &(struct body){ .text = text }, limits,
	    why);
}

struct document *
decode_query(struct arena *arena, struct str query,
    const struct decode_limits *limits, struct fault *why)
{
	return read_form(arena, "query", &(struct body){ .text = query },
	    limits, why);
}
