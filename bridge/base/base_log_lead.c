/* base/base_log_lead.c - leads that are named by a hash. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/base_log_line.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned char lead_key[LOG_KEY_BYTES]; /* under it */
static atomic_bool hashes;

void
log_hash_leads(const unsigned char key[LOG_KEY_BYTES])
{
	pthread_mutex_lock(&lock);
	if (key != NULL)
		memcpy(lead_key, key, sizeof(lead_key));
	pthread_mutex_unlock(&lock);
	atomic_store(&hashes, key != NULL);
}

bool
log_hashes_leads(void)
{
	return atomic_load_explicit(&hashes, memory_order_acquire);
}

static uint64_t
turn(uint64_t x, unsigned by)
{
	return x << by | x >> (64 - by);
}

/* Eight bytes, the first the least; fewer at the end. */
static uint64_t
word_of(const unsigned char *p, size_t n)
{
	uint64_t w = 0;

	for (size_t i = 0; i < n; i++)
		w |= (uint64_t)p[i] << (8 * i);
	return w;
}

static void
rounds(uint64_t v[4], unsigned n)
{
	while (n-- > 0) {
		v[0] += v[1];
		v[2] += v[3];
		v[1] = turn(v[1], 13) ^ v[0];
		v[3] = turn(v[3], 16) ^ v[2];
		v[0] = turn(v[0], 32);
		v[2] += v[1];
		v[0] += v[3];
		v[1] = turn(v[1], 17) ^ v[2];
		v[3] = turn(v[3], 21) ^ v[0];
		v[2] = turn(v[2], 32);
	}
}

/* SipHash-2-4, of Aumasson and Bernstein. */
uint64_t
siphash(const unsigned char key[LOG_KEY_BYTES], const void *data, size_t len)
{
	const unsigned char *p = data;
	uint64_t a = word_of(key, 8), b = word_of(key + 8, 8);
	uint64_t v[4] = { a ^ UINT64_C(0x736f6d6570736575),
		b ^ UINT64_C(0x646f72616e646f6d),
		a ^ UINT64_C(0x6c7967656e657261),
		b ^ UINT64_C(0x7465646279746573) };

	for (size_t left = len;; p += 8, left -= 8) {
		bool last = left < 8;
		uint64_t word = word_of(p, last ? left : 8);

		if (last)
			word |= (uint64_t)len << 56;
		v[3] ^= word;
		rounds(v, 2);
		v[0] ^= word;
		if (last)
			break;
	}
	v[2] ^= 0xFF;
	rounds(v, 4);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

void
lead_hash(const char *lead, char out[LEAD_HASH_SIZE])
{
	uint64_t hash;

	pthread_mutex_lock(&lock);
	hash = siphash(lead_key, lead, strlen(lead));
	pthread_mutex_unlock(&lock);
	snprintf(out, LEAD_HASH_SIZE, "%016llx", (unsigned long long)hash);
}
