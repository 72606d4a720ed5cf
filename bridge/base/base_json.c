/* base/base_json.c - the last bytes of a JSON string's text. */
#include "base/base.h"

static const char *
stop_bytewise(const char *p, const char *end, uint64_t *seen)
{
	for (; p < end; p++) {
		*seen |= (unsigned char)*p & 0x80;
		if (*p == '"' || *p == '\\' || (unsigned char)*p < 0x20)
			break;
	}
	return p;
}

#ifdef __SSE2__

/*
 * The first and the last `half` bytes of p .. end, which may overlap, side by
 * side. A stop of both is found in the first.
 */
static const char *
stop_halves(__m128i halves, unsigned half, const char *p, const char *end,
    uint64_t *seen)
{
	unsigned stops = json_stops(halves, seen);
	unsigned bit;

	stops &= BIT(2 * half) - 1;
	if (stops == 0)
		return end;
	bit = (unsigned)__builtin_ctz(stops);
	return bit < half ? p + bit : end - 2 * half + bit;
}

static __m128i
side_by_side(uint64_t first, uint64_t last)
{
	return _mm_set_epi64x((int64_t)last, (int64_t)first);
}

#endif

const char *
json_stop_last(const char *start, const char *p, const char *end,
    uint64_t *seen)
{
#ifdef __SSE2__
	size_t left = (size_t)(end - p);

	if (left >= 8)
		return stop_halves(side_by_side(short_load8(p),
		                       short_load8(end - 8)),
		    8, p, end, seen);
	if (left >= 4)
		return stop_halves(side_by_side(short_load4(p) |
		                           (uint64_t)short_load4(end - 4) << 32,
		                       0),
		    4, p, end, seen);
#endif
	/* What stands before p was looked at and has no stop. */
	if (end - start >= JSON_STEP)
		return end - JSON_STEP + json_plain(end - JSON_STEP, seen);
	return stop_bytewise(p, end, seen);
}
