/*
 * decode/decode_string.h - what is in a JSON string. Private to this room.
 *
 * Plain is ASCII but for quotes, backslashes and control characters: what
 * stands for itself, and needs no look at whether it is UTF-8. Nearly all
 * keys and most values are plain up to their closing quote, and nearly all
 * are short, so the first step is the one that counts.
 */
#ifndef BRIDGE_DECODE_STRING_H
#define BRIDGE_DECODE_STRING_H

#include "decode/decode.h"

/* An escape that is none: where it stands, and why. */
struct string_fault {
	const char *at;
	const char *what;
};

/*
 * Makes *text a copy in the arena with its escapes resolved. A quote stands
 * behind the text. -1 with *bad, or with bad->what NULL: the arena is full.
 */
int string_resolve(struct arena *arena, struct str *text,
    struct string_fault *bad) MUST_CHECK;

#ifdef __SSE2__

/*
 * How many of the JSON_STEP bytes at p are plain before the first that is
 * not. Bytes past ASCII are negative here, so one comparison finds them and
 * the control characters, and the quote too: with one bit turned over it
 * comes to stand right behind those, and the blank goes out of its way.
 */
static inline unsigned
plain_bytes(const char *p)
{
	__m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)p);
	__m128i turned = _mm_xor_si128(bytes, _mm_set1_epi8(' ' ^ '"'));
	__m128i slash = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'));
	__m128i plain = _mm_andnot_si128(slash,
	    _mm_cmpgt_epi8(turned, _mm_set1_epi8(' ')));

	/* The bits from JSON_STEP on are none of it. */
	return (unsigned)__builtin_ctz(~(unsigned)_mm_movemask_epi8(plain));
}

#else

/* Likewise; what a borrow sets wrongly stands above what is rightly set. */
static inline unsigned
plain_bytes(const char *p)
{
	const uint64_t each = UINT64_C(0x0101010101010101);
	uint64_t word = le64toh(short_load8(p));
	uint64_t stops = word | (word - each * ' ') |
	    ((word ^ each * '"') - each) | ((word ^ each * '\\') - each);

	stops &= each * 0x80;
	return stops != 0 ? (unsigned)__builtin_ctzll(stops) / 8 : JSON_STEP;
}

#endif

#endif
