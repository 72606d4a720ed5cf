/*
 * listener/listener_hello.c - records, and the messages in them.
 *
 *	record		type, version (2), length (2), then as many bytes
 *	message		type, length (3), then as many bytes; over the payloads
 *			of handshake records, wherever they are cut
 */
#include <string.h>

#include "listener/listener_hello.h"

#define RECORD_HEAD ((size_t)5)
#define MESSAGE_HEAD ((size_t)4)
#define HANDSHAKE 22

static size_t
least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Big-endian, of the last bytes of a header. */
static size_t
length_of(const struct hello_head *h, size_t from, size_t to)
{
	size_t n = 0;

	while (from < to)
		n = n << 8 | h->bytes[from++];
	return n;
}

/* Bytes of a header; how many were its own. */
static size_t
add(struct hello_head *h, size_t size, const char *at, size_t n)
{
	n = least(n, size - h->have);
	memcpy(h->bytes + h->have, at, n);
	h->have += n;
	return n;
}

static bool
read_messages(struct hello_head *h, const char *at, size_t n)
{
	size_t used;

	for (; n > 0; at += used, n -= used) {
		if (h->left > 0) {
			used = least(n, h->left);
			h->left -= used;
			continue;
		}
		used = add(h, MESSAGE_HEAD, at, n);
		if (h->have < MESSAGE_HEAD)
			continue;
		h->have = 0;
		h->left = length_of(h, 1, MESSAGE_HEAD);
		if (h->left > HELLO_MAX)
			return false;
	}
	return true;
}

bool
hello_fits(struct hello *h, const char *at, size_t n)
{
	struct hello_head *r = &h->record;
	size_t used;

	for (; n > 0; at += used, n -= used) {
		if (r->left > 0) {
			used = least(n, r->left);
			r->left -= used;
			if (r->bytes[0] == HANDSHAKE &&
			    !read_messages(&h->message, at, used))
				return false;
			continue;
		}
		used = add(r, RECORD_HEAD, at, n);
		if (r->have < RECORD_HEAD)
			continue;
		r->have = 0;
		r->left = length_of(r, 3, RECORD_HEAD);
	}
	return true;
}
