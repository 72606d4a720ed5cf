/*
 * tests/fuzz/fuzz_listener_scan.c - requests of any bytes.
 *
 * Read whole, and in pieces whose sizes the first bytes choose: the verdict,
 * what is kept and where the next request begins have to be the same. What
 * is accepted is then held against the rules a second time, by plain search.
 */
#include <assert.h>
#include <string.h>

#include "listener/listener_scan.h"

struct run {
	struct scan scan;
	char kept[16384];
	size_t kept_len;
	size_t used;
};

static void
feed(struct run *r, const char *at, size_t n)
{
	size_t done = 0;

	while (done < n && !scan_over(&r->scan)) {
		enum scan_part part;
		size_t used = scan_feed(&r->scan, at + done, n - done, &part);

		assert(used <= n - done);
		assert(used > 0 || scan_over(&r->scan));
		if (part != SCAN_SKIP) {
			assert(used <= sizeof(r->kept) - r->kept_len);
			memcpy(r->kept + r->kept_len, at + done, used);
			r->kept_len += used;
		}
		done += used;
	}
	r->used += done;
}

static bool
contains(struct str s, const char *bytes, size_t n)
{
	return s.len >= n && memmem(s.at, s.len, bytes, n) != NULL;
}

static void
check_accepted(const struct run *r)
{
	struct str head = { r->kept, r->scan.head_len };

	assert(r->kept_len == r->scan.head_len + r->scan.body_len);
	assert(r->scan.head_len <= r->scan.limits.head);
	assert(r->scan.body_len <= r->scan.limits.body);
	assert(head.len > 4);
	assert(memcmp(head.at + head.len - 4, "\r\n\r\n", 4) == 0);
	assert(memmem(head.at, head.len - 1, "\r\n\r\n", 4) == NULL);
	assert(!contains(head, "\0", 1));
	assert(!contains(head, "\n ", 2) && !contains(head, "\n\t", 2));
	assert(!contains(head, " :", 2) || contains(head, ":", 1));
	assert(!(r->scan.chunked && r->scan.has_length));
	assert(r->scan.fields <= SCAN_FIELDS_MAX);
	for (size_t i = 0; i < head.len; i++) {
		assert(head.at[i] != '\n' || (i > 0 && head.at[i - 1] == '\r'));
		assert(head.at[i] != '\r' || head.at[i + 1] == '\n');
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct run whole, pieces;
	struct scan_limits limits = { 4096, 8192 };
	const char *text;
	size_t first, step;

	if (size < 2 || size > 12000)
		return 0;
	first = data[0];
	step = (size_t)data[1] + 1;
	text = (const char *)data + 2;
	size -= 2;
	whole = pieces = (struct run){ .used = 0 };
	scan_start(&whole.scan, &limits);
	scan_start(&pieces.scan, &limits);
	feed(&whole, text, size);
	for (size_t at = 0; at < size && !scan_over(&pieces.scan);) {
		size_t n = at == 0 && first > 0 ? first : step;

		if (n > size - at)
			n = size - at;
		feed(&pieces, text + at, n);
		at += n;
	}
	assert(whole.scan.reason == pieces.scan.reason);
	assert(scan_over(&whole.scan) == scan_over(&pieces.scan));
	assert(whole.used == pieces.used);
	assert(whole.kept_len == pieces.kept_len);
	assert(memcmp(whole.kept, pieces.kept, whole.kept_len) == 0);
	if (scan_over(&whole.scan) && whole.scan.reason == SCAN_OK)
		check_accepted(&whole);
	return 0;
}
