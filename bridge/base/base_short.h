/*
 * base/base_short.h - what is done to bytes so often that a call costs more.
 *
 * Names, ids and answers are seldom longer than 16 bytes. Two loads that may
 * overlap take in any run of 8 to 16 (or 4 to 7) of them, and no byte beside
 * it; longer ones go to the C library.
 */
#ifndef BRIDGE_BASE_SHORT_H
#define BRIDGE_BASE_SHORT_H

#include <string.h>

#include "base/base_macros.h"

/* Past so many bytes these call the C library. */
#define SHORT_MAX 16

static inline uint64_t
short_load8(const char *p)
{
	uint64_t word;

	memcpy(&word, p, sizeof(word));
	return word;
}

static inline uint32_t
short_load4(const char *p)
{
	uint32_t word;

	memcpy(&word, p, sizeof(word));
	return word;
}

/* True when the n bytes at a are those at b; neither is looked at for 0. */
static inline bool
short_same(const char *a, const char *b, size_t n)
{
	if (n > SHORT_MAX)
		return memcmp(a, b, n) == 0;
	if (n >= 8)
		return short_load8(a) == short_load8(b) &&
		    short_load8(a + n - 8) == short_load8(b + n - 8);
	if (n >= 4)
		return short_load4(a) == short_load4(b) &&
		    short_load4(a + n - 4) == short_load4(b + n - 4);
	return n == 0 ||
	    (a[0] == b[0] && a[n / 2] == b[n / 2] && a[n - 1] == b[n - 1]);
}

/* Fewer than eight bytes as a number; others as many give another one. */
static inline uint64_t
short_word(const char *p, size_t n)
{
	if (n >= 4)
		return short_load4(p) | (uint64_t)short_load4(p + n - 4) << 32;
	if (n == 0)
		return 0;
	return (uint64_t)(unsigned char)p[0] << 16 |
	    (uint64_t)(unsigned char)p[n / 2] << 8 | (unsigned char)p[n - 1];
}

/*
 * An order of the n bytes at a and those at b, of no meaning but quick: the
 * same everywhere, and 0 only for equal ones.
 */
static inline int
short_order(const char *a, const char *b, size_t n)
{
	uint64_t left, right;

	if (n > SHORT_MAX)
		return memcmp(a, b, n);
	if (n < 8) {
		left = short_word(a, n);
		right = short_word(b, n);
	} else {
		left = short_load8(a);
		right = short_load8(b);
		if (left == right) {
			left = short_load8(a + n - 8);
			right = short_load8(b + n - 8);
		}
	}
	return (left > right) - (left < right);
}

/* True when the n bytes at p, fewer than eight, are ASCII. */
static inline bool
short_ascii(const char *p, size_t n)
{
	if (n >= 4)
		return ((short_load4(p) | short_load4(p + n - 4)) &
		           UINT32_C(0x80808080)) == 0;
	return n == 0 || ((p[0] | p[n / 2] | p[n - 1]) & 0x80) == 0;
}

/* memcpy; from is not looked at when n is 0. */
static INLINE void
short_copy(char *to, const char *from, size_t n)
{
	if (n > SHORT_MAX) {
		memcpy(to, from, n);
	} else if (n >= 8) {
		uint64_t last = short_load8(from + n - 8);

		memcpy(to, from, 8);
		memcpy(to + n - 8, &last, sizeof(last));
	} else if (n >= 4) {
		uint32_t last = short_load4(from + n - 4);

		memcpy(to, from, 4);
		memcpy(to + n - 4, &last, sizeof(last));
	} else if (n > 0) {
		char middle = from[n / 2], last = from[n - 1];

		to[0] = from[0];
		to[n / 2] = middle;
		to[n - 1] = last;
	}
}

#endif
