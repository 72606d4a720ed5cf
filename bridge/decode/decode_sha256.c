/* decode/decode_sha256.c - SHA-256 (FIPS 180-4). */
#include <endian.h>
#include <string.h>

#include "decode/decode_sha256.h"

#define BLOCK 64

/* The first 32 bits behind the point of the square roots of 8 primes ... */
static const uint32_t start[8] = {
	0x6A09E667,
	0xBB67AE85,
	0x3C6EF372,
	0xA54FF53A,
	0x510E527F,
	0x9B05688C,
	0x1F83D9AB,
	0x5BE0CD19,
};

/* ... and of the cube roots of 64. */
static const uint32_t rounds[64] = {
	0x428A2F98,
	0x71374491,
	0xB5C0FBCF,
	0xE9B5DBA5,
	0x3956C25B,
	0x59F111F1,
	0x923F82A4,
	0xAB1C5ED5,
	0xD807AA98,
	0x12835B01,
	0x243185BE,
	0x550C7DC3,
	0x72BE5D74,
	0x80DEB1FE,
	0x9BDC06A7,
	0xC19BF174,
	0xE49B69C1,
	0xEFBE4786,
	0x0FC19DC6,
	0x240CA1CC,
	0x2DE92C6F,
	0x4A7484AA,
	0x5CB0A9DC,
	0x76F988DA,
	0x983E5152,
	0xA831C66D,
	0xB00327C8,
	0xBF597FC7,
	0xC6E00BF3,
	0xD5A79147,
	0x06CA6351,
	0x14292967,
	0x27B70A85,
	0x2E1B2138,
	0x4D2C6DFC,
	0x53380D13,
	0x650A7354,
	0x766A0ABB,
	0x81C2C92E,
	0x92722C85,
	0xA2BFE8A1,
	0xA81A664B,
	0xC24B8B70,
	0xC76C51A3,
	0xD192E819,
	0xD6990624,
	0xF40E3585,
	0x106AA070,
	0x19A4C116,
	0x1E376C08,
	0x2748774C,
	0x34B0BCB5,
	0x391C0CB3,
	0x4ED8AA4A,
	0x5B9CCA4F,
	0x682E6FF3,
	0x748F82EE,
	0x78A5636F,
	0x84C87814,
	0x8CC70208,
	0x90BEFFFA,
	0xA4506CEB,
	0xBEF9A3F7,
	0xC67178F2,
};

static uint32_t
turn(uint32_t x, unsigned n)
{
	return x >> n | x << (32 - n);
}

static void
expand(const unsigned char block[BLOCK], uint32_t w[64])
{
	memcpy(w, block, BLOCK);
	for (unsigned i = 0; i < 16; i++)
		w[i] = be32toh(w[i]);
	for (unsigned i = 16; i < 64; i++) {
		uint32_t a = w[i - 15], b = w[i - 2];

		w[i] = w[i - 16] + w[i - 7] +
		    (turn(a, 7) ^ turn(a, 18) ^ a >> 3) +
		    (turn(b, 17) ^ turn(b, 19) ^ b >> 10);
	}
}

/*
 * One round. Instead of moving all eight by a place, as the standard tells
 * it, the caller names them a place further each time.
 */
static inline void
step(uint32_t a, uint32_t b, uint32_t c, uint32_t *d, uint32_t e, uint32_t f,
    uint32_t g, uint32_t *h, uint32_t add)
{
	*h += (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + ((e & f) ^ (~e & g)) +
	    add;
	*d += *h;
	*h += (turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) +
	    ((a & b) ^ (a & c) ^ (b & c));
}

static void
add_block(uint32_t state[8], const unsigned char block[BLOCK])
{
	uint32_t w[64], s[8];

	expand(block, w);
	memcpy(s, state, sizeof(s));
	for (unsigned i = 0; i < 64; i += 8)
		for (unsigned k = 0; k < 8; k++)
			step(s[-k & 7], s[(1 - k) & 7], s[(2 - k) & 7],
			    &s[(3 - k) & 7], s[(4 - k) & 7], s[(5 - k) & 7],
			    s[(6 - k) & 7], &s[(7 - k) & 7],
			    rounds[i + k] + w[i + k]);
	for (unsigned i = 0; i < 8; i++)
		state[i] += s[i];
}

/* The rest of the data, a one bit, zeros, and the length in bits. */
static void
add_end(uint32_t state[8], struct str data)
{
	unsigned char last[2 * BLOCK] = { 0 };
	size_t left = data.len % BLOCK;
	size_t size = left < BLOCK - sizeof(uint64_t) ? BLOCK : 2 * BLOCK;
	uint64_t bits = htobe64((uint64_t)data.len * 8);

	if (left > 0)
		memcpy(last, data.at + data.len - left, left);
	last[left] = 0x80;
	memcpy(last + size - sizeof(bits), &bits, sizeof(bits));
	for (size_t i = 0; i < size; i += BLOCK)
		add_block(state, last + i);
}

void
sha256_hex(struct str data, char out[SHA256_HEX])
{
	static const char digits[] = "0123456789abcdef";
	uint32_t state[8];

	memcpy(state, start, sizeof(state));
	for (size_t i = 0; data.len - i >= BLOCK; i += BLOCK)
		add_block(state, (const unsigned char *)data.at + i);
	add_end(state, data);
	for (unsigned i = 0; i < SHA256_HEX; i++)
		out[i] = digits[state[i / 8] >> (28 - 4 * (i % 8)) & 15];
}
