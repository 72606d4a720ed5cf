/*
 * base/base_json.h - the end of what needs no escape in a JSON string.
 *
 * Read by the decoder and by the printer, for every string: 16 bytes at a
 * time where the processor has SSE2 (every x86-64 does), else 8.
 */
#ifndef BRIDGE_BASE_JSON_H
#define BRIDGE_BASE_JSON_H

#include "base/base_short.h"

#ifdef __SSE2__
#include <emmintrin.h>
#define JSON_STEP 16
#else
#include <endian.h>
#define JSON_STEP 8
#endif

/* json_stop for the last bytes, fewer than a step; `start` is where it began.
 */
const char *json_stop_last(const char *start, const char *p, const char *end,
    uint64_t *seen);

#ifdef __SSE2__

/* A bit for each of 16 bytes that is a quote, a backslash, a control. */
static inline unsigned
json_stops(__m128i bytes, uint64_t *seen)
{
	const __m128i control = _mm_set1_epi8(0x1F);
	__m128i stops = _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(bytes,
	                                              _mm_set1_epi8('"')),
	                                 _mm_cmpeq_epi8(bytes,
	                                     _mm_set1_epi8('\\'))),
	    _mm_cmpeq_epi8(_mm_min_epu8(bytes, control), bytes));

	*seen |= (unsigned)_mm_movemask_epi8(bytes);
	return (unsigned)_mm_movemask_epi8(stops);
}

/* The bytes before the first stop of the step at p; a step when it has none. */
static inline unsigned
json_plain(const char *p, uint64_t *seen)
{
	unsigned stops = json_stops(_mm_loadu_si128(
	                                (const __m128i *)(const void *)p),
	    seen);

	return (unsigned)__builtin_ctz(stops | BIT(JSON_STEP));
}

/*
 * The bytes of the step at p before the first that is no plain ASCII: neither
 * a stop, nor one that makes a look at UTF-8 necessary. Nearly all keys and
 * short values are ended by the one in their first step. Bytes past ASCII are
 * negative here, so one comparison finds them and the control characters, and
 * the quote too: with one bit turned over it comes to stand right behind
 * those, and the blank goes out of its way.
 */
static inline unsigned
json_plain_ascii(const char *p)
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

#define EACH(byte) (UINT64_C(0x0101010101010101) * (byte))

/*
 * A subtraction sets the top bit of a byte that is less than what is taken
 * from it. A borrow can set it wrongly, but only above a byte that is rightly
 * set, and the lowest is the one that counts.
 */
static inline unsigned
json_plain(const char *p, uint64_t *seen)
{
	uint64_t word = le64toh(short_load8(p));
	uint64_t stops = (word - EACH(0x20)) | ((word ^ EACH('"')) - EACH(1)) |
	    ((word ^ EACH('\\')) - EACH(1));

	stops &= ~word & EACH(0x80);
	*seen |= word & EACH(0x80);
	return stops != 0 ? (unsigned)__builtin_ctzll(stops) / 8 : JSON_STEP;
}

static inline unsigned
json_plain_ascii(const char *p)
{
	uint64_t past = 0;
	unsigned plain = json_plain(p, &past);

	if (past == 0)
		return plain;
	past = (unsigned)__builtin_ctzll(past) / 8;
	return past < plain ? (unsigned)past : plain;
}

#undef EACH
#endif

/*
 * The first quote, backslash or control character from p on, or the end.
 * *seen is no longer 0 when a byte past ASCII was looked at, so that only
 * strings with some are checked to be UTF-8 (bytes behind the stop count:
 * that check may be in vain, never missing).
 */
static inline const char *
json_stop(const char *p, const char *end, uint64_t *seen)
{
	const char *start = p;

	for (; end - p >= JSON_STEP; p += JSON_STEP) {
		unsigned plain = json_plain(p, seen);

		if (plain < JSON_STEP)
			return p + plain;
	}
	return p == end ? p : json_stop_last(start, p, end, seen);
}

#endif
